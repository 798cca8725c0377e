"""
Well-formed requests that nobody would send: any service, to any object of a meter, with any value.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random
from typing import Final

__all__ = ["any_data", "inventions"]

#: Class and logical name.
_Key = tuple[int, bytes]

#: Types of one width.
_WIDTHS: Final = {
    0x05: 4,
    0x06: 4,
    0x0D: 1,
    0x0F: 1,
    0x10: 2,
    0x11: 1,
    0x12: 2,
    0x14: 8,
    0x15: 8,
    0x16: 1,
    0x17: 4,
    0x18: 8,
    0x1A: 5,
    0x1B: 4,
    0x19: 12,
}
#: Octets of numbers and times at their limits.
_EDGES: Final = (0x00, 0x01, 0x7F, 0x80, 0xFE, 0xFF)


def any_data(chance: Random, depth: int = 3) -> bytes:
    """
    @return: some Data, encoded, often at a limit of its type.
    """
    kind = chance.randrange(10 if depth else 6)
    if kind < 4:
        tag = chance.choice(list(_WIDTHS))
        width = _WIDTHS[tag]
        edge = bytes([chance.choice(_EDGES)]) * width
        return bytes([tag]) + (edge if chance.random() < 0.5 else chance.randbytes(width))
    if kind == 4:
        length = chance.choice((0, 1, 4, 5, 6, 8, 12, 24))
        return bytes([9, length]) + chance.randbytes(length)
    if kind == 5:
        return chance.choice((b"\x00", b"\x03\x01", b"\x04\x03\xa0"))
    count = chance.choice((0, 1, 2, 3))
    if chance.random() < 0.5:
        return bytes([1, count]) + any_data(chance, depth - 1) * count
    return bytes([2, count]) + b"".join(any_data(chance, depth - 1) for _ in range(count))


def _like(octets: bytes, chance: Random) -> bytes:
    """
    @return: a value as the object has it, with some of its octets at a limit.
    """
    changed = bytearray(octets)
    for _ in range(chance.choice((0, 1, 1, 2, 4))):
        if len(changed) > 1:
            changed[chance.randrange(1, len(changed))] = chance.choice(_EDGES)
    return bytes(changed)


def inventions(
    seed: int, count: int, keys: Sequence[_Key], values: Sequence[bytes]
) -> Iterator[bytes]:
    """
    @param keys: Of the objects there are.
    @param values: What their attributes hold, encoded.

    @return: requests, always the same for the same C{seed}.
    """
    chance = Random(seed)
    for _ in range(count):
        class_id, name = chance.choice(keys)
        number = chance.choice((*range(1, 12), 0, 255))
        where = class_id.to_bytes(2, "big") + name + bytes([number])
        value = _like(chance.choice(values), chance) if chance.random() < 0.6 else any_data(chance)
        service = chance.randrange(10)
        if service < 4:
            yield b"\xc1\x01\xc1" + where + b"\x00" + value
        elif service < 7:
            yield b"\xc3\x01\xc1" + where + b"\x01" + value
        elif service < 8:
            selector = bytes([1, chance.choice((0, 1, 2, 3, 4, 99))])
            yield b"\xc0\x01\xc1" + where + selector + value
        elif service < 9:
            yield b"\xc0\x01\xc1" + where + b"\x00"
        else:
            kind = chance.choice((b"\x01", b"\x02", b"\x03"))
            yield b"\xd9\x40\x00\x00\x01\x00\x01" + kind + where + b"\x01" + value
