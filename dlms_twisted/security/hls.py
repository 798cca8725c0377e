"""
Authentication of an association, mechanisms 0 to 7, for both sides (04, section 9).

Each side makes a challenge, answers the other's, and judges the answer to its own.  Nothing here is random and
nothing is remembered: challenges are passed in, and so is the counter that GMAC uses.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from enum import IntEnum
from hmac import compare_digest
from typing import Final

from attrs import field, frozen
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from dlms_twisted.errors import LocalProtocolError, Reason, SecurityError
from dlms_twisted.security.aead import gcm_tag
from dlms_twisted.security.choice import named_key
from dlms_twisted.security.keys import MeterKeys
from dlms_twisted.security.protect import seal
from dlms_twisted.security.signing import sign, verify
from dlms_twisted.security.suites import AUTHENTICATED, SUITE_MASK, TAG_LENGTH, TITLE_LENGTH
from dlms_twisted.security.window import ReplayWindow

__all__ = [
    "Authentication",
    "Mechanism",
    "aes_ecb",
    "check_challenge",
    "is_password_right",
    "make_challenge",
]

#: Any tag of a glo- APDU: GMAC uses the global unicast key, never the dedicated one.
_GLOBAL: Final = 0xCB
_GMAC_LENGTH: Final = 1 + 4 + TAG_LENGTH

Transform = Callable[[bytes, bytes], bytes]


class Mechanism(IntEnum):
    """
    How a client proves who it is: the last octet of the mechanism name (02, section 4).
    """

    LOWEST = 0
    LOW = 1
    MANUFACTURER = 2
    MD5 = 3
    SHA1 = 4
    GMAC = 5
    SHA256 = 6
    ECDSA = 7

    @property
    def is_high(self) -> bool:
        """
        Are there challenges, and a third and fourth pass?
        """
        return self >= Mechanism.MANUFACTURER


def make_challenge(
    mechanism: Mechanism, random: Callable[[int], bytes], length: int | None = None
) -> bytes:
    """
    @param random: Gives so many random octets: C{secrets.token_bytes}.

    @param length: 8 to 64 octets, with ECDSA 32 to 64; by default 16 and 32.

    @raise LocalProtocolError: another length, or a mechanism without challenges.
    """
    if not mechanism.is_high:
        raise LocalProtocolError(f"mechanism {mechanism} has no challenges")
    least = _least_challenge(mechanism)
    wanted = max(16, least) if length is None else length
    if not least <= wanted <= 64:
        raise LocalProtocolError(f"a challenge of {least} to 64 octets wanted")
    return random(wanted)


def check_challenge(mechanism: Mechanism, own: bytes, theirs: bytes) -> None:
    """
    Judge the other side's challenge.

    @raise SecurityError: C{malformed}: it is too short or too long; C{replay}: it is our own, sent back so that we
        compute the answer to it ourselves.
    """
    least = _least_challenge(mechanism)
    if not least <= len(theirs) <= 64:
        raise SecurityError(Reason.MALFORMED, f"a challenge of {least} to 64 octets wanted")
    if compare_digest(own, theirs):
        raise SecurityError(Reason.REPLAY, "our own challenge came back")


def is_password_right(wanted: bytes, given: bytes) -> bool:
    """
    Judge the password of the low level, in a time that does not tell how much of it was right.
    """
    return compare_digest(wanted, given)


def aes_ecb(secret: bytes, challenge: bytes) -> bytes:
    """
    The usual form of the manufacturer-specific mechanism: the challenge, padded with zeros to whole blocks,
    enciphered by AES-128 in ECB mode; the secret, padded with zeros, is the key.

    @raise LocalProtocolError: the secret is longer than 16 octets.
    """
    if len(secret) > 16:
        raise LocalProtocolError("a secret of at most 16 octets wanted")
    padded = challenge.ljust(-(-len(challenge) // 16) * 16, b"\x00")
    encryptor = Cipher(algorithms.AES(secret.ljust(16, b"\x00")), modes.ECB()).encryptor()
    return encryptor.update(padded) + encryptor.finalize()


@frozen(kw_only=True)
class Authentication:
    """
    One side of passes three and four.

    @ivar mechanism: 2 to 7.
    @ivar title: Our system title; mechanisms 5 to 7 need both titles.
    @ivar peer_title: The other side's.
    @ivar challenge: Ours: a client's CtoS, a server's StoC.
    @ivar peer_challenge: The other side's; refused when it is ours.
    @ivar secret: HLS secret, for mechanisms 2, 3, 4 and 6.
    @ivar keys: For mechanism 5 the encryption and authentication keys; for 7 our signing key and the peer's.
    @ivar suite: Security suite: in mechanism 5 the low bits of the security control octet.
    @ivar transform: What mechanism 2 computes of secret and challenge.
    """

    mechanism: Mechanism
    challenge: bytes
    peer_challenge: bytes
    title: bytes = b""
    peer_title: bytes = b""
    secret: bytes = field(default=b"", repr=False)
    keys: MeterKeys = field(factory=MeterKeys)
    suite: int = 0
    transform: Transform = field(default=aes_ecb, repr=False)

    def __attrs_post_init__(self) -> None:
        if not self.mechanism.is_high:
            raise LocalProtocolError(f"mechanism {self.mechanism} has no third pass")
        check_challenge(self.mechanism, self.challenge, self.peer_challenge)

    def answer(self, counter: int = 0) -> bytes:
        """
        Prove ourselves: f(StoC) of a client, f(CtoS) of a server.

        @param counter: Mechanism 5: an invocation counter of the global unicast key, taken for this alone; the APDU
            that carries the answer takes the next one.

        @raise SecurityError: C{unknown-key}: a key is missing.

        @raise LocalProtocolError: a title is missing.
        """
        if self.mechanism is Mechanism.GMAC:
            return self._gmac(counter)
        if self.mechanism is Mechanism.ECDSA:
            if self.keys.signing_private_key is None:
                raise SecurityError(Reason.UNKNOWN_KEY, "no key to sign with")
            return sign(self.keys.signing_private_key, self._covered(own=True))
        return self._digest(own=True)

    def check(self, answer: bytes, window: ReplayWindow | None = None) -> int | None:
        """
        Judge the other side's answer to our challenge.

        @param answer: f() as it came.

        @param window: Mechanism 5: of the peer's counters under the global unicast key.  It is not moved: accept
            what this gives.

        @return: mechanism 5: the counter, to be accepted; else C{None}.

        @raise SecurityError: C{bad-tag} or C{bad-signature}: the answer is wrong; C{replay}: right, but its counter
            was used; C{malformed}: no answer of this mechanism; C{unknown-key}: a key is missing.
        """
        if self.mechanism is Mechanism.GMAC:
            return self._check_gmac(answer, window)
        if self.mechanism is Mechanism.ECDSA:
            if self.keys.signing_public_key is None:
                raise SecurityError(Reason.UNKNOWN_KEY, "no key to check the signature with")
            if not verify(self.keys.signing_public_key, self._covered(own=False), answer):
                raise SecurityError(Reason.BAD_SIGNATURE, "the peer did not prove itself")
        elif not compare_digest(self._digest(own=False), answer):
            raise SecurityError(Reason.BAD_TAG, "the peer did not prove itself")
        return None

    def _digest(self, *, own: bool) -> bytes:
        """
        @param own: Ours, over the peer's challenge, or the peer's over ours?
        """
        challenge = self.peer_challenge if own else self.challenge
        match self.mechanism:
            case Mechanism.MANUFACTURER:
                return self.transform(self.secret, challenge)
            case Mechanism.MD5:
                return hashlib.md5(challenge + self.secret, usedforsecurity=False).digest()
            case Mechanism.SHA1:
                return hashlib.sha1(challenge + self.secret, usedforsecurity=False).digest()
            case _:
                return hashlib.sha256(self.secret + self._covered(own=own)).digest()

    def _covered(self, *, own: bool) -> bytes:
        """
        @return: the titles and challenges, those of the side that proves itself first in the order that the
            standard has.
        """
        if len(self.title) != TITLE_LENGTH or len(self.peer_title) != TITLE_LENGTH:
            raise LocalProtocolError("the system titles of both sides wanted, 8 octets each")
        if own:
            return self.title + self.peer_title + self.peer_challenge + self.challenge
        return self.peer_title + self.title + self.challenge + self.peer_challenge

    def _gmac(self, counter: int) -> bytes:
        control = AUTHENTICATED | self.suite
        _, tag = seal(
            self.peer_challenge,
            key=named_key(self.keys, _GLOBAL, control),
            authentication_key=self.keys.authentication_key,
            title=self.title,
            counter=counter,
            security_control=control,
        )
        return bytes((control,)) + counter.to_bytes(4, "big") + tag

    def _check_gmac(self, answer: bytes, window: ReplayWindow | None) -> int:
        if len(answer) != _GMAC_LENGTH or answer[0] & ~SUITE_MASK != AUTHENTICATED:
            raise SecurityError(Reason.MALFORMED, "security control, counter and tag wanted")
        key = named_key(self.keys, _GLOBAL, answer[0])
        if self.keys.authentication_key is None:
            raise SecurityError(Reason.UNKNOWN_KEY, "no authentication key")
        if len(self.peer_title) != TITLE_LENGTH:
            raise LocalProtocolError("the system title of the peer wanted, 8 octets")
        counter = int.from_bytes(answer[1:5], "big")
        if window is not None and not window.check(counter):
            raise SecurityError(Reason.REPLAY, f"counter {counter}")
        aad = answer[:1] + self.keys.authentication_key + self.challenge
        if not compare_digest(gcm_tag(key, self.peer_title + answer[1:5], b"", aad), answer[5:]):
            raise SecurityError(Reason.BAD_TAG, "the peer did not prove itself")
        return counter


def _least_challenge(mechanism: Mechanism) -> int:
    return 32 if mechanism is Mechanism.ECDSA else 8
