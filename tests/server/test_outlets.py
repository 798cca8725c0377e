"""
Tests of L{dlms_twisted.server.outlets} and L{dlms_twisted.server.push_stream}.
"""

from __future__ import annotations

from typing import Any

from attrs import evolve
from twisted.internet.defer import Deferred, succeed
from twisted.internet.error import ConnectError, ConnectionDone, MessageLengthError
from twisted.internet.task import Clock
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.apdu.data_notification import DataNotificationConfirm
from dlms_twisted.errors import ConfigurationError
from dlms_twisted.link.hdlc.push import HDLCPushLink
from dlms_twisted.link.mbus.push import MBusPushLink
from dlms_twisted.link.push import Payload
from dlms_twisted.link.wrapper import encode_frame
from dlms_twisted.security.protect import protect
from dlms_twisted.server.description_toml import ready_description
from dlms_twisted.server.faulting import Faults
from dlms_twisted.server.faults import Fault, Scenario
from dlms_twisted.server.meter import SimulatedMeter
from dlms_twisted.server.outgoing import OutgoingPush
from dlms_twisted.server.outlets import Outlets, PushTarget

APDU = bytes.fromhex("0f00000007000906010203040506")


class _Port:
    """
    A UDP port.
    """

    def __init__(self, protocol: Any) -> None:
        self.protocol = protocol
        self.sent: list[tuple[bytes, Any]] = []
        self.longest = 65507
        self.open = True

    def write(self, octets: bytes, address: Any) -> None:
        """
        Remember it.

        @raise MessageLengthError: it is too long.
        """
        if len(octets) > self.longest:
            raise MessageLengthError
        self.sent.append((octets, address))

    def stopListening(self) -> None:
        """
        Remember that.
        """
        self.open = False


class _UDP(Clock):
    """
    A reactor for UDP.
    """

    def __init__(self, resolving: Deferred[str] | None = None) -> None:
        super().__init__()
        self.ports: list[_Port] = []
        self._resolving = resolving

    def resolve(self, name: str) -> Deferred[str]:
        """
        @return: always the same address.
        """
        return self._resolving or succeed("192.0.2.9")

    def listenUDP(self, port: int, protocol: Any, interface: str, size: int) -> _Port:  # noqa: N802
        """
        @return: a new port.
        """
        self.ports.append(_Port(protocol))
        return self.ports[-1]


class _OutletCase(SynchronousTestCase):
    """
    A meter whose pushes go out.
    """

    def setUp(self) -> None:
        """
        A meter.
        """
        self.meter = SimulatedMeter(ready_description("household"), clock=Clock())
        self.finished: list[bool] = []
        self.looked: list[SimulatedMeter] = []

    def push(
        self,
        service: int = 1,
        destination: bytes = b"collector:4059",
        *,
        confirmed: bool = False,
        apdu: bytes = APDU,
    ) -> OutgoingPush:
        """
        @return: a push of the meter.
        """
        return OutgoingPush(
            setup=bytes.fromhex("0000190900ff"),
            service=service,
            destination=destination,
            client=103,
            device=1,
            port=bytes(6),
            apdu=apdu,
            plain=apdu,
            number=7,
            confirmed=confirmed,
            attempt=1,
            finished=self.finished.append,
        )

    def outlets(self, reactor: Any, *arguments: Any, **options: Any) -> Outlets:
        """
        @return: the outlets of the meter.
        """
        outlets = Outlets(reactor, *arguments, look=self.looked.append, **options)
        outlets.listen_to(self.meter)
        return outlets


