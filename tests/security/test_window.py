"""
Tests of L{dlms_twisted.security.window}.
"""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.errors import StoreError
from dlms_twisted.security.keys import ReplayMode
from dlms_twisted.security.window import COUNTER_MAX, ReplayWindow


def take(window: ReplayWindow, counter: int) -> bool:
    """
    Check and, where allowed, accept.
    """
    allowed = window.check(counter)
    if allowed:
        window.accept(counter)
    return allowed


class ReplayWindowTests(SynchronousTestCase):
    """
    Tests of the sliding window, and of its strict and absent forms.
    """

    def test_each_counter_once(self) -> None:
        """
        Within the window each counter is accepted once, in any order.
        """
        window = ReplayWindow()
        taken = [take(window, counter) for counter in (5, 7, 6, 7, 5, 0, 1023, 1024, 0)]
        self.assertEqual(taken, [True, True, True, False, False, True, True, True, False])

    def test_edge(self) -> None:
        """
        The window reaches exactly C{size} counters back from the highest one.
        """
        window = ReplayWindow(1024)
        window.accept(5000)
        self.assertTrue(window.check(5000 - 1023))
        self.assertFalse(window.check(5000 - 1024))

    def test_check_changes_nothing(self) -> None:
        """
        A forged counter far ahead that is checked, and never accepted, refuses nobody.
        """
        window = ReplayWindow()
        window.accept(10)
        before = window.to_state()
        self.assertTrue(window.check(COUNTER_MAX))
        self.assertEqual(window.to_state(), before)
        self.assertTrue(window.check(11))

    def test_range(self) -> None:
        """
        There is no counter outside of 32 bits.
        """
        for mode in ReplayMode:
            window = ReplayWindow(mode=mode)
            window.accept(0)
            self.assertTrue(window.check(COUNTER_MAX))
            self.assertFalse(window.check(COUNTER_MAX + 1))
            self.assertFalse(window.check(-1))
            self.assertRaises(ValueError, window.accept, -1)
            self.assertRaises(ValueError, window.accept, COUNTER_MAX + 1)

    def test_zero_first(self) -> None:
        """
        A fresh window takes any counter, 0 too, once.
        """
        window = ReplayWindow()
        self.assertEqual(window.highest, -1)
        self.assertTrue(take(window, 0))
        self.assertFalse(take(window, 0))
        self.assertEqual(window.highest, 0)

    def test_strict(self) -> None:
        """
        In strict mode a counter must grow.
        """
        window = ReplayWindow(mode=ReplayMode.STRICT)
        taken = [take(window, counter) for counter in (5, 7, 6, 7, 8)]
        self.assertEqual(taken, [True, True, False, False, True])

    def test_off(self) -> None:
        """
        A meter that sends the same counter for ever is listened to.
        """
        window = ReplayWindow(mode=ReplayMode.OFF)
        self.assertEqual([take(window, 0) for _ in range(3)], [True] * 3)

    def test_accept_behind(self) -> None:
        """
        Accepting what lies behind the window, or the same again, changes nothing.
        """
        window = ReplayWindow(8)
        window.accept(100)
        before = window.to_state()
        window.accept(92)
        window.accept(100)
        self.assertEqual(window.to_state(), before)

    def test_sizes(self) -> None:
        """
        A window without width, or one wider than its state can say, is refused.
        """
        for size in (0, -1, 0x10000):
            self.assertRaises(ValueError, ReplayWindow, size)

    @settings(max_examples=100, deadline=None, derandomize=True)
    @given(
        st.integers(1, 40),
        st.lists(st.integers(0, 120), max_size=80),
        st.sampled_from([ReplayMode.WINDOW, ReplayMode.STRICT]),
    )
    def test_model(self, size: int, counters: list[int], mode: ReplayMode) -> None:
        """
        The bit arithmetic equals a set of accepted counters, also when the state is stored and read in between.
        """
        window = ReplayWindow(size, mode)
        accepted: set[int] = set()
        for counter in counters:
            highest = max(accepted, default=-1)
            if mode is ReplayMode.STRICT:
                wanted = counter > highest
            else:
                wanted = counter not in accepted and counter > highest - size
            self.assertEqual(take(window, counter), wanted)
            if wanted:
                accepted.add(counter)
            window = ReplayWindow.from_state(window.to_state())
        self.assertEqual(window.highest, max(accepted, default=-1))

    def test_state(self) -> None:
        """
        A state is as short as what it remembers, and keeps size and mode.
        """
        window = ReplayWindow(2048, ReplayMode.STRICT)
        self.assertEqual(len(window.to_state()), 9)
        window.accept(COUNTER_MAX)
        again = ReplayWindow.from_state(window.to_state())
        self.assertEqual((again.size, again.mode, again.highest), (2048, "strict", COUNTER_MAX))
        self.assertFalse(again.check(COUNTER_MAX))

    @settings(max_examples=100, deadline=None, derandomize=True)
    @given(st.binary(max_size=24))
    def test_damaged_state(self, state: bytes) -> None:
        """
        Octets that are no state are refused, and nothing else happens.
        """
        try:
            window = ReplayWindow.from_state(state)
        except StoreError:
            return
        self.assertEqual(ReplayWindow.from_state(window.to_state()).to_state(), window.to_state())

    def test_inconsistent_state(self) -> None:
        """
        Bits that stand for no counter, or a highest counter without its bit, are damage.
        """
        window = ReplayWindow(16)
        window.accept(3)
        good = window.to_state()
        ReplayWindow.from_state(good)
        for damaged in (
            good[:-1] + b"\x00",
            good[:-1] + b"\x11",
            good[:9],
            good[:2] + b"\x00\x00" + good[4:],
            good[:4] + b"\x02" + good[5:],
            b"\x02" + good[1:],
            b"\x01\x03" + good[2:],
        ):
            self.assertRaises(StoreError, ReplayWindow.from_state, damaged)

    def test_repr(self) -> None:
        """
        It says its mode, highest counter and size.
        """
        self.assertEqual(repr(ReplayWindow()), "<ReplayWindow window highest=-1 size=1024>")
