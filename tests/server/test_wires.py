"""
Tests of L{dlms_twisted.server.wires}, L{dlms_twisted.server.wiring}, L{dlms_twisted.server.datagrams} and
L{dlms_twisted.transport.sign_on_server}: fakes, real sockets, and a pseudo terminal.
"""

from __future__ import annotations

import os
from random import Random
from typing import Any

from twisted.internet import reactor as _reactor
from twisted.internet.task import Clock
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.trial.unittest import SynchronousTestCase, TestCase

from dlms_twisted.client import MeterSettings, connect
from dlms_twisted.errors import ConfigurationError, LinkError
from dlms_twisted.link.hdlc.address import encode_address
from dlms_twisted.link.hdlc.frame import encode_frame as hdlc_frame
from dlms_twisted.link.mode_e import OPENING, Identification, LineSettings
from dlms_twisted.link.mode_e_server import ServerSignOn
from dlms_twisted.link.wrapper import encode_frame
from dlms_twisted.server.datagrams import DatagramServer
from dlms_twisted.server.description_toml import ready_description
from dlms_twisted.server.faulting import Faults
from dlms_twisted.server.faults import Fault, Scenario
from dlms_twisted.server.fleet import Fleet
from dlms_twisted.server.hosted import client_options, hdlc_protocol, wrapper_protocol
from dlms_twisted.server.serving import Host
from dlms_twisted.server.wires import DatagramWire, SerialWire, StreamWire, Wire
from dlms_twisted.server.wiring import begin_all, make_wire, nth_port
from dlms_twisted.transport.sign_on_server import SignOnServerProtocol
from tests.transport.terminals import Bridge, until

reactor: Any = _reactor

AARQ = bytes.fromhex("601DA109060760857405080101BE10040E01000000065F1F0400007E1F04B0")
GET = bytes.fromhex("C001C100080000010000FF0200")
SNRM = hdlc_frame(b"\x02\x23", b"\x21", 0x93)


def host_of(clock: Any, meters: int = 1, faults: Faults | None = None) -> Host:
    """
    @return: a host of so many households.
    """
    return Host(clock, Fleet(ready_description("household"), meters, clock=clock), faults=faults)


class WiringTests(SynchronousTestCase):
    """
    From descriptions to wires.
    """

    def test_kinds(self) -> None:
        """
        Each description makes the wire that it is for.
        """
        fake = MemoryReactorClock()
        for description, options, kind in (
            ("tcp:4059", {}, StreamWire),
            ("tcp:4059", {"framing": "hdlc"}, StreamWire),
            ("tcp:4059", {"mode_e": True}, StreamWire),
            ("udp:4059", {}, DatagramWire),
            ("serial:/dev/ttyUSB0:baudrate=9600", {}, SerialWire),
            ("serial:/dev/ttyUSB0", {"mode_e": True}, SerialWire),
        ):
            wire = make_wire(fake, description, host_of(fake), random=Random(1).random, **options)
            self.assertIs(type(wire), kind)
            self.assertEqual((wire.address, wire.lines), (description, ()))

    def test_bad(self) -> None:
        """
        What does not go together is refused.
        """
        fake = MemoryReactorClock()
        for description, options in (
            ("tcp:4059", {"framing": "pigeon"}),
            ("udp:4059", {"framing": "hdlc"}),
            ("udp:4059", {"mode_e": True}),
            ("udp:x", {}),
            ("serial:/dev/ttyUSB0", {"framing": "wrapper"}),
            ("serial:/dev/ttyUSB0:baudrate=x", {}),
        ):
            with self.assertRaises(ConfigurationError):
                make_wire(fake, description, host_of(fake), random=Random(1).random, **options)

    def test_ports(self) -> None:
        """
        Consecutive ports; any free one stays any free one.
        """
        self.assertEqual(
            nth_port("tcp:4059:interface=127.0.0.1", 3), "tcp:4062:interface=127.0.0.1"
        )
        self.assertEqual(nth_port("udp:0", 3), "udp:0")
        for wrong in ("serial:/dev/ttyUSB0", "unix:/tmp/x"):
            self.assertRaises(ConfigurationError, nth_port, wrong, 0)
        self.assertRaises(ConfigurationError, nth_port, "tcp:65000", 1000)


class _Source:
    """
    Remembers what is sent.
    """

    def __init__(self) -> None:
        self.sent: list[tuple[bytes, Any]] = []

    def send(self, octets: bytes, address: Any) -> None:
        """
        Remember it.
        """
        self.sent.append((octets, address))


