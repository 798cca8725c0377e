"""
Keys from elsewhere: a hardware module, a vault, a web service, or whatever else answers with a Deferred.

The adapter brings what such a service should not have to: a deadline, a bounded number of questions at once, one
question where many wait for the same answer, and memory of the answers, also of "no such meter".
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

from attrs import evolve, field, frozen
from attrs.validators import ge, gt
from twisted.internet.defer import Deferred, fail, maybeDeferred, succeed
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from dlms_twisted.errors import DLMSError, KeyStoreError
from dlms_twisted.keys.cache import Expiry, KeyCache
from dlms_twisted.keys.interfaces import Change, IKeyStore, Miss
from dlms_twisted.keys.promotion import Promotions
from dlms_twisted.security.keys import MeterKeys
from dlms_twisted.security.policy import Policy

__all__ = ["DeferredKeyStore", "LookUp", "LookUpLimits"]

#: Asked with a system title; answers with keys, or C{None} for a meter that it does not know.
LookUp = Callable[[bytes], Deferred[MeterKeys | None] | Coroutine[Any, Any, MeterKeys | None]]


@frozen(kw_only=True)
class LookUpLimits:
    """
    How long answers hold, and how much is asked.

    @ivar timeout: Seconds that an answer may take, waiting for its turn included.
    @ivar keep: Seconds for which keys are remembered.
    @ivar keep_absent: Seconds for which it is remembered that a meter is not known.
    @ivar retry: Seconds after a failure before the same title is asked for again.
    @ivar running: Questions at a time.
    @ivar queued: Titles that wait for their turn; one more fails at once.
    @ivar most: Meters whose keys are remembered.
    @ivar most_absent: Titles that are remembered as not known, or as failed.
    """

    timeout: float = field(default=5.0, validator=gt(0))
    keep: float = field(default=3600.0, validator=gt(0))
    keep_absent: float = field(default=60.0, validator=gt(0))
    retry: float = field(default=5.0, validator=ge(0))
    running: int = field(default=32, validator=gt(0))
    queued: int = field(default=10_000, validator=ge(0))
    most: int = field(default=100_000, validator=ge(2))
    most_absent: int = field(default=20_000, validator=ge(2))


class _Question:
    """
    One title that is asked for, and who waits for the answer.
    """

    __slots__ = ("answer", "deadline", "title", "waiters")

    def __init__(self, title: bytes) -> None:
        self.title = title
        self.waiters: list[Deferred[MeterKeys | None]] = []
        self.answer: Deferred[Any] | None = None
        self.deadline: IDelayedCall | None = None


@implementer(IKeyStore)
class DeferredKeyStore:
    """
    Asks a function for keys and remembers what it said.

    When remembered keys are too old they are asked for again, and stay in use where that fails: a vault that is down
    stops no meter that was heard before.

    @ivar asked: How many questions were asked.
    @ivar failed: How many of them failed, or were not answered in time.
    """

    log = Logger()

    def __init__(
        self,
        clock: IReactorTime,
        look_up: LookUp,
        *,
        default: MeterKeys | None = None,
        default_policy: Policy = Policy.ENCRYPTED,
        limits: LookUpLimits | None = None,
        promotions: Promotions | None = None,
    ) -> None:
        """
        @param look_up: The function; it may raise, answer late, never, or with a coroutine.
        @param default: Keys for titles that are absent or not known.
        @param default_policy: What is demanded of those.
        @param promotions: Which keys to come have become current.
        """
        self._clock = clock
        self._look_up = look_up
        self._limits = LookUpLimits() if limits is None else limits
        self._promotions = Promotions() if promotions is None else promotions
        self.default = default
        self.default_policy = default_policy
        self.asked = 0
        self.failed = 0
        self._cache = KeyCache(self._limits.most, self._limits.most_absent)
        self._stale = KeyCache(self._limits.most, 2)
        self._names: dict[str, bytes] = {}
        self._expiry = Expiry(2 * self._limits.most)
        self._absent_expiry = Expiry(2 * self._limits.most_absent)
        self._failures: dict[bytes, float] = {}
        self._questions: dict[bytes, _Question] = {}
        self._queue: deque[_Question] = deque()
        self._running = 0
        self._asking = False
        self._watchers: list[Callable[[Change], None]] = []
        self._closed = False

    def cached(self, title: bytes | None) -> MeterKeys | Miss | None:
        """
        See L{IKeyStore.cached}.
        """
        keys = self._cache.young.get(title)  # type: ignore[arg-type]
        if keys is not None:
            return keys
        if not title or self._closed:
            return self.default
        found = self._cache.get(title)
        return self.default if found is None else found

    def fetch(self, title: bytes | None) -> Deferred[MeterKeys | None]:
        """
        See L{IKeyStore.fetch}.  When the last one who waits cancels, the question itself is cancelled.
        """
        found = self.cached(title)
        if not isinstance(found, Miss):
            return succeed(found)
        assert title is not None
        question = self._questions.get(title)
        if question is None:
            if self._failures.get(title, 0.0) > self._clock.seconds():
                return fail(KeyStoreError(f"{_shown(title)}: asked a moment ago, without success"))
            if self._running >= self._limits.running and len(self._queue) >= self._limits.queued:
                return fail(KeyStoreError(f"{_shown(title)}: too many titles are asked for"))
            question = self._put(title)
        waiter: Deferred[MeterKeys | None] = Deferred(lambda one: self._give_up(question, one))
        question.waiters.append(waiter)
        self._ask_next()
        return waiter

    def _put(self, title: bytes) -> _Question:
        question = self._questions[title] = _Question(title)
        question.deadline = self._clock.callLater(self._limits.timeout, self._too_late, question)
        self._queue.append(question)
        return question

    def _ask_next(self) -> None:
        if self._asking:
            # Answered at once, from inside of the loop below: it goes on by itself.
            return
        self._asking = True
        while self._queue and self._running < self._limits.running:
            question = self._queue.popleft()
            if self._questions.get(question.title) is not question:
                continue
            self._running += 1
            self.asked += 1
            question.answer = maybeDeferred(self._look_up, question.title)
            question.answer.addBoth(self._answered, question)
        self._asking = False

    def _answered(self, result: Any, question: _Question) -> None:
        self._running -= 1
        if self._questions.get(question.title) is question:
            if isinstance(result, MeterKeys | None):
                self._remember(question.title, result)
                self._finish(question, self.cached(question.title))
            else:
                self._failed(question, _words(result))
        self._ask_next()

    def _too_late(self, question: _Question) -> None:
        question.deadline = None
        self._failed(question, f"no answer within {self._limits.timeout:g} s")
        self._cancel(question)

    def _give_up(self, question: _Question, waiter: Deferred[MeterKeys | None]) -> None:
        if waiter in question.waiters:
            question.waiters.remove(waiter)
        if not question.waiters and self._questions.get(question.title) is question:
            self._finish(question, None)
            self._cancel(question)

    def _cancel(self, question: _Question) -> None:
        if question.answer is not None:
            question.answer.cancel()
        self._ask_next()

    def _failed(self, question: _Question, reason: str) -> None:
        self.failed += 1
        title = question.title
        stale = self._stale.get(title)
        if isinstance(stale, MeterKeys):
            self.log.warn(
                "{title}: {reason}; the keys known before stay in use",
                title=_shown(title),
                reason=reason,
            )
            self._remember(title, stale, self._limits.retry)
            self._finish(question, stale)
            return
        while len(self._failures) >= self._limits.most_absent:
            del self._failures[next(iter(self._failures))]
        self._failures[title] = self._clock.seconds() + self._limits.retry
        self._finish(question, KeyStoreError(f"{_shown(title)}: {reason}"))

    def _finish(self, question: _Question, found: MeterKeys | Miss | KeyStoreError | None) -> None:
        del self._questions[question.title]
        deadline, question.deadline = question.deadline, None
        if deadline is not None:
            deadline.cancel()
        waiters, question.waiters = question.waiters, []
        for waiter in waiters:
            if waiter.called:
                continue
            if isinstance(found, KeyStoreError):
                waiter.errback(found)
            else:
                waiter.callback(None if isinstance(found, Miss) else found)

    def _remember(self, title: bytes, keys: MeterKeys | None, keep: float | None = None) -> None:
        now = self._clock.seconds()
        self._failures.pop(title, None)
        if keys is None:
            self._stale.forget((title,))
            self._cache.put(title, None)
            self._absent_expiry.set(title, now + self._limits.keep_absent)
            return
        if keys.system_title is None:
            keys = evolve(keys, system_title=title)
        keys = self._promotions.overlay(keys)
        self._cache.put(title, keys)
        self._expiry.set(title, now + (self._limits.keep if keep is None else keep))
        if keys.name is not None:
            if len(self._names) >= self._limits.most:
                self._names.clear()
            self._names[keys.name] = title

    def by_name(self, text: str) -> MeterKeys | None:
        """
        See L{IKeyStore.by_name}: among the meters that are remembered.
        """
        title = self._names.get(text)
        if title is None and len(text) == 16:
            try:
                title = bytes.fromhex(text)
            except ValueError:
                return None
        found = None if title is None else self._cache.get(title)
        return found if isinstance(found, MeterKeys) else None

    def titles(self) -> Iterator[bytes]:
        """
        See L{IKeyStore.titles}: those that are remembered.
        """
        return self._cache.titles()

    def promote(self, title: bytes | None, epoch: str) -> MeterKeys | None:
        """
        See L{IKeyStore.promote}.
        """
        keys = self.cached(title)
        if not isinstance(keys, MeterKeys):
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
        See L{IKeyStore.check}: forgets what has been remembered for long enough.
        """
        now = self._clock.seconds()
        for expiry in (self._expiry, self._absent_expiry):
            for title in expiry.expired(now):
                self._expire(title)
        return succeed(False)

    def _expire(self, title: bytes) -> None:
        keys = self._cache.get(title)
        if isinstance(keys, MeterKeys):
            self._stale.put(title, keys)
        self._cache.forget((title,))

    def reload(self) -> Deferred[bool]:
        """
        See L{IKeyStore.reload}: asks for everything anew, when it is next wanted.
        """
        for title in tuple(self._cache.titles()):
            self._expire(title)
        self._cache.clear()
        self._expiry.clear()
        self._absent_expiry.clear()
        self._failures.clear()
        for callback in tuple(self._watchers):
            callback(Change(None))
        return succeed(True)

    def watch(self, callback: Callable[[Change], None]) -> None:
        """
        See L{IKeyStore.watch}.
        """
        self._watchers.append(callback)

    def close(self) -> None:
        """
        See L{IKeyStore.close}.  Questions that are out are cancelled.
        """
        self._closed = True
        self.default = None
        self._watchers.clear()
        self._queue.clear()
        self._cache.clear()
        self._stale.clear()
        for question in tuple(self._questions.values()):
            self._finish(question, None)
            self._cancel(question)

    def __repr__(self) -> str:
        return f"<DeferredKeyStore {len(self._cache)} remembered, {len(self._questions)} asked for>"


def _shown(title: bytes) -> str:
    return f"keys of {title.hex().upper()}"


def _words(result: object) -> str:
    """
    @return: what went wrong.  Texts of foreign exceptions are not repeated: nobody knows what they hold.
    """
    if not isinstance(result, Failure):
        return f"keys wanted, not {type(result).__name__}"
    if result.check(DLMSError):
        return str(result.getErrorMessage())
    return type(result.value).__name__
