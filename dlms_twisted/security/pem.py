"""
Keys of the curves as people keep them in files: PEM.
"""

from __future__ import annotations

from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from dlms_twisted.errors import Reason, SecurityError
from dlms_twisted.security.curves import private_key, public_octets

__all__ = ["private_of_pem", "private_pem", "public_of_pem", "request_pem"]

#: Octets of a private key by the bits of its curve.
_LENGTHS: Final = {256: 32, 384: 48}


def private_pem(private: bytes) -> bytes:
    """
    @param private: 32 or 48 octets.

    @return: PKCS #8, not encrypted.

    @raise SecurityError: C{unknown-key}: not a private key.
    """
    return private_key(private).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def private_of_pem(pem: bytes) -> bytes:
    """
    @param pem: PKCS #8 or SEC 1, not encrypted.

    @return: 32 or 48 octets.

    @raise SecurityError: C{unsupported}: not such a key on P-256 or P-384.
    """
    try:
        key = load_pem_private_key(pem, None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.curve.key_size not in _LENGTHS:
        raise SecurityError(Reason.UNSUPPORTED, "an open private key on P-256 or P-384 wanted")
    return key.private_numbers().private_value.to_bytes(_LENGTHS[key.curve.key_size], "big")


def public_of_pem(pem: bytes) -> bytes:
    """
    @param pem: A public key or a certificate.

    @return: x and y, 64 or 96 octets.

    @raise SecurityError: C{unsupported}: not such a key on P-256 or P-384.
    """
    try:
        key: object = (
            x509.load_pem_x509_certificate(pem).public_key()
            if b"BEGIN CERTIFICATE" in pem
            else load_pem_public_key(pem)
        )
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.key_size not in _LENGTHS:
        raise SecurityError(Reason.UNSUPPORTED, "a public key on P-256 or P-384 wanted")
    return public_octets(key)


def request_pem(der: bytes) -> bytes:
    """
    @param der: Of a PKCS #10 request.

    @return: the same in PEM.
    """
    return x509.load_der_x509_csr(der).public_bytes(Encoding.PEM)
