"""
Opening a protected message: demands, counter, tag, and only then the plaintext.

The usual path costs two calls of AES-GCM on a cached cipher; see L{dlms_twisted.security.aead}.
"""

from __future__ import annotations

from collections.abc import Callable
from hmac import compare_digest
from typing import TYPE_CHECKING, Final, NamedTuple

from dlms_twisted.errors import Reason, SecurityError
from dlms_twisted.security.aead import OCTET, cipher, gcm_open, gcm_tag, tools_of
from dlms_twisted.security.choice import PLAIN_OF, Candidate, candidates
from dlms_twisted.security.keys import MeterKeys, key_epoch
from dlms_twisted.security.plausible import plausible
from dlms_twisted.security.policy import Policy
from dlms_twisted.security.suites import (
    AUTHENTICATED,
    COMPRESSED,
    ENCRYPTED,
    SUITE_MASK,
    TAG_LENGTH,
)
from dlms_twisted.security.window import COUNTER_MAX, ReplayWindow

if TYPE_CHECKING:
    from dlms_twisted.apdu.ciphered import Envelope

__all__ = ["Opened", "cipher", "open_envelope"]

_GENERAL_GLO: Final = 0xDB
#: All but the suite; of these, authenticated and encrypted.
_FORM: Final = 0xFF ^ SUITE_MASK
_BOTH: Final = AUTHENTICATED | ENCRYPTED
_WRONG: Final = "wrong key, or a forged message"


class Opened(NamedTuple):
    """
    What an envelope held.

    @ivar plaintext: The complete APDU, its own tag included.
    @ivar authenticated: Was a tag verified?  Where it is false, the counter is anybody's claim: accept it into no
        window.
    @ivar encrypted: Was it enciphered?
    @ivar epoch: Of the key that opened it; empty where none was needed.
    @ivar pending: Did a key to come open it?
    @ivar counter: Invocation counter.
    @ivar title: Sender's system title.
    """

    plaintext: bytes
    authenticated: bool
    encrypted: bool
    epoch: str
    pending: bool
    counter: int
    title: bytes

    def __repr__(self) -> str:
        return (
            f"<Opened {len(self.plaintext)} octets authenticated={self.authenticated}"
            f" encrypted={self.encrypted} counter={self.counter} title={self.title.hex()}>"
        )


def open_envelope(
    envelope: Envelope,
    keys: MeterKeys,
    title: bytes,
    *,
    policy: Policy | None = None,
    window: ReplayWindow | None = None,
    pending_window: ReplayWindow | None = None,
    judge: Callable[[bytes], bool] = plausible,
) -> Opened:
    """
    Open one protected layer.  No window is moved: on success, and where L{Opened.authenticated} is true, the caller
    accepts L{Opened.counter} into the window of L{Opened.epoch}.

    Not for general-ciphering, whose keys and additional data L{dlms_twisted.security.general} finds.

    @param title: The sender's system title, for an envelope that holds none.

    @param policy: What is demanded; by default what C{keys} says.

    @param window: Of the current key that the envelope asks for
        (L{dlms_twisted.security.choice.expected_epoch}); C{None} checks no counter.

    @param pending_window: Of the pending encryption key, where there is one.

    @param judge: Does deciphered text make sense?  Asked only where no tag can be verified.

    @raise SecurityError: C{downgrade}, C{unsupported}, C{malformed}, C{unknown-key}, C{replay}, C{bad-tag} or
        C{implausible-plaintext}, the first that applies in the order of architecture, invariant 2.
    """
    tag, sender, control, counter, payload, mac, _, _ = envelope
    demands = keys.policy if policy is None else policy
    sender = sender or title or keys.system_title or b""
    # The usual push, at once: authenticated and encrypted, which meets any demand but a signature.
    if (
        tag == _GENERAL_GLO
        and control & _FORM == _BOTH
        and not (
            demands.signed
            or keys.pending_encryption_key is not None
            or keys.pending_authentication_key is not None
        )
    ):
        tools = tools_of(keys.encryption_key, keys.authentication_key, control)
        usual = len(sender) == 8 and len(mac) == TAG_LENGTH and 0 <= counter <= COUNTER_MAX
        if usual and tools is not None:
            if window is not None and not window.check(counter):
                raise SecurityError(Reason.REPLAY, f"counter {counter}")
            aead, aad, epoch = tools
            nonce = sender + counter.to_bytes(4, "big")
            plaintext = aead.encrypt(nonce, payload, None)[:-16]
            if not compare_digest(aead.encrypt(nonce, plaintext, aad)[-16:-4], mac):
                raise SecurityError(Reason.BAD_TAG, _WRONG)
            return tuple.__new__(Opened, (plaintext, True, True, epoch, False, counter, sender))
    check_demands(control, demands, keys)
    if not control & _BOTH or _is_readable(envelope, keys, demands):
        return Opened(payload, False, False, "", False, counter, sender)
    return _open_any(envelope, keys, sender, demands, (window, pending_window), judge)


