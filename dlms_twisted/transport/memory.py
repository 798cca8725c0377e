"""
Connections inside of one process: two protocols joined without a socket, for tests of what runs over connections.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.error import ConnectionDone, ConnectionLost, ConnectionRefusedError
from twisted.internet.interfaces import (
    IAddress,
    IDelayedCall,
    IProtocol,
    IProtocolFactory,
    IReactorTime,
    IStreamClientEndpoint,
    ITransport,
)
from twisted.python.failure import Failure
from zope.interface import implementer

__all__ = ["MemoryAddress", "MemoryEndpoint", "MemoryTransport", "join"]


@implementer(IAddress)
class MemoryAddress:
    """
    Where the other end is: nowhere else.
    """

    host = "memory"
    port = 0

    def __repr__(self) -> str:
        return "<in memory>"


class _Cable:
    """
    What both ends write, delivered in its order: at once, or after a time.
    """

    def __init__(self, clock: IReactorTime, latency: float) -> None:
        self._clock = clock
        self._latency = latency
        self._waiting: deque[Callable[[], None]] = deque()
        self._delivering = False
        self._calls: set[IDelayedCall] = set()

    def cut(self) -> None:
        """
        What is under way is lost.
        """
        calls, self._calls = self._calls, set()
        self._waiting.clear()
        for call in calls:
            call.cancel()

    def carry(self, deliver: Callable[[], None]) -> None:
        """
        Call C{deliver} when all that was carried before was delivered.
        """
        if self._latency > 0:
            self._later(deliver)
            return
        self._waiting.append(deliver)
        if self._delivering:
            return
        self._delivering = True
        try:
            while self._waiting:
                self._waiting.popleft()()
        finally:
            self._delivering = False

    def _later(self, deliver: Callable[[], None]) -> None:
        def due() -> None:
            self._calls.discard(call)
            deliver()

        call = self._clock.callLater(self._latency, due)
        self._calls.add(call)


@implementer(ITransport)
class MemoryTransport:
    """
    One end of a connection.

    @ivar protocol: Whose it is.
    @ivar other: The other end.
    @ivar connected: Is it open?
    """

    other: MemoryTransport
    disconnecting = False

    def __init__(self, cable: _Cable, protocol: Any) -> None:
        self.protocol = protocol
        self.connected = True
        self._cable = cable
        self._address = MemoryAddress()

    def write(self, data: bytes) -> None:
        """
        Send octets; what is written after closing is lost.
        """
        if self.connected and not self.disconnecting and data:
            self._cable.carry(lambda: self.other._deliver(data))

    def writeSequence(self, data: Any) -> None:  # noqa: N802 - Twisted's name
        """
        Send octets.
        """
        self.write(b"".join(data))

    def loseConnection(self) -> None:
        """
        Close, after what was written.
        """
        if self.connected and not self.disconnecting:
            self.disconnecting = True
            self._cable.carry(lambda: self._close(ConnectionDone(), ConnectionDone()))

    def abortConnection(self) -> None:
        """
        Close at once; what is under way is lost.
        """
        self._cable.cut()
        self._close(ConnectionLost(), ConnectionLost())

    def getPeer(self) -> MemoryAddress:
        return self._address

    def getHost(self) -> MemoryAddress:
        return self._address

    def _deliver(self, data: bytes) -> None:
        if self.connected:
            self.protocol.dataReceived(data)

    def _close(self, ours: Exception, theirs: Exception) -> None:
        for end, why in ((self, ours), (self.other, theirs)):
            if end.connected:
                end.connected = False
                end.protocol.connectionLost(Failure(why))


def join(clock: IReactorTime, client: Any, server: Any, *, latency: float = 0.0) -> MemoryTransport:
    """
    Connect two protocols.

    @param clock: Of C{latency}.
    @param latency: Seconds until octets arrive; 0 for at once.

    @return: the client's end.
    """
    cable = _Cable(clock, latency)
    near, far = MemoryTransport(cable, client), MemoryTransport(cable, server)
    near.other, far.other = far, near
    server.makeConnection(far)
    client.makeConnection(near)
    return near


@implementer(IStreamClientEndpoint)
class MemoryEndpoint:
    """
    A client endpoint whose connections end in protocols of this process.
    """

    def __init__(
        self,
        clock: IReactorTime,
        accept: Callable[[], Any],
        *,
        latency: float = 0.0,
    ) -> None:
        """
        @param accept: Makes the server's protocol of a new connection; C{None} refuses it.
        @param latency: Seconds until octets arrive; 0 for at once.
        """
        self._clock = clock
        self._accept = accept
        self._latency = latency
        self._transports: list[MemoryTransport] = []

    def close(self) -> None:
        """
        Cut all connections; what is under way is lost.
        """
        transports, self._transports = self._transports, []
        for one in transports:
            one.abortConnection()

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[IProtocol]:  # noqa: N803
        """
        @return: fires at once, with the client's protocol; fails where the server refuses.
        """
        server = self._accept()
        client = None if server is None else protocolFactory.buildProtocol(MemoryAddress())
        if server is None or client is None:
            return fail(ConnectionRefusedError())
        self._transports = [one for one in self._transports if one.connected]
        self._transports.append(join(self._clock, client, server, latency=self._latency))
        return succeed(client)
