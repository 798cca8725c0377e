"""
C{dlms classes}: the interface classes, their attributes and methods.
"""

from __future__ import annotations

import json

import click
from rich.console import Console
from rich.table import Table

from dlms_twisted.cosem.classes import InterfaceClass, class_numbers, interface_class
from dlms_twisted.cosem.names import medium_name, obis_name
from dlms_twisted.cosem.obis import Obis
from dlms_twisted.errors import ObisError

__all__ = ["command"]


@click.command(name="classes")
@click.argument("which", required=False)
@click.option(
    "--version", "version", type=click.IntRange(0, 255), help="Of the class; else the newest."
)
@click.option("--json", "as_json", is_flag=True, help="JSON lines of classes, one a version.")
def command(which: str | None, version: int | None, as_json: bool) -> None:
    """
    The interface classes that dlms-twisted knows.

    WHICH is a class by number or part of its name, or an OBIS code, of which the name is shown.
    """
    if which is not None and ":" in which:
        _show_code(which, as_json)
        return
    found = _chosen(which, version)
    if as_json:
        for one in found:
            click.echo(json.dumps(one.to_json(), ensure_ascii=False))
    elif which is None:
        _show_list(found)
    else:
        for one in found:
            _show_class(one)


def _chosen(which: str | None, version: int | None) -> list[InterfaceClass]:
    if which is None:
        numbers = list(class_numbers())
    elif which.isdecimal() and int(which) <= 0xFFFF:
        numbers = [int(which)]
    else:
        name = which.lower()
        numbers = [n for n in class_numbers() if name in interface_class(n).name.lower()]
    if not numbers:
        raise click.UsageError(f"no class is called {which!r}")
    if version is not None:
        return [interface_class(number, version) for number in numbers]
    return [
        interface_class(number, one)
        for number in numbers
        for one in interface_class(number).versions or (0,)
    ]


def _show_code(text: str, as_json: bool) -> None:
    try:
        code = Obis.parse(text)
    except ObisError as error:
        raise click.UsageError(str(error)) from None
    form = {"obis": str(code), "name": obis_name(code), "medium": medium_name(code.a)}
    if as_json:
        click.echo(json.dumps(form, ensure_ascii=False))
    else:
        click.echo(f"{form['obis']}  {form['name'] or 'no name is known'}")


def _show_list(found: list[InterfaceClass]) -> None:
    table = Table("class", "version", "name", "attributes", "methods", "confirmed")
    for one in found:
        table.add_row(
            str(one.number),
            str(one.version),
            one.name,
            str(len(one.attributes)),
            str(len(one.methods)),
            one.confirmed,
        )
    Console().print(table)


def _show_class(one: InterfaceClass) -> None:
    console = Console()
    known = "" if one.is_known else ", not in the tables"
    console.print(
        f"[bold]{one.number} {one.name}, version {one.version}[/bold]{known}", highlight=False
    )
    table = Table("attribute", "name", "type", "access", box=None)
    for attribute in one.attributes.values():
        kind = attribute.kind.text.replace("[", "\\[")
        table.add_row(str(attribute.number), attribute.name, kind, attribute.access)
    console.print(table)
    for attribute in one.attributes.values():
        for name, members in attribute.enumerations.items():
            if name != "unit":
                shown = ", ".join(f"{value} {label}" for value, label in members.items())
                console.print(f" {name}: {shown}", highlight=False)
    if one.methods:
        table = Table("method", "name", "parameter", "result", box=None)
        for method in one.methods.values():
            result = "" if method.result is None else method.result.text
            table.add_row(str(method.number), method.name, method.parameter.text, result)
        console.print(table)
