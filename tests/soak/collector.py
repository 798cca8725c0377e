"""
The collector under load, killed, and under fire.
"""

from __future__ import annotations

import socket
import tempfile
import time
from pathlib import Path
from random import Random

from dlms_twisted.server.push_meter import PushMeter, fleet
from dlms_twisted.server.pusher import damage
from dlms_twisted.store.query import Filter, JournalReader
from dlms_twisted.store.record import ACCEPTED
from tests.soak._collecting import CollectorProcess, send_paced, verify, write_keys

__all__ = ["soak"]

_NOW = 1_790_000_000.0


def soak(scale: float) -> dict[str, object]:
    """
    @param scale: Part of 100 000 pushes at 10 000/s, of 20 kills, of 1 000 000 mutated datagrams.

    @return: the figures.
    """
    figures: dict[str, object] = {}
    for part in (_load, _kills, _fire):
        with tempfile.TemporaryDirectory() as folder:
            figures |= part(Path(folder), scale)
    return figures


def _identities(journal: Path) -> list[tuple[str, int]]:
    # Read as records: to make readings of a hundred thousand of them each time would be a soak of its own.
    return [
        ((stored.record.title or b"").hex(), stored.record.counter or 0)
        for stored in JournalReader(journal).records(Filter(outcome=ACCEPTED))
    ]


def _load(folder: Path, scale: float) -> dict[str, object]:
    """
    Ciphered pushes of 1000 meters at 10 000/s: every one is in the journal.
    """
    count = max(500, int(100_000 * scale))
    meters = fleet(min(1000, count // 5))
    write_keys(folder / "keys.toml", meters)
    frames = [meters[n % len(meters)].push(_NOW + n / 10_000) for n in range(count)]
    collector = CollectorProcess(folder, folder / "keys.toml")
    collector.start()
    sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    started = time.monotonic()
    send_paced(sender, collector.port, frames, 10_000, started, 0)
    seconds = time.monotonic() - started
    time.sleep(1.0 + 10.0 * min(1.0, scale))
    collector.stop()
    sender.close()
    verify(collector.journal)
    kept = _identities(collector.journal)
    wanted = {(meter.title.hex(), n) for meter in meters for n in range(1, meter.counter)}
    if len(kept) != count or set(kept) != wanted:
        raise RuntimeError(f"{count} sent, {len(kept)} kept: {collector.log()[-1000:]}")
    return {
        "pushes": count,
        "meters": len(meters),
        "pushes_a_second": round(count / seconds),
        "lost": 0,
    }


def _kills(folder: Path, scale: float) -> dict[str, object]:
    """
    Kill and start again under load: no record is half there, each accepted counter stays refused, and whatever was
    in the journal before a kill is there after it.
    """
    kills = max(2, round(20 * scale))
    random = Random(9)
    meters = fleet(50)
    write_keys(folder / "keys.toml", meters)
    collector = CollectorProcess(folder, folder / "keys.toml")
    sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sent: list[bytes] = []
    known: set[tuple[str, int]] = set()
    for _ in range(kills):
        collector.start()
        frames = [random.choice(meters).push(_NOW) for _ in range(2000)]
        started = time.monotonic()
        cut = random.randrange(1000, 2000)
        send_paced(sender, collector.port, frames[:cut], 4000, started, 0)
        sent += frames[:cut]
        # Whatever a reader sees now was committed: it must outlive the kill.
        before = set(_identities(collector.journal))
        send_paced(sender, collector.port, frames[cut:], 4000, started, cut)
        sent += frames[cut:]
        collector.kill()
        verify(collector.journal)
        after = _identities(collector.journal)
        if len(after) != len(set(after)):
            raise RuntimeError("a record is there twice")
        missing = (known | before) - set(after)
        if missing:
            raise RuntimeError(f"{len(missing)} committed records are gone after a kill")
        known = set(after)
    collector.start()
    send_paced(sender, collector.port, sent, 4000, time.monotonic(), 0)
    time.sleep(2.0)
    collector.stop()
    sender.close()
    verify(collector.journal)
    final = _identities(collector.journal)
    if len(final) != len(set(final)) or not known <= set(final):
        raise RuntimeError("an accepted counter was accepted again, or lost")
    return {"kills": kills, "records_after_kills": len(known), "twice": 0, "gone": 0}


def _fire(folder: Path, scale: float) -> dict[str, object]:
    """
    Mutated datagrams among good ones: nothing reaches the reactor, memory stays flat, each good push is taken, and
    no meter is locked out by forged counters.
    """
    count = max(3000, int(1_000_000 * scale))
    random = Random(4059)
    meters = fleet(20)
    strangers = [PushMeter(1000 + n) for n in range(5)]
    write_keys(folder / "keys.toml", meters)
    collector = CollectorProcess(folder, folder / "keys.toml", "--quarantine-octets", str(64 << 20))
    collector.start()
    sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    samples = [meter.push(_NOW) for meter in (*meters, *strangers) for _ in range(4)]
    good = 0
    warm = 0
    peak = 0
    started = time.monotonic()
    for number in range(0, count, 500):
        frames = [_mutated(random, samples) for _ in range(499)]
        frames.append(random.choice(meters).push(_NOW))
        good += 1
        send_paced(sender, collector.port, frames, 5000, started, number)
        used = collector.memory()
        peak = max(peak, used)
        if number <= count // 4:
            warm = max(warm, used)
    time.sleep(2.0)
    log = collector.log()
    collector.stop()
    sender.close()
    verify(collector.journal)
    if "Traceback" in log or "Unhandled" in log:
        raise RuntimeError(log[-3000:])
    kept = set(_identities(collector.journal))
    wanted = {(meter.title.hex(), n) for meter in meters for n in range(5, meter.counter)}
    if not wanted <= kept:
        raise RuntimeError(f"{len(wanted - kept)} of {good} good pushes are missing")
    if peak > warm * 1.5 + (32 << 20):
        raise RuntimeError(f"memory grew from {warm} to {peak} octets")
    return {
        "mutated": count,
        "good_among_them": good,
        "memory_mib": [warm >> 20, peak >> 20],
    }


def _mutated(random: Random, samples: list[bytes]) -> bytes:
    frame = damage(random.choice(samples), random)
    while random.random() < 0.3:
        frame = damage(frame, random)
    return frame
