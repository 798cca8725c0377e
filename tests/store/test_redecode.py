"""
Tests of decoding again what was kept raw.
"""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred, succeed

from dlms_twisted.codec.layout import LayoutCache
from dlms_twisted.errors import StoreError
from dlms_twisted.keys.interfaces import MISS
from dlms_twisted.keys.memory import KeyTable, MemoryKeyStore, NoKeys
from dlms_twisted.push.opener import Opener
from dlms_twisted.push.source import Source
from dlms_twisted.security.keys import MeterKeys, key_epoch
from dlms_twisted.security.policy import Policy
from dlms_twisted.store.journal import Journal
from dlms_twisted.store.lock import LockFile
from dlms_twisted.store.query import Filter, JournalReader
from dlms_twisted.store.record import StoredRecord
from dlms_twisted.store.redecode import Redecoded, Redecoder, Reopen
from dlms_twisted.store.series import REDECODED, segment_files
from dlms_twisted.store.verify import verify
from dlms_twisted.store.windows import WindowTable
from dlms_twisted.store.worker import InlineWorker
from tests.store.messages import KEYS, OTHER, ciphered, notification, opened, pushed, unknown
from tests.store.support import FULL, NOON, TITLE, FaultyDisk, JournalTestCase, QuickDisk, refused

assert KEYS.encryption_key is not None
EPOCH = key_epoch(KEYS.encryption_key)


class SlowStore(MemoryKeyStore):
    """
    Answers later.
    """

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[Deferred[MeterKeys | None]] = []
        self.answered: tuple[MeterKeys | None] | None = None

    def cached(self, title: bytes | None) -> Any:
        """
        Nothing is at hand.
        """
        return MISS

    def fetch(self, title: bytes | None) -> Deferred[MeterKeys | None]:
        """
        Wait for L{answer}.
        """
        asked: Deferred[MeterKeys | None] = Deferred()
        if self.answered is not None:
            asked.callback(*self.answered)
        self.asked.append(asked)
        return asked

    def answer(self, keys: MeterKeys | None) -> None:
        """
        Answer what was asked, and what will be.
        """
        self.answered = (keys,)
        for asked in tuple(self.asked):
            asked.callback(keys)


def reopener(keys: MemoryKeyStore, source: Source | None = None) -> Reopen:
    """
    @return: what opens messages with C{keys}, or as a source of its own demands.
    """
    opener = Opener(
        keys,
        WindowTable(lambda *_: None, lambda *_: frozenset(), 1),
        lambda *_: None,
        lambda: None,
        layouts=LayoutCache(),
    )
    return lambda record, outer: opener.reopen(source or Source(label=record.source), outer)


def store(*meters: MeterKeys) -> MemoryKeyStore:
    """
    @return: a key store.
    """
    return MemoryKeyStore(KeyTable.of(meters))


