"""
Connections, channels and devices that faults happen to (L{dlms_twisted.server.faulting.Faults}).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from attrs import evolve
from twisted.internet.interfaces import IDelayedCall
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure

from dlms_twisted.security.keys import MeterKeys
from dlms_twisted.server.faulting import Faults
from dlms_twisted.server.faults import Direction, FaultKind
from dlms_twisted.session.served import ServedAssociation
from dlms_twisted.transport.channel import ServerChannel

__all__ = ["FaultyChannel", "FaultyDevice", "FaultyProtocol", "FaultyWay"]

_NOBODYS: Final = bytes.fromhex("a5") * 32


class FaultyWay:
    """
    One way that octets go: it loses, repeats, delays and reorders them.
    """

    def __init__(
        self,
        faults: Faults,
        direction: Direction,
        deliver: Callable[[bytes], None],
        cut: Callable[[], None],
        *,
        ordered: bool,
    ) -> None:
        """
        @param deliver: Passes octets on.
        @param cut: Cuts the connection.
        @param ordered: Does late mean that what follows is late, too, as on a stream?
        """
        self._faults = faults
        self._direction = direction
        self._deliver = deliver
        self._cut = cut
        self._ordered = ordered
        self._free_at = 0.0
        self._held: list[tuple[IDelayedCall, bytes]] = []
        self._calls: set[IDelayedCall] = set()

    def send(self, octets: bytes) -> None:
        """
        Pass octets on, or not.
        """
        if not self._faults and not self._calls:
            self._deliver(octets)
            return
        outcome = self._faults.wire(octets, self._direction)
        for delay, piece in outcome.octets:
            if delay < 0:
                self._hold(-delay, piece)
            else:
                self._pass(delay, piece)
        if outcome.octets and all(delay >= 0 for delay, _ in outcome.octets):
            self._release()
        if outcome.drop:
            self._cut()

    def stop(self) -> None:
        """
        What is under way is lost.
        """
        calls, self._calls = self._calls, set()
        held, self._held = self._held, []
        for call in [*calls, *(call for call, _ in held)]:
            if call.active():
                call.cancel()

    def _pass(self, delay: float, piece: bytes) -> None:
        clock = self._faults.clock
        at = clock.seconds() + delay
        if self._ordered:
            at = self._free_at = max(at, self._free_at)
        if at <= clock.seconds():
            self._deliver(piece)
            return

        def due() -> None:
            self._calls.discard(call)
            self._deliver(piece)

        call = clock.callLater(at - clock.seconds(), due)
        self._calls.add(call)

    def _hold(self, longest: float, piece: bytes) -> None:
        self._held.append((self._faults.clock.callLater(longest, self._release), piece))

    def _release(self) -> None:
        held, self._held = self._held, []
        for call, piece in held:
            if call.active():
                call.cancel()
            self._pass(0.0, piece)


class _FaultyTransport:
    """
    A transport whose writes go a faulty way; all else is the transport's own.
    """

    def __init__(self, transport: Any, way: FaultyWay) -> None:
        self._transport = transport
        self._way = way

    def write(self, data: bytes) -> None:
        """
        Write, or not.
        """
        self._way.send(data)

    def writeSequence(self, data: list[bytes]) -> None:  # noqa: N802 - Twisted's name
        """
        The same.
        """
        self._way.send(b"".join(data))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class FaultyProtocol(Protocol):
    """
    A protocol to which, and from which, octets come as the faults want.
    """

    transport: Any

    def __init__(self, inner: Any, faults: Faults) -> None:
        """
        @param inner: The protocol.
        """
        self._inner = inner
        self._faults = faults

    def connectionMade(self) -> None:
        transport = self.transport
        self._out = FaultyWay(
            self._faults, Direction.ANSWER, transport.write, self._cut, ordered=True
        )
        self._in = FaultyWay(
            self._faults, Direction.REQUEST, self._inner.dataReceived, self._cut, ordered=True
        )
        self._inner.makeConnection(_FaultyTransport(transport, self._out))

    def dataReceived(self, data: bytes) -> None:
        self._in.send(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.connected = 0
        self._in.stop()
        self._out.stop()
        self._inner.connectionLost(reason)

    def _cut(self) -> None:
        # What was written is let through: half a frame, and then the end.
        self.transport.loseConnection()


class FaultyChannel:
    """
    A channel whose answers and pushes are as the faults want (a L{ServerChannel}).
    """

    def __init__(self, channel: ServerChannel, faults: Faults) -> None:
        self.client = channel.client
        self.server = channel.server
        self.physical = channel.physical
        self._channel = channel
        self._faults = faults

    def send(self, apdu: bytes) -> None:
        """
        Send an APDU, perhaps another, perhaps later.
        """
        self._later(apdu, Direction.ANSWER, self._channel.send)

    def push(self, apdu: bytes) -> None:
        """
        The same, beside the conversation.
        """
        self._later(apdu, Direction.PUSH, self._channel.push)

    def no_answer(self) -> None:
        """
        See L{ServerChannel.no_answer}.
        """
        self._channel.no_answer()

    def close(self) -> None:
        """
        See L{ServerChannel.close}.
        """
        self._channel.close()

    def _later(self, apdu: bytes, direction: Direction, send: Callable[[bytes], None]) -> None:
        delay, sent = self._faults.message(apdu, direction)
        if delay > 0:
            self._faults.later(delay, lambda: send(sent))
        else:
            send(sent)


class FaultyDevice:
    """
    A device whose keys and counters are as the faults want (a L{dlms_twisted.session.served.ServedDevice}).
    """

    def __init__(self, device: Any, faults: Faults) -> None:
        """
        @param device: The real one.
        """
        self._device = device
        self._faults = faults
        self._wrong: tuple[MeterKeys, MeterKeys] | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._device, name)

    def keys(self, association: ServedAssociation) -> MeterKeys:
        """
        @return: the keys, or others.
        """
        keys: MeterKeys = self._device.keys(association)
        if self._faults.hits(FaultKind.WRONG_KEY) is None:
            return keys
        if self._wrong is None or self._wrong[0] is not keys:
            self._wrong = (keys, _others(keys))
        return self._wrong[1]

    def counter(self, epoch: str) -> int:
        """
        @return: an invocation counter, perhaps a used one.
        """
        counter: int = self._device.counter(epoch)
        stale = self._faults.hits(FaultKind.STALE_COUNTER)
        return counter if stale is None else max(1, counter - int(stale.steps))


def _others(keys: MeterKeys) -> MeterKeys:
    length = len(keys.encryption_key or b"")
    return evolve(keys, encryption_key=_NOBODYS[:length] or None)
