"""
Tests for L{dlms_twisted.cosem.obis}.
"""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.cosem.obis import Obis, ObisPattern
from dlms_twisted.errors import DLMSError, ObisError

_CODES = st.binary(min_size=6, max_size=6)
_FEW = settings(max_examples=100, deadline=None, derandomize=True)


class ObisTests(SynchronousTestCase):
    """
    Tests for L{Obis}.
    """

    def test_forms(self) -> None:
        """
        Every usual text form gives the code that it stands for.
        """
        energy = Obis(1, 0, 1, 8, 0, 255)
        for text in (
            "1-0:1.8.0.255",
            "1-0:1.8.0*255",
            "1-0:1.8.0&255",
            "1-0:1.8.0",
            "1.0.1.8.0.255",
            "1.8.0",
            "0100010800FF",
            "01 00 01 08 00 ff",
            "01:00:01:08:00:FF",
            " 1-0:1.8.0 ",
        ):
            self.assertEqual(Obis.parse(text), energy, text)
        self.assertEqual(Obis.parse("1-0:1.8.0*99"), Obis(1, 0, 1, 8, 0, 99))
        self.assertEqual(Obis.parse("C.1.0"), Obis(0, 0, 96, 1, 0, 255))
        self.assertEqual(Obis.parse("F.F"), Obis(0, 0, 97, 97, 0, 255))
        self.assertEqual(Obis.parse("0-1:24.2.1"), Obis(0, 1, 24, 2, 1, 255))

    def test_wrong(self) -> None:
        """
        A wrong text is refused, and the error says which group is wrong.
        """
        for text, group in (
            ("1-0:1.8.300", "E is 300"),
            ("1-0:1.x.0", "D is 'x'"),
            ("1-256:1.8.0", "B is 256"),
            ("a-0:1.8.0", "A is 'a'"),
            ("1-0:1.8", "E is missing"),
            ("1-0:1", "D is missing"),
            ("1-0:1.8.0.1.2", "5 groups"),
            ("1-0:1.8.0.999", "F is 999"),
            ("1-0:999999999999999999.8.0", "C is 9"),
            ("1-0:\u0661.8.0", "C is"),
            ("", "no OBIS code"),
            ("1:2:3", "no OBIS code"),
        ):
            error = self.assertRaises(ObisError, Obis.parse, text)
            self.assertIn(group, str(error))
        self.assertRaises(ObisError, Obis.of, b"12345")
        error = self.assertRaises(ObisError, Obis, 1, 0, 1, 8, 0, 256)
        self.assertIn("F is 256", str(error))
        self.assertTrue(issubclass(ObisError, DLMSError) and issubclass(ObisError, ValueError))

    @_FEW
    @given(_CODES)
    def test_round(self, octets: bytes) -> None:
        """
        Octets, code and text are three forms of one thing.
        """
        code = Obis.of(octets)
        self.assertEqual(code.octets, octets)
        self.assertEqual(Obis.parse(str(code)), code)
        self.assertEqual(Obis.parse(octets.hex()), code)
        self.assertEqual(hash(Obis(*code)), hash(code))

    @_FEW
    @given(st.text(max_size=30))
    def test_any_text(self, text: str) -> None:
        """
        Any text gives a code or our error.
        """
        for parse in (Obis.parse, ObisPattern.parse):
            try:
                parse(text)
            except ObisError:
                continue

    def test_order(self) -> None:
        """
        Codes sort by their groups, as numbers.
        """
        codes = [
            Obis.parse(text) for text in ("1-0:10.8.0", "1-0:2.8.0", "0-0:96.1.0", "1-0:2.8.0*1")
        ]
        self.assertEqual(
            [str(code) for code in sorted(codes)],
            ["0-0:96.1.0.255", "1-0:2.8.0.1", "1-0:2.8.0.255", "1-0:10.8.0.255"],
        )


class PatternTests(SynchronousTestCase):
    """
    Tests for L{ObisPattern}.
    """

    def test_matches(self) -> None:
        """
        Wildcards, ranges and lists, in every group.
        """
        for pattern, yes, no in (
            ("1-*:1.8.0..63.*", "1-3:1.8.63*12", "1-0:1.8.64"),
            ("0-b:1.0.e.255", "0-4:1.0.2", "0-4:1.1.2"),
            ("*-*:*.*.*.*", "9-9:9.9.9.9", None),
            ("1-0:31,51,71.7.0", "1-0:51.7.0", "1-0:52.7.0"),
            ("0-1..4:24.2.1", "0-4:24.2.1", "0-5:24.2.1"),
            ("1-0:1.8.0", "1-0:1.8.0", "1-0:1.8.0*1"),
        ):
            self.assertTrue(Obis.parse(yes).matches(pattern), pattern)
            if no is not None:
                self.assertFalse(Obis.parse(no).matches(pattern), pattern)

    def test_wrong(self) -> None:
        """
        An empty range and a group that is no number are named.
        """
        self.assertIn(
            "range is empty", str(self.assertRaises(ObisError, ObisPattern.parse, "1-0:9..1.8.0"))
        )
        self.assertIn("D is 'y'", str(self.assertRaises(ObisError, ObisPattern.parse, "1-0:1.y.0")))

    def test_precision(self) -> None:
        """
        More bound groups are more precise, and a pattern of one code says which.
        """
        self.assertEqual(ObisPattern.parse("*-*:1.8.*.*").precision, 2)
        self.assertIsNone(ObisPattern.parse("1-*:1.8.0").exact)
        self.assertEqual(ObisPattern.parse("1-0:1.8.0").exact, Obis.parse("1-0:1.8.0"))
        self.assertEqual(ObisPattern.parse("1-0:1.8.0"), ObisPattern.parse("1.8.0"))
        self.assertEqual(ObisPattern.parse("1-0:1,2.8.0").group(2), frozenset({1, 2}))
