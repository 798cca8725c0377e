"""
What the soaks of the collector share: a collector in a process of its own, and a socket that sends to it.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from random import Random
from typing import Any

from dlms_twisted.server.push_meter import PushMeter

__all__ = ["CollectorProcess", "query", "send_paced", "verify", "write_keys"]


def write_keys(path: Path, meters: list[PushMeter]) -> None:
    """
    Write a C{keys.toml} that lists the meters.
    """
    entries = []
    for meter in meters:
        keys = meter.keys
        assert keys.encryption_key is not None and keys.authentication_key is not None
        entries.append(
            f'[[meter]]\nsystem_title = "{meter.title.hex()}"\nname = "{keys.name}"\n'
            f'encryption_key = "{keys.encryption_key.hex()}"\n'
            f'authentication_key = "{keys.authentication_key.hex()}"\n'
            'policy = "authenticated-encrypted"\n'
        )
    path.touch(mode=0o600)
    path.write_text("\n".join(entries), encoding="ascii")


def _free_port() -> int:
    """
    @return: a port that UDP and TCP have free, below those that the kernel gives to connections.
    """
    for port in Random().sample(range(20_000, 32_000), 100):
        try:
            for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
                with socket.socket(socket.AF_INET, kind) as probe:
                    probe.bind(("127.0.0.1", port))
        except OSError:
            continue
        return port
    raise RuntimeError("no free port")


class CollectorProcess:
    """
    C{twistd -n dlms-collector} on a free loopback port.
    """

    def __init__(self, folder: Path, keys: Path | None, *more: str) -> None:
        """
        @param folder: Holds the journal and the log.
        """
        self.folder = folder
        self.journal = folder / "journal"
        self.port = _free_port()
        self._log = folder / "log"
        self._command = [
            *(sys.executable, "-m", "twisted", "--log-format=text", f"--log-file={self._log}"),
            *("dlms-collector", "--journal", str(self.journal)),
            *("--listen", f"udp:{self.port}:interface=127.0.0.1"),
            *(() if keys is None else ("--keys", str(keys))),
            *more,
        ]
        self._process: subprocess.Popen[bytes] | None = None

    def listen(self, description: str) -> None:
        """
        Have it listen on one more source, when it is started.
        """
        self._command += ["--listen", description]

    def start(self) -> None:
        """
        Start it, and wait until it listens.
        """
        self._log.unlink(missing_ok=True)
        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            if self._log.exists() and "listening on udp" in self._log.read_text(errors="replace"):
                return
            if self._process.poll() is not None:
                break
            time.sleep(0.02)
        raise RuntimeError(f"the collector did not start: {self.log()[-2000:]}")

    @property
    def pid(self) -> int:
        """
        The process.
        """
        assert self._process is not None
        return self._process.pid

    def kill(self) -> None:
        """
        C{kill -9}.
        """
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def stop(self) -> int:
        """
        C{SIGTERM}.

        @return: the exit code.
        """
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(60)

    def log(self) -> str:
        """
        @return: what it logged since it was started.
        """
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    def memory(self) -> int:
        """
        @return: resident octets.
        """
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")


def send_paced(
    sender: socket.socket, port: int, frames: list[bytes], rate: float, started: float, sent: int
) -> None:
    """
    Send frames at C{rate} a second, counted from C{started} with C{sent} before these.
    """
    for number, frame in enumerate(frames, sent):
        if not number % 20:
            ahead = number / rate - (time.monotonic() - started)
            if ahead > 0:
                time.sleep(ahead)
        sender.sendto(frame, ("127.0.0.1", port))


def query(journal: Path, *arguments: str) -> list[dict[str, Any]]:
    """
    @return: the records that C{dlms journal export} prints.
    """
    command = [
        sys.executable,
        "-m",
        "dlms_twisted.cli",
        "journal",
        "export",
        "--journal",
        str(journal),
    ]
    done = subprocess.run([*command, *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr)
    return [json.loads(line) for line in done.stdout.splitlines()]


def verify(journal: Path) -> None:
    """
    @raise RuntimeError: C{dlms journal verify} finds fault.
    """
    command = [
        sys.executable,
        "-m",
        "dlms_twisted.cli",
        "journal",
        "verify",
        "--journal",
        str(journal),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stdout + done.stderr)
