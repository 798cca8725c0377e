"""
The elements of a compact-array: no tags, no counts; its type description says all.

Problems are raised as C{IndexError} or C{struct.error}, as in L{dlms_twisted.codec.fast}.
"""

from __future__ import annotations

from struct import Struct
from typing import Final

from dlms_twisted.codec.description import TypeDescription
from dlms_twisted.codec.element import Value, bits, utf8
from dlms_twisted.codec.tags import ARRAY, BIT_STRING, STRUCTURE, TYPES, UTF8_STRING, VISIBLE_STRING

__all__ = ["contents"]

_UNPACK: Final = {one.tag: Struct(">" + one.code).unpack_from for one in TYPES if one.width > 0}
_WIDTH: Final = {one.tag: one.width for one in TYPES if one.width >= 0}


def contents(octets: bytes, description: TypeDescription, allowed: int) -> tuple[Value, ...]:
    """
    @param octets: All of the compact-array's contents.
    @param allowed: How many elements of all levels it may hold.

    @return: its elements.

    @raise IndexError: too many elements, or no whole number of them.
    """
    values: list[Value] = []
    offset = 0
    size = len(octets)
    items = description.items
    while offset < size:
        allowed -= items
        if allowed < 0:
            raise IndexError
        value, offset = _content(octets, offset, description)
        values.append(value)
    if offset > size:
        raise IndexError
    return tuple(values)


def _content(octets: bytes, offset: int, kind: TypeDescription) -> tuple[Value, int]:
    tag = kind.tag
    width = _WIDTH.get(tag)
    if width:
        return _UNPACK[tag](octets, offset)[0], offset + width
    if width == 0:
        return None, offset
    if tag in {STRUCTURE, ARRAY}:
        kinds = kind.children * kind.repeat if tag == ARRAY else kind.children
        values: list[Value] = []
        for child in kinds:
            value, offset = _content(octets, offset, child)
            values.append(value)
        return tuple(values), offset
    return _variable(octets, offset, tag)


def _variable(octets: bytes, offset: int, tag: int) -> tuple[Value, int]:
    length = octets[offset]
    offset += 1
    if length >= 0x80:
        end = offset + (length & 0x7F)
        if not 0x81 <= length <= 0x84 or end > len(octets):
            raise IndexError
        length = int.from_bytes(octets[offset:end], "big")
        offset = end
    end = offset + ((length + 7) // 8 if tag == BIT_STRING else length)
    if end > len(octets):
        raise IndexError
    taken = octets[offset:end]
    if tag == BIT_STRING:
        return bits(taken, length), end
    if tag == VISIBLE_STRING:
        return taken.decode("latin-1"), end
    if tag == UTF8_STRING:
        return utf8(taken), end
    return taken, end
