"""
The shared vectors: octets of real meters and published examples, kept outside of this project.

They are looked for in C{../shared/vectors} beside the checkout, or where the environment variable
C{DLMS_TWISTED_VECTORS} says.  A user's clone has none, and the tests that need them skip.
"""

from __future__ import annotations

import json
import os
from functools import cache
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SkipTest

_ROOT = Path(__file__).resolve().parent.parent


def folder() -> Path:
    """
    @return: where the vectors are.

    @raise SkipTest: they are not here.
    """
    named = os.environ.get("DLMS_TWISTED_VECTORS")
    path = Path(named) if named else _ROOT.parent / "shared" / "vectors"
    if not path.is_dir():
        raise SkipTest("the shared vectors are not beside this checkout")
    return path


@cache
def _records(path: Path) -> tuple[dict[str, Any], ...]:
    with path.open(encoding="utf-8") as lines:
        return tuple(json.loads(line) for line in lines if line.strip())


def load(name: str) -> tuple[dict[str, Any], ...]:
    """
    @param name: The file, for example C{"acse.jsonl"}.

    @return: its records, in order; do not change them.

    @raise SkipTest: the vectors are not here.
    """
    return _records(folder() / name)
