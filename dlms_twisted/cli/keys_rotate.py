"""
C{dlms keys rotate}: keys to come, and what becomes of them.
"""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

import click

from dlms_twisted.cli.keys_options import file_options, key_options, read_list
from dlms_twisted.errors import ConfigurationError
from dlms_twisted.keys.csv_import import read_csv
from dlms_twisted.keys.editing import KeyFile
from dlms_twisted.keys.fields import PENDING, Entry
from dlms_twisted.keys.opening import open_key_file
from dlms_twisted.keys.promotion import Promotions
from dlms_twisted.keys.toml_text import Changes
from dlms_twisted.security.keys import key_epoch

__all__ = ["rotate"]


@click.command()
@file_options()
@click.argument("meters", nargs=-1, metavar="[METER]...")
@click.option("--all", "everyone", is_flag=True, help="Every meter that is listed.")
@key_options(("encryption_key", "authentication_key"))
@click.option("--random", "make", is_flag=True, help="Make new keys, as long as the current ones.")
@click.option("--csv", "csv_file", metavar="FILE", help="Take the new keys from a CSV file.")
@click.option("--promote", is_flag=True, help="Make the keys to come the current ones.")
@click.option(
    "--promotions",
    metavar="FILE",
    help="With --promote: only those that the collector has seen in use (its state file).",
)
@click.option("--cancel", is_flag=True, help="Drop the keys to come.")
@click.option("--replace", is_flag=True, help="Replace keys to come that are there already.")
def rotate(
    key_file: str,
    insecure_keys: bool,
    master_key_file: str | None,
    meters: tuple[str, ...],
    everyone: bool,
    encryption_key: bytes | None,
    authentication_key: bytes | None,
    make: bool,
    csv_file: str | None,
    promote: bool,
    promotions: str | None,
    cancel: bool,
    replace: bool,
) -> None:
    """
    Change keys, in two steps.

    First new keys are noted as pending, for each METER (a name or a system title): the collector takes messages
    under either key, and from the first under the new one on only that.  Then --promote makes them the current
    ones in the file.
    """
    given = {"encryption_key": encryption_key, "authentication_key": authentication_key}
    new = {name: key for name, key in given.items() if key is not None}
    _check_options(new, meters, everyone, [bool(new), make, bool(csv_file), promote, cancel])
    if promotions is not None and not promote:
        raise click.UsageError("--promotions goes with --promote")
    file = open_key_file(
        key_file, insecure=insecure_keys, master_key_file=master_key_file, must_exist=True
    )
    try:
        entries = _wanted(file, meters, everyone, csv_file)
        if promote:
            changes, left = _promotion(entries, promotions)
        elif cancel:
            changes, left = _cancellation(entries), 0
        else:
            changes, left = _rotation(file, entries, new, make, replace), 0
        file.change(changes)
    finally:
        file.close()
    what = "promoted" if promote else "cancelled" if cancel else "with new keys to come"
    rest = f", {left} not seen in use yet" if left else ""
    click.echo(f"{key_file}: {len(changes)} {what}{rest}", err=True)


def _check_options(
    new: dict[str, bytes], meters: tuple[str, ...], everyone: bool, ways: list[bool]
) -> None:
    if sum(ways) != 1:
        raise click.UsageError(
            "--ek/--ak, --random, --csv, --promote or --cancel wanted, one of them"
        )
    by_file = ways[2]
    if by_file and (meters or everyone):
        raise click.UsageError("--csv names the meters: no METER and no --all with it")
    if not by_file and bool(meters) is everyone:
        raise click.UsageError("METER or --all wanted, one of them")
    if new and (everyone or len(meters) != 1):
        raise click.UsageError("--ek and --ak are for one METER: keys are not shared")


def _wanted(
    file: KeyFile, meters: tuple[str, ...], everyone: bool, csv_file: str | None
) -> list[tuple[Entry, Entry]]:
    """
    @return: the entries that are meant, each with the new keys that a CSV file gives it.
    """
    if everyone:
        return [(entry, {}) for entry in file.entries()]
    if csv_file is None:
        return [(_found(file, meter), {}) for meter in meters]
    rows = read_csv(read_list(Path(csv_file)), csv_file)
    return [(_found(file, row["system_title"].hex()), row) for row in rows]


def _found(file: KeyFile, meter: str) -> Entry:
    entry = file.find(meter)
    if entry is None:
        raise ConfigurationError(f"{file.path}: {meter} is not listed")
    return entry


def _rotation(
    file: KeyFile,
    entries: list[tuple[Entry, Entry]],
    new: dict[str, bytes],
    make: bool,
    replace: bool,
) -> dict[bytes | None, Changes]:
    changes: dict[bytes | None, Changes] = {}
    for entry, row in entries:
        change: dict[str, Any] = {}
        for pending, current in PENDING.items():
            key = new.get(current) or row.get(current)
            if make and current in entry:
                key = secrets.token_bytes(len(entry[current]))
            if key is None:
                continue
            title = entry["system_title"].hex().upper()
            if pending in entry and not replace:
                raise ConfigurationError(
                    f"{file.path}: {title} has a {pending} already: --promote, --cancel or --replace it"
                )
            if key == entry.get(current):
                raise ConfigurationError(f"{file.path}: {title}: the new {current} is the old one")
            change[pending] = key
        if change:
            changes[entry["system_title"]] = change
    return changes


def _promotion(
    entries: list[tuple[Entry, Entry]], promotions: str | None
) -> tuple[dict[bytes | None, Changes], int]:
    """
    @return: the changes, and how many meters have a key to come that was not seen in use.
    """
    state = None if promotions is None else Promotions(promotions, must_exist=True)
    changes: dict[bytes | None, Changes] = {}
    left = 0
    for entry, _ in entries:
        title = entry["system_title"]
        seen = None if state is None else state.epochs(title)
        change: dict[str, Any] = {}
        waiting = False
        for pending, current in PENDING.items():
            key = entry.get(pending)
            if key is not None and (seen is None or key_epoch(key) in seen):
                change[current], change[pending] = key, None
            waiting |= key is not None and pending not in change
        if change:
            changes[title] = change
        left += waiting
    if state is not None:
        state.close()
    return changes, left


def _cancellation(entries: list[tuple[Entry, Entry]]) -> dict[bytes | None, Changes]:
    return {
        entry["system_title"]: dict.fromkeys(pending)
        for entry, _ in entries
        if (pending := [name for name in PENDING if name in entry])
    }
