"""
C{dlms objects}: the association's object list, and what the objects hold.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import click

from dlms_twisted.cli.meter_options import meter_options, talk
from dlms_twisted.cli.progress import progress_bar
from dlms_twisted.client import Meter, Reference
from dlms_twisted.codec.data import Data
from dlms_twisted.cosem.association import ObjectList
from dlms_twisted.cosem.obis import Obis
from dlms_twisted.cosem.object_view import ObjectView
from dlms_twisted.errors import AccessRefusedError, ConfigurationError

__all__ = ["command"]

#: The logical device's name.
_NAME = "1/0-0:42.0.0.255/2"
#: SAP assignment: the logical devices of the meter.
_SAPS = Reference(Obis(0, 0, 41, 0, 0), 17, 2)
_SHORT = {"read": "r", "write": "w", "access": "x"}


def _show(objects: ObjectList, heading: Iterable[str]) -> None:
    for line in heading:
        click.echo(line)
    by_class: dict[int, list[ObjectView]] = {}
    for one in objects:
        by_class.setdefault(one.class_id, []).append(one)
    for number in sorted(by_class):
        members = by_class[number]
        click.echo(f"{number} {members[0].interface_class.name}")
        for one in members:
            click.echo(f"  {one.logical_name}" + (f"  {one.name}" if one.name else ""))
            for line in _lines(objects, one):
                click.echo(f"    {line}")


def _lines(objects: ObjectList, view: ObjectView) -> Iterator[str]:
    """
    @return: what may be done with each attribute and method, and what is known of its value.
    """
    known = view.interface_class
    for number in sorted({*view.attributes, *view.values}):
        rights = _rights(objects.rights(view, number).labels())
        value = f"  {_value(view.values[number])}" if number in view.values else ""
        yield f"{number:>3} {rights:<2} {known.attribute(number).name}{value}"
    for number in sorted(view.methods):
        rights = _rights(objects.method_rights(view, number).labels(method=True))
        yield f"{number:>3} {rights:<2} {known.method(number).name}()"


def _rights(labels: Iterable[str]) -> str:
    """
    @return: r, w, x; and + where a message must be protected.
    """
    words = list(labels)
    plain = "".join(_SHORT[one] for one in words if one in _SHORT)
    return (plain or "-") + ("+" if len(plain) < len(words) else "")


def _value(data: Data) -> str:
    text = json.dumps(data.tree(), ensure_ascii=False)
    return text if len(text) <= 100 else f"{text[:97]}..."


async def _devices(meter: Meter, objects: ObjectList) -> list[str]:
    """
    @return: what the logical device calls itself, and which others the meter says that it has.
    """
    lines = [_text(await _value_of(meter, _NAME))]
    if objects.find(_SAPS.logical_name, _SAPS.class_id) is not None:
        listed = await _value_of(meter, _SAPS)
        others = [
            f"logical device {one[0]}: {_text(one[1])}"
            for one in (listed if isinstance(listed, tuple) else ())
            if isinstance(one, tuple) and len(one) == 2
        ]
        lines += others if len(others) > 1 else []
    return [one for one in lines if one]


async def _value_of(meter: Meter, what: str | Reference) -> Any:
    try:
        return (await meter.get(what)).values
    except AccessRefusedError:
        return None


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        value = value.decode("latin-1")
    return value if isinstance(value, str) and value.isprintable() else ""


@click.command(name="objects")
@click.argument("where", metavar="METER")
@meter_options
@click.option("--values", is_flag=True, help="Read all that may be read, too, but secrets.")
@click.option("--buffers", is_flag=True, help="With --values: of profiles, too.")
@click.option("--save", type=click.Path(path_type=Path), help="Write the list to a file, as JSON.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def command(
    where: str, values: bool, buffers: bool, save: Path | None, as_json: bool, **options: Any
) -> int:
    """List what the meter holds, by class, with what may be done with it: read, write, execute."""
    if buffers and not values:
        raise click.UsageError("--buffers goes with --values")

    async def act(meter: Meter) -> int:
        if values:
            with progress_bar("objects") as update:
                objects = await meter.object_values(buffers=buffers, progress=update)
        else:
            objects = await meter.objects()
        if save is not None:
            _write(save, objects)
        if as_json:
            click.echo(json.dumps(objects.to_json(), ensure_ascii=False))
        elif save is None:
            _show(objects, await _devices(meter, objects))
        return 0

    return talk(where, options, act, name="dlms objects")


def _write(path: Path, objects: ObjectList) -> None:
    text = json.dumps(objects.to_json(), indent=1, ensure_ascii=False)
    try:
        path.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(f"{path}: {error.strerror}") from None
