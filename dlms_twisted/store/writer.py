"""
The disk's side of the journal: runs in the writer's thread, one batch after the other.
"""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import Final

from twisted.logger import Logger

from dlms_twisted.store.batch import Batch, Group, Part
from dlms_twisted.store.disk import Disk
from dlms_twisted.store.limits import StoreLimits
from dlms_twisted.store.record import ACCEPTED, Position, checked_id
from dlms_twisted.store.repeats import Repeats
from dlms_twisted.store.rows import row_of
from dlms_twisted.store.segment import MISTAKES, Segment
from dlms_twisted.store.series import (
    QUARANTINE,
    READINGS,
    STATE,
    SegmentFile,
    day_of,
    segment_files,
)
from dlms_twisted.store.state import State

__all__ = ["Writer"]

#: Of a random identity, in octets.
_IDENTITY: Final = 16
#: The quarantine goes by whole segments: this part of its limit is one.
_QUARANTINE_PARTS: Final = 8
#: Records of the last process in which repeats are looked for.
_REMEMBERED: Final = 65_536


class Writer:
    """
    Writes batches.  A batch that failed is given again; what of it was written is not written twice.

    @ivar state: The state file.
    @ivar marked: The last reading that the windows of the state include.
    """

    log = Logger()

    def __init__(self, directory: Path, disk: Disk, limits: StoreLimits) -> None:
        """
        Open what is there.

        @raise sqlite3.Error: it cannot be opened.

        @raise StoreError: a newer version of this program has made it.
        """
        self._directory = directory
        self._disk = disk
        self._octets = {
            READINGS: limits.segment_octets,
            QUARANTINE: min(
                limits.segment_octets, max(1, limits.quarantine.octets // _QUARANTINE_PARTS)
            ),
        }
        self._repeats = Repeats()
        self._segments: dict[str, Segment] = {}
        #: Has a write failed in a way that leaves it open what of it is on the disk?
        self._doubtful = False
        self.state = State(directory / STATE, disk)
        self.marked = self.state.mark()
        for series in (READINGS, QUARANTINE):
            if files := segment_files(directory, series):
                self._segments[series] = Segment(files[-1], disk)
        if READINGS in self._segments:
            for record in self._segments[READINGS].unchecked(_REMEMBERED):
                self._repeats.learn(*record)

    def end(self) -> Position:
        """
        @return: the last reading that is committed.
        """
        segment = self._segments.get(READINGS)
        return Position(0, 0) if segment is None else Position(segment.file.number, segment.last)

    def open_numbers(self) -> dict[str, int]:
        """
        @return: by series the number of the segment that is written to.
        """
        return {series: segment.file.number for series, segment in self._segments.items()}

    def write(self, batch: Batch) -> bool:
        """
        Commit a batch; its groups then have their identities.

        @return: has a segment been left for a new one?

        @raise sqlite3.Error: some of it is not written: give the batch again.
        """
        try:
            return self._commit(batch)
        except sqlite3.Error as error:
            self._doubtful |= not _nothing_was_written(error)
            raise

    def _commit(self, batch: Batch) -> bool:
        if batch.parts is None:
            batch.parts = self._parts(batch)
        moved = False
        for series, part in batch.parts.items():
            if not part.written:
                moved |= self._write(series, part)
        batch.end = self.end()
        if batch.state:
            self.state.write(batch.state, batch.end)
            self.marked = batch.state.mark_at(batch.end) or self.marked
        return moved

    def write_again(self, batch: Batch) -> bool:
        """
        Look what a failed write has left, and write the rest.

        @return: as L{write}.

        @raise sqlite3.Error: the disk still fails.
        """
        if self._doubtful:
            self._recover()
            self._doubtful = False
        return self.write(batch)

    def _recover(self) -> None:
        self.state.recover()
        for series, segment in list(self._segments.items()):
            try:
                segment.recover()
            except sqlite3.OperationalError:
                raise
            except sqlite3.DatabaseError as error:
                self.log.error(
                    "{path} is damaged and left: {error}", path=segment.file.path, error=error
                )
                self._begin(series, segment.file.day)

    def close(self) -> None:
        """
        Close all files.
        """
        for segment in self._segments.values():
            segment.close()
        self.state.close()

    def _parts(self, batch: Batch) -> dict[str, Part]:
        rows: dict[str, Part] = {}
        random = os.urandom(_IDENTITY * batch.records)
        for group in batch.groups:
            random = self._add(group, rows, random)
        return rows

    def _add(self, group: Group, parts: dict[str, Part], random: bytes) -> bytes:
        """
        Make the rows of a group.

        @return: C{random} without what was used.
        """
        identities = group.identities
        at = 0
        for index, record in enumerate(group.records):
            if index in group.dropped:
                identities.append("")
                continue
            series = READINGS if record.outcome == ACCEPTED else QUARANTINE
            if record.checked and series == READINGS:
                identities.append(checked_id(record.title, record.epoch, record.counter))
                row = row_of(record, None)
            else:
                identity = random[at : at + _IDENTITY]
                at += _IDENTITY
                text = identity.hex()
                identities.append(text)
                earlier = self._repeats.earlier(record, text) if series == READINGS else None
                row = row_of(record, identity, earlier)
            part = parts.get(series)
            if part is None:
                part = parts[series] = Part([], record.received_at)
            part.rows.append(row)
            part.newest = max(part.newest, record.received_at)
        return random[at:]

    def _write(self, series: str, part: Part) -> bool:
        segment = self._segments.get(series)
        moved = False
        if part.expected is not None and segment is not None and segment.last >= part.expected:
            part.written = True
            return False
        day = day_of(part.newest)
        if segment is None or (
            part.expected is None
            and (day > segment.file.day or segment.octets >= self._octets[series])
        ):
            moved = segment is not None
            segment = self._begin(series, day)
        part.expected = segment.last + len(part.rows)
        try:
            segment.append(part.rows)
        except MISTAKES:
            part.expected = None
            segment.append_singly(part.rows)
        part.written = True
        return moved

    def _begin(self, series: str, day: str) -> Segment:
        """
        Leave the open segment of a series for a new one.
        """
        files = segment_files(self._directory, series)
        left = self._segments.get(series)
        number = max(
            1 + (files[-1].number if files else 0),
            1 + (left.file.number if left else 0),
            1 + (self.state.mark().number if series == READINGS else 0),
        )
        file = SegmentFile.make(self._directory, series, number, day)
        try:
            segment = Segment(file, self._disk)
        except sqlite3.Error:
            self._disk.remove(file.path)
            raise
        if left is not None:
            left.close()
        self._segments[series] = segment
        return segment


def _nothing_was_written(error: sqlite3.Error) -> bool:
    """
    Is it certain that a write which failed with C{error} has left nothing?  A full disk is told before a transaction
    ends; and what is there need not be written once more, for which there might be no room.
    """
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in {sqlite3.SQLITE_FULL, sqlite3.SQLITE_BUSY}
