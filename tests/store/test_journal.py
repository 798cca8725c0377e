"""
Tests of the journal: what is appended is there, whatever happens.
"""

from __future__ import annotations

import sqlite3
import stat
from pathlib import Path
from typing import Any

from twisted.internet import reactor
from twisted.internet.defer import inlineCallbacks
from twisted.internet.task import Clock
from twisted.trial.unittest import TestCase

from dlms_twisted.errors import StoreError
from dlms_twisted.store.journal import Journal
from dlms_twisted.store.limits import QuarantineLimits, StoreLimits
from dlms_twisted.store.query import EVERYTHING, Filter, JournalReader
from dlms_twisted.store.series import READINGS, segment_files
from dlms_twisted.store.stats import stats
from dlms_twisted.store.verify import verify
from dlms_twisted.store.worker import InlineWorker
from tests.store.support import (
    DAY,
    EPOCH,
    FULL,
    NOON,
    SECOND,
    TITLE,
    FaultyDisk,
    JournalTestCase,
    plain,
    record,
    refused,
)


class AppendTests(JournalTestCase):
    """
    Tests of L{Journal.append}, L{Journal.flush} and L{Journal.close}.
    """

    def test_after_delay(self) -> None:
        """
        A few records are committed after a tenth of a second, and their identities told.
        """
        journal = self.open()
        done = self.accept(journal, 1, 2)
        self.assertNoResult(done)
        self.assertEqual(journal.held, 2)
        self.clock.advance(0.1)
        title = TITLE.hex()
        self.assertEqual(self.successResultOf(done), [f"{title}-{EPOCH}-1", f"{title}-{EPOCH}-2"])
        self.assertEqual(journal.held, 0)

    def test_batch(self) -> None:
        """
        As many as make a batch are committed without waiting.
        """
        journal = self.open(batch=3)
        first = self.accept(journal, 1, 2)
        self.assertNoResult(first)
        self.successResultOf(self.accept(journal, 3))
        self.successResultOf(first)

    def test_flush(self) -> None:
        """
        A flush commits what is there at once; with nothing to commit it has fired already.
        """
        journal = self.open()
        self.successResultOf(journal.flush())
        done = self.accept(journal, 1)
        self.successResultOf(journal.flush())
        self.successResultOf(done)

    def test_read_back(self) -> None:
        """
        Each field of each kind of record comes back as it was given.
        """
        journal = self.open()
        given = [
            record(1),
            record(2, authenticated=False, time=bytes(12)),
            plain(3, detail="odd"),
            plain(4, title=TITLE, counter=9, epoch=EPOCH),
            refused(5),
        ]
        done = journal.append(given)
        self.successResultOf(journal.flush())
        identities = self.successResultOf(done)
        found = list(JournalReader(self.directory).records())
        self.assertEqual([one.record for one in found], given)
        self.assertEqual([one.id for one in found], identities)
        self.assertEqual(len(set(identities)), 5)

    def test_many_at_once(self) -> None:
        """
        Whatever the number of rows, each is written once, in order.
        """
        journal = self.open()
        count = 0
        for number in (1, 15, 17, 127, 129, 300):
            self.accept(journal, *range(count, count + number))
            self.successResultOf(journal.flush())
            count += number
        found = [one.record.counter for one in JournalReader(self.directory).records()]
        self.assertEqual(found, list(range(count)))

    def test_closed(self) -> None:
        """
        Closing commits what is pending; afterwards nothing is taken.
        """
        journal = self.open()
        done = self.accept(journal, 1)
        self.close(journal)
        self.successResultOf(done)
        self.assertRaises(StoreError, journal.append, [record(2)])
        self.assertRaises(StoreError, journal.flush)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_close_twice(self) -> None:
        """
        Who closes it a second time learns of the same end.
        """
        journal = self.open()
        self.successResultOf(journal.close())
        self.successResultOf(journal.close())

    def test_cancel(self) -> None:
        """
        Who no longer waits for a commit does not stop it.
        """
        journal = self.open()
        done = self.accept(journal, 1)
        done.addErrback(lambda _: None)
        done.cancel()
        self.close(journal)
        self.assertEqual(len(list(JournalReader(self.directory).records())), 1)

    def test_private(self) -> None:
        """
        Nobody else can read a journal, even if the directory was open to all before.
        """
        self.directory.mkdir(mode=0o755)
        journal = self.open()
        self.accept(journal, 1)
        self.successResultOf(journal.flush())
        self.assertEqual(stat.S_IMODE(self.directory.stat().st_mode), 0o700)
        for path in self.directory.iterdir():
            self.assertEqual(stat.S_IMODE(path.stat().st_mode) & 0o077, 0, path)

    def test_second(self) -> None:
        """
        A second collector on the same journal is refused by name.
        """
        self.open()
        error = self.assertRaises(StoreError, self.open)
        self.assertIn("in use by dlms-collector, process ", str(error))

    def test_not_a_directory(self) -> None:
        """
        A file in the journal's place is one line of an error.
        """
        self.directory.write_bytes(b"")
        error = self.assertRaises(StoreError, self.open)
        self.assertIn("cannot be made", str(error))

    def test_repeat(self) -> None:
        """
        The same octets from the same host, with the same time in them, are flagged as a repeat and kept.
        """
        journal = self.open()
        one = plain(1, time=bytes(12))
        done = journal.append([one, one._replace(received_at=NOON + SECOND, peer="192.0.2.1:1")])
        self.successResultOf(journal.flush())
        first, _ = self.successResultOf(done)
        found = list(JournalReader(self.directory).records())
        self.assertEqual([each.repeat_of for each in found], [None, first])

    def test_repeat_after_a_restart(self) -> None:
        """
        What an earlier process has written is repeated all the same.
        """
        journal = self.open()
        one = plain(1, time=bytes(12))
        done = journal.append([one])
        self.accept(journal, 1)
        self.close(journal)
        journal = self.open()
        journal.append([one._replace(received_at=NOON + SECOND), plain(2)])
        self.successResultOf(journal.flush())
        [first] = self.successResultOf(done)
        found = list(JournalReader(self.directory).records())
        self.assertEqual([each.repeat_of for each in found], [None, None, first, None])

    def test_totals(self) -> None:
        """
        What was accepted and refused is counted, over restarts too.
        """
        journal = self.open()
        self.accept(journal, 1, 2)
        journal.append([refused(3), refused(4, reason="replay")])
        self.close(journal)
        expected = {"accepted": 2, "refused-unknown-key": 1, "refused-replay": 1}
        self.assertEqual(dict(self.open().totals), expected)


