"""
Activity calendar (class 20): which script runs when, by season, week and day; in most meters, the tariffs.

Source: DLMS UA 1000-1 (Blue Book), Activity calendar.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any, Final

from dlms_twisted.apdu.results import ActionResult, DataAccessResult
from dlms_twisted.codec.data import Data
from dlms_twisted.codec.times import DateTime, Time
from dlms_twisted.server.objects.base import CosemObject, invokes, writes
from dlms_twisted.server.objects.schedules import has_room, special_day
from dlms_twisted.server.objects.scripts import run_script
from dlms_twisted.server.occurrences import falls_on, next_occurrence

__all__ = ["ActivityCalendar"]

_WEEKDAYS: Final = (
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
)
#: Active attributes, and how far the passive ones are from them.
_ACTIVE: Final = (2, 3, 4, 5)
_PASSIVE: Final = 4


class ActivityCalendar(CosemObject):
    """
    Runs the active calendar.  When the meter begins, when the clock was set and when another calendar was activated,
    the action that should have been the last one runs at once, so that the tariff is right.
    """

    CLASS = 20
    ACTIVE = True

    # -- attributes and methods ------------------------------------------------------------------

    @writes(3)
    def set_seasons(self, value: Data) -> DataAccessResult:
        """
        Take other seasons.
        """
        return self._set(3, value)

    @writes(4)
    def set_weeks(self, value: Data) -> DataAccessResult:
        """
        Take other weeks.
        """
        return self._set(4, value)

    @writes(5)
    def set_days(self, value: Data) -> DataAccessResult:
        """
        Take other days.
        """
        return self._set(5, value)

    @writes(10)
    def set_activation(self, value: Data) -> DataAccessResult:
        """
        Activate the passive calendar at another time: never, where it is not specified.
        """
        self.put(10, value)
        self._wait(self.meter.time())
        return DataAccessResult.SUCCESS

    @invokes(1)
    def activate_passive(self, _parameter: Data | None) -> ActionResult:
        """
        The passive calendar becomes the active one.
        """
        self._activate()
        self.start(self.meter.time())
        return ActionResult.SUCCESS

    @writes(7)
    def set_passive_seasons(self, value: Data) -> DataAccessResult:
        """
        Take other seasons for later.
        """
        return self._keep(7, value)

    @writes(8)
    def set_passive_weeks(self, value: Data) -> DataAccessResult:
        """
        Take other weeks for later.
        """
        return self._keep(8, value)

    @writes(9)
    def set_passive_days(self, value: Data) -> DataAccessResult:
        """
        Take other days for later.
        """
        return self._keep(9, value)

    def _keep(self, attribute: int, value: Data) -> DataAccessResult:
        if not has_room(value):
            return DataAccessResult.OTHER_REASON
        self.put(attribute, value)
        return DataAccessResult.SUCCESS

    def _set(self, attribute: int, value: Data) -> DataAccessResult:
        if not has_room(value):
            return DataAccessResult.OTHER_REASON
        self.put(attribute, value)
        self.start(self.meter.time())
        return DataAccessResult.SUCCESS

    def _activate(self) -> None:
        for number in _ACTIVE:
            self.put(number, self.get(number + _PASSIVE))

    # -- what it does by itself ------------------------------------------------------------------

    def start(self, now: float) -> None:
        """
        Do what should have been done last, and wait for what comes next.
        """
        local = self.meter.local(now)
        for back in range(8):
            day = local.date() - timedelta(days=back)
            past = [one for one in self._actions(day) if one[0] <= local]
            if past:
                self._run(past[-1][1])
                break
        self._wait(now)

    def work(self, due: float, now: float) -> None:
        """
        Run what is due; after a long sleep, only what holds now.
        """
        activation = self._activation(due - 1)
        if activation is not None and activation <= due:
            self._activate()
            self.start(now)
        elif now - due > 86400.0:
            self.start(now)
        else:
            local = self.meter.local(due)
            for moment, script in self._actions(local.date()):
                if moment == local.replace(microsecond=0):
                    self._run(script)
            self._wait(due)

    def clock_set(self, before: float, now: float) -> None:
        """
        Another action may hold now.
        """
        activation = self._activation(before)
        if activation is not None and activation <= now:
            self._activate()
        self.start(now)

    def _wait(self, now: float) -> None:
        local = self.meter.local(now)
        times = [self.meter.utc(one) for one, _ in self._actions(local.date()) if one > local]
        # Tomorrow is another day, and may be of another season.
        midnight = datetime.combine(local.date() + timedelta(days=1), datetime.min.time())
        times.append(self.meter.utc(midnight))
        activation = self._activation(now)
        if activation is not None:
            times.append(activation)
        self.meter.schedule(self, min(times) if self._is_used() else activation)

    def _is_used(self) -> bool:
        days = self.meaning(5)
        return isinstance(days, tuple) and bool(days)

    def _activation(self, after: float) -> float | None:
        moment = self.meaning(10)
        if not isinstance(moment, DateTime) or moment.time.hour is None:
            return None
        found = next_occurrence(moment.time, moment.date, self.meter.local(after))
        return None if found is None else self.meter.utc(found)

    def _run(self, script: dict[str, Any]) -> None:
        run_script(self.device, script["script_logical_name"], script["script_selector"])

    # -- what the tables say ---------------------------------------------------------------------

    def _actions(self, day: date) -> list[tuple[datetime, dict[str, Any]]]:
        """
        @return: the actions of a day, in order.
        """
        number = self.day_id(day)
        found = []
        for profile in self._rows(5):
            if profile["day_id"] == number:
                for action in profile["day_schedule"]:
                    at = action["start_time"]
                    known = at.to_time() if isinstance(at, Time) else None
                    if known is not None:
                        found.append((datetime.combine(day, known), action))
        return sorted(found, key=lambda one: one[0])

    def day_id(self, day: date) -> int | None:
        """
        @return: the day profile of a day: of the special days table, else of the week of its season.
        """
        special = special_day(self, day)
        if special is not None:
            return special
        season = self._season(day)
        for week in self._rows(4):
            if season is not None and week["week_profile_name"] == season["week_name"]:
                return int(week[_WEEKDAYS[day.weekday()]])
        return None

    def _season(self, day: date) -> dict[str, Any] | None:
        """
        @return: the season that began last, on that day or before.
        """
        latest: tuple[date, dict[str, Any]] | None = None
        for season in self._rows(3):
            begin = _last_begin(season["season_start"], day)
            if begin is not None and (latest is None or begin >= latest[0]):
                latest = (begin, season)
        return None if latest is None else latest[1]

    def _rows(self, attribute: int) -> list[dict[str, Any]]:
        found = self.meaning(attribute)
        rows = found if isinstance(found, tuple) else ()
        return [row for row in rows if isinstance(row, dict)]


@lru_cache(maxsize=1024)
def _last_begin(start: Any, day: date) -> date | None:
    """
    @return: the last day, up to C{day}, on which a season begins; the hour that is said is taken for midnight.
    """
    if not isinstance(start, DateTime):
        return None
    rule = start.date
    if rule.year is None and rule.month is None and rule.day is None:
        return date(day.year, 1, 1)
    known = rule.to_date()
    if known is not None:
        return known if known <= day else None
    for back in range(367):
        candidate = day - timedelta(days=back)
        if falls_on(rule, candidate):
            return candidate
    return None
