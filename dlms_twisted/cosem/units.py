"""
Units of the C{scaler_unit} attribute: the whole enumeration, with dimensions and exact conversion on demand.

Source: IEC 62056-6-2, Register, enumeration of the units.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, localcontext
from fractions import Fraction
from functools import lru_cache
from types import MappingProxyType
from typing import Final, NamedTuple

from dlms_twisted.cosem.unit_table import ENUMERATION
from dlms_twisted.errors import UnitError

__all__ = ["UNITS", "Unit", "by_symbol", "convert", "unit_of", "unit_symbol"]


class Unit(NamedTuple):
    """
    One unit.

    @ivar code: Its number in the enumeration, 0 for one that only conversion knows (C{kWh}).
    @ivar symbol: How it is printed; C{None} for a plain number (255) and for "other" (254).
    @ivar name: In words.
    @ivar dimension: What it measures.  Only units of one dimension convert into each other: C{Wh} and
        C{varh} do not, nor do a volume and a corrected volume.
    @ivar factor: How many of the dimension's base unit one of it is.
    @ivar offset: What is added after the factor, for degrees Celsius and Fahrenheit.
    """

    code: int
    symbol: str | None
    name: str
    dimension: str
    factor: Fraction
    offset: Fraction = Fraction(0)

    def __str__(self) -> str:
        return self.symbol or ""


#: By number; the reserved ones are missing.
UNITS: Final[Mapping[int, Unit]] = MappingProxyType({row[0]: Unit(*row) for row in ENUMERATION})

#: The first unit of each symbol: the uncorrected m³, for example.
_SYMBOLS: Final[Mapping[str, Unit]] = MappingProxyType(
    {unit.symbol: unit for unit in reversed(tuple(UNITS.values())) if unit.symbol is not None}
)
_PREFIXES: Final[Mapping[str, tuple[str, Fraction]]] = MappingProxyType(
    {
        "µ": ("micro", Fraction(1, 10**6)),
        "m": ("milli", Fraction(1, 1000)),
        "c": ("centi", Fraction(1, 100)),
        "h": ("hecto", Fraction(100)),
        "k": ("kilo", Fraction(1000)),
        "M": ("mega", Fraction(10**6)),
        "G": ("giga", Fraction(10**9)),
        "T": ("tera", Fraction(10**12)),
    }
)
#: The units that people write those prefixes on.
_PREFIXED: Final = frozenset(
    "W VA var Wh VAh varh A V Ah J J/h Pa bar m l N Hz s F H Ω C V²h A²h".split(" ")  # noqa: SIM905
)
#: What other formats write for a symbol of ours.
_SPELLINGS: Final = MappingProxyType(
    {
        "m3": "m³",
        "m3/h": "m³/h",
        "m3/d": "m³/d",
        "Ohm": "Ω",
        "ohm": "Ω",
        "VAr": "var",
        "VArh": "varh",
        "Var": "var",
        "Varh": "varh",
        "L": "l",
        "degC": "°C",
    }
)
#: Units that stand in no enumeration but in telegrams and on screens.
_EXTRA: Final = MappingProxyType(
    {
        "l/h": Unit(0, "l/h", "litre per hour", "volume flow", Fraction(1, 1000)),
        "t": Unit(0, "t", "tonne", "mass", Fraction(1000)),
        "g": Unit(0, "g", "gram", "mass", Fraction(1, 1000)),
    }
)


def unit_of(code: int) -> Unit | None:
    """
    @param code: As in C{scaler_unit}.

    @return: the unit, or C{None} where the number is reserved or unknown.
    """
    return UNITS.get(code)


def unit_symbol(code: int) -> str | None:
    """
    @return: what to print behind a value; C{None} for a plain number (255) and for an unknown unit.
    """
    unit = UNITS.get(code)
    return None if unit is None else unit.symbol


@lru_cache(maxsize=512)
def by_symbol(symbol: str) -> Unit:
    """
    @param symbol: As printed, with a prefix where people use one: C{kWh}, C{mA}, C{m3}.

    @raise UnitError: no such unit.
    """
    text = _SPELLINGS.get(symbol, symbol)
    found = _SYMBOLS.get(text) or _EXTRA.get(text)
    if found is not None:
        return found
    rest = _SPELLINGS.get(text[1:], text[1:])
    if text[:1] in _PREFIXES and rest in _PREFIXED:
        base = _SYMBOLS[rest]
        word, factor = _PREFIXES[text[0]]
        return Unit(0, text[0] + rest, word + base.name, base.dimension, base.factor * factor)
    raise UnitError(f"no unit is written {symbol!r}")


def convert(value: int | Decimal, unit: Unit | str, to: Unit | str) -> Decimal:
    """
    Convert on demand; nothing in this package does so unasked.

    @param value: A finite number in C{unit}.
    @return: the same in C{to}: exact where a finite decimal is, else to 28 significant digits.

    @raise UnitError: a unit is not known, or the two measure different things.
    """
    source = by_symbol(unit) if isinstance(unit, str) else unit
    target = by_symbol(to) if isinstance(to, str) else to
    if source.dimension != target.dimension:
        raise UnitError(
            f"{source.name} ({source.dimension}) does not convert to "
            f"{target.name} ({target.dimension})"
        )
    if source is target:
        return Decimal(value)
    base = Fraction(value) * source.factor + source.offset
    return _decimal((base - target.offset) / target.factor)


def _decimal(value: Fraction) -> Decimal:
    """
    @return: C{value} as the shortest exact decimal, or rounded to 28 digits where there is none.
    """
    rest, twos, fives = value.denominator, 0, 0
    while rest % 2 == 0:
        rest, twos = rest // 2, twos + 1
    while rest % 5 == 0:
        rest, fives = rest // 5, fives + 1
    if rest == 1:
        places = max(twos, fives)
        return Decimal(f"{(value * 10**places).numerator}e-{places}")
    with localcontext(prec=28):
        return Decimal(value.numerator) / Decimal(value.denominator)
