"""
Tests of L{dlms_twisted.transport.connecting}.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

from twisted.internet import reactor as _reactor
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.endpoints import TCP4ClientEndpoint
from twisted.internet.error import ConnectError
from twisted.internet.interfaces import IStreamClientEndpoint
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransportWithDisconnection
from twisted.logger import LogLevel, capturedLogs
from twisted.trial.unittest import SynchronousTestCase, TestCase
from zope.interface import implementer

from dlms_twisted.link.hdlc.push import HDLCPushLink, encode_message
from dlms_twisted.transport.connecting import ConnectSource, LineState
from dlms_twisted.transport.serial import SerialEndpoint
from dlms_twisted.transport.serial_description import SerialDescription
from tests.transport.test_stream import Sink

reactor: Any = _reactor

APDU = b"\x0f" + bytes(range(150))
MESSAGE = b"".join(encode_message(APDU, destination=b"\xcf", source=b"\x03", size=90))


@implementer(IStreamClientEndpoint)
class Endpoint:
    """
    Connects to memory, or fails.
    """

    def __init__(self) -> None:
        self.there = True
        self.attempts = 0
        self.transports: list[StringTransportWithDisconnection] = []

    def connect(self, protocolFactory: Any) -> Deferred[Any]:  # noqa: N803
        """
        Connect at once.
        """
        self.attempts += 1
        if not self.there:
            return fail(ConnectError(string="no such device"))
        protocol = protocolFactory.buildProtocol(None)
        transport = StringTransportWithDisconnection()
        transport.abortConnection = transport.loseConnection  # type: ignore[method-assign]
        transport.protocol = protocol
        self.transports.append(transport)
        protocol.makeConnection(transport)
        return succeed(protocol)


class ConnectSourceTests(SynchronousTestCase):
    """
    Tests of L{ConnectSource}.
    """

    def setUp(self) -> None:
        self.clock = Clock()
        self.endpoint = Endpoint()
        self.sink = Sink()
        self.source = ConnectSource(
            self.clock,
            self.endpoint,
            self.sink,
            label="serial:/dev/fake",
            random=lambda: 0.5,
            link=HDLCPushLink,
            idle_timeout=600.0,
            silent_after=60.0,
            longest_delay=10.0,
        )

    def started(self) -> Any:
        """
        Start it.

        @return: the protocol of the first connection.
        """
        self.source.startService()
        protocol: Any = self.endpoint.transports[0].protocol
        return protocol

    def payloads(self) -> int:
        """
        How many messages were delivered.
        """
        return sum(event[0] == "payload" for event in self.sink.events)

    def test_push(self) -> None:
        """
        Messages are delivered, whatever stood before the first of them.
        """
        protocol = self.started()
        protocol.dataReceived(MESSAGE[-20:] + MESSAGE + MESSAGE)
        self.assertEqual(self.payloads(), 2)
        self.assertEqual(self.sink.events[0][0], "foreign")
        self.assertEqual(self.source.connections, 1)
        self.assertTrue(self.endpoint.transports[0].connected)

    def test_reopened(self) -> None:
        """
        A connection that went is made again, with a decoder of its own.
        """
        protocol = self.started()
        protocol.dataReceived(MESSAGE[:30])
        for number in range(1, 20):
            self.endpoint.transports[-1].loseConnection()
            self.assertEqual(self.source.connections, 0)
            self.clock.pump([0.25] * 8)
            self.assertEqual(len(self.endpoint.transports), number + 1)
            self.endpoint.transports[-1].protocol.dataReceived(MESSAGE)
            self.assertEqual(self.payloads(), number)

    def test_missing(self) -> None:
        """
        A peer that is not there is tried for ever, with few lines in the log.
        """
        self.endpoint.there = False
        with capturedLogs() as events:
            self.source.startService()
            self.clock.pump([0.5] * 1000)
            self.assertGreater(self.endpoint.attempts, 40)
            warnings = [event for event in events if event["log_level"] is LogLevel.warn]
            self.assertLess(len(warnings), 9)
            self.assertEqual(warnings[0]["source"], "serial:/dev/fake")
            self.assertIn("no such device", warnings[0]["why"])
        self.assertIs(self.source.state, LineState.DOWN)
        self.assertGreater(self.source.attempts, 40)
        self.endpoint.there = True
        self.clock.pump([0.5] * 40)
        self.assertEqual((self.source.attempts, self.source.connections), (0, 1))

    def test_idle(self) -> None:
        """
        A connection on which nothing comes is made anew.
        """
        self.started()
        self.clock.advance(599.0)
        self.assertEqual(self.endpoint.attempts, 1)
        self.clock.advance(1.0)
        self.assertFalse(self.endpoint.transports[0].connected)
        self.clock.advance(5.0)
        self.assertEqual(self.endpoint.attempts, 2)

    def test_states(self) -> None:
        """
        Down, up, silent, garbled, and a hint that a person can use.
        """
        self.assertIs(self.source.state, LineState.DOWN)
        self.assertIn("not connected", self.source.hint)
        protocol = self.started()
        self.assertIs(self.source.state, LineState.UP)
        protocol.dataReceived(MESSAGE)
        self.clock.advance(59.0)
        self.assertIs(self.source.state, LineState.UP)
        self.assertEqual(self.source.hint, "")
        self.clock.advance(61.0)
        self.assertIs(self.source.state, LineState.SILENT)
        self.assertIn("wiring", self.source.hint)
        damaged = MESSAGE[:20] + b"\x00" + MESSAGE[21:]
        for _ in range(10):
            protocol.dataReceived(damaged)
        self.assertIs(self.source.state, LineState.GARBLED)
        self.assertIn("parity", self.source.hint)

    def test_pause(self) -> None:
        """
        A paused source stays paused through a new connection.
        """
        self.started()
        self.source.pause()
        self.assertEqual(self.endpoint.transports[0].producerState, "paused")
        self.endpoint.transports[0].loseConnection()
        self.clock.pump([0.5] * 4)
        self.assertEqual(self.endpoint.transports[1].producerState, "paused")
        self.source.resume()
        self.assertEqual(self.endpoint.transports[1].producerState, "producing")

    def test_late_segment(self) -> None:
        """
        What the line gives up in time is told, also when nothing more comes.
        """
        protocol = self.started()
        protocol.dataReceived(MESSAGE[:-10])
        self.clock.pump([1.0] * 15)
        self.assertIn("incomplete", [event[0] for event in self.sink.events])

    def test_stop(self) -> None:
        """
        A stopped source closes, and tries nothing more.
        """
        self.started()
        self.successResultOf(self.source.stopService())
        self.assertFalse(self.endpoint.transports[0].connected)
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.clock.advance(100.0)
        self.assertEqual(self.endpoint.attempts, 1)


class _WaitingSink(Sink):
    """
    A sink that says when a message came.
    """

    def __init__(self) -> None:
        super().__init__()
        self.waiting: Deferred[None] = Deferred()

    def stream_payload(self, connection: Any, payload: Any) -> None:
        """
        Remember it, and say so.
        """
        super().stream_payload(connection, payload)
        waiting, self.waiting = self.waiting, Deferred()
        waiting.callback(None)


def descriptors() -> int:
    """
    How many files this process has open.
    """
    return len(os.listdir("/proc/self/fd"))


class ReopeningIntegrationTests(TestCase):
    """
    Tests with pseudo terminals and TCP that are torn down and rebuilt.
    """

    timeout = 60
    if not Path("/proc/self/fd").is_dir():
        skip = "descriptors are counted in /proc"

    def source(self, endpoint: Any) -> ConnectSource:
        """
        A source that tries again quickly.
        """
        self.sink = _WaitingSink()
        source = ConnectSource(
            reactor,
            endpoint,
            self.sink,
            label="test",
            random=lambda: 0.0,
            link=HDLCPushLink,
            longest_delay=0.05,
        )
        source.startService()
        self.addCleanup(source.stopService)
        return source

    async def test_serial(self) -> None:
        """
        A device that is unplugged and comes back under the same name is read again each time, and no
        descriptor leaks.
        """
        folder = Path(tempfile.mkdtemp())
        name = folder / "meter"
        self.source(SerialEndpoint(reactor, SerialDescription(device=str(name))))
        counts = []
        for _ in range(6):
            master, slave = os.openpty()
            os.symlink(os.ttyname(slave), name)
            os.close(slave)
            came = self.sink.waiting
            repeat = reactor.callLater(0.0, self._push, master)
            await came
            for call in [repeat, *reactor.getDelayedCalls()]:
                if call.active() and call.func == self._push:
                    call.cancel()
            counts.append(descriptors())
            os.unlink(name)
            os.close(master)
        folder.rmdir()
        self.assertEqual(len(set(counts[1:])), 1)

    def _push(self, master: int) -> None:
        # The device may not be open yet: what a terminal holds then is thrown away when it is.
        os.write(master, MESSAGE)
        reactor.callLater(0.05, self._push, master)

    async def test_tcp(self) -> None:
        """
        A serial-to-Ethernet server that comes and goes is read again each time.
        """

        class Pusher(Protocol):
            def connectionMade(self) -> None:
                transport: Any = self.transport
                transport.write(MESSAGE)

        class Kept(Factory):
            def __init__(self) -> None:
                self.made: list[Any] = []

            def buildProtocol(self, addr: Any) -> Pusher:
                self.made.append(Pusher())
                return self.made[-1]  # type: ignore[no-any-return]

        number = 0
        counts = []
        for _ in range(6):
            factory = Kept()
            port = reactor.listenTCP(number, factory, interface="127.0.0.1")
            if not number:
                number = port.getHost().port
                self.source(TCP4ClientEndpoint(reactor, "127.0.0.1", number))
            await self.sink.waiting
            counts.append(descriptors())
            await port.stopListening()
            for pusher in factory.made:
                pusher.transport.abortConnection()
        self.assertEqual(len(set(counts[1:])), 1)