class ManyTests(SynchronousTestCase):
    """
    Many meters behind one connection.
    """

    def test_wrapper(self) -> None:
        """
        Each of two hundred answers on the same connection.
        """
        clock = Clock()
        host = host_of(clock, 200)
        protocol = wrapper_protocol(clock, host)
        transport = StringTransport()
        protocol.makeConnection(transport)
        for number in range(1, 201):
            transport.clear()
            protocol.dataReceived(encode_frame(16, number, GET))
            self.assertEqual(transport.value()[2:4], number.to_bytes(2, "big"))
            self.assertEqual(transport.value()[8:].hex(), "d80101")
        self.assertEqual(len(host.servings), 200)
        protocol.connectionLost()
        self.assertEqual(len(host.servings), 0)
        host.clockwork.stop()

    def test_hdlc(self) -> None:
        """
        Each of a hundred takes a connection on one line.
        """
        clock = Clock()
        host = host_of(clock, 100)
        protocol = hdlc_protocol(clock, host)
        transport = StringTransport()
        protocol.makeConnection(transport)
        for physical in range(17, 117):
            transport.clear()
            address = encode_address(1, physical)
            protocol.dataReceived(hdlc_frame(address, b"\x21", 0x93))
            self.assertEqual(transport.value()[3:7], b"\x21" + address + b"\x73")
        self.assertEqual(len(host.servings), 100)
        protocol.connectionLost()
        host.clockwork.stop()


class DatagramServerTests(SynchronousTestCase):
    """
    Sessions by where datagrams come from.
    """

    def setUp(self) -> None:
        """
        A server of two meters.
        """
        self.clock = Clock()
        self.clock.advance(1.79e9)
        self.source: Any = _Source()
        self.host = host_of(self.clock, 2)
        self.server = DatagramServer(self.clock, self.host)
        self.addCleanup(self.host.clockwork.stop)

    def said(self, apdu: bytes, port: int = 1, *, meter: int = 1) -> list[bytes]:
        """
        @return: what the meter answers to that address.
        """
        self.source.sent.clear()
        frame = encode_frame(16, meter, apdu)
        self.server.received(self.source, frame, ("192.0.2.1", port))
        for octets, address in self.source.sent:
            self.assertEqual(address, ("192.0.2.1", port))
            self.assertEqual(octets[2:6], meter.to_bytes(2, "big") + b"\0\x10")
        return [octets[8:] for octets, _ in self.source.sent]

    def test_peers(self) -> None:
        """
        Associations are those of one peer and one meter.
        """
        self.assertEqual(self.said(AARQ)[0][:1], b"\x61")
        self.assertEqual(self.said(GET)[0][:6].hex(), "c401c100090c")
        self.assertEqual(self.said(GET, 2)[0].hex(), "d80101")
        self.assertEqual(self.said(GET, meter=2)[0].hex(), "d80101")
        self.assertEqual(self.said(GET, meter=3), [])
        self.assertEqual(len(self.host.servings), 3)

    def test_idle(self) -> None:
        """
        Peers that are silent for long are forgotten when others come.
        """
        self.said(AARQ)
        self.clock.advance(601)
        self.said(AARQ, 2)
        self.assertEqual(len(self.host.servings), 1)
        self.assertEqual(self.said(GET)[0].hex(), "d80101")

    def test_strange(self) -> None:
        """
        What is no frame is counted, and never answered.
        """
        for datagram in (b"", b"\0", b"noise, or not", encode_frame(16, 1, b"")[:-1]):
            self.server.received(self.source, datagram, ("192.0.2.1", 1))
        self.assertEqual(self.source.sent, [])
        self.assertGreater(self.server.strange, 1)

    def test_close(self) -> None:
        """
        Closing ends all sessions.
        """
        self.said(AARQ)
        self.server.close()
        self.assertEqual(len(self.host.servings), 0)

    def test_faults(self) -> None:
        """
        Datagrams are lost and repeated both ways.
        """
        faults = Faults(
            self.clock,
            Scenario(faults=(Fault(kind="lost", on="request", count=1), Fault(kind="repeated"))),
        )
        self.host = host_of(self.clock, 2, faults)
        self.server = DatagramServer(self.clock, self.host)
        self.assertEqual(self.said(AARQ), [])
        self.assertEqual(len(self.said(AARQ)), 2)
        self.host.clockwork.stop()
        self.server.close()


class _Line(StringTransport):
    """
    A line whose settings are remembered.
    """

    def __init__(self) -> None:
        super().__init__()
        self.settings: list[LineSettings] = []

    def set_line(self, settings: LineSettings) -> None:
        """
        Remember them.
        """
        self.settings.append(settings)


