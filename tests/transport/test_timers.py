"""
Tests of L{dlms_twisted.transport.timers}, L{dlms_twisted.transport.retry} and
L{dlms_twisted.transport.keepalive}.
"""

from __future__ import annotations

import socket

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.transport.keepalive import keep_alive
from dlms_twisted.transport.retry import retry_policy
from dlms_twisted.transport.timers import DeadlineTimer


class DeadlineTimerTests(SynchronousTestCase):
    """
    Tests of L{DeadlineTimer}.
    """

    def setUp(self) -> None:
        self.clock = Clock()
        self.fired: list[float] = []
        self.timer = DeadlineTimer(self.clock, lambda: self.fired.append(self.clock.seconds()))

    def test_moves(self) -> None:
        """
        The last deadline counts, earlier or later.
        """
        self.timer.set(10.0)
        self.timer.set(5.0)
        self.timer.set(7.0)
        self.clock.advance(6.9)
        self.assertEqual(self.fired, [])
        self.clock.advance(0.1)
        self.assertEqual(len(self.fired), 1)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_none(self) -> None:
        """
        No deadline, no call.
        """
        self.timer.set(10.0)
        self.timer.set(None)
        self.timer.set(None)
        self.timer.cancel()
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_past(self) -> None:
        """
        A deadline in the past is due in the next turn, not in this one.
        """
        self.clock.advance(5.0)
        self.timer.set(1.0)
        self.assertEqual(self.fired, [])
        self.clock.advance(0.0)
        self.assertEqual(self.fired, [5.0])

    def test_again(self) -> None:
        """
        What it calls may set the next deadline.
        """

        def again() -> None:
            if self.clock.seconds() < 3:
                timer.set(self.clock.seconds() + 1)

        timer = DeadlineTimer(self.clock, again)
        timer.set(1.0)
        self.clock.pump([1.0] * 5)
        self.assertEqual(self.clock.getDelayedCalls(), [])


class RetryPolicyTests(SynchronousTestCase):
    """
    Tests of L{retry_policy}.
    """

    def test_grows(self) -> None:
        """
        Delays grow to their limit, and stay there for any number of attempts.
        """
        policy = retry_policy(lambda: 0.5, first=0.5, longest=30.0)
        delays = [policy(attempt) for attempt in range(40)]
        self.assertEqual(delays[0], 0.5)
        self.assertEqual(sorted(delays), delays)
        self.assertEqual(policy(10**9), 30.0)

    def test_jitter(self) -> None:
        """
        Half the delay to either side, never more than the limit, never nothing.
        """
        for value, wanted in ((0.0, 2.0), (1.0, 6.0)):
            policy = retry_policy(lambda value=value: value, first=4.0, longest=100.0)  # type: ignore[misc]
            self.assertEqual(policy(0), wanted)
            self.assertLessEqual(policy(100), 100.0)
            self.assertGreater(policy(100), 40.0)


class KeepAliveTests(SynchronousTestCase):
    """
    Tests of L{keep_alive}.
    """

    def test_tcp(self) -> None:
        """
        A TCP transport probes after a minute.
        """

        class Transport:
            def __init__(self) -> None:
                self.handle = socket.socket()
                self.asked: list[bool] = []

            def setTcpKeepAlive(self, enabled: bool) -> None:
                """
                Remember it.
                """
                self.asked.append(enabled)

            def getHandle(self) -> socket.socket:  # noqa: N802
                """
                The socket.
                """
                return self.handle

        transport = Transport()
        self.addCleanup(transport.handle.close)
        keep_alive(transport, idle=61)
        self.assertEqual(transport.asked, [True])
        if hasattr(socket, "TCP_KEEPIDLE"):
            idle = transport.handle.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE)
            self.assertEqual(idle, 61)

    def test_others(self) -> None:
        """
        A transport without keepalive is left alone.
        """
        keep_alive(object())
