"""
Limiter (class 71): scripts are run when a value was above its threshold, or below, for long enough.

Source: DLMS UA 1000-1 (Blue Book), Limiter.
"""

from __future__ import annotations

from typing import Any, Final

from dlms_twisted.apdu.results import DataAccessResult
from dlms_twisted.codec import build
from dlms_twisted.codec.data import Data
from dlms_twisted.codec.times import DateTime
from dlms_twisted.cosem.obis import Obis
from dlms_twisted.server.objects.base import CosemObject, reads, writes
from dlms_twisted.server.objects.monitor import number_at
from dlms_twisted.server.objects.scripts import run_script

__all__ = ["Limiter"]

_NOTHING: Final = bytes(6)


class Limiter(CosemObject):
    """
    Looks at the value that it monitors at regular times, and runs C{action_over_threshold} once when it has been above
    the active threshold for C{min_over_threshold_duration}, C{action_under_threshold} likewise.

    The emergency threshold is active from the activation time for the duration of the emergency profile, if its id is
    in the list of groups, or the list is empty.
    """

    CLASS = 71
    ACTIVE = True

    __slots__ = ("_has_acted", "_interval", "_is_over", "_since")

    def __init__(self, name: Obis | str | bytes, *, interval: float = 15.0, **options: Any) -> None:
        """
        @param interval: Seconds between two looks.
        @param options: As of L{CosemObject}.
        """
        super().__init__(name, **options)
        self._interval = interval
        #: On which side of the threshold the value is, and since when.
        self._is_over: bool | None = None
        self._since = 0.0
        self._has_acted = False

    @property
    def is_kept(self) -> bool:
        """
        What it saw would be lost.
        """
        return super().is_kept or self._is_over is not None

    # -- thresholds ------------------------------------------------------------------------------

    @reads(3)
    def threshold_active(self) -> Data:
        """
        The threshold that holds now.
        """
        return self.get(5 if self.is_emergency() else 4)

    @reads(10)
    def emergency_profile_active(self) -> Data:
        """
        Does the emergency threshold hold?
        """
        return build.boolean(self.is_emergency())

    def is_emergency(self) -> bool:
        """
        Is it the time of the emergency profile?
        """
        profile, groups = self.meaning(8), self.meaning(9)
        if not isinstance(profile, dict):
            return False
        if isinstance(groups, tuple) and groups and profile["emergency_profile_id"] not in groups:
            return False
        begin = self._moment(profile["emergency_activation_time"])
        if begin is None:
            return False
        end: float = begin + profile["emergency_duration"]
        return begin <= self.meter.time() < end

    def _moment(self, moment: Any) -> float | None:
        if not isinstance(moment, DateTime):
            return None
        aware = moment.to_datetime()
        if aware is not None:
            return aware.timestamp()
        local = moment.to_local()
        return None if local is None else self.meter.utc(local)

    # -- looking ---------------------------------------------------------------------------------

    @writes(4)
    def set_normal(self, value: Data) -> DataAccessResult:
        """
        Take another normal threshold.
        """
        return self._set(4, value)

    @writes(5)
    def set_emergency(self, value: Data) -> DataAccessResult:
        """
        Take another threshold for emergencies.
        """
        return self._set(5, value)

    def _set(self, attribute: int, value: Data) -> DataAccessResult:
        self.put(attribute, value)
        self.start(self.meter.time())
        return DataAccessResult.SUCCESS

    @writes(2)
    def monitor(self, value: Data) -> DataAccessResult:
        """
        Monitor another value from now on.
        """
        self.put(2, value)
        self._is_over = None
        self.start(self.meter.time())
        return DataAccessResult.SUCCESS

    def start(self, now: float) -> None:
        """
        Begin to look, if there is anything to look at.
        """
        monitored = self.meaning(2)
        watches = isinstance(monitored, dict) and monitored["logical_name"].octets != _NOTHING
        watches = watches and any(isinstance(self.get(one).values, int) for one in (4, 5))
        self.meter.schedule(self, now + self._interval if watches else None)

    def work(self, due: float, now: float) -> None:
        """
        Look; what passed while the meter slept is not made up for.
        """
        self.look(now)
        self.start(now)

    def clock_set(self, before: float, now: float) -> None:
        """
        Durations go on from the new time.
        """
        self._since += now - before
        self.start(now)

    def look(self, now: float) -> None:
        """
        Compare the value with the threshold, and act if it is time to.
        """
        value = number_at(self, self.meaning(2))
        threshold: Any = self.threshold_active().values
        if value is None or not isinstance(threshold, int | float):
            self._is_over = None
            return
        is_over = value > threshold
        if is_over is not self._is_over:
            self._is_over, self._since = is_over, now
            self._has_acted = False
        patience = self.meaning(6 if is_over else 7)
        if not self._has_acted and now - self._since >= patience:
            self._has_acted = True
            self._act(is_over)

    def _act(self, is_over: bool) -> None:
        actions = self.meaning(11)
        if isinstance(actions, dict):
            side = "over" if is_over else "under"
            script = actions[f"action_{side}_threshold"]
            run_script(self.device, script["script_logical_name"], script["script_selector"])
