"""
Profiles: buffers to rows, whole or as they come.

Rows are tuples with the names of their columns.  A cell that a meter left out stays in its place: null-data of a clock
becomes the time before plus the capture period; of other columns it is C{None}, or the value before where that is asked
for; deltas are summed up.  Source: DLMS UA 1000-1 (Blue Book), Profile generic.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from itertools import chain, repeat
from operator import itemgetter
from typing import Any, Final

from dlms_twisted.codec.data import Data, decode_data, decode_data_at
from dlms_twisted.codec.tags import ARRAY, COMPACT_ARRAY, STRUCTURE
from dlms_twisted.codec.times import DateTime
from dlms_twisted.cosem.cells import ColumnReader
from dlms_twisted.cosem.clock import NO_OPTIONS, ClockOptions
from dlms_twisted.cosem.columns import Column, with_labels
from dlms_twisted.cosem.elements import Element, children, element_of
from dlms_twisted.cosem.profile_runs import Run, extent, length_at, runs
from dlms_twisted.cosem.scaled import number_text
from dlms_twisted.errors import DecodeError

__all__ = ["Nulls", "Profile", "Row", "RowDecoder", "csv_text"]

#: Most notes that are kept of one buffer.
_NOTES: Final = 100


class Nulls(StrEnum):
    """
    What null-data in a column that is no clock means.
    """

    #: Nothing: the cell is C{None}.
    KEEP = "keep"
    #: The value of the row before, for meters that compress so.
    PREVIOUS = "previous"


class Row(tuple[Any, ...]):
    """
    One row: its cells in the order of the columns, which are attributes too.

    @cvar columns: The columns.
    """

    __slots__ = ()

    columns: tuple[Column, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """
        @return: the cells by the labels of their columns.
        """
        return dict(zip([one.label for one in self.columns], self, strict=False))

    def __repr__(self) -> str:
        shown = ", ".join(f"{label}={cell!r}" for label, cell in self.as_dict().items())
        return f"Row({shown})"


class Profile:
    """
    How the buffer of one profile is read.
    """

    def __init__(
        self,
        columns: Iterable[Column],
        *,
        capture_period: int = 0,
        newest_first: bool = False,
        nulls: Nulls = Nulls.KEEP,
        scaled: bool = False,
        clock: ClockOptions = NO_OPTIONS,
    ) -> None:
        """
        @param columns: In the order of C{capture_objects}.
        @param capture_period: In seconds, 0 for none: times that were left out are not known then.
        @param newest_first: The buffer is sorted so (LIFO): a time that was left out lies before the one before it.
        @param nulls: What null-data means outside of clocks.
        @param scaled: Multiply numbers by their scaler, as exact Decimals.
        @param clock: The quirks of the meter's clock.
        """
        self.columns = with_labels(columns)
        self.capture_period = capture_period
        self.newest_first = newest_first
        self.nulls = Nulls(nulls)
        self.scaled = scaled
        self.clock = clock
        fields: dict[str, Any] = {
            one.label: property(itemgetter(index), doc=one.name)
            for index, one in enumerate(self.columns)
        }
        #: The class of the rows.
        self.row_type: type[Row] = type(
            "Row", (Row,), {"__slots__": (), "columns": self.columns, **fields}
        )

    @property
    def step(self) -> timedelta | None:
        """
        From one row's time to the next.
        """
        if not self.capture_period:
            return None
        try:
            step = timedelta(seconds=self.capture_period)
        except OverflowError:
            return None
        return -step if self.newest_first else step

    def rows(self, buffer: Data | bytes) -> Iterator[Row]:
        """
        @param buffer: The attribute C{buffer}, as Data or as its octets: an array or a compact-array.

        @return: its rows, made as they are taken.

        @raise DecodeError: it is no buffer; the rows before the place were given.
        """
        decoder = self.decoder()
        decoder.receive_data(buffer.octets if isinstance(buffer, Data) else buffer)
        return chain.from_iterable(_all(decoder))

    def decoder(self) -> RowDecoder:
        """
        @return: a decoder for a buffer that comes in parts.
        """
        return RowDecoder(self)


def _all(decoder: RowDecoder) -> Iterator[Iterable[Row]]:
    yield decoder.take()
    yield decoder.finish()


class RowDecoder:
    """
    Makes rows of a buffer that comes in parts, as block transfer brings it.

    @ivar notes: What was odd: rows that are shorter or longer than the columns.
    """

    def __init__(self, profile: Profile) -> None:
        """
        @param profile: How its buffer is read.
        """
        self._profile = profile
        self._buffer = b""
        self._offset = 0
        self._wanted = 0
        self._left: int | None = None
        self._taken = 0
        #: Rows of a compact-array, which is decoded as a whole.
        self._waiting: Sequence[Element] = ()
        self._readers: list[ColumnReader] = []
        self.notes: list[str] = []

    @property
    def is_complete(self) -> bool:
        """
        Did all rows come?
        """
        return self._left == 0

    def receive_data(self, octets: bytes) -> None:
        """
        @param octets: The next part of the buffer, cut anywhere.
        """
        self._buffer = self._buffer[self._offset :] + octets
        self._offset = 0

    def take(self) -> Iterator[Row]:
        """
        @return: the rows that are whole by now; take them all before more data is given.

        @raise DecodeError: the octets are no buffer.
        """
        return chain.from_iterable(self._batches())

    def _batches(self) -> Iterator[Iterable[Row]]:
        """
        The rows run by run; no generator stands between a run and who takes its rows.
        """
        if len(self._buffer) < self._wanted:
            return
        if self._left is None and not self._begin():
            return
        for element in self._waiting:
            yield [self._row(element)]
            self._taken += 1
        self._waiting = ()
        start = self._offset
        for run in runs(self._buffer, start, len(self._buffer), self._left or 0):
            self._offset = run.end
            assert self._left is not None
            self._left -= run.rows
            yield self._run(run)
            self._taken += run.rows
        # A long row that comes in small parts is looked at again when there is an eighth more of it.
        rest = len(self._buffer) - self._offset
        self._wanted = rest + rest // 8 if self._left and rest > 4096 else 0
        if self._left == 0 and self._offset < len(self._buffer):
            raise DecodeError("end of the buffer wanted", self._offset)

    def finish(self) -> list[Row]:
        """
        The last part was given.

        @return: the rows that L{take} did not give yet.

        @raise DecodeError: rows are missing.
        """
        self._wanted = 0
        rows = list(self.take())
        if self._left != 0:
            raise DecodeError("the rest of the buffer wanted", len(self._buffer))
        return rows

    def _begin(self) -> bool:
        """
        The tag and the count; a compact-array is taken as a whole.
        """
        buffer = self._buffer
        if not buffer:
            return False
        if buffer[0] == COMPACT_ARRAY:
            return self._compact(buffer)
        if buffer[0] == 0 and len(buffer) == 1:
            # null-data in place of an empty buffer
            self._left, self._offset = 0, 1
            return True
        if buffer[0] != ARRAY:
            raise DecodeError("an array or compact-array of rows wanted", 0)
        found = length_at(buffer, 1, len(buffer))
        if found is None:
            return False
        self._left, self._offset = found
        return True

    def _compact(self, buffer: bytes) -> bool:
        if extent(buffer, 0, len(buffer)) is None:
            return False
        rows = children(element_of(decode_data(buffer)))
        self._waiting = rows
        self._left, self._offset = 0, len(buffer)
        return True

    def _run(self, run: Run) -> Iterable[Row]:
        if run.shape is None:
            return [self._odd(run)]
        cells = run.shape.cells
        self._count(len(cells), run.rows)
        chunk, length = self._buffer[run.offset : run.end], run.shape.length
        columns = [
            reader.read(cell, chunk, length, run.rows)
            for cell, reader in zip(cells, self._readers, strict=False)
        ]
        missing = len(self._profile.columns) - len(cells)
        columns += [repeat(None, run.rows) for _ in range(missing)]
        if not columns:
            return [self._profile.row_type()] * run.rows
        return map(self._profile.row_type, zip(*columns, strict=False))

    def _odd(self, run: Run) -> Row:
        """
        A row with arrays or structures in its cells, or one that is no structure.
        """
        data, _ = decode_data_at(self._buffer[: run.end], run.offset)
        return self._row(element_of(data))

    def _row(self, root: Element) -> Row:
        cells: Sequence[Element] = children(root) if root.tag == STRUCTURE else (root,)
        self._count(len(cells), 1)
        values = [
            reader.value(cell.tag, cell.value)
            for cell, reader in zip(cells, self._readers, strict=False)
        ]
        values += [None] * (len(self._profile.columns) - len(cells))
        return self._profile.row_type(values)

    def _count(self, cells: int, rows: int) -> None:
        """
        Readers for all cells, and a note where they are not as many as the columns.
        """
        profile = self._profile
        while len(self._readers) < max(cells, len(profile.columns)):
            index = len(self._readers)
            self._readers.append(
                ColumnReader(
                    profile.columns[index] if index < len(profile.columns) else None,
                    clock=profile.clock,
                    step=profile.step,
                    fill=profile.nulls is Nulls.PREVIOUS,
                    scaled=profile.scaled,
                )
            )
        if cells != len(profile.columns) and len(self.notes) < _NOTES:
            which = f"row {self._taken}" if rows == 1 else f"{rows} rows from {self._taken} on"
            self.notes.append(f"{which}: {cells} cells for {len(profile.columns)} columns")


def csv_text(profile: Profile, rows: Iterable[Row]) -> Iterator[str]:
    """
    @return: CSV (RFC 4180), line by line: the labels first, with their units; times in ISO 8601, numbers with all
        their digits, octets in hex.
    """
    line = io.StringIO()
    writer = csv.writer(line)

    def written(cells: Iterable[object]) -> str:
        writer.writerow(cells)
        text = line.getvalue()
        line.seek(0)
        line.truncate()
        return text

    yield written(
        f"{one.label} [{one.unit}]" if one.unit is not None and profile.scaled else one.label
        for one in profile.columns
    )
    for row in rows:
        yield written(_shown(cell) for cell in row)


def _shown(cell: object) -> object:
    if isinstance(cell, datetime):
        return cell.isoformat()
    if isinstance(cell, Decimal):
        return number_text(cell)
    if isinstance(cell, bytes):
        return cell.hex()
    return str(cell) if isinstance(cell, (tuple, DateTime)) else cell
