"""
Which part of a profile is asked for: by time, by value or by entry, and with which columns.

The descriptors themselves are those of L{dlms_twisted.apdu.selective}; this says them in the words of a profile: with
datetimes, columns, and the quirks of meters that refuse a deviation or want one.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta, timezone
from typing import Final

from attrs import frozen

from dlms_twisted.apdu.selective import CLOCK, CaptureObject, EntryDescriptor, RangeDescriptor
from dlms_twisted.codec import build
from dlms_twisted.codec.data import Data
from dlms_twisted.codec.times import Date, DateTime, Time
from dlms_twisted.cosem.clock import DST, NO_OPTIONS, ClockOptions
from dlms_twisted.cosem.columns import Column
from dlms_twisted.errors import EncodeError

__all__ = ["RangeStyle", "by_entry", "by_time", "by_value", "capture_object", "clock_octets"]


@frozen(kw_only=True)
class RangeStyle:
    """
    How a meter wants the limits of a range.

    @ivar deviation: With the deviation from UTC, or "not specified" (0x8000) in its place: some meters refuse one,
        some refuse the other.
    @ivar status: The clock status that is sent: 0, or 0xFF for "not specified".
    @ivar typed: As the type date-time, not as an octet-string.
    """

    deviation: bool = True
    status: int = 0
    typed: bool = False


USUAL: Final = RangeStyle()


def capture_object(column: Column) -> CaptureObject:
    """
    @return: the column as descriptors name it.
    """
    return CaptureObject(
        class_id=column.class_id,
        instance_id=column.logical_name.octets,
        attribute_id=column.attribute,
        data_index=column.data_index,
    )


def by_time(
    start: datetime,
    end: datetime,
    *,
    columns: Iterable[Column] = (),
    clock: Column | None = None,
    style: RangeStyle = USUAL,
    options: ClockOptions = NO_OPTIONS,
) -> RangeDescriptor:
    """
    The rows of a span of time, both ends included.

    @param start: With a zone, or without one: then it is what the meter's clock shows.
    @param end: Likewise.
    @param columns: The columns wanted; none for all.
    @param clock: The column that is compared; the clock 0-0:1.0.0 where it is not said.
    @param options: The quirks of the meter's clock: a datetime with a zone is turned into its C{clock_zone} first.

    @raise EncodeError: a limit cannot be said.
    """
    return RangeDescriptor(
        restricting_object=CLOCK if clock is None else capture_object(clock),
        from_value=_limit(start, style, options),
        to_value=_limit(end, style, options),
        selected_values=tuple(capture_object(one) for one in columns),
    )


def by_value(
    low: Data, high: Data, column: Column, *, columns: Iterable[Column] = ()
) -> RangeDescriptor:
    """
    The rows in which C{column} lies between two values, both included.

    @param low: Of the type that the column has.
    """
    return RangeDescriptor(
        restricting_object=capture_object(column),
        from_value=low,
        to_value=high,
        selected_values=tuple(capture_object(one) for one in columns),
    )


def by_entry(
    first: int = 1, last: int = 0, *, columns: tuple[int, int] = (1, 0)
) -> EntryDescriptor:
    """
    Rows by their numbers.

    @param first: From 1.
    @param last: 0 for the last there is.
    @param columns: The first and the last column, from 1; 0 for the last there is.

    @raise EncodeError: a number is out of range.
    """
    if first < 1 or last < 0 or columns[0] < 1 or columns[1] < 0:
        raise EncodeError("entries and columns count from 1; 0 stands for the last")
    return EntryDescriptor(
        from_entry=first,
        to_entry=last,
        from_selected_value=columns[0],
        to_selected_value=columns[1],
    )


def _limit(moment: datetime, style: RangeStyle, options: ClockOptions) -> Data:
    octets = clock_octets(moment, style, options)
    return build.date_time(octets) if style.typed else build.octet_string(octets)


def clock_octets(moment: datetime, style: RangeStyle, options: ClockOptions) -> bytes:
    """
    @return: the twelve octets of C{moment} as the meter's clock would show it.

    @raise EncodeError: its zone is off by a fraction of a minute.
    """
    zone = options.clock_zone
    if moment.tzinfo is not None and zone is not None:
        moment = moment.astimezone(zone)
        if options.standard_time_all_year:
            standard = (moment.utcoffset() or timedelta()) - (moment.dst() or timedelta())
            moment = moment.astimezone(timezone(standard))
    offset = moment.utcoffset()
    deviation = None
    if offset is not None and style.deviation:
        minutes, rest = divmod(offset, timedelta(minutes=1))
        if rest:
            raise EncodeError("a zone of whole minutes wanted")
        deviation = minutes if options.deviation_inverted else -minutes
    status = None if style.status == 0xFF else style.status
    if status == 0 and deviation is not None and moment.dst():
        status = DST
    return DateTime(
        Date.from_date(moment.date()), Time.from_time(moment.time()), deviation, status
    ).to_octets()
