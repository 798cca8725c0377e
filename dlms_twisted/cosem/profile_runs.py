"""
Runs of rows that look alike: where their cells stand, found once and checked for all of them at the speed of C.

A row is a structure of simple cells.  Of the first row of a run the tags, lengths and counts are taken; a following row
belongs to the run if it has the same octets in those places, which is checked column by column of octets with strides.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from dlms_twisted.codec.tags import (
    ARRAY,
    BIT_STRING,
    BY_TAG,
    COMPACT_ARRAY,
    STRUCTURE,
)
from dlms_twisted.errors import DecodeError

__all__ = ["Cell", "Run", "Shape", "extent", "length_at", "runs", "shape_at"]

#: Shapes that are remembered for rows that take turns.
_REMEMBERED: Final = 8
#: Rows looked at first; each further look takes eight times as many.
_FIRST_LOOK: Final = 8
#: Most rows of one run, so that no more of them are in memory at once.
BATCH: Final = 2048
#: Deepest nesting inside a row.
_DEPTH: Final = 32
_WIDTH: Final = {tag: one.width for tag, one in BY_TAG.items()}
_CONTAINERS: Final = frozenset({ARRAY, STRUCTURE})


class Cell(NamedTuple):
    """
    One cell of a row.

    @ivar tag: Its type.
    @ivar offset: Where its content begins, in octets from the start of the row.
    @ivar width: How many octets the content has.
    @ivar bits: Of a bit-string, how many.
    """

    tag: int
    offset: int
    width: int
    bits: int = 0


class Shape:
    """
    Where everything stands in a row.

    @ivar cells: The cells, in order.
    @ivar length: Of the row, in octets.
    """

    __slots__ = ("_expected", "_fixed", "_mask", "cells", "length")

    def __init__(self, row: bytes, cells: tuple[Cell, ...]) -> None:
        """
        @param row: One row that looks so.
        @param cells: Its cells.
        """
        self.cells = cells
        self.length = len(row)
        mask = bytearray(b"\xff" * len(row))
        for cell in cells:
            mask[cell.offset : cell.offset + cell.width] = bytes(cell.width)
        self._fixed = [(place, row[place : place + 1]) for place, one in enumerate(mask) if one]
        self._mask = int.from_bytes(mask, "big")
        self._expected = int.from_bytes(row, "big") & self._mask

    def is_at(self, buffer: bytes, offset: int) -> bool:
        """
        @return: whether the row at C{offset} looks so.
        """
        row = buffer[offset : offset + self.length]
        return len(row) == self.length and int.from_bytes(row, "big") & self._mask == self._expected

    def equal(self, buffer: bytes, offset: int, most: int) -> int:
        """
        @return: how many of the C{most} rows from C{offset} on look so.
        """
        equal = most
        for place, octet in self._fixed:
            octets = buffer[offset + place : offset + equal * self.length : self.length]
            if octets != octet * equal:
                equal = len(octets) - len(octets.lstrip(octet))
                if not equal:
                    return 0
        return equal


class Run(NamedTuple):
    """
    Rows that look alike, or one that has no simple shape.

    @ivar shape: How they look; C{None} for a row with arrays or structures inside, or that is no structure.
    @ivar offset: Where the first begins.
    @ivar rows: How many they are.
    @ivar end: Where the next row begins.
    """

    shape: Shape | None
    offset: int
    rows: int
    end: int


def length_at(buffer: bytes, offset: int, end: int) -> tuple[int, int] | None:
    """
    @return: a length or count, and the offset behind it; C{None} if there are not enough octets yet.

    @raise DecodeError: the octets are no length.
    """
    if offset >= end:
        return None
    first = buffer[offset]
    if first < 0x80:
        return first, offset + 1
    size = first & 0x7F
    if not 1 <= size <= 4:
        raise DecodeError("a length wanted", offset)
    behind = offset + 1 + size
    if behind > end:
        return None
    return int.from_bytes(buffer[offset + 1 : behind], "big"), behind


def extent(buffer: bytes, offset: int, end: int, depth: int = _DEPTH) -> int | None:
    """
    @return: the offset behind the element at C{offset}; C{None} if there are not enough octets yet.

    @raise DecodeError: it is none, or too deep.
    """
    if offset >= end:
        return None
    tag = buffer[offset]
    width = _WIDTH.get(tag)
    if width is None:
        raise DecodeError("the tag of a Data type wanted", offset)
    if width >= 0:
        behind = offset + 1 + width
        return behind if behind <= end else None
    if tag == COMPACT_ARRAY:
        return _compact_extent(buffer, offset, end)
    found = length_at(buffer, offset + 1, end)
    if found is None:
        return None
    length, behind = found
    if tag not in _CONTAINERS:
        behind += (length + 7) // 8 if tag == BIT_STRING else length
        return behind if behind <= end else None
    if not depth:
        raise DecodeError(f"nesting of at most {_DEPTH} levels wanted", offset)
    for _ in range(length):
        inner = extent(buffer, behind, end, depth - 1)
        if inner is None:
            return None
        behind = inner
    return behind


def _compact_extent(buffer: bytes, offset: int, end: int) -> int | None:
    behind = _description_extent(buffer, offset + 1, end, _DEPTH)
    found = None if behind is None else length_at(buffer, behind, end)
    if found is None:
        return None
    length, start = found
    return start + length if start + length <= end else None


def _description_extent(buffer: bytes, offset: int, end: int, depth: int) -> int | None:
    if offset >= end:
        return None
    tag = buffer[offset]
    if tag not in _CONTAINERS:
        return offset + 1
    if not depth:
        raise DecodeError(f"nesting of at most {_DEPTH} levels wanted", offset)
    if tag == ARRAY:
        return _description_extent(buffer, offset + 3, end, depth - 1)
    found = length_at(buffer, offset + 1, end)
    if found is None:
        return None
    count, behind = found
    for _ in range(count):
        inner = _description_extent(buffer, behind, end, depth - 1)
        if inner is None:
            return None
        behind = inner
    return behind


def shape_at(buffer: bytes, offset: int, behind: int) -> Shape | None:
    """
    @param offset: Where a whole row begins.
    @param behind: Where it ends.

    @return: how it looks; C{None} if it is no structure of simple cells.
    """
    if buffer[offset] != STRUCTURE:
        return None
    found = length_at(buffer, offset + 1, behind)
    if found is None:
        return None
    count, place = found
    cells = []
    for _ in range(count):
        tag = buffer[place]
        width = _WIDTH[tag]
        bits = 0
        if tag in _CONTAINERS or tag == COMPACT_ARRAY:
            return None
        place += 1
        if width < 0:
            sized = length_at(buffer, place, behind)
            if sized is None:
                return None
            width, place = sized
            if tag == BIT_STRING:
                width, bits = (width + 7) // 8, width
        cells.append(Cell(tag, place - offset, width, bits))
        place += width
    return Shape(buffer[offset:behind], tuple(cells))


def runs(buffer: bytes, offset: int, end: int, count: int) -> Iterator[Run]:
    """
    @param offset: Where the first row begins.
    @param end: Where the octets that are there end.
    @param count: How many rows there are at most.

    @return: the whole rows, run by run; it ends early where a row is not whole yet.

    @raise DecodeError: what stands there is no row.
    """
    known: list[Shape] = []
    while count and offset < end:
        shape = next((one for one in known if one.is_at(buffer, offset)), None)
        if shape is None:
            behind = extent(buffer, offset, end)
            if behind is None:
                return
            shape = shape_at(buffer, offset, behind)
            if shape is None:
                yield Run(None, offset, 1, behind)
                offset, count = behind, count - 1
                continue
            known.insert(0, shape)
            del known[_REMEMBERED:]
        rows = _equal(shape, buffer, offset, min(count, (end - offset) // shape.length, BATCH))
        behind = offset + rows * shape.length
        yield Run(shape, offset, rows, behind)
        offset, count = behind, count - rows


def _equal(shape: Shape, buffer: bytes, offset: int, most: int) -> int:
    """
    Look at more and more rows, so that rows which take turns are not looked at again and again.
    """
    rows, look = 1, _FIRST_LOOK
    while rows < most:
        wanted = min(look, most - rows)
        equal = shape.equal(buffer, offset + rows * shape.length, wanted)
        rows += equal
        if equal < wanted:
            break
        look *= 8
    return rows
