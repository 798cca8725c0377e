"""
ECDSA signatures as COSEM writes them: r and s, 64 or 96 octets (04, section 1).
"""

from __future__ import annotations

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)

from dlms_twisted.security.curves import (
    curve_of_private,
    curve_of_public,
    private_key,
    public_key,
)

__all__ = ["sign", "verify"]


def sign(private: bytes, data: bytes) -> bytes:
    """
    Sign with the hash that belongs to the key's suite (SHA-256 with P-256, SHA-384 with P-384).

    The same data give the same signature (RFC 6979) where the installed OpenSSL can.

    @param private: 32 or 48 octets.

    @return: r and s, 64 or 96 octets.

    @raise SecurityError: C{unknown-key}: not a private key.
    """
    curve = curve_of_private(private)
    r, s = decode_dss_signature(private_key(private).sign(data, _algorithm(curve.hash)))
    return r.to_bytes(curve.length, "big") + s.to_bytes(curve.length, "big")


def verify(public: bytes, data: bytes, signature: bytes) -> bool:
    """
    @param public: x and y, 64 or 96 octets.

    @return: did the owner of this key sign these data?  A signature of another length is none.

    @raise SecurityError: C{malformed}: not a public key.
    """
    curve = curve_of_public(public)
    key = public_key(public)
    if len(signature) != 2 * curve.length:
        return False
    r = int.from_bytes(signature[: curve.length], "big")
    s = int.from_bytes(signature[curve.length :], "big")
    try:
        key.verify(encode_dss_signature(r, s), data, ec.ECDSA(curve.hash))
    except InvalidSignature:
        return False
    return True


def _algorithm(digest: hashes.HashAlgorithm) -> ec.ECDSA:
    try:
        return ec.ECDSA(digest, deterministic_signing=True)
    except (TypeError, UnsupportedAlgorithm):  # cryptography before 43, OpenSSL before 3.2
        return ec.ECDSA(digest)
