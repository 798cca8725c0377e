"""
Readers of a journal: any number of them, in any process, beside its writer.

A reader changes nothing.  The open segment is read a page at a time, so that a slow reader does not keep the writer's
log from being folded away; a segment that is removed while it is read is read to its end.
"""

from __future__ import annotations

import heapq
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from attrs import field, frozen
from attrs.validators import in_, optional

from dlms_twisted.errors import StoreError
from dlms_twisted.store.disk import Disk
from dlms_twisted.store.record import ACCEPTED, REFUSED, Position, StoredRecord
from dlms_twisted.store.rows import Row, column_names, select, stored
from dlms_twisted.store.schema import last_row, version
from dlms_twisted.store.series import (
    QUARANTINE,
    READINGS,
    REDECODED,
    STATE,
    SegmentFile,
    segment_files,
)

__all__ = ["EVERYTHING", "Filter", "JournalReader"]

#: Rows read in one transaction of a segment that is written to.
_PAGE: Final = 1000


@frozen(kw_only=True)
class Filter:
    """
    Which records are wanted; all that are named must hold.

    @ivar meter: A configured name, or a system title in hex.  Records with neither are taken too, because only
        their content can tell: compare what L{dlms_twisted.store.render.Renderer} makes of them.
    @ivar since: The earliest arrival, in microseconds since 1970 UTC.
    @ivar until: The first arrival that is too late.
    @ivar outcome: L{ACCEPTED} or L{REFUSED}.
    @ivar reason: Why a record was refused.
    """

    meter: str | None = None
    since: int | None = None
    until: int | None = None
    outcome: str | None = field(default=None, validator=optional(in_((ACCEPTED, REFUSED))))
    reason: str | None = None

    @property
    def series(self) -> tuple[str, ...]:
        """
        Where such records are.
        """
        if self.outcome == ACCEPTED:
            return () if self.reason is not None else (READINGS, REDECODED)
        if self.outcome == REFUSED or self.reason is not None:
            return (QUARANTINE,)
        return (READINGS, REDECODED, QUARANTINE)

    def conditions(self, *, indexed: bool) -> tuple[list[str], list[Any]]:
        """
        @param indexed: For a segment that has its indexes.

        @return: SQL conditions, and their values.
        """
        conditions: list[str] = []
        values: list[Any] = []
        if self.meter is not None:
            ways = ["meter = ?", "title = ?", "title IS NULL AND meter IS NULL"]
            values += [self.meter, _title(self.meter)]
            if indexed:
                each = " UNION ".join(f"SELECT seq FROM record WHERE {way}" for way in ways)
                conditions.append(f"seq IN ({each})")
            else:
                conditions.append(f"({' OR '.join(f'({way})' for way in ways)})")
        if self.since is not None:
            conditions.append("received_at >= ?")
            values.append(self.since)
        if self.until is not None:
            conditions.append("received_at < ?")
            values.append(self.until)
        if self.reason is not None:
            conditions.append("reason = ?")
            values.append(self.reason)
        return conditions, values


#: No condition at all.
EVERYTHING: Final = Filter()