class RedecodeTests(JournalTestCase):
    """
    Tests of L{Journal.redecode}: a collector that gets keys.
    """

    def all(self) -> list[StoredRecord]:
        """
        @return: all that a query shows.
        """
        return list(JournalReader(self.directory).records())

    def quarantined(self, *counters: int) -> Journal:
        """
        @return: a journal with these pushes in its quarantine.
        """
        journal = self.open()
        journal.append([unknown(counter) for counter in counters])
        self.successResultOf(journal.flush())
        return journal

    def redecode(self, journal: Journal, *meters: MeterKeys) -> Redecoded:
        """
        Decode again with these keys.
        """
        return self.successResultOf(journal.redecode(reopener(store(*meters))))

    def accepts_now(self, journal: Journal, counter: int) -> bool:
        """
        Would a live push with this counter be accepted?
        """
        return journal.windows.get(TITLE, EPOCH).check(counter)

    def test_accepted(self) -> None:
        """
        When the key comes, what was kept raw is a reading as if it had been accepted, arrival and origin kept.
        """
        journal = self.quarantined(5, 6)
        before = self.all()
        self.assertEqual(self.redecode(journal, KEYS), Redecoded(2, 2, 0, 0))
        found = self.all()
        for counter, one, origin in zip((5, 6), found, before, strict=True):
            self.assertEqual(one.record, opened(counter, EPOCH, received_at=NOON + counter))
            self.assertEqual(one.id, f"{TITLE.hex()}-{EPOCH}-{counter}")
            self.assertEqual(one.origin, origin.id)
        self.assertEqual(verify(self.directory)["problems"], [])

    def test_once(self) -> None:
        """
        A second run finds nothing more to do.
        """
        journal = self.quarantined(5, 6)
        self.redecode(journal, KEYS)
        self.assertEqual(self.redecode(journal, KEYS), Redecoded(0, 0, 0, 0))
        self.assertEqual(len(self.all()), 2)

    def test_no_window_moves(self) -> None:
        """
        Live windows stay where they are, but what was accepted out of the quarantine is refused from now on, after
        a restart too; all other counters are free.
        """
        journal = self.quarantined(5, 5000)
        self.redecode(journal, KEYS)
        for _ in range(2):
            window = journal.windows.get(TITLE, EPOCH)
            self.assertEqual(window.highest, -1)
            self.assertFalse(self.accepts_now(journal, 5))
            self.assertFalse(self.accepts_now(journal, 5000))
            self.assertTrue(self.accepts_now(journal, 6))
            self.close(journal)
            journal = self.open()

    def test_window_goes_on(self) -> None:
        """
        Live pushes go on as before, and their window is kept, guarded or not.
        """
        journal = self.quarantined(7)
        self.accept(journal, 6, epoch=EPOCH)
        self.redecode(journal, KEYS)
        self.accept(journal, 8, epoch=EPOCH)
        self.close(journal)
        journal = self.open()
        self.assertEqual(
            [self.accepts_now(journal, one) for one in (5, 6, 7, 8, 9)], [1, 0, 0, 0, 1]
        )

    def test_accepted_live(self) -> None:
        """
        A counter that was accepted meanwhile, committed or not, is a replay; the quarantined one says so.
        """
        journal = self.quarantined(5, 6)
        self.accept(journal, 5, epoch=EPOCH)
        self.assertEqual(self.redecode(journal, KEYS), Redecoded(2, 1, 1, 0))
        shown = [(one.record.counter, one.record.reason) for one in self.all()]
        self.assertEqual(sorted(shown, key=str), [(5, "replay"), (5, None), (6, None)])
        self.assertEqual(self.redecode(journal, KEYS).looked_at, 0)
        self.assertEqual(verify(self.directory)["problems"], [])

    def test_behind_the_window(self) -> None:
        """
        Old counters are judged against the whole journal: not seen is accepted, seen is a replay.
        """
        journal = self.open()
        self.accept(journal, 3, epoch=EPOCH)
        self.accept(journal, 9000, epoch=EPOCH)
        journal.append([unknown(3), unknown(4)])
        self.assertEqual(self.redecode(journal, KEYS), Redecoded(2, 1, 1, 0))
        self.assertEqual(journal.windows.get(TITLE, EPOCH).highest, 9000)

    def test_sent_twice(self) -> None:
        """
        Of a push that was sent twice before the key was there, one is accepted.
        """
        journal = self.quarantined(5, 5)
        self.assertEqual(self.redecode(journal, KEYS), Redecoded(2, 1, 1, 0))

    def test_wrong_key(self) -> None:
        """
        With a wrong key the reason changes, and the record waits on for the right one.
        """
        journal = self.quarantined(5)
        self.assertEqual(self.redecode(journal, OTHER), Redecoded(1, 0, 0, 1))
        [one] = self.all()
        self.assertEqual(one.record.reason, "bad-tag")
        self.assertEqual(self.redecode(journal, OTHER), Redecoded(1, 0, 0, 1))
        self.assertEqual(self.redecode(journal, KEYS), Redecoded(1, 1, 0, 0))

    def test_no_key(self) -> None:
        """
        Without a key nothing changes.
        """
        journal = self.quarantined(5)
        before = self.all()
        self.assertEqual(self.redecode(journal), Redecoded(1, 0, 0, 1))
        self.assertEqual(self.all(), before)

    def test_titles(self) -> None:
        """
        Only the senders whose keys have changed are looked at, however many there are.
        """
        journal = self.quarantined(5)
        reopen = reopener(store(KEYS))
        others = [number.to_bytes(8, "big") for number in range(1000)]
        for titles in (others[:3], others):
            done = self.successResultOf(journal.redecode(reopen, titles))
            self.assertEqual(done.looked_at, 0)
        for titles in ([TITLE], [*others, TITLE]):
            journal.append([unknown(len(titles))])
            self.successResultOf(journal.flush())
            self.assertNotEqual(self.successResultOf(journal.redecode(reopen, titles)).accepted, 0)

    def test_many(self) -> None:
        """
        More than a slice, out of several segments.
        """
        journal = self.open(segment_octets=20_000)
        for start in range(0, 300, 50):
            journal.append([unknown(counter) for counter in range(start, start + 50)])
            self.successResultOf(journal.flush())
        self.assertEqual(self.redecode(journal, KEYS).accepted, 300)
        counters = [one.record.counter for one in self.all()]
        self.assertEqual(counters, list(range(300)))
        self.assertGreater(len(segment_files(self.directory, REDECODED)), 1)
        self.assertFalse(self.accepts_now(journal, 299))
        self.assertEqual(verify(self.directory)["problems"], [])

    def test_not_checked(self) -> None:
        """
        Where the meter's counters are not judged, a record gets an identity of its own.
        """
        from attrs import evolve

        from dlms_twisted.security.keys import ReplayMode

        journal = self.quarantined(5, 5)
        done = self.redecode(journal, evolve(KEYS, replay=ReplayMode.OFF))
        self.assertEqual(done.accepted, 2)
        identities = [one.id for one in self.all()]
        self.assertEqual(len(set(identities)), 2)
        self.assertTrue(all(len(one) == 32 for one in identities))
        self.assertEqual(verify(self.directory)["problems"], [])

    def test_policy(self) -> None:
        """
        A plain message of a listed meter stays refused while its policy demands more, and is accepted when it does
        not any more.
        """
        from attrs import evolve

        named = evolve(KEYS, name="4711000815")
        journal = self.open()
        plain = pushed()
        journal.append([refused(1, reason="downgrade", raw=plain.raw, title=None, counter=None)])
        self.successResultOf(journal.flush())
        allowing = MemoryKeyStore(KeyTable.of([named], default_policy=Policy.NONE))
        done = self.successResultOf(journal.redecode(reopener(allowing)))
        self.assertEqual(done, Redecoded(1, 0, 0, 1))
        relaxed = MemoryKeyStore(
            KeyTable.of([evolve(named, policy=Policy.NONE)], default_policy=Policy.NONE)
        )
        done = self.successResultOf(journal.redecode(reopener(relaxed)))
        self.assertEqual(done.accepted, 1)
        [one] = self.all()
        self.assertEqual((one.record.plain, one.record.meter), (None, "4711000815"))

    def test_of_a_source(self) -> None:
        """
        A source with keys and demands of its own has them here too.
        """
        journal = self.quarantined(5)
        strict = Source(label="udp:4059", keys=store(), policy=None)
        reopen = reopener(store(KEYS), strict)
        self.assertEqual(self.successResultOf(journal.redecode(reopen)).accepted, 0)
        signed = Source(label="udp:4059", policy=Policy(signed=True))
        reopen = reopener(store(KEYS), signed)
        self.assertEqual(self.successResultOf(journal.redecode(reopen)).accepted, 0)
        self.assertEqual(self.all()[0].record.reason, "downgrade")
        reopen = reopener(NoKeys(), Source(label="x", keys=store(KEYS)))
        self.assertEqual(self.successResultOf(journal.redecode(reopen)).accepted, 1)

    def test_keys_that_must_be_fetched(self) -> None:
        """
        Keys may come later.
        """
        keys = SlowStore()
        journal = self.quarantined(5)
        done = journal.redecode(reopener(keys))
        self.assertNoResult(done)
        keys.answer(KEYS)
        self.assertEqual(self.successResultOf(done).accepted, 1)

    def test_one_after_the_other(self) -> None:
        """
        A run that is asked for during another one follows it.
        """
        keys = SlowStore()
        journal = self.quarantined(5)
        first = journal.redecode(reopener(keys))
        second = journal.redecode(reopener(store(KEYS)))
        self.assertNoResult(second)
        keys.answer(None)
        self.assertEqual(self.successResultOf(first).accepted, 0)
        self.assertEqual(self.successResultOf(second).accepted, 1)

    def test_closing(self) -> None:
        """
        A journal that is closed meanwhile waits for the slice that is going on, and starts no other.
        """
        keys = SlowStore()
        journal = self.quarantined(*range(100))
        done = journal.redecode(reopener(keys))
        later = journal.redecode(reopener(store(KEYS)))
        closed = journal.close()
        self.assertNoResult(closed)
        keys.answer(KEYS)
        self.failureResultOf(done, StoreError)
        self.failureResultOf(later, StoreError)
        self.successResultOf(closed)
        self._open.remove(journal)
        self.assertRaises(StoreError, journal.redecode, reopener(keys))

    def test_disk_full(self) -> None:
        """
        If what is accepted cannot be written, or not be marked, the run fails, and a later one does it, once.
        """
        for name, at in (
            ("redecoded", "COMMIT"),
            ("quarantine", "BEGIN"),
            ("quarantine", "COMMIT"),
        ):
            self.directory = Path(self.mktemp())
            disk = FaultyDisk()
            journal = self.open(disk)
            journal.append([unknown(5), unknown(6)])
            self.successResultOf(journal.flush())
            disk.name, disk.at, disk.error = name, at, FULL
            failing = journal.redecode(reopener(store(KEYS)))
            self.failureResultOf(failing, sqlite3.OperationalError)
            self.assertTrue(journal.writable)
            disk.error = None
            # Either none was written, or they are refused already.
            self.assertEqual(self.accepts_now(journal, 5), name == "redecoded")
            self.assertEqual(self.redecode(journal, KEYS).accepted, 2)
            self.assertFalse(self.accepts_now(journal, 5))
            self.assertEqual([one.record.counter for one in self.all()], [5, 6])
            self.assertEqual(verify(self.directory)["problems"], [])

    def test_refused_meanwhile(self) -> None:
        """
        While a counter is on its way out of the quarantine, a live push with it is refused.
        """
        journal = self.quarantined(5)
        held: list[bool] = []
        flush = journal._live._flush

        def watch() -> Deferred[None]:
            held.append(self.accepts_now(journal, 5))
            return flush()

        journal._live._flush = watch
        self.redecode(journal, KEYS)
        self.assertEqual(held, [False])

    def test_reserved_in_vain(self) -> None:
        """
        A counter that turns out not to be written is free again.
        """
        disk = FaultyDisk()
        journal = self.open(disk)
        journal.append([unknown(5)])
        self.successResultOf(journal.flush())
        disk.name, disk.error = "redecoded", FULL
        self.failureResultOf(journal.redecode(reopener(store(KEYS))), sqlite3.Error)
        self.assertTrue(self.accepts_now(journal, 5))

    def test_damaged_record(self) -> None:
        """
        Octets that hold no message at all are passed over.
        """
        journal = self.open()
        journal.append([refused(1, raw=b"nothing", title=None, counter=None), unknown(5)])
        self.assertEqual(self.redecode(journal, KEYS), Redecoded(2, 1, 0, 1))

    def test_several_in_a_frame(self) -> None:
        """
        Of several messages in the same octets each record is the one with its counter.
        """
        both = ciphered(5) + ciphered(6)
        journal = self.open()
        journal.append([unknown(5)._replace(raw=both), unknown(6)._replace(raw=both)])
        self.assertEqual(self.redecode(journal, KEYS).accepted, 2)
        plaintexts = {one.record.plain for one in self.all()}
        self.assertEqual(plaintexts, {notification(5), notification(6)})

    def test_expired(self) -> None:
        """
        When such a segment is removed because of its age, its counters stay refused.
        """
        journal = self.open(age=1000.0, segment_octets=1)
        journal.append([unknown(5), unknown(6)])
        self.redecode(journal, KEYS)
        journal.append([unknown(7, received_at=NOON + 10**9)])
        self.clock.advance(1000)
        self.redecode(journal, KEYS)
        self.clock.pump([30.0] * 4)
        self.assertEqual([file.number for file in segment_files(self.directory, REDECODED)], [2])
        self.close(journal)
        journal = self.open()
        self.assertEqual([self.accepts_now(journal, one) for one in (5, 6, 7, 8)], [0, 0, 0, 1])


