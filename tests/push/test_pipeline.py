"""
Tests of the collector's pipeline: L{dlms_twisted.push.pipeline}, L{dlms_twisted.push.opener},
L{dlms_twisted.push.commits}, L{dlms_twisted.push.confirm}.
"""

from __future__ import annotations

from random import Random
from typing import Any

from attrs import evolve
from twisted.internet.defer import Deferred, fail
from twisted.logger import capturedLogs
from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.apdu import registry
from dlms_twisted.apdu.block_transfer import GeneralBlockTransfer
from dlms_twisted.apdu.data_notification import DataNotificationConfirm
from dlms_twisted.errors import DLMSError
from dlms_twisted.keys.counters import MemoryCounters
from dlms_twisted.keys.interfaces import MISS
from dlms_twisted.keys.memory import KeyTable, MemoryKeyStore, NoKeys
from dlms_twisted.link.wrapper import encode_frame, split_datagram
from dlms_twisted.push.source import Source
from dlms_twisted.security.keys import MeterKeys, ReplayMode, key_epoch
from dlms_twisted.security.opening import open_envelope
from dlms_twisted.security.policy import Policy
from dlms_twisted.security.protect import protect
from dlms_twisted.server.push_meter import PushMeter
from dlms_twisted.server.pusher import damage
from dlms_twisted.transport.datagram import DatagramSource
from tests.push.support import HeldJournal, Rig, keys_of

NOW = 1_790_000_000.0


class RecordingPort(DatagramSource):
    """
    A UDP port that remembers what it was to send.
    """

    def __init__(self) -> None:
        self.sent: list[tuple[bytes, Any]] = []

    def send(self, octets: bytes, address: Any) -> None:
        """
        Remember it.
        """
        self.sent.append((octets, address))


class PlainTests(SynchronousTestCase):
    """
    Plain pushes.
    """

    def test_accepted(self) -> None:
        """
        Without keys a plain push is a record: raw as it came, no title, no plaintext of its own.
        """
        rig = Rig(store=NoKeys())
        frame = PushMeter(1).push(NOW, ciphered=False)
        [record] = rig.send(frame)
        self.assertEqual((record.outcome, record.reason), ("accepted", None))
        self.assertEqual((record.raw, record.plain), (frame, None))
        self.assertEqual((record.title, record.authenticated, record.checked), (None, None, False))
        self.assertEqual((record.source, record.peer), ("udp:4059", "192.0.2.1:4000"))
        self.assertEqual(record.received_at, 1_790_000_000_000_000)
        self.assertIsNotNone(record.time)

    def test_repeats_are_kept(self) -> None:
        """
        Nothing tells a plain repeat from a second push: both are kept.
        """
        rig = Rig(store=NoKeys())
        frame = PushMeter(1).push(NOW, ciphered=False)
        self.assertEqual([one.outcome for one in rig.send(frame, frame)], ["accepted"] * 2)

    def test_refused_with_keys(self) -> None:
        """
        With a key file the default demand is encryption: a plain push is a downgrade.
        """
        [record] = Rig([PushMeter(1).keys]).send(PushMeter(2).push(NOW, ciphered=False))
        self.assertEqual((record.outcome, record.reason), ("refused", "downgrade"))

    def test_listed_meter(self) -> None:
        """
        A plain push whose content names a listed meter is judged by that meter's policy.
        """
        meter = PushMeter(7)
        listed = keys_of(meter, name="SIM0000000007")
        rig = Rig([listed], policy=Policy.NONE)
        [record] = rig.send(meter.push(NOW, ciphered=False))
        self.assertEqual((record.outcome, record.reason), ("refused", "downgrade"))
        self.assertEqual(record.meter, "SIM0000000007")
        [other] = rig.send(PushMeter(8).push(NOW, ciphered=False))
        self.assertEqual(other.outcome, "accepted")

    def test_several_frames_and_padding(self) -> None:
        """
        A datagram may hold several frames, and zeros behind them; each frame is a record.
        """
        rig = Rig(store=NoKeys())
        first, second = (PushMeter(n).push(NOW, ciphered=False) for n in (1, 2))
        records = rig.send(first + second + bytes(5))
        self.assertEqual([record.raw for record in records], [first, second])
        self.assertEqual(rig.counters.padding, 5)

    def test_rest_is_kept(self) -> None:
        """
        What follows a good frame and is none is kept with its reason; the good frame stays good.
        """
        rig = Rig(store=NoKeys())
        frame = PushMeter(1).push(NOW, ciphered=False)
        good, bad = rig.send(frame + b"\xff" * 9)
        self.assertEqual((good.outcome, good.raw), ("accepted", frame))
        self.assertEqual((bad.reason, bad.raw), ("bad-wrapper", b"\xff" * 9))


