"""
Data (class 1): values, and what a meter says of itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Final

from dlms_twisted.codec import build
from dlms_twisted.codec.data import Data
from dlms_twisted.cosem.obis import Obis, ObisPattern
from dlms_twisted.errors import ConfigurationError
from dlms_twisted.security.keys import key_epoch
from dlms_twisted.server.described import ObjectDescription
from dlms_twisted.server.objects.base import NO_VALUES, CosemObject, reads

__all__ = ["DataObject"]

#: What objects of these names show where no value is given (07, section 9).
_BY_NAME: Final = (
    (ObisPattern.parse("0-0:42.0.0.255"), "logical-device-name"),
    (ObisPattern.parse("0-*:43.1.*.255"), "invocation-counter"),
    (ObisPattern.parse("0-0:96.1.0.255"), "serial-number"),
    (ObisPattern.parse("*-0:0.0.0.255"), "serial-number"),
    (ObisPattern.parse("0-*:1.1.0.255"), "unix-time"),
)


class DataObject(CosemObject):
    """
    One value.  It is kept as given and written, or, where none is, it is what C{shows} says, or what the logical name
    stands for.
    """

    CLASS = 1

    __slots__ = ("_shows",)

    def __init__(
        self,
        name: Obis | str | bytes,
        *,
        values: Mapping[int, Any] = NO_VALUES,
        class_id: int | None = None,
        version: int | None = None,
        shows: str | None = None,
    ) -> None:
        """
        @param shows: C{logical-device-name}, C{serial-number}, C{system-title}, C{invocation-counter} (the highest
            that a client used) or C{unix-time}.

        @raise ConfigurationError: C{shows} is something else.
        """
        super().__init__(name, values=values, class_id=class_id, version=version)
        if shows is not None and shows not in self._SHOWN:
            raise ConfigurationError(f"shows: one of {', '.join(self._SHOWN)} wanted")
        self._shows = shows if shows is not None or 2 in values else _shown_by(self.logical_name)

    @classmethod
    def read_only(cls, plan: ObjectDescription) -> frozenset[int]:
        """
        @return: the value, if it follows from the meter.
        """
        shows = "shows" in plan.options or (2 not in plan.values and _shown_by(plan.logical_name))
        return frozenset({2}) if shows else frozenset()

    @reads(2)
    def shown(self) -> Data:
        """
        @return: the value now.
        """
        if self._shows is None or (self._kept is not None and 2 in self._kept):
            return self.get(2)
        return self._SHOWN[self._shows](self)

    def _logical_device_name(self) -> Data:
        return build.octet_string(self.device.name.encode("ascii", "replace"))

    def _serial_number(self) -> Data:
        return build.octet_string(self.meter.serial.encode("ascii"))

    def _system_title(self) -> Data:
        return build.octet_string(self.meter.title)

    def _invocation_counter(self) -> Data:
        key = self.meter.keys.encryption_key or b""
        return build.double_long_unsigned(self.meter.counters.highest(key_epoch(key)))

    def _unix_time(self) -> Data:
        return build.double_long_unsigned(int(self.meter.time()) & 0xFFFFFFFF)

    _SHOWN: ClassVar[Mapping[str, Callable[[DataObject], Data]]] = {
        "logical-device-name": _logical_device_name,
        "serial-number": _serial_number,
        "system-title": _system_title,
        "invocation-counter": _invocation_counter,
        "unix-time": _unix_time,
    }


def _shown_by(name: bytes) -> str | None:
    code = Obis.of(name)
    return next((shown for pattern, shown in _BY_NAME if pattern.matches(code)), None)
