"""
The fast decoder of Data: octets to plain Python values, with one look at each octet and no object for an element.

It knows no reasons.  Where it cannot go on it raises L{Stopped}, and the reference decoder
(L{dlms_twisted.codec.element}) says why from there.
"""

from __future__ import annotations

import struct
from typing import Final

from dlms_twisted.codec.compact import contents
from dlms_twisted.codec.description import describe, most_items
from dlms_twisted.codec.element import Value, bits, utf8
from dlms_twisted.codec.length import length_at
from dlms_twisted.codec.limits import Limits
from dlms_twisted.codec.rows import Rows
from dlms_twisted.codec.tags import (
    ARRAY,
    BIT_STRING,
    BY_TAG,
    COMPACT_ARRAY,
    OCTET_STRING,
    STRUCTURE,
    TYPES,
    UTF8_STRING,
    VISIBLE_STRING,
)

__all__ = ["Stopped", "element"]

#: From how many structures on it pays to learn how those of an array look.
_MANY: Final = 32


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
_SEQUENCES: Final = frozenset((ARRAY, STRUCTURE))
#: Octets of an OBIS code as an octet-string, which mostly stands before a value of fixed width.
_OBIS: Final = 8
_OBIS_HEAD: Final = bytes((OCTET_STRING, 6))
#: By the tag of the value, what reads both in one go, and how many octets they are together.
_PAIRS: Final = tuple(
    [
        (struct.Struct(">xx6sx" + known.code).unpack_from, _OBIS + 1 + known.width)
        if (known := BY_TAG.get(tag)) is not None and known.width > 0
        else None
        for tag in range(256)
    ]
)


def element(buffer: bytes, offset: int, depth: int, limits: Limits) -> tuple[Value, int]:
    """
    @param depth: How many more levels of nesting are allowed.

    @return: the values of the element at C{offset}, and the offset after it.

    @raise Stopped: there is no such element.

    @raise DecodeError: a compact-array has too many elements.
    """
    # One long loop on purpose: a call for each element would double the time.
    #
    # The arrays and structures around this element: what they hold so far, how many are still to come.
    outer: list[tuple[list[Value], int]] = []
    values: list[Value] = []
    left = 1
    steps = _STEP
    unpack = _UNPACK
    pairs = _PAIRS
    octet_string, visible_string = OCTET_STRING, VISIBLE_STRING
    size = len(buffer)
    try:
        while True:
            while left:
                left -= 1
                tag = buffer[offset]
                step = steps[tag]
                if step > 1:
                    values += unpack[tag](buffer, offset)
                    offset += step
                elif tag == octet_string or tag == visible_string:  # noqa: PLR1714, SIM109 - sets are slower
                    length = buffer[offset + 1]
                    if (
                        length == 6
                        and left
                        and tag == octet_string
                        and (pair := pairs[buffer[offset + _OBIS]]) is not None
                    ):
                        read, step = pair
                        values += read(buffer, offset)
                        offset += step
                        left -= 1
                        continue
                    start = offset + 2
                    if length > 0x7F:
                        length, start = length_at(buffer, offset + 1)
                    end = start + length
                    if end > size:
                        raise IndexError
                    octets = buffer[start:end]
                    values.append(octets if tag == octet_string else octets.decode("latin-1"))
                    offset = end
                elif step:
                    values.append(None)
                    offset += 1
                elif tag in _SEQUENCES:
                    length = buffer[offset + 1]
                    start = offset + 2
                    if length > 0x7F:
                        length, start = length_at(buffer, offset + 1)
                    if not depth or length > size - start or length > limits.items:
                        raise IndexError
                    if length >= _MANY and tag == ARRAY and buffer[start] == STRUCTURE:
                        taken, offset = _rows(buffer, start, length, depth - 1, limits)
                        values.append(taken)
                        continue
                    outer.append((values, left))
                    depth -= 1
                    offset = start
                    left = length
                    values = []
                else:
                    value, offset = _other(buffer, offset, tag, depth, limits)
                    values.append(value)
            if not outer:
                return values[0], offset
            nested = tuple(values)
            values, left = outer.pop()
            depth += 1
            values.append(nested)
    except (IndexError, struct.error):
        if buffer.startswith(_OBIS_HEAD, offset) and size >= offset + _OBIS:
            offset += _OBIS  # the code is whole: it is the value after it that is not
        raise Stopped(offset, depth) from None


def _rows(
    buffer: bytes, offset: int, count: int, depth: int, limits: Limits
) -> tuple[tuple[Value, ...], int]:
    # The elements of an array that begins with a structure: most look like one of those before.
    rows = Rows(buffer, count)
    values: list[Value] = []
    while len(values) < count:
        end = rows.take(values, offset, count)
        if end == offset:
            value, end = element(buffer, offset, depth, limits)
            values.append(value)
            rows.missed(offset, end, count - len(values))
        offset = end
    return tuple(values), offset


def _other(buffer: bytes, offset: int, tag: int, depth: int, limits: Limits) -> tuple[Value, int]:
    # The rarer types of variable size.
    if tag == COMPACT_ARRAY:
        return _compact_array(buffer, offset + 1, depth, limits)
    length, start = length_at(buffer, offset + 1)
    end = start + ((length + 7) // 8 if tag == BIT_STRING else length)
    if end > len(buffer):
        raise IndexError
    octets = buffer[start:end]
    if tag == UTF8_STRING:
        return utf8(octets), end
    if tag == BIT_STRING:
        return bits(octets, length), end
    raise IndexError


def _compact_array(buffer: bytes, start: int, depth: int, limits: Limits) -> tuple[Value, int]:
    if not depth:
        raise IndexError
    description, offset = describe(buffer, start, depth - 1)
    length, offset = length_at(buffer, offset)
    end = offset + length
    if end > len(buffer):
        raise IndexError
    allowed = most_items(end - start, limits)
    return contents(buffer[offset:end], description, allowed, offset), end
