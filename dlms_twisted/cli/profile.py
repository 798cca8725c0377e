"""
C{dlms profile}: load profiles as CSV or JSON lines, row by row as they come.
"""

from __future__ import annotations

import json
import sys
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, TextIO

import click

from dlms_twisted.cli.meter_options import meter_options, talk
from dlms_twisted.cli.progress import progress_bar
from dlms_twisted.client import Meter
from dlms_twisted.client.profile_selection import RowsWanted, chosen_columns
from dlms_twisted.client.row_stream import narrowed
from dlms_twisted.cosem.obis import Obis
from dlms_twisted.cosem.profile import Profile, Row, csv_text
from dlms_twisted.cosem.scaled import number_text
from dlms_twisted.cosem.selection import RangeStyle
from dlms_twisted.errors import ConfigurationError, LocalProtocolError, ObisError

__all__ = ["command"]

_STYLES = {
    "auto": None,
    "deviation": RangeStyle(),
    "no-deviation": RangeStyle(deviation=False),
    "no-status": RangeStyle(status=0xFF),
    "no-deviation-no-status": RangeStyle(deviation=False, status=0xFF),
    "date-time": RangeStyle(typed=True),
}


def _moment(_: Any, parameter: click.Parameter, text: str | None) -> datetime | None:
    try:
        return None if text is None else datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter("a time in ISO 8601 wanted") from None


def _entries(_: Any, parameter: click.Parameter, text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    first, _colon, last = text.partition(":")
    if not first.isdecimal() or not last.isdecimal() or int(first) < 1:
        raise click.BadParameter("FIRST:LAST wanted, from 1; LAST 0 for the last there is")
    return int(first), int(last)


def _cell(cell: Any) -> Any:
    if isinstance(cell, datetime):
        return cell.isoformat()
    if isinstance(cell, Decimal):
        return number_text(cell)
    if isinstance(cell, bytes):
        return cell.hex()
    return cell if cell is None or isinstance(cell, bool | int | str) else str(cell)


class _Output:
    """
    Where rows go.

    @ivar count: How many there were.
    @ivar last: The last of them.
    """

    def __init__(self, out: TextIO, as_json: bool) -> None:
        self._out = out
        self._as_json = as_json
        self._waiting: deque[Row] = deque()
        self._lines: Iterator[str] | None = None
        self.count = 0
        self.last: Row | None = None

    def begin(self, profile: Profile) -> None:
        """
        Write the labels, once.
        """
        if self._lines is None and not self._as_json:
            self._lines = csv_text(profile, iter(self._waiting.popleft, None))
            self._out.write(next(self._lines))

    def row(self, row: Row) -> None:
        """
        Write a row.
        """
        if self._lines is None:
            cells = {label: _cell(cell) for label, cell in row.as_dict().items()}
            self._out.write(json.dumps({"cells": cells}, ensure_ascii=False) + "\n")
        else:
            self._waiting.append(row)
            self._out.write(next(self._lines))
        self.count += 1
        self.last = row


async def _expected(meter: Meter, obis: Obis, profile: Profile, wanted: RowsWanted) -> int | None:
    """
    @return: how many rows there will be, about.
    """
    if wanted.entries is not None and wanted.entries[1]:
        return wanted.entries[1] - wanted.entries[0] + 1
    there = await meter.profile_count(obis)
    if wanted.start is not None and wanted.end is not None and profile.capture_period:
        span = (wanted.end - wanted.start) // timedelta(seconds=profile.capture_period) + 1
        return span if there is None else min(span, there)
    if wanted.entries is not None and there is not None:
        return max(0, there - wanted.entries[0] + 1)
    return there


@click.command(name="profile")
@click.argument("where", metavar="METER")
@click.argument("name", metavar="OBIS")
@meter_options
@click.option("--from", "start", callback=_moment, metavar="T", help="First time, ISO 8601.")
@click.option("--to", "end", callback=_moment, metavar="T", help="Last time, included.")
@click.option("--entries", callback=_entries, metavar="A:B", help="Rows by number, from 1.")
@click.option("--column", "columns", multiple=True, help="Only this: its label or OBIS code.")
@click.option(
    "--times",
    type=click.Choice(tuple(_STYLES)),
    default="auto",
    help="How the meter wants times; else found out.",
)
@click.option(
    "--tries",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="Connect so often; each goes on after the last row.",
)
@click.option("--csv", "csv_file", type=click.Path(path_type=Path), help="Write CSV to a file.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON lines.")
def command(
    where: str,
    name: str,
    start: datetime | None,
    end: datetime | None,
    entries: tuple[int, int] | None,
    columns: tuple[str, ...],
    times: str,
    tries: int,
    csv_file: Path | None,
    as_json: bool,
    **options: Any,
) -> int:
    """Read the rows of a profile, as CSV."""
    if as_json and csv_file is not None:
        raise click.UsageError("--csv or --json")
    try:
        obis = Obis.parse(name)
        wanted = RowsWanted(start=start, end=end, entries=entries, columns=columns)
    except (ObisError, LocalProtocolError) as error:
        raise click.UsageError(str(error)) from None
    if tries > 1 and entries is not None:
        raise click.UsageError("--tries with times, not with --entries")
    with ExitStack() as closing:
        out = sys.stdout if csv_file is None else closing.enter_context(_opened(csv_file))
        output = _Output(out, as_json)
        watched = csv_file is not None or not sys.stdout.isatty()
        update = closing.enter_context(progress_bar("rows", shown=watched))

        async def act(meter: Meter) -> int:
            layout = await meter.profile_columns(obis)
            output.begin(narrowed(layout, chosen_columns(layout, columns)))
            total = await _expected(meter, obis, layout, wanted)
            rows = meter.rows(
                obis,
                start,
                end,
                entries=entries,
                columns=columns,
                since=output.last,
                style=_STYLES[times],
            )
            async with rows:
                async for row in rows:
                    output.row(row)
                    update(output.count, total)
            return 0

        return talk(where, options, act, name="dlms profile", tries=tries)


def _opened(path: Path) -> TextIO:
    try:
        # RFC 4180's line ends are in the text already.
        return path.open("w", encoding="utf-8", newline="")
    except OSError as error:
        raise ConfigurationError(f"{path}: {error.strerror}") from None
