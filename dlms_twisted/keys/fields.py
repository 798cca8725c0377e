"""
The fields of one meter, as key files of every kind name them, and entries: what such a file states of a meter.

An entry holds typed values of the fields that are stated, and no others, so that a default can change later.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from dlms_twisted.errors import ConfigurationError
from dlms_twisted.keys.parsing import (
    KEY_LENGTHS,
    parse_key,
    parse_policy,
    parse_replay,
    parse_title,
)
from dlms_twisted.security.keys import MeterKeys
from dlms_twisted.security.policy import Policy

__all__ = [
    "DEFAULT_POLICY",
    "FIELDS",
    "KEY_FIELDS",
    "PENDING",
    "Entry",
    "KeyEntry",
    "changed_entry",
    "check_lengths",
    "entry_of",
    "field_text",
    "has_keys",
    "keys_of",
    "parse_name",
]

#: What a file states of one meter.
Entry = Mapping[str, Any]


class KeyEntry(dict[str, Any]):
    """
    An entry that shows its keys to nobody who prints it.
    """

    def __repr__(self) -> str:
        shown = [
            f"{name}={'…' if name in KEY_LENGTHS else field_text(value)}"
            for name, value in self.items()
        ]
        return f"<KeyEntry {' '.join(shown)}>"


#: The fields that hold keys.
KEY_FIELDS: Final = tuple(KEY_LENGTHS)

#: The fields whose key is to come, and what it will be.
PENDING: Final = {
    "pending_encryption_key": "encryption_key",
    "pending_authentication_key": "authentication_key",
}

#: What is demanded of a listed meter at least, where its entry does not say.
DEFAULT_POLICY: Final = Policy.ENCRYPTED

_SAME_SUITE: Final = (
    ("encryption_key", "authentication_key"),
    ("pending_encryption_key", "pending_authentication_key"),
)


def parse_name(text: str, field: str = "name") -> str:
    """
    @raise ConfigurationError: the name is empty, long, or holds control characters.
    """
    name = text.strip()
    if not name or len(name) > 200 or not name.isprintable():
        raise ConfigurationError(f"{field}: 1 to 200 printable characters wanted")
    return name


#: Every field, with what makes its value from text: C{parse(text, dotted name)}.
FIELDS: Final[dict[str, Callable[[str, str], Any]]] = {
    "system_title": parse_title,
    "name": parse_name,
    **dict.fromkeys(KEY_FIELDS, parse_key),
    "policy": parse_policy,
    "replay": parse_replay,
}


def field_text(value: object) -> str:
    """
    @return: a value as a key file says it.  It may be a key: for files only.
    """
    return value.hex().upper() if isinstance(value, bytes) else str(value)


def check_lengths(entry: Entry, prefix: str = "") -> None:
    """
    @param prefix: Of the field's name in the error.

    @raise ConfigurationError: two keys of one suite differ in length.
    """
    for first, second in _SAME_SUITE:
        one, other = entry.get(first), entry.get(second)
        if one is not None and other is not None and len(one) != len(other):
            raise ConfigurationError(
                f"{prefix}{second}: {len(other)} octets, but {first} has {len(one)}: "
                "one security suite has one length"
            )


def keys_of(entry: Entry, policy: Policy = DEFAULT_POLICY) -> MeterKeys:
    """
    @param policy: Where the entry states none.
    """
    return MeterKeys(**{"policy": policy, **entry})


def entry_of(keys: MeterKeys) -> Entry:
    """
    @return: an entry that states all that C{keys} hold.
    """
    values = ((name, getattr(keys, name)) for name in FIELDS)
    return KeyEntry((name, value) for name, value in values if value is not None)


def changed_entry(entry: Entry, changes: Mapping[str, Any]) -> Entry:
    """
    @param changes: New values by field; C{None} takes a field away.
    """
    merged = {**entry, **changes}
    return KeyEntry((name, value) for name, value in merged.items() if value is not None)


def has_keys(entry: Entry | Iterable[str]) -> bool:
    """
    Is any key stated, beside policy and names?
    """
    return any(field in entry for field in KEY_FIELDS)
