"""
The codec's share of the soak: a million damaged elements, every prefix, random trees, and the time of hostile input.
"""

from __future__ import annotations

import random
from contextlib import suppress
from statistics import median
from time import process_time

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SkipTest

from dlms_twisted.codec.data import Data, decode_data, decode_data_at
from dlms_twisted.codec.json_form import from_json
from dlms_twisted.codec.layout import LayoutCache
from dlms_twisted.codec.times import Date, DateTime, Time
from dlms_twisted.codec.trace import TracingReader
from dlms_twisted.errors import DecodeError
from tests.codec.samples import ELEMENTS, bodies, hostile, mutated, outcome, reference
from tests.codec.test_data import EXAMPLES

_MUTATIONS = 1_000_000
_TREES = 4_000
_SIZE = 1 << 16


def soak(scale: float) -> dict[str, object]:
    """
    @param scale: Part of the full counts.

    @return: the figures.
    """
    seeds = _seeds()
    figures: dict[str, object] = {"seeds": len(seeds)}
    figures.update(_mutations(seeds, int(_MUTATIONS * scale)))
    figures["prefixes"] = _prefixes(seeds, scale)
    figures["trees"] = _trees(max(10, int(_TREES * scale)))
    figures.update(_times())
    return figures


def _seeds() -> list[bytes]:
    seeds = {bytes.fromhex(text) for text, _, _ in EXAMPLES}
    with suppress(SkipTest):  # without vectors the examples are enough
        seeds |= {data.octets for _, data in bodies()}
    return sorted(seeds)


def _same(first: object, second: object, octets: bytes) -> None:
    if first != second:
        raise AssertionError(f"{octets.hex()}: {first!r} and {second!r}")


def _mutations(seeds: list[bytes], count: int) -> dict[str, object]:
    source = random.Random(62056)
    small = [seed for seed in seeds if len(seed) < 700]
    cache = LayoutCache(max=64)
    good = 0
    for place in range(count):
        octets = mutated(source.choice(small if place % 500 else seeds), source)
        plain = outcome(decode_data, octets)
        _same(outcome(cache.decode, octets), plain, octets)
        if isinstance(plain, tuple) and len(plain) == 3:
            good += 1
        if place % 8 == 0:
            _others(octets)
    return {"mutations": count, "good": good}


def _others(octets: bytes) -> None:
    # The reference decoder, tracing, the JSON form, and times.
    tracing = TracingReader(octets)
    try:
        values, end = reference(octets)
    except DecodeError as error:
        try:
            tracing.data()
        except DecodeError as other:
            _same(other.args, error.args, octets)
        else:
            raise AssertionError(octets.hex()) from None
        return
    _same(repr(tracing.data().values), values, octets)
    data, _ = decode_data_at(octets, 0)
    _same((repr(data.values), len(data.octets)), (values, end), octets)
    again = from_json(data.tree())
    _same((repr(again.values), again.shape), (values, data.shape), octets)
    _all_times(data)


def _all_times(data: Data) -> None:
    # Whatever stands where a date is expected is one, or a DecodeError.
    content = data.octets[-12:]
    for kind in (DateTime, Date, Time):
        try:
            value = kind.from_octets(content[: {DateTime: 12, Date: 5, Time: 4}[kind]])
        except DecodeError:
            continue
        str(value)


def _prefixes(seeds: list[bytes], scale: float) -> int:
    count = 0
    for seed in seeds:
        # The few of many thousand octets would take most of the time.
        step = max(1, int(len(seed) / 2000 / min(scale, 1.0)))
        for end in range(0, len(seed), step):
            result = outcome(decode_data, seed[:end])
            if not (isinstance(result, tuple) and len(result) == 2 and result[1] <= end):
                raise AssertionError(f"{seed[:end].hex()}: {result!r}")
            count += 1
    return count


def _trees(count: int) -> int:
    checks = list(HealthCheck)

    @settings(max_examples=count, deadline=None, derandomize=True, suppress_health_check=checks)
    @given(ELEMENTS, st.integers(0, 2**32))
    def compare(octets: bytes, seed: int) -> None:
        source = random.Random(seed)
        cache = LayoutCache()
        for one in (octets, octets, mutated(octets, source), octets, mutated(octets, source)):
            _same(outcome(cache.decode, one), outcome(decode_data, one), one)
            _others(one)

    compare()
    return count


def _times() -> dict[str, object]:
    # Seconds of CPU time for 64 KiB: the slowest input of all against the median of the well-formed ones.
    taken: dict[str, float] = {}
    well = []
    for name, octets in hostile(_SIZE).items():
        taken[name] = min(_time(octets) for _ in range(5))
        if isinstance(result := outcome(decode_data, octets), tuple) and len(result) == 3:
            well.append(taken[name])
    slowest = max(taken, key=lambda name: taken[name])
    ratio = taken[slowest] / median(well)
    if ratio >= 10:
        raise AssertionError(f"{slowest} takes {ratio:.1f} times the median")
    return {
        "slowest": slowest,
        "slowest_ms": round(taken[slowest] * 1e3, 1),
        "ratio": round(ratio, 1),
    }


def _time(octets: bytes) -> float:
    started = process_time()
    with suppress(DecodeError):
        decode_data(octets)
    return process_time() - started
