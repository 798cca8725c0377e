"""
Tests of closing and removing segments.
"""

from __future__ import annotations

import sqlite3

from dlms_twisted.store.disk import Disk
from dlms_twisted.store.keeper import Keeper, close_segment, read_closed
from dlms_twisted.store.limits import QuarantineLimits, StoreLimits
from dlms_twisted.store.query import JournalReader
from dlms_twisted.store.schema import INDEXES
from dlms_twisted.store.series import QUARANTINE, READINGS, segment_files
from dlms_twisted.store.stats import stats
from dlms_twisted.store.verify import verify
from tests.store.support import (
    DAY,
    FULL,
    NOON,
    SECOND,
    FaultyDisk,
    JournalTestCase,
    refused,
)


class ClosingTests(JournalTestCase):
    """
    Tests of how a segment is closed.
    """

    def numbers(self, series: str = READINGS) -> list[int]:
        """
        @return: the segments that there are.
        """
        return [file.number for file in segment_files(self.directory, series)]

    def indexed(self) -> list[bool]:
        """
        @return: which segments have their indexes.
        """
        return [one["indexed"] for one in stats(self.directory)["segments"]]

    def test_left(self) -> None:
        """
        A segment that is left gets its indexes, knows what it holds, and has no log beside it.
        """
        journal = self.open()
        self.accept(journal, 1, 2)
        self.successResultOf(journal.flush())
        self.assertEqual(self.indexed(), [False])
        self.accept(journal, 3, received_at=NOON + DAY)
        self.successResultOf(journal.flush())
        self.assertEqual(self.indexed(), [True, False])
        path = segment_files(self.directory)[0].path
        connection = Disk().connect_read_only(path)
        self.addCleanup(connection.close)
        self.assertEqual(read_closed(connection), (2, NOON + 1, NOON + 2))
        self.assertEqual(connection.execute("PRAGMA journal_mode").fetchone(), ("delete",))
        self.assertFalse(path.with_name(path.name + "-wal").exists())

    def test_after_a_crash(self) -> None:
        """
        What a crash left unclosed is closed at the next start.
        """
        journal = self.open()
        self.accept(journal, 1)
        self.successResultOf(journal.flush())
        journal._housekeeping.stop()
        self.accept(journal, 2, received_at=NOON + DAY)
        self.successResultOf(journal.flush())
        self.crash(journal)
        self.assertEqual(self.indexed(), [False, False])
        self.open()
        self.assertEqual(self.indexed(), [True, False])

    def test_in_steps(self) -> None:
        """
        A closing that fails at any step is gone on with later; nothing is built twice.
        """
        disk = FaultyDisk()
        disk.name = "readings-000001"
        journal = self.open(disk)
        self.accept(journal, 1)
        self.successResultOf(journal.flush())
        disk.error, disk.at = FULL, "CREATE INDEX IF NOT EXISTS record_by_title"
        self.accept(journal, 2, received_at=NOON + DAY)
        self.successResultOf(journal.flush())
        self.assertTrue(journal.writable)
        connection = sqlite3.connect(segment_files(self.directory)[0].path)
        built = {
            row[0]
            for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'index'")
        }
        connection.close()
        self.assertEqual(built & set(INDEXES), {"record_by_meter"})
        self.assertEqual(len(list(JournalReader(self.directory).records())), 2)
        disk.error = None
        self.clock.advance(30)
        self.assertEqual(self.indexed(), [True, False])

    def test_interrupted(self) -> None:
        """
        A keeper that is stopped interrupts what it does, and does nothing more.
        """
        journal = self.open()
        self.accept(journal, 1)
        self.close(journal)
        keeper = Keeper(self.directory, Disk(), StoreLimits())
        interrupted: list[int] = []
        keeper._working = type("C", (), {"interrupt": lambda _: interrupted.append(1)})()
        keeper.stop()
        self.assertEqual(interrupted, [1])
        keeper._close(segment_files(self.directory)[0])
        self.assertEqual(self.indexed(), [False])

    def test_reader_in_the_way(self) -> None:
        """
        A reader keeps the log from being folded away for good; indexes are built all the same.
        """
        journal = self.open()
        self.accept(journal, 1)
        self.successResultOf(journal.flush())
        found = JournalReader(self.directory).records()
        next(found)
        connection = Disk().connect_read_only(segment_files(self.directory)[0].path)
        connection.execute("BEGIN")
        connection.execute("SELECT * FROM record").fetchone()
        self.accept(journal, 2, received_at=NOON + DAY)
        self.successResultOf(journal.flush())
        connection.close()
        self.assertEqual(self.indexed(), [True, False])

    def test_damaged(self) -> None:
        """
        A damaged segment is left alone, and the others are closed.
        """
        journal = self.open()
        journal._housekeeping.stop()
        for day in range(3):
            self.accept(journal, day, received_at=NOON + day * DAY)
            self.successResultOf(journal.flush())
        self.close(journal)
        path = segment_files(self.directory)[0].path
        octets = bytearray(path.read_bytes())
        octets[100:4096] = b"\xff" * 3996
        path.write_bytes(octets)
        self.open()
        connection = Disk().connect_read_only(segment_files(self.directory)[1].path)
        self.addCleanup(connection.close)
        self.assertIsNotNone(read_closed(connection))

    def test_twice(self) -> None:
        """
        Closing a closed segment changes nothing.
        """
        journal = self.open()
        self.accept(journal, 1)
        self.close(journal)
        path = segment_files(self.directory)[0].path
        connection = Disk().connect(path)
        first = close_segment(connection)
        before = path.read_bytes()
        self.assertEqual(close_segment(connection), first)
        connection.close()
        self.assertEqual(path.read_bytes(), before)

    def test_by_age(self) -> None:
        """
        Segments go when their newest record is too old, the one that is written to never.
        """
        journal = self.open(age=2.5 * DAY / SECOND, checkpoint_records=1)
        for day in range(4):
            self.accept(journal, day, received_at=NOON + day * DAY)
            self.successResultOf(journal.flush())
            self.clock.advance(DAY / SECOND)
            self.clock.pump([30.0] * 2)
        self.assertEqual(self.numbers(), [3, 4])
        self.assertEqual(journal.totals["readings-removed-age"], 2)
        self.clock.pump([10.0 * DAY / SECOND, 30.0])
        self.assertEqual(self.numbers(), [4])
        self.assertEqual([self.accepts(journal, day) for day in range(5)], [0, 0, 0, 0, 1])
        self.assertEqual(verify(self.directory)["problems"], [])

    def test_by_size(self) -> None:
        """
        The oldest segments go when all together are too large; what the windows do not include yet is kept.
        """
        journal = self.open(segment_octets=1, octets=1)
        for counter in range(3):
            self.accept(journal, counter)
            self.successResultOf(journal.flush())
        self.clock.advance(30)
        self.assertEqual(self.numbers(), [1, 2, 3])
        self.clock.pump([600.0, 30.0, 30.0])
        self.assertEqual(self.numbers(), [3])
        self.assertEqual(journal.totals["readings-removed-size"], 2)

    def test_quarantine(self) -> None:
        """
        Garbage goes by limits of its own and displaces no reading.
        """
        limits = QuarantineLimits(octets=200_000, age=DAY / SECOND)
        journal = self.open(quarantine=limits)
        self.accept(journal, 1)
        for number in range(20):
            journal.append([refused(number, raw=bytes(30_000))])
            self.successResultOf(journal.flush())
        self.clock.advance(30)
        self.assertLess(len(self.numbers(QUARANTINE)), 8)
        self.assertEqual(self.numbers(), [1])
        removed = journal.totals["quarantine-removed-size"]
        self.assertEqual(len(list(JournalReader(self.directory).records())), 21 - removed)
        journal.append([refused(99, received_at=NOON + 3 * DAY)])
        self.successResultOf(journal.flush())
        self.clock.pump([3.0 * DAY / SECOND, 30.0])
        self.assertEqual(len(self.numbers(QUARANTINE)), 1)
        self.assertGreater(journal.totals["quarantine-removed-age"], 0)

    def test_frees_a_full_disk(self) -> None:
        """
        Removing goes on while nothing can be written.
        """
        disk = FaultyDisk()
        journal = self.open(disk, segment_octets=1, octets=100_000, checkpoint_records=1)
        for counter in range(10):
            self.accept(journal, counter)
            self.successResultOf(journal.flush())
        before = self.numbers()
        disk.error, disk.at = FULL, "BEGIN"
        journal._housekeeping._keeper._limits[READINGS] = (1, None)
        self.accept(journal, 11)
        self.clock.pump([0.1, 30.0])
        self.assertFalse(journal.writable)
        self.assertLess(len(self.numbers()), len(before))
