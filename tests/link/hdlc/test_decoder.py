"""
Tests of L{dlms_twisted.link.hdlc.decoder}.
"""

from __future__ import annotations

from binascii import crc_hqx
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.link.hdlc import frame as frame_module
from dlms_twisted.link.hdlc.checksum import checksum
from dlms_twisted.link.hdlc.decoder import FrameDecoder
from dlms_twisted.link.hdlc.frame import HDLCFrame, encode_frame
from dlms_twisted.link.problems import RUN_LIMIT, Problem, ProblemKind
from tests import vectors
from tests.link.feeding import drain, feed, splits

FIRST = encode_frame(b"\x21", b"\x03", 0x13, b"\xe6\xe7\x00\x0f" + bytes(range(20)))
SECOND = encode_frame(b"\xce\xff", b"\x03", 0x13, b"second")
POLL = encode_frame(b"\x03", b"\x21", 0x11)


def good(events: list[HDLCFrame | Problem]) -> list[bytes]:
    """
    The frames among events, as octets.
    """
    return [event.raw for event in events if isinstance(event, HDLCFrame)]


def bad(events: list[HDLCFrame | Problem]) -> list[Problem]:
    """
    The problems among events.
    """
    return [event for event in events if isinstance(event, Problem)]


class FrameDecoderTests(SynchronousTestCase):
    """
    Tests of L{FrameDecoder}: what is good, what is not, and that no split changes it.
    """

    def check(self, stream: bytes, frames: list[bytes], problems: list[ProblemKind]) -> None:
        """
        Feed a stream in every way and compare frames, problems and counters.
        """
        stats = None
        events = None
        for parts in splits(stream):
            decoder = FrameDecoder()
            got = feed(decoder, parts)
            self.assertEqual(good(got), frames)
            self.assertEqual([problem.kind for problem in bad(got)], problems)
            if events is None:
                events, stats = got, decoder.stats.as_dict()
            self.assertEqual(got, events)
            self.assertEqual(decoder.stats.as_dict(), stats)

    def test_two_flags(self) -> None:
        """
        Each frame with its own flags (Tas8790, scs#59).
        """
        self.check(FIRST + SECOND + POLL, [FIRST, SECOND, POLL], [])

    def test_one_flag(self) -> None:
        """
        One flag closes a frame and opens the next (Tas8790, esph#16942).
        """
        self.check(FIRST + SECOND[1:] + POLL[1:], [FIRST, SECOND, POLL], [])

    def test_fill(self) -> None:
        """
        Any number of flags between frames is fill.
        """
        self.check(b"\x7e" * 9 + FIRST + b"\x7e" * 5 + SECOND, [FIRST, SECOND], [])

    def test_flag_inside(self) -> None:
        """
        Flag octets inside a frame mean nothing, also with a format octet behind (u9n#97, ams gh1072-2).
        """
        frame = encode_frame(b"\x21", b"\x03", 0x13, b"\x7e\xa0\x07\x03\x21\x93\x7e\x7e" + POLL)
        self.check(frame + FIRST, [frame, FIRST], [])

    def test_flag_in_checksum(self) -> None:
        """
        A frame whose FCS or HCS holds a flag octet is a frame (u9n#97).
        """
        found = 0
        for number in range(2000):
            frame = encode_frame(b"\x21", b"\x03", 0x13, number.to_bytes(2, "big"))
            if 0x7E in frame[-3:-1]:
                found += 1
                self.check(frame + SECOND[1:], [frame, SECOND], [])
        self.assertGreater(found, 5)

    def test_foreign_text(self) -> None:
        """
        A bridge's chatter between frames is counted and reported, no more (amshan#53 #60).
        """
        chatter = b"Debug: WiFi ps enabled\r\n"
        self.check(
            chatter + FIRST + chatter + SECOND,
            [FIRST, SECOND],
            [ProblemKind.FOREIGN, ProblemKind.FOREIGN],
        )
        decoder = FrameDecoder()
        events = feed(decoder, [chatter + FIRST])
        self.assertEqual(events[0], Problem(ProblemKind.FOREIGN, chatter))
        self.assertEqual(decoder.stats.problems, {ProblemKind.FOREIGN: len(chatter)})

    def test_bad_fcs(self) -> None:
        """
        A changed octet costs its frame only, and the frame is reported whole.
        """
        damaged = bytearray(FIRST)
        damaged[20] ^= 0x40
        self.check(bytes(damaged) + SECOND, [SECOND], [ProblemKind.BAD_FCS])
        self.check(bytes(damaged) + SECOND[1:], [SECOND], [ProblemKind.BAD_FCS])
        events = feed(FrameDecoder(), [bytes(damaged) + SECOND])
        self.assertEqual(events[0], Problem(ProblemKind.BAD_FCS, bytes(damaged[:-1])))

    def test_bad_fcs_with_flag_inside(self) -> None:
        """
        Flag octets inside a rejected frame make no second problem of it.
        """
        damaged = bytearray(
            encode_frame(b"\x21", b"\x03", 0x13, b"ab\x7ecd\x7e\xa0\x09ef\x7e\x7eg")
        )
        damaged[11] ^= 1
        self.check(bytes(damaged) + SECOND, [SECOND], [ProblemKind.BAD_FCS])

    def test_frame_inside_rejected(self) -> None:
        """
        Where octets were lost, the next frame began inside the rejected one, and is found there.
        """
        for lost in range(1, 20):
            stream = FIRST[: 10 + lost // 2] + FIRST[10 + lost // 2 + lost :]
            if stream[-1] != 0x7E:
                continue
            decoder = FrameDecoder()
            events = feed(decoder, [stream + SECOND + POLL + bytes(60)])
            self.assertEqual(good(events)[-2:], [SECOND, POLL], lost)

    def test_good_frame_inside_damaged(self) -> None:
        """
        A frame with a bad checksum that swallows a good one gives it up.
        """
        inner = encode_frame(b"\x21", b"\x03", 0x13, b"abc" + SECOND + b"def")
        damaged = bytearray(inner)
        damaged[-2] ^= 1
        self.check(
            bytes(damaged) + POLL, [SECOND, POLL], [ProblemKind.BAD_FCS, ProblemKind.FOREIGN]
        )

    def test_bad_hcs(self) -> None:
        """
        A bad header is known before the frame's end came.
        """
        damaged = bytearray(FIRST)
        damaged[6] ^= 0x01
        self.check(bytes(damaged) + SECOND, [SECOND], [ProblemKind.BAD_HCS])
        decoder = FrameDecoder()
        decoder.receive_data(bytes(damaged[:8]))
        decoder.next_event()
        self.assertEqual(decoder.stats.problems, {ProblemKind.BAD_HCS: 1})

    def test_length_from_noise(self) -> None:
        """
        A long length that noise made is not waited for: the next frame is not late.
        """
        decoder = FrameDecoder()
        events = feed(decoder, [b"\x7e\xa7\xff\x03\x21\x13\x00\x00" + FIRST])
        self.assertEqual(good(events), [FIRST])

    def test_lengths_that_cannot_be(self) -> None:
        """
        Fewer than 7 octets, or an odd one between a frame without and with information.
        """
        for length in range(7):
            stream = b"\x7e\xa0" + bytes([length]) + bytes(length) + SECOND
            self.check(stream, [SECOND], [ProblemKind.BAD_LENGTH])
        body = b"\xa0\x08\x03\x21\x13\x00"
        self.check(b"\x7e" + body + checksum(body) + SECOND, [SECOND], [ProblemKind.BAD_LENGTH])

    def test_no_flag_at_the_end(self) -> None:
        """
        A frame that no flag ends is rejected, even with right checksums.
        """
        self.check(FIRST[:-1] + b"\x7f" + SECOND, [SECOND], [ProblemKind.BAD_LENGTH])

    def test_bad_address(self) -> None:
        """
        An address of three octets, or without an end.
        """
        for address in (b"\x02\x02\x03", b"\x02\x02\x02\x02"):
            body = b"\xa0\x0a" + address + b"\x21\x93"
            body += bytes(8 - len(body)) + checksum(body)
            self.check(b"\x7e" + body + SECOND, [SECOND], [ProblemKind.BAD_ADDRESS])

    def test_other_format_type(self) -> None:
        """
        Frames of another format type are foreign.
        """
        self.check(b"\x7e\xc0\x21\x03\x01\x02\x7e" + SECOND, [SECOND], [ProblemKind.FOREIGN])

    def test_zero_checksums(self) -> None:
        """
        Checksums that a bridge left at zero are refused, or taken where that is asked for.
        """
        frame = bytearray(FIRST)
        frame[6:8] = b"\x00\x00"
        frame[-3:-1] = b"\x00\x00"
        self.assertEqual(good(feed(FrameDecoder(), [bytes(frame)])), [])
        for parts in splits(bytes(frame)):
            decoder = FrameDecoder(accept_zero_checksums=True)
            self.assertEqual(good(feed(decoder, parts)), [bytes(frame)])
        short = POLL[:-3] + b"\x00\x00\x7e"
        decoder = FrameDecoder(accept_zero_checksums=True)
        self.assertEqual(good(feed(decoder, [short])), [short])

    def test_max_length(self) -> None:
        """
        A limit below that of the length field is kept.
        """
        decoder = FrameDecoder(max_length=len(FIRST) - 3)
        events = feed(decoder, [FIRST + SECOND])
        self.assertEqual(good(events), [SECOND])
        self.assertEqual(bad(events)[0].kind, ProblemKind.BAD_LENGTH)

    def test_long_frames(self) -> None:
        """
        Frames of more than 255 and 512 octets, up to the longest (ams#146 #986, Gurux PR#46).
        """
        for size in (249, 256, 480, 513, 2030):
            frame = encode_frame(b"\x00\x02\x00\x23", b"\x21", 0x10, bytes(size))
            self.assertEqual(good(feed(FrameDecoder(), [frame, frame])), [frame, frame])

    def test_give_up(self) -> None:
        """
        What began and never ended is given up when asked, and the search goes on inside it.
        """
        cut = FIRST[:15]
        decoder = FrameDecoder()
        events = feed(decoder, [cut + SECOND[:-1]])
        self.assertEqual(events, [])
        self.assertTrue(decoder.waiting)
        self.assertIsNone(decoder.give_up())
        self.assertIsNone(decoder.next_event())
        events = feed(decoder, [b"\x7e"])
        self.assertEqual(events[0], Problem(ProblemKind.INCOMPLETE, cut))
        self.assertEqual(good(events), [SECOND])
        self.assertFalse(decoder.waiting)
        self.assertIsNone(decoder.give_up())

    def test_give_up_foreign(self) -> None:
        """
        Foreign octets that no frame followed are reported when the line is quiet.
        """
        decoder = FrameDecoder()
        self.assertEqual(feed(decoder, [b"hello"]), [])
        self.assertTrue(decoder.waiting)
        self.assertEqual(decoder.give_up(), Problem(ProblemKind.FOREIGN, b"hello"))
        self.assertFalse(decoder.waiting)

    def test_lone_flag_is_not_waited_for(self) -> None:
        """
        The flag that closed the last frame is held and is nothing to wait for.
        """
        decoder = FrameDecoder()
        feed(decoder, [FIRST])
        self.assertFalse(decoder.waiting)
        self.assertIsNone(decoder.give_up())

    def test_next_frame(self) -> None:
        """
        L{FrameDecoder.next_frame} passes over problems.
        """
        decoder = FrameDecoder()
        decoder.receive_data(b"noise" + FIRST + b"noise" + SECOND)
        self.assertEqual([frame.raw for frame in drain(decoder.next_frame)], [FIRST, SECOND])


class HostileTests(SynchronousTestCase):
    """
    Tests that noise costs neither time nor memory.
    """

    def test_never_grows(self) -> None:
        """
        Whatever comes, what is held stays below the longest frame and one report.
        """
        random = Random(5)
        streams = (
            b"\x7e" * 100_000,
            b"\x7e\xa7\xff" * 30_000,
            FIRST[:8] * 10_000,
            bytes(100_000),
            random.randbytes(100_000),
        )
        for stream in streams:
            decoder = FrameDecoder()
            for start in range(0, len(stream), 1000):
                feed(decoder, [stream[start : start + 1000]])
                held = len(decoder._buffer) + len(decoder._run)
                self.assertLessEqual(held, 2049 + RUN_LIMIT)

    def test_linear(self) -> None:
        """
        Streams made to be expensive take work in proportion to their length (gurux_dlms gave up
        at 3000 flags): the octets that checksums are computed of are counted.
        """
        work = 0

        def counted(octets: bytes, start: int) -> int:
            nonlocal work
            work += len(octets)
            return crc_hqx(octets, start)

        self.patch(frame_module, "crc_hqx", counted)
        header = FIRST[:8]
        body = b"\xa7\xfe" + header[3:6]
        nasty = b"\x7e" + body + checksum(body) + b"\x00"
        for unit in (b"\x7e", b"\x7e\xa7\xff", b"\x7e\xa7\xfe\x02\x23\x21\x13", nasty):
            costs = []
            for size in (20_000, 40_000):
                work = 0
                feed(FrameDecoder(), [unit * (size // len(unit))])
                costs.append(work)
            self.assertLessEqual(costs[1], 250 * 40_000, unit.hex())
            self.assertLessEqual(costs[1], 3 * costs[0], unit.hex())

    @settings(max_examples=150, deadline=None, derandomize=True)
    @given(st.lists(st.sampled_from([
        b"\x7e", b"\xa0", b"\x07", b"\x03", b"\x21", b"\x00", FIRST, SECOND, POLL, FIRST[:9],
        SECOND[3:], b"\x7e\xa7\xff", b"\x7e\xa0\x08\x03", b"noise",
    ]), max_size=12), st.integers(1, 40))  # fmt: skip
    def test_spliced(self, parts: list[bytes], step: int) -> None:
        """
        Pieces of frames in any order: the same events however cut, each octet of a frame given out is one of
        the stream's, and a good frame at the end is decoded.
        """
        stream = b"".join(parts)
        whole, pieces = FrameDecoder(), FrameDecoder()
        events = feed(whole, [stream])
        chunks = [stream[start : start + step] for start in range(0, len(stream), step)]
        self.assertEqual(feed(pieces, chunks), events)
        self.assertEqual(whole.stats.as_dict(), pieces.stats.as_dict())
        for raw in good(events):
            self.assertIn(raw, stream)
        while whole.waiting:
            whole.give_up()
            feed(whole, [])
            list(drain(whole.next_event))
        self.assertEqual(good(feed(whole, [SECOND])), [SECOND])

    @settings(max_examples=150, deadline=None, derandomize=True)
    @given(st.binary(max_size=100))
    def test_every_octet_is_accounted_for(self, data: bytes) -> None:
        """
        Octets that are no flag come out once, in a frame or in a problem.
        """
        decoder = FrameDecoder()
        stream = data + FIRST + data
        events = feed(decoder, [stream])
        while decoder.waiting:
            problem = decoder.give_up()
            if problem is not None:
                events.append(problem)
            events += drain(decoder.next_event)
        out = b"".join(
            event.raw if isinstance(event, HDLCFrame) else event.octets for event in events
        )
        self.assertEqual(out.replace(b"\x7e", b""), stream.replace(b"\x7e", b""))


class VectorTests(SynchronousTestCase):
    """
    Tests with captures of real meters.
    """

    def test_every_cut(self) -> None:
        """
        Each capture gives the same frames whole, octet by octet, and cut at every octet.
        """
        for name in ("hdlc_link.jsonl", "hdlc_push.jsonl"):
            for record in vectors.load(name):
                stream = bytes.fromhex(record["hex"])
                wanted = feed(FrameDecoder(), [stream])
                self.assertEqual(bad(wanted), [], record["id"])
                self.assertTrue(wanted, record["id"])
                for parts in splits(stream):
                    self.assertEqual(feed(FrameDecoder(), parts), wanted, record["id"])