class CipheredTests(SynchronousTestCase):
    """
    Ciphered pushes: keys, policy, windows.
    """

    def setUp(self) -> None:
        """
        A meter that is listed.
        """
        self.meter = PushMeter(1)
        self.rig = Rig([self.meter.keys])

    def reasons(self, *datagrams: bytes) -> list[str | None]:
        """
        @return: the reasons of the records.
        """
        return [record.reason for record in self.rig.send(*datagrams)]

    def test_accepted(self) -> None:
        """
        A verified push is identified by title, epoch and counter, and its plaintext is kept.
        """
        [record] = self.rig.send(self.meter.push(NOW))
        assert self.meter.keys.encryption_key is not None
        self.assertEqual(record.outcome, "accepted")
        self.assertEqual(
            (record.title, record.epoch, record.counter, record.authenticated, record.checked),
            (self.meter.title, key_epoch(self.meter.keys.encryption_key), 1, True, True),
        )
        assert record.plain is not None
        self.assertEqual(record.plain[:1], b"\x0f")
        self.assertEqual(record.meter, "meter 1")

    def test_replay(self) -> None:
        """
        A repeat is refused as a replay and counted, as often as it comes.
        """
        frame = self.meter.push(NOW)
        self.assertEqual(self.reasons(frame, frame, frame), [None, "replay", "replay"])
        self.assertEqual(self.rig.counters.duplicates, 2)

    def test_reordered(self) -> None:
        """
        Datagrams overtake each other: within the window each counter is taken once.
        """
        frames = [self.meter.push(NOW) for _ in range(50)]
        Random(1).shuffle(frames)
        self.assertEqual(self.reasons(*frames), [None] * 50)
        self.assertEqual(self.reasons(*frames), ["replay"] * 50)

    def test_forged_counter(self) -> None:
        """
        A forged frame with a counter far ahead changes nothing: the next good one is taken.
        """
        self.rig.send(self.meter.push(NOW))
        forged = bytearray(self.meter.push(NOW))
        title_at = forged.index(self.meter.title)
        counter_at = title_at + 8 + 3
        forged[counter_at : counter_at + 4] = b"\xff\xff\xff\xf0"
        self.assertEqual(self.reasons(bytes(forged)), ["bad-tag"])
        self.assertEqual(self.reasons(self.meter.push(NOW)), [None])

    def test_unknown(self) -> None:
        """
        A meter that is not listed is kept raw as C{unknown-key}, with its title and counter.
        """
        stranger = PushMeter(2)
        [record] = self.rig.send(stranger.push(NOW))
        self.assertEqual((record.outcome, record.reason), ("refused", "unknown-key"))
        self.assertEqual((record.title, record.counter), (stranger.title, 1))

    def test_wrong_key(self) -> None:
        """
        A wrong key shows as C{bad-tag}, never as silence.
        """
        wrong = PushMeter(1, seed=b"other")
        self.assertEqual(self.reasons(wrong.push(NOW)), ["bad-tag"])

    def test_wrong_key_without_tag(self) -> None:
        """
        Without a tag to check, a wrong key shows as C{implausible-plaintext}, and moves no window.
        """
        keys = evolve(self.meter.keys, policy=Policy.ENCRYPTED)
        rig = Rig([evolve(keys, encryption_key=bytes(16))])
        apdu = protect(
            self.meter.notification(NOW),
            keys=keys,
            title=self.meter.title,
            counter=9,
            security_control=0x20,
        )
        [record] = rig.send(encode_frame(1, 103, apdu))
        self.assertEqual(record.reason, "implausible-plaintext")

    def test_downgrade(self) -> None:
        """
        A frame that is weaker than the meter's policy is refused, though its key is right.
        """
        for control in (0x10, 0x20):
            apdu = protect(
                self.meter.notification(NOW),
                keys=self.meter.keys,
                title=self.meter.title,
                counter=9,
                security_control=control,
            )
            self.assertEqual(self.reasons(encode_frame(1, 103, apdu)), ["downgrade"])

    def test_source_policy(self) -> None:
        """
        A source may demand more than a meter.
        """
        keys = evolve(self.meter.keys, policy=Policy.NONE)
        source = Source(label="x", policy=Policy.AUTHENTICATED_ENCRYPTED)
        rig = Rig([keys], policy=Policy.NONE, source=source)
        [record] = rig.send(self.meter.push(NOW, ciphered=False))
        self.assertEqual(record.reason, "downgrade")
        [record] = rig.send(self.meter.push(NOW))
        self.assertEqual(record.outcome, "accepted")

    def test_no_authentication_key(self) -> None:
        """
        Without the authentication key the reading is taken where the policy allows it, flagged, and not replay-checked.
        """
        keys = evolve(self.meter.keys, authentication_key=None, policy=Policy.ENCRYPTED)
        rig = Rig([keys])
        frame = self.meter.push(NOW)
        records = rig.send(frame, frame)
        self.assertEqual([one.outcome for one in records], ["accepted"] * 2)
        self.assertEqual([one.authenticated for one in records], [False] * 2)
        self.assertEqual([one.checked for one in records], [False] * 2)

    def test_replay_off(self) -> None:
        """
        A meter that sends the same counter again and again can be let to.
        """
        rig = Rig([evolve(self.meter.keys, replay=ReplayMode.OFF)])
        frame = self.meter.push(NOW)
        records = rig.send(frame, frame)
        self.assertEqual([one.outcome for one in records], ["accepted"] * 2)
        self.assertEqual([one.checked for one in records], [False] * 2)

    def test_pending_key(self) -> None:
        """
        A tag that fails under the current key is tried under the pending one; that then is the current one, with a
        window of its own.
        """
        new = PushMeter(1, seed=b"new")
        rig = Rig(
            [
                evolve(
                    self.meter.keys,
                    pending_encryption_key=new.keys.encryption_key,
                    pending_authentication_key=new.keys.authentication_key,
                )
            ]
        )
        for _ in range(3):
            self.meter.push(NOW)
        with capturedLogs():
            records = rig.send(self.meter.push(NOW), new.push(NOW), new.push(NOW))
        self.assertEqual([one.outcome for one in records], ["accepted"] * 3)
        self.assertEqual(len({one.epoch for one in records}), 2)
        known = rig.store.cached(self.meter.title)
        assert isinstance(known, MeterKeys)
        self.assertEqual(known.encryption_key, new.keys.encryption_key)

    def test_default_keys(self) -> None:
        """
        Keys for everybody open the frames of titles that are not listed.
        """
        default = evolve(self.meter.keys, system_title=None, name=None)
        rig = Rig(default=default)
        [record] = rig.send(self.meter.push(NOW))
        self.assertEqual((record.outcome, record.title), ("accepted", self.meter.title))

    def test_keys_of_the_source(self) -> None:
        """
        A source may have a key store of its own.
        """
        own = MemoryKeyStore(KeyTable.of([self.meter.keys]))
        rig = Rig(source=Source(label="x", keys=own))
        [record] = rig.send(self.meter.push(NOW))
        self.assertEqual(record.outcome, "accepted")


