"""
Many meters: so many at once, so many a second, so many of a group, each with a deadline, and again where a link failed.

L{Pool.each} takes what is to be worked on from any iterable, a few at a time, so that a hundred thousand meters cost no
more memory than those that are worked on now::

    pool = Pool(reactor, total=200, per_group=4, per_second=20)
    async for outcome in pool.each(meters, read, group=lambda meter: meter.cell):
        print(outcome.item, outcome.value if outcome.error is None else outcome.error)
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Awaitable, Callable, Hashable, Iterable, Iterator
from random import random
from types import TracebackType
from typing import Any, Final, Generic, NamedTuple, Self, TypeVar

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.python.failure import Failure

from dlms_twisted.errors import ConfigurationError, LinkError, RequestTimeoutError
from dlms_twisted.transport.retry import retry_policy

__all__ = ["Outcome", "Outcomes", "Pool"]

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


class Pool:
    """
    Limits that all work of a pool has in common.

    @ivar active: How many are worked on now.
    """

    def __init__(
        self,
        clock: IReactorTime,
        *,
        total: int = 100,
        per_group: int = 0,
        per_second: float = 0.0,
        deadline: float = 300.0,
        tries: int = 1,
        back_off: Callable[[int], float] | None = None,
    ) -> None:
        """
        @param total: How many are worked on at once.
        @param per_group: How many of a group; 0 for no limit.  A group is what must not be asked too much at once: a
            cell of a radio network, a gateway, a bus.
        @param per_second: How many are begun in a second; 0 for no limit.
        @param deadline: Seconds that one try may take.
        @param tries: How often an item is tried whose link fails, or that is silent.
        @param back_off: Seconds to the next try, by the number of failed ones before it; C{None} for 1 s and then
            ever longer, up to 5 minutes, give or take a half.

        @raise ConfigurationError: a limit is out of range.
        """
        if total < 1 or tries < 1 or not deadline > 0:
            raise ConfigurationError("total, tries and deadline: 1 or more wanted")
        if per_group < 0 or per_second < 0:
            raise ConfigurationError("per_group and per_second: 0 or more wanted")
        self.active = 0
        self.clock = clock
        self.deadline = deadline
        self.tries = tries
        self.total = total
        self.back_off = back_off or retry_policy(random, first=1.0, longest=300.0)
        self._per_group = per_group
        self._interval = 1 / per_second if per_second else 0.0
        self._next = 0.0
        self._groups: Counter[Hashable] = Counter()
        self._runs: deque[Outcomes[Any]] = deque()
        self._waiting: IDelayedCall | None = None
        self._pumping = False

    def each(
        self,
        items: Iterable[T],
        work: Callable[[T], Awaitable[Any]],
        *,
        group: Callable[[T], Hashable] | None = None,
    ) -> Outcomes[T]:
        """
        Work on each item.

        @param items: Taken as there is room for them; may be without end.
        @param work: A coroutine function, or what gives Deferreds.
        @param group: To which group an item belongs.

        @return: the outcomes, as they come, in an order of their own.
        """
        return Outcomes(self, iter(items), work, group)

    def gather(
        self,
        items: Iterable[T],
        work: Callable[[T], Awaitable[Any]],
        *,
        group: Callable[[T], Hashable] | None = None,
    ) -> Deferred[list[Outcome]]:
        """
        @return: fires with all outcomes of L{each}; cancelling it cancels all work.
        """

        async def collect() -> list[Outcome]:
            async with self.each(items, work, group=group) as outcomes:
                return [one async for one in outcomes]

        return Deferred.fromCoroutine(collect())

    # -- for the runs ----------------------------------------------------------------------------

    def join(self, run: Outcomes[Any]) -> None:
        """
        A run has work.
        """
        self._runs.append(run)
        self.pump()

    def leave(self, run: Outcomes[Any]) -> None:
        """
        A run is over.
        """
        if run in self._runs:
            self._runs.remove(run)
        if not self._runs and self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def has_room(self, group: Hashable) -> bool:
        """
        May another of a group be begun?
        """
        return not self._per_group or group is None or self._groups[group] < self._per_group

    def begun(self, group: Hashable) -> None:
        """
        Work on an item has begun.
        """
        self.active += 1
        self._groups[group] += 1

    def ended(self, group: Hashable) -> None:
        """
        It is over.
        """
        self.active -= 1
        self._groups[group] -= 1
        if not self._groups[group]:
            del self._groups[group]
        self.pump()

    def pump(self) -> None:
        """
        Begin what may begin, a run at a time in turns.
        """
        if self._pumping or self._waiting is not None:
            return
        self._pumping = True
        try:
            idle = 0
            while idle < len(self._runs) and self.active < self.total:
                run = self._runs[0]
                if not run.ready():
                    idle += 1
                elif self._too_early():
                    return
                else:
                    idle = 0
                    self._next = max(self._next, self.clock.seconds()) + self._interval
                    run.begin()
                # A run that is over has left.
                if self._runs and self._runs[0] is run:
                    self._runs.rotate(-1)
        finally:
            self._pumping = False

    def _too_early(self) -> bool:
        early = self._next - self.clock.seconds()
        if not self._interval or early <= 0:
            return False
        self._waiting = self.clock.callLater(early, self._go_on)
        return True

    def _go_on(self) -> None:
        self._waiting = None
        self.pump()


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
