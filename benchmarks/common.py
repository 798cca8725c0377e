"""
Timing side by side: medians of runs that take turns, in CPU time of this process, so that what else the machine does
counts little, and for all alike.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Mapping
from statistics import median
from time import process_time
from typing import NamedTuple

__all__ = ["Row", "compare", "measure", "table"]


class Row(NamedTuple):
    """
    One figure.

    @ivar name: What was done.
    @ivar ours: Median seconds of CPU for one call of ours.
    @ivar peer: With whom ours is compared.
    @ivar theirs: Median seconds of CPU for one call of the peer.
    @ivar wanted: The least ratio that the project promises; 0 where it promises none.
    """

    name: str
    ours: float
    peer: str
    theirs: float
    wanted: float = 0.0

    @property
    def ratio(self) -> float:
        """
        How many times as fast as the peer ours is.
        """
        return self.theirs / self.ours


def measure(
    calls: Mapping[str, Callable[[], object]], *, rounds: int = 15, seconds: float = 0.02
) -> dict[str, float]:
    """
    Time several calls in turns.

    @param calls: By name.
    @param rounds: How often each has its turn.
    @param seconds: About how long one turn lasts.

    @return: by name, the median seconds of CPU for one call.
    """
    counts = {name: _count(call, seconds) for name, call in calls.items()}
    taken: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            taken[name].append(_turn(call, counts[name]))
    return {name: median(times) for name, times in taken.items()}


def compare(
    name: str,
    ours: Callable[[], object],
    theirs: Mapping[str, Callable[[], object]],
    *,
    wanted: float = 0.0,
    rounds: int = 15,
) -> list[Row]:
    """
    Time ours beside others.

    @param name: What is done.
    @param ours: Does it once.
    @param theirs: By the peer's name, does the same once.
    @param wanted: The least ratio that is promised, for the first peer.

    @return: a row for each peer.
    """
    times = measure({"ours": ours, **theirs}, rounds=rounds)
    return [
        Row(name, times["ours"], peer, times[peer], 0.0 if place else wanted)
        for place, peer in enumerate(theirs)
    ]


def table(rows: Iterable[Row]) -> str:
    """
    @return: the rows as lines of text, times in microseconds.
    """
    lines = [f"{'what':<44} {'ours µs':>10} {'peer':<12} {'µs':>11} {'ratio':>7} {'wanted':>7}"]
    for row in rows:
        wanted = f"{row.wanted:.1f}" if row.wanted else ""
        lines.append(
            f"{row.name:<44} {row.ours * 1e6:>10.2f} {row.peer:<12} {row.theirs * 1e6:>11.2f}"
            f" {row.ratio:>7.1f} {wanted:>7}"
        )
    return "\n".join(lines)


def _count(call: Callable[[], object], seconds: float) -> int:
    # How many calls last that long; the first warms up what learns.
    for _ in range(3):
        call()
    taken = max(_turn(call, 1), 1e-7)
    return max(1, int(seconds / taken))


def _turn(call: Callable[[], object], count: int) -> float:
    enabled = gc.isenabled()
    gc.disable()
    try:
        started = process_time()
        for _ in range(count):
            call()
        return (process_time() - started) / count
    finally:
        if enabled:
            gc.enable()
