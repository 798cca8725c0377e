"""
Tests of L{dlms_twisted.security.curves}, C{signing}, C{kdf}, C{agreement} and C{wrap}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.errors import LocalProtocolError, Reason, SecurityError
from dlms_twisted.security.agreement import (
    one_pass_data,
    one_pass_public,
    party_u_static,
    static_unified,
)
from dlms_twisted.security.curves import (
    curve_of_suite,
    generate_private_key,
    public_of,
    shared_secret,
)
from dlms_twisted.security.kdf import Algorithm, algorithm_for, algorithm_id, derive_key
from dlms_twisted.security.signing import sign, verify
from dlms_twisted.security.variants import EphemeralSignature, ObjectIdentifier, TransactionInfo
from dlms_twisted.security.wrap import unwrap_key, wrap_key
from tests.security.samples import (
    CLIENT_SIGNING_PRIVATE,
    CLIENT_SIGNING_PUBLIC,
    CLIENT_TITLE,
    OTHER_KEYS,
    TITLE,
    Counted,
)


class _RefusalCase(SynchronousTestCase):
    """
    Asserts on the reason of a refusal.
    """

    def refused(self, reason: Reason, function: object, *arguments: object) -> None:
        """
        C{function} refuses for this reason.
        """
        error = self.assertRaises(SecurityError, function, *arguments)
        self.assertEqual(error.reason, reason)


class CurveTests(_RefusalCase):
    """
    Tests of keys on curves.
    """

    def test_published_pair(self) -> None:
        """
        The published private key has the published public key.
        """
        self.assertEqual(public_of(CLIENT_SIGNING_PRIVATE), CLIENT_SIGNING_PUBLIC)

    def test_generate(self) -> None:
        """
        Keys of both suites, of the right length, different each time, and never 0 or beyond the order.
        """
        random = Counted()
        for suite, length in ((1, 32), (2, 48)):
            keys = {generate_private_key(suite, random) for _ in range(20)}
            self.assertEqual(len(keys), 20)
            self.assertEqual({len(key) for key in keys}, {length})
            lowest = generate_private_key(suite, bytes)
            self.assertEqual(int.from_bytes(lowest, "big"), 1)
            public_of(generate_private_key(suite, lambda count: b"\xff" * count))
        for suite in (0, 3):
            self.refused(Reason.UNSUPPORTED, curve_of_suite, suite)

    def test_both_ways(self) -> None:
        """
        Both sides compute the same secret.
        """
        random = Counted()
        for suite in (1, 2):
            ours, theirs = (generate_private_key(suite, random) for _ in range(2))
            secret = shared_secret(ours, public_of(theirs))
            self.assertEqual(secret, shared_secret(theirs, public_of(ours)))

    def test_refused(self) -> None:
        """
        A point that is not on its curve, a key of another length, out of range or on another curve is refused.
        """
        private = CLIENT_SIGNING_PRIVATE
        off_curve = CLIENT_SIGNING_PUBLIC[:-1] + b"\x00"
        for public in (off_curve, bytes(64), b"\xff" * 64, b"", bytes(65)):
            self.refused(Reason.MALFORMED, shared_secret, private, public)
        other = public_of(generate_private_key(2, Counted()))
        self.refused(Reason.MALFORMED, shared_secret, private, other)
        for wrong in (bytes(32), b"\xff" * 32, b"", bytes(31)):
            self.refused(Reason.UNKNOWN_KEY, shared_secret, wrong, CLIENT_SIGNING_PUBLIC)


class SigningTests(_RefusalCase):
    """
    Tests of signatures.
    """

    def test_both_suites(self) -> None:
        """
        What was signed verifies; with one bit changed, of the data or of the signature, it does not.
        """
        random = Counted()
        for suite, length in ((1, 64), (2, 96)):
            private = generate_private_key(suite, random)
            public = public_of(private)
            signature = sign(private, b"data")
            self.assertEqual(len(signature), length)
            self.assertTrue(verify(public, b"data", signature))
            self.assertFalse(verify(public, b"dat", signature))
            for place in range(0, length, 5):
                forged = bytearray(signature)
                forged[place] ^= 0x10
                self.assertFalse(verify(public, b"data", bytes(forged)))

    def test_no_signature(self) -> None:
        """
        Another length, zeros, or numbers beyond the order are no signature.
        """
        for signature in (b"", bytes(64), b"\xff" * 64, bytes(63), bytes(96)):
            self.assertFalse(verify(CLIENT_SIGNING_PUBLIC, b"data", signature))

    def test_wrong_keys(self) -> None:
        """
        What is no key is refused.
        """
        self.refused(Reason.UNKNOWN_KEY, sign, b"short", b"data")
        self.refused(Reason.MALFORMED, verify, bytes(64), b"data", bytes(64))


class DerivationTests(_RefusalCase):
    """
    Tests of the key derivation.
    """

    def test_identifiers(self) -> None:
        """
        The algorithm's octet ends the object identifier, in both printings.
        """
        self.assertEqual(algorithm_id(Algorithm.AES_WRAP_128).hex(), "60857405080302")
        older = algorithm_id(Algorithm.AES_GCM_256, ObjectIdentifier.FIRST_PRINTING)
        self.assertEqual(older.hex(), "60857406080301")

    def test_algorithms(self) -> None:
        """
        The suite and the use decide.
        """
        self.assertEqual(
            [algorithm_for(suite, wrap=wrap) for suite in (1, 2) for wrap in (False, True)],
            [Algorithm(0), Algorithm(2), Algorithm(1), Algorithm(3)],
        )

    def test_lengths(self) -> None:
        """
        16 octets in suite 1 and 32 in suite 2; suite 0 derives nothing.
        """
        self.assertEqual(len(derive_key(b"z", b"u", b"v", suite=1)), 16)
        self.assertEqual(len(derive_key(b"z", b"u", b"v", suite=2)), 32)
        with self.assertRaises(SecurityError):
            derive_key(b"z", b"u", b"v", suite=0)

    def test_transaction(self) -> None:
        """
        The three ways in which a transaction-id enters.
        """
        transaction = bytes.fromhex("0100000000000003E8")
        for form, wanted in (
            (TransactionInfo.WITH_LENGTH, "090100000000000003e8"),
            (TransactionInfo.GBCS, "090400000000000003e8"),
            (TransactionInfo.BARE, "0100000000000003e8"),
        ):
            party = party_u_static(TITLE, transaction, form)
            self.assertEqual(party.hex(), TITLE.hex() + wanted)

    def test_static(self) -> None:
        """
        Both sides agree, and another transaction has another key.
        """
        ours, theirs = (generate_private_key(1, Counted(seed)) for seed in (1, 99))

        def agreed(private: bytes, peer: bytes, transaction_id: bytes) -> bytes:
            return static_unified(
                private,
                public_of(peer),
                originator=TITLE,
                recipient=CLIENT_TITLE,
                transaction_id=transaction_id,
            )

        first = agreed(ours, theirs, b"1")
        self.assertEqual(agreed(theirs, ours, b"1"), first)
        self.assertNotEqual(agreed(theirs, ours, b"2"), first)

    def test_one_pass_data(self) -> None:
        """
        The ephemeral key's signature is taken in each form, and refused when forged.
        """
        ephemeral = generate_private_key(1, Counted())
        for form in EphemeralSignature:
            data = one_pass_data(ephemeral, CLIENT_SIGNING_PRIVATE, form)
            self.assertEqual(len(data), 128)
            self.assertEqual(one_pass_public(data, CLIENT_SIGNING_PUBLIC), public_of(ephemeral))
            for place in (0, 70):
                forged = bytearray(data)
                forged[place] ^= 1
                self.assertIsNone(one_pass_public(bytes(forged), CLIENT_SIGNING_PUBLIC))
        self.refused(Reason.MALFORMED, one_pass_public, b"", CLIENT_SIGNING_PUBLIC)


class WrapTests(_RefusalCase):
    """
    Tests of key wrap.
    """

    def test_round(self) -> None:
        """
        Keys of both lengths under keys of both lengths.
        """
        for kek in (OTHER_KEYS[0], bytes(32)):
            for key in (OTHER_KEYS[1], bytes(range(32))):
                self.assertEqual(unwrap_key(kek, wrap_key(kek, key)), key)

    def test_refused(self) -> None:
        """
        A changed bit, another key or length is refused.
        """
        wrapped = wrap_key(OTHER_KEYS[0], OTHER_KEYS[1])
        for place in range(len(wrapped)):
            forged = bytearray(wrapped)
            forged[place] ^= 0x80
            self.refused(Reason.BAD_TAG, unwrap_key, OTHER_KEYS[0], bytes(forged))
        self.refused(Reason.BAD_TAG, unwrap_key, OTHER_KEYS[2], wrapped)
        for length in (0, 16, 23, 32, 48):
            self.refused(Reason.MALFORMED, unwrap_key, OTHER_KEYS[0], bytes(length))
        self.refused(Reason.UNKNOWN_KEY, unwrap_key, b"", wrapped)
        for kek, key in ((b"", OTHER_KEYS[0]), (OTHER_KEYS[0], b"short")):
            self.assertRaises(LocalProtocolError, wrap_key, kek, key)
