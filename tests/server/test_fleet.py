"""
Tests of L{dlms_twisted.server.fleet} and L{dlms_twisted.server.fleet_pusher}.
"""

from __future__ import annotations

import os
import socket
import tracemalloc
from pathlib import Path
from typing import Any

from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.trial.unittest import SynchronousTestCase, TestCase

from dlms_twisted.errors import ConfigurationError
from dlms_twisted.keys.opening import find_keys, open_key_store
from dlms_twisted.server.description import MeterDescription
from dlms_twisted.server.description_toml import description_from, ready_description
from dlms_twisted.server.fleet import Fleet, write_keys
from dlms_twisted.server.fleet_pusher import FleetPusher, PushPlan, Sender, StreamSender
from dlms_twisted.server.meter import SimulatedMeter
from dlms_twisted.server.push_meter import fleet
from dlms_twisted.server.pusher import PushKind

#: 2026-09-21 14:13:20 UTC.
NOW = 1_790_000_000


class FleetTests(SynchronousTestCase):
    """
    Meters by the thousand.
    """

    def fleet(self, meters: int, **options: Any) -> Fleet:
        """
        @return: a fleet of households.
        """
        self.clock = Clock()
        self.clock.advance(NOW)
        return Fleet(ready_description("household"), meters, clock=self.clock, **options)

    def test_lazy(self) -> None:
        """
        A meter is made when it is asked for, once.
        """
        made: list[SimulatedMeter] = []
        some = self.fleet(10_000, first=5, made=made.append)
        self.assertEqual((len(some), list(some.awake), made), (10_000, [], []))
        self.assertEqual(some[0].number, 5)
        self.assertIs(some[0], some[0])
        self.assertEqual(some[-1].number, 10_004)
        self.assertEqual([one.number for one in some[1:3]], [6, 7])
        self.assertEqual(len(made), 4)
        self.assertRaises(IndexError, some.__getitem__, 10_000)

    def test_memory(self) -> None:
        """
        An idle meter with its keys and counters takes far less than 20 KiB.
        """
        self.fleet(1)[0].keys.policy.allows(True, True)
        tracemalloc.start()
        self.addCleanup(tracemalloc.stop)
        before = tracemalloc.get_traced_memory()[0]
        some = self.fleet(500)
        for meter in some:
            meter.keys.policy.allows(True, True)
            meter.counters.refuse("nothing")
        self.assertLess((tracemalloc.get_traced_memory()[0] - before) / 500, 4096)

    def test_same_keys(self) -> None:
        """
        Served meters, pushing meters and the key file have the same titles and keys.
        """
        some = self.fleet(3, seed=b"north")
        path = Path(self.mktemp())
        self.assertEqual(write_keys(path, some.all_keys()), 3)
        self.assertEqual(path.stat().st_mode & 0o077, 0)
        store = open_key_store(path)
        self.addCleanup(store.close)
        for meter, pushing in zip(some, some.push_meters(), strict=True):
            self.assertEqual(meter.title, pushing.title)
            found = find_keys(store, meter.title)
            assert found is not None
            for keys in (pushing.keys, found):
                self.assertEqual(keys.encryption_key, meter.keys.encryption_key)
                self.assertEqual(keys.authentication_key, meter.keys.authentication_key)
            self.assertIsNone(found.master_key)
        other = self.fleet(1, seed=b"south")
        self.assertNotEqual(other[0].keys.encryption_key, some[0].keys.encryption_key)

    def test_keys_again(self) -> None:
        """
        Writing again replaces, and keeps what else is in the file; SQLite needs its master key.
        """
        path = Path(self.mktemp())
        write_keys(path, self.fleet(2, seed=b"old").all_keys())
        write_keys(path, self.fleet(1, seed=b"new").all_keys())
        text = path.read_text(encoding="utf-8")
        self.assertEqual(text.count("[[meter]]"), 2)
        self.assertIn(self.fleet(1, seed=b"new")[0].keys.encryption_key.hex().upper(), text)  # type: ignore[union-attr]
        self.assertRaises(ConfigurationError, write_keys, "/nonexistent/keys.toml", iter(()))

    def test_sqlite(self) -> None:
        """
        Keys in SQLite.
        """
        path = self.mktemp() + ".sqlite"
        self.patch(os, "environ", {**os.environ, "DLMS_MASTER_KEY": "00" * 32})
        some = self.fleet(2)
        self.assertEqual(write_keys(path, some.all_keys()), 2)
        store = open_key_store(path)
        self.addCleanup(store.close)
        found = find_keys(store, some[1].title)
        assert found is not None
        self.assertEqual(found.encryption_key, some[1].keys.encryption_key)

    def test_not_by_rule(self) -> None:
        """
        A description with a title or keys of its own cannot push by the thousand.
        """
        said = {"encryption_key": "00" * 16, "authentication_key": "11" * 16}
        for document in ({"keys": said}, {"system_title": "4D4D4D0000000001"}):
            description: MeterDescription = description_from(document)
            some = Fleet(description, 2, clock=Clock())
            self.assertRaises(ConfigurationError, some.push_meters)


