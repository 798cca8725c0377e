"""
C{dlms decode}: octets to meaning.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, TextIO

import click

from dlms_twisted.cli.keyring import key_options, keyring_of, keyring_of_batch
from dlms_twisted.cli.show import show_messages
from dlms_twisted.errors import ConfigurationError, DecodeError, Reason
from dlms_twisted.layout_files import default_layouts
from dlms_twisted.translate.media import ALIASES, MEDIA
from dlms_twisted.translate.text import octets_of
from dlms_twisted.translate.translator import Translator, form_of

__all__ = ["command"]

_MEDIA = ["auto", *MEDIA, *ALIASES]


@click.command(name="decode")
@click.argument("hex_text", metavar="[HEX]", required=False)
@click.option(
    "--file",
    "path",
    type=click.Path(exists=True, dir_okay=False),
    help="Read this file, hex or binary.",
)
@click.option(
    "--medium",
    type=click.Choice(_MEDIA),
    default="auto",
    show_default=True,
    help="How it is framed.",
)
@key_options
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.option(
    "--batch",
    is_flag=True,
    help='Read JSON lines {"id", "hex", "medium", "keys"}, print one for each.',
)
def command(
    hex_text: str | None,
    path: str | None,
    medium: str,
    ek: str | None,
    ak: str | None,
    dek: str | None,
    system_title: str | None,
    key_file: str | None,
    insecure_keys: bool,
    as_json: bool,
    batch: bool,
) -> int:
    """Say what octets mean: HEX, a file or stdin, as hex in any dress, base64, a hex dump, or binary."""
    if batch:
        if hex_text is not None or path is not None:
            raise click.UsageError("--batch reads stdin: no HEX and no --file with it")
        return _batch(sys.stdin, sys.stdout, medium)
    given = {"ek": ek, "ak": ak, "dek": dek, "system_title": system_title}
    translator = Translator(
        keyring=keyring_of(given, key_file, insecure_keys), layouts=default_layouts()
    )
    messages = translator.translate(_octets(hex_text, path), medium)
    if as_json:
        click.echo(json.dumps(form_of(messages), ensure_ascii=False))
    else:
        show_messages(messages)
    failures = [message.error for message in messages if message.error is not None]
    for failure in failures:
        where = "" if failure.offset is None else f" (octet {failure.offset})"
        click.echo(f"dlms decode: {failure.reason}: {failure.detail}{where}", err=True)
    return 1 if failures else 0


def _octets(hex_text: str | None, path: str | None) -> bytes:
    if hex_text is not None and path is not None:
        raise click.UsageError("HEX or --file, not both")
    if hex_text is not None and hex_text != "-":
        return octets_of(hex_text)
    raw = Path(path).read_bytes() if path is not None else sys.stdin.buffer.read()
    try:
        return octets_of(raw.decode("ascii"))
    except (UnicodeDecodeError, DecodeError):
        if not raw or _looks_like_text(raw):
            raise DecodeError("hex, base64 or binary octets wanted", 0) from None
        return raw


def _looks_like_text(raw: bytes) -> bool:
    # A P1 telegram is text too, and starts with its slash.
    return raw[:1] != b"/" and all(32 <= octet < 127 or octet in b"\t\r\n" for octet in raw)


def _batch(lines: TextIO, out: TextIO, medium: str) -> int:
    layouts = default_layouts()
    failed = 0
    for line in lines:
        if not line.strip():
            continue
        form = _batch_line(line, medium, layouts)
        failed |= form.get("error") is not None
        out.write(json.dumps(form, ensure_ascii=False) + "\n")
        out.flush()
    return int(failed)


def _batch_line(line: str, medium: str, layouts: Any) -> dict[str, Any]:
    identity = None
    try:
        given = json.loads(line)
        if not isinstance(given, dict):
            raise ConfigurationError("a JSON object wanted")
        identity = given.get("id")
        text, wanted = given.get("hex"), given.get("medium") or medium
        if not isinstance(text, str) or not isinstance(wanted, str):
            raise ConfigurationError("hex and medium: texts wanted")
        translator = Translator(keyring=keyring_of_batch(given.get("keys")), layouts=layouts)
        return {"id": identity, **form_of(translator.translate(octets_of(text), wanted))}
    except (ValueError, RecursionError) as error:
        return _failed(identity, str(error))
    except (ConfigurationError, DecodeError) as error:
        return _failed(identity, str(error))


def _failed(identity: Any, detail: str) -> dict[str, Any]:
    error = {"reason": str(Reason.MALFORMED), "detail": detail, "offset": None}
    return {
        "id": identity,
        "layers": [],
        "apdu": None,
        "data": None,
        "readings": [],
        "error": error,
    }
