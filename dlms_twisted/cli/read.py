"""
C{dlms read}: attributes with unit and scaler.
"""

from __future__ import annotations

import json
from typing import Any

import click

from dlms_twisted.cli.meter_options import meter_options, talk
from dlms_twisted.client import Meter, Reference
from dlms_twisted.cosem.names import obis_name
from dlms_twisted.errors import AccessRefusedError, LocalProtocolError

__all__ = ["command", "reference"]


def reference(text: str, member: int = 2) -> Reference:
    """
    @param member: Of the attribute or method where the text names none.

    @raise click.UsageError: it is no reference.
    """
    try:
        return Reference.parse(text, member)
    except LocalProtocolError as error:
        raise click.UsageError(str(error)) from None


@click.command(name="read")
@click.argument("where", metavar="METER")
@click.argument("names", metavar="OBIS...", nargs=-1, required=True)
@meter_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON lines.")
def command(where: str, names: tuple[str, ...], as_json: bool, **options: Any) -> int:
    """Read attributes: 1-0:1.8.0.255, or 3/1-0:1.8.0.255/2 with class and attribute."""
    wanted = [reference(name) for name in names]

    async def act(meter: Meter) -> int:
        code = 0
        for one in wanted:
            try:
                value = await meter.read(one)
            except AccessRefusedError as error:
                click.echo(f"dlms read: {error}", err=True)
                code = 1
                continue
            if as_json:
                click.echo(json.dumps(value.to_json()))
            else:
                name = obis_name(one.logical_name)
                click.echo("  ".join(filter(None, (str(one.logical_name), name, value.text()))))
        return code

    return talk(where, options, act, name="dlms read")
