"""
Pushes of real meters, from the shared vectors, through both steps of L{dlms_twisted.session.notification}.
"""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.apdu.base import Apdu
from dlms_twisted.apdu.envelope import ENCRYPTED, parse_envelope
from dlms_twisted.errors import DecodeError, Reason
from dlms_twisted.security.keys import MeterKeys
from dlms_twisted.security.policy import Policy
from dlms_twisted.session.notification import (
    Incoming,
    Notification,
    Outer,
    Reassembly,
    Refusal,
    open_notification,
    read_message,
)
from tests import vectors
from tests.session.pushes import hdlc_payloads

#: What cannot be whole, and why.
FAULTY = {
    "mx382-alarm": "the wrapper's length is one short, so the alarm's last octet is outside",
}
#: Ciphering vectors that are no pushes, or are not whole APDUs.
OTHERS = {Reason.UNSUPPORTED, Reason.MALFORMED, Reason.UNKNOWN_KEY}


def keys_of(record: dict[str, Any]) -> MeterKeys | None:
    """
    @return: the keys that a record gives.
    """
    named = {name: bytes.fromhex(key) for name, key in (record["keys"] or {}).items() if key}
    if "ek" not in named:
        return None
    return MeterKeys(
        system_title=named["system_title"],
        encryption_key=named["ek"],
        authentication_key=named.get("ak"),
    )


def notifications(payloads: list[bytes], keys: MeterKeys | None) -> list[Notification | Refusal]:
    """
    @return: what becomes of the payloads of one peer's frames.
    """
    reassembly = Reassembly()
    found: list[Notification | Refusal] = []
    for payload in payloads:
        for outer in reassembly.outer(Incoming(payload, payload, "meter"), 0.0):
            if isinstance(outer, Outer):
                found.append(open_notification(outer, keys, None, policy=Policy.NONE))
            else:
                found.append(outer)
    assert not len(reassembly)
    return found


class PushedVectorTests(SynchronousTestCase):
    """
    Each push becomes the tree that its record says.
    """

    def check(self, record: dict[str, Any], payloads: list[bytes]) -> None:
        """
        Open C{payloads} and compare.
        """
        wanted = record.get("decoded") or record["expected"]
        [found] = notifications(payloads, keys_of(record))
        assert isinstance(found, Notification), found
        assert isinstance(found.message, Apdu)
        form = found.message.to_json()
        self.assertEqual(form, {name: wanted[name] for name in form}, record["id"])
        self.assertEqual(found.message.encode(), found.apdu, record["id"])
        if "plaintext" in wanted:
            self.assertEqual(found.apdu.hex(), wanted["plaintext"])

    def test_wrapper(self) -> None:
        """
        C{wrapper_udp.jsonl}, plain and ciphered.
        """
        count = 0
        for record in vectors.load("wrapper_udp.jsonl"):
            octets = bytes.fromhex(record["hex"])
            payload = octets[8 : 8 + int.from_bytes(octets[6:8], "big")]
            if record["id"] in FAULTY:
                [refusal] = notifications([payload], None)
                assert isinstance(refusal, Refusal)
                self.assertEqual((refusal.reason, refusal.raw), (Reason.MALFORMED, payload))
                continue
            count += 1
            self.check(record, [payload])
        self.assertEqual(count, 23)

    def test_hdlc(self) -> None:
        """
        C{hdlc_push.jsonl}: one frame, several segments, several blocks, plain and ciphered.
        """
        records = vectors.load("hdlc_push.jsonl")
        for record in records:
            payloads = hdlc_payloads(bytes.fromhex(record["hex"]))
            self.assertTrue(payloads, record["id"])
            self.check(record, payloads)
        self.assertEqual(len(records), 19)

    def test_blocks_in_any_pieces(self) -> None:
        """
        The blocks of C{hdlc_push.jsonl}, repeated and reordered, give the same one notification.
        """
        for record in vectors.load("hdlc_push.jsonl"):
            payloads = hdlc_payloads(bytes.fromhex(record["hex"]))
            if len(payloads) > 1:
                self.check(record, payloads[::-1])
                self.check(record, [payloads[0], *payloads])

    def test_every_prefix(self) -> None:
        """
        A part of a pushed APDU is none, however it came.
        """
        count = 0
        for name in ("wrapper_udp.jsonl", "hdlc_push.jsonl"):
            for record in vectors.load(name):
                octets = bytes.fromhex(record["hex"])
                hdlc = name.startswith("hdlc")
                payloads = hdlc_payloads(octets) if hdlc else [octets[8:]]
                for found in notifications(payloads, keys_of(record)):
                    if not isinstance(found, Notification):
                        continue
                    count += 1
                    for length in range(0, len(found.apdu), 3 if hdlc else 1):
                        self.assertRaises(DecodeError, read_message, found.apdu[:length])
        self.assertGreaterEqual(count, 42)

    def test_missing_keys(self) -> None:
        """
        Without their keys, ciphered pushes are refused as C{unknown-key}, with title and counter.
        """
        count = 0
        for record in vectors.load("wrapper_udp.jsonl"):
            keys = keys_of(record)
            octets = bytes.fromhex(record["hex"])[8:]
            if keys is None:
                continue
            envelope = parse_envelope(octets)
            if not envelope.security_control & ENCRYPTED:
                continue
            count += 1
            [refusal] = notifications([octets], None)
            assert isinstance(refusal, Refusal)
            self.assertEqual(
                (refusal.reason, refusal.title, refusal.counter),
                (Reason.UNKNOWN_KEY, keys.system_title, envelope.invocation_counter),
            )
        self.assertEqual(count, 10)

    def test_ciphering(self) -> None:
        """
        C{ciphering.jsonl}: what holds a notification gives it, all else is refused with a fitting reason.
        """
        notified = []
        for record in vectors.load("ciphering.jsonl"):
            [found] = notifications([bytes.fromhex(record["hex"])], keys_of(record))
            if isinstance(found, Notification):
                notified.append(record["id"])
                self.assertEqual(found.apdu.hex(), record["expected"]["content"])
            elif record["id"].startswith("gb-tampered"):
                self.assertEqual(found.reason, Reason.BAD_TAG)
            else:
                self.assertIn(found.reason, OTHERS)
        self.assertEqual(notified, ["gbcs-ecs80-na-8f36-alert", "gbcs-ecs68-na-8f0a-single-alert"])
