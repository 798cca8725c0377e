"""
Log lines that cannot flood: so many of a kind in a while, then one line that says how many were left out.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger, LogLevel

__all__ = ["LimitedLog"]


class LimitedLog:
    """
    A logger that lets C{burst} events of one kind through in each C{interval}.

    What is left out is counted, and told with the next event of that kind that is let through, or by L{flush}.
    """

    def __init__(
        self,
        clock: IReactorTime,
        logger: Logger,
        *,
        burst: int = 5,
        interval: float = 60.0,
        most_kinds: int = 256,
    ) -> None:
        """
        @param interval: Seconds.
        @param most_kinds: How many kinds are told apart; beyond it, they share one allowance.
        """
        self._clock = clock
        self._logger = logger
        self._burst = burst
        self._interval = interval
        self._most_kinds = most_kinds
        self._kinds: dict[str, list[float]] = {}  # kind: [started, let through, left out]

    def warn(self, kind: str, text: str, **fields: Any) -> None:
        """
        Log C{text} at level warn unless this kind had its share.

        @param kind: What the allowance is for, for example C{"broken peer"}.
        """
        now = self._clock.seconds()
        if kind not in self._kinds and len(self._kinds) >= self._most_kinds:
            kind = "other"
        state = self._kinds.setdefault(kind, [now, 0, 0])
        if now - state[0] >= self._interval:
            self._tell(kind, state)
            state[:] = [now, 0, 0]
        if state[1] < self._burst:
            state[1] += 1
            self._logger.emit(LogLevel.warn, text, **fields)
        else:
            state[2] += 1

    def flush(self) -> None:
        """
        Say what was left out so far.
        """
        for kind, state in self._kinds.items():
            self._tell(kind, state)
            state[2] = 0

    def _tell(self, kind: str, state: list[float]) -> None:
        if state[2]:
            self._logger.warn("{count} more of «{kind}» not shown", count=int(state[2]), kind=kind)
