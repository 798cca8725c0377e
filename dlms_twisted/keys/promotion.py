"""
Keys to come that have come: which of them have verified a message, and so replaced the current ones.

A rotation ends at each meter at a moment of its own.  The collector sees it, because a tag that fails under the
current key is right under the pending one, and notes it in a file of its own; the operator's file is never rewritten.
From then on the old key opens nothing any more.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

from attrs import evolve
from twisted.logger import Logger

from dlms_twisted.errors import ConfigurationError, KeyStoreError
from dlms_twisted.keys.database import Database
from dlms_twisted.security.keys import MeterKeys, key_epoch

__all__ = ["Promotions"]

T = TypeVar("T")

_APPLICATION: Final = 0x444C5052  # "DLPR"
_SCHEMA: Final = """
CREATE TABLE promoted (title BLOB NOT NULL, epoch TEXT NOT NULL, PRIMARY KEY (title, epoch)) WITHOUT ROWID
"""


class Promotions:
    """
    The epochs of promoted keys, by system title.

    To lose the last ones (power fails between two writings of the disk) does no harm: the key is promoted again by
    the meter's next message.
    """

    log = Logger()

    def __init__(self, path: str | Path | None = None, *, must_exist: bool = False) -> None:
        """
        @param path: The collector's state file; without one, promotions last as long as the process.
        @param must_exist: Refuse a file that is not there, instead of making it.

        @raise ConfigurationError: it is not there.
        """
        if must_exist and path is not None and not Path(path).exists():
            raise ConfigurationError(f"{path}: no such file")
        self._database = None
        if path is not None:
            self._database = Database(path, _SCHEMA, application=_APPLICATION, synchronous="NORMAL")
        self._memory: dict[bytes, frozenset[str]] = {}
        self._complained = False

    def overlay(self, keys: MeterKeys) -> MeterKeys:
        """
        @param keys: As the operator's file says.

        @return: the same with promoted keys as current ones.  May be called in any thread.
        """
        if not keys.has_pending:
            return keys
        return _promoted(keys, self.epochs(keys.system_title))

    def promote(self, keys: MeterKeys, epoch: str) -> MeterKeys:
        """
        @param keys: With which a message was opened, by a key to come.

        @param epoch: Of the encryption key that opened it.  Where that is not the one to come, it was the
            authentication key.

        @return: the keys as they are now; the same object where there was nothing to promote.
        """
        pending = keys.pending_encryption_key
        if pending is not None and key_epoch(pending) == epoch:
            promoted = epoch
        elif keys.pending_authentication_key is not None:
            promoted = key_epoch(keys.pending_authentication_key)
        else:
            return keys
        title = keys.system_title or b""
        self._memory[title] = self._memory.get(title, frozenset()) | {promoted}
        self._store(title, promoted)
        return _promoted(keys, frozenset((promoted,)))

    def epochs(self, title: bytes | None) -> frozenset[str]:
        """
        @return: the epochs that were promoted at this meter.
        """
        wanted = title or b""

        def select(connection: sqlite3.Connection) -> list[tuple[str]]:
            sql = "SELECT epoch FROM promoted WHERE title = ?"
            return connection.execute(sql, (wanted,)).fetchall()

        kept = self._attempt(select) or []
        return self._memory.get(wanted, frozenset()) | {row[0] for row in kept}

    def close(self) -> None:
        """
        Close the file.
        """
        if self._database is not None:
            self._database.close()

    def _store(self, title: bytes, epoch: str) -> None:
        def insert(connection: sqlite3.Connection) -> bool:
            connection.execute("INSERT OR IGNORE INTO promoted VALUES (?, ?)", (title, epoch))
            return True

        if self._attempt(insert):
            # On file: memory is for those that could not be written.
            del self._memory[title]

    def _attempt(self, function: Callable[[sqlite3.Connection], T]) -> T | None:
        if self._database is None:
            return None
        try:
            return self._database.run(function)
        except (KeyStoreError, ConfigurationError) as error:
            if not self._complained:
                self.log.warn("promoted keys are kept in memory only: {error}", error=str(error))
                self._complained = True
        return None


def _promoted(keys: MeterKeys, epochs: frozenset[str]) -> MeterKeys:
    encryption, authentication = keys.pending_encryption_key, keys.pending_authentication_key
    if encryption is not None and key_epoch(encryption) in epochs:
        keys = evolve(keys, encryption_key=encryption, pending_encryption_key=None)
    if authentication is not None and key_epoch(authentication) in epochs:
        keys = evolve(keys, authentication_key=authentication, pending_authentication_key=None)
    return keys
