"""
From what became of messages to records on disk, and, after that, confirmations.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from dlms_twisted.apdu.data_notification import DataNotification
from dlms_twisted.errors import Reason
from dlms_twisted.push.counters import Counters
from dlms_twisted.push.queue import Arrival
from dlms_twisted.push.replies import peer_text
from dlms_twisted.security.keys import MeterKeys
from dlms_twisted.session.notification import Notification, Refusal
from dlms_twisted.store.record import ACCEPTED, REFUSED, Record

__all__ = ["Commits", "Observer", "Sink"]


class Sink(Protocol):
    """
    What is needed of a journal.
    """

    @property
    def writable(self) -> bool:
        """
        Can records be written now?
        """

    def append(self, records: Sequence[Record]) -> Deferred[list[str]]:
        """
        @return: fires with the identities when the records are on disk.
        """


#: Told of identities (empty where the quarantine's limits kept a record out) and their records.
Observer = Callable[[Sequence[str], Sequence[Record]], None]
#: Told after the commit of each notification that wants a confirmation.
Committed = Callable[[Arrival, Notification, MeterKeys | None], None]


class Commits:
    """
    Gathers the records of a slice and hands them to the journal.

    @ivar outstanding: Records handed over that are not on disk yet.
    """

    log = Logger()

    def __init__(
        self,
        journal: Sink,
        counters: Counters,
        *,
        most_outstanding: int = 20_000,
        observer: Observer | None = None,
        unblocked: Callable[[], None] = lambda: None,
    ) -> None:
        """
        @param most_outstanding: From so many uncommitted records on, no more is taken in.
        @param observer: Told of records when they are on disk, with their identities.
        @param unblocked: Called when L{blocked} may have ended.
        """
        self._journal = journal
        self._counters = counters
        self._most = most_outstanding
        self._observer = observer
        self._unblocked = unblocked
        self._batch: list[Record] = []
        self._wanting: list[tuple[Arrival, Notification, MeterKeys | None]] = []
        self.outstanding = 0
        self.confirm: Committed | None = None

    @property
    def blocked(self) -> bool:
        """
        Must taking-in stop, because the disk does not keep up or cannot be written?
        """
        return self.outstanding >= self._most or not self._journal.writable

    def add(
        self,
        arrival: Arrival,
        found: Notification | Refusal,
        keys: MeterKeys | None,
        repeated: Notification | None = None,
    ) -> None:
        """
        Make a record of what became of a message.

        @param repeated: For one that is refused as a replay: what it is, if it was verified and accepted before; it
            is confirmed again.
        """
        name = None if keys is None else keys.name
        if isinstance(found, Notification):
            self._counters.accepted += 1
            self._batch.append(_accepted(arrival, found, name))
            if self.confirm is not None and wants_confirmation(found):
                self._wanting.append((arrival, found, keys))
            return
        self._counters.refused[found.reason] += 1
        self._batch.append(_refused(arrival, found, name))
        if found.reason is Reason.REPLAY:
            self._counters.duplicates += 1
            if self.confirm is not None and repeated is not None and wants_confirmation(repeated):
                self._wanting.append((arrival, repeated, keys))

    def flush(self) -> None:
        """
        Hand the records that were added to the journal.
        """
        if not self._batch:
            return
        batch, self._batch = self._batch, []
        wanting, self._wanting = self._wanting, []
        self.outstanding += len(batch)
        written = self._journal.append(batch)
        written.addCallbacks(
            self._committed, self._failed, callbackArgs=(batch, wanting), errbackArgs=(len(batch),)
        )

    def _committed(
        self,
        identities: Sequence[str],
        batch: Sequence[Record],
        wanting: list[tuple[Arrival, Notification, MeterKeys | None]],
    ) -> None:
        self.outstanding -= len(identities)
        self._counters.committed += len(identities)
        if self.confirm is not None:
            for arrival, notification, keys in wanting:
                self.confirm(arrival, notification, keys)
        if self._observer is not None:
            self._observer(identities, batch)
        self._unblocked()

    def _failed(self, reason: Failure, count: int) -> None:
        # The journal holds what it cannot write; it fails only when it is closed under us.
        self.outstanding -= count
        self.log.error(
            "{count} records were not written: {error}", count=count, error=reason.getErrorMessage()
        )


def wants_confirmation(found: Notification) -> bool:
    """
    Is it a DataNotification whose service class says confirmed (bit 30 of the long-invoke-id-and-priority)?
    """
    message = found.message
    return isinstance(message, DataNotification) and message.confirmed


def _accepted(arrival: Arrival, found: Notification, name: str | None) -> Record:
    # Each push comes by here: fields are taken by position, which costs a fifth of taking them by name.
    received_at, source, peer, _, _, _, medium = arrival
    apdu, raw, message, title, epoch, counter, authenticated, _, _, checked, _, _ = found
    return tuple.__new__(
        Record,
        (
            received_at, source.label, peer_text(peer), medium, ACCEPTED, None, title, epoch, counter,
            authenticated, raw, None if raw.endswith(apdu) else apdu, name,
            message.date_time if type(message) is DataNotification else found.time, checked, None,
        ),
    )  # fmt: skip


def _refused(arrival: Arrival, found: Refusal, name: str | None) -> Record:
    return Record(
        arrival.received_at,
        arrival.source.label,
        peer_text(arrival.peer),
        arrival.medium,
        REFUSED,
        str(found.reason),
        found.title,
        found.epoch,
        found.counter,
        None,
        found.raw,
        None,
        name,
        None,
        False,
        found.detail,
    )
