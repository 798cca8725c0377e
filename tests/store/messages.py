"""
Pushes as meters send them, ciphered and plain, and records of them.
"""

from __future__ import annotations

from typing import Any

from dlms_twisted.codec import build
from dlms_twisted.codec.data import Data
from dlms_twisted.link.wrapper import encode_frame
from dlms_twisted.security.keys import MeterKeys
from dlms_twisted.security.policy import Policy
from dlms_twisted.security.protect import protect
from dlms_twisted.store.record import Record
from tests.store.support import TITLE, plain, record, refused

KEYS = MeterKeys(
    system_title=TITLE,
    name="house 7",
    encryption_key=bytes(range(16)),
    authentication_key=bytes(range(0xD0, 0xE0)),
    policy=Policy.parse("authenticated-encrypted"),
)
#: The same meter before its key was changed.
OTHER = MeterKeys(
    system_title=TITLE, encryption_key=bytes(16), authentication_key=bytes(16), policy=KEYS.policy
)
#: 2026-11-22 12:00:00, UTC+1.
TIME = bytes.fromhex("07ea0b16070c000000ffc400")
_CONTROL = 0x30


def body(value: int = 1234, meter: str = "4711000815") -> Data:
    """
    @return: a device ID and an energy in Wh.
    """
    return build.structure(
        build.structure(
            build.octet_string(bytes.fromhex("0000600100ff")), build.visible_string(meter)
        ),
        build.structure(
            build.octet_string(bytes.fromhex("0100010800ff")),
            build.double_long_unsigned(value),
            build.structure(build.integer(0), build.enum(30)),
        ),
    )


def notification(value: int = 1234, time: bytes = TIME) -> bytes:
    """
    @return: a DataNotification.
    """
    return bytes.fromhex("0f00000001") + b"\x0c" + time + body(value).octets


def frame(apdu: bytes) -> bytes:
    """
    @return: the APDU in a wrapper frame.
    """
    return encode_frame(1, 102, apdu)


def ciphered(counter: int, keys: MeterKeys = KEYS, value: int | None = None) -> bytes:
    """
    @return: a wrapper frame with a ciphered push.
    """
    apdu = notification(counter if value is None else value)
    return frame(protect(apdu, keys=keys, title=TITLE, counter=counter, security_control=_CONTROL))


def unknown(counter: int, keys: MeterKeys = KEYS, **changes: Any) -> Record:
    """
    @return: a ciphered push that was refused because its key was not known.
    """
    return refused(counter, counter=counter, raw=ciphered(counter, keys), **changes)


def opened(counter: int, epoch: str, **changes: Any) -> Record:
    """
    @return: the record of the same push, accepted.
    """
    return record(
        counter, raw=ciphered(counter), plain=notification(counter), epoch=epoch, time=TIME,
    )._replace(**changes)  # fmt: skip


def pushed(value: int = 1234, **changes: Any) -> Record:
    """
    @return: a plain push.
    """
    return plain(1, raw=frame(notification(value)), time=TIME)._replace(**changes)
