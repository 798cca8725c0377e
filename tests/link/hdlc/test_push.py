"""
Tests of L{dlms_twisted.link.hdlc.push}.
"""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.link.hdlc.frame import encode_frame
from dlms_twisted.link.hdlc.push import HDLCPushLink, encode_message
from dlms_twisted.link.partials import Limits
from dlms_twisted.link.problems import Problem, ProblemKind
from dlms_twisted.link.push import FRAME_TIMEOUT, Payload
from tests import vectors
from tests.link.feeding import drain, splits

APDU = b"\x0f" + bytes(range(1, 200))
TO, FROM = b"\xcf", b"\x02\x23"
FRAMES = encode_message(APDU, destination=TO, source=FROM, size=64)


def run(link: HDLCPushLink, parts: list[bytes], now: float = 0.0) -> list[Any]:
    """
    All events of these parts, drained after each.
    """
    events: list[Any] = []
    for part in parts:
        link.receive_data(part, now)
        events += drain(link.next_event)
    return events


def octets(events: list[Any]) -> list[bytes]:
    """
    The messages among events.
    """
    return [event.octets for event in events if isinstance(event, Payload)]


def kinds(events: list[Any]) -> list[ProblemKind]:
    """
    The problems among events.
    """
    return [event.kind for event in events if isinstance(event, Problem)]


