"""
Records, journals in memory of a test, and a disk that fails when it is told to.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.security.keys import ReplayMode
from dlms_twisted.store.disk import Disk
from dlms_twisted.store.journal import Journal
from dlms_twisted.store.limits import StoreLimits
from dlms_twisted.store.record import ACCEPTED, REFUSED, Record
from dlms_twisted.store.worker import InlineWorker

TITLE = bytes.fromhex("4d4d4d0000bc614e")
EPOCH = "0badc0de"
#: 2026-11-22T12:00:00Z in microseconds.
NOON = 1_795_348_800_000_000
SECOND = 1_000_000
DAY = 86_400 * SECOND


def record(counter: int = 1, **changes: Any) -> Record:
    """
    @return: an accepted, replay-checked record.
    """
    return Record(
        received_at=NOON + counter,
        source="udp:4059",
        peer="192.0.2.1:50000",
        medium="wrapper",
        outcome=ACCEPTED,
        reason=None,
        title=TITLE,
        epoch=EPOCH,
        counter=counter,
        authenticated=True,
        raw=b"raw %d" % counter,
        plain=b"plain %d" % counter,
        meter="house 7",
        time=None,
        checked=True,
        detail=None,
    )._replace(**changes)


def plain(number: int = 1, **changes: Any) -> Record:
    """
    @return: an accepted record that no window judges.
    """
    one = record(
        number, title=None, epoch=None, authenticated=None, plain=None, meter=None, checked=False,
        raw=b"plain message %d" % number,
    )  # fmt: skip
    return one._replace(**{"counter": None, **changes})


def refused(number: int = 1, reason: str = "unknown-key", **changes: Any) -> Record:
    """
    @return: a refused record.
    """
    return record(
        number, outcome=REFUSED, reason=reason, epoch=None, authenticated=None, plain=None, meter=None,
        checked=False, detail="no key is known for it",
    )._replace(**changes)  # fmt: skip


class FaultyConnection(sqlite3.Connection):
    """
    Asks before each statement whether it may.
    """

    before: Callable[[str], None]

    def execute(self, sql: str, *arguments: Any) -> sqlite3.Cursor:
        """
        Execute, or fail as the disk was told.
        """
        self.before(sql)
        cursor = super().execute(sql, *arguments)
        self.before(f"after {sql}")
        return cursor


class QuickDisk(Disk):
    """
    Waits for no disk: a test ends before the power does.
    """

    synchronous = "OFF"


class FaultyDisk(QuickDisk):
    """
    Fails with C{error} at each statement that begins with C{at}, on files whose name begins with C{name}.
    """

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.at = "COMMIT"
        self.name = ""
        self.failures = 0

    def open_file(self, path: Path) -> sqlite3.Connection:
        """
        @return: a connection that may fail.
        """
        connection = sqlite3.connect(
            path, isolation_level=None, check_same_thread=False, factory=FaultyConnection
        )

        def before(sql: str) -> None:
            if (
                self.error is not None
                and path.name.startswith(self.name)
                and sql.startswith(self.at)
            ):
                self.failures += 1
                raise self.error

        connection.before = before
        return connection


FULL = sqlite3.OperationalError("database or disk is full")


class JournalTestCase(SynchronousTestCase):
    """
    Has a directory, a clock at L{NOON} and journals whose disk's work is done at once.
    """

    def setUp(self) -> None:
        """
        Make a clock and a directory.
        """
        self.clock = Clock()
        self.clock.advance(NOON / SECOND)
        self.directory = Path(self.mktemp())
        self._open: list[Journal] = []
        self.addCleanup(self._close_all)

    def open(self, disk: Disk | None = None, **limits: Any) -> Journal:
        """
        @return: the journal in the directory, closed when the test ends.
        """
        journal = Journal.open(
            self.directory,
            self.clock,
            StoreLimits(**limits),
            worker=InlineWorker(),
            disk=disk or QuickDisk(),
        )
        self._open.append(journal)
        return journal

    def close(self, journal: Journal) -> None:
        """
        Close a journal in good order.
        """
        self.successResultOf(journal.close())
        self._open.remove(journal)

    def crash(self, journal: Journal) -> None:
        """
        End a journal as C{kill -9} would: nothing more is written.
        """
        self._open.remove(journal)
        journal._lock.release()
        for call in self.clock.getDelayedCalls():
            call.cancel()

    def accept(self, journal: Journal, *counters: int, **changes: Any) -> Deferred[list[str]]:
        """
        Do what the collector does: judge, move the window, append.
        """
        records = []
        for counter in counters:
            one = record(counter, **changes)
            window = journal.windows.get(one.title, one.epoch or "", ReplayMode.WINDOW)
            self.assertTrue(window.check(counter))
            window.accept(counter)
            records.append(one)
        return journal.append(records)

    def accepts(self, journal: Journal, counter: int, title: bytes = TITLE) -> bool:
        """
        Would this counter be accepted?
        """
        return journal.windows.get(title, EPOCH).check(counter)

    def _close_all(self) -> None:
        for journal in self._open:
            journal.close().addErrback(lambda _: None)
