"""
From a whole message to a notification or a refusal: whose key, which window, what is demanded.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from dlms_twisted.apdu.block_transfer import GeneralBlockTransfer
from dlms_twisted.codec.layout import LayoutCache
from dlms_twisted.cosem.push_layouts import PushLayouts
from dlms_twisted.errors import Reason
from dlms_twisted.keys.interfaces import MISS, IKeyStore, Miss
from dlms_twisted.push.plain import judge_plain
from dlms_twisted.push.queue import Arrival
from dlms_twisted.push.source import Source
from dlms_twisted.security.keys import MeterKeys, ReplayMode
from dlms_twisted.security.policy import Policy
from dlms_twisted.session.notification import (
    Notification,
    Outer,
    Refusal,
    Windows,
    open_notification,
)
from dlms_twisted.store.redecode import Reopened

__all__ = ["Opener"]

Join = Callable[[Arrival, Notification], list[Notification | Outer | Refusal]]

Deliver = Callable[[Arrival, Notification | Refusal, MeterKeys | None, Notification | None], None]


class Opener:
    """
    Opens messages, at once where the keys are at hand, else when they have been fetched.

    @ivar waiting: How many messages wait for keys.
    @ivar verify_repeats: Verify what is refused as a replay, so that a repeat can be confirmed again.
    @ivar join: Takes a block of general block transfer that came ciphered; gives what is whole then.
    """

    log = Logger()
    #: Messages that may wait for keys; one more is refused as C{unknown-key}, and decoded again later.
    MOST_WAITING: Final = 10_000

    def __init__(
        self,
        keys: IKeyStore,
        windows: Windows,
        deliver: Deliver,
        flush: Callable[[], None],
        *,
        layouts: LayoutCache,
        push_layouts: PushLayouts | None = None,
    ) -> None:
        """
        @param deliver: Called with the arrival, what became of it, the meter's keys where they are known, and, for a
            verified repeat, what it repeats.
        @param push_layouts: How messages name their meters.
        @param flush: Called after messages that had waited for keys: their records go to the journal in the turn in
            which their windows moved.
        """
        self._keys = keys
        self._windows = windows
        self._deliver = deliver
        self._flush = flush
        self._layouts = layouts
        self._push_layouts = push_layouts
        self._fetching: dict[tuple[int, bytes | None], list[tuple[Arrival, Outer]]] = {}
        self.waiting = 0
        self.verify_repeats = False
        self.join: Join | None = None

    def open(self, arrival: Arrival, outer: Outer) -> None:
        """
        Open a message and deliver it, now or later; messages of one title stay in order.
        """
        source: Source = arrival.source
        store = self._keys if source.keys is None else source.keys
        keys: MeterKeys | Miss | None
        if _keyless(outer):
            keys = None
        else:
            keys = store.cached(outer.title)
            waiting = self._fetching.get((id(store), outer.title)) if self._fetching else None
            if keys is MISS or waiting is not None:
                self._wait(store, arrival, outer, waiting)
                return
        assert not isinstance(keys, Miss)
        self._finish(store, arrival, outer, keys)

    def _wait(
        self,
        store: IKeyStore,
        arrival: Arrival,
        outer: Outer,
        waiting: list[tuple[Arrival, Outer]] | None,
    ) -> None:
        if self.waiting >= self.MOST_WAITING:
            self._finish(store, arrival, outer, None)
            return
        self.waiting += 1
        if waiting is not None:
            waiting.append((arrival, outer))
            return
        self._fetching[id(store), outer.title] = [(arrival, outer)]
        fetched: Deferred[MeterKeys | None] = store.fetch(outer.title)
        fetched.addErrback(self._not_fetched, outer.title)
        fetched.addCallback(self._fetched, store, outer.title)

    def _not_fetched(self, reason: Failure, title: bytes | None) -> None:
        shown = title.hex() if title else "no title"
        self.log.warn(
            "keys of {title} could not be fetched: {error}",
            title=shown,
            error=reason.getErrorMessage(),
        )

    def _fetched(self, keys: MeterKeys | None, store: IKeyStore, title: bytes | None) -> None:
        # Popped only when all are done, so that none that comes meanwhile overtakes.
        waiting = self._fetching[id(store), title]
        at = 0
        while at < len(waiting):
            arrival, outer = waiting[at]
            at += 1
            self.waiting -= 1
            self._finish(store, arrival, outer, keys)
        del self._fetching[id(store), title]
        self._flush()

    def _finish(
        self, store: IKeyStore, arrival: Arrival, outer: Outer, keys: MeterKeys | None
    ) -> None:
        policy = _demands(store, arrival.source, keys)
        found = open_notification(outer, keys, self._windows, policy=policy, layouts=self._layouts)
        repeated = None
        if isinstance(found, Notification):
            if found.checked and found.counter is not None:
                mode = ReplayMode.WINDOW if keys is None else keys.replay
                self._windows.get(found.title, found.epoch or "", mode).accept(found.counter)
            if found.pending and found.authenticated:
                keys = self._promote(store, found)
            if self.join is not None and isinstance(found.message, GeneralBlockTransfer):
                # Each block's counter is used up; the record is made when the message is whole.
                self._joined(arrival, self.join(arrival, found), keys)
                return
            if not found.encrypted and not found.authenticated:
                keys, found = judge_plain(store, found, keys, policy, self._push_layouts)
        elif found.reason is Reason.REPLAY and self.verify_repeats:
            repeated = self._repeated(outer, found, keys, policy)
        self._deliver(arrival, found, keys, repeated)

    def _joined(
        self,
        arrival: Arrival,
        parts: list[Notification | Outer | Refusal],
        keys: MeterKeys | None,
    ) -> None:
        for part in parts:
            if isinstance(part, Outer):
                self.open(arrival, part)
            else:
                self._deliver(arrival, part, keys, None)

    def reopen(self, source: Source, outer: Outer) -> Reopened | Deferred[Reopened]:
        """
        Open a message of the quarantine with the keys of today.  No counter is judged, and nothing is delivered.

        @return: what it is, now or later.
        """
        store = self._keys if source.keys is None else source.keys
        keys = None if _keyless(outer) else store.cached(outer.title)
        if isinstance(keys, Miss):
            fetched: Deferred[MeterKeys | None] = store.fetch(outer.title)
            return fetched.addCallback(self._reopened, store, source, outer)
        return self._reopened(keys, store, source, outer)

    def _reopened(
        self, keys: MeterKeys | None, store: IKeyStore, source: Source, outer: Outer
    ) -> Reopened:
        policy = _demands(store, source, keys)
        found = open_notification(outer, keys, None, policy=policy, layouts=self._layouts)
        if isinstance(found, Notification) and not found.encrypted and not found.authenticated:
            keys, found = judge_plain(store, found, keys, policy, self._push_layouts)
        return Reopened(found, keys)

    def _repeated(
        self, outer: Outer, refusal: Refusal, keys: MeterKeys | None, policy: Policy
    ) -> Notification | None:
        """
        Is a replay a verified repeat of what was accepted?  What lies behind the window cannot be told from what
        was never taken, and is none.
        """
        if keys is None or refusal.epoch is None or refusal.counter is None:
            return None
        window = self._windows.get(refusal.title, refusal.epoch, keys.replay)
        if window.highest - refusal.counter >= window.size:
            return None
        found = open_notification(outer, keys, None, policy=policy, layouts=self._layouts)
        return found if isinstance(found, Notification) and found.authenticated else None

    def _promote(self, store: IKeyStore, found: Notification) -> MeterKeys | None:
        keys: MeterKeys | None = store.promote(found.title, found.epoch or "")
        self.log.info(
            "{title} uses its pending key now, epoch {epoch}",
            title=found.title.hex() if found.title else "a meter without title",
            epoch=found.epoch,
        )
        return keys


def _keyless(outer: Outer) -> bool:
    """
    Is a message plain, so that no key is wanted?
    """
    return outer.envelope is None and outer.title is None


def _demands(store: IKeyStore, source: Source, keys: MeterKeys | None) -> Policy:
    policy: Policy = store.default_policy if keys is None else keys.policy
    return policy if source.policy is None else policy | source.policy
