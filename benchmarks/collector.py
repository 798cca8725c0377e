"""
What a ciphered push costs from the datagram to the disk, beside Twisted with dlms-cosem that stores nothing.

Each side runs in a process of its own and takes the same datagrams, sent at a rate that both keep up with; CPU time of
all threads is counted, so that waiting for the disk is not.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from itertools import cycle
from statistics import median

from benchmarks.common import Row, compare

__all__ = ["run"]

_METERS = 100
_PUSHES = 20_000
_RATE = 2_500
_ROUNDS = 3


def _one(mode: str, frames: list[bytes], journal: str | None = None) -> float:
    """
    @return: CPU seconds for each push of one run.
    """
    command = [
        sys.executable,
        "-m",
        "benchmarks._collector_process",
        mode,
        str(_METERS),
        str(len(frames)),
    ]
    if journal is not None:
        command.append(journal)
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    port = int(process.stdout.readline())
    sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    started = time.perf_counter()
    for number, frame in enumerate(frames):
        if not number % 50:
            ahead = number / _RATE - (time.perf_counter() - started)
            if ahead > 0:
                time.sleep(ahead)
        sender.sendto(frame, ("127.0.0.1", port))
    figures = json.loads(process.stdout.readline())
    process.wait()
    sender.close()
    if mode != "theirs" and figures["pushes"] != len(frames):
        raise RuntimeError(f"{mode}: {figures['pushes']} of {len(frames)} pushes came")
    cost: float = figures["cpu"] / figures["pushes"]
    return cost


def _frames(counter: int) -> list[bytes]:
    from dlms_twisted.server.push_meter import fleet

    meters = fleet(_METERS, counter=counter)
    return [
        meters[number % _METERS].push(1_790_000_000.0 + number / _RATE) for number in range(_PUSHES)
    ]


def _opened(frames: list[bytes]) -> list[Row]:
    """
    @return: one ciphered push parsed, verified, opened and decoded, without anything round it.
    """
    from dlms_cosem.protocol.xdlms import DataNotification as TheirNotification
    from dlms_cosem.protocol.xdlms import GeneralGlobalCipher
    from dlms_cosem.utils import parse_as_dlms_data

    from dlms_twisted.apdu.data_notification import DataNotification
    from dlms_twisted.apdu.envelope import parse_envelope
    from dlms_twisted.codec.layout import LayoutCache
    from dlms_twisted.security.opening import open_envelope
    from dlms_twisted.server.push_meter import fleet

    keys = {meter.title: meter.keys for meter in fleet(_METERS)}
    layouts = LayoutCache()
    ours, theirs = cycle(frames), cycle(frames)

    def open_ours() -> None:
        envelope = parse_envelope(next(ours)[8:])
        opened = open_envelope(envelope, keys[envelope.system_title], b"")
        DataNotification.decode(opened.plaintext, layouts=layouts)

    def open_theirs() -> None:
        ciphered = GeneralGlobalCipher.from_bytes(next(theirs)[8:])
        known = keys[bytes(ciphered.system_title)]
        plain = ciphered.to_plain_apdu(known.encryption_key, known.authentication_key)
        parse_as_dlms_data(TheirNotification.from_bytes(plain).body)

    return compare(
        "ciphered push opened and decoded", open_ours, {"dlms-cosem": open_theirs}, wanted=12.0
    )


def run() -> list[Row]:
    """
    @return: the whole path, durable and storing nothing, beside the peer.
    """
    costs: dict[str, list[float]] = {"durable": [], "nowhere": [], "empty": [], "theirs": []}
    frames = _frames(1)
    for _ in range(_ROUNDS):
        for mode, taken in costs.items():
            taken.append(_one(mode, frames))
    medians = {mode: median(taken) for mode, taken in costs.items()}
    return [
        *_opened(frames),
        Row("UDP to durable journal", medians["durable"], "dlms-cosem", medians["theirs"], 2.0),
        Row("UDP, storing nothing", medians["nowhere"], "dlms-cosem", medians["theirs"], 5.0),
        Row(
            "of that, Twisted's receiving alone", medians["empty"], "dlms-cosem", medians["theirs"]
        ),
    ]
