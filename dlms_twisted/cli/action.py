"""
C{dlms action}: invoke a method.
"""

from __future__ import annotations

import json
from typing import Any

import click

from dlms_twisted.cli.meter_options import meter_options, talk
from dlms_twisted.cli.read import reference
from dlms_twisted.cli.typed_value import typed_value
from dlms_twisted.client import Meter
from dlms_twisted.codec.json_form import to_json

__all__ = ["command"]


@click.command(name="action")
@click.argument("where", metavar="METER")
@click.argument("name", metavar="OBIS/METHOD")
@click.argument("value", metavar="[TYPE=VALUE]", required=False)
@meter_options
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def command(where: str, name: str, value: str | None, as_json: bool, **options: Any) -> int:
    """Invoke a method: 70/0-0:96.3.10.255/1 integer=0 disconnects."""
    wanted = reference(name, 1)
    data = None if value is None else typed_value(value)

    async def act(meter: Meter) -> int:
        returned = await meter.action(wanted, data)
        tree = None if returned is None else to_json(returned)
        if as_json or tree is not None:
            click.echo(json.dumps({"returned": tree}) if as_json else json.dumps(tree))
        return 0

    return talk(where, options, act, name="dlms action")