class SegmentTests(JournalTestCase):
    """
    Tests of where segments begin and end.
    """

    def days(self) -> list[str]:
        """
        @return: the days of the segments of readings.
        """
        return [file.day for file in segment_files(self.directory, READINGS)]

    def test_day(self) -> None:
        """
        A new UTC day begins a new segment; a clock that goes back does not.
        """
        journal = self.open()
        for counter, day in ((1, 0), (2, 0), (3, 1), (4, 0)):
            self.accept(journal, counter, received_at=NOON + day * DAY)
            self.successResultOf(journal.flush())
        self.assertEqual(self.days(), ["20261122", "20261123"])

    def test_size(self) -> None:
        """
        A segment that has reached its size is left, and its indexes are built.
        """
        journal = self.open(segment_octets=40_000)
        for counter in range(4):
            self.accept(journal, counter, raw=bytes(10_000))
            self.successResultOf(journal.flush())
        self.assertEqual(len(self.days()), 2)
        self.assertEqual(
            [one["indexed"] for one in stats(self.directory)["segments"]], [True, False]
        )

    def test_numbers(self) -> None:
        """
        The number of a removed segment is not used again.
        """
        journal = self.open()
        self.accept(journal, 1)
        self.close(journal)
        [file] = segment_files(self.directory)
        file.path.unlink()
        journal = self.open()
        self.accept(journal, 2)
        self.close(journal)
        self.assertEqual([one.number for one in segment_files(self.directory)], [2])
        self.assertEqual(verify(self.directory)["problems"], [])


