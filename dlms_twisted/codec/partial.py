"""
What can be saved of an element that is damaged or cut off.

Some meters announce more elements than they send, and a message may lose its end: what came whole before that is still
worth reading.
"""

from __future__ import annotations

from typing import NamedTuple

from dlms_twisted.codec.cursor import Cursor
from dlms_twisted.codec.data import Data, decode_data
from dlms_twisted.codec.element import read_element
from dlms_twisted.codec.length import encode_length
from dlms_twisted.codec.limits import DEFAULT_LIMITS, Limits
from dlms_twisted.codec.tags import ARRAY, STRUCTURE
from dlms_twisted.errors import DecodeError

__all__ = ["Partial", "decode_partly"]


class Partial(NamedTuple):
    """
    What came of an element.

    @ivar data: The element, without what could not be decoded and all after it: its arrays and structures have just
        the elements that were whole.  C{None} where nothing was.
    @ivar end: The offset after what was decoded.
    @ivar error: What was wrong; C{None} where nothing was.
    """

    data: Data | None
    end: int
    error: DecodeError | None


def decode_partly(octets: bytes, offset: int = 0, limits: Limits = DEFAULT_LIMITS) -> Partial:
    """
    Decode as much of an element as there is.  Never raises for what the octets hold.

    @param octets: Hold the element at C{offset}.
    """
    try:
        cursor = Cursor(octets, offset, limits=limits)
    except DecodeError as error:
        return Partial(None, offset, error)
    walk = _Walk(cursor)
    whole = walk.element(limits.depth)
    data = decode_data(whole, limits) if whole else None
    return Partial(data, walk.end, walk.error)


class _Walk:
    # Takes elements up to the first that is wrong.

    def __init__(self, cursor: Cursor) -> None:
        self.cursor = cursor
        self.end = cursor.offset
        self.error: DecodeError | None = None

    def element(self, depth: int) -> bytes:
        # The octets of what is good of the element here; nothing if that is nothing.
        cursor = self.cursor
        start = cursor.offset
        if depth and cursor.peek() in {ARRAY, STRUCTURE}:
            return self.sequence(depth - 1)
        try:
            read_element(cursor, depth)
        except DecodeError as error:
            self.error = error
            return b""
        self.end = cursor.offset
        return cursor.buffer[start : cursor.offset]

    def sequence(self, depth: int) -> bytes:
        cursor = self.cursor
        start = cursor.offset
        tag = cursor.octet()
        try:
            count = cursor.length("count")
        except DecodeError as error:
            self.error = error
            return b""
        if count > cursor.limits.items:
            self.error = DecodeError("count: fewer elements wanted", start + 1)
            return b""
        self.end = first = cursor.offset
        elements: list[bytes] = []
        while self.error is None and len(elements) < count:
            elements.append(self.element(depth))
        if self.error is None:
            return cursor.buffer[start : cursor.offset]
        if not elements or not elements[-1]:
            del elements[-1:]
        return b"".join(
            (bytes((tag,)), self._length(start, first, len(elements), count), *elements)
        )

    def _length(self, start: int, first: int, count: int, announced: int) -> bytes:
        # The count as it was sent where it is right after all.
        if count == announced:
            return self.cursor.buffer[start + 1 : first]
        return encode_length(count)
