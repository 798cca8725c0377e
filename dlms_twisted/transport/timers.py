"""
One timer for a machine that says its own deadline.
"""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.interfaces import IDelayedCall, IReactorTime

__all__ = ["DeadlineTimer"]


class DeadlineTimer:
    """
    Calls when a deadline has come; the deadline may move in either direction at any time.
    """

    def __init__(self, clock: IReactorTime, act: Callable[[], None]) -> None:
        """
        @param act: Called at the deadline.  It asks the clock for the time and sets the next deadline.
        """
        self._clock = clock
        self._act = act
        self._call: IDelayedCall | None = None

    def set(self, deadline: float | None) -> None:
        """
        @param deadline: In seconds of the clock; C{None} for none.
        """
        if deadline is None:
            self.cancel()
            return
        delay = max(0.0, deadline - self._clock.seconds())
        if self._call is None:
            self._call = self._clock.callLater(delay, self._due)
        else:
            self._call.reset(delay)

    def cancel(self) -> None:
        """
        There is no deadline.
        """
        call, self._call = self._call, None
        if call is not None:
            call.cancel()

    def _due(self) -> None:
        self._call = None
        self._act()
