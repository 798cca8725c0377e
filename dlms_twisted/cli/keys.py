"""
C{dlms keys}: key files, without ever showing a key.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from dlms_twisted.cli.keys_check import check
from dlms_twisted.cli.keys_generate import generate
from dlms_twisted.cli.keys_list import list_keys
from dlms_twisted.cli.keys_options import file_options, given_fields, key_options, read_list
from dlms_twisted.cli.keys_rotate import rotate
from dlms_twisted.errors import ConfigurationError
from dlms_twisted.keys.csv_import import read_csv
from dlms_twisted.keys.editing import Existing
from dlms_twisted.keys.fields import FIELDS, KEY_FIELDS, check_lengths, parse_name
from dlms_twisted.keys.opening import open_key_file
from dlms_twisted.keys.parsing import parse_policy, parse_replay, parse_title

__all__ = ["command"]


@click.group(name="keys")
def command() -> None:
    """
    Key files: add, import, list, rotate, check, generate.

    A KEY is hex in any dress, @FILE (@- is stdin), env:NAME, or nothing: then it is asked for, unseen.
    """


command.add_command(list_keys)
command.add_command(rotate)
command.add_command(check)
command.add_command(generate)


@command.command()
@file_options()
@click.option("--system-title", "title", metavar="HEX", help="The meter's system title.")
@click.option(
    "--default", "is_default", is_flag=True, help="For titles that are absent or not listed."
)
@click.option("--name", help="What you call the meter.")
@key_options(environment=True)
@click.option("--policy", help="none, authenticated, encrypted, authenticated-encrypted (or both).")
@click.option("--replay", help="window, strict or off.")
@click.option("--replace", is_flag=True, help="Replace the entry if there is one.")
def add(
    key_file: str,
    insecure_keys: bool,
    master_key_file: str | None,
    title: str | None,
    is_default: bool,
    replace: bool,
    **values: Any,
) -> None:
    """Add a meter; the file is made if it is not there."""
    if (title is None) is not is_default:
        raise click.UsageError("--system-title or --default wanted (one of them)")
    entry = given_fields(values)
    if title is not None:
        entry["system_title"] = parse_title(title, "--system-title")
    if values["name"] is not None:
        entry["name"] = parse_name(values["name"], "--name")
    if values["policy"] is not None:
        entry["policy"] = parse_policy(values["policy"], "--policy")
    if values["replay"] is not None:
        entry["replay"] = parse_replay(values["replay"], "--replay")
    check_lengths(entry)
    file = open_key_file(key_file, insecure=insecure_keys, master_key_file=master_key_file)
    try:
        if is_default:
            _set_default(file, entry, replace)
        else:
            file.add([entry], Existing.REPLACE if replace else Existing.REFUSE)
    finally:
        file.close()
    what = "the default" if is_default else entry["system_title"].hex().upper()
    keys = ", ".join(name for name in KEY_FIELDS if name in entry) or "no keys"
    click.echo(f"{key_file}: {what}: {keys}", err=True)


def _set_default(file: Any, entry: dict[str, Any], replace: bool) -> None:
    before = file.default() if file.path.exists() else {}
    stated = [name for name in entry if name in before]
    if stated and not replace:
        raise ConfigurationError(f"{file.path}: default.{stated[0]} is there already")
    file.change({None: {**(dict.fromkeys(before) if replace else {}), **entry}})


@command.command(name="import")
@file_options()
@click.argument("csv_file", metavar="CSV", type=click.Path(path_type=Path))
@click.option(
    "--column",
    "columns",
    multiple=True,
    metavar="FIELD=HEADER",
    help="Which column a field stands in, where its header is unusual.",
)
@click.option("--ignore-unknown", is_flag=True, help="Leave out columns that are not known.")
@click.option("--policy", help="For entries that state none.")
@click.option("--replace", "existing", flag_value=Existing.REPLACE, help="Replace entries.")
@click.option("--skip", "existing", flag_value=Existing.SKIP, help="Leave entries that are there.")
def import_csv(
    key_file: str,
    insecure_keys: bool,
    master_key_file: str | None,
    csv_file: Path,
    columns: tuple[str, ...],
    ignore_unknown: bool,
    policy: str | None,
    existing: str | None,
) -> None:
    """Add the meters of a CSV file with a header: all of them, or with an error none."""
    wanted = None if policy is None else parse_policy(policy, "--policy")
    named = {}
    for column in columns:
        field, separator, header = column.partition("=")
        if not separator or not header:
            raise click.UsageError(f"--column: FIELD=HEADER wanted, not {column!r}")
        if field.strip() not in FIELDS:
            raise ConfigurationError(f"--column: there is no field {field.strip()}")
        named[header] = field.strip()
    octets = read_list(csv_file)
    entries = read_csv(octets, str(csv_file), columns=named, ignore_unknown=ignore_unknown)
    file = open_key_file(key_file, insecure=insecure_keys, master_key_file=master_key_file)
    try:
        added = file.add(
            (entry if wanted is None else {"policy": wanted, **entry} for entry in entries),
            existing or Existing.REFUSE,
        )
    finally:
        file.close()
    parts = [f"{added.added} added"]
    parts += [f"{added.replaced} replaced"] if added.replaced else []
    parts += [f"{added.skipped} skipped"] if added.skipped else []
    click.echo(f"{key_file}: {', '.join(parts)}", err=True)
