"""
Pseudo terminals for tests: two that are joined, and waiting for something.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from twisted.internet import reactor as _reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater

__all__ = ["Bridge", "until"]

reactor: Any = _reactor


async def until(done: Callable[[], bool]) -> None:
    """
    Let the reactor turn; trial's own time limit ends it otherwise.
    """
    while not done():
        waiting: Deferred[None] = deferLater(reactor, 0.005, lambda: None)
        await waiting


class Bridge:
    """
    Two pseudo terminals whose masters are joined: what is said at one end is heard at the other.
    """

    def __init__(self, first: int, slave: int) -> None:
        second, other = os.openpty()
        self._open = [first, slave, second, other]
        self.meter, self.client = os.ttyname(slave), os.ttyname(other)
        self._readers = [_Reader(first, second), _Reader(second, first)]
        for one in self._readers:
            reactor.addReader(one)

    def close(self) -> None:
        """
        Close all of it.
        """
        for one in self._readers:
            reactor.removeReader(one)
        for number in self._open:
            os.close(number)


class _Reader:
    """
    Copies what comes.
    """

    def __init__(self, source: int, target: int) -> None:
        self._source, self._target = source, target

    def fileno(self) -> int:
        """
        What to watch.
        """
        return self._source

    def doRead(self) -> None:
        """
        Copy.
        """
        os.write(self._target, os.read(self._source, 4096))

    def connectionLost(self, reason: Any) -> None:
        """
        Nothing to do.
        """

    def logPrefix(self) -> str:
        """
        Its name.
        """
        return "bridge"
