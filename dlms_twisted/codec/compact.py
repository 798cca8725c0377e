"""
The elements of a compact-array: no tags, no counts; its type description says all.

Problems are raised as C{IndexError} or C{struct.error}, as in L{dlms_twisted.codec.fast}, but for one that would be
found late.
"""

from __future__ import annotations

from itertools import starmap
from struct import Struct
from typing import Final

from dlms_twisted.codec.description import TypeDescription
from dlms_twisted.codec.element import TOO_MANY, Value, bits, utf8
from dlms_twisted.codec.length import length_at
from dlms_twisted.codec.tags import (
    ARRAY,
    BIT_STRING,
    BY_TAG,
    STRUCTURE,
    TYPES,
    UTF8_STRING,
    VISIBLE_STRING,
)
from dlms_twisted.codec.template import builder
from dlms_twisted.errors import DecodeError

__all__ = ["contents"]

_UNPACK: Final = {one.tag: Struct(">" + one.code).unpack_from for one in TYPES if one.width > 0}
_WIDTH: Final = {one.tag: one.width for one in TYPES}
#: What is None; all else that takes no octets and holds no elements is an empty array or structure.
_EMPTY: Final = {one.tag: None for one in TYPES if not one.width}
#: From how many elements of fixed size on one struct is made for all, and how large they may be.
_MANY: Final = 16
_LARGE: Final = 256


def contents(
    octets: bytes, description: TypeDescription, allowed: int, place: int
) -> tuple[Value, ...]:
    """
    @param octets: All of the compact-array's contents.
    @param allowed: How many elements of all levels it may hold.
    @param place: Where the contents stand in the buffer, for the error.

    @return: its elements.

    @raise IndexError: no whole number of elements.

    @raise DecodeError: too many of them.
    """
    size = len(octets)
    if description.fixed:
        count, rest = divmod(size, description.least)
        if count * description.items > allowed:
            raise DecodeError(TOO_MANY, place)
        if rest:
            raise IndexError
        if count >= _MANY and description.items <= _LARGE:
            return _equal(octets, description)
    values: list[Value] = []
    offset = 0
    while offset < size:
        allowed -= description.items
        if allowed < 0:
            raise DecodeError(TOO_MANY, place + offset)
        offset = _content(octets, offset, description, values)
    return tuple(values)


def _equal(octets: bytes, description: TypeDescription) -> tuple[Value, ...]:
    # Elements of one fixed size.
    code, form = _layout(description)
    contents = Struct(">" + code).iter_unpack(octets)
    return tuple(starmap(builder(form), contents))


def _layout(kind: TypeDescription) -> tuple[str, str]:
    # How struct reads an element, and the form of its values: see L{dlms_twisted.codec.template.Template}.
    if kind.tag not in {ARRAY, STRUCTURE}:
        return BY_TAG[kind.tag].code, "@" if kind.least else "None"
    kinds = kind.children * kind.repeat if kind.tag == ARRAY else kind.children
    parts = [_layout(one) for one in kinds]
    return "".join([code for code, _ in parts]), f"({''.join([form + ', ' for _, form in parts])})"


def _content(octets: bytes, offset: int, kind: TypeDescription, values: list[Value]) -> int:
    # Put the values of one element that takes octets or holds elements at the end of values, and give the
    # offset after it.
    tag = kind.tag
    width = _WIDTH[tag]
    if width > 0:
        values += _UNPACK[tag](octets, offset)
        return offset + width
    if tag not in {STRUCTURE, ARRAY}:
        value, offset = _variable(octets, offset, tag)
        values.append(value)
        return offset
    nested: list[Value] = []
    for child in kind.children * kind.repeat if tag == ARRAY else kind.children:
        if child.items == 1 and not child.least:
            nested.append(_EMPTY.get(child.tag, ()))
        else:
            offset = _content(octets, offset, child, nested)
    values.append(tuple(nested))
    return offset


def _variable(octets: bytes, offset: int, tag: int) -> tuple[Value, int]:
    length, offset = length_at(octets, offset)
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
