"""
AES-GCM with tags of twelve octets (04, sections 1 and 4).

GCM enciphers in counter mode, which is its own inverse: "enciphering" the ciphertext gives the plaintext, and
enciphering that gives the tag, of which the first twelve octets are compared in constant time.  So one cached cipher of
the quick kind, which knows tags of sixteen octets only, does all.
"""

from __future__ import annotations

from functools import lru_cache
from hmac import compare_digest
from typing import Final

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from dlms_twisted.security.keys import key_epoch
from dlms_twisted.security.suites import SUITE_MASK, SUITES

__all__ = ["OCTET", "cipher", "gcm_open", "gcm_tag", "tools_of"]

#: Each octet as octets.
OCTET: Final = tuple(bytes((n,)) for n in range(256))


@lru_cache(maxsize=8192)
def cipher(key: bytes) -> AESGCM:
    """
    @param key: 16, 24 or 32 octets.

    @return: its cipher, of which the last used are kept (about 2.5 kB each).
    """
    return AESGCM(key)


def gcm_tag(key: bytes, nonce: bytes, plaintext: bytes, aad: bytes) -> bytes:
    """
    @return: the twelve octets of the tag (04, section 1).
    """
    return cipher(key).encrypt(nonce, plaintext, aad)[-16:-4]


def gcm_open(key: bytes, nonce: bytes, ciphertext: bytes, aad: bytes, mac: bytes) -> bytes | None:
    """
    Verify and decipher.

    @return: the plaintext, or C{None} where the tag is wrong.
    """
    aead = cipher(key)
    plaintext = aead.encrypt(nonce, ciphertext, None)[:-16]
    if compare_digest(aead.encrypt(nonce, plaintext, aad)[-16:-4], mac):
        return plaintext
    return None


@lru_cache(maxsize=8192)
def tools_of(
    encryption_key: bytes | None, authentication_key: bytes | None, control: int
) -> tuple[AESGCM, bytes, str] | None:
    """
    What the usual message is opened and protected with, of which the last used are kept (about 3 kB each).

    @param control: Security control octet.

    @return: the cipher, the additional data and the epoch; C{None} where a key is missing or does not suit the suite.
    """
    number = control & SUITE_MASK
    if encryption_key is None or authentication_key is None or number >= len(SUITES):
        return None
    if len(encryption_key) != SUITES[number].key_length:
        return None
    # Not from L{cipher}: a key is rarely used in both ways, and need not be kept twice.
    aead = AESGCM(encryption_key)
    return aead, OCTET[control] + authentication_key, key_epoch(encryption_key)
