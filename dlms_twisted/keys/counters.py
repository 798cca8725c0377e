"""
Invocation counters of what we send, which never go back (architecture, invariant 5).

A counter used twice under one key gives away plaintext and lets anybody forge messages (04, section 11).  So counters
are taken from blocks that were written down, on disk, before the first of the block is used: a crash skips the rest of
a block and never repeats one.
"""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import Final

from twisted.logger import Logger
from zope.interface import implementer

from dlms_twisted.errors import CounterExhaustedError
from dlms_twisted.keys.database import Database
from dlms_twisted.keys.interfaces import ITransmitCounters
from dlms_twisted.security.counters import WARN_AT

__all__ = ["FIRST", "LAST", "MemoryCounters", "TransmitCounters"]

#: A new key's first counter: receivers want more than the 0 that they start with.
FIRST: Final = 1
#: A key's last counter: after FFFFFFFF nothing larger exists, so it is never sent (04, section 11).
LAST: Final = 0xFFFFFFFE

_APPLICATION: Final = 0x444C5443  # "DLTC"
_SCHEMA: Final = """
CREATE TABLE transmit (
    title BLOB NOT NULL, epoch TEXT NOT NULL, next INTEGER NOT NULL, PRIMARY KEY (title, epoch)
) WITHOUT ROWID
"""
_SELECT: Final = "SELECT next FROM transmit WHERE title = ? AND epoch = ?"
_UPSERT: Final = (
    "INSERT INTO transmit VALUES (?, ?, ?) "
    "ON CONFLICT (title, epoch) DO UPDATE SET next = excluded.next"
)


def _exhausted(title: bytes, epoch: str) -> CounterExhaustedError:
    return CounterExhaustedError(
        f"every invocation counter of {title.hex().upper()} under key {epoch} is used: "
        "change the key"
    )


@implementer(ITransmitCounters)
class TransmitCounters:
    """
    Counters in a file that several processes may share; each takes blocks of its own.

    Never restore the file from a copy: its counters were used since.
    """

    log = Logger()

    def __init__(self, path: str | Path, *, block: int = 1000, warn_from: int = WARN_AT) -> None:
        """
        Nothing is opened before the first counter is asked for.

        @param block: How many counters are written down at once; as many may be skipped by a crash.
        @param warn_from: First counter that is given with a warning in the log, once for each key and process.
        """
        if block < 1:
            raise ValueError("blocks of at least one counter are wanted")
        self._database = Database(path, _SCHEMA, application=_APPLICATION)
        self._block = block
        self._warn_from = warn_from
        self._warned: set[tuple[bytes, str]] = set()
        self._process = os.getpid()
        # What is left of each block: first and last but one.
        self._blocks: dict[tuple[bytes, str], tuple[int, int]] = {}

    def next(self, title: bytes, epoch: str) -> int:
        """
        See L{ITransmitCounters.next}.

        @raise KeyStoreError: the block cannot be written down; no counter is given.
        """
        if self._process != os.getpid():
            # The blocks belong to the process that forked us.
            self._blocks.clear()
            self._process = os.getpid()
        counter, end = self._blocks.get((title, epoch), (0, 0))
        if counter >= end:
            counter, end = self._reserve(title, epoch)
        self._blocks[title, epoch] = (counter + 1, end)
        return counter

    def at_least(self, title: bytes, epoch: str, counter: int) -> None:
        """
        See L{ITransmitCounters.at_least}; it is written down with the next block.

        @raise CounterExhaustedError: there is no counter so high.
        """
        if counter > LAST:
            raise _exhausted(title, epoch)
        first, end = self._blocks.get((title, epoch), (0, 0))
        if counter <= first:
            return
        if counter < end:
            self._blocks[title, epoch] = (counter, end)
        else:
            self._blocks[title, epoch] = self._reserve(title, epoch, counter)

    def highest(self, title: bytes, epoch: str) -> int:
        """
        @return: a counter that no counter given so far, by any process, is above; 0 for a key that was never used.
        """

        def select(connection: sqlite3.Connection) -> int:
            row = connection.execute(_SELECT, (title, epoch)).fetchone()
            return 0 if row is None else row[0] - 1

        return self._database.run(select)

    def close(self) -> None:
        """
        Give back what is left of the blocks, as far as nobody took more since, and close the file.
        """
        blocks, self._blocks = self._blocks, {}
        if blocks and self._process == os.getpid():

            def give_back(connection: sqlite3.Connection) -> None:
                connection.executemany(
                    "UPDATE transmit SET next = ? WHERE title = ? AND epoch = ? AND next = ?",
                    [(first, *key, end) for key, (first, end) in blocks.items()],
                )

            self._database.write(give_back)
        self._database.close()

    def _reserve(self, title: bytes, epoch: str, least: int = FIRST) -> tuple[int, int]:
        """
        @return: a block that is on disk: its first counter, and the one after its last.
        """

        def take(connection: sqlite3.Connection) -> tuple[int, int]:
            row = connection.execute(_SELECT, (title, epoch)).fetchone()
            first = max(least, FIRST if row is None else row[0])
            end = min(first + self._block, LAST + 1)
            if first < end:
                connection.execute(_UPSERT, (title, epoch, end))
            return first, end

        first, end = self._database.write(take)
        if first >= end:
            raise _exhausted(title, epoch)
        if end > self._warn_from and (title, epoch) not in self._warned:
            self._warned.add((title, epoch))
            self.log.warn(
                "{used} of {last} invocation counters of {title} under key {epoch} are used: "
                "plan a change of the key",
                used=end - 1,
                last=LAST,
                title=title.hex().upper(),
                epoch=epoch,
            )
        return first, end


@implementer(ITransmitCounters)
class MemoryCounters:
    """
    Counters of keys that do not outlive the process: dedicated and agreed ones, and those of tests.
    """

    def __init__(self, first: int = FIRST) -> None:
        """
        @param first: Agreed and wrapped keys start at 0 (04, section 6).
        """
        self._first = first
        self._next: dict[tuple[bytes, str], int] = {}

    def next(self, title: bytes, epoch: str) -> int:
        """
        See L{ITransmitCounters.next}.
        """
        counter = self._next.get((title, epoch), self._first)
        if counter > LAST:
            raise _exhausted(title, epoch)
        self._next[title, epoch] = counter + 1
        return counter

    def at_least(self, title: bytes, epoch: str, counter: int) -> None:
        """
        See L{ITransmitCounters.at_least}.
        """
        if counter > LAST:
            raise _exhausted(title, epoch)
        self._next[title, epoch] = max(counter, self._next.get((title, epoch), self._first))
