"""
Tests for L{dlms_twisted.codec.ber}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.codec import ber
from dlms_twisted.codec.cursor import Cursor
from dlms_twisted.errors import DecodeError, EncodeError

#: Integers and their shortest encodings (X.690, 8.3).
INTEGERS = {
    0: "020100",
    127: "02017f",
    128: "02020080",
    256: "02020100",
    -1: "0201ff",
    -128: "020180",
    -129: "0202ff7f",
    (1 << 63) - 1: "02087fffffffffffffff",
}
#: Bit strings and the contents of their elements (X.690, 8.6).
BITS = {"": "00", "1": "0780", "100001": "0284", "00000000": "0000", "0000000011": "0600c0"}


class BERTests(SynchronousTestCase):
    """
    Elements, integers and bit strings.
    """

    def test_integers(self) -> None:
        """
        Each integer and its octets are two forms of one thing.
        """
        for value, text in INTEGERS.items():
            octets = bytes.fromhex(text)
            self.assertEqual(ber.encode_integer(value), octets)
            self.assertEqual(ber.take_integer(Cursor(octets)), value)
            for length in range(len(octets)):
                self.assertRaises(DecodeError, ber.take_integer, Cursor(octets[:length]))

    def test_integer_too_long(self) -> None:
        """
        Longer forms than necessary are taken, but not any.
        """
        self.assertEqual(ber.take_integer(Cursor(bytes.fromhex("020400000005"))), 5)
        for text in ("0200", "0209000000000000000005", "040105"):
            self.assertRaises(DecodeError, ber.take_integer, Cursor(bytes.fromhex(text)))
        self.assertRaises(EncodeError, ber.encode_integer, 1 << 63)

    def test_bits(self) -> None:
        """
        Each bit string and its octets are two forms of one thing.
        """
        for bits, text in BITS.items():
            octets = bytes.fromhex(text)
            self.assertEqual(ber.encode_bits(bits), octets)
            self.assertEqual(ber.take_bits(Cursor(octets)), bits)

    def test_bad_bits(self) -> None:
        """
        More unused bits than there are, and other characters, are refused.
        """
        for text in ("", "01", "0800", "ff00"):
            self.assertRaises(DecodeError, ber.take_bits, Cursor(bytes.fromhex(text)))
        self.assertRaises(EncodeError, ber.encode_bits, "012")

    def test_step(self) -> None:
        """
        Inside of an element, the cursor ends where the element does.
        """
        cursor = Cursor(bytes.fromhex("a2030201ff99"))
        before = ber.step_in(cursor, 0xA2)
        self.assertEqual(cursor.remaining, 3)
        self.assertEqual(ber.take_integer(cursor), -1)
        ber.step_out(cursor, before)
        self.assertEqual(cursor.rest(), b"\x99")

    def test_bad_step(self) -> None:
        """
        Another tag, an indefinite length, a length beyond the end, and content that is left are refused.
        """
        for text in ("a300", "a280", "a201", "", "a2"):
            self.assertRaises(DecodeError, ber.step_in, Cursor(bytes.fromhex(text)), 0xA2)
        cursor = Cursor(bytes.fromhex("a2020000"))
        before = ber.step_in(cursor, 0xA2)
        self.assertRaises(DecodeError, ber.step_out, cursor, before)

    def test_long_element(self) -> None:
        """
        Lengths from 128 on take more octets.
        """
        octets = ber.encode_element(4, bytes(200))
        self.assertEqual(octets[:3].hex(), "0481c8")
        self.assertEqual(ber.take_octets(Cursor(octets), 4), bytes(200))
