"""
Tests of L{dlms_twisted.session.client_exchanges}: several requests at once, late answers, repeats, giving up.
"""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.apdu.base import Apdu
from dlms_twisted.apdu.descriptors import AttributeDescriptor
from dlms_twisted.apdu.get import GetRequestNormal
from dlms_twisted.apdu.set import SetRequestNormal
from dlms_twisted.apdu.short_name import ReadRequest
from dlms_twisted.apdu.variable_access import VariableName
from dlms_twisted.codec import build
from dlms_twisted.errors import (
    DecodeError,
    DLMSError,
    ExceptionResponseError,
    LinkError,
    LocalProtocolError,
    RequestTimeoutError,
)
from dlms_twisted.session.association import AssociationSettings
from dlms_twisted.session.client import ClientSession
from dlms_twisted.session.client_events import (
    Answered,
    Broken,
    ClientEvent,
    Failed,
    Part,
    Transmit,
)
from dlms_twisted.session.client_exchange import Exchange
from dlms_twisted.session.client_options import ClientOptions
from tests.session.interleaved import Interleaved

_ATTRIBUTE = AttributeDescriptor(
    class_id=8, instance_id=bytes.fromhex("0000010000ff"), attribute_id=2
)


def _answer(invoke: int, value: int = 7) -> bytes:
    return bytes((0xC4, 0x01, 0xC0 | invoke, 0x00, 0x11, value))


def _block(invoke: int, number: int, octets: bytes, *, last: bool = False) -> bytes:
    head = bytes((0xC4, 0x02, 0xC0 | invoke, last))
    return head + number.to_bytes(4, "big") + bytes((0, len(octets))) + octets


class _Case(SynchronousTestCase):
    """
    A session without a handshake.
    """

    def start(self, *, max_send: int = 0, short_names: bool = False, **options: Any) -> None:
        """
        Begin a session with these options.
        """
        settings = AssociationSettings(
            pre_established=True, max_send=max_send, short_names=short_names, general_blocks=False
        )
        chosen = ClientOptions(**{"timeout": 6.0, **options})
        self.session = ClientSession(settings, lambda title, epoch: 1, options=chosen)
        self.session.associate(b"", 0.0)
        self.session.events()

    def get(self, now: float = 0.0, *, parts: bool = False) -> Exchange:
        """
        Ask for an attribute.
        """
        request = GetRequestNormal(
            invoke_id_and_priority=self.session.invoke(now), attribute=_ATTRIBUTE
        )
        return self.session.request(request, now, parts=parts)

    def set(self, size: int, now: float = 0.0) -> Exchange:
        """
        Write so many octets.
        """
        request = SetRequestNormal(
            invoke_id_and_priority=self.session.invoke(now),
            attribute=_ATTRIBUTE,
            access_selection=None,
            value=build.octet_string(bytes(size)),
        )
        return self.session.request(request, now)

    def sent(self) -> list[str]:
        """
        @return: what was sent since, in hex; other events are kept for L{others}.
        """
        self.kept: list[ClientEvent] = []
        found = []
        for event in self.session.events():
            if isinstance(event, Transmit):
                found.append(event.apdu.hex())
            else:
                self.kept.append(event)
        return found

    def value(self, event: ClientEvent) -> int:
        """
        @return: the number that an answer holds.
        """
        assert isinstance(event, Answered), event
        apdu: Apdu = event.apdu
        number = getattr(apdu, "result", None)
        return int(getattr(number, "values", -1))


