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
from collections.abc import Awaitable, Callable, Hashable, Iterable
from random import random
from typing import Any, TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime

from dlms_twisted.client.outcomes import Outcome, Outcomes
from dlms_twisted.errors import ConfigurationError
from dlms_twisted.transport.retry import retry_policy

__all__ = ["Pool"]

T = TypeVar("T")


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
