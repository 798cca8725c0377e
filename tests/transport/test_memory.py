"""
Tests of L{dlms_twisted.transport.memory}.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.error import ConnectionDone, ConnectionLost, ConnectionRefusedError
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.transport.memory import MemoryEndpoint, MemoryTransport, join


class Echo(Protocol):
    """
    Remembers what comes, and says it again, up to a limit.
    """

    transport: Any

    def __init__(self, times: int = 0) -> None:
        self.heard: list[bytes] = []
        self.lost: list[Failure] = []
        self._times = times

    def dataReceived(self, data: bytes) -> None:
        self.heard.append(data)
        if len(self.heard) <= self._times:
            self.transport.write(data[:4] + b"!")
            self.transport.writeSequence([data[:4], b"?"])

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.lost.append(reason)


class MemoryTransportTests(SynchronousTestCase):
    """
    Two protocols joined.
    """

    def joined(self, latency: float = 0.0, times: int = 1) -> MemoryTransport:
        """
        @return: the client's end; the server says everything again.
        """
        self.clock = Clock()
        self.client, self.server = Echo(), Echo(times)
        return join(self.clock, self.client, self.server, latency=latency)

    def test_at_once(self) -> None:
        """
        What is written has arrived, and its answer, in their order.
        """
        near = self.joined()
        near.write(b"a")
        near.write(b"")
        self.assertEqual((self.server.heard, self.client.heard), ([b"a"], [b"a!", b"a?"]))

    def test_no_nesting(self) -> None:
        """
        However often two answer each other, they do not do it inside of each other.
        """
        near = self.joined(times=1500)
        self.client._times = 1500
        near.write(b"x")
        self.assertGreater(len(self.server.heard), 1500)

    def test_latency(self) -> None:
        """
        Each way takes its time.
        """
        near = self.joined(1.0)
        near.write(b"a")
        self.clock.advance(0.9)
        self.assertEqual(self.server.heard, [])
        self.clock.advance(0.1)
        self.assertEqual((self.server.heard, self.client.heard), ([b"a"], []))
        self.clock.advance(1)
        self.assertEqual(self.client.heard, [b"a!", b"a?"])

    def test_close(self) -> None:
        """
        Closing lets through what was written before, and nothing after.
        """
        near = self.joined(1.0, times=0)
        near.write(b"a")
        near.loseConnection()
        near.write(b"b")
        near.loseConnection()
        self.clock.advance(1)
        self.assertEqual(self.server.heard, [b"a"])
        for end in (self.client, self.server):
            [reason] = end.lost
            self.assertTrue(reason.check(ConnectionDone))
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.assertIn("memory", repr(near.getPeer()) + repr(near.getHost()))

    def test_abort(self) -> None:
        """
        Aborting loses what is under way.
        """
        near = self.joined(1.0)
        near.write(b"a")
        near.abortConnection()
        near.abortConnection()
        self.assertEqual(self.server.heard, [])
        self.assertTrue(self.server.lost[0].check(ConnectionLost))
        self.assertEqual((len(self.client.lost), len(self.server.lost)), (1, 1))
        self.assertEqual(self.clock.getDelayedCalls(), [])


class MemoryEndpointTests(SynchronousTestCase):
    """
    A client endpoint.
    """

    def test_connect(self) -> None:
        """
        Each connection has a protocol of its own at the other end; closing the endpoint cuts them.
        """
        servers: list[Echo] = []

        def accept() -> Echo:
            servers.append(Echo())
            return servers[-1]

        endpoint = MemoryEndpoint(Clock(), accept)
        clients: list[Any] = [
            self.successResultOf(endpoint.connect(Factory.forProtocol(Echo))) for _ in range(2)
        ]
        clients[1].transport.write(b"x")
        self.assertEqual([one.heard for one in servers], [[], [b"x"]])
        endpoint.close()
        self.assertEqual([len(one.lost) for one in (*servers, *clients)], [1] * 4)

    def test_refused(self) -> None:
        """
        Where nobody is there the connection is refused.
        """
        endpoint = MemoryEndpoint(Clock(), lambda: None)
        connecting = endpoint.connect(Factory.forProtocol(Echo))
        self.failureResultOf(connecting, ConnectionRefusedError)
