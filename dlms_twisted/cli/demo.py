"""
C{dlms demo}: a collector with its journal on a loopback port, and simulated meters that push to it.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.protocol import DatagramProtocol
from twisted.internet.task import deferLater

from dlms_twisted.cli.records import RecordPrinter
from dlms_twisted.cli.running import run
from dlms_twisted.keys.memory import KeyTable, MemoryKeyStore
from dlms_twisted.layout_files import default_layouts
from dlms_twisted.push.collector import Collector
from dlms_twisted.push.source import Source
from dlms_twisted.server.push_meter import fleet, fleet_keys
from dlms_twisted.server.pusher import Pusher
from dlms_twisted.store.journal import Journal
from dlms_twisted.store.render import Renderer
from dlms_twisted.transport.datagram import UDPDescription

__all__ = ["command"]

#: Seconds between two pushes of one meter.
_PERIOD = 1.0
#: Seconds in which the last pushes arrive.
_SETTLE = 0.3


@click.command(name="demo")
@click.option(
    "--seconds", type=click.FloatRange(min=0.1), default=10.0, show_default=True, help="How long."
)
@click.option(
    "--meters", type=click.IntRange(1, 1_000_000), default=4, show_default=True, help="How many."
)
@click.option(
    "--journal",
    type=click.Path(file_okay=False),
    help="Keep the journal here; else it is temporary.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON lines: records, then a summary.")
def command(seconds: float, meters: int, journal: str | None, as_json: bool) -> int:
    """A collector on a loopback port, and simulated meters that push ciphered readings to it by UDP."""
    if journal is not None:
        return run(
            lambda reactor: _demo(reactor, seconds, meters, Path(journal), as_json),
            name="dlms demo",
        )
    with tempfile.TemporaryDirectory(prefix="dlms-demo-") as folder:
        path = Path(folder) / "journal"
        return run(lambda reactor: _demo(reactor, seconds, meters, path, as_json), name="dlms demo")


async def _demo(reactor: Any, seconds: float, meters: int, path: Path, as_json: bool) -> int:
    console = Console(soft_wrap=True, highlight=False)
    printer = RecordPrinter(Renderer(default_layouts()), as_json=as_json, console=console)
    # A kept journal has seen the counters of the last demo: these are larger.
    simulated = fleet(meters, counter=int(reactor.seconds()) & 0x7FFF_FFFF)
    journal = Journal.open(path, reactor, call_from_thread=reactor.callFromThread, what="dlms demo")
    keys = MemoryKeyStore(KeyTable.of(fleet_keys(simulated)))
    collector = Collector(reactor, keys, journal, observer=printer.show)
    port = collector.listen_udp(UDPDescription(0, "127.0.0.1"), Source(label="udp:demo"))
    collector.startService()
    started = reactor.seconds()
    if not as_json:
        console.print(
            f"{meters} simulated meters push to udp port {port.address[1]} for {seconds:g} seconds;"
            f" the journal is {path}\n"
        )
    sent = 0
    try:
        sent = await _push(reactor, simulated, port.address, seconds)
    finally:
        await collector.stopService()
    _summarize(console, collector, sent, reactor.seconds() - started, as_json)
    return 0


async def _push(reactor: Any, simulated: Any, address: tuple[str, int], seconds: float) -> int:
    sender: Any = _Sender()
    port = reactor.listenUDP(0, sender, "127.0.0.1")
    pusher = Pusher(
        reactor,
        simulated,
        lambda frame: sender.transport.write(frame, address),
        rate=len(simulated) / _PERIOD,
    )
    pushing: Deferred[int] = pusher.start()
    reactor.callLater(seconds, pusher.stop)
    try:
        await pushing
        await deferLater(reactor, _SETTLE, lambda: None)
    except CancelledError:
        pusher.stop()
    await port.stopListening()
    return pusher.sent


class _Sender(DatagramProtocol):
    noisy = False


def _summarize(
    console: Console, collector: Collector, sent: int, seconds: float, as_json: bool
) -> None:
    counters = collector.counters
    summary: dict[str, Any] = {
        "sent": sent,
        "received": counters.datagrams,
        "accepted": counters.accepted,
        "refused": counters.total_refused,
        "shed": counters.shed,
        "duplicates": counters.duplicates,
        "seconds": round(seconds, 3),
    }
    if as_json:
        console.file.write(json.dumps({"summary": summary}) + "\n")
        return
    console.print("\n" + ", ".join(f"{name} {value}" for name, value in summary.items()))
