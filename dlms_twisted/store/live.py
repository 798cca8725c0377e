"""
A running collector's windows while its quarantine is decoded again.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from twisted.internet.defer import Deferred

from dlms_twisted.store.decoded import Decoded
from dlms_twisted.store.disk import Disk
from dlms_twisted.store.redecode import Reserve
from dlms_twisted.store.windows import Key, WindowTable

__all__ = ["LiveWindows"]


class LiveWindows(Reserve):
    """
    Has the windows refuse what was accepted out of the quarantine, by this process or another.
    """

    def __init__(self, directory: Path, disk: Disk, flush: Callable[[], Deferred[None]]) -> None:
        """
        @param flush: Commits all that was accepted so far.

        @raise sqlite3.Error: the journal cannot be read.
        """
        self._decoded = Decoded(directory, disk)
        self._flush = flush
        self.windows: WindowTable

    def refused(self, title: bytes, epoch: str, above: int) -> frozenset[int]:
        """
        @return: the counters above C{above} that were accepted out of the quarantine.
        """
        return self._decoded.refused((title, epoch), above)

    def refresh(self) -> None:
        """
        Learn what another process has decoded.

        @raise sqlite3.Error: the journal cannot be read.
        """
        if found := self._decoded.refresh():
            self.windows.settle(found)

    def reserve(self, counters: Sequence[tuple[Key, int]]) -> Deferred[None]:
        """
        Refuse these counters from now on, and commit all that was accepted before.
        """
        self.windows.reserve(counters)
        return self._flush()

    def settled(self, keys: Collection[Key]) -> None:
        """
        What was reserved is accepted, and on the disk, or is not wanted any more.
        """
        self._decoded.refresh()
        self.windows.settle(keys)

    def close(self) -> None:
        """
        Close what was opened.
        """
        self._decoded.close()
