"""
Tests of L{dlms_twisted.security.general}, C{general_keys} and C{signed}.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from attrs import evolve
from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.apdu.ciphered import parse_envelope
from dlms_twisted.apdu.key_info import AgreedKey, IdentifiedKey, WrappedKey
from dlms_twisted.errors import DecodeError, LocalProtocolError, Reason, SecurityError
from dlms_twisted.security.fields import Fields
from dlms_twisted.security.general import open_general, protect_general
from dlms_twisted.security.general_keys import (
    MessageKey,
    agree,
    agree_static,
    identify,
    wrap,
)
from dlms_twisted.security.keys import MeterKeys, key_epoch
from dlms_twisted.security.opening import Opened
from dlms_twisted.security.policy import Policy
from dlms_twisted.security.signed import parse_signed, sign_message, verify_signed
from dlms_twisted.security.variants import (
    AdditionalData,
    EphemeralSignature,
    ObjectIdentifier,
    SignedContent,
    TransactionInfo,
    Variants,
)
from dlms_twisted.security.window import ReplayWindow
from tests.security.parties import Parties, parties
from tests.security.samples import CLIENT_TITLE, OTHER_KEYS, PUSH, TITLE, Counted


def message_keys(sides: Parties, variants: Variants | None = None) -> Iterator[MessageKey]:
    """
    @return: a key of each kind.
    """
    random = Counted()
    yield identify(sides.meter)
    yield identify(sides.meter)._replace(info=None)
    yield identify(sides.meter, broadcast=True)
    yield wrap(sides.meter, random(len(sides.meter.master_key or b"")))
    yield agree(sides.meter, sides.fields, random, variants)
    yield agree_static(sides.meter, sides.fields, variants)
    yield agree_static(sides.meter, sides.fields, variants)._replace(info=None)


def protected(
    sides: Parties,
    key: MessageKey,
    *,
    control: int | None = None,
    counter: int = 0,
    variants: Variants | None = None,
) -> bytes:
    """
    @return: a push of the meter.
    """
    return protect_general(
        PUSH,
        keys=sides.meter,
        key=key,
        fields=sides.fields,
        counter=counter,
        security_control=sides.control if control is None else control,
        variants=variants,
    )


def opened(octets: bytes, keys: MeterKeys, **options: object) -> Opened:
    """
    Open as the client.
    """
    return open_general(parse_envelope(octets), keys, **options)  # type: ignore[arg-type]


class _RefusalCase(SynchronousTestCase):
    """
    Asserts on the reason of a refusal.
    """

    def refused(
        self, reason: Reason, octets: bytes, keys: MeterKeys, **options: object
    ) -> SecurityError:
        """
        @return: the refusal.
        """
        error = self.assertRaises(SecurityError, opened, octets, keys, **options)
        self.assertEqual(error.reason, reason)
        return error  # type: ignore[no-any-return]


class GeneralCipheringTests(_RefusalCase):
    """
    Tests of general-ciphering with each kind of key.
    """

    def test_each_key(self) -> None:
        """
        Identified, wrapped and agreed keys, in each suite that has them, in three modes.
        """
        for suite in (1, 2):
            sides = parties(suite)
            for key, form in product(message_keys(sides), (0x10, 0x20, 0x30)):
                octets = protected(sides, key, control=form | suite)
                found = opened(octets, sides.client, policy=Policy.NONE, own_title=CLIENT_TITLE)
                self.assertEqual(found.plaintext, PUSH)
                self.assertEqual(found.authenticated, bool(form & 0x10))
                self.assertEqual((found.title, found.epoch), (TITLE, key_epoch(key.key)))

    def test_each_variant(self) -> None:
        """
        Whatever a sender chooses, the receiver finds it; and one that is told a single way takes no other.
        """
        sides = parties()
        keys = evolve(sides.client)
        for identifier, data, ephemeral, transaction in product(
            ObjectIdentifier, AdditionalData, EphemeralSignature, TransactionInfo
        ):
            variants = Variants(
                identifier=identifier,
                additional_data=data,
                ephemeral=ephemeral,
                transaction=transaction,
            )
            without = data is AdditionalData.WITHOUT_KEY
            keys = evolve(sides.client, authentication_key=None) if without else sides.client
            for key in (
                agree(sides.meter, sides.fields, Counted(), variants),
                agree_static(sides.meter, sides.fields, variants),
            ):
                octets = protected(sides, key, variants=variants)
                found = opened(octets, keys)
                self.assertEqual((found.plaintext, found.authenticated), (PUSH, True))
                self.assertTrue(opened(octets, keys, variants=variants).authenticated)
        key = agree_static(sides.meter, sides.fields, variants)
        octets = protected(sides, key, variants=variants)
        self.refused(Reason.BAD_TAG, octets, sides.client, variants=Variants())

    def test_authentication_key_is_not_left_out(self) -> None:
        """
        Who knows the encryption key only does not speak for a meter that has an authentication key; and without one
        at the receiver, a shared key authenticates nobody.
        """
        sides = parties()
        variants = Variants(additional_data=AdditionalData.WITHOUT_KEY)
        for key in (identify(sides.meter), agree_static(sides.meter, sides.fields)):
            octets = protected(sides, key, variants=variants)
            self.refused(Reason.BAD_TAG, octets, sides.client)
        keys = evolve(sides.client, authentication_key=None)
        octets = protected(sides, identify(sides.meter), variants=variants)
        self.refused(Reason.UNKNOWN_KEY, octets, keys)
        self.assertFalse(opened(octets, keys, policy=Policy.NONE).authenticated)

    def test_not_for_us(self) -> None:
        """
        A layer for somebody else is not removed.
        """
        sides = parties()
        octets = protected(sides, identify(sides.meter))
        self.refused(Reason.UNKNOWN_KEY, octets, sides.client, own_title=b"SOMEBODY")

    def test_counters(self) -> None:
        """
        Counters are judged by the window of the key's epoch.
        """
        sides = parties()
        window = ReplayWindow()
        epochs: list[str] = []

        def window_of(epoch: str) -> ReplayWindow:
            epochs.append(epoch)
            return window

        for key in message_keys(sides):
            octets = protected(sides, key, counter=3)
            self.assertEqual(opened(octets, sides.client, window_of=window_of).counter, 3)
            self.assertIn(key_epoch(key.key), epochs)
        self.assertEqual(window.highest, -1)
        window.accept(3)
        for key in message_keys(sides):
            octets = protected(sides, key, counter=3)
            self.refused(Reason.REPLAY, octets, sides.client, window_of=window_of)

    def test_pending(self) -> None:
        """
        A key to come opens, and says so.
        """
        sides = parties()
        octets = protected(sides, identify(sides.meter))
        keys = evolve(
            sides.client,
            encryption_key=OTHER_KEYS[0],
            authentication_key=OTHER_KEYS[1],
            pending_encryption_key=sides.meter.encryption_key,
            pending_authentication_key=sides.meter.authentication_key,
        )
        self.assertTrue(opened(octets, keys).pending)
        self.assertTrue(opened(octets, evolve(keys, encryption_key=None)).pending)

    def test_missing_keys(self) -> None:
        """
        Whatever is missing is an unknown key, to open and to protect.
        """
        sides = parties()
        bare = MeterKeys(policy=Policy.NONE, authentication_key=OTHER_KEYS[0])
        for key in message_keys(sides):
            self.refused(Reason.UNKNOWN_KEY, protected(sides, key), bare)
        for make in (
            lambda: identify(bare),
            lambda: identify(bare, broadcast=True),
            lambda: wrap(bare, OTHER_KEYS[0]),
            lambda: agree(bare, sides.fields, Counted()),
            lambda: agree_static(bare, sides.fields),
        ):
            error = self.assertRaises(SecurityError, make)
            self.assertEqual(error.reason, Reason.UNKNOWN_KEY)
        keys = evolve(sides.client, signing_public_key=None)
        octets = protected(sides, agree(sides.meter, sides.fields, Counted()))
        self.refused(Reason.UNKNOWN_KEY, octets, keys)
        self.refused(Reason.UNKNOWN_KEY, protected(parties(2), identify(parties(2).meter)), keys)

    def test_wrong_key_info(self) -> None:
        """
        Key-Info of no kind that exists is refused by name; a forged one is seen.
        """
        sides = parties()
        good = parse_envelope(protected(sides, identify(sides.meter)))
        agreed = agree(sides.meter, sides.fields, Counted()).info
        assert isinstance(agreed, AgreedKey)
        data = agreed.key_ciphered_data
        for info, reason in (
            (IdentifiedKey(key_id=2), Reason.UNSUPPORTED),
            (WrappedKey(kek_id=1, key_ciphered_data=bytes(24)), Reason.UNSUPPORTED),
            (WrappedKey(kek_id=0, key_ciphered_data=bytes(24)), Reason.BAD_TAG),
            (WrappedKey(kek_id=0, key_ciphered_data=bytes(23)), Reason.MALFORMED),
            (AgreedKey(key_parameters=b"\x03", key_ciphered_data=b""), Reason.UNSUPPORTED),
            (AgreedKey(key_parameters=b"", key_ciphered_data=b""), Reason.UNSUPPORTED),
            (AgreedKey(key_parameters=b"\x02", key_ciphered_data=b"x"), Reason.UNSUPPORTED),
            (AgreedKey(key_parameters=b"\x01", key_ciphered_data=b""), Reason.MALFORMED),
            (
                AgreedKey(key_parameters=b"\x01", key_ciphered_data=data[:-1] + b"\x00"),
                Reason.BAD_SIGNATURE,
            ),
        ):
            envelope = good._replace(key_info=info)
            error = self.assertRaises(SecurityError, open_general, envelope, sides.client)
            self.assertEqual(error.reason, reason)

    def test_refused(self) -> None:
        """
        Too weak, compressed, with a key-set bit, without a sender, or cut short.
        """
        sides = parties()
        good = parse_envelope(protected(sides, identify(sides.meter)))
        for envelope, reason in (
            (good._replace(security_control=0x11), Reason.DOWNGRADE),
            (good._replace(security_control=0xB1), Reason.UNSUPPORTED),
            (good._replace(security_control=0x71), Reason.MALFORMED),
            (good._replace(security_control=0x33), Reason.UNSUPPORTED),
            (good._replace(mac=b""), Reason.MALFORMED),
        ):
            error = self.assertRaises(SecurityError, open_general, envelope, sides.client)
            self.assertEqual(error.reason, reason)
        cut = good._replace(extra_aad=good.extra_aad[:3])
        self.assertRaises(DecodeError, open_general, cut, sides.client)
        nobody = good._replace(extra_aad=bytes(5))
        keys = evolve(sides.client, system_title=None)
        error = self.assertRaises(SecurityError, open_general, nobody, keys)
        self.assertEqual(error.reason, Reason.UNKNOWN_KEY)

    def test_clear(self) -> None:
        """
        A layer of security control 00 holds clear text, and is judged as such.
        """
        sides = parties()
        octets = protected(sides, MessageKey(b"", None), control=0x01)
        self.refused(Reason.DOWNGRADE, octets, sides.client)
        found = opened(octets, MeterKeys(), policy=Policy.NONE)
        self.assertEqual((found.plaintext, found.authenticated), (PUSH, False))

    def test_wrong_key_without_tag(self) -> None:
        """
        Where there is no tag, a wrong key shows by what it deciphers to.
        """
        sides = parties()
        octets = protected(sides, identify(sides.meter), control=0x21)
        keys = evolve(sides.client, encryption_key=OTHER_KEYS[3], agreement_private_key=None)
        self.refused(Reason.IMPLAUSIBLE_PLAINTEXT, octets, keys, policy=Policy.NONE)

    def test_misuse(self) -> None:
        """
        The key-set bit, and an originator that is missing, are our own mistakes.
        """
        sides = parties()
        key = identify(sides.meter)
        self.assertRaises(LocalProtocolError, protected, sides, key, control=0x71)
        nobody = sides._replace(fields=Fields())
        self.assertRaises(LocalProtocolError, protected, nobody, key)


class GeneralSigningTests(SynchronousTestCase):
    """
    Tests of general-signing.
    """

    def test_round(self) -> None:
        """
        Both suites, both forms of what is covered, short contents and long ones.
        """
        for suite, form, size in product((1, 2), SignedContent, (5, 200, 70000)):
            sides = parties(suite)
            variants = Variants(signed=form)
            private, public = sides.meter.signing_private_key, sides.client.signing_public_key
            assert private is not None and public is not None
            signed = parse_signed(sign_message(bytes(size), sides.fields, private, variants))
            self.assertEqual((signed.fields, signed.content), (sides.fields, bytes(size)))
            verify_signed(signed, public)
            verify_signed(signed, public, variants)

    def test_other_form(self) -> None:
        """
        One that is told a single form takes no other.
        """
        sides = parties()
        private, public = sides.meter.signing_private_key, sides.client.signing_public_key
        assert private is not None and public is not None
        signed = parse_signed(sign_message(PUSH, sides.fields, private))
        other = Variants(signed=SignedContent.WITHOUT_LENGTH)
        error = self.assertRaises(SecurityError, verify_signed, signed, public, other)
        self.assertEqual(error.reason, Reason.BAD_SIGNATURE)

    def test_forged(self) -> None:
        """
        Every changed octet is a bad signature or no message.
        """
        sides = parties()
        private, public = sides.meter.signing_private_key, sides.client.signing_public_key
        assert private is not None and public is not None
        octets = sign_message(b"\xc0\x01\xc1", sides.fields, private)
        for place in range(len(octets)):
            forged = octets[:place] + bytes((octets[place] ^ 4,)) + octets[place + 1 :]
            try:
                signed = parse_signed(forged)
            except DecodeError:
                continue
            self.assertRaises(SecurityError, verify_signed, signed, public)
        for end in range(len(octets)):
            self.assertRaises(DecodeError, parse_signed, octets[:end])

    def test_key_that_is_none(self) -> None:
        """
        A configured key that is no point of a curve is an unknown key.
        """
        sides = parties()
        private = sides.meter.signing_private_key
        assert private is not None
        signed = parse_signed(sign_message(PUSH, sides.fields, private))
        for public in (bytes(64), b""):
            error = self.assertRaises(SecurityError, verify_signed, signed, public)
            self.assertEqual(error.reason, Reason.UNKNOWN_KEY)
