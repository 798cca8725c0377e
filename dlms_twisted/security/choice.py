"""
Which keys may open an envelope (04, section 5).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from dlms_twisted.errors import Reason, SecurityError
from dlms_twisted.security.keys import MeterKeys, key_epoch
from dlms_twisted.security.suites import BROADCAST, SUITES

if TYPE_CHECKING:
    from dlms_twisted.apdu.ciphered import Envelope

__all__ = [
    "DEDICATED_TAGS",
    "PLAIN_OF",
    "Candidate",
    "candidates",
    "ciphered_tag",
    "expected_epoch",
    "is_dedicated",
    "named_key",
]

#: Plain tags that have service-specific ciphered forms (03, section 1).
_OLD_SERVICES: Final = (0x01, 0x05, 0x06, 0x08, 0x0C, 0x0D, 0x0E, 0x16, 0x18)
_NEW_SERVICES: Final = (0xC0, 0xC1, 0xC2, 0xC3, 0xC4, 0xC5, 0xC7)

_GLO_OF: Final = {tag: tag + 0x20 for tag in _OLD_SERVICES} | {
    tag: tag + 0x08 for tag in _NEW_SERVICES
}
_DED_OF: Final = {tag: tag + 0x40 for tag in _OLD_SERVICES} | {
    tag: tag + 0x10 for tag in _NEW_SERVICES
}

#: The plain tag within each service-specific ciphered APDU.
PLAIN_OF: Final = {tag: plain for table in (_GLO_OF, _DED_OF) for plain, tag in table.items()}

#: Tags that ask for the dedicated key: C{ded-*} and general-ded-ciphering.
DEDICATED_TAGS: Final = frozenset((*_DED_OF.values(), 0xDC))


class Candidate(NamedTuple):
    """
    One pair of keys to try.

    @ivar encryption_key: For the block cipher; never shown.
    @ivar authentication_key: For the additional data, or C{None} where it is not known.
    @ivar pending: Is one of them a key to come?
    """

    encryption_key: bytes
    authentication_key: bytes | None
    pending: bool = False

    def __repr__(self) -> str:
        return f"<Candidate {key_epoch(self.encryption_key)} pending={self.pending}>"


def is_dedicated(tag: int) -> bool:
    """
    Does an APDU of this tag use the dedicated key?
    """
    return tag in DEDICATED_TAGS


def ciphered_tag(plain: int, *, dedicated: bool = False) -> int:
    """
    @param plain: The first octet of a plain APDU.

    @return: the tag of its service-specific ciphered form, or of general-glo-ciphering or general-ded-ciphering
        where it has none.
    """
    if dedicated:
        return _DED_OF.get(plain, 0xDC)
    return _GLO_OF.get(plain, 0xDB)


def named_key(keys: MeterKeys, tag: int, control: int) -> bytes:
    """
    @return: the current encryption key that the tag and the key-set bit ask for.

    @raise SecurityError: C{unknown-key} without it, or where its length does not suit the suite; C{malformed} where
        the key-set bit must be 0; C{unsupported} for a suite that does not exist.
    """
    number = control & 0x0F
    if number > 2:
        raise SecurityError(Reason.UNSUPPORTED, f"security suite {number}")
    if tag in DEDICATED_TAGS:
        if control & BROADCAST:
            raise SecurityError(Reason.MALFORMED, "a dedicated key is never a broadcast key")
        key, name = keys.dedicated_key, "dedicated key"
    elif control & BROADCAST:
        key, name = keys.broadcast_key, "broadcast key"
    else:
        key, name = keys.encryption_key, "encryption key"
    if key is None:
        raise SecurityError(Reason.UNKNOWN_KEY, f"no {name}")
    if len(key) != SUITES[number].key_length:
        wanted = SUITES[number].key_length
        raise SecurityError(
            Reason.UNKNOWN_KEY, f"suite {number} needs an {name} of {wanted} octets"
        )
    return key


def candidates(envelope: Envelope, keys: MeterKeys) -> tuple[Candidate, ...]:
    """
    @return: the pairs to try, the current one before those with keys to come, and those that cannot verify a tag
        last.

    @raise SecurityError: as L{named_key}.
    """
    try:
        current = named_key(keys, envelope.tag, envelope.security_control)
    except SecurityError:
        if keys.pending_encryption_key is None or not _is_unicast(envelope):
            raise
        current = None
    found = [] if current is None else [Candidate(current, keys.authentication_key)]
    if keys.has_pending:
        found += _pending(envelope, keys, current)
    if not found:
        raise SecurityError(Reason.UNKNOWN_KEY, "no encryption key of the suite's length")
    return tuple(sorted(found, key=lambda one: one.authentication_key is None))


def expected_epoch(envelope: Envelope, keys: MeterKeys) -> str | None:
    """
    Which replay window an envelope is judged by.

    @return: the epoch of the current key it asks for, or C{None} where that key is not known or is made for this
        one message.
    """
    if envelope.tag == 0xDD and envelope.key_info is not None:
        return None
    try:
        return key_epoch(named_key(keys, envelope.tag, envelope.security_control))
    except SecurityError:
        return None


def _is_unicast(envelope: Envelope) -> bool:
    return not envelope.security_control & BROADCAST and envelope.tag not in DEDICATED_TAGS


def _pending(envelope: Envelope, keys: MeterKeys, current: bytes | None) -> list[Candidate]:
    number = envelope.security_control & 0x0F
    unicast = _is_unicast(envelope)
    pending = keys.pending_encryption_key if unicast else None
    if number > 2 or (pending is not None and len(pending) != SUITES[number].key_length):
        pending = None
    now, later = keys.authentication_key, keys.pending_authentication_key
    found = []
    if pending is not None:
        if later is not None:
            found.append(Candidate(pending, later, True))
        found.append(Candidate(pending, now, True))
    if later is not None and current is not None:
        found.append(Candidate(current, later, True))
    return found
