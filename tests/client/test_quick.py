"""
The short way of reading one attribute: whatever happens, it is as if it were the usual way.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.client import Meter, connect
from dlms_twisted.client.reference import Reference
from dlms_twisted.codec.data import Data
from dlms_twisted.cosem.obis import Obis
from dlms_twisted.errors import (
    AccessRefusedError,
    BlockTransferError,
    DecodeError,
    EncodeError,
    ExceptionResponseError,
    LinkError,
    LocalProtocolError,
    ObisError,
    RemoteProtocolError,
    RequestTimeoutError,
)
from dlms_twisted.testing import MeterInMemory
from tests.client.fake import AARE, FakeMeter

_ENERGY = "3/1-0:1.8.0.255/2"
_POWER = "3/1-0:1.7.0.255/2"


class QuickTests(SynchronousTestCase):
    """
    A meter that says what a test tells it to.
    """

    def setUp(self) -> None:
        self.fake = FakeMeter()
        self.fake.accept()
        self.fake.sent()
        self.fake.say(AARE)
        self.meter: Meter = self.successResultOf(self.fake.connecting)

    def get(self, what: str = _ENERGY) -> Deferred[Data]:
        """
        Ask; the octets of the request are kept.
        """
        asked = self.meter.get(what)
        self.request = self.fake.sent()
        return asked

    def answer(self, rest: str, invoke: int | None = None) -> None:
        """
        Answer with a value: what comes after the invoke-id.
        """
        number = self.request[2] if invoke is None else invoke
        self.fake.say(bytes((0xC4, 0x01, number)) + bytes.fromhex(rest))

    def works(self) -> None:
        """
        The next request is answered.
        """
        asked = self.get(_POWER)
        self.answer("00 06 00000007")
        self.assertEqual(self.successResultOf(asked).values, 7)

    def tearDown(self) -> None:
        closing = self.meter.close()
        self.fake.sent()
        self.fake.clock_out()
        self.assertTrue(closing.called)
        self.assertEqual(self.fake.leaks, [])

    def test_value(self) -> None:
        """
        The request is a GET, and its answer's value comes back; the next has another invoke-id.
        """
        asked = self.get()
        self.assertEqual(self.request.hex(), "c001c1" + "0003" + "0100010800ff" + "02" + "00")
        self.assertEqual(len(self.fake.leaks), 1)
        self.answer("00 06 000003E8")
        self.assertEqual(self.successResultOf(asked).values, 1000)
        self.get()
        self.assertEqual(self.request[2] & 0x0F, 2)
        self.answer("00 06 000003E8")

    def test_many(self) -> None:
        """
        One after the other, more than there are invoke-ids.
        """
        for number in range(40):
            asked = self.get()
            self.answer(f"00 12 {number:04x}")
            self.assertEqual(self.successResultOf(asked).values, number)

    def test_refused(self) -> None:
        """
        A refusal names the attribute.
        """
        asked = self.get()
        self.answer("01 03")
        error = self.failureResultOf(asked, AccessRefusedError).value
        self.assertEqual((error.code, error.what), (3, _ENERGY))
        self.works()

    def test_exception(self) -> None:
        """
        An exception-response is this request's.
        """
        asked = self.get()
        self.fake.say(bytes.fromhex("D80102"))
        self.failureResultOf(asked, ExceptionResponseError)
        self.works()

    def test_blocks(self) -> None:
        """
        A value in blocks comes the usual way.
        """
        asked = self.get()
        self.fake.say(b"\xc4\x02" + self.request[2:3] + bytes.fromhex("00 00000001 00 03 090400"))
        self.assertEqual(self.fake.sent()[:2].hex(), "c002")
        self.fake.say(b"\xc4\x02" + self.request[2:3] + bytes.fromhex("01 00000002 00 03 010203"))
        self.assertEqual(self.successResultOf(asked).values, bytes(range(4)))
        self.works()

    def test_wrong_block(self) -> None:
        """
        So does a wrong block.
        """
        asked = self.get()
        self.fake.say(b"\xc4\x02" + self.request[2:3] + bytes.fromhex("00 00000007 00 01 09"))
        self.failureResultOf(asked, BlockTransferError)
        self.works()

    def test_nonsense(self) -> None:
        """
        What is no value is an error of this request: cut off, too much, or another service.
        """
        for rest, kind in (
            ("00 06 0000", DecodeError),
            ("00 06 00000001 00", DecodeError),
            ("00", DecodeError),
        ):
            asked = self.get()
            self.answer(rest)
            self.failureResultOf(asked, kind)
        asked = self.get()
        self.fake.say(b"\xc5\x01" + self.request[2:3] + b"\x00")
        if not asked.called:
            self.answer("00 06 000003E8")
            self.assertEqual(self.successResultOf(asked).values, 1000)
        else:
            self.failureResultOf(asked, RemoteProtocolError)
        self.works()

    def test_other_invoke_id(self) -> None:
        """
        An answer to something else is passed over.
        """
        asked = self.get()
        self.answer("00 06 00000001", invoke=(self.request[2] & 0xF0) | 9)
        self.assertNoResult(asked)
        self.answer("00 06 000003E8")
        self.assertEqual(self.successResultOf(asked).values, 1000)

    def test_silence(self) -> None:
        """
        A meter that says nothing: an error in time; a late answer is nobody's.
        """
        asked = self.get()
        late = self.request
        self.fake.reactor.advance(5.0)
        self.failureResultOf(asked, RequestTimeoutError)
        self.assertEqual(self.fake.leaks, [])
        again = self.get()
        self.answer("00 06 00000001", invoke=late[2])
        self.assertNoResult(again)
        self.answer("00 06 00000002")
        self.assertEqual(self.successResultOf(again).values, 2)

    def test_cancelled(self) -> None:
        """
        The answer of one that was cancelled is dropped, and the next is asked.
        """
        asked = self.get()
        late = self.request
        asked.cancel()
        self.failureResultOf(asked, CancelledError)
        self.assertEqual(self.fake.leaks, [])
        again = self.get()
        self.answer("00 06 00000001", invoke=late[2])
        self.assertNoResult(again)
        self.answer("00 06 00000002")
        self.assertEqual(self.successResultOf(again).values, 2)

    def test_others_wait(self) -> None:
        """
        What is asked meanwhile is sent when the first is answered.
        """
        first = self.get()
        second = self.meter.get(_POWER)
        third = self.meter.action("70/0-0:96.3.10.255/1")
        self.assertEqual(self.fake.sent(), b"")
        self.answer("00 06 00000001")
        self.assertEqual(self.successResultOf(first).values, 1)
        self.request = self.fake.sent()
        self.answer("00 06 00000002")
        self.assertEqual(self.successResultOf(second).values, 2)
        request = self.fake.sent()
        self.assertEqual(request[:2].hex(), "c301")
        self.fake.say(b"\xc7\x01" + request[2:3] + b"\x00\x00")
        self.assertIsNone(self.successResultOf(third))

    def test_in_a_coroutine(self) -> None:
        """
        Who asks again as soon as the answer is there gets it.
        """

        async def three() -> list[Any]:
            return [(await self.meter.get(_ENERGY)).values for _ in range(3)]

        asked = Deferred.fromCoroutine(three())
        for number in range(3):
            self.request = self.fake.sent()
            self.answer(f"00 11 0{number}")
        self.assertEqual(self.successResultOf(asked), [0, 1, 2])

    def test_lost(self) -> None:
        """
        A link that is lost fails it, and whatever is asked then.
        """
        asked = self.get()
        self.fake.transport.loseConnection()
        self.assertEqual(self.failureResultOf(asked, LinkError).value.reason, "dropped")
        self.failureResultOf(self.meter.get(_ENERGY), LinkError)

    def test_pushed_meanwhile(self) -> None:
        """
        A notification that comes before the answer changes nothing.
        """
        asked = self.get()
        self.fake.say(bytes.fromhex("0F 00000001 00 11 05"))
        self.answer("00 06 00000001")
        self.assertEqual(self.successResultOf(asked).values, 1)

    def test_what_is_none(self) -> None:
        """
        What is no attribute fails before anything is sent.
        """
        self.failureResultOf(self.meter.get("3/1-0:999.8.0.255/2"), ObisError)
        self.failureResultOf(self.meter.get("1/2/3/4"), LocalProtocolError)
        beyond = Reference(Obis(1, 0, 1, 8, 0), 3, 300)
        self.failureResultOf(self.meter.get(beyond), EncodeError)
        self.assertEqual(self.fake.sent(), b"")
        self.works()


class MemoryTests(SynchronousTestCase):
    """
    A meter whose answer is there before the request's octets are all written.
    """

    def test_nothing_left(self) -> None:
        """
        The value, and no delayed call.
        """
        clock = Clock()
        memory = MeterInMemory(clock, "household")
        settings = memory.settings(client=2)
        meter = memory.run(connect(clock, memory.endpoint("wrapper"), settings))
        before = len(clock.getDelayedCalls())
        for _ in range(3):
            self.assertIsInstance(memory.run(meter.get("1/0-0:42.0.0.255/2")).values, bytes)
        self.assertEqual(len(clock.getDelayedCalls()), before)
        memory.run(meter.close())
        memory.close()
        self.assertEqual(clock.getDelayedCalls(), [])
