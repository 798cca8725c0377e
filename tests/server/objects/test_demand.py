"""
Tests for L{dlms_twisted.server.objects.demand}.
"""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.apdu.results import ActionResult, DataAccessResult
from dlms_twisted.codec import build
from tests.server.making import NOW, Made, made

_WATTS = {"scaler": 0, "unit": "W"}


def _made(periods: int = 1, **said: Any) -> Made:
    demand = {
        "class": 5,
        "obis": "1-0:1.4.0",
        "quantity": "energy",
        "values": {"scaler_unit": _WATTS, "period": 900, "number_of_periods": periods},
    }
    maximum = {
        "class": 4,
        "obis": "1-0:1.6.0",
        "maximum_of": "1-0:1.4.0",
        "values": {"scaler_unit": _WATTS},
    }
    return made(demand, maximum, load={"main": {"kind": "household"}}, **said)


def _watts(one: Made, start: float, end: float, seconds: float) -> int:
    load = one.meter.load()
    return round((load.value("energy", end) - load.value("energy", start)) * 3600 / seconds)


class DemandTests(SynchronousTestCase):
    """
    Averages over periods.
    """

    def test_block(self) -> None:
        """
        The last average is that of the quarter that is over, the current one grows to the next.
        """
        one = _made(now=NOW + 300)
        demand = one.object(5, "1-0:1.4.0")
        self.assertEqual(demand.value(3).values, _watts(one, NOW - 900, NOW, 900))
        self.assertEqual(demand.value(2).values, _watts(one, NOW, NOW + 300, 900))
        for attribute in (6, 7):
            start = build.octet_string(one.meter.moment(NOW))
            self.assertEqual(demand.value(attribute), start)
        one.clock.advance(600)
        self.assertEqual(demand.value(3).values, _watts(one, NOW, NOW + 900, 900))
        self.assertEqual(demand.value_at(3, NOW + 300).values, _watts(one, NOW - 900, NOW, 900))

    def test_sliding(self) -> None:
        """
        With three periods the average slides over them.
        """
        one = _made(3, now=NOW + 300)
        demand = one.object(5, "1-0:1.4.0")
        self.assertEqual(demand.value(3).values, _watts(one, NOW - 2700, NOW, 2700))
        self.assertEqual(demand.value(2).values, _watts(one, NOW - 1800, NOW + 300, 2700))

    def test_next_period(self) -> None:
        """
        The period ends when it is told to, and the next goes on from there.
        """
        one = _made(now=NOW + 300)
        demand = one.object(5, "1-0:1.4.0")
        current = demand.value(2)
        self.assertEqual(demand.act(2), (ActionResult.SUCCESS, None))
        self.assertEqual((demand.value(3), demand.value(2).values), (current, 0))
        self.assertEqual(demand.value(7), build.octet_string(one.meter.moment(NOW + 300)))
        one.clock.advance(900)
        self.assertEqual(demand.value(3).values, _watts(one, NOW + 300, NOW + 1200, 900))

    def test_reset(self) -> None:
        """
        Both averages begin at 0.
        """
        one = _made(now=NOW + 300)
        demand = one.object(5, "1-0:1.4.0")
        demand.act(1)
        self.assertEqual((demand.value(2).values, demand.value(3).values), (0, 0))
        self.assertTrue(demand.is_kept)

    def test_periods_are_written(self) -> None:
        """
        Another period holds at once; none, or more of them than are averaged, are refused.
        """
        one = _made(now=NOW + 300)
        demand = one.object(5, "1-0:1.4.0")
        self.assertEqual(demand.assign(8, build.double_long_unsigned(300)), 0)
        self.assertEqual(demand.assign(9, build.long_unsigned(2)), 0)
        self.assertEqual(demand.value(3).values, _watts(one, NOW - 300, NOW + 300, 600))
        for attribute, value in (
            (8, build.double_long_unsigned(0)),
            (9, build.long_unsigned(0)),
            (9, build.long_unsigned(1001)),
        ):
            self.assertEqual(demand.assign(attribute, value), DataAccessResult.OTHER_REASON)

    def test_kept(self) -> None:
        """
        One that follows nothing shows what it was given, and is reset to nothing of the same type.
        """
        values = {"2": {"type": "unsigned", "value": 9}, "3": {"type": "unsigned", "value": 8}}
        demand = made({"class": 5, "obis": "1-0:1.4.0", "values": values}).object(5, "1-0:1.4.0")
        self.assertEqual(demand.act(2)[0], ActionResult.SUCCESS)
        self.assertEqual((demand.value(2), demand.value(3)), (build.unsigned(0), build.unsigned(9)))
        demand.act(1)
        self.assertEqual(demand.value(3), build.unsigned(0))


