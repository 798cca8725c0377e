"""
What a simulated meter is: its logical devices, their objects, and the associations that see them.

A description is shared by all meters that are made from it, and never changed; what differs from meter to meter
follows from the number of each.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from types import MappingProxyType
from typing import Any, Final

from attrs import evolve, field, frozen

from dlms_twisted.errors import ConfigurationError
from dlms_twisted.security.keys import MeterKeys
from dlms_twisted.server.described import AssociationDescription, ObjectDescription
from dlms_twisted.server.identity import MAKER, Identity
from dlms_twisted.server.local_time import LocalTime
from dlms_twisted.server.objects.registry import class_of, make_object
from dlms_twisted.server.views import AssociationView

__all__ = ["DeviceDescription", "MeterDescription"]

_CLOCK: Final = 8
_KEYS: Final = (
    "encryption_key",
    "authentication_key",
    "broadcast_key",
    "master_key",
    "signing_private_key",
    "agreement_private_key",
)
_NOTHING: Final[Mapping[Any, Any]] = MappingProxyType({})


@frozen(kw_only=True, slots=False, eq=False)
class DeviceDescription:
    """
    One logical device.

    @ivar sap: Its address; 1 is the management device.
    @ivar name: Logical device name; C{None} for one by rule.
    """

    sap: int = 1
    name: str | None = None
    objects: tuple[ObjectDescription, ...] = ()
    associations: tuple[AssociationDescription, ...] = ()

    @cached_property
    def by_key(self) -> Mapping[tuple[int, bytes], ObjectDescription]:
        """
        Objects by class and logical name.
        """
        return {one.key: one for one in self.objects}

    @cached_property
    def active(self) -> tuple[ObjectDescription, ...]:
        """
        Objects that do something by themselves.
        """
        return tuple(one for one in self.objects if class_of(one).acts(one))

    @cached_property
    def by_client(self) -> Mapping[int, AssociationView]:
        """
        Associations by the client's address, with what each shows.
        """
        return {one.client: AssociationView(self.objects, one) for one in self.associations}


@frozen(kw_only=True, slots=False, eq=False)
class MeterDescription:
    """
    A meter.

    @ivar name: What kind of meter, in words.
    @ivar maker: Three letters, the first of titles and names.
    @ivar devices: The management device first.
    @ivar loads: How each load is made, by name: what L{dlms_twisted.server.loads} takes.
    @ivar suite: Security suite.
    @ivar title: System title; C{None} for one by rule.
    @ivar keys: Keys that are not by rule; those that are C{None} are.
    """

    name: str = "meter"
    maker: str = MAKER
    devices: tuple[DeviceDescription, ...]
    loads: Mapping[str, Mapping[str, Any]] = _NOTHING
    suite: int = 0
    title: bytes | None = None
    keys: MeterKeys = field(factory=MeterKeys, repr=False)

    @cached_property
    def by_sap(self) -> Mapping[int, DeviceDescription]:
        """
        Devices by address.
        """
        return {one.sap: one for one in self.devices}

    @cached_property
    def clock(self) -> ObjectDescription | None:
        """
        The clock, where it has one.
        """
        objects = (one for device in self.devices for one in device.objects)
        return next((one for one in objects if one.class_id == _CLOCK), None)

    @cached_property
    def local_time(self) -> LocalTime:
        """
        Zone and summer time as described.
        """
        if self.clock is None:
            return LocalTime()
        return LocalTime.of(make_object(self.clock).meaning)

    @property
    def is_by_rule(self) -> bool:
        """
        Do titles and keys follow from nothing but the number and the seed?
        """
        said = any(getattr(self.keys, name) is not None for name in _KEYS)
        return self.maker == MAKER and self.suite == 0 and self.title is None and not said

    def load_options(self, name: str) -> Mapping[str, Any]:
        """
        @raise ConfigurationError: there is no load of that name.
        """
        if name not in self.loads:
            known = ", ".join(self.loads) or "none"
            raise ConfigurationError(f"load {name!r}: not described; one of {known} wanted")
        return self.loads[name]

    def keys_of(self, identity: Identity) -> MeterKeys:
        """
        @return: the keys that a meter begins with.
        """
        rule, said = identity.keys_for(self.suite), self.keys
        given = {name: getattr(said, name) for name in _KEYS if getattr(said, name) is not None}
        return evolve(rule, system_title=self.title or rule.system_title, **given)
