"""
The journal by itself: killed under load, and large.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from random import Random
from typing import IO

from twisted.internet import reactor
from twisted.internet.task import Clock

from dlms_twisted.store.journal import Journal
from dlms_twisted.store.limits import StoreLimits
from dlms_twisted.store.query import JournalReader
from dlms_twisted.store.record import ACCEPTED, REFUSED, Record
from dlms_twisted.store.verify import verify
from dlms_twisted.store.worker import InlineWorker

__all__ = ["soak"]

_EPOCH = "0badc0de"
_METERS = 200
_ROOT = Path(__file__).resolve().parent.parent.parent
#: 2026-11-22T12:00:00Z in microseconds.
_NOON = 1_795_348_800_000_000
_LIMITS = StoreLimits(
    segment_octets=3 << 20,
    batch=50,
    delay=0.01,
    windows=50,
    checkpoint_records=700,
    states=40,
)


def soak(scale: float) -> dict[str, object]:
    """
    @param scale: Part of 20 kills.

    @return: the figures.
    """
    with tempfile.TemporaryDirectory() as folder:
        return _kills(Path(folder) / "journal", max(2, round(20 * scale)))


def _kills(directory: Path, kills: int) -> dict[str, object]:
    """
    Kill a writer under load, at any point: nothing that it had confirmed is gone, nothing is there twice or half, and
    each accepted counter stays refused.
    """
    random = Random(11)
    confirmed: set[str] = set()
    slowest = 0.0
    for kill in range(kills):
        started = time.monotonic()
        writer = subprocess.Popen(
            [sys.executable, "-m", "tests.soak.store", str(directory), str(kill)],
            stdout=subprocess.PIPE,
            cwd=_ROOT,
        )
        assert writer.stdout is not None
        os.set_blocking(writer.stdout.fileno(), True)
        writer.stdout.readline()
        slowest = max(slowest, time.monotonic() - started)
        time.sleep(random.uniform(0.2, 1.5))
        writer.send_signal(signal.SIGKILL)
        # A line that the kill has cut was not confirmed.
        for line in _whole_lines(writer.stdout):
            confirmed.update(json.loads(line))
        writer.wait()
        found = verify(directory)
        if not found["ok"]:
            raise RuntimeError(f"after kill {kill}: {found['problems'][:3]}")
        there = [one.id for one in JournalReader(directory).records()]
        if len(set(there)) != len(there):
            raise RuntimeError(f"after kill {kill}: a record is there twice")
        if missing := confirmed - set(there):
            raise RuntimeError(f"after kill {kill}: {len(missing)} confirmed records are gone")
    _check_windows(directory)
    return {
        "kills": kills,
        "confirmed": len(confirmed),
        "there": len(there),
        "segments": found["segments"],
        "slowest_start_seconds": round(slowest, 2),
    }


def _whole_lines(stream: IO[bytes]) -> list[bytes]:
    octets = stream.read()
    return octets[: octets.rfind(b"\n") + 1].splitlines()


def _check_windows(directory: Path) -> None:
    """
    @raise RuntimeError: an accepted counter would be accepted again.
    """
    accepted = [
        one.record for one in JournalReader(directory).records() if one.record.outcome == ACCEPTED
    ]
    clock = Clock()
    clock.advance(_NOON / 1_000_000)
    journal = Journal.open(directory, clock, worker=InlineWorker())
    for record in accepted:
        if record.checked and journal.windows.get(record.title, _EPOCH).check(record.counter or 0):
            raise RuntimeError(f"counter {record.counter} would be accepted again")
    journal.close()


class _Load:
    """
    The writer: accepts, appends, and prints identities once they are confirmed.
    """

    def __init__(self, directory: Path, life: int) -> None:
        self._life = life
        self._random = Random(life)
        self._number = 0
        self._counters: dict[bytes, int] = {}
        self._journal = Journal.open(
            directory,
            reactor,
            _LIMITS,
            call_from_thread=reactor.callFromThread,  # type: ignore[attr-defined]
        )

    def turn(self) -> None:
        """
        Append some records, as much as there is room for, and come again.
        """
        if self._journal.held < 1000:
            records = [self._record() for _ in range(self._random.randrange(1, 30))]
            self._journal.append(records).addCallback(self._confirm)
        reactor.callLater(0.0005, self.turn)

    def _confirm(self, identities: list[str]) -> None:
        sys.stdout.write(json.dumps([one for one in identities if one]) + "\n")
        sys.stdout.flush()

    def _record(self) -> Record:
        self._number += 1
        kind = self._random.random()
        # Days pass quickly, so that segments are left and closed all the time.
        at = _NOON + (self._life * 100_000 + self._number) * 2_000_000
        octets = self._random.randbytes(self._random.randrange(20, 400))
        one = Record(
            at, "udp:4059", f"192.0.2.{self._random.randrange(1, 250)}:1", "wrapper", ACCEPTED, None,
            None, None, None, None, octets, None, None, None, False, None,
        )  # fmt: skip
        if kind < 0.1:
            return one._replace(outcome=REFUSED, reason="malformed")
        if kind < 0.2:
            return one
        title = b"SOAK" + self._random.randrange(_METERS).to_bytes(4, "big")
        return one._replace(
            title=title,
            epoch=_EPOCH,
            counter=self._accepted(title),
            authenticated=True,
            checked=True,
        )

    def _accepted(self, title: bytes) -> int:
        """
        @return: a counter that the window had not seen, and now has.
        """
        window = self._journal.windows.get(title, _EPOCH)
        counter = max(0, window.highest + self._random.randrange(-20, 4))
        while not window.check(counter):
            counter += 1
        window.accept(counter)
        return counter


def _write(directory: Path, life: int) -> None:
    load = _Load(directory, life)
    sys.stdout.write("[]\n")
    sys.stdout.flush()
    reactor.callWhenRunning(load.turn)
    reactor.run()


if __name__ == "__main__":
    _write(Path(sys.argv[1]), int(sys.argv[2]))
