"""
Tests for L{dlms_twisted.server.objects.clock}.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.apdu.results import ActionResult, DataAccessResult
from dlms_twisted.codec import build
from dlms_twisted.codec.data import Data
from dlms_twisted.codec.times import Date, DateTime, Time
from dlms_twisted.server.objects.clock import Clock
from tests.server.making import NOW, Made, made

_BERLIN = {
    "time_zone": -60,
    "daylight_savings_begin": "FFFF03FE0702000000FFC400",
    "daylight_savings_end": "FFFF0AFE0703000000FF8880",
    "daylight_savings_deviation": 60,
    "daylight_savings_enabled": True,
}


def _made(now: float = NOW, **said: Any) -> tuple[Made, Clock]:
    one = made({"class": 8, "obis": "0-0:1.0.0", "values": _BERLIN, **said}, now=now)
    return one, one.object(8, "0-0:1.0.0")


def _time(text: str) -> Data:
    return build.octet_string(DateTime.from_isoformat(text).to_octets())


class RunningTests(SynchronousTestCase):
    """
    The clock runs.
    """

    def test_runs(self) -> None:
        """
        It shows local time, with deviation and status, and goes with the clock of the program.
        """
        one, clock = _made()
        self.assertEqual(clock.value(2), build.octet_string(one.meter.moment()))
        shown = clock.value(2)
        assert isinstance(shown, Data)
        moment = DateTime.from_octets(shown.values)  # type: ignore[arg-type]
        self.assertEqual(moment.isoformat(), "2026-06-01T14:00:00+02:00")
        self.assertEqual(clock.value(4), build.unsigned(0x80))
        one.clock.advance(90)
        self.assertEqual(one.meter.local(), datetime(2026, 6, 1, 14, 1, 30))

    def test_summer_time(self) -> None:
        """
        At the turns to and from summer time the shown time jumps, the moment does not.
        """
        start = datetime(2026, 3, 29, 0, 59, 59, tzinfo=UTC).timestamp()
        one, _ = _made(start)
        self.assertEqual(one.meter.local(), datetime(2026, 3, 29, 1, 59, 59))
        one.clock.advance(1)
        self.assertEqual(one.meter.local(), datetime(2026, 3, 29, 3))
        end = datetime(2026, 10, 25, 0, 59, 59, tzinfo=UTC).timestamp()
        one.clock.advance(end - one.clock.seconds())
        self.assertEqual(one.meter.local(), datetime(2026, 10, 25, 2, 59, 59))
        self.assertEqual(one.meter.moment()[-1], 0x80)
        one.clock.advance(1)
        self.assertEqual(one.meter.local(), datetime(2026, 10, 25, 2))
        self.assertEqual(one.meter.moment()[-1], 0)

    def test_settings_are_written(self) -> None:
        """
        Another zone holds at once, for all of the meter; none is further off than fourteen hours.
        """
        one, clock = _made()
        self.assertEqual(clock.assign(3, build.long_(0)), 0)
        self.assertEqual(clock.assign(8, build.boolean(False)), 0)
        self.assertEqual(one.meter.local(), datetime(2026, 6, 1, 12))
        self.assertEqual(clock.assign(3, build.long_(-32768)), DataAccessResult.OTHER_REASON)

    def test_type_of_a_real_meter(self) -> None:
        """
        A clock whose time was a date-time shows one.
        """
        tree = {"type": "date-time", "value": "07e80101010000000000000000"[:24]}
        _, clock = _made(values={"time": tree})
        shown = clock.value(2)
        assert isinstance(shown, Data)
        self.assertEqual(shown.tag, 25)


class SettingTests(SynchronousTestCase):
    """
    The clock is set.
    """

    def test_set(self) -> None:
        """
        A time with a deviation, one without, and one that leaves out the date.
        """
        for value, wanted in (
            (_time("2026-06-02T10:00:00+02:00"), datetime(2026, 6, 2, 8, tzinfo=UTC)),
            (_time("2026-06-02T10:00:00"), datetime(2026, 6, 2, 8, tzinfo=UTC)),
            (
                build.octet_string(DateTime(Date(), Time(15, 30, 0, 50)).to_octets()),
                datetime(2026, 6, 1, 13, 30, 0, 500_000, tzinfo=UTC),
            ),
        ):
            one, clock = _made()
            self.assertEqual(clock.assign(2, value), DataAccessResult.SUCCESS)
            self.assertAlmostEqual(one.meter.time(), wanted.timestamp(), 3)
            one.clock.advance(60)
            self.assertAlmostEqual(one.meter.time(), wanted.timestamp() + 60, 3)

    def test_status(self) -> None:
        """
        A time that was set is no longer doubtful.
        """
        one, clock = _made()
        one.meter.clock_status = 0x03
        self.assertEqual(clock.value(4), build.unsigned(0x83))
        clock.assign(2, _time("2026-06-02T10:00:00"))
        self.assertEqual(clock.value(4), build.unsigned(0x80))

    def test_no_time(self) -> None:
        """
        What is no time is refused and changes nothing.
        """
        one, clock = _made()
        octets = DateTime(Date(2026, 2, 31), Time(1, 1, 1)).to_octets()
        result = clock.assign(2, build.octet_string(octets))
        self.assertEqual(result, DataAccessResult.OTHER_REASON)
        self.assertEqual(clock.assign(2, build.unsigned(1)), DataAccessResult.TYPE_UNMATCHED)
        self.assertEqual(one.meter.time(), NOW)


class MethodTests(SynchronousTestCase):
    """
    The methods of the clock.
    """

    def test_adjusting(self) -> None:
        """
        To the nearest quarter, measuring period and minute; half goes up.
        """
        for method, offset, wanted in (
            (1, 449, 0),
            (1, 450, 900),
            (2, 149, 0),
            (2, 151, 300),
            (3, 29, 0),
            (3, 30, 60),
        ):
            one, clock = _made(NOW + offset, measuring_period=300)
            self.assertEqual(clock.act(method, build.integer(0)), (ActionResult.SUCCESS, None))
            self.assertEqual(one.meter.time(), NOW + wanted, (method, offset))

    def test_preset(self) -> None:
        """
        A preset time is taken within its interval, once.
        """
        one, clock = _made()
        moments = [_time(f"2026-06-01T{text}") for text in ("15:00:00", "14:10:00", "14:20:00")]
        self.assertEqual(clock.act(4)[0], ActionResult.OTHER_REASON)
        self.assertEqual(clock.act(5, build.structure(*moments)), (ActionResult.SUCCESS, None))
        self.assertTrue(clock.is_kept)
        self.assertEqual(clock.act(4)[0], ActionResult.OTHER_REASON)
        one.clock.advance(900)
        self.assertEqual(clock.act(4)[0], ActionResult.SUCCESS)
        self.assertEqual(one.meter.local(), datetime(2026, 6, 1, 15))
        self.assertEqual(clock.act(4)[0], ActionResult.OTHER_REASON)

    def test_no_preset(self) -> None:
        """
        A preset that is no moment is refused.
        """
        _, clock = _made()
        nothing = build.octet_string(DateTime().to_octets())
        result = clock.act(5, build.structure(nothing, nothing, nothing))
        self.assertEqual(result[0], ActionResult.OTHER_REASON)

    def test_shift(self) -> None:
        """
        By at most a quarter of an hour, forward or back.
        """
        for seconds, wanted in ((900, 900), (-900, -900), (901, 0)):
            one, clock = _made()
            result, _ = clock.act(6, build.long_(seconds))
            self.assertEqual(result.is_success, wanted != 0)
            self.assertEqual(one.meter.time(), NOW + wanted)
