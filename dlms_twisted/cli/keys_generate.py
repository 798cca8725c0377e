"""
C{dlms keys generate}: key pairs with their certificate requests, and master keys.
"""

from __future__ import annotations

import json
import secrets
from pathlib import Path
from typing import Any, Final

import click

from dlms_twisted.errors import ConfigurationError
from dlms_twisted.keys.files import write_private
from dlms_twisted.keys.parsing import parse_title
from dlms_twisted.security.curves import generate_private_key, public_of
from dlms_twisted.security.issuing import signing_request
from dlms_twisted.security.pem import private_pem, request_pem

__all__ = ["generate"]

_KINDS: Final = {
    "signing": ("signing",),
    "agreement": ("agreement",),
    "both": ("signing", "agreement"),
}


@click.command()
@click.option("--suite", type=click.Choice(["1", "2"]), default="1", show_default=True)
@click.option("--kind", type=click.Choice(list(_KINDS)), default="both", show_default=True)
@click.option("--system-title", "title", metavar="HEX", help="Whose keys they are.")
@click.option(
    "--out",
    "folder",
    type=click.Path(file_okay=False, exists=True, path_type=Path),
    default=Path(),
    help="The folder to write to; this one by default.",
)
@click.option(
    "--master-key-file",
    "master",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Make a master key for key files in SQLite instead.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def generate(
    suite: str, kind: str, title: str | None, folder: Path, master: Path | None, as_json: bool
) -> None:
    """
    Make key pairs of suite 1 (P-256) or 2 (P-384), and a certificate request (CSR) for each.

    Private keys are written in PEM with mode 0600 and are never shown; public keys are.
    """
    if (title is None) is (master is None):
        raise click.UsageError("--system-title or --master-key-file wanted, one of them")
    if master is not None:
        _write_new(master, f"{secrets.token_hex(32)}\n".encode())
        click.echo(f"{master}: a master key of 256 bits; keep a copy elsewhere", err=True)
        return
    assert title is not None
    system_title = parse_title(title, "--system-title")
    made = [_pair(folder, system_title, one, int(suite)) for one in _KINDS[kind]]
    if as_json:
        click.echo(json.dumps({"system_title": system_title.hex().upper(), "pairs": made}))
        return
    for pair in made:
        click.echo(f"{pair['kind']} public key {pair['public_key']}")
        click.echo(f"wrote {pair['private_key_file']} and {pair['request_file']}", err=True)


def _pair(folder: Path, title: bytes, kind: str, suite: int) -> dict[str, Any]:
    private = generate_private_key(suite, secrets.token_bytes)
    stem = f"{title.hex().upper()}-{kind}"
    key_path, request_path = folder / f"{stem}.key.pem", folder / f"{stem}.csr.pem"
    _write_new(key_path, private_pem(private))
    _write_new(request_path, request_pem(signing_request(private, title)))
    return {
        "kind": kind,
        "suite": suite,
        "public_key": public_of(private).hex().upper(),
        "private_key_file": str(key_path),
        "request_file": str(request_path),
    }


def _write_new(path: Path, octets: bytes) -> None:
    if path.exists():
        raise ConfigurationError(f"{path}: is there already, and is not replaced")
    write_private(path, octets)
