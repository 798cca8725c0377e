"""
Keys of large fleets: in SQLite, fetched when a meter is first heard, and remembered while it is heard.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from twisted.internet.defer import Deferred, maybeDeferred, succeed
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from dlms_twisted.errors import ConfigurationError, KeyStoreError
from dlms_twisted.keys.cache import KeyCache
from dlms_twisted.keys.editing import policy_of_meters
from dlms_twisted.keys.fields import Entry, has_keys, keys_of
from dlms_twisted.keys.interfaces import Change, IKeyStore, Miss
from dlms_twisted.keys.promotion import Promotions
from dlms_twisted.keys.sqlite_file import find_row, open_database, open_sealer, read_default
from dlms_twisted.keys.toml_store import Defer
from dlms_twisted.security.keys import MeterKeys

__all__ = ["SqliteKeyStore"]

#: Titles that are looked up in one go.
_BATCH: Final = 500
_PAGE: Final = 5000
#: Names that are remembered with what they led to.
_MOST_NAMES: Final = 20_000

Found = MeterKeys | KeyStoreError | None


@implementer(IKeyStore)
class SqliteKeyStore:
    """
    The keys of a L{SqliteKeyFile<dlms_twisted.keys.sqlite_file.SqliteKeyFile>}.

    Only keys of meters that are heard are in memory.  Other processes may change the file meanwhile: what they changed
    is forgotten here at the next L{check}.

    @ivar path: The file.
    """

    log = Logger()

    def __init__(
        self,
        path: str | Path,
        master: bytes,
        *,
        insecure: bool = False,
        promotions: Promotions | None = None,
        defer: Defer = maybeDeferred,
        most: int = 100_000,
        most_absent: int = 20_000,
    ) -> None:
        """
        @param master: The master key, 32 octets.
        @param insecure: Open the file though others may read it.
        @param promotions: Which keys to come have become current.
        @param defer: Where to look keys up: C{deferToThread} keeps a slow disk from holding up the reactor.
        @param most: Meters whose keys are remembered.
        @param most_absent: Titles that are remembered as not listed.

        @raise ConfigurationError: there is no such file, others may read it, or it has another master key.

        @raise KeyStoreError: it cannot be read.
        """
        self.path = Path(path)
        if not self.path.exists():
            raise ConfigurationError(f"{path}: No such file or directory")
        self._promotions = Promotions() if promotions is None else promotions
        self._defer = defer
        self._cache = KeyCache(most, most_absent)
        self._names: dict[str, bytes | None] = {}
        self._watchers: list[Callable[[Change], None]] = []
        self._waiting: dict[bytes, list[Deferred[MeterKeys | None]]] = {}
        self._busy = False
        self._closed = False
        self._generation = 0
        # One connection for the thread that looks keys up, one for this: neither waits for the other.
        self._far = open_database(path, insecure=insecure)
        self._near = open_database(path, insecure=insecure)
        self._sealer = open_sealer(self._near, master)
        self._seen = self._near.run(_last_change)
        self._version = self._near.run(_data_version)
        self._read_default()
        # A daemon may fork before it starts: nothing stays open over that.
        self._near.close()
        self._fresh = True

    def _read_default(self) -> None:
        stated = self._near.run(lambda connection: read_default(connection, self._sealer))
        default = keys_of(stated)
        self.default = self._promotions.overlay(default) if has_keys(stated) else None
        self.default_policy = default.policy
        self._policy = policy_of_meters(stated)
        self._stated: Entry = stated

    def cached(self, title: bytes | None) -> MeterKeys | Miss | None:
        """
        See L{IKeyStore.cached}.
        """
        keys = self._cache.young.get(title)  # type: ignore[arg-type]
        return self._seldom(title) if keys is None else keys

    def _seldom(self, title: bytes | None) -> MeterKeys | Miss | None:
        if not title or self._closed:
            return self.default
        found = self._cache.get(title)
        return self.default if found is None else found

    def fetch(self, title: bytes | None) -> Deferred[MeterKeys | None]:
        """
        See L{IKeyStore.fetch}.  Titles that are asked for while others are looked up go together.
        """
        found = self.cached(title)
        if not isinstance(found, Miss):
            return succeed(found)
        assert title is not None

        # A caller that gives up is passed over; the look-up goes on, for the next one.
        waiter: Deferred[MeterKeys | None] = Deferred(lambda _: None)
        self._waiting.setdefault(title, []).append(waiter)
        if not self._busy:
            self._look_up()
        return waiter

    def _look_up(self) -> None:
        titles = tuple(self._waiting)[:_BATCH]
        if not titles:
            return
        self._busy = True
        generation = self._generation
        looked_up = self._defer(self._load, titles)
        looked_up.addBoth(self._looked_up, titles, generation)

    def _load(self, titles: Sequence[bytes]) -> dict[bytes, Found]:
        """
        In a thread: read, unseal, and see which keys to come have become current.
        """
        sql = "SELECT sealed FROM meters WHERE title = ?"
        rows = self._far.run(
            lambda connection: [
                (title, connection.execute(sql, (title,)).fetchone()) for title in titles
            ]
        )
        found: dict[bytes, Found] = {}
        for title, row in rows:
            if row is None:
                found[title] = None
                continue
            try:
                found[title] = self._opened(row[0], title)
            except KeyStoreError as error:
                found[title] = error
        return found

    def _opened(self, sealed: bytes, title: bytes) -> MeterKeys:
        try:
            entry = self._sealer.unseal(sealed, title)
        except KeyStoreError as error:
            message = f"{self.path}: {title.hex().upper()}: {error}"
        else:
            return self._promotions.overlay(keys_of(entry, self._policy))
        raise KeyStoreError(message)

    def _looked_up(
        self, result: dict[bytes, Found] | Failure, titles: Sequence[bytes], generation: int
    ) -> None:
        self._busy = False
        for title in titles:
            found = KeyStoreError(_words(result)) if isinstance(result, Failure) else result[title]
            if generation == self._generation and not isinstance(result, Failure):
                # What cannot be unsealed is told once, and then counts as absent: it would fail each time.
                self._cache.put(title, None if isinstance(found, KeyStoreError) else found)
            self._answer(title, found)
        if self._closed:
            for title in tuple(self._waiting):
                self._answer(title, None)
            self._far.close()
        elif not self._busy:
            self._look_up()

    def _answer(self, title: bytes, found: Found) -> None:
        for waiter in self._waiting.pop(title):
            if waiter.called:
                continue
            if isinstance(found, KeyStoreError):
                waiter.errback(found)
            else:
                waiter.callback(self.default if found is None else found)

    def by_name(self, text: str) -> MeterKeys | None:
        """
        See L{IKeyStore.by_name}: one look-up in the file, and none when the name was asked for before.
        """
        if self._closed:
            return None
        if text in self._names:
            title = self._names[text]
            keys = None if title is None else self._cache.get(title)
            if not isinstance(keys, Miss):
                return keys
        try:
            row = self._near.run(lambda connection: find_row(connection, text))
            keys = None if row is None else self._opened(row[1], row[0])
        except KeyStoreError as error:
            self.log.error("{error}", error=str(error))
            return None
        if len(self._names) >= _MOST_NAMES:
            self._names.clear()
        self._names[text] = None if row is None else row[0]
        if row is not None:
            self._cache.put(row[0], keys)
        return keys

    def titles(self) -> Iterator[bytes]:
        """
        See L{IKeyStore.titles}; in order.
        """
        last = b""
        while True:
            page = self._near.run(partial(_page, last=last))
            for row in page:
                yield row[0]
            if len(page) < _PAGE:
                return
            last = page[-1][0]

    def promote(self, title: bytes | None, epoch: str) -> MeterKeys | None:
        """
        See L{IKeyStore.promote}.
        """
        keys = self.cached(title)
        if isinstance(keys, Miss):
            keys = self.by_name((title or b"").hex())
        if keys is None:
            return None
        now = self._promotions.promote(keys, epoch)
        if now is not keys:
            if keys is self.default:
                self.default = now
            elif title is not None:
                self._cache.put(title, now)
        return now

    def check(self) -> Deferred[bool]:
        """
        See L{IKeyStore.check}: asks SQLite whether anybody wrote, and forgets what was changed.
        """
        if self._closed:
            return succeed(False)
        try:
            version = self._near.run(_data_version)
            if version == self._version and not self._fresh:
                return succeed(False)
            self._version, self._fresh = version, False
            return succeed(self._take_changes())
        except (KeyStoreError, ConfigurationError) as error:
            self.log.error("{error}; the keys known stay in use", error=str(error))
            return succeed(False)

    def reload(self) -> Deferred[bool]:
        """
        See L{IKeyStore.reload}: forgets all that is remembered.
        """
        changed = self.check()
        self._forget(None)
        return changed

    def _take_changes(self) -> bool:
        seen = self._seen
        rows = self._near.run(
            lambda connection: connection.execute(
                "SELECT number, title FROM changes WHERE number > ? ORDER BY number", (seen,)
            ).fetchall()
        )
        if not rows:
            return False
        self._seen = rows[-1][0]
        # Old notes are thrown away: where the next one is missing, anything may have changed.
        complete = rows[0][0] == seen + 1 and all(title is not None for _, title in rows)
        titles = frozenset(title for _, title in rows) if complete else None
        before, policy = self._stated, self._policy
        self._read_default()
        default = self._stated != before
        if policy != self._policy:
            titles = None
        self._forget(titles)
        change = Change(None if titles is None else titles - {b""}, default)
        self.log.info(
            "{path}: keys of {count} meters changed",
            path=str(self.path),
            count="many" if change.titles is None else len(change.titles),
        )
        for callback in tuple(self._watchers):
            callback(change)
        return True

    def _forget(self, titles: frozenset[bytes] | None) -> None:
        self._generation += 1
        self._names.clear()
        if titles is None:
            self._cache.clear()
        else:
            self._cache.forget(titles)

    def watch(self, callback: Callable[[Change], None]) -> None:
        """
        See L{IKeyStore.watch}.
        """
        self._watchers.append(callback)

    def close(self) -> None:
        """
        See L{IKeyStore.close}.
        """
        self._closed = True
        self._watchers.clear()
        self.default = None
        self._forget(None)
        self._near.close()
        if not self._busy:
            self._far.close()

    def __repr__(self) -> str:
        return f"<SqliteKeyStore {self.path} {len(self._cache)} remembered>"


def _page(connection: sqlite3.Connection, last: bytes) -> list[tuple[bytes]]:
    sql = "SELECT title FROM meters WHERE title > ? ORDER BY title LIMIT ?"
    return connection.execute(sql, (last, _PAGE)).fetchall()


def _last_change(connection: sqlite3.Connection) -> int:
    number: int | None = connection.execute("SELECT max(number) FROM changes").fetchone()[0]
    return number or 0


def _data_version(connection: sqlite3.Connection) -> int:
    version: int = connection.execute("PRAGMA data_version").fetchone()[0]
    return version


def _words(failure: Failure) -> str:
    if failure.check(KeyStoreError, ConfigurationError):
        return str(failure.getErrorMessage())
    return f"keys could not be looked up: {type(failure.value).__name__}"
