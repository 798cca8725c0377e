"""
C{dlms encode}: the JSON form of a data tree or an APDU back to octets.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, TextIO

import click

from dlms_twisted.errors import ConfigurationError, EncodeError
from dlms_twisted.translate.translator import encode

__all__ = ["command"]


@click.command(name="encode")
@click.argument("form", metavar="[JSON]", required=False)
@click.option(
    "--file", "path", type=click.Path(exists=True, dir_okay=False), help="Read this file."
)
@click.option("--json", "as_json", is_flag=True, help='Print {"hex", "error"}.')
@click.option(
    "--batch",
    is_flag=True,
    help='Read JSON lines {"id", "apdu" or "data"}, print {"id", "hex", "error"}.',
)
def command(form: str | None, path: str | None, as_json: bool, batch: bool) -> int:
    """Turn the JSON form of an APDU or of Data into octets: JSON, a file, or stdin."""
    if batch:
        if form is not None or path is not None:
            raise click.UsageError("--batch reads stdin: no JSON and no --file with it")
        return _batch(sys.stdin, sys.stdout)
    if form is not None and path is not None:
        raise click.UsageError("JSON or --file, not both")
    if path is not None:
        form = Path(path).read_text(encoding="utf-8")
    result = _encoded(form if form not in (None, "-") else sys.stdin.read())
    if as_json:
        click.echo(json.dumps(result))
    elif result["error"] is None:
        click.echo(result["hex"])
    if result["error"] is not None:
        click.echo(f"dlms encode: {result['error']}", err=True)
    return 0 if result["error"] is None else 1


def _encoded(text: str) -> dict[str, Any]:
    try:
        given = json.loads(text)
        return {"hex": encode(_form(given)).hex(), "error": None}
    except (ValueError, RecursionError, EncodeError, ConfigurationError) as error:
        return {"hex": None, "error": str(error) or type(error).__name__}


def _form(given: Any) -> dict[str, Any]:
    """
    @return: the APDU or tree itself: as it is, or as the member C{apdu} or C{data} of a line.
    """
    if isinstance(given, dict):
        for name in ("apdu", "data"):
            if isinstance(given.get(name), dict):
                form: dict[str, Any] = given[name]
                return form
        if isinstance(given.get("apdu"), str) or "type" in given:
            return given
    raise ConfigurationError('an object with "apdu", "data" or "type" wanted')


def _batch(lines: TextIO, out: TextIO) -> int:
    failed = 0
    for line in lines:
        if not line.strip():
            continue
        try:
            given = json.loads(line)
            identity = given.get("id") if isinstance(given, dict) else None
        except (ValueError, RecursionError):
            identity = None
        result = {"id": identity, **_encoded(line)}
        failed |= result["error"] is not None
        out.write(json.dumps(result) + "\n")
        out.flush()
    return int(failed)
