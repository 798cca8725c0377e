"""
Blocks of general block transfer that came ciphered, each in an envelope of its own.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.link.wrapper import encode_frame
from dlms_twisted.security.keys import key_epoch
from tests.push.support import Rig
from tests.session.pushes import KEYS, TITLE, blocks, ciphered, push


class CipheredBlockTests(SynchronousTestCase):
    """
    From the datagrams to one record.
    """

    def setUp(self) -> None:
        """
        A push in some blocks, with counters from 30.
        """
        self.rig = Rig([KEYS])
        self.frames = [
            encode_frame(1, 102, ciphered(block, counter))
            for counter, block in enumerate(blocks(push(), 10), 30)
        ]

    def test_whole(self) -> None:
        """
        They become one record, with the last counter and all octets.
        """
        self.assertEqual(self.rig.send(*self.frames[:-1]), [])
        [record] = self.rig.send(self.frames[-1])
        self.assertEqual((record.outcome, record.title), ("accepted", TITLE))
        self.assertEqual(record.epoch, key_epoch(KEYS.encryption_key or b""))
        self.assertEqual(record.counter, 30 + len(self.frames) - 1)
        self.assertEqual((record.raw, record.plain), (b"".join(self.frames), push()))
        self.assertTrue(record.checked)

    def test_repeated(self) -> None:
        """
        Each block's counter is used up.
        """
        self.rig.send(*self.frames)
        records = self.rig.send(*self.frames)
        self.assertEqual([one.reason for one in records], ["replay"] * len(self.frames))

    def test_incomplete(self) -> None:
        """
        What never becomes whole is kept with its reason, when its time is over.
        """
        self.rig.send(self.frames[0], self.frames[2])
        self.rig.clock.advance(15.0)
        [record] = self.rig.journal.records
        self.assertEqual((record.reason, record.peer), ("incomplete", "192.0.2.1:4000"))
        self.assertEqual(record.raw, self.frames[0] + self.frames[2])
        self.assertEqual(record.title, TITLE)

    def test_ciphered_again(self) -> None:
        """
        A ciphered push in ciphered blocks is opened in turn.
        """
        whole = ciphered(push(2), 99)
        frames = [
            encode_frame(1, 102, ciphered(block, counter))
            for counter, block in enumerate(blocks(whole, 30))
        ]
        [record] = self.rig.send(*frames)
        self.assertEqual((record.outcome, record.counter, record.plain), ("accepted", 99, push(2)))
