"""
The fast decoder of Data: octets to plain Python values, with one look at each octet and no object for an element.

It knows no reasons.  Where it cannot go on it raises L{Stopped}, and the reference decoder
(L{dlms_twisted.codec.element}) says why from there.
"""

from __future__ import annotations

import struct
from typing import Final

from dlms_twisted.codec.compact import contents
from dlms_twisted.codec.cursor import Cursor
from dlms_twisted.codec.description import EXPANSION, read_description
from dlms_twisted.codec.element import Value, bits, utf8
from dlms_twisted.codec.limits import Limits
from dlms_twisted.codec.tags import (
    ARRAY,
    BIT_STRING,
    COMPACT_ARRAY,
    OCTET_STRING,
    STRUCTURE,
    TYPES,
    UTF8_STRING,
    VISIBLE_STRING,
)
from dlms_twisted.errors import DecodeError

__all__ = ["Stopped", "element"]


class Stopped(Exception):  # noqa: N818 - it never leaves this room
    """
    No element at C{offset}, where C{depth} more levels of nesting are allowed.
    """

    def __init__(self, offset: int, depth: int) -> None:
        super().__init__(offset, depth)
        self.offset = offset
        self.depth = depth


def _steps() -> tuple[int, ...]:
    steps = [0] * 256
    for one in TYPES:
        if one.width >= 0:
            steps[one.tag] = 1 + one.width
    return tuple(steps)


#: Octets of an element of fixed width with its tag; 0 for all other tags.
_STEP: Final = _steps()
#: Reads an element of fixed width from its tag on.
_UNPACK: Final = {
    one.tag: struct.Struct(">x" + one.code).unpack_from for one in TYPES if one.width > 0
}


def element(buffer: bytes, offset: int, depth: int, limits: Limits) -> tuple[Value, int]:
    """
    @param depth: How many more levels of nesting are allowed.

    @return: the values of the element at C{offset}, and the offset after it.

    @raise Stopped: there is no such element.
    """
    (value,), end = _elements(buffer, offset, 1, depth, limits)
    return value, end


def _elements(
    buffer: bytes, offset: int, count: int, depth: int, limits: Limits
) -> tuple[tuple[Value, ...], int]:
    # C{depth} is how many more levels are allowed.
    values: list[Value] = []
    append = values.append
    steps = _STEP
    unpack = _UNPACK
    size = len(buffer)
    try:
        for _ in range(count):
            tag = buffer[offset]
            step = steps[tag]
            if step > 1:
                append(unpack[tag](buffer, offset)[0])
                offset += step
            elif tag == OCTET_STRING:
                length = buffer[offset + 1]
                if length < 0x80:
                    start = offset + 2
                else:
                    length, start = _long(buffer, offset + 1)
                end = start + length
                if end > size:
                    raise IndexError
                append(buffer[start:end])
                offset = end
            elif tag in {STRUCTURE, ARRAY}:
                length = buffer[offset + 1]
                if length < 0x80:
                    start = offset + 2
                else:
                    length, start = _long(buffer, offset + 1)
                if not depth or length > size - start or length > limits.items:
                    raise IndexError
                nested, offset = _elements(buffer, start, length, depth - 1, limits)
                append(nested)
            elif step:
                append(None)
                offset += 1
            else:
                value, offset = _other(buffer, offset, tag, depth, limits)
                append(value)
    except (IndexError, struct.error):
        raise Stopped(offset, depth) from None
    return tuple(values), offset


def _other(buffer: bytes, offset: int, tag: int, depth: int, limits: Limits) -> tuple[Value, int]:
    # The rarer types of variable size.
    if tag == COMPACT_ARRAY:
        return _compact_array(buffer, offset + 1, depth, limits)
    length, start = _long(buffer, offset + 1)
    end = start + ((length + 7) // 8 if tag == BIT_STRING else length)
    if end > len(buffer):
        raise IndexError
    octets = buffer[start:end]
    if tag == VISIBLE_STRING:
        return octets.decode("latin-1"), end
    if tag == UTF8_STRING:
        return utf8(octets), end
    if tag == BIT_STRING:
        return bits(octets, length), end
    raise IndexError


def _long(buffer: bytes, offset: int) -> tuple[int, int]:
    # A length, and the offset after it.
    first = buffer[offset]
    if first < 0x80:
        return first, offset + 1
    end = offset + 1 + (first & 0x7F)
    if not 0x81 <= first <= 0x84 or end > len(buffer):
        raise IndexError
    return int.from_bytes(buffer[offset + 1 : end], "big"), end


def _compact_array(buffer: bytes, start: int, depth: int, limits: Limits) -> tuple[Value, int]:
    if not depth:
        raise IndexError
    try:
        cursor = Cursor(buffer, start)
        description = read_description(cursor, depth - 1)
    except DecodeError:
        raise IndexError from None
    length, offset = _long(buffer, cursor.offset)
    end = offset + length
    if end > len(buffer):
        raise IndexError
    allowed = min(limits.items, EXPANSION * (end - start))
    return contents(buffer[offset:end], description, allowed), end
