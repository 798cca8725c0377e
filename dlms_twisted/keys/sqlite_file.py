"""
Key files in SQLite: for fleets too large for a file of text.  Every entry is sealed under a master key.

Titles and names are readable in the file, because they are searched for; keys and policies are not, and an entry that
was changed or put in another's place is refused.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Final

from dlms_twisted.errors import ConfigurationError, KeyStoreError, SecurityError
from dlms_twisted.keys.database import Database
from dlms_twisted.keys.editing import Added, Existing
from dlms_twisted.keys.fields import Entry, KeyEntry, changed_entry, check_lengths
from dlms_twisted.keys.sealed import Sealer
from dlms_twisted.keys.toml_text import Changes
from dlms_twisted.security.atrest import data_key

__all__ = [
    "SqliteKeyFile",
    "find_row",
    "is_sqlite",
    "open_database",
    "open_sealer",
    "read_default",
]

_MAGIC: Final = b"SQLite format 3\0"
_SUFFIXES: Final = {".sqlite", ".sqlite3", ".db"}
_APPLICATION: Final = 0x444C4B53  # "DLKS"
_SCHEMA: Final = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE meters (title BLOB PRIMARY KEY, name TEXT UNIQUE, sealed BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE changes (number INTEGER PRIMARY KEY AUTOINCREMENT, title BLOB)
"""
#: What is sealed to know the master key again, and what the default's entry belongs to.
_CHECK: Final = b"check"
_DEFAULT: Final = b"default"
#: Changes of so many titles at once are noted as one of all, and so many notes are kept.
_MANY: Final = 1000
_KEPT: Final = 10_000
_PAGE: Final = 5000
#: Memory for pages while entries are added, if it is needed.
_CACHE_KIB: Final = 256 << 10


def is_sqlite(path: str | Path) -> bool:
    """
    Is it such a file, or would it become one?  A file is known by its content, a new one by its name's end.
    """
    try:
        with open(path, "rb") as file:
            start = file.read(len(_MAGIC))
    except OSError:
        start = b""
    return start == _MAGIC if start else Path(path).suffix.lower() in _SUFFIXES


def open_database(path: str | Path, *, insecure: bool = False) -> Database:
    """
    @return: the file, not opened yet.
    """
    return Database(path, _SCHEMA, application=_APPLICATION, insecure=insecure)


def open_sealer(database: Database, master: bytes) -> Sealer:
    """
    Make the key of the file from the master key; a new file notes how to know it again.

    @raise ConfigurationError: it is another master key than the file was made with.

    @raise KeyStoreError: the file cannot be read.
    """

    def prepare(connection: sqlite3.Connection) -> tuple[bytes, bytes]:
        found = dict(connection.execute("SELECT name, value FROM meta"))
        if "salt" not in found:
            salt = os.urandom(32)
            check = Sealer(data_key(master, salt)).seal({}, _CHECK)
            found = {"salt": salt, "check": check}
            connection.executemany("INSERT INTO meta VALUES (?, ?)", found.items())
        return found["salt"], found["check"]

    try:
        salt, check = database.write(prepare)
        sealer = Sealer(data_key(master, salt))
    except SecurityError as error:
        message = error.detail
    else:
        try:
            sealer.unseal(check, _CHECK)
        except KeyStoreError:
            message = f"{database.path}: this is not its master key"
        else:
            return sealer
    raise ConfigurationError(message)


def read_default(connection: sqlite3.Connection, sealer: Sealer) -> Entry:
    """
    @return: what the file states for titles that are absent or not listed.
    """
    row = connection.execute("SELECT value FROM meta WHERE name = 'default'").fetchone()
    return KeyEntry() if row is None else sealer.unseal(row[0], _DEFAULT)


