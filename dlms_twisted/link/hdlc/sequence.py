"""
Numbered information in one direction: cutting into segments, windows, acknowledgement, joining.

Numbers count modulo 8 and at most 7 frames are unacknowledged, so a line that keeps the order of frames,
however many of them it loses, repeats or delays, brings each payload exactly once.
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

__all__ = ["Receiver", "Segment", "Transmitter", "cut"]


class Segment(NamedTuple):
    """
    A piece of a payload, for one I frame.

    @ivar octets: The information field.
    @ivar more: Another segment of the same payload follows.
    """

    octets: bytes
    more: bool


def cut(payload: bytes, length: int) -> list[Segment]:
    """
    @param length: Most octets of one segment.
    """
    starts = range(0, max(len(payload), 1), length)
    last = len(starts) - 1
    return [
        Segment(payload[start : start + length], number < last)
        for number, start in enumerate(starts)
    ]


class Transmitter:
    """
    What this side sends: V(S), the unacknowledged frames and those that wait for the window.
    """

    __slots__ = ("_acknowledged", "_flying", "_length", "_queue", "_window")

    def __init__(self, length: int, window: int) -> None:
        """
        @param length: Most octets of information in a frame.
        @param window: Most unacknowledged frames, 1 to 7.
        """
        self._length = length
        self._window = window
        self._acknowledged = 0
        self._flying: deque[Segment] = deque()
        self._queue: deque[Segment] = deque()

    @property
    def unacknowledged(self) -> int:
        """
        How many frames were sent and not acknowledged.
        """
        return len(self._flying)

    @property
    def pending(self) -> bool:
        """
        Is anything left to send, for the first time or again?
        """
        return bool(self._flying or self._queue)

    @property
    def acknowledged(self) -> int:
        """
        The number of the oldest frame that is not acknowledged, modulo 8.
        """
        return self._acknowledged

    @property
    def next_number(self) -> int:
        """
        V(S): the number of the next new frame, modulo 8.
        """
        return (self._acknowledged + len(self._flying)) & 7

    def add(self, payload: bytes) -> None:
        """
        Cut a payload and queue its segments.
        """
        self._queue += cut(payload, self._length)

    def acknowledge(self, number: int) -> int:
        """
        The peer expects frame C{number} next.

        @return: how many frames that acknowledges; -1 if it cannot be, because no such frame was sent.
        """
        count = (number - self._acknowledged) & 7
        if count > len(self._flying):
            return -1
        for _ in range(count):
            self._flying.popleft()
        self._acknowledged = number
        return count

    def burst(self) -> list[tuple[int, Segment]]:
        """
        @return: numbers and segments to send now: all that are not acknowledged, again, and as many new
            ones as the window has room for.
        """
        while self._queue and len(self._flying) < self._window:
            self._flying.append(self._queue.popleft())
        return [
            ((self._acknowledged + place) & 7, segment)
            for place, segment in enumerate(self._flying)
        ]


class Receiver:
    """
    What this side takes: V(R) and the segments of the payload under way.
    """

    __slots__ = ("_max_octets", "_parts", "_size", "expected")

    def __init__(self, max_octets: int) -> None:
        """
        @param max_octets: Longest payload accepted.
        """
        self._max_octets = max_octets
        self._parts: list[bytes] = []
        self._size = 0
        #: V(R): the number of the frame that comes next, modulo 8.
        self.expected = 0

    @property
    def partial(self) -> bool:
        """
        Has a payload begun that is not whole yet?
        """
        return bool(self._parts)

    @property
    def overflowed(self) -> bool:
        """
        Is the payload under way longer than accepted?
        """
        return self._size > self._max_octets

    def accept(self, octets: bytes, more: bool) -> bytes | None:
        """
        Take the information of the frame that was expected.

        @param more: Another segment of the same payload follows.

        @return: the payload that is whole now; C{None} if it is not, or is too long.
        """
        self.expected = (self.expected + 1) & 7
        self._size += len(octets)
        if not self.overflowed:
            self._parts.append(octets)
        if more or self.overflowed:
            return None
        payload = b"".join(self._parts)
        self._parts.clear()
        self._size = 0
        return payload
