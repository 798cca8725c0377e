"""
Runs the soaks: see L{tests.soak}.
"""

from __future__ import annotations

import argparse
import importlib
import json
import pkgutil
import sys
import time
import traceback

import tests.soak


def names() -> list[str]:
    """
    @return: the soaks there are, in order.
    """
    return sorted(
        module.name
        for module in pkgutil.iter_modules(tests.soak.__path__)
        if not module.name.startswith("_")
    )


def main(arguments: list[str] | None = None) -> int:
    """
    @return: the exit code, 0 when each soak passed.
    """
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=tests.soak.__doc__)
    parser.add_argument("names", nargs="*", choices=[[], *names()], default=[])
    parser.add_argument("--scale", type=float, default=1.0, help="part of the full counts")
    options = parser.parse_args(arguments)
    failed = 0
    for name in options.names or names():
        started = time.monotonic()
        try:
            figures = importlib.import_module(f"tests.soak.{name}").soak(options.scale)
        except Exception as error:  # the next soak runs all the same; the trace is shown
            traceback.print_exc()
            figures = {"failed": repr(error)}
            failed += 1
        seconds = round(time.monotonic() - started, 1)
        print(json.dumps({"soak": name, "seconds": seconds, **figures}), flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
