"""
A connection that pushes are sent on.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.endpoints import clientFromString
from twisted.internet.interfaces import IDelayedCall
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure

from dlms_twisted.errors import RemoteProtocolError
from dlms_twisted.link.wrapper import WrapperDecoder

__all__ = ["PushStream"]

_TIMEOUT: Final = 30.0
#: Seconds for which a connection is kept that nothing is sent on.
_KEEP: Final = 60.0


class _Stream(Protocol):
    """
    A connection that pushes are sent on; what comes back are confirmations.
    """

    transport: Any

    def __init__(self, received: Callable[[bytes], None], gone: Callable[[], None]) -> None:
        self._received = received
        self._gone = gone
        self._decoder = WrapperDecoder()

    def dataReceived(self, data: bytes) -> None:
        self._decoder.receive_data(data)
        try:
            while (frame := self._decoder.next_frame()) is not None:
                self._received(frame.payload)
        except RemoteProtocolError:
            self.transport.abortConnection()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.connected = 0
        self._gone()


class _Factory(Factory):
    noisy = False

    def __init__(self, protocol: Protocol) -> None:
        self._protocol = protocol

    def buildProtocol(self, addr: Any) -> Protocol:
        return self._protocol


class PushStream:
    """
    One connection, opened when there is something to send, closed when there was nothing for a while.
    """

    def __init__(self, reactor: Any, endpoint: str, received: Callable[[bytes], None]) -> None:
        """
        @param endpoint: A client endpoint's description.
        @param received: Called with each APDU that comes back.
        """
        self._reactor = reactor
        self._endpoint = endpoint
        self._received = received
        self._protocol: _Stream | None = None
        self._opening: Deferred[Any] | None = None
        self._waiting: list[tuple[list[bytes], Callable[[bool], None]]] = []
        self._idle: IDelayedCall | None = None

    def send(self, frames: list[bytes], done: Callable[[bool], None]) -> None:
        """
        @param done: Called with C{True} when the frames were written, with C{False} when there was no connection.
        """
        self._waiting.append((frames, done))
        if self._protocol is not None:
            self._flush()
        elif self._opening is None:
            self._open()

    def close(self) -> None:
        """
        Close the connection; what waits for it fails.
        """
        if self._idle is not None and self._idle.active():
            self._idle.cancel()
        if self._opening is not None:
            self._opening.cancel()
        if self._protocol is not None:
            self._protocol.transport.loseConnection()

    def _open(self) -> None:
        protocol = _Stream(self._received, self._gone)
        endpoint = clientFromString(self._reactor, self._endpoint)
        opening = self._opening = maybeDeferred(endpoint.connect, _Factory(protocol))
        opening.addTimeout(_TIMEOUT, self._reactor)
        opening.addCallbacks(lambda _: self._opened(protocol), lambda _: self._failed())

    def _opened(self, protocol: _Stream) -> None:
        self._opening = None
        self._protocol = protocol
        self._flush()

    def _failed(self) -> None:
        self._opening = None
        waiting, self._waiting = self._waiting, []
        for _, done in waiting:
            done(False)

    def _gone(self) -> None:
        self._protocol = None
        self._failed()

    def _flush(self) -> None:
        waiting, self._waiting = self._waiting, []
        for frames, done in waiting:
            if self._protocol is None:
                done(False)
                continue
            self._protocol.transport.write(b"".join(frames))
            done(True)
        if self._idle is not None and self._idle.active():
            self._idle.reset(_KEEP)
        elif self._protocol is not None:
            self._idle = self._reactor.callLater(_KEEP, self._protocol.transport.loseConnection)
