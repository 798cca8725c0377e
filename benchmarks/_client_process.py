"""
One client of the benchmark, in a process of its own, on one core.

C{python -m benchmarks._client_process SIDE WHAT PORT COUNT METERS}, where C{SIDE} is C{ours} or C{dlms-cosem} and
C{WHAT} is C{get} (one connection), C{many} (all connections at once) or C{profile}: prints a JSON line with C{cpu} and
C{wall} seconds and the C{count} of GETs or rows.  Connecting and associating is not counted.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

_NAME = "1-0:1.8.0.255"
_PROFILE = "1-0:99.1.0.255"


class _Taken:
    """
    CPU and wall time since it was made.
    """

    def __init__(self) -> None:
        self._cpu, self._wall = time.process_time(), time.perf_counter()

    def said(self, count: int) -> dict[str, float]:
        """
        @return: what it took.
        """
        cpu, wall = time.process_time() - self._cpu, time.perf_counter() - self._wall
        return {"cpu": cpu, "wall": wall, "count": count}


async def _ours(reactor: Any, what: str, port: int, count: int, meters: int) -> dict[str, float]:
    from twisted.internet.defer import Deferred, gatherResults

    from dlms_twisted.client import Meter, Reference, connect

    where = f"tcp:127.0.0.1:{port}"
    reference = Reference.parse(f"3/{_NAME}/2", 2)

    async def read(meter: Meter, times: int) -> None:
        for _ in range(times):
            assert (await meter.get(reference)).values == 1000

    opened = [await connect(reactor, where, timeout=60.0) for _ in range(meters)]
    # What is imported and learned once is learned before.
    await read(opened[0], 5)
    if what == "profile":
        await opened[0].profile(_PROFILE, scaled=False)
    taken = _Taken()
    if what == "profile":
        rows = await opened[0].profile(_PROFILE, scaled=False)
        found = taken.said(len(rows))
    else:
        each = count // meters
        await gatherResults([Deferred.fromCoroutine(read(one, each)) for one in opened])
        found = taken.said(each * meters)
    for one in opened:
        await one.close()
    return found


def _cosem(what: str, port: int, count: int, meters: int) -> dict[str, float]:
    import logging

    import structlog
    from dlms_cosem import cosem, enumerations, io, security
    from dlms_cosem.client import DlmsClient
    from dlms_cosem.parsers import ProfileGenericBufferParser
    from dlms_cosem.utils import parse_as_dlms_data

    # It logs each octet; a user who wants speed turns that off.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))

    def attribute(class_id: int, name: str, number: int) -> Any:
        a, b, c, d, e, f = name.replace("-", ".").replace(":", ".").split(".")
        obis = cosem.Obis(*(int(one) for one in (a, b, c, d, e, f)))
        return cosem.CosemAttribute(enumerations.CosemInterface(class_id), obis, number)

    def opened() -> Any:
        channel = io.BlockingTcpIO("127.0.0.1", port, 60)
        client = DlmsClient(
            io.TcpTransport(16, 1, channel), security.NoSecurityAuthentication(), timeout=60
        )
        client.connect()
        client.associate()
        return client

    clients = [opened() for _ in range(meters)]
    register = attribute(3, _NAME, 2)
    captured = [
        attribute(8, "0-0:1.0.0.255", 2),
        *(attribute(3, f"1-0:{number}.8.0.255", 2) for number in (1, 2, 3)),
    ]

    def read(client: Any) -> None:
        assert parse_as_dlms_data(client.get(register)) == 1000

    def profile() -> int:
        parser = ProfileGenericBufferParser(capture_objects=captured, capture_period=15)
        return len(parser.parse_bytes(clients[0].get(attribute(7, _PROFILE, 2))))

    for _ in range(5):
        read(clients[0])
    if what == "profile":
        profile()
    taken = _Taken()
    if what == "profile":
        return taken.said(profile())
    each = count // meters
    for _ in range(each):
        for client in clients:
            read(client)
    return taken.said(each * meters)


def main() -> None:
    """
    Run one side, and say what it took.
    """
    side, what = sys.argv[1:3]
    port, count, meters = (int(one) for one in sys.argv[3:6])
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cores[0]})
    if side != "ours":
        print(json.dumps(_cosem(what, port, count, meters)), flush=True)
        return
    from twisted.internet.defer import Deferred
    from twisted.internet.task import react

    def run(reactor: Any) -> Deferred[None]:
        done = Deferred.fromCoroutine(_ours(reactor, what, port, count, meters))
        return done.addCallback(lambda found: print(json.dumps(found), flush=True))

    begin: Callable[[Any], Deferred[None]] = run
    react(begin)


if __name__ == "__main__":
    main()
