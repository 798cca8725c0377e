"""
Push sources that we connect to: serial devices, serial-to-Ethernet servers, meters that wait to be called.

They are opened again for ever, with back-off and jitter, when they go away, and when they stay silent.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Any

from twisted.application.internet import ClientService
from twisted.application.service import Service
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.interfaces import (
    IProtocol,
    IProtocolFactory,
    IReactorTime,
    IStreamClientEndpoint,
)
from twisted.internet.protocol import Factory
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from dlms_twisted.link.auto import AutoPushLink
from dlms_twisted.link.push import PushLink
from dlms_twisted.transport.retry import retry_policy
from dlms_twisted.transport.stream import PushConnection, StreamSink

__all__ = ["ConnectSource", "LineState"]


class LineState(StrEnum):
    """
    How a source does.
    """

    #: Not connected: the device or the peer is away.
    DOWN = "down"
    #: Connected, and nothing came for a while.
    SILENT = "silent"
    #: Octets come, and too few of them can be understood.
    GARBLED = "garbled"
    #: Messages come.
    UP = "up"


class _PushFactory(Factory):
    noisy = False

    def __init__(self, source: ConnectSource) -> None:
        self._source = source

    def buildProtocol(self, addr: Any) -> PushConnection:
        # PushConnection wants what a listening source and this one have in common.
        return PushConnection(self._source)


class ConnectSource(Service):
    """
    One outgoing connection that pushes arrive on, as a service that never stays down.

    @ivar label: What records name as their source, for example C{serial:/dev/ttyUSB0}.
    @ivar idle_timeout: Seconds without an octet after which it is opened again.
    @ivar strict: Foreign octets at the beginning are ordinary here: a line is joined in the middle of a
        message.
    @ivar attempts: How often it could not be opened since it was open last.
    """

    log = Logger()
    strict = False

    def __init__(
        self,
        clock: IReactorTime,
        endpoint: IStreamClientEndpoint,
        sink: StreamSink,
        *,
        label: str,
        random: Callable[[], float],
        link: Callable[[], PushLink] = AutoPushLink,
        idle_timeout: float = 1800.0,
        silent_after: float = 60.0,
        longest_delay: float = 30.0,
    ) -> None:
        """
        @param random: Gives numbers from 0 to 1, for the jitter of the delays.
        @param link: Makes the decoder of one connection.
        @param silent_after: Seconds without an octet after which it counts as silent.
        @param longest_delay: Most seconds between two attempts to connect.
        """
        self.clock = clock
        self.sink = sink
        self.label = label
        self.link = link
        self.idle_timeout = idle_timeout
        self.attempts = 0
        self._silent_after = silent_after
        self._endpoint = endpoint
        self._policy = retry_policy(random, first=0.5, longest=longest_delay)
        self._connection: PushConnection | None = None
        self._heard_at = 0.0
        self._heard_octets = 0
        self._client: ClientService | None = None
        self._paused = False

    def startService(self) -> None:
        """
        Connect; a failure is tried again.
        """
        super().startService()
        self._client = ClientService(
            _Watched(self._endpoint, self._failed), _PushFactory(self), self._policy, self.clock
        )
        self._client.startService()

    def stopService(self) -> Deferred[object]:
        """
        @return: fires when the connection is closed.
        """
        super().stopService()
        client, self._client = self._client, None
        return maybeDeferred(lambda: None if client is None else client.stopService())

    @property
    def connections(self) -> int:
        """
        1 while it is connected, else 0.
        """
        return 0 if self._connection is None else 1

    @property
    def state(self) -> LineState:
        """
        How the source does at this moment.
        """
        connection = self._connection
        if connection is None:
            return LineState.DOWN
        now, stats = self.clock.seconds(), connection.link.stats
        if stats.octets > self._heard_octets:
            self._heard_at, self._heard_octets = now, stats.octets
        if now - self._heard_at >= self._silent_after:
            return LineState.SILENT
        return LineState.GARBLED if stats.hint() else LineState.UP

    @property
    def hint(self) -> str:
        """
        What a person could look at, in words; empty while all is well.
        """
        state = self.state
        if state is LineState.DOWN or self._connection is None:
            return "not connected: check the device or the address"
        if state is LineState.SILENT:
            return "connected, but nothing comes: check wiring and request line"
        return self._connection.link.stats.hint()

    def admit(self, connection: PushConnection) -> bool:
        """
        The connection is there.

        @return: always true.
        """
        self._connection = connection
        self._heard_at, self._heard_octets = self.clock.seconds(), 0
        self.attempts = 0
        self.log.info("{source} is open", source=self.label)
        if self._paused:
            connection.pause()
        return True

    def release(self, connection: PushConnection) -> None:
        """
        The connection is gone; it will be opened again.
        """
        if self._connection is connection:
            self._connection = None
            if self.running:
                self.log.warn("{source} went away", source=self.label)

    def pause(self) -> None:
        """
        Read no more.
        """
        self._paused = True
        if self._connection is not None:
            self._connection.pause()

    def resume(self) -> None:
        """
        Read again after L{pause}.
        """
        self._paused = False
        if self._connection is not None:
            self._connection.resume()

    def _failed(self, failure: Failure) -> None:
        # One line when it begins, then ever more rarely: after 2, 4, 8, … attempts.
        self.attempts += 1
        if self.attempts & (self.attempts - 1) == 0:
            self.log.warn(
                "{source} cannot be opened ({attempts} attempts): {why}",
                source=self.label,
                attempts=self.attempts,
                why=failure.getErrorMessage(),
            )


@implementer(IStreamClientEndpoint)
class _Watched:
    """
    An endpoint whose failures are told, too.
    """

    def __init__(self, endpoint: IStreamClientEndpoint, failed: Callable[[Failure], None]) -> None:
        self._endpoint = endpoint
        self._failed = failed

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[IProtocol]:  # noqa: N803
        connecting = maybeDeferred(self._endpoint.connect, protocolFactory)

        def failed(failure: Failure) -> Failure:
            self._failed(failure)
            return failure

        return connecting.addErrback(failed)
