"""
When profiles capture.
"""

from __future__ import annotations

from datetime import UTC, datetime

from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.codec.times import DateTime
from dlms_twisted.server.captures import Captures
from dlms_twisted.server.local_time import LocalTime

#: Central Europe.
_ZONE = LocalTime(
    time_zone=-60,
    begin=DateTime.from_octets(bytes.fromhex("FFFF03FE0702000000FFC400")),
    end=DateTime.from_octets(bytes.fromhex("FFFF0AFE0703000000FF8880")),
    enabled=True,
)


def captures(period: int = 0, monthly: bool = False) -> Captures:
    """
    @return: those of a meter in Central Europe.
    """
    return Captures(period, monthly, _ZONE.local, _ZONE.utc)


def at(text: str) -> float:
    """
    @return: seconds since 1970 of a time in UTC.
    """
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def texts(times: list[float]) -> list[str]:
    """
    @return: the times in UTC.
    """
    return [datetime.fromtimestamp(one, UTC).strftime("%m-%d %H:%M") for one in times]


class CaptureTests(SynchronousTestCase):
    """
    Times in their order, the last ones, both over the end of summer time (2026-10-25, 01:00 UTC).
    """

    def test_quarters(self) -> None:
        """
        Quarters of an hour go on over the repeated hour.
        """
        found = captures(900).until(at("2026-10-25 01:20"), 0.0, 4)
        self.assertEqual(texts(found), ["10-25 00:30", "10-25 00:45", "10-25 01:00", "10-25 01:15"])
        self.assertEqual(texts([captures(900).after(found[-1]) or 0]), ["10-25 01:30"])

    def test_exactly(self) -> None:
        """
        A capture of this moment is there; one of the beginning is not.
        """
        now = at("2026-10-25 01:15")
        self.assertEqual(captures(900).until(now, now - 1800, 9), [now - 900, now])

    def test_days(self) -> None:
        """
        Days begin at midnight as the clock shows it: one of them has 25 hours.
        """
        found = captures(86_400).until(at("2026-10-26 12:00"), 0.0, 3)
        self.assertEqual(texts(found), ["10-23 22:00", "10-24 22:00", "10-25 23:00"])
        self.assertEqual(texts([captures(86_400).after(found[0]) or 0]), ["10-24 22:00"])
        week = captures(7 * 86_400).until(at("2026-10-26 12:00"), 0.0, 3)
        self.assertEqual(week[2] - week[1], 7 * 86_400)

    def test_months(self) -> None:
        """
        Months begin on their first day.
        """
        found = captures(monthly=True).until(at("2026-11-22 00:00"), at("2026-08-15 00:00"), 100)
        self.assertEqual(texts(found), ["08-31 22:00", "09-30 22:00", "10-31 23:00"])
        self.assertEqual(texts([captures(monthly=True).after(found[-1]) or 0]), ["11-30 23:00"])

    def test_none(self) -> None:
        """
        Without a period there are none, and before the beginning there were none.
        """
        now = at("2026-11-22 00:00")
        self.assertEqual(captures().until(now, 0.0, 10), [])
        self.assertIsNone(captures().after(now))
        self.assertEqual(captures(900).until(now, now, 10), [])
        self.assertEqual(captures(900).until(now, 0.0, 0), [])

    def test_ends_of_time(self) -> None:
        """
        Clocks that were set to anything, and the longest periods, do no harm.
        """
        for period in (1, 60, 86_400, 0xFFFFFFFF, 0xFFFFFFFF // 86_400 * 86_400):
            for text in ("1971-01-02 00:00", "2000-01-01 00:00", "9997-12-31 00:00"):
                found = captures(period).until(at(text), 0.0, 50)
                self.assertLessEqual(len(found), 50)
                self.assertEqual(found, sorted(found))
        self.assertLessEqual(len(captures(monthly=True).until(at("9997-12-31 00:00"), 0.0, 50)), 50)
