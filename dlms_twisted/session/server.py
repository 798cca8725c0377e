"""
The server's side of an association, without any input or output: APDUs and the time go in, APDUs come out.

A session is one client's on one connection, named by its address.  Any octets give answers or silence, never an
exception; what each request gets is in L{dlms_twisted.session.server_refusals} and, for the objects, in
L{dlms_twisted.session.server_policy}.  What the standard leaves open:

  - general protection is taken whether or not it was negotiated: a message stands for itself;
  - a ciphered request in a context without ciphering is a "deciphering-error";
  - a long answer goes in the blocks of its service where they were negotiated, else by general block transfer, and
    where neither was it is "data-block-unavailable";
  - an abort (ABRT) is passed over, as anybody can send one.

Source: IEC 62056-5-3; 02, section 9; 03, section 14.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Final, NamedTuple

from dlms_twisted.apdu.access import AccessRequest
from dlms_twisted.apdu.base import Apdu
from dlms_twisted.apdu.block_transfer import GeneralBlockTransfer
from dlms_twisted.apdu.conformance import Conformance
from dlms_twisted.apdu.data_notification import DataNotificationConfirm
from dlms_twisted.apdu.descriptors import CONFIRMED
from dlms_twisted.apdu.get import GetResponseNormal
from dlms_twisted.apdu.registry import decode
from dlms_twisted.apdu.results import DataAccessResult
from dlms_twisted.codec.data import Data
from dlms_twisted.errors import DecodeError, DLMSError, LocalProtocolError, Reason, SecurityError
from dlms_twisted.security.layers import Layer
from dlms_twisted.security.policy import Policy
from dlms_twisted.security.window import ReplayWindow
from dlms_twisted.session.blocks import (
    DEFAULT_BLOCK_LIMITS,
    BlockLimits,
    Received,
    ServerBlocks,
)
from dlms_twisted.session.general_blocks import Delivered, Event, GeneralBlocks, Transmit
from dlms_twisted.session.served import Caller, ServedDevice
from dlms_twisted.session.server_access import access_response
from dlms_twisted.session.server_association import (
    Established,
    associate,
    established_before,
)
from dlms_twisted.session.server_authentication import is_third_pass, prove, proven
from dlms_twisted.session.server_dispatch import LogicalNames
from dlms_twisted.session.server_policy import ObjectAccess
from dlms_twisted.session.server_refusals import (
    SERVICES,
    UNANSWERED,
    Cause,
    is_known,
    is_negotiated,
    refusal,
)
from dlms_twisted.session.server_release import release
from dlms_twisted.session.server_security import OpenedRequest
from dlms_twisted.session.server_short_names import ShortNames

__all__ = ["ServerSession", "ServerState"]

_AARQ: Final = 0x60
_RLRQ: Final = 0x62
_BLOCK: Final = 0xE0
_GET: Final = 0xC0
_CONFIRM: Final = 0x10
_UNCONFIRMED_WRITE: Final = 0x16
#: Services with an octet that says whether an answer is wanted: SET and ACTION.
_MAY_BE_UNCONFIRMED: Final = frozenset({0xC1, 0xC3})
#: What carries a client's proof, with logical names and with short ones.
_THIRD_PASS: Final = frozenset({0xC3, 0x05, 0x06})
_LONGEST: Final = 0xFFFF


class ServerState(StrEnum):
    """
    Where an association stands.
    """

    IDLE = "idle"
    #: The client must still prove who it is.
    AUTHENTICATING = "authenticating"
    ASSOCIATED = "associated"


class _Refused(NamedTuple):
    """
    @ivar tag: First octet of the request, without protection where it could be removed.
    """

    tag: int
    cause: Cause


class ServerSession:
    """
    One client's association with one logical device.

    @ivar state: Where it stands.
    """

    def __init__(
        self,
        device: ServedDevice,
        client: int,
        *,
        random: Callable[[int], bytes],
        limits: BlockLimits = DEFAULT_BLOCK_LIMITS,
        general_timeout: float = 5.0,
        confirmed: Callable[[DataNotificationConfirm], None] | None = None,
    ) -> None:
        """
        @param client: Its address.
        @param random: Gives so many random octets: C{secrets.token_bytes}.
        @param limits: How much one request in blocks may be.
        @param general_timeout: Seconds after which a block of general block transfer is sent again.
        @param confirmed: Is told of each confirmation of a notification of ours.
        """
        self._device = device
        self._client = client
        self._random = random
        self._limits = limits
        self._general_timeout = general_timeout
        self._confirmed = confirmed
        self._established: Established | None = None
        self._until: float | None = None
        self._blocks = ServerBlocks(limits=limits)
        self._general: GeneralBlocks | None = None
        self._demands = Policy.NONE
        self._acted: Caller | None = None
        #: The association, if requests in clear to read one attribute need no further look at how they come.
        self._quick: Established | None = None
        self.state = ServerState.IDLE

    @property
    def deadline(self) -> float | None:
        """
        When L{time_passed} is to be called, on the clock of C{now}; C{None} while nothing is awaited.
        """
        general = None if self._general is None else self._general.deadline
        if self._until is None or (general is not None and general < self._until):
            return general
        return self._until

    @property
    def conformance(self) -> Conformance:
        """
        What was negotiated; nothing without an association.
        """
        return Conformance(0) if self._established is None else self._established.conformance

    # -- what comes ----------------------------------------------------------------------------------------

    def receive(self, apdu: bytes, now: float) -> list[bytes]:
        """
        Take an APDU.

        @param apdu: Any octets.
        @param now: Seconds on any clock that never goes back.

        @return: the APDUs to send, in their order; none for silence.
        """
        quick = self._quick
        if (
            quick is not None
            and len(apdu) == 13
            and apdu[0] == _GET
            and apdu[1] == 1
            and not apdu[12]
        ):
            return self._get(quick, apdu, now)
        if not apdu:
            return []
        if self._until is not None and now >= self._until:
            self._expire()
        if apdu[0] == _AARQ:
            return self._associate(apdu, now)
        established = self._established or self._before(now)
        if established is None:
            cause = Cause.NOT_ASSOCIATED if is_known(apdu) else Cause.UNKNOWN
            return _sent(refusal(apdu[0], cause))
        if established.served.max_receive and len(apdu) > established.served.max_receive:
            return _sent(refusal(apdu[0], Cause.TOO_LONG))
        if apdu[0] == _BLOCK:
            return self._block(established, apdu, now)
        if self._general is not None and self._general.active:
            self._general.begin()
        answer = self._treat(established, apdu, now, False)
        return [] if answer is None else self._send(established, answer, now)

    def time_passed(self, now: float) -> list[bytes]:
        """
        Take the time.

        @return: the APDUs to send.
        """
        if self._until is not None and now >= self._until:
            self._expire()
        if self._general is None or self._established is None:
            return []
        return self._perform(self._established, self._general.time_passed(now), now)

    def lost(self) -> None:
        """
        The link is gone, and the association with it.
        """
        self._end()

    def push(self, apdu: bytes) -> bytes:
        """
        Protect a notification as this association demands of answers and of requests.

        @param apdu: DataNotification, EventNotification or InformationReport.

        @return: what is sent.

        @raise LocalProtocolError: there is no association.
        @raise SecurityError: a key is missing.
        """
        established = self._established
        if established is None or self.state is not ServerState.ASSOCIATED:
            raise LocalProtocolError("there is no association")
        served, security = established.served, established.security
        demands = served.policy | served.answers if security.ciphered else Policy.NONE
        return security.seal(apdu, (), demands)

    # -- the association -----------------------------------------------------------------------------------

    def _associate(self, apdu: bytes, now: float) -> list[bytes]:
        try:
            verdict = associate(self._device, self._client, apdu, self._random)
        except DecodeError:
            return _sent(refusal(_AARQ, Cause.MALFORMED))
        except DLMSError:
            return _sent(refusal(_AARQ, Cause.IMPOSSIBLE))
        if verdict.established is not None:
            self._end()
            self._begin(verdict.established, now)
        return _sent(verdict.response)

    def _before(self, now: float) -> Established | None:
        """
        @return: an association that was made before it was ever spoken of.
        """
        served = self._device.association(self._client)
        if served is None or not served.pre_established:
            return None
        established = established_before(self._device, served, self._random)
        self._begin(established, now)
        return established

    def _begin(self, established: Established, now: float) -> None:
        served, conformance = established.served, established.conformance
        self._established = established
        self._blocks = ServerBlocks(
            get=bool(conformance & Conformance.BLOCK_TRANSFER_WITH_GET_OR_READ),
            action=bool(conformance & Conformance.BLOCK_TRANSFER_WITH_ACTION),
            limits=self._limits,
        )
        if conformance & Conformance.GENERAL_BLOCK_TRANSFER:
            self._general = GeneralBlocks(
                requester=False,
                max_send=established.max_send or _LONGEST,
                window=served.window,
                timeout=self._general_timeout,
                limits=self._limits,
            )
        if established.authentication is not None:
            self.state = ServerState.AUTHENTICATING
            self._until = now + served.authentication_timeout
        else:
            self._opened(established, now, Policy.NONE)

    def _opened(self, established: Established, now: float, applied: Policy) -> None:
        served, security = established.served, established.security
        self.state = ServerState.ASSOCIATED
        self._until = None
        may_get = established.conformance & Conformance.GET and served.max_receive >= 13
        if may_get and established.confirmed and not security.ciphered:
            self._quick = established
        self._device.associated(served, Caller(served, now, security.peer_title, applied))

    def _expire(self) -> None:
        if self._established is not None:
            self._device.refused(self._established.served, "timeout")
        self._end()

    def _end(self) -> None:
        established, was = self._established, self.state
        self._established = self._quick = self._until = self._general = self._acted = None
        self._demands = Policy.NONE
        self._blocks.reset()
        self.state = ServerState.IDLE
        if established is not None and was is ServerState.ASSOCIATED:
            self._device.released(established.served)

    # -- requests ------------------------------------------------------------------------------------------

    def _get(self, established: Established, apdu: bytes, now: float) -> list[bytes]:
        """
        One attribute in clear, all of it: the request that comes most often.
        """
        if self._general is not None and self._general.active:
            self._general.begin()
        self._blocks.interrupt()
        served = established.served
        caller = Caller(served, now, established.security.peer_title, Policy.NONE)
        access = ObjectAccess(self._device, caller, ciphered=False)
        attribute = apdu[11] - (apdu[11] >> 7 << 8)
        result: Data | DataAccessResult
        found = access.find(int.from_bytes(apdu[3:5], "big"), apdu[5:11])
        if isinstance(found, DataAccessResult):
            result = found
        elif attribute:
            result = access.read(found, attribute, None)
        elif established.conformance & Conformance.ATTRIBUTE0_SUPPORTED_WITH_GET:
            result = access.read_all(found)
        else:
            result = DataAccessResult.OBJECT_UNDEFINED
        if isinstance(result, DataAccessResult):
            return [b"\xc4\x01%c\x01%c" % (apdu[2], result)]
        octets = b"\xc4\x01%c\x00%b" % (apdu[2], result.octets)
        if len(octets) <= (established.max_send or _LONGEST):
            return [octets]
        response = GetResponseNormal(invoke_id_and_priority=apdu[2], result=result)
        opened = OpenedRequest(apdu, (), Policy.NONE)
        return self._send(established, self._seal(established, opened, response, False), now)

    def _treat(
        self, established: Established, octets: bytes, now: float, in_general: bool
    ) -> bytes | None:
        """
        @param in_general: Did the request come by general block transfer?

        @return: the answer as it is sent; C{None} for silence.
        """
        try:
            answer = self._answer(established, octets, now, in_general)
        except DecodeError:
            answer = _Refused(octets[0], Cause.MALFORMED)
        except DLMSError:
            answer = _Refused(octets[0], Cause.IMPOSSIBLE)
        return refusal(answer.tag, answer.cause) if isinstance(answer, _Refused) else answer

    def _answer(
        self, established: Established, octets: bytes, now: float, in_general: bool
    ) -> bytes | _Refused | None:
        if octets[0] == _RLRQ:
            released = release(self._device, established, octets)
            if released.is_over:
                self._end()
            return released.response
        pending = self.state is ServerState.AUTHENTICATING
        before = established.security.snapshot() if pending else None
        try:
            opened = established.security.open(octets, established.served.policy)
        except SecurityError as error:
            return self._not_opened(established, octets, error)
        tag = opened.plaintext[0] if opened.plaintext else 0
        if tag in UNANSWERED and tag != _UNCONFIRMED_WRITE:
            self._heard(opened.plaintext)
            return None
        if tag not in SERVICES:
            return _Refused(tag, Cause.UNKNOWN)
        if pending and tag not in _THIRD_PASS:
            return _Refused(tag, Cause.NOT_ASSOCIATED)
        try:
            request = decode(opened.plaintext)
        except DecodeError:
            return _Refused(tag, Cause.MALFORMED)
        wanted = _is_answered(request)
        if not pending and not is_negotiated(request, established.conformance):
            return _Refused(tag, Cause.NOT_NEGOTIATED) if wanted else None
        if wanted and not established.confirmed:
            return _Refused(tag, Cause.NOT_ASSOCIATED)
        step = self._blocks.receive(request)
        if not isinstance(step, Received):
            return self._seal(established, opened, step.apdu, in_general, True) if wanted else None
        if pending:
            return self._prove(established, opened, step.apdu, before, now, in_general)
        response = self._done(established, opened, step.apdu, now)
        if response is None:
            self._went_out()
            return None
        return self._seal(established, opened, response, in_general)

    def _not_opened(
        self, established: Established, octets: bytes, error: SecurityError
    ) -> bytes | _Refused | None:
        self._device.refused(established.served, error.reason.value)
        if error.reason is Reason.REPLAY:
            return refusal(octets[0], Cause.COUNTER, established.security.expected_counter)
        return _Refused(octets[0], Cause.DECIPHERING)

    def _heard(self, octets: bytes) -> None:
        if self._confirmed is not None and octets[0] == _CONFIRM:
            self._confirmed(DataNotificationConfirm.decode(octets))

    def _prove(
        self,
        established: Established,
        opened: OpenedRequest,
        request: Apdu,
        before: ReplayWindow | None,
        now: float,
        in_general: bool,
    ) -> bytes | _Refused | None:
        """
        Pass three, and four.
        """
        if not is_third_pass(self._device, established, request):
            return _Refused(request.TAG, Cause.NOT_ASSOCIATED)
        try:
            proof = prove(established, request, before)
        except DLMSError as error:
            reason = error.reason.value if isinstance(error, SecurityError) else "impossible"
            self._device.refused(established.served, reason)
            answer = self._seal(established, opened, proven(request, None), in_general)
            self._end()
            return answer
        established.authentication = None
        self._opened(established, now, opened.applied)
        return self._seal(established, opened, proven(request, proof), in_general)

    def _done(
        self, established: Established, opened: OpenedRequest, request: Apdu, now: float
    ) -> Apdu | None:
        """
        Do what a whole request asks for.
        """
        served, security = established.served, established.security
        caller = Caller(served, now, security.peer_title, opened.applied)
        access = ObjectAccess(self._device, caller, ciphered=security.ciphered)
        response: Apdu | None
        if served.short_names:
            response = ShortNames(self._device, access).answer(request)
        elif isinstance(request, AccessRequest):
            names = LogicalNames(access, established.conformance)
            response = access_response(names, request)
        else:
            response = LogicalNames(access, established.conformance).answer(request)
        self._demands = access.demands
        if access.acted:
            self._acted = caller
        return response

    # -- answers -------------------------------------------------------------------------------------------

    def _seal(
        self,
        established: Established,
        opened: OpenedRequest,
        response: Apdu,
        in_general: bool,
        is_step: bool = False,
    ) -> bytes:
        """
        @param is_step: Is C{response} a step of a transfer, which fits?

        @return: C{response}, or its first block, as it is sent.
        """
        security, blocks = established.security, self._blocks
        demands = self._demands
        if security.ciphered:
            demands |= established.served.answers
        if not is_step:
            blocks.max_send = self._room(established, opened.layers, demands, in_general)
            general = self._general is not None
            if not general or blocks.may_cut(response) or blocks.fits(response):
                response = blocks.respond(response)
        octets = security.seal(response.encode(), opened.layers, demands)
        self._went_out()
        return octets

    @staticmethod
    def _room(
        established: Established, layers: tuple[Layer, ...], demands: Policy, in_general: bool
    ) -> int:
        if in_general or not established.max_send:
            return 0
        return max(1, established.max_send - established.security.overhead(layers, demands))

    def _went_out(self) -> None:
        """
        An answer was made: when it is the last part of one to an ACTION, new keys hold.
        """
        caller = self._acted
        if caller is not None and not self._blocks.unfinished:
            self._acted = None
            self._device.answered(caller)

    def _send(self, established: Established, answer: bytes, now: float) -> list[bytes]:
        general = self._general
        if general is None or not established.max_send or len(answer) <= established.max_send:
            return [answer]
        general.begin()
        return self._perform(established, general.send(answer, now), now)

    def _block(self, established: Established, apdu: bytes, now: float) -> list[bytes]:
        """
        A block of general block transfer.
        """
        if self._general is None:
            return _sent(refusal(_BLOCK, Cause.NOT_NEGOTIATED))
        try:
            block = GeneralBlockTransfer.decode(apdu)
        except DecodeError:
            return _sent(refusal(_BLOCK, Cause.MALFORMED))
        sent = self._perform(established, self._general.receive(block, now), now)
        # A client that takes no blocks wants no answer.
        return sent if block.window else []

    def _perform(self, established: Established, events: list[Event], now: float) -> list[bytes]:
        sent = []
        for event in events:
            if isinstance(event, Transmit):
                sent.append(event.block.encode())
            elif isinstance(event, Delivered):
                general = self._general
                answer = self._treat(established, event.apdu, now, True)
                if answer is not None:
                    try:
                        more = [] if general is None else general.send(answer, now)
                    except LocalProtocolError:
                        more = []
                    sent += self._perform(established, more, now)
        return sent


def _sent(answer: bytes | None) -> list[bytes]:
    return [] if answer is None else [answer]


def _is_answered(request: Apdu) -> bool:
    if request.TAG in _MAY_BE_UNCONFIRMED:
        invoke: int = getattr(request, "invoke_id_and_priority", CONFIRMED)
        return bool(invoke & CONFIRMED)
    return request.TAG != _UNCONFIRMED_WRITE
