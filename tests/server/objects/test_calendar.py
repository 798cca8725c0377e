"""
Activity calendars.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.apdu.results import ActionResult, DataAccessResult
from dlms_twisted.codec import build
from dlms_twisted.codec.times import Date, DateTime, Time
from dlms_twisted.server.objects.calendar import ActivityCalendar
from dlms_twisted.server.objects.schedules import SpecialDays
from tests.server.objects.bench import Bench
from tests.server.objects.test_schedules import Recorder, script, scripts

_DAY = 86400.0


def day(number: int, *actions: tuple[int, int]) -> dict[str, Any]:
    """
    @return: a day profile: script by hour.
    """
    schedule = [{"start_time": Time(hour, 0, 0), **script(one)} for hour, one in actions]
    return {"day_id": number, "day_schedule": schedule}


def week(name: str, workday: int, weekend: int) -> dict[str, Any]:
    """
    @return: a week profile.
    """
    days = ("monday", "tuesday", "wednesday", "thursday", "friday")
    return {
        "week_profile_name": name,
        **dict.fromkeys(days, workday),
        "saturday": weekend,
        "sunday": weekend,
    }


def season(name: str, month: int, number: int) -> dict[str, Any]:
    """
    @return: a season that begins on the 1st of a month, and has the week of the same name.
    """
    start = DateTime(Date(None, month, number), Time(0, 0, 0))
    return {"season_profile_name": name, "season_start": start, "week_name": name}


class CalendarTests(SynchronousTestCase):
    """
    In winter day 1 on workdays (tariff 1 from 6, 2 from 22) and day 2 at weekends (tariff 2); in summer, from the 3rd
    of March (a Tuesday) on, day 3 always (tariff 3 from 12).
    """

    def make(self, **more: Any) -> ActivityCalendar:
        """
        @return: the calendar, in a meter of the 1st of March 2026, a Sunday.
        """
        self.log = Recorder()
        values = {
            2: "one",
            3: [season("W", 10, 1), season("S", 3, 3)],
            4: [week("W", 1, 2), week("S", 3, 3)],
            5: [day(1, (6, 1), (22, 2)), day(2, (0, 2)), day(3, (12, 3))],
            6: "two",
            7: [season("X", 1, 1)],
            8: [week("X", 4, 4)],
            9: [day(4, (0, 4))],
            **more.pop("values", {}),
        }
        found = ActivityCalendar("0-0:13.0.0.255", values=values)
        self.special = SpecialDays("0-0:11.0.0.255", values={2: more.pop("special", [])})
        self.bench = Bench(self.log, scripts(), self.special, found)
        return found

    def test_days(self) -> None:
        """
        At the beginning what holds, and then each action in its time, over the change of the season.
        """
        calendar = self.make()
        self.bench.advance(3 * _DAY)
        heard = [(2, "01 00:00"), (1, "02 06:00"), (2, "02 22:00"), (3, "03 12:00")]
        self.assertEqual(self.log.heard, heard)
        self.assertEqual(calendar.day_id(date(2026, 9, 30)), 3)
        self.assertEqual(calendar.day_id(date(2026, 10, 1)), 1)
        self.assertEqual(calendar.day_id(date(2027, 2, 28)), 2)

    def test_special_day(self) -> None:
        """
        A special day has its own profile.
        """
        special = [{"index": 1, "specialday_date": Date(2026, 3, 2), "day_id": 3}]
        self.make(special=special)
        self.bench.advance(2 * _DAY)
        self.assertEqual(self.log.heard, [(2, "01 00:00"), (3, "02 12:00")])

    def test_activated_by_hand(self) -> None:
        """
        The passive calendar becomes active, all of it, and holds at once.
        """
        calendar = self.make()
        self.assertIs(calendar.act(1, build.integer(0))[0], ActionResult.SUCCESS)
        for number in (2, 3, 4, 5):
            self.assertEqual(calendar.value(number), calendar.value(number + 4))
        self.assertEqual(self.log.heard[-1], (4, "01 00:00"))

    def test_activated_in_time(self) -> None:
        """
        At its time; until then the other one holds.
        """
        calendar = self.make()
        moment = DateTime.from_datetime(datetime(2026, 3, 2, 9, tzinfo=UTC))
        calendar.assign(10, build.octet_string(moment.to_octets()))
        self.bench.advance(_DAY + 8 * 3600)
        self.assertNotEqual(calendar.value(2), calendar.value(6))
        self.bench.advance(2 * 3600)
        self.assertEqual(calendar.value(2), calendar.value(6))
        self.assertEqual(self.log.heard[-1], (4, "02 09:00"))
        self.bench.advance(20 * _DAY)
        self.assertEqual(self.log.heard[-1], (4, "22 00:00"))

    def test_never_activated(self) -> None:
        """
        A time that is not specified is never.
        """
        calendar = self.make()
        calendar.assign(10, build.octet_string(DateTime().to_octets()))
        self.bench.advance(40 * _DAY)
        self.assertNotEqual(calendar.value(2), calendar.value(6))

    def test_slept(self) -> None:
        """
        After a month of sleep what holds now is done, not all that was missed.
        """
        self.make()
        self.log.heard.clear()
        self.bench.sleep(30.6 * _DAY)
        self.assertEqual(self.log.heard, [(3, "31 14:24")])

    def test_clock_set(self) -> None:
        """
        Put forward or back, what holds then is done.
        """
        calendar = self.make()
        before, self.bench.now = self.bench.now, self.bench.now + _DAY + 7 * 3600
        calendar.clock_set(before, self.bench.now)
        self.assertEqual(self.log.heard[-1], (1, "02 07:00"))
        self.bench.now, before = before, self.bench.now
        calendar.clock_set(before, self.bench.now)
        self.assertEqual(self.log.heard[-1], (2, "01 00:00"))

    def test_empty(self) -> None:
        """
        A calendar of nothing does nothing, and costs nothing.
        """
        self.make(values={3: [], 4: [], 5: []})
        self.assertEqual(self.bench.scheduled, {})
        self.bench.advance(_DAY)
        self.assertEqual(self.log.heard, [])

    def test_too_many(self) -> None:
        """
        A table has room for 256 rows, and a day for as many actions; also those of the passive calendar.
        """
        calendar = self.make()
        for number, row in ((3, season("W", 10, 1)), (4, week("W", 1, 2)), (5, day(1, (6, 1)))):
            for attribute in (number, number + 4):
                known = calendar.interface_class.attribute(attribute)
                refused = calendar.assign(attribute, known.encode([row] * 257))
                self.assertIs(refused, DataAccessResult.OTHER_REASON)
                taken = calendar.assign(attribute, known.encode([row]))
                self.assertIs(taken, DataAccessResult.SUCCESS)
        known = calendar.interface_class.attribute(9)
        crowded = known.encode([day(1, *[(6, 1)] * 257)])
        self.assertIs(calendar.assign(9, crowded), DataAccessResult.OTHER_REASON)
