"""
Tests of L{dlms_twisted.link.wrapper}.
"""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.errors import EncodeError, RemoteProtocolError
from dlms_twisted.link.wrapper import (
    SplitDatagram,
    WrapperDecoder,
    WrapperFrame,
    encode_frame,
    split_datagram,
)
from tests import vectors

FRAMES = (
    encode_frame(1, 16, b"ab"),
    encode_frame(0xFFFF, 0, b""),
    encode_frame(1, 0x67, bytes(range(256)) * 2),
)


def frame_of(raw: bytes) -> WrapperFrame:
    """
    The frame that these octets should give.
    """
    return WrapperFrame(
        int.from_bytes(raw[2:4], "big"), int.from_bytes(raw[4:6], "big"), raw[8:], raw
    )


def drain(decoder: WrapperDecoder) -> list[WrapperFrame]:
    """
    All frames that the decoder can give now.
    """
    frames = []
    while (frame := decoder.next_frame()) is not None:
        frames.append(frame)
    return frames


class WrapperDecoderTests(SynchronousTestCase):
    """
    Tests of L{WrapperDecoder}.
    """

    def test_every_split(self) -> None:
        """
        It does not matter where TCP cut the stream.
        """
        stream = b"".join(FRAMES)
        wanted = [frame_of(raw) for raw in FRAMES]
        for cut in range(len(stream) + 1):
            decoder = WrapperDecoder()
            got = []
            for part in (stream[:cut], stream[cut:]):
                decoder.receive_data(part)
                got += drain(decoder)
            self.assertEqual(got, wanted)
            self.assertEqual(decoder.buffered, b"")

    def test_octet_by_octet(self) -> None:
        """
        A stream that comes one octet at a time gives each frame with its last octet.
        """
        decoder = WrapperDecoder()
        got = []
        for raw in FRAMES:
            for position in range(len(raw)):
                self.assertEqual(drain(decoder), [])
                decoder.receive_data(raw[position : position + 1])
            got += drain(decoder)
        self.assertEqual(got, [frame_of(raw) for raw in FRAMES])

    def test_version(self) -> None:
        """
        A wrong version is an error, at once and again, and with the first octet that shows it.
        """
        for start in (
            b"\x7e",
            b"\x01",
            b"\x00\x02",
            b"\x00\x00",
            b"\x00\x02\x00\x01\x00\x01\x00\x00",
        ):
            decoder = WrapperDecoder()
            decoder.receive_data(start)
            self.assertRaises(RemoteProtocolError, decoder.next_frame)
            decoder.receive_data(FRAMES[0])
            self.assertRaises(RemoteProtocolError, decoder.next_frame)
            self.assertEqual(decoder.buffered, start + FRAMES[0])

    def test_announced_length(self) -> None:
        """
        A frame that would be longer than allowed is refused from its header alone.
        """
        decoder = WrapperDecoder(max_payload=100)
        decoder.receive_data(encode_frame(1, 1, bytes(100)))
        self.assertEqual(len(drain(decoder)), 1)
        decoder.receive_data(encode_frame(1, 1, bytes(101))[:8])
        error = self.assertRaises(RemoteProtocolError, decoder.next_frame)
        self.assertIn("101", str(error))

    def test_good_before_bad(self) -> None:
        """
        Frames that came before the error are given out first.
        """
        decoder = WrapperDecoder()
        decoder.receive_data(FRAMES[0] + FRAMES[1] + b"\xff")
        self.assertEqual(decoder.next_frame(), frame_of(FRAMES[0]))
        self.assertEqual(decoder.next_frame(), frame_of(FRAMES[1]))
        self.assertRaises(RemoteProtocolError, decoder.next_frame)

    @settings(max_examples=200, deadline=None, derandomize=True)
    @given(st.binary(max_size=64))
    def test_any_octets(self, data: bytes) -> None:
        """
        Any octets give frames, a wait for more, or our error; no octet appears twice or is lost.
        """
        decoder = WrapperDecoder()
        decoder.receive_data(data)
        frames = []
        try:
            frames = drain(decoder)
        except RemoteProtocolError:
            self.assertNotEqual(data, b"")
        else:
            taken = b"".join(frame.raw for frame in frames)
            self.assertEqual(taken + decoder.buffered, data)

    def test_whole(self) -> None:
        """
        One good frame by itself is taken at once; anything else, and anything in the middle of a frame, is not.
        """
        frame = encode_frame(1, 16, b"abc")
        decoder = WrapperDecoder(max_payload=3)
        self.assertEqual(decoder.whole(frame), (1, 16, b"abc", frame))
        long = encode_frame(1, 16, b"abcd")
        for other in (b"", frame[:-1], frame + b"\0", frame + frame, b"\0\2" + frame[2:], long):
            self.assertIsNone(decoder.whole(other))
        decoder.receive_data(frame[:9])
        self.assertIsNone(decoder.whole(frame))
        decoder.receive_data(frame[9:])
        self.assertEqual(decoder.next_frame(), (1, 16, b"abc", frame))
        self.assertEqual(decoder.whole(frame), (1, 16, b"abc", frame))
        decoder.receive_data(b"\0\2")
        self.assertRaises(RemoteProtocolError, decoder.next_frame)
        self.assertIsNone(decoder.whole(frame))


