"""
Tests of readers.
"""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

from dlms_twisted.errors import StoreError
from dlms_twisted.store.disk import Disk
from dlms_twisted.store.query import Filter, JournalReader
from dlms_twisted.store.record import Position
from dlms_twisted.store.series import QUARANTINE, READINGS, segment_files
from tests.store.support import DAY, NOON, TITLE, JournalTestCase, plain, record, refused


class ReaderTests(JournalTestCase):
    """
    Tests of L{JournalReader}.
    """

    def counters(self, wanted: Filter | None = None) -> list[int | None]:
        """
        @return: the counters of the records that are found.
        """
        reader = JournalReader(self.directory)
        return [one.record.counter for one in reader.records(wanted or Filter())]

    def fill(self, days: int = 3, each: int = 4) -> None:
        """
        Write C{each} records on each of some days, of two meters in turn; and leave the journal closed.
        """
        journal = self.open()
        for day in range(days):
            for number in range(each):
                counter = day * 100 + number
                at = NOON + day * DAY + number
                other = {"title": b"OTHER123", "meter": "garden"} if number % 2 else {}
                self.accept(journal, counter, received_at=at, **other)
            self.successResultOf(journal.flush())
        self.close(journal)

    def test_closed_and_open(self) -> None:
        """
        Conditions hold in segments with indexes and in the one without alike.
        """
        self.fill()
        [*closed, last] = segment_files(self.directory, READINGS)
        for file, indexes in [(one, 4) for one in closed] + [(last, 0)]:
            connection = sqlite3.connect(file.path)
            [(count,)] = connection.execute(
                "SELECT count(*) FROM sqlite_master WHERE type = 'index'"
            )
            connection.close()
            self.assertEqual(count, indexes + 0)
        self.assertEqual(self.counters(), [0, 1, 2, 3, 100, 101, 102, 103, 200, 201, 202, 203])
        self.assertEqual(self.counters(Filter(meter="garden")), [1, 3, 101, 103, 201, 203])
        self.assertEqual(self.counters(Filter(meter=TITLE.hex())), [0, 2, 100, 102, 200, 202])
        since = Filter(since=NOON + DAY + 2, until=NOON + 2 * DAY + 1)
        self.assertEqual(self.counters(since), [102, 103, 200])
        both = Filter(meter="garden", since=NOON + DAY + 2)
        self.assertEqual(self.counters(both), [103, 201, 203])

    def test_uses_the_indexes(self) -> None:
        """
        No condition has a closed segment searched from end to end.
        """
        self.fill()
        connection = sqlite3.connect(segment_files(self.directory, READINGS)[0].path)
        for wanted in (
            Filter(meter="garden"),
            Filter(meter="garden", since=NOON),
            Filter(since=NOON, until=NOON + 5),
            Filter(reason="replay"),
        ):
            conditions, values = wanted.conditions(indexed=True)
            plan = connection.execute(
                f"EXPLAIN QUERY PLAN SELECT * FROM record WHERE {' AND '.join(conditions)} "
                "ORDER BY received_at, seq",
                values,
            ).fetchall()
            self.assertFalse([row for row in plan if row[3].startswith("SCAN record")], plan)
        connection.close()

    def test_plain_records_of_a_meter(self) -> None:
        """
        Records without name and title are candidates for any meter: only their content can tell.
        """
        journal = self.open()
        journal.append([plain(1), record(2, checked=False), refused(3, title=None)])
        self.successResultOf(journal.flush())
        found = list(JournalReader(self.directory).records(Filter(meter="house 7")))
        self.assertEqual(len(found), 3)

    def test_wrong_outcome(self) -> None:
        """
        There are two outcomes.
        """
        self.assertRaises(ValueError, Filter, outcome="lost")

    def test_last(self) -> None:
        """
        The last records over several segments and series.
        """
        self.fill()
        journal = self.open()
        journal.append([refused(77, received_at=NOON + 2 * DAY + 1)])
        self.close(journal)
        reader = JournalReader(self.directory)
        for count in (0, 1, 3, 6, 100):
            found = [one.record.counter for one in reader.last(count)]
            every = [0, 1, 2, 3, 100, 101, 102, 103, 200, 201, 77, 202, 203]
            self.assertEqual(
                sorted(found, key=str), sorted(every[-count:] if count else [], key=str)
            )

    def test_after(self) -> None:
        """
        What is written after a place, once, into whatever segment.
        """
        self.fill(days=1)
        reader = JournalReader(self.directory)
        ends = reader.ends()
        self.assertEqual(ends, {READINGS: Position(1, 4)})
        self.assertEqual(list(reader.after(ends)), [])
        journal = self.open()
        self.accept(journal, 10)
        self.accept(journal, 11, received_at=NOON + DAY)
        journal.append([refused(12)])
        self.successResultOf(journal.flush())
        self.accept(journal, 13, received_at=NOON + 2 * DAY)
        self.successResultOf(journal.flush())
        self.assertEqual([one.record.counter for one in reader.after(ends)], [10, 11, 13, 12])
        self.assertEqual(list(reader.after(ends)), [])
        self.assertEqual(ends, {READINGS: Position(3, 1), QUARANTINE: Position(1, 1)})

    def test_removed_meanwhile(self) -> None:
        """
        A segment that is removed while it is read is read to its end; one that is gone before is passed over.
        """
        self.fill()
        reader = JournalReader(self.directory)
        found = reader.records()
        counters = [next(found).record.counter]
        for file in segment_files(self.directory, READINGS)[:2]:
            Disk().remove(file.path)
        counters += [one.record.counter for one in found]
        self.assertEqual(counters, [0, 1, 2, 3, 200, 201, 202, 203])

    def test_removed_between(self) -> None:
        """
        A segment that goes between being listed and being opened is passed over.
        """
        self.fill()

        class Late(Disk):
            def connect_read_only(self, path: Path) -> sqlite3.Connection:
                """
                The first segment goes before it can be opened.
                """
                if "000001" in path.name:
                    self.remove(path)
                return super().connect_read_only(path)

        reader = JournalReader(self.directory, Late())
        self.assertEqual(len(list(reader.records())), 8)

    def test_beside_the_writer(self) -> None:
        """
        A reader that is slow sees what there was when it got there, and keeps nobody from writing.
        """
        journal = self.open()
        self.accept(journal, *range(2500))
        self.successResultOf(journal.flush())
        found = JournalReader(self.directory).records()
        counters = [next(found).record.counter]
        self.accept(journal, 5000)
        self.successResultOf(journal.flush())
        counters += [one.record.counter for one in found]
        self.assertEqual(counters, [*range(2500), 5000])

    def test_after_a_crash(self) -> None:
        """
        Nobody has to repair what a crash has left: reading it is enough.
        """
        program = (
            "import os, sys; from pathlib import Path\n"
            "from twisted.internet.task import Clock\n"
            "from dlms_twisted.store.journal import Journal\n"
            "from dlms_twisted.store.worker import InlineWorker\n"
            "from tests.store.support import record\n"
            "journal = Journal.open(Path(sys.argv[1]), Clock(), worker=InlineWorker())\n"
            "journal.append([record(1), record(2)])\n"
            "journal.flush()\n"
            "os.kill(os.getpid(), 9)\n"
        )
        root = Path(__file__).resolve().parent.parent.parent
        done = subprocess.run(
            [sys.executable, "-c", program, str(self.directory.absolute())],
            env={**os.environ, "PYTHONPATH": str(root)},
            check=False,
        )
        self.assertEqual(done.returncode, -9)
        self.assertTrue(list(self.directory.glob("*-wal")))
        self.assertEqual(self.counters(), [1, 2])
        self.assertFalse(self.accepts(self.open(), 2))

    def test_damaged(self) -> None:
        """
        A damaged segment is an error, or is told and passed over, as the caller wishes.
        """
        self.fill()
        path = segment_files(self.directory, READINGS)[1].path
        path.write_bytes(b"no database" * 1000)
        error = self.assertRaises(StoreError, self.counters)
        self.assertIn(path.name, str(error))
        told: list[StoreError] = []
        reader = JournalReader(self.directory, damaged=told.append)
        self.assertEqual(len(list(reader.records())), 8)
        self.assertIn(path.name, str(told[0]))

    def test_half_made(self) -> None:
        """
        A segment that a crash left without tables is empty.
        """
        self.fill(days=1)
        sqlite3.connect(self.directory / "readings-000002-20261123.sqlite").close()
        self.assertEqual(len(self.counters()), 4)

    def test_no_journal(self) -> None:
        """
        An empty directory, or none, is no journal.
        """
        self.assertRaises(StoreError, JournalReader, self.directory)
        self.directory.mkdir()
        self.assertRaises(StoreError, JournalReader, self.directory)

    def test_unreadable(self) -> None:
        """
        What is in the place of the directory is told.
        """
        self.directory.write_text("")
        error = self.assertRaises(StoreError, JournalReader, self.directory)
        self.assertIn("cannot be read", str(error))
