"""
Tests of L{dlms_twisted.translate.text}.
"""

from __future__ import annotations

import base64

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.errors import DecodeError
from dlms_twisted.translate.text import octets_of

OCTETS = bytes.fromhex("7ea08bceff031300eee1e6e7000f40000000090c07e6011902020a")


def dump(octets: bytes, width: int = 16, offset: str = "{:08x}  ", ascii_too: bool = True) -> str:
    """
    @return: the octets as C{hexdump -C} shows them.
    """
    lines = []
    for start in range(0, len(octets), width):
        part = octets[start : start + width]
        line = offset.format(start) + part[:8].hex(" ") + "  " + part[8:].hex(" ")
        shown = "".join(chr(c) if 32 <= c < 127 else "." for c in part)
        lines.append(line + (f"  |{shown}|" if ascii_too else ""))
    return "\n".join(lines)


class OctetsOfTests(SynchronousTestCase):
    """
    Tests of L{octets_of}.
    """

    def test_dresses(self) -> None:
        """
        Hex is understood in all the dresses that people paste.
        """
        plain = OCTETS.hex()
        for text in (
            plain,
            plain.upper(),
            OCTETS.hex(" "),
            OCTETS.hex(":"),
            OCTETS.hex("-"),
            OCTETS.hex(","),
            f"0x{plain}",
            " ".join(f"0x{octet:02X}" for octet in OCTETS),
            ", ".join(f"0x{octet:02x}" for octet in OCTETS),
            "{" + ",\n".join(f"0x{octet:02X}" for octet in OCTETS) + "}",
            "".join(f"\\x{octet:02x}" for octet in OCTETS),
            "b'" + "".join(f"\\x{octet:02x}" for octet in OCTETS) + "'",
            f'"{plain}"',
            OCTETS.hex("\n"),
            f"\n  {plain[:10]}\n\n  {plain[10:]}  \n",
        ):
            self.assertEqual(octets_of(text), OCTETS, text)

    def test_stamps(self) -> None:
        """
        Time stamps, levels and directions before a line of hex are left out.
        """
        plain = OCTETS.hex(" ")
        for stamp in (
            "2026-11-22T10:00:00.123Z ",
            "2026-11-22 10:00:00 ",
            "22.11.2026 10:00:00 ",
            "10:00:00.123 ",
            "[10:00:00] ",
            "[2026-11-22 10:00:00][D] ",
            "2026-11-22 10:00:00 RX: ",
            "10:00:00,500 DEBUG: ",
            "<- ",
            "TX: ",
        ):
            self.assertEqual(octets_of(stamp + plain), OCTETS, stamp)
        lines = f"10:00:00 RX: {OCTETS[:9].hex()}\n10:00:01 RX: {OCTETS[9:].hex()}"
        self.assertEqual(octets_of(lines), OCTETS)

    def test_dump(self) -> None:
        """
        Hex dumps with offsets, with and without text and total, are taken apart.
        """
        self.assertEqual(octets_of(dump(OCTETS)), OCTETS)
        self.assertEqual(octets_of(dump(OCTETS) + f"\n{len(OCTETS):08x}\n"), OCTETS)
        self.assertEqual(octets_of(dump(OCTETS, offset="{:04x}: ", ascii_too=False)), OCTETS)
        self.assertEqual(octets_of(dump(OCTETS[:12], offset="{:04x}: ")), OCTETS[:12])
        self.assertEqual(octets_of(dump(OCTETS[:12])), OCTETS[:12])

    def test_dump_whose_text_is_hex(self) -> None:
        """
        The text column of a dump is never taken for octets.
        """
        octets = b"deadbeef" * 5
        self.assertEqual(octets_of(dump(octets)), octets)

    def test_base64(self) -> None:
        """
        Base64, the URL form too, with or without padding.
        """
        for coded in (base64.b64encode(OCTETS), base64.urlsafe_b64encode(OCTETS)):
            self.assertEqual(octets_of(coded.decode()), OCTETS)
            self.assertEqual(octets_of(coded.decode().rstrip("=")), OCTETS)

    def test_wrong(self) -> None:
        """
        What is neither is refused, with the place.
        """
        for text in ("", "  \n", "7e a", "hello, world!", "7ea0zz", "0x"):
            self.assertRaises(DecodeError, octets_of, text)
        with self.assertRaises(DecodeError) as caught:
            octets_of("7ea0?f")
        self.assertEqual(caught.exception.offset, 4)

    @settings(max_examples=60, deadline=None, derandomize=True)
    @given(st.binary(min_size=1, max_size=80))
    def test_round_trip(self, octets: bytes) -> None:
        """
        Plain hex, spaced hex and a dump give the same octets.
        """
        self.assertEqual(octets_of(octets.hex()), octets)
        self.assertEqual(octets_of(octets.hex(" ")), octets)
        self.assertEqual(octets_of(dump(octets, offset="{:08x}: ")), octets)

    @settings(max_examples=100, deadline=None, derandomize=True)
    @given(st.text(max_size=120))
    def test_any_text(self, text: str) -> None:
        """
        Any text gives octets or a L{DecodeError}.
        """
        try:
            self.assertIsInstance(octets_of(text), bytes)
        except DecodeError as error:
            self.assertLessEqual(error.offset, len(text))
