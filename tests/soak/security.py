"""
Security at full counts: every bit of every envelope, mutations, reordered streams, and the memory of a meter in use.
"""

from __future__ import annotations

from random import Random

from benchmarks.security import memory
from dlms_twisted.apdu.ciphered import parse_envelope
from dlms_twisted.errors import DecodeError, SecurityError
from dlms_twisted.security.keys import ReplayMode
from dlms_twisted.security.policy import Policy
from dlms_twisted.security.protection import Protection
from dlms_twisted.security.window import ReplayWindow
from tests.security.hostile import Meter, Receiver, plans
from tests.security.parties import parties
from tests.security.samples import PUSH

#: A meter in use may take so many octets.
_MEMORY = 4096


def soak(scale: float) -> dict[str, object]:
    """
    @param scale: 1 for the full counts.

    @return: how much of what was tried.
    """
    octets = memory()
    if octets >= _MEMORY:
        raise AssertionError(f"{octets:.0f} octets for a meter in use, less than {_MEMORY} wanted")
    return {
        "memory_per_meter": round(octets),
        "flipped_bits": _flip(scale),
        "mutations": _mutate(round(1_000_000 * scale)),
        "counters": _reorder(round(1_000_000 * scale)),
    }


def _flip(scale: float) -> int:
    """
    Change each bit of each envelope, in each suite; of a part of them where the scale is less than 1.
    """
    count = 0
    step = max(1, round(1 / scale))
    for suite in (0, 1, 2):
        sides = parties(suite)
        meter, receiver = Meter(sides), Receiver(sides)
        for name, plan, plaintext in plans(sides):
            octets = meter.send(*plan, plaintext=plaintext if len(plaintext) < 14 else PUSH)
            for bit in range(count % step, 8 * len(octets), step):
                forged = bytearray(octets)
                forged[bit // 8] ^= 1 << bit % 8
                if not receiver.refuses(bytes(forged)):
                    raise AssertionError(f"{name}, suite {suite}: bit {bit} changed unnoticed")
                count += 1
            receiver.receive(octets)
    return count


def _mutate(count: int) -> int:
    """
    Change messages in any way: nothing is raised but what may be, nothing false is authentic, and the next good message
    is taken.
    """
    random = Random(20261122)
    sides = parties(0)
    meter = Meter(sides, start=1)
    plan = Protection(tag=0xDB, security_control=0x30)
    demanding, careless = Receiver(sides), Receiver(sides, Policy.NONE)
    done = 0
    while done < count:
        good = meter.send(plan, plaintext=PUSH)
        for _ in range(min(1000, count - done)):
            forged = _mutated(good, random)
            done += 1
            if _is_same(forged, good):
                continue
            if not demanding.refuses(forged):
                raise AssertionError("a mutated message was accepted")
            try:
                found = careless.receive(forged)
            except (SecurityError, DecodeError):
                continue
            if found.authenticated:
                raise AssertionError("a mutated message is authentic")
        demanding.receive(good)
        careless.receive(good)
    return done


def _is_same(forged: bytes, good: bytes) -> bool:
    """
    Does it say the same?  A length in a longer form than necessary is read as what it is, and authentic.
    """
    try:
        return parse_envelope(forged) == parse_envelope(good)
    except DecodeError:
        return False


def _mutated(octets: bytes, random: Random) -> bytes:
    forged = bytearray(octets)
    for _ in range(random.choice((1, 1, 1, 2, 5))):
        # The header is where the decisions are.
        place = random.randrange(len(forged)) if random.random() < 0.5 else random.randrange(16)
        match random.randrange(4):
            case 0:
                forged[place] = random.randrange(256)
            case 1:
                del forged[place : place + random.randrange(1, 9)]
            case 2:
                forged[place:place] = random.randbytes(random.randrange(1, 9))
            case _:
                forged[place : place + 4] = forged[:4]
        if len(forged) < 16:
            return bytes(forged)
    return bytes(forged)


def _reorder(count: int) -> int:
    """
    A long stream, reordered and repeated within the window: each counter is taken once.
    """
    random = Random(7)
    window = ReplayWindow(mode=ReplayMode.WINDOW)
    stream = list(range(count))
    for place in range(0, count, 512):
        part = stream[place : place + 512]
        random.shuffle(part)
        stream[place : place + 512] = part
    taken = 0
    for counter in stream:
        for _ in range(2):
            if window.check(counter):
                window.accept(counter)
                taken += 1
        if taken % 4096 == 0:
            window = ReplayWindow.from_state(window.to_state())
    if taken != count:
        raise AssertionError(f"{taken} of {count} counters were taken")
    return taken
