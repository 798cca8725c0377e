"""
Tests for L{dlms_twisted.session.opening} and L{dlms_twisted.session.messages}.
"""

from __future__ import annotations

from attrs import evolve
from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.apdu.block_transfer import GeneralBlockTransfer
from dlms_twisted.apdu.ciphered import GeneralCiphering
from dlms_twisted.apdu.data_notification import DataNotification, HeaderlessNotification
from dlms_twisted.apdu.event_notification import EventNotificationRequest
from dlms_twisted.apdu.key_info import IdentifiedKey
from dlms_twisted.apdu.signing import GeneralSigning
from dlms_twisted.codec import build
from dlms_twisted.errors import Reason
from dlms_twisted.security.fields import Fields
from dlms_twisted.security.general import protect_general
from dlms_twisted.security.general_keys import identify
from dlms_twisted.security.keys import MeterKeys, ReplayMode, key_epoch
from dlms_twisted.security.policy import Policy
from dlms_twisted.security.window import ReplayWindow
from dlms_twisted.session.notification import (
    Incoming,
    Notification,
    Outer,
    Reassembly,
    Refusal,
    Telegram,
    Windows,
    open_notification,
)
from tests.session.pushes import KEYS, OTHER_TITLE, TIME, TITLE, WindowTable, blocks, ciphered, push

EVENT = bytes.fromhex("c20000010000616200ff021203e8")
EPOCH = key_epoch(KEYS.encryption_key or b"")
#: The right epoch and title, other keys.
WRONG = evolve(KEYS, encryption_key=bytes(16), authentication_key=bytes(16))


def opened(
    octets: bytes,
    keys: MeterKeys | None = KEYS,
    windows: Windows | ReplayWindow | None = None,
    policy: Policy = Policy.NONE,
) -> Notification | Refusal:
    """
    @return: what becomes of a frame that carries one message.
    """
    [outer] = Reassembly().outer(Incoming(octets, b"raw", "meter"), 0.0)
    assert isinstance(outer, Outer), outer
    return open_notification(outer, keys, windows, policy=policy)


class _Tests(SynchronousTestCase):
    """
    What the tests below share.
    """

    def accepted(
        self,
        octets: bytes,
        keys: MeterKeys | None = KEYS,
        windows: Windows | ReplayWindow | None = None,
        policy: Policy = Policy.NONE,
    ) -> Notification:
        """
        @return: the notification that C{octets} become.
        """
        found = opened(octets, keys, windows, policy)
        assert isinstance(found, Notification), found
        return found

    def refused(
        self,
        octets: bytes,
        keys: MeterKeys | None = KEYS,
        windows: Windows | ReplayWindow | None = None,
        policy: Policy = Policy.NONE,
    ) -> Refusal:
        """
        @return: why C{octets} become none.
        """
        found = opened(octets, keys, windows, policy)
        assert isinstance(found, Refusal), found
        self.assertEqual(found.raw, b"raw")
        return found


