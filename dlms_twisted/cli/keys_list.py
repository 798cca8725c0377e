"""
C{dlms keys list}: what a key file states, but never a key.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from dlms_twisted.cli.keys_options import file_options
from dlms_twisted.keys.editing import KeyFile, policy_of_meters
from dlms_twisted.keys.fields import DEFAULT_POLICY, KEY_FIELDS, PENDING, Entry
from dlms_twisted.keys.opening import open_key_file
from dlms_twisted.keys.promotion import Promotions
from dlms_twisted.security.keys import ReplayMode, key_epoch
from dlms_twisted.security.policy import Policy

__all__ = ["list_keys"]


@click.command(name="list")
@file_options()
@click.option(
    "--promotions",
    metavar="FILE",
    help="The collector's state file: show which keys to come it has seen in use.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def list_keys(
    key_file: str,
    insecure_keys: bool,
    master_key_file: str | None,
    promotions: str | None,
    as_json: bool,
) -> None:
    """List titles, names, policies and which keys there are: by their epochs, never the keys."""
    file = open_key_file(
        key_file, insecure=insecure_keys, master_key_file=master_key_file, must_exist=True
    )
    state = None if promotions is None else Promotions(promotions, must_exist=True)
    try:
        if as_json:
            _print_json(file, state)
        else:
            _print_table(file, state)
    finally:
        file.close()
        if state is not None:
            state.close()


def form(entry: Entry, policy: Policy, state: Promotions | None) -> dict[str, Any]:
    """
    @param policy: What holds where the entry states none.

    @return: the JSON form of an entry.
    """
    title = entry.get("system_title")
    promoted = frozenset() if state is None else state.epochs(title)
    epochs = {field: key_epoch(entry[field]) for field in KEY_FIELDS if field in entry}
    return {
        "system_title": None if title is None else title.hex().upper(),
        "name": entry.get("name"),
        "policy": str(entry.get("policy", policy)),
        "replay": str(entry.get("replay", ReplayMode.WINDOW)),
        "keys": epochs,
        "promoted": [field for field in PENDING if epochs.get(field) in promoted],
    }


def _print_json(file: KeyFile, state: Promotions | None) -> None:
    # Written meter by meter: there may be a million.
    default = file.default()
    policy = policy_of_meters(default)
    out = sys.stdout
    shown = json.dumps(form(default, DEFAULT_POLICY, state), ensure_ascii=False)
    out.write(f'{{"file": {json.dumps(str(file.path))}, "default": {shown}, "meters": [')
    separator = "\n"
    for entry in file.entries():
        out.write(separator + json.dumps(form(entry, policy, state), ensure_ascii=False))
        separator = ",\n"
    out.write("\n]}\n")


def _print_table(file: KeyFile, state: Promotions | None) -> None:
    default = file.default()
    policy = policy_of_meters(default)
    table = Table("system title", "name", "policy", "replay", "keys", box=None, pad_edge=False)
    rows = [("(all others)", form(default, DEFAULT_POLICY, state))]
    rows += [
        (shown["system_title"], shown)
        for shown in (form(entry, policy, state) for entry in file.entries())
    ]
    for label, shown in rows:
        keys = ", ".join(_key(field, epoch, shown) for field, epoch in shown["keys"].items())
        table.add_row(label, shown["name"] or "", shown["policy"], shown["replay"], keys or "none")
    console = Console(highlight=False, markup=False)
    if not console.is_terminal:
        # A pipe has no width: nothing is to be cut off.
        console = Console(highlight=False, markup=False, width=1000)
    console.print(table)


def _key(field: str, epoch: str, shown: dict[str, Any]) -> str:
    words = field.removesuffix("_key").replace("_", " ")
    return f"{words} {epoch}{' (in use)' if field in shown['promoted'] else ''}"
