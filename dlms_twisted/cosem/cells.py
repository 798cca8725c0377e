"""
Cells of a profile, a whole column at a time: contents to values, null-data and deltas undone.

Source: DLMS UA 1000-1 (Blue Book), Profile generic; DLMS UA 1000-2 (Green Book), delta-value encoding.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta, timezone
from itertools import accumulate, repeat
from struct import unpack
from typing import Any, Final

from dlms_twisted.codec.element import bits, utf8
from dlms_twisted.codec.tags import (
    BIT_STRING,
    BY_NAME,
    BY_TAG,
    OCTET_STRING,
    UTF8_STRING,
    VISIBLE_STRING,
)
from dlms_twisted.codec.times import DateTime
from dlms_twisted.cosem.clock import ClockOptions, aware_datetime, local_datetime
from dlms_twisted.cosem.columns import Column
from dlms_twisted.cosem.profile_runs import Cell
from dlms_twisted.cosem.scaled import scale

__all__ = ["DELTAS", "ColumnReader", "Delta", "strided", "time_of"]

#: The types that stand for a difference.
DELTAS: Final = frozenset([one.tag for name, one in BY_NAME.items() if name.startswith("delta-")])
_DATE_TIME: Final = BY_NAME["date-time"].tag
_DAY: Final = 24 * 60
#: Octets that are no second, and no whole number of seconds, once "not specified" counts as 0.
_IN_MINUTE: Final = bytes(range(60))
_WHOLE: Final = b"\x00\xff"
_UNSPECIFIED: Final = bytes.maketrans(b"\xff", b"\x00")
#: Hundredths to microseconds; the impossible stays so.
_MICROSECONDS: Final = (*(one * 10_000 for one in range(100)), *([10_000_000] * 156))


class _Zones(dict[int, timezone | None]):
    """
    From a deviation to the zone; C{None} where it is unknown.  At most as many entries as there are deviations.
    """

    def __init__(self, sign: int) -> None:
        super().__init__()
        self._sign = sign

    def __missing__(self, deviation: int) -> timezone | None:
        zone = None
        if -_DAY < deviation < _DAY:
            zone = timezone(timedelta(minutes=self._sign * deviation))
        self[deviation] = zone
        return zone


_STANDARD: Final = _Zones(-1)
_INVERTED: Final = _Zones(1)


def time_of(octets: bytes, clock: ClockOptions) -> datetime | DateTime:
    """
    @return: an aware datetime; one without a zone where the deviation is unknown; the date-time with its wildcards
        where it is no single moment.
    """
    found = aware_datetime(octets, clock) or local_datetime(octets)
    return DateTime.from_octets(octets) if found is None else found


def strided(chunk: bytes, place: int, length: int, width: int) -> bytes:
    """
    @param chunk: Rows of C{length} octets each.
    @param place: Where a content begins in each row.
    @param width: How many octets it has.

    @return: the contents of all rows, one behind the other.
    """
    if width == 1:
        return chunk[place::length]
    joined = bytearray(len(chunk) // length * width)
    for octet in range(width):
        joined[octet::width] = chunk[place + octet :: length]
    return bytes(joined)


class ColumnReader:
    """
    Makes the values of one column, and remembers the last for what refers to it.
    """

    def __init__(
        self,
        column: Column | None,
        *,
        clock: ClockOptions,
        step: timedelta | None,
        fill: bool,
        scaled: bool,
    ) -> None:
        """
        @param column: C{None} for cells beyond the columns.
        @param clock: The quirks of the meter's clock.
        @param step: From one row's time to the next; C{None} where it is not known.
        @param fill: Whether null-data means "as before" in a column that is no clock.
        @param scaled: Whether numbers are multiplied by the column's scaler.
        """
        self.column = column
        self._clock = clock
        self._plain = clock.clock_zone is None
        self._zones = _INVERTED if clock.deviation_inverted else _STANDARD
        self._step = step if column is not None and column.is_clock else None
        self._is_clock = column is not None and column.is_clock
        self._fill = fill
        self._scaler = column.scaler if column is not None and scaled else None
        self.last: Any = None

    def read(self, cell: Cell, chunk: bytes, length: int, count: int) -> Iterable[Any]:
        """
        @param cell: Where it stands in each row.
        @param chunk: C{count} rows of C{length} octets each.

        @return: C{count} values.
        """
        if not cell.width:
            return self._empty(cell, count)
        if self._is_clock and cell.width == 12 and cell.tag in {OCTET_STRING, _DATE_TIME}:
            return self._kept(self._moments(chunk, cell.offset, length, count))
        values = _contents(cell, chunk, length, count)
        if cell.tag in DELTAS:
            return self._deltas(values)
        return self._scaled(self._kept(values))

    def value(self, tag: int, value: Any) -> Any:
        """
        @param value: One value as L{dlms_twisted.codec.data.Data} has it, of the type C{tag}.

        @return: the same as L{read} would give.
        """
        if tag in {0, 255}:
            return next(iter(self._empty(Cell(tag, 0, 0), 1)))
        if tag in DELTAS:
            return next(iter(self._deltas([value])))
        if self._is_clock and isinstance(value, bytes) and len(value) == 12:
            value = time_of(value, self._clock)
        return next(iter(self._scaled(self._kept([value]))))

    def _kept(self, values: Sequence[Any]) -> Sequence[Any]:
        self.last = values[-1]
        return values

    def _scaled(self, values: Sequence[Any]) -> Sequence[Any]:
        scaler = self._scaler
        if scaler is None:
            return values
        return [scale(one, scaler) if type(one) is int else one for one in values]

    def _moments(self, chunk: bytes, place: int, length: int, count: int) -> Sequence[Any]:
        if self._plain:
            octets = [chunk[place + index :: length] for index in range(12)]
            try:
                return list(
                    map(
                        datetime,
                        _shorts("H", octets[0], octets[1]),
                        *(octets[index] for index in (2, 3, 5, 6)),
                        *_below_minutes(octets[7], octets[8]),
                        self._zones_of(octets[9], octets[10], count),
                    )
                )
            except ValueError:
                pass
        clock = self._clock
        starts = range(place, len(chunk), length)
        return [time_of(chunk[start : start + 12], clock) for start in starts]

    def _zones_of(self, high: bytes, low: bytes, count: int) -> Iterable[timezone | None]:
        if high == high[:1] * count and low == low[:1] * count:
            return repeat(self._zones[_shorts("h", high[:1], low[:1])[0]])
        return map(self._zones.__getitem__, _shorts("h", high, low))

    def _empty(self, cell: Cell, count: int) -> Iterable[Any]:
        """
        Cells without content: null-data, or strings without octets.
        """
        if cell.tag not in {0, 255}:
            empty = b"" if cell.tag == OCTET_STRING else ""
            self.last = empty
            return repeat(empty, count)
        last = self.last
        if self._is_clock:
            if self._step is None or not isinstance(last, datetime):
                self.last = None
                return repeat(None, count)
            try:
                times = list(accumulate(repeat(self._step, count), initial=last))[1:]
            except OverflowError:
                self.last = None
                return repeat(None, count)
            return self._kept(times)
        return repeat(self._scaled([last])[0] if self._fill else None, count)

    def _deltas(self, values: Sequence[int]) -> Sequence[Any]:
        """
        Differences to the value before; without one they stay as they are.
        """
        last = self.last
        if type(last) is not int:
            return [Delta(one) for one in values]
        return self._scaled(self._kept(list(accumulate(values, initial=last))[1:]))


def _shorts(code: str, high: bytes, low: bytes) -> tuple[int, ...]:
    joined = bytearray(2 * len(high))
    joined[::2] = high
    joined[1::2] = low
    return unpack(f">{len(high)}{code}", joined)


def _below_minutes(seconds: bytes, hundredths: bytes) -> tuple[Iterable[int], Iterable[int]]:
    """
    Seconds and microseconds, as they are where all are plain; what is impossible is left for datetime to refuse.
    """
    if seconds.translate(None, _IN_MINUTE):
        seconds = seconds.translate(_UNSPECIFIED)
    if not hundredths.translate(None, _WHOLE):
        return seconds, repeat(0)
    return seconds, map(_MICROSECONDS.__getitem__, hundredths.translate(_UNSPECIFIED))


def _contents(cell: Cell, chunk: bytes, length: int, count: int) -> Sequence[Any]:
    """
    The contents of a cell that has some, as L{dlms_twisted.codec.data.Data.values} has them.
    """
    known = BY_TAG[cell.tag]
    if known.width == 1 and known.code == "B":
        return chunk[cell.offset :: length]
    if known.width >= 0 and len(known.code) == 1:
        joined = strided(chunk, cell.offset, length, cell.width)
        return unpack(f">{count}{known.code}", joined)
    starts = range(cell.offset, len(chunk), length)
    octets = [chunk[start : start + cell.width] for start in starts]
    if cell.tag == VISIBLE_STRING:
        return [one.decode("latin-1") for one in octets]
    if cell.tag == UTF8_STRING:
        return [utf8(one) for one in octets]
    if cell.tag == BIT_STRING:
        return [bits(one, cell.bits) for one in octets]
    return octets


class Delta(int):
    """
    A difference whose value before is not known.
    """

    def __repr__(self) -> str:
        return f"{int(self):+d}"
