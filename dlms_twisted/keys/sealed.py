"""
Entries of key files as sealed octets.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from struct import Struct
from typing import Any, Final

from dlms_twisted.errors import KeyStoreError, SecurityError
from dlms_twisted.keys.fields import Entry, KeyEntry
from dlms_twisted.security.atrest import NONCE_LENGTH, seal, unseal
from dlms_twisted.security.keys import ReplayMode
from dlms_twisted.security.policy import Policy

__all__ = ["Sealer", "pack", "unpack"]

#: The order is that of the numbers on disk: only ever add at the end.
_ORDER: Final = (
    "system_title", "name", "encryption_key", "authentication_key", "broadcast_key",
    "pending_encryption_key", "pending_authentication_key", "dedicated_key", "master_key",
    "agreement_private_key", "agreement_public_key", "signing_private_key", "signing_public_key",
    "policy", "replay",
)  # fmt: skip
_PREFIX: Final = Struct(">BH")
_NUMBERS: Final = {name: number for number, name in enumerate(_ORDER)}

#: One object for each policy: entries share them.
_POLICIES: Final = tuple(
    Policy(authenticated=bool(bits & 1), encrypted=bool(bits & 2), signed=bool(bits & 4))
    for bits in range(8)
)


def _policy(octets: bytes) -> Policy:
    return _POLICIES[octets[0]]


_FROM_OCTETS: Final[dict[str, Callable[[bytes], Any]]] = {
    "name": lambda octets: octets.decode(),
    "policy": _policy,
    "replay": lambda octets: ReplayMode(octets.decode()),
}


def _to_octets(value: object) -> bytes:
    if isinstance(value, Policy):
        bits = value.authenticated | value.encrypted << 1 | value.signed << 2
        return bytes((bits,))
    return str(value).encode()


def pack(entry: Entry) -> bytes:
    """
    @return: for each field its number, the length of its octets in two octets, and those.
    """
    parts: list[bytes] = []
    for name, number in _NUMBERS.items():
        value = entry.get(name)
        if value is not None:
            octets = value if type(value) is bytes else _to_octets(value)
            parts += (_PREFIX.pack(number, len(octets)), octets)
    return b"".join(parts)


def unpack(octets: bytes) -> Entry:
    """
    @raise ValueError: not what L{pack} makes.
    """
    entry = KeyEntry()
    at, end = 0, len(octets)
    while at < end:
        if at + 3 > end:
            raise ValueError("cut off")
        name = _ORDER[octets[at]] if octets[at] < len(_ORDER) else ""
        length = octets[at + 1] << 8 | octets[at + 2]
        at += 3
        value = octets[at : at + length]
        if not name or len(value) != length:
            raise ValueError("cut off, or of a newer version")
        convert = _FROM_OCTETS.get(name)
        entry[name] = value if convert is None else convert(value)
        at += length
    return entry


class Sealer:
    """
    Seals and opens entries with one key.
    """

    __slots__ = ("_key",)

    def __init__(self, key: bytes) -> None:
        self._key = key

    def seal(self, entry: Entry, context: bytes) -> bytes:
        """
        @param context: Whose entry it is; it can be opened as nobody else's.
        """
        return seal(self._key, os.urandom(NONCE_LENGTH), pack(entry), context)

    def unseal(self, sealed: bytes, context: bytes) -> Entry:
        """
        @raise KeyStoreError: sealed with another key, for somebody else, or changed since.
        """
        try:
            return unpack(unseal(self._key, sealed, context))
        except (SecurityError, ValueError, IndexError) as error:
            detail = error.detail if isinstance(error, SecurityError) else "not an entry"
        raise KeyStoreError(detail)

    def __repr__(self) -> str:
        return "<Sealer>"
