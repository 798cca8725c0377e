"""
Keys on P-256 and P-384 as COSEM writes them: a private key as its number, a public key as x and y (04, section 1).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Final, NamedTuple

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from dlms_twisted.errors import Reason, SecurityError

__all__ = [
    "Curve",
    "curve_of_private",
    "curve_of_public",
    "curve_of_suite",
    "generate_private_key",
    "private_key",
    "public_key",
    "public_octets",
    "public_of",
    "shared_secret",
]


class Curve(NamedTuple):
    """
    @ivar suite: The security suite that uses it.
    @ivar length: Octets of a coordinate, and of a private key.
    @ivar order: Of the group.
    @ivar curve: For C{cryptography}.
    @ivar hash: That suite's hash.
    """

    suite: int
    length: int
    order: int
    curve: ec.EllipticCurve
    hash: hashes.SHA256 | hashes.SHA384


P256: Final = Curve(
    1,
    32,
    0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
    ec.SECP256R1(),
    hashes.SHA256(),
)
P384: Final = Curve(
    2,
    48,
    0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973,
    ec.SECP384R1(),
    hashes.SHA384(),
)
_CURVES: Final = (P256, P384)


def curve_of_suite(suite: int) -> Curve:
    """
    @raise SecurityError: C{unsupported}: the suite has no curve.
    """
    for curve in _CURVES:
        if curve.suite == suite:
            return curve
    raise SecurityError(Reason.UNSUPPORTED, f"security suite {suite} has no curve")


def curve_of_public(public: bytes) -> Curve:
    """
    @param public: x and y, 64 or 96 octets.

    @raise SecurityError: C{malformed}: another length.
    """
    for curve in _CURVES:
        if len(public) == 2 * curve.length:
            return curve
    raise SecurityError(Reason.MALFORMED, "a public key of 64 or 96 octets wanted")


def curve_of_private(private: bytes) -> Curve:
    """
    @param private: 32 or 48 octets.

    @raise SecurityError: C{unknown-key}: another length.
    """
    for curve in _CURVES:
        if len(private) == curve.length:
            return curve
    raise SecurityError(Reason.UNKNOWN_KEY, "a private key of 32 or 48 octets wanted")


@lru_cache(maxsize=512)
def public_key(public: bytes) -> ec.EllipticCurvePublicKey:
    """
    @param public: x and y, 64 or 96 octets.

    @raise SecurityError: C{malformed}: another length, or no point of the curve.
    """
    curve = curve_of_public(public)
    try:
        return ec.EllipticCurvePublicKey.from_encoded_point(curve.curve, b"\x04" + public)
    except ValueError:
        raise SecurityError(
            Reason.MALFORMED, "a public key that is no point of its curve"
        ) from None


@lru_cache(maxsize=64)
def private_key(private: bytes) -> ec.EllipticCurvePrivateKey:
    """
    @param private: 32 or 48 octets.

    @raise SecurityError: C{unknown-key}: another length, or not between 1 and the group's order.
    """
    curve = curve_of_private(private)
    number = int.from_bytes(private, "big")
    if not 0 < number < curve.order:
        raise SecurityError(Reason.UNKNOWN_KEY, "a private key that is out of its curve's range")
    return ec.derive_private_key(number, curve.curve)


def public_octets(key: ec.EllipticCurvePublicKey) -> bytes:
    """
    @return: x and y.
    """
    numbers = key.public_numbers()
    length = (key.curve.key_size + 7) // 8
    return numbers.x.to_bytes(length, "big") + numbers.y.to_bytes(length, "big")


def public_of(private: bytes) -> bytes:
    """
    @return: the public key that belongs to a private one.

    @raise SecurityError: as L{private_key}.
    """
    return public_octets(private_key(private).public_key())


def generate_private_key(suite: int, random: Callable[[int], bytes]) -> bytes:
    """
    Make a private key, without bias (FIPS 186-5, A.2.1: eight octets more than the order has).

    @param suite: 1 or 2.

    @param random: Gives so many random octets: C{secrets.token_bytes}.

    @raise SecurityError: C{unsupported}: the suite has no curve.
    """
    curve = curve_of_suite(suite)
    number = int.from_bytes(random(curve.length + 8), "big") % (curve.order - 1) + 1
    return number.to_bytes(curve.length, "big")


def shared_secret(private: bytes, public: bytes) -> bytes:
    """
    @return: Z, the x coordinate of the product, 32 or 48 octets (04, section 7).

    @raise SecurityError: C{malformed} or C{unknown-key}: one is no key, or they are on different curves.
    """
    ours, theirs = private_key(private), public_key(public)
    if curve_of_private(private) is not curve_of_public(public):
        raise SecurityError(Reason.MALFORMED, "keys on different curves")
    return ours.exchange(ec.ECDH(), theirs)
