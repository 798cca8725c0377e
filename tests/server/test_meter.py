"""
Tests for L{dlms_twisted.server.meter}, L{dlms_twisted.server.identity} and L{dlms_twisted.server.counters}.
"""

from __future__ import annotations

import gc
import tracemalloc
from typing import Any

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.client import connect
from dlms_twisted.codec.data import Data
from dlms_twisted.errors import ConfigurationError, LocalProtocolError
from dlms_twisted.security.keys import key_epoch
from dlms_twisted.security.setup import KeyId
from dlms_twisted.server.counters import Counters, first_counter
from dlms_twisted.server.description_toml import ready_description
from dlms_twisted.server.identity import Identity
from dlms_twisted.server.meter import SimulatedMeter
from dlms_twisted.server.objects.base import CosemObject
from dlms_twisted.server.push_meter import PushMeter
from dlms_twisted.testing import MeterInMemory
from tests.server.making import NOW, Made, made

_NEW = bytes(range(16))
_REGISTER = {"class": 3, "obis": "1-0:1.8.0"}


class _Alarm(CosemObject):
    """
    Works every ten seconds.
    """

    CLASS = 3
    ACTIVE = True

    done: list[tuple[float, float]]

    def start(self, now: float) -> None:
        """
        Begin ten seconds later.
        """
        self.done = []
        self.meter.schedule(self, now + 10)

    def work(self, due: float, now: float) -> None:
        """
        Note both times.
        """
        self.done.append((due, now))
        self.meter.schedule(self, due + 10)

    def clock_set(self, before: float, now: float) -> None:
        """
        Go on ten seconds from now.
        """
        self.meter.schedule(self, now + 10)


class IdentityTests(SynchronousTestCase):
    """
    Who a meter is follows from its number and its seed.
    """

    def test_rule(self) -> None:
        """
        Title, serial number and keys are those of the meters that only push; each seed and maker has its own.
        """
        pushing = PushMeter(7, seed=b"here")
        meter = SimulatedMeter(ready_description("pv"), clock=Clock(), number=7, seed=b"here")
        self.assertEqual(meter.title, pushing.title)
        for name in ("system_title", "encryption_key", "authentication_key", "policy"):
            self.assertEqual(getattr(meter.keys, name), getattr(pushing.keys, name), name)
        self.assertEqual(meter.serial, "SIM0000000007")
        others = {
            Identity(*of).keys.encryption_key for of in ((7,), (8,), (7, b"x"), (7, b"", "ABC"))
        }
        self.assertEqual(len(others), 4)
        self.assertNotIn(repr(_NEW), repr(meter.keys))

    def test_secrets(self) -> None:
        """
        An association without a secret of its own has one by rule, if its mechanism takes one.
        """
        one = made(
            association=[
                {"client": 1, "authentication": "low"},
                {"client": 2, "authentication": "low"},
                {"client": 3, "authentication": "gmac"},
            ]
        )
        secrets = [one.association(client).secret for client in (1, 2, 3)]
        self.assertEqual(secrets, [Identity(1).secret(1), Identity(1).secret(2), b""])


class CounterTests(SynchronousTestCase):
    """
    Invocation counters never go back.
    """

    def test_own(self) -> None:
        """
        Each key has its own, and none is given out twice; at the end there is no more.
        """
        counters = Counters(5)
        self.assertEqual([counters.take("a"), counters.take("a"), counters.take("b")], [5, 6, 5])
        last = Counters(0xFFFFFFFF)
        self.assertEqual(last.take("a"), 0xFFFFFFFF)
        self.assertRaises(LocalProtocolError, last.take, "a")

    def test_begins_anew(self) -> None:
        """
        A simulation that begins later begins with higher counters.
        """
        self.assertEqual(first_counter(0), 1)
        self.assertEqual(first_counter(NOW + 1) - first_counter(NOW), 8)
        self.assertLess(first_counter(1e12), 0xFFFFFFFF)
        clock = Clock()
        clock.advance(NOW)
        meter = SimulatedMeter(ready_description("pv"), clock=clock)
        self.assertEqual(meter.counters.take("a"), first_counter(NOW))
        told = SimulatedMeter(ready_description("pv"), clock=clock, counter=3)
        self.assertEqual(told.counters.take("a"), 3)

    def test_of_clients(self) -> None:
        """
        The same window comes back, used ones outlive those that were only asked for, and only so many are kept.
        """
        counters = Counters()
        used = counters.window(b"client", "e")
        used.accept(9)
        self.assertFalse(used.check(9))
        self.assertFalse(used.check(8))
        for number in range(200):
            counters.window(number.to_bytes(8, "big"), "e")
        self.assertIs(counters.window(b"client", "e"), used)
        self.assertEqual((counters.highest("e"), counters.highest("f")), (9, 0))

    def test_refusals(self) -> None:
        """
        Refusals are counted by reason.
        """
        one = made()
        for reason in ("bad-tag", "replay", "bad-tag"):
            one.meter.devices[0].refused(one.association(), reason)
        self.assertEqual(one.meter.counters.refusals, {"bad-tag": 2, "replay": 1})


