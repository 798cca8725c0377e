"""
What a server agrees to: conformance, PDU sizes, version.

Source: IEC 62056-5-3, InitiateRequest and InitiateResponse; 02, section 5.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from attrs import define

from dlms_twisted.apdu.aare import AcseServiceUser, Diagnostic, DiagnosticSource
from dlms_twisted.apdu.conformance import Conformance
from dlms_twisted.apdu.initiate import (
    DLMS_VERSION,
    VAA_NAME_LN,
    VAA_NAME_SN,
    InitiateRequest,
    InitiateResponse,
)
from dlms_twisted.errors import DLMSError
from dlms_twisted.security.hls import Authentication
from dlms_twisted.security.policy import Policy
from dlms_twisted.session.served import Caller, ServedAssociation, ServedDevice
from dlms_twisted.session.server_security import ServerSecurity

__all__ = [
    "AssociationRefusedError",
    "Established",
    "established_before",
    "initiate_response",
    "negotiate",
]

#: The shortest PDU that a client may take, in octets; 0 stands for any length.
_LEAST_PDU: Final = 12
#: What a client may ask for with short names.
_SHORT_NAMES: Final = (
    Conformance.GENERAL_PROTECTION
    | Conformance.GENERAL_BLOCK_TRANSFER
    | Conformance.READ
    | Conformance.WRITE
    | Conformance.UNCONFIRMED_WRITE
    | Conformance.BLOCK_TRANSFER_WITH_GET_OR_READ
    | Conformance.BLOCK_TRANSFER_WITH_SET_OR_WRITE
    | Conformance.MULTIPLE_REFERENCES
    | Conformance.INFORMATION_REPORT
    | Conformance.DATA_NOTIFICATION
    | Conformance.PARAMETERIZED_ACCESS
)
#: The same with logical names.
_LOGICAL_NAMES: Final = Conformance(
    0x00FFFFFF
    & ~(
        Conformance.RESERVED_ZERO
        | Conformance.RESERVED_SEVEN
        | Conformance.DELTA_VALUE_ENCODING
        | Conformance.READ
        | Conformance.WRITE
        | Conformance.UNCONFIRMED_WRITE
        | Conformance.INFORMATION_REPORT
        | Conformance.PARAMETERIZED_ACCESS
    )
)
#: An association without any of these is good for nothing.
_USEFUL: Final = (
    Conformance.READ
    | Conformance.WRITE
    | Conformance.UNCONFIRMED_WRITE
    | Conformance.INFORMATION_REPORT
    | Conformance.DATA_NOTIFICATION
    | Conformance.ACCESS
    | Conformance.GET
    | Conformance.SET
    | Conformance.EVENT_NOTIFICATION
    | Conformance.ACTION
)
#: Values of the service error "initiate".
_VERSION_TOO_LOW: Final = 1
_INCOMPATIBLE: Final = 2
_PDU_TOO_SHORT: Final = 3


@define(kw_only=True)
class Established:
    """
    An association, or one that waits for the client's proof.

    @ivar served: Which of the device's.
    @ivar security: Its protection.
    @ivar conformance: What was negotiated.
    @ivar max_send: The longest APDU that the client takes, in octets; 0 for no limit.
    @ivar confirmed: May the client use confirmed services?
    @ivar authentication: Passes three and four, which are still to come; C{None} where there are none, or no more.
    @ivar user: Number of the client's user, where it said one.
    """

    served: ServedAssociation
    security: ServerSecurity
    conformance: Conformance
    max_send: int
    confirmed: bool = True
    authentication: Authentication | None = None
    user: int | None = None

    def caller(self, now: float, applied: Policy) -> Caller:
        """
        @param now: Seconds on the clock of the session.
        @param applied: Protection that the request had.
        """
        return Caller(
            self.served,
            now,
            self.security.peer_title,
            applied,
            self.conformance,
            self.max_send,
            self.user,
        )


class AssociationRefusedError(DLMSError):
    """
    The association is refused.
    """

    def __init__(
        self,
        code: int,
        *,
        source: DiagnosticSource = DiagnosticSource.ACSE_SERVICE_USER,
        initiate_error: int | None = None,
        reason: str = "",
    ) -> None:
        """
        @param initiate_error: Value of the service error "initiate" to be sent with it.
        @param reason: Why security refuses, to be counted; empty where it does not.
        """
        super().__init__(f"diagnostic {code}")
        self.diagnostic = Diagnostic(source, code)
        self.initiate_error = initiate_error
        self.reason = reason


def negotiate(
    served: ServedAssociation, security: ServerSecurity, initiate: InitiateRequest
) -> Established:
    """
    @raise AssociationRefusedError: we do not come together.
    """
    common = Conformance(initiate.proposed_conformance & _possible(served))
    size = initiate.client_max_receive_pdu_size
    error = None
    if initiate.proposed_dlms_version_number < DLMS_VERSION:
        error = _VERSION_TOO_LOW
    elif not common & _USEFUL:
        error = _INCOMPATIBLE
    elif 0 < size < _LEAST_PDU:
        error = _PDU_TOO_SHORT
    if error is not None:
        raise AssociationRefusedError(AcseServiceUser.NO_REASON_GIVEN, initiate_error=error)
    return Established(
        served=served,
        security=security,
        conformance=common,
        max_send=size,
        confirmed=initiate.response_allowed,
    )


def established_before(
    device: ServedDevice, served: ServedAssociation, random: Callable[[int], bytes]
) -> Established:
    """
    @return: the association of a client that never asks for one.
    """
    title = device.keys(served).system_title or b""
    security = ServerSecurity(
        device, served, peer_title=title, ciphered=served.ciphered, random=random
    )
    return Established(
        served=served,
        security=security,
        conformance=_possible(served),
        max_send=served.max_send,
    )


def initiate_response(established: Established) -> InitiateResponse:
    """
    @return: what was negotiated, not protected yet.
    """
    served = established.served
    return InitiateResponse(
        negotiated_conformance=established.conformance,
        server_max_receive_pdu_size=served.max_receive,
        vaa_name=VAA_NAME_SN if served.short_names else VAA_NAME_LN,
    )


def _possible(served: ServedAssociation) -> Conformance:
    sort = _SHORT_NAMES if served.short_names else _LOGICAL_NAMES
    return Conformance(served.conformance & sort)
