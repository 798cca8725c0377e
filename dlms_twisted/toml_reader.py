"""
Reading of TOML files, key by key, so that an error names the file and the dotted key: C{keys.toml: meter[2].policy}.

No message holds a value: some of them are keys.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from math import isfinite
from typing import Final, TypeVar

from dlms_twisted.errors import ConfigurationError

__all__ = ["TomlTable", "read_toml"]

T = TypeVar("T")

_NAMES: Final = {
    str: "text",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    list: "an array",
    dict: "a table",
}


class TomlTable:
    """
    One table of a document.  Each reading marks its key as known; L{finish} refuses the others.
    """

    __slots__ = ("_known", "_values", "file", "path")

    def __init__(self, values: Mapping[str, object], file: str, path: str = "") -> None:
        """
        @param file: How errors call the file.
        @param path: Dotted name of this table, empty for the document.
        """
        self._values = values
        self._known: set[str] = set()
        self.file = file
        self.path = path

    def __contains__(self, key: str) -> bool:
        """
        Does the table say C{key}?
        """
        return key in self._values

    def __repr__(self) -> str:
        return f"<TomlTable {self.file} {self.path}>"

    def dotted(self, key: str) -> str:
        """
        @return: the key's name from the top of the document.
        """
        return f"{self.path}.{key}" if self.path else key

    def error(self, key: str, reason: str) -> ConfigurationError:
        """
        @return: an error that names file and key.
        """
        return ConfigurationError(f"{self.file}: {self.dotted(key)}: {reason}")

    def text(self, key: str) -> str | None:
        """
        @return: the text, or L{None} where the table does not say it.

        @raise ConfigurationError: it is something else.
        """
        return self._typed(key, str)

    def boolean(self, key: str) -> bool | None:
        """
        @return: as L{text}, for true or false.
        """
        return self._typed(key, bool)

    def integer(self, key: str, least: int, most: int) -> int | None:
        """
        @return: as L{text}, for a whole number from C{least} to C{most}.
        """
        value = self._typed(key, int)
        if value is not None and not least <= value <= most:
            raise self.error(key, f"{least} to {most} wanted")
        return value

    def number(self, key: str, least: float, most: float) -> float | None:
        """
        @return: as L{text}, for any number from C{least} to C{most}.
        """
        self._known.add(key)
        value = self._values.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self._wrong(key, float, value)
        if not isfinite(value) or not least <= value <= most:
            raise self.error(key, f"{least:g} to {most:g} wanted")
        return float(value)

    def texts(self, key: str) -> tuple[str, ...] | None:
        """
        @return: as L{text}, for an array of texts; a single text counts as an array of one.
        """
        self._known.add(key)
        value = self._values.get(key)
        if value is None:
            return None
        if isinstance(value, str):
            return (value,)
        if not isinstance(value, list):
            raise self._wrong(key, list, value)
        for index, item in enumerate(value):
            if not isinstance(item, str):
                raise self._wrong(f"{key}[{index}]", str, item)
        return tuple(value)

    def table(self, key: str) -> TomlTable:
        """
        @return: a table inside this one; an empty one where there is none.
        """
        found = self._typed(key, dict)
        return TomlTable(found or {}, self.file, self.dotted(key))

    def tables(self, key: str) -> Iterator[TomlTable]:
        """
        @return: each table of an array of tables, C{[[key]]}.
        """
        found = self._typed(key, list) or []
        for index, item in enumerate(found):
            if not isinstance(item, dict):
                raise self._wrong(f"{key}[{index}]", dict, item)
            yield TomlTable(item, self.file, f"{self.dotted(key)}[{index}]")

    def anything(self, key: str) -> object:
        """
        @return: what the table says, of whatever kind; L{None} where it does not say it.
        """
        self._known.add(key)
        return self._values.get(key)

    def __iter__(self) -> Iterator[str]:
        """
        @return: the keys that the table says.
        """
        return iter(self._values)

    def convert(self, key: str, parse: Callable[[str, str], T]) -> T | None:
        """
        Read a text and give it a meaning.

        @param parse: Called with the text and the key's dotted name; it raises L{ConfigurationError} with a
            message that names the key.

        @return: what C{parse} returned, or L{None} where the table does not say it.
        """
        text = self.text(key)
        if text is None:
            return None
        try:
            return parse(text, self.dotted(key))
        except ConfigurationError as error:
            message = f"{self.file}: {error}"
        raise ConfigurationError(message)

    def finish(self) -> None:
        """
        @raise ConfigurationError: the table says a key that nobody asked for.
        """
        for key in self._values:
            if key not in self._known:
                near = get_close_matches(key, sorted(self._known), 1)
                hint = f" (did you mean {near[0]}?)" if near else ""
                raise self.error(key, f"unknown key{hint}")

    def _typed(self, key: str, kind: type[T]) -> T | None:
        self._known.add(key)
        value = self._values.get(key)
        if value is None:
            return None
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise self._wrong(key, kind, value)
        return value

    def _wrong(self, key: str, kind: type, value: object) -> ConfigurationError:
        found = _NAMES.get(type(value), "a date or time")
        return self.error(key, f"{_NAMES[kind]} wanted, not {found}")


def read_toml(octets: bytes, file: str) -> TomlTable:
    """
    @param octets: The whole file, UTF-8.
    @param file: How errors call it.

    @return: its top table.

    @raise ConfigurationError: it is no TOML; the message says where.
    """
    # The errors of the parsers hold the whole text: nothing may keep them, so ours is raised outside of the handler.
    try:
        return TomlTable(tomllib.loads(octets.decode("utf-8-sig")), file)
    except UnicodeDecodeError as error:
        line = octets.count(b"\n", 0, error.start) + 1
        message = f"{file}: not UTF-8 (line {line})"
    except tomllib.TOMLDecodeError as error:
        message = f"{file}: {str(error).splitlines()[0]}"
    except RecursionError:
        message = f"{file}: nested too deeply"
    raise ConfigurationError(message)