class ObjectTests(SynchronousTestCase):
    """
    Objects are made when they are needed.
    """

    def test_same(self) -> None:
        """
        The object that was asked for is the one that is served; what lost nothing is made anew after a rest.
        """
        one = made(_REGISTER, {"class": 1, "obis": "0-0:96.1.9"})
        device = one.meter.devices[0]
        register, data = one.object(3, "1-0:1.8.0"), one.object(1, "0-0:96.1.9")
        self.assertIs(device.find(one.association(), 3, register.logical_name), register)
        self.assertIs(device.find(one.association(), None, register.logical_name), register)
        data.put(2, {"type": "unsigned", "value": 7})
        one.meter.rest()
        self.assertIsNot(one.object(3, "1-0:1.8.0"), register)
        self.assertIs(one.object(1, "0-0:96.1.9"), data)

    def test_absent(self) -> None:
        """
        No object, no device, no association.
        """
        one = made()
        self.assertIsNone(one.meter.object(3, "1-0:1.8.0"))
        self.assertIsNone(one.meter.device(2))
        device = one.meter.devices[0]
        self.assertIsNone(device.association(99))
        self.assertIsNone(device.find(one.association(), 3, bytes(6)))

    def test_loads(self) -> None:
        """
        A load is the same as long as the meter does not rest, and measures the same after it.
        """
        one = made(load={"main": {"kind": "pv"}})
        load = one.meter.load()
        self.assertIs(one.meter.load(), load)
        total = load.total(NOW)
        one.meter.rest()
        self.assertEqual(one.meter.load().total(NOW), total)
        error = self.assertRaises(ConfigurationError, one.meter.load, "other")
        self.assertIn("main", str(error))

    def test_pushes(self) -> None:
        """
        A push goes to whoever listens.
        """
        one = made()
        self.assertFalse(one.meter.push("nobody"))
        heard: list[Any] = []
        one.meter.on_push = heard.append
        self.assertTrue(one.meter.push("one"))
        self.assertEqual(heard, ["one"])