class OutstandingTests(_Case):
    """
    Several requests at once.
    """

    def test_any_order(self) -> None:
        """
        Answers come in any order, and each goes to who asked.
        """
        self.start(outstanding=3)
        asked = [self.get() for _ in range(3)]
        self.assertFalse(self.session.free)
        self.assertRaises(LocalProtocolError, self.get)
        self.assertEqual([one[:6] for one in self.sent()], ["c001c1", "c001c2", "c001c3"])
        for number in (3, 1, 2):
            self.session.receive(_answer(number, 10 * number), 1.0)
            (event,) = self.session.events()
            self.assertEqual(self.value(event), 10 * number)
            assert isinstance(event, Answered)
            self.assertIs(event.exchange, asked[number - 1])
        self.assertTrue(self.session.idle)
        self.assertIsNone(self.session.deadline)

    def test_long_answer(self) -> None:
        """
        A long answer is fetched when the other answers are there, and nothing begins before it is whole.
        """
        self.start(outstanding=3)
        self.get()
        self.get()
        self.sent()
        self.session.receive(_block(1, 1, b"\x09\x02"), 1.0)
        self.assertEqual(self.sent(), [])
        self.assertFalse(self.session.free)
        self.session.receive(_answer(2), 2.0)
        self.assertEqual(self.sent(), ["c002c100000001"])
        self.assertEqual(self.value(self.kept[0]), 7)
        self.assertFalse(self.session.free)
        self.session.receive(_block(1, 2, b"\x01\x02", last=True), 3.0)
        (event,) = self.session.events()
        assert isinstance(event, Answered)
        self.assertEqual(getattr(event.apdu, "result").values, b"\x01\x02")  # noqa: B009
        self.assertTrue(self.session.free)

    def test_aborted(self) -> None:
        """
        A long answer that another request ended is fetched again, as a new request; once.
        """
        self.start(outstanding=2)
        self.get()
        self.get()
        self.session.receive(_block(1, 1, b"\x09\x02"), 1.0)
        self.session.receive(_answer(2), 1.0)
        self.sent()
        self.session.receive(bytes.fromhex("c402c10100000001010f"), 2.0)
        self.assertEqual([one[:6] for one in self.sent()], ["c001c3"])
        self.session.receive(bytes.fromhex("c402c30100000001010f"), 2.0)
        (event,) = self.session.events()
        assert isinstance(event, Answered)
        self.assertEqual(getattr(event.apdu, "result"), 15)  # noqa: B009

    def test_long_request(self) -> None:
        """
        A request in blocks waits until it is alone.
        """
        self.start(outstanding=2, max_send=50)
        self.get()
        self.set(100)
        self.assertEqual([one[:6] for one in self.sent()], ["c001c1"])
        self.session.receive(_answer(1), 1.0)
        self.assertEqual([one[:6] for one in self.sent()], ["c102c2"])

    def test_refusal(self) -> None:
        """
        A refusal that does not say whose it is goes to the oldest.
        """
        self.start(outstanding=2)
        first = self.get()
        self.get()
        self.sent()
        self.session.receive(b"\xd8\x01\x02", 1.0)
        (event,) = self.session.events()
        assert isinstance(event, Failed)
        self.assertIs(event.exchange, first)
        self.assertIsInstance(event.error, ExceptionResponseError)

    def test_access_ids(self) -> None:
        """
        Long invoke-ids are counted by themselves.
        """
        self.start()
        self.assertEqual(self.session.long_invoke(), 0xC0000001)
        self.assertEqual(self.session.long_invoke(), 0xC0000002)
        self.assertEqual(self.session.invoke(), 0xC1)


class LateTests(_Case):
    """
    Answers that nobody waits for any more.
    """

    def test_dropped(self) -> None:
        """
        The answer to a request that was given up is dropped, also when it is a refusal.
        """
        self.start()
        for late in (_answer(1), b"\xd8\x01\x02"):
            self.start()
            self.session.give_up(self.get(), 0.0)
            self.get(1.0)
            self.sent()
            self.session.receive(late, 2.0)
            self.assertEqual(self.session.events(), [])
            self.session.receive(_answer(2, 9), 3.0)
            self.assertEqual(self.value(self.session.events()[0]), 9)

    def test_ids(self) -> None:
        """
        An invoke-id is not used again before its answer came, or cannot come any more.
        """
        self.start()
        for number in range(1, 16):
            self.assertEqual(self.session.invoke(0.0), 0xC0 | number)
            request = GetRequestNormal(invoke_id_and_priority=0xC0 | number, attribute=_ATTRIBUTE)
            self.session.give_up(self.session.request(request, 0.0), 0.0)
        self.assertRaises(LinkError, self.session.invoke, 100.0)
        self.session.receive(_answer(5), 100.0)
        self.assertEqual(self.session.invoke(100.0), 0xC5)
        self.assertEqual(self.session.invoke(121.0) & 0xF0, 0xC0)

    def test_refused_late(self) -> None:
        """
        When only a refusal came that was taken for an older request's, it says why there is no answer.
        """
        self.start()
        self.session.give_up(self.get(), 0.0)
        self.get(1.0)
        self.session.receive(b"\xd8\x01\x02", 2.0)
        self.session.events()
        self.session.time_passed(7.0)
        (event,) = self.session.events()
        assert isinstance(event, Failed)
        self.assertIsInstance(event.error, ExceptionResponseError)

    def test_short_names(self) -> None:
        """
        With short names nothing tells answers apart: the link is of no use after a timeout, a cancellation, and an
        answer that is no good.
        """
        request = ReadRequest(variables=(VariableName(variable_name=0x100),))
        for spoil in ("time", "give up", "nonsense", "2nd block first"):
            self.start(short_names=True)
            exchange = self.session.request(request, 0.0)
            self.session.events()
            if spoil == "time":
                self.session.time_passed(6.0)
            elif spoil == "give up":
                self.session.give_up(exchange, 1.0)
            elif spoil == "nonsense":
                self.session.receive(b"\x0c\x05", 1.0)
            else:
                self.session.receive(bytes.fromhex("0c010200000201aa"), 1.0)
            self.assertIn(Broken, [type(one) for one in self.session.events()], spoil)

    def test_longest(self) -> None:
        """
        A meter that sends blocks for ever is given up after the longest time.
        """
        self.start(longest=20.0)
        self.get()
        now = 0.0
        for number in range(1, 100):
            now += 4.0
            self.session.time_passed(now)
            if self.session.idle:
                break
            self.session.receive(_block(1, number, b"\x09"), now)
        self.assertEqual(now, 20.0)
        failed = [one for one in self.session.events() if isinstance(one, Failed)]
        self.assertIsInstance(failed[0].error, RequestTimeoutError)


