"""
The local time of a meter: its zone and its summer time, as the attributes of Clock (class 8) say them.

All of it is computed from those attributes; the zone of the machine is never asked.
Source: DLMS UA 1000-1 (Blue Book), Clock; IEC 62056-6-2, formats of date and time.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from struct import Struct
from typing import Any, Final

from attrs import evolve, frozen

from dlms_twisted.codec.times import LAST_DAY, SECOND_LAST_DAY, ClockStatus, DateTime

__all__ = ["LocalTime", "in_year"]

#: Nothing specified: no rule.
_NEVER: Final = DateTime()
#: Minutes; beyond it a deviation is none.
_MOST_ZONE: Final = 14 * 60
#: The twelve octets: date, day of the week, time, hundredths, deviation, status.
_DATE_TIME: Final = Struct(">HBBBBBBBhB")
_DATE: Final = Struct(">HBBB")
_REST: Final = Struct(">5sBBBBhB")
_DAY: Final = 86_400
_SUMMER: Final = int(ClockStatus.DAYLIGHT_SAVING)
_EPOCH: Final = datetime(1970, 1, 1)
#: What a clock can show: the years that a date has.
_LEAST: Final = (datetime(1971, 1, 1) - _EPOCH).total_seconds()
_MOST: Final = (datetime(9998, 1, 1) - _EPOCH).total_seconds()


def in_year(rule: DateTime, year: int) -> datetime | None:
    """
    @param rule: A date-time whose year may be missing, and whose day may be a rule: the last of the month, the last
        Sunday of it, the first Sunday on or after a day.

    @return: the local time in that year; C{None} where the rule names none.
    """
    month, day, weekday = rule.date.month, rule.date.day, rule.date.weekday
    if rule.date.year not in {None, year} or month is None or not 1 <= month <= 12:
        return None
    length = monthrange(year, month)[1]
    if day in {LAST_DAY, SECOND_LAST_DAY}:
        number = length if weekday is None else _last(year, month, length, weekday)
        if day == SECOND_LAST_DAY:
            number -= 1 if weekday is None else 7
    elif day is None or not 1 <= day <= length:
        return None
    else:
        number = day
        if rule.date.year is None and weekday is not None:
            number += (weekday - datetime(year, month, day).isoweekday()) % 7
    clock = evolve(rule.time, minute=rule.time.minute or 0, second=rule.time.second or 0).to_time()
    if clock is None or number > length:
        return None
    return datetime.combine(datetime(year, month, number), clock)


def _last(year: int, month: int, length: int, weekday: int) -> int:
    return length - (datetime(year, month, length).isoweekday() - weekday) % 7


@frozen(kw_only=True, cache_hash=True)
class LocalTime:
    """
    The settings of a clock.

    @ivar time_zone: Deviation of normal time, in minutes: UTC = local + deviation, so that -60 is Central Europe.
    @ivar begin: When summer time begins, in normal time.
    @ivar end: When it ends, in summer time.
    @ivar shift: By how many minutes the clock is then put forward.
    @ivar enabled: Is there summer time?
    """

    time_zone: int = 0
    begin: DateTime = _NEVER
    end: DateTime = _NEVER
    shift: int = 60
    enabled: bool = False

    @classmethod
    def of(cls, meaning: Callable[[int], Any]) -> LocalTime:
        """
        @param meaning: Gives the value of an attribute of Clock by its number; what is no such value counts as none.
        """
        zone, begin, end, shift, enabled = (meaning(number) for number in (3, 5, 6, 7, 8))
        return cls(
            time_zone=zone if isinstance(zone, int) and abs(zone) <= _MOST_ZONE else 0,
            begin=begin if isinstance(begin, DateTime) else _NEVER,
            end=end if isinstance(end, DateTime) else _NEVER,
            shift=shift if isinstance(shift, int) else 0,
            enabled=enabled is True,
        )

    def is_summer(self, seconds: float) -> bool:
        """
        @param seconds: Since 1970, UTC.
        """
        if not self.enabled:
            return False
        normal = _naive(seconds) - timedelta(minutes=self.time_zone)
        edges = _edges(self, normal.year)
        if edges is None:
            return False
        begin, end = edges
        if begin <= end:
            return begin <= normal < end
        # South of the equator summer goes over the turn of the year.
        return not end <= normal < begin

    def deviation(self, seconds: float) -> int:
        """
        @return: minutes from local time to UTC at that moment.
        """
        return self.time_zone - (self.shift if self.is_summer(seconds) else 0)

    def local(self, seconds: float) -> datetime:
        """
        @return: what the clock shows, without a zone.
        """
        return _naive(seconds) - timedelta(minutes=self.deviation(seconds))

    def utc(self, local: datetime) -> float:
        """
        @param local: What the clock shows, without a zone.  In the hour that the end of summer time repeats, its
            C{fold} says which is meant, the first by default.

        @return: seconds since 1970, UTC.
        """
        normal = (local - _EPOCH).total_seconds() + self.time_zone * 60
        summer = normal - self.shift * 60
        if self.enabled and self.is_summer(summer) and not (local.fold and self._repeats(normal)):
            return summer
        return normal

    def _repeats(self, normal: float) -> bool:
        return not self.is_summer(normal)

    def octets(self, seconds: float, status: int = 0) -> bytes:
        """
        @param status: Bits of the clock status besides that of summer time.

        @return: the date-time of that moment, twelve octets.
        """
        summer = self.is_summer(seconds)
        minutes = self.time_zone - (self.shift if summer else 0)
        shown = _naive(seconds) - timedelta(minutes=minutes)
        # Flags that are no plain numbers cost more than all the rest.
        said = int(status) | _SUMMER if summer else int(status)
        return _DATE_TIME.pack(
            shown.year,
            shown.month,
            shown.day,
            shown.isoweekday(),
            shown.hour,
            shown.minute,
            shown.second,
            shown.microsecond // 10_000,
            minutes,
            said,
        )

    def _turns(self, start: float, end: float) -> bool:
        """
        Does summer time begin or end between two moments?
        """
        low, high = (_naive(one) - timedelta(minutes=self.time_zone) for one in (start, end))
        edges = [_edges(self, year) for year in {low.year, high.year}]
        return self.enabled and any(low <= edge <= high for pair in edges if pair for edge in pair)

    def octets_of(self, times: Iterable[float], status: int = 0) -> list[bytes]:
        """
        @return: as L{octets}, of many times: quicker where they lie close together.
        """
        day, deviation, said = -1, 0, int(status)
        shown, date = -1, b""
        found = []
        for at in times:
            if at % 1 or not _LEAST <= at <= _MOST:
                found.append(self.octets(at, status))
                continue
            if at // _DAY != day:
                day = int(at // _DAY)
                turns = self._turns(day * _DAY, (day + 1) * _DAY)
                summer = self.is_summer(at)
                deviation = self.time_zone - (self.shift if summer else 0)
                said = int(status) | _SUMMER if summer else int(status)
                # On the day that has both, each is looked at.
                day = -1 if turns else day
            local, rest = divmod(int(at) - deviation * 60, _DAY)
            if local != shown:
                shown = local
                that = _naive(local * _DAY)
                date = _DATE.pack(that.year, that.month, that.day, that.isoweekday())
            minutes, second = divmod(rest, 60)
            found.append(_REST.pack(date, minutes // 60, minutes % 60, second, 0, deviation, said))
        return found

    def seconds(self, moment: DateTime) -> float | None:
        """
        @param moment: A time that a client sends; where its deviation is not said, it is what this clock would show.

        @return: seconds since 1970, UTC; C{None} where it is no single moment.
        """
        local = moment.to_local()
        if local is None or not 1971 <= local.year < 9998:
            return None
        if moment.deviation is not None:
            return (local - _EPOCH).total_seconds() + moment.deviation * 60
        winter = moment.status is not None and not moment.status & ClockStatus.DAYLIGHT_SAVING
        return self.utc(local.replace(fold=int(winter)))


@lru_cache(maxsize=256)
def _edges(settings: LocalTime, year: int) -> tuple[datetime, datetime] | None:
    """
    @return: begin and end of summer time, both in normal time.
    """
    begin, end = in_year(settings.begin, year), in_year(settings.end, year)
    if begin is None or end is None:
        return None
    return begin, end - timedelta(minutes=settings.shift)


def _naive(seconds: float) -> datetime:
    kept = min(max(seconds, _LEAST), _MOST)
    return datetime.fromtimestamp(kept, UTC).replace(tzinfo=None)
