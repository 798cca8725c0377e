"""
Where a meter's own pushes go out: UDP, TCP, HDLC in UI frames, wired M-Bus; the push setup says where, or one address
for all.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from attrs import frozen
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.endpoints import clientFromString
from twisted.internet.error import MessageLengthError
from twisted.internet.interfaces import IDelayedCall
from twisted.internet.protocol import DatagramProtocol
from twisted.logger import Logger

from dlms_twisted.apdu.data_notification import DataNotificationConfirm
from dlms_twisted.apdu.envelope import CIPHERED_TAGS, parse_envelope
from dlms_twisted.errors import ConfigurationError, DLMSError
from dlms_twisted.link.hdlc.address import encode_address
from dlms_twisted.link.hdlc.push import encode_message as hdlc_message
from dlms_twisted.link.mbus.push import encode_message as mbus_message
from dlms_twisted.link.wrapper import encode_frame, split_datagram
from dlms_twisted.security.opening import open_envelope
from dlms_twisted.server.faulting import Faults
from dlms_twisted.server.faults import Direction, FaultKind
from dlms_twisted.server.meter import SimulatedMeter
from dlms_twisted.server.outgoing import OutgoingPush
from dlms_twisted.server.push_stream import PushStream
from dlms_twisted.server.serving import FIRST_PHYSICAL
from dlms_twisted.transport.datagram import MAX_PACKET
from dlms_twisted.transport.datagram_channel import UDPTarget

__all__ = ["PUSH_FRAMINGS", "Outlets", "PushTarget"]

PUSH_FRAMINGS: Final = ("wrapper", "hdlc", "mbus")
#: Transport services of a push setup.
_TCP, _UDP, _HDLC, _MBUS = 0, 1, 5, 6
_SERVICES: Final = {_TCP: "tcp", _UDP: "udp"}
_TIMEOUT: Final = 30.0
_destination: Final = re.compile(r"\[?([0-9A-Za-z.:_-]+?)\]?:(\d{1,5})").fullmatch


@frozen
class PushTarget:
    """
    Where a push goes.

    @ivar endpoint: C{udp:HOST:PORT}, C{tcp:HOST:PORT}, C{serial:DEVICE:…} or any client endpoint.
    @ivar framing: One of L{PUSH_FRAMINGS}.
    """

    endpoint: str
    framing: str = "wrapper"

    @classmethod
    def parse(cls, endpoint: str, framing: str | None = None) -> PushTarget:
        """
        @param framing: C{None} for hdlc on serial lines, else wrapper.

        @raise ConfigurationError: there is no such framing, or it does not go with the endpoint.
        """
        kind = endpoint.partition(":")[0]
        framing = framing or ("hdlc" if kind == "serial" else "wrapper")
        if framing not in PUSH_FRAMINGS:
            raise ConfigurationError(f"push framing: one of {', '.join(PUSH_FRAMINGS)} wanted")
        if kind == "udp":
            UDPTarget.parse(endpoint)
            if framing != "wrapper":
                raise ConfigurationError(f"{endpoint!r}: by UDP there is only the wrapper")
            return cls(endpoint, framing)
        try:
            clientFromString(None, endpoint)
        except Exception as error:  # their parsers raise whatever int() and open() raise
            raise ConfigurationError(f"{endpoint!r} is no endpoint: {error}") from None
        return cls(endpoint, framing)


class _Waiting:
    """
    A push whose end is not known yet.
    """

    def __init__(
        self, push: OutgoingPush, meter: SimulatedMeter, look: Callable[[SimulatedMeter], None]
    ) -> None:
        self._look = look
        self.push = push
        self.meter = meter
        self.late: IDelayedCall | None = None

    def end(self, good: bool) -> None:
        if self.late is not None and self.late.active():
            self.late.cancel()
        self.push.finished(good)
        self._look(self.meter)

    def is_confirmed_by(self, apdu: bytes) -> bool:
        """
        Is this its DataNotification-Confirm, protected or not?
        """
        try:
            if apdu[:1] and apdu[0] in CIPHERED_TAGS:
                envelope = parse_envelope(apdu)
                apdu = open_envelope(envelope, self.meter.keys, envelope.system_title).plaintext
            confirm = DataNotificationConfirm.decode(apdu)
        except DLMSError:
            return False
        return confirm.long_invoke_id_and_priority & 0xFFFFFF == self.push.number


class _Datagrams(DatagramProtocol):
    noisy = False

    def __init__(self, received: Callable[[bytes], None]) -> None:
        self._received = received

    def datagramReceived(self, datagram: bytes, addr: Any) -> None:
        for frame in split_datagram(datagram).frames:
            self._received(frame.payload)


class Outlets:
    """
    Sends what meters push (L{SimulatedMeter.on_push}).

    @ivar sent: Pushes that went out.
    @ivar failed: Pushes that did not.
    """

    log = Logger()

    def __init__(
        self,
        reactor: Any,
        target: PushTarget | None = None,
        *,
        lines: Callable[[], tuple[Any, ...]] = tuple,
        look: Callable[[SimulatedMeter], None] = lambda meter: None,
        faults: Callable[[], Faults | None] = lambda: None,
    ) -> None:
        """
        @param target: Where all pushes go; C{None} for where each push setup says.
        @param lines: The protocols of HDLC lines that are connected now, for pushes in UI frames.
        @param look: Called with a meter that was told how a push ended: it may want to try again.
        @param faults: What goes wrong with the APDUs that are pushed, and whether they are lost.
        """
        self.sent = 0
        self.failed = 0
        self._reactor = reactor
        self._target = target
        self._lines = lines
        self._look = look
        self._faults = faults
        self._connections: dict[str, PushStream] = {}
        self._datagrams: Any = None
        self._addresses: dict[str, str] = {}
        self._waiting: list[_Waiting] = []

    def listen_to(self, meter: SimulatedMeter) -> None:
        """
        Send what this meter pushes.
        """
        meter.on_push = lambda push: self.push(meter, push)

    def push(self, meter: SimulatedMeter, push: OutgoingPush) -> None:
        """
        Send a push; its C{finished} is called when the outcome is known.
        """
        waiting = _Waiting(push, meter, self._look)
        faults, lost = self._faults(), False
        if faults is not None:
            push = push._replace(apdu=faults.message(push.apdu, Direction.PUSH)[1])
            lost = faults.hits(FaultKind.LOST, Direction.PUSH) is not None

        def done(good: bool) -> None:
            if good:
                self.sent += 1
            else:
                self.failed += 1
            if not good or not push.confirmed:
                waiting.end(good)
                return
            waiting.late = self._reactor.callLater(_TIMEOUT, self._unconfirmed, waiting)
            self._waiting.append(waiting)

        target = self._target or _target_of(push)
        if lost:
            done(True)
        elif target is None:
            self._on_lines(meter, push, done)
        elif target.endpoint.startswith("udp:"):
            self._by_datagram(UDPTarget.parse(target.endpoint), push, done)
        else:
            connection = self._connections.get(target.endpoint)
            if connection is None:
                connection = PushStream(self._reactor, target.endpoint, self._received)
                self._connections[target.endpoint] = connection
            connection.send(_frames(target.framing, meter, push), done)

    def close(self) -> Deferred[Any]:
        """
        @return: fires when the UDP port is closed.
        """
        waiting, self._waiting = self._waiting, []
        for one in waiting:
            one.end(False)
        for connection in self._connections.values():
            connection.close()
        port, self._datagrams = self._datagrams, None
        return maybeDeferred(lambda: None if port is None else port.stopListening())

    def _on_lines(
        self, meter: SimulatedMeter, push: OutgoingPush, done: Callable[[bool], None]
    ) -> None:
        frames = b"".join(_frames("hdlc" if push.service == _HDLC else "mbus", meter, push))
        lines = self._lines() if push.service in {_HDLC, _MBUS} else ()
        for line in lines:
            line.transport.write(frames)
        done(bool(lines))

    def _by_datagram(
        self, target: UDPTarget, push: OutgoingPush, done: Callable[[bool], None]
    ) -> None:
        frame = encode_frame(push.device, push.client, push.apdu)

        def resolved(address: str) -> None:
            self._addresses[target.host] = address
            if self._datagrams is None:
                interface = "::" if ":" in address else ""
                self._datagrams = self._reactor.listenUDP(
                    0, _Datagrams(self._received), interface, MAX_PACKET
                )
            try:
                self._datagrams.write(frame, (address, target.port))
            except MessageLengthError:
                done(False)
            else:
                done(True)

        known = self._addresses.get(target.host)
        if known is not None:
            resolved(known)
            return
        resolving: Deferred[Any] = maybeDeferred(self._reactor.resolve, target.host)
        resolving.addCallback(resolved).addErrback(lambda _: done(False))

    def _received(self, apdu: bytes) -> None:
        for waiting in self._waiting:
            if waiting.is_confirmed_by(apdu):
                self._waiting.remove(waiting)
                waiting.end(True)
                return

    def _unconfirmed(self, waiting: _Waiting) -> None:
        if waiting in self._waiting:
            self._waiting.remove(waiting)
            waiting.end(False)


def _frames(framing: str, meter: SimulatedMeter, push: OutgoingPush) -> list[bytes]:
    if framing == "hdlc":
        physical = FIRST_PHYSICAL + meter.number - 1
        source = encode_address(push.device, physical if physical < 1 << 14 else None)
        return hdlc_message(push.apdu, destination=encode_address(push.client), source=source)
    if framing == "mbus":
        return mbus_message(push.apdu, source=push.device & 0xFF, destination=push.client & 0xFF)
    return [encode_frame(push.device, push.client, push.apdu)]


def _target_of(push: OutgoingPush) -> PushTarget | None:
    # Where the push setup says; None for a line of our own, or where it says nothing that can be used.
    kind = _SERVICES.get(push.service)
    found = _destination(push.destination.decode("ascii", "replace").strip())
    if kind is None or found is None or not 1 <= int(found[2]) <= 0xFFFF:
        return None
    host = found[1].replace(":", "\\:")
    return PushTarget(f"{kind}:{host}:{found[2]}")
