"""
Associating: what a client proposes, and how it judges the answer.

Source: IEC 62056-5-3, AARQ and AARE; 02, sections 2 to 7.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Final, NamedTuple

from attrs import field, frozen

from dlms_twisted.apdu.aare import AARE, AcseServiceUser, AssociationResult, DiagnosticSource
from dlms_twisted.apdu.aarq import AARQ
from dlms_twisted.apdu.acse import AUTHENTICATION, ApplicationContext
from dlms_twisted.apdu.base import Apdu
from dlms_twisted.apdu.conformance import Conformance
from dlms_twisted.apdu.initiate import DLMS_VERSION, InitiateRequest, InitiateResponse
from dlms_twisted.apdu.service_error import ConfirmedServiceError
from dlms_twisted.errors import AssociationRejectedError, LocalProtocolError, RemoteProtocolError
from dlms_twisted.security.hls import Mechanism, Transform, aes_ecb
from dlms_twisted.security.keys import MeterKeys
from dlms_twisted.security.policy import Policy

__all__ = [
    "LN_CONFORMANCE",
    "SN_CONFORMANCE",
    "Accepted",
    "AssociationSettings",
    "MessageKeys",
    "aarq",
    "initiate_request",
    "judge",
]

#: What this client can do with logical names.
LN_CONFORMANCE: Final = (
    Conformance.BLOCK_TRANSFER_WITH_GET_OR_READ
    | Conformance.BLOCK_TRANSFER_WITH_SET_OR_WRITE
    | Conformance.BLOCK_TRANSFER_WITH_ACTION
    | Conformance.MULTIPLE_REFERENCES
    | Conformance.DATA_NOTIFICATION
    | Conformance.GET
    | Conformance.SET
    | Conformance.SELECTIVE_ACCESS
    | Conformance.EVENT_NOTIFICATION
    | Conformance.ACTION
    | Conformance.ACCESS
)
#: The same with short names.
SN_CONFORMANCE: Final = (
    Conformance.READ
    | Conformance.WRITE
    | Conformance.BLOCK_TRANSFER_WITH_GET_OR_READ
    | Conformance.BLOCK_TRANSFER_WITH_SET_OR_WRITE
    | Conformance.MULTIPLE_REFERENCES
    | Conformance.INFORMATION_REPORT
    | Conformance.PARAMETERIZED_ACCESS
)

#: Mechanisms whose computations take both system titles.
_WITH_TITLES: Final = frozenset({Mechanism.GMAC, Mechanism.SHA256, Mechanism.ECDSA})


class MessageKeys(StrEnum):
    """
    Whose keys general-ciphering uses (04, section 6).
    """

    #: The global unicast key.
    IDENTIFIED = "identified"
    #: One for each message, wrapped under the master key.
    WRAPPED = "wrapped"
    #: One for each message, agreed by C(1e, 1s): ephemeral, and signed.
    AGREED = "agreed"
    #: One for each message, agreed by C(0e, 2s): of the static keys of both.
    STATIC = "static"


@frozen(kw_only=True)
class AssociationSettings:
    """
    How a client associates.

    @ivar mechanism: How it proves who it is.
    @ivar short_names: Short name referencing instead of logical names.
    @ivar security: How requests are protected; answers must be protected at least so.
    @ivar suite: Security suite, 0 to 2.
    @ivar title: Our system title, eight octets, where ciphering or the mechanism wants one.
    @ivar peer_title: The meter's, where it is known before it says it.
    @ivar secret: The password, or the HLS secret; never shown.
    @ivar keys: Of the meter; with a dedicated key, it is sent, and used as soon as we are associated.
    @ivar conformance: What is proposed; C{None} for L{LN_CONFORMANCE} or L{SN_CONFORMANCE}.
    @ivar max_receive: The longest APDU that we take, in octets; 0 for no limit.
    @ivar general: Protect by general-glo-ciphering instead of the form of each service.
    @ivar message_keys: Protect by general-ciphering with these keys instead.  What is signed, too, is signed first.
    @ivar general_blocks: Propose general block transfer.
    @ivar user: Number of the user (calling-AE-invocation-id), where the meter tells users apart.
    @ivar transform: What the manufacturer's mechanism computes of secret and challenge.
    @ivar pre_established: The association exists: nothing is exchanged to make it, or to end it.
    @ivar max_send: With C{pre_established}: the longest APDU that the meter takes; 0 for no limit.
    """

    mechanism: Mechanism = Mechanism.LOWEST
    short_names: bool = False
    security: Policy = Policy.NONE
    suite: int = 0
    title: bytes = b""
    peer_title: bytes = b""
    secret: bytes = field(default=b"", repr=False)
    keys: MeterKeys = field(factory=MeterKeys)
    conformance: Conformance | None = None
    max_receive: int = 0xFFFF
    general: bool = False
    message_keys: MessageKeys | None = None
    general_blocks: bool = True
    user: int | None = None
    transform: Transform = field(default=aes_ecb, repr=False)
    pre_established: bool = False
    max_send: int = 0

    def __attrs_post_init__(self) -> None:
        if self.needs_title and len(self.title) != 8:
            raise LocalProtocolError("ciphering and this mechanism want our system title, 8 octets")

    @property
    def ciphered(self) -> bool:
        """
        Are requests protected?
        """
        return self.security is not Policy.NONE and self.security != Policy.NONE

    @property
    def needs_title(self) -> bool:
        """
        Does the meter need our system title?
        """
        return self.ciphered or self.mechanism in _WITH_TITLES

    @property
    def context(self) -> ApplicationContext:
        """
        The application context that is proposed.
        """
        return ApplicationContext(1 + self.short_names + 2 * self.ciphered)

    @property
    def proposed(self) -> Conformance:
        """
        The conformance that is proposed.
        """
        if self.conformance is not None:
            return self.conformance
        proposed = SN_CONFORMANCE if self.short_names else LN_CONFORMANCE
        if self.general_blocks:
            proposed |= Conformance.GENERAL_BLOCK_TRANSFER
        if self.general or self.message_keys is not None or self.security.signed:
            proposed |= Conformance.GENERAL_PROTECTION
        return proposed


class Accepted(NamedTuple):
    """
    What the meter agreed to.

    @ivar conformance: What both can do.
    @ivar max_send: The longest APDU that the meter takes, in octets; 0 for no limit.
    @ivar peer_title: The meter's system title; empty where it did not say.
    @ivar challenge: StoC, to be answered; empty where none is wanted.
    """

    conformance: Conformance
    max_send: int
    peer_title: bytes
    challenge: bytes


def initiate_request(settings: AssociationSettings) -> InitiateRequest:
    """
    @return: what is proposed, not protected yet.
    """
    return InitiateRequest(
        dedicated_key=settings.keys.dedicated_key if settings.ciphered else None,
        proposed_conformance=settings.proposed,
        client_max_receive_pdu_size=settings.max_receive,
    )


def aarq(settings: AssociationSettings, challenge: bytes, initiate: Apdu) -> AARQ:
    """
    @param challenge: CtoS, with a mechanism that has challenges.
    @param initiate: The InitiateRequest, protected where it must be.

    @return: the request to associate.
    """
    mechanism = settings.mechanism
    proves = mechanism is not Mechanism.LOWEST
    return AARQ(
        application_context_name=settings.context,
        calling_ap_title=settings.title if settings.needs_title else None,
        calling_ae_invocation_id=settings.user,
        sender_acse_requirements=AUTHENTICATION if proves else None,
        mechanism_name=int(mechanism) if proves else None,
        calling_authentication_value=(
            (challenge if mechanism.is_high else settings.secret) if proves else None
        ),
        user_information=initiate,
    )


def judge(
    settings: AssociationSettings, response: AARE, open_initiate: Callable[[Apdu, bytes], Apdu]
) -> Accepted:
    """
    Judge the meter's answer.

    @param open_initiate: Removes the protection of the user information; it is given the meter's title, too, and
        refuses what is protected less than demanded.

    @raise AssociationRejectedError: the meter refuses.
    @raise RemoteProtocolError: it accepts something that was not proposed, or leaves out what it must say.
    """
    title = response.responding_ap_title or settings.peer_title
    information = response.user_information
    if response.result != AssociationResult.ACCEPTED:
        # What a refusal says more is wanted for its words alone, so that it may be in clear, or be missing.
        why = information if isinstance(information, ConfirmedServiceError) else None
        raise _rejected(response, why)
    if information is None:
        raise RemoteProtocolError("an association response without an initiate response")
    opened = open_initiate(information, title)
    if isinstance(opened, ConfirmedServiceError):
        raise _rejected(response, opened)
    if not isinstance(opened, InitiateResponse):
        raise RemoteProtocolError(f"{opened.NAME} in an association response")
    if opened.negotiated_dlms_version_number < DLMS_VERSION:
        raise RemoteProtocolError(f"DLMS version {opened.negotiated_dlms_version_number}")
    challenge = response.responding_authentication_value
    if settings.mechanism.is_high and not (isinstance(challenge, bytes) and challenge):
        raise RemoteProtocolError("an association response without a challenge")
    return Accepted(
        Conformance(opened.negotiated_conformance & settings.proposed),
        opened.server_max_receive_pdu_size,
        title,
        challenge if settings.mechanism.is_high and isinstance(challenge, bytes) else b"",
    )


def _rejected(response: AARE, error: ConfirmedServiceError | None) -> AssociationRejectedError:
    source, code = response.result_source_diagnostic
    words = f"diagnostic {code}"
    if source is DiagnosticSource.ACSE_SERVICE_USER and code in list(AcseServiceUser):
        words = AcseServiceUser(code).name.lower().replace("_", "-")
    if error is not None:
        words += f" ({error.value_name or f'initiate error {error.value}'})"
    return AssociationRejectedError(int(response.result), int(code), words)
