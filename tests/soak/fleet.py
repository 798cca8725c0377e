"""
Many meters in one process: pushes of ten thousand, a thousand associations that are all asked at once, and the memory
of a meter that nobody talks to.
"""

from __future__ import annotations

import gc
import tracemalloc

from twisted.internet.task import Clock

from benchmarks.fleet import Conversations, push_cost
from dlms_twisted.server.description_toml import ready_description
from dlms_twisted.server.fleet import Fleet

#: KiB that a meter may take which nobody talks to.
_MOST_MEMORY = 20.0
_LEAST_RATE = 20_000


def idle_memory(count: int) -> float:
    """
    @return: KiB for each of so many meters, with their keys and counters.
    """
    clock = Clock()
    clock.advance(1_790_000_000)
    description = ready_description("household")
    next(iter(Fleet(description, 1, clock=clock))).due()
    gc.collect()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        fleet = Fleet(description, count, clock=clock)
        for meter in fleet:
            meter.keys.policy.allows(True, True)
            meter.counters.refuse("nothing")
        gc.collect()
        return (tracemalloc.get_traced_memory()[0] - before) / count / 1024
    finally:
        tracemalloc.stop()


def soak(scale: float) -> dict[str, object]:
    """
    @return: figures; the rate is that of one core.

    @raise AssertionError: a figure is not what is promised.
    """
    rate = 1 / push_cost(max(10_000, int(400_000 * scale)))
    memory = idle_memory(max(100, int(10_000 * scale)))
    associations = max(50, int(1_000 * scale))
    conversations = Conversations(associations)
    try:
        answered = conversations.gets(max(2, int(50 * scale)))
        used = conversations.figures()["cpu"]
    finally:
        conversations.close()
    if memory > _MOST_MEMORY:
        raise AssertionError(f"{memory:.1f} KiB for an idle meter")
    if rate < _LEAST_RATE:
        raise AssertionError(f"{rate:.0f} pushes a second from one core")
    return {
        "pushes_a_second": round(rate),
        "kib_of_an_idle_meter": round(memory, 2),
        "associations": associations,
        "answers": answered,
        "answers_a_second": round(answered / used),
    }
