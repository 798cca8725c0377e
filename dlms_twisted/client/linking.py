"""
One connection to a meter, on which associations are made, one after another.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final

from twisted.internet.defer import CancelledError, Deferred, maybeDeferred
from twisted.internet.defer import TimeoutError as DeferredTimeout
from twisted.internet.interfaces import IProtocol, IStreamClientEndpoint
from twisted.internet.protocol import Factory, connectionDone
from twisted.python.failure import Failure

from dlms_twisted.client.conversation import Conversation
from dlms_twisted.client.settings import MeterSettings
from dlms_twisted.client.tapping import TapFactory
from dlms_twisted.errors import DLMSError, LinkError
from dlms_twisted.link.hdlc.address import encode_address
from dlms_twisted.link.hdlc.events import Timing
from dlms_twisted.link.hdlc.parameters import Parameters
from dlms_twisted.transport.hdlc_protocol import HDLCLineProtocol
from dlms_twisted.transport.wrapper_protocol import WrapperChannel

__all__ = ["Closer", "StreamLink", "within"]

Closer = Callable[[], Awaitable[None]]

#: What we can take in one HDLC frame, and at once; the meter answers with what it can.
_HDLC: Final = Parameters(
    transmit_length=2030, receive_length=2030, transmit_window=1, receive_window=7
)
#: Tries of one HDLC command within the deadline of a request.
_TRIES: Final = 3


async def within(deferred: Deferred[Any], reactor: Any, seconds: float, what: str) -> Any:
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


class StreamLink:
    """
    A connection by the wrapper or HDLC.

    @ivar reactor: Its time.
    @ivar conversation: Of the association that is made on it now.
    """

    def __init__(self, reactor: Any, framing: str, settings: MeterSettings) -> None:
        """
        @param framing: C{wrapper} or C{hdlc}.
        @param settings: Of the first association.
        """
        self.reactor = reactor
        self._framing = framing
        self._settings = settings
        self._protocol: Any
        self.conversation = self._talk()
        if framing == "wrapper":
            client, server = settings.client, settings.server
            self._protocol = WrapperChannel(self.conversation, client=client, server=server)
        else:
            self._protocol = _Line(reactor)

    @property
    def connected(self) -> bool:
        """
        Is there a connection, as far as we know?
        """
        return bool(self._protocol.connected)

    async def connect(self, endpoint: IStreamClientEndpoint) -> None:
        """
        @raise LinkError: there is no connection.
        """
        factory: Any = _Factory(self._protocol)
        if self._settings.observer is not None:
            factory = TapFactory(factory, self._framing, self._frame)
        connecting: Deferred[IProtocol] = maybeDeferred(endpoint.connect, factory)
        await within(connecting, self.reactor, self._settings.timeout, "connecting")
        self._attach()

    def turn(self, settings: MeterSettings) -> None:
        """
        The next association will be this one; the one before was left.
        """
        self._settings = settings
        self.conversation = self._talk()
        self._attach()

    async def leave(self) -> None:
        """
        End what carried this association, but not the connection.
        """
        if self._framing == "hdlc":
            channel = self.conversation.channel
            await channel.close()
            self._protocol.remove(channel)

    async def close(self) -> None:
        """
        Close the connection.
        """
        # A peer that does not take what we have written must not keep the connection.
        protocol = self._protocol
        late = self.reactor.callLater(self._settings.timeout, protocol.transport.abortConnection)
        try:
            await self.conversation.channel.close()
            if self._framing == "hdlc" and protocol.connected:
                protocol.transport.loseConnection()
                await protocol.closed
        finally:
            if late.active():
                late.cancel()
            # Not closed yet: that was cancelled, and there is nobody left who could try again.
            self.abort()

    def abort(self) -> None:
        """
        Close the connection at once.
        """
        if self._protocol.connected:
            self._protocol.transport.abortConnection()

    def _talk(self) -> Conversation:
        return Conversation(self.reactor, self._settings, half_duplex=self._framing == "hdlc")

    def _frame(self, direction: str, octets: bytes) -> None:
        self.conversation.frame(direction, octets)

    def _attach(self) -> None:
        settings, conversation = self._settings, self.conversation
        if self._framing == "wrapper":
            self._protocol.hand_over(conversation, client=settings.client, server=settings.server)
            conversation.channel = self._protocol
        else:
            conversation.channel = self._protocol.channel(
                conversation,
                source=encode_address(settings.client),
                destination=encode_address(settings.server, settings.physical),
                parameters=_HDLC,
                timing=Timing(response=settings.timeout / _TRIES, retries=_TRIES - 1),
            )
