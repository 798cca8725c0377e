"""
Tests of L{dlms_twisted.codec.layout}, L{dlms_twisted.codec.rows} and L{dlms_twisted.codec.template}.

What is learned may change no result, so that all of them compare with the decoder that learns nothing.
"""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.codec import build
from dlms_twisted.codec.data import Data, decode_data, decode_data_at
from dlms_twisted.codec.layout import LayoutCache
from dlms_twisted.codec.length import encode_length
from dlms_twisted.codec.limits import Limits
from dlms_twisted.codec.template import MAX_SIZE, learn
from dlms_twisted.errors import DecodeError
from tests.codec.samples import ELEMENTS, bodies, mutated, outcome, reference


def changed(octets: bytes, source: random.Random) -> bytes:
    """
    @return: C{octets} with some of them changed, none inserted or removed: mostly contents, sometimes tags or counts.
    """
    other = bytearray(octets)
    for _ in range(source.randrange(1, 6)):
        other[source.randrange(len(other))] = source.randrange(256)
    return bytes(other)


def reading(code: int, value: int) -> Data:
    """
    An OBIS code, a value, scaler and unit.
    """
    return build.structure(
        build.octet_string(bytes((1, 0, code, 8, 0, 255))),
        build.double_long_unsigned(value),
        build.structure(build.integer(-1), build.enum(30)),
    )