class DatagramTests(_OutletCase):
    """
    By UDP.
    """

    def test_where_the_setup_says(self) -> None:
        """
        To the destination of the push setup, in a wrapper frame, from one port.
        """
        reactor = _UDP()
        outlets = self.outlets(reactor)
        for _ in range(2):
            self.assertTrue(self.meter.push(self.push()))
        [port] = reactor.ports
        self.assertEqual(port.sent, [(encode_frame(1, 103, APDU), ("192.0.2.9", 4059))] * 2)
        self.assertEqual((self.finished, outlets.sent, len(self.looked)), ([True, True], 2, 2))
        outlets.close()
        self.assertFalse(port.open)

    def test_one_for_all(self) -> None:
        """
        Or to one address for all.
        """
        reactor = _UDP()
        self.outlets(reactor, PushTarget.parse("udp:elsewhere:1"))
        self.meter.push(self.push(service=0))
        self.assertEqual(reactor.ports[0].sent[0][1], ("192.0.2.9", 1))

    def test_faults(self) -> None:
        """
        A push may be lost, forged, or too long for a datagram.
        """
        reactor = _UDP()
        faults = Faults(
            reactor,
            Scenario(
                faults=(
                    Fault(kind="lost", on="push", count=1),
                    Fault(kind="forged-tag", on="push"),
                    Fault(kind="too-long", on="push", after=2),
                )
            ),
        )
        outlets = self.outlets(reactor, faults=lambda: faults)
        sealed = protect(
            APDU, keys=self.meter.keys, title=self.meter.title, counter=1, security_control=0x30
        )
        for _ in range(2):
            self.meter.push(self.push(apdu=sealed))
        [(frame, _)] = reactor.ports[0].sent
        self.assertEqual((frame[8:-12], len(frame)), (sealed[:-12], len(sealed) + 8))
        self.assertNotEqual(frame[8:], sealed)
        reactor.ports[0].longest = 1000
        self.meter.push(self.push(apdu=sealed))
        self.assertEqual((self.finished, outlets.failed), ([True, True, False], 1))

    def test_unknown_host(self) -> None:
        """
        A name that nobody knows ends the attempt.
        """
        resolving: Deferred[str] = Deferred()
        outlets = self.outlets(_UDP(resolving))
        self.meter.push(self.push())
        self.assertEqual(self.finished, [])
        resolving.errback(Failure(ConnectError()))
        self.assertEqual((self.finished, outlets.failed), ([False], 1))

    def test_nowhere(self) -> None:
        """
        A destination that is none, a service that nobody has, and a line that is not there.
        """
        outlets = self.outlets(_UDP())
        for service, destination in (
            (1, b""),
            (1, b"collector"),
            (1, b"collector:0"),
            (1, b"collector:99999"),
            (1, b"\xff\xfe:1"),
            (2, b"+441234"),
            (5, b""),
        ):
            self.meter.push(self.push(service, destination))
        self.assertEqual((self.finished, outlets.failed), ([False] * 7, 7))

    def test_confirmed(self) -> None:
        """
        A confirmed push ends with its confirmation, plain or protected, or without one after a time.
        """
        reactor = _UDP()
        outlets = self.outlets(reactor)
        confirm = DataNotificationConfirm(long_invoke_id_and_priority=7).encode()
        other = DataNotificationConfirm(long_invoke_id_and_priority=8).encode()
        sealed = protect(
            confirm, keys=self.meter.keys, title=b"COLLECT1", counter=9, security_control=0x30
        )
        forged = sealed[:-1] + bytes([sealed[-1] ^ 1])
        for answer in (confirm, sealed):
            self.meter.push(self.push(confirmed=True))
            received = reactor.ports[0].protocol.datagramReceived
            for noise in (other, forged, b"", b"\xdb", b"\x10"):
                received(encode_frame(103, 1, noise), ("192.0.2.9", 4059))
            received(b"noise", ("192.0.2.9", 4059))
            self.assertEqual(self.finished, [])
            received(encode_frame(103, 1, answer), ("192.0.2.9", 4059))
            self.assertEqual(self.finished, [True])
            self.finished.clear()
        self.meter.push(self.push(confirmed=True))
        reactor.advance(30)
        self.assertEqual(self.finished, [False])
        self.meter.push(self.push(confirmed=True))
        outlets.close()
        self.assertEqual(self.finished, [False, False])
        self.assertEqual(reactor.getDelayedCalls(), [])


