"""
What simulated meters cost: a ciphered push on its way, and the answer to a GET in one of a thousand associations.

The peer is the rate that is promised, from one core.
"""

from __future__ import annotations

import json
import selectors
import socket
import subprocess
import sys
from statistics import median
from time import process_time
from typing import Any

from benchmarks.common import Row

__all__ = ["Conversations", "push_cost", "run"]

_METERS = 10_000
_ASSOCIATIONS = 1_000
_PUSHES_PROMISED = 20_000
_GETS_PROMISED = 2_000
_AARQ = bytes.fromhex("601DA109060760857405080101BE10040E01000000065F1F0400007E1F04B0")
_GET = bytes.fromhex("C001C100080000010000FF0200")
_ANSWER = bytes.fromhex("C401C100090C")


def push_cost(pushes: int, meters: int = _METERS) -> float:
    """
    @return: CPU seconds for one ciphered push of a fleet, from the plan to the kernel.
    """
    from twisted.internet.task import Clock

    from dlms_twisted.server.fleet_pusher import FleetPusher, PushPlan, Sender
    from dlms_twisted.server.push_meter import fleet

    clock = Clock()
    clock.advance(1_790_000_000)
    sink = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sink.bind(("127.0.0.1", 0))
    sender = Sender(sink.getsockname())
    pusher = FleetPusher(
        clock, fleet(meters), sender.send, PushPlan(rate=_PUSHES_PROMISED, most=pushes)
    )
    pusher.start()
    started = process_time()
    while pusher.sent < pushes:
        clock.advance(0.01)
    taken = process_time() - started
    sender.close()
    sink.close()
    return taken / pushes


class Conversations:
    """
    Meters in another process, each associated with over a connection of its own.
    """

    def __init__(self, count: int) -> None:
        """
        Connect and associate.

        @raise RuntimeError: a meter does not answer as it should.
        """
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks._fleet_process", str(count)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        port = int(self._line()["address"].rpartition(":")[2])
        self._selector = selectors.DefaultSelector()
        self._sockets = []
        for number in range(1, count + 1):
            one = socket.create_connection(("127.0.0.1", port), 10)
            self._sockets.append(one)
            self._selector.register(one, selectors.EVENT_READ, number)
        self._round(_AARQ, b"\x61")

    def _line(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        found: dict[str, Any] = json.loads(self._process.stdout.readline())
        return found

    def figures(self) -> dict[str, Any]:
        """
        @return: what the meters' process has used and done.
        """
        assert self._process.stdin is not None
        self._process.stdin.write("?\n")
        self._process.stdin.flush()
        return self._line()

    def gets(self, rounds: int) -> int:
        """
        Ask all meters together for their time, and again.

        @return: how many answers came.

        @raise RuntimeError: one of them is none.
        """
        return sum(self._round(_GET, _ANSWER) for _ in range(rounds))

    def _round(self, apdu: bytes, wanted: bytes) -> int:
        for number, one in enumerate(self._sockets, 1):
            header = b"\0\1\0\x10" + number.to_bytes(2, "big") + len(apdu).to_bytes(2, "big")
            one.sendall(header + apdu)
        waiting = set(range(1, len(self._sockets) + 1))
        while waiting:
            ready = self._selector.select(10)
            if not ready:
                raise RuntimeError(f"{len(waiting)} meters do not answer")
            for key, _ in ready:
                answer = key.fileobj.recv(4096)  # type: ignore[union-attr]
                if answer[2:4] != key.data.to_bytes(2, "big") or answer[8:].find(wanted):
                    raise RuntimeError(f"meter {key.data} answers {answer.hex()}")
                waiting.discard(key.data)
        return len(self._sockets)

    def close(self) -> None:
        """
        End all of it.
        """
        for one in self._sockets:
            one.close()
        self._process.communicate()


def _get_cost(rounds: int) -> float:
    conversations = Conversations(_ASSOCIATIONS)
    try:
        conversations.gets(2)
        before = conversations.figures()["cpu"]
        count = conversations.gets(rounds)
        after = conversations.figures()["cpu"]
    finally:
        conversations.close()
    cost: float = (after - before) / count
    return cost


def run() -> list[Row]:
    """
    @return: both costs, beside those promised.
    """
    push = median(push_cost(40_000) for _ in range(3))
    get = median(_get_cost(10) for _ in range(3))
    return [
        Row("ciphered push of 10 000 meters", push, "promised", 1 / _PUSHES_PROMISED, 1.0),
        Row("GET in one of 1 000 associations", get, "promised", 1 / _GETS_PROMISED, 1.0),
    ]
