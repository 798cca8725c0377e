"""
What a compact-array holds: its type description (IEC 62056-6-2, TypeDescription).
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple, TypeAlias

from dlms_twisted.codec.cursor import Cursor
from dlms_twisted.codec.length import length_at
from dlms_twisted.codec.limits import Limits
from dlms_twisted.codec.tags import ARRAY, BY_TAG, COMPACT_ARRAY, STRUCTURE, TYPES
from dlms_twisted.errors import DecodeError

__all__ = ["Shape", "TypeDescription", "describe", "most_items", "read_description"]

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


def most_items(octets: int, limits: Limits) -> int:
    """
    @param octets: How long a compact-array is.

    @return: how many elements of all levels it may hold.  Only types without content can come near it: else a
        description of a few octets could stand for thousands of millions of elements.
    """
    return min(limits.items, 2 * octets + 4096)


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


def describe(buffer: bytes, offset: int, depth: int) -> tuple[TypeDescription, int]:
    """
    As L{read_description}, but faster and without reasons.

    @return: the type description at C{offset}, and the offset after it.

    @raise IndexError: there is none.
    """
    description, end = _describe(buffer, offset, depth)
    if not description.least:
        raise IndexError
    return description, end


def _describe(buffer: bytes, offset: int, depth: int) -> tuple[TypeDescription, int]:
    tag = buffer[offset]
    simple = _SIMPLE.get(tag)
    if simple is not None:
        return simple, offset + 1
    if not depth or tag not in {ARRAY, STRUCTURE}:
        raise IndexError
    if tag == ARRAY:
        child, end = _describe(buffer, offset + 3, depth - 1)
        return _array(int.from_bytes(buffer[offset + 1 : offset + 3], "big"), child), end
    count, offset = length_at(buffer, offset + 1)
    if count > len(buffer) - offset:
        raise IndexError
    children = []
    for _ in range(count):
        simple = _SIMPLE.get(buffer[offset])
        if simple is not None:
            children.append(simple)
            offset += 1
        else:
            child, offset = _describe(buffer, offset, depth - 1)
            children.append(child)
    return _structure(children), offset


def _read(cursor: Cursor, depth: int) -> TypeDescription:
    offset = cursor.offset
    tag = cursor.octet("type")
    known = BY_TAG.get(tag)
    if known is None or tag == COMPACT_ARRAY:
        raise DecodeError("type description: the tag of a type wanted", offset)
    cursor.explain(known.name)
    if tag in _SIMPLE:
        return _SIMPLE[tag]
    if not depth:
        raise DecodeError("type description: less nesting wanted", offset)
    return (_read_array if tag == ARRAY else _read_structure)(cursor, depth - 1)


def _read_array(cursor: Cursor, depth: int) -> TypeDescription:
    count = cursor.unsigned(2, "count")
    cursor.enter("element")
    child = _read(cursor, depth)
    cursor.leave()
    return _array(count, child)


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
    return _structure(children)


def _array(count: int, child: TypeDescription) -> TypeDescription:
    least, items = count * child.least, 1 + count * child.items
    return TypeDescription(ARRAY, count, (child,), least, child.fixed, items)


def _structure(children: list[TypeDescription]) -> TypeDescription:
    return TypeDescription(
        STRUCTURE,
        0,
        tuple(children),
        sum([child.least for child in children]),
        all(child.fixed for child in children),
        1 + sum([child.items for child in children]),
    )


_SIMPLE: Final = {
    one.tag: TypeDescription(
        one.tag, 0, (), max(one.width, 1) if one.width else 0, one.width >= 0, 1
    )
    for one in TYPES
    if one.tag not in {ARRAY, STRUCTURE, COMPACT_ARRAY}
}
