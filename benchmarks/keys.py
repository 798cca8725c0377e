"""
Keys of a million meters in SQLite: what the first push of a meter costs, beside one whose keys are in memory.

A push is cut, its keys are found, it is verified, opened and decoded; nothing is stored.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys

from benchmarks.common import Row

__all__ = ["run"]

#: Meters in the file (DLMS_BENCH_METERS sets another number), and those that push.
_METERS = 1_000_000
_SAMPLE = 20_000


def run() -> list[Row]:
    """
    @return: the figures; the project promises that a first push costs less than ten others.
    """
    meters = int(os.environ.get("DLMS_BENCH_METERS", _METERS))
    sample = min(_SAMPLE, meters)
    command = [sys.executable, "-m", "benchmarks._keys_process", str(meters), str(sample)]
    figures = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    first, cached, load = (figures[name] for name in ("first", "cached", "load"))
    return [
        Row(f"first push of a meter, of {meters}", first, "ten cached", 10 * cached, 1.0),
        Row("first push of a meter", first, "one cached", cached),
        Row("adding a meter, sealed", load, "one cached", cached),
    ]
