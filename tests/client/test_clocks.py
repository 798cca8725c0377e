"""
Tests of L{dlms_twisted.client.clocks}.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.client.clocks import CLOCK, Clocks
from dlms_twisted.codec import build
from dlms_twisted.codec.data import Data
from dlms_twisted.codec.times import DateTime
from dlms_twisted.cosem.clock import ClockOptions
from dlms_twisted.cosem.selection import RangeStyle, clock_octets
from dlms_twisted.errors import AccessRefusedError, LocalProtocolError, RemoteProtocolError
from tests.client.objects import Answers, services_of

_BEGIN = datetime(2026, 3, 1, 12, 0, tzinfo=UTC).timestamp()
_WINTER = timezone(timedelta(hours=1))
_NAME = CLOCK.logical_name


class _MeterClock:
    """
    A clock that runs.

    @ivar ahead: Of our time, in seconds.
    @ivar zone: In which it runs; with C{said} it says its deviation.
    @ivar refuses: Gives the data-access-result for a date-time that is written.
    """

    def __init__(self, answers: Answers) -> None:
        self.answers = answers
        answers.clock.advance(_BEGIN + 0.25)
        answers.delay = 0.5
        self.ahead = 0.0
        self.zone: timezone | None = _WINTER
        self.said = True
        self.refuses: Any = lambda value: 0
        self.written: list[DateTime] = []
        self.preset: tuple[Any, ...] = ()
        answers.attributes[_NAME, 2] = self.show
        answers.methods[_NAME, -2] = self.take

    @property
    def now(self) -> float:
        """
        What it shows when half of an answer's time has passed, as answers come at the end of it.
        """
        return self.answers.clock.seconds() + self.ahead

    def show(self, _: object) -> Data:
        """
        The meter answers at the end of the delay, so what it saw was half of it ago.
        """
        moment = datetime.fromtimestamp(self.now - self.answers.delay / 2, UTC)
        style = RangeStyle(deviation=self.said)
        return build.octet_string(clock_octets(moment.astimezone(self.zone), style, ClockOptions()))

    def take(self, value: Any) -> int:
        """
        Write the time.
        """
        result: int = self.refuses(value)
        if result == 0:
            assert isinstance(value.values, bytes)
            shown = DateTime.from_octets(value.values)
            self.written.append(shown)
            moment = shown.to_datetime()
            if moment is None:
                local = shown.to_local()
                assert local is not None
                moment = local.replace(tzinfo=self.zone)
            self.ahead = moment.timestamp() - (
                self.answers.clock.seconds() - self.answers.delay / 2
            )
        return result


class ClocksTests(SynchronousTestCase):
    """
    Tests of L{Clocks}.
    """

    def setUp(self) -> None:
        """
        A meter whose answers take half a second.
        """
        self.answers = Answers()
        self.meter = _MeterClock(self.answers)
        self.clocks = Clocks(services_of(self.answers), self.answers.clock)

    def result(self, coroutine: Any) -> Any:
        """
        @return: what a coroutine gives.
        """
        deferred = Deferred.fromCoroutine(coroutine)
        self.answers.run(deferred)
        return self.successResultOf(deferred)

    def error(self, coroutine: Any, kind: type[Exception]) -> Any:
        """
        @return: what a coroutine raises.
        """
        deferred = Deferred.fromCoroutine(coroutine)
        self.answers.run(deferred)
        return self.failureResultOf(deferred, kind).value

    def test_read(self) -> None:
        """
        The offset is corrected by half of the round trip.
        """
        self.meter.ahead = 90.0
        reading = self.result(self.clocks.read())
        self.assertEqual(reading.round_trip, 0.5)
        self.assertAlmostEqual(reading.offset, 90.0, places=1)
        self.assertEqual(reading.shown.deviation, -60)

    def test_unknown_zone(self) -> None:
        """
        A clock that says no deviation has no offset, unless its zone is given; it is not guessed.
        """
        self.meter.said = False
        self.assertIsNone(self.result(self.clocks.read()).offset)
        offset = self.result(self.clocks.read(ZoneInfo("Europe/Berlin"))).offset
        self.assertAlmostEqual(offset, 0.0, places=1)
        self.error(self.clocks.synchronise(), LocalProtocolError)
        self.assertEqual(self.meter.written, [])

    def test_no_time(self) -> None:
        """
        What is no time is said so.
        """
        for held in (build.octet_string(b"\0" * 5), build.null(), build.unsigned(1)):
            self.answers.attributes[_NAME, 2] = held
            self.error(self.clocks.read(), RemoteProtocolError)

    def test_synchronise(self) -> None:
        """
        The time that is written is that of its arrival, in the meter's deviation, and at a whole second.
        """
        self.meter.ahead = -3600.0
        done = self.result(self.clocks.synchronise())
        self.assertEqual(done.how, "set")
        self.assertAlmostEqual(done.before.offset, -3600.0, places=1)
        self.assertAlmostEqual(done.after.offset, 0.0, places=1)
        (written,) = self.meter.written
        self.assertEqual(written.deviation, -60)
        self.assertEqual(written.time.hundredths, 0)

    def test_keeps_silent_about_its_zone(self) -> None:
        """
        A meter that says no deviation is told none; with a zone it is told right.
        """
        self.meter.said, self.meter.ahead = False, 30.0
        done = self.result(self.clocks.synchronise(ZoneInfo("Europe/Berlin")))
        self.assertEqual(done.how, "set")
        self.assertIsNone(self.meter.written[0].deviation)
        self.assertAlmostEqual(done.after.offset, 0.0, places=1)

    def test_style(self) -> None:
        """
        A meter that refuses a deviation is told none, and is not asked again in the way that it refused.
        """

        def refuses(value: Data) -> int:
            assert isinstance(value.values, bytes)
            return 0 if DateTime.from_octets(value.values).deviation is None else 12

        self.meter.refuses = refuses
        self.result(self.clocks.write(datetime(2026, 3, 1, 13, tzinfo=_WINTER)))
        self.assertEqual(len(self.answers.asked("set")), 3)
        self.result(self.clocks.write(datetime(2026, 3, 1, 13, tzinfo=_WINTER)))
        self.assertEqual(len(self.answers.asked("set")), 4)

    def test_denied(self) -> None:
        """
        A meter that lets nobody write, in any form, is asked once, and the refusal is passed on.
        """
        self.meter.refuses = lambda _: 3
        error = self.error(self.clocks.write(datetime(2026, 3, 1)), AccessRefusedError)
        self.assertEqual(error.name, "read-write-denied")
        self.assertEqual(len(self.answers.asked("set")), 1)
        self.meter.ahead = 5000.0
        self.error(self.clocks.synchronise(), AccessRefusedError)

    def test_shift(self) -> None:
        """
        Where the time cannot be written it is shifted, by whole seconds; nothing is done about less.
        """
        shifted: list[Any] = []

        def shift(parameter: Data) -> tuple[int, None]:
            shifted.append(parameter.values)
            assert isinstance(parameter.values, int)
            self.meter.ahead += parameter.values
            return 0, None

        self.meter.refuses = lambda _: 3
        self.answers.methods[_NAME, 6] = shift  # type: ignore[assignment]
        self.meter.ahead = 61.0
        done = self.result(self.clocks.synchronise())
        self.assertEqual((done.how, shifted), ("shift-time", [-61]))
        self.assertAlmostEqual(done.after.offset, 0.0, places=1)
        self.assertEqual(self.result(self.clocks.synchronise()).how, "none")

    def test_preset(self) -> None:
        """
        Where it cannot be shifted it is preset, and adjusted when that time has come.
        """

        def preset(parameter: Data) -> tuple[int, None]:
            values: Any = parameter.values
            self.meter.preset = tuple(DateTime.from_octets(one) for one in values)
            return 0, None

        def adjust(_: Data) -> tuple[int, None]:
            moment, begin, end = (one.to_datetime() for one in self.meter.preset)
            shown = datetime.fromtimestamp(self.meter.now - 0.25, UTC)
            self.assertTrue(begin <= shown <= end)
            self.meter.ahead = moment.timestamp() - (self.answers.clock.seconds() - 0.25)
            return 0, None

        self.meter.refuses = lambda _: 3
        self.answers.methods[_NAME, 5] = preset  # type: ignore[assignment]
        self.answers.methods[_NAME, 4] = adjust  # type: ignore[assignment]
        self.meter.ahead = 5000.0
        done = self.result(self.clocks.synchronise())
        self.assertEqual(done.how, "preset-time")
        self.assertApproximates(done.after.offset, 0.0, 0.13)

    def test_minute(self) -> None:
        """
        What is left is the nearest minute, told when one begins, where that is the right one.
        """

        def adjust(_: object) -> tuple[int, None]:
            shown = self.meter.now - 0.25
            self.meter.ahead += round(shown / 60) * 60 - shown
            return 0, None

        self.meter.refuses = lambda _: 3
        self.answers.methods[_NAME, 3] = adjust
        for ahead in (12.0, -28.0):
            self.meter.ahead = ahead
            done = self.result(self.clocks.synchronise())
            self.assertEqual(done.how, "adjust-to-minute")
            self.assertApproximates(done.after.offset, 0.0, 0.13)
        self.meter.ahead = 40.0
        self.error(self.clocks.synchronise(), AccessRefusedError)

    def test_quirks(self) -> None:
        """
        A deviation of the wrong sign; a clock that is known to run in a zone, in standard time all year.
        """
        inverted = ClockOptions(deviation_inverted=True)
        clocks = Clocks(services_of(self.answers), self.answers.clock, options=inverted)
        self.assertAlmostEqual(self.result(clocks.read()).offset, 7200.0, places=1)
        self.result(clocks.synchronise())
        self.assertEqual(self.meter.written[-1].deviation, -60)
        self.assertAlmostEqual(self.meter.ahead, -7200.0, places=1)
        self.meter.ahead, self.meter.said = 0.0, False
        zone = ClockOptions(clock_zone=ZoneInfo("Europe/Berlin"), standard_time_all_year=True)
        clocks = Clocks(services_of(self.answers), self.answers.clock, options=zone)
        self.answers.clock.advance(120 * 86400.0)
        self.assertAlmostEqual(self.result(clocks.read()).offset, 0.0, places=1)
        self.meter.ahead = 60.0
        done = self.result(clocks.synchronise())
        self.assertAlmostEqual(done.after.offset, 0.0, places=1)

    def test_cancelled(self) -> None:
        """
        Cancelled while it waits for the second to begin, nothing is left on the clock.
        """
        self.answers.delay = 0.0
        waiting = Deferred.fromCoroutine(self.clocks.synchronise())
        self.assertNoResult(waiting)
        waiting.cancel()
        self.failureResultOf(waiting)
        self.assertEqual(self.answers.clock.getDelayedCalls(), [])
