"""
Tests of L{dlms_twisted.security.opening}, L{dlms_twisted.security.protect} and L{dlms_twisted.security.choice}.
"""

from __future__ import annotations

from attrs import evolve
from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.apdu.ciphered import Envelope, encode_envelope, parse_envelope
from dlms_twisted.errors import CounterExhaustedError, LocalProtocolError, Reason, SecurityError
from dlms_twisted.security.choice import candidates, ciphered_tag, expected_epoch
from dlms_twisted.security.keys import MeterKeys, key_epoch
from dlms_twisted.security.opening import Opened, cipher, open_envelope
from dlms_twisted.security.policy import Policy
from dlms_twisted.security.protect import protect
from dlms_twisted.security.suites import security_control
from dlms_twisted.security.window import ReplayWindow
from tests.security.samples import (
    AUTHENTICATION_KEY,
    COUNTER,
    ENCRYPTION_KEY,
    KEYS,
    OTHER_KEYS,
    PLAINTEXT,
    PUSH,
    TITLE,
)

#: 04, section 12: one request in three modes, and once in the general form.
_EXAMPLES = {
    0x10: "C81E1001234567C0010000080000010000FF020006725D910F9221D263877516",
    0x20: "C8122001234567411312FF935A47566827C467BC",
    0x30: "C81E3001234567411312FF935A47566827C467BC7D825C3BE4A77C3FCC056B6B",
}
_GENERAL = "DB084D4D4D0000BC614E1E3001234567411312FF935A47566827C467BC7D825C3BE4A77C3FCC056B6B"


def opened(octets: bytes, keys: MeterKeys = KEYS, **options: object) -> Opened:
    """
    Parse and open, by default without any demand.
    """
    options.setdefault("policy", Policy.NONE)
    return open_envelope(parse_envelope(octets), keys, TITLE, **options)  # type: ignore[arg-type]


def push(counter: int = COUNTER, keys: MeterKeys = KEYS, control: int = 0x30) -> bytes:
    """
    @return: a protected push.
    """
    return protect(PUSH, keys=keys, title=TITLE, counter=counter, security_control=control)


class _RefusalCase(SynchronousTestCase):
    """
    Asserts on the reason of a refusal.
    """

    def refused(self, reason: Reason, octets: bytes, **options: object) -> SecurityError:
        """
        @return: the refusal.
        """
        error = self.assertRaises(SecurityError, opened, octets, **options)
        self.assertEqual(error.reason, reason)
        return error  # type: ignore[no-any-return]


class ExampleTests(SynchronousTestCase):
    """
    Tests with the published examples.
    """

    def test_open(self) -> None:
        """
        Each opens to the request, and says what was verified.
        """
        for control, text in _EXAMPLES.items():
            found = opened(bytes.fromhex(text))
            self.assertEqual(found.plaintext, PLAINTEXT)
            self.assertEqual(found.authenticated, bool(control & 0x10))
            self.assertEqual(found.encrypted, bool(control & 0x20))
            self.assertEqual(found.counter, COUNTER)
            self.assertEqual(found.title, TITLE)
            self.assertEqual(found.epoch, key_epoch(ENCRYPTION_KEY))
            self.assertFalse(found.pending)

    def test_general(self) -> None:
        """
        The general form opens with the title that it carries, whatever else the caller believes.
        """
        envelope = parse_envelope(bytes.fromhex(_GENERAL))
        found = open_envelope(envelope, KEYS, b"\x00" * 8)
        self.assertEqual((found.plaintext, found.title), (PLAINTEXT, TITLE))

    def test_protect(self) -> None:
        """
        Protecting the request gives the published octets.
        """
        for control, text in _EXAMPLES.items():
            octets = protect(
                PLAINTEXT,
                keys=KEYS,
                title=TITLE,
                counter=COUNTER,
                security_control=control,
                tag=ciphered_tag(PLAINTEXT[0]),
            )
            self.assertEqual(octets.hex(), text.lower())
        octets = protect(PLAINTEXT, keys=KEYS, title=TITLE, counter=COUNTER, security_control=0x30)
        self.assertEqual(octets.hex(), _GENERAL.lower())

    def test_protect_is_encode(self) -> None:
        """
        Protecting gives what the envelope's own encoder gives, for long payloads as well.
        """
        for plaintext in (PUSH, PUSH * 2, PUSH * 500):
            for control in (0x10, 0x20, 0x30):
                octets = protect(
                    plaintext, keys=KEYS, title=TITLE, counter=1, security_control=control
                )
                self.assertEqual(encode_envelope(parse_envelope(octets)), octets)
                self.assertEqual(opened(octets).plaintext, plaintext)


