"""
Services that are damaged, cut or made to harm.
"""

from __future__ import annotations

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.apdu import registry
from dlms_twisted.errors import DecodeError
from tests.apdu.damage import SEEDS, check, mutations

#: Where the list stands in an APDU that has one, and what comes before.
_LISTS = (
    "c003c1",
    "c403c1",
    "c104c1",
    "c504c1",
    "c505c1",
    "c303c1",
    "c703c1",
    "d90000000100",
    "da000000010000",
    "05",
    "06",
    "0c",
    "0d",
    "16",
    "1800",
)


class HostileTests(SynchronousTestCase):
    """
    Tests of decoding with octets that nobody should send.
    """

    def test_every_variant_is_a_seed(self) -> None:
        """
        The changes begin at a good APDU of each of the 34 variants.
        """
        kinds = {type(registry.decode(octets)) for octets in SEEDS}
        self.assertEqual(len(kinds), 34)
        for octets in SEEDS:
            self.assertEqual(registry.decode(octets).encode(), octets)

    def test_mutations(self) -> None:
        """
        A changed APDU is an APDU that comes back, or refused with our error and no other.
        """
        decoded = sum(check(octets) is not None for octets in mutations(2026, 4000))
        self.assertTrue(400 < decoded < 2000, decoded)

    @settings(max_examples=100, deadline=None, derandomize=True)
    @given(st.sampled_from(SEEDS), st.binary(max_size=40))
    def test_any_octets(self, seed: bytes, rest: bytes) -> None:
        """
        The same for any octets after a good beginning.
        """
        check(seed[:3] + rest)

    def test_prefixes(self) -> None:
        """
        Every prefix of each variant is refused.
        """
        for octets in SEEDS:
            for length in range(len(octets)):
                self.assertRaises(DecodeError, registry.decode, octets[:length])

    def test_counts(self) -> None:
        """
        A list that announces more than there are octets is refused where its count stands.
        """
        for head in _LISTS:
            start = bytes.fromhex(head)
            for count in ("7f", "8200ff", "83ffffff", "84ffffffff"):
                octets = start + bytes.fromhex(count) + bytes(20)
                error = self.assertRaises(DecodeError, registry.decode, octets)
                self.assertEqual(error.offset, len(start), head)

    def test_depth(self) -> None:
        """
        Values nested too deep are refused at once.
        """
        for head in ("c401c100", "c101c100080000010000ff0200", "0c0100"):
            octets = bytes.fromhex(head) + b"\x02\x01" * 30_000 + b"\x00"
            self.assertRaises(DecodeError, registry.decode, octets)

    def test_errors_hold_no_data(self) -> None:
        """
        No error repeats what was received.
        """
        secret = bytes(Random(1).randrange(0x21, 0x7F) for _ in range(12))
        octets = bytes.fromhex("c101c100080000010000ff0200090d") + secret
        error = self.assertRaises(DecodeError, registry.decode, octets)
        self.assertNotIn(secret.decode(), str(error))
        self.assertNotIn(secret.hex(), str(error))