class WindowTests(JournalTestCase):
    """
    Tests of what of the windows outlives the process.
    """

    def test_restart(self) -> None:
        """
        An accepted counter stays refused after a restart, and no other is.
        """
        journal = self.open()
        self.accept(journal, 5, 7)
        self.close(journal)
        journal = self.open()
        self.assertEqual([self.accepts(journal, one) for one in (4, 5, 6, 7, 8)], [1, 0, 1, 0, 1])

    def test_crash(self) -> None:
        """
        After a crash the records that the stored windows do not include are applied.
        """
        journal = self.open()
        self.accept(journal, 5)
        self.close(journal)
        journal = self.open()
        self.accept(journal, 7)
        self.successResultOf(journal.flush())
        self.crash(journal)
        journal = self.open()
        self.assertEqual([self.accepts(journal, one) for one in (5, 6, 7)], [False, True, False])
        self.assertEqual(journal.totals["accepted"], 2)

    def test_not_committed(self) -> None:
        """
        A counter whose record was not committed is not refused after a crash.
        """
        journal = self.open()
        self.accept(journal, 5)
        self.crash(journal)
        self.assertTrue(self.accepts(self.open(), 5))

    def test_rounds(self) -> None:
        """
        Windows are written a few at a time, along with batches, while records go on coming; after a crash at any
        batch, no committed counter is accepted again and none that was not committed is refused.
        """
        limits: dict[str, Any] = {"states": 2, "checkpoint_records": 7, "batch": 1, "windows": 4}
        for batches in range(1, 30):
            self.directory = Path(self.mktemp())
            journal = self.open(**limits)
            for number in range(batches):
                self.accept(journal, number, title=bytes([number % 5]) * 8)
            # Accepted, but not committed: the disk fails from now on.
            for title in range(5):
                journal.windows.get(bytes([title]) * 8, EPOCH).accept(1000)
            self.crash(journal)
            journal = self.open(**limits)
            for number in range(batches):
                self.assertFalse(self.accepts(journal, number, bytes([number % 5]) * 8))
            for title in range(5):
                self.assertTrue(self.accepts(journal, 1000, bytes([title]) * 8))
            self.crash(journal)
            self.assertEqual(verify(self.directory)["problems"], [])

    def test_by_age(self) -> None:
        """
        Windows are written after a while even if nothing more comes.
        """
        journal = self.open()
        self.accept(journal, 5)
        self.successResultOf(journal.flush())
        self.assertEqual(stats(self.directory)["windows"], 0)
        self.clock.pump([30.0] * 30)
        self.assertEqual(stats(self.directory)["windows"], 1)

    def test_bounded(self) -> None:
        """
        However many meters there are, only so many windows are in memory, and each knows its counters.
        """
        journal = self.open(windows=100, batch=50, checkpoint_records=200)
        titles = [number.to_bytes(8, "big") for number in range(1000)]
        for title in titles:
            self.accept(journal, 3, title=title)
        self.assertLess(len(journal.windows), 400)
        for title in titles:
            self.assertEqual([self.accepts(journal, one, title) for one in (2, 3)], [True, False])

    def test_damaged_window(self) -> None:
        """
        A damaged window is an error of the journal, not an empty window.
        """
        journal = self.open()
        self.accept(journal, 5)
        self.close(journal)
        state = sqlite3.connect(self.directory / "state.sqlite")
        state.execute("UPDATE window SET state = x'07'")
        state.commit()
        state.close()
        self.assertRaises(StoreError, self.open().windows.get, TITLE, EPOCH)