class KeyChoiceTests(_RefusalCase):
    """
    Tests of which key opens what.
    """

    def test_suite_2(self) -> None:
        """
        Suite 2 uses keys of 32 octets.
        """
        keys = evolve(KEYS, encryption_key=bytes(range(32)), authentication_key=bytes(32))
        octets = push(keys=keys, control=0x32)
        self.assertEqual(opened(octets, keys).plaintext, PUSH)
        self.refused(Reason.UNKNOWN_KEY, octets)

    def test_short_keys_in_suite_1(self) -> None:
        """
        Security control 21 with the keys of suite 0, as an Austrian meter sends it.
        """
        self.assertEqual(opened(push(control=0x21)).plaintext, PUSH)

    def test_no_such_suite(self) -> None:
        """
        Suites 3 to 15 do not exist.
        """
        octets = bytearray(push())
        for number in range(3, 16):
            octets[12] = 0x30 | number
            self.refused(Reason.UNSUPPORTED, bytes(octets))

    def test_broadcast(self) -> None:
        """
        The key-set bit asks for the broadcast key.
        """
        keys = evolve(KEYS, broadcast_key=OTHER_KEYS[0])
        octets = push(keys=keys, control=security_control(broadcast=True))
        found = opened(octets, keys)
        self.assertEqual(found.epoch, key_epoch(OTHER_KEYS[0]))
        self.assertEqual(expected_epoch(parse_envelope(octets), keys), found.epoch)
        self.refused(Reason.UNKNOWN_KEY, octets)

    def test_dedicated(self) -> None:
        """
        C{ded-} tags and general-ded-ciphering ask for the dedicated key, which is never a broadcast key.
        """
        keys = evolve(KEYS, dedicated_key=OTHER_KEYS[1])
        for tag in (0xD0, 0xDC):
            octets = protect(
                PLAINTEXT, keys=keys, title=TITLE, counter=0, security_control=0x30, tag=tag
            )
            self.assertEqual(opened(octets, keys).epoch, key_epoch(OTHER_KEYS[1]))
            self.refused(Reason.UNKNOWN_KEY, octets)
            envelope = parse_envelope(octets)._replace(security_control=0x70)
            error = self.assertRaises(SecurityError, open_envelope, envelope, keys, TITLE)
            self.assertEqual(error.reason, Reason.MALFORMED)

    def test_no_title(self) -> None:
        """
        An empty title is replaced by the one that is known; without any the key is as good as unknown.
        """
        envelope = parse_envelope(push())._replace(system_title=b"")
        self.assertEqual(open_envelope(envelope, KEYS, b"").plaintext, PUSH)
        keys = evolve(KEYS, system_title=None)
        self.assertEqual(open_envelope(envelope, keys, TITLE).plaintext, PUSH)
        error = self.assertRaises(SecurityError, open_envelope, envelope, keys, b"")
        self.assertEqual(error.reason, Reason.UNKNOWN_KEY)
        error = self.assertRaises(SecurityError, open_envelope, envelope, keys, b"MMM")
        self.assertEqual(error.reason, Reason.MALFORMED)

    def test_no_authentication_key(self) -> None:
        """
        Without it the data are had, unverified, where the policy allows it, and no counter may be accepted.
        """
        keys = evolve(KEYS, authentication_key=None)
        for control in (0x10, 0x30):
            found = opened(push(control=control), keys)
            self.assertEqual((found.plaintext, found.authenticated), (PUSH, False))
            error = self.refused(
                Reason.UNKNOWN_KEY, push(control=control), keys=keys, policy=Policy.AUTHENTICATED
            )
            self.assertIn("authentication key", str(error))

    def test_no_key_for_clear_text(self) -> None:
        """
        A message that is only authenticated can be read without any key, where nobody demands to verify it.
        """
        found = opened(push(control=0x10), MeterKeys())
        self.assertEqual((found.plaintext, found.authenticated, found.epoch), (PUSH, False, ""))
        self.refused(
            Reason.UNKNOWN_KEY, push(control=0x10), keys=MeterKeys(), policy=Policy.AUTHENTICATED
        )

    def test_wrong_key_without_tag(self) -> None:
        """
        Where there is no tag to check, a wrong key shows by what it deciphers to.
        """
        octets = push(control=0x20)
        for key in OTHER_KEYS:
            self.refused(
                Reason.IMPLAUSIBLE_PLAINTEXT, octets, keys=evolve(KEYS, encryption_key=key)
            )

    def test_cipher_cache(self) -> None:
        """
        A key's cipher is made once, and not for ever.
        """
        self.assertIs(cipher(ENCRYPTION_KEY), cipher(ENCRYPTION_KEY))
        self.assertIsNotNone(cipher.cache_info().maxsize)


