"""
The wrapper over a stream: the client's and the server's end.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.protocol import Protocol, connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure

from dlms_twisted.errors import LinkError, LocalProtocolError, RemoteProtocolError
from dlms_twisted.link.wrapper import WrapperDecoder, WrapperFrame, encode_frame
from dlms_twisted.transport.channel import ChannelReceiver, ServerChannel
from dlms_twisted.transport.keepalive import keep_alive
from dlms_twisted.transport.sending import Outlet

__all__ = ["WrapperChannel", "WrapperServerProtocol"]

#: Most pairs of ports that one connection to a server may use.
_MAX_CHANNELS = 64


class _WrapperBase(Protocol):
    """
    Cuts frames, and closes a connection that breaks the wrapper.
    """

    log = Logger()
    transport: Any

    def __init__(self) -> None:
        self._decoder = WrapperDecoder()

    def connectionMade(self) -> None:
        keep_alive(self.transport)

    def dataReceived(self, data: bytes) -> None:
        decoder = self._decoder
        try:
            if (frame := decoder.whole(data)) is not None:
                self._frame(frame)
                return
            decoder.receive_data(data)
            while (frame := decoder.next_frame()) is not None:
                self._frame(frame)
        except RemoteProtocolError as error:
            self.log.warn(
                "{peer} broke the wrapper: {error}", peer=self.transport.getPeer(), error=error
            )
            self.transport.abortConnection()

    def _frame(self, frame: WrapperFrame) -> None:
        raise NotImplementedError


class WrapperChannel(_WrapperBase):
    """
    The client's end of a connection (see L{dlms_twisted.transport.channel.Channel}).
    """

    def __init__(self, receiver: ChannelReceiver, *, client: int, server: int) -> None:
        """
        @param client: Our wPort, for example 16, the public client.
        @param server: The logical device's wPort, for example 1.
        """
        super().__init__()
        self._receiver = receiver
        self._client = client
        self._server = server
        self._closed: list[Deferred[None]] = []

    def connectionMade(self) -> None:
        super().connectionMade()
        self._outlet = Outlet(self.transport)

    @property
    def torn(self) -> bool:
        """
        Has a frame not come to its end?  If its length is wrong it swallows all that follows.
        """
        return bool(self._decoder.buffered)

    def hand_over(self, receiver: ChannelReceiver, *, client: int, server: int) -> None:
        """
        From now on the connection is another's, with other ports.
        """
        self._receiver = receiver
        self._client = client
        self._server = server

    def open(self) -> Deferred[None]:
        """
        @return: fires at once while there is a connection, else fails.
        """
        if not self.connected:
            return fail(LinkError("dropped", "the connection is closed"))
        return succeed(None)

    def send(self, apdu: bytes, *, answer: bool = True) -> None:
        """
        See L{dlms_twisted.transport.channel.Channel.send}.
        """
        if not self.connected:
            raise LocalProtocolError("the connection is closed")
        self._outlet.write(encode_frame(self._client, self._server, apdu))

    def close(self) -> Deferred[None]:
        """
        @return: fires when the connection is closed.
        """
        if not self.connected:
            return succeed(None)
        closed: Deferred[None] = Deferred()
        self._closed.append(closed)
        self.transport.loseConnection()
        return closed

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.connected = 0
        self._receiver.channel_lost(LinkError("dropped", reason.getErrorMessage()))
        while self._closed:
            self._closed.pop().callback(None)

    def _frame(self, frame: WrapperFrame) -> None:
        if (frame.source, frame.destination) == (self._server, self._client):
            self._receiver.channel_received(frame.payload)
        else:
            self._receiver.channel_pushed(frame.payload)


class _ServerChannel:
    """
    One pair of ports of one connection.
    """

    physical: int | None = None

    def __init__(self, protocol: WrapperServerProtocol, client: int, server: int) -> None:
        self.client = client
        self.server = server
        self._protocol = protocol

    def send(self, apdu: bytes) -> None:
        """
        Send an APDU; nothing happens when the connection is gone.
        """
        if self._protocol.connected:
            self._protocol.transport.write(encode_frame(self.server, self.client, apdu))

    def no_answer(self) -> None:
        """
        Nothing: on a stream nobody waits for his turn.
        """

    def push(self, apdu: bytes) -> None:
        """
        Send an APDU beside the conversation: the same, here.
        """
        self.send(apdu)

    def close(self) -> None:
        """
        Close the connection.
        """
        if self._protocol.connected:
            self._protocol.transport.loseConnection()


class WrapperServerProtocol(_WrapperBase):
    """
    The server's end of a connection: a channel for each pair of ports that a client uses.
    """

    def __init__(
        self,
        is_ours: Callable[[int], bool],
        accept: Callable[[ServerChannel], ChannelReceiver],
        *,
        max_channels: int = _MAX_CHANNELS,
    ) -> None:
        """
        @param is_ours: Is this wPort one of our logical devices?  Frames to others are dropped.
        @param accept: Called with each new channel; gives the conversation's end.
        @param max_channels: Most pairs of ports that this connection may use.
        """
        super().__init__()
        self._max_channels = max_channels
        self._is_ours = is_ours
        self._accept = accept
        self._receivers: dict[tuple[int, int], ChannelReceiver] = {}

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.connected = 0
        receivers = list(self._receivers.values())
        self._receivers.clear()
        for receiver in receivers:
            receiver.channel_lost(LinkError("dropped", reason.getErrorMessage()))

    def _frame(self, frame: WrapperFrame) -> None:
        key = (frame.source, frame.destination)
        receiver = self._receivers.get(key)
        if receiver is None:
            if not self._is_ours(frame.destination):
                return
            if len(self._receivers) >= self._max_channels:
                raise RemoteProtocolError(f"more than {self._max_channels} pairs of ports")
            receiver = self._receivers[key] = self._accept(_ServerChannel(self, *key))
        receiver.channel_received(frame.payload)
