"""
Tests for L{dlms_twisted.server.local_time}.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.codec.times import LAST_DAY, SECOND_LAST_DAY, Date, DateTime, Time
from dlms_twisted.server.local_time import LocalTime, in_year

_TWO: Final = Time(2, 0, 0, 0)
_BEGIN: Final = DateTime(Date(None, 3, LAST_DAY, 7), _TWO, None, 0)
_END: Final = DateTime(Date(None, 10, LAST_DAY, 7), Time(3, 0, 0, 0), None, 0x80)
_BERLIN: Final = LocalTime(time_zone=-60, begin=_BEGIN, end=_END, shift=60, enabled=True)
_SYDNEY: Final = LocalTime(
    time_zone=-600,
    begin=DateTime(Date(None, 10, 1, 7), _TWO, None, 0),
    end=DateTime(Date(None, 4, 1, 7), Time(3, 0, 0, 0), None, 0x80),
    shift=60,
    enabled=True,
)


class RuleTests(SynchronousTestCase):
    """
    Dates that are rules.
    """

    def test_rules(self) -> None:
        """
        Last days, last weekdays, the first weekday on or after a day, and plain dates.
        """
        for date, wanted in (
            (Date(None, 3, LAST_DAY, 7), datetime(2026, 3, 29, 2)),
            (Date(None, 2, LAST_DAY, None), datetime(2026, 2, 28, 2)),
            (Date(None, 2, SECOND_LAST_DAY, None), datetime(2026, 2, 27, 2)),
            (Date(None, 3, SECOND_LAST_DAY, 7), datetime(2026, 3, 22, 2)),
            (Date(None, 3, 8, 7), datetime(2026, 3, 8, 2)),
            (Date(None, 11, 2, 7), datetime(2026, 11, 8, 2)),
            (Date(2026, 3, 28, None), datetime(2026, 3, 28, 2)),
            (Date(2025, 3, 28, None), None),
            (Date(None, None, 28, None), None),
            (Date(None, 13, 1, None), None),
            (Date(None, 2, 31, None), None),
            (Date(None, 2, 28, 1), None),
        ):
            self.assertEqual(in_year(DateTime(date, _TWO), 2026), wanted, str(date))
        self.assertIsNone(in_year(DateTime(Date(None, 3, 1), Time()), 2026))


class SummerTests(SynchronousTestCase):
    """
    Summer time north and south of the equator.
    """

    def _same(self, settings: LocalTime, zone: str) -> None:
        known = ZoneInfo(zone)
        moment = datetime(2025, 1, 1, tzinfo=UTC)
        while moment.year < 2028:
            wanted = moment.astimezone(known)
            seconds = moment.timestamp()
            self.assertEqual(settings.local(seconds), wanted.replace(tzinfo=None), str(moment))
            minutes = -(wanted.utcoffset() or timedelta()) // timedelta(minutes=1)
            self.assertEqual(settings.deviation(seconds), minutes)
            moment += timedelta(hours=5, minutes=30)

    def test_as_the_zones(self) -> None:
        """
        The rules give what the zones of the world give.
        """
        self._same(_BERLIN, "Europe/Berlin")
        self._same(_SYDNEY, "Australia/Sydney")

    def test_there_and_back(self) -> None:
        """
        A local time stands for the moment at which the clock shows it; the repeated hour has two, by its fold.
        """
        moment = datetime(2026, 1, 1, tzinfo=UTC)
        while moment.year < 2027:
            seconds = moment.timestamp()
            local = _BERLIN.local(seconds)
            either = {_BERLIN.utc(local), _BERLIN.utc(local.replace(fold=1))}
            self.assertIn(seconds, either, str(moment))
            moment += timedelta(minutes=45)
        repeated = datetime(2026, 10, 25, 2, 30)
        first, second = _BERLIN.utc(repeated), _BERLIN.utc(repeated.replace(fold=1))
        self.assertEqual(second - first, 3600)
        plain = datetime(2026, 7, 1, 12)
        self.assertEqual(_BERLIN.utc(plain), _BERLIN.utc(plain.replace(fold=1)))

    def test_octets(self) -> None:
        """
        The twelve octets have the deviation and the bit of summer time.
        """
        seconds = datetime(2026, 6, 1, 12, 0, 0, 250_000, tzinfo=UTC).timestamp()
        self.assertEqual(_BERLIN.octets(seconds).hex(), "07ea0601010e000019ff8880")
        self.assertEqual(LocalTime().octets(seconds, 0x02).hex(), "07ea0601010c000019000002")

    def test_many(self) -> None:
        """
        Many moments give what each gives; also on a day on which summer time both begins and ends.
        """
        day = datetime(2026, 3, 28, tzinfo=UTC).timestamp()
        times = [day + step * 900 for step in range(300)]
        for begin, end in ((1, 3), (3, 1), (0, 23), (12, 13), (23, 0)):
            odd = LocalTime(
                time_zone=-60,
                begin=DateTime(Date(None, 3, LAST_DAY, 7), Time(begin, 0, 0, 0), None, 0),
                end=DateTime(Date(None, 3, LAST_DAY, 7), Time(end, 0, 0, 0), None, 0),
                enabled=True,
            )
            for settings in (_BERLIN, _SYDNEY, LocalTime(), odd):
                each = [settings.octets(one, 0x02) for one in times]
                self.assertEqual(settings.octets_of(times, 0x02), each)

    def test_seconds(self) -> None:
        """
        A time with a deviation is that moment; one without is what the clock would show, by its status.
        """
        noon = datetime(2026, 6, 1, 12, tzinfo=UTC).timestamp()
        said = DateTime.from_octets(_BERLIN.octets(noon))
        self.assertEqual(_BERLIN.seconds(said), noon)
        for text, wanted in (
            ("2026-06-01T14:00:00", noon),
            ("2026-06-01T14:00:00+02:00", noon),
            ("2026-10-25T02:30:00", datetime(2026, 10, 25, 1, 30, tzinfo=UTC).timestamp()),
        ):
            self.assertEqual(_BERLIN.seconds(DateTime.from_isoformat(text)), wanted, text)
        self.assertIsNone(_BERLIN.seconds(DateTime()))
        self.assertIsNone(_BERLIN.seconds(DateTime.from_isoformat("1900-01-01T00:00:00")))

    def test_without(self) -> None:
        """
        No rule, or one that is not enabled, is no summer time; a zone that there cannot be is none.
        """
        june = datetime(2026, 6, 1, tzinfo=UTC).timestamp()
        for settings in (
            LocalTime(time_zone=-60, enabled=True),
            LocalTime(time_zone=-60, begin=_BEGIN, end=_END),
        ):
            self.assertFalse(settings.is_summer(june))
        values = {3: -32768, 5: _BEGIN, 6: None, 7: "x", 8: True}
        self.assertEqual(LocalTime.of(values.get), LocalTime(begin=_BEGIN, shift=0, enabled=True))

    def test_far_times(self) -> None:
        """
        Times that no date can show are those at the ends.
        """
        self.assertEqual(LocalTime().local(-1e15).year, 1971)
        self.assertEqual(len(_BERLIN.octets(1e15)), 12)
