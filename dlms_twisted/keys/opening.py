"""
Key files by their kind: text, or SQLite.
"""

from __future__ import annotations

from pathlib import Path

from twisted.internet.defer import Deferred, maybeDeferred
from twisted.python.failure import Failure

from dlms_twisted.errors import ConfigurationError, KeyStoreError
from dlms_twisted.keys.editing import KeyFile, TomlKeyFile
from dlms_twisted.keys.interfaces import IKeyStore
from dlms_twisted.keys.master import load_master_key
from dlms_twisted.keys.promotion import Promotions
from dlms_twisted.keys.sqlite_file import SqliteKeyFile, is_sqlite
from dlms_twisted.keys.sqlite_store import SqliteKeyStore
from dlms_twisted.keys.toml_store import Defer, TomlKeyStore
from dlms_twisted.security.keys import MeterKeys

__all__ = ["find_keys", "open_key_file", "open_key_store"]


def open_key_store(
    path: str | Path,
    *,
    insecure: bool = False,
    master_key_file: str | Path | None = None,
    promotions: Promotions | None = None,
    defer: Defer = maybeDeferred,
) -> IKeyStore:
    """
    Open a key file to look keys up.

    @param insecure: Take files that others may read.
    @param master_key_file: For SQLite; see L{load_master_key}.
    @param promotions: Which keys to come have become current.
    @param defer: Where to read files: C{deferToThread}, or at once.

    @raise ConfigurationError: it cannot be read, others may read it, or something in it is wrong.

    @raise KeyStoreError: the database cannot be read.
    """
    if is_sqlite(path):
        master = load_master_key(master_key_file, insecure=insecure)
        return SqliteKeyStore(path, master, insecure=insecure, promotions=promotions, defer=defer)
    return TomlKeyStore(path, insecure, promotions=promotions, defer=defer)


def find_keys(store: IKeyStore, title: bytes | None) -> MeterKeys | None:
    """
    Ask a store that answers at once, as L{open_key_store} opens them where no C{defer} is given.

    @raise KeyStoreError: it cannot tell, or answers later.
    """
    answers: list[MeterKeys | Failure | None] = []
    asked: Deferred[MeterKeys | None] = store.fetch(title)
    asked.addBoth(answers.append)
    if not answers:
        asked.cancel()
        raise KeyStoreError("the key store does not answer at once")
    if isinstance(answers[0], Failure):
        answers[0].raiseException()
    found: MeterKeys | None = answers[0]
    return found


def open_key_file(
    path: str | Path,
    *,
    insecure: bool = False,
    master_key_file: str | Path | None = None,
    must_exist: bool = False,
) -> KeyFile:
    """
    Open a key file to read it whole or change it.

    @param must_exist: Refuse a file that is not there, instead of making it with the first entry.

    @raise ConfigurationError: as L{open_key_store}.

    @raise KeyStoreError: as L{open_key_store}.
    """
    if must_exist and not Path(path).exists():
        raise ConfigurationError(f"{path}: No such file or directory")
    if is_sqlite(path):
        master = load_master_key(master_key_file, insecure=insecure)
        return SqliteKeyFile(path, master, insecure=insecure)
    return TomlKeyFile(path, insecure=insecure)
