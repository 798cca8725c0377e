"""
Loads.
"""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.errors import ConfigurationError
from dlms_twisted.server.loads import KINDS, QUANTITIES, Load, make_load

_DAY = 86_400
#: 2026-11-02, a Monday.
_NOW = datetime(2026, 11, 2, tzinfo=UTC).timestamp()
_YEAR = 365.25 * _DAY
MOMENTS = st.integers(1_420_000_000, 2_500_000_000)


def load(kind: str = "household", seed: int = 1) -> Load:
    """
    @return: a load.
    """
    return make_load({"kind": kind}, seed)


class TotalTests(SynchronousTestCase):
    """
    Totals and rates belong together.
    """

    @settings(max_examples=150, deadline=None, derandomize=True)
    @given(kind=st.sampled_from(sorted(KINDS)), seed=st.integers(0, 1 << 70), at=MOMENTS)
    def test_never_falls(self, kind: str, seed: int, at: int) -> None:
        """
        Totals grow, or stay; rates are never negative.
        """
        one = load(kind, seed)
        before = one.total(at)
        for step in (1, 9, 90, 900, 3600, 86_400, 700_000):
            at += step
            after = one.total(at)
            self.assertGreaterEqual(after, before, (at, step))
            self.assertGreaterEqual(one.rate(at), 0)
            before = after

    def test_integral(self) -> None:
        """
        The total of a span is the sum of the rates of its slots of ten seconds.
        """
        for kind in KINDS:
            one = load(kind)
            begin = _NOW + 11 * 3600
            rates = [one.rate(begin + 10 * slot + 5) for slot in range(360)]
            used = one.total(begin + 3600) - one.total(begin)
            self.assertAlmostEqual(sum(rates) / 360 / used, 1.0, 6, kind)

    def test_within_a_slot(self) -> None:
        """
        The rate holds for ten seconds, and the total goes straight.
        """
        one = load()
        self.assertEqual(one.rate(_NOW), one.rate(_NOW + 9))
        self.assertNotEqual(one.rate(_NOW), one.rate(_NOW + 10))
        half = one.total(_NOW + 5) - one.total(_NOW)
        self.assertAlmostEqual(half * 2, one.total(_NOW + 10) - one.total(_NOW), 6)

    def test_same_again(self) -> None:
        """
        It is a function of time and seed: asked in any order, by another of the same seed, it is the same.
        """
        moments = [_NOW + 1234.5 * count for count in range(50)]
        one, other = load(seed=7), load(seed=7)
        found = [one.total(at) for at in moments]
        self.assertEqual([other.total(at) for at in reversed(moments)], found[::-1])
        self.assertNotEqual([load(seed=8).total(at) for at in moments], found)

    def test_before_the_meter(self) -> None:
        """
        Before it began there is nothing, and then it begins at nothing.
        """
        for seed in range(20):
            one = load(seed=seed)
            self.assertEqual((one.total(1_400_000_000), one.rate(1_400_000_000)), (0.0, 0.0))
            low, high = 1_420_000_000, 1_460_000_000
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (middle, high) if one.total(middle) == 0 else (low, middle)
            self.assertLess(one.total(high), one.yearly / 365 / 100)

    def test_yearly(self) -> None:
        """
        What was asked for a year is used in a year.
        """
        for kind in KINDS:
            one = make_load({"kind": kind, "yearly": 1000}, 3)
            used = one.total(_NOW + _YEAR) - one.total(_NOW)
            wanted = 1000 if KINDS[kind].fluid else 1_000_000
            self.assertAlmostEqual(used / wanted, 1.0, 1, kind)


class ShapeTests(SynchronousTestCase):
    """
    Loads look like what they stand for.
    """

    def used(self, one: Load, begin: float, hours: float) -> float:
        """
        @return: what is used from then on.
        """
        return one.total(begin + hours * 3600) - one.total(begin)

    def test_sun(self) -> None:
        """
        At night there is none; in June there is more than in December; it is exported.
        """
        one = load("pv")
        june, december = _NOW - 140 * _DAY, _NOW + 45 * _DAY
        for begin in (june, december):
            self.assertEqual(one.rate(begin), 0.0)
            self.assertGreater(one.rate(begin + 11 * 3600), 0.0)
        self.assertGreater(self.used(one, june, 720), 2 * self.used(one, december, 720))
        noon = june + 11 * 3600
        self.assertEqual(one.value("export-power", noon), one.rate(noon))
        self.assertEqual(one.value("power", noon), 0.0)

    def test_weekend(self) -> None:
        """
        A factory rests on Sundays.
        """
        one = load("industry")
        self.assertGreater(self.used(one, _NOW, 24), 1.8 * self.used(one, _NOW + 6 * _DAY, 24))

    def test_winter(self) -> None:
        """
        Gas is used in winter.
        """
        one = load("gas")
        january, july = _NOW + 70 * _DAY, _NOW - 110 * _DAY
        self.assertGreater(self.used(one, january, 240), 4 * self.used(one, july, 240))

    def test_evening(self) -> None:
        """
        A household uses more in the evening than at night.
        """
        one = load()
        self.assertGreater(self.used(one, _NOW + 17 * 3600, 3), 2 * self.used(one, _NOW, 3))


class QuantityTests(SynchronousTestCase):
    """
    Quantities by name.
    """

    def test_all(self) -> None:
        """
        Every quantity of every kind is a number, and those of the net are what they should be.
        """
        for kind in KINDS:
            one = load(kind)
            for name in QUANTITIES:
                self.assertIsInstance(one.value(name, _NOW), float, (kind, name))
        one = load()
        for count in range(500):
            at = _NOW + 77 * count
            self.assertTrue(220 < one.value("voltage-2", at) < 240)
            self.assertTrue(49.9 < one.value("frequency", at) < 50.1)

    def test_electric(self) -> None:
        """
        Phases add up; apparent, active and reactive power make a triangle; current and voltage make the power.
        """
        one = load()
        power, reactive, apparent = (
            one.value(name, _NOW) for name in ("power", "reactive-power", "apparent-power")
        )
        self.assertAlmostEqual(sum(one.value(f"power-{n}", _NOW) for n in (1, 2, 3)), power)
        self.assertAlmostEqual(power**2 + reactive**2, apparent**2, 3)
        current = one.value("current", _NOW)
        self.assertAlmostEqual(current * one.value("voltage", _NOW), apparent)

    def test_fluid(self) -> None:
        """
        Gas has volume, flow and temperature, and no power.
        """
        one = load("gas")
        self.assertEqual(one.value("volume", _NOW), one.total(_NOW))
        self.assertEqual(one.value("flow", _NOW), one.rate(_NOW))
        self.assertEqual(one.value("energy", _NOW), 0.0)
        self.assertTrue(-20 < one.value("temperature", _NOW) < 40)

    def test_wrong(self) -> None:
        """
        What there is not is refused by name.
        """
        for options, word in (
            ({"kind": "nuclear"}, "kind"),
            ({"yearly": -1}, "yearly"),
            ({"yearly": "much"}, "yearly"),
            ({"shift": 15}, "shift"),
            ({"colour": 1}, "colour"),
        ):
            error = self.assertRaises(ConfigurationError, make_load, options, 1)
            self.assertIn(word, str(error))
        error = self.assertRaises(ConfigurationError, load().value, "flux", _NOW)
        self.assertIn("flux", str(error))
