"""
Schedules, special days and single action schedules.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.apdu.results import ActionResult, DataAccessResult
from dlms_twisted.codec import build
from dlms_twisted.codec.data import Data
from dlms_twisted.codec.times import Date, Time
from dlms_twisted.cosem.classes import interface_class
from dlms_twisted.server.objects.base import CosemObject, invokes
from dlms_twisted.server.objects.schedules import (
    MOST_ROWS,
    Schedule,
    SingleActionSchedule,
    SpecialDays,
)
from dlms_twisted.server.objects.scripts import ScriptTable
from tests.server.objects.bench import Bench
from tests.server.objects.test_scripts import action

_TABLE = "0-0:10.0.103.255"
_LOG = "0-0:94.49.0.255"
_HOUR, _DAY = 3600.0, 86400.0


class Recorder(CosemObject):
    """
    Notes when it is told to.
    """

    CLASS = 3

    __slots__ = ("heard",)

    def __init__(self) -> None:
        super().__init__(_LOG)
        self.heard: list[tuple[int, str]] = []

    @invokes(1)
    def note(self, parameter: Data | None) -> ActionResult:
        """
        Note the number and the time.
        """
        number: Any = None if parameter is None else parameter.values
        self.heard.append((number, self.meter.local().strftime("%d %H:%M")))
        return ActionResult.SUCCESS


def scripts(count: int = 4) -> ScriptTable:
    """
    @return: scripts 1 to C{count}, each of which tells the recorder its number.
    """
    rows = [
        {"script_id": number, "actions": [action(2, 3, _LOG, 1, build.integer(0))]}
        for number in range(1, count + 1)
    ]
    return NumberedScripts(_TABLE, values={2: rows})


class NumberedScripts(ScriptTable):
    """
    Scripts that tell which they are.
    """

    __slots__ = ()

    def run(self, number: int) -> ActionResult:
        """
        Note the number.
        """
        log = self.device.object(3, _LOG)
        assert isinstance(log, Recorder)
        return log.note(build.long_unsigned(number))


def script(selector: int) -> dict[str, Any]:
    """
    @return: a script as schedules name it.
    """
    return {"script_logical_name": _TABLE, "script_selector": selector}


def entry(index: int, hour: int, **changes: Any) -> dict[str, Any]:
    """
    @return: an entry of a schedule that runs script C{index} each day at a full hour.
    """
    return {
        "index": index,
        "enable": True,
        **script(index),
        "switch_time": Time(hour, 0, 0),
        "validity_window": 0,
        "exec_weekdays": "1111111",
        "exec_specdays": "00000000",
        "begin_date": Date(),
        "end_date": Date(),
        **changes,
    }


class SingleActionTests(SynchronousTestCase):
    """
    The bench begins on a Sunday, the 1st of March 2026, at midnight.
    """

    def make(self, *times: tuple[Time, Date]) -> SingleActionSchedule:
        """
        @return: a schedule of script 1.
        """
        rows = [{"time": at, "date": on} for at, on in times]
        self.log = Recorder()
        found = SingleActionSchedule("0-0:15.0.4.255", values={2: script(1), 3: 4, 4: rows})
        self.bench = Bench(self.log, scripts(), found)
        return found

    def test_daily(self) -> None:
        """
        Each day, and on the 3rd a second time.
        """
        self.make((Time(6, 0, 0), Date()), (Time(18, 30, 0), Date(None, None, 3)))
        self.bench.advance(3 * _DAY)
        when = [one for _, one in self.log.heard]
        self.assertEqual(when, ["01 06:00", "02 06:00", "03 06:00", "03 18:30"])

    def test_written(self) -> None:
        """
        New times hold at once; none at all is nothing.
        """
        schedule = self.make((Time(6, 0, 0), Date()))
        known = interface_class(22, 0).attribute(4)
        later = known.encode([{"time": Time(7, 0, 0), "date": Date()}])
        self.assertIs(schedule.assign(4, later), DataAccessResult.SUCCESS)
        self.bench.advance(_DAY)
        self.assertEqual(self.log.heard, [(1, "01 07:00")])
        schedule.assign(4, build.array())
        self.assertEqual(self.bench.scheduled, {})

    def test_slept(self) -> None:
        """
        What was missed in a week of sleep is run once.
        """
        self.make((Time(6, 0, 0), Date()))
        self.bench.sleep(7 * _DAY)
        self.assertEqual(self.log.heard, [(1, "08 00:00")])
        self.bench.advance(_DAY)
        self.assertEqual(self.log.heard[1:], [(1, "08 06:00")])

    def test_clock_set(self) -> None:
        """
        What the clock is put over does not run.
        """
        schedule = self.make((Time(6, 0, 0), Date()))
        before, self.bench.now = self.bench.now, self.bench.now + 8 * _HOUR
        schedule.clock_set(before, self.bench.now)
        self.assertEqual(self.log.heard, [])
        self.bench.advance(_DAY)
        self.assertEqual(self.log.heard, [(1, "02 06:00")])

    def test_far_away(self) -> None:
        """
        A 29th of February, two years off, is found, and nothing is run on the way.
        """
        self.make((Time(6, 0, 0), Date(None, 2, 29)))
        self.bench.advance(729 * _DAY)
        self.assertEqual(self.log.heard, [])
        self.bench.advance(2 * _DAY)
        self.assertEqual(self.log.heard, [(1, "29 06:00")])

    def test_never(self) -> None:
        """
        What is over, and what there is not, does not even look again.
        """
        self.make((Time(6, 0, 0), Date(2025, 3, 1)), (Time(6, 0, 0), Date(2026, 2, 30)))
        self.assertEqual(self.bench.scheduled, {})

    def test_too_many(self) -> None:
        """
        There is room for 256 times.
        """
        schedule = self.make()
        known = interface_class(22, 0).attribute(4)
        row = {"time": Time(7, 0, 0), "date": Date()}
        refused = schedule.assign(4, known.encode([row] * (MOST_ROWS + 1)))
        self.assertIs(refused, DataAccessResult.OTHER_REASON)
        taken = schedule.assign(4, known.encode([row] * MOST_ROWS))
        self.assertIs(taken, DataAccessResult.SUCCESS)


class ScheduleTests(SynchronousTestCase):
    """
    Schedules with days of the week and special days.
    """

    def make(self, *entries: dict[str, Any], special: Any = ()) -> Schedule:
        """
        @return: a schedule, with a table of special days.
        """
        self.log = Recorder()
        self.special = SpecialDays("0-0:11.0.0.255", values={2: list(special)})
        found = Schedule("0-0:12.0.0.255", values={2: list(entries)})
        self.bench = Bench(self.log, scripts(), self.special, found)
        return found

    def test_weekdays(self) -> None:
        """
        Only on Mondays and Sundays, from the 8th to the 16th.
        """
        span = {"begin_date": Date(2026, 3, 8), "end_date": Date(2026, 3, 16)}
        self.make(entry(1, 6, exec_weekdays="1000001", **span))
        self.bench.advance(30 * _DAY)
        when = [one for _, one in self.log.heard]
        self.assertEqual(when, ["08 06:00", "09 06:00", "15 06:00", "16 06:00"])

    def test_special_days(self) -> None:
        """
        On a special day the other bits count.
        """
        special = [{"index": 1, "specialday_date": Date(None, 3, 3), "day_id": 2}]
        self.make(entry(1, 6), entry(2, 7, exec_specdays="00100000"), special=special)
        self.bench.advance(4 * _DAY)
        self.assertEqual(
            [one for one in self.log.heard if one[1].startswith("03")], [(2, "03 07:00")]
        )
        self.assertEqual(len(self.log.heard), 7)

    def test_methods(self) -> None:
        """
        Entries are disabled, enabled, inserted and deleted.
        """
        schedule = self.make(entry(1, 1), entry(2, 2), entry(3, 3, enable=False))
        numbers = [build.long_unsigned(one) for one in (1, 1, 3, 3)]
        self.assertIs(schedule.act(1, build.structure(*numbers))[0], ActionResult.SUCCESS)
        kind = interface_class(10, 0).method(2).parameter
        inserted = kind.encode(entry(2, 4), "entry")
        self.assertIs(schedule.act(2, inserted)[0], ActionResult.SUCCESS)
        self.bench.advance(_DAY - 1)
        self.assertEqual(self.log.heard, [(3, "01 03:00"), (2, "01 04:00")])
        span = build.structure(build.long_unsigned(2), build.long_unsigned(9))
        self.assertIs(schedule.act(3, span)[0], ActionResult.SUCCESS)
        self.assertIs(schedule.act(3, span)[0], ActionResult.OTHER_REASON)
        self.bench.advance(_DAY)
        self.assertEqual(len(self.log.heard), 2)

    def test_validity(self) -> None:
        """
        The clock is put forward: what was jumped over is made up for within its window, once.
        """
        schedule = self.make(
            entry(1, 1), entry(2, 2, validity_window=600), entry(3, 3, validity_window=0xFFFF)
        )
        before, self.bench.now = self.bench.now, self.bench.now + 11 * _HOUR
        schedule.clock_set(before, self.bench.now)
        self.assertEqual(self.log.heard, [(2, "01 11:00"), (3, "01 11:00")])
        self.log.heard.clear()
        before, self.bench.now = self.bench.now, self.bench.now + 400 * _DAY
        schedule.clock_set(before, self.bench.now)
        self.assertEqual([number for number, _ in self.log.heard], [2, 3])

    def test_far_away(self) -> None:
        """
        An entry that begins in half a year is not forgotten until then.
        """
        self.make(entry(1, 6, begin_date=Date(2026, 9, 1), end_date=Date(2026, 9, 2)))
        self.bench.advance(365 * _DAY)
        self.assertEqual([one for _, one in self.log.heard], ["01 06:00", "02 06:00"])

    def test_every_minute(self) -> None:
        """
        Of what comes each minute, a jump makes up for one.
        """
        each = Time(None, None, 0)
        schedule = self.make(entry(1, 0, switch_time=each, validity_window=2))
        before, self.bench.now = self.bench.now, self.bench.now + 5 * _DAY + 30
        schedule.clock_set(before, self.bench.now)
        self.assertEqual(self.log.heard, [(1, "06 00:00")])

    def test_too_many(self) -> None:
        """
        There is room for 256 entries, and as many special days.
        """
        schedule = self.make(*[entry(number, 1) for number in range(MOST_ROWS)])
        kind = interface_class(10, 0).method(2).parameter
        more = kind.encode(entry(1000, 4), "entry")
        self.assertIs(schedule.act(2, more)[0], ActionResult.OTHER_REASON)
        instead = kind.encode(entry(7, 4), "entry")
        self.assertIs(schedule.act(2, instead)[0], ActionResult.SUCCESS)
        rows = interface_class(10, 0).attribute(2).encode([entry(1, 1)] * (MOST_ROWS + 1))
        self.assertIs(schedule.assign(2, rows), DataAccessResult.OTHER_REASON)
        day = {"index": 1, "specialday_date": Date(None, 3, 3), "day_id": 2}
        days = interface_class(11, 0).attribute(2).encode([day] * (MOST_ROWS + 1))
        self.assertIs(self.special.assign(2, days), DataAccessResult.OTHER_REASON)

    def test_table_of_special_days(self) -> None:
        """
        Entries go in and out by their index.
        """
        self.make()
        kind = interface_class(11, 0).method(1).parameter
        for index, day in ((2, 24), (1, 25), (2, 26)):
            row = {"index": index, "specialday_date": Date(None, 12, day), "day_id": index}
            self.assertIs(self.special.act(1, kind.encode(row, "entry"))[0], ActionResult.SUCCESS)
        self.assertIsNone(self.special.day_id(date(2026, 12, 24)))
        self.assertEqual(self.special.day_id(date(2026, 12, 25)), 1)
        self.assertEqual(self.special.day_id(date(2030, 12, 26)), 2)
        two = build.long_unsigned(2)
        self.assertIs(self.special.act(2, two)[0], ActionResult.SUCCESS)
        self.assertIs(self.special.act(2, two)[0], ActionResult.OTHER_REASON)
        self.assertIsNone(self.special.day_id(date(2030, 12, 26)))
