"""
The soak of the APDUs: mutations of every kind, and how long large inputs take.
"""

from __future__ import annotations

import time
from contextlib import suppress

from dlms_twisted.apdu import registry
from dlms_twisted.codec.writer import encode_length
from dlms_twisted.errors import DecodeError
from tests.apdu import damage
from tests.apdu.wild import check_any, seeds

_KIB = 1024


def _large(size: int) -> dict[str, bytes]:
    """
    @return: one APDU of some C{size} octets of each shape that could be slow.
    """
    context = bytes.fromhex("a109060760857405080101")
    elements = size // 2
    many = context + b"\xb0\x00" * elements
    nested = b"\x02\x01" * 30
    return {
        "nulls": b"\x0f\0\0\0\0\0\x01" + encode_length(size) + bytes(size),
        "octet-string": b"\x0f\0\0\0\0\0\x09" + encode_length(size) + bytes(size),
        "structures": b"\x0f\0\0\0\0\0\x01"
        + encode_length(size // 4)
        + b"\x02\x01\x11\x05" * (size // 4),
        "nesting": b"\x0f\0\0\0\0\0\x01"
        + encode_length(size // 61)
        + (nested + b"\0") * (size // 61),
        "unknown elements": b"\x60" + encode_length(len(many)) + many,
        "unknown, one short": b"\x60" + encode_length(len(many) + 9) + many,
        "envelope": b"\xdb\0" + encode_length(size) + b"\x30" + bytes(size - 1),
        "block": b"\xe0\x80\0\1\0\0" + encode_length(size) + bytes(size),
        "signed": b"\xdf\0\0\0\0\0" + encode_length(size) + bytes(size) + b"\0",
        "get list": b"\xc0\x03\xc1" + encode_length(size // 10) + bytes(10 * (size // 10)),
        "event, wide": b"\xc2\0\0\1"
        + bytes(6)
        + b"\0\x01"
        + encode_length(size)
        + bytes(size - 1)
        + b"\xee",
    }


def _seconds(octets: bytes) -> float:
    best = 60.0
    for _ in range(3):
        started = time.perf_counter()
        with suppress(DecodeError):
            registry.decode(octets)
        best = min(best, time.perf_counter() - started)
    return best


def _times() -> dict[str, float]:
    """
    @return: milliseconds that 64 KiB of each shape take.

    @raise AssertionError: the time grows faster than the input, or is too long.
    """
    times = {}
    small = {name: _seconds(octets) for name, octets in _large(32 * _KIB).items()}
    for name, octets in _large(64 * _KIB).items():
        seconds = _seconds(octets)
        if seconds > max(4 * small[name], 0.001) or seconds > 0.5:
            raise AssertionError(f"{name}: {seconds} s, half of it {small[name]} s")
        times[name] = round(1000 * seconds, 2)
    return times


def soak(scale: float) -> dict[str, object]:
    """
    @param scale: 1.0 is a million mutations.

    @return: how many there were, how many of them were good APDUs still, and the times of large inputs.
    """
    count = max(1, int(1_000_000 * scale))
    accepted = sum(
        check_any(octets) is not None for octets in damage.mutations(4059, count, seeds())
    )
    return {"mutations": count, "accepted": accepted, "milliseconds": _times()}
