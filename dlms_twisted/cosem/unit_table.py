"""
The enumeration of units as data: number, symbol, name, dimension, factor to the dimension's base unit, offset.

Factors are exact fractions.  Base units are the SI's, but for energies (watt hour and its like) and flows (per hour),
where nothing would be gained by a second.  The imperial units have their legal definitions (foot 0.3048 m,
pound 0.45359237 kg, gallon 4.54609 l and 231 in³), Btu and EC therm those of the International Table.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Final

__all__ = ["ENUMERATION"]

_ONE: Final = Fraction(1)
_NONE: Final = Fraction(0)
_FOOT: Final = Fraction(3048, 10000)
_INCH: Final = _FOOT / 12
_ACRE: Final = 43560 * _FOOT**2
_POUND: Final = Fraction(45359237, 10**8)
_POUND_FORCE: Final = _POUND * Fraction(980665, 10**5)
_GALLON_IMPERIAL: Final = Fraction(454609, 10**8)
_GALLON_US: Final = 231 * _INCH**3
#: One joule in watt hours, and one British thermal unit.
_JOULE: Final = Fraction(1, 3600)
_BTU: Final = Fraction(105505585262, 10**8) * _JOULE
_KELVIN_AT_0_C: Final = Fraction(27315, 100)
_RANKINE: Final = Fraction(5, 9)
_KELVIN_AT_0_F: Final = Fraction(45967, 100) * _RANKINE
#: From "per second", "per minute", "per day" to "per hour".
_S: Final = Fraction(3600)
_MIN: Final = Fraction(60)
_DAY: Final = Fraction(1, 24)

Row = tuple[int, str | None, str, str, Fraction, Fraction]


def _unit(
    code: int,
    symbol: str | None,
    name: str,
    dimension: str,
    factor: Fraction = _ONE,
    offset: Fraction = _NONE,
) -> Row:
    return (code, symbol, name, dimension, factor, offset)


#: (code, symbol, name, dimension, factor, offset), by code.
ENUMERATION: Final[tuple[Row, ...]] = (
    _unit(1, "a", "year", "time", Fraction(31557600)),
    _unit(2, "mo", "month", "time", Fraction(2629800)),
    _unit(3, "wk", "week", "time", Fraction(604800)),
    _unit(4, "d", "day", "time", Fraction(86400)),
    _unit(5, "h", "hour", "time", Fraction(3600)),
    _unit(6, "min", "minute", "time", Fraction(60)),
    _unit(7, "s", "second", "time"),
    _unit(8, "°", "degree", "plane angle"),
    _unit(9, "°C", "degree Celsius", "temperature", _ONE, _KELVIN_AT_0_C),
    _unit(10, "currency", "currency", "money"),
    _unit(11, "m", "metre", "length"),
    _unit(12, "m/s", "metre per second", "speed"),
    _unit(13, "m³", "cubic metre", "volume"),
    _unit(14, "m³", "cubic metre, corrected", "corrected volume"),
    _unit(15, "m³/h", "cubic metre per hour", "volume flow"),
    _unit(16, "m³/h", "cubic metre per hour, corrected", "corrected volume flow"),
    _unit(17, "m³/d", "cubic metre per day", "volume flow", _DAY),
    _unit(18, "m³/d", "cubic metre per day, corrected", "corrected volume flow", _DAY),
    _unit(19, "l", "litre", "volume", Fraction(1, 1000)),
    _unit(20, "kg", "kilogram", "mass"),
    _unit(21, "N", "newton", "force"),
    _unit(22, "Nm", "newton metre", "torque"),
    _unit(23, "Pa", "pascal", "pressure"),
    _unit(24, "bar", "bar", "pressure", Fraction(100000)),
    _unit(25, "J", "joule", "active energy", _JOULE),
    _unit(26, "J/h", "joule per hour", "active power", _JOULE),
    _unit(27, "W", "watt", "active power"),
    _unit(28, "VA", "volt ampere", "apparent power"),
    _unit(29, "var", "var", "reactive power"),
    _unit(30, "Wh", "watt hour", "active energy"),
    _unit(31, "VAh", "volt ampere hour", "apparent energy"),
    _unit(32, "varh", "var hour", "reactive energy"),
    _unit(33, "A", "ampere", "current"),
    _unit(34, "C", "coulomb", "electric charge", Fraction(1, 3600)),
    _unit(35, "V", "volt", "voltage"),
    _unit(36, "V/m", "volt per metre", "electric field strength"),
    _unit(37, "F", "farad", "capacitance"),
    _unit(38, "Ω", "ohm", "resistance"),
    _unit(39, "Ω·m²/m", "ohm square metre per metre", "resistivity"),
    _unit(40, "Wb", "weber", "magnetic flux"),
    _unit(41, "T", "tesla", "magnetic flux density"),
    _unit(42, "A/m", "ampere per metre", "magnetic field strength"),
    _unit(43, "H", "henry", "inductance"),
    _unit(44, "Hz", "hertz", "frequency"),
    _unit(45, "1/(Wh)", "per watt hour", "active energy constant"),
    _unit(46, "1/(varh)", "per var hour", "reactive energy constant"),
    _unit(47, "1/(VAh)", "per volt ampere hour", "apparent energy constant"),
    _unit(48, "V²h", "volt squared hour", "volt squared hours"),
    _unit(49, "A²h", "ampere squared hour", "ampere squared hours"),
    _unit(50, "kg/s", "kilogram per second", "mass flow"),
    _unit(51, "S", "siemens", "conductance"),
    _unit(52, "K", "kelvin", "temperature"),
    _unit(53, "1/(V²h)", "per volt squared hour", "volt squared hour constant"),
    _unit(54, "1/(A²h)", "per ampere squared hour", "ampere squared hour constant"),
    _unit(55, "1/m³", "per cubic metre", "volume constant"),
    _unit(56, "%", "percent", "percentage"),
    _unit(57, "Ah", "ampere hour", "electric charge"),
    _unit(60, "Wh/m³", "watt hour per cubic metre", "energy per volume"),
    _unit(61, "J/m³", "joule per cubic metre", "energy per volume", _JOULE),
    _unit(62, "mol %", "mole percent", "molar fraction"),
    _unit(63, "g/m³", "gram per cubic metre", "mass density", Fraction(1, 1000)),
    _unit(64, "Pa·s", "pascal second", "dynamic viscosity"),
    _unit(65, "J/kg", "joule per kilogram", "specific energy"),
    _unit(66, "g/cm²", "gram per square centimetre", "mass per area", Fraction(10)),
    _unit(67, "atm", "atmosphere", "pressure", Fraction(101325)),
    _unit(70, "dBm", "decibel over one milliwatt", "signal power level"),
    _unit(71, "dBµV", "decibel over one microvolt", "signal voltage level"),
    _unit(72, "dB", "decibel", "level difference"),
    _unit(128, "in", "inch", "length", _INCH),
    _unit(129, "ft", "foot", "length", _FOOT),
    _unit(130, "lb", "pound", "mass", _POUND),
    _unit(131, "°F", "degree Fahrenheit", "temperature", _RANKINE, _KELVIN_AT_0_F),
    _unit(132, "°R", "degree Rankine", "temperature", _RANKINE),
    _unit(133, "in²", "square inch", "area", _INCH**2),
    _unit(134, "ft²", "square foot", "area", _FOOT**2),
    _unit(135, "acre", "acre", "area", _ACRE),
    _unit(136, "in³", "cubic inch", "volume", _INCH**3),
    _unit(137, "ft³", "cubic foot", "volume", _FOOT**3),
    _unit(138, "acre-ft", "acre foot", "volume", _ACRE * _FOOT),
    _unit(139, "gal (imp)", "imperial gallon", "volume", _GALLON_IMPERIAL),
    _unit(140, "gal (US)", "US gallon", "volume", _GALLON_US),
    _unit(141, "lbf", "pound force", "force", _POUND_FORCE),
    _unit(142, "psi", "pound force per square inch", "pressure", _POUND_FORCE / _INCH**2),
    _unit(143, "lb/ft³", "pound per cubic foot", "mass density", _POUND / _FOOT**3),
    _unit(144, "lb/(ft·s)", "pound per foot second", "dynamic viscosity", _POUND / _FOOT),
    _unit(145, "ft²/s", "square foot per second", "kinematic viscosity", _FOOT**2),
    _unit(146, "Btu", "British thermal unit", "active energy", _BTU),
    _unit(147, "thm (EC)", "therm (EC)", "active energy", 100000 * _BTU),
    _unit(148, "thm (US)", "therm (US)", "active energy", 105480400 * _JOULE),
    _unit(149, "Btu/lb", "Btu per pound", "specific energy", _BTU / _JOULE / _POUND),
    _unit(150, "Btu/ft³", "Btu per cubic foot", "energy per volume", _BTU / _FOOT**3),
    _unit(151, "ft³", "cubic foot, corrected", "corrected volume", _FOOT**3),
    _unit(152, "ft/s", "foot per second", "speed", _FOOT),
    _unit(153, "ft³/s", "cubic foot per second", "volume flow", _FOOT**3 * _S),
    _unit(154, "ft³/min", "cubic foot per minute", "volume flow", _FOOT**3 * _MIN),
    _unit(155, "ft³/h", "cubic foot per hour", "volume flow", _FOOT**3),
    _unit(156, "ft³/d", "cubic foot per day", "volume flow", _FOOT**3 * _DAY),
    _unit(157, "acre-ft/s", "acre foot per second", "volume flow", _ACRE * _FOOT * _S),
    _unit(158, "acre-ft/min", "acre foot per minute", "volume flow", _ACRE * _FOOT * _MIN),
    _unit(159, "acre-ft/h", "acre foot per hour", "volume flow", _ACRE * _FOOT),
    _unit(160, "acre-ft/d", "acre foot per day", "volume flow", _ACRE * _FOOT * _DAY),
    _unit(161, "gal (imp)", "imperial gallon", "volume", _GALLON_IMPERIAL),
    _unit(162, "gal (imp)/s", "imperial gallon per second", "volume flow", _GALLON_IMPERIAL * _S),
    _unit(
        163, "gal (imp)/min", "imperial gallon per minute", "volume flow", _GALLON_IMPERIAL * _MIN
    ),
    _unit(164, "gal (imp)/h", "imperial gallon per hour", "volume flow", _GALLON_IMPERIAL),
    _unit(165, "gal (imp)/d", "imperial gallon per day", "volume flow", _GALLON_IMPERIAL * _DAY),
    _unit(166, "gal (US)", "US gallon", "volume", _GALLON_US),
    _unit(167, "gal (US)/s", "US gallon per second", "volume flow", _GALLON_US * _S),
    _unit(168, "gal (US)/min", "US gallon per minute", "volume flow", _GALLON_US * _MIN),
    _unit(169, "gal (US)/h", "US gallon per hour", "volume flow", _GALLON_US),
    _unit(170, "gal (US)/d", "US gallon per day", "volume flow", _GALLON_US * _DAY),
    _unit(171, "Btu/s", "Btu per second", "active power", _BTU * _S),
    _unit(172, "Btu/min", "Btu per minute", "active power", _BTU * _MIN),
    _unit(173, "Btu/h", "Btu per hour", "active power", _BTU),
    _unit(174, "Btu/d", "Btu per day", "active power", _BTU * _DAY),
    _unit(254, None, "other unit", "other"),
    _unit(255, None, "count, no unit", "count"),
)
