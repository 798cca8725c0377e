"""
Key agreement: who puts what into the key derivation, in the three schemes (04, section 7).
"""

from __future__ import annotations

from enum import IntEnum

from dlms_twisted.codec.writer import encode_length
from dlms_twisted.security.curves import curve_of_public, public_of, shared_secret
from dlms_twisted.security.kdf import Algorithm, algorithm_for, derive_key
from dlms_twisted.security.signing import sign, verify
from dlms_twisted.security.variants import (
    EphemeralSignature,
    ObjectIdentifier,
    TransactionInfo,
)

__all__ = [
    "Scheme",
    "ephemeral_unified",
    "one_pass",
    "one_pass_data",
    "one_pass_public",
    "party_u_static",
    "static_unified",
]


class Scheme(IntEnum):
    """
    The key-parameters octet of an agreed key in general-ciphering.
    """

    #: C(1e, 1s): an ephemeral key of the originator and the static key of the recipient.
    ONE_PASS = 1
    #: C(0e, 2s): the static keys of both.
    STATIC_UNIFIED = 2


def ephemeral_unified(
    private: bytes,
    public: bytes,
    *,
    client: bytes,
    server: bytes,
    wrap: bool = False,
    identifier: ObjectIdentifier = ObjectIdentifier.DLMS,
) -> bytes:
    """
    Agree on a key by C(2e, 0s), the method key_agreement of Security setup.

    @param private: Our ephemeral key.

    @param public: The other side's ephemeral key.

    @param client: The client's system title.

    @param server: The server's.

    @param wrap: Is it a key encryption key (key_id 3)?

    @return: the key of the length that the curve's suite wants.

    @raise SecurityError: C{malformed} or C{unknown-key}: one is no key, or they are on different curves.
    """
    suite = curve_of_public(public).suite
    return derive_key(
        shared_secret(private, public),
        client,
        server,
        suite=suite,
        algorithm=algorithm_for(suite, wrap=wrap),
        identifier=identifier,
    )


def one_pass(
    private: bytes,
    public: bytes,
    *,
    originator: bytes,
    recipient: bytes,
    algorithm: Algorithm | None = None,
    identifier: ObjectIdentifier = ObjectIdentifier.DLMS,
) -> bytes:
    """
    Agree on a key by C(1e, 1s).

    @param private: The originator's ephemeral key, or the recipient's static one.

    @param public: The other.

    @raise SecurityError: as L{ephemeral_unified}.
    """
    suite = curve_of_public(public).suite
    secret = shared_secret(private, public)
    return derive_key(
        secret, originator, recipient, suite=suite, algorithm=algorithm, identifier=identifier
    )


def static_unified(
    private: bytes,
    public: bytes,
    *,
    originator: bytes,
    recipient: bytes,
    transaction_id: bytes,
    transaction: TransactionInfo = TransactionInfo.WITH_LENGTH,
    identifier: ObjectIdentifier = ObjectIdentifier.DLMS,
) -> bytes:
    """
    Agree on a key by C(0e, 2s); the transaction-id makes each one different.

    @raise SecurityError: as L{ephemeral_unified}.
    """
    return derive_key(
        shared_secret(private, public),
        party_u_static(originator, transaction_id, transaction),
        recipient,
        suite=curve_of_public(public).suite,
        identifier=identifier,
    )


def party_u_static(
    originator: bytes,
    transaction_id: bytes,
    transaction: TransactionInfo = TransactionInfo.WITH_LENGTH,
) -> bytes:
    """
    @return: PartyUInfo of the static unified model.
    """
    if transaction is TransactionInfo.BARE:
        return originator + transaction_id
    if transaction is TransactionInfo.GBCS:
        transaction_id = b"\x04" + transaction_id[1:]
    return originator + encode_length(len(transaction_id)) + transaction_id


def one_pass_data(
    ephemeral_private: bytes,
    signing_private: bytes,
    covered: EphemeralSignature = EphemeralSignature.KEY,
) -> bytes:
    """
    @return: key-ciphered-data of C(1e, 1s): the ephemeral public key and its signature, 128 or 192 octets.

    @raise SecurityError: C{unknown-key}: one is no private key.
    """
    public = public_of(ephemeral_private)
    front = b"" if covered is EphemeralSignature.KEY else b"\x01"
    return public + sign(signing_private, front + public)


def one_pass_public(data: bytes, signing_public: bytes) -> bytes | None:
    """
    @param data: key-ciphered-data of C(1e, 1s).

    @param signing_public: The originator's.

    @return: the ephemeral public key, if the originator signed it in any of the ways there are, else C{None}.

    @raise SecurityError: C{malformed}: one is no public key.
    """
    length = len(data) // 2
    public, signature = data[:length], data[length:]
    curve_of_public(public)
    # An octet in front: the scheme's number, or the key's.
    for front in (b"", b"\x01", b"\x00"):
        if verify(signing_public, front + public, signature):
            return public
    return None
