"""
The series of records that were decoded again: few, so its segments have their indexes from the beginning.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from dlms_twisted.store.disk import Disk
from dlms_twisted.store.record import checked_id
from dlms_twisted.store.rows import Row
from dlms_twisted.store.segment import Segment
from dlms_twisted.store.series import REDECODED, SegmentFile, day_of, segment_files
from dlms_twisted.store.windows import Key

__all__ = ["Decoded", "DecodedWriter"]

_NONE: Final[frozenset[int]] = frozenset()
_INDEXES: Final = (
    "CREATE INDEX IF NOT EXISTS record_by_origin ON record (origin)",
    "CREATE INDEX IF NOT EXISTS record_by_counter ON record (title, epoch, counter)",
)


class Decoded:
    """
    Reads that series.
    """

    def __init__(self, directory: Path, disk: Disk) -> None:
        self._directory = directory
        self._disk = disk
        self._segments: dict[Path, sqlite3.Connection] = {}
        self._ends: dict[Path, int] = {}
        self._ready: set[Path] = set()
        self.refresh()

    def refresh(self) -> set[Key]:
        """
        Look for new segments and records.

        @return: the titles and epochs of records that are new since the last time.

        @raise sqlite3.Error: a segment cannot be read.
        """
        files = {file.path for file in segment_files(self._directory, REDECODED)}
        for path in self._segments.keys() - files:
            self._segments.pop(path).close()
        for path in files - self._segments.keys():
            self._segments[path] = self._disk.connect_read_only(path)
        found: set[Key] = set()
        for path, connection in self._segments.items():
            if not self._is_ready(path, connection):
                continue
            for seq, title, epoch in connection.execute(
                "SELECT seq, title, epoch FROM record WHERE seq > ? ORDER BY seq",
                (self._ends.get(path, 0),),
            ):
                self._ends[path] = seq
                found.add((title or b"", epoch))
        return found

    def refused(self, key: Key, above: int) -> frozenset[int]:
        """
        @return: the counters above C{above} that were accepted out of the quarantine.
        """
        if not self._segments:
            return _NONE
        title, epoch = key
        return frozenset(
            counter
            for path, connection in self._segments.items()
            if self._is_ready(path, connection)
            for (counter,) in connection.execute(
                "SELECT counter FROM record WHERE title IS ? AND epoch = ? AND counter > ? AND checked",
                (title or None, epoch, above),
            )
        )

    def origins(self, wanted: Sequence[str]) -> dict[str, str]:
        """
        @param wanted: Identities in the quarantine.

        @return: by them the identities of the records that were made of them.
        """
        found: dict[str, str] = {}
        marks = ", ".join("?" * len(wanted))
        for path, connection in self._segments.items():
            if self._is_ready(path, connection):
                for origin, identity, *counted in connection.execute(
                    f"SELECT origin, id, title, epoch, counter FROM record WHERE origin IN ({marks})",
                    list(wanted),
                ):
                    found[origin] = checked_id(*counted) if identity is None else identity.hex()
        return found

    def _is_ready(self, path: Path, connection: sqlite3.Connection) -> bool:
        """
        Has the segment been made to the end?
        """
        if path not in self._ready:
            row = connection.execute(
                "SELECT count(*) FROM sqlite_master WHERE name = 'record_by_counter'"
            ).fetchone()
            if not row[0]:
                return False
            self._ready.add(path)
        return True

    def close(self) -> None:
        """
        Close all segments.
        """
        for connection in self._segments.values():
            connection.close()
        self._segments.clear()


class DecodedWriter:
    """
    Appends to that series; only one process at a time may.
    """

    def __init__(self, directory: Path, disk: Disk, octets: int) -> None:
        """
        @param octets: A segment that has grown to this size is left for a new one.
        """
        self._directory = directory
        self._disk = disk
        self._octets = octets
        self._segment: Segment | None = None

    def append(self, rows: Sequence[Row], now: int) -> None:
        """
        Write rows and commit them.

        @param now: Microseconds since 1970 UTC.

        @raise sqlite3.Error: none of them is there.
        """
        segment = self._segment
        if segment is None or segment.octets >= self._octets:
            segment = self._begin(now)
        segment.append(rows)

    def close(self) -> None:
        """
        Close the segment.
        """
        if self._segment is not None:
            self._segment.close()
            self._segment = None

    def _begin(self, now: int) -> Segment:
        self.close()
        files = segment_files(self._directory, REDECODED)
        if files and self._disk.size(files[-1].path) < self._octets:
            file = files[-1]
        else:
            number = 1 + (files[-1].number if files else 0)
            file = SegmentFile.make(self._directory, REDECODED, number, day_of(now))
        self._segment = Segment(file, self._disk, _INDEXES)
        return self._segment
