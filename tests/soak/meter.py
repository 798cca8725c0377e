"""
A whole meter, session and objects: a million damaged and invented requests, in clear, under
protection and by short names.
"""

from __future__ import annotations

from collections import Counter

from tests.server.hammering import hammer
from tests.server.meters import household

__all__ = ["soak"]

_LOT = 5_000
#: Lots of each sort at full scale, and how.
_LOTS: dict[str, tuple[int, dict[str, bool]]] = {
    "clear": (60, {"secure": False}),
    "protected": (40, {"secure": True}),
    "short names": (30, {"secure": False, "short_names": True}),
    "invented": (50, {"secure": False, "invented": True}),
    "invented, protected": (20, {"secure": True, "invented": True}),
}


def soak(scale: float) -> dict[str, object]:
    """
    @param scale: Part of the full counts.

    @return: how many requests there were, and by what they were answered.

    @raise AssertionError: a wrong answer, or a good request without its answer; any other exception is one that the
        meter let out.
    """
    figures: dict[str, object] = {}
    total = 0
    for name, (lots, options) in _LOTS.items():
        counts: Counter[str] = Counter()
        for seed in range(max(1, round(lots * scale))):
            counts += hammer(household, seed, _LOT, **options)
            total += _LOT
        figures[name] = dict(counts.most_common())
    return {"requests": total, **figures}