class PendingTests(_RefusalCase):
    """
    Tests of keys to come.
    """

    def setUp(self) -> None:
        self.next_keys = evolve(
            KEYS, encryption_key=OTHER_KEYS[0], authentication_key=OTHER_KEYS[1]
        )
        self.keys = evolve(
            KEYS,
            pending_encryption_key=OTHER_KEYS[0],
            pending_authentication_key=OTHER_KEYS[1],
        )

    def test_each_pair(self) -> None:
        """
        The current pair, the next one, and either key changed alone all open.
        """
        for encryption, authentication in (
            (ENCRYPTION_KEY, AUTHENTICATION_KEY),
            (OTHER_KEYS[0], OTHER_KEYS[1]),
            (OTHER_KEYS[0], AUTHENTICATION_KEY),
            (ENCRYPTION_KEY, OTHER_KEYS[1]),
        ):
            sender = evolve(KEYS, encryption_key=encryption, authentication_key=authentication)
            for control in (0x10, 0x30):
                found = opened(push(keys=sender, control=control), self.keys)
                self.assertEqual(found.plaintext, PUSH)
                self.assertTrue(found.authenticated)
                self.assertEqual(found.epoch, key_epoch(encryption))
                is_current = (encryption, authentication) == (ENCRYPTION_KEY, AUTHENTICATION_KEY)
                self.assertEqual(found.pending, not is_current)

    def test_wrong(self) -> None:
        """
        A key that is neither opens nothing.
        """
        sender = evolve(KEYS, encryption_key=OTHER_KEYS[5])
        self.refused(Reason.BAD_TAG, push(keys=sender), keys=self.keys)

    def test_without_tag(self) -> None:
        """
        Without a tag, what deciphers to something sensible is taken.
        """
        found = opened(push(keys=self.next_keys, control=0x20), self.keys)
        self.assertEqual((found.plaintext, found.pending), (PUSH, True))

    def test_windows(self) -> None:
        """
        A new key starts its counters anew: they are judged by its own window, never by the old one.
        """
        window, pending = ReplayWindow(), ReplayWindow()
        window.accept(0xFFFFFF00)
        pending.accept(2)
        found = opened(push(3, self.next_keys), self.keys, window=window, pending_window=pending)
        self.assertEqual((found.counter, found.pending), (3, True))
        self.refused(
            Reason.REPLAY,
            push(2, self.next_keys),
            keys=self.keys,
            window=window,
            pending_window=pending,
        )
        self.refused(Reason.REPLAY, push(3), keys=self.keys, window=window)

    def test_authentication_key_to_come(self) -> None:
        """
        Where only the next authentication key is known, nothing is taken unverified that must be verified.
        """
        keys = evolve(KEYS, authentication_key=None, pending_authentication_key=AUTHENTICATION_KEY)
        self.assertTrue(opened(push(), keys, policy=Policy.AUTHENTICATED).authenticated)
        forged = push()[:-1] + b"\x00"
        self.refused(Reason.BAD_TAG, forged, keys=keys, policy=Policy.AUTHENTICATED)

    def test_only_pending(self) -> None:
        """
        A meter whose current key is not known, or of another suite, is heard under the next one.
        """
        for current in (None, bytes(32)):
            keys = evolve(self.keys, encryption_key=current)
            self.assertTrue(opened(push(keys=self.next_keys), keys).pending)
        keys = evolve(self.keys, encryption_key=None, pending_encryption_key=bytes(32))
        self.refused(Reason.UNKNOWN_KEY, push(), keys=keys)

    def test_order(self) -> None:
        """
        The current pair is tried first, and pairs that verify nothing last.
        """
        found = candidates(parse_envelope(push()), self.keys)
        self.assertEqual([one.pending for one in found], [False, True, True, True])
        keys = evolve(self.keys, authentication_key=None)
        found = candidates(parse_envelope(push()), keys)
        self.assertEqual(
            [one.authentication_key is None for one in found], [False, False, True, True]
        )


