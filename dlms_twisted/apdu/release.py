"""
RLRQ and RLRE end an association in order; ABRT ends it at once.

Source: IEC 62056-5-3, RLRQ and RLRE; ITU-T X.227, ABRT, which DLMS does not use and a peer may send all the same.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Annotated, ClassVar

from attrs import frozen

from dlms_twisted.apdu.acse import Association
from dlms_twisted.apdu.base import Apdu
from dlms_twisted.apdu.ber_kinds import Element, ImplicitInteger
from dlms_twisted.apdu.user_information import UserInformation

__all__ = [
    "RLRE",
    "RLRQ",
    "Abort",
    "AbortDiagnostic",
    "AbortSource",
    "ReleaseRequestReason",
    "ReleaseResponseReason",
]


class ReleaseRequestReason(IntEnum):
    """
    Why the client releases.
    """

    NORMAL = 0
    URGENT = 1
    USER_DEFINED = 30


class ReleaseResponseReason(IntEnum):
    """
    How the server takes it.
    """

    NORMAL = 0
    NOT_FINISHED = 1
    USER_DEFINED = 30


class AbortSource(IntEnum):
    """
    Who aborts.
    """

    ACSE_SERVICE_USER = 0
    ACSE_SERVICE_PROVIDER = 1


class AbortDiagnostic(IntEnum):
    """
    Why.
    """

    NO_REASON_GIVEN = 1
    PROTOCOL_ERROR = 2
    AUTHENTICATION_MECHANISM_NAME_NOT_RECOGNIZED = 3
    AUTHENTICATION_MECHANISM_NAME_REQUIRED = 4
    AUTHENTICATION_FAILURE = 5
    AUTHENTICATION_REQUIRED = 6


@frozen(kw_only=True)
class RLRQ(Association):
    """
    A release request.

    @ivar reason: A L{ReleaseRequestReason}, or C{None}.
    @ivar user_information: InitiateRequest, where the association is ciphered.
    @ivar unknown: Tags and contents of elements that should not be there.
    """

    TAG: ClassVar[int] = 0x62
    NAME: ClassVar[str] = "rlrq"

    reason: Annotated[int | None, Element(0x80, ImplicitInteger(ReleaseRequestReason))] = None
    user_information: Annotated[Apdu | None, Element(0xBE, UserInformation())] = None
    unknown: tuple[tuple[int, bytes], ...] = ()


@frozen(kw_only=True)
class RLRE(Association):
    """
    A release response.

    @ivar reason: A L{ReleaseResponseReason}, or C{None}.
    @ivar user_information: InitiateResponse, where the association is ciphered.
    @ivar unknown: Tags and contents of elements that should not be there.
    """

    TAG: ClassVar[int] = 0x63
    NAME: ClassVar[str] = "rlre"

    reason: Annotated[int | None, Element(0x80, ImplicitInteger(ReleaseResponseReason))] = None
    user_information: Annotated[Apdu | None, Element(0xBE, UserInformation())] = None
    unknown: tuple[tuple[int, bytes], ...] = ()


@frozen(kw_only=True)
class Abort(Association):
    """
    The association is over at once.

    @ivar abort_source: An L{AbortSource}.
    @ivar abort_diagnostic: An L{AbortDiagnostic}.
    @ivar user_information: Anything that an association APDU may hold.
    @ivar unknown: Tags and contents of elements that should not be there.
    """

    TAG: ClassVar[int] = 0x64
    NAME: ClassVar[str] = "abrt"

    abort_source: Annotated[int | None, Element(0x80, ImplicitInteger(AbortSource))] = None
    abort_diagnostic: Annotated[int | None, Element(0x81, ImplicitInteger(AbortDiagnostic))] = None
    user_information: Annotated[Apdu | None, Element(0xBE, UserInformation())] = None
    unknown: tuple[tuple[int, bytes], ...] = ()
