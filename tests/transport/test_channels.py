"""
Tests of the channels: wrapper and HDLC over streams, both ends, wrapper over UDP, and sign-on.
"""

from __future__ import annotations

import os
from typing import Any

from twisted.internet import reactor as _reactor
from twisted.internet.defer import CancelledError, Deferred, fail, succeed
from twisted.internet.error import ConnectionDone, ConnectionLost, DNSLookupError
from twisted.internet.interfaces import IReadDescriptor, IStreamClientEndpoint
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport, StringTransportWithDisconnection
from twisted.logger import capturedLogs
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase, TestCase
from zope.interface import implementer

from dlms_twisted.errors import ConfigurationError, LinkError, LocalProtocolError
from dlms_twisted.link.hdlc.events import Timing
from dlms_twisted.link.hdlc.frame import encode_frame as hdlc_frame
from dlms_twisted.link.hdlc.parameters import Parameters
from dlms_twisted.link.mode_e import OPENING, LineSettings, SignOn
from dlms_twisted.link.wrapper import encode_frame
from dlms_twisted.transport.channel import ServerChannel
from dlms_twisted.transport.datagram_channel import DatagramChannel, UDPTarget
from dlms_twisted.transport.hdlc_protocol import HDLCChannel, HDLCLineProtocol
from dlms_twisted.transport.hdlc_server import HDLCServerProtocol
from dlms_twisted.transport.serial import SerialEndpoint
from dlms_twisted.transport.serial_description import SerialDescription
from dlms_twisted.transport.sign_on import SignOnEndpoint
from dlms_twisted.transport.wrapper_protocol import WrapperChannel, WrapperServerProtocol

reactor: Any = _reactor

CLIENT, SERVER, OTHER = b"\x21", b"\x02\x23", b"\x04\x23"


class Receiver:
    """
    Remembers what it is told.
    """

    def __init__(self) -> None:
        self.received: list[bytes] = []
        self.pushed: list[bytes] = []
        self.lost: list[LinkError] = []
        self.waiting: list[Deferred[bytes]] = []

    def channel_received(self, apdu: bytes) -> None:
        """
        Remember it, and tell who waits.
        """
        self.received.append(apdu)
        if self.waiting:
            self.waiting.pop(0).callback(apdu)

    def channel_pushed(self, apdu: bytes) -> None:
        """
        Remember it.
        """
        self.pushed.append(apdu)

    def channel_lost(self, error: LinkError) -> None:
        """
        Remember it.
        """
        self.lost.append(error)


class Server(Receiver):
    """
    Answers each request with itself, turned round.
    """

    def __init__(self, channel: ServerChannel) -> None:
        super().__init__()
        self.channel = channel
        self.silent = False

    def channel_received(self, apdu: bytes) -> None:
        """
        Answer it.
        """
        super().channel_received(apdu)
        if not self.silent:
            self.channel.send(apdu[::-1])


class WrapperTests(SynchronousTestCase):
    """
    Tests of L{WrapperChannel}.
    """

    def setUp(self) -> None:
        self.receiver = Receiver()
        self.channel = WrapperChannel(self.receiver, client=16, server=1)
        self.transport = StringTransportWithDisconnection()
        self.transport.protocol = self.channel
        self.channel.makeConnection(self.transport)

    def test_exchange(self) -> None:
        """
        Requests go out, answers come in, however TCP cuts them.
        """
        self.successResultOf(self.channel.open())
        self.channel.send(b"\xc0")
        self.assertEqual(self.transport.value(), encode_frame(16, 1, b"\xc0"))
        for octet in encode_frame(1, 16, b"\xc4"):
            self.channel.dataReceived(bytes([octet]))
        self.assertEqual(self.receiver.received, [b"\xc4"])

    def test_pushed(self) -> None:
        """
        What comes on other ports is no answer.
        """
        self.channel.dataReceived(encode_frame(1, 103, b"\x0f"))
        self.assertEqual((self.receiver.received, self.receiver.pushed), ([], [b"\x0f"]))

    def test_close(self) -> None:
        """
        Closing fires when the connection is closed, and nothing can be sent afterwards.
        """
        self.successResultOf(self.channel.close())
        self.successResultOf(self.channel.close())
        self.assertEqual([error.reason for error in self.receiver.lost], ["dropped"])
        self.assertRaises(LocalProtocolError, self.channel.send, b"")
        self.failureResultOf(self.channel.open(), LinkError)

    def test_broken(self) -> None:
        """
        A peer that breaks the wrapper is dropped, and the log says who and why.
        """
        with capturedLogs() as events:
            self.channel.dataReceived(b"HTTP/1.1 400")
        self.assertFalse(self.transport.connected)
        self.assertEqual(len(self.receiver.lost), 1)
        self.assertIn("version", str(events[-1]["error"]))


