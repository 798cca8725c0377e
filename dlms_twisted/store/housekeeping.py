"""
When segments are looked after: from time to time, and when one has been left.
"""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from dlms_twisted.store.keeper import Keeper, Kept, Removed
from dlms_twisted.store.worker import Worker

__all__ = ["Housekeeping"]


class Housekeeping:
    """
    Has a L{Keeper} look, one look at a time.
    """

    log = Logger()

    def __init__(
        self,
        clock: IReactorTime,
        worker: Worker,
        keeper: Keeper,
        bounds: Callable[[], dict[str, Kept]],
        removed: Callable[[Removed], None],
        interval: float,
    ) -> None:
        """
        @param worker: Other than the writer's, so that readings need not wait.
        @param bounds: Says what must be kept.
        @param removed: Told what was removed.
        @param interval: Seconds from the end of one look to the next.
        """
        self._clock = clock
        self._worker = worker
        self._keeper = keeper
        self._bounds = bounds
        self._removed = removed
        self._interval = interval
        self._timer: IDelayedCall | None = None
        self._looking: Deferred[None] | None = None
        self._again = False
        self._stopped = False
        self._failing = ""

    def look(self) -> None:
        """
        Look now, or once more if somebody is looking.
        """
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._stopped:
            return
        if self._looking is not None:
            self._again = True
            return
        self._looking = Deferred()
        bounds, now = self._bounds(), self._clock.seconds()
        done = self._worker.submit(lambda: self._keeper.look(bounds, now))
        done.addCallbacks(self._looked, self._failed)
        done.addBoth(self._next)

    def stop(self) -> Deferred[None]:
        """
        End it; what is half done is begun again at the next start.

        @return: fires when nothing goes on any more.
        """
        self._stopped = True
        self._keeper.stop()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        return succeed(None) if self._looking is None else self._looking

    def _looked(self, removed: Removed) -> None:
        self._failing = ""
        self._removed(removed)

    def _failed(self, failure: Failure) -> None:
        why = failure.getErrorMessage()
        if why != self._failing and not self._stopped:
            self._failing = why
            self.log.error("Segments cannot be closed or removed: {why}; tried again", why=why)

    def _next(self, _: None) -> None:
        looking, self._looking = self._looking, None
        if self._stopped:
            pass
        elif self._again:
            self._again = False
            self.look()
        else:
            self._timer = self._clock.callLater(self._interval, self._due)
        if looking is not None:
            looking.callback(None)

    def _due(self) -> None:
        self._timer = None
        self.look()
