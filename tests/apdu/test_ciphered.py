"""
Tests for L{dlms_twisted.apdu.envelope}, L{dlms_twisted.apdu.ciphered} and L{dlms_twisted.apdu.key_info}.
"""

from __future__ import annotations

from random import Random

from dlms_twisted.apdu.ciphered import (
    GeneralCiphering,
    GeneralDedCiphering,
    GeneralGloCiphering,
    GloCiphered,
)
from dlms_twisted.apdu.envelope import (
    SERVICE_NAMES,
    Envelope,
    announced_length,
    encode_envelope,
    parse_envelope,
    read_envelope,
)
from dlms_twisted.apdu.key_info import AgreedKey, IdentifiedKey, KekId, KeyId, KeyInfo, WrappedKey
from dlms_twisted.codec.reader import Reader
from dlms_twisted.codec.writer import encode_length
from dlms_twisted.errors import DecodeError, EncodeError
from tests.apdu.both_ways import BothWaysCase

TITLE = bytes.fromhex("4d4d4d0000bc614e")
MAC = bytes(range(12))


def slowly(octets: bytes) -> Envelope:
    """
    @return: the envelope, cut field by field.
    """
    reader = Reader(octets)
    envelope = read_envelope(reader)
    reader.finish()
    return envelope


class EnvelopeTests(BothWaysCase):
    """
    Tests for L{parse_envelope} and L{encode_envelope}.
    """

    def test_published(self) -> None:
        """
        The published examples (04, section 12).
        """
        payload = bytes.fromhex("411312ff935a47566827c467bc")
        mac = bytes.fromhex("7d825c3be4a77c3fcc056b6b")
        service = Envelope(0xC8, b"", 0x30, 0x01234567, payload, mac)
        general = Envelope(0xDB, TITLE, 0x30, 0x01234567, payload, mac)
        for envelope, text in (
            (service, "c81e3001234567411312ff935a47566827c467bc7d825c3be4a77c3fcc056b6b"),
            (
                general,
                "db084d4d4d0000bc614e1e3001234567411312ff935a47566827c467bc7d825c3be4a77c3fcc056b6b",
            ),
            (
                service._replace(security_control=0x20, mac=b""),
                "c8122001234567411312ff935a47566827c467bc",
            ),
        ):
            octets = bytes.fromhex(text)
            self.assertEqual(parse_envelope(octets), envelope)
            self.assertEqual(encode_envelope(envelope), octets)

    def test_sizes(self) -> None:
        """
        Payloads of all sizes around the changes of the length's form, with every tag, both ways.
        """
        for size in (0, 1, 6, 7, 100, 122, 123, 250, 251, 300, 65530, 65531, 70000):
            for tag in (0xDB, 0xDC, 0xC8, 0x21):
                for control, mac in ((0x30, MAC), (0x20, b""), (0x71, MAC)):
                    title = TITLE if tag > 0xDA else b""
                    envelope = Envelope(tag, title, control, 0xFFFFFFFF, bytes(size), mac)
                    octets = encode_envelope(envelope)
                    self.assertEqual(parse_envelope(octets), envelope)
                    self.assertEqual(slowly(octets), envelope)
                    self.assertEqual(announced_length(octets), len(octets))
                    self.assertEqual(announced_length(octets[: len(octets) - size]), len(octets))
                    self.assertRaises(DecodeError, parse_envelope, octets + b"\0")
                    self.assertRaises(DecodeError, parse_envelope, octets[:-1])

    def test_titles(self) -> None:
        """
        Titles of any length are cut; who opens the envelope judges them.
        """
        for size in (0, 7, 8, 9, 127, 128, 300):
            envelope = Envelope(0xDB, bytes(size), 0x30, 1, b"payload", MAC)
            self.assertEqual(parse_envelope(encode_envelope(envelope)), envelope)

    def test_long_lengths(self) -> None:
        """
        Lengths in more octets than necessary are taken, as in P1 envelopes (06, section 5).
        """
        content = b"\x30\0\0\0\x0a" + bytes(30) + MAC
        for length in ("2f", "812f", "82002f", "8300002f", "840000002f"):
            octets = b"\xdb\x08" + TITLE + bytes.fromhex(length) + content
            self.assertEqual(
                parse_envelope(octets), Envelope(0xDB, TITLE, 0x30, 10, bytes(30), MAC)
            )

    def test_bad_lengths(self) -> None:
        """
        Lengths that are none are refused, also where as many octets follow as their first octet says.
        """
        for first in (0x80, 0x83, 0x84, 0x85, 0xFF):
            for start in (b"\xdb\x08" + TITLE, b"\xc8"):
                octets = start + bytes((first, 0x10)) + bytes(first - 1)
                self.assertRaises(DecodeError, parse_envelope, octets)
                self.assertRaises(DecodeError, slowly, octets)
        octets = b"\xdb\x81" + bytes(255)
        self.assertRaises(DecodeError, parse_envelope, octets)

    def test_too_short(self) -> None:
        """
        Content that has no room for its header or its tag is refused.
        """
        for size in range(17):
            content = b"\x30" + bytes(size)
            octets = b"\xdb\x08" + TITLE + encode_length(len(content[:size])) + content[:size]
            self.assertRaises(DecodeError, parse_envelope, octets)
        self.assertEqual(parse_envelope(b"\xc8\x05\x20\0\0\0\0").payload, b"")

    def test_every_prefix(self) -> None:
        """
        A part of an envelope is refused.
        """
        for tag in (0xDB, 0xDC, 0xC8):
            title = TITLE if tag > 0xDA else b""
            for size in (5, 130):
                octets = encode_envelope(Envelope(tag, title, 0x30, 1, bytes(size), MAC))
                for length in range(len(octets)):
                    self.assertRaises(DecodeError, parse_envelope, octets[:length])

    def test_fast_and_slow(self) -> None:
        """
        Damaged envelopes give the same both ways: an envelope, or an error.
        """
        chance = Random(5)
        good = [
            encode_envelope(Envelope(tag, title, control, 7, bytes(size), mac))
            for tag, title in ((0xDB, TITLE), (0xDC, b""), (0xCA, b""))
            for control, mac in ((0x30, MAC), (0x20, b""))
            for size in (10, 120, 250)
        ]
        accepted = 0
        for _ in range(5000):
            octets = bytearray(chance.choice(good))
            octets[chance.randrange(14)] = chance.choice((chance.randrange(256), 0x81, 0x82, 0x80))
            damaged = bytes(octets)
            try:
                wanted = slowly(damaged)
            except DecodeError:
                self.assertRaises(DecodeError, parse_envelope, damaged)
            else:
                accepted += 1
                self.assertEqual(parse_envelope(damaged), wanted)
        self.assertGreater(accepted, 500)

    def test_other_tags(self) -> None:
        """
        Tags of other APDUs are refused, both ways.
        """
        for tag in set(range(256)) - {*SERVICE_NAMES, 0xDB, 0xDC, 0xDD}:
            octets = bytes((tag, 30)) + bytes(30)
            self.assertRaises(DecodeError, parse_envelope, octets)
            self.assertIsNone(announced_length(octets))
            self.assertRaises(EncodeError, encode_envelope, Envelope(tag, b"", 0, 0, b"", b""))

    def test_tag_and_control(self) -> None:
        """
        An authentication tag goes with the security control octet, and has 12 octets.
        """
        for control, mac in ((0x20, MAC), (0x30, b""), (0x10, MAC[1:])):
            self.assertRaises(
                EncodeError, encode_envelope, Envelope(0xDB, TITLE, control, 1, b"", mac)
            )
        self.assertRaises(
            EncodeError, encode_envelope, Envelope(0xDB, TITLE, 0x20, 1 << 32, b"", b"")
        )

    def test_announced(self) -> None:
        """
        A header that is not whole announces nothing.
        """
        self.assertIsNone(announced_length(b""))
        self.assertIsNone(announced_length(b"\xdb\x08" + TITLE))
        self.assertEqual(announced_length(b"\xdb\x08" + TITLE + b"\x30"), 59)


