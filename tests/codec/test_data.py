"""
Tests of L{dlms_twisted.codec.data}, with both decoders behind it.
"""

from __future__ import annotations

import random
from math import inf, nan

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.codec import data as data_module
from dlms_twisted.codec.data import decode_data, decode_data_at
from dlms_twisted.codec.fast import Stopped
from dlms_twisted.codec.limits import Limits
from dlms_twisted.errors import DecodeError
from tests import vectors
from tests.codec.samples import ELEMENTS, bodies, hostile, mutated, outcome, reference

#: One element of each type: octets, values, shape.
EXAMPLES = (
    ("00", None, 0),
    ("0301", True, 3),
    ("0300", False, 3),
    ("03ff", True, 3),
    ("0403a0", "101", 4),
    ("0418007e1f", "000000000111111000011111", 4),
    ("0400", "", 4),
    ("05ffffffff", -1, 5),
    ("06000003e8", 1000, 6),
    ("09060000010000ff", bytes.fromhex("0000010000ff"), 9),
    ("0900", b"", 9),
    ("098180" + "ab" * 128, b"\xab" * 128, 9),
    ("09820003010203", b"\x01\x02\x03", 9),
    ("0a03414243", "ABC", 10),
    ("0a02e9ff", "éÿ", 10),
    ("0c02c3a9", "é", 12),
    ("0c02c3c3", b"\xc3\xc3", 12),
    ("0d45", 0x45, 13),
    ("0d99", 0x99, 13),
    ("0ffd", -3, 15),
    ("10fffe", -2, 16),
    ("11ff", 255, 17),
    ("12ffff", 65535, 18),
    ("14fffffffffffffffe", -2, 20),
    ("150000000000000001", 1, 21),
    ("161e", 30, 22),
    ("173fc00000", 1.5, 23),
    ("177fc00000", nan, 23),
    ("18c002000000000000", -2.25, 24),
    ("187ff0000000000000", inf, 24),
    ("1907e50713010f2e2300ff8880", bytes.fromhex("07e50713010f2e2300ff8880"), 25),
    ("1affff0101ff", bytes.fromhex("ffff0101ff"), 26),
    ("1b000f0000", bytes.fromhex("000f0000"), 27),
    ("1cff", -1, 28),
    ("1dfffe", -2, 29),
    ("1efffffffd", -3, 30),
    ("1f04", 4, 31),
    ("200102", 0x0102, 32),
    ("21fffffffe", 0xFFFFFFFE, 33),
    ("ff", None, 255),
    ("0200", (), (2, ())),
    ("02020fff161e", (-1, 30), (2, (15, 22))),
    ("010211011102", (1, 2), (1, (17, 17))),
    ("01020101110100", ((1,), None), (1, ((1, (17,)), 0))),
    ("130202121106000102000304", ((1, 2), (3, 4)), (19, b"\x02\x02\x12\x11", ((2, (18, 17)),) * 2)),
    ("1306080000000100000002", (1, 2), (19, b"\x06", (6, 6))),
    ("130100020f020102", ((1, 2),), (19, b"\x01\x00\x02\x0f", ((1, (15, 15)),))),
    ("130905024142" + "0143", (b"AB", b"C"), (19, b"\x09", (9, 9))),
    ("130202001103010203", ((None, 1), (None, 2), (None, 3)), (19, b"\x02\x02\x00\x11", ((2, (0, 17)),) * 3)),
    ("131100", (), (19, b"\x11", ())),
    ("1303020100", (True, False), (19, b"\x03", (3, 3))),
    ("130403" + "03a000", ("101", ""), (19, b"\x04", (4, 4))),
)  # fmt: skip

#: Octets that are no element: the offset and a word of the reason.
BAD = (
    ("", 0, "1 octet"),
    ("07", 0, "tag"),
    ("08", 0, "tag"),
    ("0b", 0, "tag"),
    ("0e", 0, "tag"),
    ("22", 0, "tag"),
    ("fe", 0, "tag"),
    ("0600", 1, "4 octets"),
    ("09", 1, "1 octet"),
    ("0905", 2, "5 octets"),
    ("0980", 1, "length"),
    ("0985", 1, "length"),
    ("0982ff", 2, "2 octets"),
    ("0409ff", 2, "2 octets"),
    ("0204110111", 1, "4 elements"),
    ("0202110111", 5, "1 octet"),
    ("02021101", 4, "1 octet"),
    ("0202090601010203040511", 11, "1 octet"),
    ("02020906010102030405", 10, "1 octet"),
    ("0202090601010203040506", 11, "4 octets"),
    ("02020906010102030405" + "07", 10, "tag"),
    ("02030906010102030405" + "0906010102", 12, "6 octets"),
    ("02020906010102", 4, "6 octets"),
    ("1100" + "00", 2, "end"),
    ("130000", 1, "takes octets"),
    ("13020200ff00", 1, "takes octets"),
    ("13010000" + "1100", 1, "takes octets"),
    ("131311", 1, "tag"),
    ("13070100", 1, "tag"),
    ("13120300010203", 5, "2 octets"),
    ("13110301", 2, "3 octets"),
    ("13027f11", 2, "fewer"),
    ("13020211" + "01ffff00" + "020000", 9, "fewer"),
    ("13020209" + "01ffff00" + "020000", 9, "fewer"),
)


