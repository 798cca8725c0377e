"""
A whole meter, session and objects: a million damaged requests, in clear, under protection and by short names.
"""

from __future__ import annotations

from collections import Counter

from tests.server.hammering import hammer
from tests.server.meters import CLIENTS, SHORT, household
from tests.server.talking import Talk

__all__ = ["soak"]

_LOT = 5_000
#: Lots of each sort at full scale.
_LOTS = {"clear": 80, "protected": 80, "short names": 40}


def _make(client: int) -> Talk:
    return Talk(household(), client)


def soak(scale: float) -> dict[str, object]:
    """
    @param scale: Part of the full counts.

    @return: how many requests there were, and by what they were answered.

    @raise AssertionError: a wrong answer, or a good request without its answer; any other exception is one that the
        meter let out.
    """
    figures: dict[str, object] = {}
    total = 0
    for name, lots in _LOTS.items():
        counts: Counter[str] = Counter()
        short_names = name == "short names"
        client = CLIENTS["none"] + SHORT * short_names
        for seed in range(max(1, round(lots * scale))):
            counts += hammer(
                lambda client=client: _make(client),  # type: ignore[misc]
                seed,
                _LOT,
                secure=name == "protected",
                short_names=short_names,
            )
            total += _LOT
        figures[name] = dict(counts.most_common())
    return {"requests": total, **figures}
