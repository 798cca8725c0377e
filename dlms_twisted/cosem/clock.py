"""
Times of meters: aware datetimes from twelve octets, with the options that known quirks need.

UTC is local time plus deviation; a deviation of 0x8000 is unknown and stays so, unless an option says in which
zone the clock runs.  The host's own zone is never asked.  Source: IEC 62056-6-2, formats of date and time.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from struct import Struct
from typing import Final

from attrs import frozen

__all__ = [
    "DOUBTFUL",
    "DST",
    "INVALID",
    "NO_OPTIONS",
    "ClockOptions",
    "aware_datetime",
    "clock_status",
    "local_datetime",
    "time_text",
]

#: Bits of the clock status, the last of the twelve octets.
INVALID: Final = 0x01
DOUBTFUL: Final = 0x02
DST: Final = 0x80

_FIELDS: Final = Struct(">HBBxBBBBhB")
_SIZE: Final = 12
_UNKNOWN_DEVIATION: Final = -0x8000
_UNSPECIFIED: Final = 0xFF
#: The longest deviation that a timezone can have, in minutes.
_DAY: Final = 24 * 60


@frozen(kw_only=True)
class ClockOptions:
    """
    How the clock of a meter, or of a group of meters, differs from the standard.

    @ivar deviation_inverted: The deviation has the wrong sign: +60 stands for Central European winter.
    @ivar standard_time_all_year: The clock never shows summer time, whatever its deviation and status say;
        needs C{clock_zone}.
    @ivar clock_zone: The zone in which the clock runs, asked where the deviation is unknown (0x8000).
    """

    deviation_inverted: bool = False
    standard_time_all_year: bool = False
    clock_zone: tzinfo | None = None


NO_OPTIONS: Final = ClockOptions()


def local_datetime(octets: bytes) -> datetime | None:
    """
    @param octets: A date-time of twelve octets.

    @return: what the clock shows, without a zone; C{None} if year, month, day, hour or minute is not specified or
        there is no such time.  Seconds and hundredths that are not specified count as 0.
    """
    if len(octets) != _SIZE:
        return None
    year, month, day, hour, minute, second, hundredths, _, _ = _FIELDS.unpack(octets)
    if second == _UNSPECIFIED:
        second = 0
    if hundredths == _UNSPECIFIED:
        hundredths = 0
    try:
        return datetime(year, month, day, hour, minute, second, hundredths * 10000)
    except ValueError:
        return None


def aware_datetime(octets: bytes, options: ClockOptions = NO_OPTIONS) -> datetime | None:
    """
    @param octets: A date-time of twelve octets.

    @return: the instant, with its offset from UTC; C{None} where the time is not fully specified or its
        offset is not known.
    """
    local = local_datetime(octets)
    if local is None:
        return None
    deviation, status = _FIELDS.unpack(octets)[7:]
    zone = options.clock_zone
    if zone is not None and options.standard_time_all_year:
        return local.replace(tzinfo=_fixed(_standard_offset(local, zone)))
    if _DAY > deviation > -_DAY:
        minutes = deviation if options.deviation_inverted else -deviation
        return _in_range(local.replace(tzinfo=_zone(minutes)))
    if zone is None:
        return None
    # In the hour that the end of summer time repeats, the status says which of the two it is.
    repeated = status != _UNSPECIFIED and not status & DST
    return _offset_only(local.replace(tzinfo=zone, fold=int(repeated)))


def time_text(octets: bytes, options: ClockOptions = NO_OPTIONS) -> str | None:
    """
    @return: ISO 8601, with the offset from UTC where that is known; C{None} where the time is not fully
        specified.
    """
    moment = aware_datetime(octets, options) or local_datetime(octets)
    if moment is None:
        return None
    return moment.isoformat(timespec="milliseconds" if moment.microsecond else "seconds")


def clock_status(octets: bytes) -> int | None:
    """
    @return: the status octet of a date-time; C{None} if it is not specified, or C{octets} are not twelve.
    """
    if len(octets) != _SIZE or octets[-1] == _UNSPECIFIED:
        return None
    return octets[-1]


def _in_range(moment: datetime) -> datetime | None:
    """
    @return: C{moment}, or C{None} if its UTC lies before the year 1 or after 9999.
    """
    if 1 < moment.year < 9999:
        return moment
    try:
        moment.astimezone(UTC)
    except OverflowError:
        return None
    return moment


@lru_cache(maxsize=2 * _DAY)
def _zone(minutes: int) -> timezone:
    return timezone(timedelta(minutes=minutes))


def _fixed(offset: timedelta) -> timezone:
    return timezone(offset)


def _standard_offset(local: datetime, zone: tzinfo) -> timedelta:
    """
    The offset of C{zone} outside of summer time, around the time given.
    """
    placed = local.replace(tzinfo=zone)
    offset = placed.utcoffset() or timedelta()
    return offset - (placed.dst() or timedelta())


def _offset_only(placed: datetime) -> datetime:
    """
    The same instant and the same clock, with a plain offset in place of a zone's rules.
    """
    return placed.replace(tzinfo=timezone(placed.utcoffset() or timedelta()), fold=0)
