"""
Requests of one association on the server's side: each is opened, judged, done, and its answer sealed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from attrs import define, field

from dlms_twisted.apdu.access import AccessRequest
from dlms_twisted.apdu.action import ActionRequestWithPBlock
from dlms_twisted.apdu.base import Apdu
from dlms_twisted.apdu.conformance import Conformance
from dlms_twisted.apdu.data_notification import DataNotificationConfirm
from dlms_twisted.apdu.descriptors import CONFIRMED
from dlms_twisted.apdu.get import GetResponseNormal
from dlms_twisted.apdu.registry import decode
from dlms_twisted.errors import DecodeError, DLMSError, LocalProtocolError, Reason, SecurityError
from dlms_twisted.security.policy import Policy
from dlms_twisted.security.window import ReplayWindow
from dlms_twisted.session.blocks import Received, ServerBlocks
from dlms_twisted.session.served import Caller, ServedAssociation, ServedDevice
from dlms_twisted.session.server_access import access_response
from dlms_twisted.session.server_authentication import is_third_pass, prove, proven
from dlms_twisted.session.server_dispatch import LogicalNames, is_plain_get
from dlms_twisted.session.server_negotiation import Established
from dlms_twisted.session.server_policy import ObjectAccess
from dlms_twisted.session.server_refusals import (
    SERVICES,
    UNANSWERED,
    Cause,
    is_negotiated,
    refusal,
)
from dlms_twisted.session.server_release import release
from dlms_twisted.session.server_security import OpenedRequest
from dlms_twisted.session.server_short_names import ShortNames

__all__ = ["ServerExchange"]

_RLRQ: Final = 0x62
_CONFIRM: Final = 0x10
_UNCONFIRMED_WRITE: Final = 0x16
#: Services with an octet that says whether an answer is wanted: SET and ACTION.
_MAY_BE_UNCONFIRMED: Final = frozenset({0xC1, 0xC3})
#: What carries a client's proof, with logical names and with short ones.
_THIRD_PASS: Final = frozenset({0xC3, 0x05, 0x06})
_LONGEST: Final = 0xFFFF


class _Refused(NamedTuple):
    """
    @ivar tag: First octet of the request, without protection where it could be removed.
    """

    tag: int
    cause: Cause


class _Request(NamedTuple):
    """
    @ivar opened: What came, without its protection.
    @ivar in_general: Did it come by general block transfer?
    @ivar before: The client's counters before it, while a proof is awaited.
    """

    opened: OpenedRequest
    now: float
    in_general: bool
    before: ReplayWindow | None


@define
class ServerExchange:
    """
    One association, from the AARE to its end.

    @ivar established: What was agreed.
    @ivar blocks: The transfer under way.
    @ivar opened: Is called when the client has proved who it is, with the time and the protection of its proof.
    @ivar over: Is called when the association has ended.
    @ivar heard: Is told of confirmations of notifications.
    @ivar has_general: Was general block transfer negotiated?
    """

    device: ServedDevice
    established: Established
    blocks: ServerBlocks
    opened: Callable[[float, Policy], None]
    over: Callable[[], None]
    heard: Callable[[DataNotificationConfirm], None] | None
    has_general: bool
    _demands: Policy = field(default=Policy.NONE, init=False)
    _acted: Caller | None = field(default=None, init=False)

    def get(self, apdu: bytes, now: float) -> bytes:
        """
        Answer the request that comes most often, in a context without ciphering.

        @param apdu: One for which L{is_plain_get} holds.
        """
        established = self.established
        served = self._current()
        if not _demands_nothing(served):
            return self.treat(apdu, now, False) or b""
        caller = established.caller(now, Policy.NONE)
        self.blocks.interrupt()
        access = ObjectAccess(self.device, caller, ciphered=False)
        octets = LogicalNames(access, established.conformance).read_plainly(apdu)
        if len(octets) <= (established.max_send or _LONGEST):
            return octets
        opened = OpenedRequest(apdu, (), Policy.NONE)
        return self._seal(_Request(opened, now, False, None), GetResponseNormal.decode(octets))

    def _current(self) -> ServedAssociation:
        """
        What holds now: a policy may have been activated since we associated.
        """
        established = self.established
        served = self.device.association(established.served.client)
        if served is not None:
            established.served = served
        return established.served

    def treat(self, octets: bytes, now: float, in_general: bool) -> bytes | None:
        """
        @param octets: Any octets but none at all.
        @param in_general: Did they come by general block transfer?

        @return: the answer as it is sent; C{None} for silence.
        """
        answer: bytes | _Refused | None
        try:
            answer = self._answer(octets, now, in_general)
        except DecodeError:
            answer = _Refused(octets[0], Cause.MALFORMED)
        except DLMSError:
            answer = _Refused(octets[0], Cause.IMPOSSIBLE)
        return refusal(answer.tag, answer.cause) if isinstance(answer, _Refused) else answer

    def _answer(self, octets: bytes, now: float, in_general: bool) -> bytes | _Refused | None:
        established = self.established
        security = established.security
        served = self._current()
        if octets[0] == _RLRQ:
            released = release(self.device, established, octets)
            if released.is_over:
                self.over()
            return released.response
        pending = established.authentication is not None
        before = security.snapshot() if pending else None
        try:
            demands = served.policy if security.ciphered else served.demands
            opened = security.open(octets, demands)
        except SecurityError as error:
            self.device.refused(served, error.reason.value)
            if error.reason is Reason.REPLAY:
                return refusal(octets[0], Cause.COUNTER, security.expected_counter)
            return _Refused(octets[0], Cause.DECIPHERING)
        tag = opened.plaintext[0] if opened.plaintext else 0
        if tag in UNANSWERED and tag != _UNCONFIRMED_WRITE:
            if tag == _CONFIRM and self.heard is not None:
                self.heard(DataNotificationConfirm.decode(opened.plaintext))
            return None
        if tag not in SERVICES:
            return _Refused(tag, Cause.UNKNOWN)
        if pending and tag not in _THIRD_PASS:
            return _Refused(tag, Cause.NOT_ASSOCIATED)
        return self._service(_Request(opened, now, in_general, before))

    def _service(self, came: _Request) -> bytes | _Refused | None:
        established = self.established
        tag = came.opened.plaintext[0]
        pending = established.authentication is not None
        plain = is_plain_get(came.opened.plaintext) and not pending and established.confirmed
        if plain and established.conformance & Conformance.GET:
            return self._read_sealed(came)
        try:
            request = decode(came.opened.plaintext)
        except DecodeError:
            return _Refused(tag, Cause.MALFORMED)
        wanted = _is_answered(request)
        if not pending and not is_negotiated(request, established.conformance):
            return _Refused(tag, Cause.NOT_NEGOTIATED) if wanted else None
        if wanted and not established.confirmed:
            return _Refused(tag, Cause.NOT_ASSOCIATED)
        if pending and not self._may_prove(request):
            return _Refused(tag, Cause.NOT_ASSOCIATED)
        step = self.blocks.receive(request)
        if not isinstance(step, Received):
            return self._seal(came, step.apdu, is_step=True) if wanted else None
        if pending:
            return self._prove(came, step.apdu)
        response = self._done(came, step.apdu)
        if response is None:
            self._went_out()
            return None
        return self._seal(came, response)

    def _read_sealed(self, came: _Request) -> bytes:
        """
        The request that comes most often, in a context with ciphering.
        """
        established, opened = self.established, came.opened
        served, security = established.served, established.security
        caller = established.caller(came.now, opened.applied)
        access = ObjectAccess(self.device, caller, ciphered=security.ciphered)
        self.blocks.interrupt()
        octets = LogicalNames(access, established.conformance).read_plainly(opened.plaintext)
        self._demands = access.demands
        demands = access.demands | served.answers if security.ciphered else Policy.NONE
        most = established.max_send
        if most and len(octets) + security.overhead(opened.layers, demands) > most:
            return self._seal(came, GetResponseNormal.decode(octets))
        return security.seal(octets, opened.layers, demands)

    def _may_prove(self, request: Apdu) -> bool:
        """
        Is the request a client's proof, or a part of it?
        """
        if isinstance(request, ActionRequestWithPBlock):
            return self.blocks.joining
        return is_third_pass(self.device, self.established, request)

    def _prove(self, came: _Request, request: Apdu) -> bytes | _Refused | None:
        """
        Pass three, and four.
        """
        established = self.established
        try:
            proof = prove(established, request, came.before)
        except DLMSError as error:
            reason = error.reason.value if isinstance(error, SecurityError) else "impossible"
            self.device.refused(established.served, reason)
            try:
                return self._seal(came, proven(request, None))
            finally:
                self.over()
        established.authentication = None
        self.opened(came.now, came.opened.applied)
        return self._seal(came, proven(request, proof))

    def _done(self, came: _Request, request: Apdu) -> Apdu | None:
        """
        Do what a whole request asks for.
        """
        served, security = self.established.served, self.established.security
        caller = self.established.caller(came.now, came.opened.applied)
        most = self.blocks.limits.octets
        access = ObjectAccess(self.device, caller, ciphered=security.ciphered, most=most)
        names = LogicalNames(access, self.established.conformance)
        response: Apdu | None
        if served.short_names:
            response = ShortNames(self.device, access).answer(request)
        elif isinstance(request, AccessRequest):
            response = access_response(names, request)
        else:
            response = names.answer(request)
        self._demands = access.demands
        if access.acted:
            self._acted = caller
        return response

    def _seal(self, came: _Request, response: Apdu, *, is_step: bool = False) -> bytes:
        """
        @param is_step: Is C{response} a step of a transfer, which fits?

        @return: C{response}, or its first block, as it is sent; "pdu-too-long" where it knows no blocks.
        """
        security, blocks, layers = self.established.security, self.blocks, came.opened.layers
        demands = self._demands
        if security.ciphered:
            demands |= self.established.served.answers
        if not is_step:
            most = 0 if came.in_general else self.established.max_send
            if most:
                most = max(1, most - security.overhead(layers, demands))
            blocks.max_send = most
            if not self.has_general or blocks.fits(response) or blocks.may_cut(response):
                try:
                    response = blocks.respond(response)
                except LocalProtocolError:
                    self._went_out()
                    return refusal(response.TAG, Cause.TOO_LONG) or b""
        octets = security.seal(response.encode(), layers, demands)
        self._went_out()
        return octets

    def _went_out(self) -> None:
        """
        An answer was made: when it is the last part of one to an ACTION, new keys hold.
        """
        caller = self._acted
        if caller is not None and not self.blocks.unfinished:
            self._acted = None
            self.device.answered(caller)


def _demands_nothing(served: ServedAssociation) -> bool:
    # Nearly always these are the constant; to compare two policies takes longer than all the rest.
    if served.policy is Policy.NONE and served.answers is Policy.NONE:
        return True
    return served.demands == Policy.NONE


def _is_answered(request: Apdu) -> bool:
    if request.TAG in _MAY_BE_UNCONFIRMED:
        invoke: int = getattr(request, "invoke_id_and_priority", CONFIRMED)
        return bool(invoke & CONFIRMED)
    return request.TAG != _UNCONFIRMED_WRITE
