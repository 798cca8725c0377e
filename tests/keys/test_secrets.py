"""
No key is shown: not by an object of this room, not by an error, not by the log.
"""

from __future__ import annotations

import base64
import sqlite3
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.task import Clock
from twisted.logger import eventAsText
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.errors import DLMSError
from dlms_twisted.keys.cache import Expiry, KeyCache
from dlms_twisted.keys.counters import MemoryCounters, TransmitCounters
from dlms_twisted.keys.csv_import import read_csv
from dlms_twisted.keys.deferred_store import DeferredKeyStore, LookUpLimits
from dlms_twisted.keys.editing import TomlKeyFile
from dlms_twisted.keys.fields import KEY_FIELDS, KeyEntry, entry_of
from dlms_twisted.keys.files import write_private
from dlms_twisted.keys.interfaces import Change
from dlms_twisted.keys.master import load_master_key
from dlms_twisted.keys.memory import KeyTable, MemoryKeyStore
from dlms_twisted.keys.parsing import KEY_LENGTHS, parse_key
from dlms_twisted.keys.promotion import Promotions
from dlms_twisted.keys.sealed import Sealer, pack, unpack
from dlms_twisted.keys.sqlite_file import SqliteKeyFile
from dlms_twisted.keys.sqlite_store import SqliteKeyStore
from dlms_twisted.keys.toml_store import TomlKeyStore, parse_key_document
from dlms_twisted.keys.toml_text import append_meters, change_entries
from dlms_twisted.security.keys import MeterKeys, key_epoch
from dlms_twisted.toml_reader import read_toml
from tests.keys.samples import TITLE, CapturedLog

#: A key of its own for each field, none of which can be there by chance.
SECRETS = {
    field: bytes((number + 0xA0,)) + bytes(range(0x41, 0x41 + lengths[0] - 1))
    for number, (field, lengths) in enumerate(KEY_LENGTHS.items())
}
MASTER = b"\xc7" + bytes(range(0x61, 0x61 + 31))
KEYS = MeterKeys(system_title=TITLE, name="house 7", **SECRETS)  # type: ignore[arg-type]