def _open_any(
    envelope: Envelope,
    keys: MeterKeys,
    sender: bytes,
    demands: Policy,
    windows: tuple[ReplayWindow | None, ReplayWindow | None],
    judge: Callable[[bytes], bool],
) -> Opened:
    """
    Try each key there is.

    @param windows: Of the current key and of the pending one.
    """
    nonce = check_shape(envelope, sender)
    choices = candidates(envelope, keys)
    if demands.authenticated:
        choices = tuple(one for one in choices if one.authentication_key is not None)
    replay = False
    for candidate in choices:
        # A new key starts its counters anew, and must not be judged by those of the old one.
        window = windows[candidate.encryption_key is keys.pending_encryption_key]
        if window is not None and not window.check(envelope.invocation_counter):
            replay = True
            continue
        found = _attempt(envelope, candidate, nonce, sender, judge)
        if found is not None:
            return found
    if replay:
        raise SecurityError(Reason.REPLAY, f"counter {envelope.invocation_counter}")
    raise _failed(envelope.security_control, keys)


def check_demands(control: int, policy: Policy, keys: MeterKeys) -> None:
    """
    @raise SecurityError: C{downgrade} where the protection claimed is weaker than demanded; C{unknown-key} where
        authentication is demanded and the key for it is missing; C{unsupported} where the payload is compressed.
    """
    if not policy.allows(bool(control & AUTHENTICATED), bool(control & ENCRYPTED)):
        raise SecurityError(Reason.DOWNGRADE, f"security control {control:02x}, {policy} demanded")
    if policy.authenticated and not _has_authentication_key(keys):
        raise SecurityError(Reason.UNKNOWN_KEY, "no authentication key")
    if control & COMPRESSED:
        raise SecurityError(Reason.UNSUPPORTED, "V.44 compression")


def check_shape(envelope: Envelope, title: bytes) -> bytes:
    """
    @return: the nonce: the sender's title and the counter (04, section 4).

    @raise SecurityError: C{malformed} or, where the sender is not known, C{unknown-key}.
    """
    if len(title) != 8:
        if title:
            raise SecurityError(Reason.MALFORMED, "a system title of 8 octets wanted")
        raise SecurityError(Reason.UNKNOWN_KEY, "the sender's system title is not known")
    if not 0 <= envelope.invocation_counter <= COUNTER_MAX:
        raise SecurityError(Reason.MALFORMED, "an invocation counter of 32 bits wanted")
    if envelope.security_control & AUTHENTICATED and len(envelope.mac) != TAG_LENGTH:
        raise SecurityError(Reason.MALFORMED, "a tag of 12 octets wanted")
    return title + envelope.invocation_counter.to_bytes(4, "big")


def _is_readable(envelope: Envelope, keys: MeterKeys, demands: Policy) -> bool:
    """
    Is it clear text with a tag that nobody here can check, and need not?
    """
    return (
        not envelope.security_control & ENCRYPTED
        and not demands.authenticated
        and keys.encryption_key is None
        and keys.pending_encryption_key is None
    )


def _has_authentication_key(keys: MeterKeys) -> bool:
    return keys.authentication_key is not None or keys.pending_authentication_key is not None


def _failed(control: int, keys: MeterKeys) -> SecurityError:
    """
    @return: why no key opened it.
    """
    if control & AUTHENTICATED and _has_authentication_key(keys):
        return SecurityError(Reason.BAD_TAG, _WRONG)
    return SecurityError(Reason.IMPLAUSIBLE_PLAINTEXT, "probably a wrong key")


def _attempt(
    envelope: Envelope,
    candidate: Candidate,
    nonce: bytes,
    title: bytes,
    judge: Callable[[bytes], bool],
) -> Opened | None:
    """
    @return: what this pair of keys makes of the envelope, or C{None} if it is not the right one.

    @raise SecurityError: C{malformed}: the tag of a service-specific APDU, which no authentication covers, is not
        that of the service within.
    """
    key, authentication_key, pending = candidate
    control = envelope.security_control
    payload = envelope.payload
    encrypted = bool(control & ENCRYPTED)
    verified = bool(control & AUTHENTICATED) and authentication_key is not None
    if control & AUTHENTICATED and authentication_key is not None:
        aad = OCTET[control] + authentication_key
        if encrypted:
            opened = gcm_open(key, nonce, payload, aad, envelope.mac)
            if opened is None:
                return None
            plaintext = opened
        else:
            if not compare_digest(gcm_tag(key, nonce, b"", aad + payload), envelope.mac):
                return None
            plaintext = payload
    else:
        plaintext = cipher(key).encrypt(nonce, payload, None)[:-16] if encrypted else payload
        if not judge(plaintext):
            return None
    service = PLAIN_OF.get(envelope.tag)
    if service is not None and plaintext[:1] != OCTET[service]:
        if verified:
            raise SecurityError(Reason.MALFORMED, f"tag {envelope.tag:02x} holds another service")
        return None
    return Opened(
        plaintext,
        verified,
        encrypted,
        key_epoch(key),
        pending,
        envelope.invocation_counter,
        title,
    )
