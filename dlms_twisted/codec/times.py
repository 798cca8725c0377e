"""
Dates and times of COSEM (IEC 62056-6-2, date, time and date-time).

Every octet is kept: C{X.from_octets(octets).to_octets() == octets} for any octets of the right number.  What is "not
specified" on the wire is C{None} here.  The zone of the machine is never used.
"""

from __future__ import annotations

import datetime
from enum import IntFlag
from typing import Any, Final, Self

from attrs import Attribute, field, frozen

from dlms_twisted.errors import DecodeError, EncodeError

__all__ = [
    "DAYLIGHT_SAVING_BEGIN",
    "DAYLIGHT_SAVING_END",
    "LAST_DAY",
    "SECOND_LAST_DAY",
    "ClockStatus",
    "Date",
    "DateTime",
    "Time",
]

#: Month: the one in which daylight saving ends.
DAYLIGHT_SAVING_END: Final = 0xFD
#: Month: the one in which daylight saving begins.
DAYLIGHT_SAVING_BEGIN: Final = 0xFE
#: Day of the month: the last but one.
SECOND_LAST_DAY: Final = 0xFD
#: Day of the month: the last.
LAST_DAY: Final = 0xFE

_UNKNOWN_DEVIATION: Final = 0x8000
_DAY_MINUTES: Final = 24 * 60


class ClockStatus(IntFlag):
    """
    What the meter says of its clock; reserved bits are kept.
    """

    #: The time could not be recovered after an incident.
    INVALID_VALUE = 0x01
    #: The time was recovered, but cannot be relied on.
    DOUBTFUL_VALUE = 0x02
    #: Another clock base than usual was used.
    DIFFERENT_CLOCK_BASE = 0x04
    #: At least one bit of the status is invalid.
    INVALID_CLOCK_STATUS = 0x08
    #: Daylight saving is active; the deviation includes it already.
    DAYLIGHT_SAVING = 0x80


def _below(high: int) -> Any:
    # A validator: None or 0 to high; the octets above that stand for None.
    def check(_instance: object, attribute: Attribute[Any], value: int | None) -> None:
        if value is not None and not 0 <= value <= high:
            raise EncodeError(f"{attribute.name}: 0 to {high} or None wanted")

    return check


def _specified(octet: int) -> int | None:
    return None if octet == 0xFF else octet


def _octet(value: int | None) -> int:
    return 0xFF if value is None else value


def _sized(octets: bytes, size: int, name: str) -> None:
    if len(octets) != size:
        raise DecodeError(f"{name}: {size} octets wanted", min(len(octets), size))


def _text(value: int | None, width: int) -> str:
    return "*" if value is None else f"{value:0{width}d}"


@frozen
class Date:
    """
    A date, a set of dates, or a rule for one.

    @ivar year: 0 to 65534.
    @ivar month: 1 to 12, L{DAYLIGHT_SAVING_BEGIN} or L{DAYLIGHT_SAVING_END}; other values are kept.
    @ivar day: Day of the month, 1 to 31, L{LAST_DAY} or L{SECOND_LAST_DAY}; other values are kept.
    @ivar weekday: 1 (Monday) to 7; meters get it wrong, so nothing here relies on it.
    """

    year: int | None = field(default=None, validator=_below(0xFFFE))
    month: int | None = field(default=None, validator=_below(0xFE))
    day: int | None = field(default=None, validator=_below(0xFE))
    weekday: int | None = field(default=None, validator=_below(0xFE))

    @classmethod
    def from_octets(cls, octets: bytes) -> Self:
        """
        @param octets: Five octets.

        @raise DecodeError: more or fewer.
        """
        _sized(octets, 5, "date")
        year = int.from_bytes(octets[:2], "big")
        month, day, weekday = map(_specified, octets[2:])
        return cls(None if year == 0xFFFF else year, month, day, weekday)

    def to_octets(self) -> bytes:
        """
        @return: the five octets.
        """
        year = 0xFFFF if self.year is None else self.year
        rest = (_octet(self.month), _octet(self.day), _octet(self.weekday))
        return year.to_bytes(2, "big") + bytes(rest)

    def to_date(self) -> datetime.date | None:
        """
        @return: the date, or C{None} where it is no single date of the calendar.
        """
        if self.year is None or self.month is None or self.day is None:
            return None
        try:
            return datetime.date(self.year, self.month, self.day)
        except ValueError:
            return None

    @classmethod
    def from_date(cls, value: datetime.date) -> Self:
        """
        @return: C{value} with its day of the week.
        """
        return cls(value.year, value.month, value.day, value.isoweekday())

    def __str__(self) -> str:
        # ISO 8601 where it is a date; else "*" for what is not specified.
        month = {DAYLIGHT_SAVING_BEGIN: "dst-begin", DAYLIGHT_SAVING_END: "dst-end"}
        day = {LAST_DAY: "last", SECOND_LAST_DAY: "second-last"}
        return "-".join(
            (
                _text(self.year, 4),
                month.get(_octet(self.month)) or _text(self.month, 2),
                day.get(_octet(self.day)) or _text(self.day, 2),
            )
        )