class WrapperServerTests(SynchronousTestCase):
    """
    Tests of L{WrapperServerProtocol}.
    """

    def setUp(self) -> None:
        self.servers: list[Server] = []
        self.protocol = WrapperServerProtocol(lambda port: port in {1, 2}, self.accept)
        self.transport = StringTransportWithDisconnection()
        self.transport.protocol = self.protocol
        self.protocol.makeConnection(self.transport)

    def accept(self, channel: ServerChannel) -> Server:
        """
        A server for each channel.
        """
        self.servers.append(Server(channel))
        return self.servers[-1]

    def test_channels(self) -> None:
        """
        Each pair of ports is a conversation; answers swap the ports.
        """
        for client, server in ((16, 1), (16, 2), (1, 1), (16, 1)):
            self.transport.clear()
            self.protocol.dataReceived(encode_frame(client, server, b"ab"))
            self.assertEqual(self.transport.value(), encode_frame(server, client, b"ba"))
        keys = [(server.channel.client, server.channel.server) for server in self.servers]
        self.assertEqual(keys, [(16, 1), (16, 2), (1, 1)])

    def test_not_ours(self) -> None:
        """
        Frames to other ports get nothing.
        """
        self.protocol.dataReceived(encode_frame(16, 3, b"ab"))
        self.assertEqual((self.transport.value(), self.servers), (b"", []))

    def test_limit(self) -> None:
        """
        A client that uses ports without end is dropped.
        """
        for client in range(65):
            self.protocol.dataReceived(encode_frame(client, 1, b"x"))
        self.assertFalse(self.transport.connected)
        self.assertEqual(len(self.servers), 64)
        self.assertTrue(all(server.lost for server in self.servers))

    def test_push_and_close(self) -> None:
        """
        A server can push, and close; then it can send no more.
        """
        self.protocol.dataReceived(encode_frame(16, 1, b"x"))
        channel = self.servers[0].channel
        self.transport.clear()
        channel.push(b"\x0f")
        channel.no_answer()
        self.assertEqual(self.transport.value(), encode_frame(1, 16, b"\x0f"))
        channel.close()
        channel.close()
        channel.send(b"late")
        self.assertEqual(len(self.servers[0].lost), 1)


