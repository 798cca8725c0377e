"""
A whole meter, session and objects: a million damaged and invented requests, in clear, under
protection and by short names; and conversations while things go wrong.
"""

from __future__ import annotations

from collections import Counter

from tests.server.hammering import hammer
from tests.server.meters import household
from tests.server.unreliable import MIXES, unreliable

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
#: Conversations of each mixture of faults at full scale.
_RUNS = 400


def soak(scale: float) -> dict[str, object]:
    """
    @param scale: Part of the full counts.

    @return: how many requests there were, and by what they were answered; what conversations came to.

    @raise AssertionError: a wrong answer, a good request without its answer, or a conversation that did not end; any
        other exception is one that was let out.
    """
    return {**_hammered(scale), **_unreliable(scale)}


def _unreliable(scale: float) -> dict[str, object]:
    figures: dict[str, object] = {}
    for mix in MIXES:
        counts: Counter[str] = Counter()
        for seed in range(max(5, round(_RUNS * scale))):
            counts += unreliable(mix, seed, share=(0.005, 0.02, 0.05, 0.1)[seed % 4])
        kinds = " ".join(mix.kinds)
        figures[f"{mix.framing} {mix.auth} {mix.security} {kinds}"] = dict(counts.most_common())
    return {"unreliable": figures}


def _hammered(scale: float) -> dict[str, object]:
    figures: dict[str, object] = {}
    total = 0
    for name, (lots, options) in _LOTS.items():
        counts: Counter[str] = Counter()
        for seed in range(max(1, round(lots * scale))):
            counts += hammer(household, seed, _LOT, **options)
            total += _LOT
        figures[name] = dict(counts.most_common())
    return {"requests": total, **figures}
