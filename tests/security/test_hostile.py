"""
Hostile input: changed bits, cut messages, replays, reordering, downgrades and counters far ahead.
"""

from __future__ import annotations

from random import Random

from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.errors import DecodeError, Reason, SecurityError
from dlms_twisted.security.keys import ReplayMode
from dlms_twisted.security.policy import Policy
from dlms_twisted.security.protection import Protection
from tests.security.hostile import SHORT_PUSH, Meter, Receiver, plans
from tests.security.parties import parties

_GLO = 0xDB


class DamageTests(SynchronousTestCase):
    """
    Tests with every form of envelope, under the policy authenticated-encrypted.
    """

    def test_flipped_bits(self) -> None:
        """
        No bit of any envelope can be changed unnoticed, in any suite; the next good message is taken.
        """
        for suite in (0, 1, 2):
            sides = parties(suite)
            meter, receiver = Meter(sides), Receiver(sides)
            for name, plan, plaintext in plans(sides):
                if suite == 0 and ("pass" in name or "static" in name or "signed" in name):
                    continue
                octets = meter.send(*plan, plaintext=plaintext)
                # The costly ones (signatures, agreements) by one bit of each octet, the others by all.
                bits = range(8) if len(octets) < 110 else (len(octets) % 8,)
                for place in range(len(octets)):
                    for bit in bits:
                        forged = bytearray(octets)
                        forged[place] ^= 1 << bit
                        self.assertTrue(receiver.refuses(bytes(forged)), (name, suite, place, bit))
                self.assertEqual(receiver.receive(octets).plaintext, plaintext)

    def test_truncated(self) -> None:
        """
        A message cut at any octet, or with octets behind it, is refused.
        """
        for suite in (0, 1, 2):
            sides = parties(suite)
            meter, receiver = Meter(sides), Receiver(sides)
            for name, plan, plaintext in plans(sides):
                octets = meter.send(*plan, plaintext=plaintext)
                for end in range(len(octets)):
                    self.assertTrue(receiver.refuses(octets[:end]), (name, end))
                self.assertTrue(receiver.refuses(octets + b"\x00"), name)
                self.assertEqual(receiver.receive(octets).plaintext, plaintext)

    def test_cut_with_lengths_mended(self) -> None:
        """
        Nor does it help to correct the length: a shorter ciphertext has another tag.
        """
        sides = parties(0)
        meter, receiver = Meter(sides), Receiver(sides)
        octets = meter.send(Protection(tag=_GLO, security_control=0x30))
        for end in range(27, len(octets)):
            forged = bytearray(octets[:end])
            forged[10] = end - 11
            self.assertTrue(receiver.refuses(bytes(forged)))

    def test_swapped_parts(self) -> None:
        """
        Parts of two good messages make no third one.
        """
        sides = parties(0)
        meter, receiver = Meter(sides), Receiver(sides)
        plan = Protection(tag=_GLO, security_control=0x30)
        first, second = meter.send(plan), meter.send(plan, plaintext=SHORT_PUSH[:-1] + b"\x00")
        for place in range(12, len(first)):
            if first[:place] + second[place:] not in (first, second):
                self.assertTrue(receiver.refuses(first[:place] + second[place:]))

    @settings(max_examples=100, deadline=None, derandomize=True)
    @given(st.binary(max_size=80), st.sampled_from([0xC8, 0xD0, 0xDB, 0xDC, 0xDD, 0xDF]))
    def test_any_octets(self, octets: bytes, tag: int) -> None:
        """
        Any octets give a refusal, and nothing else happens.
        """
        receiver = Receiver(parties())
        self.assertTrue(receiver.refuses(bytes((tag,)) + octets))

    def test_mutations(self) -> None:
        """
        Several octets changed, removed or doubled at once, under no policy at all: a message, a refusal or a
        L{DecodeError}, and never an authentic one.
        """
        random = Random(4)
        sides = parties()
        meter = Meter(sides)
        for _, plan, plaintext in plans(sides):
            octets = meter.send(*plan, plaintext=plaintext)
            for _ in range(40):
                place = random.randrange(len(octets))
                changed = random.choice([b"", random.randbytes(1), random.randbytes(3)])
                forged = octets[:place] + changed + octets[place + 1 :]
                if forged == octets:
                    continue
                try:
                    found = Receiver(sides, Policy.NONE).receive(forged)
                except (SecurityError, DecodeError):
                    continue
                self.assertFalse(found.authenticated and found.plaintext != plaintext)