class LayoutCacheTests(SynchronousTestCase):
    """
    Tests of L{LayoutCache}.
    """

    def test_vectors(self) -> None:
        """
        Every body of the vectors, decoded again and again, is the same as without the cache; so is it after changes.
        """
        source = random.Random(1)
        cache = LayoutCache()
        for name, data in bodies():
            if len(data.octets) > MAX_SIZE:
                continue
            plain = outcome(decode_data, data.octets)
            for _ in range(4):
                self.assertEqual(outcome(cache.decode, data.octets), plain, name)
            for _ in range(4):
                other = changed(data.octets, source)
                self.assertEqual(outcome(cache.decode, other), outcome(decode_data, other), name)
        self.assertGreater(len(cache), 40)

    @settings(max_examples=50, deadline=None, derandomize=True)
    @given(ELEMENTS, st.integers(0, 2**32))
    def test_random_trees(self, octets: bytes, seed: int) -> None:
        """
        Random trees, and such of the same length that differ in some octets, too.
        """
        source = random.Random(seed)
        cache = LayoutCache(max=3)
        for _ in range(8):
            for one in (octets, changed(octets, source), octets, mutated(octets, source)):
                self.assertEqual(outcome(cache.decode, one), outcome(decode_data, one))

    def test_learned_at_the_second_sight(self) -> None:
        """
        From the second message of a layout on all share one shape; their values and octets are their own.
        """
        cache = LayoutCache()
        messages = [build.array(*[reading(1, place), reading(2, place)]) for place in range(4)]
        decoded = [cache.decode(one.octets) for one in messages]
        self.assertEqual(len(cache), 1)
        self.assertIs(decoded[2].shape, decoded[3].shape)
        self.assertEqual([one.values for one in decoded], [one.values for one in messages])
        self.assertEqual([one.octets for one in decoded], [one.octets for one in messages])
        self.assertEqual([one.tree() for one in decoded], [one.tree() for one in messages])

    def test_other_codes(self) -> None:
        """
        Where codes differ, they are no constants any more: one layout serves all.
        """
        cache = LayoutCache()
        for place in range(100):
            data = build.array(reading(place, place))
            self.assertEqual(cache.decode(data.octets).values, data.values)
        self.assertEqual(len(cache), 1)

    def test_several_of_one_length(self) -> None:
        """
        Messages of equal length and different types are told apart, and few are kept.
        """
        cache = LayoutCache()
        tags = (5, 6, 23, 30, 33)
        messages = [
            b"\x02\x02" + bytes((one, 1, 2, 3, 4, other, 5, 6, 7, 8))
            for one in tags
            for other in tags
        ]
        for _ in range(40):
            for octets in messages:
                self.assertEqual(outcome(cache.decode, octets), outcome(decode_data, octets))
        self.assertLessEqual(len(cache), 8)
        self.assertGreater(len(cache), 2)

    def test_bounded(self) -> None:
        """
        However many lengths come, no more layouts are kept than allowed, and those in use stay.
        """
        cache = LayoutCache(max=20)
        kept = build.structure(build.integer(1), build.enum(2)).octets
        shape = [cache.decode(kept) for _ in range(3)][-1].shape
        for size in range(400):
            octets = build.octet_string(bytes(size)).octets
            for _ in range(3):
                self.assertEqual(outcome(cache.decode, octets), outcome(decode_data, octets))
            self.assertLessEqual(len(cache), 20)
            self.assertIs(cache.decode(kept).shape, shape)

    def test_learning_is_rationed(self) -> None:
        """
        When each message has a layout of its own, few are learned.
        """
        cache = LayoutCache(max=100_000)
        for size in range(2000):
            octets = build.octet_string(bytes(size)).octets
            cache.decode(octets)
            cache.decode(octets)
        self.assertLess(len(cache), 64 + 4000 // 16 + 1)

    def test_large_messages(self) -> None:
        """
        What is too large or too deep to be learned is decoded all the same.
        """
        cache = LayoutCache(limits=Limits(depth=100))
        for octets in (
            build.octet_string(bytes(MAX_SIZE)).octets,
            b"\x01\x82\x03\xe8" + bytes(1000),
            b"\x02\x01" * 60 + b"\x02\x00",
            b"\x13\x02\x02\x11\x01\x10\x01\x00\x82\x04\x00" + bytes(1024),
        ):
            for _ in range(4):
                got = outcome(cache.decode, octets)
                self.assertEqual(
                    got, outcome(lambda one: decode_data(one, Limits(depth=100)), octets)
                )
        self.assertEqual(len(cache), 0)

    def test_too_large_to_loosen(self) -> None:
        """
        What can be learned with its codes as constants is loosened within the same bounds.
        """
        cache = LayoutCache()
        for place in range(40):
            data = build.array(*[reading(place, one) for one in range(70)])
            self.assertEqual(cache.decode(data.octets).values, data.values)
        self.assertEqual(len(cache), 1)

    def test_errors(self) -> None:
        """
        Errors, trailing octets among them, are those of L{decode_data}; limits hold.
        """
        cache = LayoutCache(limits=Limits(depth=1))
        good = b"\x02\x01\x11\x05"
        for _ in range(3):
            cache.decode(good)
        for bad in (b"\x02\x01\x11", b"\x02\x01\x11\x05\x00", b"\x02\x01\x07\x05", b""):
            error = self.assertRaises(DecodeError, cache.decode, bad)
            wanted = self.assertRaises(DecodeError, decode_data, bad)
            self.assertEqual((error.reason, error.offset), (wanted.reason, wanted.offset))
        self.assertRaises(DecodeError, cache.decode, b"\x02\x01\x02\x00")

    def test_values_that_depend_on_content(self) -> None:
        """
        A utf8-string that is none, bit-strings, truth values and NaN come out right from a learned layout, too.
        """
        cache = LayoutCache()
        head = bytes.fromhex("0204")
        for text, bits, truth, number in (
            (b"ab", 0xFF, 1, "7fc00000"),
            (b"\xc3\xa9", 0x80, 0, "3fc00000"),
            (b"\xc3\xc3", 0x01, 255, "ff800000"),
            (b"cd", 0x00, 2, "00000001"),
        ):
            octets = b"".join(
                (
                    head,
                    b"\x0c\x02",
                    text,
                    b"\x04\x07",
                    bytes((bits, 3, truth, 0x17)),
                    bytes.fromhex(number),
                )
            )
            self.assertEqual(repr(cache.decode(octets).values), reference(octets)[0])
        self.assertEqual(len(cache), 1)


class RowsTests(SynchronousTestCase):
    """
    Tests of L{dlms_twisted.codec.rows.Rows}, by way of arrays.
    """

    #: Rows of several looks; two have the same size, one is no structure.
    LOOKS = (
        "0204090c07e30c1f0217000000ffc4001106060000000106000005dc",
        "0204001106060000000106000005dc",
        "02040011060600000001" + "00",
        "02040011061e00000001" + "00",
        "0204001106060000000105000005dc",
        "02020f01020216020a014a",
        "020109" + "00",
        "00",
        "1105",
        "0200",
        "02010c02c3a9",
        "020113021101010007" + "02",
    )

    def _array(self, rows: list[bytes]) -> bytes:
        return b"\x01" + encode_length(len(rows)) + b"".join(rows)

    def _same(self, octets: bytes) -> None:
        try:
            wanted = reference(octets)
        except DecodeError as error:
            got = self.assertRaises(DecodeError, decode_data_at, octets, 0)
            self.assertEqual((got.reason, got.offset), (error.reason, error.offset))
        else:
            data, end = decode_data_at(octets, 0)
            self.assertEqual((repr(data.values), end), wanted)

    def test_equal_rows(self) -> None:
        """
        Rows of one look, for each look, in numbers around those where another way is taken.
        """
        for look in self.LOOKS:
            row = bytes.fromhex(look)
            for count in (31, 32, 33, 35, 36, 37, 38, 39, 40, 46, 47, 100, 555):
                self._same(self._array([row] * count))

    def test_runs(self) -> None:
        """
        Runs of rows of one look, of all lengths, one after the other, with contents that differ.
        """
        source = random.Random(3)
        for _ in range(60):
            rows: list[bytes] = []
            while len(rows) < source.choice((40, 200, 600)):
                row = bytearray.fromhex(source.choice(self.LOOKS))
                for _ in range(source.choice((1, 1, 2, 5, 9, 40, 80))):
                    if len(row) > 12:
                        row[source.choice((-1, -2, -3, -9))] = source.randrange(256)
                    rows.append(bytes(row))
            self._same(self._array(rows))

    def test_mixed_rows(self) -> None:
        """
        Rows of two or more looks in turns.
        """
        source = random.Random(4)
        for looks in ((0, 1, 1, 2), (1, 4), (1, 1, 1, 1, 1, 4), (2, 3), range(7), (5, 9)):
            rows = [bytes.fromhex(self.LOOKS[place]) for place in looks] * 60
            self._same(self._array(rows))
            source.shuffle(rows)
            self._same(self._array(rows))

    def test_damaged_rows(self) -> None:
        """
        Damage anywhere gives the same error, or the same values, as without rows.
        """
        source = random.Random(6)
        octets = self._array([bytes.fromhex(self.LOOKS[source.choice((0, 1))]) for _ in range(90)])
        for _ in range(300):
            self._same(mutated(octets, source))

    def test_last_row_cut(self) -> None:
        """
        An array of equal rows that ends early is an error, wherever it ends.
        """
        octets = self._array([bytes.fromhex(self.LOOKS[1])] * 50)
        for end in range(len(octets) - 40, len(octets)):
            self._same(octets[:end])

    def test_within_a_message(self) -> None:
        """
        Rows end where their array ends, though what follows looks like one more.
        """
        row = bytes.fromhex(self.LOOKS[5])
        octets = b"\x02\x02" + self._array([row] * 64) + row
        self._same(octets)
        self.assertEqual(len(decode_data(octets).values), 2)  # type: ignore[arg-type]


class TemplateTests(SynchronousTestCase):
    """
    Tests of L{learn}.
    """

    def test_parts(self) -> None:
        """
        Constants and contents alternate and cover all octets.
        """
        octets = bytes.fromhex("0203" + "0906010203040506" + "1201f4" + "00")
        template = learn(octets)
        assert template is not None
        self.assertEqual([part.width for part in template.parts], [4, 6, 1, 2, 1])
        self.assertEqual(template.form, "(@, @, None, )")
        fixed = learn(octets, codes=True)
        assert fixed is not None
        self.assertEqual([part.width for part in fixed.parts], [11, 2, 1])
        self.assertEqual((fixed.form, fixed.codes), ("(k0, @, None, )", (octets[4:10],)))

    def test_too_much(self) -> None:
        """
        What is too large, has too many elements or is nested too deep is not learned.
        """
        for octets in (
            build.octet_string(bytes(MAX_SIZE)).octets,
            b"\x01\x82\x02\x58" + bytes(600),
            b"\x01\x82\x02\x58" + b"\x02\x00" * 600,
            b"\x02\x01" * 50 + b"\x02\x00",
            b"\x13" + b"\x02\x01" * 50 + b"\x11\x01\x05",
            b"\x13\x01\x20\x00\x11\x00",
            b"\x13\x11\x82\x02\x58" + bytes(600),
        ):
            data = decode_data(octets, Limits(depth=100))
            self.assertIsNone(learn(data.octets), octets[:8].hex())

    def test_nothing_received_is_compiled(self) -> None:
        """
        Content never comes into the form, which is compiled: only numbers do.
        """
        for text in ("__import__('os')", "@", "k0", "'"):
            data = build.structure(build.visible_string(text), build.octet_string(text.encode()))
            for codes in (True, False):
                template = learn(data.octets, codes=codes)
                assert template is not None
                self.assertEqual(template.form, "(@.decode('latin-1'), @, )")
