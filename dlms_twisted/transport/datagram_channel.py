"""
The wrapper over UDP, the client's end.
"""

from __future__ import annotations

import re
from typing import Any

from attrs import frozen
from twisted.internet.defer import Deferred, maybeDeferred, succeed
from twisted.internet.protocol import DatagramProtocol

from dlms_twisted.errors import ConfigurationError, LinkError, LocalProtocolError
from dlms_twisted.link.wrapper import encode_frame, split_datagram
from dlms_twisted.transport.channel import ChannelReceiver
from dlms_twisted.transport.datagram import MAX_PACKET

__all__ = ["DatagramChannel", "UDPTarget"]

_target = re.compile(r"udp:((?:[^:\\]|\\:)+):([0-9]{1,5})").fullmatch


@frozen
class UDPTarget:
    """
    C{udp:HOST:PORT}; a colon inside an IPv6 address is written C{\\:}.

    @ivar host: Name or address.
    @ivar port: 1 to 65535.
    """

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> UDPTarget:
        """
        @raise ConfigurationError: not such a description.
        """
        found = _target(text)
        if found is None or not 1 <= int(found[2]) <= 0xFFFF:
            raise ConfigurationError(f"udp:HOST:PORT wanted, not {text!r}")
        return cls(found[1].replace("\\:", ":"), int(found[2]))


class DatagramChannel(DatagramProtocol):
    """
    A meter that is reached by UDP (see L{dlms_twisted.transport.channel.Channel}).

    Datagrams are lost and repeated as the network likes: who waits for an answer waits with a deadline.

    @ivar strange: Datagrams, or parts of them, that were no frames.
    """

    noisy = False
    transport: Any
    #: A datagram comes whole.
    torn = False

    def __init__(
        self,
        reactor: Any,
        receiver: ChannelReceiver,
        target: UDPTarget,
        *,
        client: int,
        server: int,
    ) -> None:
        """
        @param reactor: Provides UDP and name resolution.
        @param client: Our wPort.
        @param server: The logical device's wPort.
        """
        self._reactor = reactor
        self._receiver = receiver
        self._target = target
        self._client = client
        self._server = server
        self._port: Any = None
        self.strange = 0

    def open(self) -> Deferred[None]:
        """
        Resolve the name and take a local port; nothing is sent.

        @return: fires when APDUs can be sent; fails as the resolver does, or with C{CannotListenError}.
        """
        resolving: Deferred[str] = maybeDeferred(self._reactor.resolve, self._target.host)
        return resolving.addCallback(self._resolved)

    def _resolved(self, address: str) -> None:
        interface = "::" if ":" in address else ""
        self._port = self._reactor.listenUDP(0, self, interface, MAX_PACKET)
        self.transport.connect(address, self._target.port)

    def send(self, apdu: bytes, *, answer: bool = True) -> None:
        """
        See L{dlms_twisted.transport.channel.Channel.send}.
        """
        if self._port is None:
            raise LocalProtocolError("the channel is not open")
        self.transport.write(encode_frame(self._client, self._server, apdu))

    def close(self) -> Deferred[None]:
        """
        @return: fires when the local port is closed.
        """
        port, self._port = self._port, None
        if port is None:
            return succeed(None)
        closing: Deferred[Any] = maybeDeferred(port.stopListening)
        return closing.addCallback(lambda _: None)

    def datagramReceived(self, datagram: bytes, addr: Any) -> None:
        split = split_datagram(datagram)
        if split.reason:
            self.strange += 1
        for frame in split.frames:
            if (frame.source, frame.destination) == (self._server, self._client):
                self._receiver.channel_received(frame.payload)
            else:
                self._receiver.channel_pushed(frame.payload)

    def connectionRefused(self) -> None:
        """
        The peer's machine says that nobody listens there.
        """
        self._receiver.channel_lost(LinkError("refused", "nobody listens on that UDP port"))

    def stopProtocol(self) -> None:
        """
        The local port is closed: if not by us, by a reactor that takes what the peer's machine says for its end.
        """
        port, self._port = self._port, None
        if port is not None:
            self.connectionRefused()
