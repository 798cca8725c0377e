"""
A fleet that pushes: at a rate, spread over a period, or all at once at midnight.
"""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Final

from attrs import frozen
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.internet.protocol import Protocol, connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure

from dlms_twisted.server.push_meter import PushMeter
from dlms_twisted.server.pusher import Pusher, PushKind

__all__ = ["FleetPusher", "PushPlan", "Sender", "StreamSender"]

#: Pushes a second at most, where all push at once.
_BURST: Final = 50_000.0
#: Octets that the kernel may hold of what we send.
_SEND_BUFFER: Final = 4 << 20


@frozen(kw_only=True)
class PushPlan:
    """
    When the meters of a fleet push.

    @ivar period: Seconds between two pushes of one meter.
    @ivar at_once: All of them at the beginning of each period, counted from midnight UTC; else spread over it.
    @ivar rate: Pushes a second over all meters; it goes before C{period}.  With C{at_once}: at most so many.
    @ivar kind: What is sent.
    @ivar most: Stop after so many pushes; C{None} for never.
    """

    period: float = 900.0
    at_once: bool = False
    rate: float | None = None
    kind: PushKind = PushKind.CIPHERED
    most: int | None = None


class FleetPusher:
    """
    Lets meters push as a plan says, for ever.

    @ivar sent: How many pushes so far.
    @ivar refused: How often the socket took none.
    """

    def __init__(
        self,
        clock: IReactorTime,
        meters: Sequence[PushMeter],
        send: Callable[[bytes], None],
        plan: PushPlan,
    ) -> None:
        """
        @param send: Sends a wrapper frame; C{BlockingIOError} means "later".
        """
        self._clock = clock
        self._meters = meters
        self._send = send
        self._plan = plan
        self._sent = 0
        self._refused = 0
        self._stopped = False
        self._pusher: Pusher | None = None
        self._call: IDelayedCall | None = None
        self._done: Deferred[int] = Deferred(lambda _: self._halt())

    @property
    def sent(self) -> int:
        """
        How many pushes so far.
        """
        return self._sent + (0 if self._pusher is None else self._pusher.sent)

    @property
    def refused(self) -> int:
        """
        How often the socket took none.
        """
        return self._refused + (0 if self._pusher is None else self._pusher.refused)

    def start(self) -> Deferred[int]:
        """
        @return: fires with C{sent} when the plan is through, or after L{stop}; cancelling it stops.
        """
        if self._plan.at_once:
            self._wait()
        else:
            rate = self._plan.rate or len(self._meters) / self._plan.period
            self._push(rate, self._plan.most).addCallback(lambda _: self.stop())
        return self._done

    def stop(self) -> None:
        """
        Send no more.
        """
        self._halt()
        if not self._done.called:
            self._done.callback(self.sent)

    def _halt(self) -> None:
        self._stopped = True
        if self._call is not None and self._call.active():
            self._call.cancel()
        pusher = self._pusher
        if pusher is not None:
            pusher.stop()
            self._count()

    def _push(self, rate: float, most: int | None) -> Deferred[int]:
        self._pusher = Pusher(
            self._clock, self._meters, self._send, rate=rate, most=most, kind=self._plan.kind
        )
        return self._pusher.start()

    def _wait(self) -> None:
        period = self._plan.period
        self._call = self._clock.callLater(period - self._clock.seconds() % period, self._burst)

    def _burst(self) -> None:
        left = None if self._plan.most is None else self._plan.most - self._sent
        count = len(self._meters) if left is None else min(left, len(self._meters))
        self._push(self._plan.rate or _BURST, count).addCallback(lambda _: self._burst_over())

    def _burst_over(self) -> None:
        self._count()
        if self._stopped:
            return
        if self._plan.most is not None and self._sent >= self._plan.most:
            self.stop()
        else:
            self._wait()

    def _count(self) -> None:
        pusher, self._pusher = self._pusher, None
        if pusher is not None:
            self._sent += pusher.sent
            self._refused += pusher.refused


class Sender:
    """
    A UDP socket of our own: a call a datagram, nothing between.

    @ivar unheard: How often the peer's machine said that nobody listens.
    """

    log = Logger()

    def __init__(self, address: tuple[Any, ...], family: int = socket.AF_INET) -> None:
        """
        @param address: As C{socket.connect} takes it.

        @raise OSError: no such address, or no way to it.
        """
        self.unheard = 0
        self._socket = socket.socket(family, socket.SOCK_DGRAM)
        with suppress(OSError):
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
        self._socket.setblocking(False)
        try:
            self._socket.connect(address)
        except OSError:
            self._socket.close()
            raise

    def send(self, frame: bytes) -> None:
        """
        @raise BlockingIOError: the kernel's buffer is full.
        """
        try:
            self._socket.send(frame)
        except ConnectionRefusedError:
            # Of an earlier datagram; this one was not sent.
            self.unheard += 1
            if self.unheard == 1:
                self.log.warn("nobody listens where the pushes go")
        except OSError as error:
            # Longer than a datagram can be, on purpose: it is lost, as it would be on the way.
            if error.errno != errno.EMSGSIZE:
                raise

    def close(self) -> None:
        """
        Close the socket.
        """
        self._socket.close()


class StreamSender(Protocol):
    """
    A connection as a sender: it is tried again while it is not there, and sends no faster than the peer takes.
    """

    transport: Any

    def __init__(self, reframe: Callable[[bytes], bytes]) -> None:
        """
        @param reframe: Makes of a wrapper frame what is written.
        """
        self._reframe = reframe
        self._flows = False

    def connectionMade(self) -> None:
        self._flows = True
        self.transport.registerProducer(self, True)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.connected = 0
        self._flows = False

    def pauseProducing(self) -> None:
        """
        The peer does not take more.
        """
        self._flows = False

    def resumeProducing(self) -> None:
        """
        It does again.
        """
        self._flows = True

    def stopProducing(self) -> None:
        """
        The connection is gone.
        """
        self._flows = False

    def send(self, frame: bytes) -> None:
        """
        @raise BlockingIOError: there is no connection, or it is full.
        """
        if not self._flows:
            raise BlockingIOError
        self.transport.write(self._reframe(frame))
