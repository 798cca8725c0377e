"""
C{dlms set}: write an attribute.
"""

from __future__ import annotations

from typing import Any

import click

from dlms_twisted.cli.meter_options import meter_options, talk
from dlms_twisted.cli.read import reference
from dlms_twisted.cli.typed_value import typed_value
from dlms_twisted.client import Meter

__all__ = ["command"]


@click.command(name="set")
@click.argument("where", metavar="METER")
@click.argument("name", metavar="OBIS")
@click.argument("value", metavar="TYPE=VALUE")
@meter_options
def command(where: str, name: str, value: str, **options: Any) -> int:
    """Write an attribute: long-unsigned=5, octet-string=48454C4C4F, or a JSON data tree."""
    wanted, data = reference(name), typed_value(value)

    async def act(meter: Meter) -> int:
        await meter.set(wanted, data)
        return 0

    return talk(where, options, act, name="dlms set")