class RefusalTests(_RefusalCase):
    """
    Tests of what is refused, and that nothing changes by it.
    """

    def test_downgrade(self) -> None:
        """
        Less than the policy demands is refused, before anything else is looked at.
        """
        for control, policy in (
            (0x10, Policy.ENCRYPTED),
            (0x20, Policy.AUTHENTICATED),
            (0x20, Policy.AUTHENTICATED_ENCRYPTED),
            (0x10, Policy.AUTHENTICATED_ENCRYPTED),
            (0x30, Policy(signed=True)),
        ):
            octets = push(control=control)
            self.refused(Reason.DOWNGRADE, octets, policy=policy)
            self.refused(Reason.DOWNGRADE, octets, keys=MeterKeys(), policy=policy)

    def test_clear(self) -> None:
        """
        Security control 00 is clear text in an envelope, and judged as such.
        """
        octets = encode_envelope(Envelope(0xDB, TITLE, 0x00, 5, PUSH, b""))
        found = opened(octets, MeterKeys())
        self.assertEqual((found.plaintext, found.authenticated), (PUSH, False))
        self.assertFalse(found.encrypted)
        self.refused(Reason.DOWNGRADE, octets, policy=None)

    def test_compressed(self) -> None:
        """
        V.44 compression is refused by name.
        """
        octets = bytearray(push())
        octets[12] |= 0x80
        self.assertIn("V.44", str(self.refused(Reason.UNSUPPORTED, bytes(octets))))

    def test_replay_before_tag(self) -> None:
        """
        A counter that was used is refused without spending time on the tag.
        """
        window = ReplayWindow()
        window.accept(COUNTER)
        forged = push()[:-1] + b"\x00"
        self.refused(Reason.REPLAY, forged, window=window)
        self.refused(Reason.REPLAY, push(), window=window)

    def test_window_is_not_moved(self) -> None:
        """
        Neither a forged message nor a good one moves the window: accepting is the caller's last step.
        """
        window = ReplayWindow()
        before = window.to_state()
        self.refused(Reason.BAD_TAG, push(0xFFFFFFFF)[:-1] + b"\x00", window=window)
        opened(push(), window=window)
        self.assertEqual(window.to_state(), before)

    def test_tag_of_another_service(self) -> None:
        """
        The tag of a C{glo-} APDU is covered by no authentication, so it must be that of the service within.
        """
        octets = bytes.fromhex("C9" + _EXAMPLES[0x30][2:])
        self.refused(Reason.MALFORMED, octets)
        unverified = bytes.fromhex("C9" + _EXAMPLES[0x20][2:])
        self.refused(Reason.IMPLAUSIBLE_PLAINTEXT, unverified)

    def test_malformed(self) -> None:
        """
        Parts that no parser gives are refused, not believed.
        """
        envelope = parse_envelope(push())
        for damaged in (
            envelope._replace(mac=b"\x00" * 11),
            envelope._replace(mac=b""),
            envelope._replace(invocation_counter=1 << 32),
            envelope._replace(invocation_counter=-1),
            envelope._replace(system_title=b"\x00" * 9),
        ):
            error = self.assertRaises(SecurityError, open_envelope, damaged, KEYS, TITLE)
            self.assertEqual(error.reason, Reason.MALFORMED)


class ProtectTests(SynchronousTestCase):
    """
    Tests of what cannot be protected.
    """

    def test_misuse(self) -> None:
        """
        Our own mistakes are told before anything is made.
        """
        good = {"keys": KEYS, "title": TITLE, "counter": 0, "security_control": 0x30}
        for wrong in (
            {"title": b""},
            {"counter": -1},
            {"security_control": 0xB0},
            {"security_control": 0x130},
            {"tag": 0xC0},
            {"tag": 0xDD},
        ):
            self.assertRaises(LocalProtocolError, protect, PUSH, **{**good, **wrong})

    def test_exhausted(self) -> None:
        """
        After the last counter there is none.
        """
        self.assertEqual(opened(push(0xFFFFFFFF)).counter, 0xFFFFFFFF)
        self.assertRaises(CounterExhaustedError, push, 0x100000000)

    def test_missing_keys(self) -> None:
        """
        A key that is missing is named.
        """
        for keys, control in (
            (MeterKeys(), 0x30),
            (evolve(KEYS, authentication_key=None), 0x30),
            (KEYS, 0x70),
            (KEYS, 0x32),
        ):
            error = self.assertRaises(SecurityError, push, 0, keys, control)
            self.assertEqual(error.reason, Reason.UNKNOWN_KEY)

    def test_tags(self) -> None:
        """
        Each service has its ciphered forms; those that have none use the general ones (03, section 1).
        """
        for plain, glo, ded in (
            (0x01, 0x21, 0x41),
            (0x0E, 0x2E, 0x4E),
            (0xC0, 0xC8, 0xD0),
            (0xC7, 0xCF, 0xD7),
            (0x0F, 0xDB, 0xDC),
            (0xD9, 0xDB, 0xDC),
            (0x21, 0xDB, 0xDC),
        ):
            self.assertEqual(ciphered_tag(plain), glo)
            self.assertEqual(ciphered_tag(plain, dedicated=True), ded)
