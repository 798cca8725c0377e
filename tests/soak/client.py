"""
The client at full counts: every service with every protection, cancelling after every frame, and links that lose,
double, delay and damage.
"""

from __future__ import annotations

from itertools import islice
from time import process_time

from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.server.description_toml import ready_description
from tests.client.protections import SIGNER, combinations, signing, try_one
from tests.client.test_cancel import SERVICES, cancelled_everywhere
from tests.client.unreliable import Odds, scene
from tests.server.meters import CLIENTS, DEMANDING, SHORT, with_clients
from tests.session.interleaved import Interleaved

#: Visits over unreliable links, at full scale.
_SCENES = 10_000
#: Sessions with everything in any order.
_INTERLEAVED = 5_000


class _Case(SynchronousTestCase):
    """
    Its assertions.
    """


def _protections(scale: float) -> int:
    meter = with_clients(ready_description("household"))
    step = max(1, round(1 / scale))
    tried = 0
    for framing, client, settings in islice(combinations(full=True), 0, None, step):
        try_one(meter, framing, client, settings)
        tried += 1
    for description, settings in islice(signing(meter), 0, None, step):
        for framing in ("wrapper", "hdlc"):
            try_one(description, framing, SIGNER, settings)
            tried += 1
    return tried


def _cancellations(scale: float) -> int:
    case = _Case()
    every = max(1, round(1 / scale))
    count = 0
    for begin in SERVICES.values():
        for framing in ("wrapper", "hdlc"):
            for client in (CLIENTS["none"], DEMANDING, CLIENTS["low"] + SHORT):
                count += cancelled_everywhere(
                    case, framing, client, begin, every=every, max_pdu=300
                )
    return count


def _scenes(scale: float) -> dict[str, int]:
    meter = with_clients(ready_description("household"))
    answered = asked = 0
    for seed in range(max(12, round(_SCENES * scale))):
        odds = Odds(
            lost=0.1 * (seed % 2),
            doubled=0.1 * (seed % 4 > 1),
            late=0.2 * (seed % 3 > 0),
            damaged=0.1 * (seed % 5 == 0),
        )
        more = scene(
            meter,
            seed,
            odds,
            client=DEMANDING,
            outstanding=1 + seed % 3,
            window=1 + seed % 9,
            general_blocks=bool(seed % 7),
        )
        answered, asked = answered + more[0], asked + more[1]
    return {"asked": asked, "answered": answered}


def soak(scale: float) -> dict[str, object]:
    """
    @param scale: Part of the full counts.

    @return: figures.

    @raise AssertionError: an answer is wrong, or something is left behind.
    """
    started = process_time()
    return {
        "protections": _protections(scale),
        "cancellations": _cancellations(scale),
        "unreliable": _scenes(scale),
        "interleaved": sum(
            Interleaved(seed).run(400) for seed in range(max(10, round(_INTERLEAVED * scale)))
        ),
        "seconds": round(process_time() - started, 1),
    }
