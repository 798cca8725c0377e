"""
C{dlms objects}: the association's object list.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from dlms_twisted.cli.meter_options import meter_options, talk
from dlms_twisted.client import Meter
from dlms_twisted.cosem.association import ObjectList

__all__ = ["command"]


def _show(objects: ObjectList) -> None:
    by_class: dict[int, list[str]] = {}
    titles: dict[int, str] = {}
    for one in objects:
        titles[one.class_id] = one.interface_class.name
        line = f"  {one.logical_name}" + (f"  {one.name}" if one.name else "")
        by_class.setdefault(one.class_id, []).append(line)
    for number in sorted(by_class):
        click.echo(f"{number} {titles[number]}")
        for line in by_class[number]:
            click.echo(line)


@click.command(name="objects")
@click.argument("where", metavar="METER")
@meter_options
@click.option("--save", type=click.Path(path_type=Path), help="Write the list to a file, as JSON.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def command(where: str, save: Path | None, as_json: bool, **options: Any) -> int:
    """List what the meter holds, by class."""

    async def act(meter: Meter) -> int:
        objects = await meter.objects()
        if save is not None:
            save.write_text(json.dumps(objects.to_json(), indent=1) + "\n", encoding="utf-8")
        if as_json:
            click.echo(json.dumps(objects.to_json()))
        elif save is None:
            _show(objects)
        return 0

    return talk(where, options, act, name="dlms objects")
