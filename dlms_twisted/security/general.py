"""
General-ciphering: a layer that names its originator, its recipient and its key (04, sections 3 to 6).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from hmac import compare_digest
from typing import Final

from dlms_twisted.apdu.ciphered import Envelope, encode_envelope
from dlms_twisted.errors import LocalProtocolError, Reason, SecurityError
from dlms_twisted.security.aead import cipher, gcm_open, gcm_tag
from dlms_twisted.security.fields import Fields, read_fields
from dlms_twisted.security.general_keys import MessageKey, PossibleKey, possible_keys
from dlms_twisted.security.keys import MeterKeys, key_epoch
from dlms_twisted.security.opening import Opened, check_shape
from dlms_twisted.security.plausible import plausible
from dlms_twisted.security.policy import Policy
from dlms_twisted.security.protect import seal
from dlms_twisted.security.signed import GENERAL_SIGNING
from dlms_twisted.security.suites import AUTHENTICATED, BROADCAST, COMPRESSED, ENCRYPTED
from dlms_twisted.security.variants import AdditionalData, Variants
from dlms_twisted.security.window import ReplayWindow

__all__ = ["GENERAL_CIPHERING", "fields_of", "open_general", "protect_general"]

GENERAL_CIPHERING: Final = 0xDD

WindowOf = Callable[[str], ReplayWindow | None]


def fields_of(envelope: Envelope) -> Fields:
    """
    @return: the leading fields; where all are empty and the payload is a readable general-signing APDU, as British
        meters send it, those of that.

    @raise DecodeError: they are truncated.
    """
    fields = read_fields(envelope.extra_aad)
    is_readable = not envelope.security_control & ENCRYPTED
    if not any(fields) and is_readable and envelope.payload[:1] == bytes((GENERAL_SIGNING,)):
        return read_fields(envelope.payload, 1)
    return fields


def open_general(
    envelope: Envelope,
    keys: MeterKeys,
    title: bytes = b"",
    *,
    own_title: bytes | None = None,
    policy: Policy | None = None,
    window_of: WindowOf | None = None,
    variants: Variants | None = None,
) -> Opened:
    """
    Open one layer of general-ciphering.  No window is moved, as with
    L{dlms_twisted.security.opening.open_envelope}.

    @param title: The originator's system title, where the layer names none.

    @param own_title: Ours: a layer for somebody else is not removed.  C{None} removes any that opens.

    @param policy: What is demanded; by default what C{keys} says.

    @param window_of: Gives the window of a key's epoch, or C{None} where its counters are not judged.

    @param variants: The only way to take; by default any of those in L{dlms_twisted.security.variants}.

    @raise SecurityError: C{downgrade}, C{unsupported}, C{malformed}, C{unknown-key}, C{replay}, C{bad-tag},
        C{bad-signature} or C{implausible-plaintext}.

    @raise DecodeError: the leading fields are truncated.
    """
    control = envelope.security_control
    demands = keys.policy if policy is None else policy
    _check(control, demands)
    fields = fields_of(envelope)
    if own_title is not None and fields.recipient not in (b"", own_title):
        raise SecurityError(Reason.UNKNOWN_KEY, "addressed to another system title")
    sender = fields.originator or title or keys.system_title or b""
    if not control & (AUTHENTICATED | ENCRYPTED):
        counter = envelope.invocation_counter
        return Opened(envelope.payload, False, False, "", False, counter, sender)
    nonce = check_shape(envelope, sender)
    fields = fields._replace(originator=sender)
    tried, replay = [], False
    for possible in possible_keys(envelope.key_info, keys, fields, control, variants):
        window = window_of(key_epoch(possible.key)) if window_of is not None else None
        if window is not None and not window.check(envelope.invocation_counter):
            replay = True
            continue
        plaintext = _verified(envelope, possible, keys, nonce, variants)
        if plaintext is not None:
            return _opened(envelope, plaintext, possible, nonce, True)
        tried.append(possible)
    if replay:
        raise SecurityError(Reason.REPLAY, f"counter {envelope.invocation_counter}")
    return _unverified(envelope, tried, keys, nonce, demands)


def protect_general(
    plaintext: bytes,
    *,
    keys: MeterKeys,
    key: MessageKey,
    fields: Fields,
    counter: int,
    security_control: int,
    title: bytes | None = None,
    variants: Variants | None = None,
) -> bytes:
    """
    Wrap an APDU in one layer of general-ciphering.

    @param key: From L{dlms_twisted.security.general_keys}.

    @param title: The originator's system title, where the fields do not name it (British meters).

    @param counter: 0 for a key made for this message.

    @return: the encoded APDU.

    @raise SecurityError: C{unknown-key}: there is no authentication key; C{unsupported}: no such suite.

    @raise LocalProtocolError: as L{dlms_twisted.security.protect.seal}; or the key-set bit is set; or the key does
        not suit the suite.
    """
    if security_control & BROADCAST:
        raise LocalProtocolError("the key-set bit is 0 in general-ciphering")
    chosen = Variants() if variants is None else variants
    head = fields.encode()
    authentication_key, covered = keys.authentication_key, head
    if chosen.additional_data is AdditionalData.WITHOUT_KEY:
        authentication_key = b""
    elif chosen.additional_data is AdditionalData.WITHOUT_FIELDS:
        covered = b""
    payload, mac = seal(
        plaintext,
        key=key.key,
        authentication_key=authentication_key,
        title=fields.originator if title is None else title,
        counter=counter,
        security_control=security_control,
        fields=covered,
    )
    return encode_envelope(
        Envelope(
            GENERAL_CIPHERING,
            fields.originator,
            security_control,
            counter,
            payload,
            mac,
            head,
            key.info,
        )
    )


def _check(control: int, policy: Policy) -> None:
    if not policy.allows(bool(control & AUTHENTICATED), bool(control & ENCRYPTED)):
        raise SecurityError(Reason.DOWNGRADE, f"security control {control:02x}, {policy} demanded")
    if control & COMPRESSED:
        raise SecurityError(Reason.UNSUPPORTED, "V.44 compression")
    if control & BROADCAST:
        raise SecurityError(Reason.MALFORMED, "the key-set bit is 0 in general-ciphering")


def _opened(
    envelope: Envelope, plaintext: bytes, possible: PossibleKey, nonce: bytes, verified: bool
) -> Opened:
    return Opened(
        plaintext,
        verified,
        bool(envelope.security_control & ENCRYPTED),
        key_epoch(possible.key),
        possible.is_pending,
        envelope.invocation_counter,
        nonce[:8],
    )


def _additional_data(
    envelope: Envelope, possible: PossibleKey, keys: MeterKeys, variants: Variants | None
) -> Iterator[bytes]:
    """
    @return: what the tag may have been computed over, beside the payload.

    Unless it was chosen, the form without an authentication key is taken only under an agreed key of a meter that
    has none: an encryption key alone may be in more hands, and must not be enough to speak for the meter.
    """
    control = envelope.security_control.to_bytes(1, "big")
    tried = tuple(AdditionalData) if variants is None else (variants.additional_data,)
    authentication_keys = _authentication_keys(keys)
    for form in tried:
        if form is AdditionalData.WITHOUT_KEY:
            if variants is not None or (possible.is_agreed and not authentication_keys):
                yield control + envelope.extra_aad
            continue
        covered = envelope.extra_aad if form is AdditionalData.WHOLE else b""
        for key in authentication_keys:
            yield control + key + covered


def _authentication_keys(keys: MeterKeys) -> list[bytes]:
    both = (keys.authentication_key, keys.pending_authentication_key)
    return [key for key in both if key is not None]


def _verified(
    envelope: Envelope,
    possible: PossibleKey,
    keys: MeterKeys,
    nonce: bytes,
    variants: Variants | None,
) -> bytes | None:
    """
    @return: the plaintext, if the tag is right in one of the forms there are.
    """
    if not envelope.security_control & AUTHENTICATED:
        return None
    key = possible.key
    for aad in _additional_data(envelope, possible, keys, variants):
        if envelope.security_control & ENCRYPTED:
            plaintext = gcm_open(key, nonce, envelope.payload, aad, envelope.mac)
            if plaintext is not None:
                return plaintext
        elif compare_digest(gcm_tag(key, nonce, b"", aad + envelope.payload), envelope.mac):
            return envelope.payload
    return None


def _unverified(
    envelope: Envelope,
    tried: list[PossibleKey],
    keys: MeterKeys,
    nonce: bytes,
    demands: Policy,
) -> Opened:
    """
    No tag was right.  What can be had without, where nobody demands more?
    """
    control = envelope.security_control
    if control & AUTHENTICATED:
        if _authentication_keys(keys):
            raise SecurityError(Reason.BAD_TAG, "wrong key, or a forged message")
        if demands.authenticated:
            raise SecurityError(Reason.UNKNOWN_KEY, "no authentication key")
    for possible in tried:
        plaintext = envelope.payload
        if control & ENCRYPTED:
            plaintext = cipher(possible.key).encrypt(nonce, envelope.payload, None)[:-16]
        if plausible(plaintext):
            return _opened(envelope, plaintext, possible, nonce, False)
    raise SecurityError(Reason.IMPLAUSIBLE_PLAINTEXT, "probably a wrong key")
