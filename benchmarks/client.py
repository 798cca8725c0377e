"""
The client beside dlms-cosem's: GETs on one connection, on a thousand at once, and a profile of 5 000 rows.

Both talk to the same meter of canned answers, in a process of its own on another core; each client runs in a process of
its own on one core, in turns.  dlms-cosem's client blocks: with many meters it asks one after the other, which is
faster than a thread for each.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median

from benchmarks.common import Row

__all__ = ["run"]

_ROUNDS = 5
_ROWS = 5_000
_METERS = 1_000
_PEER = "dlms-cosem"
_SIDES = ("ours", _PEER)


@contextmanager
def _meter(block: int) -> Iterator[str]:
    """
    @param block: Octets of a buffer in each block.

    @return: the port of a meter.
    """
    command = [sys.executable, "-m", "benchmarks._meters", str(_ROWS), str(block)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(process.pid, {cores[-1]})
        assert process.stdout is not None
        yield process.stdout.readline().strip()
    finally:
        process.kill()
        process.wait()


def _turn(side: str, what: str, port: str, count: int, meters: int) -> tuple[float, float]:
    """
    @return: CPU and wall seconds for one GET, or one row.
    """
    command = [sys.executable, "-m", "benchmarks._client_process", side, what, port]
    done = subprocess.run(
        [*command, str(count), str(meters)], capture_output=True, text=True, check=True
    )
    said = json.loads(done.stdout)
    return said["cpu"] / said["count"], said["wall"] / said["count"]


def _medians(
    what: str, port: str, count: int, meters: int = 1, rounds: int = _ROUNDS
) -> dict[str, tuple[float, float]]:
    """
    @return: the medians of CPU and wall seconds of each side.
    """
    taken: dict[str, list[tuple[float, float]]] = {side: [] for side in _SIDES}
    for _ in range(rounds):
        for side, turns in taken.items():
            turns.append(_turn(side, what, port, count, meters))
    return {
        side: (median(cpu for cpu, _ in turns), median(wall for _, wall in turns))
        for side, turns in taken.items()
    }


def run() -> list[Row]:
    """
    @return: CPU, and time by the wall where that is what counts.
    """
    rows = []

    def add(name: str, found: dict[str, tuple[float, float]], kind: int, wanted: float) -> None:
        rows.append(Row(name, found["ours"][kind], _PEER, found[_PEER][kind], wanted))

    with _meter(60_000) as port:
        one = _medians("get", port, 3_000)
        add("GET on one connection, CPU", one, 0, 1.25)
        add("GET on one connection, by the wall", one, 1, 1.0)
        many = _medians("many", port, 10 * _METERS, _METERS, rounds=3)
        add("GETs of 1000 meters at once, by the wall", many, 1, 3.0)
        profile = _medians("profile", port, 1)
        add("profile of 5000 rows, a row, CPU", profile, 0, 8.0)
    with _meter(1_000) as port:
        small = _medians("profile", port, 1)
        add("the same in 160 small blocks", small, 0, 0.0)
    return rows
