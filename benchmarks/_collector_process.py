"""
One side of the collector's benchmark, in a process of its own: it takes pushes in, and says what that cost.

C{python -m benchmarks._collector_process MODE METERS PUSHES [JOURNAL]} prints its port, then, when C{PUSHES} came or
none came for three seconds, a JSON line with the pushes and the CPU seconds of all threads.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.protocol import DatagramProtocol
from twisted.internet.task import LoopingCall, react

#: Seconds without a push after which a run ends.
_QUIET = 3.0


class _Run:
    """
    Waits until all came.
    """

    def __init__(self, reactor: Any, wanted: int) -> None:
        self.wanted = wanted
        self.done: Deferred[None] = Deferred()
        self._reactor = reactor
        self._before = 0.0
        self._seen = (0, reactor.seconds())

    def started(self, port: int) -> None:
        """
        Say where, and begin to count.
        """
        print(port, flush=True)
        self._before = time.process_time()

    def watch(self, count: Any) -> None:
        """
        Look often whether it is over; C{count()} says how many came.
        """

        def look() -> None:
            now, got = self._reactor.seconds(), count()
            if got != self._seen[0]:
                self._seen = (got, now)
            if got >= self.wanted or now - self._seen[1] > (_QUIET if got else 10 * _QUIET):
                looping.stop()
                self.done.callback(None)

        looping = LoopingCall(look)
        looping.clock = self._reactor
        looping.start(0.05, now=False)

    def report(self, count: int) -> None:
        """
        Print the figures.
        """
        used = time.process_time() - self._before
        print(json.dumps({"pushes": count, "cpu": used}), flush=True)


async def _ours(reactor: Any, meters: int, run: _Run, journal: str | None) -> None:
    from dlms_twisted.keys.memory import KeyTable, MemoryKeyStore
    from dlms_twisted.push.collector import Collector
    from dlms_twisted.push.nowhere import Nowhere
    from dlms_twisted.push.source import Source
    from dlms_twisted.server.push_meter import fleet, fleet_keys
    from dlms_twisted.store.journal import Journal
    from dlms_twisted.transport.datagram import UDPDescription

    store = MemoryKeyStore(KeyTable.of(fleet_keys(fleet(meters))))
    sink: Any = Nowhere()
    if journal is not None:
        sink = Journal.open(Path(journal), reactor, call_from_thread=reactor.callFromThread)
    collector = Collector(reactor, store, sink)
    port = collector.listen_udp(UDPDescription(0, "127.0.0.1"), Source(label="udp"))
    collector.startService()
    run.started(port.address[1])
    run.watch(lambda: collector.counters.committed)
    await run.done
    run.report(collector.counters.accepted)
    await collector.stopService()


async def _empty(reactor: Any, run: _Run) -> None:
    class Receiver(DatagramProtocol):
        noisy = False
        count = 0

        def datagramReceived(self, datagram: bytes, addr: Any) -> None:
            self.count += 1

    receiver = Receiver()
    port = reactor.listenUDP(0, receiver, "127.0.0.1", 65536)
    run.started(port.getHost().port)
    run.watch(lambda: receiver.count)
    await run.done
    run.report(receiver.count)
    await port.stopListening()


async def _theirs(reactor: Any, meters: int, run: _Run, journal: str | None) -> None:
    from dlms_cosem.protocol.wrappers import WrapperProtocolDataUnit
    from dlms_cosem.protocol.xdlms import DataNotification, GeneralGlobalCipher
    from dlms_cosem.utils import parse_as_dlms_data

    from dlms_twisted.server.push_meter import fleet

    keys = {
        meter.title: (meter.keys.encryption_key, meter.keys.authentication_key)
        for meter in fleet(meters)
    }

    class Receiver(DatagramProtocol):
        noisy = False
        count = 0

        def datagramReceived(self, datagram: bytes, addr: Any) -> None:
            frame = WrapperProtocolDataUnit.from_bytes(datagram)
            ciphered = GeneralGlobalCipher.from_bytes(frame.data)
            plain = ciphered.to_plain_apdu(*keys[bytes(ciphered.system_title)])
            parse_as_dlms_data(DataNotification.from_bytes(plain).body)
            self.count += 1

    receiver = Receiver()
    port = reactor.listenUDP(0, receiver, "127.0.0.1", 65536)
    port.socket.setsockopt(1, 8, 4 << 20)  # SOL_SOCKET, SO_RCVBUF: the same chance for both
    run.started(port.getHost().port)
    run.watch(lambda: receiver.count)
    await run.done
    run.report(receiver.count)
    await port.stopListening()


def main() -> None:
    """
    Run one side.
    """
    mode, meters, pushes = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    given = sys.argv[4] if len(sys.argv) > 4 else None

    async def side(reactor: Any) -> None:
        run = _Run(reactor, pushes)
        if mode == "theirs":
            await _theirs(reactor, meters, run, None)
        elif mode == "empty":
            await _empty(reactor, run)
        elif mode == "nowhere":
            await _ours(reactor, meters, run, None)
        elif given is not None:
            await _ours(reactor, meters, run, given)
        else:
            with tempfile.TemporaryDirectory() as folder:
                await _ours(reactor, meters, run, str(Path(folder) / "journal"))

    react(lambda reactor: Deferred.fromCoroutine(side(reactor)))


if __name__ == "__main__":
    main()
