"""
Small SQLite files of the collector's own: made private, opened when first used, once for each process.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from threading import RLock
from typing import Final, TypeVar

from dlms_twisted.errors import KeyStoreError
from dlms_twisted.keys.files import check_mode

__all__ = ["Database"]

T = TypeVar("T")

_BUSY: Final = 10.0


class Database:
    """
    One file and one connection, for any thread, one at a time.

    A daemon forks after it was configured, and SQLite must not be carried over a fork: so nothing is opened before the
    first use, and a new process opens anew.
    """

    def __init__(
        self,
        path: str | Path,
        schema: str,
        *,
        application: int,
        version: int = 1,
        synchronous: str = "FULL",
        insecure: bool = False,
    ) -> None:
        """
        @param schema: Statements that make the tables, run on a file without any.
        @param application: Marks the file as ours (C{PRAGMA application_id}).
        @param version: Of the schema; another one is refused.
        @param synchronous: C{FULL} where a commit must survive a loss of power, C{NORMAL} where it need not.
        @param insecure: Open it though others may read it.
        """
        self.path = Path(path)
        self._schema = schema
        self._application = application
        self._version = version
        self._synchronous = synchronous
        self._insecure = insecure
        self._lock = RLock()
        self._connection: sqlite3.Connection | None = None
        self._process = 0

    def run(self, function: Callable[[sqlite3.Connection], T]) -> T:
        """
        @return: what C{function} returns, called with the connection, outside of any transaction.

        @raise KeyStoreError: the file cannot be opened, read or written, or is not ours.
        """
        with self._lock:
            try:
                return function(self._opened())
            except sqlite3.Error as error:
                message = f"{self.path}: {error}"
        raise KeyStoreError(message)

    def write(self, function: Callable[[sqlite3.Connection], T]) -> T:
        """
        As L{run}, inside of a transaction that no other writer shares: all of it is done, or nothing.
        """

        def within(connection: sqlite3.Connection) -> T:
            connection.execute("BEGIN IMMEDIATE")
            try:
                result = function(connection)
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")
            return result

        return self.run(within)

    def close(self) -> None:
        """
        Close the file; the next use opens it again.
        """
        with self._lock:
            connection, self._connection = self._connection, None
            if connection is not None and self._process == os.getpid():
                connection.close()

    def _opened(self) -> sqlite3.Connection:
        if self._connection is None or self._process != os.getpid():
            # What another process opened is let be: to close it here would drop that one's locks.
            self._connection = self._open()
            self._process = os.getpid()
        return self._connection

    def _open(self) -> sqlite3.Connection:
        self._make_private()
        connection = sqlite3.connect(
            self.path, timeout=_BUSY, isolation_level=None, check_same_thread=False
        )
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute(f"PRAGMA synchronous={self._synchronous}")
            self._prepare(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _make_private(self) -> None:
        # One that is there is not opened: to close it again would drop the locks that SQLite holds on it elsewhere in
        # this process.
        try:
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        except FileExistsError:
            if not self._insecure:
                check_mode(self.path, os.stat(self.path).st_mode)
            return
        except OSError as error:
            message = f"{self.path}: {error.strerror}"
        else:
            return
        raise KeyStoreError(message)

    def _prepare(self, connection: sqlite3.Connection) -> None:
        connection.execute("BEGIN IMMEDIATE")
        try:
            with closing(connection.execute("SELECT count(*) FROM sqlite_master")) as cursor:
                empty = cursor.fetchone()[0] == 0
            if empty:
                for statement in filter(str.strip, self._schema.split(";")):
                    connection.execute(statement)
                connection.execute(f"PRAGMA application_id={self._application}")
                connection.execute(f"PRAGMA user_version={self._version}")
            found = connection.execute("PRAGMA application_id").fetchone()[0]
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            if found != self._application:
                raise KeyStoreError(f"{self.path}: not a file of this kind")
            if version != self._version:
                raise KeyStoreError(f"{self.path}: version {version}, {self._version} wanted")
        except BaseException:
            with suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")