class StreamTests(_OutletCase):
    """
    By TCP.
    """

    def connected(self, reactor: MemoryReactorClock) -> Any:
        """
        @return: the transport of the connection that is made now.
        """
        protocol: Any = reactor.tcpClients.pop()[2].buildProtocol(None)
        transport: Any = StringTransport()
        protocol.makeConnection(transport)
        transport.protocol = protocol
        return transport

    def test_connection(self) -> None:
        """
        A connection is made for the first push, kept for the next, and closed when there is none for long.
        """
        reactor = MemoryReactorClock()
        outlets = self.outlets(reactor)
        self.meter.push(self.push(0))
        self.meter.push(self.push(0))
        self.assertEqual(len(reactor.tcpClients), 1)
        transport = self.connected(reactor)
        self.assertEqual(transport.value(), encode_frame(1, 103, APDU) * 2)
        reactor.advance(59)
        self.meter.push(self.push(0))
        self.assertEqual(self.finished, [True] * 3)
        reactor.advance(59)
        self.assertFalse(transport.disconnecting)
        reactor.advance(2)
        self.assertTrue(transport.disconnecting)
        transport.protocol.connectionLost(Failure(ConnectionDone()))
        self.meter.push(self.push(0))
        self.assertEqual(len(reactor.tcpClients), 1)
        outlets.close()
        self.assertEqual(self.finished, [True] * 3 + [False])

    def test_confirmed(self) -> None:
        """
        A confirmation comes back on the connection.
        """
        reactor = MemoryReactorClock()
        self.outlets(reactor)
        self.meter.push(self.push(0, confirmed=True))
        transport = self.connected(reactor)
        self.assertEqual(self.finished, [])
        confirm = DataNotificationConfirm(long_invoke_id_and_priority=7).encode()
        transport.protocol.dataReceived(encode_frame(103, 1, confirm))
        self.assertEqual(self.finished, [True])
        transport.protocol.dataReceived(b"no wrapper frame at all")
        self.assertTrue(transport.disconnected or transport.disconnecting)

    def test_refused(self) -> None:
        """
        Where there is no connection the attempt fails.
        """
        reactor = MemoryReactorClock()
        self.outlets(reactor)
        self.meter.push(self.push(0))
        factory: Any = reactor.tcpClients[0][2]
        factory.clientConnectionFailed(None, Failure(ConnectError()))
        self.assertEqual(self.finished, [False])


class LineTests(_OutletCase):
    """
    On lines of our own, and through serial servers.
    """

    def test_lines(self) -> None:
        """
        In UI frames, or M-Bus long frames, on each line; a collector's link puts them together again.
        """
        lines: list[Any] = [type("Line", (), {"transport": StringTransport()}) for _ in range(2)]
        self.outlets(_UDP(), lines=lambda: tuple(lines))
        long = APDU[:7] + bytes(600)
        for service, link in ((5, HDLCPushLink()), (6, MBusPushLink())):
            self.meter.push(self.push(service, apdu=long))
            for line in lines:
                octets = line.transport.value()
                line.transport.clear()
            link.receive_data(octets, 0.0)
            payload = link.next_event()
            assert isinstance(payload, Payload)
            self.assertEqual(payload.octets, long)
        self.assertEqual(self.finished, [True, True])

    def test_framing(self) -> None:
        """
        A serial server takes M-Bus or HDLC by TCP.
        """
        for framing, link in (("hdlc", HDLCPushLink()), ("mbus", MBusPushLink())):
            reactor = MemoryReactorClock()
            self.outlets(reactor, PushTarget.parse("tcp:192.0.2.7:2001", framing))
            self.meter.push(self.push())
            protocol: Any = reactor.tcpClients[0][2].buildProtocol(None)
            transport = StringTransport()
            protocol.makeConnection(transport)
            link.receive_data(transport.value(), 0.0)
            payload = link.next_event()
            assert isinstance(payload, Payload)
            self.assertEqual(payload.octets, APDU)

    def test_targets(self) -> None:
        """
        Descriptions of targets, good and bad.
        """
        self.assertEqual(PushTarget.parse("serial:/dev/ttyUSB0").framing, "hdlc")
        self.assertEqual(PushTarget.parse("tcp:h:1").framing, "wrapper")
        for endpoint, framing in (
            ("udp:h:1", "hdlc"),
            ("udp:h", None),
            ("tcp:h:1", "pigeon"),
            ("pigeon:h:1", None),
            ("tcp:h", None),
        ):
            self.assertRaises(ConfigurationError, PushTarget.parse, endpoint, framing)


class OwnPushTests(SynchronousTestCase):
    """
    From a push setup to the wire.
    """

    def test_household(self) -> None:
        """
        A household pushes when it is told to, ciphered with its keys.
        """
        reactor = _UDP()
        reactor.advance(1_790_000_000)
        description = ready_description("household")
        meter = SimulatedMeter(evolve(description), clock=reactor)
        Outlets(reactor, PushTarget.parse("udp:h:1")).listen_to(meter)
        plans = [one for one in description.devices[0].objects if one.class_id == 40]
        setup: Any = meter.object(40, plans[0].logical_name)
        setup.push(None)
        for _ in range(400):
            due = meter.due()
            if reactor.ports or due is None:
                break
            reactor.advance(max(0.0, due - reactor.seconds()))
            meter.work()
        [(frame, _)] = reactor.ports[0].sent
        self.assertEqual(frame[8:9], b"\xdb")
        self.assertEqual(frame[10:18], meter.title)
