"""
Tests of L{dlms_twisted.link.hdlc.frame}, its checksum and its control octet.
"""

from __future__ import annotations

from binascii import crc_hqx
from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.errors import DecodeError, EncodeError
from dlms_twisted.link.hdlc.checksum import (
    CRC_AFTER_FLAG,
    CRC_BEFORE_FLAG,
    CRC_GOOD,
    CRC_START,
    REVERSED,
    checksum,
    is_good,
)
from dlms_twisted.link.hdlc.control import (
    FrameKind,
    frame_kind,
    information_control,
    receive_number,
    send_number,
    supervisory_control,
    unnumbered_control,
)
from dlms_twisted.link.hdlc.frame import HDLCFrame, encode_frame, parse_frame, read_frame
from tests import vectors

#: IEC 62056-46, examples of the desk reference: octets, kind, poll, information.
EXAMPLES = (
    ("7ea0070321930f017e", FrameKind.SNRM, True, ""),
    ("7ea00802232193bd647e", FrameKind.SNRM, True, ""),
    ("7ea00a00020023219318717e", FrameKind.SNRM, True, ""),
    (
        "7ea0200321937dd98180140502008006020080070400000001080400000001ce6a7e",
        FrameKind.SNRM,
        True,
        "8180140502008006020080070400000001080400000001",
    ),
    (
        "7ea01e210373c37a818012050180060180070400000001080400000001533b7e",
        FrameKind.UA,
        True,
        "818012050180060180070400000001080400000001",
    ),
    ("7ea00721037301407e", FrameKind.UA, True, ""),
    (
        "7ea0190321326fd8e6e600c001c100080000010000ff0200601a7e",
        FrameKind.I,
        True,
        "e6e600c001c100080000010000ff0200",
    ),
    ("7ea00703215111e47e", FrameKind.RR, True, ""),
    ("7ea00703215303c77e", FrameKind.DISC, True, ""),
    ("7ea00721031f6be97e", FrameKind.DM, True, ""),
    ("7ea00c2103973e213242013e987e", FrameKind.FRMR, True, "324201"),
    (
        "7ea017210313a6e0e6e7000f000000010006000003e8f5307e",
        FrameKind.UI,
        True,
        "e6e7000f000000010006000003e8",
    ),
)


def reference_crc(octets: bytes) -> bytes:
    """
    The checksum bit by bit, as ISO/IEC 13239 writes it.
    """
    register = 0xFFFF
    for octet in octets:
        register ^= octet
        for _ in range(8):
            register = register >> 1 ^ (0x8408 if register & 1 else 0)
    return (register ^ 0xFFFF).to_bytes(2, "little")


class ChecksumTests(SynchronousTestCase):
    """
    Tests of the checksum.
    """

    def test_check_value(self) -> None:
        """
        The digits 1 to 9 give 906E, low octet first.
        """
        self.assertEqual(checksum(b"123456789"), bytes.fromhex("6e90"))

    @settings(max_examples=200, deadline=None, derandomize=True)
    @given(st.binary(max_size=100))
    def test_reference(self, octets: bytes) -> None:
        """
        It equals the bit-by-bit definition, and octets with their checksum are good.
        """
        self.assertEqual(checksum(octets), reference_crc(octets))
        self.assertTrue(is_good(octets + checksum(octets)))

    def test_constants(self) -> None:
        """
        The registers around flags follow from those within.
        """
        flag = b"\x7e".translate(REVERSED)
        self.assertEqual(crc_hqx(flag, CRC_BEFORE_FLAG), CRC_START)
        self.assertEqual(crc_hqx(flag, CRC_GOOD), CRC_AFTER_FLAG)

    def test_each_bit_matters(self) -> None:
        """
        Any one changed bit is found.
        """
        good = b"abcdef" + checksum(b"abcdef")
        for position, bit in product(range(len(good)), range(8)):
            bad = bytearray(good)
            bad[position] ^= 1 << bit
            self.assertFalse(is_good(bytes(bad)))


class ControlTests(SynchronousTestCase):
    """
    Tests of the control octet.
    """

    def test_all_octets(self) -> None:
        """
        Each octet is of one kind, and there are as many of each as its bits leave open.
        """
        kinds = [frame_kind(octet) for octet in range(256)]
        counts = {kind: kinds.count(kind) for kind in FrameKind}
        self.assertEqual(counts[FrameKind.I], 128)
        self.assertEqual(counts[FrameKind.RR], 16)
        self.assertEqual(counts[FrameKind.RNR], 16)
        for kind in ("SNRM", "DISC", "UA", "DM", "FRMR", "UI"):
            self.assertEqual(counts[FrameKind[kind]], 2, kind)
        self.assertEqual(sum(counts.values()), 256)

    def test_numbers(self) -> None:
        """
        Sequence numbers come back, and more than seven wraps.
        """
        for send, receive, poll in product(range(8), range(8), (False, True)):
            control = information_control(send + 8, receive + 8, poll)
            self.assertIs(frame_kind(control), FrameKind.I)
            self.assertEqual((send_number(control), receive_number(control)), (send, receive))
            for kind in (FrameKind.RR, FrameKind.RNR):
                control = supervisory_control(kind, receive, poll)
                self.assertIs(frame_kind(control), kind)
                self.assertEqual(receive_number(control), receive)

    def test_unnumbered(self) -> None:
        """
        The octets of the standard's table.
        """
        for kind, plain, poll in (
            (FrameKind.SNRM, 0x83, 0x93), (FrameKind.DISC, 0x43, 0x53), (FrameKind.UA, 0x63, 0x73),
            (FrameKind.DM, 0x0F, 0x1F), (FrameKind.FRMR, 0x87, 0x97), (FrameKind.UI, 0x03, 0x13),
        ):  # fmt: skip
            self.assertEqual(unnumbered_control(kind, False), plain)
            self.assertEqual(unnumbered_control(kind, True), poll)


