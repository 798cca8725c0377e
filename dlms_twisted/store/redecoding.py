"""
The disk's side of decoding again: reads the quarantine, judges counters, writes what is accepted, and marks.
"""

from __future__ import annotations

import os
import sqlite3
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Final, NamedTuple

from dlms_twisted.errors import Reason
from dlms_twisted.session.notification import Refusal
from dlms_twisted.store.decoded import Decoded, DecodedWriter
from dlms_twisted.store.disk import Disk
from dlms_twisted.store.judge import Judge
from dlms_twisted.store.record import Record, StoredRecord, checked_id
from dlms_twisted.store.rows import column_names, row_of, select, stored
from dlms_twisted.store.schema import prepare_segment, version
from dlms_twisted.store.series import QUARANTINE, SegmentFile, segment_files
from dlms_twisted.store.windows import Key

__all__ = ["Found", "Redecoding"]

_IDENTITY: Final = 16
_PAGE: Final = 500
#: As many system titles are named in a query; of more each record is looked at.
_TITLES: Final = 500


class Found(NamedTuple):
    """
    A message that decodes now.

    @ivar stored: The record in the quarantine.
    @ivar record: The record to be.
    """

    stored: StoredRecord
    record: Record


class _Mark(NamedTuple):
    """
    What a record of the quarantine is told.
    """

    stored: StoredRecord
    settled: str | None
    reason: str | None
    detail: str | None


class Redecoding:
    """
    All of it runs in one thread at a time.
    """

    def __init__(self, directory: Path, disk: Disk, octets: int) -> None:
        self._directory = directory
        self._disk = disk
        self._octets = octets
        self._rows: Iterator[StoredRecord] | None = None

    def start(self) -> None:
        """
        Open what is needed.

        @raise sqlite3.Error: the journal cannot be read.
        """
        for file in segment_files(self._directory, QUARANTINE):
            with closing(self._disk.connect_to_change(file.path)) as connection:
                if version(connection):
                    prepare_segment(connection)
        self._judge = Judge(self._directory, self._disk)
        self._decoded = Decoded(self._directory, self._disk)
        self._writer = DecodedWriter(self._directory, self._disk, self._octets)

    def close(self) -> None:
        """
        Close what was opened.
        """
        if self._rows is not None:
            self._rows = None
        self._writer.close()
        self._decoded.close()
        self._judge.close()

    def read(
        self, count: int, reasons: Sequence[str], titles: frozenset[bytes] | None
    ) -> list[StoredRecord]:
        """
        @return: the next records of the quarantine that wait.

        @raise sqlite3.Error: a segment cannot be read.
        """
        if self._rows is None:
            self._rows = self._waiting(reasons, titles)
        return list(islice(self._rows, count))

    def write(
        self, found: Sequence[Found], refused: Sequence[tuple[StoredRecord, Refusal]], now: int
    ) -> int:
        """
        Write what is accepted, then mark where it came from.  If this is broken off in between, the next run finds
        the record by its origin and only marks.

        @param found: What decodes now.
        @param refused: What is refused for another reason than before.

        @return: how many of C{found} had been accepted already.

        @raise sqlite3.Error: it is not, or not all, written.
        """
        self._judge.refresh()
        self._decoded.refresh()
        done = self._decoded.origins([one.stored.id for one in found])
        seen = self._seen(one.record for one in found if one.stored.id not in done)
        marks = [_Mark(one, None, str(refusal.reason), refusal.detail) for one, refusal in refused]
        rows = []
        replays = 0
        for one in found:
            record = one.record
            identity = done.get(one.stored.id)
            if identity is None:
                key = (record.title or b"", record.epoch or "")
                if record.checked and record.counter in seen[key]:
                    replays += 1
                    marks.append(_Mark(one.stored, Reason.REPLAY, Reason.REPLAY, "accepted before"))
                    continue
                octets = None if record.checked else os.urandom(_IDENTITY)
                rows.append(row_of(record, octets, origin=one.stored.id))
                if octets is None:
                    seen[key].add(record.counter or 0)
                    identity = checked_id(record.title, record.epoch, record.counter)
                else:
                    identity = octets.hex()
            marks.append(_Mark(one.stored, identity, None, None))
        if rows:
            self._writer.append(rows, now)
        self._mark(marks)
        return replays

    def _seen(self, records: Iterator[Record]) -> dict[Key, set[int]]:
        wanted: dict[Key, set[int]] = defaultdict(set)
        for record in records:
            if record.checked and record.counter is not None:
                wanted[record.title or b"", record.epoch or ""].add(record.counter)
        seen: dict[Key, set[int]] = defaultdict(set)
        for key, counters in wanted.items():
            seen[key] = self._judge.seen(key, counters)
            seen[key] |= counters & self._decoded.refused(key, min(counters) - 1)
        return seen

    def _waiting(
        self, reasons: Sequence[str], titles: frozenset[bytes] | None
    ) -> Iterator[StoredRecord]:
        for file in segment_files(self._directory, QUARANTINE):
            after = 0
            while page := self._page(file, after, reasons, titles):
                after = page[-1].position.seq
                yield from (one for one in page if titles is None or one.record.title in titles)

    def _page(
        self,
        file: SegmentFile,
        after: int,
        reasons: Sequence[str],
        titles: frozenset[bytes] | None,
    ) -> list[StoredRecord]:
        try:
            with closing(self._disk.connect_read_only(file.path)) as connection:
                columns = column_names(connection) if version(connection) else set()
                if not columns:
                    return []
                where = f"seq > ? AND settled IS NULL AND reason IN ({_marks(reasons)})"
                values: list[object] = [after, *map(str, reasons)]
                if titles is not None and len(titles) <= _TITLES:
                    where += f" AND title IN ({_marks(titles)})"
                    values += titles
                rows = connection.execute(
                    f"{select(columns)} WHERE {where} ORDER BY seq LIMIT {_PAGE}", values
                )
                return list(stored(rows, file.series, file.number))
        except sqlite3.OperationalError:
            if file.path.exists():
                raise
            return []

    def _mark(self, marks: Sequence[_Mark]) -> None:
        by_number: dict[int, list[_Mark]] = defaultdict(list)
        for mark in marks:
            by_number[mark.stored.position.number].append(mark)
        for file in segment_files(self._directory, QUARANTINE):
            if file.number in by_number:
                with closing(self._disk.connect_to_change(file.path)) as connection:
                    connection.execute("BEGIN IMMEDIATE")
                    connection.executemany(
                        "UPDATE record SET settled = ?, reason = coalesce(?, reason), "
                        "detail = coalesce(?, detail) WHERE seq = ?",
                        [
                            (mark.settled, mark.reason, mark.detail, mark.stored.position.seq)
                            for mark in by_number[file.number]
                        ],
                    )
                    connection.execute("COMMIT")


def _marks(values: Collection[object]) -> str:
    return ", ".join("?" * len(values))
