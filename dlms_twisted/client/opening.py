"""
One association: the link, and what opens it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from twisted.internet.defer import CancelledError, Deferred, maybeDeferred
from twisted.internet.defer import TimeoutError as DeferredTimeout
from twisted.internet.endpoints import clientFromString
from twisted.internet.interfaces import IProtocol, IStreamClientEndpoint
from twisted.internet.protocol import Factory, connectionDone
from twisted.python.failure import Failure

from dlms_twisted.client.conversation import Conversation
from dlms_twisted.client.meter import Meter
from dlms_twisted.client.settings import MeterSettings
from dlms_twisted.client.tapping import TapFactory
from dlms_twisted.errors import ConfigurationError, DLMSError, LinkError
from dlms_twisted.link.hdlc.address import encode_address
from dlms_twisted.link.hdlc.events import Timing
from dlms_twisted.link.hdlc.parameters import Parameters
from dlms_twisted.link.mode_e import SignOn
from dlms_twisted.link.wrapper import encode_frame
from dlms_twisted.transport.datagram_channel import DatagramChannel, UDPTarget
from dlms_twisted.transport.hdlc_protocol import HDLCLineProtocol
from dlms_twisted.transport.sign_on import SignOnEndpoint
from dlms_twisted.transport.wrapper_protocol import WrapperChannel

__all__ = ["check", "open_meter"]

Closer = Callable[[], Awaitable[None]]

#: What we can take in one HDLC frame, and at once; the meter answers with what it can.
_HDLC: Parameters = Parameters(
    transmit_length=2030, receive_length=2030, transmit_window=1, receive_window=7
)
#: Tries of one HDLC command within the deadline of a request.
_TRIES = 3


def check(reactor: Any, where: str | IStreamClientEndpoint) -> None:
    """
    @raise ConfigurationError: C{where} is no description.
    """
    if isinstance(where, str) and where.startswith("udp:"):
        UDPTarget.parse(where)
    else:
        _endpoint(reactor, where)


async def open_meter(
    reactor: Any, where: str | IStreamClientEndpoint, settings: MeterSettings
) -> Meter:
    """
    Connect and associate, once.

    @raise ConfigurationError: C{where} is no description.
    @raise DLMSError: the meter is not reached, or refuses.
    """
    if isinstance(where, str) and where.startswith("udp:"):
        return await _datagrams(reactor, UDPTarget.parse(where), settings)
    framing = settings.framing
    if framing is None:
        serial = isinstance(where, str) and where.startswith("serial:")
        framing = "hdlc" if serial else "wrapper"
    endpoint = _endpoint(reactor, where)
    if settings.mode_e:
        endpoint = SignOnEndpoint(
            reactor,
            endpoint,
            lambda: SignOn(
                address=settings.mode_e_address,
                protocol=settings.mode_e_protocol,
                # Who wants another protocol knows the meter better than its offer.
                insist=settings.mode_e_protocol == "2",
            ),
        )
    return await _stream(reactor, endpoint, framing, settings)


def _endpoint(reactor: Any, where: str | IStreamClientEndpoint) -> IStreamClientEndpoint:
    if not isinstance(where, str):
        return where
    try:
        endpoint: IStreamClientEndpoint = clientFromString(reactor, where)
    except (ValueError, TypeError, KeyError) as error:
        raise ConfigurationError(f"{where!r} is no endpoint: {error}") from None
    return endpoint


class _Factory(Factory):
    noisy = False

    def __init__(self, protocol: Any) -> None:
        self._protocol = protocol

    def buildProtocol(self, addr: Any) -> Any:
        return self._protocol


class _Line(HDLCLineProtocol):
    """
    A line that says when it is closed.
    """

    def __init__(self, reactor: Any) -> None:
        super().__init__(reactor)
        self.closed: Deferred[None] = Deferred()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        super().connectionLost(reason)
        self.closed.callback(None)


class _TappedDatagrams(DatagramChannel):
    """
    Datagrams with a listener.
    """

    _receiver: Conversation

    def send(self, apdu: bytes, *, answer: bool = True) -> None:
        """
        See L{dlms_twisted.transport.channel.Channel.send}.
        """
        self._receiver.frame("out", encode_frame(self._client, self._server, apdu))
        super().send(apdu, answer=answer)

    def datagramReceived(self, datagram: bytes, addr: Any) -> None:
        self._receiver.frame("in", datagram)
        super().datagramReceived(datagram, addr)


async def _within(deferred: Deferred[Any], reactor: Any, seconds: float, what: str) -> Any:
    """
    @raise LinkError: it fails, or takes too long.
    """
    deferred.addTimeout(seconds, reactor)
    try:
        return await deferred
    except (DLMSError, CancelledError):
        raise
    except DeferredTimeout:
        raise LinkError("timeout", f"{what} took longer than {seconds:g} s") from None
    except Exception as error:
        raise LinkError("refused", f"{what} failed: {error}") from error


async def _stream(
    reactor: Any, endpoint: IStreamClientEndpoint, framing: str, settings: MeterSettings
) -> Meter:
    conversation = Conversation(reactor, settings, half_duplex=framing == "hdlc")
    protocol: Any
    if framing == "wrapper":
        protocol = WrapperChannel(conversation, client=settings.client, server=settings.server)
    else:
        protocol = _Line(reactor)
    factory: Any = _Factory(protocol)
    if settings.observer is not None:
        factory = TapFactory(factory, framing, conversation.frame)
    connecting: Deferred[IProtocol] = maybeDeferred(endpoint.connect, factory)
    await _within(connecting, reactor, settings.timeout, "connecting")

    async def close() -> None:
        # A peer that does not take what we have written must not keep the connection.
        late = reactor.callLater(settings.timeout, protocol.transport.abortConnection)
        try:
            await conversation.channel.close()
            if framing != "wrapper" and protocol.connected:
                protocol.transport.loseConnection()
                await protocol.closed
        finally:
            if late.active():
                late.cancel()
            # Not closed yet: that was cancelled, and there is nobody left who could try again.
            abort()

    def abort() -> None:
        if protocol.connected:
            protocol.transport.abortConnection()

    if framing == "wrapper":
        conversation.channel = protocol
    else:
        conversation.channel = protocol.channel(
            conversation,
            source=encode_address(settings.client),
            destination=encode_address(settings.server, settings.physical),
            parameters=_HDLC,
            timing=Timing(response=settings.timeout / _TRIES, retries=_TRIES - 1),
        )
    return await _begin(reactor, conversation, settings, close, abort)


async def _datagrams(reactor: Any, target: UDPTarget, settings: MeterSettings) -> Meter:
    conversation = Conversation(reactor, settings, lossy=True)
    kind = DatagramChannel if settings.observer is None else _TappedDatagrams
    channel = kind(reactor, conversation, target, client=settings.client, server=settings.server)
    conversation.channel = channel

    async def close() -> None:
        await channel.close()

    def abort() -> None:
        channel.close()

    return await _begin(reactor, conversation, settings, close, abort)


async def _begin(
    reactor: Any,
    conversation: Conversation,
    settings: MeterSettings,
    close: Closer,
    abort: Callable[[], None],
) -> Meter:
    opened = False
    try:
        await _within(conversation.channel.open(), reactor, settings.timeout * 2, "opening")
        await conversation.associate()
        opened = True
    finally:
        if not opened:
            # Whatever the reason is, nothing stays open.
            conversation.stop(LinkError("requested", "the association did not come about"))
            abort()
    return Meter(conversation, close)
