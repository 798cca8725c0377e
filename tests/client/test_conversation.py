"""
Tests of L{dlms_twisted.client.conversation}: whose turn it is, who is told, what is left.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.apdu.get import GetRequestNormal
from dlms_twisted.client import Meter, MeterSettings, Reference
from dlms_twisted.client.conversation import Conversation
from dlms_twisted.client.tracing import TraceEvent
from dlms_twisted.codec.data import Data
from dlms_twisted.errors import (
    DecodeError,
    LinkError,
    LocalProtocolError,
    RequestTimeoutError,
)
from tests.client.bench import Bench
from tests.client.fake import AARE, ANSWER, FakeMeter

_SERIAL = "1/0-0:96.1.0.255/2"
_OBJECTS = "15/0-0:40.0.0.255/2"
_REGISTER = "3/1-0:1.8.0.255/2"


def _answer(sent: bytes) -> bytes:
    return ANSWER[:2] + sent[2:3] + ANSWER[3:]


class TracingTests(SynchronousTestCase):
    """
    What an observer is told.
    """

    def test_layers(self) -> None:
        """
        Frames as they pass, APDUs in them, and what was ciphered in clear, in the order of their time.
        """
        for framing, head in (("wrapper", b"\x00\x01"), ("hdlc", b"\x7e")):
            bench = Bench(framing=framing, latency=0.25)
            meter = bench.meter(1, trace_plaintext=True)
            bench.events.clear()
            bench.run(meter.get(_SERIAL))
            kinds = [(event.direction, event.kind) for event in bench.events]
            out, come = kinds[:3], kinds[-3:]
            self.assertEqual(out, [("out", "plaintext"), ("out", "apdu"), ("out", "frame")])
            self.assertEqual(come, [("in", "frame"), ("in", "apdu"), ("in", "plaintext")])
            self.assertEqual(bench.events[0].octets[:2], b"\xc0\x01")
            self.assertEqual(bench.events[-1].octets[:2], b"\xc4\x01")
            self.assertEqual(bench.events[1].octets[0], 0xC8)
            frame = bench.events[2].octets
            self.assertTrue(frame.startswith(head))
            self.assertIn(bench.events[1].octets, frame)
            times = [event.time for event in bench.events]
            self.assertEqual(times, sorted(times))

    def test_not_in_clear(self) -> None:
        """
        What is ciphered is shown in clear only where that was asked for, and never by C{repr}.
        """
        bench = Bench()
        meter = bench.meter(1)
        bench.run(meter.get(_SERIAL))
        self.assertNotIn("plaintext", {event.kind for event in bench.events})
        shown = repr(TraceEvent(1.0, "in", "plaintext", b"\x5a\xa5" * 4))
        self.assertNotIn("5a", shown)
        self.assertIn("8 octets", shown)

    def test_observers_fault(self) -> None:
        """
        An observer that raises harms nothing; its fault is logged.
        """

        def broken(*told: Any) -> None:
            raise ZeroDivisionError

        bench = Bench()
        meter = bench.meter(16, observer=broken, pushed=broken)
        meter._conversation.channel_pushed(b"\x0f")
        self.assertIsInstance(bench.run(meter.get(_SERIAL)), Data)
        self.assertGreater(len(self.flushLoggedErrors(ZeroDivisionError)), 3)

    def test_noise(self) -> None:
        """
        Octets that are no frame are told, too, before the connection is closed for them.
        """
        events: list[TraceEvent] = []
        fake = FakeMeter(observer=events.append)
        fake.accept()
        fake.transport.protocol.dataReceived(b"nonsense")
        self.assertIn(b"nonsense", [event.octets for event in events])
        self.failureResultOf(fake.connecting, LinkError)
        self.assertEqual(fake.leaks, [])


class TurnTests(SynchronousTestCase):
    """
    Several who ask.
    """

    def meter(self, **settings: Any) -> tuple[FakeMeter, Meter]:
        """
        @return: an association with a meter that the test speaks for.
        """
        fake = FakeMeter(**settings)
        fake.accept()
        fake.sent()
        fake.say(AARE)
        return fake, self.successResultOf(fake.connecting)

    def test_outstanding(self) -> None:
        """
        As many requests as are allowed are under way; the others follow as answers come, in any order.
        """
        fake, meter = self.meter(outstanding=2)
        asked = [meter.get(_REGISTER) for _ in range(3)]
        sent = bytes(fake.transport.value())
        fake.transport.clear()
        self.assertEqual(sent.count(b"\xc0\x01"), 2)
        fake.say(ANSWER[:2] + b"\xc2" + ANSWER[3:])
        self.assertNoResult(asked[0])
        self.successResultOf(asked[1])
        self.assertEqual(fake.sent()[2], 0xC3)
        asked[0].cancel()
        self.failureResultOf(asked[0], CancelledError)
        fake.say(ANSWER[:2] + b"\xc1" + ANSWER[3:])
        fake.say(ANSWER[:2] + b"\xc3" + ANSWER[3:])
        self.successResultOf(asked[2])
        self.assertEqual(fake.leaks, [])

    def test_cancel_waiting(self) -> None:
        """
        Who waits for his turn can give up; nothing of it was sent.
        """
        fake, meter = self.meter()
        first, second, third = (meter.get(_REGISTER) for _ in range(3))
        second.cancel()
        self.failureResultOf(second, CancelledError)
        fake.say(_answer(fake.sent()))
        self.successResultOf(first)
        sent = fake.sent()
        self.assertEqual(sent[2], 0xC2)
        fake.say(_answer(sent))
        self.successResultOf(third)

    def test_release_last(self) -> None:
        """
        The release waits for the requests that were made before it.
        """
        fake, meter = self.meter()
        asked, closing = meter.get(_REGISTER), meter.close()
        self.assertEqual(fake.sent()[0], 0xC0)
        self.assertNoResult(closing)
        fake.say(ANSWER)
        self.successResultOf(asked)
        self.assertEqual(fake.sent()[0], 0x62)
        fake.say(bytes.fromhex("6303800100"))
        self.successResultOf(closing)
        self.failureResultOf(meter.get(_REGISTER), LinkError)
        self.assertTrue(fake.transport.closed)

    def test_asks_in_between(self) -> None:
        """
        Who is told of an answer may ask at once.
        """
        fake, meter = self.meter()
        more: list[Deferred[Data]] = []
        meter.get(_REGISTER).addCallback(lambda _: more.append(meter.get(_REGISTER)))
        fake.say(_answer(fake.sent()))
        fake.say(_answer(fake.sent()))
        self.assertEqual(self.successResultOf(more[0]).values, 1000)

    def test_timeouts(self) -> None:
        """
        Each has a deadline of its own.
        """
        fake, meter = self.meter(outstanding=2)
        first = meter.get(_REGISTER)
        fake.reactor.advance(3.0)
        second = meter.get(_REGISTER)
        fake.reactor.advance(2.1)
        self.failureResultOf(first, RequestTimeoutError)
        self.assertNoResult(second)
        fake.reactor.advance(3.0)
        self.failureResultOf(second, RequestTimeoutError)
        self.assertEqual(fake.leaks, [])

    def test_parts(self) -> None:
        """
        A long answer is told while it comes; who cannot use it ends it.
        """
        bench = Bench()
        meter = bench.meter(1, max_pdu=200)
        parts: list[bytes] = []
        what = Reference.parse(_OBJECTS)
        data = bench.run(meter._services.get(what, None, parts.append))
        self.assertGreater(len(parts), 3)
        self.assertTrue(data.octets.startswith(b"".join(parts)))

        def useless(octets: bytes) -> None:
            raise DecodeError("rows wanted", 0)

        with self.assertRaises(DecodeError):
            bench.run(meter._services.get(what, None, useless))
        self.assertIsInstance(bench.run(meter.get(_SERIAL)), Data)

    def test_no_association(self) -> None:
        """
        Without an association nothing can be asked.
        """
        conversation = Conversation(Clock(), MeterSettings())
        attribute = Reference.parse(_REGISTER).attribute()
        asking = Deferred.fromCoroutine(
            conversation.request(
                lambda invoke: GetRequestNormal(invoke_id_and_priority=invoke, attribute=attribute)
            )
        )
        self.failureResultOf(asking, LocalProtocolError)

    def test_new_keys(self) -> None:
        """
        After the meter got new keys they are used; the old ones open nothing.
        """
        bench = Bench()
        meter = bench.meter(1)
        session = meter._conversation.session
        old = bench.memory.meter.keys
        bench.run(meter.get(_SERIAL))
        session.change_keys(authentication_key=bytes(16))
        with self.assertRaises(Exception) as caught:
            bench.run(meter.get(_SERIAL))
        self.assertIn("deciphering", str(caught.exception))
        session.change_keys(authentication_key=old.authentication_key)
        self.assertIsInstance(bench.run(meter.get(_SERIAL)), Data)
