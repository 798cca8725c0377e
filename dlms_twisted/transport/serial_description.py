"""
What a C{serial:} description says: C{serial:DEVICE:baudrate=…:parity=…}.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

from attrs import evolve, frozen
from twisted.internet.interfaces import IAddress
from zope.interface import implementer

from dlms_twisted.errors import ConfigurationError

__all__ = ["SerialAddress", "SerialDescription"]

_PARITIES: Final = {"none": "N", "even": "E", "odd": "O", "mark": "M", "space": "S"}
_SWITCHES: Final = {"on": True, "1": True, "yes": True, "off": False, "0": False, "no": False}
_STOPBITS: Final = {"1": 1.0, "1.5": 1.5, "2": 2.0}
_USAGE: Final = (
    "serial:DEVICE[:baudrate=9600][:bytesize=8][:parity=N][:stopbits=1][:rtscts=off][:xonxoff=off]"
    "[:dtr=on|off][:rts=on|off]"
)


@implementer(IAddress)
@frozen
class SerialAddress:
    """
    The address of a serial transport.

    @ivar name: The device.
    """

    name: str


@frozen(kw_only=True)
class SerialDescription:
    """
    A device and how its line runs.

    @ivar device: Path of the device.
    @ivar baudrate: Bits in a second.
    @ivar bytesize: Data bits, 5 to 8.
    @ivar parity: C{N}, C{E}, C{O}, C{M} or C{S}.
    @ivar stopbits: 1, 1.5 or 2.
    @ivar rtscts: Hardware flow control.
    @ivar xonxoff: Software flow control.
    @ivar dtr: Set this modem line when the device is opened; C{None} leaves it alone.
    @ivar rts: Likewise (P1 ports want their data request line high).
    """

    device: str
    baudrate: int = 9600
    bytesize: int = 8
    parity: str = "N"
    stopbits: float = 1.0
    rtscts: bool = False
    xonxoff: bool = False
    dtr: bool | None = None
    rts: bool | None = None

    @classmethod
    def parse(cls, text: str) -> SerialDescription:
        """
        @param text: A whole description; a colon inside the device's name is written C{\\:}.

        @raise ConfigurationError: not such a description; the text says what is wrong with it.
        """
        parts = _split(text)
        if parts[0].lower() != "serial":
            raise ConfigurationError(f"{_USAGE} wanted, not {text!r}")
        names = [part for part in parts[1:] if "=" not in part]
        options = dict(part.split("=", 1) for part in parts[1:] if "=" in part)
        return cls.from_parts(names, options)

    @classmethod
    def from_parts(cls, names: Sequence[str], options: dict[str, str]) -> SerialDescription:
        """
        @param names: What stood between colons without an equals sign: the device, and nothing else.
        @param options: What had one.

        @raise ConfigurationError: as L{parse}.
        """
        names = [name for name in names if name]
        if len(names) > 1:
            escaped = "\\:".join(names)
            raise ConfigurationError(
                "serial: a colon inside the name of a device must be written \\: "
                f"(perhaps serial:{escaped})"
            )
        if not names:
            raise ConfigurationError(f"{_USAGE} wanted: no device")
        description = cls(device=names[0])
        for name, value in options.items():
            description = _with_option(description, name, value)
        return description


def _split(text: str) -> list[str]:
    # At colons that are not escaped.
    return [part.replace("\\:", ":") for part in re.split(r"(?<!\\):", text)]


def _with_option(description: SerialDescription, name: str, value: str) -> SerialDescription:
    if name == "baudrate":
        if not value.isdecimal() or not 50 <= int(value) <= 4_000_000:
            raise ConfigurationError(f"serial: baudrate from 50 to 4000000 wanted, not {value!r}")
        return evolve(description, baudrate=int(value))
    if name == "bytesize":
        if value not in {"5", "6", "7", "8"}:
            raise ConfigurationError(f"serial: bytesize from 5 to 8 wanted, not {value!r}")
        return evolve(description, bytesize=int(value))
    if name == "parity":
        parity = _PARITIES.get(value.lower(), value.upper())
        if parity not in _PARITIES.values():
            raise ConfigurationError(f"serial: parity N, E, O, M or S wanted, not {value!r}")
        return evolve(description, parity=parity)
    if name == "stopbits":
        if value not in _STOPBITS:
            raise ConfigurationError(f"serial: stopbits 1, 1.5 or 2 wanted, not {value!r}")
        return evolve(description, stopbits=_STOPBITS[value])
    if name in {"rtscts", "xonxoff", "dtr", "rts"}:
        if value.lower() not in _SWITCHES:
            raise ConfigurationError(f"serial: {name} on or off wanted, not {value!r}")
        switch: dict[str, Any] = {name: _SWITCHES[value.lower()]}
        return evolve(description, **switch)
    raise ConfigurationError(f"{_USAGE} wanted; there is no {name!r}")
