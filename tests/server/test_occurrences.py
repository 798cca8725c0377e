"""
When rules of dates and times come true.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.codec.times import LAST_DAY, SECOND_LAST_DAY, Date, Time
from dlms_twisted.server.occurrences import falls_on, next_occurrence, time_after

_NOON = Time(12, 0, 0)


def or_none(low: int, high: int) -> st.SearchStrategy[int | None]:
    """
    @return: numbers, or "not specified".
    """
    return st.none() | st.integers(low, high)


DATES = st.builds(
    Date, or_none(2025, 2028), or_none(1, 12), or_none(1, 31) | st.just(LAST_DAY), or_none(1, 7)
)
TIMES = st.builds(Time, or_none(0, 23), or_none(0, 59), or_none(0, 59))


class DayTests(SynchronousTestCase):
    """
    Which days a rule names.
    """

    def days(self, rule: Date, year: int = 2026, month: int = 3) -> list[int]:
        """
        @return: the days of that month.
        """
        first = date(year, month, 1)
        month_days = [first + timedelta(days=count) for count in range(31)]
        return [day.day for day in month_days if day.month == month and falls_on(rule, day)]

    def test_plain(self) -> None:
        """
        Days, weekdays, and everything.
        """
        self.assertEqual(self.days(Date(2026, 3, 5)), [5])
        self.assertEqual(self.days(Date(2026, 4, 5)), [])
        self.assertEqual(self.days(Date(None, None, 31)), [31])
        self.assertEqual(self.days(Date(None, None, 31), month=4), [])
        self.assertEqual(self.days(Date(weekday=1)), [2, 9, 16, 23, 30])
        self.assertEqual(len(self.days(Date())), 31)

    def test_last(self) -> None:
        """
        The last day, the last but one, and the last Sunday.
        """
        self.assertEqual(self.days(Date(None, None, LAST_DAY)), [31])
        self.assertEqual(self.days(Date(None, None, LAST_DAY), 2028, 2), [29])
        self.assertEqual(self.days(Date(None, None, SECOND_LAST_DAY)), [30])
        self.assertEqual(self.days(Date(None, 3, LAST_DAY, 7)), [29])
        self.assertEqual(self.days(Date(None, 3, SECOND_LAST_DAY, 7)), [22])

    def test_on_or_after(self) -> None:
        """
        A weekday on or after a day; of a whole date the weekday is not looked at.
        """
        self.assertEqual(self.days(Date(None, 3, 8, 7)), [8])
        self.assertEqual(self.days(Date(None, 3, 9, 7)), [15])
        self.assertEqual(self.days(Date(2026, 3, 9, 7)), [9])

    def test_summer_time(self) -> None:
        """
        The months that stand for the edges of summer time name no day.
        """
        self.assertEqual(self.days(Date(None, 0xFE, 1)), [])


class NextTests(SynchronousTestCase):
    """
    The next time.
    """

    def test_leap_day(self) -> None:
        """
        A 29th of February is years away.
        """
        found = next_occurrence(_NOON, Date(None, 2, 29), datetime(2026, 3, 1))
        self.assertEqual(found, datetime(2028, 2, 29, 12))

    def test_same_day(self) -> None:
        """
        The moment itself is past.
        """
        rule = Date(None, None, None)
        self.assertEqual(
            next_occurrence(_NOON, rule, datetime(2026, 3, 1, 11, 59)), datetime(2026, 3, 1, 12)
        )
        self.assertEqual(
            next_occurrence(_NOON, rule, datetime(2026, 3, 1, 12)), datetime(2026, 3, 2, 12)
        )

    def test_never(self) -> None:
        """
        A day that there is not, a time that there is not, and what is past.
        """
        now = datetime(2026, 3, 1)
        self.assertIsNone(next_occurrence(_NOON, Date(None, 2, 30), now))
        self.assertIsNone(next_occurrence(Time(24, 0, 0), Date(), now))
        self.assertIsNone(next_occurrence(Time(12, 0, 60), Date(), now))
        self.assertIsNone(next_occurrence(_NOON, Date(2025, 3, 1), now))
        self.assertIsNone(next_occurrence(_NOON, Date(9999, 3, 1), now))
        self.assertIsNone(next_occurrence(_NOON, Date(), datetime(9998, 12, 31, 13)))
        far = next_occurrence(_NOON, Date(2099, 3, 1), now)
        self.assertEqual(far, datetime(2099, 3, 1, 12))

    def test_every_quarter(self) -> None:
        """
        What is not specified of a time stands for each.
        """
        self.assertEqual(time_after(Time(None, 15, 0), time(3, 15)), time(4, 15))
        self.assertEqual(time_after(Time(), time(3, 15, 30)), time(3, 16))
        self.assertIsNone(time_after(Time(3, None, 0), time(3, 59)))

    @settings(max_examples=100, deadline=None, derandomize=True)
    @given(
        at=TIMES,
        on=DATES,
        after=st.datetimes(datetime(2025, 1, 1), datetime(2028, 12, 31)),
    )
    def test_first_one(self, at: Time, on: Date, after: datetime) -> None:
        """
        What is found is named by both rules, lies after, and no day before it does; what is not found is on no day of
        the next year.
        """
        found = next_occurrence(at, on, after)
        end = after.date() + timedelta(days=366) if found is None else found.date()
        if found is not None:
            self.assertGreater(found, after)
            self.assertTrue(falls_on(on, found.date()))
            for said, part in zip((at.hour, at.minute), (found.hour, found.minute), strict=True):
                self.assertIn(said, {None, part})
        day = after.date() + timedelta(days=1)
        while day < end:
            self.assertFalse(falls_on(on, day))
            day += timedelta(days=1)