class OtherProcessTests(JournalTestCase):
    """
    Tests of L{Redecoder} beside a running collector, as C{dlms journal redecode} does it.
    """

    def run_redecoder(self) -> Redecoded:
        """
        Decode again as another process does.
        """
        redecoder = Redecoder(
            self.directory,
            reopener(store(KEYS)),
            clock=self.clock,
            worker=InlineWorker(),
            disk=QuickDisk(),
        )
        return self.successResultOf(redecoder.run())

    def test_beside(self) -> None:
        """
        It works beside a running collector, which refuses from then on what was accepted so.
        """
        journal = self.open()
        self.accept(journal, 4, epoch=EPOCH)
        journal.append([unknown(4), unknown(5)])
        self.successResultOf(journal.flush())
        self.assertEqual(self.run_redecoder(), Redecoded(2, 1, 1, 0))
        self.clock.advance(60)
        self.assertFalse(journal.windows.get(TITLE, EPOCH).check(5))
        journal.append([unknown(6)])
        self.successResultOf(journal.flush())
        self.assertEqual(self.run_redecoder(), Redecoded(1, 1, 0, 0))
        self.assertEqual(verify(self.directory)["problems"], [])

    def test_without_collector(self) -> None:
        """
        It works on a journal that nobody has open, and after a crash.
        """
        journal = self.open()
        self.accept(journal, 4, epoch=EPOCH)
        journal.append([unknown(4), unknown(5)])
        self.successResultOf(journal.flush())
        copy = Path(self.mktemp())
        shutil.copytree(self.directory, copy)
        self.close(journal)
        self.assertEqual(self.run_redecoder(), Redecoded(2, 1, 1, 0))
        self.directory = copy
        self.assertEqual(self.run_redecoder(), Redecoded(2, 1, 1, 0))

    def test_one_at_a_time(self) -> None:
        """
        Two never decode the same journal.
        """
        self.close(self.open())
        lock = LockFile(self.directory / "redecode.lock")
        lock.acquire("a redecoding")
        redecoder = Redecoder(
            self.directory,
            reopener(store(KEYS)),
            clock=self.clock,
            worker=InlineWorker(),
            disk=QuickDisk(),
        )
        failure = self.failureResultOf(redecoder.run(), StoreError)
        self.assertIn("in use by a redecoding", str(failure.value))
        lock.release()

    def test_stop(self) -> None:
        """
        It ends after the slice that is going on.
        """
        journal = self.open()
        journal.append([unknown(counter) for counter in range(100)])
        self.close(journal)
        redecoder = Redecoder(
            self.directory,
            lambda record, outer: succeed(reopen(record, outer)),  # type: ignore[arg-type]
            clock=self.clock,
            worker=InlineWorker(),
            disk=QuickDisk(),
        )
        keep = reopener(store(KEYS))

        def reopen(record: object, outer: object) -> object:
            redecoder.stop()
            return keep(record, outer)  # type: ignore[arg-type]

        done = self.successResultOf(redecoder.run())
        self.assertEqual(done.accepted, 64)
        accepted = list(JournalReader(self.directory).records(Filter(outcome="accepted")))
        self.assertEqual(len(accepted), 64)