class FrameTests(SynchronousTestCase):
    """
    Tests of whole frames.
    """

    def test_examples(self) -> None:
        """
        The standard's examples are read and written.
        """
        for text, kind, poll, information in EXAMPLES:
            octets = bytes.fromhex(text)
            frame = parse_frame(octets)
            self.assertIs(frame.kind, kind)
            self.assertEqual(frame.poll, poll)
            self.assertEqual(frame.information.hex(), information)
            self.assertEqual(
                encode_frame(frame.destination, frame.source, frame.control, frame.information),
                octets,
            )

    def test_segmented(self) -> None:
        """
        The segmentation bit goes both ways, and the numbers are those of the example.
        """
        octets = bytes.fromhex("7ea8192103305d07e6e700c401c1000914000102030405064cfa7e")
        frame = parse_frame(octets)
        self.assertTrue(frame.segmented)
        self.assertEqual((frame.send_number, frame.receive_number), (0, 1))
        self.assertEqual(
            encode_frame(b"\x21", b"\x03", 0x30, frame.information, segmented=True), octets
        )

    def test_longest(self) -> None:
        """
        2030 octets of information fit with any addresses; 2047 between the flags is the end.
        """
        for destination in (b"\x03", b"\x02\x23", b"\x00\x02\x00\x23"):
            octets = encode_frame(destination, b"\x21", 0x10, bytes(2030))
            self.assertEqual(parse_frame(octets).information, bytes(2030))
        self.assertRaises(EncodeError, encode_frame, b"\x03", b"\x21", 0x10, bytes(2039))

    def test_every_prefix(self) -> None:
        """
        Every proper prefix of a frame is refused with our error.
        """
        octets = bytes.fromhex(EXAMPLES[3][0])
        for length in range(len(octets)):
            self.assertRaises(DecodeError, parse_frame, octets[:length])

    @settings(max_examples=300, deadline=None, derandomize=True)
    @given(st.binary(max_size=30))
    def test_any_octets(self, octets: bytes) -> None:
        """
        Any octets give a frame or our error, also with a right beginning and end.
        """
        framed = b"\x7e\xa0" + bytes([len(octets) + 2]) + octets + b"\x7e"
        for data in (octets, framed):
            try:
                frame = parse_frame(data)
            except DecodeError:
                continue
            self.assertEqual(frame.raw, data)

    @settings(max_examples=100, deadline=None, derandomize=True)
    @given(
        st.sampled_from([b"\x03", b"\x02\x23", b"\x00\x02\x00\x23"]),
        st.sampled_from([b"\x21", b"\xce\xff", b"\x00\x02\x2c\x47"]),
        st.integers(0, 255),
        st.binary(max_size=40),
        st.booleans(),
    )
    def test_round_trip(
        self, destination: bytes, source: bytes, control: int, information: bytes, more: bool
    ) -> None:
        """
        What is written is read.
        """
        octets = encode_frame(destination, source, control, information, segmented=more)
        wanted = HDLCFrame(destination, source, control, more, information, octets)
        self.assertEqual(parse_frame(octets), wanted)
        self.assertEqual(read_frame(octets), wanted)

    def test_each_bit_matters(self) -> None:
        """
        With any one bit changed no frame is left, and the decoder's reader says the same.
        """
        octets = encode_frame(b"\x21", b"\x03", 0x13, b"\xe6\xe7\x00\x0fabc")
        for position, bit in product(range(len(octets)), range(8)):
            bad = bytearray(octets)
            bad[position] ^= 1 << bit
            self.assertRaises(DecodeError, parse_frame, bytes(bad))
            if position > 2:
                self.assertNotIsInstance(read_frame(bytes(bad)), HDLCFrame)

    def test_vectors(self) -> None:
        """
        Single frames of real meters: addresses of 1, 2 and 4 octets stay as they came.
        """
        for record in vectors.load("hdlc_link.jsonl"):
            octets = bytes.fromhex(record["hex"])
            frame = parse_frame(octets)
            wanted = record["expected"]
            self.assertEqual(frame.destination.hex(), wanted["destination"], record["id"])
            self.assertEqual(frame.source.hex(), wanted["source"], record["id"])
            self.assertEqual(frame.control, wanted["control"], record["id"])
            self.assertEqual(frame.segmented, wanted["segmented"], record["id"])
            self.assertEqual(frame.information.hex(), wanted["information"], record["id"])
            self.assertEqual(
                encode_frame(
                    frame.destination,
                    frame.source,
                    frame.control,
                    frame.information,
                    segmented=frame.segmented,
                ),
                octets,
            )
