"""
Tests of L{dlms_twisted.security.atrest}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.errors import Reason, SecurityError
from dlms_twisted.security.atrest import data_key, seal, unseal

MASTER = bytes(range(32))
NONCE = b"\x07" * 12


class SealTests(SynchronousTestCase):
    """
    Tests of sealing.
    """

    def test_both_ways(self) -> None:
        """
        What was sealed can be opened, with the same key and for the same thing.
        """
        key = data_key(MASTER, b"salt")
        sealed = seal(key, NONCE, b"secret", b"meter 1")
        self.assertEqual(len(sealed), 12 + 6 + 16)
        self.assertNotIn(b"secret", sealed)
        self.assertEqual(unseal(key, sealed, b"meter 1"), b"secret")

    def test_refused(self) -> None:
        """
        Another key, another thing, a changed octet anywhere and every cut are refused.
        """
        key = data_key(MASTER, b"salt")
        sealed = seal(key, NONCE, b"secret", b"meter 1")
        attempts = [
            (data_key(MASTER, b"pepper"), sealed, b"meter 1"),
            (data_key(MASTER[::-1], b"salt"), sealed, b"meter 1"),
            (key, sealed, b"meter 2"),
            *((key, sealed[:end], b"meter 1") for end in range(len(sealed))),
        ]
        for at in range(len(sealed)):
            changed = bytearray(sealed)
            changed[at] ^= 1
            attempts.append((key, bytes(changed), b"meter 1"))
        for attempt in attempts:
            with self.assertRaises(SecurityError) as caught:
                unseal(*attempt)
            self.assertIs(caught.exception.reason, Reason.BAD_TAG)

    def test_master_key(self) -> None:
        """
        A master key has 32 octets.
        """
        self.assertRaises(SecurityError, data_key, MASTER[:16], b"salt")

    def test_derivation(self) -> None:
        """
        The key of a file is HKDF with SHA-256 (RFC 5869), worked out here by its definition.
        """
        import hmac

        extracted = hmac.digest(b"salt", MASTER, "sha256")
        expanded = hmac.digest(extracted, b"dlms-twisted keys at rest\x01", "sha256")
        self.assertEqual(data_key(MASTER, b"salt"), expanded)