class HDLCTests(SynchronousTestCase):
    """
    Tests of L{HDLCLineProtocol} with L{HDLCServerProtocol} at the other end.
    """

    def setUp(self) -> None:
        self.clock = Clock()
        self.servers: list[Server] = []
        self.near = HDLCLineProtocol(self.clock)
        self.far = HDLCServerProtocol(
            self.clock,
            lambda address: address in {SERVER, OTHER},
            self.accept,
            parameters=Parameters(128, 128, 7, 7),
            inactivity=60.0,
        )
        self.to_far = StringTransport()
        self.to_near = StringTransport()
        self.far.makeConnection(self.to_near)
        self.near.makeConnection(self.to_far)
        self.receiver = Receiver()
        self.channel = self.made(SERVER, self.receiver)

    def made(self, destination: bytes, receiver: Receiver) -> HDLCChannel:
        """
        A channel to that server.
        """
        return self.near.channel(
            receiver,
            source=CLIENT,
            destination=destination,
            parameters=Parameters(64, 64, 3, 3),
            timing=Timing(response=2.0, retries=2, poll=0.5),
        )

    def accept(self, channel: ServerChannel) -> Server:
        """
        A server for each channel.
        """
        self.servers.append(Server(channel))
        return self.servers[-1]

    def pump(self) -> None:
        """
        Carry octets to and fro until there are none.
        """
        while self.to_far.value() or self.to_near.value():
            for source, sink in ((self.to_far, self.far), (self.to_near, self.near)):
                octets = source.value()
                source.clear()
                if octets:
                    sink.dataReceived(octets)

    def open(self) -> None:
        """
        Open the channel.
        """
        opening = self.channel.open()
        self.pump()
        self.successResultOf(opening)

    def test_exchange(self) -> None:
        """
        Open, exchange short and long APDUs, close: no timer is left.
        """
        self.open()
        self.assertEqual(self.channel.parameters, Parameters(64, 64, 3, 3))
        for apdu in (b"\xc0abc", bytes(range(250)) * 4):
            self.channel.send(apdu)
            self.pump()
            self.assertEqual(self.receiver.received.pop(), apdu[::-1])
        closing = self.channel.close()
        self.pump()
        self.successResultOf(closing)
        self.assertEqual([error.reason for error in self.receiver.lost], ["requested"])
        self.assertEqual([error.reason for error in self.servers[0].lost], ["requested"])
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_addresses(self) -> None:
        """
        The server sees who speaks to whom.
        """
        self.open()
        channel = self.servers[0].channel
        self.assertEqual((channel.client, channel.server), (16, 1))

    def test_two_channels(self) -> None:
        """
        Two connections on one line, opened together, take turns.
        """
        second = Receiver()
        other = self.made(OTHER, second)
        openings = [self.channel.open(), other.open()]
        self.pump()
        for opening in openings:
            self.successResultOf(opening)
        self.channel.send(b"one")
        other.send(b"two")
        self.pump()
        self.assertEqual((self.receiver.received, second.received), ([b"eno"], [b"owt"]))
        self.near.remove(other)
        self.assertEqual(len(second.lost), 1)
        self.channel.send(b"three")
        self.pump()
        self.assertEqual(self.receiver.received[-1], b"eerht")

    def test_slow_answer(self) -> None:
        """
        A server that takes its time is polled until it answers.
        """
        self.open()
        self.servers[0].silent = True
        self.channel.send(b"slow")
        self.pump()
        for _ in range(20):
            self.clock.advance(0.5)
            self.pump()
        self.servers[0].channel.send(b"at last")
        self.clock.advance(0.5)
        self.pump()
        self.assertEqual(self.receiver.received, [b"at last"])

    def test_no_answer(self) -> None:
        """
        An APDU that gets no answer leaves the line quiet.
        """
        self.open()
        self.servers[0].silent = True
        self.channel.send(b"unconfirmed", answer=False)
        self.pump()
        self.servers[0].channel.no_answer()
        self.pump()
        self.assertEqual(self.servers[0].received, [b"unconfirmed"])
        self.assertEqual(len(self.clock.getDelayedCalls()), 1)

    def test_push(self) -> None:
        """
        What a server pushes comes with the next poll, as no answer.
        """
        self.open()
        self.servers[0].channel.push(b"\x0f")
        self.channel.poll()
        self.pump()
        self.assertEqual((self.receiver.pushed, self.receiver.received), ([b"\x0f"], []))

    def test_push_of_a_stranger(self) -> None:
        """
        A push of a device that there is no connection to reaches the channels of the line.
        """
        self.near.dataReceived(hdlc_frame(b"\xcf", b"\x07", 0x13, b"\xe6\xe7\x00\x0f"))
        self.assertEqual(self.receiver.pushed, [b"\x0f"])

    def test_silence(self) -> None:
        """
        A server that does not answer SNRM fails the opening, after all tries.
        """
        opening = self.channel.open()
        self.clock.pump([1.0] * 5)
        self.assertNoResult(opening)
        self.clock.advance(1.0)
        self.assertEqual(self.failureResultOf(opening, LinkError).value.reason, "timeout")
        self.assertEqual(self.receiver.lost, [])
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_lost_answer(self) -> None:
        """
        A lost answer is asked for again.
        """
        self.open()
        self.channel.send(b"abc")
        self.far.dataReceived(self.to_far.value())
        self.to_far.clear()
        self.to_near.clear()
        self.clock.advance(2.0)
        self.pump()
        self.assertEqual(self.receiver.received, [b"cba"])
        self.assertEqual(self.servers[0].received, [b"abc"])

    def test_refused(self) -> None:
        """
        DM fails the opening.
        """
        opening = self.channel.open()
        self.near.dataReceived(hdlc_frame(CLIENT, SERVER, 0x1F))
        self.assertEqual(self.failureResultOf(opening, LinkError).value.reason, "refused")

    def test_cancel(self) -> None:
        """
        An opening that is cancelled is given up with DISC.
        """
        opening = self.channel.open()
        opening.cancel()
        self.failureResultOf(opening, CancelledError)
        self.pump()
        self.clock.advance(2.0)
        self.pump()
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_opened_twice(self) -> None:
        """
        A channel that is open cannot be opened.
        """
        self.open()
        self.failureResultOf(self.channel.open(), LocalProtocolError)

    def test_not_open(self) -> None:
        """
        A channel that is not open sends nothing, and is closed already.
        """
        self.assertRaises(LocalProtocolError, self.channel.send, b"x")
        self.successResultOf(self.channel.close())

    def test_line_lost(self) -> None:
        """
        When the line goes, each channel that was open or opening or closing is told.
        """
        second = Receiver()
        other = self.made(OTHER, second)
        self.open()
        opening = other.open()
        closing = self.channel.close()
        self.near.connectionLost(Failure(ConnectionLost()))
        self.failureResultOf(opening, LinkError)
        self.successResultOf(closing)
        self.assertEqual(len(self.receiver.lost), 1)
        self.failureResultOf(self.channel.open(), LinkError)
        self.far.connectionLost(Failure(ConnectionDone()))
        self.assertEqual(len(self.servers[0].lost), 1)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_inactivity(self) -> None:
        """
        The server forgets a client that says nothing, and the client learns it by DM.
        """
        self.open()
        self.clock.advance(60.0)
        self.assertEqual([error.reason for error in self.servers[0].lost], ["inactive"])
        self.servers[0].channel.send(b"late")
        self.channel.send(b"abc")
        self.pump()
        self.assertEqual([error.reason for error in self.receiver.lost], ["dropped"])
        self.open()

    def test_server_closes(self) -> None:
        """
        A server forgets a client without a frame.
        """
        self.open()
        self.servers[0].channel.close()
        self.assertEqual(len(self.servers[0].lost), 1)
        self.channel.send(b"abc")
        self.pump()
        self.assertEqual([error.reason for error in self.receiver.lost], ["dropped"])

    def test_connected_again(self) -> None:
        """
        A second SNRM replaces the conversation.
        """
        self.open()
        self.far.dataReceived(hdlc_frame(SERVER, CLIENT, 0x93))
        self.assertEqual([error.reason for error in self.servers[0].lost], ["replaced"])
        self.assertEqual(len(self.servers), 2)

    def test_broadcast(self) -> None:
        """
        A broadcast reaches each conversation.
        """
        self.open()
        self.far.dataReceived(hdlc_frame(b"\xfe\xff", CLIENT, 0x03, b"\xe6\xe6\x00\xc1"))
        self.assertEqual(self.servers[0].pushed, [b"\xc1"])


