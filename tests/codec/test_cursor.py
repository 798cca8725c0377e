"""
Tests of L{dlms_twisted.codec.cursor}, L{dlms_twisted.codec.reader}, L{dlms_twisted.codec.writer} and
L{dlms_twisted.codec.length}.
"""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.codec import build
from dlms_twisted.codec.limits import Limits
from dlms_twisted.codec.reader import Reader
from dlms_twisted.codec.writer import Writer, encode_length
from dlms_twisted.errors import DecodeError, EncodeError

#: Lengths and their shortest forms.
LENGTHS = (
    (0, "00"),
    (5, "05"),
    (127, "7f"),
    (128, "8180"),
    (255, "81ff"),
    (256, "820100"),
    (300, "82012c"),
    (65535, "82ffff"),
    (65536, "83010000"),
    (2**24, "8401000000"),
    (2**32 - 1, "84ffffffff"),
)


class LengthTests(SynchronousTestCase):
    """
    Tests of lengths, both ways.
    """

    def test_both_ways(self) -> None:
        """
        The shortest form is written; it is read back.
        """
        for count, text in LENGTHS:
            self.assertEqual(encode_length(count).hex(), text)
            reader = Reader(bytes.fromhex(text))
            self.assertEqual(reader.length(), count)
            reader.finish()

    def test_longer_forms(self) -> None:
        """
        Longer forms than necessary are read.
        """
        for text in ("8105", "820005", "83000005", "8400000005"):
            self.assertEqual(Reader(bytes.fromhex(text)).length(), 5)

    def test_bad(self) -> None:
        """
        80, more than four octets, and what is cut off are errors.
        """
        for text, offset in (("80", 0), ("85", 0), ("ff", 0), ("", 0), ("81", 1), ("840000", 1)):
            error = self.assertRaises(DecodeError, Reader(bytes.fromhex(text)).length, "count")
            self.assertEqual(error.offset, offset, text)
            self.assertIn("count", error.reason)

    def test_out_of_range(self) -> None:
        """
        A negative length or one of more than 32 bits cannot be written.
        """
        self.assertRaises(EncodeError, encode_length, -1)
        self.assertRaises(EncodeError, encode_length, 2**32)


class ReaderTests(SynchronousTestCase):
    """
    Tests of L{Reader}.
    """

    def test_takes_in_order(self) -> None:
        """
        Each kind of field is taken from where the one before ended.
        """
        reader = Reader(bytes.fromhex("0102fffe80" + "03616263" + "01" + "00" + "1101" + "0a0b"))
        self.assertEqual(reader.peek(), 1)
        self.assertEqual(reader.octet(), 1)
        self.assertEqual(reader.unsigned(1), 2)
        self.assertEqual(reader.signed(2), -2)
        self.assertEqual(reader.signed(1), -128)
        self.assertEqual(reader.octets(), b"abc")
        self.assertEqual([reader.optional(), reader.optional()], [True, False])
        self.assertEqual(reader.data(), build.unsigned(1))
        self.assertEqual((reader.offset, reader.remaining), (13, 2))
        self.assertRaises(DecodeError, reader.finish)
        self.assertEqual(reader.rest(), b"\x0a\x0b")
        reader.finish()
        self.assertEqual((reader.peek(), reader.rest()), (None, b""))

    def test_too_few(self) -> None:
        """
        What is not there is an error that names the field and the place; nothing is taken.
        """
        for take in (
            lambda reader: reader.take(3, "key"),
            lambda reader: reader.unsigned(4, "key"),
            lambda reader: reader.signed(4, "key"),
        ):
            reader = Reader(b"\x00\x01\x02", 1)
            error = self.assertRaises(DecodeError, take, reader)
            self.assertEqual((error.offset, reader.offset), (1, 1))
            self.assertTrue(error.reason.startswith("key: "), error.reason)
        empty = Reader(b"\x05", 1)
        for call in (empty.octet, empty.optional, empty.octets, empty.length, empty.data):
            self.assertEqual(self.assertRaises(DecodeError, call, "x").offset, 1)

    def test_octets_longer_than_the_buffer(self) -> None:
        """
        A length is not believed.
        """
        error = self.assertRaises(DecodeError, Reader(b"\x84\xff\xff\xff\xffab").octets, "text")
        self.assertEqual((str(error)), "text: 4294967295 octets wanted (octet 5)")

    def test_part_of_a_buffer(self) -> None:
        """
        Octets before the offset and after the end are not touched, and offsets count from the buffer's start.
        """
        reader = Reader(b"\xff\x09\x02ab\xff", 1, 5)
        self.assertEqual(reader.data().values, b"ab")
        reader.finish()
        short = Reader(b"\xff\x09\x02ab\xff", 1, 4)
        self.assertEqual(self.assertRaises(DecodeError, short.data).offset, 3)
        self.assertEqual(Reader(b"abc", 1, 99).rest(), b"bc")

    def test_limits(self) -> None:
        """
        A buffer that is too long is refused, and Data is held to the limits.
        """
        self.assertRaises(DecodeError, Reader, b"abc", limits=Limits(octets=2))
        Reader(b"abc", 1, limits=Limits(octets=2))
        reader = Reader(b"\x02\x00", limits=Limits(depth=0))
        self.assertRaises(DecodeError, reader.data)

    def test_groups_and_explanations_change_nothing(self) -> None:
        """
        What is said for those who explain octets costs nothing here.
        """
        reader = Reader(b"\x01\x02")
        reader.enter("group")
        reader.octet("field")
        reader.explain("a meaning")
        reader.leave()
        self.assertEqual((reader.offset, reader.rest()), (1, b"\x02"))


class WriterTests(SynchronousTestCase):
    """
    Tests of L{Writer}.
    """

    def test_appends(self) -> None:
        """
        Each kind of field is put at the end.
        """
        writer = Writer()
        writer.octet(1)
        writer.unsigned(2, 2)
        writer.signed(-2, 2)
        writer.length(128)
        writer.octets(b"ab")
        writer.raw(b"cd")
        writer.optional(True)
        writer.optional(False)
        writer.data(build.enum(30))
        self.assertEqual(writer.getvalue().hex(), "010002fffe818002616263640100161e")

    def test_out_of_range(self) -> None:
        """
        A number that does not fit is an error, and nothing is put.
        """
        writer = Writer()
        self.assertRaises(EncodeError, writer.octet, 256)
        self.assertRaises(EncodeError, writer.octet, -1)
        self.assertRaises(EncodeError, writer.unsigned, 65536, 2)
        self.assertRaises(EncodeError, writer.unsigned, -1, 2)
        self.assertRaises(EncodeError, writer.signed, 128, 1)
        self.assertRaises(EncodeError, writer.signed, -129, 1)
        self.assertRaises(EncodeError, writer.length, 2**32)
        self.assertEqual(writer.getvalue(), b"")

    @settings(max_examples=50, deadline=None, derandomize=True)
    @given(st.integers(0, 2**64 - 1), st.integers(-(2**63), 2**63 - 1), st.binary(max_size=300))
    def test_read_back(self, unsigned: int, signed: int, octets: bytes) -> None:
        """
        What is written is read back.
        """
        writer = Writer()
        writer.unsigned(unsigned, 8)
        writer.signed(signed, 8)
        writer.octets(octets)
        reader = Reader(writer.getvalue())
        self.assertEqual(
            (reader.unsigned(8), reader.signed(8), reader.octets()), (unsigned, signed, octets)
        )
        reader.finish()
