"""
Register and Extended register (classes 3 and 4): values that are kept, and values that follow a load.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import ROUND_FLOOR, Decimal
from math import floor
from typing import Any, Final

from dlms_twisted.apdu.results import ActionResult, DataAccessResult
from dlms_twisted.codec import build
from dlms_twisted.codec.data import Data
from dlms_twisted.codec.tags import BY_NAME, BY_TAG, DataType
from dlms_twisted.cosem.obis import Obis
from dlms_twisted.errors import ConfigurationError
from dlms_twisted.server.objects.base import NO_VALUES, CosemObject, invokes, reads

__all__ = ["ExtendedRegister", "MeasuringObject", "Register", "number_of", "zero_like"]

_DATE_TIME: Final = BY_NAME["date-time"].tag
_VALUE: Final = 2
_CAPTURE_TIME: Final = 5
_FLOATS: Final = ("float32", "float64")
#: Quantities that only grow, by the last word of their names.
_ACCUMULATED: Final = frozenset({"energy", "volume", "mass"})
_USUAL: Final = "double-long-unsigned"


def number_of(kind: DataType, value: Decimal, *, wraps: bool) -> Data:
    """
    @param value: In steps of the register.
    @param wraps: Does the register begin anew after its highest value, as energy registers do?  Others stay there.

    @return: the value as a number of that type.
    """
    if kind.name in _FLOATS:
        make = build.float32 if kind.name == "float32" else build.float64
        return make(float(value))
    if wraps:
        steps = int(value.to_integral_value(ROUND_FLOOR))
        span = kind.high - kind.low + 1
        return build.integer_of(kind, (steps - kind.low) % span + kind.low)
    steps = int(value.to_integral_value())
    return build.integer_of(kind, min(max(steps, kind.low), kind.high))


class MeasuringObject(CosemObject):
    """
    An object whose value follows a load of the meter.

    @cvar SCALER_UNIT: The attribute that says scaler and unit.
    """

    SCALER_UNIT = 3

    __slots__ = ("_kind", "_load", "_quantity")

    def __init__(
        self,
        name: Obis | str | bytes,
        *,
        values: Mapping[int, Any] = NO_VALUES,
        class_id: int | None = None,
        version: int | None = None,
        load: str = "main",
        quantity: str | None = None,
        type: str = _USUAL,
    ) -> None:
        """
        @param load: Which of the meter's loads.
        @param quantity: What of it; C{None} for a value that is kept as given and written.
        @param type: Name of the type that a measured value has.

        @raise ConfigurationError: there is no such type of numbers.
        """
        super().__init__(name, values=values, class_id=class_id, version=version)
        for option, text in (("load", load), ("quantity", quantity or ""), ("type", type)):
            if not isinstance(text, str):
                raise ConfigurationError(f"{option}: a text wanted")
        found = BY_NAME.get(type)
        if found is None or not (found.name in _FLOATS or found.high > found.low):
            raise ConfigurationError(f"type: a type of numbers wanted, such as {_USUAL}")
        self._kind = found
        self._load = load
        self._quantity = quantity

    @property
    def scaler(self) -> int:
        """
        A step of the register is ten to this.
        """
        said = self.get(self.SCALER_UNIT).values
        scaler = said[0] if isinstance(said, tuple) and said else 0
        return scaler if isinstance(scaler, int) else 0

    def measured(self, seconds: float) -> Decimal:
        """
        @return: the quantity at a time, in its unit.
        """
        return Decimal(self.meter.load(self._load).value(self._quantity or "", seconds))

    def shown(self, value: Decimal, *, wraps: bool) -> Data:
        """
        @param value: In its unit.

        @return: as the register shows it.
        """
        return number_of(self._kind, value.scaleb(-self.scaler), wraps=wraps)

    def shower(self) -> Callable[[float], Data]:
        """
        @return: makes of values in their unit what the register shows: quick, for many.
        """
        kind, scaler, wraps = self._kind, self.scaler, self.accumulates
        if kind.name in _FLOATS:
            return lambda value: self.shown(Decimal(value), wraps=wraps)
        factor, divisor = 10 ** max(0, -scaler), 10 ** max(0, scaler)
        tag, width, low, high = bytes((kind.tag,)), kind.width, kind.low, kind.high
        span = high - low + 1

        def show(value: float) -> Data:
            steps = value * factor / divisor
            whole = (
                (floor(steps) - low) % span + low if wraps else min(max(round(steps), low), high)
            )
            return Data(tag + whole.to_bytes(width, "big", signed=low < 0), whole)

        return show

    def time_like(self, attribute: int, seconds: float) -> Data:
        """
        @return: a time as the type that the attribute's given value has, by default as an octet-string.
        """
        given = self._given.get(attribute)
        octets = self.meter.moment(seconds)
        if isinstance(given, Data) and given.tag == _DATE_TIME:
            return build.date_time(octets)
        return build.octet_string(octets)

    @property
    def accumulates(self) -> bool:
        """
        Does the quantity only grow?
        """
        return (self._quantity or "").rpartition("-")[2] in _ACCUMULATED


class Register(MeasuringObject):
    """
    A value with scaler and unit.  Source: DLMS UA 1000-1 (Blue Book), Register.
    """

    CLASS = 3

    __slots__ = ("_base",)

    def __init__(self, name: Obis | str | bytes, **options: Any) -> None:
        """
        @param options: As L{MeasuringObject} takes them.
        """
        super().__init__(name, **options)
        #: What the load had measured when the register was reset.
        self._base: Decimal | None = None

    @property
    def is_kept(self) -> bool:
        """
        A register that was reset is.
        """
        return super().is_kept or self._base is not None

    @property
    def follows(self) -> bool:
        """
        Does its value follow a load?  What is written into it stays.
        """
        return self._quantity is not None and not (self._kept and _VALUE in self._kept)

    def value_at(self, attribute: int, seconds: float) -> Data | DataAccessResult:
        """
        @return: the value that it had at that time, if it follows a load.
        """
        if attribute != _VALUE or not self.follows:
            return self.value(attribute)
        if self._base is None:
            return self.shower()(self.meter.load(self._load).value(self._quantity or "", seconds))
        value = self.measured(seconds)
        return self.shown(value - min(value, self._base), wraps=self.accumulates)

    def values_at(self, attribute: int, times: list[float]) -> list[Data | DataAccessResult]:
        """
        @return: as L{value_at}, of several times.
        """
        if attribute != _VALUE or not self.follows or self._base is not None:
            return super().values_at(attribute, times)
        measure, quantity = self.meter.load(self._load).value, self._quantity or ""
        show = self.shower()
        return [show(measure(quantity, at)) for at in times]

    @reads(_VALUE)
    def value_now(self) -> Data | DataAccessResult:
        """
        @return: the value now.
        """
        if self.follows:
            return self.value_at(_VALUE, self.meter.time())
        return self.get(_VALUE)

    @invokes(1)
    def reset(self, parameter: Data | None) -> ActionResult:
        """
        Begin at 0 again; a momentary value cannot.
        """
        if not self.follows:
            self.put(_VALUE, zero_like(self.get(_VALUE)))
        elif self.accumulates:
            self._base = self.measured(self.meter.time())
        return ActionResult.SUCCESS


class ExtendedRegister(Register):
    """
    A register that says when its value was captured.  Source: DLMS UA 1000-1 (Blue Book), Extended register.
    """

    CLASS = 4

    __slots__ = ("_every", "_reset_at")

    def __init__(self, name: Obis | str | bytes, *, every: int = 0, **options: Any) -> None:
        """
        @param every: Seconds between captures of what it measures; 0 for always.
        @param options: As L{MeasuringObject} takes them.
        """
        super().__init__(name, **options)
        self._every = max(0, every)
        self._reset_at: float | None = None

    def captured_at(self, seconds: float) -> float:
        """
        @return: when the value of a time was captured.
        """
        captured = seconds // self._every * self._every if self._every else seconds
        return captured if self._reset_at is None else max(captured, self._reset_at)

    def value_at(self, attribute: int, seconds: float) -> Data | DataAccessResult:
        """
        @return: as L{Register.value_at}, as of the last capture; the time of that.
        """
        if attribute == _CAPTURE_TIME and (self.follows or self._reset_at is not None):
            return self.time_like(_CAPTURE_TIME, self.captured_at(seconds))
        if attribute == _VALUE:
            seconds = self.captured_at(seconds)
        return super().value_at(attribute, seconds)

    @reads(_CAPTURE_TIME)
    def capture_time(self) -> Data | DataAccessResult:
        """
        @return: when the value of now was captured.
        """
        if self.follows or self._reset_at is not None:
            return self.value_at(_CAPTURE_TIME, self.meter.time())
        return self.get(_CAPTURE_TIME)

    @invokes(1)
    def reset(self, parameter: Data | None) -> ActionResult:
        """
        Begin at 0 again, now.
        """
        self._reset_at = self.meter.time()
        return super().reset(parameter)


def zero_like(value: Data) -> Data:
    """
    @return: 0 of the same type; of what is no number, nothing of the same type.
    """
    kind = BY_TAG[value.tag]
    if kind.name in _FLOATS:
        return number_of(kind, Decimal(0), wraps=False)
    if kind.high > kind.low:
        return build.integer_of(kind, 0)
    return _EMPTY.get(kind.name, build.null())


_EMPTY: Final = {
    "boolean": build.boolean(False),
    "octet-string": build.octet_string(b""),
    "visible-string": build.visible_string(""),
    "utf8-string": build.utf8_string(""),
    "bit-string": build.bit_string(""),
    "array": build.array(),
    "structure": build.structure(),
}
