"""
Stream sources: TCP (and every other Twisted stream endpoint) on which meters connect and push.

Each connection's link decoder sits here; what it cuts is delivered, and the connection can be paused.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from twisted.application.service import Service
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime, IStreamServerEndpoint
from twisted.internet.protocol import Factory, connectionDone
from twisted.internet.protocol import Protocol as TwistedProtocol
from twisted.logger import Logger
from twisted.python.failure import Failure

from dlms_twisted.errors import RemoteProtocolError
from dlms_twisted.link.problems import Problem, ProblemKind
from dlms_twisted.link.push import Payload, PushLink, WrapperPushLink
from dlms_twisted.transport.datagram import show_host
from dlms_twisted.transport.keepalive import keep_alive

__all__ = ["PushConnection", "PushSource", "StreamSink", "StreamSource", "describe_peer"]


class StreamSink(Protocol):
    """
    Where a L{StreamSource} delivers to.
    """

    def stream_payload(self, connection: PushConnection, payload: Payload) -> None:
        """
        A message was cut.
        """

    def stream_problem(self, connection: PushConnection, problem: Problem) -> None:
        """
        Octets became no message.
        """

    def stream_broken(self, connection: PushConnection, why: str) -> None:
        """
        The peer broke the link for good, and the connection is being closed.
        """

    def stream_gone(self, connection: PushConnection) -> None:
        """
        The connection ended; all that it had sent was delivered.
        """

    def stream_refused(self, peer: str) -> None:
        """
        A connection was closed at once, because there are too many.
        """


class PushSource(Protocol):
    """
    What a L{PushConnection} needs of the source that it belongs to, whoever connected.

    @ivar label: What records name as their source.
    @ivar idle_timeout: Seconds without an octet after which a connection is closed.
    @ivar strict: Close a connection that begins with foreign octets.
    """

    clock: IReactorTime
    sink: StreamSink
    label: str
    idle_timeout: float
    strict: bool
    link: Callable[[], PushLink]

    def admit(self, connection: PushConnection) -> bool:
        """
        @return: is there room for this connection?
        """

    def release(self, connection: PushConnection) -> None:
        """
        The connection is gone.
        """


class PushConnection(TwistedProtocol):
    """
    One connection of a meter.

    @ivar source: What it belongs to.
    @ivar link: Its decoder.
    @ivar peer: Host and port, as text.
    """

    transport: Any
    peer = ""

    def __init__(self, source: PushSource) -> None:
        self.source = source
        self.link = source.link()
        self._idle: IDelayedCall | None = None
        self._overdue: IDelayedCall | None = None
        self._over = False
        self._paused = False

    def connectionMade(self) -> None:
        self.peer = describe_peer(self.transport.getPeer())
        if not self.source.admit(self):
            self._over = True
            self.transport.abortConnection()
            return
        keep_alive(self.transport)
        self._idle = self.source.clock.callLater(self.source.idle_timeout, self._idled)

    def dataReceived(self, data: bytes) -> None:
        if self._over:
            return
        if self._idle is not None:
            self._idle.reset(self.source.idle_timeout)
        self.link.receive_data(data, self.source.clock.seconds())
        self._deliver()
        self._watch()

    def _deliver(self) -> None:
        sink, link = self.source.sink, self.link
        try:
            while (event := link.next_event()) is not None:
                if isinstance(event, Payload):
                    sink.stream_payload(self, event)
                    continue
                sink.stream_problem(self, event)
                foreign = event.kind is ProblemKind.FOREIGN and not link.stats.frames
                if foreign and self.source.strict:
                    raise RemoteProtocolError("nothing that a meter sends")
        except RemoteProtocolError as error:
            if not self._over:
                self._over = True
                sink.stream_broken(self, str(error))
                self.transport.abortConnection()

    def _watch(self) -> None:
        """
        Have the link told when time has passed, if it wants that.
        """
        deadline = None if self._over else self.link.deadline
        if deadline is None:
            if self._overdue is not None:
                self._overdue.cancel()
                self._overdue = None
            return
        delay = max(0.0, deadline - self.source.clock.seconds())
        if self._overdue is None:
            self._overdue = self.source.clock.callLater(delay, self._time_passed)
        else:
            self._overdue.reset(delay)

    def _time_passed(self) -> None:
        self._overdue = None
        self.link.time_passed(self.source.clock.seconds())
        self._deliver()
        self._watch()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        for call in (self._idle, self._overdue):
            if call is not None and call.active():
                call.cancel()
        self._overdue = None
        self.source.release(self)
        if not self._over:
            self._over = True
            self.link.end()
            self._deliver()
        self.source.sink.stream_gone(self)

    def send(self, octets: bytes) -> None:
        """
        Write octets, unless the connection is over.
        """
        if not self._over:
            self.transport.write(octets)

    def pause(self) -> None:
        """
        Read no more: the peer waits.
        """
        self._paused = True
        self.transport.pauseProducing()

    def resume(self) -> None:
        """
        Read again.
        """
        self._paused = False
        if not self._over:
            self.transport.resumeProducing()

    def _idled(self) -> None:
        self._idle = None
        if self._paused:
            # It is not the peer that is silent: we do not listen.
            self._idle = self.source.clock.callLater(self.source.idle_timeout, self._idled)
        else:
            self.transport.abortConnection()


def describe_peer(address: Any) -> str:
    """
    @return: C{host:port} of an internet address, brackets round IPv6; the path of a UNIX socket.
    """
    host = getattr(address, "host", None)
    if host is None:
        name = getattr(address, "name", None)
        return name.decode("utf-8", "replace") if isinstance(name, bytes) else str(name or "local")
    host = show_host(host)
    return f"[{host}]:{address.port}" if ":" in host else f"{host}:{address.port}"


class StreamSource(Service):
    """
    A listening stream endpoint, as a service.

    @ivar label: What records name as their source, for example C{tcp:4059}.
    @ivar idle_timeout: Seconds without an octet after which a connection is closed.
    @ivar strict: Close a connection that begins with foreign octets.
    """

    log = Logger()
    strict = True

    def __init__(
        self,
        clock: IReactorTime,
        endpoint: IStreamServerEndpoint,
        sink: StreamSink,
        *,
        label: str,
        link: Callable[[], PushLink] = WrapperPushLink,
        idle_timeout: float = 1800.0,
        most_connections: int = 10_000,
    ) -> None:
        """
        @param link: Makes the decoder of one connection.
        @param most_connections: How many are held at a time; one more is closed at once.
        """
        self.clock = clock
        self.sink = sink
        self.label = label
        self.link = link
        self.idle_timeout = idle_timeout
        self._endpoint = endpoint
        self._most = most_connections
        self._connections: set[PushConnection] = set()
        self._port: Any = None
        self._paused = False

    def startService(self) -> None:
        """
        Listen.

        @raise Exception: whatever the endpoint failed with, if it failed at once.
        """
        super().startService()
        failed: list[Failure] = []
        listening = self._endpoint.listen(Factory.forProtocol(lambda: PushConnection(self)))
        listening.addCallbacks(self._listening, failed.append)
        if failed:
            failed[0].raiseException()

    def _listening(self, port: Any) -> None:
        self._port = port
        if not self.running:
            port.stopListening()
            return
        self.log.info("listening on {source}: {address}", source=self.label, address=port.getHost())

    def stopService(self) -> Deferred[object]:
        """
        @return: fires when the port is closed; the connections are closed too.
        """
        super().stopService()
        for connection in list(self._connections):
            connection.transport.loseConnection()
        port, self._port = self._port, None
        return maybeDeferred(lambda: None if port is None else port.stopListening())

    @property
    def address(self) -> Any:
        """
        What is bound, while the service runs.
        """
        return self._port.getHost()

    @property
    def connections(self) -> int:
        """
        How many connections there are.
        """
        return len(self._connections)

    def admit(self, connection: PushConnection) -> bool:
        """
        @return: is there room for this connection?
        """
        if len(self._connections) >= self._most:
            self.sink.stream_refused(connection.peer)
            return False
        self._connections.add(connection)
        if self._paused:
            connection.pause()
        return True

    def release(self, connection: PushConnection) -> None:
        """
        The connection is gone.
        """
        self._connections.discard(connection)

    def pause(self) -> None:
        """
        Read no more on any connection.
        """
        self._paused = True
        for connection in self._connections:
            connection.pause()

    def resume(self) -> None:
        """
        Read again after L{pause}.
        """
        self._paused = False
        for connection in self._connections:
            connection.resume()
