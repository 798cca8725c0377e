"""
Tests of L{dlms_twisted.keys.counters}.
"""

from __future__ import annotations

import os
import sqlite3
import struct
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from dlms_twisted.errors import ConfigurationError, CounterExhaustedError, KeyStoreError
from dlms_twisted.keys.counters import LAST, MemoryCounters, TransmitCounters
from dlms_twisted.keys.interfaces import ITransmitCounters
from tests.keys.samples import TITLE, CapturedLog

EPOCH = "0123abcd"


class TransmitTests(SynchronousTestCase):
    """
    Tests of L{TransmitCounters}.
    """

    def setUp(self) -> None:
        """
        A file that is not there yet.
        """
        self.path = Path(self.mktemp())

    def _counters(self, block: int = 10, **options: int) -> TransmitCounters:
        counters = TransmitCounters(self.path, block=block, **options)
        self.addCleanup(counters.close)
        return counters

    def test_interface(self) -> None:
        """
        It gives counters, as the one in memory does.
        """
        self.assertTrue(verifyObject(ITransmitCounters, self._counters()))
        self.assertTrue(verifyObject(ITransmitCounters, MemoryCounters()))

    def test_sequence(self) -> None:
        """
        Counters start at 1 and go up by one, across blocks.
        """
        counters = self._counters()
        self.assertEqual([counters.next(TITLE, EPOCH) for _ in range(25)], list(range(1, 26)))

    def test_separate(self) -> None:
        """
        Each key and each title counts for itself.
        """
        counters = self._counters()
        counters.next(TITLE, EPOCH)
        counters.next(TITLE, EPOCH)
        self.assertEqual(counters.next(TITLE, "00000000"), 1)
        self.assertEqual(counters.next(b"\0" * 8, EPOCH), 1)
        self.assertEqual(counters.next(TITLE, EPOCH), 3)

    def test_crash(self) -> None:
        """
        After a crash the rest of the block is skipped.
        """
        crashed = self._counters()
        for _ in range(3):
            crashed.next(TITLE, EPOCH)
        self.assertEqual(self._counters().next(TITLE, EPOCH), 11)

    def test_closed(self) -> None:
        """
        After an orderly end nothing is skipped.
        """
        counters = self._counters()
        for _ in range(3):
            counters.next(TITLE, EPOCH)
        counters.close()
        self.assertEqual(self._counters().next(TITLE, EPOCH), 4)
        self.assertEqual(counters.next(TITLE, EPOCH), 14)

    def test_closed_late(self) -> None:
        """
        What another process took meanwhile is not given back.
        """
        first, second = self._counters(), self._counters()
        self.assertEqual((first.next(TITLE, EPOCH), second.next(TITLE, EPOCH)), (1, 11))
        first.close()
        self.assertEqual(self._counters().next(TITLE, EPOCH), 21)

    def test_before_use(self) -> None:
        """
        A block is in the file before its first counter is given.
        """
        counters = self._counters()
        self.assertEqual(counters.highest(TITLE, EPOCH), 0)
        counters.next(TITLE, EPOCH)
        self.assertEqual(counters.highest(TITLE, EPOCH), 10)

    def test_unwritable(self) -> None:
        """
        Where the block cannot be written, no counter is given.
        """
        counters = self._counters(block=1)
        counters.next(TITLE, EPOCH)
        database = sqlite3.connect(self.path)
        self.addCleanup(database.close)
        database.execute(
            "CREATE TRIGGER full BEFORE UPDATE ON transmit BEGIN SELECT RAISE(FAIL, 'disk full'); END"
        )
        with self.assertRaises(KeyStoreError) as caught:
            counters.next(TITLE, EPOCH)
        self.assertEqual(str(caught.exception), f"{self.path}: disk full")
        database.execute("DROP TRIGGER full")
        self.assertEqual(counters.next(TITLE, EPOCH), 2)

    def test_at_least(self) -> None:
        """
        Counters continue where the meter says that it is, inside of a block and beyond, and never go back.
        """
        counters = self._counters()
        counters.at_least(TITLE, EPOCH, 5)
        self.assertEqual(counters.next(TITLE, EPOCH), 5)
        counters.at_least(TITLE, EPOCH, 9)
        self.assertEqual(counters.next(TITLE, EPOCH), 9)
        counters.at_least(TITLE, EPOCH, 2)
        self.assertEqual(counters.next(TITLE, EPOCH), 10)
        counters.at_least(TITLE, EPOCH, 5000)
        self.assertEqual(counters.next(TITLE, EPOCH), 5000)
        self.assertGreater(self._counters().next(TITLE, EPOCH), 5000)

    def test_exhausted(self) -> None:
        """
        The last counters come with one warning, and after them none.
        """
        log = CapturedLog(self)
        counters = self._counters(warn_from=LAST - 100)
        counters.at_least(TITLE, EPOCH, LAST - 14)
        given = [counters.next(TITLE, EPOCH) for _ in range(15)]
        self.assertEqual(given, list(range(LAST - 14, LAST + 1)))
        for _ in range(2):
            self.assertRaises(CounterExhaustedError, counters.next, TITLE, EPOCH)
        self.assertRaises(CounterExhaustedError, self._counters().next, TITLE, EPOCH)
        self.assertRaises(CounterExhaustedError, counters.at_least, TITLE, EPOCH, LAST + 1)
        self.assertEqual(
            log.lines,
            [
                f"{LAST - 5} of {LAST} invocation counters of 4D4D4D0000BC614E under key 0123abcd "
                "are used: plan a change of the key"
            ],
        )
        self.assertEqual(counters.next(TITLE, "ffffffff"), 1)

    def test_block(self) -> None:
        """
        A block holds something.
        """
        self.assertRaises(ValueError, TransmitCounters, self.path, block=0)

    def test_fork(self) -> None:
        """
        A process that was forked off takes blocks of its own.
        """
        counters = self._counters()
        mine = [counters.next(TITLE, EPOCH)]
        source, sink = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                theirs = [counters.next(TITLE, EPOCH) for _ in range(12)]
                os.write(sink, struct.pack("12I", *theirs))
            finally:
                os._exit(0)
        os.close(sink)
        os.waitpid(child, 0)
        with open(source, "rb") as file:
            theirs = list(struct.unpack("12I", file.read()))
        mine += [counters.next(TITLE, EPOCH) for _ in range(12)]
        self.assertEqual(len({*mine, *theirs}), 25)

    def test_wrong_file(self) -> None:
        """
        A file of another kind, or one that others may read, is refused by name.
        """
        self.path.write_bytes(b"not a database, but long enough to look like something else")
        self.path.chmod(0o600)
        self.assertRaises(KeyStoreError, self._counters().next, TITLE, EPOCH)
        self.path.chmod(0o644)
        self.assertRaises(ConfigurationError, self._counters().next, TITLE, EPOCH)
        other = Path(self.mktemp())
        database = sqlite3.connect(other)
        database.execute("CREATE TABLE something (x)")
        database.close()
        other.chmod(0o600)
        with self.assertRaises(KeyStoreError) as caught:
            TransmitCounters(other).next(TITLE, EPOCH)
        self.assertEqual(str(caught.exception), f"{other}: not a file of this kind")

    def test_newer_file(self) -> None:
        """
        A file of a newer version is refused by name.
        """
        self._counters().next(TITLE, EPOCH)
        database = sqlite3.connect(self.path)
        database.execute("PRAGMA user_version = 2")
        database.close()
        with self.assertRaises(KeyStoreError) as caught:
            TransmitCounters(self.path).next(TITLE, EPOCH)
        self.assertEqual(str(caught.exception), f"{self.path}: version 2, 1 wanted")


class MemoryTests(SynchronousTestCase):
    """
    Tests of L{MemoryCounters}.
    """

    def test_sequence(self) -> None:
        """
        Counters go up, separately, from the first that was asked for.
        """
        counters = MemoryCounters(first=0)
        self.assertEqual([counters.next(TITLE, EPOCH) for _ in range(3)], [0, 1, 2])
        counters.at_least(TITLE, EPOCH, 7)
        counters.at_least(TITLE, EPOCH, 4)
        self.assertEqual(counters.next(TITLE, EPOCH), 7)
        self.assertEqual(counters.next(TITLE, "ffffffff"), 0)

    def test_exhausted(self) -> None:
        """
        After the last there is none.
        """
        counters = MemoryCounters()
        counters.at_least(TITLE, EPOCH, LAST)
        self.assertEqual(counters.next(TITLE, EPOCH), LAST)
        self.assertRaises(CounterExhaustedError, counters.next, TITLE, EPOCH)
        self.assertRaises(CounterExhaustedError, counters.at_least, TITLE, EPOCH, LAST + 1)