def _spellings(secret: bytes) -> list[str]:
    """
    @return: the ways in which octets are usually printed; long enough parts of them, as half a key is too much.
    """
    half = secret[: len(secret) // 2]
    return [
        half.hex(), half.hex().upper(), half.hex(" "), half.hex(":"),
        repr(half)[2:-1], str(list(half))[1:-1], str(int.from_bytes(secret, "big")),
        base64.b64encode(half)[:-4].decode(), half.decode("latin-1"),
    ]  # fmt: skip


_FORBIDDEN = [text for key in (*SECRETS.values(), MASTER) for text in _spellings(key)]


class SecretsTests(SynchronousTestCase):
    """
    Tests of everything in this room that can be printed.
    """

    def setUp(self) -> None:
        """
        A file of each kind, with a key in each field.
        """
        self.log = CapturedLog(self, "")
        folder = Path(self.mktemp())
        folder.mkdir()
        self.path = folder / "keys.toml"
        self.entry = entry_of(KEYS)
        self.text = append_meters(b"", [self.entry], "keys.toml")
        write_private(self.path, self.text)
        self.database = folder / "keys.sqlite"
        self.sqlite_file = SqliteKeyFile(self.database, MASTER)
        self.addCleanup(self.sqlite_file.close)
        self.sqlite_file.add([self.entry])

    def hidden(self, *texts: str) -> None:
        """
        Check that no key is in any of these.
        """
        for text in texts:
            for spelling in _FORBIDDEN:
                self.assertNotIn(spelling, text)

    def printed(self, thing: object) -> None:
        """
        Print a thing in every way, and look for keys.
        """
        self.hidden(repr(thing), str(thing), f"{thing}", "%s %r" % (thing, thing))  # noqa: UP031

    def test_sensitive(self) -> None:
        """
        The search would find a key.
        """
        for shown in (
            f"{SECRETS!r}", f"{dict(self.entry)!r}", self.text.decode(), MASTER.hex(" "),
        ):  # fmt: skip
            self.assertRaises(self.failureException, self.hidden, shown)

    def test_objects(self) -> None:
        """
        No object shows a key.
        """
        table = KeyTable.of([KEYS], default=KEYS)
        toml_store = TomlKeyStore(self.path)
        sqlite_store = SqliteKeyStore(self.database, MASTER)
        self.addCleanup(sqlite_store.close)
        deferred_store = DeferredKeyStore(Clock(), lambda title: succeed(KEYS), default=KEYS)
        for store in (toml_store, sqlite_store, deferred_store, MemoryKeyStore(table)):
            keys = self.successResultOf(store.fetch(TITLE))
            assert keys is not None
            self.assertEqual(keys.encryption_key, SECRETS["encryption_key"])
            self.printed(keys)
            self.printed(store)
            self.printed(store.cached(TITLE))
            self.printed(store.fetch(TITLE))
        cache = KeyCache()
        cache.put(TITLE, KEYS)
        things: tuple[object, ...] = (
            KEYS, self.entry, KeyEntry(SECRETS), table, cache, Expiry(2), Sealer(MASTER),
            Promotions(), MemoryCounters(), TransmitCounters(self.path), self.sqlite_file,
            TomlKeyFile(self.path), LookUpLimits(), Change(frozenset((TITLE,)), True),
            parse_key_document(self.text, "x"), read_toml(self.text, "x"), unpack(pack(self.entry)),
            self.sqlite_file.find("house 7"), TomlKeyFile(self.path).find("house 7"),
            list(self.sqlite_file.entries()), list(TomlKeyFile(self.path).entries()),
        )  # fmt: skip
        for thing in things:
            self.printed(thing)

    def test_errors(self) -> None:
        """
        No error shows a key, nor does its trace or what caused it.
        """
        text = self.text.decode()
        key = SECRETS["encryption_key"].hex().upper()
        wrong: list[Callable[[], Any]] = [
            lambda: parse_key(key + "0", "encryption_key"),
            lambda: parse_key(key + "zz", "encryption_key"),
            lambda: parse_key(key + "00", "encryption_key"),
            lambda: MeterKeys(encryption_key=key),  # type: ignore[arg-type]
            lambda: load_master_key(environment={"DLMS_MASTER_KEY": MASTER.hex() + "0"}),
            lambda: SqliteKeyFile(self.database, MASTER[::-1]),
            lambda: SqliteKeyFile(self.database, MASTER + b"x"),
            lambda: self.sqlite_file.add([self.entry]),
            lambda: self.sqlite_file.change({TITLE: {"authentication_key": b"x" * 32}}),
            lambda: change_entries(self.text, {TITLE: {"authentication_key": b"x" * 32}}, "x"),
            lambda: append_meters(self.text, [self.entry], "x"),
            lambda: list(read_csv(f"title,ek\n{TITLE.hex()},{key}0\n".encode(), "x")),
            lambda: list(read_csv(f"{key},{TITLE.hex()}\n".encode(), "x")),
            lambda: list(read_csv(f'title,ek\n{TITLE.hex()},"{key}\n'.encode(), "x")),
            lambda: KeyTable.of([KEYS, KEYS]),
        ]
        wrong += [
            lambda text=text: parse_key_document(text.encode(), "x")  # type: ignore[misc]
            for text in (
                text.replace(f'"{key}"', f'"{key}'), text.replace(f'"{key}"', key),
                text.replace(key, key + "0"), text + text, text.replace("encryption_key", "enc"),
                text.replace(f'"{key}"', f'["{key}"]'), text.replace(f'"{key}"', f'"{key}\\q"'),
                text.replace(f'"{key}"', f"0x{key}"),
            )
        ]  # fmt: skip
        for call in wrong:
            with self.assertRaises((DLMSError, TypeError)) as caught:
                call()
            error: BaseException | None = caught.exception
            failure = Failure(caught.exception)
            if isinstance(error, DLMSError):
                self.hidden(failure.getTraceback(detail="verbose"), failure.getErrorMessage())
            while error is not None:
                if not isinstance(error, TypeError):
                    self.hidden("".join(traceback.format_exception_only(error)), repr(error.args))
                    self.hidden(repr(vars(error)))
                error = error.__cause__ or error.__context__

    def test_log(self) -> None:
        """
        No event shows a key, whatever goes wrong while keys are read and used.
        """
        key = SECRETS["encryption_key"].hex().upper()
        store = TomlKeyStore(self.path, promotions=Promotions(self.path / "nowhere"))
        for text in (
            self.text.replace(key.encode(), key.encode() + b"0"),
            self.text.replace(f'"{key}"'.encode(), key.encode()),
            self.text.replace(b"house 7", b"house 8"),
        ):
            write_private(self.path, text)
            self.successResultOf(store.check())
        pending = SECRETS["pending_encryption_key"]
        self.assertIsNotNone(store.promote(TITLE, key_epoch(pending)))
        sqlite_store = SqliteKeyStore(self.database, MASTER)
        self.addCleanup(sqlite_store.close)
        self.sqlite_file.change({TITLE: {"name": "house 8"}})
        self.successResultOf(sqlite_store.check())
        with sqlite3.connect(self.database) as database:
            database.execute("UPDATE meters SET sealed = zeroblob(99)")
        database.close()
        self.assertIsNone(sqlite_store.by_name("house 8"))
        answers: list[Deferred[MeterKeys | None]] = [fail(OSError(key)), succeed(KEYS)]
        clock = Clock()
        deferred_store = DeferredKeyStore(clock, lambda _: answers.pop())
        self.successResultOf(deferred_store.fetch(TITLE))
        clock.advance(4000)
        deferred_store.check()
        self.successResultOf(deferred_store.fetch(TITLE))
        counters = TransmitCounters(self.path.parent / "counters", warn_from=0)
        self.addCleanup(counters.close)
        counters.next(TITLE, key_epoch(SECRETS["encryption_key"]))
        self.assertGreaterEqual(len(self.log.events), 7)
        for event in self.log.events:
            self.hidden(eventAsText(event), repr(event))

    def test_complete(self) -> None:
        """
        A key stood in each field.
        """
        self.assertEqual(set(SECRETS), set(KEY_FIELDS))
