"""
Keys for commands that decode: from options, the environment, a key file, or a line of a batch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import click
from attrs import evolve

from dlms_twisted.errors import ConfigurationError
from dlms_twisted.keys.opening import find_keys, open_key_store
from dlms_twisted.keys.parsing import parse_key, parse_title
from dlms_twisted.security.keys import MeterKeys
from dlms_twisted.security.policy import Policy
from dlms_twisted.translate.unwrap import Keyring

__all__ = ["key_options", "keyring_of"]

#: Option to the field of MeterKeys.
_FIELDS = {
    "ek": "encryption_key",
    "ak": "authentication_key",
    "dek": "dedicated_key",
}


def key_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """
    Add C{--ek}, C{--ak}, C{--dek}, C{--system-title}, C{--keys} and C{--insecure-keys} to a command.
    """
    for option in reversed(
        (
            click.option("--ek", envvar="DLMS_EK", help="Encryption key, hex (or DLMS_EK)."),
            click.option("--ak", envvar="DLMS_AK", help="Authentication key, hex (or DLMS_AK)."),
            click.option("--dek", envvar="DLMS_DEK", help="Dedicated key, hex (or DLMS_DEK)."),
            click.option(
                "--system-title", help="The sender's system title, where the message has none."
            ),
            click.option("--keys", "key_file", type=click.Path(), help="A keys.toml, or SQLite."),
            click.option(
                "--insecure-keys", is_flag=True, help="Take a key file that others may read."
            ),
        )
    ):
        command = option(command)
    return command


def keyring_of(given: Mapping[str, str | None], key_file: str | None, insecure: bool) -> Keyring:
    """
    @param given: C{ek}, C{ak}, C{dek} and C{system_title} as text.

    @return: the keys of a title: those given go before those of the file.

    @raise ConfigurationError: a key is wrong, or the file is.
    """
    fields: dict[str, Any] = {
        field: parse_key(text, f"--{option}" if option in _FIELDS else option)
        for option, field in _FIELDS.items()
        if (text := given.get(option))
    }
    title_text = given.get("system_title")
    title = parse_title(title_text, "--system-title") if title_text else None
    store = None if key_file is None else open_key_store(key_file, insecure=insecure)

    def find(wanted: bytes | None) -> MeterKeys | None:
        found = None if store is None else find_keys(store, wanted or title)
        if not fields:
            return found
        if found is None:
            return MeterKeys(system_title=title, policy=Policy.NONE, **fields)
        return evolve(found, **fields)

    return find


def keyring_of_batch(keys: Any) -> Keyring:
    """
    @param keys: The C{keys} of a batch line; other members than ours are left alone.

    @raise ConfigurationError: one of them is wrong.
    """
    if keys is None:
        keys = {}
    if not isinstance(keys, dict) or not all(
        isinstance(keys.get(name), str | None) for name in (*_FIELDS, "system_title")
    ):
        raise ConfigurationError("keys: an object of texts wanted")
    return keyring_of(keys, None, False)
