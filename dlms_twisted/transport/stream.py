"""
Stream sources: TCP (and every other Twisted stream endpoint) on which meters connect and push.

Each connection's link decoder sits here; what it cuts is delivered, and the connection can be paused.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

from twisted.application.service import Service
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime, IStreamServerEndpoint
from twisted.internet.protocol import Factory, connectionDone
from twisted.internet.protocol import Protocol as TwistedProtocol
from twisted.logger import Logger
from twisted.python.failure import Failure

from dlms_twisted.errors import RemoteProtocolError
from dlms_twisted.link.wrapper import WrapperDecoder, encode_frame
from dlms_twisted.transport.datagram import show_host

__all__ = ["Cut", "Cutter", "PushConnection", "StreamSink", "StreamSource", "WrapperCutter"]


class Cut(NamedTuple):
    """
    One payload that a link has cut from a stream.

    @ivar octets: The payload: one APDU, or several where the link allows that.
    @ivar raw: The link frames that carried it.
    @ivar reply: Frames an APDU for the way back; L{None} where there is none.
    @ivar medium: The link's name in records, for example C{wrapper}.
    """

    octets: bytes
    raw: bytes
    reply: Callable[[bytes], bytes] | None
    medium: str


class Cutter(Protocol):
    """
    What a connection needs of a link decoder.
    """

    def receive_data(self, data: bytes) -> None:
        """
        Take octets.
        """

    def next_cut(self) -> Cut | None:
        """
        @return: the next payload, or L{None} until more came.

        @raise RemoteProtocolError: the stream is broken for good.
        """

    @property
    def buffered(self) -> bytes:
        """
        Octets that are not part of what was cut so far.
        """


class WrapperCutter:
    """
    The wrapper (IEC 62056-47) as a L{Cutter}.
    """

    def __init__(self, *, max_payload: int = 65535) -> None:
        """
        @param max_payload: Longest APDU accepted, in octets.
        """
        self._decoder = WrapperDecoder(max_payload=max_payload)

    def receive_data(self, data: bytes) -> None:
        """
        Take octets.
        """
        self._decoder.receive_data(data)

    def next_cut(self) -> Cut | None:
        """
        @return: the payload of the next frame; its reply has the wPorts swapped.

        @raise RemoteProtocolError: wrong version or too long.
        """
        frame = self._decoder.next_frame()
        if frame is None:
            return None
        source, destination = frame.source, frame.destination
        return Cut(
            frame.payload,
            frame.raw,
            lambda apdu: encode_frame(destination, source, apdu),
            "wrapper",
        )

    @property
    def buffered(self) -> bytes:
        """
        Octets of the frame that is not whole, or of what broke the stream.
        """
        return self._decoder.buffered


class StreamSink(Protocol):
    """
    Where a L{StreamSource} delivers to.
    """

    def stream_cut(self, connection: PushConnection, cut: Cut) -> None:
        """
        A payload was cut.
        """

    def stream_broken(self, connection: PushConnection, rest: bytes, why: str) -> None:
        """
        The peer broke the link, and the connection is being closed.

        @param rest: The octets that could not be cut.
        """

    def stream_gone(self, connection: PushConnection, rest: bytes) -> None:
        """
        The connection ended.

        @param rest: Octets of a frame that never became whole.
        """

    def stream_refused(self, peer: str) -> None:
        """
        A connection was closed at once, because there are too many.
        """


class PushConnection(TwistedProtocol):
    """
    One connection of a meter.

    @ivar source: The L{StreamSource} that it belongs to.
    @ivar peer: Host and port, as text.
    """

    transport: Any
    peer = ""

    def __init__(self, source: StreamSource) -> None:
        self.source = source
        self._cutter = source.cutter()
        self._idle: IDelayedCall | None = None
        self._over = False

    def connectionMade(self) -> None:
        self.peer = describe_peer(self.transport.getPeer())
        if not self.source.admit(self):
            self._over = True
            self.transport.abortConnection()
            return
        if hasattr(self.transport, "setTcpKeepAlive"):
            self.transport.setTcpKeepAlive(True)
        self._idle = self.source.clock.callLater(self.source.idle_timeout, self._idled)

    def dataReceived(self, data: bytes) -> None:
        if self._over:
            return
        if self._idle is not None:
            self._idle.reset(self.source.idle_timeout)
        cutter, sink = self._cutter, self.source.sink
        cutter.receive_data(data)
        try:
            while (cut := cutter.next_cut()) is not None:
                sink.stream_cut(self, cut)
        except RemoteProtocolError as error:
            self._over = True
            sink.stream_broken(self, cutter.buffered, str(error))
            self.transport.abortConnection()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        if self._idle is not None and self._idle.active():
            self._idle.cancel()
        self.source.release(self)
        self.source.sink.stream_gone(self, b"" if self._over else self._cutter.buffered)
        self._over = True

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
        self.transport.pauseProducing()

    def resume(self) -> None:
        """
        Read again.
        """
        if not self._over:
            self.transport.resumeProducing()

    def _idled(self) -> None:
        # A paused connection is not idle: we are.
        self._idle = None
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
    """

    log = Logger()

    def __init__(
        self,
        clock: IReactorTime,
        endpoint: IStreamServerEndpoint,
        sink: StreamSink,
        *,
        label: str,
        cutter: Callable[[], Cutter] = WrapperCutter,
        idle_timeout: float = 1800.0,
        most_connections: int = 10_000,
    ) -> None:
        """
        @param cutter: Makes the link decoder of one connection.
        @param most_connections: How many are held at a time; one more is closed at once.
        """
        self.clock = clock
        self.sink = sink
        self.label = label
        self.cutter = cutter
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
