"""
The soak of pushes: good ones of many meters among mutated, forged and repeated ones, in and out of blocks.
"""

from __future__ import annotations

import tracemalloc
from collections import Counter
from random import Random

from attrs import evolve

from dlms_twisted.security.keys import MeterKeys
from dlms_twisted.security.policy import Policy
from dlms_twisted.session.notification import (
    Incoming,
    Notification,
    Outer,
    Reassembly,
    Refusal,
    open_notification,
)
from tests.apdu import damage
from tests.session.pushes import KEYS, WindowTable, blocks, ciphered, push

_METERS = 50
_PEERS = 200


def _keys() -> dict[bytes, MeterKeys]:
    return {
        b"SOAK" + number.to_bytes(4, "big"): evolve(
            KEYS, system_title=b"SOAK" + number.to_bytes(4, "big")
        )
        for number in range(_METERS)
    }


class _Collector:
    """
    Both steps, with all keys, windows and counts of what came out.
    """

    def __init__(self) -> None:
        self.reassembly = Reassembly(max_peers=64, max_octets=1 << 14, max_total=1 << 17)
        self.windows = WindowTable()
        self.keys = _keys()
        self.counts: Counter[str] = Counter()

    def take(self, frame: bytes, peer: object, now: float) -> list[Notification]:
        """
        @return: what was accepted of one frame.
        """
        accepted = []
        for expired in self.reassembly.time_passed(now):
            self.counts[expired.refusal.reason] += 1
        for outer in self.reassembly.outer(Incoming(frame, frame, peer), now):
            found: Notification | Refusal
            if isinstance(outer, Outer):
                keys = None if outer.title is None else self.keys.get(outer.title)
                policy = Policy.AUTHENTICATED_ENCRYPTED
                found = open_notification(outer, keys, self.windows, policy=policy)
            else:
                found = outer
            if isinstance(found, Refusal):
                self.counts[found.reason] += 1
                continue
            if not found.checked or found.epoch is None or found.counter is None:
                raise AssertionError(f"accepted without its window: {frame.hex()}")
            self.windows.get(found.title, found.epoch).accept(found.counter)
            accepted.append(found)
        if self.reassembly.octets > 1 << 17 or len(self.reassembly) > 64:
            raise AssertionError("more is held than allowed")
        return accepted


def _bad(chance: Random, good: tuple[bytes, ...]) -> bytes:
    """
    @return: a frame that was changed somewhere.
    """
    [frame] = damage.mutations(chance.randrange(1 << 32), 1, good)
    return frame if frame not in good else frame + b"\xff"


def soak(scale: float) -> dict[str, object]:
    """
    @param scale: 1.0 is a million bad frames, and one good push for each hundred.

    @return: how many of each there were, why they were refused, and how memory grew.

    @raise AssertionError: a good push was not accepted, or a bad one was; or memory grew.
    """
    chance = Random(4059)
    collector = _Collector()
    titles = list(collector.keys)
    rounds = max(20, int(10_000 * scale))
    good = 0
    base = 0
    forger = evolve(KEYS, authentication_key=bytes(16))
    tracemalloc.start()
    for turn in range(rounds):
        title = titles[turn % _METERS]
        # Somebody with the encryption key only, whose counters are far ahead.
        whole = ciphered(push(turn), 1_000_000 + turn, title=title, keys=forger)
        samples = (whole, *blocks(whole, 40), push(turn), *blocks(push(turn), 9))
        for _ in range(100):
            frame = _bad(chance, samples)
            if collector.take(frame, chance.randrange(_PEERS), turn / 10):
                raise AssertionError(f"accepted: {frame.hex()}")
        # Now a good one, with a counter that is far behind what was forged.
        whole = ciphered(push(turn), turn, title=title, keys=collector.keys[title])
        frames = [whole] if chance.random() < 0.5 else blocks(whole, 40)
        taken = [one for frame in frames for one in collector.take(frame, "good", turn / 10)]
        if [one.apdu for one in taken] != [push(turn)]:
            raise AssertionError(f"push {turn} gave {taken}")
        if any(collector.take(frame, "good", turn / 10) for frame in frames):
            raise AssertionError(f"push {turn} was accepted twice")
        good += 1
        if turn == rounds // 2:
            base = tracemalloc.get_traced_memory()[0]
    grown = tracemalloc.get_traced_memory()[0] - base
    tracemalloc.stop()
    if grown > 2 << 20:
        raise AssertionError(f"memory grew by {grown} octets")
    return {
        "bad": 100 * rounds,
        "good": good,
        "refused": {str(reason): count for reason, count in sorted(collector.counts.items())},
        "grown": grown,
    }