class DecodeTests(SynchronousTestCase):
    """
    Tests of L{decode_data}.
    """

    def test_examples(self) -> None:
        """
        Each type gives its values and its shape.
        """
        for text, values, shape in EXAMPLES:
            data = decode_data(bytes.fromhex(text))
            self.assertEqual(repr(data.values), repr(values), text)
            self.assertEqual(data.shape, shape, text)
            self.assertEqual(data.octets.hex(), text)
            self.assertEqual(data.tag, data.octets[0])

    def test_bad(self) -> None:
        """
        What is no element is a L{DecodeError} that says where and what was wanted.
        """
        for text, offset, reason in BAD:
            error = self.assertRaises(DecodeError, decode_data, bytes.fromhex(text))
            self.assertEqual(error.offset, offset, text)
            self.assertIn(reason, error.reason, text)

    def test_at(self) -> None:
        """
        An element within a buffer is cut out; offsets count from the buffer's start.
        """
        buffer = b"\xff\xff\x12\x01\x02\x09\x05"
        data, end = decode_data_at(buffer, 2)
        self.assertEqual((data.octets, data.values, end), (b"\x12\x01\x02", 258, 5))
        error = self.assertRaises(DecodeError, decode_data_at, buffer, 5)
        self.assertEqual(error.offset, 7)

    def test_vectors(self) -> None:
        """
        The data of real meters and published examples give the trees that are stated.
        """
        for name in ("data_types.jsonl", "profile.jsonl"):
            for record in vectors.load(name):
                octets = bytes.fromhex(record["hex"])
                data, end = decode_data_at(octets, 0)
                self.assertEqual(data.tree(), record["expected"], record["id"])
                # Records with octets after the element were cut out of longer messages.
                trailing = int(record.get("trailing_bytes") or 0)
                self.assertEqual(len(octets) - end, trailing, record["id"])
                if trailing:
                    self.assertRaises(DecodeError, decode_data, octets)

    def test_both_decoders_on_vectors(self) -> None:
        """
        The fast decoder and the reference give the same for all vectors.
        """
        names = set()
        for name, data in bodies():
            self.assertEqual((repr(data.values), len(data.octets)), reference(data.octets), name)
            names.add(name)
        self.assertGreater(len(names), 90)

    def test_reference_is_right(self) -> None:
        """
        Were the fast decoder to fail on a good element, the reference decoder would give it.
        """

        def stopped(*_: object) -> None:
            raise Stopped(0, 32)

        self.patch(data_module, "element", stopped)
        octets = b"\x02\x02\x11\x01\x11\x02"
        self.assertEqual(decode_data(octets).values, (1, 2))
        self.assertEqual(decode_data_at(octets, 2)[0].values, 1)
        self.assertRaises(DecodeError, decode_data, octets[:-1])

    @settings(max_examples=80, deadline=None, derandomize=True)
    @given(ELEMENTS)
    def test_both_decoders_on_random_trees(self, octets: bytes) -> None:
        """
        The fast decoder and the reference give the same values, or both fail at the same octet.
        """
        self._compare(octets)

    @settings(max_examples=80, deadline=None, derandomize=True)
    @given(ELEMENTS, st.integers(0, 2**32))
    def test_both_decoders_on_damaged_trees(self, octets: bytes, seed: int) -> None:
        """
        So they do on damaged octets.
        """
        self._compare(mutated(octets, random.Random(seed)))

    def _compare(self, octets: bytes) -> None:
        try:
            wanted = reference(octets)
        except DecodeError as error:
            got = self.assertRaises(DecodeError, decode_data_at, octets, 0)
            self.assertEqual((got.reason, got.offset), (error.reason, error.offset))
        else:
            data, end = decode_data_at(octets, 0)
            self.assertEqual((repr(data.values), end), wanted)
            self.assertEqual(data.octets, octets[:end])


