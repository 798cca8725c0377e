"""
The client's side of an association, without any input or output: octets and the time go in, events come out.

Requests are under way one at a time, or several where that is chosen; others wait outside.  After each call take the
events with L{ClientSession.events}.

What giving up leaves behind:

  - Before the association stands: nothing that could be used.  The link must be closed.
  - A request: its answer is dropped when it comes, by its invoke-id, which is not used again before.
  - A request in blocks: the transfer is abandoned; the next request ends it at the meter, too.
  - With short names, which have no invoke-id: L{Broken}; the link must be closed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from dlms_twisted.apdu.base import Apdu
from dlms_twisted.apdu.conformance import Conformance
from dlms_twisted.apdu.registry import decode
from dlms_twisted.apdu.release import RLRQ
from dlms_twisted.errors import (
    DLMSError,
    LocalProtocolError,
    Reason,
    RequestTimeoutError,
    SecurityError,
)
from dlms_twisted.security.layers import is_protected
from dlms_twisted.session.association import AssociationSettings, initiate_request
from dlms_twisted.session.block_parts import DEFAULT_BLOCK_LIMITS, BlockLimits
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
from dlms_twisted.session.client_exchange import Exchange
from dlms_twisted.session.client_exchanges import Exchanges
from dlms_twisted.session.client_handshake import Handshake
from dlms_twisted.session.client_options import ClientOptions
from dlms_twisted.session.client_security import ClientSecurity, NextCounter

__all__ = ["ClientSession"]

#: Data-notification, event-notification, information-report.
_NOTIFICATIONS: Final = frozenset({0x0F, 0xC2, 0x18})
#: Invoke-id-and-priority: confirmed, high priority.
_CONFIRMED: Final = 0xC0

#: Told of each ciphered APDU in clear: C{out} or C{in}, and its octets.
Tap = Callable[[str, bytes], None]


def _nothing(direction: str, octets: bytes) -> None:
    """
    Nobody listens.
    """


class ClientSession:
    """
    One association of a client.

    @ivar state: Where it stands.
    @ivar conformance: What was negotiated.
    @ivar strays: APDUs that nobody waited for: late answers, and what the peer made up.
    """

    def __init__(
        self,
        settings: AssociationSettings,
        next_counter: NextCounter,
        *,
        timeout: float = 10.0,
        limits: BlockLimits = DEFAULT_BLOCK_LIMITS,
        options: ClientOptions | None = None,
        random: Callable[[int], bytes] | None = None,
        tap: Tap = _nothing,
    ) -> None:
        """
        @param next_counter: Gives invocation counters, never the same twice for the same key.
        @param timeout: Longest wait for each answer, in seconds; in a block transfer, for each block.
        @param limits: How much one answer may be.
        @param options: The same and more, instead of C{timeout} and C{limits}.
        @param random: Gives so many random octets, where the protection wants some.
        @param tap: Told of ciphered APDUs in clear.
        """
        self._settings = settings
        self._options = options or ClientOptions(timeout=timeout, limits=limits)
        self._security = ClientSecurity(settings, next_counter, random)
        self._tap = tap
        self._events: list[ClientEvent] = []
        self._handshake: Handshake | None = None
        self._deadline: float | None = None
        self._exchanges = Exchanges(
            self._options,
            short_names=settings.short_names,
            seal=self._seal,
            emit=self._events.append,
            finish=self._finished,
        )
        self.state = SessionState.IDLE
        self.conformance = Conformance(0)
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

    @property
    def ciphered(self) -> bool:
        """
        Are requests protected?
        """
        return self._settings.ciphered

    @property
    def deadline(self) -> float | None:
        """
        When L{time_passed} is to be called; C{None} while nothing is awaited.
        """
        return self._exchanges.deadline if self._deadline is None else self._deadline

    @property
    def room(self) -> int:
        """
        The longest request, in octets and in clear, that goes in one piece; 0 for no limit.
        """
        return self._exchanges.room

    @property
    def free(self) -> bool:
        """
        May another request begin?
        """
        return self.state is SessionState.ASSOCIATED and self._exchanges.free

    @property
    def idle(self) -> bool:
        """
        Is nothing under way?
        """
        return self._exchanges.idle and self._deadline is None

    def events(self) -> list[ClientEvent]:
        """
        @return: what happened since this was called last, in order.
        """
        events = self._events.copy()
        self._events.clear()
        return events

    def invoke(self, now: float = 0.0) -> int:
        """
        @return: the invoke-id-and-priority of the next request.

        @raise LinkError: every one may still be answered.
        """
        return _CONFIRMED | self._exchanges.invoke(now)

    def long_invoke(self, now: float = 0.0) -> int:
        """
        @return: the long invoke-id-and-priority of the next request by ACCESS.

        @raise LinkError: as L{invoke}.
        """
        return _CONFIRMED << 24 | self._exchanges.invoke(now, long=True)

    # -- what we want --------------------------------------------------------------------------------------

    def associate(self, challenge: bytes, now: float) -> None:
        """
        @param challenge: CtoS, random, of L{dlms_twisted.security.hls.make_challenge}; empty for a mechanism that
            has none.

        @raise LocalProtocolError: there is an association, or one is under way.
        @raise SecurityError: a key is missing.
        """
        self._want(SessionState.IDLE)
        if self._settings.pre_established:
            self.conformance = self._settings.proposed
            self._agreed(self._settings.max_send)
            self._associated()
            return
        self._handshake = Handshake(self._settings, self._security, challenge)
        octets = self._handshake.request()
        self.state = SessionState.ASSOCIATING
        self._deadline = now + self._options.timeout
        self._events.append(Transmit(octets))

    def request(self, request: Apdu, now: float, *, repeatable: bool | None = None) -> Exchange:
        """
        Send a confirmed request, in blocks where it is too long.

        @param repeatable: May it be made twice, should an answer be lost?  C{None} for what only reads.

        @return: the name of the request in events.

        @raise LocalProtocolError: there is no association, too many requests are under way, or this one is longer
            than the meter takes.
        """
        if self.state is not SessionState.ASSOCIATED:
            self._want(SessionState.ASSOCIATED)
        return self._exchanges.begin(request, now, repeatable=repeatable)

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
        octets = RLRQ(reason=0, user_information=information).encode()
        self.state = SessionState.RELEASING
        self._deadline = now + self._options.timeout
        self._events.append(Transmit(octets))

    def give_up(self, exchange: Exchange, now: float) -> None:
        """
        Nobody waits for the answer any more.
        """
        self._exchanges.give_up(exchange, now)

    def abandon(self) -> None:
        """
        The link is gone, or goes: nobody waits for anything any more.
        """
        self._exchanges.clear()
        self._deadline = None
        if self.state is not SessionState.ASSOCIATED:
            self.state = SessionState.IDLE

    # -- what comes ----------------------------------------------------------------------------------------

    def receive(self, octets: bytes, now: float) -> None:
        """
        Take an APDU.
        """
        try:
            if self.state is SessionState.RELEASING:
                self._releasing(octets)
            elif self.state is SessionState.ASSOCIATING:
                self._associating(octets, now)
            else:
                self._receive(octets, now)
        except DLMSError as error:
            self._refuse(error, now)

    def time_passed(self, now: float) -> None:
        """
        Take the time.
        """
        if self._deadline is None:
            self._exchanges.time_passed(now)
        elif now < self._deadline:
            return
        elif self.state is SessionState.RELEASING:
            self._released()
        else:
            self._fail(RequestTimeoutError(f"no answer within {self._options.timeout:g} s"))

    def _receive(self, octets: bytes, now: float) -> None:
        if octets[:1] == b"\xe0":
            whole = self._block(octets, now)
            if whole is None:
                return
            octets = whole
        protected = is_protected(octets)
        if not protected:
            if self._is_push(octets):
                self._events.append(Pushed(octets, False))
                return
            if self._exchanges.idle:
                self.strays += 1
                return
        plaintext = self._security.open(octets)
        if protected:
            self._tap("in", plaintext)
        if self._is_push(plaintext):
            self._events.append(Pushed(plaintext, True))
        elif not self._exchanges.receive(decode(plaintext), now):
            self.strays += 1

    def _block(self, octets: bytes, now: float) -> bytes | None:
        if not self._exchanges.idle and self._exchanges.general:
            return self._exchanges.block(octets, now)
        if len(octets) > 1 and not octets[1] & 0x3F:
            # Blocks that nobody acknowledges hold a notification; who listens puts them together.
            self._events.append(Pushed(octets, False))
        else:
            self.strays += 1
        return None

    def _releasing(self, octets: bytes) -> None:
        if self._is_push(octets):
            self._events.append(Pushed(octets, False))
        elif octets:
            # RLRE, an exception response, anything: the meter has heard it.
            self._released()

    def _associating(self, octets: bytes, now: float) -> None:
        if self._is_push(octets):
            self._events.append(Pushed(octets, False))
            return
        handshake = self._handshake
        if handshake is None:
            raise LocalProtocolError("nobody associates")
        accepted = handshake.accepted(octets)
        self.conformance = accepted.conformance
        self._agreed(accepted.max_send)
        proof = handshake.proof(lambda: self.invoke(now))
        if proof is None:
            self._associated()
            return
        self._deadline = None
        self.state = SessionState.AUTHENTICATING
        self._exchanges.begin(proof, now)

    def _finished(self, exchange: Exchange, result: Apdu | DLMSError) -> None:
        """
        A request has come to its end.
        """
        if self.state is SessionState.AUTHENTICATING:
            if isinstance(result, DLMSError):
                self._fail(result)
            elif self._handshake is not None:
                try:
                    self._handshake.check(result)
                except DLMSError as error:
                    self._fail(error)
                else:
                    self._associated()
        elif isinstance(result, DLMSError):
            self._events.append(Failed(result, exchange))
        else:
            self._events.append(Answered(result, exchange))

    def _refuse(self, error: DLMSError, now: float) -> None:
        """
        What came is no good.
        """
        if self._deadline is not None:
            if not self._options.lossy or self.state is SessionState.RELEASING:
                self._fail(error)
            else:
                self.strays += 1
            return
        again = isinstance(error, SecurityError) and error.reason is Reason.REPLAY
        fatal = not (self._options.lossy or again)
        if not self._exchanges.blame(error, now, fatal=fatal) or not fatal:
            self.strays += 1

    # -- the rest ------------------------------------------------------------------------------------------

    def _want(self, state: SessionState) -> None:
        if self.state is not state:
            raise LocalProtocolError(f"{state} wanted, and the association is {self.state}")
        if not self._exchanges.idle:
            raise LocalProtocolError("a request is under way")

    def _seal(self, plaintext: bytes) -> bytes:
        if self._settings.ciphered:
            self._tap("out", plaintext)
        return self._security.seal(plaintext)

    def _agreed(self, max_send: int) -> None:
        self._exchanges.agreed(self.conformance, max_send, self._security.overhead)

    def _associated(self) -> None:
        self._handshake = None
        self._deadline = None
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
        """
        The association did not come about.
        """
        self.abandon()
        self._handshake = None
        self._events.append(Failed(error))

    @staticmethod
    def _is_push(octets: bytes) -> bool:
        return bool(octets) and octets[0] in _NOTIFICATIONS
