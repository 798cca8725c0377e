"""
One segment as its writer sees it.
"""

from __future__ import annotations

from collections.abc import Sequence

from dlms_twisted.store.disk import Disk
from dlms_twisted.store.rows import Row, insert
from dlms_twisted.store.schema import prepare_segment
from dlms_twisted.store.series import SegmentFile

__all__ = ["Segment"]


class Segment:
    """
    An open segment.

    @ivar file: Which.
    @ivar last: The last row that is committed; 0 when there is none.
    @ivar octets: Its size.
    """

    def __init__(self, file: SegmentFile, disk: Disk) -> None:
        """
        Open it, and make it if it is not there.

        @raise sqlite3.Error: it cannot be opened.

        @raise StoreError: a newer version of this program has made it.
        """
        self.file = file
        self._disk = disk
        self._connection = disk.connect(file.path)
        try:
            prepare_segment(self._connection)
            self.last = self._last()
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

    def recover(self) -> None:
        """
        After a write that failed: what is there is written to the disk once more, because a failed
        synchronisation leaves it open what of it the disk has.  L{last} is then what is really there.

        @raise sqlite3.Error: the disk still fails.
        """
        self._connection.close()
        self._connection = self._disk.connect(self.file.path)
        self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        self.last = self._last()

    def close(self) -> None:
        """
        Close the file; the log is folded into it.
        """
        self._connection.close()

    def _last(self) -> int:
        row = self._connection.execute("SELECT coalesce(max(seq), 0) FROM record").fetchone()
        return int(row[0])

    def _octets(self) -> int:
        pages: int = self._connection.execute("PRAGMA page_count").fetchone()[0]
        return pages * self._page_size
