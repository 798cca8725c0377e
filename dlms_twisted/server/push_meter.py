"""
A simulated meter that only pushes: a household's registers in a DataNotification, plain or ciphered.

Small enough that one process holds ten thousand of them, and quick enough to load a collector.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Iterator
from functools import lru_cache
from math import cos, pi
from struct import Struct
from typing import Final

from dlms_twisted.link.wrapper import encode_frame
from dlms_twisted.security.keys import MeterKeys
from dlms_twisted.security.sealer import Sealer
from dlms_twisted.server.identity import Identity

__all__ = ["PushMeter", "fleet", "fleet_keys"]

_U16: Final = Struct(">H")
_U32: Final = Struct(">I")
_SCALED: Final = {name: bytes.fromhex(text) for name, text in (
    ("Wh", "02020f00161e"), ("W", "02020f00161b"), ("dV", "02020fff1623"), ("cA", "02020ffe1621"),
)}  # fmt: skip


def _row(obis: str, tag: str) -> bytes:
    return bytes.fromhex(f"0203 0906 {obis} {tag}")


#: Header of the APDU up to the long-invoke-id's low octets, then the constant parts between the variable ones.
_IDENTITY: Final = bytes.fromhex("0107 0202 0906 0000600100ff 0a")
_CLOCK: Final = bytes.fromhex("0202 0906 0000010000ff 090c")
_IMPORT: Final = _row("0100010800ff", "06")
_EXPORT: Final = _SCALED["Wh"] + _row("0100020800ff", "06")
_POWER: Final = _SCALED["Wh"] + _row("0100010700ff", "06")
_VOLTAGE: Final = _SCALED["W"] + _row("0100200700ff", "12")
_CURRENT: Final = _SCALED["dV"] + _row("01001f0700ff", "12")
_END: Final = _SCALED["cA"]


@lru_cache(maxsize=64)
def _clock_octets(seconds: int) -> bytes:
    """
    @return: the COSEM date-time of that second, UTC with deviation 0 (IEC 62056-6-2, date_time).
    """
    at = time.gmtime(seconds)
    date = struct.pack(">HBBB", at.tm_year, at.tm_mon, at.tm_mday, at.tm_wday + 1)
    return date + bytes((at.tm_hour, at.tm_min, at.tm_sec, 0, 0, 0, 0))


class PushMeter:
    """
    One meter.

    @ivar number: 1 and up; the title, the keys and the load curve follow from it.
    @ivar title: System title, eight octets.
    @ivar keys: Encryption and authentication key.
    @ivar counter: Invocation counter of the next ciphered push.
    """

    __slots__ = ("_energy", "_last", "_name", "_sealer", "counter", "keys", "number", "title")

    def __init__(self, number: int, *, seed: bytes = b"", counter: int = 1) -> None:
        """
        @param seed: Makes the keys of one fleet differ from those of another.
        """
        identity = Identity(number, seed)
        self.number = number
        self.title = identity.title
        self.keys = identity.keys
        self.counter = counter
        serial = identity.serial.encode("ascii")
        self._name = bytes((len(serial),)) + serial
        self._energy = (
            (number * 7919 % 50_000) * 1000 * 3600
        )  # Ws, so that nothing is lost by rounding
        self._last: float | None = None
        #: Made with the first ciphered push.
        self._sealer: Sealer | None = None

    def notification(self, seconds: float) -> bytes:
        """
        @param seconds: Since 1970, UTC.

        @return: the plain DataNotification of that moment.
        """
        power = self.power(seconds)
        if self._last is not None:
            self._energy += int(power * max(0.0, seconds - self._last))
        self._last = seconds
        clock = _clock_octets(int(seconds))
        voltage = 2300 + (self.number * 31 + int(seconds)) % 61 - 30
        return b"".join((
            b"\x0f\x00", (self.counter & 0xFFFFFF).to_bytes(3, "big"), b"\x0c", clock,
            _IDENTITY, self._name, _CLOCK, clock,
            _IMPORT, _U32.pack(self._energy // 3600 & 0xFFFFFFFF), _EXPORT, b"\x00\x00\x00\x00",
            _POWER, _U32.pack(power), _VOLTAGE, _U16.pack(voltage),
            _CURRENT, _U16.pack(min(0xFFFF, power * 1000 // voltage)), _END,
        ))  # fmt: skip

    def power(self, seconds: float) -> int:
        """
        @param seconds: Since 1970, UTC.

        @return: W: a base load, two humps in a day, and switching noise; the same for the same moment.
        """
        hour = seconds / 3600 % 24
        humps = max(0.0, cos((hour - 7.5) / 24 * 4 * pi)) + 1.4 * max(
            0.0, cos((hour - 19) / 24 * 4 * pi)
        )
        noise = (int(seconds / 10) * 2654435761 + self.number * 40503) >> 7 & 0x1FF
        return 90 + self.number % 60 + int(420 * humps) + noise

    def push(self, seconds: float, *, ciphered: bool = True) -> bytes:
        """
        The next push as a wrapper frame: general-glo-ciphering in suite 0, authenticated and encrypted; or plain.

        @param seconds: Since 1970, UTC.
        """
        apdu = self.notification(seconds)
        if ciphered:
            sealer = self._sealer
            if sealer is None:
                sealer = self._sealer = Sealer(self.keys, self.title)
            apdu = sealer.protect(apdu, self.counter)
        self.counter += 1
        return encode_frame(1, 103, apdu)


def fleet(meters: int, *, seed: bytes = b"", counter: int = 1) -> list[PushMeter]:
    """
    @return: that many meters, numbered from 1.
    """
    return [PushMeter(number, seed=seed, counter=counter) for number in range(1, meters + 1)]


def fleet_keys(meters: list[PushMeter]) -> Iterator[MeterKeys]:
    """
    @return: what a collector must know of them.
    """
    return (meter.keys for meter in meters)
