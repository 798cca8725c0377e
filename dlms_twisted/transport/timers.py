"""
One timer for a machine that says its own deadline.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from twisted.internet.interfaces import IDelayedCall, IReactorTime

__all__ = ["DeadlineTimer"]

_SHORTEST: Final = 1e-6


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
        #: When the call comes, and the deadline, which may have moved behind that since.
        self._at = 0.0
        self._deadline = 0.0

    def set(self, deadline: float | None) -> None:
        """
        @param deadline: In seconds of the clock; C{None} for none.
        """
        if deadline is None:
            self.cancel()
            return
        self._deadline = deadline
        if self._call is None:
            self._wait(max(0.0, deadline - self._clock.seconds()))
        elif deadline < self._at:
            self._call.reset(max(0.0, deadline - self._clock.seconds()))
            self._at = deadline
        # One that moves away, as it does with each answer, costs nothing: the call finds out when it comes.

    def cancel(self) -> None:
        """
        There is no deadline.
        """
        call, self._call = self._call, None
        if call is not None:
            call.cancel()

    def _wait(self, delay: float) -> None:
        self._at = self._deadline
        self._call = self._clock.callLater(delay, self._due)

    def _due(self) -> None:
        self._call = None
        early = self._deadline - self._clock.seconds()
        if self._at < self._deadline and early > 0:
            # A sum of fractions may lie a little before what it should be: so short a wait would never end.
            self._wait(max(early, _SHORTEST))
        else:
            self._act()