class OpeningTests(_Tests):
    """
    Tests for L{open_notification}.
    """

    def test_plain(self) -> None:
        """
        Without protection nothing is claimed of the sender.
        """
        found = self.accepted(push(), None)
        self.assertEqual(found, Notification(push(), b"raw", DataNotification.decode(push())))
        self.assertIsNone(found.authenticated)
        self.assertEqual(found.body.values, (1000, 1001, 1002, 1003))
        self.assertEqual(found.time, TIME)

    def test_ciphered(self) -> None:
        """
        A verified push says who sent it, under which key and counter.
        """
        found = self.accepted(ciphered(push(), 7), windows=WindowTable())
        self.assertEqual(
            found,
            Notification(
                push(),
                b"raw",
                DataNotification.decode(push()),
                title=TITLE,
                epoch=EPOCH,
                counter=7,
                authenticated=True,
                encrypted=True,
                checked=True,
                security_control=0x30,
            ),
        )

    def test_kinds_of_protection(self) -> None:
        """
        Each security control octet gives just what it stands for.
        """
        flags = {0x10: (True, False), 0x20: (False, True), 0x30: (True, True)}
        for control, (authenticated, encrypted) in flags.items():
            for tag in (0xDB, 0xCA):
                found = self.accepted(
                    ciphered(EVENT, 7, control=control, tag=tag), windows=WindowTable()
                )
                self.assertEqual((found.authenticated, found.encrypted), (authenticated, encrypted))
                self.assertEqual((found.apdu, found.title), (EVENT, TITLE))
                # What is not verified moves no window.
                self.assertEqual(found.checked, authenticated)

    def test_events(self) -> None:
        """
        An event is a notification; its value is the body.
        """
        for octets in (EVENT, ciphered(EVENT, 1)):
            found = self.accepted(octets)
            self.assertIsInstance(found.message, EventNotificationRequest)
            self.assertEqual((found.body.values, found.time), (1000, None))
        timed = EVENT[:1] + b"\x01\x0c" + TIME + EVENT[2:]
        self.assertEqual(self.accepted(timed).time, TIME)

    def test_information_report(self) -> None:
        """
        The report of a meter with short names is a notification; its values are the body.
        """
        found = self.accepted(bytes.fromhex("1800010200a8011105"))
        self.assertEqual((found.body.values, found.time), ((5,), None))

    def test_telegram(self) -> None:
        """
        A ciphered P1 telegram is a notification without values of its own.
        """
        for text in (b"/ISk5\x02MIE5T-200\r\n\r\n!ABCD\r\n", b"/ABC5\r\n0-0:96.1.0(\xe9)\r\n!\r\n"):
            self.assertEqual(self.accepted(ciphered(text, 1)).apdu, text)
        found = self.accepted(ciphered(b"/ABC5\r\n\r\n!\r\n", 1))
        self.assertEqual(found.message, Telegram(b"/ABC5\r\n\r\n!\r\n"))
        self.assertEqual((found.body, found.time), (build.null(), None))

    def test_no_telegram(self) -> None:
        """
        What begins with a slash and is no text is no telegram.
        """
        for text in (b"/ABC5\r\n", b"/\x00!", b"/ABC\x1b!"):
            self.assertEqual(self.refused(ciphered(text, 1)).reason, Reason.MALFORMED)
            unverified = self.refused(ciphered(text, 1, control=0x20))
            self.assertEqual(unverified.reason, Reason.IMPLAUSIBLE_PLAINTEXT)

    def test_no_prefix_inside(self) -> None:
        """
        A gateway's prefix does not belong inside of an envelope.
        """
        octets = bytes.fromhex("e60000") + push()
        self.assertEqual(self.refused(ciphered(octets, 1)).reason, Reason.MALFORMED)
        unverified = self.refused(ciphered(octets, 1, control=0x20))
        self.assertEqual(unverified.reason, Reason.IMPLAUSIBLE_PLAINTEXT)

    def test_outer_without_message(self) -> None:
        """
        A plain APDU that was not decoded yet is decoded.
        """
        found = open_notification(Outer(push(), b"raw", None, None), None, None, policy=Policy.NONE)
        self.assertEqual(found, self.accepted(push(), None))
        refused = open_notification(
            Outer(b"\x0f", b"raw", None, None), None, None, policy=Policy.NONE
        )
        assert isinstance(refused, Refusal)
        self.assertEqual(refused.reason, Reason.MALFORMED)

    def test_body_alone(self) -> None:
        """
        A body without its header, ciphered, is a notification.
        """
        body = build.array(build.structure(build.octet_string(bytes(6)), build.unsigned(1)))
        found = self.accepted(ciphered(body.octets, 1))
        assert isinstance(found.message, HeaderlessNotification)
        self.assertEqual(found.body, body)

    def test_padded_plaintext(self) -> None:
        """
        Zeros after the plaintext are padding.
        """
        found = self.accepted(ciphered(push() + bytes(3), 1))
        self.assertEqual(found.message, DataNotification.decode(push()))

    def test_unknown_key(self) -> None:
        """
        Without keys a ciphered push is refused as such, with what it claims.
        """
        for control in (0x20, 0x30):
            refusal = self.refused(ciphered(push(), 7, control=control), None)
            self.assertEqual(refusal[:1] + refusal[3:], (Reason.UNKNOWN_KEY, TITLE, 7, None))

    def test_readable_without_key(self) -> None:
        """
        What is only authenticated can be read without a key, unverified, where nobody demands more.
        """
        octets = ciphered(push(), 7, control=0x10)
        found = self.accepted(octets, None)
        self.assertEqual(
            (found.authenticated, found.encrypted, found.checked), (False, False, False)
        )
        self.assertEqual(found.message, DataNotification.decode(push()))
        refusal = self.refused(octets, None, policy=Policy.AUTHENTICATED)
        self.assertEqual(refusal.reason, Reason.UNKNOWN_KEY)

    def test_wrong_key(self) -> None:
        """
        A wrong key shows as a bad tag, or, where there is no tag to check, as implausible plaintext.
        """
        self.assertEqual(self.refused(ciphered(push(), 7), WRONG).reason, Reason.BAD_TAG)
        for counter in range(2000):
            octets = ciphered(push(), counter, control=0x20)
            refusal = self.refused(octets, WRONG)
            self.assertEqual(refusal.reason, Reason.IMPLAUSIBLE_PLAINTEXT)
        untagged = evolve(WRONG, authentication_key=None)
        self.assertEqual(
            self.refused(ciphered(push(), 7), untagged).reason, Reason.IMPLAUSIBLE_PLAINTEXT
        )

    def test_forged(self) -> None:
        """
        Whatever octet of the protected part was changed, the push is refused, and the window is as it was.
        """
        whole = ciphered(push(), 7)
        windows = WindowTable()
        self.accepted(whole, windows=windows)
        [window] = windows.windows.values()
        before = window.to_state()
        for place in range(12, len(whole)):
            forged = whole[:place] + bytes((whole[place] ^ 0x40,)) + whole[place + 1 :]
            self.assertIsInstance(opened(forged, KEYS, windows, Policy.AUTHENTICATED), Refusal)
        self.assertEqual(window.to_state(), before)

    def test_downgrade(self) -> None:
        """
        Weaker protection than demanded is refused before a key is used.
        """
        both = Policy.AUTHENTICATED_ENCRYPTED
        for octets, keys in (
            (push(), None),
            (ciphered(push(), 7, control=0x10), KEYS),
            (ciphered(push(), 7, control=0x20), KEYS),
            (ciphered(push(), 7, control=0x20), None),
        ):
            self.assertEqual(self.refused(octets, keys, policy=both).reason, Reason.DOWNGRADE)

    def test_replay(self) -> None:
        """
        A counter that was accepted is refused; opening alone accepts none.
        """
        windows = WindowTable()
        octets = ciphered(push(), 7)
        for _ in range(2):
            self.assertTrue(self.accepted(octets, windows=windows).checked)
        windows.get(TITLE, EPOCH).accept(7)
        refusal = self.refused(octets, windows=windows)
        self.assertEqual(refusal[:1] + refusal[3:], (Reason.REPLAY, TITLE, 7, EPOCH))
        self.assertEqual(
            self.refused(octets, windows=windows.get(TITLE, EPOCH)).reason, Reason.REPLAY
        )

    def test_replay_off(self) -> None:
        """
        A meter whose counters are not judged gives records that are not checked.
        """
        keys = evolve(KEYS, replay=ReplayMode.OFF)
        windows = WindowTable()
        found = self.accepted(ciphered(push(), 7), keys, windows)
        windows.get(TITLE, EPOCH, ReplayMode.OFF).accept(7)
        self.assertFalse(found.checked)
        self.assertFalse(self.accepted(ciphered(push(), 7), keys, windows).checked)

    def test_no_windows(self) -> None:
        """
        Without windows nothing is checked.
        """
        self.assertFalse(self.accepted(ciphered(push(), 7)).checked)

    def test_pending_key(self) -> None:
        """
        A key to come opens what it was made with, under its own epoch and window.
        """
        later = bytes(range(100, 116))
        keys = evolve(KEYS, pending_encryption_key=later)
        octets = ciphered(push(), 1, keys=evolve(KEYS, encryption_key=later))
        windows = WindowTable()
        windows.get(TITLE, EPOCH).accept(1)
        found = self.accepted(octets, keys, windows)
        self.assertEqual(
            (found.pending, found.epoch, found.checked), (True, key_epoch(later), True)
        )

    def test_malformed_plaintext(self) -> None:
        """
        A verified push that does not decode is the meter's fault, not the key's.
        """
        refusal = self.refused(ciphered(push()[:-1], 7))
        self.assertEqual(refusal[:1] + refusal[3:], (Reason.MALFORMED, TITLE, 7, EPOCH))

    def test_compressed(self) -> None:
        """
        V.44 compression is refused by name, with and without keys.
        """
        octets = bytearray(ciphered(push(), 7, control=0x10))
        octets[11] |= 0x80
        for keys in (KEYS, None):
            self.assertEqual(self.refused(bytes(octets), keys).reason, Reason.UNSUPPORTED)

    def test_no_notification(self) -> None:
        """
        A well-formed APDU that nobody pushes is refused by its name.
        """
        request = bytes.fromhex("c002c100000001")
        for octets in (request, ciphered(request, 1)):
            refusal = self.refused(octets)
            self.assertEqual(refusal.reason, Reason.UNSUPPORTED)
            self.assertIn("get-request-next", refusal.detail)

    def test_shows_no_secret(self) -> None:
        """
        Neither keys nor plaintext stand in a refusal's words.
        """
        for octets, keys in ((ciphered(push()[:-1], 7), KEYS), (ciphered(push(), 7), WRONG)):
            refusal = self.refused(octets, keys)
            for secret in (KEYS.encryption_key, KEYS.authentication_key, push()):
                assert secret is not None
                self.assertNotIn(secret.hex(), refusal.detail)


