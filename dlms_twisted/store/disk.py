"""
The one place where the journal touches the file system: tests put a failing one in its stead.
"""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from dlms_twisted.errors import StoreError

__all__ = ["Disk"]

#: Seconds to wait for another process that holds an SQLite lock.
_BUSY = 10.0


class Disk:
    """
    Makes connections and removes files.

    @ivar synchronous: When SQLite waits for the disk: at each commit.
    """

    synchronous = "FULL"

    def make_directory(self, directory: Path) -> None:
        """
        Make C{directory}, readable by its owner only; one that is there is closed to others.

        @raise StoreError: it cannot be made or is no directory.
        """
        try:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            if directory.stat().st_mode & 0o077:
                directory.chmod(0o700)
        except OSError as error:
            raise StoreError(f"the journal {directory} cannot be made: {error.strerror}") from error

    def connect(self, path: Path) -> sqlite3.Connection:
        """
        @return: a connection for the one writer: write-ahead log, every commit synchronised to the disk.

        @raise sqlite3.Error: it cannot be opened.
        """
        connection = self.open_file(path)
        try:
            connection.execute(f"PRAGMA synchronous = {self.synchronous}")
            connection.execute("PRAGMA journal_mode = WAL").fetchone()
            path.chmod(0o600)
        except BaseException:
            connection.close()
            raise
        return connection

    def connect_to_change(self, path: Path) -> sqlite3.Connection:
        """
        @return: a connection for a few changes to a segment that is there, closed or not; its journal stays of the
            kind that it is.

        @raise sqlite3.Error: it cannot be opened.
        """
        connection = self.open_file(path)
        connection.execute(f"PRAGMA synchronous = {self.synchronous}")
        return connection

    def open_file(self, path: Path) -> sqlite3.Connection:
        """
        @return: a connection in which nothing is set yet.

        @raise sqlite3.Error: it cannot be opened.
        """
        return sqlite3.connect(path, timeout=_BUSY, isolation_level=None, check_same_thread=False)

    def connect_read_only(self, path: Path) -> sqlite3.Connection:
        """
        @return: a connection that changes nothing, beside any writer.

        @raise sqlite3.Error: it cannot be opened, for example because it has been removed.
        """
        return sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=ro",
            uri=True,
            timeout=_BUSY,
            isolation_level=None,
            check_same_thread=False,
        )

    def remove(self, path: Path) -> None:
        """
        Remove a segment with its write-ahead log.
        """
        for suffix in ("", "-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)

    def size(self, path: Path) -> int:
        """
        @return: octets of a segment with its write-ahead log; 0 when it is gone.
        """
        total = 0
        for suffix in ("", "-wal"):
            try:
                total += os.stat(f"{path}{suffix}").st_size
            except FileNotFoundError:
                continue
        return total
