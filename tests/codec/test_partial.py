"""
Tests of L{dlms_twisted.codec.partial}.
"""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.codec.data import decode_data, decode_data_at
from dlms_twisted.codec.limits import Limits
from dlms_twisted.codec.partial import decode_partly
from dlms_twisted.errors import DecodeError
from tests.codec.samples import ELEMENTS, bodies, hostile, mutated


class DecodePartlyTests(SynchronousTestCase):
    """
    Tests of L{decode_partly}.
    """

    def test_count_too_large(self) -> None:
        """
        A structure that announces more elements than there are has those that came.
        """
        partial = decode_partly(bytes.fromhex("0203" + "1101" + "020212000506000003"))
        assert partial.data is not None
        self.assertEqual(partial.data.values, (1, (5,)))
        self.assertEqual(partial.data.octets.hex(), "0202" + "1101" + "0201120005")
        self.assertEqual(partial.end, 9)
        assert partial.error is not None
        self.assertEqual(partial.error.offset, 10)

    def test_damage(self) -> None:
        """
        What stands before a wrong tag, a compact-array that is none, or too deep a level is kept.
        """
        for text, values in (
            ("0203110107001102", (1,)),
            ("02031101130000" + "1102", (1,)),
            ("0102" + "0201" * 3 + "1101", ((),)),
            ("0102110101020102", (1, ())),
        ):
            partial = decode_partly(bytes.fromhex(text), limits=Limits(depth=2))
            assert partial.data is not None
            self.assertEqual(partial.data.values, values, text)
            self.assertIsNotNone(partial.error)

    def test_nothing(self) -> None:
        """
        Where nothing is whole there is no data, but an error all the same.
        """
        limits = Limits(items=2, octets=8)
        for octets in (b"", b"\x07", b"\x06\x00", b"\x02", b"\x02\x80", b"\x02\x03", bytes(9)):
            partial = decode_partly(octets, limits=limits)
            self.assertEqual((partial.data, partial.end), (None, 0), octets)
            self.assertIsNotNone(partial.error)
        self.assertEqual(decode_partly(b"\x02\x02", limits=limits).data, decode_data(b"\x02\x00"))

    def test_whole(self) -> None:
        """
        A good element is what L{decode_data} gives, whatever follows it.
        """
        for name, data in bodies():
            if len(data.octets) > 3000:
                continue
            partial = decode_partly(b"\xff" + data.octets + b"\x11", 1)
            self.assertEqual(partial, (data, len(data.octets) + 1, None), name)

    def test_every_prefix(self) -> None:
        """
        The longer a prefix, the more is kept.
        """
        octets = bytes.fromhex(
            "0203" + "020209021234" + "1101" + "0102" + "1201f4" * 2 + "0c02c3a9"
        )
        seen = 0
        for end in range(2, len(octets)):
            partial = decode_partly(octets[:end])
            assert partial.data is not None
            self.assertIsNotNone(partial.error)
            self.assertGreaterEqual(len(partial.data.octets), seen)
            seen = len(partial.data.octets)

    def test_hostile(self) -> None:
        """
        Nothing that L{decode_data} withstands does harm here.
        """
        for name, octets in hostile(4000).items():
            partial = decode_partly(octets)
            self.assertTrue(partial.error is not None or partial.data is not None, name)

    @settings(max_examples=60, deadline=None, derandomize=True)
    @given(ELEMENTS, st.integers(0, 2**32))
    def test_random(self, octets: bytes, seed: int) -> None:
        """
        Either nothing was wrong and all is there, or the error is that of L{decode_data} and what is kept is good.
        """
        for one in (octets, mutated(octets, random.Random(seed))):
            partial = decode_partly(one)
            try:
                data, end = decode_data_at(one, 0)
            except DecodeError:
                self.assertIsNotNone(partial.error)
                if partial.data is not None:
                    decode_data(partial.data.octets)
            else:
                self.assertEqual(partial, (data, end, None))
