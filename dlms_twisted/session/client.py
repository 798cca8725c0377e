"""
The client's side of an association, without any input or output: octets and the time go in, events come out.

One request is under way at a time; others wait outside.  After each call take the events with L{ClientSession.events}.
"""

from __future__ import annotations

from typing import Final

from dlms_twisted.apdu.aare import AARE
from dlms_twisted.apdu.action import ActionRequestNormal, ActionResponseNormal
from dlms_twisted.apdu.base import Apdu
from dlms_twisted.apdu.conformance import Conformance
from dlms_twisted.apdu.descriptors import MethodDescriptor
from dlms_twisted.apdu.registry import decode
from dlms_twisted.apdu.release import RLRQ
from dlms_twisted.apdu.service_error import ConfirmedServiceError, ExceptionResponse
from dlms_twisted.apdu.short_name import ReadRequest, ReadResponse
from dlms_twisted.apdu.variable_access import ParameterizedAccess, ReadData
from dlms_twisted.codec import build
from dlms_twisted.codec.data import Data
from dlms_twisted.errors import (
    AssociationRejectedError,
    DLMSError,
    ExceptionResponseError,
    LocalProtocolError,
    Reason,
    RemoteProtocolError,
    RequestTimeoutError,
    SecurityError,
)
from dlms_twisted.security.hls import Authentication
from dlms_twisted.security.layers import is_protected
from dlms_twisted.session.association import AssociationSettings, aarq, initiate_request, judge
from dlms_twisted.session.blocks import (
    DEFAULT_BLOCK_LIMITS,
    BlockLimits,
    ClientBlocks,
    Received,
    client_blocks,
)
from dlms_twisted.session.client_events import (
    Answered,
    Associated,
    ClientEvent,
    Failed,
    Pushed,
    Released,
    SessionState,
    Transmit,
)
from dlms_twisted.session.client_security import ClientSecurity, NextCounter

__all__ = ["ClientSession"]

_AARE: Final = 0x61
#: Data-notification, event-notification, information-report.
_NOTIFICATIONS: Final = frozenset({0x0F, 0xC2, 0x18})
#: Association LN, C{reply_to_HLS_authentication}.
_REPLY: Final = MethodDescriptor(
    class_id=15, instance_id=bytes.fromhex("0000280000ff"), method_id=1
)
#: The same of Association SN.
_SHORT_REPLY: Final = 0xFA58
#: Invoke-id-and-priority: confirmed, high priority.
_CONFIRMED: Final = 0xC0


