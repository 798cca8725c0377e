"""
Meters that call in: the meter dials, and we are its client.

L{CallInFactory} is listened with as any factory of Twisted is; each connection becomes a L{Call}, which is handed to
the application's coroutine::

    async def called(call: Call) -> None:
        async with await call.meter(settings_of(call.peer)) as meter:
            print(await meter.read("3/1-0:1.8.0/2"))

    serverFromString(reactor, "tcp:4059").listen(CallInFactory(reactor, called))
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final

from twisted.internet.defer import CancelledError, Deferred, fail, succeed
from twisted.internet.defer import TimeoutError as DeferredTimeout
from twisted.internet.interfaces import IAddress, IProtocol, IProtocolFactory, IStreamClientEndpoint
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from dlms_twisted.apdu.envelope import parse_envelope
from dlms_twisted.client.connecting import connect
from dlms_twisted.client.meter import Meter
from dlms_twisted.client.settings import MeterSettings
from dlms_twisted.errors import DecodeError, DLMSError, LinkError
from dlms_twisted.link.wrapper import split_datagram
from dlms_twisted.security.layers import is_protected

__all__ = ["Call", "CallInFactory"]

#: Octets that are kept of what a meter says before anybody asks.
_MOST: Final = 65_536

Called = Callable[["Call"], Awaitable[None]]


@implementer(IStreamClientEndpoint)
class Call:
    """
    A connection that a meter made: an endpoint, which connects to that meter, once.

    @ivar peer: Its address.
    @ivar greeting: What it said unasked before the call was handed over.
    """

    def __init__(self, reactor: Any, line: _Line) -> None:
        self._reactor = reactor
        self._line = line
        self.peer: Any = line.transport.getPeer()
        self.greeting = b""

    @property
    def system_title(self) -> bytes:
        """
        Of the meter, where its greeting is a ciphered notification in a wrapper; else empty.  It proves nothing: what
        proves is the association.
        """
        for frame in split_datagram(self.greeting).frames:
            if is_protected(frame.payload):
                try:
                    return parse_envelope(frame.payload).system_title
                except DecodeError:
                    continue
        return b""

    def meter(self, settings: MeterSettings | None = None, **changes: Any) -> Deferred[Meter]:
        """
        Associate with the meter, as L{dlms_twisted.client.connect} does.
        """
        return connect(self._reactor, self, settings, **changes)

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[IProtocol]:  # noqa: N803
        """
        See C{IStreamClientEndpoint.connect}: the protocol takes the connection over, and what came on it.
        """
        return self._line.taken_by(protocolFactory)


class _Line(Protocol):
    """
    A connection, until somebody takes it over.
    """

    transport: Any

    def __init__(self, factory: CallInFactory) -> None:
        self._factory = factory
        self._came = b""
        self._inner: Any = None
        self._gone: Failure | None = None
        self._working: Deferred[Any] | None = None
        self._later: Any = None

    def connectionMade(self) -> None:
        """
        Hand it over, at once or when the meter had time to say who it is.
        """
        if not self._factory.add(self):
            self.transport.abortConnection()
            return
        if self._factory.patience:
            clock = self._factory.reactor
            self._later = clock.callLater(self._factory.patience, self._begin)
        else:
            self._begin()

    def dataReceived(self, data: bytes) -> None:
        """
        Keep it, or pass it on.
        """
        if self._inner is not None:
            self._inner.dataReceived(data)
            return
        self._came += data
        if len(self._came) > _MOST:
            self.transport.abortConnection()
        elif self._later is not None:
            self._later.cancel()
            self._begin()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """
        The meter hung up.
        """
        self._gone = reason
        if self._later is not None:
            self._later.cancel()
            self._later = None
            self._factory.remove(self)
        if self._inner is not None:
            self._inner.connectionLost(reason)

    def taken_by(self, factory: IProtocolFactory) -> Deferred[IProtocol]:
        """
        @return: fires with the protocol, at once.
        """
        if self._gone is not None:
            return fail(LinkError("dropped", "the meter hung up"))
        if self._inner is not None:
            return fail(LinkError("refused", "the meter called once, and was answered before"))
        inner: Any = factory.buildProtocol(self.transport.getPeer())
        if inner is None:
            return fail(LinkError("refused", "nobody takes the call"))
        self._inner = inner
        inner.makeConnection(self.transport)
        came, self._came = self._came, b""
        if came:
            inner.dataReceived(came)
        return succeed(inner)

    def _begin(self) -> None:
        self._later = None
        call = Call(self._factory.reactor, self)
        call.greeting = self._came

        async def work() -> None:
            await self._factory.called(call)

        working = Deferred.fromCoroutine(work())
        self._working = working
        if self._factory.deadline:
            working.addTimeout(self._factory.deadline, self._factory.reactor)
        working.addErrback(self._failed)
        working.addCallback(self._ended)

    def _failed(self, failure: Failure) -> None:
        self._factory.failed(failure, self.transport.getPeer())

    def _ended(self, _: object) -> None:
        self._working = None
        self._factory.remove(self)
        if self._gone is None:
            self.transport.abortConnection()

    def hang_up(self) -> None:
        """
        Cancel what is done with it, and close it.
        """
        if self._working is not None:
            self._working.cancel()
        elif self._gone is None:
            self.transport.abortConnection()


class CallInFactory(Factory):
    """
    Listens for meters.

    @ivar calls: How many meters are on the line now.
    @ivar refused: How many were hung up on because there were too many.
    @ivar errors: How many calls ended with an error.
    """

    log = Logger()
    noisy = False

    def __init__(
        self,
        reactor: Any,
        called: Called,
        *,
        most: int = 1000,
        patience: float = 0.0,
        deadline: float = 600.0,
    ) -> None:
        """
        @param called: A coroutine function; the connection is closed when it ends.
        @param most: Meters on the line at once.
        @param patience: Seconds in which the meter may say who it is before C{called} is called; it is called as soon
            as anything comes.
        @param deadline: Seconds that a call may take; 0 for no limit.
        """
        self.reactor = reactor
        self.called = called
        self.patience = patience
        self.deadline = deadline
        self.refused = 0
        self.errors = 0
        self._most = most
        self._lines: set[_Line] = set()

    @property
    def calls(self) -> int:
        """
        See above.
        """
        return len(self._lines)

    def buildProtocol(self, addr: IAddress | None) -> Protocol:
        """
        See C{IProtocolFactory}.
        """
        return _Line(self)

    def stopFactory(self) -> None:
        """
        Nobody listens any more: hang up on all.
        """
        for line in tuple(self._lines):
            line.hang_up()

    def add(self, line: _Line) -> bool:
        """
        @return: whether there is room for another.
        """
        if len(self._lines) >= self._most:
            self.refused += 1
            return False
        self._lines.add(line)
        return True

    def remove(self, line: _Line) -> None:
        """
        A call is over.
        """
        self._lines.discard(line)

    def failed(self, failure: Failure, peer: object) -> None:
        """
        A call ended with an error: what meters do is said in a line, what is a fault of ours with all there is.
        """
        if failure.check(CancelledError):
            return
        self.errors += 1
        if failure.check(DLMSError, DeferredTimeout):
            error = failure.getErrorMessage() or type(failure.value).__name__
            self.log.warn("the call of {peer} failed: {error}", peer=peer, error=error)
        else:
            self.log.failure("the call of {peer} failed", failure, peer=peer)
