"""
Register monitor (class 21): scripts are run when a value crosses a threshold.

Source: DLMS UA 1000-1 (Blue Book), Register monitor.
"""

from __future__ import annotations

from typing import Any

from dlms_twisted.apdu.results import DataAccessResult
from dlms_twisted.codec.data import Data
from dlms_twisted.cosem.obis import Obis
from dlms_twisted.server.objects.base import CosemObject, writes
from dlms_twisted.server.objects.scripts import run_script

__all__ = ["RegisterMonitor", "number_at"]


def number_at(one: CosemObject, monitored: Any) -> float | None:
    """
    @param one: Any object of a device.
    @param monitored: A value definition: class, logical name and attribute.

    @return: the number that the attribute holds, C{None} if there is none.
    """
    if not isinstance(monitored, dict):
        return None
    found = one.device.object(monitored["class_id"], monitored["logical_name"])
    data = None if found is None else found.value(monitored["attribute_index"])
    value = data.values if isinstance(data, Data) else None
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return value if is_number else None  # type: ignore[return-value]


class RegisterMonitor(CosemObject):
    """
    Looks at the monitored value at regular times.  The first look only learns on which side of each threshold it is.
    """

    CLASS = 21
    ACTIVE = True

    __slots__ = ("_above", "_interval")

    def __init__(self, name: Obis | str | bytes, *, interval: float = 15.0, **options: Any) -> None:
        """
        @param interval: Seconds between two looks.
        @param options: As of L{CosemObject}.
        """
        super().__init__(name, **options)
        self._interval = interval
        self._above: list[bool] | None = None

    @property
    def is_kept(self) -> bool:
        """
        What it saw would be lost.
        """
        return super().is_kept or self._above is not None

    @writes(2)
    def set_thresholds(self, value: Data) -> DataAccessResult:
        """
        Other thresholds: begin anew.
        """
        return self._set(2, value)

    @writes(3)
    def set_monitored(self, value: Data) -> DataAccessResult:
        """
        Monitor another value from now on.
        """
        return self._set(3, value)

    def _set(self, attribute: int, value: Data) -> DataAccessResult:
        self.put(attribute, value)
        self._above = None
        self.start(self.meter.time())
        return DataAccessResult.SUCCESS

    def start(self, now: float) -> None:
        """
        Begin to look, if there is anything to look at.
        """
        monitored = self.meaning(3)
        watches = isinstance(monitored, dict) and monitored["logical_name"].octets != bytes(6)
        self.meter.schedule(self, now + self._interval if watches else None)

    def work(self, due: float, now: float) -> None:
        """
        Look; what passed while the meter slept is not made up for.
        """
        self.look()
        self.start(now)

    def clock_set(self, before: float, now: float) -> None:
        """
        The next look is one interval away.
        """
        self.start(now)

    def look(self) -> None:
        """
        Run the scripts of those thresholds that were crossed.
        """
        value = number_at(self, self.meaning(3))
        limits: Any = self.get(2).values
        if value is None or not isinstance(limits, tuple):
            return
        above = [value > limit for limit in limits]
        before, self._above = self._above, above
        if before is None or len(before) != len(above):
            return
        actions = self.meaning(4)
        for index, (was, now) in enumerate(zip(before, above, strict=True)):
            if was is not now and isinstance(actions, tuple) and index < len(actions):
                script = actions[index]["action_up" if now else "action_down"]
                run_script(self.device, script["script_logical_name"], script["script_selector"])