class ClientSession:
    """
    One association of a client.

    @ivar state: Where it stands.
    @ivar conformance: What was negotiated.
    @ivar deadline: When L{time_passed} is to be called; C{None} while nothing is awaited.
    @ivar strays: APDUs that nobody waited for: late answers, and what the peer made up.
    """

    def __init__(
        self,
        settings: AssociationSettings,
        next_counter: NextCounter,
        *,
        timeout: float = 10.0,
        limits: BlockLimits = DEFAULT_BLOCK_LIMITS,
    ) -> None:
        """
        @param next_counter: Gives invocation counters, never the same twice for the same key.
        @param timeout: Longest wait for each answer, in seconds; in a block transfer, for each block.
        @param limits: How much one answer may be.
        """
        self._settings = settings
        self._security = ClientSecurity(settings, next_counter)
        self._timeout = timeout
        self._limits = limits
        self._events: list[ClientEvent] = []
        self._challenge = b""
        self._authentication: Authentication | None = None
        self._exchange: ClientBlocks | None = None
        self._invoke_id = 0
        self._max_send = settings.max_send
        self.state = SessionState.IDLE
        self.conformance = Conformance(0)
        self.deadline: float | None = None
        self.strays = 0

    @property
    def peer_title(self) -> bytes:
        """
        The meter's system title; empty while it is not known.
        """
        return self._security.peer_title

    @property
    def short_names(self) -> bool:
        """
        Are attributes named by short names?
        """
        return self._settings.short_names

    def events(self) -> list[ClientEvent]:
        """
        @return: what happened since this was called last, in order.
        """
        events, self._events = self._events, []
        return events

    def invoke(self) -> int:
        """
        @return: the invoke-id-and-priority of the next request.
        """
        self._invoke_id = self._invoke_id % 15 + 1
        return _CONFIRMED | self._invoke_id

    # -- what we want --------------------------------------------------------------------------------------

    def associate(self, challenge: bytes, now: float) -> None:
        """
        @param challenge: CtoS, random, of L{dlms_twisted.security.hls.make_challenge}; empty for a mechanism that
            has none.

        @raise LocalProtocolError: there is an association, or one is under way.
        """
        self._want(SessionState.IDLE)
        if self._settings.pre_established:
            self.conformance = self._settings.proposed
            self._associated()
            return
        self._challenge = challenge
        self._security.dedicated = False
        initiate = self._security.seal_initiate(initiate_request(self._settings))
        self.state = SessionState.ASSOCIATING
        self._transmit(aarq(self._settings, challenge, initiate).encode(), now)

    def request(self, request: Apdu, now: float) -> None:
        """
        Send a confirmed request, in blocks where it is too long.

        @raise LocalProtocolError: there is no association, another request is under way, or this one is longer than
            the meter takes.
        """
        self._want(SessionState.ASSOCIATED)
        self._begin(request, now)

    def release(self, now: float) -> None:
        """
        End the association; meters that know no release are tolerated.

        @raise LocalProtocolError: there is no association, or a request is under way.
        """
        self._want(SessionState.ASSOCIATED)
        if self._settings.pre_established:
            self._released()
            return
        information = None
        if self._settings.ciphered:
            information = self._security.seal_initiate(initiate_request(self._settings))
        self.state = SessionState.RELEASING
        self._transmit(RLRQ(reason=0, user_information=information).encode(), now)

    def abandon(self) -> None:
        """
        Nobody waits for the answer any more: what still comes of it is dropped.
        """
        self._exchange = None
        self.deadline = None
        if self.state is not SessionState.ASSOCIATED:
            self.state = SessionState.IDLE

    # -- what comes ----------------------------------------------------------------------------------------

    def receive(self, octets: bytes, now: float) -> None:
        """
        Take an APDU.
        """
        try:
            self._receive(octets, now)
        except DLMSError as error:
            self._fail(error)

    def time_passed(self, now: float) -> None:
        """
        Take the time.
        """
        if self.deadline is None or now < self.deadline:
            return
        if self.state is SessionState.RELEASING:
            self._released()
        else:
            self._fail(RequestTimeoutError(f"no answer within {self._timeout:g} s"))

    def _receive(self, octets: bytes, now: float) -> None:
        if self.state is SessionState.RELEASING and octets[:1] and not self._is_push(octets):
            # RLRE, an exception response, anything: the meter has heard it.
            self._released()
            return
        if self.state is SessionState.ASSOCIATING:
            self._associating(octets, now)
            return
        protected = is_protected(octets)
        if not protected and self._is_push(octets):
            self._events.append(Pushed(octets, False))
            return
        if self._exchange is None and not protected:
            self.strays += 1
            return
        plaintext = self._security.open(octets)
        if self._is_push(plaintext):
            self._events.append(Pushed(plaintext, True))
            return
        self._answer(decode(plaintext), now)

    def _associating(self, octets: bytes, now: float) -> None:
        if self._is_push(octets):
            self._events.append(Pushed(octets, False))
        elif octets[:1] == bytes((_AARE,)):
            self._accepted(AARE.decode(octets), now)
        else:
            response = decode(octets)
            if isinstance(response, ExceptionResponse | ConfirmedServiceError):
                raise _refused(response)
            raise RemoteProtocolError(f"{response.NAME} instead of an association response")

    def _accepted(self, response: AARE, now: float) -> None:
        accepted = judge(self._settings, response, self._security.open_initiate)
        self.conformance = accepted.conformance
        self._max_send = accepted.max_send
        self._security.peer_title = accepted.peer_title
        if not accepted.challenge:
            self._associated()
            return
        authentication = self._security.authentication(self._challenge, accepted.challenge)
        counter = self._security.counter() if authentication.mechanism == 5 else 0
        proof = build.octet_string(authentication.answer(counter))
        self._authentication = authentication
        self.state = SessionState.AUTHENTICATING
        if self.short_names:
            access = ParameterizedAccess(variable_name=_SHORT_REPLY, selector=1, parameter=proof)
            self._begin(ReadRequest(variables=(access,)), now)
        else:
            self._begin(
                ActionRequestNormal(
                    invoke_id_and_priority=self.invoke(), method=_REPLY, parameters=proof
                ),
                now,
            )

    def _authenticated(self, response: Apdu) -> None:
        proof: object = None
        if isinstance(response, ActionResponseNormal):
            if not response.result.is_success:
                raise AssociationRejectedError(1, 13, f"authentication: {response.result.label}")
            proof = response.return_parameters
        elif isinstance(response, ReadResponse) and len(response.results) == 1:
            result = response.results[0]
            if not isinstance(result, ReadData):
                raise AssociationRejectedError(1, 13, "authentication: the meter refuses our proof")
            proof = result.data
        value = proof.values if isinstance(proof, Data) else None
        if self._authentication is None or not isinstance(value, bytes):
            raise SecurityError(Reason.MALFORMED, "the meter does not prove who it is")
        self._security.check(self._authentication, value)
        self._associated()

    def _answer(self, response: Apdu, now: float) -> None:
        exchange = self._exchange
        step = None if exchange is None else exchange.receive(response)
        if step is None:
            self.strays += 1
        elif not isinstance(step, Received):
            self._transmit(self._security.seal(step.apdu.encode()), now)
        else:
            if isinstance(step.apdu, ExceptionResponse | ConfirmedServiceError):
                raise _refused(step.apdu)
            if self.state is SessionState.AUTHENTICATING:
                self._authenticated(step.apdu)
                return
            self.abandon()
            self._events.append(Answered(step.apdu))

    # -- the rest ------------------------------------------------------------------------------------------

    def _want(self, state: SessionState) -> None:
        if self.state is not state:
            raise LocalProtocolError(f"{state} wanted, and the association is {self.state}")
        if self._exchange is not None:
            raise LocalProtocolError("a request is under way")

    def _begin(self, request: Apdu, now: float) -> None:
        most = max(1, self._max_send - self._security.overhead) if self._max_send else 0
        exchange = client_blocks(
            request,
            max_send=most,
            block_transfer=bool(self.conformance & _blocks(request)),
            limits=self._limits,
        )
        octets = self._security.seal(exchange.start().encode())
        self._exchange = exchange
        self._transmit(octets, now)

    def _transmit(self, octets: bytes, now: float) -> None:
        self.deadline = now + self._timeout
        self._events.append(Transmit(octets))

    def _associated(self) -> None:
        self._authentication = None
        self._exchange = None
        self.deadline = None
        self.state = SessionState.ASSOCIATED
        self._security.dedicated = (
            self._settings.ciphered and self._settings.keys.dedicated_key is not None
        )
        self._events.append(Associated())

    def _released(self) -> None:
        self.abandon()
        self.state = SessionState.IDLE
        self._events.append(Released())

    def _fail(self, error: DLMSError) -> None:
        if self.deadline is None:
            self.strays += 1
            return
        self.abandon()
        self._events.append(Failed(error))

    @staticmethod
    def _is_push(octets: bytes) -> bool:
        return bool(octets) and octets[0] in _NOTIFICATIONS


def _blocks(request: Apdu) -> Conformance:
    """
    @return: the bit that allows the request to go in blocks.
    """
    if request.NAME.startswith("action"):
        return Conformance.BLOCK_TRANSFER_WITH_ACTION
    if request.NAME.startswith(("set", "write")):
        return Conformance.BLOCK_TRANSFER_WITH_SET_OR_WRITE
    return Conformance.BLOCK_TRANSFER_WITH_GET_OR_READ


def _refused(response: ExceptionResponse | ConfirmedServiceError) -> ExceptionResponseError:
    form = response.to_json()
    if isinstance(response, ExceptionResponse):
        return ExceptionResponseError(
            int(response.state_error),
            int(response.service_error),
            f"{form['state_error']}, {form['service_error']}",
            response.invocation_counter,
        )
    return ExceptionResponseError(None, response.value, f"{form['error']}, {form['value']}")
