"""
From the reactor's thread to the disk's: collecting, handing over, holding and trying again.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from functools import partial
from typing import Final

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from dlms_twisted.errors import StoreError
from dlms_twisted.store.batch import Batch, Group
from dlms_twisted.store.limits import StoreLimits
from dlms_twisted.store.rounds import Rounds
from dlms_twisted.store.worker import Worker
from dlms_twisted.store.writer import Writer

__all__ = ["Observer", "Pipeline"]

#: Called with "can the journal be written again?" and with words for a log.
Observer = Callable[[bool, str], None]

#: What a disk does that is full or broken.
_DISK: Final = (sqlite3.Error, OSError)


class Pipeline:
    """
    One batch at a time is with the writer; meanwhile the next one grows.

    @ivar writable: Did the last attempt succeed?
    """

    log = Logger()

    def __init__(
        self,
        clock: IReactorTime,
        worker: Worker,
        writer: Writer,
        rounds: Rounds,
        limits: StoreLimits,
        tell: Observer,
        moved: Callable[[], None],
    ) -> None:
        """
        @param tell: Called when L{writable} changes.
        @param moved: Called when a segment has been left for a new one.
        """
        self.writable = True
        self._clock = clock
        self._worker = worker
        self._writer = writer
        self._rounds = rounds
        self._limits = limits
        self._tell = tell
        self._moved = moved
        self._pending: list[Group] = []
        self._count = 0
        self._urgent = False
        self._flight: Batch | None = None
        self._timer: IDelayedCall | None = None
        self._retry: IDelayedCall | None = None
        self._drained: Deferred[None] | None = None
        self._ended = False

    @property
    def held(self) -> int:
        """
        Records that are not yet committed.
        """
        return self._count + (self._flight.records if self._flight is not None else 0)

    def add(self, group: Group, *, urgent: bool = False) -> None:
        """
        Take a group; hand it over at once if it is C{urgent} or there are enough records.
        """
        self._pending.append(group)
        self._count += len(group.records)
        if urgent:
            self._urgent = True
        if self._flight is None:
            self._next()

    def poke(self) -> None:
        """
        Look whether there is something to write though no record comes.
        """
        if self._flight is None:
            self._next()

    def drain(self) -> Deferred[None]:
        """
        Write all that there is, then all windows.  Take no group after this.

        @return: fires when that is done; fails with L{StoreError} if it cannot be written now.
        """
        self._drained = done = Deferred[None]()
        if self._retry is not None:
            self._retry.cancel()
            self._try_again()
        elif self._flight is None:
            self._next()
        return done

    def _next(self) -> None:
        if self._ended:
            return
        full = self._count >= self._limits.batch or self._urgent or self._drained is not None
        if full or self._rounds.waiting:
            self._hand_over()
        elif self._pending and self._timer is None:
            self._timer = self._clock.callLater(self._limits.delay, self._time_out)

    def _time_out(self) -> None:
        self._timer = None
        self._urgent = True
        if self._flight is None:
            self._next()

    def _hand_over(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        batch = Batch(groups=self._pending)
        batch.state = self._rounds.state(self._count, last=self._drained is not None)
        self._pending = []
        self._count = 0
        self._urgent = False
        self._flight = batch
        self._attempt(batch, self._writer.write)

    def _attempt(self, batch: Batch, job: Callable[[Batch], bool]) -> None:
        done = self._worker.submit(partial(job, batch))
        done.addCallbacks(
            self._committed, self._failed, callbackArgs=(batch,), errbackArgs=(batch,)
        )
        done.addErrback(self._broken)

    def _committed(self, moved: bool, batch: Batch) -> None:
        if not self.writable:
            self.writable = True
            self._tell(True, "can be written again")
        self._flight = None
        self._rounds.committed(batch)
        if moved:
            self._moved()
        for group in batch.groups:
            group.done.callback(group.identities)
        if self._drained is not None and batch.state.marks_end and not self._pending:
            self._ended = True
            self._drained.callback(None)
        elif self._flight is None:
            self._next()

    def _failed(self, failure: Failure, batch: Batch) -> None:
        if failure.check(*_DISK) is None:
            self._flight = None
            self._rounds.abandoned(batch)
            self.log.failure("A batch is lost by a mistake in this program", failure)
            for group in batch.groups:
                group.done.errback(failure)
            if self._drained is not None:
                self._ended = True
                self._drained.errback(failure)
            elif self._flight is None and self._pending:
                self._next()
            return
        why = failure.getErrorMessage()
        if self._drained is not None:
            error = StoreError(
                f"{self.held} records are lost, because they cannot be written: {why}"
            )
            self._ended = True
            self._drained.errback(error)
            return
        self._retry = self._clock.callLater(self._limits.retry, self._try_again)
        if self.writable:
            self.writable = False
            self._tell(False, why)

    def _try_again(self) -> None:
        self._retry = None
        if self._flight is not None:
            self._attempt(self._flight, self._writer.write_again)

    def _broken(self, failure: Failure) -> None:
        self.log.failure("A callback of the journal failed", failure)
