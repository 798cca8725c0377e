"""
Pools: many meters, within limits.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.client.outcomes import Outcome
from dlms_twisted.client.pool import Pool
from dlms_twisted.errors import (
    AccessRefusedError,
    ConfigurationError,
    LinkError,
    RequestTimeoutError,
)


class Meters:
    """
    Work that ends when a test says so.
    """

    def __init__(self) -> None:
        self.waiting: dict[Any, Deferred[Any]] = {}
        self.begun: list[Any] = []
        self.cancelled: list[Any] = []

    async def work(self, item: Any) -> Any:
        """
        Wait to be told.
        """
        self.begun.append(item)
        self.waiting[item] = Deferred()
        try:
            return await self.waiting[item]
        except CancelledError:
            self.cancelled.append(item)
            raise

    def end(self, item: Any, result: Any = "done") -> None:
        """
        The work on an item ends.
        """
        waiting = self.waiting.pop(item)
        if isinstance(result, Exception):
            waiting.errback(result)
        else:
            waiting.callback(result)


class PoolCase(SynchronousTestCase):
    """
    A pool on a clock that is turned by hand.
    """

    def setUp(self) -> None:
        self.clock = Clock()
        self.meters = Meters()

    def pool(self, **limits: Any) -> Pool:
        """
        @return: a pool whose back-off is 10 s for each failure.
        """
        return Pool(self.clock, back_off=lambda failures: 10.0 * (failures + 1), **limits)

    def tearDown(self) -> None:
        self.assertEqual(self.clock.getDelayedCalls(), [])


class LimitTests(PoolCase):
    """
    What is under way at once.
    """

    def test_total(self) -> None:
        """
        No more than so many; each that ends makes room for the next, and nothing is taken before there is room.
        """
        taken = []

        def items() -> Iterator[int]:
            for number in range(5):
                taken.append(number)
                yield number

        pool = self.pool(total=2)
        done = pool.gather(items(), self.meters.work)
        self.assertEqual((self.meters.begun, taken, pool.active), ([0, 1], [0, 1], 2))
        for number in (1, 0, 2, 3, 4):
            self.meters.end(number, number * 10)
        found = self.successResultOf(done)
        self.assertEqual([one.item for one in found], [1, 0, 2, 3, 4])
        self.assertEqual(found[0], Outcome(1, 10, None, 1))
        self.assertEqual(pool.active, 0)

    def test_groups(self) -> None:
        """
        A group that is full waits, and others overtake it.
        """
        pool = self.pool(total=3, per_group=1)
        cells = ["a1", "a2", "a3", "b1", "b2", "c1"]
        done = pool.gather(cells, self.meters.work, group=lambda cell: cell[0])
        self.assertEqual(self.meters.begun, ["a1", "b1", "c1"])
        self.meters.end("b1")
        self.assertEqual(self.meters.begun[3:], ["b2"])
        self.meters.end("a1")
        self.assertEqual(self.meters.begun[4:], ["a2"])
        for cell in ("c1", "b2", "a2", "a3"):
            self.meters.end(cell)
        self.assertEqual(len(self.successResultOf(done)), 6)

    def test_rate(self) -> None:
        """
        Four a second are begun, whenever the others end.
        """
        pool = self.pool(per_second=4)
        done = pool.gather(range(6), self.meters.work)
        self.assertEqual(self.meters.begun, [0])
        self.clock.advance(0.25)
        self.assertEqual(self.meters.begun, [0, 1])
        self.meters.end(0)
        self.assertEqual(self.meters.begun, [0, 1])
        for _ in range(4):
            self.clock.advance(0.25)
        self.assertEqual(self.meters.begun, list(range(6)))
        for number in range(1, 6):
            self.meters.end(number)
        self.successResultOf(done)

    def test_two_runs(self) -> None:
        """
        Runs of one pool share its limits, in turns.
        """
        pool = self.pool(total=1)
        runs = [pool.gather([f"{name}{n}" for n in (1, 2)], self.meters.work) for name in "xy"]
        for item in ("x1", "y1", "x2", "y2"):
            self.assertEqual(self.meters.begun[-1], item)
            self.meters.end(item)
        for run in runs:
            self.assertEqual(len(self.successResultOf(run)), 2)

    def test_nobody_takes(self) -> None:
        """
        Who does not take outcomes holds up the rest, and no memory is filled.
        """
        pool = self.pool(total=2)

        async def at_once(item: int) -> int:
            self.meters.begun.append(item)
            return item

        async def three() -> list[int]:
            found = []
            async with pool.each(iter(int, 1), at_once) as outcomes:
                async for one in outcomes:
                    found.append(one.value)
                    if len(found) == 3:
                        break
            return found

        self.assertEqual(self.successResultOf(Deferred.fromCoroutine(three())), [0, 0, 0])
        self.assertLessEqual(len(self.meters.begun), 6)

    def test_many(self) -> None:
        """
        A hundred thousand items that are done at once neither nest nor pile up.
        """

        async def at_once(item: int) -> int:
            return item

        async def total() -> int:
            return sum(
                [one.value async for one in self.pool(total=10).each(range(20_000), at_once)]
            )

        self.assertEqual(self.successResultOf(Deferred.fromCoroutine(total())), 199_990_000)

    def test_out_of_range(self) -> None:
        """
        Limits that are none are refused.
        """
        for wrong in ({"total": 0}, {"tries": 0}, {"deadline": 0}, {"per_group": -1}):
            self.assertRaises(ConfigurationError, Pool, self.clock, **wrong)


class FailureTests(PoolCase):
    """
    What goes wrong.
    """

    def test_errors_are_outcomes(self) -> None:
        """
        One that fails does not stop the others, whatever its error is.
        """
        refused, fault = AccessRefusedError(3, "read-write-denied"), KeyError("fault")
        done = self.pool(tries=3).gather("abc", self.meters.work)
        self.meters.end("a", refused)
        self.meters.end("b", fault)
        self.meters.end("c")
        found = {one.item: one for one in self.successResultOf(done)}
        self.assertEqual(found["a"], Outcome("a", None, refused, 1))
        self.assertEqual(found["b"], Outcome("b", None, fault, 1))
        self.assertEqual(found["c"].value, "done")

    def test_tried_again(self) -> None:
        """
        A link that fails is tried again, later each time, and gives way to others meanwhile.
        """
        done = self.pool(total=1, tries=3).gather("ab", self.meters.work)
        self.meters.end("a", LinkError("refused"))
        self.assertEqual(self.meters.begun, ["a", "b"])
        self.meters.end("b")
        self.clock.advance(9.9)
        self.assertEqual(self.meters.begun, ["a", "b"])
        self.clock.advance(0.1)
        self.meters.end("a", RequestTimeoutError("silent"))
        self.clock.advance(20)
        last = LinkError("dropped")
        self.meters.end("a", last)
        found = self.successResultOf(done)
        self.assertEqual(found[1], Outcome("a", None, last, 3))

    def test_deadline(self) -> None:
        """
        What takes too long is cancelled, and has failed.
        """
        done = self.pool(deadline=5.0).gather("a", self.meters.work)
        self.clock.advance(5)
        (found,) = self.successResultOf(done)
        self.assertIsInstance(found.error, RequestTimeoutError)
        self.assertEqual(self.meters.cancelled, ["a"])

    def test_cancelled(self) -> None:
        """
        Cancelling all cancels what is under way, and what rests; the pool can be used again.
        """
        pool = self.pool(total=2, tries=2, per_second=100)
        done = pool.gather("abcdef", self.meters.work)
        self.clock.advance(0.01)
        self.meters.end("a", LinkError("refused"))
        self.clock.advance(0.01)
        self.assertEqual(self.meters.begun, ["a", "b", "c"])
        done.cancel()
        self.failureResultOf(done, CancelledError)
        self.assertEqual(sorted(self.meters.cancelled), ["b", "c"])
        self.assertEqual((pool.active, self.clock.getDelayedCalls()), (0, []))
        again = pool.gather("z", self.meters.work)
        self.clock.advance(1)
        self.meters.end("z")
        self.assertEqual(len(self.successResultOf(again)), 1)

    def test_items_fail(self) -> None:
        """
        When what gives the items fails, what is under way is cancelled, and that is said.
        """

        def items() -> Iterator[str]:
            yield "a"
            raise ValueError("no more")

        done = self.pool().gather(items(), self.meters.work)
        self.failureResultOf(done, ValueError)
        self.assertEqual(self.meters.cancelled, ["a"])