class CipheredTests(BothWaysCase):
    """
    Tests for the classes.
    """

    def test_general_glo(self) -> None:
        """
        general-glo-ciphering and general-ded-ciphering.
        """
        for kind, tag in ((GeneralGloCiphering, "db"), (GeneralDedCiphering, "dc")):
            apdu = kind(
                system_title=TITLE,
                security_control=0x30,
                invocation_counter=10,
                payload=b"\x01\x02",
                mac=MAC,
            )
            self.both_ways(apdu, f"{tag} 08 4d4d4d0000bc614e 13 30 0000000a 0102 {MAC.hex()}")

    def test_services(self) -> None:
        """
        Each service-specific tag has its name.
        """
        self.assertEqual(len(SERVICE_NAMES), 32)
        for tag, name in SERVICE_NAMES.items():
            apdu = GloCiphered(
                tag=tag, security_control=0x20, invocation_counter=1, payload=b"\x05"
            )
            octets = bytes((tag, 6, 0x20, 0, 0, 0, 1, 5))
            self.assertEqual(apdu.encode(), octets)
            self.assertEqual(GloCiphered.decode(octets), apdu)
            self.assertEqual(apdu.to_json()["apdu"], name)
            self.assertEqual(GloCiphered.from_json(apdu.to_json()), apdu)
        self.assertEqual(
            [SERVICE_NAMES[tag] for tag in (0x21, 0x28, 0xC8, 0xCF, 0xD0, 0x41)],
            [
                "glo-initiate-request",
                "glo-initiate-response",
                "glo-get-request",
                "glo-action-response",
                "ded-get-request",
                "ded-initiate-request",
            ],
        )
        self.assertRaises(EncodeError, GloCiphered.from_json, {"apdu": "glo-nothing"})
        self.assertRaises(EncodeError, GloCiphered.from_json, None)

    def test_key_info(self) -> None:
        """
        general-ciphering with each Key-Info (04, section 6).
        """
        infos: tuple[tuple[KeyInfo | None, str], ...] = (
            (None, "00"),
            (IdentifiedKey(key_id=KeyId.GLOBAL_BROADCAST_ENCRYPTION_KEY), "01 00 01"),
            (
                WrappedKey(kek_id=KekId.MASTER_KEY, key_ciphered_data=bytes(24)),
                "01 01 00 18" + "00" * 24,
            ),
            (
                AgreedKey(key_parameters=b"\x01", key_ciphered_data=bytes(128)),
                "01 02 01 01 8180" + "00" * 128,
            ),
            (AgreedKey(key_parameters=b"\x02", key_ciphered_data=b""), "01 02 01 02 00"),
        )
        for info, text in infos:
            apdu = GeneralCiphering(
                transaction_id=b"\x01\x02",
                originator_system_title=TITLE,
                recipient_system_title=b"",
                date_time=b"",
                other_information=b"\xff",
                key_info=info,
                security_control=0x31,
                invocation_counter=0,
                payload=b"\x77",
                mac=MAC,
            )
            header = "02 0102 08 4d4d4d0000bc614e 00 00 01 ff"
            content = f"12 31 00000000 77 {MAC.hex()}"
            self.both_ways(apdu, f"dd {header} {text} {content}")
            envelope = parse_envelope(apdu.encode())
            self.assertEqual(envelope.extra_aad, bytes.fromhex(header))
            self.assertEqual((envelope.system_title, envelope.key_info), (TITLE, info))
            self.assertEqual(encode_envelope(envelope), apdu.encode())
            self.assertEqual(announced_length(apdu.encode()), len(apdu.encode()))

    def test_header_as_received(self) -> None:
        """
        The authenticated header is kept as it came, also with lengths in more octets than necessary.
        """
        header = bytes.fromhex("8100 08 4d4d4d0000bc614e 820000 00 00")
        octets = b"\xdd" + header + b"\x00" + bytes.fromhex("0520000000ff")
        self.assertEqual(parse_envelope(octets).extra_aad, header)
        self.assertEqual(encode_envelope(parse_envelope(octets)), octets)

    def test_unknown_key_info(self) -> None:
        """
        A Key-Info that does not exist is refused.
        """
        octets = bytes.fromhex("dd0000000000 01 03 00 0520000000ff")
        self.assertRaises(DecodeError, GeneralCiphering.decode, octets)

    def test_unnamed_keys(self) -> None:
        """
        Keys without a name keep their numbers.
        """
        octets = bytes.fromhex("dd0000000000 01 00 07 0520000000ff")
        apdu = GeneralCiphering.decode(octets)
        self.assertEqual(apdu.key_info, IdentifiedKey(key_id=7))
        self.assertEqual(GeneralCiphering.from_json(apdu.to_json()), apdu)

    def test_bad_json(self) -> None:
        """
        A JSON form that is none is refused, and the error names the place.
        """
        good = GeneralCiphering(security_control=0, invocation_counter=0, payload=b"").to_json()
        for info in (
            1,
            {},
            {"choice": "x"},
            {"choice": "identified-key"},
            {"choice": "identified-key", "key_id": "x"},
        ):
            error = self.assertRaises(
                EncodeError, GeneralCiphering.from_json, {**good, "key_info": info}
            )
            self.assertIn("key_info", str(error))
