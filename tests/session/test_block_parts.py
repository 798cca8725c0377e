"""
Cutting and joining.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.codec.writer import encode_length
from dlms_twisted.errors import BlockTransferError, LocalProtocolError, Reason
from dlms_twisted.session.block_parts import BlockLimits, Joiner, Slices, room


class RoomTests(SynchronousTestCase):
    """
    Tests of L{room}.
    """

    def test_fits_and_no_more_would(self) -> None:
        """
        The octet string fits, and one of an octet more does not.
        """
        edges = (0x7F, 0xFF, 0xFFFF, 0xFFFFFF)
        sizes = [*range(12, 400), *(edge + more for edge in edges for more in range(20))]
        for max_pdu in sizes:
            left = room(max_pdu, 9)
            used = 9 + len(encode_length(left)) + left
            self.assertLessEqual(used, max_pdu)
            more = 9 + len(encode_length(left + 1)) + left + 1
            self.assertGreater(more, max_pdu)

    def test_none(self) -> None:
        """
        Where there is no room the result is not positive.
        """
        for max_pdu in range(11):
            self.assertLessEqual(room(max_pdu, 10), 0)


class PartTests(SynchronousTestCase):
    """
    Tests of L{Slices} and L{Joiner}.
    """

    def test_there_and_back(self) -> None:
        """
        Slices of any size join to what was cut.
        """
        raw = bytes(range(256))
        for size in (1, 2, 7, 255, 256, 257):
            slices, joiner = Slices(raw), Joiner(BlockLimits())
            while not slices.finished:
                joiner.add(slices.take(size))
            self.assertEqual(joiner.getvalue(), raw)
            self.assertEqual(joiner.number, slices.number)
            self.assertEqual(slices.number, -(-256 // size))

    def test_no_room(self) -> None:
        """
        A slice has an octet at least.
        """
        for size in (0, -1):
            self.assertRaises(LocalProtocolError, Slices(b"abc").take, size)

    def test_limits(self) -> None:
        """
        Neither more octets nor more blocks than allowed are kept.
        """
        for limits in (BlockLimits(octets=3), BlockLimits(blocks=1)):
            joiner = Joiner(limits)
            joiner.add(b"ab")
            error = self.assertRaises(BlockTransferError, joiner.add, b"cd")
            self.assertIs(error.reason, Reason.LIMIT)
            self.assertIn("more than", str(error))
            self.assertEqual(joiner.getvalue(), b"ab")
        for wrong in (0, -1):
            self.assertRaises(ValueError, BlockLimits, octets=wrong)
            self.assertRaises(ValueError, BlockLimits, blocks=wrong)
