"""
C{dlms profile}: load profiles as CSV or JSON lines.
"""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import click

from dlms_twisted.cli.meter_options import meter_options, talk
from dlms_twisted.client import Meter
from dlms_twisted.cosem.obis import Obis
from dlms_twisted.cosem.profile import csv_text
from dlms_twisted.cosem.scaled import number_text
from dlms_twisted.errors import ObisError

__all__ = ["command"]


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


@click.command(name="profile")
@click.argument("where", metavar="METER")
@click.argument("name", metavar="OBIS")
@meter_options
@click.option("--from", "start", callback=_moment, metavar="T", help="First time, ISO 8601.")
@click.option("--to", "end", callback=_moment, metavar="T", help="Last time, included.")
@click.option("--entries", callback=_entries, metavar="A:B", help="Rows by number, from 1.")
@click.option("--csv", "csv_file", type=click.Path(path_type=Path), help="Write CSV to a file.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON lines.")
def command(
    where: str,
    name: str,
    start: datetime | None,
    end: datetime | None,
    entries: tuple[int, int] | None,
    csv_file: Path | None,
    as_json: bool,
    **options: Any,
) -> int:
    """Read the rows of a profile, as CSV."""
    if (start is None) != (end is None):
        raise click.UsageError("--from and --to go together")
    if entries is not None and start is not None:
        raise click.UsageError("--entries, or --from and --to")
    try:
        obis = Obis.parse(name)
    except ObisError as error:
        raise click.UsageError(str(error)) from None

    async def act(meter: Meter) -> int:
        rows = await meter.profile(obis, start, end, entries=entries)
        if as_json:
            for row in rows:
                cells = {label: _cell(cell) for label, cell in row.as_dict().items()}
                click.echo(json.dumps({"cells": cells}))
        elif csv_file is not None:
            # RFC 4180's line ends are in the text already.
            with csv_file.open("w", encoding="utf-8", newline="") as file:
                file.writelines(csv_text(rows.profile, rows))
        else:
            for line in csv_text(rows.profile, rows):
                click.echo(line, nl=False)
        return 0

    return talk(where, options, act, name="dlms profile")
