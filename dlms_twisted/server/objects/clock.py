"""
Clock (class 8): it runs, with zone and summer time, and can be set.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from attrs import evolve

from dlms_twisted.apdu.results import ActionResult, DataAccessResult
from dlms_twisted.codec import build
from dlms_twisted.codec.data import Data
from dlms_twisted.codec.tags import BY_NAME
from dlms_twisted.codec.times import ClockStatus, Date, DateTime, Time
from dlms_twisted.cosem.elements import element_of
from dlms_twisted.cosem.obis import Obis
from dlms_twisted.server.local_time import LocalTime
from dlms_twisted.server.objects.base import NO_VALUES, CosemObject, invokes, reads, writes
from dlms_twisted.server.objects.events import Event, happen

__all__ = ["Clock"]

_TIME: Final = 2
_ZONE: Final = 3
_STATUS: Final = 4
_DATE_TIME: Final = BY_NAME["date-time"].tag
_MINUTE: Final = 60
_QUARTER: Final = 900
_MOST_SHIFT: Final = 900
#: Minutes that a time zone may be off, either way.
_MOST_ZONE: Final = 840


class Clock(CosemObject):
    """
    The clock of the meter: setting it sets all that goes by it.  Source: DLMS UA 1000-1 (Blue Book), Clock.
    """

    CLASS = 8

    __slots__ = ("_measuring_period", "_preset", "_settings")

    def __init__(
        self,
        name: Obis | str | bytes,
        *,
        values: Mapping[int, Any] = NO_VALUES,
        class_id: int | None = None,
        version: int | None = None,
        measuring_period: int = _QUARTER,
    ) -> None:
        """
        @param measuring_period: Seconds, for the method that adjusts to it.
        """
        super().__init__(name, values=values, class_id=class_id, version=version)
        self._measuring_period = max(1, measuring_period)
        #: Time, and begin and end of the interval in which it may be set.
        self._preset: tuple[float, float, float] | None = None
        self._settings: LocalTime | None = None

    @property
    def is_kept(self) -> bool:
        """
        A time that was preset is kept too.
        """
        return super().is_kept or self._preset is not None

    @property
    def settings(self) -> LocalTime:
        """
        Zone and summer time.
        """
        if self._settings is None:
            self._settings = LocalTime.of(self.meaning)
        return self._settings

    def put(self, attribute: int, value: Any) -> None:
        """
        Keep a value; zone and summer time may be others then.
        """
        super().put(attribute, value)
        self._settings = None

    def value_at(self, attribute: int, seconds: float) -> Data | DataAccessResult:
        """
        @return: what it showed at that time.
        """
        if attribute == _TIME:
            return self._shown(self.settings.octets(seconds, self.meter.clock_status))
        if attribute == _STATUS:
            return build.unsigned(self.settings.octets(seconds, self.meter.clock_status)[-1])
        return self.value(attribute)

    def values_at(self, attribute: int, times: list[float]) -> list[Data | DataAccessResult]:
        """
        @return: as L{value_at}, of several times.
        """
        if attribute != _TIME:
            return super().values_at(attribute, times)
        shown = self.settings.octets_of(times, self.meter.clock_status)
        return [self._shown(one) for one in shown]

    @reads(_TIME)
    def time(self) -> Data | DataAccessResult:
        """
        @return: the time now.
        """
        return self.value_at(_TIME, self.meter.time())

    def _shown(self, octets: bytes) -> Data:
        """
        As the type that a real meter had, where it is known.
        """
        given = self._given.get(_TIME)
        if isinstance(given, Data) and given.tag == _DATE_TIME:
            return build.date_time(octets)
        return build.octet_string(octets)

    @reads(_STATUS)
    def status(self) -> Data | DataAccessResult:
        """
        @return: the status now.
        """
        return self.value_at(_STATUS, self.meter.time())

    @writes(_TIME)
    def set_time(self, value: Data) -> DataAccessResult:
        """
        Set the clock.  What is not specified stays as it is.
        """
        given = self.interface_class.attribute(_TIME).decode(value).value
        wanted = self._moment(given) if isinstance(given, DateTime) else None
        if wanted is None:
            return DataAccessResult.OTHER_REASON
        self.meter.clock_status &= ~(ClockStatus.INVALID_VALUE | ClockStatus.DOUBTFUL_VALUE)
        self._set(wanted)
        return DataAccessResult.SUCCESS

    @writes(_ZONE)
    def set_zone(self, value: Data) -> DataAccessResult:
        """
        Set the time zone; none is further off than fourteen hours.
        """
        if not isinstance(value.values, int) or abs(value.values) > _MOST_ZONE:
            return DataAccessResult.OTHER_REASON
        self.put(_ZONE, value.values)
        return DataAccessResult.SUCCESS

    def _set(self, seconds: float) -> None:
        happen(self.device, Event.CLOCK_OLD)
        self.meter.set_time(seconds)
        happen(self.device, Event.CLOCK_NEW)

    def _moment(self, given: DateTime) -> float | None:
        settings = self.settings
        shown = settings.local(self.meter.time())
        date, clock = given.date, given.time
        day = _filled((date.year, date.month, date.day), shown.timetuple()[:3])
        hour = _filled((clock.hour, clock.minute, clock.second), shown.timetuple()[3:6])
        whole = evolve(given, date=Date(*day), time=Time(*hour))
        seconds = settings.seconds(whole)
        return None if seconds is None else seconds + (given.time.hundredths or 0) / 100

    # -- methods ---------------------------------------------------------------------------------

    @invokes(1)
    def adjust_to_quarter(self, parameter: Data | None) -> ActionResult:
        """
        To the nearest quarter of an hour.
        """
        return self._to_nearest(_QUARTER)

    @invokes(2)
    def adjust_to_measuring_period(self, parameter: Data | None) -> ActionResult:
        """
        To the nearest beginning of a measuring period.
        """
        return self._to_nearest(self._measuring_period)

    @invokes(3)
    def adjust_to_minute(self, parameter: Data | None) -> ActionResult:
        """
        To the nearest minute.
        """
        return self._to_nearest(_MINUTE)

    def _to_nearest(self, step: int) -> ActionResult:
        now = self.meter.time()
        deviation = self.settings.deviation(now) * _MINUTE
        nearest = (now - deviation + step / 2) // step * step
        self._set(nearest + deviation)
        return ActionResult.SUCCESS

    @invokes(4)
    def adjust_to_preset_time(self, parameter: Data | None) -> ActionResult:
        """
        To the time that was preset, if now lies in its interval.
        """
        if self._preset is None:
            return ActionResult.OTHER_REASON
        preset, start, end = self._preset
        if not start <= self.meter.time() <= end:
            return ActionResult.OTHER_REASON
        self._preset = None
        self._set(preset)
        return ActionResult.SUCCESS

    @invokes(5)
    def preset_adjusting_time(self, parameter: Data) -> ActionResult:
        """
        Preset a time, and the interval in which it may be set.
        """
        said = self.interface_class.method(5).parameter.decode(element_of(parameter), "", [])
        moments = [self.settings.seconds(one) for one in said.values()]
        found = [one for one in moments if one is not None]
        if len(found) != len(moments):
            return ActionResult.OTHER_REASON
        self._preset = (found[0], found[1], found[2])
        return ActionResult.SUCCESS

    @invokes(6)
    def shift_time(self, parameter: Data) -> ActionResult:
        """
        By at most 900 seconds, forward or back.
        """
        seconds = parameter.values
        if not isinstance(seconds, int) or abs(seconds) > _MOST_SHIFT:
            return ActionResult.OTHER_REASON
        self._set(self.meter.time() + seconds)
        return ActionResult.SUCCESS


def _filled(given: Sequence[int | None], shown: Sequence[int | None]) -> list[int | None]:
    return [ours if said is None else said for said, ours in zip(given, shown, strict=True)]
