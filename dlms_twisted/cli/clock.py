"""
C{dlms clock}: read and set a meter's clock.
"""

from __future__ import annotations

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
        how, before = None, None
        if to_now:
            done = await meter.synchronise_clock()
            how, before, reading = done.how, done.before.offset, done.after
        else:
            reading = await meter.clock_offset()
        if as_json:
            form = {
                "time": str(reading.shown),
                "ahead": _rounded(reading.offset),
                "round_trip": _rounded(reading.round_trip),
                "set": how,
                "before": _rounded(before),
            }
            click.echo(json.dumps(form))
            return 0
        parts = [str(reading.shown)]
        if reading.offset is not None:
            parts.append(f"{reading.offset:+.1f} s")
        if how is not None:
            was = "" if before is None else f", was {before:+.1f} s"
            parts.append(f"({how}{was})")
        click.echo("  ".join(parts))
        return 0

    return talk(where, options, act, name="dlms clock")


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)
