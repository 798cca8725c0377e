"""
Runs the benchmarks: each module of this folder that has a function C{run() -> list[Row]}.

The machine is noisy: what counts is the ratio of runs that took turns, never a time.
"""

from __future__ import annotations

import argparse
import importlib
import json
import pkgutil
import sys

import benchmarks
from benchmarks.common import Row, table


def names() -> list[str]:
    """
    @return: the benchmarks there are.
    """
    return sorted(
        module.name
        for module in pkgutil.iter_modules(benchmarks.__path__)
        if module.name != "common" and not module.name.startswith("_")
    )


def main() -> int:
    """
    @return: the exit code: 0, whatever the figures are.
    """
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(names()))
    parser.add_argument("--json", action="store_true", help="a JSON line for each figure")
    options = parser.parse_args()
    unknown = set(options.names) - set(names())
    if unknown:
        parser.error(f"no benchmark {min(unknown)!r}: {', '.join(names())}")
    for name in options.names or names():
        rows: list[Row] = importlib.import_module(f"benchmarks.{name}").run()
        if options.json:
            for row in rows:
                print(json.dumps({"benchmark": name, **row._asdict(), "ratio": row.ratio}))
        else:
            print(f"\n{name}\n{table(rows)}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
