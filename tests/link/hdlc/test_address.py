"""
Tests of L{dlms_twisted.link.hdlc.address}.
"""

from __future__ import annotations

from itertools import product

from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.errors import DecodeError, EncodeError
from dlms_twisted.link.hdlc.address import (
    Address,
    address_size,
    decode_address,
    encode_address,
    is_broadcast,
)


class AddressTests(SynchronousTestCase):
    """
    Tests of addresses in both forms.
    """

    known = (
        ("21", Address(16, None, 1)),
        ("03", Address(1, None, 1)),
        ("0223", Address(1, 17, 2)),
        ("00020023", Address(1, 17, 4)),
        ("cf", Address(103, None, 1)),
        ("ceff", Address(103, 127, 2)),
        ("00022c47", Address(1, 22 << 7 | 35, 4)),
        ("002254d3", Address(17, 42 << 7 | 105, 4)),
        ("fefefeff", Address(0x3FFF, 0x3FFF, 4)),
    )

    def test_known(self) -> None:
        """
        Octets and numbers are two forms of one thing.
        """
        for text, address in self.known:
            octets = bytes.fromhex(text)
            self.assertEqual(decode_address(octets), address)
            self.assertEqual(
                encode_address(address.upper, address.lower, size=address.size), octets
            )

    def test_shortest(self) -> None:
        """
        Without a size the shortest form that holds the numbers is made.
        """
        self.assertEqual(encode_address(16), b"\x21")
        self.assertEqual(encode_address(1, 17), b"\x02\x23")
        self.assertEqual(len(encode_address(1, 200)), 4)
        self.assertEqual(len(encode_address(0x1234)), 4)

    def test_round_trip(self) -> None:
        """
        All addresses of one and two octets, and the edges of those of four, come back.
        """
        for upper in range(128):
            self.assertEqual(decode_address(encode_address(upper)), Address(upper, None, 1))
        for upper, lower in product((0, 1, 63, 127), range(128)):
            octets = encode_address(upper, lower, size=2)
            self.assertEqual(decode_address(octets), Address(upper, lower, 2))
        for upper, lower in product((0, 127, 128, 0x3FFF), (0, 1, 127, 128, 0x3FFF)):
            octets = encode_address(upper, lower, size=4)
            self.assertEqual(decode_address(octets), Address(upper, lower, 4))

    def test_out_of_range(self) -> None:
        """
        Numbers that do not fit are our own mistake.
        """
        self.assertRaises(EncodeError, encode_address, 128, size=1)
        self.assertRaises(EncodeError, encode_address, 1, 128, size=2)
        self.assertRaises(EncodeError, encode_address, 0x4000)
        self.assertRaises(EncodeError, encode_address, -1)
        self.assertRaises(EncodeError, encode_address, 1, 2, size=3)
        self.assertRaises(EncodeError, encode_address, 1, 2, size=1)

    def test_wrong(self) -> None:
        """
        Three octets, no end within four, and an end too early are refused.
        """
        for text in ("", "02", "0203ff", "020203", "02020202", "03ff", "0202020203"):
            self.assertRaises(DecodeError, decode_address, bytes.fromhex(text))

    def test_size(self) -> None:
        """
        The size is said as soon as it is known, and only then.
        """
        for text, size in (
            ("", -1), ("03", 1), ("02", -1), ("0203", 2), ("0202", -1), ("020203", 0),
            ("020202", -1), ("02020203", 4), ("02020202", 0),
        ):  # fmt: skip
            self.assertEqual(address_size(bytes.fromhex("ff" + text), 1), size, text)

    def test_broadcast(self) -> None:
        """
        All-station addresses are known in each size.
        """
        for text in ("ff", "02ff", "feff", "0002feff", "fefefeff"):
            self.assertTrue(is_broadcast(bytes.fromhex(text)), text)
        for text in ("21", "0223", "00020023", "fd"):
            self.assertFalse(is_broadcast(bytes.fromhex(text)), text)
