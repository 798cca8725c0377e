"""
When a rule made of a time of day and a date next comes true: what schedules and calendars of a meter go by.

All is local time, without a zone.  Source: IEC 62056-6-2, formats of date and time.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta
from typing import Final

from dlms_twisted.codec.times import LAST_DAY, SECOND_LAST_DAY, Date, Time

__all__ = ["falls_on", "next_moment", "next_occurrence", "time_after"]

#: How far ahead is looked: a 29th of February comes within these days.
_HORIZON: Final = 8 * 366
_DAY: Final = timedelta(days=1)


def falls_on(rule: Date, day: date) -> bool:
    """
    Does a rule name a day?

    A weekday with a day of the month, but no year, means the first such weekday on or after that day; with "last day"
    the last of the month; alone, each.  The months "begin" and "end of summer time" name none.
    """
    if rule.year not in {None, day.year} or rule.month not in {None, day.month}:
        return False
    number, weekday = rule.day, rule.weekday
    if weekday is not None and weekday != day.isoweekday() and not _is_fixed(rule):
        return False
    if number is None:
        return True
    length = monthrange(day.year, day.month)[1]
    if number in {LAST_DAY, SECOND_LAST_DAY}:
        away = length - day.day
        if weekday is None:
            return away == (0 if number == LAST_DAY else 1)
        return away // 7 == (0 if number == LAST_DAY else 1)
    if weekday is None or rule.year is not None:
        return number == day.day
    return number <= day.day < number + 7


def _is_fixed(rule: Date) -> bool:
    # Meters get the weekday of a whole date wrong, so that it is not looked at.
    return rule.year is not None and rule.month is not None and rule.day is not None


def time_after(rule: Time, after: time | None) -> time | None:
    """
    @param rule: What is not specified of hour and minute stands for each; of the second, for 0.
    @param after: C{None} for the beginning of the day, which is included.

    @return: the first time of day after C{after} that the rule names.
    """
    for one in _times(rule):
        if after is None or one > after:
            return one
    return None


def _times(rule: Time) -> Iterator[time]:
    second = rule.second or 0
    if second > 59:
        return
    for hour in range(24) if rule.hour is None else (rule.hour,):
        for minute in range(60) if rule.minute is None else (rule.minute,):
            if hour < 24 and minute < 60:
                yield time(hour, minute, second)


def next_occurrence(
    at: Time, on: Date, after: datetime, *, horizon: int = _HORIZON
) -> datetime | None:
    """
    @param horizon: Days that are looked at, from C{after}, or from the beginning of the year that is named.

    @return: the first local time after C{after} that both rules name; C{None} for none within the horizon, which is
        eight years where nothing is said.
    """
    if on.year is not None and on.year > after.year:
        if on.year > 9998:
            return None
        after = datetime(on.year, 1, 1) - timedelta(seconds=1)
    elif on.year is not None and on.year < after.year:
        return None
    return next_moment(lambda day: falls_on(on, day), at, after, horizon=horizon)


def next_moment(
    is_day: Callable[[date], bool], at: Time, after: datetime, *, horizon: int = _HORIZON
) -> datetime | None:
    """
    @param is_day: Is this one of the days?
    @param horizon: Days that are looked at.

    @return: the first local time after C{after}; C{None} for none within the horizon.
    """
    if time_after(at, None) is None:
        return None
    day = after.date()
    first: time | None = after.time()
    for _ in range(horizon):
        if is_day(day):
            found = time_after(at, first)
            if found is not None:
                return datetime.combine(day, found)
        if day.year >= 9998:
            return None
        day += _DAY
        first = None
    return None
