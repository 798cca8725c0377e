"""
What goes to the disk in one go.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from attrs import Factory, define, field
from twisted.internet.defer import Deferred

from dlms_twisted.store.record import Position, Record
from dlms_twisted.store.rows import Row

__all__ = ["START", "Batch", "Group", "Part", "StateWrite"]

#: Before the first reading.
START: Final = Position(0, 0)


@define(kw_only=True)
class Group:
    """
    The records of one call of L{dlms_twisted.store.journal.Journal.append}.

    @ivar records: All of them.
    @ivar dropped: Which of them (by index) the quarantine's limits keep out.
    @ivar done: Fires with C{identities}.
    @ivar identities: One for each record, empty for a dropped one; made by the writer.
    """

    records: Sequence[Record]
    dropped: frozenset[int]
    done: Deferred[list[str]]
    identities: list[str] = Factory(list)


@define
class Part:
    """
    The rows for one series.

    @ivar newest: The latest arrival, in microseconds since 1970 UTC.
    @ivar expected: The last row there will be, once an attempt was made: a failed one may have succeeded.
    """

    rows: list[Row]
    newest: int
    expected: int | None = None
    written: bool = False


@define(kw_only=True)
class StateWrite:
    """
    What the state file is told after a batch.

    @ivar windows: Title, epoch and state.
    @ivar mark: Up to where they include the readings; L{None}: no news.
    @ivar marks_end: The mark is the end of this very batch.
    @ivar begins_round: A round of window writes begins with this batch.
    @ivar counters: Totals by name.
    """

    windows: list[tuple[bytes, str, bytes]] = Factory(list)
    mark: Position | None = None
    marks_end: bool = False
    begins_round: bool = False
    counters: dict[str, int] = Factory(dict)

    def mark_at(self, end: Position) -> Position | None:
        """
        @return: the mark, if the batch ends at C{end}.
        """
        return end if self.marks_end else self.mark

    def __bool__(self) -> bool:
        return bool(self.windows) or self.mark is not None or self.marks_end


@define(kw_only=True)
class Batch:
    """
    Groups that are committed together.

    @ivar groups: In the order in which they came.
    @ivar state: Written after them.
    @ivar parts: Rows by series, made by the writer at the first attempt.
    @ivar end: Where the readings end once it is committed.
    """

    groups: list[Group]
    state: StateWrite = field(factory=StateWrite)
    parts: dict[str, Part] | None = None
    end: Position = START

    @property
    def records(self) -> int:
        """
        How many records are in it.
        """
        return sum(len(group.records) for group in self.groups)
