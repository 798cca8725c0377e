"""
Tests of L{dlms_twisted.link.mbus}.
"""

from __future__ import annotations

from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.errors import DecodeError, EncodeError
from dlms_twisted.link.mbus.frame import MBusDecoder, MBusFrame, encode_frame, parse_frame
from dlms_twisted.link.mbus.push import MBusPushLink, encode_message
from dlms_twisted.link.problems import RUN_LIMIT, Problem, ProblemKind
from dlms_twisted.link.push import FRAME_TIMEOUT, Payload
from tests import vectors
from tests.link.feeding import drain, feed, splits

#: EN 13757-2 long frame of the desk reference: a notification of 1000.
EXAMPLE = bytes.fromhex("6810106853ff1001670f000000010006000003e8cb16")
APDU = bytes(Random(1).randbytes(278))
TELEGRAM = encode_message(APDU)


def wrapped(data: bytes) -> bytes:
    """
    A frame longer than its length octet can say, as the Sagemcom T210-D sends it.
    """
    size = len(data) - 256
    return bytes([0x68, size, size, 0x68]) + data + bytes([sum(data) & 0xFF, 0x16])


def run(link: MBusPushLink, parts: list[bytes], now: float = 0.0) -> list[Any]:
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


class FrameTests(SynchronousTestCase):
    """
    Tests of single frames.
    """

    def test_example(self) -> None:
        """
        The example is read and written.
        """
        frame = parse_frame(EXAMPLE)
        self.assertEqual(frame[:3], (0x53, 0xFF, 0x10))
        self.assertEqual(frame.data.hex(), "01670f000000010006000003e8")
        self.assertEqual(encode_frame(0x53, 0xFF, 0x10, frame.data), EXAMPLE)

    def test_wrapped_length(self) -> None:
        """
        A length octet below 4 may stand for 256 more, if sum and stop are right (ams#155).
        """
        for size in (256, 257, 258, 259):
            raw = wrapped(b"\x53\xff\x00" + bytes(size - 3))
            self.assertEqual(len(parse_frame(raw).data), size - 3)
            for parts in splits(raw + EXAMPLE, 50):
                events = feed(MBusDecoder(), parts)
                self.assertEqual([event.raw for event in events], [raw, EXAMPLE])

    def test_control_frame(self) -> None:
        """
        A length of 3 is first of all a frame without data.
        """
        raw = encode_frame(0x53, 0xFE, 0xB8, b"")
        for parts in splits(raw + EXAMPLE):
            self.assertEqual([event.raw for event in feed(MBusDecoder(), parts)], [raw, EXAMPLE])

    def test_every_prefix(self) -> None:
        """
        Every proper prefix is refused, and so is a wrong sum, stop or length.
        """
        for length in range(len(EXAMPLE)):
            self.assertRaises(DecodeError, parse_frame, EXAMPLE[:length])
        for position in range(len(EXAMPLE)):
            bad = bytearray(EXAMPLE)
            bad[position] ^= 1
            self.assertRaises(DecodeError, parse_frame, bytes(bad))

    def test_too_long(self) -> None:
        """
        More than 252 octets of data are our own mistake.
        """
        self.assertEqual(len(encode_frame(0x53, 0xFF, 0, bytes(252))), 261)
        self.assertRaises(EncodeError, encode_frame, 0x53, 0xFF, 0, bytes(253))

    def test_encode_message(self) -> None:
        """
        The segments are numbered, and the last says that it is.
        """
        frames = [parse_frame(raw) for raw in encode_message(bytes(600))]
        self.assertEqual([frame.control_information for frame in frames], [0, 1, 0x12])
        self.assertEqual(
            [frame.control_information for frame in map(parse_frame, encode_message(b"x"))], [0x10]
        )


