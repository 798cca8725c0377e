"""
Tests of L{dlms_twisted.link.hdlc.sequence}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.link.hdlc.sequence import Receiver, Segment, Transmitter, cut


class CutTests(SynchronousTestCase):
    """
    Tests of L{cut}.
    """

    def test_sizes(self) -> None:
        """
        Segments join to the payload, none is too long, and only the last says that it is.
        """
        for size in (0, 1, 9, 10, 11, 20, 101):
            payload = bytes(range(size))
            segments = cut(payload, 10)
            self.assertEqual(b"".join(segment.octets for segment in segments), payload)
            self.assertLessEqual(max(len(segment.octets) for segment in segments), 10)
            self.assertEqual([segment.more for segment in segments][-1:], [False])
            self.assertTrue(all(segment.more for segment in segments[:-1]))
        self.assertEqual(cut(b"", 10), [Segment(b"", False)])


class TransmitterTests(SynchronousTestCase):
    """
    Tests of L{Transmitter}.
    """

    def test_window(self) -> None:
        """
        No more than a window is out; acknowledgement opens it, and what is not acknowledged goes again.
        """
        for window in range(1, 8):
            transmitter = Transmitter(1, window)
            transmitter.add(bytes(range(20)))
            sent = transmitter.burst()
            self.assertEqual([number for number, _ in sent], list(range(window)))
            self.assertEqual(transmitter.burst(), sent)
            self.assertEqual(transmitter.next_number, window & 7)
            self.assertEqual(transmitter.acknowledge(1), 1)
            again = transmitter.burst()
            self.assertEqual([number for number, _ in again], list(range(1, window + 1)))
            self.assertEqual(again[: window - 1], sent[1:])

    def test_numbers_wrap(self) -> None:
        """
        Numbers go modulo 8 for as long as there is something to send.
        """
        transmitter = Transmitter(1, 3)
        payload = bytes(range(50))
        transmitter.add(payload)
        got = b""
        while transmitter.pending:
            for number, segment in transmitter.burst():
                self.assertEqual(number, len(got) & 7)
                got += segment.octets
            self.assertGreater(transmitter.acknowledge(len(got) & 7), 0)
        self.assertEqual(got, payload)

    def test_number_never_sent(self) -> None:
        """
        A number beyond what was sent acknowledges nothing and is told.
        """
        transmitter = Transmitter(10, 7)
        transmitter.add(bytes(30))
        transmitter.burst()
        for number in (4, 5, 6, 7):
            self.assertEqual(transmitter.acknowledge(number), -1)
        self.assertEqual(transmitter.unacknowledged, 3)
        self.assertEqual(transmitter.acknowledge(0), 0)
        self.assertEqual(transmitter.acknowledge(3), 3)
        self.assertFalse(transmitter.pending)


class ReceiverTests(SynchronousTestCase):
    """
    Tests of L{Receiver}.
    """

    def test_join(self) -> None:
        """
        Segments are joined, and the next payload starts empty.
        """
        receiver = Receiver(100)
        self.assertIsNone(receiver.accept(b"ab", True))
        self.assertTrue(receiver.partial)
        self.assertEqual(receiver.accept(b"cd", False), b"abcd")
        self.assertFalse(receiver.partial)
        self.assertEqual(receiver.accept(b"", False), b"")
        self.assertEqual(receiver.expected, 3)

    def test_limit(self) -> None:
        """
        More than the limit is not kept.
        """
        receiver = Receiver(5)
        self.assertIsNone(receiver.accept(b"abc", True))
        self.assertFalse(receiver.overflowed)
        self.assertIsNone(receiver.accept(b"def", True))
        self.assertTrue(receiver.overflowed)
        self.assertIsNone(receiver.accept(bytes(100), False))
