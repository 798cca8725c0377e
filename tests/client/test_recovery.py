"""
Tests of L{dlms_twisted.client.recovery}: counters that the meter does not take.
"""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.client import MeterSettings
from dlms_twisted.client.recovery import Recovery
from dlms_twisted.errors import (
    DLMSError,
    ExceptionResponseError,
    KeyStoreError,
    LinkError,
    RequestTimeoutError,
)
from dlms_twisted.keys.counters import MemoryCounters, TransmitCounters
from dlms_twisted.security.counters import WARN_AT
from dlms_twisted.security.keys import key_epoch
from tests.client.bench import Bench
from tests.client.fake import FakeMeter

_SERIAL = "1/0-0:96.1.0.255/2"
_KEY = bytes(range(16))
_TITLE = b"TWD\x00\x00\x00\x00\x01"


def _refusal(counter: int | None, service: int = 6) -> ExceptionResponseError:
    return ExceptionResponseError(1, service, "", counter)


class RecoveryTests(SynchronousTestCase):
    """
    Tests of L{Recovery} alone.
    """

    def recovery(self, **settings: Any) -> Recovery:
        """
        @return: of a conversation with a key.
        """
        return Recovery(MeterSettings(encryption_key=_KEY, **settings))

    def test_once(self) -> None:
        """
        The counter that the meter names is believed once, and only upward.
        """
        recovery = self.recovery(counter=7)
        self.assertTrue(recovery.recovers(_refusal(1000)))
        self.assertEqual(recovery.next(_TITLE, key_epoch(_KEY)), 1001)
        self.assertFalse(recovery.recovers(_refusal(5000)))
        recovery = self.recovery(counter=2000)
        self.assertTrue(recovery.recovers(_refusal(1000)))
        self.assertEqual(recovery.next(_TITLE, key_epoch(_KEY)), 2000)

    def test_never(self) -> None:
        """
        Other refusals, counters that would use up the key, no key, and a file that cannot be written change nothing.
        """
        for error in (_refusal(5, service=5), _refusal(None), _refusal(WARN_AT)):
            recovery = self.recovery()
            self.assertFalse(recovery.recovers(error))
            self.assertEqual(recovery.next(_TITLE, key_epoch(_KEY)), 1)
        self.assertFalse(Recovery(MeterSettings()).recovers(_refusal(5)))
        confirmed = ExceptionResponseError(None, 6, "", 5)
        self.assertFalse(self.recovery().recovers(confirmed))

        class Broken(MemoryCounters):
            """
            Cannot be written.
            """

            def at_least(self, title: bytes, epoch: str, counter: int) -> None:
                """
                Fails.
                """
                raise KeyStoreError("the disk is full")

        self.assertFalse(self.recovery(counters=Broken()).recovers(_refusal(5)))

    def test_lossy(self) -> None:
        """
        A refusal of the second copy of our own last message is none.
        """
        recovery = Recovery(MeterSettings(encryption_key=_KEY, counter=10), lossy=True)
        recovery.next(_TITLE, key_epoch(_KEY))
        self.assertFalse(recovery.recovers(_refusal(10)))
        self.assertFalse(recovery.recovers(_refusal(11)))
        self.assertTrue(recovery.recovers(_refusal(12)))

    def test_persisted(self) -> None:
        """
        Counters in a file go on above what the meter said, in the next process, too.
        """
        path = self.mktemp()
        counters = TransmitCounters(path, block=5)
        recovery = self.recovery(counters=counters)
        recovery.next(_TITLE, key_epoch(_KEY))
        self.assertTrue(recovery.recovers(_refusal(1000)))
        self.assertEqual(recovery.next(_TITLE, key_epoch(_KEY)), 1001)
        again = TransmitCounters(path)
        self.assertGreater(again.next(_TITLE, key_epoch(_KEY)), 1001)
        again.close()
        counters.close()


