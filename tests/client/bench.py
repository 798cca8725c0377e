"""
Our own meter in memory, our client, and what is left of them.
"""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import (
    IDelayedCall,
    IProtocol,
    IProtocolFactory,
    IStreamClientEndpoint,
)
from twisted.internet.task import Clock
from zope.interface import implementer

from dlms_twisted.client import Meter, connect
from dlms_twisted.client.tracing import TraceEvent
from dlms_twisted.testing import MeterInMemory

__all__ = ["Bench"]

T = TypeVar("T")


@implementer(IStreamClientEndpoint)
class _Watched:
    """
    An endpoint whose connections are counted.
    """

    def __init__(self, bench: Bench) -> None:
        self._bench = bench

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[IProtocol]:  # noqa: N803
        return self._bench.dial(protocolFactory)


class Bench:
    """
    A client's and a meter's end of things, on one clock.

    @ivar frames: Those that passed, either way.
    @ivar events: All that the observer was told.
    """

    def __init__(
        self,
        description: Any = "household",
        *,
        framing: str = "wrapper",
        latency: float = 0.0,
        **meter: Any,
    ) -> None:
        self.clock = Clock()
        self.memory = MeterInMemory(self.clock, description, latency=latency, **meter)
        self.framing = framing
        self.events: list[TraceEvent] = []
        self._endpoint = self.memory.endpoint(framing)
        self._transports: list[Any] = []

    @property
    def frames(self) -> int:
        """
        How many frames passed.
        """
        return sum(event.kind == "frame" for event in self.events)

    def connect(self, client: int = 16, **changes: Any) -> Deferred[Meter]:
        """
        Begin to connect.
        """
        settings = self.memory.settings(client=client)
        chosen = {"timeout": 5.0, "observer": self.events.append, **changes}
        return connect(self.clock, _Watched(self), settings, framing=self.framing, **chosen)

    def meter(self, client: int = 16, **changes: Any) -> Meter:
        """
        @return: an association.
        """
        return self.run(self.connect(client, **changes))

    def run(self, work: Deferred[T] | Coroutine[Deferred[Any], Any, T]) -> T:
        """
        @return: the result, after as much time as it takes.
        """
        deferred = work if isinstance(work, Deferred) else Deferred.fromCoroutine(work)
        return self.memory.run(deferred)

    def until(self, count: int, deferred: Deferred[Any]) -> bool:
        """
        Let time pass until so many frames passed.

        @return: whether they did before C{deferred} had its result.
        """
        for _ in range(10_000):
            if self.frames >= count:
                return not deferred.called
            if deferred.called:
                return False
            at = min(call.getTime() for call in self.clock.getDelayedCalls())
            self.clock.advance(max(0.0, at - self.clock.seconds()))
        raise AssertionError("no end")

    def dial(self, factory: IProtocolFactory) -> Deferred[IProtocol]:
        """
        Make a connection.
        """

        def made(protocol: Any) -> Any:
            self._transports.append(protocol.transport)
            return protocol

        return self._endpoint.connect(factory).addCallback(made)

    @property
    def open(self) -> int:
        """
        How many connections are open.
        """
        return sum(one.connected for one in self._transports)

    def left(self) -> list[IDelayedCall]:
        """
        @return: the delayed calls that are left when the meter is no more, and what it wrote has come.
        """
        self.memory.close()
        self.clock.advance(1.0)
        return list(self.clock.getDelayedCalls())