class RobustnessTests(SynchronousTestCase):
    """
    Whatever comes, L{decode_data} gives an object or a L{DecodeError}.
    """

    def test_prefixes(self) -> None:
        """
        A proper prefix of an element is an error, at an octet that is there or the one after.
        """
        for name, data in bodies():
            size = len(data.octets)
            for end in range(0, size, max(1, size // 60)):
                error = self.assertRaises(DecodeError, decode_data, data.octets[:end])
                self.assertLessEqual(error.offset, end, name)

    def test_prefixes_of_examples(self) -> None:
        """
        So is each proper prefix of each type's example.
        """
        for text, _, _ in EXAMPLES:
            octets = bytes.fromhex(text)
            for end in range(len(octets)):
                error = self.assertRaises(DecodeError, decode_data, octets[:end])
                self.assertLessEqual(error.offset, end, text)

    def test_mutations(self) -> None:
        """
        Seeded damage to examples and vectors gives nothing else than elements and errors, which keep their octets.
        """
        source = random.Random(20613)
        seeds = [bytes.fromhex(text) for text, _, _ in EXAMPLES]
        seeds += [data.octets for _, data in bodies() if len(data.octets) < 600]
        good = 0
        for _ in range(4000):
            octets = mutated(source.choice(seeds), source)
            result = outcome(decode_data, octets)
            if isinstance(result, tuple) and len(result) == 3:
                self.assertEqual(result[0], octets)
                good += 1
        self.assertGreater(good, 200)

    def test_noise(self) -> None:
        """
        Random octets after each tag give nothing else, either.
        """
        source = random.Random(5)
        for _ in range(3000):
            outcome(decode_data, bytes((source.randrange(35),)) + source.randbytes(40))

    def test_hostile(self) -> None:
        """
        What would cost a careless decoder gigabytes or stack is refused or decoded, and its shape and tree, too.
        """
        for name, octets in hostile(6000).items():
            result = outcome(decode_data, octets)
            self.assertIsInstance(result, tuple, name)

    def test_empty_compact_array_has_no_children(self) -> None:
        """
        A description alone, however large the elements would be, costs nothing.
        """
        octets = hostile(40_000)["compact-array of huge arrays, empty"]
        data = decode_data(octets)
        self.assertEqual((data.values, data.shape[2]), ((), ()))  # type: ignore[index]


class LimitTests(SynchronousTestCase):
    """
    Tests of L{Limits}.
    """

    def test_depth(self) -> None:
        """
        So many levels are decoded, one more is not; a compact-array and its description count.
        """
        limits = Limits(depth=3)
        for good in ("010102010101" + "00", "010113010001" + "110101", "0101130201" + "110101"):
            decode_data(bytes.fromhex(good), limits)
        for bad, offset in (("01010201010102" + "00", 6), ("0101130101" + "0102011101" + "01", 6)):
            error = self.assertRaises(DecodeError, decode_data, bytes.fromhex(bad), limits)
            self.assertIn("nesting", error.reason)
            self.assertEqual(error.offset, offset, bad)
        self.assertEqual(decode_data(b"\x11\x01", Limits(depth=0)).values, 1)
        for flat in (b"\x02\x00", b"\x13\x11\x01\x00"):
            self.assertRaises(DecodeError, decode_data, flat, Limits(depth=0))

    def test_depth_by_default(self) -> None:
        """
        32 levels are the default; far more are an error and no RecursionError.
        """
        self.assertEqual(len(repr(decode_data(b"\x02\x01" * 31 + b"\x02\x00").values)), 95)
        self.assertRaises(DecodeError, decode_data, b"\x02\x01" * 32 + b"\x02\x00")
        self.assertRaises(DecodeError, decode_data, b"\x01\x01" * 100_000)

    def test_deepest(self) -> None:
        """
        The deepest nesting that can be allowed works throughout.
        """
        octets = b"\x01\x01" * 99 + b"\x01\x00"
        data = decode_data(octets, Limits(depth=100))
        self.assertEqual(str(data.tree()).count("array"), 100)
        self.assertEqual(repr(data.shape).count("(1, "), 100)
        self.assertEqual(reference(octets, Limits(depth=100))[1], len(octets))
        self.assertRaises(ValueError, Limits, depth=101)

    def test_items(self) -> None:
        """
        More elements than allowed are refused by their count; those of a compact-array are counted on all levels.
        """
        limits = Limits(items=3)
        self.assertEqual(decode_data(b"\x01\x03\x00\x00\x00", limits).values, (None,) * 3)
        error = self.assertRaises(DecodeError, decode_data, b"\x01\x04" + bytes(4), limits)
        self.assertEqual((error.reason, error.offset), ("count: at most 3 elements wanted", 1))
        self.assertEqual(
            decode_data(bytes.fromhex("13020211" + "11020102"), limits).values, ((1, 2),)
        )
        self.assertRaises(
            DecodeError, decode_data, bytes.fromhex("1302021111" + "0401020304"), limits
        )

    def test_octets(self) -> None:
        """
        A longer buffer than allowed is refused at once.
        """
        limits = Limits(octets=4)
        self.assertEqual(decode_data(b"\x12\x00\x01", limits).values, 1)
        self.assertRaises(DecodeError, decode_data, b"\x09\x03abc", limits)
        self.assertRaises(DecodeError, decode_data_at, b"\x00\x09\x03abc", 1, limits)


class ValueTests(SynchronousTestCase):
    """
    Tests of L{dlms_twisted.codec.data.Data} as a value.
    """

    def test_equality(self) -> None:
        """
        Two are equal when their octets are.
        """
        one, other = decode_data(b"\x11\x01"), decode_data(b"\x11\x01")
        self.assertEqual(one, other)
        self.assertEqual(hash(one), hash(other))
        self.assertNotEqual(one, decode_data(b"\x16\x01"))
        self.assertNotEqual(one, 1)

    def test_repr_shows_no_content(self) -> None:
        """
        What was ciphered on its way does not come into a log by way of C{repr}.
        """
        self.assertEqual(repr(decode_data(b"\x0a\x06secret")), "<Data of 8 octets>")
