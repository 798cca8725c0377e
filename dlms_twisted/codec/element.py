"""
The reference decoder of Data: one field after the other, slow and clear.

It says where an error is and what each octet means (through L{dlms_twisted.codec.trace.TracingReader}).  The fast
decoder (L{dlms_twisted.codec.fast}) gives the same values or fails on the same octets, which the tests prove; this
one then names the place.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from dlms_twisted.codec.cursor import Cursor
from dlms_twisted.codec.description import TypeDescription, most_items, read_description
from dlms_twisted.codec.tags import (
    ARRAY,
    BIT_STRING,
    BY_TAG,
    COMPACT_ARRAY,
    OCTET_STRING,
    STRUCTURE,
    UTF8_STRING,
    VISIBLE_STRING,
)
from dlms_twisted.errors import DecodeError

__all__ = ["TOO_MANY", "Value", "bits", "read_element", "utf8"]

#: A decoded element in plain Python: see L{dlms_twisted.codec.data.Data.values}.
Value: TypeAlias = "bool | int | float | bytes | str | tuple[Value, ...] | None"
#: Why a compact-array is refused that would be far larger than its octets.
TOO_MANY: Final = "compact-array: fewer elements wanted"


def bits(octets: bytes, count: int) -> str:
    """
    @return: the first C{count} bits of C{octets} as text of 0 and 1, most significant bit first.
    """
    if not count:
        return ""
    number = int.from_bytes(octets, "big") >> (8 * len(octets) - count)
    return f"{number:0{count}b}"


def utf8(octets: bytes) -> str | bytes:
    """
    @return: the text, or C{octets} themselves where they are not UTF-8.
    """
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError:
        return octets


def read_element(cursor: Cursor, depth: int) -> Value:
    """
    Take one element of Data.

    @param depth: How many more levels of nesting are allowed.

    @raise DecodeError: the octets are no such element.
    """
    offset = cursor.offset
    tag = cursor.octet("type")
    known = BY_TAG.get(tag)
    if known is None:
        raise DecodeError("the tag of a Data type wanted", offset)
    cursor.explain(known.name)
    container = _CONTAINERS.get(tag)
    if container is None:
        return _read_simple(cursor, tag)
    if not depth:
        raise DecodeError(f"nesting of at most {cursor.limits.depth} levels wanted", offset)
    return container(cursor, depth - 1)


def _read_simple(cursor: Cursor, tag: int) -> Value:
    # The content of a type that holds no others.
    reader = _VARIABLE.get(tag)
    if reader is not None:
        value = reader(cursor)
    else:
        known = BY_TAG[tag]
        if not known.width:
            return None
        (value,) = known.struct.unpack(cursor.take(known.width, "value"))
    cursor.explain(value)
    return value


def _read_bits(cursor: Cursor) -> str:
    count = cursor.length("length")
    return bits(cursor.take((count + 7) // 8, "value"), count)


def _read_octets(cursor: Cursor) -> bytes:
    return cursor.take(cursor.length("length"), "value")


def _read_visible(cursor: Cursor) -> str:
    return _read_octets(cursor).decode("latin-1")


def _read_utf8(cursor: Cursor) -> str | bytes:
    return utf8(_read_octets(cursor))


def _read_sequence(cursor: Cursor, depth: int) -> Value:
    offset = cursor.offset
    count = cursor.length("count")
    if count > cursor.remaining:
        raise DecodeError(f"count: {count} elements cannot follow", offset)
    if count > cursor.limits.items:
        raise DecodeError(f"count: at most {cursor.limits.items} elements wanted", offset)
    values = []
    for index in range(count):
        cursor.enter(f"{index}")
        values.append(read_element(cursor, depth))
        cursor.leave()
    return tuple(values)


def _read_compact_array(cursor: Cursor, depth: int) -> Value:
    start = cursor.offset
    cursor.enter("description")
    description = read_description(cursor, depth)
    cursor.leave()
    offset = cursor.offset
    length = cursor.length("length")
    if length > cursor.remaining:
        raise DecodeError(f"length: {length} octets wanted", offset)
    outer, cursor.end = cursor.end, cursor.offset + length
    allowed = most_items(cursor.end - start, cursor.limits)
    if description.fixed and length // description.least * description.items > allowed:
        raise DecodeError(TOO_MANY, cursor.offset)
    values: list[Value] = []
    while cursor.remaining:
        allowed -= description.items
        if allowed < 0:
            raise DecodeError(TOO_MANY, cursor.offset)
        cursor.enter(f"{len(values)}")
        values.append(_read_content(cursor, description))
        cursor.leave()
    cursor.end = outer
    return tuple(values)


def _read_content(cursor: Cursor, description: TypeDescription) -> Value:
    # One element without its tag: what the description says.
    if description.tag == ARRAY:
        kinds = description.children * description.repeat
    elif description.tag == STRUCTURE:
        kinds = description.children
    else:
        return _read_simple(cursor, description.tag)
    values: list[Value] = []
    for index, kind in enumerate(kinds):
        if kind.tag in _NOTHING:
            values.append(None)
            continue
        cursor.enter(f"{index}")
        values.append(_read_content(cursor, kind))
        cursor.leave()
    return tuple(values)


_VARIABLE: Final[dict[int, Callable[[Cursor], Value]]] = {
    BIT_STRING: _read_bits,
    OCTET_STRING: _read_octets,
    VISIBLE_STRING: _read_visible,
    UTF8_STRING: _read_utf8,
}
_NOTHING: Final = frozenset(tag for tag, known in BY_TAG.items() if not known.width)
_CONTAINERS: Final[dict[int, Callable[[Cursor, int], Value]]] = {
    ARRAY: _read_sequence,
    STRUCTURE: _read_sequence,
    COMPACT_ARRAY: _read_compact_array,
}
