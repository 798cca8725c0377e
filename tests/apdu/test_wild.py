"""
Every kind of APDU, damaged.
"""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.apdu import registry
from dlms_twisted.apdu.ciphered import SERVICE_NAMES
from dlms_twisted.apdu.kinds import JSON
from dlms_twisted.errors import DecodeError, EncodeError
from tests.apdu import damage
from tests.apdu.wild import check_any, seeds


class WildTests(SynchronousTestCase):
    """
    Whatever comes, there is an object or a L{DecodeError}.
    """

    def test_seeds(self) -> None:
        """
        The undamaged ones decode, and every APDU there is is among them.
        """
        kinds = set()
        for octets in seeds():
            apdu = check_any(octets)
            self.assertIsNotNone(apdu, octets.hex())
            kinds.add(type(apdu))
        self.assertEqual(kinds, set(registry.APDUS))

    def test_mutations(self) -> None:
        """
        Seeded changes.
        """
        accepted = sum(
            check_any(octets) is not None for octets in damage.mutations(7, 4000, seeds())
        )
        self.assertGreater(accepted, 200)

    @given(st.binary(max_size=60))
    @settings(max_examples=200, deadline=None, derandomize=True)
    def test_any_octets(self, octets: bytes) -> None:
        """
        Any octets.
        """
        check_any(octets)

    def test_any_tag(self) -> None:
        """
        Every tag with every second octet.
        """
        for tag in range(256):
            for second in range(256):
                check_any(bytes((tag, second)))

    def test_names(self) -> None:
        """
        Every name in the registry is there once, and leads to the JSON form's class.
        """
        names = [one.NAME for one in registry.APDUS]
        self.assertEqual(len(set(names)), len(names))
        self.assertEqual(len({*names, *SERVICE_NAMES.values()}), len(names) + 32)
        forms: tuple[JSON, ...] = (None, [], {}, {"apdu": 1}, {"apdu": "x"})
        for form in forms:
            self.assertRaises(EncodeError, registry.from_json, form)

    def test_class(self) -> None:
        """
        The class of what begins somewhere in a buffer.
        """
        buffer = bytes.fromhex("ffc002c1")
        self.assertEqual(registry.apdu_class(buffer, 1).NAME, "get-request-next")
        for offset, end in ((0, None), (4, None), (1, 2), (1, 1)):
            self.assertRaises(DecodeError, registry.apdu_class, buffer, offset, end)
