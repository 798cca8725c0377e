"""
Lists of keys as utilities hand them over: CSV with a header.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Final

from dlms_twisted.errors import ConfigurationError
from dlms_twisted.keys.fields import FIELDS, Entry, KeyEntry, check_lengths

__all__ = ["read_csv"]

#: Headers that people use for our fields, without case, spaces and punctuation.
_ALIASES: Final = {
    "title": "system_title",
    "st": "system_title",
    "servertitle": "system_title",
    "meter": "name",
    "metername": "name",
    "serial": "name",
    "serialnumber": "name",
    "id": "name",
    "ek": "encryption_key",
    "guek": "encryption_key",
    "blockcipherkey": "encryption_key",
    "globalunicastencryptionkey": "encryption_key",
    "ak": "authentication_key",
    "gak": "authentication_key",
    "globalauthenticationkey": "authentication_key",
    "gbek": "broadcast_key",
    "broadcastencryptionkey": "broadcast_key",
    "globalbroadcastencryptionkey": "broadcast_key",
    "dek": "dedicated_key",
    "kek": "master_key",
    "mk": "master_key",
    "replaymode": "replay",
    "securitypolicy": "policy",
    **{field.replace("_", ""): field for field in FIELDS},
}

_DELIMITERS: Final = (",", ";", "\t", "|")
_KEYLIKE: Final = re.compile(r"(0x)?[0-9a-f]{12,}")


def read_csv(
    octets: bytes,
    file: str,
    *,
    columns: Mapping[str, str] | None = None,
    ignore_unknown: bool = False,
) -> Iterator[Entry]:
    """
    Read entries; an empty cell states nothing.

    @param octets: UTF-8, the first line with the names of the columns, separated by commas, semicolons, tabs or bars.
    @param file: How errors call it.
    @param columns: Our field by the file's header, where that is not a usual one.
    @param ignore_unknown: Leave out columns whose header is not known, instead of refusing them.

    @raise ConfigurationError: the message names the line; nothing of what stands in the cells.
    """
    text = _text(octets, file)
    first = text.partition("\n")[0]
    delimiter = max(_DELIMITERS, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    fields: list[str | None] | None = None
    seen: dict[bytes, int] = {}
    while True:
        try:
            row = next(reader, None)
        except csv.Error as error:
            message = f"{file}: line {reader.line_num}: {error}"
        else:
            if row is None:
                break
            if not any(cell.strip() for cell in row):
                continue
            where = f"{file}: line {reader.line_num}"
            if fields is None:
                fields = _header(row, where, columns or {}, ignore_unknown)
            else:
                yield _entry(row, fields, where, seen, reader.line_num)
            continue
        raise ConfigurationError(message)
    if fields is None:
        raise ConfigurationError(f"{file}: empty; a line with the names of the columns wanted")


def _text(octets: bytes, file: str) -> str:
    try:
        return octets.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = octets.count(b"\n", 0, error.start) + 1
        message = f"{file}: line {line}: not UTF-8"
    raise ConfigurationError(message)


def _header(
    row: list[str], where: str, columns: Mapping[str, str], ignore_unknown: bool
) -> list[str | None]:
    given = {_plain(header): field for header, field in columns.items()}
    fields: list[str | None] = []
    for number, cell in enumerate(row, 1):
        name = _plain(cell)
        if _KEYLIKE.fullmatch(name):
            # Not repeated: where there is no header, this may be a key.
            raise ConfigurationError(
                f"{where}: a line with the names of the columns wanted, not hex (column {number})"
            )
        field = given.get(name) or _ALIASES.get(name)
        if field is None and not ignore_unknown:
            raise ConfigurationError(f"{where}: unknown column {cell.strip()!r}{_hint(name)}")
        if field is not None and field in fields:
            raise ConfigurationError(f"{where}: two columns are {field}")
        fields.append(field)
    if "system_title" not in fields:
        raise ConfigurationError(f"{where}: no column system_title")
    return fields


def _plain(header: str) -> str:
    return re.sub(r"[^a-z0-9]", "", header.lower())


def _hint(name: str) -> str:
    near = get_close_matches(name, sorted(_ALIASES), 1)
    return f" (did you mean {_ALIASES[near[0]]}?)" if near else ""


def _entry(
    row: list[str], fields: list[str | None], where: str, seen: dict[bytes, int], line: int
) -> Entry:
    if len(row) > len(fields):
        raise ConfigurationError(f"{where}: {len(row)} cells, {len(fields)} wanted")
    entry = KeyEntry()
    message = ""
    for field, cell in zip(fields, row, strict=False):
        if field is not None and cell.strip():
            try:
                entry[field] = FIELDS[field](cell, field)
            except ConfigurationError as error:
                message = f"{where}: {error}"
                break
    if message:
        raise ConfigurationError(message)
    title = entry.get("system_title")
    if title is None:
        raise ConfigurationError(f"{where}: system_title: wanted for each meter")
    if seen.setdefault(title, line) != line:
        raise ConfigurationError(
            f"{where}: system_title: {title.hex().upper()} is in line {seen[title]}, too"
        )
    check_lengths(entry, f"{where}: ")
    return entry
