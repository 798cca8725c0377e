"""
The bounded queue between the sources and the pipeline.

A full queue sheds datagrams, which are counted, and pauses streams, which then wait in the senders.
"""

from __future__ import annotations

from collections import deque
from typing import Any, NamedTuple, Protocol

from dlms_twisted.push.counters import Counters

__all__ = ["Arrival", "IntakeQueue", "Pausable"]


class Pausable(Protocol):
    """
    What can be asked to read no more, and to read again.
    """

    def pause(self) -> None:
        """
        Read no more.
        """

    def resume(self) -> None:
        """
        Read again.
        """


class Arrival(NamedTuple):
    """
    What a source took in.

    @ivar received_at: Microseconds since 1970, UTC.
    @ivar source: The source's settings; see L{dlms_twisted.push.pipeline.Source}.
    @ivar peer: What tells this sender from others, for reassembly: an address, or a connection's own object.
    @ivar octets: The datagram, or the payload of a frame that a stream's link has cut.
    @ivar raw: The frame with its link octets; L{None} for a datagram, which is cut later.
    @ivar reply: Takes an APDU and frames it for the way back; L{None} where there is no way back.
    @ivar medium: How the octets are framed, as records name it.
    """

    received_at: int
    source: Any
    peer: Any
    octets: bytes
    raw: bytes | None
    way: Any
    medium: str


class IntakeQueue:
    """
    First in, first out, bounded by items and by octets.
    """

    def __init__(
        self,
        counters: Counters,
        *,
        most_items: int = 100_000,
        most_octets: int = 64 << 20,
    ) -> None:
        """
        @param most_items: Arrivals held at most.
        @param most_octets: Octets held at most, over all arrivals.
        """
        self._items: deque[Arrival] = deque()
        self._counters = counters
        self._most_items = most_items
        self._most_octets = most_octets
        self._octets = 0
        self._paused: dict[int, Pausable] = {}

    def __len__(self) -> int:
        return len(self._items)

    @property
    def octets(self) -> int:
        """
        Octets held.
        """
        return self._octets

    @property
    def full(self) -> bool:
        """
        Has one of the bounds been reached?
        """
        return len(self._items) >= self._most_items or self._octets >= self._most_octets

    def offer(self, arrival: Arrival) -> bool:
        """
        Take a datagram in, or shed it: L{Counters.shed} goes up by one.

        @return: was it taken?
        """
        if len(self._items) >= self._most_items or self._octets >= self._most_octets:
            self._counters.shed += 1
            return False
        self._items.append(arrival)
        self._octets += len(arrival.octets)
        return True

    def put(self, arrival: Arrival, stream: Pausable) -> None:
        """
        Take in what a stream's link has cut; the stream is paused while the queue is full.
        """
        self._items.append(arrival)
        self._octets += len(arrival.octets)
        if self.full:
            self._paused[id(stream)] = stream
            stream.pause()

    def take(self) -> Arrival:
        """
        @return: the oldest.

        @raise IndexError: there is none.
        """
        arrival = self._items.popleft()
        self._octets -= len(arrival.octets)
        if self._paused and self._low:
            self._release()
        return arrival

    @property
    def _low(self) -> bool:
        return len(self._items) <= self._most_items // 2 and self._octets <= self._most_octets // 2

    def forget(self, stream: Pausable) -> None:
        """
        The stream is gone: there is nothing to resume.
        """
        self._paused.pop(id(stream), None)

    def _release(self) -> None:
        paused, self._paused = self._paused, {}
        for stream in paused.values():
            stream.resume()
