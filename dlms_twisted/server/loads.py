"""
What simulated meters measure: loads that are functions of the time and of a seed, and of nothing else.

A load can be asked for any moment, in any order, and its totals are exactly the integral of its rates: the energy of a
quarter of an hour is the average power in it.  Nothing is stored, so that a meter has a past as long as its profiles,
and ten thousand meters cost no more than their seeds.

How it is done: totals at the turns of days have a closed form (a steady part, the days of the week, the season, and
noise that adds up to nothing); each day is shared out to quarters of an hour by the shape of a day, and each quarter to
slots of ten seconds, with noise of the same kind at each step.  Shares are never negative, so that totals never fall.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, lru_cache
from itertools import accumulate
from math import cos, pi, sin, sqrt
from typing import Any, Final

from attrs import field, frozen

from dlms_twisted.errors import ConfigurationError

__all__ = ["KINDS", "QUANTITIES", "Load", "LoadKind", "make_load"]

#: 2015-01-01 00:00 UTC, a Thursday: meters began to count in the year after it.
_EPOCH: Final = 1_420_070_400
_DAY: Final = 86_400
_YEAR: Final = 365.25
_QUARTER: Final = 900
_QUARTERS: Final = 96
#: Seconds in which the rate does not change, and how many of them are in a quarter.
_SLOT: Final = 10
_SLOTS: Final = 90
_THURSDAY: Final = 3
_MASK: Final = (1 << 64) - 1
#: Reactive power by active power, and the factor that belongs to it.
_TANGENT: Final = 0.3287
_FACTOR: Final = 1 / sqrt(1 + _TANGENT**2)
_PHASES: Final = (0.42, 0.33, 0.25)


def _curve(*weights: float) -> tuple[float, ...]:
    """
    @param weights: Of the 24 hours.

    @return: the part of a day's total that is reached at each quarter, from 0 to 1, the ends twice.
    """
    total = sum(weights) * 4
    quarters = [weight / total for weight in weights for _ in range(4)]
    return (0.0, *(*accumulate(quarters, initial=0.0),)[:-1], 1.0, 1.0)


@frozen(kw_only=True)
class LoadKind:
    """
    What loads of a kind have in common.

    @ivar yearly: What is used in a year, where nothing else is said: kWh, or m³.
    @ivar fluid: Is it measured in m³?
    @ivar week: Weights of the days, from Monday; their mean is 1.
    @ivar season: By how much the coldest time of the year is above its mean; negative for what is highest in summer.
    @ivar weather: By how much single days differ.
    @ivar bursts: By how much slots of ten seconds differ, 0 to 1.
    @ivar workday: Shape of a day; C{None} for the sun's.
    @ivar weekend: The same of Saturdays and Sundays.
    """

    yearly: float
    fluid: bool = False
    week: tuple[float, ...] = (1.0,) * 7
    season: float = 0.0
    weather: float = 0.1
    bursts: float = 0.6
    workday: tuple[float, ...] | None = field(default=None, repr=False)
    weekend: tuple[float, ...] | None = field(default=None, repr=False)


_HOME: Final = _curve(
    4, 3, 3, 3, 3, 4, 8, 11, 9, 7, 6, 7, 9, 7, 6, 6, 8, 11, 15, 16, 14, 12, 9, 6
)  # fmt: skip
_HOME_WEEKEND: Final = _curve(
    5, 4, 3, 3, 3, 3, 4, 6, 9, 11, 11, 12, 13, 11, 9, 9, 9, 11, 14, 15, 13, 12, 10, 7
)  # fmt: skip
_FACTORY: Final = _curve(
    3, 3, 3, 3, 4, 8, 14, 16, 17, 17, 17, 15, 14, 16, 16, 15, 12, 8, 5, 4, 3, 3, 3, 3
)  # fmt: skip
_HEATING: Final = _curve(
    3, 3, 3, 3, 5, 9, 11, 10, 8, 7, 6, 6, 6, 6, 6, 7, 8, 9, 9, 8, 7, 6, 4, 3
)  # fmt: skip
_TAPS: Final = _curve(
    1, 1, 1, 1, 1, 4, 12, 14, 9, 6, 5, 6, 8, 6, 4, 4, 5, 8, 11, 11, 9, 7, 4, 2
)  # fmt: skip

KINDS: Final[Mapping[str, LoadKind]] = {
    "household": LoadKind(
        yearly=3500, week=(0.97, 0.96, 0.96, 0.97, 0.98, 1.07, 1.09), season=0.22, weather=0.12,
        workday=_HOME, weekend=_HOME_WEEKEND,
    ),
    "pv": LoadKind(yearly=9000, season=-0.62, weather=0.14, bursts=0.4),
    "industry": LoadKind(
        yearly=900_000, week=(1.18, 1.2, 1.2, 1.2, 1.12, 0.62, 0.48), season=0.1, weather=0.05,
        bursts=0.3, workday=_FACTORY, weekend=_FACTORY,
    ),
    "transformer": LoadKind(
        yearly=1_400_000, week=(1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0), season=0.25, weather=0.05,
        bursts=0.1, workday=_HOME, weekend=_HOME_WEEKEND,
    ),
    "gas": LoadKind(
        yearly=1500, fluid=True, season=0.82, weather=0.07, bursts=0.9, workday=_HEATING,
        weekend=_HEATING,
    ),
    "water": LoadKind(
        yearly=130, fluid=True, season=-0.06, weather=0.2, bursts=0.97, workday=_TAPS,
        weekend=_HOME_WEEKEND,
    ),
    "heat": LoadKind(
        yearly=12_000, season=0.82, weather=0.07, bursts=0.3, workday=_HEATING, weekend=_HEATING
    ),
}  # fmt: skip

#: What can be asked of a load, and in which unit.  Where it fits, C{-1} to C{-3} behind it names a phase.
QUANTITIES: Final[Mapping[str, str]] = {
    "power": "W",
    "energy": "Wh",
    "export-power": "W",
    "export-energy": "Wh",
    "reactive-power": "var",
    "reactive-energy": "varh",
    "apparent-power": "VA",
    "power-factor": "",
    "voltage": "V",
    "current": "A",
    "frequency": "Hz",
    "volume": "m3",
    "flow": "m3/h",
    "temperature": "°C",
}


class Load:
    """
    One load.

    @ivar kind: Its kind.
    @ivar yearly: Of a mean year: Wh, or m³.
    """

    __slots__ = ("_first", "_last", "_seed", "_shift", "_started", "_today", "kind", "yearly")

    def __init__(
        self, kind: LoadKind, seed: int, *, yearly: float | None = None, shift: float = 3600.0
    ) -> None:
        """
        @param seed: Makes one load differ from another of its kind.
        @param yearly: kWh or m³ in a mean year; C{None} for what is usual of the kind, give or take.
        @param shift: Seconds by which the day of those who use it is ahead of UTC.
        """
        self.kind = kind
        self._seed = seed & _MASK
        self._shift = shift
        some = (kind.yearly if yearly is None else yearly) * (1 if kind.fluid else 1000)
        self.yearly = some * (1 + 0.45 * self._noise(1)) if yearly is None else some
        #: Days after the epoch on which the meter began, and the total at its beginning.
        self._first = int((self._noise(2) + 1) * _YEAR / 2) + 1
        self._started = self._turn(self._first)
        #: A day, the total at its beginning, and what is used in it.
        self._today: tuple[int, float, float] = (-1, 0.0, 0.0)
        self._last: tuple[float, float, float] = (-1.0, 0.0, 0.0)

    # -- totals and rates ------------------------------------------------------------------------

    def total(self, seconds: float) -> float:
        """
        @param seconds: Since 1970, UTC.

        @return: Wh or m³ since the meter began; 0 before that.
        """
        day, quarter, rest = self._place(seconds)
        if rest or day < self._first:
            return self._at(seconds)[1]
        # On a quarter there is less to compute: it is where profiles capture.
        _, begin, day_total = self._day(day)
        before, low, high, _ = self._around(day, quarter)
        return begin + day_total * (low + self._swing(day, quarter, low - before, high - low))

    def rate(self, seconds: float) -> float:
        """
        @return: W or m³/h at that moment.
        """
        return self._at(seconds)[2]

    def _at(self, seconds: float) -> tuple[float, float, float]:
        # A row of a profile asks for several quantities of one moment.
        last = self._last
        if last[0] != seconds:
            last = self._last = (seconds, *self._compute(seconds))
        return last

    def _place(self, seconds: float) -> tuple[int, int, float]:
        """
        @return: days after the epoch, quarter of the day, seconds of the quarter.
        """
        local = seconds - _EPOCH + self._shift
        day = int(local // _DAY)
        quarter, rest = divmod(local - day * _DAY, _QUARTER)
        return day, int(quarter), rest

    def _day(self, day: int) -> tuple[int, float, float]:
        today = self._today
        if today[0] != day:
            turn = self._turn(day)
            today = self._today = (day, turn - self._started, self._turn(day + 1) - turn)
        return today

    def _compute(self, seconds: float) -> tuple[float, float]:
        day, quarter, rest = self._place(seconds)
        if day < self._first:
            return 0.0, 0.0
        _, begin, day_total = self._day(day)
        slot, left = divmod(rest, _SLOT)
        low, high = self._shares(day, quarter)
        before = self._slot(day, quarter, int(slot))
        share = (self._slot(day, quarter, int(slot) + 1) - before) * (high - low)
        reached = low + (high - low) * before + share * left / _SLOT
        return begin + day_total * reached, day_total * share * 3600 / _SLOT

    def _turn(self, day: int) -> float:
        """
        @return: the total at the beginning of a day; days of it are 1 in the mean, times what a day uses.
        """
        kind = self.kind
        week, weekday = divmod(day + _THURSDAY, 7)
        steady = 7 * week + sum(kind.week[:weekday])
        # The integral of a cosine that is highest in the middle of January.
        season = kind.season * _YEAR / (2 * pi) * sin(2 * pi * (day - 14) / _YEAR)
        return (steady + season + kind.weather * self._noise(3, day)) * self.yearly / _YEAR

    def _shares(self, day: int, quarter: int) -> tuple[float, float]:
        """
        @return: the parts of the day's total that are reached at the beginning and at the end of a quarter.
        """
        before, low, high, after = self._around(day, quarter)
        rise = high - low
        return (
            low + self._swing(day, quarter, low - before, rise),
            high + self._swing(day, quarter + 1, rise, after - high),
        )

    def _around(self, day: int, quarter: int) -> tuple[float, ...]:
        """
        @return: the shape of the day at the quarters before, at and after this, and the next.
        """
        curve = self.kind.workday if (day + _THURSDAY) % 7 < 5 else self.kind.weekend
        if curve is None:
            return tuple(_sun(day, one) for one in range(quarter - 1, quarter + 3))
        return curve[quarter : quarter + 4]

    def _swing(self, day: int, quarter: int, before: float, after: float) -> float:
        return 0.45 * min(before, after) * self._noise(4, day, quarter)

    def _slot(self, day: int, quarter: int, slot: int) -> float:
        """
        @return: the part of a quarter's total that is reached at the beginning of a slot.
        """
        if slot in (0, _SLOTS):
            return slot / _SLOTS
        noise = self._noise(5, day * _QUARTERS + quarter, slot)
        return (slot + 0.5 * self.kind.bursts * noise) / _SLOTS

    def _noise(self, purpose: int, first: int = 0, second: int = 0) -> float:
        """
        @return: -1 to 1, the same for the same arguments and seed.
        """
        mixed = (
            self._seed
            + purpose * 0xD1B54A32D192ED03
            + first * 0x9E3779B97F4A7C15
            + second * 0xA0761D6478BD642F
        ) & _MASK
        mixed = (mixed ^ mixed >> 30) * 0xBF58476D1CE4E5B9 & _MASK
        mixed = (mixed ^ mixed >> 27) * 0x94D049BB133111EB & _MASK
        return (mixed ^ mixed >> 31) / (1 << 63) - 1

    # -- by name ---------------------------------------------------------------------------------

    def value(self, quantity: str, seconds: float) -> float:
        """
        @param quantity: One of L{QUANTITIES}.
        @param seconds: Since 1970, UTC.

        @return: the quantity, in its unit; 0 for what a load of the kind does not have.

        @raise ConfigurationError: there is no such quantity.
        """
        name, phase = _parsed(quantity)
        if name in {"volume", "flow"}:
            if not self.kind.fluid:
                return 0.0
            return self.total(seconds) if name == "volume" else self.rate(seconds)
        if name == "temperature":
            return self._temperature(seconds)
        if self.kind.fluid:
            return 0.0
        share = _PHASES[phase - 1] if phase else 1.0
        return self._electric(name, seconds, phase) * (1.0 if name in _OF_THE_NET else share)

    def _electric(self, name: str, seconds: float, phase: int) -> float:
        if name == "voltage":
            return self._voltage(seconds, phase)
        if name == "frequency":
            return 50 + 0.03 * self._smooth(7, seconds, 30)
        if name == "power-factor":
            return _FACTOR
        exports, exported = name.startswith("export-"), self.kind.workday is None
        if exports is not exported:
            return 0.0
        if name == "current":
            return self.rate(seconds) / _FACTOR / self._voltage(seconds, phase)
        amount = self.total(seconds) if name.endswith("energy") else self.rate(seconds)
        if name.startswith("reactive"):
            return amount * _TANGENT
        return amount / _FACTOR if name == "apparent-power" else amount

    def _voltage(self, seconds: float, phase: int) -> float:
        return 230 + 4.5 * self._smooth(8 + phase, seconds, 300)

    def _temperature(self, seconds: float) -> float:
        days = (seconds - _EPOCH) / _DAY
        year = cos(2 * pi * (days - 14) / _YEAR)
        return 10 - 9 * year - 3 * cos(2 * pi * days) + 2 * self._smooth(15, seconds, 21_600)

    def _smooth(self, purpose: int, seconds: float, step: int) -> float:
        """
        @return: noise from -1 to 1 that goes in straight lines from step to step.
        """
        number, rest = divmod(seconds - _EPOCH, step)
        before = self._noise(purpose, int(number))
        return before + (self._noise(purpose, int(number) + 1) - before) * rest / step


@cache
def _parsed(quantity: str) -> tuple[str, int]:
    name, phase = quantity, 0
    if quantity[-2:] in {"-1", "-2", "-3"}:
        name, phase = quantity[:-2], int(quantity[-1])
    if name not in QUANTITIES:
        raise ConfigurationError(f"quantity {quantity!r}: one of {', '.join(QUANTITIES)} wanted")
    return name, phase


#: The same on all phases.
_OF_THE_NET: Final = frozenset({"voltage", "frequency", "power-factor"})


@lru_cache(maxsize=1024)
def _sun(day: int, quarter: int) -> float:
    """
    @return: the part of a day's sunlight that has come at the beginning of a quarter; before the day nothing.
    """
    half = 6 - 2.1 * cos(2 * pi * (day + 10) / _YEAR)
    place = (quarter / 4 - (12.5 - half)) / (2 * half)
    return (1 - cos(pi * min(max(place, 0.0), 1.0))) / 2


def make_load(options: Mapping[str, Any], seed: int) -> Load:
    """
    @param options: C{kind}, one of L{KINDS}; C{yearly}, kWh or m³ in a mean year; C{shift}, the hours by which the day
        of those who use it is ahead of UTC.
    @param seed: Makes loads differ.

    @raise ConfigurationError: an option is wrong; the text names it.
    """
    given = dict(options)
    kind = given.pop("kind", "household")
    if kind not in KINDS:
        raise ConfigurationError(f"kind: one of {', '.join(KINDS)} wanted")
    yearly, shift = given.pop("yearly", None), given.pop("shift", 1.0)
    for name, value in (("yearly", yearly), ("shift", shift)):
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise ConfigurationError(f"{name}: a number wanted")
    if yearly is not None and not 0 <= yearly < 1e12:
        raise ConfigurationError("yearly: 0 or more wanted")
    if not -14 <= shift <= 14:
        raise ConfigurationError("shift: hours from -14 to 14 wanted")
    if given:
        raise ConfigurationError(f"{min(given)}: unknown option; kind, yearly or shift wanted")
    return Load(KINDS[kind], seed, yearly=yearly, shift=shift * 3600)
