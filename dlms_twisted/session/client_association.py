"""
How a client's association comes and goes, without any input or output.

Source: IEC 62056-5-3, AARQ, AARE, RLRQ and RLRE; 02, sections 2 to 8.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from dlms_twisted.apdu.base import Apdu
from dlms_twisted.apdu.conformance import Conformance
from dlms_twisted.apdu.release import RLRQ
from dlms_twisted.errors import (
    DLMSError,
    LocalProtocolError,
)
from dlms_twisted.session.association import AssociationSettings, initiate_request
from dlms_twisted.session.block_parts import DEFAULT_BLOCK_LIMITS, BlockLimits
from dlms_twisted.session.client_events import (
    Associated,
    ClientEvent,
    Failed,
    Pushed,
    Released,
    SessionState,
    Transmit,
)
from dlms_twisted.session.client_exchange import Exchange
from dlms_twisted.session.client_handshake import Handshake
from dlms_twisted.session.client_options import ClientOptions
from dlms_twisted.session.client_quick import QuickExchanges
from dlms_twisted.session.client_security import ClientSecurity, NextCounter

__all__ = ["CONFIRMED", "ClientAssociation"]

#: Data-notification, event-notification, information-report.
_NOTIFICATIONS: Final = frozenset({0x0F, 0xC2, 0x18})
#: Invoke-id-and-priority: confirmed, high priority.
CONFIRMED: Final = 0xC0

#: Told of each ciphered APDU in clear, and of each that came in general blocks: C{out} or C{in}, and its octets.
Tap = Callable[[str, bytes], None]


def _nothing(direction: str, octets: bytes) -> None:
    """
    Nobody listens.
    """


class ClientAssociation:
    """
    The association of one client, without its requests: L{dlms_twisted.session.client.ClientSession} adds those.

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
        self._exchanges = QuickExchanges(
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
    def dedicated(self) -> bool:
        """
        Is the dedicated key in use?
        """
        return self._security.dedicated

    def events(self) -> list[ClientEvent]:
        """
        @return: what happened since this was called last, in order.
        """
        if not self._events:
            return []
        events = self._events.copy()
        self._events.clear()
        return events

    def invoke(self, now: float = 0.0) -> int:
        """
        @return: the invoke-id-and-priority of the next request.

        @raise LinkError: every one may still be answered.
        """
        return CONFIRMED | self._exchanges.invoke(now)

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

    def abandon(self) -> None:
        """
        The link is gone, or goes: nobody waits for anything any more.
        """
        self._exchanges.clear()
        self._deadline = None
        if self.state is not SessionState.ASSOCIATED:
            self.state = SessionState.IDLE

    def _finished(self, exchange: Exchange, result: Apdu | DLMSError) -> None:
        """
        A request has come to its end.
        """
        raise NotImplementedError

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

    def _releasing(self, octets: bytes) -> None:
        if self._is_push(octets):
            self._events.append(Pushed(octets, False))
        elif octets:
            # RLRE, an exception response, anything: the meter has heard it.
            self._released()

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
