"""
Tests of L{dlms_twisted.link.llc}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.errors import DecodeError
from dlms_twisted.link.llc import add_llc, has_llc, remove_llc, strip_llc


class LLCTests(SynchronousTestCase):
    """
    Tests of the three octets.
    """

    def test_both_ways(self) -> None:
        """
        Commands and responses are told apart by the source LSAP.
        """
        self.assertEqual(add_llc(b"\xc0", response=False), b"\xe6\xe6\x00\xc0")
        self.assertEqual(add_llc(b"\xc4", response=True), b"\xe6\xe7\x00\xc4")
        for response in (False, True):
            self.assertEqual(remove_llc(add_llc(b"abc", response=response)), b"abc")

    def test_missing(self) -> None:
        """
        Where a header must be, its absence is an error; where it may be, it is not.
        """
        for octets in (b"", b"\xe6", b"\xe6\xe7", b"\xe6\xe7\x01\x0f", b"\x0f\x00\x00"):
            self.assertFalse(has_llc(octets))
            self.assertRaises(DecodeError, remove_llc, octets)
            self.assertEqual(strip_llc(octets), octets)

    def test_strip(self) -> None:
        """
        One header is removed, also a broadcast one.
        """
        for header in ("e6e600", "e6e700", "ffe600", "ffe700"):
            self.assertTrue(has_llc(bytes.fromhex(header)))
            self.assertEqual(strip_llc(bytes.fromhex(header) + b"\x0f"), b"\x0f")
        self.assertEqual(strip_llc(bytes.fromhex("e6e700e6e7000f")).hex(), "e6e7000f")