class Resolver:
    """
    A reactor as far as L{DatagramChannel} needs one.
    """

    def __init__(self) -> None:
        self.known = True
        self.sent: list[bytes] = []
        self.peer: tuple[str, int] | None = None
        self.stopped = False

    def resolve(self, name: str) -> Deferred[str]:
        """
        Know one name.
        """
        return succeed("192.0.2.1") if self.known else fail(DNSLookupError())

    def listenUDP(self, port: int, protocol: Any, interface: str, size: int) -> Resolver:  # noqa: N802
        """
        Be port and transport in one.
        """
        protocol.transport = self
        return self

    def connect(self, host: str, port: int) -> None:
        """
        Remember it.
        """
        self.peer = (host, port)

    def write(self, datagram: bytes) -> None:
        """
        Remember it.
        """
        self.sent.append(datagram)

    def stopListening(self) -> None:
        """
        Remember it.
        """
        self.stopped = True


class DatagramTests(SynchronousTestCase):
    """
    Tests of L{DatagramChannel}.
    """

    def setUp(self) -> None:
        self.reactor = Resolver()
        self.receiver = Receiver()
        target = UDPTarget.parse("udp:meter.example:4059")
        self.channel = DatagramChannel(self.reactor, self.receiver, target, client=16, server=1)

    def test_exchange(self) -> None:
        """
        One datagram out, one in; what is no frame is counted.
        """
        self.successResultOf(self.channel.open())
        self.assertEqual(self.reactor.peer, ("192.0.2.1", 4059))
        self.channel.send(b"\xc0")
        self.assertEqual(self.reactor.sent, [encode_frame(16, 1, b"\xc0")])
        self.channel.datagramReceived(encode_frame(1, 16, b"\xc4"), ("192.0.2.1", 4059))
        self.channel.datagramReceived(encode_frame(1, 103, b"\x0f") + b"bad", ("192.0.2.1", 4059))
        self.assertEqual((self.receiver.received, self.receiver.pushed), ([b"\xc4"], [b"\x0f"]))
        self.assertEqual(self.channel.strange, 1)
        self.successResultOf(self.channel.close())
        self.assertTrue(self.reactor.stopped)
        self.assertRaises(LocalProtocolError, self.channel.send, b"")
        self.successResultOf(self.channel.close())

    def test_unknown_name(self) -> None:
        """
        A name that is not known fails the opening.
        """
        self.reactor.known = False
        self.failureResultOf(self.channel.open(), DNSLookupError)

    def test_refused(self) -> None:
        """
        A port on which nobody listens is told.
        """
        self.channel.connectionRefused()
        self.assertEqual([error.reason for error in self.receiver.lost], ["refused"])

    def test_port_taken_away(self) -> None:
        """
        A reactor that closes the local port, as epoll does when the peer's machine refuses: that is told, once, and
        nothing can be sent.
        """
        self.successResultOf(self.channel.open())
        self.channel.stopProtocol()
        self.channel.stopProtocol()
        self.assertEqual([error.reason for error in self.receiver.lost], ["refused"])
        self.assertRaises(LocalProtocolError, self.channel.send, b"x")

    def test_target(self) -> None:
        """
        Names, addresses, escaped colons; everything else is refused by name.
        """
        self.assertEqual(UDPTarget.parse("udp:192.0.2.1:1"), UDPTarget("192.0.2.1", 1))
        self.assertEqual(UDPTarget.parse(r"udp:\:\:1:4059"), UDPTarget("::1", 4059))
        for text in (
            "udp:4059",
            "udp:x:0",
            "udp:x:65536",
            "tcp:x:1",
            "udp:::1:4059",
            "udp:x:1:y=2",
        ):
            error = self.assertRaises(ConfigurationError, UDPTarget.parse, text)
            self.assertIn(text, str(error))


