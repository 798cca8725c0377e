"""
Tests of L{dlms_twisted.keys.sqlite_store}.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

from twisted.internet.defer import CancelledError, Deferred, maybeDeferred
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from dlms_twisted.errors import ConfigurationError, KeyStoreError
from dlms_twisted.keys.interfaces import MISS, Change, IKeyStore
from dlms_twisted.keys.promotion import Promotions
from dlms_twisted.keys.sqlite_file import SqliteKeyFile
from dlms_twisted.keys.sqlite_store import SqliteKeyStore
from dlms_twisted.security.keys import MeterKeys, key_epoch
from dlms_twisted.security.policy import Policy
from tests.keys.samples import AK, EK, NEW_EK, OTHER, STRANGER, TITLE, CapturedLog

MASTER = bytes(range(100, 132))
ENTRY = {"system_title": TITLE, "name": "house 7", "encryption_key": EK, "authentication_key": AK}


class Thread:
    """
    Runs functions when told, as a thread would.
    """

    def __init__(self) -> None:
        self.jobs: list[Callable[[], None]] = []

    def __call__(self, function: Callable[..., Any], /, *args: Any) -> Deferred[Any]:
        result: Deferred[Any] = Deferred()

        def job() -> None:
            maybeDeferred(function, *args).chainDeferred(result)

        self.jobs.append(job)
        return result

    def run(self) -> None:
        """
        Run what waits.
        """
        jobs, self.jobs = self.jobs, []
        for job in jobs:
            job()


class StoreTests(SynchronousTestCase):
    """
    Tests of L{SqliteKeyStore}.
    """

    def setUp(self) -> None:
        """
        A file with one meter, and a store on it.
        """
        self.path = Path(self.mktemp())
        self.file = SqliteKeyFile(self.path, MASTER)
        self.file.add([ENTRY])
        self.addCleanup(self.file.close)
        self.thread = Thread()
        self.log = CapturedLog(self)
        self.store = self.make()
        self.changes: list[Change] = []
        self.store.watch(self.changes.append)

    def make(self, **options: Any) -> SqliteKeyStore:
        """
        @return: a store.
        """
        store = SqliteKeyStore(self.path, MASTER, **{"defer": self.thread, **options})
        self.addCleanup(store.close)
        return store

    def fetched(self, title: bytes | None, store: SqliteKeyStore | None = None) -> MeterKeys | None:
        """
        @return: what fetching gives, when the thread has run.
        """
        result = (store or self.store).fetch(title)
        self.thread.run()
        keys: MeterKeys | None = self.successResultOf(result)
        return keys

    def test_interface(self) -> None:
        """
        It is a key store.
        """
        self.assertTrue(verifyObject(IKeyStore, self.store))

    def test_lazily(self) -> None:
        """
        Keys are looked up when first asked for, and remembered, as is that there are none.
        """
        self.assertIs(self.store.cached(TITLE), MISS)
        result = self.store.fetch(TITLE)
        self.assertNoResult(result)
        self.thread.run()
        keys = self.successResultOf(result)
        assert keys is not None
        self.assertEqual(
            keys,
            MeterKeys(
                system_title=TITLE,
                name="house 7",
                encryption_key=EK,
                authentication_key=AK,
                policy=Policy.ENCRYPTED,
            ),
        )
        self.assertIs(self.store.cached(TITLE), keys)
        self.assertIs(self.successResultOf(self.store.fetch(TITLE)), keys)
        self.assertIs(self.store.cached(STRANGER), MISS)
        self.assertIsNone(self.fetched(STRANGER))
        self.assertIsNone(self.store.cached(STRANGER))
        self.assertEqual(self.thread.jobs, [])

    def test_together(self) -> None:
        """
        Titles that are asked for during a look-up are looked up together, each once.
        """
        titles = [bytes((number,)) * 8 for number in range(1, 40)]
        results = [self.store.fetch(title) for title in titles * 2]
        self.assertEqual(len(self.thread.jobs), 1)
        self.thread.run()
        self.assertEqual(len(self.thread.jobs), 1)
        self.thread.run()
        self.assertEqual(self.thread.jobs, [])
        for result in results:
            self.assertIsNone(self.successResultOf(result))

    def test_given_up(self) -> None:
        """
        A caller that gives up disturbs nobody.
        """
        first, second = self.store.fetch(TITLE), self.store.fetch(TITLE)
        first.cancel()
        self.failureResultOf(first, CancelledError)
        self.thread.run()
        self.assertIsNotNone(self.successResultOf(second))

    def test_given_up_while_answered(self) -> None:
        """
        A caller may give up because of another one's answer.
        """
        first, second = self.store.fetch(TITLE), self.store.fetch(TITLE)
        first.addCallback(lambda _: second.cancel())
        self.thread.run()
        self.failureResultOf(second, CancelledError)

    def test_default(self) -> None:
        """
        Default keys and their policy are for all that are not listed.
        """
        self.file.change({None: {"encryption_key": NEW_EK, "policy": Policy.AUTHENTICATED}})
        store = self.make()
        self.assertEqual(store.default_policy, Policy.AUTHENTICATED)
        for title in (None, b"", STRANGER):
            keys = self.fetched(title, store)
            assert keys is not None
            self.assertEqual(keys.encryption_key, NEW_EK)
            self.assertIs(store.cached(title), keys)
        listed = self.fetched(TITLE, store)
        assert listed is not None
        self.assertEqual(listed.encryption_key, EK)
        self.assertEqual(listed.policy, Policy.AUTHENTICATED_ENCRYPTED)

    def test_bounded(self) -> None:
        """
        No more than so many are remembered.
        """
        self.file.add([{"system_title": bytes((number,)) * 8} for number in range(1, 61)])
        store = self.make(most=20)
        for number in range(1, 61):
            self.fetched(bytes((number,)) * 8, store)
        self.assertIs(store.cached(b"\1" * 8), MISS)
        self.assertEqual(repr(store), f"<SqliteKeyStore {self.path} 20 remembered>")

    def test_by_name(self) -> None:
        """
        Names and titles lead to keys, and are remembered.
        """
        keys = self.store.by_name("house 7")
        assert keys is not None
        self.assertEqual(keys.encryption_key, EK)
        self.assertIs(self.store.by_name("house 7"), keys)
        self.assertEqual(self.store.by_name(TITLE.hex()), keys)
        self.assertIsNone(self.store.by_name("house 8"))
        self.assertIsNone(self.store.by_name("house 8"))
        self.assertEqual(self.store.cached(TITLE), keys)

    def test_titles(self) -> None:
        """
        Titles are listed in order, as many as there are.
        """
        titles = [number.to_bytes(8, "big") for number in range(1, 5002)]
        self.file.add({"system_title": title} for title in titles)
        self.assertEqual(list(self.store.titles()), [*titles, TITLE])

    def test_changed(self) -> None:
        """
        What another process changed is forgotten at the next check, and nothing else; watchers hear what it was.
        """
        self.fetched(TITLE)
        self.fetched(OTHER)
        self.fetched(STRANGER)
        self.assertFalse(self.successResultOf(self.store.check()))
        self.file.add([{"system_title": OTHER, "encryption_key": NEW_EK}])
        self.assertIsNone(self.store.cached(OTHER))
        self.assertTrue(self.successResultOf(self.store.check()))
        self.assertEqual(self.changes, [Change(frozenset((OTHER,)))])
        self.assertIs(self.store.cached(OTHER), MISS)
        self.assertIsNone(self.store.cached(STRANGER))
        self.assertIsInstance(self.store.cached(TITLE), MeterKeys)
        self.assertFalse(self.successResultOf(self.store.check()))
        self.file.remove([TITLE])
        self.assertTrue(self.successResultOf(self.store.check()))
        self.assertIsNone(self.fetched(TITLE))
        self.assertEqual(self.log.lines[-1], f"{self.path}: keys of 1 meters changed")

    def test_before_first_check(self) -> None:
        """
        What changes between the start and the first check is not missed.
        """
        self.file.add([{"system_title": OTHER}])
        self.assertTrue(self.successResultOf(self.store.check()))

    def test_default_changed(self) -> None:
        """
        A changed default is told as one; a changed policy concerns all.
        """
        self.file.change({None: {"encryption_key": NEW_EK}})
        self.successResultOf(self.store.check())
        self.file.change({None: {"policy": Policy.AUTHENTICATED}})
        self.successResultOf(self.store.check())
        self.assertEqual(self.changes, [Change(frozenset(), True), Change(None, True)])
        self.assertEqual(self.store.default_policy, Policy.AUTHENTICATED)

    def test_many_changed(self) -> None:
        """
        A change of very many is told as one of any.
        """
        self.fetched(TITLE)
        self.file.add({"system_title": number.to_bytes(8, "big")} for number in range(1, 1100))
        self.successResultOf(self.store.check())
        self.assertEqual(self.changes, [Change(None)])
        self.assertIs(self.store.cached(TITLE), MISS)

    def test_notes_lost(self) -> None:
        """
        Where notes of changes were thrown away, anything may have changed.
        """
        for name in ("a", "b", "c"):
            self.file.change({TITLE: {"name": name}})
        with sqlite3.connect(self.path) as database:
            database.execute("DELETE FROM changes WHERE number < (SELECT max(number) FROM changes)")
        database.close()
        self.successResultOf(self.store.check())
        self.assertEqual(self.changes, [Change(None)])

    def test_changed_during_look_up(self) -> None:
        """
        What was looked up before a change is not remembered after it.
        """
        result = self.store.fetch(TITLE)
        self.file.change({TITLE: {"encryption_key": NEW_EK}})
        self.store.reload()
        self.thread.run()
        self.successResultOf(result)
        self.assertIs(self.store.cached(TITLE), MISS)

    def test_reload(self) -> None:
        """
        Reading again forgets everything, but says so only where something changed.
        """
        self.fetched(TITLE)
        self.assertFalse(self.successResultOf(self.store.reload()))
        self.assertIs(self.store.cached(TITLE), MISS)
        self.assertEqual(self.changes, [])

    def test_promote(self) -> None:
        """
        A key to come that was seen in use stays current, over restarts and changes of the file's other entries.
        """
        self.file.change({TITLE: {"pending_encryption_key": NEW_EK}})
        state = Path(self.mktemp())
        for _ in range(2):
            promotions = Promotions(state)
            store = self.make(promotions=promotions)
            now = store.promote(TITLE, key_epoch(NEW_EK))
            assert now is not None
            self.assertEqual(now.encryption_key, NEW_EK)
            self.assertIs(store.cached(TITLE), now)
            store.reload()
            keys = self.fetched(TITLE, store)
            self.assertEqual(keys, now)
            promotions.close()
        self.assertIsNone(self.store.promote(STRANGER, key_epoch(NEW_EK)))

    def test_promote_default(self) -> None:
        """
        The default's key to come, too.
        """
        self.file.change({None: {"encryption_key": EK, "pending_encryption_key": NEW_EK}})
        store = self.make()
        self.fetched(STRANGER, store)
        now = store.promote(STRANGER, key_epoch(NEW_EK))
        assert now is not None
        self.assertEqual(now.encryption_key, NEW_EK)
        self.assertIs(store.cached(STRANGER), now)
        self.assertIs(store.default, now)

    def test_damaged_entry(self) -> None:
        """
        An entry that was changed behind our back fails once, by name, and then counts as absent.
        """
        with sqlite3.connect(self.path) as database:
            database.execute("UPDATE meters SET sealed = zeroblob(60)")
        database.close()
        result = self.store.fetch(TITLE)
        self.thread.run()
        error = self.failureResultOf(result, KeyStoreError).value
        self.assertEqual(
            str(error),
            f"{self.path}: 4D4D4D0000BC614E: sealed with another key, or changed since",
        )
        self.assertIsNone(self.store.cached(TITLE))
        self.assertIsNone(self.store.by_name("house 7"))
        self.assertEqual(self.log.lines[-1], str(error))

    def test_broken_file(self) -> None:
        """
        A file that cannot be read fails each look-up, and no check; nothing is remembered of it.
        """
        with sqlite3.connect(self.path) as database:
            database.execute("DROP TABLE meters")
        database.close()
        result = self.store.fetch(TITLE)
        self.thread.run()
        error = self.failureResultOf(result, KeyStoreError).value
        self.assertEqual(str(error), f"{self.path}: no such table: meters")
        self.assertIs(self.store.cached(TITLE), MISS)
        with sqlite3.connect(self.path) as database:
            database.execute("DROP TABLE changes")
        database.close()
        self.assertFalse(self.successResultOf(self.store.check()))
        self.assertIn("the keys known stay in use", self.log.lines[-1])

    def test_unexpected(self) -> None:
        """
        A failure that nobody thought of is named by its type only.
        """

        def fail(function: Callable[..., Any], /, *args: Any) -> Deferred[Any]:
            result: Deferred[Any] = Deferred()
            result.errback(MemoryError(EK.hex()))
            return result

        store = self.make(defer=fail)
        error = self.failureResultOf(store.fetch(TITLE), KeyStoreError).value
        self.assertEqual(str(error), "keys could not be looked up: MemoryError")

    def test_closed(self) -> None:
        """
        A closed store knows nobody, and those who wait are answered.
        """
        first = self.store.fetch(TITLE)
        second = self.store.fetch(OTHER)
        self.store.close()
        self.assertIsNone(self.store.cached(TITLE))
        self.assertIsNone(self.store.by_name("house 7"))
        self.thread.run()
        for result in (first, second):
            self.successResultOf(result)
        self.assertIsNone(self.successResultOf(self.store.fetch(TITLE)))
        self.assertFalse(self.successResultOf(self.store.check()))

    def test_refused(self) -> None:
        """
        No file, one that others may read, or another master key: refused before anything is listened to.
        """
        with self.assertRaises(ConfigurationError) as caught:
            SqliteKeyStore(self.path.parent / "none", MASTER)
        self.assertEqual(
            str(caught.exception), f"{self.path.parent}/none: No such file or directory"
        )
        self.assertRaises(ConfigurationError, SqliteKeyStore, self.path, MASTER[::-1])
        self.path.chmod(0o644)
        self.assertRaises(ConfigurationError, SqliteKeyStore, self.path, MASTER)
