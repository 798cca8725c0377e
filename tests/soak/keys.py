"""
The soak of the keys: transmit counters under C{kill -9}.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

_TITLE = b"SIM00001"
_EPOCHS = ("00000001", "00000002", "00000003")

#: Uses counters as fast as it can and writes each down, as a message that went out would be seen by its receiver.
_CHILD = """
import os, sys
from dlms_twisted.keys.counters import TransmitCounters
counters = TransmitCounters(sys.argv[1], block=int(sys.argv[2]))
title, epochs = bytes.fromhex(sys.argv[3]), sys.argv[4].split(",")
turn = 0
while True:
    epoch = epochs[turn % len(epochs)]
    os.write(1, b"%s %d\\n" % (epoch.encode(), counters.next(title, epoch)))
    turn += 1
"""


def kill_counters(folder: Path, kills: int, seed: int) -> dict[str, object]:
    """
    Start and kill processes that share one file of counters, two at a time.

    @param kills: How many are killed; an odd one gets a companion.

    @return: how many counters were seen, and how many were skipped.

    @raise AssertionError: one was used twice.
    """
    chance = random.Random(seed)
    seen: dict[str, set[int]] = {epoch: set() for epoch in _EPOCHS}
    used = 0
    for _ in range(-(-kills // 2)):
        block = str(chance.choice((1, 2, 50)))
        command = [
            *(sys.executable, "-c", _CHILD, str(folder / "counters.sqlite"), block),
            *(_TITLE.hex(), ",".join(_EPOCHS)),
        ]
        children = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(2)]
        for child in children:
            assert child.stdout is not None
            # Killed somewhere in the middle of its work, not at a moment that a clock chose.
            lines = [child.stdout.readline() for _ in range(chance.randrange(1, 400))]
            os.kill(child.pid, signal.SIGKILL)
            lines += child.stdout.read().splitlines(keepends=True)
            child.stdout.close()
            child.wait()
            for line in lines:
                if not line.endswith(b"\n"):
                    continue  # cut off while it was written: its counter cannot be told
                epoch, counter = line.decode().split()
                if int(counter) in seen[epoch]:
                    raise AssertionError(f"counter {counter} of {epoch} was used twice")
                seen[epoch].add(int(counter))
                used += 1
    skipped = sum(max(counters) - len(counters) for counters in seen.values())
    return {"kills": 2 * -(-kills // 2), "counters": used, "reused": 0, "skipped": skipped}


def soak(scale: float) -> dict[str, object]:
    """
    @return: what was done and seen.
    """
    with TemporaryDirectory() as folder:
        return kill_counters(Path(folder), max(1, round(100 * scale)), seed=1)