class MeterTests(SynchronousTestCase):
    """
    With our own meter.
    """

    def test_associating(self) -> None:
        """
        A client that begins again at 1 is told the counter, and goes on above it.
        """
        bench = Bench()
        first = bench.meter(1, counters=MemoryCounters())
        bench.run(first.get(_SERIAL))
        bench.run(first.close())
        refused = len([one for one in bench.events if one.octets[:3] == b"\xd8\x01\x06"])
        self.assertEqual(refused, 0)
        second = bench.meter(1, counters=MemoryCounters())
        self.assertIsNotNone(bench.run(second.get(_SERIAL)))
        refused = len([one for one in bench.events if one.octets[:3] == b"\xd8\x01\x06"])
        self.assertEqual(refused, 1)

    def test_request(self) -> None:
        """
        A request whose counter somebody else has used is made again.
        """
        bench = Bench()
        counters = MemoryCounters()
        meter = bench.meter(1, counters=counters)
        key = bench.memory.meter.keys.encryption_key
        assert key is not None
        counters._next[_TITLE, key_epoch(key)] = 2
        self.assertIsNotNone(bench.run(meter.get(_SERIAL)))
        counters._next[_TITLE, key_epoch(key)] = 2
        with self.assertRaises(ExceptionResponseError):
            bench.run(meter.get(_SERIAL))

    def test_more_than_reading(self) -> None:
        """
        The refusal comes in clear, so that anybody may have said it after the meter had acted: what does more than
        read is not made twice, but the next request takes the right counter.
        """
        bench = Bench()
        counters = MemoryCounters()
        meter = bench.meter(1, counters=counters)
        key = bench.memory.meter.keys.encryption_key
        assert key is not None
        counters._next[_TITLE, key_epoch(key)] = 2
        breaker = "70/0-0:96.3.10.255/1"
        sent = len(bench.events)
        with self.assertRaises(ExceptionResponseError):
            bench.run(meter.action(breaker))
        out = [one for one in bench.events[sent:] if one.kind == "apdu" and one.direction == "out"]
        self.assertEqual(len(out), 1)
        self.assertIsNone(bench.run(meter.action(breaker)))

    def test_dedicated(self) -> None:
        """
        The counters of a dedicated key are nobody else's: nothing is recovered.
        """
        bench = Bench()
        meter = bench.meter(1, dedicated=True)
        bench.run(meter.get(_SERIAL))
        security = meter._conversation.session._security
        security._dedicated_counter = 0
        with self.assertRaises(ExceptionResponseError):
            bench.run(meter.get(_SERIAL))


class SilentTests(SynchronousTestCase):
    """
    A meter that says nothing of counters, and closes, or is silent.
    """

    def meter(self, **changes: Any) -> None:
        """
        Begin to associate, ciphered.
        """
        self.fake = FakeMeter(
            security="both",
            encryption_key=_KEY,
            authentication_key=_KEY,
            counter_object="1/0-0:43.1.1.255/2",
            **changes,
        )
        self.fake.accept()

    def connection(self, number: int) -> None:
        """
        Another connection is there.
        """
        self.assertEqual(len(self.fake.reactor.tcpClients), number)
        factory = self.fake.reactor.tcpClients[-1][2]
        self.fake.transport = type(self.fake.transport)()
        self.fake.transport.protocol = factory.buildProtocol(None)
        self.fake.transport.protocol.makeConnection(self.fake.transport)

    def test_public(self) -> None:
        """
        The public client reads the counter, and the next try goes on above it.
        """
        self.meter()
        self.assertIn("30" + "00000001", self.fake.sent().hex())
        self.fake.transport.loseConnection()
        self.connection(2)
        self.assertEqual(self.fake.sent()[:1], b"\x60")
        self.fake.say(
            bytes.fromhex(
                "6129A109060760857405080101A203020100A305A103020100BE10040E0800065F1F0400"
                "007E1F01F40007"
            )
        )
        self.assertIn("00002b0101ff", self.fake.sent().hex())
        self.fake.say(bytes.fromhex("c401c100060000abcd"))
        self.fake.sent()
        self.fake.say(bytes.fromhex("6303800100"))
        self.connection(3)
        self.assertIn("30" + "0000abce", self.fake.sent().hex())
        self.fake.transport.loseConnection()
        self.failureResultOf(self.fake.connecting, LinkError)
        self.assertEqual(self.fake.leaks, [])

    def test_public_refused(self) -> None:
        """
        Where that does not help, the first error is told.
        """
        self.meter()
        self.fake.reactor.advance(5.1)
        self.connection(2)
        self.fake.transport.loseConnection()
        self.failureResultOf(self.fake.connecting, RequestTimeoutError)
        self.assertEqual(self.fake.leaks, [])

    def test_other_errors(self) -> None:
        """
        What has nothing to do with counters is told at once.
        """
        self.meter()
        self.fake.say(bytes.fromhex("6117A109060760857405080101A203020101A305A103020102"))
        self.failureResultOf(self.fake.connecting, DLMSError)
        self.assertEqual(len(self.fake.reactor.tcpClients), 1)
        self.assertEqual(self.fake.leaks, [])
