"""
The types of an element that is known to be good.
"""

from __future__ import annotations

from typing import Final

from dlms_twisted.codec.cursor import Cursor
from dlms_twisted.codec.description import Shape, TypeDescription, read_description
from dlms_twisted.codec.element import Value
from dlms_twisted.codec.limits import MAX_DEPTH
from dlms_twisted.codec.tags import ARRAY, BIT_STRING, COMPACT_ARRAY, STRUCTURE, TYPES

__all__ = ["Shape", "shape_of"]

_WIDTH: Final = {one.tag: one.width for one in TYPES if one.width >= 0}


def shape_of(octets: bytes, values: Value) -> Shape:
    """
    @param octets: One element, decoded before.
    @param values: Its values.

    @return: its types: see L{dlms_twisted.codec.data.Data.shape}.
    """
    return _shape(Cursor(octets), values)


def _shape(cursor: Cursor, values: Value) -> Shape:
    tag = cursor.octet()
    width = _WIDTH.get(tag)
    if width is not None:
        cursor.offset += width
        return tag
    if tag == COMPACT_ARRAY:
        return _compact(cursor, values)
    length = cursor.length()
    if tag in {ARRAY, STRUCTURE}:
        assert isinstance(values, tuple)
        return (tag, tuple([_shape(cursor, value) for value in values]))
    cursor.offset += (length + 7) // 8 if tag == BIT_STRING else length
    return tag


def _compact(cursor: Cursor, values: Value) -> Shape:
    start = cursor.offset
    description = read_description(cursor, MAX_DEPTH)
    octets = cursor.buffer[start : cursor.offset]
    length = cursor.length()
    cursor.offset += length
    assert isinstance(values, tuple)
    # Without elements nothing bounds what the description says.
    children = (_described(description),) * len(values) if values else ()
    return (COMPACT_ARRAY, octets, children)


def _described(description: TypeDescription) -> Shape:
    if description.tag == STRUCTURE:
        return (STRUCTURE, tuple([_described(child) for child in description.children]))
    if description.tag == ARRAY:
        return (ARRAY, (_described(description.children[0]),) * description.repeat)
    return description.tag
