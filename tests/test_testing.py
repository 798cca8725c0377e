"""
Tests of L{dlms_twisted.testing}.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase, TestCase

from dlms_twisted.client import connect
from dlms_twisted.errors import (
    ConfigurationError,
    DLMSError,
    LinkError,
    RequestTimeoutError,
    SecurityError,
)
from dlms_twisted.testing import Fault, FaultKind, MeterInMemory

CLOCK = "8/0-0:1.0.0.255/2"
ENERGY = "3/1-0:1.8.0.255/2"


class ThreeLinesTests(TestCase):
    """
    The example of the documentation: a test that awaits, and a clock that nobody turns.
    """

    async def test_three_lines(self) -> None:
        """
        A client is associated and reads; the meter's time is the one that was said.
        """
        clock = Clock()
        meter = MeterInMemory(clock, "household", time=datetime(2026, 7, 1, 12, tzinfo=UTC))
        client = await connect(clock, meter.endpoint(), meter.settings(client=1))
        data = await client.get(CLOCK)
        self.assertEqual(data.octets[2:9].hex(), "07ea0701030e00")
        await client.close()
        meter.close()
        self.assertEqual(clock.getDelayedCalls(), [])


class MeterInMemoryTests(SynchronousTestCase):
    """
    A meter in memory, by both framings, as each of its clients, in good order and in bad.
    """

    def meter(self, **options: Any) -> MeterInMemory:
        """
        @return: a meter that leaves nothing behind.
        """
        self.clock = Clock()
        meter = MeterInMemory(self.clock, **options)
        self.addCleanup(self.assertEqual, self.clock.getDelayedCalls(), [])
        self.addCleanup(meter.close)
        return meter

    def connected(self, meter: MeterInMemory, client: int = 1, **changes: Any) -> Any:
        """
        @return: a client of the meter.
        """
        framing = changes.get("framing", "wrapper")
        return meter.run(
            connect(self.clock, meter.endpoint(framing), meter.settings(client, **changes))
        )

    def test_each_client(self) -> None:
        """
        Every association of every ready meter is open to whoever has its settings, by wrapper and by HDLC.
        """
        for description in ("household", "pv", "gas-nbiot", "transformer"):
            for framing in ("wrapper", "hdlc"):
                meter = self.meter(description=description)
                for plan in meter.meter.description.devices[0].associations:
                    if plan.pre_established:
                        continue
                    client = self.connected(meter, plan.client, framing=framing)
                    self.assertEqual(len(meter.host.servings), 1)
                    data = meter.run(client.get("8/0-0:1.0.0.255/2"))
                    self.assertEqual(len(data.values), 12)
                    meter.run(client.close())
                    self.assertEqual(len(meter.host.servings), 0)

    def test_same_seed(self) -> None:
        """
        Two meters of one number and seed have the same title and keys, another seed gives other keys.
        """
        one, same = self.meter(), self.meter()
        other = self.meter(seed=b"other")
        self.assertEqual(one.meter.keys, same.meter.keys)
        self.assertNotEqual(one.meter.keys, other.meter.keys)

    def test_again(self) -> None:
        """
        Who associates again, or twice at a time, uses no counter again.
        """
        meter = self.meter()
        first, second = self.connected(meter), self.connected(meter)
        for client in (first, second, first):
            meter.run(client.get(CLOCK))
        for client in (first, second):
            meter.run(client.close())
        self.assertEqual(meter.meter.counters.refusals, {})

    def test_latency(self) -> None:
        """
        With a latency each way takes its time.
        """
        meter = self.meter(latency=0.25)
        client = self.connected(meter, 16)
        before = self.clock.seconds()
        meter.run(client.get(CLOCK))
        self.assertEqual(self.clock.seconds() - before, 0.5)
        meter.run(client.close())

    def test_close(self) -> None:
        """
        Closing ends what is under way: the connection is lost, and no delayed call is left.
        """
        meter = self.meter(latency=0.25)
        client = self.connected(meter, 16)
        reading: Deferred[Any] = client.get(CLOCK)
        meter.close()
        self.failureResultOf(reading, LinkError)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_lost_answer(self) -> None:
        """
        A lost answer is a timeout; HDLC asks again.
        """
        for framing, seconds in (("wrapper", 10.0), ("hdlc", 10 / 3)):
            meter = self.meter()
            client = self.connected(meter, 16, framing=framing)
            meter.faults.add(Fault(kind="lost", count=1))
            began = self.clock.seconds()
            reading: Deferred[Any] = client.get(CLOCK)
            if framing == "wrapper":
                self.assertRaises(RequestTimeoutError, meter.run, reading)
            else:
                meter.run(reading)
            self.assertAlmostEqual(self.clock.seconds() - began, seconds)
            self.assertEqual(meter.faults.happened, {FaultKind.LOST: 1})
            meter.run(client.get(CLOCK))
            meter.run(client.close())

    def test_wire_faults_cost_one_answer(self) -> None:
        """
        Over HDLC nothing that happens to a frame costs more than time.
        """
        for kind in ("lost", "repeated", "late", "reordered", "corrupted", "truncated", "silence"):
            for direction in ("answer", "request"):
                meter = self.meter()
                client = self.connected(meter, 1, framing="hdlc")
                meter.faults.add(Fault(kind=kind, on=direction, count=1))
                self.assertEqual(len(meter.run(client.get(CLOCK)).values), 12, kind)
                self.assertEqual(meter.faults.happened, {FaultKind(kind): 1})
                meter.run(client.close())

    def test_security_faults(self) -> None:
        """
        A forged tag, a repeated counter and a stale one are refused by the client; the next answer is good.
        """
        for kind, reason in (
            ("forged-tag", "bad-tag"),
            ("repeated-counter", "replay"),
            ("stale-counter", "replay"),
        ):
            meter = self.meter()
            client = self.connected(meter)
            meter.run(client.get(CLOCK))
            meter.faults.add(Fault(kind=kind, count=1, by=1 if kind.startswith("stale") else 0))
            with self.assertRaises(SecurityError) as caught:
                meter.run(client.get(CLOCK))
            self.assertEqual(caught.exception.reason, reason)
            meter.run(client.get(CLOCK))
            meter.run(client.close())

    def test_wrong_key(self) -> None:
        """
        A meter with other keys is not believed.
        """
        meter = self.meter(faults=["wrong-key"])
        self.assertRaises(DLMSError, self.connected, meter)
        self.assertGreater(meter.faults.happened[FaultKind.WRONG_KEY], 0)

    def test_dropped(self) -> None:
        """
        A connection that is cut in the middle of an answer fails the request, and the next one.
        """
        meter = self.meter()
        client = self.connected(meter)
        meter.faults.add("dropped")
        self.assertRaises(LinkError, meter.run, client.get(CLOCK))
        self.assertRaises(LinkError, meter.run, client.get(CLOCK))
        self.assertEqual(len(meter.host.servings), 0)

    def test_reboot(self) -> None:
        """
        A reboot ends the connection; one may connect again, and the counters are kept, or go back.
        """
        for back in (False, True):
            meter = self.meter()
            client = self.connected(meter)
            meter.run(client.get(CLOCK))
            [(epoch, used)] = meter.meter.counters._next.items()
            meter.reboot(counters_back=back)
            self.assertRaises(LinkError, meter.run, client.get(CLOCK))
            self.assertEqual(meter.meter.counters.take(epoch), 1 if back else used)

    def test_timed_faults(self) -> None:
        """
        Faults of the meter happen at their time, and again.
        """
        jump = Fault(kind="clock-jump", at=10, period=5, by=-60, count=3)
        meter = self.meter(faults=[jump])
        before = meter.meter.time()
        self.clock.advance(9)
        self.assertEqual(meter.meter.time() - before, 9)
        for step in range(1, 4):
            self.clock.advance(5)
            self.assertEqual(meter.meter.time() - before, 9 + 5 * step - 60 * step)
        self.clock.advance(60)
        self.assertEqual(meter.faults.happened, {FaultKind.CLOCK_JUMP: 3})

    def test_faults_after_requests(self) -> None:
        """
        A reboot may come after so many requests.
        """
        meter = self.meter(faults=[Fault(kind="reboot", after=2, count=1)])
        client = self.connected(meter, 16)
        meter.run(client.get(CLOCK))
        self.assertEqual(len(meter.host.servings), 1)
        meter.run(client.get(CLOCK))
        self.assertEqual(len(meter.host.servings), 0)

    def test_blocks(self) -> None:
        """
        Blocks may be slow, or wrongly numbered: the client waits, or complains.
        """
        meter = self.meter()
        client = self.connected(meter, 2, max_pdu=128)
        meter.faults.add(Fault(kind="slow-blocks", delay=(1.0, 1.0)))
        meter.run(client.get("15/0-0:40.0.0.255/2"))
        self.assertGreater(self.clock.seconds(), 3)
        meter.faults.clear()
        meter.faults.add(Fault(kind="wrong-block", after=1, count=1))
        self.assertRaises(DLMSError, meter.run, client.get("15/0-0:40.0.0.255/2"))
        self.assertEqual(meter.faults.happened[FaultKind.WRONG_BLOCK], 1)

    def test_too_long(self) -> None:
        """
        An answer that is longer than was agreed is refused.
        """
        meter = self.meter()
        client = self.connected(meter, 2)
        meter.faults.add(Fault(kind="too-long", octets=1000, count=1))
        self.assertRaises(DLMSError, meter.run, client.get(ENERGY))
        self.assertEqual(meter.faults.happened, {FaultKind.TOO_LONG: 1})

    def test_session(self) -> None:
        """
        A session without a link answers octets with octets.
        """
        session = self.meter().session(16)
        [answer] = session.receive(
            bytes.fromhex("601DA109060760857405080101BE10040E01000000065F1F0400007E1F04B0"), 0.0
        )
        self.assertEqual(answer[0], 0x61)

    def test_refused(self) -> None:
        """
        What is not there is said.
        """
        meter = self.meter()
        self.assertRaises(ConfigurationError, meter.endpoint, "pigeon")
        self.assertRaises(LookupError, meter.settings, 99)
        self.assertRaises(LookupError, meter.session, server=9)
        self.assertRaises(ConfigurationError, self.meter, description="nonsense")
        self.assertRaises(ConfigurationError, self.meter, faults=["nonsense"])
        self.assertRaises(AssertionError, meter.run, Deferred(), longest=1.0)
