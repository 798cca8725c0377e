"""
Hostile meters at full count: dialogues of which one to three answers are damaged, dropped, doubled, late, cut or in
another order.
"""

from __future__ import annotations

from time import process_time

from tests.client.hostile import WAYS, Outcome, dialogue

#: Dialogues at full scale.
_COUNT = 10_000


def soak(scale: float) -> dict[str, object]:
    """
    @param scale: Part of the full count.

    @return: figures.

    @raise AssertionError: an error without a type, a wrong answer, an answer too late, a next request that fails, or
        something that is left behind.
    """
    outcome = Outcome()
    count = max(len(WAYS), round(_COUNT * scale))
    started = process_time()
    for seed in range(count):
        try:
            dialogue(seed, outcome)
        except Exception as error:
            raise AssertionError(f"dialogue {seed}: {error}") from error
    return {
        "dialogues": count,
        "requests": outcome.requests,
        "damaged_answers": sum(outcome.damaged.values()),
        "errors": dict(outcome.failed.most_common()),
        "reconnected": outcome.reconnected,
        "longest_wait_s": round(outcome.longest, 1),
        "milliseconds_each": round((process_time() - started) / count * 1e3, 1),
    }
