"""
Tests of L{dlms_twisted.push.queue}, L{dlms_twisted.push.counters} and L{dlms_twisted.push.limiter}.
"""

from __future__ import annotations

from twisted.internet.task import Clock
from twisted.logger import Logger, capturedLogs
from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.push.counters import Counters
from dlms_twisted.push.limiter import LimitedLog
from dlms_twisted.push.queue import Arrival, IntakeQueue


def arrival(octets: bytes = b"x") -> Arrival:
    """
    @return: an arrival of these octets.
    """
    return Arrival(0, None, None, octets, None, None, "wrapper")


class Stream:
    """
    A stream that remembers what it was told.
    """

    def __init__(self) -> None:
        self.told: list[str] = []

    def pause(self) -> None:
        """
        Remember it.
        """
        self.told.append("pause")

    def resume(self) -> None:
        """
        Remember it.
        """
        self.told.append("resume")


class IntakeQueueTests(SynchronousTestCase):
    """
    Tests of L{IntakeQueue}.
    """

    def setUp(self) -> None:
        """
        A queue of four items or ten octets.
        """
        self.counters = Counters()
        self.queue = IntakeQueue(self.counters, most_items=4, most_octets=10)

    def test_order(self) -> None:
        """
        First in, first out.
        """
        for octets in (b"a", b"b", b"c"):
            self.assertTrue(self.queue.offer(arrival(octets)))
        self.assertEqual([self.queue.take().octets for _ in range(3)], [b"a", b"b", b"c"])
        self.assertEqual((len(self.queue), self.queue.octets), (0, 0))
        self.assertRaises(IndexError, self.queue.take)

    def test_shed(self) -> None:
        """
        A full queue sheds datagrams and counts them, by items and by octets.
        """
        for _ in range(4):
            self.assertTrue(self.queue.offer(arrival()))
        self.assertFalse(self.queue.offer(arrival()))
        self.assertEqual(self.counters.shed, 1)
        self.queue.take()
        self.assertTrue(self.queue.offer(arrival(bytes(9))))
        self.queue.take()
        self.assertFalse(self.queue.offer(arrival()))
        self.assertEqual(self.counters.shed, 2)

    def test_streams_wait(self) -> None:
        """
        A stream is paused when the queue is full and resumed once when it is half empty; nothing of it is shed.
        """
        stream = Stream()
        for _ in range(5):
            self.queue.put(arrival(), stream)
        self.assertEqual(stream.told, ["pause"] * 2)
        for _ in range(2):
            self.queue.take()
        self.assertEqual(stream.told, ["pause"] * 2)
        self.queue.take()
        self.assertEqual(stream.told, ["pause", "pause", "resume"])
        self.assertEqual((len(self.queue), self.counters.shed), (2, 0))

    def test_gone_stream(self) -> None:
        """
        A stream that went away while paused is not resumed.
        """
        stream = Stream()
        for _ in range(4):
            self.queue.put(arrival(), stream)
        self.queue.forget(stream)
        while len(self.queue):
            self.queue.take()
        self.assertEqual(stream.told, ["pause"])


class CountersTests(SynchronousTestCase):
    """
    Tests of L{Counters}.
    """

    def test_line(self) -> None:
        """
        The line says each figure, and each reason with its count.
        """
        counters = Counters()
        counters.datagrams = 3
        counters.refused["bad-tag"] += 2
        counters.refused["replay"] += 1
        line = counters.line(5, 7)
        self.assertIn("refused 3 (bad-tag 2, replay 1)", line)
        self.assertIn("kernel drops 7, queued 5", line)

    def test_dict(self) -> None:
        """
        Every counter is in the dictionary, reasons among them.
        """
        counters = Counters()
        counters.refused["replay"] += 1
        counts = counters.as_dict()
        self.assertEqual(set(counts), set(Counters.__slots__))
        self.assertEqual(counts["refused"], {"replay": 1})


class LimitedLogTests(SynchronousTestCase):
    """
    Tests of L{LimitedLog}.
    """

    def test_burst(self) -> None:
        """
        So many pass, the rest is counted, and the count is told when the next interval begins.
        """
        clock = Clock()
        limited = LimitedLog(clock, Logger("test"), burst=2, interval=60.0)
        with capturedLogs() as events:
            for number in range(5):
                limited.warn("broken", "peer {number}", number=number)
            limited.warn("other", "something else")
            clock.advance(60)
            limited.warn("broken", "peer {number}", number=9)
        self.assertEqual(
            [event["log_format"] for event in events],
            [
                "peer {number}",
                "peer {number}",
                "something else",
                "{count} more of «{kind}» not shown",
                "peer {number}",
            ],
        )
        self.assertEqual(events[3]["count"], 3)

    def test_flush(self) -> None:
        """
        L{LimitedLog.flush} tells the count, once.
        """
        limited = LimitedLog(Clock(), Logger("test"), burst=1)
        limited.warn("broken", "peer")
        limited.warn("broken", "peer")
        with capturedLogs() as events:
            limited.flush()
            limited.flush()
        self.assertEqual([event["count"] for event in events], [1])

    def test_kinds_are_bounded(self) -> None:
        """
        A flood of kinds shares one allowance.
        """
        limited = LimitedLog(Clock(), Logger("test"), burst=1, most_kinds=3)
        with capturedLogs() as events:
            for number in range(100):
                limited.warn(f"kind {number}", "text")
        self.assertEqual(len(events), 4)
