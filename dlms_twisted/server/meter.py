"""
The simulated meter: a clock, keys, counters, and logical devices whose objects are made when they are needed.

An idle meter is a few hundred octets, so that one process holds ten thousand of them.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from secrets import token_bytes
from typing import Any

from twisted.internet.interfaces import IReactorTime

from dlms_twisted.cosem.obis import Obis
from dlms_twisted.security.keys import MeterKeys
from dlms_twisted.server.counters import Counters, first_counter
from dlms_twisted.server.description import MeterDescription
from dlms_twisted.server.device import Device
from dlms_twisted.server.identity import Identity
from dlms_twisted.server.loads import Load, make_load
from dlms_twisted.server.local_time import LocalTime
from dlms_twisted.server.objects.base import CosemObject
from dlms_twisted.server.objects.clock import Clock
from dlms_twisted.server.objects.events import Event, happen

__all__ = ["SimulatedMeter"]

#: Address of a device, class and logical name of an object.
_Scheduled = tuple[int, tuple[int, bytes]]


class SimulatedMeter:
    """
    One meter.

    @ivar description: What it is; shared with others.
    @ivar identity: Number and seed, and what follows from them.
    @ivar on_push: Called with each push that the meter sends; C{None} while nobody listens.
    @ivar clock_status: Bits of the clock status besides that of summer time.
    """

    __slots__ = (
        "_begun",
        "_clock",
        "_counters",
        "_devices",
        "_due",
        "_first_counter",
        "_keys",
        "_keys_by_rule",
        "_loads",
        "_offset",
        "_random",
        "clock_status",
        "description",
        "identity",
        "on_push",
    )

    def __init__(
        self,
        description: MeterDescription,
        *,
        clock: IReactorTime,
        number: int = 1,
        seed: bytes = b"",
        random: Callable[[int], bytes] = token_bytes,
        counter: int | None = None,
    ) -> None:
        """
        @param clock: What time it is, until L{set_time}.
        @param seed: Makes the keys of one fleet differ from those of another.
        @param random: Gives so many random octets, for challenges.
        @param counter: The first invocation counter; C{None} for one that no simulation used before.
        """
        self.description = description
        self.identity = Identity(number, seed, description.maker)
        self.on_push: Callable[[Any], None] | None = None
        self.clock_status = 0
        self._clock = clock
        self._random = random
        self._first_counter = counter
        self._offset = 0.0
        self._keys: MeterKeys | None = None
        self._keys_by_rule = True
        self._devices: dict[int, Device] | None = None
        self._counters: Counters | None = None
        self._loads: dict[str, Load] | None = None
        self._begun = False
        self._due: dict[_Scheduled, float] | None = None

    def __repr__(self) -> str:
        return f"<SimulatedMeter {self.identity.serial}>"

    # -- who it is -------------------------------------------------------------------------------

    @property
    def number(self) -> int:
        """
        1 and up.
        """
        return self.identity.number

    @property
    def seed(self) -> bytes:
        """
        Of its fleet.
        """
        return self.identity.seed

    @property
    def title(self) -> bytes:
        """
        System title, eight octets.
        """
        return self.description.title or self.identity.title

    @property
    def serial(self) -> str:
        """
        What is printed on the meter.
        """
        return self.identity.serial

    @property
    def keys(self) -> MeterKeys:
        """
        In use now.
        """
        if self._keys is None:
            self._keys = self.description.keys_of(self.identity)
        return self._keys

    def change_keys(self, keys: MeterKeys) -> None:
        """
        These hold from now on.
        """
        self._keys = keys
        self._keys_by_rule = False

    def random(self, count: int) -> bytes:
        """
        @return: so many random octets.
        """
        return self._random(count)

    # -- what it has -----------------------------------------------------------------------------

    @property
    def devices(self) -> tuple[Device, ...]:
        """
        The logical devices, the management device first.
        """
        return tuple(self._device(one.sap) for one in self.description.devices)

    def device(self, sap: int) -> Device | None:
        """
        @return: the logical device of that address.
        """
        return self._device(sap) if sap in self.description.by_sap else None

    def _device(self, sap: int) -> Device:
        if self._devices is None:
            self._devices = {}
        if sap not in self._devices:
            self._devices[sap] = Device(self, self.description.by_sap[sap])
        return self._devices[sap]

    def object(self, class_id: int | None, name: Obis | str | bytes) -> CosemObject | None:
        """
        @param class_id: C{None} for any.

        @return: the object, of the first device that has it.
        """
        for one in self.description.devices:
            found = self._device(one.sap).object(class_id, name)
            if found is not None:
                return found
        return None

    def load(self, name: str = "main") -> Load:
        """
        @return: the load of that name, which this meter measures; one and the same for the same number and seed.

        @raise ConfigurationError: the description has none.
        """
        if self._loads is None:
            self._loads = {}
        if name not in self._loads:
            purpose = b"load" + name.encode()
            seed = int.from_bytes(self.identity.material(purpose)[:8], "big")
            self._loads[name] = make_load(self.description.load_options(name), seed)
        return self._loads[name]

    def rest(self) -> None:
        """
        Drop what can be made again: the meter is idle.
        """
        self._loads = None
        self._keys = None if self._keys_by_rule else self._keys
        for one in (self._devices or {}).values():
            one.rest()

    def reboot(self, *, counters_back: bool = False) -> None:
        """
        Begin anew; what the objects hold is kept, as a meter keeps it without power, and the event log says so.
        Whoever serves the meter closes its connections.

        @param counters_back: Invocation counters begin where they began, which no meter should do.
        """
        if counters_back and self._counters is not None:
            self._counters.begin_again()
        for device in self.devices:
            for event in (Event.POWER_DOWN, Event.POWER_UP):
                happen(device, event)

    # -- time ------------------------------------------------------------------------------------

    def time(self) -> float:
        """
        @return: seconds since 1970 UTC, by its own clock.
        """
        return self._clock.seconds() + self._offset

    def set_time(self, seconds: float) -> None:
        """
        Set its clock.

        @param seconds: Since 1970, UTC.
        """
        before = self.time()
        self._offset = seconds - self._clock.seconds()
        for one in self._affected():
            one.clock_set(before, seconds)

    def _affected(self) -> list[CosemObject]:
        found: dict[int, CosemObject] = {}
        for device in (self._devices or {}).values():
            found.update((id(one), one) for one in device.live)
        for scheduled in self._due or ():
            one = self._scheduled(scheduled)
            found[id(one)] = one
        return list(found.values())

    @property
    def local_time(self) -> LocalTime:
        """
        Its zone and summer time.
        """
        plan = self.description.clock
        if plan is None or not self._devices:
            return self.description.local_time
        for device in self._devices.values():
            one = device.live_object(plan)
            if isinstance(one, Clock):
                return one.settings
        return self.description.local_time

    def moment(self, seconds: float | None = None) -> bytes:
        """
        @param seconds: Since 1970, UTC; C{None} for now.

        @return: the date-time that its clock shows then, twelve octets.
        """
        return self.local_time.octets(
            self.time() if seconds is None else seconds, self.clock_status
        )

    def local(self, seconds: float | None = None) -> datetime:
        """
        @return: what its clock shows, without a zone.
        """
        return self.local_time.local(self.time() if seconds is None else seconds)

    def utc(self, local: datetime) -> float:
        """
        The reverse of L{local}.
        """
        return self.local_time.utc(local)

    # -- work by itself --------------------------------------------------------------------------

    def schedule(self, one: CosemObject, at: float | None) -> None:
        """
        @param at: When C{one} has something to do: seconds since 1970 UTC on the meter's clock.  C{None} for never;
            it replaces what was scheduled for the object before.
        """
        if self._due is None:
            self._due = {}
        key = (one.device.description.sap, (one.class_id, one.logical_name))
        if at is None:
            self._due.pop(key, None)
        else:
            self._due[key] = at

    def due(self) -> float | None:
        """
        @return: when L{work} should be called, in seconds of the clock that was passed; C{None} for never.  The first
            call wakes those objects that act by themselves.
        """
        if not self._begun:
            self._begun = True
            now = self.time()
            for device in self.description.devices:
                for plan in device.active:
                    self._device(device.sap).made(plan).start(now)
        return min(self._due.values()) - self._offset if self._due else None

    def work(self, now: float | None = None, most: int = 64) -> int:
        """
        Do what is due, the oldest first.

        @param now: Seconds of the clock that was passed; C{None} to ask it.
        @param most: What is due beyond that is left for the next call: after a long sleep there can be much.

        @return: how many things were done.
        """
        self.due()
        done = 0
        while self._due and done < most:
            until = (self._clock.seconds() if now is None else now) + self._offset
            key = min(self._due, key=self._due.__getitem__)
            if self._due[key] > until:
                break
            at = self._due.pop(key)
            self._scheduled(key).work(at, until)
            done += 1
        return done

    def _scheduled(self, key: _Scheduled) -> CosemObject:
        sap, name = key
        device = self._device(sap)
        return device.made(device.description.by_key[name])

    def push(self, message: Any) -> bool:
        """
        @param message: A push (L{dlms_twisted.server.outgoing}).

        @return: does anybody send it?
        """
        if self.on_push is None:
            return False
        self.on_push(message)
        return True

    # -- counters --------------------------------------------------------------------------------

    @property
    def counters(self) -> Counters:
        """
        Invocation counters, and what was refused.
        """
        if self._counters is None:
            self._counters = Counters(self._first_counter or first_counter(self._clock.seconds()))
        return self._counters
