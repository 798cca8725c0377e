"""
What a meter does by the clock: Schedule (class 10), Special days table (11) and Single action schedule (22).

Source: DLMS UA 1000-1 (Blue Book), the classes of those names.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import cache
from typing import Any, Final

from dlms_twisted.apdu.results import ActionResult, DataAccessResult
from dlms_twisted.codec.data import Data
from dlms_twisted.codec.times import Date, Time
from dlms_twisted.cosem.elements import element_of
from dlms_twisted.cosem.obis import Obis
from dlms_twisted.server.objects.base import CosemObject, invokes, writes
from dlms_twisted.server.objects.scripts import run_script
from dlms_twisted.server.occurrences import falls_on, next_moment, next_occurrence

__all__ = [
    "MOST_ROWS",
    "Schedule",
    "SingleActionSchedule",
    "SpecialDays",
    "has_room",
    "special_day",
]

#: The special days of the meter.
_SPECIAL_DAYS: Final = Obis(0, 0, 11, 0, 0)
#: Rows that a table can have: a client can make us look at no more.
MOST_ROWS: Final = 256
_DAY: Final = 86400.0
#: Days that a schedule, and a single action schedule, look ahead; then they look again.
_AHEAD: Final = 35
_AHEAD_SINGLE: Final = 400
#: The fraction of a second that tells a time to look again from those that are to come, which are whole.
_NO_TIME: Final = 0.5
#: Seconds before now in which the last time of an entry is looked for, one after the other.
_BACK: Final = (60.0, 3600.0, _DAY, 2 * _DAY)

Specials = Callable[[date], int | None]


def special_day(one: CosemObject, day: date) -> int | None:
    """
    @param one: Any object of a device.

    @return: the C{day_id} that the device's special days table gives to a day, or C{None}.
    """
    table = one.device.object(SpecialDays.CLASS, _SPECIAL_DAYS)
    return table.day_id(day) if isinstance(table, SpecialDays) else None


def has_room(value: Data) -> bool:
    """
    Has a table, and have the lists in its rows, at most L{MOST_ROWS}?
    """
    rows = value.values
    if not isinstance(rows, tuple):
        return True
    parts = [part for row in rows if isinstance(row, tuple) for part in row]
    lists = [rows, *(part for part in parts if isinstance(part, tuple))]
    return all(len(one) <= MOST_ROWS for one in lists)


def _rows(one: CosemObject, attribute: int) -> list[dict[str, Any]]:
    found = one.meaning(attribute)
    rows = found if isinstance(found, tuple) else ()
    return [row for row in rows if isinstance(row, dict)]


class SpecialDays(CosemObject):
    """
    Days that are not like other days of the week.
    """

    CLASS = 11

    @writes(2)
    def set_entries(self, value: Data) -> DataAccessResult:
        """
        Take other entries.
        """
        if not has_room(value):
            return DataAccessResult.OTHER_REASON
        self.put(2, value)
        return DataAccessResult.SUCCESS

    def day_id(self, day: date) -> int | None:
        """
        @return: what the first entry that names the day says.
        """
        for row in _rows(self, 2):
            if isinstance(row["specialday_date"], Date) and falls_on(row["specialday_date"], day):
                return int(row["day_id"])
        return None

    @invokes(1)
    def insert(self, parameter: Data) -> ActionResult:
        """
        Put an entry in, instead of one of the same index.
        """
        return _insert(self, 1, parameter)

    @invokes(2)
    def delete(self, parameter: Data) -> ActionResult:
        """
        Delete the entry of an index.
        """
        return _delete(self, parameter.values, parameter.values)


def _insert(one: CosemObject, method: int, parameter: Data) -> ActionResult:
    entry = _decoded(one, method, parameter)
    rows = [row for row in _rows(one, 2) if row["index"] != entry["index"]]
    rows.append(entry)
    if len(rows) > MOST_ROWS:
        return ActionResult.OTHER_REASON
    one.put(2, sorted(rows, key=lambda row: int(row["index"])))
    return ActionResult.SUCCESS


def _decoded(one: CosemObject, method: int, parameter: Data) -> dict[str, Any]:
    kind = one.interface_class.methods[method].parameter
    entry: dict[str, Any] = kind.decode(element_of(parameter), "entry", [])
    return entry


def _delete(one: CosemObject, first: Any, last: Any) -> ActionResult:
    rows = _rows(one, 2)
    left = [row for row in rows if not first <= row["index"] <= last]
    if len(left) == len(rows):
        return ActionResult.OTHER_REASON
    one.put(2, left)
    return ActionResult.SUCCESS


class Schedule(CosemObject):
    """
    Runs scripts at times of day, on some days of the week.  On a special day it is C{exec_specdays} that counts: its
    first bit stands for C{day_id} 0.

    An entry that was missed, because the clock was put forward or the meter slept, is made up for within its validity
    window (minutes; 0xFFFF for always).
    """

    CLASS = 10
    ACTIVE = True

    @writes(2)
    def set_entries(self, value: Data) -> DataAccessResult:
        """
        Take other entries.
        """
        if not has_room(value):
            return DataAccessResult.OTHER_REASON
        self.put(2, value)
        self.start(self.meter.time())
        return DataAccessResult.SUCCESS

    @invokes(1)
    def switch(self, parameter: Data) -> ActionResult:
        """
        Disable the entries of the first range of indexes, enable those of the second; 0 to 0 is none.
        """
        values: Any = parameter.values
        off, on = (values[0], values[1]), (values[2], values[3])
        rows = []
        for row in _rows(self, 2):
            enable = row["enable"] and not 0 < off[0] <= row["index"] <= off[1]
            enable = enable or 0 < on[0] <= row["index"] <= on[1]
            rows.append({**row, "enable": enable})
        self.put(2, rows)
        self.start(self.meter.time())
        return ActionResult.SUCCESS

    @invokes(2)
    def insert(self, parameter: Data) -> ActionResult:
        """
        Put an entry in, instead of one of the same index.
        """
        result = _insert(self, 2, parameter)
        self.start(self.meter.time())
        return result

    @invokes(3)
    def delete(self, parameter: Data) -> ActionResult:
        """
        Delete the entries of a range of indexes.
        """
        values: Any = parameter.values
        result = _delete(self, *values)
        self.start(self.meter.time())
        return result

    def start(self, now: float) -> None:
        """
        Wait for what comes next.
        """
        special = self._specials()
        rows = _rows(self, 2)
        found = [self._next(row, now, special) for row in rows]
        times = [one for one in found if one is not None]
        if any(row["enable"] for row in rows):
            times.append(now + (_AHEAD - 1) * _DAY)
        self.meter.schedule(self, min(times, default=None))

    def _specials(self) -> Specials:
        return cache(lambda day: special_day(self, day))

    def work(self, due: float, now: float) -> None:
        """
        Run what is due.
        """
        self._run(due - 1, now)
        self.start(now)

    def clock_set(self, before: float, now: float) -> None:
        """
        Make up for what was jumped over; back in time, it comes again.
        """
        if now > before:
            self._run(before, now)
        self.start(now)

    def _run(self, after: float, until: float) -> None:
        ready = []
        special = self._specials()
        for row in _rows(self, 2):
            at = self._next(row, after, special)
            window = float(row["validity_window"]) * 60
            if at is not None and at <= until:
                # After a jump only the last time counts: once is enough.
                latest = self._latest(row, at, until, special)
                if row["validity_window"] == 0xFFFF or until - latest <= max(window, 1.0):
                    ready.append((latest, row))
        for _, row in sorted(ready, key=lambda one: one[0]):
            run_script(self.device, row["script_logical_name"], row["script_selector"])

    def _latest(self, row: dict[str, Any], first: float, until: float, special: Specials) -> float:
        # More than two days of it cannot matter: the last one is within them.
        latest = first
        for back in _BACK:
            at = self._next(row, max(first, until - back), special)
            while at is not None and at <= until:
                latest, at = at, self._next(row, at, special)
            if latest > first:
                break
        return latest

    def _next(self, row: dict[str, Any], after: float, special: Specials) -> float | None:
        if not row["enable"] or not isinstance(row["switch_time"], Time):
            return None
        local = self.meter.local(after)
        found = next_moment(
            lambda day: _is_day(row, day, special(day)), row["switch_time"], local, horizon=_AHEAD
        )
        return None if found is None else self.meter.utc(found)


def _is_day(row: dict[str, Any], day: date, special: int | None) -> bool:
    begin, end = row["begin_date"], row["end_date"]
    for edge, before in ((begin, True), (end, False)):
        fixed = edge.to_date() if isinstance(edge, Date) else None
        if fixed is not None and (day < fixed if before else day > fixed):
            return False
    bits: str = row["exec_weekdays"] if special is None else row["exec_specdays"]
    place = day.weekday() if special is None else special
    return bits[place : place + 1] == "1"


class SingleActionSchedule(CosemObject):
    """
    Runs one script at certain times.  What was missed while the meter slept is run once; what the clock was put over
    is not.
    """

    CLASS = 22
    ACTIVE = True

    @writes(4)
    def set_times(self, value: Data) -> DataAccessResult:
        """
        Take other times.
        """
        if not has_room(value):
            return DataAccessResult.OTHER_REASON
        self.put(4, value)
        self.start(self.meter.time())
        return DataAccessResult.SUCCESS

    def start(self, now: float) -> None:
        """
        Wait for the next time.
        """
        local = self.meter.local(now)
        moments = []
        for row in _rows(self, 4):
            if isinstance(row["time"], Time) and isinstance(row["date"], Date):
                found = next_occurrence(row["time"], row["date"], local, horizon=_AHEAD_SINGLE)
                if found is not None:
                    moments.append(self.meter.utc(found))
                elif row["date"].year is None:
                    moments.append(now // 1 + (_AHEAD_SINGLE - 1) * _DAY + _NO_TIME)
        self.meter.schedule(self, min(moments, default=None))

    def work(self, due: float, now: float) -> None:
        """
        Run the script.
        """
        script = self.meaning(2)
        if isinstance(script, dict) and due % 1 != _NO_TIME:
            run_script(self.device, script["script_logical_name"], script["script_selector"])
        self.start(now)

    def clock_set(self, before: float, now: float) -> None:
        """
        The next time is another.
        """
        self.start(now)
