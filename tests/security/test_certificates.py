"""
Tests of L{dlms_twisted.security.certificates} and L{dlms_twisted.security.issuing}.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.errors import DecodeError, LocalProtocolError, Reason, SecurityError
from dlms_twisted.security.certificates import (
    Certificate,
    CertificateType,
    check_chain,
    read_certificate,
)
from dlms_twisted.security.curves import generate_private_key, public_of
from dlms_twisted.security.issuing import (
    NEVER,
    issue,
    issue_authority,
    read_signing_request,
    signing_request,
)
from tests.security.samples import TITLE, Counted

_NOW = datetime(2026, 6, 1, tzinfo=UTC)
_YEAR = timedelta(days=365)


class CertificateCase(SynchronousTestCase):
    """
    Has an authority and a certificate of a meter.
    """

    suite = 1

    def setUp(self) -> None:
        self.random = Counted(self.suite)
        self.authority_private = generate_private_key(self.suite, self.random)
        self.authority = self.make_authority(self.authority_private)
        self.private = generate_private_key(self.suite, self.random)
        self.certificate = self.make()

    def make_authority(self, private: bytes, name: str = "Root") -> Certificate:
        """
        @return: an authority's own certificate.
        """
        return read_certificate(
            issue_authority(
                private, name, serial_number=1, not_before=_NOW - _YEAR, not_after=_NOW + _YEAR
            )
        )

    def make(
        self,
        kind: CertificateType = CertificateType.DIGITAL_SIGNATURE,
        not_after: datetime = NEVER,
    ) -> Certificate:
        """
        @return: the meter's certificate.
        """
        return read_certificate(
            issue(
                public_of(self.private),
                TITLE,
                kind,
                issuer=self.authority,
                issuer_private=self.authority_private,
                serial_number=0xABCDEF,
                not_before=_NOW,
                not_after=not_after,
            )
        )


class ReadTests(CertificateCase):
    """
    Tests of reading.
    """

    def test_fields(self) -> None:
        """
        What was certified is read back.
        """
        one = self.certificate
        self.assertEqual(one.system_title, TITLE)
        self.assertEqual(one.public_key, public_of(self.private))
        self.assertEqual(one.serial_number, bytes.fromhex("ABCDEF"))
        self.assertEqual(one.issuer, self.authority.subject)
        self.assertEqual((one.not_before, one.not_after), (_NOW, NEVER))
        self.assertFalse(one.is_authority)
        self.assertTrue(self.authority.is_authority)
        self.assertIsNone(self.authority.system_title)

    def test_types(self) -> None:
        """
        What a key is for follows from keyUsage.
        """
        for kind in CertificateType:
            self.assertEqual(self.make(kind).type, kind)

    def test_damaged(self) -> None:
        """
        No octets give anything but a certificate, a L{DecodeError} or a refusal.
        """
        der = self.certificate.der
        for end in range(0, len(der), 7):
            self.assertRaises(DecodeError, read_certificate, der[:end])
        survived = 0
        for place in range(0, len(der), 3):
            damaged = der[:place] + bytes((der[place] ^ 0x55,)) + der[place + 1 :]
            try:
                read_certificate(damaged)
            except (DecodeError, SecurityError):
                continue
            survived += 1
        self.assertLess(survived, len(der) // 3)

    def test_other_keys(self) -> None:
        """
        Certificates and requests on other curves, or of RSA, are refused by name.
        """
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, TITLE.hex().upper())])
        for key in (ec.derive_private_key(5, ec.SECP521R1()), ed25519.Ed25519PrivateKey.generate()):
            digest = hashes.SHA256() if isinstance(key, ec.EllipticCurvePrivateKey) else None
            certificate = (
                x509.CertificateBuilder()
                .subject_name(name)
                .issuer_name(name)
                .public_key(key.public_key())
                .serial_number(1)
                .not_valid_before(_NOW)
                .not_valid_after(_NOW)
                .sign(key, digest)
            )
            request = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, digest)
            for read, made in ((read_certificate, certificate), (read_signing_request, request)):
                error = self.assertRaises(SecurityError, read, made.public_bytes(Encoding.DER))
                self.assertEqual(error.reason, Reason.UNSUPPORTED)

    def test_names(self) -> None:
        """
        An alternative name is kept as it is; a request that names no system title is refused.
        """
        names = x509.SubjectAlternativeName([x509.DNSName("meter.example")])
        key = ec.derive_private_key(5, ec.SECP256R1())
        for common_name in ("house 7", "X" * 16):
            name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
            certificate = (
                x509.CertificateBuilder()
                .subject_name(name)
                .issuer_name(name)
                .public_key(key.public_key())
                .serial_number(1)
                .not_valid_before(_NOW)
                .not_valid_after(_NOW)
                .add_extension(names, critical=False)
                .sign(key, hashes.SHA256())
            )
            found = read_certificate(certificate.public_bytes(Encoding.DER))
            self.assertEqual(found.subject_alternative_name, names.public_bytes())
            self.assertIsNone(found.system_title)
            self.assertEqual(found.type, CertificateType.OTHER)
            request = x509.CertificateSigningRequestBuilder().subject_name(name)
            der = request.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)
            self.assertRaises(DecodeError, read_signing_request, der)

    def test_request(self) -> None:
        """
        A request names the title and the key, and is signed with it.
        """
        der = signing_request(self.private, TITLE)
        request = read_signing_request(der)
        self.assertEqual(request, (TITLE, public_of(self.private)))
        self.assertRaises(DecodeError, read_signing_request, der[:-1])
        forged = der[:-1] + bytes((der[-1] ^ 1,))
        error = self.assertRaises(SecurityError, read_signing_request, forged)
        self.assertEqual(error.reason, Reason.BAD_SIGNATURE)

    def test_title(self) -> None:
        """
        A title has eight octets.
        """
        self.assertRaises(LocalProtocolError, signing_request, self.private, TITLE[:7])


class ChainTests(CertificateCase):
    """
    Tests of trust.
    """

    def refused(
        self,
        reason: Reason,
        certificate: Certificate,
        anchors: list[Certificate],
        now: datetime = _NOW,
    ) -> None:
        """
        Asserts why a chain is not trusted.
        """
        error = self.assertRaises(SecurityError, check_chain, certificate, [], anchors, now)
        self.assertEqual(error.reason, reason)

    def test_trusted(self) -> None:
        """
        A certificate whose issuer is trusted leads there; a trusted one is a chain by itself.
        """
        chain = check_chain(self.certificate, [], [self.authority], _NOW)
        self.assertEqual(chain, (self.certificate, self.authority))
        self.assertEqual(check_chain(self.authority, [], [self.authority], _NOW), chain[1:])

    def test_unknown_issuer(self) -> None:
        """
        Without the issuer there is no trust, nor with an authority that is not trusted.
        """
        self.refused(Reason.UNKNOWN_KEY, self.certificate, [])
        error = self.assertRaises(
            SecurityError, check_chain, self.certificate, [self.authority], [], _NOW
        )
        self.assertEqual(error.reason, Reason.UNKNOWN_KEY)

    def test_forged_issuer(self) -> None:
        """
        Another authority of the same name signs nothing for this one.
        """
        other = self.make_authority(generate_private_key(self.suite, self.random))
        self.refused(Reason.BAD_SIGNATURE, self.certificate, [other])
        check_chain(self.certificate, [], [other, self.authority], _NOW)

    def test_meter_is_no_authority(self) -> None:
        """
        A certificate that was issued by a meter is not trusted, though the meter is.
        """
        der = issue(
            public_of(self.private),
            b"ATTACKER",
            CertificateType.DIGITAL_SIGNATURE,
            issuer=self.certificate,
            issuer_private=self.private,
            serial_number=5,
            not_before=_NOW,
        )
        self.refused(Reason.UNKNOWN_KEY, read_certificate(der), [self.certificate, self.authority])

    def test_validity(self) -> None:
        """
        Each certificate of the chain must be valid at the time.
        """
        anchors = [self.authority]
        short = self.make(not_after=_NOW + timedelta(days=1))
        check_chain(short, [], anchors, _NOW + timedelta(hours=23))
        self.refused(Reason.UNKNOWN_KEY, short, anchors, _NOW + timedelta(days=2))
        self.refused(Reason.UNKNOWN_KEY, short, anchors, _NOW - timedelta(days=1))
        self.refused(Reason.UNKNOWN_KEY, self.certificate, anchors, _NOW + 2 * _YEAR)


class P384Tests(ReadTests):
    """
    The same on P-384.
    """

    suite = 2