class FailureTests(JournalTestCase):
    """
    Tests of a disk that is full or broken.
    """

    def setUp(self) -> None:
        """
        Have a disk that can fail.
        """
        super().setUp()
        self.disk = FaultyDisk()
        self.told: list[tuple[bool, str]] = []

    def open_faulty(self, **limits: int) -> Journal:
        """
        @return: a journal on that disk.
        """
        journal = self.open(self.disk, **limits)
        journal.add_observer(lambda writable, why: self.told.append((writable, why)))
        return journal

    def test_full(self) -> None:
        """
        A full disk: the records are held, it is said once, nothing is lost, and it goes on by itself.
        """
        for at in ("BEGIN", "INSERT", "COMMIT", "after INSERT", "after COMMIT", "PRAGMA"):
            self.directory = Path(self.mktemp())
            self.told.clear()
            self.disk.at = at
            journal = self.open_faulty()
            self.accept(journal, 1)
            self.successResultOf(journal.flush())
            self.disk.error = FULL
            done = self.accept(journal, 2, 3)
            more = journal.append([plain(9), refused(8)])
            self.clock.pump([0.1, 1.0, 1.0])
            self.assertNoResult(done)
            self.assertEqual(self.told, [(False, str(FULL))], at)
            self.assertFalse(journal.writable)
            self.assertEqual(journal.held, 4)
            later = self.accept(journal, 4)
            self.disk.error = None
            self.clock.pump([1.0, 0.1])
            for each in (done, more, later):
                self.successResultOf(each)
            self.assertTrue(journal.writable)
            self.assertEqual([writable for writable, _ in self.told], [False, True])
            self.close(journal)
            counters = [one.record.counter for one in JournalReader(self.directory).records()]
            self.assertEqual(sorted(one or 0 for one in counters), [0, 1, 2, 3, 4, 8], at)
            self.assertEqual(verify(self.directory)["problems"], [], at)

    def test_each_file(self) -> None:
        """
        Whichever file cannot be written, each record is there once in the end.
        """
        for name in ("readings", "quarantine", "state"):
            self.directory = Path(self.mktemp())
            self.disk.name = name
            self.disk.at = "COMMIT"
            journal = self.open_faulty(checkpoint_records=1)
            self.accept(journal, 1)
            journal.append([refused(7)])
            self.successResultOf(journal.flush())
            self.disk.error = FULL
            done = self.accept(journal, 2)
            journal.append([refused(8)])
            self.clock.pump([0.1, 1.0, 1.0])
            self.assertFalse(journal.writable)
            self.disk.error = None
            self.clock.pump([1.0, 0.1])
            self.successResultOf(done)
            self.close(journal)
            found = [one.record.counter for one in JournalReader(self.directory).records()]
            self.assertEqual(found, [1, 2, 7, 8])

    def test_close(self) -> None:
        """
        A journal that is closed while it cannot be written says how many records are lost, and frees its lock.
        """
        journal = self.open_faulty()
        self.accept(journal, 1, 2)
        self.disk.error = FULL
        self.clock.pump([0.1, 1.0])
        failure = self.failureResultOf(journal.close(), StoreError)
        self.assertIn("2 records are lost", str(failure.value))
        self.disk.error = None
        self.assertTrue(self.accepts(self.open(), 1))

    def test_close_in_time(self) -> None:
        """
        If the disk is well again when the journal is closed, nothing is lost.
        """
        journal = self.open_faulty()
        self.accept(journal, 1, 2)
        self.disk.error = FULL
        self.clock.pump([0.1, 1.0])
        self.disk.error = None
        self.close(journal)
        self.assertFalse(self.accepts(self.open(), 1))

    def test_new_segment(self) -> None:
        """
        A new segment that cannot be begun is tried again, and leaves no half file.
        """
        journal = self.open_faulty()
        self.disk.error = FULL
        self.disk.at = "CREATE"
        done = self.accept(journal, 1)
        self.clock.pump([0.1, 1.0])
        self.assertEqual(segment_files(self.directory), [])
        self.disk.error = None
        self.clock.advance(1.0)
        self.successResultOf(done)

    def test_damaged_segment(self) -> None:
        """
        A segment that turns out to be damaged is left, and the records go into the next.
        """
        journal = self.open_faulty()
        self.accept(journal, 1)
        self.successResultOf(journal.flush())
        self.disk.error = sqlite3.DatabaseError("database disk image is malformed")
        self.disk.at = "INSERT"
        self.disk.name = "readings-000001"
        done = self.accept(journal, 2)
        self.clock.pump([0.1])
        self.disk.at = "PRAGMA wal_checkpoint"
        self.clock.pump([1.0])
        self.successResultOf(done)
        self.assertEqual([file.number for file in segment_files(self.directory)], [1, 2])

    def test_mistake(self) -> None:
        """
        A record that cannot be a row costs itself only; the others of its batch are written.
        """
        journal = self.open_faulty()
        good = self.accept(journal, 1)
        journal.append([plain(2, received_at=1 << 80)])
        self.successResultOf(journal.flush())
        self.successResultOf(good)
        self.assertEqual(
            [one.record.counter for one in JournalReader(self.directory).records()], [1]
        )
        self.assertEqual(len(self.flushLoggedErrors()), 1)

    def test_mistake_of_ours(self) -> None:
        """
        A mistake in this program costs the batch, and is told to who waits for it; what comes later is written,
        and no window is forgotten.
        """
        journal = self.open_faulty(checkpoint_records=2)
        self.accept(journal, 1)
        self.successResultOf(journal.flush())
        self.disk.error, self.disk.at, self.disk.name = (
            RuntimeError("a mistake"),
            "UPDATE mark",
            "state",
        )
        lost = self.accept(journal, 2, 3)
        self.clock.advance(0.1)
        self.failureResultOf(lost, RuntimeError)
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)
        self.disk.error = None
        self.accept(journal, 4)
        self.successResultOf(journal.flush())
        self.assertEqual(stats(self.directory)["windows"], 1)
        self.crash(journal)
        journal = self.open()
        self.assertEqual([self.accepts(journal, one) for one in (1, 4, 5)], [False, False, True])

    def test_mistake_at_the_end(self) -> None:
        """
        A mistake while the journal is closed does not keep it from being closed.
        """
        journal = self.open_faulty()
        lost = self.accept(journal, 1)
        self.disk.error, self.disk.at, self.disk.name = (
            RuntimeError("a mistake"),
            "UPDATE mark",
            "state",
        )
        self.failureResultOf(journal.close(), RuntimeError)
        self.failureResultOf(lost, RuntimeError)
        self.flushLoggedErrors(RuntimeError)
        self.disk.error = None
        self._open.remove(journal)
        self.assertFalse(self.accepts(self.open(), 1))

    def test_refusal_rate(self) -> None:
        """
        Refused messages beyond a host's rate are dropped and counted; readings never are.
        """
        quarantine = QuarantineLimits(peer_burst=3, peer_rate=1.0)
        journal = self.open(quarantine=quarantine)
        done = journal.append([refused(number) for number in range(5)])
        self.accept(journal, *range(10))
        self.successResultOf(journal.flush())
        self.assertEqual([bool(one) for one in self.successResultOf(done)], [1, 1, 1, 0, 0])
        self.assertEqual(journal.totals["quarantine-dropped-peer-rate"], 2)
        reader = JournalReader(self.directory)
        self.assertEqual(len(list(reader.records(Filter(outcome="accepted")))), 10)
        self.assertEqual(len(list(reader.records(EVERYTHING))), 13)


