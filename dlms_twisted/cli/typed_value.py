"""
Values on the command line: C{long-unsigned=5}, C{octet-string=48454c4c4f}, or a JSON data tree.
"""

from __future__ import annotations

import json
from typing import Any

import click

from dlms_twisted.codec.data import Data
from dlms_twisted.codec.json_form import from_json
from dlms_twisted.errors import EncodeError

__all__ = ["typed_value"]

_WORDS: dict[str, Any] = {"true": True, "false": False}
_TEXTS = {
    "bit-string",
    "octet-string",
    "visible-string",
    "utf8-string",
    "date-time",
    "date",
    "time",
}


def typed_value(text: str) -> Data:
    """
    @raise click.UsageError: it is no such value.
    """
    try:
        return from_json(_tree(text))
    except (EncodeError, ValueError) as error:
        raise click.UsageError(f"value: {error}") from None


def _tree(text: str) -> Any:
    if text.lstrip().startswith("{"):
        return json.loads(text)
    kind, _, rest = text.partition("=")
    value: Any = rest
    if kind == "null-data":
        value = None
    elif kind == "boolean":
        value = _WORDS.get(rest, rest)
    elif kind.startswith("float"):
        value = float(rest)
    elif kind not in _TEXTS:
        value = int(rest)
    return {"type": kind, "value": value}
