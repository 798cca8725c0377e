"""
A bench for single objects: as much of a meter as they ask for, and a clock that is turned by hand.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, cast

from dlms_twisted.cosem.obis import Obis
from dlms_twisted.server.description import DeviceDescription
from dlms_twisted.server.local_time import LocalTime
from dlms_twisted.server.objects.base import CosemObject

__all__ = ["Bench"]

#: 2026-03-01 00:00 UTC.
BEGIN = datetime(2026, 3, 1, tzinfo=UTC).timestamp()


class Bench:
    """
    A device and its meter in one.

    @ivar now: Seconds since 1970, UTC.
    @ivar actions_left: Of a running script.
    @ivar scheduled: When each object wants to work, by its logical name.
    """

    def __init__(self, *objects: CosemObject) -> None:
        self.now = BEGIN
        self.scheduled: dict[bytes, float] = {}
        self.objects: list[CosemObject] = []
        self.actions_left: int | None = None
        for one in objects:
            self.add(one)

    #: The clock shows UTC.
    local_time = LocalTime()
    clock_status = 0

    @property
    def meter(self) -> Bench:
        """
        Itself.
        """
        return self

    @property
    def description(self) -> DeviceDescription:
        """
        Nothing: its objects are not described.
        """
        return DeviceDescription()

    def add(self, one: CosemObject) -> None:
        """
        Make an object part of the meter.
        """
        one.device = cast("Any", self)
        self.objects.append(one)
        if one.ACTIVE:
            one.start(self.now)

    def object(self, class_id: int | None, name: Obis | str | bytes) -> CosemObject | None:
        """
        @return: the object of that class and name.
        """
        octets = Obis.parse(name).octets if isinstance(name, str) else None
        if octets is None:
            octets = name if isinstance(name, bytes) else cast("Obis", name).octets
        for one in self.objects:
            if one.logical_name == octets and class_id in {None, one.class_id}:
                return one
        return None

    def time(self) -> float:
        """
        @return: seconds since 1970, UTC.
        """
        return self.now

    def local(self, seconds: float | None = None) -> datetime:
        """
        @return: what the meter's clock, which shows UTC, shows then.
        """
        return datetime.fromtimestamp(self.now if seconds is None else seconds, UTC).replace(
            tzinfo=None
        )

    def utc(self, local: datetime) -> float:
        """
        @return: the time at which the meter's clock, which shows UTC, shows C{local}.
        """
        return local.replace(tzinfo=UTC).timestamp()

    def schedule(self, one: CosemObject, at: float | None) -> None:
        """
        Remember when an object wants to work.
        """
        if at is None:
            self.scheduled.pop(one.logical_name, None)
        else:
            self.scheduled[one.logical_name] = at

    def advance(self, seconds: float) -> None:
        """
        Let time pass, and do what becomes due.
        """
        end = self.now + seconds
        while self.scheduled and min(self.scheduled.values()) <= end:
            name = min(self.scheduled, key=self.scheduled.__getitem__)
            self.now = max(self.now, self.scheduled.pop(name))
            self._work(name, self.now)
        self.now = end

    def sleep(self, seconds: float) -> None:
        """
        Let time pass without a meter that works, and then do what was due.
        """
        self.now += seconds
        while self.scheduled and min(self.scheduled.values()) <= self.now:
            name = min(self.scheduled, key=self.scheduled.__getitem__)
            self._work(name, self.scheduled.pop(name))

    def _work(self, name: bytes, due: float) -> None:
        for one in self.objects:
            if one.logical_name == name:
                one.work(due, self.now)
