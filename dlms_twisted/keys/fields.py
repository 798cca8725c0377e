"""
The fields of one meter, as key files of every kind name them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from attrs import evolve

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
    "check_lengths",
    "has_keys",
    "parse_name",
    "with_fields",
]

#: The fields that hold keys.
KEY_FIELDS: Final = tuple(KEY_LENGTHS)

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


def check_lengths(keys: MeterKeys, prefix: str = "") -> None:
    """
    @param prefix: Of the field's name in the error.

    @raise ConfigurationError: two keys of one suite differ in length.
    """
    for first, second in _SAME_SUITE:
        one, other = getattr(keys, first), getattr(keys, second)
        if one is not None and other is not None and len(one) != len(other):
            raise ConfigurationError(
                f"{prefix}{second}: {len(other)} octets, but {first} has {len(one)}: "
                "one security suite has one length"
            )


def has_keys(keys: MeterKeys) -> bool:
    """
    Is any key known, beside policy and names?
    """
    return any(getattr(keys, field) is not None for field in KEY_FIELDS)


def with_fields(keys: MeterKeys, values: dict[str, Any]) -> MeterKeys:
    """
    @param values: By field; L{None} leaves a field as it is.

    @return: the keys with those fields changed.

    @raise ConfigurationError: the lengths of two keys do not go together.
    """
    given = {name: value for name, value in values.items() if value is not None}
    changed = evolve(keys, **given) if given else keys
    check_lengths(changed)
    return changed
