"""
How long to wait before something is tried again.
"""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["retry_policy"]


def retry_policy(
    random: Callable[[], float], *, first: float = 0.5, longest: float = 60.0, factor: float = 1.6
) -> Callable[[int], float]:
    """
    Exponential back-off with jitter of half the delay to either side, so that many who lost the same peer
    do not come back together.

    @param random: Gives numbers from 0 to 1.
    @param first: Seconds before the first new attempt, on average.
    @param longest: Most seconds between attempts.

    @return: seconds by number of failed attempts, as C{ClientService} wants it.
    """

    def policy(attempt: int) -> float:
        delay = longest
        if attempt < 60:
            delay = min(longest, first * factor ** max(0, attempt))
        return min(longest, delay * (0.5 + random()))

    return policy
