"""
AES key wrap (RFC 3394): keys on their way to a meter (04, sections 1 and 12).
"""

from __future__ import annotations

from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from dlms_twisted.errors import LocalProtocolError, Reason, SecurityError

__all__ = ["unwrap_key", "wrap_key"]

#: Octets that wrapping adds.
_OVERHEAD = 8


def wrap_key(kek: bytes, key: bytes) -> bytes:
    """
    @param kek: Key encryption key, 16 or 32 octets.

    @param key: 16 or 32 octets.

    @return: 24 or 40 octets.

    @raise LocalProtocolError: one of them has another length.
    """
    if len(kek) not in (16, 32) or len(key) not in (16, 32):
        raise LocalProtocolError("a key and the key that wraps it have 16 or 32 octets")
    return aes_key_wrap(kek, key)


def unwrap_key(kek: bytes, wrapped: bytes) -> bytes:
    """
    @return: the key, 16 or 32 octets.

    @raise SecurityError: C{malformed}: another length; C{bad-tag}: it was wrapped with another key, or changed;
        C{unknown-key}: the key encryption key is no AES key.
    """
    if len(kek) not in (16, 32):
        raise SecurityError(Reason.UNKNOWN_KEY, "a master key of 16 or 32 octets wanted")
    if len(wrapped) not in (16 + _OVERHEAD, 32 + _OVERHEAD):
        raise SecurityError(Reason.MALFORMED, "a wrapped key of 24 or 40 octets wanted")
    try:
        return aes_key_unwrap(kek, wrapped)
    except InvalidUnwrap:
        raise SecurityError(Reason.BAD_TAG, "the wrapped key does not unwrap") from None