class SqliteKeyFile:
    """
    A key file that is a database; made when it is not there.
    """

    def __init__(self, path: str | Path, master: bytes, *, insecure: bool = False) -> None:
        """
        @param master: The master key, 32 octets.
        @param insecure: Open it though others may read it.

        @raise ConfigurationError: others may read it, or it has another master key.

        @raise KeyStoreError: it cannot be read.
        """
        self.path = Path(path)
        self._database = open_database(path, insecure=insecure)
        self._sealer = open_sealer(self._database, master)

    def default(self) -> Entry:
        """
        See L{KeyFile.default<dlms_twisted.keys.editing.KeyFile.default>}.
        """
        return self._database.run(lambda connection: read_default(connection, self._sealer))

    def entries(self) -> Iterator[Entry]:
        """
        See L{KeyFile.entries<dlms_twisted.keys.editing.KeyFile.entries>}; in the order of titles, a page in memory at
        a time.
        """
        last = b""
        while True:
            page = self._database.run(partial(_page, last=last))
            for title, sealed in page:
                yield self._sealer.unseal(sealed, title)
            if len(page) < _PAGE:
                return
            last = page[-1][0]

    def find(self, text: str) -> Entry | None:
        """
        See L{KeyFile.find<dlms_twisted.keys.editing.KeyFile.find>}.
        """
        row = self._database.run(lambda connection: find_row(connection, text))
        return None if row is None else self._sealer.unseal(row[1], row[0])

    def add(self, entries: Iterable[Entry], existing: str = Existing.REFUSE) -> Added:
        """
        See L{KeyFile.add<dlms_twisted.keys.editing.KeyFile.add>}.
        """

        def insert(connection: sqlite3.Connection) -> Added:
            # Titles come in any order: pages that do not stay in memory would be written again and again.
            connection.execute(f"PRAGMA cache_size=-{_CACHE_KIB}")
            notes = _Notes()
            counts = [0, 0, 0]
            for entry in entries:
                outcome = self._insert(connection, entry, existing)
                counts[outcome] += 1
                if outcome != _SKIPPED:
                    notes.add(entry["system_title"])
            notes.write(connection)
            return Added(*counts)

        return self._database.write(insert)

    def change(self, changes: Mapping[bytes | None, Changes]) -> None:
        """
        See L{KeyFile.change<dlms_twisted.keys.editing.KeyFile.change>}.
        """

        def update(connection: sqlite3.Connection) -> None:
            notes = _Notes()
            for title, change in changes.items():
                if title is None:
                    self._change_default(connection, change)
                else:
                    self._change_meter(connection, title, change)
                notes.add(title or b"")
            notes.write(connection)

        self._database.write(update)

    def remove(self, titles: Iterable[bytes]) -> int:
        """
        @return: how many were there, and are no longer.
        """

        def delete(connection: sqlite3.Connection) -> int:
            notes = _Notes()
            count = 0
            for title in titles:
                sql = "DELETE FROM meters WHERE title = ?"
                if connection.execute(sql, (title,)).rowcount:
                    count += 1
                    notes.add(title)
            notes.write(connection)
            return count

        return self._database.write(delete)

    def close(self) -> None:
        """
        Close the file.
        """
        self._database.close()

    def _insert(self, connection: sqlite3.Connection, entry: Entry, existing: str) -> int:
        title = entry["system_title"]
        row = (title, entry.get("name"), self._sealer.seal(entry, title))
        try:
            connection.execute("INSERT INTO meters VALUES (?, ?, ?)", row)
        except sqlite3.IntegrityError:
            pass
        else:
            return _ADDED
        # Where both are taken, SQLite may name either.
        sql = "SELECT 1 FROM meters WHERE title = ?"
        if connection.execute(sql, (title,)).fetchone() is None:
            raise self._name_taken(title)
        if existing == Existing.SKIP:
            return _SKIPPED
        if existing != Existing.REPLACE:
            raise ConfigurationError(f"{self.path}: {title.hex().upper()} is there already")
        self._update(connection, entry)
        return _REPLACED

    def _update(self, connection: sqlite3.Connection, entry: Entry) -> None:
        title = entry["system_title"]
        row = (entry.get("name"), self._sealer.seal(entry, title), title)
        try:
            connection.execute("UPDATE meters SET name = ?, sealed = ? WHERE title = ?", row)
        except sqlite3.IntegrityError:
            pass
        else:
            return
        raise self._name_taken(title)

    def _name_taken(self, title: bytes) -> ConfigurationError:
        return ConfigurationError(
            f"{self.path}: {title.hex().upper()}: name: another meter has it, too"
        )

    def _change_meter(self, connection: sqlite3.Connection, title: bytes, change: Changes) -> None:
        sql = "SELECT sealed FROM meters WHERE title = ?"
        row = connection.execute(sql, (title,)).fetchone()
        if row is None:
            raise ConfigurationError(f"{self.path}: {title.hex().upper()} is not listed")
        entry = changed_entry(self._sealer.unseal(row[0], title), change)
        if entry.get("system_title") != title:
            raise ConfigurationError(f"{self.path}: a system title is not changed, but added")
        check_lengths(entry, f"{self.path}: {title.hex().upper()}: ")
        self._update(connection, entry)

    def _change_default(self, connection: sqlite3.Connection, change: Changes) -> None:
        entry = changed_entry(read_default(connection, self._sealer), change)
        check_lengths(entry, f"{self.path}: default.")
        sealed = self._sealer.seal(entry, _DEFAULT)
        connection.execute("INSERT OR REPLACE INTO meta VALUES ('default', ?)", (sealed,))


_ADDED, _REPLACED, _SKIPPED = range(3)


class _Notes:
    """
    Which titles changed, for stores that have the file open.
    """

    def __init__(self) -> None:
        self._titles: set[bytes] = set()
        self._many = False

    def add(self, title: bytes) -> None:
        """
        @param title: Empty for the default.
        """
        if not self._many:
            self._titles.add(title)
            self._many = len(self._titles) > _MANY

    def write(self, connection: sqlite3.Connection) -> None:
        """
        Note them; one of none stands for "any".
        """
        if not self._titles:
            return
        rows = [(None,)] if self._many else [(title,) for title in sorted(self._titles)]
        connection.executemany("INSERT INTO changes (title) VALUES (?)", rows)
        connection.execute(
            "DELETE FROM changes WHERE number <= (SELECT max(number) FROM changes) - ?", (_KEPT,)
        )


def _page(connection: sqlite3.Connection, last: bytes) -> list[tuple[bytes, bytes]]:
    sql = "SELECT title, sealed FROM meters WHERE title > ? ORDER BY title LIMIT ?"
    return connection.execute(sql, (last, _PAGE)).fetchall()


def find_row(connection: sqlite3.Connection, text: str) -> tuple[bytes, bytes] | None:
    """
    @param text: A title in hex, or a name.

    @return: its title and what is sealed.
    """
    sql = "SELECT title, sealed FROM meters WHERE "
    row: tuple[bytes, bytes] | None = None
    if len(text) == 16:
        try:
            title = bytes.fromhex(text)
        except ValueError:
            pass
        else:
            row = connection.execute(f"{sql} title = ?", (title,)).fetchone()
    if row is None:
        row = connection.execute(f"{sql} name = ?", (text,)).fetchone()
    return row
