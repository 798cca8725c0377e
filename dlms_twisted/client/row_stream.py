"""
Rows of a profile as the blocks of an answer come.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Coroutine, Iterable, Iterator, Sequence
from itertools import chain
from types import TracebackType
from typing import Any, Self

from twisted.internet.defer import CancelledError, Deferred
from twisted.python.failure import Failure

from dlms_twisted.client.profile_selection import Filter, RowsAfter, projected
from dlms_twisted.codec.data import Data
from dlms_twisted.codec.tags import ARRAY, STRUCTURE
from dlms_twisted.cosem.columns import Column
from dlms_twisted.cosem.profile import Profile, Row, RowDecoder
from dlms_twisted.cosem.profile_runs import length_at

__all__ = ["RowFeeder", "RowStream"]

#: Takes rows.
Tell = Callable[[Sequence[Row]], None]


class RowFeeder:
    """
    Takes the octets of a buffer in parts, and tells of rows.
    """

    def __init__(
        self,
        layout: Profile,
        columns: Sequence[Column],
        wanted: Profile,
        tell: Tell,
        *,
        keep: Filter | None = None,
        after: RowsAfter | None = None,
    ) -> None:
        """
        @param layout: All columns of the profile.
        @param columns: Those that the meter was asked for; one that sends all nevertheless is understood.
        @param wanted: Those of the rows that are told of.
        @param keep: What is to be done with rows as they come.
        @param after: What leaves out rows that were read before.
        """
        self._layout = layout
        self._columns = columns
        self._wanted = wanted
        self._tell = tell
        self._keep = keep
        self._after = after
        self._head = b""
        self._taken = 0
        self._decoder: RowDecoder | None = None
        self._project: Filter | None = None

    def part(self, octets: bytes) -> None:
        """
        Take the next octets.

        @raise DecodeError: they are no buffer.
        """
        self._taken += len(octets)
        if self._decoder is None:
            self._head += octets
            cells = _cells(self._head)
            if cells is None:
                return
            octets = self._head
            self._decode(cells)
        assert self._decoder is not None
        self._decoder.receive_data(octets)
        self._told(self._decoder.take())

    def finish(self, buffer: Data) -> None:
        """
        Take the rest.

        @param buffer: All of it.

        @raise DecodeError: it is no buffer, or rows are missing.
        """
        if self._taken < len(buffer.octets):
            self.part(buffer.octets[self._taken :])
        if self._decoder is None:
            self._decode(0)
            assert self._decoder is not None
            self._decoder.receive_data(self._head)
        self._told(self._decoder.finish(), last=True)

    def _decode(self, cells: int) -> None:
        layout = self._layout
        some = len(self._columns) < len(layout.columns) and cells != len(layout.columns)
        fetched = narrowed(layout, self._columns) if some else layout
        self._decoder = fetched.decoder()
        self._project = projected(fetched, self._wanted)

    def _told(self, rows: Iterable[Row], last: bool = False) -> None:
        assert self._project is not None
        if self._keep is not None:
            rows = self._keep(rows)
        rows = self._project(rows)
        if self._after is not None:
            rows = self._after(rows)
            if last:
                rows = chain(rows, _late(self._after))
        found = list(rows)
        if found:
            self._tell(found)


def _late(after: RowsAfter) -> Iterator[Row]:
    yield from after.finish()


def narrowed(layout: Profile, columns: Sequence[Column]) -> Profile:
    """
    @return: the same profile with these columns only.
    """
    return Profile(
        columns,
        capture_period=layout.capture_period,
        newest_first=layout.newest_first,
        nulls=layout.nulls,
        scaled=layout.scaled,
        clock=layout.clock,
    )


def _cells(octets: bytes) -> int | None:
    """
    @return: how many cells the first row has; 0 where that cannot be told, C{None} where it takes more octets.
    """
    if octets[:1] and octets[0] != ARRAY:
        return 0
    found = length_at(octets, 1, len(octets)) if octets else None
    if found is None:
        return None
    rows, place = found
    if not rows:
        return 0
    if len(octets) <= place:
        return None
    if octets[place] != STRUCTURE:
        return 0
    cells = length_at(octets, place + 1, len(octets))
    return None if cells is None else cells[0]


class RowStream:
    """
    Rows as they come: C{async for row in meter.rows(…)}, or L{each} with a callback.

    Nothing is asked before the first row is wanted.  When the meter fails, the rows that came before are given first;
    the last of them is where another stream can go on (C{since}).  Leave the loop early inside of C{async with}, or
    call L{close}, and the request is given up.
    """

    def __init__(self, begin: Callable[[Tell], Coroutine[Deferred[Any], Any, None]]) -> None:
        """
        @param begin: Asks for the rows, and tells of them.
        """
        self._begin = begin
        self._rows: deque[Row] = deque()
        self._asking: Deferred[None] | None = None
        self._waiting: Deferred[None] | None = None
        self._failure: Failure | None = None
        self._over = False

    def __aiter__(self) -> Self:
        return self

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    async def __anext__(self) -> Row:
        while not self._rows:
            if self._over:
                failure, self._failure = self._failure, None
                if failure is not None:
                    failure.raiseException()
                raise StopAsyncIteration
            if self._asking is None:
                self._ask()
            else:
                self._waiting = Deferred(self._cancelled)
                await self._waiting
        return self._rows.popleft()

    def each(self, callback: Callable[[Row], Any]) -> Deferred[int]:
        """
        Call C{callback} with each row, as soon as it comes.

        @return: fires with how many there were; fails as the request does, or as C{callback} does, which gives the
            request up.  Cancelling it does so, too.
        """

        async def run() -> int:
            count = 0
            async with self:
                async for row in self:
                    callback(row)
                    count += 1
            return count

        return Deferred.fromCoroutine(run())

    def close(self) -> None:
        """
        Give the request up; there are no more rows.
        """
        self._rows.clear()
        self._over = True
        if self._asking is not None:
            self._asking.cancel()

    def _cancelled(self, _: Deferred[None]) -> None:
        self._waiting = None
        self.close()

    def _ask(self) -> None:
        self._asking = Deferred.fromCoroutine(self._begin(self._came))
        self._asking.addBoth(self._ended)

    def _came(self, rows: Sequence[Row]) -> None:
        if not self._over:
            self._rows.extend(rows)
            self._wake()

    def _ended(self, result: Any) -> None:
        if isinstance(result, Failure) and not (self._over and result.check(CancelledError)):
            self._failure = result
        self._over = True
        self._wake()

    def _wake(self) -> None:
        waiting, self._waiting = self._waiting, None
        if waiting is not None and not waiting.called:
            waiting.callback(None)
