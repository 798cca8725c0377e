"""
Tests of what a server does with damaged requests: an answer or silence, and the next good request is answered.

The full count is in L{tests.soak.server}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.session.hostile import KINDS, Victim, good_requests, requests

_COUNT = 400


class HostileTests(SynchronousTestCase):
    """
    Any octets give an answer or silence.
    """

    def test_damaged(self) -> None:
        """
        Seeded changes to good requests, in every state; many are answered in more ways than one.
        """
        for number, kind in enumerate(KINDS):
            victim = Victim(kind)
            for octets in requests(number, _COUNT):
                victim.attack(octets)
            self.assertGreater(len(victim.said), 2, kind)

    def test_damaged_and_sealed(self) -> None:
        """
        The same within good protection.
        """
        victim = Victim("sealed")
        for octets in requests(99, _COUNT):
            victim.attack(octets, sealed=True)
        self.assertGreater(victim.said["db"], 20)
        self.assertGreater(victim.said["d8"], 50)

    def test_prefixes(self) -> None:
        """
        Every prefix of good requests, in every state, and with an octet more.
        """
        for kind in KINDS:
            victim = Victim(kind)
            for octets in good_requests():
                for end in range(1, len(octets)):
                    victim.attack(octets[:end])
                victim.attack(octets + b"\x00")

    def test_empty(self) -> None:
        """
        No octets at all are passed over.
        """
        for kind in KINDS:
            victim = Victim(kind)
            victim.settle()
            self.assertEqual(victim.session.receive(b"", 0.0), [])

    def test_each_first_octet(self) -> None:
        """
        Each first octet with nothing, and with nonsense behind it.
        """
        for kind in KINDS:
            victim = Victim(kind)
            for tag in range(256):
                for rest in (b"", b"\x00", b"\x01\x00", bytes(20), b"\xff" * 20):
                    victim.attack(bytes((tag,)) + rest)