class FetchedKeysTests(SynchronousTestCase):
    """
    Keys that must be fetched.
    """

    def setUp(self) -> None:
        """
        A store that knows nothing at once.
        """
        self.meter = PushMeter(1)
        self.fetched: list[Deferred[MeterKeys | None]] = []

        def fetch(_: bytes | None) -> Deferred[MeterKeys | None]:
            self.fetched.append(Deferred())
            return self.fetched[-1]

        store: Any = MemoryKeyStore()
        store.cached = lambda _: MISS
        store.fetch = fetch
        self.rig = Rig(store=store)

    def test_wait(self) -> None:
        """
        Messages wait for their keys, in order; one fetch serves all that came meanwhile.
        """
        self.assertEqual(self.rig.send(self.meter.push(NOW), self.meter.push(NOW)), [])
        self.assertEqual(len(self.fetched), 1)
        self.assertEqual(self.rig.collector.pipeline.opener.waiting, 2)
        self.fetched[0].callback(self.meter.keys)
        self.assertEqual([one.counter for one in self.rig.journal.records], [1, 2])
        self.assertEqual({one.outcome for one in self.rig.journal.records}, {"accepted"})

    def test_failed(self) -> None:
        """
        A fetch that fails leaves the message in the quarantine.
        """
        with capturedLogs() as events:
            self.rig.send(self.meter.push(NOW))
            self.fetched[0].errback(DLMSError("vault away"))
        [record] = self.rig.journal.records
        self.assertEqual(record.reason, "unknown-key")
        self.assertIn("vault away", str(events))

    def test_bounded(self) -> None:
        """
        Only so many may wait.
        """
        opener: Any = self.rig.collector.pipeline.opener
        opener.MOST_WAITING = 3
        records = self.rig.send(*(PushMeter(n).push(NOW) for n in range(1, 6)))
        self.assertEqual([one.reason for one in records], ["unknown-key"] * 2)
        self.assertEqual(opener.waiting, 3)

    def test_immediate_failure(self) -> None:
        """
        A fetch may fail at once.
        """
        store: Any = self.rig.store
        store.fetch = lambda _: fail(DLMSError("no"))
        with capturedLogs():
            [record] = self.rig.send(self.meter.push(NOW))
        self.assertEqual(record.reason, "unknown-key")