class DecoderTests(SynchronousTestCase):
    """
    Tests of L{MBusDecoder}.
    """

    def check(self, stream: bytes, frames: list[bytes], problems: list[ProblemKind]) -> None:
        """
        Feed a stream in every way, give up what is left, and compare frames, problems and counters.
        """
        wanted = None
        for parts in splits(stream):
            decoder = MBusDecoder()
            events = feed(decoder, parts)
            while decoder.waiting:
                events += [decoder.give_up(), *drain(decoder.next_event)]
            self.assertEqual(
                [event.raw for event in events if isinstance(event, MBusFrame)], frames
            )
            self.assertEqual(kinds(events), problems)
            result = (events, decoder.stats.as_dict())
            wanted = wanted or result
            self.assertEqual(result, wanted)

    def test_garbage_between(self) -> None:
        """
        Padding and noise around frames are counted and reported, no more (ams gh1067-2).
        """
        self.check(
            b"\x00\x00noise" + EXAMPLE + bytes(10) + EXAMPLE + b"\x00",
            [EXAMPLE, EXAMPLE],
            [ProblemKind.FOREIGN] * 3,
        )

    def test_starts_in_the_middle(self) -> None:
        """
        A capture that begins inside a telegram finds the next (ams gh155-3).
        """
        self.check(TELEGRAM[0][100:] + EXAMPLE, [EXAMPLE], [ProblemKind.FOREIGN])

    def test_bad_sum(self) -> None:
        """
        A changed octet costs its frame only.
        """
        damaged = bytearray(EXAMPLE)
        damaged[10] ^= 1
        self.check(bytes(damaged) + EXAMPLE, [EXAMPLE], [ProblemKind.BAD_CHECKSUM])

    def test_lost_octets(self) -> None:
        """
        Octets that the line lost cost their frame; the next one, which began inside of it, is found.
        """
        for lost in (1, 3, 8):
            stream = EXAMPLE[:9] + EXAMPLE[9 + lost :] + EXAMPLE
            decoder = MBusDecoder()
            events = feed(decoder, [stream])
            self.assertEqual(
                [event.raw for event in events if isinstance(event, MBusFrame)], [EXAMPLE]
            )
            self.assertIn(kinds(events)[0], {ProblemKind.BAD_LENGTH, ProblemKind.BAD_CHECKSUM})

    def test_short_frames(self) -> None:
        """
        Short frames and acknowledgements are counted as what they are.
        """
        decoder = MBusDecoder()
        for parts in splits(bytes.fromhex("1040fe3e16e5") + EXAMPLE + bytes.fromhex("107bfe7916")):
            decoder = MBusDecoder()
            self.assertEqual([event.raw for event in feed(decoder, parts)], [EXAMPLE])
            self.assertEqual(decoder.stats.other, 3)
            self.assertFalse(decoder.waiting)

    @settings(max_examples=150, deadline=None, derandomize=True)
    @given(st.lists(st.sampled_from([
        b"\x68", b"\x10", b"\x16", b"\xe5", b"\x00", b"\x68\x05\x05\x68", b"\x68\x01\x01\x68", EXAMPLE,
        EXAMPLE[:10], EXAMPLE[5:], TELEGRAM[1], b"noise", b"\x68\xff\xff\x68",
    ]), max_size=12), st.integers(1, 40))  # fmt: skip
    def test_spliced(self, parts: list[bytes], step: int) -> None:
        """
        Pieces in any order give the same events however cut, and a good frame afterwards is decoded.
        """
        stream = b"".join(parts)
        whole, pieces = MBusDecoder(), MBusDecoder()
        events = feed(whole, [stream])
        chunks = [stream[start : start + step] for start in range(0, len(stream), step)]
        self.assertEqual(feed(pieces, chunks), events)
        self.assertEqual(whole.stats.as_dict(), pieces.stats.as_dict())
        taken = list(events)
        while whole.waiting:
            taken += [whole.give_up(), *drain(whole.next_event)]
        self.assertEqual([event.raw for event in feed(whole, [EXAMPLE])], [EXAMPLE])
        out = b"".join(
            event.raw if isinstance(event, MBusFrame) else event.octets for event in taken if event
        )
        self.assertLessEqual(len(out), len(stream))

    def test_never_grows(self) -> None:
        """
        Whatever comes, what is held is bounded.
        """
        for unit in (
            b"\x68",
            b"\x68\xff\xff\x68",
            b"\x10",
            b"\x00",
            EXAMPLE[:-1],
            b"\x68\x00\x00\x68",
        ):
            decoder = MBusDecoder()
            for _ in range(60):
                feed(decoder, [unit * (1000 // len(unit))])
                self.assertLessEqual(decoder.held, RUN_LIMIT + 300)


class PushTests(SynchronousTestCase):
    """
    Tests of L{MBusPushLink}.
    """

    def test_segments(self) -> None:
        """
        The segments of a telegram are one message, with all its frames.
        """
        self.assertEqual(len(TELEGRAM), 2)
        [payload] = run(MBusPushLink(), TELEGRAM)
        self.assertEqual(payload, Payload(APDU, b"".join(TELEGRAM), b"\xff\x01\x67", "mbus"))

    def test_published_telegram_shape(self) -> None:
        """
        Two long frames, 68 FA FA 68 53 FF 00 01 67 and 68 14 14 68 53 FF 11 01 67 (Domi#12), with
        160 ms between them.
        """
        first = encode_frame(0x53, 0xFF, 0x00, b"\x01\x67" + APDU[:245])
        second = encode_frame(0x53, 0xFF, 0x11, b"\x01\x67" + APDU[245:260])
        self.assertEqual((first[1], second[1]), (0xFA, 0x14))
        link = MBusPushLink()
        events = run(link, [first], 1.0)
        link.time_passed(1.16)
        self.assertEqual(octets(events + run(link, [second], 1.16)), [APDU[:260]])

    def test_wrapped_telegram(self) -> None:
        """
        68 01 01 68 with 257 octets, then 68 0D 0D 68: the Sagemcom T210-D (ams#155, 263 and 19 octets).
        """
        first = wrapped(b"\x53\xff\x00\x01\x67" + APDU[:252])
        second = encode_frame(0x53, 0xFF, 0x11, b"\x01\x67" + APDU[252:260])
        self.assertEqual((len(first), len(second)), (263, 19))
        for parts in splits(first + second, 7):
            self.assertEqual(octets(run(MBusPushLink(), parts)), [APDU[:260]])

    def test_first_numbered_ff(self) -> None:
        """
        A first segment with FF in place of 00 (Domi#12, 2024) begins a message.
        """
        frames = [
            encode_frame(0x53, 0xFF, 0xFF, b"\x01\x67" + APDU[:100]),
            encode_frame(0x53, 0xFF, 0x11, b"\x01\x67" + APDU[100:]),
        ]
        self.assertEqual(octets(run(MBusPushLink(), frames)), [APDU])

    def test_missing_first(self) -> None:
        """
        A telegram whose beginning was missed is one problem, and the next is decoded.
        """
        events = run(MBusPushLink(), [TELEGRAM[1], *TELEGRAM])
        self.assertEqual(kinds(events), [ProblemKind.BAD_SEQUENCE])
        self.assertEqual(octets(events), [APDU])

    def test_gap(self) -> None:
        """
        A segment that does not follow ends the message; a first one begins anew.
        """
        frames = encode_message(bytes(900))
        self.assertEqual(len(frames), 4)
        events = run(MBusPushLink(), [frames[0], frames[2], frames[3], *TELEGRAM])
        self.assertEqual(kinds(events), [ProblemKind.BAD_SEQUENCE] * 3)
        self.assertEqual(octets(events), [APDU])
        events = run(MBusPushLink(), [frames[0], *TELEGRAM])
        self.assertEqual(kinds(events), [ProblemKind.BAD_SEQUENCE])
        self.assertEqual(octets(events), [APDU])

    def test_repeated_segment(self) -> None:
        """
        The same segment again changes nothing.
        """
        events = run(MBusPushLink(), [TELEGRAM[0], TELEGRAM[0], TELEGRAM[1]])
        self.assertEqual((octets(events), kinds(events)), ([APDU], []))

    def test_long_message(self) -> None:
        """
        More than sixteen segments: the number wraps.
        """
        long = Random(2).randbytes(5000)
        self.assertEqual(octets(run(MBusPushLink(), encode_message(long))), [long])

    def test_addresses_apart(self) -> None:
        """
        Messages to different SAPs that interleave are kept apart.
        """
        other = encode_message(APDU[::-1], destination=0x66)
        mixed = [TELEGRAM[0], other[0], TELEGRAM[1], other[1]]
        self.assertEqual(octets(run(MBusPushLink(), mixed)), [APDU, APDU[::-1]])

    def test_transport_header(self) -> None:
        """
        CI 7C and 7D carry a whole APDU behind a header of 12 and of 4 octets.
        """
        for information, header in ((0x7C, 12), (0x7D, 4), (0x60, 12), (0x61, 4)):
            frame = encode_frame(0x08, 1, information, bytes(header) + b"\x0fabc")
            self.assertEqual(octets(run(MBusPushLink(), [frame])), [b"\x0fabc"])

    def test_not_dlms(self) -> None:
        """
        Other CI fields are counted and make no message.
        """
        link = MBusPushLink()
        self.assertEqual(run(link, [encode_frame(0x08, 1, 0x72, bytes(20))]), [])
        self.assertEqual(link.stats.other, 1)

    def test_incomplete(self) -> None:
        """
        A telegram without its end, and a frame without its end, are given up in time.
        """
        link = MBusPushLink()
        run(link, [TELEGRAM[0] + TELEGRAM[1][:9]], 50.0)
        self.assertEqual(link.deadline, 50.0 + FRAME_TIMEOUT)
        link.time_passed(50.0 + FRAME_TIMEOUT)
        link.time_passed(60.0)
        self.assertEqual(
            kinds(list(drain(link.next_event))), [ProblemKind.INCOMPLETE, ProblemKind.INCOMPLETE]
        )
        self.assertIsNone(link.deadline)

    def test_vectors(self) -> None:
        """
        The captured telegram gives its APDU, whole, octet by octet and cut at every octet.
        """
        for record in vectors.load("mbus_push.jsonl"):
            stream = bytes.fromhex(record["hex"])
            wanted = run(MBusPushLink(), [stream])
            [message] = octets(wanted)
            self.assertEqual(message[:2].hex(), "db08")
            self.assertEqual(message[2:10].hex(), record["expected"]["system_title"])
            for parts in splits(stream):
                self.assertEqual(run(MBusPushLink(), parts), wanted)