class FleetPusherTests(SynchronousTestCase):
    """
    Rates, and everybody at midnight.
    """

    def pusher(self, meters: int, **plan: Any) -> FleetPusher:
        """
        @return: one that sends to C{self.sent}.
        """
        self.clock = Clock()
        self.clock.advance(NOW)
        self.sent: list[bytes] = []
        return FleetPusher(self.clock, fleet(meters), self.sent.append, PushPlan(**plan))

    def titles(self) -> list[bytes]:
        """
        @return: whose pushes were sent.
        """
        return [frame[10:18] for frame in self.sent]

    def test_spread(self) -> None:
        """
        In a period each meter pushes once.
        """
        pusher = self.pusher(40, period=20)
        done = pusher.start()
        self.clock.pump([0.01] * 999)
        self.assertTrue(18 <= len(self.sent) <= 21, len(self.sent))
        self.clock.pump([0.01] * 1000)
        self.assertEqual(len(set(self.titles())), 40)
        pusher.stop()
        self.assertEqual(self.successResultOf(done), len(self.sent))
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_rate(self) -> None:
        """
        A rate over all meters is kept, until so many are sent.
        """
        pusher = self.pusher(10, rate=500.0, most=750)
        done = pusher.start()
        self.clock.pump([0.01] * 101)
        self.assertTrue(490 <= pusher.sent <= 510, pusher.sent)
        self.clock.pump([0.01] * 60)
        self.assertEqual((self.successResultOf(done), len(self.sent)), (750, 750))
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_midnight(self) -> None:
        """
        All of them, as the day begins, and once a day.
        """
        pusher = self.pusher(300, at_once=True, period=86_400.0)
        done = pusher.start()
        midnight = 86_400 - NOW % 86_400
        self.clock.advance(midnight - 1)
        self.assertEqual(self.sent, [])
        self.clock.pump([1, *[0.01] * 20])
        self.assertEqual(len(set(self.titles())), 300)
        self.assertEqual(len(self.sent), 300)
        self.clock.advance(86_398)
        self.assertEqual(len(self.sent), 300)
        self.clock.pump([2, *[0.01] * 20])
        self.assertEqual((len(self.sent), pusher.sent), (600, 600))
        pusher.stop()
        self.assertEqual(self.successResultOf(done), 600)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_midnight_once(self) -> None:
        """
        Until so many are sent; plain if wanted.
        """
        pusher = self.pusher(10, at_once=True, period=60.0, most=15, kind=PushKind.PLAIN)
        done = pusher.start()
        self.clock.pump([1] * 180)
        self.assertEqual((self.successResultOf(done), len(self.sent)), (15, 15))
        self.assertEqual({frame[8] for frame in self.sent}, {0x0F})

    def test_cancelled(self) -> None:
        """
        Cancelling stops, in the middle of a burst too.
        """
        for plan in ({"rate": 10.0}, {"at_once": True, "period": 10.0, "rate": 10.0}):
            pusher = self.pusher(100, **plan)
            done = pusher.start()
            self.clock.pump([1] * 15)
            self.assertGreater(pusher.sent, 0)
            done.addErrback(lambda _: None)
            done.cancel()
            self.assertEqual(self.clock.getDelayedCalls(), [])


class StreamSenderTests(SynchronousTestCase):
    """
    Pushes on a connection.
    """

    def test_flow(self) -> None:
        """
        Without a connection, and while it is full, it says "later".
        """
        sender = StreamSender(lambda frame: frame[8:])
        self.assertRaises(BlockingIOError, sender.send, b"12345678x")
        transport = StringTransport()
        sender.makeConnection(transport)
        sender.send(b"12345678x")
        self.assertEqual(transport.value(), b"x")
        sender.pauseProducing()
        self.assertRaises(BlockingIOError, sender.send, b"12345678x")
        sender.resumeProducing()
        sender.send(b"12345678y")
        sender.stopProducing()
        self.assertRaises(BlockingIOError, sender.send, b"12345678x")
        sender.connectionLost()
        self.assertEqual(transport.value(), b"xy")


class SenderIntegrationTests(TestCase):
    """
    A UDP socket of our own.
    """

    def test_send(self) -> None:
        """
        A datagram a call; where nobody listens it is counted.
        """
        sink = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sink.bind(("127.0.0.1", 0))
        sink.settimeout(5)
        sender = Sender(sink.getsockname())
        self.addCleanup(sender.close)
        sender.send(b"one")
        sender.send(b"two")
        self.assertEqual([sink.recv(10), sink.recv(10)], [b"one", b"two"])
        sink.close()
        for _ in range(20):
            sender.send(b"three")
        self.assertGreater(sender.unheard, 0)

    def test_no_way(self) -> None:
        """
        An address that is none.
        """
        self.assertRaises(OSError, Sender, ("256.0.0.1", 1))
