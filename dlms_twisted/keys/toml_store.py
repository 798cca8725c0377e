"""
C{keys.toml}: the key file of most installations (architecture, section 6).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol

from twisted.internet.defer import Deferred, maybeDeferred, succeed
from twisted.logger import Logger
from twisted.python.failure import Failure

from dlms_twisted.errors import ConfigurationError
from dlms_twisted.keys.fields import (
    DEFAULT_POLICY,
    FIELDS,
    Entry,
    KeyEntry,
    check_lengths,
    has_keys,
    keys_of,
)
from dlms_twisted.keys.files import Signature, read_private, signature
from dlms_twisted.keys.memory import KeyTable, MemoryKeyStore
from dlms_twisted.keys.promotion import Promotions
from dlms_twisted.toml_reader import TomlTable, read_toml

__all__ = ["Defer", "KeyDocument", "TomlKeyStore", "parse_key_document", "parse_key_table"]

_METER: Final = re.compile(rb"^[ \t]*\[\[[ \t]*meter[ \t]*\]\]", re.MULTILINE)


class Defer(Protocol):
    """
    Runs a function now or in a thread: C{maybeDeferred}, C{deferToThread}, or a thread pool's own.
    """

    def __call__(self, function: Callable[..., Any], /, *args: Any) -> Deferred[Any]: ...


class KeyDocument(NamedTuple):
    """
    What a C{keys.toml} states, before defaults are filled in.

    @ivar default: The C{[default]} table.
    @ivar meters: Each C{[[meter]]}, in order.
    """

    default: Entry
    meters: tuple[Entry, ...]

    def __repr__(self) -> str:
        return f"<KeyDocument {len(self.meters)} meters>"


def parse_key_document(octets: bytes, file: str) -> KeyDocument:
    """
    @param octets: Of a C{keys.toml}.
    @param file: How errors call it.

    @raise ConfigurationError: anything in it is wrong; the message names file and key.
    """
    document = read_toml(octets, file)
    default = _entry(document.table("default"))
    meters = []
    titles: set[bytes] = set()
    names: dict[str, str] = {}
    for number, table in enumerate(document.tables("meter")):
        try:
            entry = _entry(table)
            _check_unique(entry, table, titles, names)
            meters.append(entry)
        except ConfigurationError as error:
            message = f"{error}{_place(octets, number)}"
        else:
            continue
        raise ConfigurationError(message)
    document.finish()
    return KeyDocument(default, tuple(meters))


def parse_key_table(octets: bytes, file: str) -> KeyTable:
    """
    As L{parse_key_document}, with the defaults filled in.
    """
    stated, meters = parse_key_document(octets, file)
    default = keys_of(stated)
    policy = DEFAULT_POLICY | default.policy
    return KeyTable(
        meters={entry["system_title"]: keys_of(entry, policy) for entry in meters},
        default=default if has_keys(stated) else None,
        default_policy=default.policy,
    )


def _entry(table: TomlTable) -> Entry:
    values = ((name, table.convert(name, parse)) for name, parse in FIELDS.items())
    entry = KeyEntry((name, value) for name, value in values if value is not None)
    table.finish()
    check_lengths(entry, f"{table.file}: {table.path}.")
    return entry


def _check_unique(
    entry: Entry, table: TomlTable, titles: set[bytes], names: dict[str, str]
) -> None:
    title, name = entry.get("system_title"), entry.get("name")
    if title is None:
        raise table.error("system_title", "wanted for each meter")
    if title in titles:
        raise table.error("system_title", f"{title.hex().upper()} is there twice")
    if name is not None and names.setdefault(name, table.path) != table.path:
        raise table.error("name", f"{names[name]} has it, too")
    titles.add(title)


def _place(octets: bytes, number: int) -> str:
    """
    @return: where the table of that number starts, as far as can be told.
    """
    for count, match in enumerate(_METER.finditer(octets)):
        if count == number:
            line = octets.count(b"\n", 0, match.start()) + 1
            return f" (the table at line {line})"
    return ""


class TomlKeyStore(MemoryKeyStore):
    """
    The keys of a C{keys.toml}, read again when the file changes.

    For some ten thousand meters; more are better kept in SQLite.

    @ivar path: The file.
    """

    log = Logger()

    def __init__(
        self,
        path: str | Path,
        insecure: bool = False,
        *,
        promotions: Promotions | None = None,
        defer: Defer = maybeDeferred,
    ) -> None:
        """
        Read the file at once.

        @param insecure: Read it though others may, too.
        @param defer: Where to read a changed file; a thread keeps a large one from holding up the reactor.

        @raise ConfigurationError: it cannot be read, others may read it, or something in it is wrong.
        """
        self.path = Path(path)
        self._insecure = insecure
        self._defer = defer
        self._doubtful: Signature | None = None
        self._closed = False
        table, self._seen = self._read()
        super().__init__(table, promotions)

    def check(self) -> Deferred[bool]:
        """
        See L{IKeyStore.check<dlms_twisted.keys.interfaces.IKeyStore.check>}: read the file if it looks changed.
        """
        if signature(self.path) == self._seen:
            return succeed(False)
        return self._again(patient=True)

    def reload(self) -> Deferred[bool]:
        """
        See L{IKeyStore.reload<dlms_twisted.keys.interfaces.IKeyStore.reload>}.
        """
        return self._again(patient=False)

    def _read(self) -> tuple[KeyTable, Signature | None]:
        octets, seen = read_private(self.path, insecure=self._insecure)
        return parse_key_table(octets, str(self.path)), seen

    def _again(self, *, patient: bool) -> Deferred[bool]:
        now = signature(self.path)
        if patient and now is not None and now.size == 0 and now != self._doubtful:
            # Editors that write in place empty the file first; an empty one is believed when it stays so.
            self._doubtful = now
            return succeed(False)
        return self._defer(self._read).addCallbacks(self._take, self._refuse, errbackArgs=(now,))

    def _take(self, result: tuple[KeyTable, Signature | None]) -> bool:
        if self._closed:
            return False
        table, self._seen = result
        before = len(self)
        changed = self.replace(table)
        if changed:
            self.log.info(
                "{path}: keys of {count} meters read ({before} before)",
                path=str(self.path),
                count=len(self),
                before=before,
            )
        return changed

    def _refuse(self, failure: Failure, now: Signature | None) -> bool:
        self._seen = now
        if failure.check(ConfigurationError):
            reason = failure.getErrorMessage()
        else:
            reason = f"{self.path}: {type(failure.value).__name__}"
        self.log.error("{reason}; the keys read before stay in use", reason=reason)
        return False

    def close(self) -> None:
        """
        See L{IKeyStore.close<dlms_twisted.keys.interfaces.IKeyStore.close>}.
        """
        self._closed = True
        super().close()