class LayerTests(_Tests):
    """
    Protection within protection.
    """

    def test_ciphered_twice(self) -> None:
        """
        Each layer is removed.
        """
        found = self.accepted(ciphered(ciphered(push(), 4, control=0x20), 5, control=0x10))
        self.assertEqual((found.authenticated, found.encrypted, found.counter), (True, True, 5))
        self.assertEqual(found.apdu, push())

    def test_block_inside(self) -> None:
        """
        Blocks in an envelope: one that is all of its message is opened, one of several is given as it is.
        """
        [single] = blocks(push(), 1000)
        self.assertEqual(self.accepted(ciphered(single, 1)).apdu, push())
        first = blocks(push(), 10)[0]
        self.assertIsInstance(self.accepted(ciphered(first, 1)).message, GeneralBlockTransfer)

    def test_everything(self) -> None:
        """
        A signed push in an envelope in a block in an envelope.
        """
        signed = GeneralSigning(
            originator_system_title=TITLE, content=push(), signature=bytes(64)
        ).encode()
        [block] = blocks(ciphered(signed, 1), 1000)
        self.assertEqual(self.accepted(ciphered(block, 2)).apdu, push())

    def test_signed(self) -> None:
        """
        A signed push is read; without the signer's key it is not signed for us.
        """
        octets = GeneralSigning(
            originator_system_title=TITLE, content=push(), signature=bytes(64)
        ).encode()
        for keys in (KEYS, None):
            found = self.accepted(octets, keys)
            self.assertEqual((found.apdu, found.title, found.counter), (push(), TITLE, None))
            self.assertEqual((found.signed, found.authenticated), (False, False))
        refusal = self.refused(octets, policy=Policy(signed=True))
        self.assertEqual(refusal.reason, Reason.UNKNOWN_KEY)
        self.assertEqual(self.refused(octets, policy=Policy.ENCRYPTED).reason, Reason.DOWNGRADE)

    def test_general_ciphering(self) -> None:
        """
        General-ciphering with an identified key.
        """
        octets = protect_general(
            push(),
            keys=KEYS,
            key=identify(KEYS),
            fields=Fields(b"12345678", TITLE, OTHER_TITLE),
            counter=9,
            security_control=0x30,
        )
        windows = WindowTable()
        found = self.accepted(octets, windows=windows, policy=Policy.AUTHENTICATED_ENCRYPTED)
        self.assertEqual((*found[3:8], found.checked), (TITLE, EPOCH, 9, True, True, True))
        windows.get(TITLE, EPOCH).accept(9)
        self.assertEqual(self.refused(octets, windows=windows).reason, Reason.REPLAY)
        self.assertEqual(self.refused(octets, None).reason, Reason.UNKNOWN_KEY)
        self.assertEqual(self.refused(octets, WRONG).reason, Reason.BAD_TAG)

    def test_other_sender_inside(self) -> None:
        """
        The keys of one sender open no layer of another.
        """
        inner = ciphered(push(), 1, title=OTHER_TITLE)
        self.assertEqual(self.refused(ciphered(inner, 2)).reason, Reason.UNKNOWN_KEY)

    def test_inner_layer_damaged(self) -> None:
        """
        An inner layer that does not open or is malformed refuses the push.
        """
        inner = bytearray(ciphered(push(), 1))
        inner[-1] ^= 1
        self.assertEqual(self.refused(ciphered(bytes(inner), 2)).reason, Reason.BAD_TAG)
        self.assertEqual(self.refused(ciphered(bytes(inner[:-1]), 2)).reason, Reason.MALFORMED)

    def test_too_many(self) -> None:
        """
        The number of layers is bounded.
        """
        octets = push()
        for counter in range(12):
            octets = ciphered(octets, counter)
        self.assertEqual(self.refused(octets).reason, Reason.LIMIT)

    def test_malformed_layers(self) -> None:
        """
        General-ciphering in which a signed APDU is cut off.
        """
        octets = GeneralCiphering(
            originator_system_title=TITLE,
            key_info=IdentifiedKey(key_id=0),
            security_control=0,
            invocation_counter=0,
            payload=b"\xdf\x05",
        ).encode()
        self.assertEqual(self.refused(octets).reason, Reason.MALFORMED)


class PlainTests(SynchronousTestCase):
    """
    Tests for L{Notification.plain}.
    """

    def test_plain(self) -> None:
        """
        The plaintext is told apart only where the raw octets do not end with it.
        """
        message = DataNotification.decode(push())
        self.assertIsNone(Notification(push(), b"header" + push(), message).plain)
        self.assertEqual(Notification(push(), b"frames", message).plain, push())