class HostileTests(SynchronousTestCase):
    """
    Datagrams of any octets.
    """

    def test_any_octets(self) -> None:
        """
        Each becomes a record with its reason, or a good one; the next good push is decoded.
        """
        meter = PushMeter(1)
        rig = Rig([meter.keys])
        random = Random(4059)
        sent = 0
        for _ in range(300):
            hostile = random.randbytes(random.randrange(0, 200))
            hurt = damage(meter.push(NOW), random)
            records = rig.send(hostile, hurt)
            self.assertGreaterEqual(len(records), 2)
            sent += 2
        self.assertEqual(rig.counters.datagrams, sent)
        reasons = set(rig.counters.refused)
        self.assertTrue(reasons >= {"bad-wrapper", "bad-tag", "malformed"}, reasons)
        [record] = rig.send(meter.push(NOW))
        self.assertEqual(record.outcome, "accepted")

    def test_no_notification(self) -> None:
        """
        A request is no push: it is refused as C{unsupported}, and nothing is answered.
        """
        port = RecordingPort()
        rig = Rig(store=NoKeys())
        request = bytes.fromhex("c001c100080000010000ff0200")
        [record] = rig.send(encode_frame(16, 1, request), port=port)
        self.assertEqual(record.reason, "unsupported")
        self.assertEqual(port.sent, [])


class BlocksTests(SynchronousTestCase):
    """
    Pushes in blocks.
    """

    def frames(self, apdu: bytes, size: int = 40) -> list[bytes]:
        """
        @return: the datagrams of its blocks.
        """
        parts = [apdu[at : at + size] for at in range(0, len(apdu), size)]
        return [
            encode_frame(
                1,
                103,
                GeneralBlockTransfer(
                    0x80 if number == len(parts) else 0x40, number, 0, part
                ).encode(),
            )
            for number, part in enumerate(parts, 1)
        ]

    def test_joined(self) -> None:
        """
        Blocks of two peers that interleave are two records, each with all its frames.
        """
        rig = Rig(store=NoKeys())
        one, two = (self.frames(PushMeter(n).notification(NOW)) for n in (1, 2))
        for left, right in zip(one[:-1], two[:-1], strict=True):
            self.assertEqual(rig.send(left, peer=("192.0.2.1", 1)), [])
            self.assertEqual(rig.send(right, peer=("192.0.2.2", 1)), [])
        [first] = rig.send(one[-1], peer=("192.0.2.1", 1))
        [second] = rig.send(two[-1], peer=("192.0.2.2", 1))
        self.assertEqual((first.raw, second.raw), (b"".join(one), b"".join(two)))
        self.assertEqual(first.plain, PushMeter(1).notification(NOW))

    def test_never_whole(self) -> None:
        """
        Blocks that never become whole are kept as C{incomplete}, when their time is over.
        """
        rig = Rig(store=NoKeys())
        frames = self.frames(PushMeter(1).notification(NOW))
        self.assertEqual(rig.send(*frames[:-1]), [])
        rig.clock.advance(200)
        [record] = rig.journal.records
        self.assertEqual((record.reason, record.raw), ("incomplete", b"".join(frames[:-1])))
        self.assertEqual(record.peer, "192.0.2.1:4000")
        self.assertEqual(rig.clock.getDelayedCalls(), [])


