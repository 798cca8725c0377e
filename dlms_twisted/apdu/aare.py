"""
AARE: the server's answer to an association request.

Source: IEC 62056-5-3, AARE.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Annotated, ClassVar, Final, NamedTuple

from attrs import field, frozen

from dlms_twisted.apdu.acse import ApplicationContext, Association, AuthenticationMechanism
from dlms_twisted.apdu.base import Apdu
from dlms_twisted.apdu.ber_kinds import (
    AuthenticationValue,
    BerInteger,
    BitString,
    Content,
    Element,
    NamedInteger,
    ObjectName,
    OtherValue,
    TaggedOctets,
)
from dlms_twisted.apdu.kinds import JSON, Kind
from dlms_twisted.apdu.user_information import UserInformation
from dlms_twisted.codec import ber
from dlms_twisted.codec.reader import Reader
from dlms_twisted.codec.writer import Writer
from dlms_twisted.errors import DecodeError, EncodeError

__all__ = [
    "AARE",
    "AcseServiceProvider",
    "AcseServiceUser",
    "AssociationResult",
    "Diagnostic",
    "DiagnosticSource",
]


class AssociationResult(IntEnum):
    """
    Is the association there?
    """

    ACCEPTED = 0
    REJECTED_PERMANENT = 1
    REJECTED_TRANSIENT = 2


class DiagnosticSource(IntEnum):
    """
    Who gives the reason.
    """

    ACSE_SERVICE_USER = 1
    ACSE_SERVICE_PROVIDER = 2


class AcseServiceUser(IntEnum):
    """
    Reasons of the server's application.
    """

    NULL = 0
    NO_REASON_GIVEN = 1
    APPLICATION_CONTEXT_NAME_NOT_SUPPORTED = 2
    CALLING_AP_TITLE_NOT_RECOGNIZED = 3
    CALLING_AP_INVOCATION_IDENTIFIER_NOT_RECOGNIZED = 4
    CALLING_AE_QUALIFIER_NOT_RECOGNIZED = 5
    CALLING_AE_INVOCATION_IDENTIFIER_NOT_RECOGNIZED = 6
    CALLED_AP_TITLE_NOT_RECOGNIZED = 7
    CALLED_AP_INVOCATION_IDENTIFIER_NOT_RECOGNIZED = 8
    CALLED_AE_QUALIFIER_NOT_RECOGNIZED = 9
    CALLED_AE_INVOCATION_IDENTIFIER_NOT_RECOGNIZED = 10
    AUTHENTICATION_MECHANISM_NAME_NOT_RECOGNISED = 11
    AUTHENTICATION_MECHANISM_NAME_REQUIRED = 12
    AUTHENTICATION_FAILURE = 13
    #: With C{ACCEPTED}: the passes of high level security follow.
    AUTHENTICATION_REQUIRED = 14


class AcseServiceProvider(IntEnum):
    """
    Reasons of the server's ACSE.
    """

    NULL = 0
    NO_REASON_GIVEN = 1
    NO_COMMON_ACSE_VERSION = 2


class Diagnostic(NamedTuple):
    """
    C{result_source_diagnostic}.

    @ivar source: Who says it.
    @ivar code: L{AcseServiceUser} or L{AcseServiceProvider}; an integer where it has no name.
    """

    source: DiagnosticSource
    code: int


_CODES: Final[
    dict[DiagnosticSource, NamedInteger[AcseServiceUser] | NamedInteger[AcseServiceProvider]]
] = {
    DiagnosticSource.ACSE_SERVICE_USER: NamedInteger(AcseServiceUser),
    DiagnosticSource.ACSE_SERVICE_PROVIDER: NamedInteger(AcseServiceProvider),
}
_SOURCES: Final = {0xA0 + source: source for source in DiagnosticSource}
_SOURCE: Final = NamedInteger(DiagnosticSource)


class _DiagnosticKind(Kind[Diagnostic]):
    """
    Associate-source-diagnostic: a CHOICE by who says it.
    """

    __slots__ = ()

    @property
    def known_values(self) -> tuple[Diagnostic, ...]:
        """
        The values that have names.
        """
        return tuple(
            Diagnostic(source, code)
            for source, codes in _CODES.items()
            for code in codes.known_values
        )

    def read(self, reader: Reader, name: str) -> Diagnostic:
        offset = reader.offset
        source = _SOURCES.get(reader.octet("source"))
        if source is None:
            raise DecodeError(f"{name}: acse-service-user or -provider wanted", offset)
        before = ber.step_in_length(reader, name)
        code = _CODES[source].read(reader, name)
        ber.step_out(reader, before)
        return Diagnostic(source, code)

    def write(self, writer: Writer, value: Diagnostic) -> None:
        writer.raw(ber.encode_element(0xA0 + value.source, ber.encode_integer(value.code)))

    def dump(self, value: Diagnostic) -> JSON:
        return {
            "source": _SOURCE.dump(value.source),
            "diagnostic": _CODES[value.source].dump(value.code),
        }

    def load(self, form: JSON, place: str) -> Diagnostic:
        if not isinstance(form, dict):
            raise EncodeError(f"{place}: an object wanted")
        source = _SOURCE.load(form.get("source"), f"{place}.source")
        if not isinstance(source, DiagnosticSource):
            raise EncodeError(f"{place}.source: 1 or 2 wanted")
        code = _CODES[source].load(form.get("diagnostic"), f"{place}.diagnostic")
        return Diagnostic(source, code)


@frozen(kw_only=True)
class AARE(Association):
    """
    An association response.

    @ivar protocol_version: L{dlms_twisted.apdu.acse.VERSION_1}, or C{None} for the same.
    @ivar application_context_name: As in L{dlms_twisted.apdu.aarq.AARQ}.
    @ivar result: An L{AssociationResult}.
    @ivar result_source_diagnostic: The reason.
    @ivar responding_ap_title: System title of the server.
    @ivar responding_ae_qualifier: Certificate for the server's digital signature, DER.
    @ivar responder_acse_requirements: L{dlms_twisted.apdu.acse.AUTHENTICATION} with high level security.
    @ivar mechanism_name: As in L{dlms_twisted.apdu.aarq.AARQ}.
    @ivar responding_authentication_value: The server's challenge.
    @ivar implementation_information: Anything.
    @ivar user_information: InitiateResponse or ConfirmedServiceError, plain or ciphered; some servers that reject
        leave it out.
    @ivar unknown: Tags and contents of elements that should not be there.
    """

    TAG: ClassVar[int] = 0x61
    NAME: ClassVar[str] = "aare"
    REQUIRED: ClassVar[frozenset[str]] = frozenset(
        {"application_context_name", "result", "result_source_diagnostic"}
    )

    protocol_version: Annotated[str | None, Element(0x80, BitString())] = None
    application_context_name: Annotated[
        int | bytes, Element(0xA1, ObjectName(1, ApplicationContext, explicit=True))
    ]
    result: Annotated[int, Element(0xA2, NamedInteger(AssociationResult))]
    result_source_diagnostic: Annotated[Diagnostic, Element(0xA3, _DiagnosticKind())]
    responding_ap_title: Annotated[bytes | None, Element(0xA4, TaggedOctets())] = None
    responding_ae_qualifier: Annotated[bytes | None, Element(0xA5, TaggedOctets())] = None
    responding_ap_invocation_id: Annotated[int | None, Element(0xA6, BerInteger())] = None
    responding_ae_invocation_id: Annotated[int | None, Element(0xA7, BerInteger())] = None
    responder_acse_requirements: Annotated[str | None, Element(0x88, BitString())] = None
    mechanism_name: Annotated[
        int | bytes | None, Element(0x89, ObjectName(2, AuthenticationMechanism, explicit=False))
    ] = None
    responding_authentication_value: Annotated[
        bytes | OtherValue | None, Element(0xAA, AuthenticationValue())
    ] = field(default=None, repr=False)
    implementation_information: Annotated[bytes | None, Element(0x9D, Content(), 0xBD)] = None
    user_information: Annotated[Apdu | None, Element(0xBE, UserInformation())] = None
    unknown: tuple[tuple[int, bytes], ...] = ()
