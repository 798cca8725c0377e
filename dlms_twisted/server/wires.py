"""
Where meters are reached: TCP, TLS, UDP and serial lines, by wrapper or HDLC, with or without the sign-on of mode E.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.endpoints import serverFromString
from twisted.internet.protocol import Factory, Protocol
from twisted.logger import Logger
from twisted.python.failure import Failure

from dlms_twisted.server.datagrams import DatagramServer
from dlms_twisted.server.faulty import FaultyProtocol
from dlms_twisted.server.serving import Host
from dlms_twisted.transport.datagram import DatagramSource, UDPDescription, show_host
from dlms_twisted.transport.serial import SerialService
from dlms_twisted.transport.serial_description import SerialDescription

__all__ = ["DatagramWire", "SerialWire", "StreamWire", "Wire"]


class Wire(Service):
    """
    One place where meters are reached, as a service.

    @ivar description: As it was said.
    @ivar host: The meters.
    """

    log = Logger()

    def __init__(self, description: str, host: Host) -> None:
        self.description = description
        self.host = host

    def begin(self) -> Deferred[Any]:
        """
        Open it.

        @return: fires when it is open; fails with C{CannotListenError}.
        """
        raise NotImplementedError

    @property
    def address(self) -> str:
        """
        What a client says to reach it, while it is open.
        """
        return self.description

    @property
    def lines(self) -> tuple[Any, ...]:
        """
        Protocols that are connected now; none by UDP.
        """
        return ()


class _Factory(Factory):
    noisy = False

    def __init__(self, host: Host, make: Callable[[], Any]) -> None:
        self._host = host
        self._make = make
        self.open: set[Any] = set()

    def buildProtocol(self, addr: Any) -> Protocol:
        inner = self._make()
        faults = self._host.faults
        made: Protocol = inner if faults is None else FaultyProtocol(inner, faults)
        return _Watched(made, inner, self.open)


class _Watched(Protocol):
    """
    Knows which connections there are.
    """

    transport: Any

    def __init__(self, outer: Any, inner: Any, among: set[Any]) -> None:
        self._outer = outer
        self._among = among
        self.inner = inner

    def connectionMade(self) -> None:
        self._among.add(self)
        self.dataReceived = self._outer.dataReceived  # type: ignore[method-assign]
        self._outer.makeConnection(self.transport)

    def connectionLost(self, reason: Failure) -> None:  # type: ignore[override]
        self.connected = 0
        self._among.discard(self)
        self._outer.connectionLost(reason)


class StreamWire(Wire):
    """
    A listening endpoint: C{tcp:4059}, C{ssl:…} and all that Twisted knows.
    """

    def __init__(self, reactor: Any, description: str, host: Host, make: Callable[[], Any]) -> None:
        """
        @param make: Makes the protocol of one connection.
        """
        super().__init__(description, host)
        self._reactor = reactor
        self._factory = _Factory(host, make)
        self._port: Any = None

    def begin(self) -> Deferred[Any]:
        """
        Listen.
        """
        endpoint = serverFromString(self._reactor, self.description)
        listening: Deferred[Any] = maybeDeferred(endpoint.listen, self._factory)
        return listening.addCallback(self._listening)

    def _listening(self, port: Any) -> None:
        self._port = port
        self.log.info("{name} is open", name=self.address)

    def stopService(self) -> Deferred[Any]:
        """
        @return: fires when the port is closed; connections are closed, too.
        """
        super().stopService()
        port, self._port = self._port, None
        for one in tuple(self._factory.open):
            one.transport.loseConnection()
        return maybeDeferred(lambda: None if port is None else port.stopListening())

    @property
    def address(self) -> str:
        """
        C{tcp:HOST:PORT}, or the description for what is no IP port.
        """
        host: Any = None if self._port is None else self._port.getHost()
        if not hasattr(host, "port"):
            return self.description
        kind = "tls" if self.description.startswith(("ssl", "tls")) else "tcp"
        return f"{kind}:{_reachable(host.host)}:{host.port}"

    @property
    def lines(self) -> tuple[Any, ...]:
        """
        Protocols that are connected now.
        """
        return tuple(one.inner for one in self._factory.open)


class SerialWire(Wire):
    """
    A serial device; it is opened again when it went away.
    """

    def __init__(
        self,
        reactor: Any,
        description: str,
        host: Host,
        make: Callable[[], Any],
        random: Callable[[], float],
    ) -> None:
        """
        @param random: Gives numbers from 0 to 1, for the pauses between attempts to open.
        """
        super().__init__(description, host)
        self._factory = _Factory(host, make)
        self._service = SerialService(
            reactor, SerialDescription.parse(description), self._factory, random=random
        )

    def begin(self) -> Deferred[Any]:
        """
        Open the device; where it is not there, it is waited for.
        """
        self._service.startService()
        return maybeDeferred(lambda: None)

    def stopService(self) -> Deferred[Any]:
        """
        @return: fires when the device is closed.
        """
        super().stopService()
        service = self._service
        return maybeDeferred(lambda: service.stopService() if service.running else None)

    @property
    def lines(self) -> tuple[Any, ...]:
        """
        The protocol, while the device is open.
        """
        return tuple(one.inner for one in self._factory.open)


class DatagramWire(Wire):
    """
    A UDP port.
    """

    def __init__(self, reactor: Any, description: str, host: Host) -> None:
        super().__init__(description, host)
        self._server = DatagramServer(reactor, host)
        self._source = DatagramSource(
            reactor,
            UDPDescription.parse(description),
            self._server.received,
            receive_buffer=1 << 20,
        )

    def begin(self) -> Deferred[Any]:
        """
        Bind the port.
        """
        return maybeDeferred(self._source.startService)

    def stopService(self) -> Deferred[Any]:
        """
        @return: fires when the port is closed.
        """
        super().stopService()
        self._server.close()
        return maybeDeferred(self._source.stopService)

    @property
    def address(self) -> str:
        """
        C{udp:HOST:PORT}.
        """
        if not self._source.running:
            return self.description
        host, port = self._source.address
        return f"udp:{_reachable(host)}:{port}"


def _reachable(host: str) -> str:
    # An address to which one can connect, as endpoint strings write it.
    host = show_host(host)
    return {"0.0.0.0": "127.0.0.1", "::": "127.0.0.1"}.get(host, host).replace(":", "\\:")
