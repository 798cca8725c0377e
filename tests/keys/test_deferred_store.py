"""
Tests of L{dlms_twisted.keys.deferred_store}.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import CancelledError, Deferred, succeed
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from dlms_twisted.errors import KeyStoreError
from dlms_twisted.keys.deferred_store import DeferredKeyStore, LookUp, LookUpLimits
from dlms_twisted.keys.interfaces import MISS, Change, IKeyStore
from dlms_twisted.security.keys import MeterKeys, key_epoch
from tests.keys.samples import EK, NEW_EK, OTHER, STRANGER, TITLE, CapturedLog, meter

KEYS = MeterKeys(system_title=TITLE, name="house 7", encryption_key=EK)


class Vault:
    """
    Answers when told.
    """

    def __init__(self) -> None:
        self.asked: list[bytes] = []
        self.answers: dict[bytes, Deferred[Any]] = {}
        self.cancelled: list[bytes] = []

    def look_up(self, title: bytes) -> Deferred[MeterKeys | None]:
        """
        @return: an answer that comes later.
        """
        self.asked.append(title)
        self.answers[title] = Deferred(lambda _: self.cancelled.append(title))
        return self.answers[title]

    def answer(self, title: bytes, keys: object) -> None:
        """
        Give it.
        """
        self.answers.pop(title).callback(keys)

    def fail(self, title: bytes, error: Exception) -> None:
        """
        Fail.
        """
        self.answers.pop(title).errback(error)


class StoreTests(SynchronousTestCase):
    """
    Tests of L{DeferredKeyStore}.
    """

    def setUp(self) -> None:
        """
        A vault and a clock.
        """
        self.clock = Clock()
        self.vault = Vault()
        self.log = CapturedLog(self)
        self.store = self.make()

    def make(self, **options: Any) -> DeferredKeyStore:
        """
        @return: a store with these limits.
        """
        limits = LookUpLimits(**options)
        return DeferredKeyStore(self.clock, self.vault.look_up, limits=limits)

    def known(self, keys: MeterKeys = KEYS) -> None:
        """
        Have the store know these keys.
        """
        assert keys.system_title is not None
        result = self.store.fetch(keys.system_title)
        self.vault.answer(keys.system_title, keys)
        self.assertEqual(self.successResultOf(result), keys)

    def test_interface(self) -> None:
        """
        It is a key store.
        """
        self.assertTrue(verifyObject(IKeyStore, self.store))

    def test_remembered(self) -> None:
        """
        Keys are asked for once, and absence too.
        """
        self.assertIs(self.store.cached(TITLE), MISS)
        self.known()
        self.assertIs(self.store.cached(TITLE), KEYS)
        self.assertIs(self.successResultOf(self.store.fetch(TITLE)), KEYS)
        result = self.store.fetch(OTHER)
        self.vault.answer(OTHER, None)
        self.assertIsNone(self.successResultOf(result))
        self.assertIsNone(self.store.cached(OTHER))
        self.assertEqual(self.vault.asked, [TITLE, OTHER])
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_names(self) -> None:
        """
        Names and titles lead to keys that are remembered.
        """
        self.assertIsNone(self.store.by_name("house 7"))
        self.known()
        for text in ("house 7", TITLE.hex()):
            self.assertIs(self.store.by_name(text), KEYS)
        for text in ("house 8", OTHER.hex(), "x" * 16):
            self.assertIsNone(self.store.by_name(text))
        self.assertEqual(list(self.store.titles()), [TITLE])

    def test_one_question(self) -> None:
        """
        Those who want the same are served by one question.
        """
        results = [self.store.fetch(TITLE) for _ in range(3)]
        self.assertEqual(self.vault.asked, [TITLE])
        self.vault.answer(TITLE, KEYS)
        for result in results:
            self.assertIs(self.successResultOf(result), KEYS)

    def test_at_once(self) -> None:
        """
        A function may answer at once, or with a coroutine, for any number of titles.
        """

        async def coroutine(title: bytes) -> MeterKeys | None:
            return MeterKeys(encryption_key=EK)

        ways: tuple[LookUp, ...] = (lambda _: succeed(MeterKeys(encryption_key=EK)), coroutine)
        for look_up in ways:
            store = DeferredKeyStore(self.clock, look_up, limits=LookUpLimits(running=1))
            for number in range(50):
                keys = self.successResultOf(store.fetch(bytes((number + 1,)) * 8))
                assert keys is not None
                self.assertEqual(keys.system_title, bytes((number + 1,)) * 8)

    def test_at_once_after_waiting(self) -> None:
        """
        A long queue that is suddenly answered at once is worked off without recursion.
        """
        first: Deferred[MeterKeys | None] = Deferred()
        answers: list[Deferred[MeterKeys | None]] = [first]
        store = DeferredKeyStore(
            self.clock,
            lambda _: answers.pop() if answers else succeed(None),
            limits=LookUpLimits(running=1),
        )
        results = [store.fetch(number.to_bytes(8, "big")) for number in range(1, 1500)]
        first.callback(None)
        for result in results:
            self.assertIsNone(self.successResultOf(result))

    def test_deadline(self) -> None:
        """
        A question that is not answered in time fails, is cancelled, and is not repeated for a while.
        """
        result = self.store.fetch(TITLE)
        self.clock.advance(5)
        error = self.failureResultOf(result, KeyStoreError).value
        self.assertEqual(str(error), "keys of 4D4D4D0000BC614E: no answer within 5 s")
        self.assertEqual(self.vault.cancelled, [TITLE])
        self.failureResultOf(self.store.fetch(TITLE), KeyStoreError)
        self.assertEqual(self.vault.asked, [TITLE])
        self.clock.advance(5)
        self.known()
        self.assertEqual((self.store.asked, self.store.failed), (2, 1))

    def test_errors(self) -> None:
        """
        Failures are told by their type, and their texts are not repeated: they may hold anything.
        """
        for wrong, words in (
            (ValueError(EK.hex()), "ValueError"),
            (KeyStoreError("sealed"), "sealed"),
        ):
            self.clock.advance(10)
            result = self.store.fetch(TITLE)
            self.vault.fail(TITLE, wrong)
            error = self.failureResultOf(result, KeyStoreError).value
            self.assertEqual(str(error), f"keys of 4D4D4D0000BC614E: {words}")
        self.clock.advance(10)
        result = self.store.fetch(TITLE)
        self.vault.answer(TITLE, EK)
        error = self.failureResultOf(result, KeyStoreError).value
        self.assertEqual(str(error), "keys of 4D4D4D0000BC614E: keys wanted, not bytes")

    def test_raises(self) -> None:
        """
        A function that raises fails the question.
        """

        def look_up(title: bytes) -> Deferred[MeterKeys | None]:
            raise RuntimeError("no")

        store = DeferredKeyStore(self.clock, look_up)
        self.failureResultOf(store.fetch(TITLE), KeyStoreError)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_cancelled(self) -> None:
        """
        One caller that gives up disturbs nobody; with the last one the question is given up.
        """
        first, second = self.store.fetch(TITLE), self.store.fetch(TITLE)
        first.cancel()
        self.failureResultOf(first, CancelledError)
        self.assertEqual(self.vault.cancelled, [])
        second.cancel()
        self.failureResultOf(second, CancelledError)
        self.assertEqual(self.vault.cancelled, [TITLE])
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.assertIs(self.store.cached(TITLE), MISS)
        self.known()

    def test_cancelled_while_answered(self) -> None:
        """
        A caller may give up because of another one's answer.
        """
        first, second = self.store.fetch(TITLE), self.store.fetch(TITLE)
        first.addCallback(lambda _: second.cancel())
        self.vault.answer(TITLE, KEYS)
        self.failureResultOf(second, CancelledError)

    def test_in_turn(self) -> None:
        """
        So many questions at a time; the others wait, and what is given up while it waits is never asked.
        """
        self.store = self.make(running=1, queued=2)
        first, second, third = (self.store.fetch(title) for title in (TITLE, OTHER, STRANGER))
        self.assertEqual(self.vault.asked, [TITLE])
        error = self.failureResultOf(self.store.fetch(b"\1" * 8), KeyStoreError).value
        self.assertIn("too many titles are asked for", str(error))
        second.cancel()
        self.failureResultOf(second, CancelledError)
        self.vault.answer(TITLE, None)
        self.assertEqual(self.vault.asked, [TITLE, STRANGER])
        self.vault.answer(STRANGER, None)
        self.successResultOf(first)
        self.successResultOf(third)

    def test_expiry(self) -> None:
        """
        What was remembered for long enough is asked for again; absence is forgotten sooner.
        """
        self.known()
        result = self.store.fetch(OTHER)
        self.vault.answer(OTHER, None)
        self.successResultOf(result)
        self.clock.advance(60)
        self.successResultOf(self.store.check())
        self.assertIs(self.store.cached(OTHER), MISS)
        self.assertIs(self.store.cached(TITLE), KEYS)
        self.clock.advance(3540)
        self.successResultOf(self.store.check())
        self.assertIs(self.store.cached(TITLE), MISS)
        newer = MeterKeys(system_title=TITLE, encryption_key=NEW_EK)
        self.known(newer)
        self.assertIs(self.store.cached(TITLE), newer)

    def test_vault_down(self) -> None:
        """
        Keys that were known stay in use while the vault fails, and are asked for again soon.
        """
        self.known()
        self.clock.advance(3600)
        self.store.check()
        result = self.store.fetch(TITLE)
        self.vault.fail(TITLE, OSError("down"))
        self.assertIs(self.successResultOf(result), KEYS)
        self.assertEqual(
            self.log.lines,
            ["keys of 4D4D4D0000BC614E: OSError; the keys known before stay in use"],
        )
        self.assertIs(self.store.cached(TITLE), KEYS)
        self.clock.advance(5)
        self.store.check()
        result = self.store.fetch(TITLE)
        self.vault.answer(TITLE, None)
        self.assertIsNone(self.successResultOf(result))
        self.clock.advance(60)
        self.store.check()
        result = self.store.fetch(TITLE)
        self.vault.fail(TITLE, OSError("down"))
        self.failureResultOf(result, KeyStoreError)

    def test_bounded(self) -> None:
        """
        Whatever is asked for, no more than so much is remembered.
        """
        self.store = self.make(most=10, most_absent=10)
        for number in range(100):
            keys = meter(number)
            self.known(keys)
            title = number.to_bytes(8, "big")
            result = self.store.fetch(title)
            self.vault.fail(title, OSError())
            self.failureResultOf(result, KeyStoreError)
            self.store.check()
        self.assertLessEqual(len(list(self.store.titles())), 10)
        self.assertEqual(repr(self.store).split(",")[1], " 0 asked for>")

    def test_default(self) -> None:
        """
        The default's keys are for those that are absent or not known.
        """
        default = MeterKeys(encryption_key=NEW_EK)
        store = DeferredKeyStore(self.clock, self.vault.look_up, default=default)
        self.assertIs(store.cached(None), default)
        result = store.fetch(STRANGER)
        self.vault.answer(STRANGER, None)
        self.assertIs(self.successResultOf(result), default)
        self.assertIs(store.cached(STRANGER), default)

    def test_promote(self) -> None:
        """
        Keys to come that are in use become current, of meters and of the default.
        """
        pending = MeterKeys(system_title=TITLE, encryption_key=EK, pending_encryption_key=NEW_EK)
        self.known(pending)
        now = self.store.promote(TITLE, key_epoch(NEW_EK))
        assert now is not None
        self.assertEqual(now.encryption_key, NEW_EK)
        self.assertIs(self.store.cached(TITLE), now)
        self.assertIsNone(self.store.promote(OTHER, key_epoch(NEW_EK)))
        store = DeferredKeyStore(self.clock, self.vault.look_up, default=pending)
        self.assertEqual(store.promote(None, key_epoch(NEW_EK)), now)
        self.assertEqual(store.default, now)

    def test_reload(self) -> None:
        """
        Reading again asks for everything anew, and tells the watchers that anything may have changed.
        """
        changes: list[Change] = []
        self.store.watch(changes.append)
        self.known()
        self.assertTrue(self.successResultOf(self.store.reload()))
        self.assertIs(self.store.cached(TITLE), MISS)
        self.assertEqual(changes, [Change(None)])
        result = self.store.fetch(TITLE)
        self.vault.fail(TITLE, OSError())
        self.assertIs(self.successResultOf(result), KEYS)

    def test_closed(self) -> None:
        """
        Closing cancels what is out, answers those who wait, and leaves no timer behind.
        """
        self.store = self.make(running=1)
        results = [self.store.fetch(TITLE), self.store.fetch(OTHER)]
        self.store.close()
        for result in results:
            self.assertIsNone(self.successResultOf(result))
        self.assertEqual(self.vault.cancelled, [TITLE])
        self.assertEqual(self.vault.asked, [TITLE])
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.assertIsNone(self.store.cached(TITLE))
        self.assertIsNone(self.successResultOf(self.store.fetch(TITLE)))