class RealDiskTests(JournalTestCase):
    """
    Tests with files that really cannot grow.
    """

    def test_full(self) -> None:
        """
        SQLite itself says that the file is full; when it may grow again, all is written.
        """
        journal = self.open()
        self.accept(journal, 1)
        self.successResultOf(journal.flush())
        connection = journal._writer._segments[READINGS]._connection
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages + 2}")
        done = self.accept(journal, *range(2, 40), raw=bytes(1000))
        self.clock.advance(0.1)
        self.assertNoResult(done)
        self.assertFalse(journal.writable)
        self.clock.advance(1.0)
        self.assertNoResult(done)
        # More room, but not enough to write once more what is there.
        connection.execute(f"PRAGMA max_page_count = {pages + 40}")
        self.clock.advance(1.0)
        self.successResultOf(done)
        self.assertEqual(verify(self.directory)["problems"], [])


class ThreadIntegrationTests(TestCase):
    """
    Tests with the reactor and the writer's thread.
    """

    @inlineCallbacks
    def test_thread(self):  # type: ignore[no-untyped-def]
        """
        Records that a thread commits are there, in order, and the thread ends with the journal.
        """
        directory = Path(self.mktemp())
        journal = Journal.open(
            directory,
            reactor,
            StoreLimits(batch=100, delay=0.01),
            call_from_thread=reactor.callFromThread,  # type: ignore[attr-defined]
        )
        for start in range(0, 1000, 50):
            window = journal.windows.get(TITLE, EPOCH)
            for counter in range(start, start + 50):
                window.accept(counter)
            last = journal.append([record(counter) for counter in range(start, start + 50)])
        identities = yield last
        self.assertEqual(len(identities), 50)
        yield journal.close()
        counters = [one.record.counter for one in JournalReader(directory).records()]
        self.assertEqual(counters, list(range(1000)))
        self.assertTrue(verify(directory)["ok"])

    def test_nothing_to_work_with(self) -> None:
        """
        Without thread and worker there is no journal, and no lock is left.
        """
        directory = Path(self.mktemp())
        self.assertRaises(StoreError, Journal.open, directory, Clock())
        Journal.open(directory, Clock(), worker=InlineWorker()).close()
