"""
C{dlms journal}: what is in a journal, beside a running collector or without one.
"""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from dlms_twisted.cli.journal_export import export_csv, export_json_lines, export_parquet
from dlms_twisted.cli.journal_filter import (
    Wanted,
    filter_options,
    journal_option,
    open_reader,
)
from dlms_twisted.cli.journal_redecode import redecode_command
from dlms_twisted.cli.records import RecordPrinter
from dlms_twisted.store.query import JournalReader
from dlms_twisted.store.stats import stats
from dlms_twisted.store.verify import verify

__all__ = ["command"]

#: Seconds between two looks of C{tail --follow}.
_LOOK = 0.5


@click.group(name="journal")
def command() -> None:
    """Look into a journal, export it, check it, or decode again what was kept raw."""


command.add_command(redecode_command)


def _json_option(text: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    return click.option("--json", "as_json", is_flag=True, help=text)


def _printer(wanted: Wanted, as_json: bool) -> RecordPrinter:
    console = Console(soft_wrap=True, highlight=False)
    return RecordPrinter(wanted.renderer, as_json=as_json, console=console)


@command.command(name="tail")
@journal_option
@click.option("-n", "--count", type=click.IntRange(min=0), default=10, show_default=True)
@click.option("-f", "--follow", is_flag=True, help="Go on with what comes, until interrupted.")
@filter_options
@_json_option("Print JSON lines.")
def tail_command(
    directory: Path, count: int, follow: bool, limit: int | None, as_json: bool, **options: Any
) -> int:
    """Show the last records."""
    reader, damaged = open_reader(directory)
    wanted = Wanted.of(**options)
    printer = _printer(wanted, as_json)
    ends = reader.ends()
    last = _last(reader, wanted, count if limit is None else min(limit, count))
    printer.show_rendered(last)
    if follow:
        # What was committed since "ends" was read may be among the last already.
        shown = {one.stored.id for one in last}
        _follow(reader, wanted, printer, ends, shown)
    return 1 if damaged else 0


def _last(reader: JournalReader, wanted: Wanted, count: int) -> list[Any]:
    """
    @return: the last records that are wanted; more are read where only their content tells.
    """
    many = count
    while True:
        stored = reader.last(many, wanted.filter)
        found = list(wanted.chosen(stored))
        if len(found) >= count or len(stored) < many:
            return found[len(found) - count :] if len(found) > count else found
        many *= 4


def _follow(
    reader: JournalReader,
    wanted: Wanted,
    printer: RecordPrinter,
    ends: dict[str, Any],
    shown: set[str],
) -> None:
    pause = threading.Event()
    try:
        while True:
            news = wanted.chosen(reader.after(ends, wanted.filter))
            printer.show_rendered(one for one in news if one.stored.id not in shown)
            shown.clear()
            pause.wait(_LOOK)
    except KeyboardInterrupt:
        return


@command.command(name="query")
@journal_option
@filter_options
@_json_option("Print JSON lines.")
def query_command(directory: Path, as_json: bool, **options: Any) -> int:
    """Show records by meter, OBIS code, time of arrival and outcome, oldest first."""
    reader, damaged = open_reader(directory)
    wanted = Wanted.of(**options)
    _printer(wanted, as_json).show_rendered(wanted.records(reader))
    return 1 if damaged else 0


@command.command(name="export")
@journal_option
@click.option(
    "--format",
    "form",
    type=click.Choice(["jsonl", "csv", "parquet"]),
    default="jsonl",
    show_default=True,
    help="JSON lines of records; CSV and Parquet have a row for each reading.",
)
@click.option(
    "--output", type=click.Path(dir_okay=False, path_type=Path), help="Into this file; else stdout."
)
@filter_options
def export_command(directory: Path, form: str, output: Path | None, **options: Any) -> int:
    """Write records in a form that other programs read."""
    reader, damaged = open_reader(directory)
    records = Wanted.of(**options).records(reader)
    with ExitStack() as stack:
        if form == "parquet":
            export_parquet(records, sys.stdout.buffer if output is None else output)
        else:
            out = sys.stdout
            if output is not None:
                out = stack.enter_context(output.open("w", encoding="utf-8", newline=""))
            (export_csv if form == "csv" else export_json_lines)(records, out)
    return 1 if damaged else 0


@command.command(name="stats")
@journal_option
@_json_option("Print one JSON document.")
def stats_command(directory: Path, as_json: bool) -> None:
    """Count what there is."""
    found = stats(directory)
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
        return
    console = Console(soft_wrap=True, highlight=False)
    for name in ("accepted", "redecoded", "first", "last", "octets", "windows"):
        console.print(f"{name:<10} {found[name]}")
    for what in ("refused", "totals"):
        for name, count in found[what].items():
            console.print(f"{what:<10} {name} {count}")
    table = Table(box=None)
    for name in ("series", "number", "day", "records", "octets", "indexed", "first", "last"):
        table.add_column(name, overflow="fold")
    for segment in found["segments"]:
        table.add_row(*(str(value) for value in segment.values()))
    console.print(table)


@command.command(name="verify")
@journal_option
@_json_option("Print one JSON document.")
def verify_command(directory: Path, as_json: bool) -> int:
    """Check every file, every record and every replay window; exit code 1 if something is wrong."""
    found = verify(directory)
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
    else:
        for problem in found["problems"]:
            click.echo(problem)
        records = ", ".join(f"{count} {series}" for series, count in found["records"].items())
        click.echo(
            f"{found['segments']} segments ({records or 'no records'}), {found['windows']} windows: "
            + ("good" if found["ok"] else f"{found['problem_count']} problems")
        )
    return 0 if found["ok"] else 1