class ConfirmTests(SynchronousTestCase):
    """
    Confirmed pushes.
    """

    TITLE = b"OUR00001"

    def push(self, meter: PushMeter, *, ciphered: bool) -> bytes:
        """
        @return: a push that asks for its confirmation.
        """
        apdu = bytearray(meter.notification(NOW))
        apdu[1] |= 0x40
        octets = bytes(apdu)
        if ciphered:
            octets = protect(
                octets,
                keys=meter.keys,
                title=meter.title,
                counter=meter.counter,
                security_control=0x30,
            )
        meter.counter += 1
        return encode_frame(1, 103, octets)

    def test_plain(self) -> None:
        """
        A plain push is confirmed in plain, after the commit and not before.
        """
        port = RecordingPort()
        rig = Rig(store=NoKeys(), journal=HeldJournal(held=True))
        rig.send(self.push(PushMeter(1), ciphered=False), port=port)
        self.assertEqual(port.sent, [])
        rig.journal.commit()
        [(octets, address)] = port.sent
        [frame] = split_datagram(octets).frames
        self.assertEqual((frame.source, frame.destination), (103, 1))
        answer = registry.decode(frame.payload)
        self.assertEqual(answer, DataNotificationConfirm(long_invoke_id_and_priority=0x40000001))
        self.assertEqual(address, ("192.0.2.1", 4000))
        self.assertEqual(rig.counters.confirmed, 1)

    def test_ciphered(self) -> None:
        """
        A ciphered push is answered under the same protection, with our title and a counter of ours.
        """
        meter, port = PushMeter(1), RecordingPort()
        rig = Rig([meter.keys], system_title=self.TITLE, transmit=MemoryCounters())
        frame = self.push(meter, ciphered=True)
        rig.send(frame, port=port)
        rig.send(
            frame, port=port
        )  # the confirmation was lost: a verified repeat is confirmed again
        answers = []
        for octets, _ in port.sent:
            [cut] = split_datagram(octets).frames
            envelope = registry.decode(cut.payload).envelope  # type: ignore[attr-defined]
            self.assertEqual(envelope.system_title, self.TITLE)
            answers.append((envelope.invocation_counter, open_envelope(envelope, meter.keys, b"")))
        self.assertEqual(len(answers), 2)
        self.assertNotEqual(answers[0][0], answers[1][0])
        for _, opened in answers:
            self.assertTrue(opened.authenticated and opened.encrypted)
            self.assertEqual(opened.plaintext[:1], b"\x10")
        self.assertEqual([one.reason for one in rig.journal.records], [None, "replay"])

    def test_forged_repeat(self) -> None:
        """
        A forged repeat is never answered.
        """
        meter, port = PushMeter(1), RecordingPort()
        rig = Rig([meter.keys], system_title=self.TITLE, transmit=MemoryCounters())
        frame = bytearray(self.push(meter, ciphered=True))
        rig.send(bytes(frame), port=port)
        frame[-1] ^= 1
        rig.send(bytes(frame), port=port)
        self.assertEqual(len(port.sent), 1)

    def test_not_possible(self) -> None:
        """
        Without a title of ours a ciphered push is not confirmed, and that is said once.
        """
        meter, port = PushMeter(1), RecordingPort()
        rig = Rig([meter.keys])
        with capturedLogs() as events:
            for _ in range(3):
                rig.send(self.push(meter, ciphered=True), port=port)
        self.assertEqual(port.sent, [])
        said = [event for event in events if "--system-title" in event["log_format"]]
        self.assertEqual(len(said), 1)
        self.assertEqual(rig.counters.unconfirmed, 3)


