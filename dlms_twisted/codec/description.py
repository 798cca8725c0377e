"""
What a compact-array holds: its type description (IEC 62056-6-2, TypeDescription).
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple, TypeAlias

from dlms_twisted.codec.cursor import Cursor
from dlms_twisted.codec.tags import ARRAY, BY_TAG, COMPACT_ARRAY, STRUCTURE
from dlms_twisted.errors import DecodeError

__all__ = ["EXPANSION", "Shape", "TypeDescription", "read_description"]

#: How many elements of all levels a compact-array may hold for each octet of its own.  Only types without content
#: can come near it: a description of a few octets could else stand for thousands of millions of elements.
EXPANSION: Final = 16

#: The types of an element of Data: the tag of a simple type; C{(tag, (child, …))} for an array or structure;
#: C{(19, description, (child, …))} for a compact-array.
Shape: TypeAlias = "int | tuple[Any, ...]"


class TypeDescription(NamedTuple):
    """
    The type of each element of a compact-array, or of a part of it.

    @ivar tag: The type.
    @ivar repeat: How many elements an array has.
    @ivar children: The types of a structure's elements; of an array, the one type of all its elements.
    @ivar least: The fewest octets that one such element takes.
    @ivar fixed: Does each such element take just so many?
    @ivar items: How many elements of all levels one such element is.
    """

    tag: int
    repeat: int
    children: tuple[TypeDescription, ...]
    least: int
    fixed: bool
    items: int


def read_description(cursor: Cursor, depth: int) -> TypeDescription:
    """
    Take a type description.

    @param depth: How many more levels of nesting are allowed.

    @raise DecodeError: no type description, or its elements would take no octets at all, so that their number
        is not known.
    """
    start = cursor.offset
    description = _read(cursor, depth)
    if not description.least:
        raise DecodeError("type description: a type that takes octets wanted", start)
    return description


def _read(cursor: Cursor, depth: int) -> TypeDescription:
    offset = cursor.offset
    tag = cursor.octet("type")
    known = BY_TAG.get(tag)
    if known is None or tag == COMPACT_ARRAY:
        raise DecodeError("type description: the tag of a type wanted", offset)
    cursor.explain(known.name)
    if tag not in {ARRAY, STRUCTURE}:
        width = known.width
        return TypeDescription(tag, 0, (), max(width, 1) if width else 0, width >= 0, 1)
    if not depth:
        raise DecodeError("type description: less nesting wanted", offset)
    return (_read_array if tag == ARRAY else _read_structure)(cursor, depth - 1)


def _read_array(cursor: Cursor, depth: int) -> TypeDescription:
    count = cursor.unsigned(2, "count")
    cursor.enter("element")
    child = _read(cursor, depth)
    cursor.leave()
    return TypeDescription(
        ARRAY, count, (child,), count * child.least, child.fixed, 1 + count * child.items
    )


def _read_structure(cursor: Cursor, depth: int) -> TypeDescription:
    offset = cursor.offset
    count = cursor.length("count")
    if count > cursor.remaining:
        raise DecodeError("type description: fewer elements wanted", offset)
    children = []
    for index in range(count):
        cursor.enter(f"{index}")
        children.append(_read(cursor, depth))
        cursor.leave()
    return TypeDescription(
        STRUCTURE,
        0,
        tuple(children),
        sum(child.least for child in children),
        all(child.fixed for child in children),
        1 + sum(child.items for child in children),
    )
