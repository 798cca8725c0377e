"""
When replay windows are written to the state, and how much of them at a time.
"""

from __future__ import annotations

from collections import Counter

from twisted.internet.interfaces import IReactorTime

from dlms_twisted.store.batch import Batch, StateWrite
from dlms_twisted.store.limits import StoreLimits
from dlms_twisted.store.record import Position
from dlms_twisted.store.windows import WindowTable

__all__ = ["Rounds"]


class Rounds:
    """
    Writes all windows that have moved, a few along with each batch; when a round is through, the mark moves to where
    it began.  (Windows written in between include later records too, which is harmless: applying a record twice
    changes nothing.)
    """

    def __init__(
        self, windows: WindowTable, totals: Counter[str], clock: IReactorTime, limits: StoreLimits
    ) -> None:
        self._windows = windows
        self._totals = totals
        self._clock = clock
        self._limits = limits
        self._records = 0
        self._began = clock.seconds()
        #: A round is on its way...
        self._going = False
        #: ...and this will be the mark when it is through; known when its first batch is committed.
        self._mark: Position | None = None

    @property
    def waiting(self) -> bool:
        """
        Is there something to write even if no record comes?
        """
        return self._going or self._due()

    def state(self, records: int, *, last: bool = False) -> StateWrite:
        """
        @param records: How many records there are in the batch that is handed over.
        @param last: The journal is being closed: everything is to be written.

        @return: what is to be written after this batch.
        """
        self._records += records
        news = StateWrite()
        begins = last or (not self._going and self._due())
        if begins:
            self._windows.begin_round()
            self._going = True
            self._mark = None
            self._records = 0
            self._began = self._clock.seconds()
        if not self._going:
            return news
        news.begins_round = begins
        news.windows = self._windows.take(self._limits.states)
        while last and self._windows.in_round:
            news.windows += self._windows.take(self._limits.states)
        if not self._windows.in_round:
            self._going = False
            news.marks_end = begins
            news.mark = self._mark
            news.counters = dict(self._totals)
        return news

    def committed(self, batch: Batch) -> None:
        """
        A batch is on the disk.
        """
        if batch.state.begins_round:
            self._mark = batch.end
        if batch.state.windows:
            self._windows.written(batch.state.windows)
        self._windows.trim()

    def abandoned(self, batch: Batch) -> None:
        """
        A batch will never be on the disk: the windows that went with it are to be written again.
        """
        for title, epoch, _ in batch.state.windows:
            self._windows.touch(title, epoch)
        self._windows.written(batch.state.windows)
        self._going = False
        self._mark = None
        # Nothing is waited for: the next batch begins a round.
        self._records = self._limits.checkpoint_records

    def _due(self) -> bool:
        limits = self._limits
        if not self._records:
            return False
        return (
            self._records >= limits.checkpoint_records
            or self._windows.dirty > limits.windows
            or self._clock.seconds() - self._began >= limits.checkpoint_age
        )