class LineTransport(StringTransportWithDisconnection):
    """
    A transport whose line can be set.
    """

    def __init__(self) -> None:
        super().__init__()
        self.settings: list[LineSettings] = []

    def set_line(self, settings: LineSettings) -> None:
        """
        Remember it.
        """
        self.settings.append(settings)


@implementer(IStreamClientEndpoint)
class MemoryEndpoint:
    """
    Connects to memory.
    """

    def __init__(self) -> None:
        self.transport: Any = LineTransport()

    def connect(self, protocolFactory: Any) -> Deferred[Any]:  # noqa: N803
        """
        Connect at once.
        """
        protocol = protocolFactory.buildProtocol(None)
        self.transport.protocol = protocol
        protocol.makeConnection(self.transport)
        return succeed(protocol)


class Plain(Protocol):
    """
    Remembers what it was given.
    """

    received = b""
    lost = False

    def dataReceived(self, data: bytes) -> None:
        self.received += data

    def connectionLost(self, reason: Any = None) -> None:
        self.lost = True


class SignOnTests(SynchronousTestCase):
    """
    Tests of L{SignOnEndpoint}.
    """

    def setUp(self) -> None:
        self.clock = Clock()
        self.memory = MemoryEndpoint()
        self.endpoint = SignOnEndpoint(self.clock, self.memory, lambda: SignOn(retries=1))

    def test_sign_on(self) -> None:
        """
        The protocol is connected when HDLC may begin, with what came behind the sign-on.
        """
        connecting = self.endpoint.connect(Factory.forProtocol(Plain))
        outer = self.memory.transport.protocol
        self.assertEqual(self.memory.transport.value(), b"/?!\r\n")
        self.assertEqual(self.memory.transport.settings, [OPENING])
        outer.dataReceived(b"/LGZ5\\2ZMD310\r\n")
        outer.dataReceived(b"\x06252\r\n\x7e")
        self.assertNoResult(connecting)
        self.clock.advance(0.3)
        inner: Any = self.successResultOf(connecting)
        self.assertEqual(self.memory.transport.settings, [OPENING, LineSettings(9600, 8, "N", 1)])
        outer.dataReceived(b"\xa0")
        self.assertEqual(inner.received, b"\x7e\xa0")
        self.assertIs(inner.transport, self.memory.transport)
        self.memory.transport.loseConnection()
        self.assertTrue(inner.lost)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_silence(self) -> None:
        """
        A meter that does not answer fails the connection.
        """
        connecting = self.endpoint.connect(Factory.forProtocol(Plain))
        self.clock.pump([1.0] * 10)
        self.assertEqual(self.failureResultOf(connecting, LinkError).value.reason, "sign-on")
        self.assertFalse(self.memory.transport.connected)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_lost(self) -> None:
        """
        A connection that is lost meanwhile fails as it was lost.
        """
        connecting = self.endpoint.connect(Factory.forProtocol(Plain))
        self.memory.transport.loseConnection()
        self.failureResultOf(connecting, ConnectionDone)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_cancel(self) -> None:
        """
        Cancelling closes the connection.
        """
        connecting = self.endpoint.connect(Factory.forProtocol(Plain))
        connecting.cancel()
        self.failureResultOf(connecting, CancelledError)
        self.assertFalse(self.memory.transport.connected)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_nobody(self) -> None:
        """
        A factory that wants no protocol.
        """
        factory = Factory()
        factory.buildProtocol = lambda addr: None  # type: ignore[method-assign]
        connecting = self.endpoint.connect(factory)
        outer = self.memory.transport.protocol
        outer.dataReceived(b"/LGZ5\\2ZMD310\r\n")
        outer.dataReceived(b"\x06252\r\n")
        self.clock.advance(0.3)
        self.failureResultOf(connecting, LinkError)


