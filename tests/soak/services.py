"""
The services and block transfer at full counts: damage, bad networks, and time that grows with the input only.
"""

from __future__ import annotations

import gc
from collections import Counter
from contextlib import suppress
from statistics import median
from time import process_time

from dlms_twisted.apdu import registry
from dlms_twisted.codec import build
from dlms_twisted.codec.writer import encode_length
from dlms_twisted.errors import DecodeError
from tests.apdu.damage import check, mutations
from tests.session.lossy import Network, run

#: A million changes at full scale, in lots with a seed each.
_LOTS = 200
_LOT = 5_000
_RUNS = 4_000
_NETWORKS = {
    "good": Network(),
    "doubling": Network(double=0.5),
    "late": Network(late=0.5),
    "losing": Network(loss=0.1),
    "bad": Network(0.3, 0.3, 0.3),
}


def soak(scale: float) -> dict[str, object]:
    """
    @param scale: Part of the full counts.

    @return: figures.

    @raise AssertionError: something other than an object or our error came out, or a wrong answer, or the slowest
        input takes ten times the median one.
    """
    return {**_damage(scale), **_networks(scale), **_time()}


def _damage(scale: float) -> dict[str, object]:
    decoded = refused = 0
    for seed in range(max(1, round(_LOTS * scale))):
        for octets in mutations(seed, _LOT):
            if check(octets) is None:
                refused += 1
            else:
                decoded += 1
    return {"mutations": decoded + refused, "decoded": decoded, "refused": refused}


def _networks(scale: float) -> dict[str, object]:
    figures: dict[str, object] = {}
    for name, network in _NETWORKS.items():
        counts: Counter[str] = Counter()
        for seed in range(max(10, round(_RUNS * scale))):
            outcome = run(seed, network)
            if outcome.wrong or len(outcome.answers) > 1:
                raise AssertionError(f"{name} network, seed {seed}: {outcome}")
            kind = type(outcome.answers[0]).__name__ if outcome.answers else "silence"
            counts[kind] += 1
        if not network.loss and set(counts) != {"bytes"}:
            raise AssertionError(f"{name} network: {counts}")
        figures[name] = dict(counts)
    return {"networks": figures}


def _large(size: int) -> dict[str, bytes]:
    # Inputs of about that size, each hard in its own way.
    def counted(head: str, item: bytes, tail: bytes = b"") -> bytes:
        count = (size - 16) // len(item)
        return bytes.fromhex(head) + encode_length(count) + item * (count - bool(tail)) + tail

    attribute = bytes.fromhex("00080000010000ff0200")
    return {
        "octet-string": b"\xc4\x01\xc1\x00" + build.octet_string(bytes(size - 20)).octets,
        "block": counted("c402c1000000000100", b"\x00"),
        "null-data": counted("c401c10001", b"\x00"),
        "integers": counted("c401c10001", b"\x11\x05"),
        "structures": counted("c401c10001", b"\x02\x01\x11\x05"),
        "empty arrays": counted("c401c10001", b"\x01\x00"),
        "results": counted("c403c1", b"\x01\x04"),
        "values": counted("c403c1", b"\x00\x11\x05"),
        "attributes": counted("c003c1", attribute),
        "read results": counted("0c", b"\x01\x04"),
        "write results": counted("0d", b"\x00"),
        "deep": b"\xc4\x01\xc1\x00" + b"\x02\x01" * (size // 2),
        "deep at the end": counted("c401c10001", b"\x00", b"\x02\x01" * 64),
        "compact": counted("c401c1001311", b"\x05"),
        "wrong at the end": counted("c403c1", b"\x01\x04", b"\x02\x04"),
    }


def _seconds(octets: bytes) -> float:
    taken = []
    for _ in range(15):
        started = process_time()
        with suppress(DecodeError):
            registry.decode(octets)
        taken.append(process_time() - started)
    return min(taken)


def _time() -> dict[str, object]:
    # What the soak before left in memory is no work of the decoder.
    gc.collect()
    gc.disable()
    try:
        quarter, whole = (
            {name: _seconds(octets) for name, octets in _large(size).items()}
            for size in (1 << 14, 1 << 16)
        )
    finally:
        gc.enable()
    for name, seconds in whole.items():
        if seconds > 0.002 and seconds > 10 * quarter[name]:
            raise AssertionError(
                f"{name}: {quarter[name]} s at a quarter of the size, {seconds} s at all"
            )
    slowest, middle = max(whole.values()), median(whole.values())
    if slowest > 10 * middle:
        raise AssertionError(f"the slowest takes {slowest} s, the median {middle} s")
    return {
        "milliseconds": {name: round(1000 * seconds, 2) for name, seconds in whole.items()},
        "slowest_to_median": round(slowest / middle, 1),
    }
