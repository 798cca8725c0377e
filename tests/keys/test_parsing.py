"""
Tests of L{dlms_twisted.keys.parsing}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.errors import ConfigurationError
from dlms_twisted.keys.parsing import parse_key, parse_policy, parse_replay, parse_title
from dlms_twisted.security.keys import ReplayMode
from dlms_twisted.security.policy import Policy

KEY = bytes(range(16))
LONG = bytes(range(32))


class KeyTests(SynchronousTestCase):
    """
    Tests of L{parse_key}.
    """

    def test_forms(self) -> None:
        """
        A key is understood in each form in which people paste one.
        """
        spaced = " ".join(f"{octet:02X}" for octet in KEY)
        for text in (
            KEY.hex(),
            KEY.hex().upper(),
            f"0x{KEY.hex()}",
            f"0X{KEY.hex()}",
            spaced,
            f"  {spaced}\n",
            KEY.hex(":"),
            KEY.hex("-"),
            KEY.hex("_", 4),
            f'"{KEY.hex()}"',
            ", ".join(f"0x{octet:02x}" for octet in KEY),
            "{ " + ", ".join(f"0x{octet:02x}" for octet in KEY) + " };",
            KEY.hex().encode().hex(),
            KEY.hex().upper().encode().hex(" "),
        ):
            self.assertEqual(parse_key(text, "encryption_key"), KEY, text)

    def test_suite_2(self) -> None:
        """
        A key of 32 octets has as many digits as the hex of hex of one of 16, and is not taken for it.
        """
        self.assertEqual(parse_key(LONG.hex(), "encryption_key"), LONG)
        self.assertEqual(parse_key(LONG.hex().encode().hex(), "encryption_key"), LONG)

    def test_lengths(self) -> None:
        """
        Another length is refused by the field's name, and the text is not repeated.
        """
        for length in (0, 1, 15, 17, 31, 33, 64):
            digits = (b"\xab" * length).hex()
            with self.assertRaises(ConfigurationError) as caught:
                parse_key(digits, "meter[3].broadcast_key")
            self.assertEqual(
                str(caught.exception),
                f"meter[3].broadcast_key: {length} octets; 16 or 32 octets wanted",
            )

    def test_odd(self) -> None:
        """
        Half an octet is refused.
        """
        with self.assertRaises(ConfigurationError) as caught:
            parse_key(KEY.hex()[:-1], "encryption_key")
        self.assertEqual(
            str(caught.exception), "encryption_key: 31 hex digits; 16 or 32 octets wanted"
        )

    def test_not_hexadecimal(self) -> None:
        """
        What holds other characters is refused, also digits that are none of ASCII.
        """
        for text in ("secret password!", "0x0x" + KEY.hex(), "\u0661" * 32, KEY.hex() + "h"):
            with self.assertRaises(ConfigurationError) as caught:
                parse_key(text, "encryption_key")
            self.assertIn("encryption_key: not hexadecimal", str(caught.exception))
            self.assertNotIn(text, str(caught.exception))

    def test_curves(self) -> None:
        """
        Keys of the curves have their own lengths.
        """
        for field, lengths in {
            "agreement_private_key": (32, 48),
            "default.signing_public_key": (64, 96),
        }.items():
            for length in (16, 32, 48, 64, 96):
                text = (b"\x01" * length).hex()
                if length in lengths:
                    self.assertEqual(len(parse_key(text, field)), length)
                else:
                    self.assertRaises(ConfigurationError, parse_key, text, field)


class TitleTests(SynchronousTestCase):
    """
    Tests of L{parse_title}.
    """

    def test_forms(self) -> None:
        """
        Eight octets, also as the hex of hex.
        """
        title = bytes.fromhex("4D4D4D0000BC614E")
        for text in ("4D4D4D0000BC614E", "4d 4d 4d 00 00 bc 61 4e", title.hex().encode().hex()):
            self.assertEqual(parse_title(text), title)

    def test_wrong(self) -> None:
        """
        Another length is refused.
        """
        with self.assertRaises(ConfigurationError) as caught:
            parse_title("4D4D4D0000BC61")
        self.assertEqual(str(caught.exception), "system_title: 7 octets; 8 octets wanted")


class WordTests(SynchronousTestCase):
    """
    Tests of policies and replay modes.
    """

    def test_policy(self) -> None:
        """
        A policy is read, and a wrong one is refused under the name it stands by.
        """
        self.assertIs(parse_policy("none"), Policy.NONE)
        self.assertEqual(parse_policy("both"), Policy.AUTHENTICATED_ENCRYPTED)
        with self.assertRaises(ConfigurationError) as caught:
            parse_policy("strong", "source[2].policy")
        self.assertTrue(str(caught.exception).startswith("source[2].policy: none, "))

    def test_replay(self) -> None:
        """
        A mode is read, and a wrong one is refused.
        """
        self.assertIs(parse_replay(" Strict "), ReplayMode.STRICT)
        with self.assertRaises(ConfigurationError) as caught:
            parse_replay("never")
        self.assertEqual(str(caught.exception), "replay: window, strict or off wanted")
