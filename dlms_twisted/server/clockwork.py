"""
Lets meters do their work when it is due: one timer for all of them.
"""

from __future__ import annotations

from heapq import heappop, heappush
from itertools import count

from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from dlms_twisted.server.meter import SimulatedMeter
from dlms_twisted.transport.timers import DeadlineTimer

__all__ = ["Clockwork"]

#: Most meters that work before others get their turn.
_AT_ONCE = 16


class Clockwork:
    """
    Knows when each meter has something to do.
    """

    log = Logger()

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._timer = DeadlineTimer(clock, self._work)
        self._heap: list[tuple[float, int, SimulatedMeter]] = []
        self._due: dict[SimulatedMeter, float] = {}
        self._order = count()
        self._stopped = False

    def look(self, meter: SimulatedMeter) -> None:
        """
        A meter may have something to do, or at another time than before; the first time it begins to run.
        """
        due = meter.due()
        if due == self._due.get(meter) or self._stopped:
            return
        if due is None:
            self._due.pop(meter, None)
        else:
            self._due[meter] = due
            heappush(self._heap, (due, next(self._order), meter))
            self._set()

    def stop(self) -> None:
        """
        Let nothing be done any more.
        """
        self._stopped = True
        self._timer.cancel()
        self._heap.clear()
        self._due.clear()

    def _set(self) -> None:
        # What was moved since it was put there is passed over.
        heap = self._heap
        while heap and self._due.get(heap[0][2]) != heap[0][0]:
            heappop(heap)
        self._timer.set(heap[0][0] if heap else None)

    def _work(self) -> None:
        now = self._clock.seconds()
        for _ in range(_AT_ONCE):
            if not self._heap or self._heap[0][0] > now:
                break
            due, _order, meter = heappop(self._heap)
            if self._due.get(meter) == due:
                del self._due[meter]
                self._let_work(meter, now)
        self._set()

    def _let_work(self, meter: SimulatedMeter, now: float) -> None:
        try:
            meter.work(now)
        except Exception:
            # A fault of one object must not stop the other meters.
            self.log.failure("{meter} failed in its work", meter=meter)
        self.look(meter)
