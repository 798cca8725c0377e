"""
Certificates of system titles: reading and judging them (04, section 11).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import IntEnum
from typing import Final

from attrs import field, frozen
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from dlms_twisted.errors import DecodeError, Reason, SecurityError
from dlms_twisted.security.curves import public_octets
from dlms_twisted.security.suites import TITLE_LENGTH

__all__ = [
    "MALFORMED",
    "Certificate",
    "CertificateType",
    "Entity",
    "check_chain",
    "read_certificate",
    "title_of_name",
]


#: What C{cryptography} raises for octets that are no certificate, or one of a kind it does not know.
MALFORMED: Final = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)

_CURVE_NAMES: Final = ("secp256r1", "secp384r1")


class Entity(IntEnum):
    """
    Whose certificate (Security setup, class 64).
    """

    SERVER = 0
    CLIENT = 1
    CERTIFICATION_AUTHORITY = 2
    OTHER = 3


class CertificateType(IntEnum):
    """
    What the key of a certificate is for (Security setup, class 64).
    """

    DIGITAL_SIGNATURE = 0
    KEY_AGREEMENT = 1
    TLS = 2
    OTHER = 3


@frozen(kw_only=True)
class Certificate:
    """
    One X.509 certificate.

    @ivar der: All of it.
    @ivar system_title: From the common name, or C{None} where that is none (an authority).
    @ivar type: What its key is for.
    @ivar is_authority: May it issue others?
    @ivar public_key: x and y, 64 or 96 octets.
    @ivar serial_number: As big-endian octets without leading zeros.
    @ivar issuer: DER of the issuer's name.
    @ivar subject: DER of the subject's name.
    @ivar subject_alternative_name: DER of the extension's value; empty without.
    @ivar not_before: When it begins to be valid.
    @ivar not_after: When it ends to be; the year 9999 stands for "never".
    """

    der: bytes = field(repr=False)
    system_title: bytes | None
    type: CertificateType
    is_authority: bool
    public_key: bytes
    serial_number: bytes
    issuer: bytes
    subject: bytes
    subject_alternative_name: bytes
    not_before: datetime
    not_after: datetime


def read_certificate(der: bytes) -> Certificate:
    """
    @param der: An X.509 certificate.

    @raise DecodeError: it is none.

    @raise SecurityError: C{unsupported}: its key is on neither P-256 nor P-384.
    """
    try:
        parsed = x509.load_der_x509_certificate(der)
        key = parsed.public_key()
        issuer, subject = parsed.issuer.public_bytes(), parsed.subject.public_bytes()
        extensions = parsed.extensions
    except MALFORMED:
        raise DecodeError("an X.509 certificate wanted", 0) from None
    if not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.name not in _CURVE_NAMES:
        raise SecurityError(Reason.UNSUPPORTED, "a certificate on P-256 or P-384 wanted")
    return Certificate(
        der=der,
        system_title=title_of_name(parsed.subject),
        type=_type_of(extensions),
        is_authority=_is_authority(extensions),
        public_key=public_octets(key),
        serial_number=_number(parsed.serial_number),
        issuer=issuer,
        subject=subject,
        subject_alternative_name=_alternative_name(extensions),
        not_before=parsed.not_valid_before_utc,
        not_after=parsed.not_valid_after_utc,
    )


def title_of_name(name: x509.Name) -> bytes | None:
    """
    @return: the system title that a common name of 16 hex characters says.
    """
    names = name.get_attributes_for_oid(NameOID.COMMON_NAME)
    if len(names) != 1 or len(names[0].value) != 2 * TITLE_LENGTH:
        return None
    try:
        return bytes.fromhex(str(names[0].value))
    except ValueError:
        return None


def check_chain(
    certificate: Certificate,
    others: Sequence[Certificate],
    anchors: Sequence[Certificate],
    now: datetime,
) -> tuple[Certificate, ...]:
    """
    Does a certificate lead to one that is trusted, each signed by the next, all of them valid now?

    @param others: Those that may stand in between, in any order.

    @param anchors: Those that are trusted.

    @param now: With a time zone.

    @return: the chain, C{certificate} first and an anchor last.

    @raise SecurityError: C{unknown-key}: there is no such chain, or one is not valid now; C{bad-signature}: one was
        not signed by its issuer.
    """
    chain = [certificate]
    while True:
        _check_time(chain[-1], now)
        if chain[-1] in anchors:
            return tuple(chain)
        if len(chain) > len(others) + 1:
            raise SecurityError(Reason.UNKNOWN_KEY, "the certificates' issuers go round in a ring")
        chain.append(_issuer_of(chain[-1], (*anchors, *others)))


def _issuer_of(certificate: Certificate, candidates: Sequence[Certificate]) -> Certificate:
    named = [one for one in candidates if one.subject == certificate.issuer and one.is_authority]
    if not named:
        raise SecurityError(Reason.UNKNOWN_KEY, "a certificate's issuer is not known")
    issued = x509.load_der_x509_certificate(certificate.der)
    for one in named:
        try:
            issued.verify_directly_issued_by(x509.load_der_x509_certificate(one.der))
        except (InvalidSignature, ValueError, TypeError):
            continue
        return one
    raise SecurityError(Reason.BAD_SIGNATURE, "a certificate was not signed by its issuer")


def _check_time(certificate: Certificate, now: datetime) -> None:
    if now < certificate.not_before:
        raise SecurityError(Reason.UNKNOWN_KEY, "a certificate is not valid yet")
    if now > certificate.not_after:
        raise SecurityError(Reason.UNKNOWN_KEY, "a certificate has expired")


def _number(serial: int) -> bytes:
    return serial.to_bytes(max(1, (serial.bit_length() + 7) // 8), "big")


def _is_authority(extensions: x509.Extensions) -> bool:
    try:
        return extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


def _type_of(extensions: x509.Extensions) -> CertificateType:
    try:
        usage = extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return CertificateType.OTHER
    if usage.digital_signature and usage.key_agreement:
        return CertificateType.TLS
    if usage.digital_signature:
        return CertificateType.DIGITAL_SIGNATURE
    if usage.key_agreement:
        return CertificateType.KEY_AGREEMENT
    return CertificateType.OTHER


def _alternative_name(extensions: x509.Extensions) -> bytes:
    try:
        extension = extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return b""
    return extension.value.public_bytes()
