"""
C{dlms clock}: read and set a meter's clock.
"""

from __future__ import annotations

import datetime
import json
from typing import Any

import click

from dlms_twisted.cli.meter_options import meter_options, talk
from dlms_twisted.client import Meter

__all__ = ["command"]


@click.command(name="clock")
@click.argument("where", metavar="METER")
@meter_options
@click.option("--set", "to_now", is_flag=True, help="Set it to this computer's time.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def command(where: str, to_now: bool, as_json: bool, **options: Any) -> int:
    """Show the meter's clock and by how much it is ahead of this computer's."""

    async def act(meter: Meter) -> int:
        if to_now:
            await meter.set_clock(datetime.datetime.now(datetime.UTC).astimezone())
        shown = await meter.clock()
        moment = shown.to_datetime()
        ahead = None
        if moment is not None:
            ahead = (moment - datetime.datetime.now(datetime.UTC)).total_seconds()
        if as_json:
            click.echo(json.dumps({"time": str(shown), "ahead": ahead, "set": to_now}))
        else:
            tail = "" if ahead is None else f"  {ahead:+.1f} s"
            click.echo(f"{shown}{tail}")
        return 0

    return talk(where, options, act, name="dlms clock")
