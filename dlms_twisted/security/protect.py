"""
Protecting a message: the reverse of L{dlms_twisted.security.opening}.
"""

from __future__ import annotations

from typing import Final

from dlms_twisted.apdu.ciphered import CIPHERED_TAGS
from dlms_twisted.codec.writer import encode_length
from dlms_twisted.errors import LocalProtocolError, Reason, SecurityError
from dlms_twisted.security.aead import OCTET, cipher, gcm_tag, tools_of
from dlms_twisted.security.choice import ciphered_tag, named_key
from dlms_twisted.security.counters import CounterExhaustedError
from dlms_twisted.security.keys import MeterKeys
from dlms_twisted.security.suites import AUTHENTICATED, COMPRESSED, ENCRYPTED, TITLE_LENGTH
from dlms_twisted.security.window import COUNTER_MAX

__all__ = ["GENERAL_DED", "GENERAL_GLO", "ciphered_tag", "protect", "seal"]

GENERAL_GLO: Final = 0xDB
GENERAL_DED: Final = 0xDC
_GENERAL: Final = 0xDD


def protect(
    plaintext: bytes,
    *,
    keys: MeterKeys,
    title: bytes,
    counter: int,
    security_control: int,
    tag: int = GENERAL_GLO,
) -> bytes:
    """
    Wrap an APDU in one layer of C{glo-*}, C{ded-*}, general-glo-ciphering or general-ded-ciphering.

    The same counter must never be used twice with the same key: take it from a
    L{dlms_twisted.security.counters.TransmitCounter} whose block was persisted.

    @param plaintext: The complete APDU, its own tag included.

    @param keys: Where the tag and the key-set bit find their key.

    @param title: The sender's system title, eight octets.

    @param security_control: See L{dlms_twisted.security.suites.security_control}.

    @return: the encoded ciphered APDU.

    @raise SecurityError: C{unknown-key}: a key is missing, or does not suit the suite; C{unsupported}: there is no
        such suite.

    @raise LocalProtocolError: another tag, a title of another length, compression, or a counter out of range.
    """
    if tag not in CIPHERED_TAGS or tag == _GENERAL:
        raise LocalProtocolError(f"tag {tag:02x} is none of glo-, ded- and their general forms")
    key = named_key(keys, tag, security_control)
    payload, mac = seal(
        plaintext,
        key=key,
        authentication_key=keys.authentication_key,
        title=title,
        counter=counter,
        security_control=security_control,
    )
    head = (
        bytes((tag, TITLE_LENGTH)) + title if tag in (GENERAL_GLO, GENERAL_DED) else bytes((tag,))
    )
    return b"".join(
        (
            head,
            encode_length(5 + len(payload) + len(mac)),
            security_control.to_bytes(1, "big"),
            counter.to_bytes(4, "big"),
            payload,
            mac,
        )
    )


def seal(
    plaintext: bytes,
    *,
    key: bytes,
    authentication_key: bytes | None,
    title: bytes,
    counter: int,
    security_control: int,
    fields: bytes = b"",
) -> tuple[bytes, bytes]:
    """
    Encipher and authenticate as the security control octet says (04, section 4).

    @param fields: Additional data of general-ciphering, after the authentication key.

    @return: the payload and the tag; the tag is empty where nothing is authenticated.

    @raise SecurityError: C{unknown-key}: there is no authentication key.

    @raise LocalProtocolError: a title of another length, compression, or a counter out of range.
    """
    if len(title) != TITLE_LENGTH:
        raise LocalProtocolError("a system title of 8 octets wanted")
    if not 0 <= security_control <= 0xFF:
        raise LocalProtocolError("a security control octet wanted")
    if security_control & COMPRESSED:
        raise LocalProtocolError("V.44 compression is not supported")
    if counter > COUNTER_MAX:
        raise CounterExhaustedError("the invocation counters of this key are used up")
    if counter < 0:
        raise LocalProtocolError("an invocation counter is not negative")
    nonce = title + counter.to_bytes(4, "big")
    encrypted = bool(security_control & ENCRYPTED)
    if not security_control & AUTHENTICATED:
        return (cipher(key).encrypt(nonce, plaintext, None)[:-16] if encrypted else plaintext), b""
    if authentication_key is None:
        raise SecurityError(Reason.UNKNOWN_KEY, "no authentication key")
    tools = (
        tools_of(key, authentication_key, security_control) if encrypted and not fields else None
    )
    if tools is not None:
        aead, aad, _ = tools
        sealed = aead.encrypt(nonce, plaintext, aad)
        return sealed[:-16], sealed[-16:-4]
    aad = OCTET[security_control] + authentication_key + fields
    if encrypted:
        sealed = cipher(key).encrypt(nonce, plaintext, aad)
        return sealed[:-16], sealed[-16:-4]
    return plaintext, gcm_tag(key, nonce, b"", aad + plaintext)
