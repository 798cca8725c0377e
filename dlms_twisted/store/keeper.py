"""
Closing and removing segments, in a thread of its own, beside the writer.
"""

from __future__ import annotations

import sqlite3
import threading
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Final, NamedTuple

from twisted.logger import Logger

from dlms_twisted.errors import StoreError
from dlms_twisted.store.disk import Disk
from dlms_twisted.store.limits import StoreLimits
from dlms_twisted.store.schema import (
    INDEXES,
    SEGMENT_VERSION,
    last_row,
    prepare_segment,
    version,
)
from dlms_twisted.store.series import QUARANTINE, READINGS, REDECODED, SegmentFile, segment_files
from dlms_twisted.store.windows import Key

__all__ = ["Closed", "Keeper", "Kept", "Removed", "close_segment", "read_closed"]

_SECOND: Final = 1_000_000


class Closed(NamedTuple):
    """
    What is known of a closed segment.

    @ivar rows: How many records it has.
    @ivar first: The earliest arrival, in microseconds since 1970 UTC; L{None} if it is empty.
    @ivar last: The latest.
    """

    rows: int
    first: int | None
    last: int | None


class Kept(NamedTuple):
    """
    Bounds in one series.

    @ivar open: From this number on segments are written to.
    @ivar needed: From this number on segments must not be removed.
    """

    open: int
    needed: int


class Removed(NamedTuple):
    """
    What retention has removed.

    @ivar totals: Records by series and why.
    @ivar counters: By title and epoch the counters that had been decoded out of the quarantine.
    """

    totals: Counter[str]
    counters: dict[Key, list[int]]


class Keeper:
    """
    Looks after the segments that are no longer written to.
    """

    log = Logger()

    def __init__(self, directory: Path, disk: Disk, limits: StoreLimits) -> None:
        self._directory = directory
        self._disk = disk
        self._limits = {
            READINGS: (limits.octets, limits.age),
            REDECODED: (limits.octets, limits.age),
            QUARANTINE: (limits.quarantine.octets, limits.quarantine.age),
        }
        self._closed: dict[Path, Closed] = {}
        self._working: sqlite3.Connection | None = None
        self._guard = threading.Lock()
        self._stopped = False

    def stop(self) -> None:
        """
        End what is going on; it is begun again at the next start.  May be called from any thread.
        """
        with self._guard:
            self._stopped = True
            if self._working is not None:
                self._working.interrupt()

    def look(self, kept: dict[str, Kept], now: float) -> Removed:
        """
        Close and remove what is due.

        @param now: Seconds since 1970.

        @return: what was removed.

        @raise sqlite3.Error: a segment could not be closed; what could be removed is removed.
        """
        removed = Removed(Counter(), {})
        for series, bounds in kept.items():
            files = segment_files(self._directory, series)
            for file in files:
                if file.number < bounds.open and file.path not in self._closed:
                    self._look_up(file)
            self._remove(files, bounds.needed, now, removed)
        for series, bounds in kept.items():
            for file in segment_files(self._directory, series):
                if file.number < bounds.open and file.path not in self._closed:
                    self._close(file)
        return removed

    def _look_up(self, file: SegmentFile) -> None:
        """
        Was it closed by an earlier process?
        """
        with closing(self._disk.connect_read_only(file.path)) as connection:
            try:
                found = read_closed(connection)
            except (sqlite3.DatabaseError, StoreError):
                return
        if found is not None:
            self._closed[file.path] = found

    def _close(self, file: SegmentFile) -> None:
        try:
            with closing(self._disk.connect(file.path)) as connection:
                if self._begin(connection):
                    self._closed[file.path] = close_segment(connection)
        except sqlite3.OperationalError:
            # Interrupted because it was stopped, or the disk is full: it is begun again later.
            if not self._stopped:
                raise
        except (sqlite3.DatabaseError, StoreError) as error:
            self._damaged(file, error)
        finally:
            with self._guard:
                self._working = None

    def _begin(self, connection: sqlite3.Connection) -> bool:
        with self._guard:
            self._working = connection
            return not self._stopped

    def _damaged(self, file: SegmentFile, error: Exception) -> None:
        self.log.error("{path} cannot be closed: {error}", path=str(file.path), error=error)
        self._closed[file.path] = Closed(0, None, None)

    def _remove(self, files: list[SegmentFile], needed: int, now: float, removed: Removed) -> None:
        if not files:
            return
        series = files[0].series
        octets, age = self._limits[series]
        sizes = {file: self._disk.size(file.path) for file in files}
        total = sum(sizes.values())
        for file in files:
            closed = self._closed.get(file.path)
            if file.number >= needed:
                return
            if age is not None and closed is not None and closed.last is not None:
                why = "age" if now - closed.last / _SECOND > age else ""
            else:
                why = ""
            if octets is not None and total > octets:
                why = "size"
            if not why:
                return
            rows = self._retire(file, removed)
            self._disk.remove(file.path)
            self._closed.pop(file.path, None)
            total -= sizes[file]
            removed.totals[f"{series}-removed-{why}"] += rows
            self.log.info(
                "{path} is removed because of its {why}; {rows} records were in it",
                path=str(file.path),
                why=why,
                rows=rows,
            )

    def _retire(self, file: SegmentFile, removed: Removed) -> int:
        """
        @return: how many records a segment has; counters of decoded ones are noted, because windows rely on them.
        """
        with closing(self._disk.connect_read_only(file.path)) as connection:
            try:
                if file.series == REDECODED:
                    for title, epoch, counter in connection.execute(
                        "SELECT title, epoch, counter FROM record WHERE checked ORDER BY counter"
                    ):
                        removed.counters.setdefault((title or b"", epoch), []).append(counter)
                return last_row(connection)
            except sqlite3.DatabaseError:
                return 0


def read_closed(connection: sqlite3.Connection) -> Closed | None:
    """
    @return: what is in a segment that was closed to the end, else L{None}.

    @raise sqlite3.Error: it cannot be read.
    """
    if version(connection) != SEGMENT_VERSION:
        return None
    if connection.execute("PRAGMA journal_mode").fetchone()[0] != "delete":
        return None
    known = dict(connection.execute("SELECT key, value FROM meta"))
    if "rows" not in known:
        return None
    return Closed(known["rows"], known["first"], known["last"])


def close_segment(connection: sqlite3.Connection) -> Closed:
    """
    Build the indexes of a segment, one after the other, note what is in it, and fold its log away.  May be broken
    off at any point and begun again.

    @return: what is in it.

    @raise sqlite3.Error: it cannot be written, or was interrupted.

    @raise StoreError: a newer version of this program has made it.
    """
    prepare_segment(connection)
    for statement in INDEXES.values():
        connection.execute(statement)
    rows, first, last = (
        last_row(connection),
        connection.execute("SELECT min(received_at) FROM record").fetchone()[0],
        connection.execute("SELECT max(received_at) FROM record").fetchone()[0],
    )
    known = dict(connection.execute("SELECT key, value FROM meta"))
    if known.get("rows") != rows:
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(
            "INSERT OR REPLACE INTO meta VALUES (?, ?)",
            [("rows", rows), ("first", first), ("last", last)],
        )
        connection.execute("COMMIT")
    connection.execute("PRAGMA busy_timeout = 0")
    try:
        # Fails while somebody reads; then the log stays until the next start.
        connection.execute("PRAGMA journal_mode = DELETE").fetchone()
    except sqlite3.OperationalError:
        connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
    return Closed(rows, first, last)
