"""
Keys on disk: sealed with AES-256-GCM under a master key that is kept elsewhere.

A sealed text is a nonce of 12 octets, the ciphertext, and a tag of 16.  What it belongs to is authenticated with it, so
that one cannot be put in the place of another.
"""

from __future__ import annotations

from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from dlms_twisted.errors import Reason, SecurityError
from dlms_twisted.security.opening import cipher

__all__ = ["MASTER_LENGTH", "NONCE_LENGTH", "data_key", "seal", "unseal"]

#: Octets of a master key, and of the key that is made from it.
MASTER_LENGTH: Final = 32
#: Octets of a nonce.
NONCE_LENGTH: Final = 12

_INFO: Final = b"dlms-twisted keys at rest"


def data_key(master: bytes, salt: bytes) -> bytes:
    """
    @param master: 32 octets.
    @param salt: Of the file: so that files under one master key have different keys.

    @return: the key to seal with (HKDF, RFC 5869).

    @raise SecurityError: C{unknown-key}: the master key has another length.
    """
    if len(master) != MASTER_LENGTH:
        raise SecurityError(Reason.UNKNOWN_KEY, f"a master key has {MASTER_LENGTH} octets")
    return HKDF(SHA256(), MASTER_LENGTH, salt, _INFO).derive(master)


def seal(key: bytes, nonce: bytes, plaintext: bytes, context: bytes) -> bytes:
    """
    @param nonce: Twelve random octets, never used before with this key.
    @param context: What the text belongs to.
    """
    return nonce + cipher(key).encrypt(nonce, plaintext, context)


def unseal(key: bytes, sealed: bytes, context: bytes) -> bytes:
    """
    @raise SecurityError: C{bad-tag}: another key, another context, or changed since.
    """
    try:
        return cipher(key).decrypt(sealed[:NONCE_LENGTH], sealed[NONCE_LENGTH:], context)
    except (InvalidTag, ValueError):
        pass
    raise SecurityError(Reason.BAD_TAG, "sealed with another key, or changed since")
