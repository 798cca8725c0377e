"""
Columns, limits and orders of profiles.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from dlms_twisted.apdu.results import DataAccessResult
from dlms_twisted.apdu.selective import CaptureObject
from dlms_twisted.codec.data import Data, decode_data
from dlms_twisted.codec.reader import Reader
from dlms_twisted.codec.tags import ARRAY, NULL_DATA, STRUCTURE
from dlms_twisted.codec.times import DateTime, Time
from dlms_twisted.codec.writer import encode_length
from dlms_twisted.cosem.elements import children, element_of
from dlms_twisted.cosem.kinds import data_of
from dlms_twisted.errors import DecodeError

if TYPE_CHECKING:
    from dlms_twisted.server.local_time import LocalTime
    from dlms_twisted.server.objects.base import CosemObject

__all__ = [
    "CLOCK_CLASS",
    "Column",
    "Limits",
    "OwnRow",
    "array_of",
    "cells_of",
    "joined",
    "order_of",
    "time_limits",
]

CLOCK_CLASS: Final = 8
#: Class and attribute.
_A_BUFFER: Final = (7, 2)
_NULL: Final = bytes((NULL_DATA,))
_INFINITE: Final = float("inf")


class Column(NamedTuple):
    """
    One column.

    @ivar captured: What it holds.
    @ivar owner: Any object of the device.
    """

    captured: CaptureObject
    owner: CosemObject

    def cells(self, times: list[float]) -> list[bytes]:
        """
        @return: the cells of the rows of these times; null-data for what there is not.  A buffer cannot be captured.
        """
        captured = self.captured
        found = self.owner.device.object(captured.class_id, captured.instance_id)
        if found is None or (captured.class_id, captured.attribute_id) == _A_BUFFER:
            return [_NULL] * len(times)
        values = found.values_at(captured.attribute_id, times)
        if not captured.data_index:
            return [one.octets if isinstance(one, Data) else _NULL for one in values]
        return [_part(one, captured.data_index) for one in values]


def _part(data: Data | DataAccessResult, index: int) -> bytes:
    parts = children(element_of(data)) if isinstance(data, Data) else ()
    return data_of(parts[index - 1]).octets if index <= len(parts) else _NULL


class Limits(NamedTuple):
    """
    A span of time.

    @ivar first: Seconds since 1970, UTC.
    @ivar last: The end, included.
    """

    first: float
    last: float


def time_limits(low: Data, high: Data, clock: LocalTime) -> Limits | None:
    """
    @param low: A date-time, as octet-string or typed.  With no date it is open; what is not specified of the time of
        day is the beginning of the day, or in C{high} its end; without a deviation it is what the clock shows.

    @return: the span, or C{None} where they are no such limits.
    """
    first, last = _limit(low, clock, False), _limit(high, clock, True)
    return None if first is None or last is None else Limits(first, last)


def _limit(limit: Data, clock: LocalTime, is_end: bool) -> float | None:
    octets = limit.values
    if not isinstance(octets, bytes):
        return None
    try:
        moment = DateTime.from_octets(octets)
    except DecodeError:
        return None
    date, time = moment.date, moment.time
    if date.year is None and date.month is None and date.day is None:
        return _INFINITE if is_end else -_INFINITE
    own = (23, 59, 59) if is_end else (0, 0, 0)
    said = (time.hour, time.minute, time.second)
    hour, minute, second = (
        one if one is not None else rest for one, rest in zip(said, own, strict=True)
    )
    filled = Time(hour, minute, second, time.hundredths or 0)
    # In the hour that comes twice a span begins with the first and ends with the second, unless it says which.
    status = moment.status if moment.deviation is not None else (0 if is_end else None)
    return clock.seconds(DateTime(date, filled, moment.deviation, status))


def order_of(method: int) -> Callable[[Any], Any] | None:
    """
    @return: the key that sorts values by a sort method: 3 largest first, 4 smallest first, 5 nearest to zero first, 6
        furthest from zero first.
    """
    return _ORDERS.get(method)


def _number(value: Any) -> float:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return value if is_number else 0.0


_ORDERS: Final[dict[int, Callable[[Any], Any]]] = {
    3: lambda value: -_number(value),
    4: _number,
    5: lambda value: abs(_number(value)),
    6: lambda value: -abs(_number(value)),
}


class OwnRow(NamedTuple):
    """
    A row that was captured by hand or on an event.

    @ivar place: Where it stands among the rows: its time, or, where that would be wrong, a little after the row before.
    @ivar at: Its time.
    """

    place: float
    at: float
    row: bytes


def joined(cells: list[bytes]) -> bytes:
    """
    @return: a row of cells.
    """
    return bytes((STRUCTURE,)) + encode_length(len(cells)) + b"".join(cells)


def cells_of(row: bytes) -> list[Data]:
    """
    The reverse of L{joined}.
    """
    reader = Reader(row, 1)
    return [reader.data() for _ in range(reader.length())]


def array_of(rows: list[bytes], places: list[int] | None = None) -> Data:
    """
    @param places: Which columns, in their order; C{None} for all.

    @return: a buffer of rows.
    """
    if places is not None:
        rows = [joined([cells_of(row)[place].octets for place in places]) for row in rows]
    return decode_data(bytes((ARRAY,)) + encode_length(len(rows)) + b"".join(rows))
