"""
When keys change: what was kept raw for want of them is decoded again.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from twisted.internet.defer import CancelledError, Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from dlms_twisted.keys.interfaces import Change, IKeyStore
from dlms_twisted.push.counters import Counters
from dlms_twisted.push.opener import Opener
from dlms_twisted.push.source import Source
from dlms_twisted.session.notification import Outer
from dlms_twisted.store.record import Record
from dlms_twisted.store.redecode import Redecoded, Reopen, Reopened

__all__ = ["Rekeying"]


class _Journal(Protocol):
    def redecode(
        self, reopen: Reopen, titles: Collection[bytes] | None = None
    ) -> Deferred[Redecoded]: ...


class Rekeying:
    """
    Watches key stores, and has the journal's quarantine decoded again when one has changed.
    """

    log = Logger()

    def __init__(
        self, keys: IKeyStore, journal: _Journal, opener: Opener, counters: Counters
    ) -> None:
        """
        @param keys: The store of sources without one of their own.
        """
        self._keys = keys
        self._journal = journal
        self._opener = opener
        self._counters = counters
        self._sources: dict[str, Source] = {}
        self._running: set[Deferred[None]] = set()
        keys.watch(self._changed)

    def add(self, source: Source) -> None:
        """
        Watch the store of a source, too.
        """
        self._sources[source.label] = source
        if source.keys is not None:
            source.keys.watch(self._changed)

    def check(self) -> None:
        """
        Have each store look whether its source has changed.
        """
        stores = [self._keys, *(one.keys for one in self._sources.values() if one.keys is not None)]
        for store in {id(store): store for store in stores}.values():
            store.check()

    def stop(self) -> None:
        """
        End what is going on after its present slice.
        """
        for running in tuple(self._running):
            running.cancel()

    def _changed(self, change: Change) -> None:
        titles = None if change.default else change.titles
        if titles is not None and not titles:
            return
        done = self._journal.redecode(self._reopen, titles).addCallbacks(self._told, self._failed)
        self._running.add(done)
        done.addBoth(lambda _: self._running.discard(done))

    def _reopen(self, record: Record, outer: Outer) -> Reopened | Deferred[Reopened]:
        source = self._sources.get(record.source) or Source(label=record.source)
        return self._opener.reopen(source, outer)

    def _told(self, result: Redecoded) -> None:
        self._counters.redecoded += result.accepted
        if result.looked_at:
            self.log.info(
                "keys have changed: of {looked_at} refused messages {accepted} are readings now",
                looked_at=result.looked_at,
                accepted=result.accepted,
            )

    def _failed(self, reason: Failure) -> None:
        if not reason.check(CancelledError):
            self.log.warn(
                "refused messages could not be decoded again: {error}",
                error=reason.getErrorMessage(),
            )
