"""
Damaged APDUs of every kind: seeded changes to good ones, and what a decoder may do with them.
"""

from __future__ import annotations

from functools import cache

from dlms_twisted.apdu import registry
from dlms_twisted.apdu.base import Apdu
from dlms_twisted.codec.reader import Reader
from dlms_twisted.codec.trace import TracingReader
from dlms_twisted.errors import DecodeError
from tests.apdu import damage

__all__ = ["check_any", "seeds"]

_MAC = "00" * 12
_TITLE = "084d4d4d0000bc614e"
_CONTEXT = "a109060760857405080101"
_INITIATE = "01000000065f1f0400007e1f04b0"
_ANSWER = "0800065f1f040000501f01f40007"

#: One APDU of each kind that L{tests.apdu.damage} has not.
_MORE = (
    f"601d{_CONTEXT}be10040e{_INITIATE}",
    f"6036{_CONTEXT}8a0207808b0760857405080201ac0a80083132333435363738be10040e{_INITIATE}",
    f"6129{_CONTEXT}a203020100a305a103020100be10040e{_ANSWER}",
    f"6142{_CONTEXT}a203020100a305a10302010e88020780890760857405080205aa0a8008"
    f"503677524a323146be10040e{_ANSWER}",
    f"611f{_CONTEXT}a203020101a305a103020101be0604040e010601",
    f"6215800100be10040e{_INITIATE}",
    "6303800100",
    "6406800101810102",
    _INITIATE,
    "01011000112233445566778899aabbccddeeff01000105065f1f0400007e1f04b0",
    _ANSWER,
    "0e010601",
    "d80106000003e8",
    "d80102",
    "0f400000000c07e60a1007150012ff80000002020600000001090203ff",
    "0f40000000090c07e60a1007150012ff800000010206000000010600000002",
    "0f40000000000201131102050a",
    "10000000010c07e60a1007150012ff800000",
    "c2010c07e60a1007150012ff80000000010000600100ff021105",
    "c20000010000600100ff021105",
    f"db{_TITLE}133000000001aabb{_MAC}",
    f"dc00133000000001aabb{_MAC}",
    f"c8133000000001aabb{_MAC}",
    "2106200000000105",
    f"dd0101{_TITLE}000000010001133100000000aabb{_MAC}",
    "dd0000000000010100180102030405060708090a0b0c0d0e0f1011121314151617180620000000000f",
    "dd00000000000102010104aabbccdd0620000000000f",
    f"df0101{_TITLE}000000020f0004aabbccdd",
    "e0c10001000004aabbccdd",
    "e600053132333435c001c100080000010000ff0200",
    "e70000c401c100090203ff",
)


@cache
def seeds() -> tuple[bytes, ...]:
    """
    @return: one good APDU of every kind.
    """
    return (*damage.SEEDS, *(bytes.fromhex(text) for text in _MORE))


def check_any(octets: bytes) -> Apdu | None:
    """
    Decode what may be damaged.

    @return: the APDU, or C{None} where it was refused.

    @raise AssertionError: what was decoded does not come back, or an error does not say where.
    """
    for reader in (Reader(octets), TracingReader(octets)):
        try:
            registry.read(reader)
        except DecodeError as error:
            if not 0 <= error.offset <= len(octets):
                raise AssertionError(f"offset {error.offset} of {octets.hex()}") from error
    try:
        apdu = registry.decode(octets)
    except DecodeError as error:
        if not 0 <= error.offset <= len(octets):
            raise AssertionError(f"offset {error.offset} of {octets.hex()}") from error
        return None
    again = apdu.encode()
    if registry.decode(again) != apdu or registry.decode(again).encode() != again:
        raise AssertionError(f"{octets.hex()} does not come back")
    form = apdu.to_json()
    if registry.from_json(form).to_json() != form:
        raise AssertionError(f"the JSON of {octets.hex()} does not come back")
    return apdu
