"""
C{dlms image}: new firmware for a meter.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from dlms_twisted.cli.meter_options import meter_options, talk
from dlms_twisted.cli.progress import progress_bar
from dlms_twisted.client import Meter
from dlms_twisted.client.image import IMAGE, ImageStatus
from dlms_twisted.cosem.obis import Obis
from dlms_twisted.errors import (
    ConfigurationError,
    LinkError,
    ObisError,
    RequestTimeoutError,
)

__all__ = ["command"]


def _identifier(text: str | None, path: Path) -> bytes:
    """
    @raise click.UsageError: it is meant to be hex, and is none.
    """
    if text is None:
        return path.name.encode()
    if not text.startswith("0x"):
        return text.encode()
    try:
        return bytes.fromhex(text[2:])
    except ValueError:
        raise click.UsageError("--identifier: text, or hex after 0x wanted") from None


def _object(_: Any, parameter: click.Parameter, text: str | None) -> Obis:
    try:
        return IMAGE if text is None else Obis.parse(text)
    except ObisError as error:
        raise click.BadParameter(str(error)) from None


@click.command(name="image")
@click.argument("where", metavar="METER")
@click.argument("path", metavar="FILE", type=click.Path(path_type=Path))
@meter_options
@click.option("--identifier", help="Text, or hex after 0x; else the file's name.")
@click.option("--resume", is_flag=True, help="Send only what the meter has not.")
@click.option("--verify", is_flag=True, help="Have the meter verify it.")
@click.option("--activate", is_flag=True, help="Have the meter verify and use it.")
@click.option("--patience", type=float, default=300.0, show_default=True, help="Seconds for each.")
@click.option("--object", "name", callback=_object, help="[default: 0-0:44.0.0.255]")
@click.option(
    "--tries",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="Connect so often; each sends what is missing.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def command(
    where: str,
    path: Path,
    identifier: str | None,
    resume: bool,
    verify: bool,
    activate: bool,
    patience: float,
    name: Obis,
    tries: int,
    as_json: bool,
    **options: Any,
) -> int:
    """Send a firmware image, block by block; verify and activate it where that is asked for."""
    called = _identifier(identifier, path)
    try:
        image = path.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"{path}: {error.strerror}") from None
    begun = resume

    async def act(meter: Meter) -> int:
        nonlocal begun
        again, begun = begun, True
        transfer = meter.image_transfer(name, patience=patience)
        with progress_bar("blocks") as update:
            await transfer.send(image, called, resume=again, progress=update)
        status: ImageStatus | None = None
        if verify or activate:
            status = await transfer.verify()
        if activate:
            try:
                status = await transfer.activate()
            except (LinkError, RequestTimeoutError):
                # A meter that starts anew says no more; it is for the next association to ask.
                status = ImageStatus.ACTIVATION_INITIATED
        _say(status, image, called, as_json)
        return 0

    return talk(where, options, act, name="dlms image", tries=tries)


def _say(status: ImageStatus | None, image: bytes, called: bytes, as_json: bool) -> None:
    words = None if status is None else status.words
    if as_json:
        form = {
            "octets": len(image),
            "identifier": called.hex(),
            "status": None if words is None else words.replace(" ", "-"),
        }
        click.echo(json.dumps(form))
    else:
        click.echo(f"{len(image)} octets sent" + (f", {words}" if words else ""))
