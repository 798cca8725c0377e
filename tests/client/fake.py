"""
A meter without a network: the reactor and the clock are fake, and the meter says what a test tells it to.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.python.failure import Failure

from dlms_twisted.client import Meter, connect
from dlms_twisted.link.wrapper import encode_frame

#: LN, no security, accepted, server takes 500 octets (02, section 10; conformance of everything classic).
AARE = bytes.fromhex(
    "6129A109060760857405080101A203020100A305A103020100BE10040E0800065F1F0400007E1F01F40007"
)
#: A GET's answer with invoke-id 1: double-long-unsigned 1000.
ANSWER = bytes.fromhex("C401C10006000003E8")


class Transport(StringTransport):
    """
    A transport that is lost when it is closed.
    """

    protocol: Any = None
    closed = False

    def loseConnection(self) -> None:
        self._close()

    def abortConnection(self) -> None:
        self._close()

    def _close(self) -> None:
        if not self.closed:
            self.closed = True
            self.protocol.connectionLost(Failure(ConnectionDone()))


class FakeMeter:
    """
    The other end of one connection by the wrapper.
    """

    def __init__(self, **settings: Any) -> None:
        self.reactor = MemoryReactorClock()
        self.connecting: Deferred[Meter] = connect(
            self.reactor, "tcp:127.0.0.1:4059", timeout=5.0, **settings
        )
        self.transport = Transport()

    def accept(self) -> None:
        """
        The connection is there.
        """
        factory = self.reactor.tcpClients[0][2]
        self.transport.protocol = factory.buildProtocol(None)
        self.transport.protocol.makeConnection(self.transport)

    def sent(self) -> bytes:
        """
        @return: the APDU that the client sent, or nothing.
        """
        octets = bytes(self.transport.value())
        self.transport.clear()
        return octets[8:]

    def say(self, apdu: bytes) -> None:
        """
        Send the client an APDU.
        """
        self.transport.protocol.dataReceived(encode_frame(1, 16, apdu))

    def clock_out(self) -> None:
        """
        The answer to a release does not come; in the end nobody waits for it.
        """
        for _ in range(3):
            self.reactor.advance(30.0)

    @property
    def leaks(self) -> list[Any]:
        """
        Delayed calls that are left.
        """
        return list(self.reactor.getDelayedCalls())
