"""
What becomes of the items that a pool works on.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Hashable, Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Generic, NamedTuple, Self, TypeVar

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.python.failure import Failure

from dlms_twisted.errors import LinkError, RequestTimeoutError

if TYPE_CHECKING:
    from dlms_twisted.client.pool import Pool

__all__ = ["Outcome", "Outcomes"]

T = TypeVar("T")

#: Items of full groups that are looked beyond, so that others have their turn.
_AHEAD: Final = 1000


class Outcome(NamedTuple):
    """
    What became of one item.

    @ivar item: Which.
    @ivar value: What the work gave; C{None} where it failed.
    @ivar error: Why it failed; C{None} where it did not.
    @ivar tries: How often it was tried.
    """

    item: Any
    value: Any
    error: Exception | None
    tries: int


class _Entry:
    """
    One item on its way.
    """

    __slots__ = ("group", "item", "late", "tries", "working")

    def __init__(self, item: Any, group: Hashable) -> None:
        self.item = item
        self.group = group
        self.tries = 0
        self.late: IDelayedCall | None = None
        self.working: Deferred[Any] | None = None


class Outcomes(Generic[T]):
    """
    Outcomes as they come: C{async for}.

    Leave the loop early inside of C{async with}, or call L{close}, and what is under way is cancelled.
    """

    def __init__(
        self,
        pool: Pool,
        items: Iterator[T],
        work: Callable[[T], Awaitable[Any]],
        group: Callable[[T], Hashable] | None,
    ) -> None:
        """
        @param items: What is to be worked on.
        """
        self._pool = pool
        self._items: Iterator[T] | None = items
        self._work = work
        self._group = group
        self._held: deque[_Entry] = deque()
        self._ready: _Entry | None = None
        self._under_way: set[_Entry] = set()
        self._resting: dict[_Entry, IDelayedCall] = {}
        self._found: deque[Outcome] = deque()
        self._wanted: Deferred[None] | None = None
        self._begun = False
        self._closed = False
        self._failure: Failure | None = None

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

    async def __anext__(self) -> Outcome:
        if not self._begun:
            self._begun = True
            self._pool.join(self)
        while not self._found:
            if self._failure is not None:
                failure, self._failure = self._failure, None
                self.close()
                failure.raiseException()
            if self._is_over:
                self._pool.leave(self)
                raise StopAsyncIteration
            self._wanted = Deferred()
            await self._wanted
        outcome = self._found.popleft()
        self._pool.pump()
        return outcome

    def close(self) -> None:
        """
        Begin nothing more, and cancel what is under way.
        """
        self._items = None
        self._held.clear()
        self._ready = None
        self._begun = self._closed = True
        for call in self._resting.values():
            call.cancel()
        self._resting.clear()
        self._pool.leave(self)
        for entry in tuple(self._under_way):
            if entry.working is not None:
                entry.working.cancel()
        self._found.clear()
        self._wake()

    @property
    def _is_over(self) -> bool:
        return self._items is None and not (
            self._ready or self._held or self._under_way or self._resting
        )

    # -- work ------------------------------------------------------------------------------------

    def ready(self) -> bool:
        """
        Is there an item that may have its turn?
        """
        if len(self._found) >= self._pool.total:
            # Nobody takes what was found: what comes next waits.
            return False
        if self._ready is not None and not self._pool.has_room(self._ready.group):
            self._held.appendleft(self._ready)
            self._ready = None
        if self._ready is None:
            self._ready = self._next_entry()
        if self._is_over:
            self._wake()
        return self._ready is not None

    def begin(self) -> None:
        """
        Begin work on the item that is L{ready}.
        """
        entry, self._ready = self._ready, None
        if entry is not None:
            self._begin(entry)

    def _next_entry(self) -> _Entry | None:
        for entry in self._held:
            if self._pool.has_room(entry.group):
                self._held.remove(entry)
                return entry
        while self._items is not None and len(self._held) < _AHEAD:
            try:
                item = next(self._items)
                group = None if self._group is None else self._group(item)
            except StopIteration:
                self._items = None
            except Exception:
                # What gives the items is the caller's, and so is its fault.
                self._failure = Failure()
                self._items = None
                self._wake()
            else:
                entry = _Entry(item, group)
                if self._pool.has_room(group):
                    return entry
                self._held.append(entry)
        return None

    def _begin(self, entry: _Entry) -> None:
        entry.tries += 1
        self._under_way.add(entry)
        self._pool.begun(entry.group)

        async def worked() -> Any:
            return await self._work(entry.item)

        entry.late = self._pool.clock.callLater(self._pool.deadline, self._too_late, entry)
        entry.working = Deferred.fromCoroutine(worked())
        entry.working.addBoth(self._ended, entry)

    def _too_late(self, entry: _Entry) -> None:
        entry.late = None
        if entry.working is not None:
            entry.working.cancel()

    def _ended(self, result: Any, entry: _Entry) -> None:
        was_late = entry.late is None
        if entry.late is not None:
            entry.late.cancel()
        entry.late = entry.working = None
        self._under_way.discard(entry)
        error: Exception | None = None
        if isinstance(result, Failure):
            error = _error_of(result, was_late, self._pool.deadline)
            result = None
        if self._closed:
            # Nobody wants to know.
            pass
        elif isinstance(error, LinkError | RequestTimeoutError) and entry.tries < self._pool.tries:
            delay = self._pool.back_off(entry.tries - 1)
            self._resting[entry] = self._pool.clock.callLater(delay, self._again, entry)
        else:
            self._found.append(Outcome(entry.item, result, error, entry.tries))
        self._pool.ended(entry.group)
        self._wake()

    def _again(self, entry: _Entry) -> None:
        del self._resting[entry]
        self._held.appendleft(entry)
        self._pool.pump()

    def _wake(self) -> None:
        wanted, self._wanted = self._wanted, None
        if wanted is not None and not wanted.called:
            wanted.callback(None)


def _error_of(failure: Failure, was_late: bool, deadline: float) -> Exception:
    if was_late and failure.check(CancelledError):
        return RequestTimeoutError(f"not done within {deadline:g} s")
    error = failure.value
    return error if isinstance(error, Exception) else RuntimeError(str(error))
