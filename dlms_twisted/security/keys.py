"""
What is known of one meter: its title, its keys, and what is demanded of its messages.
"""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache
from hashlib import sha256

from attrs import Attribute, field, frozen

from dlms_twisted.security.policy import Policy

__all__ = ["MeterKeys", "ReplayMode", "key_epoch"]


class ReplayMode(StrEnum):
    """
    How invocation counters of one meter are judged.
    """

    #: Each counter once, in any order within a sliding window: for datagrams.
    WINDOW = "window"
    #: Each counter larger than the last, as the standard says.
    STRICT = "strict"
    #: Not at all: for meters that send the same counter again and again.
    OFF = "off"


@lru_cache(maxsize=4096)
def key_epoch(key: bytes) -> str:
    """
    Name a key without giving it away, so that a changed key starts a new replay window by itself
    (architecture, invariant 4).

    @return: eight lower-case hex digits.
    """
    return sha256(b"dlms-twisted epoch" + key).hexdigest()[:8]


def _secret() -> bytes | None:
    """
    @return: an attribute that holds octets and is never shown.
    """
    return field(default=None, repr=False, validator=_octets)


def _octets(_: object, attribute: Attribute[bytes | None], value: object) -> None:
    # The validators of attrs show the value in their errors.
    if value is not None and not isinstance(value, bytes):
        raise TypeError(f"{attribute.name}: octets wanted, not {type(value).__name__}")


@frozen(kw_only=True)
class MeterKeys:
    """
    The keys of one meter, or of one side of an association.  No key is ever shown by C{repr}.

    Lengths are judged where a key is used, because the suite decides them (16 octets in suites 0 and 1, 32 in
    suite 2); key stores judge them when they read (04, section 1).

    @ivar system_title: Eight octets, where it is known.
    @ivar name: What the operator calls the meter.
    @ivar encryption_key: Global unicast encryption key (GUEK).
    @ivar authentication_key: Global authentication key (GAK).
    @ivar broadcast_key: Global broadcast encryption key (GBEK).
    @ivar pending_encryption_key: The GUEK to come, tried when a tag fails under the current one.
    @ivar pending_authentication_key: The GAK to come.
    @ivar dedicated_key: Of this association only.
    @ivar master_key: Key encryption key (KEK).
    @ivar agreement_private_key: Ours, for ECDH: 32 octets (P-256) or 48 (P-384).
    @ivar agreement_public_key: The meter's: x and y, 64 or 96 octets.
    @ivar signing_private_key: Ours, for ECDSA.
    @ivar signing_public_key: The meter's.
    @ivar policy: Demands on its messages.
    @ivar replay: How its counters are judged.
    """

    system_title: bytes | None = None
    name: str | None = None
    encryption_key: bytes | None = _secret()
    authentication_key: bytes | None = _secret()
    broadcast_key: bytes | None = _secret()
    pending_encryption_key: bytes | None = _secret()
    pending_authentication_key: bytes | None = _secret()
    dedicated_key: bytes | None = _secret()
    master_key: bytes | None = _secret()
    agreement_private_key: bytes | None = _secret()
    agreement_public_key: bytes | None = _secret()
    signing_private_key: bytes | None = _secret()
    signing_public_key: bytes | None = _secret()
    policy: Policy = Policy.ENCRYPTED
    replay: ReplayMode = ReplayMode.WINDOW

    @property
    def has_pending(self) -> bool:
        """
        Is there a key to come?
        """
        return (
            self.pending_encryption_key is not None or self.pending_authentication_key is not None
        )
