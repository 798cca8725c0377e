"""
Tests of L{dlms_twisted.keys.sealed}.
"""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.errors import KeyStoreError
from dlms_twisted.keys.fields import FIELDS, KEY_FIELDS
from dlms_twisted.keys.sealed import Sealer, pack, unpack
from dlms_twisted.security.keys import ReplayMode
from dlms_twisted.security.policy import Policy

_ENTRIES = st.fixed_dictionaries(
    {},
    optional={
        "system_title": st.binary(min_size=8, max_size=8),
        "name": st.text(max_size=20),
        **dict.fromkeys(KEY_FIELDS, st.binary(max_size=96)),
        "policy": st.builds(
            Policy, authenticated=st.booleans(), encrypted=st.booleans(), signed=st.booleans()
        ),
        "replay": st.sampled_from(ReplayMode),
    },
)


class PackTests(SynchronousTestCase):
    """
    Tests of L{pack} and L{unpack}.
    """

    @settings(max_examples=100, deadline=None, derandomize=True)
    @given(_ENTRIES)
    def test_both_ways(self, entry: dict[str, Any]) -> None:
        """
        Every entry comes back as it was.
        """
        self.assertEqual(unpack(pack(entry)), entry)

    def test_numbers(self) -> None:
        """
        The numbers on disk never change: old files must stay readable.
        """
        entry = {
            "system_title": b"A" * 8, "name": "é", "encryption_key": b"\1", "authentication_key": b"\2",
            "broadcast_key": b"\3", "pending_encryption_key": b"\4",
            "pending_authentication_key": b"\5", "dedicated_key": b"\6", "master_key": b"\7",
            "agreement_private_key": b"\x08", "agreement_public_key": b"\x09",
            "signing_private_key": b"\x0a", "signing_public_key": b"\x0b",
            "policy": Policy(authenticated=True, signed=True), "replay": ReplayMode.STRICT,
        }  # fmt: skip
        self.assertEqual(set(entry), set(FIELDS))
        self.assertEqual(
            pack(entry).hex(),
            "0000084141414141414141" "010002c3a9" "02000101" "03000102" "04000103" "05000104"
            "06000105" "07000106" "08000107" "09000108" "0a000109" "0b00010a" "0c00010b"
            "0d000105" "0e0006737472696374",
        )  # fmt: skip

    def test_damaged(self) -> None:
        """
        What is cut off, or has a field of a newer version, is no entry.
        """
        octets = pack({"encryption_key": b"k" * 16, "policy": Policy.NONE})
        whole = {0, 19}
        for end in range(len(octets)):
            if end not in whole:
                self.assertRaises(ValueError, unpack, octets[:end])
        self.assertRaises(ValueError, unpack, b"\x63\x00\x00")


class SealerTests(SynchronousTestCase):
    """
    Tests of L{Sealer}.
    """

    def test_context(self) -> None:
        """
        An entry opens only for whom it was sealed, and never twice the same on disk.
        """
        sealer = Sealer(b"\x55" * 32)
        entry = {"encryption_key": b"k" * 16}
        sealed = sealer.seal(entry, b"me")
        self.assertNotEqual(sealed, sealer.seal(entry, b"me"))
        self.assertEqual(sealer.unseal(sealed, b"me"), entry)
        self.assertRaises(KeyStoreError, sealer.unseal, sealed, b"you")
        self.assertRaises(KeyStoreError, sealer.unseal, b"", b"me")
