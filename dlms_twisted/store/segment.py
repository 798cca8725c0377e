"""
One segment as its writer sees it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from twisted.logger import Logger

from dlms_twisted.store.disk import Disk
from dlms_twisted.store.rows import Row, insert
from dlms_twisted.store.schema import last_row, prepare_segment
from dlms_twisted.store.series import SegmentFile

__all__ = ["MISTAKES", "Segment"]


#: What is not the disk's fault but that of a record, which would fail for ever.
MISTAKES: Final = (
    sqlite3.ProgrammingError,
    sqlite3.InterfaceError,
    sqlite3.IntegrityError,
    sqlite3.DataError,
    ArithmeticError,
    TypeError,
    ValueError,
)


class Segment:
    """
    An open segment.

    @ivar file: Which.
    @ivar last: The last row that is committed; 0 when there is none.
    @ivar octets: Its size.
    """

    log = Logger()

    def __init__(self, file: SegmentFile, disk: Disk, indexes: Iterable[str] = ()) -> None:
        """
        Open it, and make it if it is not there.

        @param indexes: Statements that make indexes, for a segment that has some while it is written to.

        @raise sqlite3.Error: it cannot be opened.

        @raise StoreError: a newer version of this program has made it.
        """
        self.file = file
        self._disk = disk
        self._connection = disk.connect(file.path)
        try:
            prepare_segment(self._connection)
            for statement in indexes:
                self._connection.execute(statement)
            self.last = last_row(self._connection)
            self._page_size: int = self._connection.execute("PRAGMA page_size").fetchone()[0]
            self.octets = self._octets()
        except BaseException:
            self._connection.close()
            raise

    def append(self, rows: Sequence[Row]) -> None:
        """
        Write rows and commit them: when this returns, they are on the disk.

        @raise sqlite3.Error: they are not, and none of them is there.
        """
        connection = self._connection
        connection.execute("BEGIN IMMEDIATE")
        try:
            insert(connection, rows)
            connection.execute("COMMIT")
        except BaseException:
            connection.rollback()
            raise
        self.last += len(rows)
        self.octets = self._octets()

    def append_singly(self, rows: Sequence[Row]) -> list[Row]:
        """
        After L{append} failed by a mistake: write the rows that can be written.

        @return: those that are written and committed.

        @raise sqlite3.Error: the disk fails.
        """
        written = []
        connection = self._connection
        connection.execute("BEGIN IMMEDIATE")
        try:
            for row in rows:
                try:
                    insert(connection, [row])
                except MISTAKES:
                    self.log.failure("A record cannot be written and is lost")
                else:
                    written.append(row)
            connection.execute("COMMIT")
        except BaseException:
            connection.rollback()
            raise
        self.last += len(written)
        return written

    def unchecked(self, count: int) -> Iterator[tuple[bytes, str, str, int, str]]:
        """
        @return: of the last C{count} records those that no window judged: octets, peer, medium, arrival and
            identity.
        """
        for raw, peer, medium, received_at, identity in self._connection.execute(
            "SELECT raw, peer, medium, received_at, id FROM record WHERE seq > ? AND NOT checked",
            (self.last - count,),
        ):
            yield raw, peer, medium, received_at, identity.hex()

    def recover(self) -> None:
        """
        After a write that failed: what is there is written to the disk once more, because a failed
        synchronisation leaves it open what of it the disk has.  L{last} is then what is really there.

        @raise sqlite3.Error: the disk still fails.
        """
        self._connection.close()
        self._connection = self._disk.connect(self.file.path)
        self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        self.last = last_row(self._connection)

    def close(self) -> None:
        """
        Close the file; the log is folded into it.
        """
        self._connection.close()

    def _octets(self) -> int:
        pages: int = self._connection.execute("PRAGMA page_count").fetchone()[0]
        return pages * self._page_size
