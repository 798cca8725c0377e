"""
Tests for L{dlms_twisted.cosem.units} and L{dlms_twisted.cosem.scaled}.
"""

from __future__ import annotations

import struct
from decimal import Decimal
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.cosem.scaled import exact_float, number_text, scale, unscale
from dlms_twisted.cosem.units import UNITS, Unit, by_symbol, convert, unit_of, unit_symbol
from dlms_twisted.errors import UnitError

_FEW = settings(max_examples=200, deadline=None, derandomize=True)


class UnitTests(SynchronousTestCase):
    """
    Tests of the enumeration and of conversion.
    """

    def test_numbers(self) -> None:
        """
        The enumeration is whole: the numbers that the Blue Book defines, and no reserved one.
        """
        defined = {*range(1, 58), *range(60, 68), 70, 71, 72, *range(128, 175), 254, 255}
        self.assertEqual(set(UNITS), defined)
        for reserved in (0, 58, 59, 68, 69, 73, 127, 175, 253):
            self.assertIsNone(unit_of(reserved))
            self.assertIsNone(unit_symbol(reserved))

    def test_symbols(self) -> None:
        """
        Well-known numbers have their symbols; a count and "other" have none.
        """
        wanted = {27: "W", 29: "var", 30: "Wh", 32: "varh", 33: "A", 35: "V", 44: "Hz", 13: "m³"}
        self.assertEqual({code: unit_symbol(code) for code in wanted}, wanted)
        self.assertIsNone(unit_symbol(255))
        self.assertEqual(str(UNITS[255]), "")

    def test_dimensions(self) -> None:
        """
        Every unit has a dimension and a name, and its factor is positive.
        """
        for unit in UNITS.values():
            self.assertTrue(unit.dimension and unit.name, unit)
            self.assertGreater(unit.factor, 0, unit)

    def test_convert(self) -> None:
        """
        Conversion is exact where a finite decimal is.
        """
        for value, source, target, wanted in (
            (1234567, "Wh", "kWh", "1234.567"),
            (1, "kWh", "J", "3600000"),
            (Decimal("0.5"), "MWh", "Wh", "500000"),
            (20, "°C", "°F", "68"),
            (212, "°F", "K", "373.15"),
            (1, "m3", "l", "1000"),
            (24, "m³/d", "m³/h", "1"),
            (1, "ft³", "l", "28.316846592"),
            (1, "bar", "hPa", "1000"),
            (1, "gal (US)", "l", "3.785411784"),
            (1, "acre", "ft²", "43560"),
            (1500, "mA", "A", "1.5"),
            (1, "Btu/lb", "J/kg", "2326"),
            (1, "h", "s", "3600"),
            (5, "V", "V", "5"),
        ):
            self.assertEqual(
                convert(value, source, target), Decimal(wanted), (value, source, target)
            )

    def test_legal_definitions(self) -> None:
        """
        The imperial units are those of their legal definitions.
        """
        self.assertEqual(
            convert(1, "psi", "Pa").quantize(Decimal("1e-9")), Decimal("6894.757293168")
        )
        self.assertEqual(convert(1, "Btu", "J"), Decimal("1055.05585262"))
        self.assertEqual(convert(1, "thm (US)", "J"), Decimal(105480400))
        self.assertEqual(
            convert(1, "lb/ft³", "g/m³").quantize(Decimal("1e-6")), Decimal("16018.463374")
        )

    def test_refused(self) -> None:
        """
        What measures different things does not convert, however alike the symbols are.
        """
        for source, target in (("Wh", "varh"), ("W", "Wh"), ("dBm", "dB"), ("V", "A")):
            self.assertRaises(UnitError, convert, 1, source, target)
        self.assertRaises(UnitError, convert, 1, UNITS[13], UNITS[14])
        for unknown in ("", "furlong", "kkWh", "k"):
            self.assertRaises(UnitError, by_symbol, unknown)

    @_FEW
    @given(st.sampled_from(sorted(UNITS)), st.integers(-(10**15), 10**15))
    def test_there_and_back(self, code: int, value: int) -> None:
        """
        To the base unit and back is the same value, to 25 digits at least.
        """
        unit = UNITS[code]
        base = Unit(0, None, "base", unit.dimension, Fraction(1))
        back = convert(convert(value, unit, base), base, unit)
        self.assertAlmostEqual(Fraction(back), value, delta=Fraction(abs(value) + 1000, 10**25))


class ScaledTests(SynchronousTestCase):
    """
    Tests for scaled values.
    """

    def test_reference(self) -> None:
        """
        Value 66401 with the scaler 1 is 664010 (the reference's example).
        """
        self.assertEqual(scale(66401, 1), 664010)
        self.assertEqual(scale(2308, -1), Decimal("230.8"))
        self.assertEqual(number_text(scale(2300, -1)), "230.0")
        self.assertEqual(number_text(scale(-7, -2)), "-0.07")
        self.assertIsInstance(scale(5, 0), int)

    @_FEW
    @given(st.integers(-(2**63), 2**64), st.integers(-128, 127))
    def test_round(self, value: int, scaler: int) -> None:
        """
        Scaling loses nothing: it can be undone, whatever the scaler.
        """
        scaled = scale(value, scaler)
        self.assertEqual(Fraction(scaled), value * Fraction(10) ** scaler)
        self.assertEqual(unscale(scaled, scaler), value)
        self.assertNotIn("E", number_text(scaled))

    def test_not_to_be_transmitted(self) -> None:
        """
        A value between two steps, and what is no number, has no integer.
        """
        self.assertIsNone(unscale(Decimal("230.85"), -1))
        self.assertIsNone(unscale(7, 1))
        self.assertIsNone(unscale(Decimal("NaN"), 0))

    @_FEW
    @given(st.floats(width=32, allow_nan=False, allow_infinity=False))
    def test_float32(self, value: float) -> None:
        """
        A float32 becomes the shortest decimal that gives it back.
        """
        exact = exact_float(value, 4)
        assert exact is not None
        self.assertEqual(struct.unpack(">f", struct.pack(">f", float(exact)))[0], value)
        self.assertLessEqual(len(exact.normalize().as_tuple().digits), 9)

    def test_float(self) -> None:
        """
        230.1 sent as float32 or float64 is 230.1; what is no number is C{None}.
        """
        narrow = struct.unpack(">f", struct.pack(">f", 230.1))[0]
        self.assertEqual(exact_float(narrow, 4), Decimal("230.1"))
        self.assertEqual(exact_float(230.1), Decimal("230.1"))
        self.assertEqual(scale(Decimal("230.1"), -3), Decimal("0.2301"))
        for value in (float("nan"), float("inf"), float("-inf")):
            self.assertIsNone(exact_float(value))
