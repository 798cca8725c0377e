"""
Damaged services: seeded changes to good APDUs, and what a decoder may do with them.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Final

from dlms_twisted.apdu import registry
from dlms_twisted.apdu.base import Apdu
from dlms_twisted.codec.reader import Reader
from dlms_twisted.errors import DecodeError

__all__ = ["SEEDS", "check", "mutations"]

#: One APDU of each variant, so that the changes start deep inside of each.
SEEDS: Final[tuple[bytes, ...]] = tuple(
    bytes.fromhex(text)
    for text in (
        "c001c100080000010000ff0200",
        "c001c100070100630100ff020102020406000000010600000003120001120000",
        "c002c100000001",
        "c003c10200080000010000ff020000010000600100ff0200",
        "c401c100090c07e60a1007150012ff800000",
        "c401c10104",
        "c402c100000000010004aabbccdd",
        "c402c101000000020113",
        "c403c1020006000003e80103",
        "c101c100080000010000ff0200090c07e60a1007150012ff800000",
        "c102c100010000600100ff0200000000000103090c41",
        "c103c101000000020441424344",
        "c104c10200010000600100ff020000010000600101ff02000211011102",
        "c105c10200010000600100ff020000010000600101ff0200000000000102020f",
        "c501c100",
        "c502c100000001",
        "c503c10000000002",
        "c504c102000300000007",
        "c505c1020003",
        "c301c10046000060030aff01010f00",
        "c302c100000003",
        "c303c1020046000060030aff010046000060030aff02020f0000",
        "c304c10046000060030aff010000000001020903",
        "c305c1020046000060030aff010046000060030aff0200000000010102",
        "c306c1010000000203616263",
        "c701c1000100090102",
        "c702c100000000010109",
        "c703c102000100110b0b00",
        "c704c100000004",
        "d94000000100020100080000010000ff020200010000600100ff0202001105",
        "d920000001000104000701005e2c64ff020102040204120001090600005e2c64ff0f02120000061c35f900"
        "061c374a8001000100",
        "da40000001000002090c07e60a1007150012ff800000000201000200",
        "da100000070001010300460000600300ff010100010399",
        "05010200a0",
        "050104010002020406000000010600000003120001120000",
        "0501050001",
        "05010600000103020200",
        "0c020006000003e80103",
        "0c01020100020101",
        "0c01030003",
        "06010200a8011105",
        "0601070000010109020102",
        "0d03000103020009",
        "16010200a8011105",
        "1800010200a8011105",
        "18010f32303236303130313030303030305a010200a8011105",
    )
)

#: The tags of services; a change can make another APDU of one, whose own tests say what becomes of it.
_TAGS: Final = frozenset(octets[0] for octets in SEEDS)

#: Octets that mean something: lengths, tags, presence.
_SPICE: Final = (0x00, 0x01, 0x02, 0x09, 0x13, 0x7F, 0x80, 0x81, 0x82, 0x84, 0xFF)


def mutations(seed: int, count: int, seeds: tuple[bytes, ...] = SEEDS) -> Iterator[bytes]:
    """
    @return: C{count} changed APDUs, always the same for the same C{seed}.
    """
    chance = Random(seed)
    for _ in range(count):
        octets = bytearray(chance.choice(seeds))
        for _ in range(chance.choice((1, 1, 2, 3))):
            place = chance.randrange(len(octets) + 1)
            match chance.randrange(5):
                case 0:
                    octets[place : place + 1] = bytes((chance.randrange(256),))
                case 1:
                    octets[place : place + 1] = bytes((chance.choice(_SPICE),))
                case 2:
                    del octets[place : place + chance.randrange(1, 4)]
                case 3:
                    octets[place:place] = chance.randbytes(chance.randrange(1, 4))
                case _:
                    other = chance.choice(seeds)
                    octets[place:] = other[chance.randrange(len(other)) :]
        yield bytes(octets)


def check(octets: bytes) -> Apdu | None:
    """
    Decode what may be damaged.

    @return: the APDU, or C{None} where it was refused.

    @raise AssertionError: the two ways of decoding differ, or what was decoded does not come back.
    """
    try:
        apdu = registry.decode(octets)
    except DecodeError as error:
        if not 0 <= error.offset <= len(octets):
            raise AssertionError(f"offset {error.offset} of {octets.hex()}") from error
        return None
    if octets[0] not in _TAGS:
        return apdu
    reader = Reader(octets)
    if type(apdu).read(reader) != apdu or reader.remaining:
        raise AssertionError(f"two ways to decode {octets.hex()}")
    again = apdu.encode()
    if registry.decode(again) != apdu or registry.decode(again).encode() != again:
        raise AssertionError(f"{octets.hex()} does not come back")
    form = apdu.to_json()
    if registry.from_json(form).to_json() != form:
        raise AssertionError(f"the JSON of {octets.hex()} does not come back")
    return apdu
