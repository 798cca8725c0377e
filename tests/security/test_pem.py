"""
Tests of L{dlms_twisted.security.pem}.
"""

from __future__ import annotations

import base64
from datetime import UTC, datetime

from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.errors import Reason, SecurityError
from dlms_twisted.security.curves import generate_private_key, public_of
from dlms_twisted.security.issuing import issue_authority, signing_request
from dlms_twisted.security.pem import private_of_pem, private_pem, public_of_pem, request_pem

TITLE = bytes.fromhex("4D4D4D0000BC614E")


def _private(suite: int) -> bytes:
    return generate_private_key(suite, lambda count: bytes(range(1, count + 1)))


class PEMTests(SynchronousTestCase):
    """
    Tests of the forms in which keys stand in files.
    """

    def test_private(self) -> None:
        """
        A private key comes back from its PEM, on both curves.
        """
        for suite in (1, 2):
            private = _private(suite)
            self.assertEqual(private_of_pem(private_pem(private)), private)

    def test_request(self) -> None:
        """
        A request is text that begins as one.
        """
        pem = request_pem(signing_request(_private(1), TITLE))
        self.assertTrue(pem.startswith(b"-----BEGIN CERTIFICATE REQUEST-----\n"))

    def test_public(self) -> None:
        """
        A public key is read from PEM.
        """
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        from dlms_twisted.security.curves import public_key

        for suite in (1, 2):
            public = public_of(_private(suite))
            pem = public_key(public).public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
            self.assertEqual(public_of_pem(pem), public)

    def test_certificate(self) -> None:
        """
        A public key is read from a certificate.
        """
        private = _private(2)
        der = issue_authority(
            private,
            "Bench",
            serial_number=1,
            not_before=datetime(2026, 1, 1, tzinfo=UTC),
            not_after=datetime(2027, 1, 1, tzinfo=UTC),
        )
        text = base64.encodebytes(der)
        pem = b"-----BEGIN CERTIFICATE-----\n" + text + b"-----END CERTIFICATE-----\n"
        self.assertEqual(public_of_pem(pem), public_of(private))

    def test_others(self) -> None:
        """
        What is no such key is refused, and nothing of it is repeated.
        """
        pem = private_pem(_private(1))
        for read, text in (
            (private_of_pem, b""),
            (private_of_pem, pem.replace(b"M", b"N")),
            (public_of_pem, pem),
            (public_of_pem, b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
        ):
            with self.assertRaises(SecurityError) as caught:
                read(text)
            self.assertIs(caught.exception.reason, Reason.UNSUPPORTED)
            self.assertIn("P-256 or P-384 wanted", str(caught.exception))