@frozen
class Time:
    """
    A time of day, or a set of such times.

    @ivar hour: 0 to 23; other values are kept, here and below.
    @ivar minute: 0 to 59.
    @ivar second: 0 to 59.
    @ivar hundredths: Hundredths of a second, 0 to 99; often not specified.
    """

    hour: int | None = field(default=None, validator=_below(0xFE))
    minute: int | None = field(default=None, validator=_below(0xFE))
    second: int | None = field(default=None, validator=_below(0xFE))
    hundredths: int | None = field(default=None, validator=_below(0xFE))

    @classmethod
    def from_octets(cls, octets: bytes) -> Self:
        """
        @param octets: Four octets.

        @raise DecodeError: more or fewer.
        """
        _sized(octets, 4, "time")
        return cls(*map(_specified, octets))

    def to_octets(self) -> bytes:
        """
        @return: the four octets.
        """
        return bytes(map(_octet, (self.hour, self.minute, self.second, self.hundredths)))

    def to_time(self) -> datetime.time | None:
        """
        @return: the time, or C{None} where it is no single time of day.  Hundredths that are not specified are 0.
        """
        if self.hour is None or self.minute is None or self.second is None:
            return None
        try:
            return datetime.time(
                self.hour, self.minute, self.second, (self.hundredths or 0) * 10_000
            )
        except ValueError:
            return None

    @classmethod
    def from_time(cls, value: datetime.time) -> Self:
        """
        @return: C{value} down to the hundredth of a second; its zone is not kept.
        """
        return cls(value.hour, value.minute, value.second, value.microsecond // 10_000)

    def __str__(self) -> str:
        # ISO 8601 where it is a time; hundredths only where there are some.
        text = ":".join(_text(part, 2) for part in (self.hour, self.minute, self.second))
        return f"{text}.{self.hundredths:02d}" if self.hundredths else text


@frozen
class DateTime:
    """
    A moment, a set of moments, or a rule for one.

    @ivar date: The date, in local time.
    @ivar time: The time, in local time.
    @ivar deviation: Minutes from local time to UTC: UTC = local + deviation, so that -60 is Central European winter;
        -32767 to 32767, and C{None} is unknown.
    @ivar status: See L{ClockStatus}; C{None} is not specified.
    """

    date: Date = field(factory=Date)
    time: Time = field(factory=Time)
    deviation: int | None = field(default=None)
    status: int | None = field(default=None, validator=_below(0xFE))

    @deviation.validator
    def _fits(self, _attribute: object, value: int | None) -> None:
        if value is not None and not -0x8000 < value < 0x8000:
            raise EncodeError("deviation: -32767 to 32767 or None wanted")

    @classmethod
    def from_octets(cls, octets: bytes) -> Self:
        """
        @param octets: Twelve octets.

        @raise DecodeError: more or fewer.
        """
        _sized(octets, 12, "date-time")
        unsigned = int.from_bytes(octets[9:11], "big")
        signed = int.from_bytes(octets[9:11], "big", signed=True)
        return cls(
            Date.from_octets(octets[:5]),
            Time.from_octets(octets[5:9]),
            None if unsigned == _UNKNOWN_DEVIATION else signed,
            _specified(octets[11]),
        )

    def to_octets(self) -> bytes:
        """
        @return: the twelve octets.
        """
        deviation = _UNKNOWN_DEVIATION if self.deviation is None else self.deviation & 0xFFFF
        return b"".join(
            (
                self.date.to_octets(),
                self.time.to_octets(),
                deviation.to_bytes(2, "big"),
                bytes((_octet(self.status),)),
            )
        )

    @property
    def clock_status(self) -> ClockStatus | None:
        """
        The status as flags; C{None} where it is not specified.
        """
        return None if self.status is None else ClockStatus(self.status)

    def to_local(self) -> datetime.datetime | None:
        """
        @return: the local time without a zone, or C{None} where it is no single moment.
        """
        date = self.date.to_date()
        time = self.time.to_time()
        return None if date is None or time is None else datetime.datetime.combine(date, time)

    def to_datetime(self, *, deviation_inverted: bool = False) -> datetime.datetime | None:
        """
        @param deviation_inverted: The meter counts its deviation from UTC to local time, against the standard.

        @return: an aware datetime, or C{None} where it is no single moment, or its deviation is unknown or a day
            or more.
        """
        local = self.to_local()
        if local is None or self.deviation is None or abs(self.deviation) >= _DAY_MINUTES:
            return None
        minutes = self.deviation if deviation_inverted else -self.deviation
        zone = datetime.timezone(datetime.timedelta(minutes=minutes))
        aware = local.replace(tzinfo=zone)
        try:
            aware.astimezone(datetime.UTC)
        except OverflowError:
            return None
        return aware

    @classmethod
    def from_datetime(cls, value: datetime.datetime) -> Self:
        """
        @param value: An aware datetime; what it has below a hundredth of a second is cut off.

        @return: its local time, deviation, and daylight saving where its zone knows of it.

        @raise EncodeError: C{value} has no zone, or one that is off by a fraction of a minute.
        """
        offset = value.utcoffset()
        if offset is None:
            raise EncodeError("a datetime with a zone wanted")
        minutes, fraction = divmod(offset, datetime.timedelta(minutes=1))
        if fraction:
            raise EncodeError("a zone of whole minutes wanted")
        status = ClockStatus.DAYLIGHT_SAVING if value.dst() else 0
        return cls(
            Date.from_date(value.date()), Time.from_time(value.time()), -minutes, int(status)
        )

    def isoformat(self, *, deviation_inverted: bool = False) -> str | None:
        """
        @return: ISO 8601, with the offset from UTC where it is known; C{None} where it is no single moment.
        """
        moment = self.to_datetime(deviation_inverted=deviation_inverted) or self.to_local()
        if moment is None:
            return None
        return moment.isoformat(timespec="milliseconds" if moment.microsecond else "seconds")

    @classmethod
    def from_isoformat(cls, text: str) -> Self:
        """
        The reverse of L{isoformat}: without an offset the deviation is unknown.

        @raise EncodeError: C{text} is no date and time in ISO 8601.
        """
        try:
            moment = datetime.datetime.fromisoformat(text)
        except ValueError:
            raise EncodeError("a date and time in ISO 8601 wanted") from None
        if moment.tzinfo is not None:
            return cls.from_datetime(moment)
        return cls(Date.from_date(moment.date()), Time.from_time(moment.time()), None, 0)

    def __str__(self) -> str:
        return self.isoformat() or f"{self.date}T{self.time}"
