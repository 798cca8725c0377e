"""
Requests for a meter, in hexadecimal: each service and variant, to the objects that every ready meter has.
"""

from __future__ import annotations

from typing import Final

from dlms_twisted.cosem.obis import Obis

__all__ = ["SEEDS", "SHORT_SEEDS", "action", "get", "read", "set_", "what", "write"]


def what(class_id: int, name: str, number: int) -> str:
    """
    @return: the descriptor of an attribute or a method.
    """
    return f"{class_id:04x}{Obis.parse(name).octets.hex()}{number:02x}"


def get(class_id: int, name: str, number: int, selection: str = "00") -> str:
    """
    @return: GET of one attribute.
    """
    return f"c001c1{what(class_id, name, number)}{selection}"


def set_(class_id: int, name: str, number: int, value: str) -> str:
    """
    @return: SET of one attribute.
    """
    return f"c101c1{what(class_id, name, number)}00{value}"


def action(class_id: int, name: str, number: int, parameter: str | None = None) -> str:
    """
    @return: ACTION of one method.
    """
    tail = "00" if parameter is None else f"01{parameter}"
    return f"c301c1{what(class_id, name, number)}{tail}"


def read(name: int, selection: str = "") -> str:
    """
    @return: ReadRequest of one short name.
    """
    return f"0501{'04' if selection else '02'}{name:04x}{selection}"


def write(name: int, value: str) -> str:
    """
    @return: WriteRequest of one short name.
    """
    return f"060102{name:04x}01{value}"


CLOCK: Final = "0-0:1.0.0.255"
NAME: Final = "0-0:42.0.0.255"
ENERGY: Final = "1-0:1.8.0.255"
PROFILE: Final = "1-0:99.1.0.255"
THIS: Final = "0-0:40.0.0.255"
SWITCH: Final = "0-0:96.3.10.255"
IMAGE: Final = "0-0:44.0.0.255"
PUSH: Final = "0-0:25.9.0.255"
SETUP: Final = "0-0:43.0.0.255"

_TIME: Final = "090c07ea0b1607173b0000ffc400"
#: Selectors and parameters: rows by number, rows of a day.
_ROWS: Final = "02 0204 0600000001 0600000005 120001 120000"
_RANGE: Final = (
    "01 0204 0204 120008 09060000010000ff 0f02 120000"
    "090c07ea0b16ff000000ff800000 090c07ea0b16ff173b00ff800000 0100"
)
_CLOCK_TIME: Final = what(8, CLOCK, 2)
_NAME: Final = what(1, NAME, 2)

#: One of each.
SEEDS: Final[tuple[bytes, ...]] = tuple(
    bytes.fromhex(one)
    for one in (
        get(8, CLOCK, 2),
        get(1, NAME, 2),
        get(3, ENERGY, 2),
        get(3, ENERGY, 3),
        get(15, THIS, 2),
        get(15, THIS, 2, "01 02 0102 120008 120001"),
        get(7, PROFILE, 2, f"01{_ROWS}"),
        get(7, PROFILE, 2, f"01{_RANGE}"),
        get(7, PROFILE, 3),
        "c002c100000001",
        f"c003c102{_CLOCK_TIME}00{_NAME}00",
        set_(8, CLOCK, 2, _TIME),
        set_(8, CLOCK, 3, "10003c"),
        f"c102c1{_CLOCK_TIME}00000000000106090c07ea0b16",
        "c103c1010000000208" + "07173b0000ffc400",
        f"c104c102{_CLOCK_TIME}00{what(8, CLOCK, 3)}0002{_TIME}10003c",
        f"c105c102{_CLOCK_TIME}00{what(8, CLOCK, 3)}00000000000109" + "02090c07ea0b160717",
        action(8, CLOCK, 6, "10000a"),
        action(70, SWITCH, 1, "0f00"),
        action(70, SWITCH, 2, "0f00"),
        action(7, PROFILE, 2, "0f00"),
        action(18, IMAGE, 1, "02020903414243060000000a"),
        action(18, IMAGE, 2, "0202060000000009050102030405"),
        action(40, PUSH, 1, "0f00"),
        "c302c100000001",
        f"c303c102{what(70, SWITCH, 1)}{what(8, CLOCK, 6)}020f0010000a",
        f"c304c1{what(8, CLOCK, 6)}00000000010110",
        "c306c1010000000202000a",
        f"d940000001000301{_CLOCK_TIME}01{_NAME}03{what(70, SWITCH, 2)}0300000f00",
        f"d960000002000204{what(7, PROFILE, 2)}{_ROWS}02{what(8, CLOCK, 3)}020010003c",
        f"e0c1000100000d{get(1, NAME, 2)}",
        "e04500010000050102030405",
        "e0810002000100",
        "c200" + what(8, CLOCK, 2) + "0500000001",
        "0f000000010000",
        "100000000100",
        "d80102",
        "6200",
        "6203800100",
        "601da109060760857405080101be10040e01000000065f1f0400007e1f04b0",
        "6036a1090607608574050801018a0207808b0760857405080201ac0a80083132333435363738"
        "be10040e01000000065f1f0400007e1f04b0",
        "c81e3001234567801302ff8a7874133d414ced25b42534d28db0047720606b17",
        "db084d4d4d0000bc614e1e3001234567411312ff935a47566827c467bc7d825c3be4a77c3fcc056b6b",
    )
)
#: The same of short names.
SHORT_SEEDS: Final[tuple[bytes, ...]] = tuple(
    bytes.fromhex(one)
    for one in (
        read(0xFA08),
        read(0xFD08),
        "050202fa0802fd08",
        read(0x2C08, _ROWS),
        "0501050001",
        "05010601000103020200",
        write(0xFA10, "0901ff"),
        write(0x2C10, _TIME),
        "0601070000010109020102",
        "160102fd080109020102",
        "18000102fd08010600000001",
        "601da109060760857405080102be10040e01000000065f1f04001c03200000",
        "6200",
    )
)
