"""
Changing the text of a C{keys.toml} while every comment and blank line of its author stays where it is.

Lines are edited one by one, and the result is parsed and compared with what was wanted.  A file in a form where that
does not work (inline tables, texts over several lines) is changed by tomlkit, which keeps comments too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

import tomlkit
from tomlkit.items import AoT

from dlms_twisted.errors import ConfigurationError
from dlms_twisted.keys.fields import FIELDS, Entry, changed_entry, field_text
from dlms_twisted.keys.toml_store import KeyDocument, parse_key_document

__all__ = ["Changes", "append_meters", "change_entries", "entry_text"]

#: New values by field; L{None} takes a field away.
Changes = Mapping[str, Any]

_HEADER: Final = re.compile(r"[ \t]*\[[^\]]*\]")
_METER: Final = re.compile(r"[ \t]*\[\[[ \t]*meter[ \t]*\]\][ \t]*(#.*)?\r?$")
_DEFAULT: Final = re.compile(r"[ \t]*\[[ \t]*default[ \t]*\][ \t]*(#.*)?\r?$")
_KEY: Final = re.compile(r"""([ \t]*)([A-Za-z0-9_]+)([ \t]*=[ \t]*)("[^"\\]*"|'[^']*')(.*)$""")


def entry_text(entry: Entry) -> list[str]:
    """
    @return: the lines of an entry, in the usual order.
    """
    return [f"{name} = {_quoted(entry[name])}" for name in FIELDS if name in entry]


def append_meters(octets: bytes, entries: Iterable[Entry], file: str) -> bytes:
    """
    Add meters at the end.

    @param octets: The file as it is.

    @return: the file as it will be.

    @raise ConfigurationError: the result would be no good key file.
    """
    added = tuple(entries)
    wanted = _with(parse_key_document(octets, file), added)
    ending = "\r\n" if b"\r\n" in octets else "\n"
    text = octets.decode("utf-8-sig").rstrip()
    lines = [text, ""] if text else []
    for entry in added:
        lines += ["[[meter]]", *entry_text(entry), ""]
    after = ending.join(lines).encode()
    return _checked(after, wanted, file) or _rewritten(octets, wanted, file)


def change_entries(octets: bytes, changes: Mapping[bytes | None, Changes], file: str) -> bytes:
    """
    Change, add and take away fields.

    @param changes: By system title; L{None} stands for the C{[default]} table.

    @return: the file as it will be.

    @raise ConfigurationError: there is no such meter, or the result would be no good key file.
    """
    before = parse_key_document(octets, file)
    titles = [entry["system_title"] for entry in before.meters]
    for title in changes:
        if title is not None and title not in set(titles):
            raise ConfigurationError(f"{file}: {title.hex().upper()} is not listed")
    wanted = KeyDocument(
        changed_entry(before.default, changes.get(None, {})),
        tuple(
            changed_entry(entry, changes.get(entry["system_title"], {})) for entry in before.meters
        ),
    )
    editor = _Lines(octets.decode("utf-8-sig"))
    for title, change in changes.items():
        editor.change(None if title is None else titles.index(title), change)
    return _checked(editor.text().encode(), wanted, file) or _rewritten(octets, wanted, file)


def _with(document: KeyDocument, added: tuple[Entry, ...]) -> KeyDocument:
    return KeyDocument(document.default, document.meters + added)


def _quoted(value: object) -> str:
    # A name has no control characters, so that JSON's text is TOML's too.
    return json.dumps(field_text(value), ensure_ascii=False)


def _checked(octets: bytes, wanted: KeyDocument, file: str) -> bytes | None:
    """
    @return: the octets, if they say what is wanted.
    """
    try:
        found = parse_key_document(octets, file)
    except ConfigurationError:
        return None
    return octets if found == wanted else None


def _rewritten(octets: bytes, wanted: KeyDocument, file: str) -> bytes:
    """
    @return: the file with each entry as wanted, by way of tomlkit.

    @raise ConfigurationError: what is wanted is no good key file.
    """
    document = tomlkit.parse(octets.decode("utf-8-sig"))
    if wanted.default:
        _fill(document.setdefault("default", tomlkit.table()), wanted.default)
    if wanted.meters:
        meters = document.setdefault("meter", tomlkit.aot())
        for number, entry in enumerate(wanted.meters):
            if number == len(meters):
                inline = not isinstance(meters, AoT)
                meters.append(tomlkit.inline_table() if inline else tomlkit.table())
            _fill(meters[number], entry)
    after = tomlkit.dumps(document).encode()
    if parse_key_document(after, file) != wanted:
        raise ConfigurationError(f"{file}: cannot be changed in its present form")
    return after


def _fill(table: Any, entry: Entry) -> None:
    for name in [name for name in table if name not in entry]:
        del table[name]
    for name, value in entry.items():
        # A value that says the same stays in its own words.
        if name not in table or FIELDS[name](str(table[name]), name) != value:
            table[name] = field_text(value)


class _Lines:
    """
    The lines of a file, and where its tables start.
    """

    def __init__(self, text: str) -> None:
        self._lines = text.split("\n")
        self._return = "\r" if "\r\n" in text else ""
        self._headers = [n for n, line in enumerate(self._lines) if _HEADER.match(line)]
        self._meters = [n for n in self._headers if _METER.match(self._lines[n])]
        self._default = [n for n in self._headers if _DEFAULT.match(self._lines[n])]
        # What replaces a line, so that the numbers of the others stay.
        self._instead: dict[int, list[str]] = {}

    def text(self) -> str:
        """
        @return: the file with all changes.
        """
        lines = []
        for number, line in enumerate(self._lines):
            lines += self._instead.get(number, [line])
        return "\n".join(lines)

    def change(self, number: int | None, changes: Changes) -> None:
        """
        @param number: Of the meter's table, or L{None} for the default.
        """
        start = self._start(number)
        if start is None:
            return
        after = [header for header in self._headers if header > start]
        end = after[0] if after else len(self._lines)
        found = {}
        last = start
        for at in range(start + 1, end):
            match = _KEY.match(self._lines[at])
            if match:
                found[match[2]] = (at, match)
                last = at
        added = []
        for name, value in changes.items():
            if name not in found:
                if value is not None:
                    added.append(f"{name} = {_quoted(value)}{self._return}")
                continue
            at, match = found[name]
            if value is None:
                self._instead[at] = []
            else:
                self._instead[at] = [f"{match[1]}{name}{match[3]}{_quoted(value)}{match[5]}"]
        if added:
            self._instead[last] = [*self._instead.get(last, [self._lines[last]]), *added]

    def _start(self, number: int | None) -> int | None:
        """
        @return: the line of the table's header, if it has one.
        """
        starts, index = (self._default, 0) if number is None else (self._meters, number)
        return starts[index] if index < len(starts) else None
