"""
An endpoint that signs on by mode E before its protocol is connected.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import (
    IAddress,
    IProtocol,
    IProtocolFactory,
    IReactorTime,
    IStreamClientEndpoint,
)
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

from dlms_twisted.errors import LinkError
from dlms_twisted.link.mode_e import SetLine, SignedOn, SignOn, SignOnFailed
from dlms_twisted.transport.timers import DeadlineTimer

__all__ = ["SignOnEndpoint"]


class _SignOnProtocol(Protocol):
    """
    Runs the sign-on, and then stands between transport and protocol without doing anything.
    """

    transport: Any

    def __init__(
        self, clock: IReactorTime, machine: SignOn, make: Callable[[], IProtocol | None]
    ) -> None:
        self._clock = clock
        self._machine = machine
        self._make = make
        self._timer = DeadlineTimer(clock, self._time_passed)
        self._inner: Any = None
        self.done: Deferred[IProtocol] = Deferred(self._cancelled)
        self._over = False

    def connectionMade(self) -> None:
        self._machine.start(self._clock.seconds())
        self._work()

    def dataReceived(self, data: bytes) -> None:
        if self._inner is not None:
            self._inner.dataReceived(data)
            return
        self._machine.receive_data(data, self._clock.seconds())
        self._work()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._timer.cancel()
        if self._inner is not None:
            self._inner.connectionLost(reason)
        elif not self._over:
            self._over = True
            self.done.errback(reason)

    def _work(self) -> None:
        # The line is set before what is said at its new speed, as the machine orders it.
        while (event := self._machine.next_event()) is not None:
            if isinstance(event, SetLine):
                set_line = getattr(self.transport, "set_line", None)
                if set_line is not None:
                    set_line(event.settings)
            elif isinstance(event, SignedOn):
                self._signed_on(event)
            else:
                self._failed(event)
        if octets := self._machine.data_to_send():
            self.transport.write(octets)
        self._timer.set(None if self._over else self._machine.deadline)

    def _signed_on(self, event: SignedOn) -> None:
        self._over = True
        inner: Any = self._make()
        if inner is None:
            self.transport.abortConnection()
            self.done.errback(LinkError("sign-on", "nobody wants the connection"))
            return
        self._inner = inner
        inner.makeConnection(self.transport)
        self.done.callback(inner)
        if event.rest:
            inner.dataReceived(event.rest)

    def _failed(self, event: SignOnFailed) -> None:
        self._over = True
        self.transport.abortConnection()
        self.done.errback(LinkError("sign-on", event.reason))

    def _cancelled(self, _: Deferred[IProtocol]) -> None:
        self._over = True
        self._timer.cancel()
        self.transport.abortConnection()

    def _time_passed(self) -> None:
        self._machine.time_passed(self._clock.seconds())
        self._work()


@implementer(IStreamClientEndpoint)
class SignOnEndpoint:
    """
    Connects by another endpoint, signs on, and then connects the protocol.
    """

    def __init__(
        self,
        clock: IReactorTime,
        endpoint: IStreamClientEndpoint,
        machine: Callable[[], SignOn] = SignOn,
    ) -> None:
        """
        @param endpoint: For example a serial one; its transport's C{set_line} is used if it has one.
        @param machine: Makes the sign-on of one connection, with its options.
        """
        self._clock = clock
        self._endpoint = endpoint
        self._machine = machine

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[IProtocol]:  # noqa: N803
        """
        @return: fires with the protocol once HDLC may begin; fails as the endpoint does, or with
            L{LinkError} when the meter does not answer or does not offer HDLC.  Cancelling it closes the
            connection.
        """
        connecting: Deferred[Any] = self._endpoint.connect(_Outer(self, protocolFactory))
        return connecting.addCallback(lambda outer: outer.done)

    def protocol(self, factory: IProtocolFactory, address: IAddress) -> _SignOnProtocol:
        """
        @return: a protocol that signs on for one of C{factory}'s.
        """
        return _SignOnProtocol(self._clock, self._machine(), lambda: factory.buildProtocol(address))


class _Outer(Factory):
    noisy = False

    def __init__(self, endpoint: SignOnEndpoint, factory: IProtocolFactory) -> None:
        self._endpoint = endpoint
        self._factory = factory

    def buildProtocol(self, addr: Any) -> Any:
        return self._endpoint.protocol(self._factory, addr)
