"""
Tests of the small parts of the store.
"""

from __future__ import annotations

import sqlite3
import threading
from functools import partial
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.errors import StoreError
from dlms_twisted.security.keys import ReplayMode
from dlms_twisted.security.window import ReplayWindow
from dlms_twisted.store.disk import Disk
from dlms_twisted.store.limits import QuarantineLimits, StoreLimits
from dlms_twisted.store.lock import LockFile
from dlms_twisted.store.quarantine import DROPPED_ALL, DROPPED_PEER, Admission
from dlms_twisted.store.record import checked_id
from dlms_twisted.store.repeats import Repeats
from dlms_twisted.store.series import SegmentFile, day_of, segment_files
from dlms_twisted.store.stats import timestamp
from dlms_twisted.store.windows import WindowTable
from dlms_twisted.store.worker import InlineWorker, ThreadWorker
from tests.store.support import EPOCH, NOON, SECOND, TITLE, plain, refused


class LockTests(SynchronousTestCase):
    """
    Tests of L{LockFile}.
    """

    def test_two(self) -> None:
        """
        The second is refused, with the name of the first; when that is released, it is taken.
        """
        path = Path(self.mktemp())
        first, second = LockFile(path), LockFile(path)
        first.acquire("a collector")
        error = self.assertRaises(StoreError, second.acquire, "another")
        self.assertIn("a collector, process ", str(error))
        first.release()
        first.release()
        second.acquire("another")
        second.release()

    def test_unreadable_holder(self) -> None:
        """
        Whatever stands in the file, it is refused in words.
        """
        for text in (b"", b"[]", b"\xff", b'{"what": 1}'):
            path = Path(self.mktemp())
            holder = LockFile(path)
            holder.acquire("x")
            path.write_bytes(text)
            error = self.assertRaises(StoreError, LockFile(path).acquire, "y")
            self.assertIn("in use by another process", str(error))
            holder.release()

    def test_no_directory(self) -> None:
        """
        A lock that cannot be made says so.
        """
        lock = LockFile(Path(self.mktemp()) / "lock")
        self.assertIn("cannot be opened", str(self.assertRaises(StoreError, lock.acquire, "x")))


class DiskTests(SynchronousTestCase):
    """
    Tests of L{Disk}.
    """

    def test_durable(self) -> None:
        """
        A commit is on the disk before it returns: write-ahead log, synchronous FULL; a change of a closed file too.
        """
        path = Path(self.mktemp())
        connection = Disk().connect(path)
        self.assertEqual(connection.execute("PRAGMA journal_mode").fetchone(), ("wal",))
        self.assertEqual(connection.execute("PRAGMA synchronous").fetchone(), (2,))
        connection.execute("CREATE TABLE one (two)")
        connection.execute("PRAGMA journal_mode = DELETE").fetchone()
        connection.close()
        connection = Disk().connect_to_change(path)
        self.assertEqual(connection.execute("PRAGMA journal_mode").fetchone(), ("delete",))
        self.assertEqual(connection.execute("PRAGMA synchronous").fetchone(), (2,))
        connection.close()

    def test_read_only(self) -> None:
        """
        A reader cannot change anything, nor make a file.
        """
        path = Path(self.mktemp())
        connection = Disk().connect(path)
        connection.execute("CREATE TABLE one (two)")
        reader = Disk().connect_read_only(path)
        self.assertRaises(sqlite3.OperationalError, reader.execute, "INSERT INTO one VALUES (1)")
        reader.close()
        connection.close()
        Disk().remove(path)
        self.assertEqual(Disk().size(path), 0)
        self.assertRaises(sqlite3.OperationalError, Disk().connect_read_only, path)