class WorkTests(SynchronousTestCase):
    """
    Objects work at times that they say.
    """

    def _alarm(self) -> tuple[Made, _Alarm]:
        one = made()
        alarm = _Alarm("1-0:9.9.9")
        alarm.device = one.meter.devices[0]
        key = (1, (alarm.class_id, alarm.logical_name))
        self.patch(SimulatedMeter, "_scheduled", lambda _meter, asked: {key: alarm}[asked])
        alarm.start(one.meter.time())
        return one, alarm

    def test_due(self) -> None:
        """
        The meter says when something is due, and it is done then and not before.
        """
        one, alarm = self._alarm()
        self.assertEqual(one.meter.due(), NOW + 10)
        one.clock.advance(9)
        self.assertEqual(one.meter.work(), 0)
        one.clock.advance(1)
        self.assertEqual(one.meter.work(), 1)
        self.assertEqual(alarm.done, [(NOW + 10, NOW + 10)])
        self.assertEqual(one.meter.due(), NOW + 20)
        one.meter.schedule(alarm, None)
        self.assertIsNone(one.meter.due())

    def test_long_sleep(self) -> None:
        """
        After a long sleep all is caught up with, so much at a time.
        """
        one, alarm = self._alarm()
        one.clock.advance(1000)
        self.assertEqual([one.meter.work(most=64), one.meter.work(), one.meter.work()], [64, 36, 0])
        self.assertEqual(alarm.done[0], (NOW + 10, NOW + 1000))
        self.assertEqual(alarm.done[-1], (NOW + 1000, NOW + 1000))

    def test_clock_set(self) -> None:
        """
        What is due goes by the meter's clock; the program's clock says when that is.
        """
        one, alarm = self._alarm()
        one.meter.set_time(NOW + 5000)
        self.assertEqual(one.meter.time(), NOW + 5000)
        self.assertEqual(one.meter.due(), NOW + 10)
        one.clock.advance(10)
        one.meter.work()
        self.assertEqual(alarm.done, [(NOW + 5010, NOW + 5010)])

    def test_begins(self) -> None:
        """
        What acts by itself begins when the meter is first asked, also where something was scheduled before.
        """
        monitor = {"class": 21, "obis": "0-0:16.0.0"}
        monitored = {"class_id": 3, "logical_name": "1-0:1.8.0", "attribute_index": 2}
        one = made(_REGISTER, {**monitor, "values": {"monitored_value": monitored}})
        one.meter.schedule(one.object(3, "1-0:1.8.0"), NOW + 99999)
        due = one.meter.due()
        assert due is not None
        self.assertLess(due, NOW + 1000)

    def test_no_work(self) -> None:
        """
        A meter whose objects do nothing by themselves is never due.
        """
        self.assertIsNone(made(_REGISTER).meter.due())


class MemoryTests(SynchronousTestCase):
    """
    Idle meters are small.
    """

    METERS = 300

    def test_idle(self) -> None:
        """
        A household's meter takes less than 1 KiB, less than 8 KiB once its objects act by themselves, and less than
        20 KiB at rest after it was read.
        """
        clock = Clock()
        clock.advance(NOW)
        description = ready_description("household")
        self._read(SimulatedMeter(description, clock=clock))
        gc.collect()
        tracemalloc.start()
        self.addCleanup(tracemalloc.stop)
        before, _ = tracemalloc.get_traced_memory()
        meters = [
            SimulatedMeter(description, clock=clock, number=number)
            for number in range(1, self.METERS + 1)
        ]
        self.assertLess(self._each(before), 1024)
        for meter in meters:
            meter.due()
        self.assertLess(self._each(before), 8192)
        for meter in meters:
            self._read(meter)
            meter.rest()
        self.assertLess(self._each(before), 20480)

    def _each(self, before: int) -> float:
        gc.collect()
        return (tracemalloc.get_traced_memory()[0] - before) / self.METERS

    def _read(self, meter: SimulatedMeter) -> None:
        device = meter.devices[0]
        association = device.association(1)
        assert association is not None
        device.keys(association)
        device.counter("epoch")
        device.window(b"CLIENT01", "epoch").accept(1)
        for name in ("0-0:1.0.0", "1-0:1.8.0", "1-0:1.7.0"):
            found = device.object(None, name)
            assert found is not None
            self.assertIsInstance(found.value(2), Data)


class KeyTransferTests(SynchronousTestCase):
    """
    Keys change while a client is associated.
    """

    def test_end_to_end(self) -> None:
        """
        Our client transfers new keys, goes on under them, and comes again with them; the old ones are refused.
        """
        clock = Clock()
        meter = MeterInMemory(clock, "household")
        old = meter.meter.keys
        assert old.master_key is not None
        client = meter.run(connect(clock, meter.endpoint(), meter.settings(client=1)))
        keys = {KeyId.UNICAST_ENCRYPTION: _NEW, KeyId.AUTHENTICATION: _NEW[::-1]}
        meter.run(client.security_setup().transfer_keys(old.master_key, keys))
        self.assertEqual(meter.meter.keys.encryption_key, _NEW)
        self.assertEqual(meter.run(client.get("1/0-0:42.0.0/2")).values, b"SIM0000000000001")
        meter.run(client.close())
        again = meter.run(connect(clock, meter.endpoint(), meter.settings(client=1)))
        self.assertEqual(meter.run(again.get("1/0-0:42.0.0/2")).values, b"SIM0000000000001")
        self.assertGreater(meter.meter.counters.highest(key_epoch(_NEW)), 0)
