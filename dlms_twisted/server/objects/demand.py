"""
Demand register (class 5): averages over periods, as a block or sliding.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

from dlms_twisted.apdu.results import ActionResult, DataAccessResult
from dlms_twisted.codec.data import Data
from dlms_twisted.cosem.obis import Obis
from dlms_twisted.server.objects.base import invokes, reads, writes
from dlms_twisted.server.objects.registers import ExtendedRegister, MeasuringObject, zero_like

__all__ = ["DemandRegister", "MaximumRegister"]

_VALUE: Final = 2
_CURRENT: Final = 2
_LAST: Final = 3
_CAPTURE_TIME: Final = 6
_START_TIME: Final = 7
_PERIOD: Final = 8
_PERIODS: Final = 9
#: More periods than this are not averaged.
_MOST_PERIODS: Final = 1000
#: And more are not looked at at once for the highest average: three weeks of five minutes.
_MOST_LOOKED_AT: Final = 6000
_HOUR: Final = Decimal(3600)


class DemandRegister(MeasuringObject):
    """
    The average of a load's power over C{number_of_periods} periods, which slides from period to period; with one
    period it is a block.  Nothing is sampled: averages come from the energy of the load, whichever time is asked for.
    Source: DLMS UA 1000-1 (Blue Book), Demand register.
    """

    CLASS = 5
    SCALER_UNIT = 4

    __slots__ = ("_last", "_origin", "_since")

    def __init__(self, name: Obis | str | bytes, **options: Any) -> None:
        """
        @param options: As L{MeasuringObject} takes them; C{quantity} is the energy that is averaged.
        """
        super().__init__(name, **options)
        #: Periods begin here, and the energy before does not count.
        self._since: float | None = None
        self._last = Decimal(0)
        self._origin = 0.0

    @property
    def is_kept(self) -> bool:
        """
        One that was reset, or told to begin a period, is.
        """
        return super().is_kept or self._since is not None

    @property
    def follows(self) -> bool:
        """
        Does it follow a load?
        """
        return self._quantity is not None

    @property
    def period(self) -> int:
        """
        Seconds, at least one.
        """
        return max(1, int(self.get(_PERIOD).values or 900))  # type: ignore[arg-type]

    @property
    def periods(self) -> int:
        """
        How many are averaged, at least one.
        """
        return min(max(1, int(self.get(_PERIODS).values or 1)), _MOST_PERIODS)  # type: ignore[arg-type]

    def started_at(self, seconds: float) -> float:
        """
        @return: the beginning of the period in which a time lies.
        """
        return self._origin + (seconds - self._origin) // self.period * self.period

    def average(self, end: float, seconds: float) -> Decimal:
        """
        @param end: Where the time ends that is averaged.
        @param seconds: How long it is; what is missing of it counts as nothing.
        """
        since = 0.0 if self._since is None else self._since
        begin = max(min(end, since), end - seconds)
        energy = self.measured(end) - self.measured(begin)
        return energy * _HOUR / (self.period * self.periods)

    def current(self, seconds: float) -> Decimal:
        """
        @return: current_average_value at that time.
        """
        start = self.started_at(seconds)
        return self.average(seconds, seconds - start + (self.periods - 1) * self.period)

    def last(self, seconds: float) -> Decimal:
        """
        @return: last_average_value at that time.
        """
        start = self.started_at(seconds)
        if self._since is not None and start <= self._since:
            return self._last
        return self.average(start, self.periods * self.period)

    def averages(self, after: float, until: float) -> Iterator[tuple[float, Decimal]]:
        """
        @return: end and average of each period that ended after one time and up to another; of one that
            L{next_period} ended, nothing.
        """
        end = self.started_at(after) + self.period
        since = 0.0 if self._since is None else self._since
        begins = (max(since, end - number * self.period) for number in range(self.periods, 0, -1))
        # Each reading of the load's energy is taken once.
        energies = deque(self.measured(one) for one in begins)
        while end <= until:
            energies.append(self.measured(end))
            yield end, (energies[-1] - energies.popleft()) * _HOUR / (self.period * self.periods)
            end += self.period

    def value_at(self, attribute: int, seconds: float) -> Data | DataAccessResult:
        """
        @return: the value that an attribute had at that time.
        """
        if not self.follows:
            return self.value(attribute)
        if attribute == _CURRENT:
            return self.shown(self.current(seconds), wraps=False)
        if attribute == _LAST:
            return self.shown(self.last(seconds), wraps=False)
        if attribute in {_CAPTURE_TIME, _START_TIME}:
            return self.time_like(attribute, self.started_at(seconds))
        return self.value(attribute)

    def _now(self, attribute: int) -> Data | DataAccessResult:
        return self.value_at(attribute, self.meter.time()) if self.follows else self.get(attribute)

    @reads(_CURRENT)
    def current_average_value(self) -> Data | DataAccessResult:
        """
        @return: the average that is being made.
        """
        return self._now(_CURRENT)

    @reads(_LAST)
    def last_average_value(self) -> Data | DataAccessResult:
        """
        @return: the average of the last periods that are over.
        """
        return self._now(_LAST)

    @reads(_CAPTURE_TIME)
    def capture_time(self) -> Data | DataAccessResult:
        """
        @return: when the last period ended.
        """
        return self._now(_CAPTURE_TIME)

    @reads(_START_TIME)
    def start_time_current(self) -> Data | DataAccessResult:
        """
        @return: when the period began that is now.
        """
        return self._now(_START_TIME)

    @writes(_PERIOD)
    def set_period(self, value: Data) -> DataAccessResult:
        """
        Seconds, at least one.
        """
        return self._set(_PERIOD, value, 0xFFFFFFFF)

    @writes(_PERIODS)
    def set_periods(self, value: Data) -> DataAccessResult:
        """
        From 1 to as many as are averaged.
        """
        return self._set(_PERIODS, value, _MOST_PERIODS)

    def _set(self, attribute: int, value: Data, most: int) -> DataAccessResult:
        if not isinstance(value.values, int) or not 1 <= value.values <= most:
            return DataAccessResult.OTHER_REASON
        self.put(attribute, value)
        return DataAccessResult.SUCCESS

    @invokes(1)
    def reset(self, parameter: Data | None) -> ActionResult:
        """
        Averages begin at 0, and a period begins now.
        """
        if not self.follows:
            for attribute in (_CURRENT, _LAST):
                self.put(attribute, zero_like(self.get(attribute)))
        self._begin(Decimal(0))
        return ActionResult.SUCCESS

    @invokes(2)
    def next_period(self, parameter: Data | None) -> ActionResult:
        """
        The period that is now ends, and its average is the last; a period begins now.
        """
        if self.follows:
            self._begin(self.current(self.meter.time()))
        else:
            self.put(_LAST, self.get(_CURRENT))
            self.put(_CURRENT, zero_like(self.get(_CURRENT)))
        return ActionResult.SUCCESS

    def _begin(self, last: Decimal) -> None:
        self._since = self._origin = self.meter.time()
        self._last = last


class MaximumRegister(ExtendedRegister):
    """
    Extended register that holds the highest average of a demand register since the month began or since its reset,
    and when that was.
    """

    __slots__ = ("_at", "_highest", "_maximum_of", "_seen")

    def __init__(
        self, name: Obis | str | bytes, *, maximum_of: str | None = None, **options: Any
    ) -> None:
        """
        @param maximum_of: Logical name of the demand register.
        @param options: As L{ExtendedRegister} takes them.
        """
        super().__init__(name, **options)
        self._maximum_of = maximum_of
        self._seen: float | None = None
        self._highest = Decimal(0)
        self._at = 0.0

    @property
    def follows(self) -> bool:
        """
        Does it follow a load, or a demand register?
        """
        return self._demand() is not None or super().follows

    def _demand(self) -> DemandRegister | None:
        named = None if self._maximum_of is None else self.device.object(5, self._maximum_of)
        return named if isinstance(named, DemandRegister) and named.follows else None

    @property
    def is_kept(self) -> bool:
        """
        What it looked at once, it need not look at again.
        """
        return super().is_kept or self._seen is not None or self._reset_at is not None

    def _peak(self, seconds: float) -> bool:
        """
        Look at the periods that ended since it last looked.

        @return: is there a demand register to look at?
        """
        demand = self._demand()
        if demand is None:
            return False
        month = self.meter.local(seconds).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        begin = max(self.meter.utc(month), self._reset_at or 0.0)
        recent = seconds - _MOST_LOOKED_AT * demand.period
        if self._seen is None or self._seen < begin:
            self._seen, self._highest, self._at = begin, Decimal(0), begin
        for end, average in demand.averages(max(self._seen, recent), seconds):
            self._seen = end
            if average > self._highest:
                self._highest, self._at = average, end
        return True

    def captured_at(self, seconds: float) -> float:
        """
        @return: when the highest average was; else as L{ExtendedRegister.captured_at}.
        """
        return self._at if self._peak(seconds) else super().captured_at(seconds)

    def value_at(self, attribute: int, seconds: float) -> Data | DataAccessResult:
        """
        @return: as L{ExtendedRegister.value_at}; the highest average up to that time, if it has not looked further.
        """
        if attribute == _VALUE and self._peak(seconds):
            return self.shown(self._highest, wraps=False)
        return super().value_at(attribute, seconds)

    @invokes(1)
    def reset(self, parameter: Data | None) -> ActionResult:
        """
        Begin at 0 again, now.
        """
        self._reset_at = self.meter.time()
        self._seen = None
        return ActionResult.SUCCESS if self._peak(self._reset_at) else super().reset(parameter)
