"""
Key-Info of general-ciphering: which key protects the APDU.

Source: IEC 62056-5-3, Key-Info.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Annotated, ClassVar, TypeAlias

from attrs import frozen

from dlms_twisted.apdu.base import Record
from dlms_twisted.apdu.kinds import OCTETS, Choice, Enumerated, Kind, Optional

__all__ = ["KEY_INFO", "AgreedKey", "IdentifiedKey", "KekId", "KeyId", "KeyInfo", "WrappedKey"]


class KeyId(IntEnum):
    """
    A key that both sides know.
    """

    GLOBAL_UNICAST_ENCRYPTION_KEY = 0
    GLOBAL_BROADCAST_ENCRYPTION_KEY = 1


class KekId(IntEnum):
    """
    The key that wraps another.
    """

    MASTER_KEY = 0


@frozen(kw_only=True)
class IdentifiedKey(Record):
    """
    A key that both sides know already.
    """

    CHOICE: ClassVar[int | None] = 0
    NAME: ClassVar[str] = "identified-key"

    key_id: Annotated[int, Enumerated(KeyId)]


@frozen(kw_only=True)
class WrappedKey(Record):
    """
    A key for this APDU alone, wrapped.

    @ivar key_ciphered_data: The key as RFC 3394 wraps it: 24 octets (suites 0, 1) or 40 (suite 2).
    """

    CHOICE: ClassVar[int | None] = 1
    NAME: ClassVar[str] = "wrapped-key"

    kek_id: Annotated[int, Enumerated(KekId)]
    key_ciphered_data: OCTETS


@frozen(kw_only=True)
class AgreedKey(Record):
    """
    A key that both sides compute.

    @ivar key_parameters: C{01} one-pass Diffie-Hellman C(1e, 1s), C{02} static unified model C(0e, 2s).
    @ivar key_ciphered_data: One-pass: the ephemeral public key and its signature; static: empty.
    """

    CHOICE: ClassVar[int | None] = 2
    NAME: ClassVar[str] = "agreed-key"

    key_parameters: OCTETS
    key_ciphered_data: OCTETS


#: Any of the three.
KeyInfo: TypeAlias = IdentifiedKey | WrappedKey | AgreedKey

KEY_INFO: Kind[KeyInfo | None] = Optional(Choice[KeyInfo](IdentifiedKey, WrappedKey, AgreedKey))
