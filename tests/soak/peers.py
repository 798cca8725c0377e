"""
Pushes of an independent implementation, through the daemon into the journal and out again.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from dlms_twisted.codec.json_form import from_json
from tests.soak._collecting import CollectorProcess, query, verify

__all__ = ["soak"]

_KEY = "000102030405060708090A0B0C0D0E0F"
_AUTHENTICATION_KEY = "D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF"
_METERS = 3


def generator() -> Path | None:
    """
    @return: the generator's script, where it is beside this checkout.
    """
    named = os.environ.get("DLMS_TWISTED_PEERS")
    root = Path(__file__).resolve().parents[3]
    path = (Path(named) if named else root / "shared" / "peers") / "push_gen.py"
    return path if path.is_file() else None


def soak(scale: float) -> dict[str, object]:
    """
    @param scale: Part of 200 pushes of each meter in each mode and transport.

    @return: the figures.
    """
    script = generator()
    if script is None:
        return {"skipped": "the push generator is not beside this checkout"}
    count = max(2, int(200 * scale))
    total = 0
    for mode in ("plain", "glo", "gbt", "glo-gbt"):
        for transport in ("udp", "tcp"):
            for more in ((), ("--raw-gbt",)) if "gbt" in mode else ((),):
                with tempfile.TemporaryDirectory() as folder:
                    total += _one(Path(folder), script, mode, transport, count, more)
    return {"pushes": total, "missing": 0}


def _one(
    folder: Path, script: Path, mode: str, transport: str, count: int, more: tuple[str, ...]
) -> int:
    ciphered = mode.startswith("glo")
    keys = _write_keys(folder / "keys.toml") if ciphered else None
    collector = CollectorProcess(folder, keys)
    collector.listen(f"tcp:{collector.port}:interface=127.0.0.1")
    collector.start()
    command = [
        *(
            sys.executable,
            str(script),
            str(collector.port),
            "--mode",
            mode,
            "--transport",
            transport,
        ),
        *("--meters", str(_METERS), "--count", str(count), "--per-meter-keys", *more),
        *(("--pad", "400", "--pdu", "128") if "gbt" in mode else ()),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    time.sleep(1.0)
    collector.stop()
    verify(collector.journal)
    sent = [json.loads(line) for line in done.stdout.splitlines()]
    records = query(collector.journal, "--outcome", "accepted")
    wanted = sorted((*_identity(one, ciphered), one["body"]) for one in sent)
    kept = sorted(_kept(one, ciphered) for one in records)
    if wanted != kept:
        raise RuntimeError(f"{mode} by {transport}: {len(sent)} sent, {len(records)} kept")
    return len(sent)


def _identity(message: dict[str, Any], ciphered: bool) -> tuple[str, int]:
    return (message["system_title"], message["ic"]) if ciphered else ("", 0)


def _kept(record: dict[str, Any], ciphered: bool) -> tuple[str, int, str]:
    body = from_json(record["body"]).octets.hex()
    if not ciphered:
        return "", 0, body
    return record["system_title"], record["invocation_counter"], body


def _write_keys(path: Path) -> Path:
    entries = []
    for number in range(1, _METERS + 1):
        title = b"GRX" + number.to_bytes(5, "big")
        ending = number.to_bytes(4, "big").hex()
        entries.append(
            f'[[meter]]\nsystem_title = "{title.hex()}"\npolicy = "authenticated-encrypted"\n'
            f'encryption_key = "{_KEY[:24]}{ending}"\n'
            f'authentication_key = "{_AUTHENTICATION_KEY[:24]}{ending}"\n'
        )
    path.touch(mode=0o600)
    path.write_text("\n".join(entries), encoding="ascii")
    return path
