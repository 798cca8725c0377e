"""
Tests for L{dlms_twisted.cosem.compact_data}.
"""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.codec import build
from dlms_twisted.cosem.compact_data import compact_elements, compact_row, template_id
from dlms_twisted.errors import DecodeError
from tests.cosem.buffers import LOAD_PROFILE, START, clock, column

#: A structure of an unsigned, a long-unsigned and an octet-string; its values 5, 1000 and "ab".
_DESCRIPTION = bytes.fromhex("0203 11 12 09")
_BUFFER = bytes.fromhex("2f 05 03e8 02 6162")


class CompactDataTests(SynchronousTestCase):
    """
    Tests of compact buffers.
    """

    def test_elements(self) -> None:
        """
        Values without tags get their types from the template, whether its number stands in front of it or not.
        """
        wanted = (build.unsigned(5), build.long_unsigned(1000), build.octet_string(b"ab"))
        self.assertEqual(template_id(_BUFFER), 0x2F)
        for description in (_DESCRIPTION, b"\x2f" + _DESCRIPTION):
            self.assertEqual(compact_elements(_BUFFER, description), wanted)

    def test_template_that_looks_like_a_type(self) -> None:
        """
        Template 2 in front of a structure's 02 is told apart.
        """
        octets = b"\x02" + _BUFFER[1:]
        for description in (_DESCRIPTION, b"\x02" + _DESCRIPTION):
            self.assertEqual(len(compact_elements(octets, description)), 3)

    def test_row(self) -> None:
        """
        With the capture objects known, a compact buffer is a row.
        """
        columns = (LOAD_PROFILE[0], LOAD_PROFILE[1], column(3, "7-0:3.1.0"))
        time = clock(START + timedelta(hours=1)).octets[2:]
        octets = b"\x2f" + b"\x0c" + time + b"\x07" + (123456).to_bytes(4, "big")
        row = compact_row(octets, bytes.fromhex("0203091106"), columns)
        self.assertEqual(row, (START + timedelta(hours=1), 7, 123456))

    def test_wrong(self) -> None:
        """
        A buffer that is not laid out so is refused.
        """
        self.assertIsNone(template_id(b""))
        for octets, description in (
            (b"", _DESCRIPTION),
            (_BUFFER[:-1], _DESCRIPTION),
            (_BUFFER, b""),
            (_BUFFER, b"\x02"),
            (_BUFFER, b"\x07"),
        ):
            self.assertRaises(DecodeError, compact_elements, octets, description)

    @settings(max_examples=150, deadline=None, derandomize=True)
    @given(st.binary(max_size=30), st.binary(max_size=10))
    def test_any_octets(self, octets: bytes, description: bytes) -> None:
        """
        Any octets give elements or our error.
        """
        try:
            compact_elements(octets, description)
        except DecodeError:
            return
