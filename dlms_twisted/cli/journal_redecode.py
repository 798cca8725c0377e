"""
C{dlms journal redecode}: readings out of what was kept raw.
"""

from __future__ import annotations

import json
import sqlite3
import time
from pathlib import Path
from typing import Any

import click
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from dlms_twisted.cli.journal_filter import journal_option, layouts_option
from dlms_twisted.cli.keys_options import file_options
from dlms_twisted.codec.layout import LayoutCache
from dlms_twisted.cosem.push_layouts import PushLayouts
from dlms_twisted.errors import StoreError
from dlms_twisted.keys.interfaces import IKeyStore
from dlms_twisted.keys.opening import open_key_store
from dlms_twisted.layout_files import load_layouts
from dlms_twisted.push.opener import Opener
from dlms_twisted.push.source import Source
from dlms_twisted.store.query import JournalReader
from dlms_twisted.store.redecode import Redecoded, Redecoder, Reopen
from dlms_twisted.store.windows import WindowTable
from dlms_twisted.store.worker import InlineWorker

__all__ = ["redecode_command"]


@click.command(name="redecode")
@journal_option
@file_options()
@layouts_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def redecode_command(
    directory: Path,
    key_file: str,
    insecure_keys: bool,
    master_key_file: str | None,
    layouts: tuple[Path, ...],
    as_json: bool,
) -> None:
    """Decode again, with these keys, what was kept raw; a running collector need not be stopped."""
    JournalReader(directory)
    keys = open_key_store(key_file, insecure=insecure_keys, master_key_file=master_key_file)
    try:
        done = _redecode(directory, reopener(keys, load_layouts(layouts)))
    finally:
        keys.close()
    if as_json:
        click.echo(json.dumps(done._asdict()))
        return
    click.echo(
        f"{done.looked_at} looked at: {done.accepted} are readings now, {done.replays} had been accepted before, "
        f"{done.refused} stay refused"
    )


def reopener(keys: IKeyStore, layouts: PushLayouts) -> Reopen:
    """
    @return: what opens a message of the quarantine with C{keys}; no counter is judged by it and no window moved.
    """
    windows = WindowTable(lambda *_: None, lambda *_: frozenset(), 1)
    opener = Opener(
        keys,
        windows,
        lambda *_: None,
        lambda: None,
        layouts=LayoutCache(),
        push_layouts=layouts,
    )
    return lambda record, outer: opener.reopen(Source(label=record.source), outer)


def _redecode(directory: Path, reopen: Reopen) -> Redecoded:
    clock = Clock()
    clock.advance(time.time())
    redecoder = Redecoder(directory, reopen, clock=clock, worker=InlineWorker())
    return _result(redecoder.run())


def _result(done: Deferred[Redecoded]) -> Redecoded:
    """
    @return: what C{done} has fired with: nothing here waits for anything.

    @raise StoreError: the journal cannot be read or written, or another process decodes.
    """
    results: list[Any] = []
    done.addBoth(results.append)
    if not results:
        raise StoreError("these keys must be fetched, which this command cannot wait for")
    [result] = results
    if isinstance(result, Failure):
        if result.check(sqlite3.Error):
            raise StoreError(f"the journal cannot be decoded again: {result.getErrorMessage()}")
        result.raiseException()
    found: Redecoded = result
    return found