class HDLCPushTests(SynchronousTestCase):
    """
    Tests of L{HDLCPushLink}.
    """

    def test_segments(self) -> None:
        """
        Segments with the LLC header in the first only are one message, with all its frames.
        """
        self.assertEqual(len(FRAMES), 4)
        events = run(HDLCPushLink(), FRAMES)
        self.assertEqual(events, [Payload(APDU, b"".join(FRAMES), FROM + TO, "hdlc")])

    def test_llc_in_each_segment(self) -> None:
        """
        An LLC header in each segment is removed from each (Tas8790).
        """
        frames = [
            encode_frame(TO, FROM, 0x13, b"\xe6\xe7\x00" + part, segmented=more)
            for part, more in ((b"\x0fabc", True), (b"def", True), (b"ghi", False))
        ]
        self.assertEqual(octets(run(HDLCPushLink(), frames)), [b"\x0fabcdefghi"])

    def test_without_llc(self) -> None:
        """
        Without any LLC header the information is the message.
        """
        self.assertEqual(
            octets(run(HDLCPushLink(), [encode_frame(TO, FROM, 0x13, b"\x0fx")])), [b"\x0fx"]
        )

    def test_i_frame_without_connection(self) -> None:
        """
        An I frame that no connection was made for is taken like a UI frame (Kaifa: control 10).
        """
        frame = encode_frame(b"\x01", b"\x02\x01", 0x10, b"\xe6\xe7\x00\x0f")
        self.assertEqual(octets(run(HDLCPushLink(), [frame, frame])), [b"\x0f", b"\x0f"])

    def test_any_addresses(self) -> None:
        """
        Destinations and sources of 1, 2 and 4 octets, calling, broadcast: all are taken, none is changed.
        """
        for to, source in (
            ("01", "0201"), ("ceff", "03"), ("cf", "0223"), ("cf", "00020023"), ("fefefeff", "00022c47"),
            ("ff", "03"), ("ce9b", "03"),
        ):  # fmt: skip
            frame = encode_frame(
                bytes.fromhex(to), bytes.fromhex(source), 0x13, b"\xe6\xe7\x00\x0f"
            )
            [event] = run(HDLCPushLink(), [frame])
            self.assertEqual(event.address.hex(), source + to)

    def test_frames_without_information(self) -> None:
        """
        A connection of somebody else on the line is counted and makes no message.
        """
        link = HDLCPushLink()
        frames = [
            encode_frame(b"\x03", b"\x21", control) for control in (0x93, 0x73, 0x11, 0x53, 0x13)
        ]
        self.assertEqual(run(link, frames), [])
        self.assertEqual((link.stats.frames, link.stats.other), (5, 5))

    def test_several_messages_in_one_frame(self) -> None:
        """
        Three notifications, each with an LLC header, in one frame stay one payload for the next room
        to cut (scs#74).
        """
        frame = encode_frame(TO, FROM, 0x13, b"\xe6\xe7\x00\x0fa\xe6\xe7\x00\x0fb\xe6\xe7\x00\x0fc")
        self.assertEqual(
            octets(run(HDLCPushLink(), [frame])), [b"\x0fa\xe6\xe7\x00\x0fb\xe6\xe7\x00\x0fc"]
        )

    def test_late_last_segment(self) -> None:
        """
        A last segment three seconds late still belongs to its message (esph#16942).
        """
        link = HDLCPushLink()
        events = run(link, FRAMES[:3])
        link.time_passed(3.0)
        events += run(link, FRAMES[3:], 3.0)
        self.assertEqual(octets(events), [APDU])
        self.assertIsNone(link.deadline)

    def test_interleaved_addresses(self) -> None:
        """
        Segmented messages of two meters that interleave are kept apart.
        """
        other = encode_message(b"\x0fother" * 40, destination=TO, source=b"\x03", size=64)
        mixed = [frame for pair in zip(FRAMES, other, strict=True) for frame in pair]
        self.assertEqual(octets(run(HDLCPushLink(), mixed)), [APDU, b"\x0fother" * 40])

    def test_lists_interleave(self) -> None:
        """
        Lists of different lengths from one meter in any order, an hourly one among them, come out as
        they came (esph#16942).
        """
        lists = [b"\x0f" + bytes([number]) * size for number, size in ((1, 40), (2, 120), (3, 300))]
        order = [0, 0, 1, 0, 2, 0, 1]
        frames: list[bytes] = []
        for number in order:
            frames += encode_message(lists[number], destination=TO, source=FROM, size=128)
        events = run(HDLCPushLink(), frames)
        self.assertEqual(octets(events), [lists[number] for number in order])
        self.assertEqual(kinds(events), [])

    def test_lost_segment_end(self) -> None:
        """
        When the last segment was lost, the next message begins anew and is whole.
        """
        events = run(HDLCPushLink(), FRAMES[:3] + FRAMES)
        self.assertEqual(kinds(events), [ProblemKind.INCOMPLETE])
        self.assertEqual(events[0].octets, b"".join(FRAMES[:3]))
        self.assertEqual(octets(events), [APDU])

    def test_incomplete(self) -> None:
        """
        A message that stays unfinished is given up in time, with its frames.
        """
        link = HDLCPushLink(limits=Limits(age=8.0))
        run(link, FRAMES[:2], 100.0)
        self.assertEqual(link.deadline, 108.0)
        link.time_passed(107.9)
        self.assertEqual(list(drain(link.next_event)), [])
        link.time_passed(108.0)
        self.assertEqual(
            list(drain(link.next_event)), [Problem(ProblemKind.INCOMPLETE, b"".join(FRAMES[:2]))]
        )
        self.assertIsNone(link.deadline)
        self.assertEqual(link.stats.problems, {ProblemKind.INCOMPLETE: 1})

    def test_cut_frame(self) -> None:
        """
        A frame whose end was lost gives way when the line is quiet, and the frame behind it is decoded.
        """
        link = HDLCPushLink()
        frame = encode_frame(TO, FROM, 0x13, b"\xe6\xe7\x00\x0f" + bytes(500))
        whole = encode_frame(TO, FROM, 0x13, b"\xe6\xe7\x00\x0fwhole")
        self.assertEqual(run(link, [frame[:100] + whole], 10.0), [])
        self.assertEqual(link.deadline, 10.0 + FRAME_TIMEOUT)
        link.time_passed(link.deadline or 0.0)
        events = list(drain(link.next_event))
        self.assertEqual(kinds(events), [ProblemKind.INCOMPLETE])
        self.assertEqual(octets(events), [b"\x0fwhole"])

    def test_end(self) -> None:
        """
        When the connection ends, what waits is given up at once.
        """
        link = HDLCPushLink()
        run(link, [FRAMES[0], FRAMES[1][:-4]])
        link.end()
        self.assertEqual(
            kinds(list(drain(link.next_event))), [ProblemKind.INCOMPLETE, ProblemKind.INCOMPLETE]
        )
        self.assertIsNone(link.deadline)

    def test_limits(self) -> None:
        """
        Unfinished messages are bounded in size and number.
        """
        link = HDLCPushLink(limits=Limits(octets=100, messages=2, age=8.0))
        events = run(link, FRAMES)
        self.assertEqual(kinds(events)[0], ProblemKind.LIMIT)
        link = HDLCPushLink(limits=Limits(octets=100, messages=2, age=8.0))
        for number in range(3):
            source = bytes([number << 1 | 1])
            events = run(link, [encode_frame(TO, source, 0x13, b"\x0f", segmented=True)], number)
        self.assertEqual(kinds(events), [ProblemKind.LIMIT])

    def test_hint(self) -> None:
        """
        Many bad checksums are worth a word about parity (ams#723); a few among good frames are not.
        """
        damaged = FRAMES[0][:20] + b"\x00" + FRAMES[0][21:]
        link = HDLCPushLink()
        run(link, FRAMES * 8 + [damaged] * 4)
        self.assertEqual(link.stats.hint(), "")
        run(link, [damaged] * 20)
        self.assertIn("parity", link.stats.hint())
        silent = HDLCPushLink()
        run(silent, [b"garbage" * 200])
        self.assertIn("baud", silent.stats.hint())


class VectorTests(SynchronousTestCase):
    """
    Tests with captures of real meters.
    """

    #: Messages in each capture where it is not one, and how their octets begin where not with 0F.
    blocks = {
        "scs-lg-e570-encrypted-valid-data-1": 5,
        "scs-lg-e570-unencrypted-valid-data-cfg2026-1": 4,
        "scs-lg-e570-unencrypted-valid-data-load-cfg2026-1": 4,
    }

    def test_push(self) -> None:
        """
        Every capture gives its messages, the same whole, octet by octet and cut at every octet; GBT
        blocks come one by one, without the LLC header that only the first one has.
        """
        for record in vectors.load("hdlc_push.jsonl"):
            stream = bytes.fromhex(record["hex"])
            wanted = run(HDLCPushLink(), [stream])
            number = self.blocks.get(record["id"], 1)
            self.assertEqual(len(octets(wanted)), number, record["id"])
            self.assertEqual(kinds(wanted), [], record["id"])
            tag = 0x0F if number == 1 else 0xE0
            self.assertEqual({message[0] for message in octets(wanted)}, {tag}, record["id"])
            for parts in splits(stream):
                self.assertEqual(run(HDLCPushLink(), parts), wanted, record["id"])
