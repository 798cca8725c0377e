"""
Associating, on the server's side: an AARQ is judged, an AARE made, a client's proof checked, a release answered.

What the standard leaves open, chosen so that the clients that are about get on:

  - an AARQ while there is an association replaces it as soon as it is accepted; one that is refused changes nothing;
  - user information with a used counter is answered by an ExceptionResponse with the counter that is expected, as only
    that lets a client go on; everything else that security refuses is "authentication-failure";
  - a refusal says why in clear, also where the context is one with ciphering;
  - a release in clear, where protection is demanded, is answered by "not-finished", and nothing is released;
  - a dedicated key is taken from user information that was authenticated or enciphered, and refused where it came in
    clear; in a context without ciphering it is of no use, and passed over.

Source: IEC 62056-5-3, AARQ, AARE, RLRQ, RLRE; 02.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from attrs import evolve

from dlms_twisted.apdu.aare import (
    AARE,
    AcseServiceProvider,
    AcseServiceUser,
    AssociationResult,
    Diagnostic,
    DiagnosticSource,
)
from dlms_twisted.apdu.aarq import AARQ
from dlms_twisted.apdu.acse import AUTHENTICATION, VERSION_1, ApplicationContext
from dlms_twisted.apdu.initiate import (
    InitiateRequest,
)
from dlms_twisted.apdu.service_error import ConfirmedServiceError, FailedService, ServiceError
from dlms_twisted.apdu.user_information import UserInformation
from dlms_twisted.errors import Reason, SecurityError
from dlms_twisted.security.hls import Authentication, Mechanism, is_password_right, make_challenge
from dlms_twisted.security.policy import Policy
from dlms_twisted.session.served import ServedAssociation, ServedDevice
from dlms_twisted.session.server_negotiation import (
    AssociationRefusedError,
    Established,
    initiate_response,
    negotiate,
)
from dlms_twisted.session.server_refusals import Cause, refusal
from dlms_twisted.session.server_security import OpenedRequest, ServerSecurity

__all__ = ["Verdict", "associate"]

_User: Final = AcseServiceUser
#: Mechanisms whose computations take both system titles.
_WITH_TITLES: Final = frozenset({Mechanism.GMAC, Mechanism.SHA256, Mechanism.ECDSA})


class Verdict(NamedTuple):
    """
    @ivar response: What is answered; C{None} for silence.
    @ivar established: The association; C{None} where it was refused.
    """

    response: bytes | None
    established: Established | None


def associate(
    device: ServedDevice, client: int, octets: bytes, random: Callable[[int], bytes]
) -> Verdict:
    """
    Judge an AARQ.

    @param client: Address of the client.
    @param octets: What came.
    @param random: Gives so many random octets.

    @raise DecodeError: it is malformed.
    """
    request = AARQ.decode(octets)
    served = device.association(client)
    try:
        if served is None or served.pre_established:
            raise AssociationRefusedError(_User.NO_REASON_GIVEN)
        security = _judge_names(device, served, request, random)
        challenge = _judge_client(served, request)
        opened, initiate = _open_initiate(served, security, request)
        established = negotiate(served, security, initiate)
        established.user = request.calling_ae_invocation_id
        if served.mechanism.is_high:
            established.authentication = _authentication(
                device, served, security, challenge, random
            )
    except AssociationRefusedError as rejection:
        if rejection.reason:
            device.refused(served, rejection.reason)
        return Verdict(_rejected(request, rejection), None)
    except SecurityError as error:
        device.refused(served, error.reason.value)
        if error.reason is Reason.REPLAY:
            return Verdict(refusal(AARQ.TAG, Cause.COUNTER, security.expected_counter), None)
        return Verdict(_rejected(request, _failure("")), None)
    if not initiate.response_allowed:
        return Verdict(None, None if served.mechanism.is_high else established)
    return Verdict(_accepted(device, request, established, opened), established)


def _failure(reason: str) -> AssociationRefusedError:
    return AssociationRefusedError(_User.AUTHENTICATION_FAILURE, reason=reason)


def _judge_names(
    device: ServedDevice, served: ServedAssociation, request: AARQ, random: Callable[[int], bytes]
) -> ServerSecurity:
    """
    Judge context, mechanism and title.
    """
    version = request.protocol_version
    if version is not None and not version.startswith(VERSION_1):
        raise AssociationRefusedError(
            AcseServiceProvider.NO_COMMON_ACSE_VERSION,
            source=DiagnosticSource.ACSE_SERVICE_PROVIDER,
        )
    context = request.application_context_name
    if not isinstance(context, ApplicationContext) or context.short_names != served.short_names:
        raise AssociationRefusedError(_User.APPLICATION_CONTEXT_NAME_NOT_SUPPORTED)
    if context.ciphered and not served.ciphered:
        raise AssociationRefusedError(_User.APPLICATION_CONTEXT_NAME_NOT_SUPPORTED)
    if not context.ciphered and served.demands != Policy.NONE:
        reason = Reason.DOWNGRADE.value
        raise AssociationRefusedError(_User.APPLICATION_CONTEXT_NAME_NOT_SUPPORTED, reason=reason)
    mechanism = request.mechanism_name
    if mechanism is None and served.mechanism is not Mechanism.LOWEST:
        raise AssociationRefusedError(_User.AUTHENTICATION_MECHANISM_NAME_REQUIRED)
    if mechanism is not None and mechanism != served.mechanism:
        raise AssociationRefusedError(_User.AUTHENTICATION_MECHANISM_NAME_NOT_RECOGNISED)
    title = request.calling_ap_title or b""
    known = device.keys(served).system_title
    wanted = context.ciphered or served.mechanism in _WITH_TITLES
    if wanted:
        title = title or known or b""
        if len(title) != 8 or title == device.title or (known is not None and title != known):
            raise AssociationRefusedError(_User.CALLING_AP_TITLE_NOT_RECOGNIZED)
    return ServerSecurity(
        device, served, peer_title=title, ciphered=context.ciphered, random=random
    )


def _judge_client(served: ServedAssociation, request: AARQ) -> bytes:
    """
    @return: the password, or the client's challenge.
    """
    value = request.calling_authentication_value
    if served.mechanism is Mechanism.LOWEST:
        return b""
    if not isinstance(value, bytes):
        raise _failure(Reason.INCOMPLETE.value)
    if served.mechanism is Mechanism.LOW and not is_password_right(served.secret, value):
        raise _failure("password")
    return value


def _open_initiate(
    served: ServedAssociation, security: ServerSecurity, request: AARQ
) -> tuple[OpenedRequest, InitiateRequest]:
    information = request.user_information
    if information is None:
        raise AssociationRefusedError(_User.NO_REASON_GIVEN)
    # A signature is demanded of services only: few clients can sign what they propose.
    opened = security.open(information.encode(), evolve(served.policy, signed=False))
    initiate = UserInformation.decode_apdu(opened.plaintext)
    if not isinstance(initiate, InitiateRequest):
        raise AssociationRefusedError(_User.NO_REASON_GIVEN)
    if initiate.dedicated_key is not None and security.ciphered:
        if opened.applied == Policy.NONE:
            raise SecurityError(Reason.DOWNGRADE, "a dedicated key in clear")
        security.dedicate(initiate.dedicated_key)
    return opened, initiate


def _authentication(
    device: ServedDevice,
    served: ServedAssociation,
    security: ServerSecurity,
    challenge: bytes,
    random: Callable[[int], bytes],
) -> Authentication:
    return Authentication(
        mechanism=served.mechanism,
        challenge=make_challenge(served.mechanism, random),
        peer_challenge=challenge,
        title=device.title,
        peer_title=security.peer_title,
        secret=served.secret,
        keys=security.keys(),
        suite=served.suite,
        transform=served.transform,
    )


def _accepted(
    device: ServedDevice, request: AARQ, established: Established, opened: OpenedRequest
) -> bytes:
    served, security = established.served, established.security
    authentication = established.authentication
    needs_title = security.ciphered or served.mechanism in _WITH_TITLES
    octets = initiate_response(established).encode()
    demands = served.answers if security.ciphered else Policy.NONE
    information = security.seal(octets, opened.layers, demands)
    code = _User.NULL if authentication is None else _User.AUTHENTICATION_REQUIRED
    return AARE(
        application_context_name=request.application_context_name,
        result=AssociationResult.ACCEPTED,
        result_source_diagnostic=Diagnostic(DiagnosticSource.ACSE_SERVICE_USER, code),
        responding_ap_title=device.title if needs_title else None,
        responder_acse_requirements=None if authentication is None else AUTHENTICATION,
        mechanism_name=None if authentication is None else int(served.mechanism),
        responding_authentication_value=(
            None if authentication is None else authentication.challenge
        ),
        user_information=UserInformation.decode_apdu(information),
    ).encode()


def _rejected(request: AARQ, rejection: AssociationRefusedError) -> bytes:
    information = None
    if rejection.initiate_error is not None:
        information = ConfirmedServiceError(
            service=FailedService.INITIATE_ERROR,
            error=ServiceError.INITIATE,
            value=rejection.initiate_error,
        )
    return AARE(
        application_context_name=request.application_context_name,
        result=AssociationResult.REJECTED_PERMANENT,
        result_source_diagnostic=rejection.diagnostic,
        user_information=information,
    ).encode()
