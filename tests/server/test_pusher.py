"""
Tests of L{dlms_twisted.server.push_meter} and L{dlms_twisted.server.pusher}.
"""

from __future__ import annotations

from random import Random

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.apdu.data_notification import DataNotification
from dlms_twisted.codec.times import DateTime
from dlms_twisted.cosem.readings import identity_of, readings_of
from dlms_twisted.link.wrapper import split_datagram
from dlms_twisted.security.opening import open_envelope
from dlms_twisted.server.push_meter import PushMeter, fleet, fleet_keys
from dlms_twisted.server.pusher import Pusher, PushKind, damage

NOW = 1_790_000_000.0


class PushMeterTests(SynchronousTestCase):
    """
    Tests of L{PushMeter}.
    """

    def test_readings(self) -> None:
        """
        A push holds the registers of a household, with units, and says whose they are.
        """
        notification = DataNotification.decode(PushMeter(3).notification(NOW))
        readings = {str(one.obis): one for one in readings_of(notification.body)}
        self.assertEqual(identity_of(notification.body), "SIM0000000003")
        self.assertEqual(
            {obis: one.unit for obis, one in readings.items()},
            {
                "0-0:96.1.0.255": None,
                "0-0:1.0.0.255": None,
                "1-0:1.8.0.255": "Wh",
                "1-0:2.8.0.255": "Wh",
                "1-0:1.7.0.255": "W",
                "1-0:32.7.0.255": "V",
                "1-0:31.7.0.255": "A",
            },
        )
        assert notification.date_time is not None
        moment = DateTime.from_octets(notification.date_time).to_datetime()
        assert moment is not None
        self.assertEqual(moment.timestamp(), NOW)

    def test_energy_grows(self) -> None:
        """
        The energy is the sum of the power: an hour at some hundred watts.
        """
        meter = PushMeter(1)

        def energy(seconds: float) -> int:
            body = DataNotification.decode(meter.notification(seconds)).body
            value = next(one.value for one in readings_of(body) if str(one.obis) == "1-0:1.8.0.255")
            assert isinstance(value, int)
            return value

        before = energy(NOW)
        for minute in range(1, 60):
            energy(NOW + 60 * minute)
        used = energy(NOW + 3600) - before
        self.assertTrue(50 < used < 3000, used)

    def test_ciphered(self) -> None:
        """
        A ciphered push opens with the meter's keys, and its counter rises.
        """
        from dlms_twisted.apdu.ciphered import parse_envelope

        meter = PushMeter(2)
        for counter in (1, 2):
            plain = meter.notification(NOW)
            [frame] = split_datagram(meter.push(NOW)).frames
            opened = open_envelope(parse_envelope(frame.payload), meter.keys, b"")
            self.assertTrue(opened.authenticated and opened.encrypted)
            self.assertEqual((opened.counter, opened.title), (counter, meter.title))
            self.assertEqual(opened.plaintext, plain)

    def test_fleet(self) -> None:
        """
        Titles and keys differ within a fleet, and between fleets of different seeds.
        """
        keys = [*fleet_keys(fleet(50)), *fleet_keys(fleet(50, seed=b"other"))]
        self.assertEqual(len({one.system_title for one in keys}), 50)
        self.assertEqual(len({one.encryption_key for one in keys}), 100)


class PusherTests(SynchronousTestCase):
    """
    Tests of L{Pusher} and L{damage}.
    """

    def setUp(self) -> None:
        """
        A clock, and what was sent.
        """
        self.clock = Clock()
        self.clock.advance(NOW)
        self.sent: list[bytes] = []

    def test_rate(self) -> None:
        """
        So many pushes a second, of each meter in turn.
        """
        pusher = Pusher(self.clock, fleet(4), self.sent.append, rate=100)
        done = pusher.start()
        self.clock.pump([0.01] * 200)
        self.assertAlmostEqual(pusher.sent, 200, delta=3)
        pusher.stop()
        self.assertEqual(self.successResultOf(done), pusher.sent)
        self.assertEqual(self.clock.getDelayedCalls(), [])
        titles = [frame[10:18] for frame in self.sent]
        self.assertEqual(titles[:4], [meter.title for meter in fleet(4)])
        self.assertEqual(titles[4:8], titles[:4])

    def test_most(self) -> None:
        """
        After so many it stops by itself.
        """
        done = Pusher(self.clock, fleet(1), self.sent.append, rate=1000, most=25).start()
        self.clock.pump([0.01] * 50)
        self.assertEqual(self.successResultOf(done), 25)
        self.assertEqual(len(self.sent), 25)

    def test_cancelled(self) -> None:
        """
        Cancelling stops it, and leaves no call behind.
        """
        done = Pusher(self.clock, fleet(1), self.sent.append, rate=10).start()
        done.cancel()
        self.failureResultOf(done)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_socket_full(self) -> None:
        """
        A push that the socket does not take is not lost: it is sent later, once.
        """
        refuse = 3

        def send(frame: bytes) -> None:
            nonlocal refuse
            if refuse:
                refuse -= 1
                raise BlockingIOError
            self.sent.append(frame)

        pusher = Pusher(self.clock, fleet(1), send, rate=1000, most=5)
        done = pusher.start()
        self.clock.pump([0.01] * 50)
        self.assertEqual(self.successResultOf(done), 5)
        self.assertEqual(pusher.refused, 3)
        self.assertEqual(len(set(self.sent)), 5)

    def test_plain(self) -> None:
        """
        Plain pushes need no key.
        """
        Pusher(self.clock, fleet(1), self.sent.append, rate=100, kind=PushKind.PLAIN).start()
        self.clock.advance(0)
        self.assertEqual(self.sent[0][8], 0x0F)

    def test_damaged(self) -> None:
        """
        Of damaged pushes a given share is damaged, the same for the same seed.
        """
        runs = []
        for _ in range(2):
            self.sent = []
            clock = Clock()
            clock.advance(NOW)
            pusher = Pusher(
                clock,
                fleet(2),
                self.sent.append,
                rate=1000,
                most=300,
                kind=PushKind.DAMAGED,
                share_damaged=0.5,
                seed=7,
            )
            pusher.start()
            clock.pump([0.01] * 100)
            runs.append((pusher.damaged, list(self.sent)))
        self.assertEqual(runs[0], runs[1])
        self.assertTrue(100 < runs[0][0] < 200)

    def test_damage_of_anything(self) -> None:
        """
        Damage takes any octets, none among them.
        """
        random = Random(1)
        frame = PushMeter(1).push(NOW)
        self.assertGreater(len({damage(frame, random) for _ in range(200)}), 150)
        for _ in range(50):
            damage(b"", random)
