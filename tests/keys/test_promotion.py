"""
Tests of L{dlms_twisted.keys.promotion}.
"""

from __future__ import annotations

import os
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.keys.promotion import Promotions
from dlms_twisted.security.keys import key_epoch
from tests.keys.samples import NEW_AK, NEW_EK, CapturedLog, meter

EPOCH = key_epoch(NEW_EK)


class PromotionTests(SynchronousTestCase):
    """
    Tests of L{Promotions}.
    """

    def setUp(self) -> None:
        """
        A state file and a meter whose keys are about to change.
        """
        self.path = Path(self.mktemp())
        self.promotions = Promotions(self.path)
        self.addCleanup(self.promotions.close)
        self.keys = meter(
            1, pending_encryption_key=NEW_EK, pending_authentication_key=NEW_AK, name="house 7"
        )

    def _again(self) -> Promotions:
        self.promotions.close()
        self.promotions = Promotions(self.path)
        return self.promotions

    def test_encryption_key(self) -> None:
        """
        The key that opened a message becomes current; the other one stays to come.
        """
        now = self.promotions.promote(self.keys, EPOCH)
        self.assertEqual(now.encryption_key, NEW_EK)
        self.assertIsNone(now.pending_encryption_key)
        self.assertEqual(now.authentication_key, self.keys.authentication_key)
        self.assertEqual(now.pending_authentication_key, NEW_AK)
        self.assertEqual(now.name, "house 7")

    def test_authentication_key(self) -> None:
        """
        Where the encryption key that opened is not the one to come, it was the authentication key.
        """
        assert self.keys.encryption_key is not None
        now = self.promotions.promote(self.keys, key_epoch(self.keys.encryption_key))
        self.assertEqual(now.authentication_key, NEW_AK)
        self.assertIsNone(now.pending_authentication_key)
        self.assertEqual(now.pending_encryption_key, NEW_EK)

    def test_kept(self) -> None:
        """
        Promotions survive a restart, and apply to the file of keys as it was.
        """
        self.promotions.promote(self.promotions.promote(self.keys, EPOCH), EPOCH)
        again = self._again()
        now = again.overlay(self.keys)
        self.assertEqual((now.encryption_key, now.authentication_key), (NEW_EK, NEW_AK))
        self.assertFalse(now.has_pending)
        self.assertEqual(
            again.epochs(self.keys.system_title), {key_epoch(NEW_EK), key_epoch(NEW_AK)}
        )

    def test_next_rotation(self) -> None:
        """
        A later key to come is not promoted by what was promoted before, and nor is another meter's.
        """
        self.promotions.promote(self.keys, EPOCH)
        later = meter(1, pending_encryption_key=b"\x77" * 16)
        self.assertIs(self.promotions.overlay(later), later)
        other = meter(2, pending_encryption_key=NEW_EK)
        self.assertIs(self.promotions.overlay(other), other)

    def test_nothing_to_come(self) -> None:
        """
        Keys without any to come are left as they are.
        """
        keys = meter(1)
        self.assertIs(self.promotions.overlay(keys), keys)
        self.assertIs(self.promotions.promote(keys, EPOCH), keys)

    def test_without_file(self) -> None:
        """
        Without a state file promotions last as long as the object.
        """
        promotions = Promotions()
        promotions.promote(self.keys, EPOCH)
        self.assertEqual(promotions.overlay(self.keys).encryption_key, NEW_EK)
        self.assertIs(Promotions().overlay(self.keys), self.keys)

    def test_unwritable(self) -> None:
        """
        A file that cannot be written is told once; the promotion holds all the same.
        """
        log = CapturedLog(self)
        promotions = Promotions(self.path / "no folder")
        promotions.promote(self.keys, EPOCH)
        self.assertEqual(promotions.overlay(self.keys).encryption_key, NEW_EK)
        self.assertEqual(
            log.lines,
            [
                f"promoted keys are kept in memory only: {self.path}/no folder: No such file or directory"
            ],
        )

    def test_mode(self) -> None:
        """
        The file is the owner's alone, and names no key.
        """
        self.promotions.promote(self.keys, EPOCH)
        self.promotions.close()
        self.assertEqual(os.stat(self.path).st_mode & 0o777, 0o600)
        octets = self.path.read_bytes()
        for key in (NEW_EK, NEW_AK, self.keys.encryption_key, self.keys.authentication_key):
            assert key is not None
            self.assertNotIn(key, octets)
            self.assertNotIn(key.hex().encode(), octets)