class NameTests(SynchronousTestCase):
    """
    Tests of names and texts.
    """

    def test_files(self) -> None:
        """
        Segments are found by their names, in order; other files are not ours.
        """
        directory = Path(self.mktemp())
        directory.mkdir()
        wanted = [
            SegmentFile.make(directory, "quarantine", 1, "20261122"),
            SegmentFile.make(directory, "readings", 2, "20261122"),
            SegmentFile.make(directory, "readings", 10, "20261121"),
            SegmentFile.make(directory, "readings", 12_345_678, "20261122"),
        ]
        names = (
            "readings-000001-20261122.sqlite-wal",
            "readings-1-x.sqlite",
            "state.sqlite",
            "notes",
        )
        for path in [*(file.path for file in wanted), *(directory / name for name in names)]:
            path.touch()
        self.assertEqual(segment_files(directory), wanted)
        self.assertEqual(segment_files(directory, "quarantine"), wanted[:1])
        self.assertEqual(segment_files(directory / "none"), [])

    def test_times(self) -> None:
        """
        Days and times are UTC, and exact.
        """
        self.assertEqual(day_of(NOON), "20261122")
        self.assertEqual(day_of(NOON + 12 * 3600 * SECOND - 1), "20261122")
        self.assertEqual(day_of(NOON + 12 * 3600 * SECOND), "20261123")
        self.assertEqual((day_of(-1), day_of(1 << 80)), ("19700101", "99991231"))
        self.assertEqual(timestamp(NOON + 1), "2026-11-22T12:00:00.000001Z")
        self.assertEqual(timestamp(0), "1970-01-01T00:00:00.000000Z")
        self.assertIsNone(timestamp(None))

    def test_identity(self) -> None:
        """
        Title, epoch and counter; a title may be absent.
        """
        self.assertEqual(checked_id(TITLE, EPOCH, 7), f"{TITLE.hex()}-{EPOCH}-7")
        self.assertEqual(checked_id(None, EPOCH, 7), f"-{EPOCH}-7")


class LimitTests(SynchronousTestCase):
    """
    Tests of L{StoreLimits}.
    """

    def test_checked(self) -> None:
        """
        Limits that would let nothing through are refused.
        """
        self.assertRaises(ValueError, StoreLimits, batch=0)
        self.assertRaises(ValueError, StoreLimits, delay=-1)
        self.assertRaises(ValueError, QuarantineLimits, rate=0)


class AdmissionTests(SynchronousTestCase):
    """
    Tests of the rates of the quarantine.
    """

    def test_peer(self) -> None:
        """
        A host has its burst, whatever its ports, and then its rate; another host has its own.
        """
        admission = Admission(QuarantineLimits(peer_burst=3, peer_rate=2.0))
        got = [
            admission.dropped(refused(1, received_at=NOON, peer=f"192.0.2.1:{port}"))
            for port in range(5)
        ]
        self.assertEqual(got, [None, None, None, DROPPED_PEER, DROPPED_PEER])
        self.assertIsNone(admission.dropped(refused(1, received_at=NOON, peer="192.0.2.2:1")))
        later = [
            admission.dropped(refused(1, received_at=NOON + SECOND, peer="192.0.2.1:9"))
            for _ in range(3)
        ]
        self.assertEqual(later, [None, None, DROPPED_PEER])

    def test_size(self) -> None:
        """
        A large message counts for more.
        """
        admission = Admission(QuarantineLimits(peer_burst=60, peer_rate=1.0))
        large = refused(1, received_at=NOON, raw=bytes(50_000))
        self.assertIsNone(admission.dropped(large))
        self.assertEqual(admission.dropped(large), DROPPED_PEER)

    def test_all(self) -> None:
        """
        Many hosts, real or not, have one limit together, and cost bounded memory.
        """
        admission = Admission(QuarantineLimits(burst=100, rate=1.0, peers=10))
        got = [
            admission.dropped(refused(1, received_at=NOON, peer=f"[2001:db8::{number}]:1"))
            for number in range(1000)
        ]
        self.assertEqual(got.count(None), 100)
        self.assertEqual(set(got), {None, DROPPED_ALL})
        self.assertLessEqual(len(admission._young) + len(admission._old), 10)

    def test_clock_goes_back(self) -> None:
        """
        A clock that is set back gives nothing for nothing, and goes on.
        """
        admission = Admission(QuarantineLimits(peer_burst=1, peer_rate=1.0))
        times = (0, -3600, -3600, -3598)
        got = [admission.dropped(refused(1, received_at=NOON + at * SECOND)) for at in times]
        self.assertEqual(got, [None, DROPPED_PEER, DROPPED_PEER, None])


