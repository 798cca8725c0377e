"""
Feeding a stream decoder in every way, for the tests of the link room.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Protocol

__all__ = ["EventDecoder", "drain", "feed", "splits"]


class EventDecoder(Protocol):
    """
    What all stream decoders of the room have.
    """

    def receive_data(self, data: bytes) -> None:
        """
        Take octets.
        """

    def next_event(self) -> Any:
        """
        The next event.
        """


def drain(next_event: Callable[[], Any]) -> Iterator[Any]:
    """
    Ask until there is no more.
    """
    while (event := next_event()) is not None:
        yield event


def feed(decoder: EventDecoder, parts: Iterable[bytes]) -> list[Any]:
    """
    @return: all events of these parts of a stream, drained after each.
    """
    events: list[Any] = []
    for part in parts:
        decoder.receive_data(part)
        events += drain(decoder.next_event)
    return events


def splits(stream: bytes, step: int = 1) -> Iterator[list[bytes]]:
    """
    The stream whole, octet by octet, and cut in two at every (C{step}th) place.
    """
    yield [stream]
    yield [stream[position : position + 1] for position in range(len(stream))]
    for cut in range(1, len(stream), step):
        yield [stream[:cut], stream[cut:]]