class SignOnServerTests(SynchronousTestCase):
    """
    A meter's line with mode E.
    """

    def test_sign_on(self) -> None:
        """
        After the sign-on there is HDLC at the new speed, until nobody is connected for a while.
        """
        clock = Clock()
        host = host_of(clock)
        protocol = SignOnServerProtocol(
            clock,
            ServerSignOn(lambda _: Identification("SIM", "5", "2", "X")),
            lambda: hdlc_protocol(clock, host, inactivity=30.0),
        )
        line = _Line()
        protocol.makeConnection(line)
        self.assertEqual(line.settings, [OPENING])
        protocol.dataReceived(b"/?!\r\n")
        protocol.dataReceived(b"\x06252\r\n")
        self.assertEqual(line.value(), b"/SIM5\\2X\r\n\x06252\r\n")
        line.clear()
        clock.advance(0.5)
        self.assertEqual(line.settings[1:], [LineSettings(9600, 8, "N")])
        protocol.dataReceived(SNRM)
        self.assertEqual(line.value()[:1], b"\x7e")
        self.assertEqual(len(host.servings), 1)
        line.clear()
        clock.pump([10] * 3)
        self.assertEqual(len(line.settings), 2 if host.servings else 3)
        clock.pump([10] * 3)
        self.assertEqual(line.settings[2:], [OPENING])
        self.assertEqual(len(host.servings), 0)
        protocol.dataReceived(b"/?!\r\n")
        self.assertEqual(line.value()[:4], b"/SIM")
        protocol.connectionLost()
        host.clockwork.stop()
        self.assertEqual(clock.getDelayedCalls(), [])


class WireIntegrationTests(TestCase):
    """
    Meters on real sockets and a pseudo terminal, read by our own client.
    """

    timeout = 30

    async def wire(self, description: str, meters: int = 1, **options: Any) -> Wire:
        """
        @return: an open wire, which is closed at the end.
        """
        host = host_of(reactor, meters)
        wire = make_wire(reactor, description, host, random=Random(1).random, **options)
        await begin_all([wire])
        self.addCleanup(host.clockwork.stop)
        self.addCleanup(wire.stopService)
        return wire

    async def read(self, where: str, wire: Wire, number: int = 1, **changes: Any) -> bytes:
        """
        @return: the serial number of a meter, read as the management client.
        """
        place = wire.host.place(number if "physical" not in changes else 1, changes.get("physical"))
        assert place is not None
        options = {**client_options(place.meter, 1), **changes}
        if "physical" not in changes:
            options["server"] = number
        client = await connect(reactor, where, MeterSettings(timeout=10.0, **options))
        data = await client.get("1/0-0:96.1.0.255/2")
        await client.close()
        value = data.values
        assert isinstance(value, bytes)
        return value

    async def test_tcp_wrapper(self) -> None:
        """
        Several meters on one port, by their wPorts.
        """
        wire = await self.wire("tcp:0:interface=127.0.0.1", 3)
        for number in (1, 3):
            self.assertEqual(await self.read(wire.address, wire, number), b"SIM%010d" % number)
        self.assertTrue(wire.address.startswith("tcp:127.0.0.1:"))

    async def test_udp(self) -> None:
        """
        By UDP.
        """
        wire = await self.wire("udp:0:interface=127.0.0.1", 2)
        self.assertEqual(await self.read(wire.address, wire, 2), b"SIM0000000002")

    async def test_tcp_hdlc(self) -> None:
        """
        Several meters on one line, by their physical addresses.
        """
        wire = await self.wire("tcp:0:interface=127.0.0.1", 5, framing="hdlc")
        for physical in (17, 21):
            found = await self.read(wire.address, wire, framing="hdlc", physical=physical)
            self.assertEqual(found, b"SIM%010d" % (physical - 16))

    async def test_mode_e_by_tcp(self) -> None:
        """
        A sign-on over TCP, where no line can be set.
        """
        wire = await self.wire("tcp:0:interface=127.0.0.1", mode_e=True)
        found = await self.read(wire.address, wire, framing="hdlc", mode_e=True)
        self.assertEqual(found, b"SIM0000000001")

    async def test_serial(self) -> None:
        """
        A meter at the other end of a pseudo terminal, with the sign-on of mode E.
        """
        ours, theirs = os.openpty()
        bridge = Bridge(ours, theirs)
        self.addCleanup(bridge.close)
        wire = await self.wire(f"serial:{bridge.meter}:baudrate=9600", mode_e=True)
        await until(lambda: bool(wire.lines))
        found = await self.read(
            f"serial:{bridge.client}:baudrate=9600", wire, framing="hdlc", mode_e=True
        )
        self.assertEqual(found, b"SIM0000000001")

    async def test_port_taken(self) -> None:
        """
        A port that is taken fails the beginning.
        """
        wire = await self.wire("tcp:0:interface=127.0.0.1")
        port = wire.address.rpartition(":")[2]
        with self.assertRaises(Exception) as caught:
            await self.wire(f"tcp:{port}:interface=127.0.0.1")
        self.assertEqual(type(caught.exception).__name__, "CannotListenError")

    async def test_stopped(self) -> None:
        """
        When the wire is closed its connections are, too.
        """
        wire = await self.wire("tcp:0:interface=127.0.0.1")
        options = client_options(wire.host.meters[0], 16)
        client = await connect(reactor, wire.address, **options)
        self.assertEqual((len(wire.lines), len(wire.host.servings)), (1, 1))
        await wire.stopService()
        with self.assertRaises(LinkError):
            await client.get("1/0-0:96.1.0.255/2")
        await until(lambda: not wire.host.servings)
