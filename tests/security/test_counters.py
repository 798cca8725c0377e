"""
Tests of L{dlms_twisted.security.counters}.
"""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.errors import CounterExhaustedError, LocalProtocolError
from dlms_twisted.security.counters import WARN_AT, TransmitCounter, TransmitCounters
from dlms_twisted.security.window import COUNTER_MAX
from tests.security.samples import OTHER_KEYS


class TransmitCounterTests(SynchronousTestCase):
    """
    Tests of one counter.
    """

    def test_nothing_reserved(self) -> None:
        """
        Before a block was written down, none is given.
        """
        counter = TransmitCounter()
        self.assertRaises(LocalProtocolError, counter.take)
        self.assertEqual(counter.wanted(), 1024)
        counter.reserve(1024)
        self.assertEqual((counter.take(), counter.take()), (0, 1))

    def test_block(self) -> None:
        """
        Another block is wanted when half of one is left, and taking stops at its end.
        """
        counter = TransmitCounter(10, block=4)
        counter.reserve(14)
        self.assertIsNone(counter.wanted())
        self.assertEqual([counter.take() for _ in range(2)], [10, 11])
        self.assertIsNone(counter.wanted())
        self.assertEqual(counter.take(), 12)
        self.assertEqual(counter.wanted(), 18)
        self.assertEqual(counter.take(), 13)
        self.assertRaises(LocalProtocolError, counter.take)
        self.assertRaises(LocalProtocolError, counter.reserve, 13)
        self.assertEqual(counter.available, 0)

    def test_end(self) -> None:
        """
        The last counter is used, and then none.
        """
        counter = TransmitCounter(COUNTER_MAX - 1, block=16)
        self.assertEqual(counter.wanted(), COUNTER_MAX + 1)
        counter.reserve(COUNTER_MAX + 1)
        self.assertTrue(counter.is_running_out)
        self.assertEqual([counter.take(), counter.take()], [COUNTER_MAX - 1, COUNTER_MAX])
        self.assertTrue(counter.is_exhausted)
        self.assertIsNone(counter.wanted())
        self.assertRaises(CounterExhaustedError, counter.take)

    def test_warning(self) -> None:
        """
        The warning comes long before the end: a thousand million are left.
        """
        self.assertFalse(TransmitCounter(WARN_AT - 1).is_running_out)
        self.assertTrue(TransmitCounter(WARN_AT).is_running_out)
        self.assertGreater(COUNTER_MAX - WARN_AT, 1_000_000_000)

    def test_advance(self) -> None:
        """
        A receiver that wants more is followed; one that wants less changes nothing.
        """
        counter = TransmitCounter(5, reserved=10)
        counter.advance(3)
        self.assertEqual(counter.next, 5)
        counter.advance(100)
        self.assertRaises(LocalProtocolError, counter.take)
        self.assertEqual(counter.wanted(), 1124)
        counter.reserve(1124)
        self.assertEqual(counter.take(), 100)
        for wrong in (-1, COUNTER_MAX + 1):
            self.assertRaises(LocalProtocolError, counter.advance, wrong)

    def test_arguments(self) -> None:
        """
        A start out of range, or an empty block, is refused.
        """
        for start, block in ((-1, 1), (COUNTER_MAX + 2, 1), (0, 0)):
            with self.assertRaises(ValueError):
                TransmitCounter(start, block=block)

    @settings(max_examples=100, deadline=None, derandomize=True)
    @given(st.lists(st.sampled_from(["take", "advance", "crash"]), max_size=60), st.integers(1, 7))
    def test_never_twice(self, steps: list[str], block: int) -> None:
        """
        Whatever happens, a crash among it, no counter is given twice and each is larger than the last.
        """
        disk = 0
        counter = TransmitCounter(disk, block=block)
        given_out = [-1]
        for step in steps:
            wanted = counter.wanted()
            if wanted is not None:
                disk = wanted
                counter.reserve(wanted)
            if step == "take":
                taken = counter.take()
                self.assertGreater(taken, given_out[-1])
                self.assertLess(taken, disk)
                given_out.append(taken)
            elif step == "advance":
                counter.advance(counter.next + 3)
            else:
                counter = TransmitCounter(disk, block=block)


class TransmitCountersTests(SynchronousTestCase):
    """
    Tests of the counters of several keys.
    """

    def test_by_key(self) -> None:
        """
        Each key has its own; one that lives in memory only begins at 0.
        """
        counters = TransmitCounters()
        counters.put(OTHER_KEYS[0], TransmitCounter(500, reserved=600))
        self.assertEqual(counters.take(OTHER_KEYS[0]), 500)
        self.assertEqual(counters.take(OTHER_KEYS[1], True), 0)
        self.assertEqual(counters.take(OTHER_KEYS[1], True), 1)
        self.assertEqual(counters.take(OTHER_KEYS[0]), 501)
        self.assertEqual(len(counters), 2)

    def test_unknown(self) -> None:
        """
        A key that may have been used before does not begin at 0.
        """
        self.assertRaises(LocalProtocolError, TransmitCounters().take, OTHER_KEYS[0])

    def test_never_back(self) -> None:
        """
        A counter is not replaced by one that is behind it.
        """
        counters = TransmitCounters()
        counters.put(OTHER_KEYS[0], TransmitCounter(500))
        self.assertRaises(LocalProtocolError, counters.put, OTHER_KEYS[0], TransmitCounter(499))
        counters.put(OTHER_KEYS[0], TransmitCounter(501))

    def test_forget(self) -> None:
        """
        A key that is gone is forgotten, known or not.
        """
        counters = TransmitCounters()
        counters.begin(OTHER_KEYS[0])
        counters.forget(OTHER_KEYS[0])
        counters.forget(OTHER_KEYS[1])
        self.assertEqual(len(counters), 0)

    def test_repr(self) -> None:
        """
        It says where it stands.
        """
        self.assertEqual(repr(TransmitCounter(3)), "<TransmitCounter next=3 reserved=3>")
