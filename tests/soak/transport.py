"""
The transport room's share of the soak: a serial device and a TCP server, each torn down and rebuilt a hundred
times while a meter pushes.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

__all__ = ["soak"]

_REBUILT = 100
#: Longest that reading may take to resume: two messages at 240 octets a second, and the longest back-off.
_PATIENCE = 8.0


def soak(scale: float) -> dict[str, object]:
    """
    @param scale: Part of the full counts.

    @return: the figures.
    """
    count = max(4, int(_REBUILT * scale))
    return {kind: _reopen(kind, count) for kind in ("serial", "tcp")}


def _reopen(kind: str, count: int) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.soak._reopening", kind, str(count)]
    timeout = 60 + count * 40
    done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)
    if done.returncode:
        raise RuntimeError(f"{kind}: {done.stderr[-2000:]}")
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    least, most = figures["descriptors"]
    if figures["rebuilt"] != count or figures["longest_wait"] > _PATIENCE:
        raise RuntimeError(f"{kind}: {figures}")
    if most - least > 2:
        raise RuntimeError(f"{kind}: descriptors leak: {figures}")
    return figures