class MaximumTests(SynchronousTestCase):
    """
    The highest average of the month.
    """

    def test_highest(self) -> None:
        """
        It is the highest quarter since the first of the month, and says when that ended.
        """
        one = _made(now=NOW + 300)
        maximum = one.object(4, "1-0:1.6.0")
        month = NOW - 12 * 3600
        averages = [
            (_watts(one, month + n * 900, month + (n + 1) * 900, 900), month + (n + 1) * 900)
            for n in range(48)
        ]
        watts, at = max(averages, key=lambda pair: pair[0])
        self.assertEqual(maximum.value(2).values, watts)
        self.assertEqual(maximum.value(5), build.octet_string(one.meter.moment(at)))

    def test_nothing_to_look_at(self) -> None:
        """
        Without a load behind the demand register it is a value that is kept.
        """
        maximum = {"class": 4, "obis": "1-0:1.6.0", "maximum_of": "1-0:1.4.0"}
        one = made({"class": 5, "obis": "1-0:1.4.0"}, maximum).object(4, "1-0:1.6.0")
        one.put(2, build.unsigned(5))
        self.assertEqual(one.value(2), build.unsigned(5))
        self.assertEqual(one.act(1), (ActionResult.SUCCESS, None))
        self.assertEqual(one.value(2), build.unsigned(0))

    def test_only_rises(self) -> None:
        """
        Later quarters raise it or leave it; what it looked at it does not forget.
        """
        one = _made(now=NOW)
        maximum = one.object(4, "1-0:1.6.0")
        before = maximum.value(2).values
        for _ in range(12):
            one.clock.advance(7200)
            now = maximum.value(2).values
            self.assertGreaterEqual(now, before)
            before = now
        one.meter.rest()
        self.assertIs(one.object(4, "1-0:1.6.0"), maximum)

    def test_short_periods(self) -> None:
        """
        However short the periods are, it looks at no more than some thousands of them.
        """
        one = _made(now=NOW + 20 * 86400)
        one.object(5, "1-0:1.4.0").assign(8, build.double_long_unsigned(1))
        looked: list[float] = []
        load = one.meter.load()
        measure = type(load).value

        def counted(self: object, quantity: str, seconds: float) -> float:
            looked.append(seconds)
            return measure(load, quantity, seconds)

        self.patch(type(load), "value", counted)
        self.assertGreater(one.object(4, "1-0:1.6.0").value(2).values, 0)
        self.assertLess(len(looked), 7000)

    def test_reset_and_month(self) -> None:
        """
        A reset and a new month begin at 0.
        """
        one = _made(now=NOW)
        maximum = one.object(4, "1-0:1.6.0")
        self.assertGreater(maximum.value(2).values, 0)
        self.assertEqual(maximum.act(1), (ActionResult.SUCCESS, None))
        self.assertEqual(maximum.value(2).values, 0)
        one.clock.advance(900)
        self.assertEqual(maximum.value(2).values, _watts(one, NOW, NOW + 900, 900))
        one.clock.advance(29 * 86400 + 12 * 3600 - 900)
        self.assertEqual(maximum.value(2).values, 0)
