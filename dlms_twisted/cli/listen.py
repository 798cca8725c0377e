"""
C{dlms listen}: pushes as they come, without a journal.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import click
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.error import CannotListenError

from dlms_twisted.cli.records import RecordPrinter
from dlms_twisted.cli.running import run
from dlms_twisted.config import FRAMINGS, CollectorSettings, SourceSettings
from dlms_twisted.errors import ConfigurationError
from dlms_twisted.keys.memory import NoKeys
from dlms_twisted.keys.opening import open_key_store
from dlms_twisted.layout_files import load_layouts
from dlms_twisted.push.collector import Collector
from dlms_twisted.push.nowhere import Nowhere
from dlms_twisted.store.render import Renderer
from dlms_twisted.tap.collector_service import add_source, check_sources

__all__ = ["command"]


_NOWHERE = Path("nowhere")


def _settings(description: str, framing: str) -> SourceSettings:
    """
    @return: C{tcp:PORT} and C{udp:…} are listened on, C{tcp:HOST:PORT} is connected to.
    """
    parts = description.split(":")
    if parts[0] in {"tcp", "tls"} and len(parts) > 2 and not parts[1].isdecimal():
        return SourceSettings(connect=description, framing=framing)
    return SourceSettings(listen=description, framing=framing)


@click.command(name="listen")
@click.argument("sources", metavar="SOURCE...", nargs=-1, required=True)
@click.option("--keys", "key_file", type=click.Path(), help="A keys.toml, or SQLite.")
@click.option("--insecure-keys", is_flag=True, help="Take a key file that others may read.")
@click.option(
    "--layouts", multiple=True, type=click.Path(), help="A TOML file of push layouts of your own."
)
@click.option(
    "--framing", type=click.Choice(FRAMINGS), default="auto", show_default=True, help="Of streams."
)
@click.option("--count", type=click.IntRange(min=1), help="Leave after so many messages.")
@click.option(
    "--seconds", type=click.FloatRange(min=0.0, min_open=True), help="Leave after so long."
)
@click.option("--json", "as_json", is_flag=True, help="Print records as JSON lines.")
def command(
    sources: tuple[str, ...],
    key_file: str | None,
    insecure_keys: bool,
    layouts: tuple[str, ...],
    framing: str,
    count: int | None,
    seconds: float | None,
    as_json: bool,
) -> int:
    """Print what meters push to SOURCE: udp:PORT, tcp:PORT, tcp:HOST:PORT (connects), serial:DEVICE:baudrate=2400."""
    settings = tuple(_settings(one, framing) for one in sources)
    check_sources(CollectorSettings(journal=_NOWHERE, sources=settings))
    store = NoKeys() if key_file is None else open_key_store(key_file, insecure=insecure_keys)
    printer = RecordPrinter(Renderer(load_layouts(layouts)), as_json=as_json)

    async def listen(reactor: Any) -> int:
        enough: Deferred[None] = Deferred()
        seen = 0

        def end() -> None:
            if not enough.called:
                enough.callback(None)

        def show(identities: Any, records: Any) -> None:
            nonlocal seen
            left = len(records) if count is None else count - seen
            printer.show(identities[:left], records[:left])
            seen += len(records)
            if count is not None and seen >= count:
                end()

        collector = Collector(reactor, store, Nowhere(), observer=show)
        for source in settings:
            add_source(reactor, collector, source)
        try:
            collector.startService()
        except CannotListenError as error:
            raise ConfigurationError(str(error)) from None
        if seconds is not None:
            reactor.callLater(seconds, end)
        with suppress(CancelledError):
            await enough
        await collector.stopService()
        click.echo(f"dlms listen: {collector.status_line()}", err=True)
        return 0

    return run(listen, name="dlms listen")
