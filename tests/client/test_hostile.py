"""
Meters that answer nonsense, late, twice, partly, in another order, or not at all.
"""

from __future__ import annotations

from random import Random
from typing import Any

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.errors import BlockTransferError, LinkError, RequestTimeoutError
from dlms_twisted.link.wrapper import encode_frame
from tests.client.damaging import KINDS, Hostility
from tests.client.fake import AARE, FakeMeter
from tests.client.hostile import WAYS, Outcome, dialogue

_BLOCK = "c402c100{:08x}0004aabbccdd"


class HostileTests(SynchronousTestCase):
    """
    Damaged dialogues; the full count is in C{tests.soak.hostile_meters}.
    """

    def test_each_way(self) -> None:
        """
        Typed errors within the deadline; the next request works; nothing is left behind.
        """
        outcome = Outcome()
        for seed in range(9 * len(WAYS)):
            dialogue(seed, outcome)
        self.assertGreater(outcome.requests, 700)
        self.assertGreater(outcome.reconnected, 0)
        self.assertGreater(len(outcome.failed), 3)
        self.assertGreater(len(outcome.damaged), 12)
        self.assertLess(outcome.longest, 16.0)


class DamageTests(SynchronousTestCase):
    """
    What the hostile meter does is what it is said to do.
    """

    def hostility(self, **plan: str) -> Hostility:
        """
        @return: one with a seed.
        """
        keys: Any = None
        chosen = {int(number[1:]): kind for number, kind in plan.items()}
        return Hostility(random=Random(1), plan=chosen, timeout=5.0, keys=keys, title=b"")

    def test_plan(self) -> None:
        """
        Only the chosen answers are damaged.
        """
        hostility = self.hostility(a1="cut", a3="drop")
        self.assertEqual([hostility.next_kind() for _ in range(5)], ["", "cut", "", "drop", ""])
        self.assertEqual(hostility.done, ["cut", "drop"])

    def test_kinds(self) -> None:
        """
        Each kind but the harmless changes what comes, or when.
        """
        payload = bytes.fromhex("c401c10006000003e8")
        for kind in KINDS:
            hostility = self.hostility()
            found = [hostility.payloads(kind, payload) for _ in range(20)]
            harmless = kind in {"swap", "frame", "hang up", "octets", "old"}
            self.assertEqual(all(one == [(0, payload)] for one in found), harmless, kind)


class EndlessTests(SynchronousTestCase):
    """
    A meter that never comes to an end.
    """

    def meter(self, **settings: Any) -> tuple[FakeMeter, Any]:
        """
        @return: an association with a fake meter.
        """
        fake = FakeMeter(**settings)
        fake.accept()
        fake.sent()
        fake.say(AARE)
        return fake, self.successResultOf(fake.connecting)

    def test_blocks_in_time(self) -> None:
        """
        Blocks that come in time, for ever: the request ends when it has taken too long.
        """
        fake, meter = self.meter(longest=60.0)
        got = meter.get("1/0-0:96.1.0.255/2")
        number = 0
        clock: Clock = fake.reactor
        while fake.sent() and number < 1000:
            number += 1
            clock.advance(1.0)
            fake.say(bytes.fromhex(_BLOCK.format(number)))
        self.failureResultOf(got, RequestTimeoutError)
        self.assertLessEqual(number, 61)
        self.assertEqual(fake.leaks, [])

    def test_blocks_at_once(self) -> None:
        """
        Blocks without end, as fast as they can: what they hold is bounded.
        """
        fake, meter = self.meter(longest=60.0)
        got = meter.get("1/0-0:96.1.0.255/2")
        big = b"\x82\xff\x00" + bytes(0xFF00)
        number = 0
        while fake.sent() and number < 10_000:
            number += 1
            block = bytes.fromhex(f"c402c100{number:08x}00") + big
            fake.transport.protocol.dataReceived(encode_frame(1, 16, block))
        self.failureResultOf(got, BlockTransferError)
        self.assertLess(number * len(big), 1 << 28)
        self.assertEqual(fake.leaks, [])

    def test_empty_blocks(self) -> None:
        """
        Empty blocks without end do not go on for ever either.
        """
        fake, meter = self.meter(longest=60.0)
        got = meter.get("1/0-0:96.1.0.255/2")
        number = 0
        while fake.sent() and number < 200_000:
            number += 1
            fake.reactor.advance(0.02)
            fake.say(bytes.fromhex(f"c402c100{number:08x}0000"))
        self.failureResultOf(got, BlockTransferError, RequestTimeoutError)
        self.assertLess(number, 10_000)
        self.assertEqual(fake.leaks, [])

    def test_frame_without_end(self) -> None:
        """
        A frame whose length is wrong would swallow all answers that follow: the link is closed when the request has
        waited long enough.
        """
        fake, meter = self.meter()
        got = meter.get("1/0-0:96.1.0.255/2")
        fake.transport.protocol.dataReceived(bytes.fromhex("000100010010fff0c401c100"))
        fake.reactor.advance(5.0)
        self.failureResultOf(got, RequestTimeoutError)
        self.assertFalse(meter.open)
        self.assertTrue(fake.transport.closed)
        self.failureResultOf(meter.get("1/0-0:96.1.0.255/2"), LinkError)
        self.assertEqual(fake.leaks, [])

    def test_pushes_without_end(self) -> None:
        """
        Who only pushes does not keep a request from its deadline.
        """
        fake, meter = self.meter()
        got = meter.get("1/0-0:96.1.0.255/2")
        for _ in range(20):
            fake.say(bytes.fromhex("0f0000000100060000000a"))
            fake.reactor.advance(0.5)
        self.failureResultOf(got, RequestTimeoutError)
        self.assertEqual(fake.leaks, [])
