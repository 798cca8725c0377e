"""
Making certificates and requests for them (04, section 11).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from dlms_twisted.errors import DecodeError, LocalProtocolError, Reason, SecurityError
from dlms_twisted.security.certificates import (
    MALFORMED,
    Certificate,
    CertificateType,
    title_of_name,
)
from dlms_twisted.security.curves import (
    curve_of_private,
    private_key,
    public_key,
    public_octets,
)
from dlms_twisted.security.suites import TITLE_LENGTH

__all__ = [
    "NEVER",
    "SigningRequest",
    "issue",
    "issue_authority",
    "name_of_title",
    "read_signing_request",
    "signing_request",
]

#: How a certificate says that it does not expire.
NEVER: Final = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)


class SigningRequest(NamedTuple):
    """
    What a PKCS #10 request asks for.

    @ivar system_title: Of whom the certificate shall be.
    @ivar public_key: Its key: x and y.
    """

    system_title: bytes
    public_key: bytes


def name_of_title(title: bytes) -> x509.Name:
    """
    @return: the common name of 16 upper-case hex characters.

    @raise LocalProtocolError: a title has eight octets.
    """
    if len(title) != TITLE_LENGTH:
        raise LocalProtocolError("a system title of 8 octets wanted")
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, title.hex().upper())])


def signing_request(private: bytes, title: bytes) -> bytes:
    """
    @param private: The key that shall be certified, 32 or 48 octets.

    @return: DER of a PKCS #10 request.

    @raise SecurityError: C{unknown-key}: not a private key.
    """
    builder = x509.CertificateSigningRequestBuilder().subject_name(name_of_title(title))
    request = builder.sign(private_key(private), curve_of_private(private).hash)
    return request.public_bytes(Encoding.DER)


def read_signing_request(der: bytes) -> SigningRequest:
    """
    Read a request, and check that it was signed with the key that it shows.

    @raise DecodeError: it is no request, or names no system title.

    @raise SecurityError: C{bad-signature}; C{unsupported}: another kind of key.
    """
    try:
        request = x509.load_der_x509_csr(der)
        key = request.public_key()
        title = title_of_name(request.subject)
    except MALFORMED:
        raise DecodeError("a PKCS #10 request wanted", 0) from None
    if not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.key_size not in (256, 384):
        raise SecurityError(Reason.UNSUPPORTED, "a key on P-256 or P-384 wanted")
    if not request.is_signature_valid:
        raise SecurityError(Reason.BAD_SIGNATURE, "the request was not signed with its own key")
    if title is None:
        raise DecodeError("a system title as common name wanted", 0)
    return SigningRequest(title, public_octets(key))


def issue_authority(
    private: bytes, name: str, *, serial_number: int, not_before: datetime, not_after: datetime
) -> bytes:
    """
    Make a certification authority that signs itself: for test benches and small fleets.

    @return: DER.
    """
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    own = private_key(private).public_key()
    builder = _builder(subject, subject, own, serial_number, not_before, not_after)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    builder = builder.add_extension(_usage(authority=True), critical=True)
    identifier = x509.SubjectKeyIdentifier.from_public_key(own)
    builder = builder.add_extension(identifier, critical=False)
    return _signed(builder, private)


def issue(
    public: bytes,
    title: bytes,
    kind: CertificateType,
    *,
    issuer: Certificate,
    issuer_private: bytes,
    serial_number: int,
    not_before: datetime,
    not_after: datetime = NEVER,
) -> bytes:
    """
    Certify the key of a meter or a client.

    @param public: x and y.

    @param title: Whose key it is.

    @param issuer: The authority's own certificate.

    @return: DER.

    @raise SecurityError: C{malformed}: not a public key.
    """
    authority = x509.load_der_x509_certificate(issuer.der)
    builder = _builder(
        name_of_title(title),
        authority.subject,
        public_key(public),
        serial_number,
        not_before,
        not_after,
    )
    builder = builder.add_extension(_usage(kind), critical=True)
    if kind is CertificateType.TLS:
        both = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
        builder = builder.add_extension(x509.ExtendedKeyUsage(both), critical=False)
    authority_key = private_key(issuer_private).public_key()
    builder = builder.add_extension(
        x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key), critical=False
    )
    return _signed(builder, issuer_private)


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey,
    serial_number: int,
    not_before: datetime,
    not_after: datetime,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(serial_number)
        .not_valid_before(not_before)
        .not_valid_after(not_after)
    )


def _signed(builder: x509.CertificateBuilder, private: bytes) -> bytes:
    signed = builder.sign(private_key(private), curve_of_private(private).hash)
    return signed.public_bytes(Encoding.DER)


def _usage(
    kind: CertificateType = CertificateType.OTHER, *, authority: bool = False
) -> x509.KeyUsage:
    signs = kind in (CertificateType.DIGITAL_SIGNATURE, CertificateType.TLS)
    agrees = kind in (CertificateType.KEY_AGREEMENT, CertificateType.TLS)
    return x509.KeyUsage(
        digital_signature=signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=agrees,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )
