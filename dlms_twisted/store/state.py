"""
C{state.sqlite}: replay windows, up to where they include the readings, and totals.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path

from dlms_twisted.store.batch import StateWrite
from dlms_twisted.store.disk import Disk
from dlms_twisted.store.record import Position
from dlms_twisted.store.schema import prepare_state

__all__ = ["State", "read_mark", "read_window"]


class State:
    """
    The state as its writer sees it.
    """

    def __init__(self, path: Path, disk: Disk) -> None:
        """
        Open it, and make it if it is not there.

        @raise sqlite3.Error: it cannot be opened.

        @raise StoreError: a newer version of this program has made it.
        """
        self._path = path
        self._disk = disk
        self._connection = disk.connect(path)
        try:
            prepare_state(self._connection)
        except BaseException:
            self._connection.close()
            raise

    def write(self, news: StateWrite, end: Position) -> None:
        """
        Write windows, totals and mark in one transaction.

        @param end: The mark, if C{news} says that it is the end of its batch.

        @raise sqlite3.Error: nothing is written.
        """
        mark = news.mark_at(end)
        connection = self._connection
        connection.execute("BEGIN IMMEDIATE")
        try:
            _write_windows(connection, news.windows)
            _write_counters(connection, news.counters)
            if mark is not None:
                connection.execute("UPDATE mark SET number = ?, seq = ?", mark)
            connection.execute("COMMIT")
        except BaseException:
            connection.rollback()
            raise

    def counters(self) -> dict[str, int]:
        """
        @return: totals by name.
        """
        return dict(self._connection.execute("SELECT name, value FROM counter"))

    def mark(self) -> Position:
        """
        @return: the last reading that the windows include.
        """
        return read_mark(self._connection)

    def recover(self) -> None:
        """
        After a write that failed: see L{dlms_twisted.store.segment.Segment.recover}.

        @raise sqlite3.Error: the disk still fails.
        """
        self._connection.close()
        self._connection = self._disk.connect(self._path)
        self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()

    def close(self) -> None:
        """
        Close the file.
        """
        self._connection.close()


def _write_windows(
    connection: sqlite3.Connection, windows: Sequence[tuple[bytes, str, bytes]]
) -> None:
    connection.executemany("INSERT OR REPLACE INTO window VALUES (?, ?, ?)", windows)


def _write_counters(connection: sqlite3.Connection, counters: Mapping[str, int]) -> None:
    connection.executemany("INSERT OR REPLACE INTO counter VALUES (?, ?)", counters.items())


def read_mark(connection: sqlite3.Connection) -> Position:
    """
    @return: the last reading that the windows include.
    """
    return Position(*connection.execute("SELECT number, seq FROM mark").fetchone())


def read_window(connection: sqlite3.Connection, title: bytes, epoch: str) -> bytes | None:
    """
    @return: the state of a window, or L{None} if there is none.
    """
    row = connection.execute(
        "SELECT state FROM window WHERE title = ? AND epoch = ?", (title, epoch)
    ).fetchone()
    return None if row is None else row[0]
