"""
Decoding again what was kept raw, when a key has come: by a running collector and by C{dlms journal redecode} alike.

What decodes now is written to a series of its own, once, and the record in the quarantine is marked.  Old counters are
judged against the whole journal, and no live window is moved: what was accepted out of the quarantine is refused by
the windows besides (L{dlms_twisted.store.windows.GuardedWindow}).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from dlms_twisted.codec.layout import LayoutCache
from dlms_twisted.errors import Reason
from dlms_twisted.security.keys import MeterKeys, ReplayMode
from dlms_twisted.session.notification import Notification, Outer, Refusal
from dlms_twisted.store.content import outers_of
from dlms_twisted.store.disk import Disk
from dlms_twisted.store.lock import LockFile
from dlms_twisted.store.record import ACCEPTED, Record, StoredRecord
from dlms_twisted.store.redecoding import Found, Redecoding
from dlms_twisted.store.series import REDECODE_LOCK
from dlms_twisted.store.windows import Key
from dlms_twisted.store.worker import Worker

__all__ = ["REDECODABLE", "Redecoded", "Redecoder", "Reopen", "Reopened", "Reserve"]

#: Refusals that a key, a policy or a later version of this program can turn.
REDECODABLE: Final = (
    Reason.UNKNOWN_KEY,
    Reason.BAD_TAG,
    Reason.IMPLAUSIBLE_PLAINTEXT,
    Reason.DOWNGRADE,
    Reason.UNSUPPORTED,
    Reason.BAD_SIGNATURE,
)

#: Opens a message of a record with the keys of today, judging no counter, at once or later.
Reopen = Callable[[Record, Outer], "Reopened | Deferred[Reopened]"]

#: Records of one slice.
_SLICE: Final = 64


class Reopened(NamedTuple):
    """
    A message that was opened again.

    @ivar found: What it is, or why it is refused now.
    @ivar keys: Of its meter, where they are known.
    """

    found: Notification | Refusal
    keys: MeterKeys | None


class Redecoded(NamedTuple):
    """
    What came of it.

    @ivar looked_at: Records of the quarantine that were tried.
    @ivar accepted: Those that are readings now.
    @ivar replays: Those whose message had been accepted already.
    @ivar refused: Those that wait on.
    """

    looked_at: int = 0
    accepted: int = 0
    replays: int = 0
    refused: int = 0


class Reserve:
    """
    What a running collector does about its windows; a process without live windows does nothing.
    """

    def reserve(self, counters: Sequence[tuple[Key, int]]) -> Deferred[None] | None:
        """
        Refuse these counters from now on, and commit all that was accepted before.

        @return: fires when that is on the disk; L{None}: it is.
        """
        return None

    def settled(self, keys: Collection[Key]) -> None:
        """
        What was reserved of these windows is accepted, and on the disk, or is not wanted any more.
        """


class Redecoder:
    """
    One run over the quarantine, in slices: reading and writing in the worker, opening in the reactor's thread.
    """

    def __init__(
        self,
        directory: Path,
        reopen: Reopen,
        *,
        clock: IReactorTime,
        worker: Worker,
        disk: Disk | None = None,
        reserve: Reserve | None = None,
        titles: Collection[bytes] | None = None,
        segment_octets: int = 1 << 30,
    ) -> None:
        """
        @param reopen: Has the keys and the demands.
        @param worker: Does the disk's work.
        @param reserve: The live windows, if there are some.
        @param titles: Only these senders; L{None}: all.
        @param segment_octets: Of the segments that are written.
        """
        self._directory = directory
        self._reopen = reopen
        self._clock = clock
        self._worker = worker
        self._disk = disk or Disk()
        self._reserve = reserve or Reserve()
        self._titles = None if titles is None else frozenset(titles)
        self._octets = segment_octets
        self._layouts = LayoutCache()
        self._stopped = False

    def stop(self) -> None:
        """
        End after the slice that is going on.
        """
        self._stopped = True

    def run(self) -> Deferred[Redecoded]:
        """
        Decode what can be decoded.

        @return: fires with what came of it; fails with L{StoreError<dlms_twisted.errors.StoreError>} while another
            process decodes, and with C{sqlite3.Error} if a file cannot be read or written: what was done until then
            is done.  Cancelling it ends it after the slice that is going on.
        """
        return Deferred.fromCoroutine(self._run())

    async def _run(self) -> Redecoded:
        lock = LockFile(self._directory / REDECODE_LOCK)
        lock.acquire("a redecoding")
        redecoding = Redecoding(self._directory, self._disk, self._octets)
        total = Redecoded()
        try:
            await self._do(redecoding.start)
            while not self._stopped:
                rows = await self._do(lambda: redecoding.read(_SLICE, REDECODABLE, self._titles))
                if not rows:
                    break
                total = _sum(total, await self._slice(redecoding, rows))
        finally:
            await self._do(redecoding.close)
            lock.release()
        return total

    async def _slice(self, redecoding: Redecoding, rows: Sequence[StoredRecord]) -> Redecoded:
        accepted, refused = [], []
        for stored in rows:
            found = await self._open(stored.record)
            if isinstance(found, Record):
                accepted.append(Found(stored, found))
            elif isinstance(found, Refusal) and str(found.reason) != stored.record.reason:
                refused.append((stored, found))
        counters = [
            ((one.record.title or b"", one.record.epoch or ""), one.record.counter or 0)
            for one in accepted
            if one.record.checked
        ]
        waiting = self._reserve.reserve(counters)
        if waiting is not None:
            await waiting
        now = int(self._clock.seconds() * 1_000_000)
        replays = 0
        try:
            if accepted or refused:
                replays = await self._do(lambda: redecoding.write(accepted, refused, now))
        finally:
            self._reserve.settled({key for key, _ in counters})
        return Redecoded(len(rows), len(accepted) - replays, replays, len(rows) - len(accepted))

    async def _open(self, record: Record) -> Record | Refusal | None:
        """
        @return: the record as it is now, or why it is refused, or L{None}: its octets cannot be cut.
        """
        outer = _same(record, list(outers_of(record, self._layouts)))
        if outer is None:
            return None
        opened = self._reopen(record, outer)
        found, keys = await opened if isinstance(opened, Deferred) else opened
        return _record(record, found, keys) if isinstance(found, Notification) else found

    async def _do(self, job: Callable[[], Any]) -> Any:
        return await self._worker.submit(job)


def _same(record: Record, outers: Sequence[Outer]) -> Outer | None:
    """
    @return: the one of the messages in a record's octets that the record is of.
    """
    if record.counter is not None:
        for outer in outers:
            envelope = outer.envelope
            if envelope is not None and envelope.invocation_counter == record.counter:
                return outer
    return outers[0] if outers else None


def _record(record: Record, found: Notification, keys: MeterKeys | None) -> Record:
    checked = (
        found.authenticated is True
        and found.counter is not None
        and found.epoch is not None
        and keys is not None
        and keys.replay is not ReplayMode.OFF
    )
    return record._replace(
        outcome=ACCEPTED,
        reason=None,
        title=found.title,
        epoch=found.epoch,
        counter=found.counter,
        authenticated=found.authenticated,
        plain=found.plain,
        meter=record.meter if keys is None else keys.name,
        time=found.time,
        checked=checked,
        detail=None,
    )


def _sum(one: Redecoded, other: Redecoded) -> Redecoded:
    return Redecoded(*(a + b for a, b in zip(one, other, strict=True)))
