"""
The journal: takes records in, answers when they are on the disk, and holds what cannot be written yet.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred, DeferredLock, succeed
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from dlms_twisted.errors import StoreError
from dlms_twisted.store.batch import Group
from dlms_twisted.store.disk import Disk
from dlms_twisted.store.housekeeping import Housekeeping
from dlms_twisted.store.keeper import Keeper, Kept, Removed
from dlms_twisted.store.limits import DEFAULT_LIMITS, StoreLimits
from dlms_twisted.store.live import LiveWindows
from dlms_twisted.store.lock import LockFile
from dlms_twisted.store.pipeline import Observer, Pipeline
from dlms_twisted.store.quarantine import Admission
from dlms_twisted.store.record import ACCEPTED, Record
from dlms_twisted.store.recovery import apply_after_mark
from dlms_twisted.store.redecode import Redecoded, Redecoder, Reopen
from dlms_twisted.store.rounds import Rounds
from dlms_twisted.store.series import LOCK, READINGS, REDECODED, STATE, segment_files
from dlms_twisted.store.state import read_window
from dlms_twisted.store.windows import WindowTable
from dlms_twisted.store.worker import ThreadWorker, Worker
from dlms_twisted.store.writer import Writer

__all__ = ["Journal"]


class Journal:
    """
    A directory of segments, with the replay windows that go with them.

    L{append} costs the reactor's thread next to nothing: records are collected and handed to the writer's thread when
    there are enough of them, or after a tenth of a second.  If they cannot be written they are held and tried again,
    for ever; L{writable} is then false, and whoever takes messages in must stop.

    @ivar directory: Where it is.
    @ivar windows: The replay windows.
    @ivar totals: Records by outcome and reason, and what was dropped and why, over the journal's life; they are
        written down with the windows.
    """

    log = Logger()

    def __init__(
        self,
        directory: Path,
        clock: IReactorTime,
        workers: tuple[Worker, ...],
        lock: LockFile,
        disk: Disk,
        limits: StoreLimits,
    ) -> None:
        """
        Use L{Journal.open}.
        """
        self.directory = directory
        self._clock = clock
        self._disk = disk
        self._limits = limits
        self._redecoder: Redecoder | None = None
        self._worker, self._keeper_worker = workers
        self._lock = lock
        self._observers: list[Observer] = []
        self._redecoding = DeferredLock()
        self._closing = False
        self._ended = False
        self._closed: list[Deferred[None]] = []
        self._admission = Admission(limits.quarantine)
        self._writer = Writer(directory, disk, limits)
        self._states = disk.connect_read_only(directory / STATE)
        self._live = LiveWindows(directory, disk, self.flush)
        self.windows = WindowTable(self._window_state, self._live.refused, limits.windows)
        self._live.windows = self.windows
        self.totals: Counter[str] = Counter(self._writer.state.counters())
        rounds = Rounds(self.windows, self.totals, clock, limits)
        keeper = Keeper(directory, disk, limits)
        self._housekeeping = Housekeeping(
            clock, self._keeper_worker, keeper, self._bounds, self._removed, limits.housekeeping
        )
        self._pipeline = Pipeline(
            clock,
            self._worker,
            self._writer,
            rounds,
            limits,
            self._changed,
            self._housekeeping.look,
        )
        self.totals[ACCEPTED] += apply_after_mark(
            directory, disk, self._writer.state, self.windows, limits.windows
        )
        self._housekeeping.look()

    @classmethod
    def open(
        cls,
        directory: Path,
        clock: IReactorTime,
        limits: StoreLimits = DEFAULT_LIMITS,
        *,
        call_from_thread: Callable[..., Any] | None = None,
        worker: Worker | None = None,
        disk: Disk | None = None,
        what: str = "dlms-collector",
    ) -> Journal:
        """
        Take the journal in C{directory}, and make it if it is not there.  Windows are brought up to date; that takes
        a second or two for each million records since they were last written.

        @param clock: Timers and the time of day.
        @param call_from_thread: The reactor's C{callFromThread}: a thread is started for the disk's work.
        @param worker: Does the disk's work instead of such a thread.
        @param what: What the holder of the lock is called in the error that others get.

        @raise StoreError: another process has it, or it cannot be opened.
        """
        disk = disk or Disk()
        disk.make_directory(directory)
        lock = LockFile(directory / LOCK)
        lock.acquire(what)
        workers: tuple[Worker, ...] = ()
        try:
            workers = (worker, worker) if worker is not None else _threads(call_from_thread)
            return cls(directory, clock, workers, lock, disk, limits)
        except BaseException as error:
            for one in workers:
                one.stop()
            lock.release()
            if isinstance(error, sqlite3.Error):
                raise StoreError(f"the journal {directory} cannot be opened: {error}") from error
            raise

    @property
    def writable(self) -> bool:
        """
        Did the last write succeed?  While it did not, nothing should be taken in.
        """
        return self._pipeline.writable

    @property
    def held(self) -> int:
        """
        Records that were appended and are not yet committed.
        """
        return self._pipeline.held

    def add_observer(self, observer: Observer) -> None:
        """
        Have C{observer} called when the journal can no longer be written (false, and why), and when it can again.
        """
        self._observers.append(observer)

    def append(self, records: Sequence[Record]) -> Deferred[list[str]]:
        """
        Write records.  Those that are checked must have moved their windows in this same turn of the reactor.

        @return: fires when they are on the disk, with their identities in the same order; empty for a refused one
            that the limits of the quarantine keep out.  It does not fail because of the disk: it waits.  Cancelling
            it stops the waiting, not the writing.

        @raise StoreError: the journal is closed.
        """
        if self._closing:
            raise StoreError(f"the journal {self.directory} is closed")
        group = Group(records=records, dropped=self._count(records), done=Deferred())
        self._pipeline.add(group)
        return group.done

    def flush(self) -> Deferred[None]:
        """
        @return: fires when all that was appended so far is on the disk.  Cancelling it stops the waiting only.

        @raise StoreError: the journal is closed.
        """
        if self._closing:
            raise StoreError(f"the journal {self.directory} is closed")
        if not self.held:
            return succeed(None)
        group = Group(records=(), dropped=frozenset(), done=Deferred())
        self._pipeline.add(group, urgent=True)
        return group.done.addCallback(lambda _: None)

    def redecode(
        self, reopen: Reopen, titles: Collection[bytes] | None = None
    ) -> Deferred[Redecoded]:
        """
        Decode again what was kept raw, because keys or policies have changed.

        @param reopen: Opens a message with the keys of today.
        @param titles: The senders concerned; L{None}: all.

        @return: fires with what came of it, after earlier runs; see L{Redecoder.run} for how it fails.  Cancelling
            it ends it after the slice that is going on.

        @raise StoreError: the journal is closed.
        """
        if self._closing:
            raise StoreError(f"the journal {self.directory} is closed")
        return self._redecoding.run(self._redecode_once, reopen, titles)

    def _redecode_once(
        self, reopen: Reopen, titles: Collection[bytes] | None
    ) -> Deferred[Redecoded]:
        # What was refused a moment ago, without the key that has just come, must be in the quarantine first.
        flushed = self.flush()
        self._redecoder = redecoder = Redecoder(
            self.directory,
            reopen,
            clock=self._clock,
            worker=self._keeper_worker,
            disk=self._disk,
            reserve=self._live,
            titles=titles,
            segment_octets=self._limits.segment_octets,
        )
        return flushed.addCallback(lambda _: redecoder.run()).addCallback(self._redecoded)

    def _redecoded(self, done: Redecoded) -> Redecoded:
        self.totals["redecoded"] += done.accepted
        return done

    def close(self) -> Deferred[None]:
        """
        Commit what was appended, write the windows, and free the lock.

        @return: fires when that is done; fails with L{StoreError} if what is held cannot be written: one last
            attempt is made.  Cancelling it does not stop the closing.
        """
        if self._ended:
            return succeed(None)
        done: Deferred[None] = Deferred()
        self._closed.append(done)
        if not self._closing:
            self._closing = True
            if self._redecoder is not None:
                self._redecoder.stop()
            stopped = self._housekeeping.stop()
            stopped.addCallback(lambda _: self._pipeline.drain())
            # A slice that is going on needs the flush that has just been; without it nobody waits for the slice.
            stopped.addCallback(lambda _: self._redecoding.acquire())
            stopped.addCallback(lambda _: None)
            stopped.addBoth(self._finish)
        return done

    def _finish(self, result: Failure | None) -> None:
        # First, because the last connection to leave folds the log into the file, and this one cannot write.
        self._states.close()
        self._live.close()
        self._worker.submit(self._writer.close).addBoth(self._release, result)
        self._worker.stop()
        self._keeper_worker.stop()

    def _release(self, _: object, result: Failure | None) -> None:
        self._lock.release()
        self._ended = True
        for done in self._closed:
            done.callback(result)

    def _count(self, records: Sequence[Record]) -> frozenset[int]:
        """
        Count records and note which windows have moved.

        @return: which refused ones (by index) are not kept.
        """
        touch = self.windows.touch
        accepted = 0
        dropped = []
        for index, record in enumerate(records):
            if record.outcome == ACCEPTED:
                accepted += 1
                if record.checked:
                    touch(record.title, record.epoch or "")
                continue
            self.totals[f"refused-{record.reason}"] += 1
            if (why := self._admission.dropped(record)) is not None:
                self.totals[why] += 1
                dropped.append(index)
        if accepted:
            self.totals[ACCEPTED] += accepted
        return frozenset(dropped)

    def _window_state(self, title: bytes, epoch: str) -> bytes | None:
        return read_window(self._states, title, epoch)

    def _changed(self, writable: bool, why: str) -> None:
        if writable:
            self.log.info(
                "The journal {directory} can be written again; {held} records were held",
                directory=self.directory,
                held=self.held,
            )
        else:
            self.log.error(
                "The journal {directory} cannot be written: {why}; {held} records are held, and nothing more is "
                "taken in until it can",
                directory=self.directory,
                why=why,
                held=self.held,
            )
        for observer in self._observers:
            observer(writable, why)

    def _bounds(self) -> dict[str, Kept]:
        """
        @return: what housekeeping must leave alone.
        """
        bounds = {
            series: Kept(number, number) for series, number in self._writer.open_numbers().items()
        }
        if READINGS in bounds:
            bounds[READINGS] = Kept(
                bounds[READINGS].open, min(bounds[READINGS].open, self._writer.marked.number)
            )
        if decoded := segment_files(self.directory, REDECODED):
            bounds[REDECODED] = Kept(decoded[-1].number, decoded[-1].number)
        return bounds

    def _removed(self, removed: Removed) -> None:
        self._live.refresh()
        self.totals.update(removed.totals)
        for (title, epoch), counters in removed.counters.items():
            # Nobody can look them up any more: now the window itself must know them.
            window = self.windows.get(title, epoch)
            for counter in counters[-window.size :]:
                window.accept(counter)
            self.windows.touch(title, epoch)
        self._pipeline.poke()


def _threads(call_from_thread: Callable[..., Any] | None) -> tuple[Worker, ...]:
    if call_from_thread is None:
        raise StoreError("a journal needs callFromThread or a worker")
    return (
        ThreadWorker(call_from_thread, "dlms-journal"),
        ThreadWorker(call_from_thread, "dlms-journal-keeper"),
    )