class PressureTests(SynchronousTestCase):
    """
    Slices, full queues, and disks that do not take.
    """

    def test_slices(self) -> None:
        """
        One turn takes only so many; the rest waits for the next turns.
        """
        rig = Rig(store=NoKeys())
        frame = PushMeter(1).push(NOW, ciphered=False)
        for _ in range(1200):
            rig.deliver(RecordingPort(), frame, ("192.0.2.1", 1))
        pipeline: Any = rig.collector.pipeline
        pipeline._turning.cancel()
        pipeline._turn()
        first = len(rig.journal.records)
        self.assertGreater(first, 0)
        self.assertLess(first, 1200)
        rig.turn()
        self.assertEqual(len(rig.journal.records), 1200)

    def test_shed(self) -> None:
        """
        A full queue sheds datagrams and counts them.
        """
        rig = Rig(store=NoKeys(), queue_items=10)
        frame = PushMeter(1).push(NOW, ciphered=False)
        for _ in range(25):
            rig.deliver(RecordingPort(), frame, ("192.0.2.1", 1))
        rig.turn()
        self.assertEqual((rig.counters.shed, len(rig.journal.records)), (15, 10))

    def test_disk_full(self) -> None:
        """
        While the journal cannot be written nothing is taken in; then it goes on by itself, and nothing is lost.
        """
        rig = Rig(store=NoKeys())
        frame = PushMeter(1).push(NOW, ciphered=False)
        with capturedLogs() as events:
            rig.journal.set_writable(False)
            self.assertEqual(rig.send(frame, frame), [])
            rig.journal.set_writable(True)
            rig.turn()
        self.assertEqual(len(rig.journal.records), 2)
        texts = [event["log_format"] for event in events]
        self.assertTrue(any("has stopped" in text for text in texts))
        self.assertTrue(any("goes on" in text for text in texts))

    def test_too_many_outstanding(self) -> None:
        """
        A disk that does not keep up stops the taking-in, until it has caught up.
        """
        rig = Rig(store=NoKeys(), journal=HeldJournal(held=True))
        commits: Any = rig.collector.pipeline._commits
        commits._most = 100
        frame = PushMeter(1).push(NOW, ciphered=False)
        for _ in range(2000):
            rig.deliver(RecordingPort(), frame, ("192.0.2.1", 1))
        rig.turn()
        taken = len(rig.journal.records)
        self.assertLess(taken, 2000)
        while rig.journal.waiting:
            rig.journal.commit()
            rig.turn()
        self.assertEqual(len(rig.journal.records), 2000)
        self.assertEqual(rig.counters.committed, 2000)


class StopTests(SynchronousTestCase):
    """
    Starting and stopping.
    """

    def test_drained(self) -> None:
        """
        Stopping works off the queue, keeps what never became whole, commits, and leaves no call behind.
        """
        rig = Rig(store=NoKeys())
        rig.collector.startService()
        frame = PushMeter(1).push(NOW, ciphered=False)
        block = GeneralBlockTransfer(0x40, 1, 0, b"\x0f\x00").encode()
        for datagram in (frame, encode_frame(1, 103, block), frame):
            rig.deliver(RecordingPort(), datagram, ("192.0.2.1", 1))
        stopped = rig.collector.stopService()
        rig.turn()
        self.successResultOf(stopped)
        self.assertEqual([one.reason for one in rig.journal.records], [None, None, "incomplete"])
        self.assertTrue(rig.journal.closed)
        self.assertEqual(rig.clock.getDelayedCalls(), [])

    def test_disk_stays_full(self) -> None:
        """
        Stopping ends though the disk does not take: what was not worked off is counted and said.
        """
        rig = Rig(store=NoKeys())
        rig.collector.startService()
        rig.journal.set_writable(False)
        rig.deliver(RecordingPort(), PushMeter(1).push(NOW, ciphered=False), ("192.0.2.1", 1))
        with capturedLogs() as events:
            stopped = rig.collector.stopService()
            rig.turn()
            self.assertNoResult(stopped)
            rig.clock.advance(60)
        self.successResultOf(stopped)
        self.assertEqual(rig.counters.shed, 1)
        self.assertTrue(any("could not be worked off" in one["log_format"] for one in events))

    def test_status(self) -> None:
        """
        A status line is logged every minute.
        """
        rig = Rig(store=NoKeys())
        rig.collector.startService()
        with capturedLogs() as events:
            rig.clock.advance(60)
        lines = [event for event in events if event["log_format"].startswith("status")]
        self.assertEqual(len(lines), 1)
        self.successResultOf(rig.collector.stopService())
