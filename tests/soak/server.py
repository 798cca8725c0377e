"""
The server's session at full counts: a million damaged requests in every state, in clear and within good protection.
"""

from __future__ import annotations

from collections import Counter
from time import process_time

from tests.session.hostile import KINDS, Victim, requests

#: Damaged requests at full scale.
_COUNT = 1_000_000
_LOT = 5_000


def soak(scale: float) -> dict[str, object]:
    """
    @param scale: Part of the full counts.

    @return: figures.

    @raise AssertionError: something was said that no server says, or the good request after a damaged one was not
        answered.
    """
    kinds = [(kind, False) for kind in KINDS] + [("ciphered", True), ("sealed", True)]
    lots = max(len(kinds), round(_COUNT * scale / _LOT))
    said: Counter[str] = Counter()
    sent = 0
    started = process_time()
    for number in range(lots):
        kind, sealed = kinds[number % len(kinds)]
        victim = Victim(kind)
        for octets in requests(number, _LOT if scale >= 0.05 else 500):
            victim.attack(octets, sealed=sealed)
            sent += 1
        said += victim.said
    return {
        "damaged_requests": sent,
        "answers": dict(said.most_common()),
        "microseconds_each": round((process_time() - started) / sent * 1e6, 1),
    }