@implementer(IReadDescriptor)
class Terminal:
    """
    The far end of a pseudo terminal, as the transport of a meter.
    """

    def __init__(self) -> None:
        self.master, slave = os.openpty()
        self.name = os.ttyname(slave)
        os.close(slave)
        self.meter: Any = None
        self.heard = b""

    def fileno(self) -> int:
        """
        The descriptor.
        """
        return self.master

    def logPrefix(self) -> str:
        """
        A name for the log.
        """
        return "terminal"

    def doRead(self) -> None:
        """
        Sign on by mode E, and leave the rest to the meter.
        """
        octets = os.read(self.master, 4096)
        if self.meter.connected:
            self.meter.dataReceived(octets)
            return
        self.heard += octets
        if self.heard == b"/?!\r\n":
            self.write(b"/LGZ5\\2ZMD310\r\n")
        elif self.heard.endswith(b"\x06252\r\n"):
            self.write(b"\x06252\r\n")
            self.meter.makeConnection(self)

    def write(self, data: bytes) -> None:
        """
        Write to whoever opened the device.
        """
        os.write(self.master, data)

    def connectionLost(self, reason: Failure) -> None:
        """
        The reactor says that nobody has the device open.
        """


class SerialMeterIntegrationTests(TestCase):
    """
    A meter behind a pseudo terminal: sign-on, speed, HDLC, an exchange.
    """

    timeout = 20

    async def test_exchange(self) -> None:
        """
        From C{/?!} to the answer of a request, over a real device.
        """
        terminal = Terminal()
        terminal.meter = HDLCServerProtocol(reactor, lambda address: address == SERVER, Server)
        reactor.addReader(terminal)
        try:
            serial = SerialEndpoint(reactor, SerialDescription(device=terminal.name))
            endpoint = SignOnEndpoint(reactor, serial, lambda: SignOn(pause=0.0))
            line: Any = await endpoint.connect(
                Factory.forProtocol(lambda: HDLCLineProtocol(reactor))
            )
            receiver = Receiver()
            answered: Deferred[bytes] = Deferred()
            receiver.waiting.append(answered)
            channel = line.channel(receiver, source=CLIENT, destination=SERVER)
            await channel.open()
            channel.send(b"hello" * 100)
            self.assertEqual(await answered, b"olleh" * 100)
            await channel.close()
        finally:
            reactor.removeReader(terminal)
            terminal.meter.connectionLost(Failure(ConnectionDone()))
        line.transport.abortConnection()
        os.close(terminal.master)
