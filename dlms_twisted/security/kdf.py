"""
The key derivation of the agreed keys: NIST SP 800-56A, concatenation form, one pass (04, section 7).
"""

from __future__ import annotations

import hashlib
from enum import IntEnum
from typing import Final

from dlms_twisted.errors import Reason, SecurityError
from dlms_twisted.security.suites import suite as suite_of
from dlms_twisted.security.variants import ObjectIdentifier

__all__ = ["Algorithm", "algorithm_for", "algorithm_id", "derive_key"]

_ONE: Final = bytes((0, 0, 0, 1))


class Algorithm(IntEnum):
    """
    What the derived key is for: the last octet of the AlgorithmID.
    """

    AES_GCM_128 = 0
    AES_GCM_256 = 1
    AES_WRAP_128 = 2
    AES_WRAP_256 = 3


def algorithm_for(suite: int, *, wrap: bool = False) -> Algorithm:
    """
    @param wrap: Is the key to wrap others with?

    @raise SecurityError: C{unsupported}: there is no such suite.
    """
    large = suite_of(suite).key_length == 32
    if wrap:
        return Algorithm.AES_WRAP_256 if large else Algorithm.AES_WRAP_128
    return Algorithm.AES_GCM_256 if large else Algorithm.AES_GCM_128


def algorithm_id(
    algorithm: Algorithm, identifier: ObjectIdentifier = ObjectIdentifier.DLMS
) -> bytes:
    """
    @return: the seven octets of the object identifier's value.
    """
    return bytes.fromhex(identifier) + bytes((algorithm,))


def derive_key(
    secret: bytes,
    party_u: bytes,
    party_v: bytes,
    *,
    suite: int,
    algorithm: Algorithm | None = None,
    identifier: ObjectIdentifier = ObjectIdentifier.DLMS,
) -> bytes:
    """
    @param secret: Z, 32 or 48 octets.

    @param party_u: PartyUInfo: who began, see L{dlms_twisted.security.agreement}.

    @param party_v: PartyVInfo.

    @param suite: 1 or 2: decides the hash and the key's length.

    @param algorithm: By default AES-GCM of the suite.

    @return: 16 octets in suite 1, 32 in suite 2.

    @raise SecurityError: C{unsupported}: the suite has no hash.
    """
    chosen = suite_of(suite)
    if not chosen.hash_name:
        raise SecurityError(Reason.UNSUPPORTED, f"security suite {suite} derives no keys")
    which = algorithm_for(suite) if algorithm is None else algorithm
    parts = (_ONE, secret, algorithm_id(which, identifier), party_u, party_v)
    return hashlib.new(chosen.hash_name, b"".join(parts)).digest()[: chosen.key_length]