class SplitDatagramTests(SynchronousTestCase):
    """
    Tests of L{split_datagram}.
    """

    def test_one(self) -> None:
        """
        A datagram is one frame.
        """
        for raw in FRAMES:
            self.assertEqual(split_datagram(raw), SplitDatagram((frame_of(raw),), 0, b"", ""))

    def test_several(self) -> None:
        """
        Several frames in one datagram are all taken.
        """
        self.assertEqual(
            split_datagram(b"".join(FRAMES)),
            SplitDatagram(tuple(frame_of(raw) for raw in FRAMES), 0, b"", ""),
        )

    def test_trailing_zeros(self) -> None:
        """
        Zero padding of any length after the last frame is counted and nothing else.
        """
        for zeros in (1, 7, 8, 9, 100):
            split = split_datagram(FRAMES[0] + bytes(zeros))
            self.assertEqual(split, SplitDatagram((frame_of(FRAMES[0]),), zeros, b"", ""))

    def test_only_zeros(self) -> None:
        """
        Zeros alone are padding of nothing: they are bad.
        """
        for zeros in (1, 8, 40):
            split = split_datagram(bytes(zeros))
            self.assertEqual(split.frames, ())
            self.assertEqual(split.bad, bytes(zeros))
            self.assertTrue(split.reason)

    def test_empty(self) -> None:
        """
        An empty datagram holds nothing, and the reason says so.
        """
        self.assertEqual(split_datagram(b""), SplitDatagram((), 0, b"", "empty datagram"))

    def test_every_prefix(self) -> None:
        """
        A datagram that was cut short is bad as a whole, whatever it announces.
        """
        for raw in (FRAMES[0], FRAMES[2]):
            for length in range(1, len(raw)):
                split = split_datagram(raw[:length])
                self.assertEqual((split.frames, split.bad), ((), raw[:length]))
                self.assertTrue(split.reason)

    def test_good_then_bad(self) -> None:
        """
        What is good is taken, the rest handed back with a reason.
        """
        for rest in (b"\x01", b"\x00\x01\x00", FRAMES[2][:-1], b"\x00\x02" + FRAMES[0][2:]):
            split = split_datagram(FRAMES[0] + rest)
            self.assertEqual(split.frames, (frame_of(FRAMES[0]),))
            self.assertEqual(split.bad, rest)
            self.assertTrue(split.reason)

    def test_limit(self) -> None:
        """
        A longer APDU than allowed is bad, even where it came whole.
        """
        split = split_datagram(FRAMES[2], max_payload=511)
        self.assertEqual((split.frames, split.bad), ((), FRAMES[2]))
        self.assertIn("511", split.reason)
        self.assertEqual(len(split_datagram(FRAMES[2], max_payload=512).frames), 1)

    @settings(max_examples=200, deadline=None, derandomize=True)
    @given(st.binary(max_size=64))
    def test_any_octets(self, data: bytes) -> None:
        """
        Whatever came, each octet is accounted for once.
        """
        split = split_datagram(data)
        taken = b"".join(frame.raw for frame in split.frames)
        self.assertEqual(taken + bytes(split.trailing_zeros) + split.bad, data)
        self.assertEqual(bool(split.reason), bool(split.bad) or not data)


class EncodeFrameTests(SynchronousTestCase):
    """
    Tests of L{encode_frame}.
    """

    def test_example(self) -> None:
        """
        A GET of the clock by the public client.
        """
        apdu = bytes.fromhex("c001c100080000010000ff0200")
        self.assertEqual(encode_frame(16, 1, apdu), bytes.fromhex("000100100001000d") + apdu)

    def test_range(self) -> None:
        """
        Ports and lengths that do not fit are our own mistake.
        """
        self.assertRaises(EncodeError, encode_frame, 0x10000, 1, b"")
        self.assertRaises(EncodeError, encode_frame, 1, -1, b"")
        self.assertRaises(EncodeError, encode_frame, 1, 1, bytes(0x10000))
        self.assertEqual(len(encode_frame(1, 1, bytes(0xFFFF))), 8 + 0xFFFF)


class VectorTests(SynchronousTestCase):
    """
    Tests with the shared vectors.
    """

    def test_wrapper_udp(self) -> None:
        """
        Every captured frame is cut at its length; what two of them hold beyond it is handed back.
        """
        for record in vectors.load("wrapper_udp.jsonl"):
            if not record["medium"].startswith("wrapper"):
                continue
            octets = bytes.fromhex(record["hex"])
            split = split_datagram(octets)
            self.assertTrue(split.frames)
            taken = b"".join(frame.raw for frame in split.frames)
            self.assertEqual(taken + bytes(split.trailing_zeros) + split.bad, octets)
            if record["id"] not in {"mx382-alarm", "cx-plain-frame2"}:
                self.assertEqual(split.bad, b"")
