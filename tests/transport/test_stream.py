"""
Tests of L{dlms_twisted.transport.stream}.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.error import CannotListenError
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransportWithDisconnection
from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.link.auto import push_link
from dlms_twisted.link.problems import Problem
from dlms_twisted.link.push import Payload
from dlms_twisted.link.wrapper import encode_frame
from dlms_twisted.transport.stream import PushConnection, StreamSource, describe_peer


class Sink:
    """
    Remembers what was delivered.
    """

    def __init__(self) -> None:
        self.events: list[tuple[Any, ...]] = []

    def stream_payload(self, connection: PushConnection, payload: Payload) -> None:
        """
        Remember it.
        """
        self.events.append(("payload", payload.octets, payload.raw, payload.medium))

    def stream_problem(self, connection: PushConnection, problem: Problem) -> None:
        """
        Remember it.
        """
        self.events.append((str(problem.kind), problem.octets))

    def stream_broken(self, connection: PushConnection, why: str) -> None:
        """
        Remember it.
        """
        self.events.append(("broken", why))

    def stream_gone(self, connection: PushConnection) -> None:
        """
        Remember it.
        """
        self.events.append(("gone",))

    def stream_refused(self, peer: str) -> None:
        """
        Remember it.
        """
        self.events.append(("refused", peer))


class Port:
    """
    A listening port.
    """

    def getHost(self) -> IPv4Address:
        """
        @return: where it listens.
        """
        return IPv4Address("TCP", "127.0.0.1", 4059)

    def stopListening(self) -> Deferred[None]:
        """
        Close at once.
        """
        return succeed(None)


class Endpoint:
    """
    An endpoint that listens at once, or fails.
    """

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error

    def listen(self, factory: Any) -> Deferred[Any]:
        """
        Keep the factory.
        """
        self.factory = factory
        return succeed(Port()) if self.error is None else fail(self.error)


class StreamSourceTests(SynchronousTestCase):
    """
    Tests of L{StreamSource} and L{PushConnection} over fake transports.
    """

    def setUp(self) -> None:
        """
        A source that listens, with room for two connections.
        """
        self.clock = Clock()
        self.sink = Sink()
        endpoint: Any = Endpoint()
        self.endpoint = endpoint
        self.source = StreamSource(
            self.clock,
            self.endpoint,
            self.sink,
            label="tcp:4059",
            idle_timeout=60.0,
            most_connections=2,
        )
        self.source.startService()

    def connect(self) -> tuple[PushConnection, StringTransportWithDisconnection]:
        """
        @return: a connection and its transport.
        """
        connection = self.endpoint.factory.buildProtocol(None)
        transport = StringTransportWithDisconnection(peerAddress=IPv4Address("TCP", "192.0.2.1", 5))
        transport.protocol = connection
        connection.makeConnection(transport)
        return connection, transport

    def test_every_split(self) -> None:
        """
        It does not matter where TCP cut the stream.
        """
        stream = encode_frame(1, 16, b"ab") + encode_frame(2, 16, b"c")
        for cut in range(len(stream) + 1):
            self.sink.events.clear()
            connection, transport = self.connect()
            connection.dataReceived(stream[:cut])
            connection.dataReceived(stream[cut:])
            transport.loseConnection()
            self.assertEqual(
                self.sink.events,
                [
                    ("payload", b"ab", stream[:10], "wrapper"),
                    ("payload", b"c", stream[10:], "wrapper"),
                    ("gone",),
                ],
            )
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_send(self) -> None:
        """
        Octets can be sent until the connection is over.
        """
        connection, transport = self.connect()
        connection.send(b"z")
        transport.loseConnection()
        connection.send(b"late")
        self.assertEqual(transport.value(), b"z")

    def test_broken(self) -> None:
        """
        A peer that breaks the wrapper is closed; what came before is kept, and the rest is handed on.
        """
        connection, transport = self.connect()
        connection.dataReceived(encode_frame(1, 16, b"ab") + b"GET / HTTP")
        self.assertFalse(transport.connected)
        self.assertEqual(
            [event[:2] for event in self.sink.events],
            [
                ("payload", b"ab"),
                ("bad-wrapper", b"GET / HTTP"),
                ("broken", "wrapper version 18245"),
                ("gone",),
            ],
        )
        connection.dataReceived(encode_frame(1, 16, b"more"))
        self.assertEqual(len(self.sink.events), 4)

    def test_incomplete(self) -> None:
        """
        A connection that ends inside of a frame hands on what came of it.
        """
        connection, transport = self.connect()
        connection.dataReceived(encode_frame(1, 16, b"ab")[:-1])
        transport.loseConnection()
        self.assertEqual(
            self.sink.events, [("incomplete", encode_frame(1, 16, b"ab")[:-1]), ("gone",)]
        )

    def test_detected(self) -> None:
        """
        A link that finds out the framing itself takes HDLC, and closes what sends nothing that a meter sends.
        """
        self.source.link = lambda: push_link("auto")
        connection, transport = self.connect()
        frame = bytes.fromhex(
            "7ea02a410883130413e6e7000f40000000000101020309060100010700ff0600000e9002020f00161b77247e"
        )
        connection.dataReceived(frame)
        self.assertEqual(self.sink.events[0][0::3], ("payload", "hdlc"))
        transport.loseConnection()
        self.sink.events.clear()
        connection, transport = self.connect()
        connection.dataReceived(b"GET / HTTP/1.1")
        self.assertTrue(transport.connected)
        self.clock.advance(10)
        self.assertFalse(transport.connected)
        self.assertEqual([event[0] for event in self.sink.events], ["foreign", "broken", "gone"])
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_idle(self) -> None:
        """
        A connection that is silent for too long is closed; each octet counts as life.
        """
        connection, transport = self.connect()
        self.clock.advance(59)
        connection.dataReceived(b"\x00")
        self.clock.advance(59)
        self.assertTrue(transport.connected)
        self.clock.advance(1)
        self.assertFalse(transport.connected)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_idle_while_paused(self) -> None:
        """
        A connection that is paused is not closed for silence: it could not have spoken.
        """
        connection, transport = self.connect()
        connection.pause()
        self.clock.advance(60)
        self.clock.advance(30)
        self.assertTrue(transport.connected)
        connection.resume()
        self.clock.advance(60)
        self.assertFalse(transport.connected)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_too_many(self) -> None:
        """
        One connection more than there is room for is closed at once and told.
        """
        first = self.connect()[1]
        self.connect()
        self.assertEqual(self.source.connections, 2)
        third = self.connect()[1]
        self.assertFalse(third.connected)
        self.assertEqual(self.sink.events[0], ("refused", "192.0.2.1:5"))
        first.loseConnection()
        self.assertTrue(self.connect()[1].connected)

    def test_pause(self) -> None:
        """
        A paused source pauses its connections, later ones too, until it is resumed.
        """
        first = self.connect()[1]
        self.source.pause()
        second = self.connect()[1]
        self.assertEqual((first.producerState, second.producerState), ("paused", "paused"))
        self.source.resume()
        self.assertEqual((first.producerState, second.producerState), ("producing", "producing"))

    def test_stop(self) -> None:
        """
        Stopping closes the connections and the port.
        """
        transport = self.connect()[1]
        self.successResultOf(self.source.stopService())
        self.assertFalse(transport.connected)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_cannot_listen(self) -> None:
        """
        A port that cannot be bound fails the start.
        """
        endpoint: Any = Endpoint(CannotListenError("", 4059, OSError("taken")))
        source = StreamSource(self.clock, endpoint, self.sink, label="tcp:4059")
        self.assertRaises(CannotListenError, source.startService)


class DescribePeerTests(SynchronousTestCase):
    """
    Tests of L{describe_peer}.
    """

    def test_forms(self) -> None:
        """
        IPv4 plain, mapped as IPv4, IPv6 in brackets, UNIX sockets by path.
        """
        self.assertEqual(describe_peer(IPv4Address("TCP", "192.0.2.1", 5)), "192.0.2.1:5")
        self.assertEqual(describe_peer(IPv6Address("TCP", "::ffff:192.0.2.1", 5)), "192.0.2.1:5")
        self.assertEqual(describe_peer(IPv6Address("TCP", "2001:db8::1", 5)), "[2001:db8::1]:5")
        self.assertEqual(describe_peer(UNIXAddress(b"/run/x")), "/run/x")
        self.assertEqual(describe_peer(UNIXAddress(None)), "local")