class RepeatTests(SynchronousTestCase):
    """
    Tests of L{Repeats}.
    """

    def test_with_time(self) -> None:
        """
        The same octets with a time or a counter in them repeat the first one, for a day.
        """
        repeats = Repeats()
        one = plain(1, time=bytes(12), received_at=NOON)
        self.assertIsNone(repeats.earlier(one, "a"))
        for seconds, found in ((1, "a"), (86_000, "a"), (87_000, None)):
            again = one._replace(received_at=NOON + seconds * SECOND)
            self.assertEqual(repeats.earlier(again, "b"), found)

    def test_without_time(self) -> None:
        """
        A meter that says no time may well send the same twice: only at once is it a repeat.
        """
        repeats = Repeats()
        one = plain(1, received_at=NOON)
        self.assertIsNone(repeats.earlier(one, "a"))
        self.assertEqual(repeats.earlier(one._replace(received_at=NOON + SECOND // 2), "b"), "a")
        self.assertIsNone(repeats.earlier(one._replace(received_at=NOON + 3 * SECOND), "c"))

    def test_of_another(self) -> None:
        """
        The same octets of another host are its own.
        """
        repeats = Repeats()
        one = plain(1, time=bytes(12))
        repeats.earlier(one, "a")
        self.assertIsNone(repeats.earlier(one._replace(peer="192.0.2.2:1"), "b"))

    def test_bounded(self) -> None:
        """
        Only so many are remembered, the late ones.
        """
        repeats = Repeats(size=10)
        records = [plain(number, time=bytes(12)) for number in range(100)]
        for number, one in enumerate(records):
            repeats.earlier(one, str(number))
        self.assertEqual(repeats.earlier(records[-1], "x"), "99")
        self.assertIsNone(repeats.earlier(records[0], "x"))


class WindowTableTests(SynchronousTestCase):
    """
    Tests of L{WindowTable}.
    """

    def setUp(self) -> None:
        """
        Have a table over a dictionary.
        """
        self.stored: dict[tuple[bytes, str], bytes] = {}
        self.loads = 0

    def table(self, limit: int = 100) -> WindowTable:
        """
        @return: a table.
        """

        def load(title: bytes, epoch: str) -> bytes | None:
            self.loads += 1
            return self.stored.get((title, epoch))

        return WindowTable(load, lambda *_: frozenset(), limit)

    def test_one_window(self) -> None:
        """
        A window is the same object while it is in use, and no title is like an empty one.
        """
        table = self.table()
        self.assertIs(table.get(TITLE, EPOCH), table.get(TITLE, EPOCH))
        self.assertIs(table.get(None, EPOCH), table.get(b"", EPOCH))
        self.assertIsNot(table.get(TITLE, EPOCH), table.get(TITLE, "00000000"))

    def test_mode(self) -> None:
        """
        The mode is that of the meter now, whatever it was.
        """
        window = ReplayWindow(mode=ReplayMode.STRICT)
        window.accept(5)
        self.stored[TITLE, EPOCH] = window.to_state()
        table = self.table()
        self.assertTrue(table.get(TITLE, EPOCH).check(4))
        self.assertFalse(table.get(TITLE, EPOCH, ReplayMode.STRICT).check(4))

    def test_nothing_forgotten(self) -> None:
        """
        Windows leave memory only once they are written, as they were when they were taken.
        """
        table = self.table(limit=20)
        titles = [number.to_bytes(8, "big") for number in range(100)]
        for title in titles:
            table.get(title, EPOCH).accept(7)
            table.touch(title, EPOCH)
            table.trim()
        self.assertEqual(len(table), 100)
        table.begin_round()
        taken = []
        while table.in_round:
            taken += table.take(7)
        self.assertEqual([one[0] for one in taken], titles)
        for _ in range(3):
            table.trim()
        self.assertEqual(len(table), 100)
        table.get(titles[3], EPOCH).accept(8)
        table.touch(titles[3], EPOCH)
        self.stored.update({(title, epoch): state for title, epoch, state in taken})
        table.written(taken)
        for _ in range(3):
            for number in range(50):
                table.get(bytes([number]) * 8, EPOCH)
            table.trim()
        self.assertLess(len(table), 60)
        for title in titles:
            self.assertFalse(table.get(title, EPOCH).check(7))
        self.assertFalse(table.get(titles[3], EPOCH).check(8))

    def test_order(self) -> None:
        """
        However many there are, a round goes through them in order.
        """
        table = self.table(limit=1)
        for number in range(20_000):
            title = (number * 7919 % 20_000).to_bytes(8, "big")
            table.get(title, EPOCH)
            table.touch(title, EPOCH)
        table.begin_round()
        taken = []
        while table.in_round:
            taken += [one[0] for one in table.take(3000)]
        self.assertEqual(taken, [number.to_bytes(8, "big") for number in range(20_000)])

    def test_small(self) -> None:
        """
        A window in use costs far less than four KiB.
        """
        import tracemalloc

        table = self.table(limit=10_000)
        tracemalloc.start()
        self.addCleanup(tracemalloc.stop)
        for number in range(2000):
            window = table.get(number.to_bytes(8, "big"), f"{number:08x}")
            for counter in range(0, 3000, 100):
                window.accept(counter)
            table.touch(number.to_bytes(8, "big"), f"{number:08x}")
        used, _ = tracemalloc.get_traced_memory()
        self.assertLess(used / 2000, 1024)


class WorkerTests(SynchronousTestCase):
    """
    Tests of workers.
    """

    def test_inline(self) -> None:
        """
        What a job gives or raises comes at once.
        """
        worker = InlineWorker()
        self.assertEqual(self.successResultOf(worker.submit(lambda: 7)), 7)
        self.failureResultOf(worker.submit(lambda: 1 // 0), ZeroDivisionError)
        worker.stop()

    def test_thread(self) -> None:
        """
        Jobs are done in order in one other thread, and their results handed over as the reactor wants.
        """
        calls: list[tuple[Any, ...]] = []
        worker = ThreadWorker(lambda *call: calls.append(call), "test")
        ran: list[int] = []
        done: list[Deferred[Any]] = [
            worker.submit(threading.get_ident),
            worker.submit(lambda: 1 // 0),
        ]
        done += [worker.submit(partial(ran.append, number)) for number in range(5)]
        worker.stop()
        worker.join()
        for each in done:
            self.assertNoResult(each)
        for function, *arguments in calls:
            function(*arguments)
        self.assertNotEqual(self.successResultOf(done[0]), threading.get_ident())
        self.failureResultOf(done[1], ZeroDivisionError)
        self.assertEqual(ran, list(range(5)))

    def test_cancelled(self) -> None:
        """
        A job that nobody waits for is done, and its result disturbs nobody.
        """
        calls: list[tuple[Any, ...]] = []
        ran: list[int] = []
        worker = ThreadWorker(lambda *call: calls.append(call), "test")
        done = worker.submit(lambda: ran.append(1))
        done.addErrback(lambda _: None)
        done.cancel()
        worker.stop()
        worker.join()
        for function, *arguments in calls:
            function(*arguments)
        self.assertEqual(ran, [1])
