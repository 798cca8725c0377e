"""
The server's side of an association, without any input or output: APDUs and the time go in, APDUs come out.

A session is one client's on one connection, named by its address.  Any octets give answers or silence, never an
exception; what each request gets is in L{dlms_twisted.session.server_refusals} and, for the objects, in
L{dlms_twisted.session.server_policy}.  What the standard leaves open:

  - general protection is taken whether or not it was negotiated: a message stands for itself;
  - a ciphered request in a context without ciphering is a "deciphering-error";
  - a long answer goes in the blocks of its service where they were negotiated, else by general block transfer, and
    where neither was it is "data-block-unavailable";
  - in an unconfirmed association confirmed services are "service-not-allowed";
  - an abort (ABRT) is passed over, as anybody can send one.

Source: IEC 62056-5-3; 02, section 9; 03, section 14.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Final

from dlms_twisted.apdu.block_transfer import GeneralBlockTransfer
from dlms_twisted.apdu.conformance import Conformance
from dlms_twisted.apdu.data_notification import DataNotificationConfirm
from dlms_twisted.errors import DecodeError, DLMSError, LocalProtocolError
from dlms_twisted.security.policy import Policy
from dlms_twisted.session.blocks import DEFAULT_BLOCK_LIMITS, BlockLimits, ServerBlocks
from dlms_twisted.session.general_blocks import Delivered, Event, GeneralBlocks, Transmit
from dlms_twisted.session.served import ServedDevice
from dlms_twisted.session.server_association import associate
from dlms_twisted.session.server_dispatch import is_plain_get
from dlms_twisted.session.server_exchange import ServerExchange
from dlms_twisted.session.server_negotiation import Established, established_before
from dlms_twisted.session.server_refusals import Cause, is_known, refusal

__all__ = ["ServerSession", "ServerState"]

_AARQ: Final = 0x60
_BLOCK: Final = 0xE0
_LONGEST: Final = 0xFFFF


class ServerState(StrEnum):
    """
    Where an association stands.
    """

    IDLE = "idle"
    #: The client must still prove who it is.
    AUTHENTICATING = "authenticating"
    ASSOCIATED = "associated"


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
        self._exchange: ServerExchange | None = None
        self._general: GeneralBlocks | None = None
        self._until: float | None = None
        #: The same as C{_exchange} where requests in clear to read one attribute need no look at how they come.
        self._quick: ServerExchange | None = None
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
        exchange = self._exchange
        return Conformance(0) if exchange is None else exchange.established.conformance

    # -- what comes ----------------------------------------------------------------------------------------

    def receive(self, apdu: bytes, now: float) -> list[bytes]:
        """
        Take an APDU.

        @param apdu: Any octets.
        @param now: Seconds on any clock that never goes back.

        @return: the APDUs to send, in their order; none for silence.
        """
        if not apdu:
            return []
        tag = apdu[0]
        quick = self._quick
        if quick is not None and is_plain_get(apdu):
            self._begin_general()
            return self._send(quick.get(apdu, now), now)
        if self._until is not None and now >= self._until:
            self._expire()
        if tag == _AARQ:
            return self._associate(apdu, now)
        exchange = self._exchange or self._before(now)
        if exchange is None:
            cause = Cause.NOT_ASSOCIATED if is_known(apdu) else Cause.UNKNOWN
            return _sent(refusal(tag, cause))
        most = exchange.established.served.max_receive
        if most and len(apdu) > most:
            return _sent(refusal(tag, Cause.TOO_LONG))
        if tag == _BLOCK:
            return self._block(exchange, apdu, now)
        self._begin_general()
        answer = exchange.treat(apdu, now, False)
        return [] if answer is None else self._send(answer, now)

    def time_passed(self, now: float) -> list[bytes]:
        """
        Take the time.

        @return: the APDUs to send.
        """
        if self._until is not None and now >= self._until:
            self._expire()
        if self._general is None or self._exchange is None:
            return []
        return self._perform(self._exchange, self._general, self._general.time_passed(now), now)

    def lost(self) -> None:
        """
        The link is gone, and the association with it.
        """
        self._end()

    def push(self, apdu: bytes) -> bytes:
        """
        Protect a notification as this association demands of requests and of answers.

        @param apdu: DataNotification, EventNotification or InformationReport.

        @return: what is sent.

        @raise LocalProtocolError: there is no association.
        @raise SecurityError: a key is missing.
        """
        if self._exchange is None or self.state is not ServerState.ASSOCIATED:
            raise LocalProtocolError("there is no association")
        established = self._exchange.established
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

    def _before(self, now: float) -> ServerExchange | None:
        """
        @return: an association that needs no AARQ.
        """
        served = self._device.association(self._client)
        if served is None or not served.pre_established:
            return None
        return self._begin(established_before(self._device, served, self._random), now)

    def _begin(self, established: Established, now: float) -> ServerExchange:
        served, conformance = established.served, established.conformance
        if conformance & Conformance.GENERAL_BLOCK_TRANSFER:
            self._general = GeneralBlocks(
                requester=False,
                max_send=established.max_send or _LONGEST,
                window=served.window,
                timeout=self._general_timeout,
                limits=self._limits,
            )
        blocks = ServerBlocks(
            get=bool(conformance & Conformance.BLOCK_TRANSFER_WITH_GET_OR_READ),
            action=bool(conformance & Conformance.BLOCK_TRANSFER_WITH_ACTION),
            limits=self._limits,
        )
        exchange = ServerExchange(
            device=self._device,
            established=established,
            blocks=blocks,
            opened=self._opened,
            over=self._end,
            heard=self._confirmed,
            has_general=self._general is not None,
        )
        self._exchange = exchange
        if established.authentication is not None:
            self.state = ServerState.AUTHENTICATING
            self._until = now + served.authentication_timeout
        else:
            self._opened(now, Policy.NONE)
        return exchange

    def _opened(self, now: float, applied: Policy) -> None:
        exchange = self._exchange
        if exchange is None:
            return
        established = exchange.established
        served, security = established.served, established.security
        self.state = ServerState.ASSOCIATED
        self._until = None
        short = established.confirmed and not security.ciphered
        if short and established.conformance & Conformance.GET:
            self._quick = exchange
        self._device.associated(served, established.caller(now, applied))

    def _expire(self) -> None:
        if self._exchange is not None:
            self._device.refused(self._exchange.established.served, "timeout")
        self._end()

    def _end(self) -> None:
        exchange, was = self._exchange, self.state
        self._exchange = self._quick = self._until = self._general = None
        self.state = ServerState.IDLE
        if exchange is not None and was is ServerState.ASSOCIATED:
            self._device.released(exchange.established.served)

    # -- general block transfer ----------------------------------------------------------------------------

    def _begin_general(self) -> None:
        """
        A request came in one piece: what was under way in blocks is over.
        """
        if self._general is not None and self._general.active:
            self._general.begin()

    def _send(self, answer: bytes, now: float) -> list[bytes]:
        """
        @return: an answer to a request that came in one piece, in blocks where it is too long.
        """
        general, exchange = self._general, self._exchange
        if general is None or exchange is None:
            return [answer]
        most = exchange.established.max_send
        if not most or len(answer) <= most:
            return [answer]
        general.begin()
        try:
            events = general.send(answer, now)
        except LocalProtocolError:
            return _sent(refusal(answer[0], Cause.TOO_LONG))
        return self._perform(exchange, general, events, now)

    def _block(self, exchange: ServerExchange, apdu: bytes, now: float) -> list[bytes]:
        if self._general is None:
            return _sent(refusal(_BLOCK, Cause.NOT_NEGOTIATED))
        try:
            block = GeneralBlockTransfer.decode(apdu)
        except DecodeError:
            return _sent(refusal(_BLOCK, Cause.MALFORMED))
        general = self._general
        events = general.receive(block, now)
        if block.block_data and not block.window:
            # Who takes no blocks wants no acknowledgement; an answer is wanted where the request is one that has one.
            events = [one for one in events if not isinstance(one, Transmit)]
        return self._perform(exchange, general, events, now)

    def _perform(
        self, exchange: ServerExchange, general: GeneralBlocks, events: list[Event], now: float
    ) -> list[bytes]:
        sent = []
        for event in events:
            if isinstance(event, Transmit):
                sent.append(event.block.encode())
            elif isinstance(event, Delivered):
                answer = exchange.treat(event.apdu, now, True)
                if answer is None:
                    continue
                try:
                    more = general.send(answer, now)
                except LocalProtocolError:
                    continue
                sent += self._perform(exchange, general, more, now)
        return sent


def _sent(answer: bytes | None) -> list[bytes]:
    return [] if answer is None else [answer]