class RepeatTests(_Case):
    """
    Requests that are repeated.
    """

    def test_repeated(self) -> None:
        """
        What only reads is repeated with the same invoke-id, within the timeout; both answers are for it.
        """
        self.start(retries=2, lossy=True)
        self.get()
        first = self.sent()
        self.assertEqual(self.session.deadline, 2.0)
        self.session.time_passed(2.0)
        self.assertEqual(self.sent(), first)
        self.session.receive(_answer(1), 3.0)
        self.assertEqual(self.value(self.session.events()[0]), 7)
        self.get(3.5)
        self.sent()
        self.session.receive(_answer(1), 4.0)
        self.assertEqual(self.session.events(), [])
        self.session.receive(_answer(2), 4.0)
        self.assertEqual(self.value(self.session.events()[0]), 7)

    def test_silence(self) -> None:
        """
        After the last repeat it fails, no later than without repeats.
        """
        self.start(retries=2, lossy=True)
        self.get()
        for now in (2.0, 4.0, 6.0):
            self.session.time_passed(now)
        events = self.session.events()
        self.assertEqual(len([one for one in events if isinstance(one, Transmit)]), 3)
        assert isinstance(events[-1], Failed)
        self.assertIsInstance(events[-1].error, RequestTimeoutError)

    def test_never(self) -> None:
        """
        What changes something is not repeated, unless that is said.
        """
        self.start(retries=2)
        self.set(3)
        self.assertEqual(self.session.deadline, 6.0)
        self.session.time_passed(2.0)
        self.assertEqual(len(self.sent()), 1)

    def test_blocks(self) -> None:
        """
        In the middle of blocks it begins anew, with another invoke-id: no block can be mixed up.
        """
        self.start(retries=1, lossy=True)
        self.get()
        self.session.receive(_block(1, 1, b"\x09\x02"), 1.0)
        self.sent()
        self.session.time_passed(7.0)
        self.assertEqual([one[:6] for one in self.sent()], ["c001c2"])
        self.session.receive(_block(1, 2, b"\x01\x02", last=True), 8.0)
        self.assertEqual(self.session.events(), [])
        self.session.receive(_answer(2), 8.0)
        self.assertEqual(self.value(self.session.events()[0]), 7)

    def test_parts(self) -> None:
        """
        Parts of an answer are told as they come; what was told is never taken back by a repeat.
        """
        self.start(retries=1, lossy=True)
        exchange = self.get(parts=True)
        self.session.receive(_block(1, 1, b"\x09\x02"), 1.0)
        self.sent()
        self.assertEqual(self.kept, [Part(b"\x09\x02", exchange)])
        self.session.time_passed(7.0)
        (event,) = self.session.events()
        assert isinstance(event, Failed)
        self.assertIsInstance(event.error, RequestTimeoutError)

    def test_lossy(self) -> None:
        """
        On a link that loses, what is no good is dropped, and told if nothing better comes.
        """
        self.start(lossy=True)
        self.get()
        self.session.receive(b"\xc4\x01", 1.0)
        self.assertEqual(len(self.session.events()), 1)
        self.session.receive(_answer(1), 2.0)
        self.assertEqual(self.value(self.session.events()[0]), 7)
        self.get(3.0)
        self.session.receive(b"\xc4\x01", 4.0)
        self.session.time_passed(9.0)
        failed = self.session.events()[-1]
        assert isinstance(failed, Failed)
        self.assertIsInstance(failed.error, DecodeError)

    def test_options(self) -> None:
        """
        Options that mean nothing are refused.
        """
        for wrong in ({"timeout": 0.0}, {"outstanding": 16}, {"outstanding": 0}, {"window": 64}):
            self.assertRaises((ValueError, DLMSError), ClientOptions, **wrong)


class InterleavedTests(SynchronousTestCase):
    """
    Everything in any order.
    """

    def test_each_to_who_asked(self) -> None:
        """
        No answer reaches anybody but who asked for it, whatever is given up, repeated, late or refused.
        """
        answered = sum(Interleaved(seed).run(200) for seed in range(40))
        self.assertGreater(answered, 500)