class JournalReader:
    """
    Reads a journal.
    """

    def __init__(
        self,
        directory: Path,
        disk: Disk | None = None,
        damaged: Callable[[StoreError], None] | None = None,
    ) -> None:
        """
        @param damaged: Told of each segment that cannot be read, which is then passed over; without it the error
            is raised.

        @raise StoreError: there is no journal in C{directory}.
        """
        self.directory = directory
        self._disk = disk or Disk()
        self._damaged = damaged or _raise
        if not (directory / STATE).exists() and not segment_files(directory):
            raise StoreError(f"there is no journal in {directory}")

    def records(self, wanted: Filter = EVERYTHING) -> Iterator[StoredRecord]:
        """
        @return: the records in the order of their arrival; of those that were decoded again only the decoded one.

        @raise StoreError: a segment cannot be read.
        """
        streams = (self._series(series, wanted) for series in wanted.series)
        return heapq.merge(*streams, key=_arrival)

    def last(self, count: int, wanted: Filter = EVERYTHING) -> list[StoredRecord]:
        """
        @return: the last C{count} records, in the order of their arrival.
        """
        found: list[StoredRecord] = []
        for series in wanted.series:
            left = count
            for file in reversed(segment_files(self.directory, series)):
                if left <= 0:
                    break
                rows = list(self._segment(file, wanted, backwards=left))
                left -= len(rows)
                found += rows
        return sorted(found, key=_arrival)[-count:] if count > 0 else []

    def ends(self) -> dict[str, Position]:
        """
        @return: by series where it ends now.
        """
        ends = {}
        for file in segment_files(self.directory):
            with self._open(file) as connection:
                if connection is not None:
                    ends[file.series] = Position(file.number, last_row(connection))
        return ends

    def after(
        self, ends: dict[str, Position], wanted: Filter = EVERYTHING
    ) -> Iterator[StoredRecord]:
        """
        @param ends: By series the place after which to read; moved along.

        @return: what was written after these places.
        """
        for series in wanted.series:
            start = ends.get(series, Position(0, 0))
            for file in segment_files(self.directory, series):
                if file.number < start.number:
                    continue
                seq = start.seq if file.number == start.number else 0
                for one in self._segment(file, wanted, after=seq):
                    ends[series] = one.position
                    yield one

    def segment(self, file: SegmentFile, after: int = 0) -> Iterator[StoredRecord]:
        """
        @return: all records of one segment, in their order, those that were decoded again too.
        """
        return self._segment(file, None, after=after)

    def _series(self, series: str, wanted: Filter) -> Iterator[StoredRecord]:
        for file in segment_files(self.directory, series):
            yield from self._segment(file, wanted)

    def _segment(
        self, file: SegmentFile, wanted: Filter | None, *, after: int = 0, backwards: int = 0
    ) -> Iterator[StoredRecord]:
        with self._open(file) as connection:
            if connection is None:
                return
            rows = _rows(connection, file, wanted, after, backwards)
            try:
                yield from stored(rows, file.series, file.number)
            except sqlite3.Error as error:
                self._damaged(StoreError(f"{file.path} cannot be read: {error}"))

    @contextmanager
    def _open(self, file: SegmentFile) -> Iterator[sqlite3.Connection | None]:
        """
        @return: a connection, or L{None} for a segment that is gone or was told to be damaged.
        """
        connection = None
        try:
            connection = self._disk.connect_read_only(file.path)
            if version(connection) == 0:
                connection.close()
                connection = None
        except sqlite3.Error as error:
            if connection is not None:
                connection.close()
                connection = None
            if file.path.exists():
                self._damaged(StoreError(f"{file.path} cannot be read: {error}"))
        try:
            yield connection
        finally:
            if connection is not None:
                connection.close()


def _rows(
    connection: sqlite3.Connection,
    file: SegmentFile,
    wanted: Filter | None,
    after: int,
    backwards: int,
) -> Iterator[Row]:
    columns = column_names(connection)
    query = select(columns)
    indexed = "record_by_meter" in _indexes(connection)
    conditions, values = (wanted or EVERYTHING).conditions(indexed=indexed)
    if wanted is not None and file.series == QUARANTINE and "settled" in columns:
        conditions.append("(settled IS NULL OR settled = reason)")
    if backwards:
        where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
        yield from connection.execute(
            f"{query}{where} ORDER BY seq DESC LIMIT ?", (*values, backwards)
        )
        return
    if indexed and conditions and not after:
        yield from connection.execute(
            f"{query} WHERE {' AND '.join(conditions)} ORDER BY received_at, seq", values
        )
        return
    where = " AND ".join(["seq > ?", *conditions])
    statement = f"{query} WHERE {where} ORDER BY seq LIMIT {_PAGE}"
    while page := connection.execute(statement, (after, *values)).fetchall():
        yield from page
        after = page[-1][0]
        if len(page) < _PAGE:
            return


def _indexes(connection: sqlite3.Connection) -> set[str]:
    return {
        row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'index'")
    }


def _arrival(one: StoredRecord) -> int:
    return one.record.received_at


def _raise(error: StoreError) -> None:
    raise error


def _title(text: str) -> bytes | None:
    try:
        title = bytes.fromhex(text)
    except ValueError:
        return None
    return title or None
