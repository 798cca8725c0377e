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
from dlms_twisted.codec.trace import TracingReader
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


class ExplainedTests(SynchronousTestCase):
    """
    Each octet explained, also where a second way of reading was needed.
    """

    def test_each_octet_once(self) -> None:
        """
        The fields cover all octets, in their order and once.
        """
        alarm = "c2090c07e70706040a362600ff8880000180808080808000020910" + "41" * 16
        short = (
            "6128a109060760857405080101a203020100a305a103020100be0f040d0800065f1f040000501f01f40007"
        )
        unknown = "6024a109060760857405080101b0036162639500be10040e01000000065f1f0400007e1f04b0"
        for octets in (*seeds(), *(bytes.fromhex(text) for text in (alarm, short, unknown))):
            reader = TracingReader(octets)
            registry.read(reader)
            reader.finish()
            fields = [span for span in reader.spans() if not span.group]
            self.assertEqual(b"".join(span.octets for span in fields), octets)
            offsets = [span.offset for span in fields]
            self.assertEqual(offsets, sorted(offsets))
            for group in (span for span in reader.spans() if span.group):
                end = group.offset + len(group.octets)
                self.assertEqual(octets[group.offset : end], group.octets)