class OrderTests(SynchronousTestCase):
    """
    Tests of counters: whatever comes, the next good message is taken.
    """

    def setUp(self) -> None:
        self.sides = parties(0)
        self.meter = Meter(self.sides)
        self.plan = Protection(tag=_GLO, security_control=0x30)

    def tearDown(self) -> None:
        # The good message after the bad ones.
        self.meter.start(9000)
        self.assertEqual(self.receiver.receive(self.meter.send(self.plan)).plaintext, SHORT_PUSH)

    def refused(self, reason: Reason, octets: bytes) -> None:
        """
        Refused for this reason, and nothing changed.
        """
        before = self.receiver.state()
        error = self.assertRaises(SecurityError, self.receiver.receive, octets)
        self.assertEqual(error.reason, reason)
        self.assertEqual(self.receiver.state(), before)

    def test_replay(self) -> None:
        """
        Each of many is taken once.
        """
        self.receiver = Receiver(self.sides)
        sent = [self.meter.send(self.plan) for _ in range(20)]
        for octets in sent:
            self.receiver.receive(octets)
        for octets in sent:
            self.refused(Reason.REPLAY, octets)

    def test_reordered(self) -> None:
        """
        In any order inside of the window; outside of it they are too old.
        """
        self.receiver = Receiver(self.sides)
        sent = [self.meter.send(self.plan) for _ in range(1025)]
        for octets in (sent[-1], sent[1], sent[500], sent[499]):
            self.receiver.receive(octets)
        self.refused(Reason.REPLAY, sent[0])

    def test_reordered_strict(self) -> None:
        """
        In strict mode one that was overtaken is lost.
        """
        self.receiver = Receiver(self.sides, mode=ReplayMode.STRICT)
        first, second = self.meter.send(self.plan), self.meter.send(self.plan)
        self.receiver.receive(second)
        self.refused(Reason.REPLAY, first)

    def test_same_counter(self) -> None:
        """
        With replay off, a meter that always sends 0 is heard.
        """
        self.receiver = Receiver(self.sides, mode=ReplayMode.OFF)
        for _ in range(3):
            self.meter.start(0)
            self.receiver.receive(self.meter.send(self.plan))

    def test_downgrade(self) -> None:
        """
        Plain, or less protected than demanded, is refused though it comes from the meter itself.
        """
        self.receiver = Receiver(self.sides)
        self.refused(Reason.DOWNGRADE, SHORT_PUSH)
        for control in (0x10, 0x20):
            plan = Protection(tag=_GLO, security_control=control)
            self.refused(Reason.DOWNGRADE, self.meter.send(plan))

    def test_forged_counter(self) -> None:
        """
        Forged messages with counters far ahead lock nobody out.
        """
        self.receiver = Receiver(self.sides)
        self.receiver.receive(self.meter.send(self.plan))
        for counter in (6000, 0x7FFFFFFF, 0xFFFFFFFF):
            forged = bytearray(self.meter.send(self.plan))
            forged[12:16] = counter.to_bytes(4, "big")
            self.refused(Reason.BAD_TAG, bytes(forged))

    def test_unverified_counter(self) -> None:
        """
        Where no tag is verified, a message moves no window, because anybody could have written its counter.
        """
        keys = evolve(self.sides.client, authentication_key=None)
        self.receiver = Receiver(self.sides._replace(client=keys), Policy.ENCRYPTED)
        for control in (0x20, 0x30):
            self.meter.start(0xFFFFFFF0)
            plan = Protection(tag=_GLO, security_control=control)
            self.assertFalse(self.receiver.receive(self.meter.send(plan)).authenticated)
        self.assertEqual(self.receiver.state(), {})
