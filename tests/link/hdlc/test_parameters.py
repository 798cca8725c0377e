"""
Tests of L{dlms_twisted.link.hdlc.parameters}.
"""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.errors import DecodeError, EncodeError
from dlms_twisted.link.hdlc.control import FrameKind
from dlms_twisted.link.hdlc.frame import parse_frame
from dlms_twisted.link.hdlc.parameters import (
    Parameters,
    decode_parameters,
    encode_parameters,
    negotiate,
)
from tests import vectors


class ParametersTests(SynchronousTestCase):
    """
    Tests of the parameter list.
    """

    def test_known(self) -> None:
        """
        Lists of the desk reference and of real meters.
        """
        for text, wanted in (
            ("818012050180060180070400000001080400000001", Parameters()),
            ("8180140502008006020080070400000001080400000001", Parameters()),
            ("818014050200f2060200f2070400000001080400000001", Parameters(242, 242, 1, 1)),
            ("818012050180 06013e 070400000001 080400000001", Parameters(128, 62, 1, 1)),
            ("81801305018006020200070400000001080400000001", Parameters(128, 512, 1, 1)),
            ("8180060701030801 07", Parameters(128, 128, 3, 7)),
            ("818003050140", Parameters(64, 128, 1, 1)),
            ("818000", Parameters()),
            ("", Parameters()),
        ):
            self.assertEqual(decode_parameters(bytes.fromhex(text)), wanted, text)

    def test_unknown_parameter(self) -> None:
        """
        A parameter that is not known is passed over.
        """
        self.assertEqual(
            decode_parameters(bytes.fromhex("818007 0902aaaa 050140")), Parameters(64, 128, 1, 1)
        )

    def test_encode(self) -> None:
        """
        Defaults need no list; values above 255 take two octets.
        """
        self.assertEqual(encode_parameters(Parameters()), b"")
        self.assertEqual(
            encode_parameters(Parameters(242, 1024, 1, 7)).hex(),
            "81801305 01f2 06020400 070400000001 080400000007".replace(" ", ""),
        )

    def test_round_trip(self) -> None:
        """
        What is written is read.
        """
        for parameters in (
            Parameters(),
            Parameters(32, 2030, 7, 1),
            Parameters(255, 256, 1, 7),
            Parameters(128, 128, 1, 2),
        ):
            self.assertEqual(decode_parameters(encode_parameters(parameters)), parameters)

    def test_out_of_range(self) -> None:
        """
        Values out of range are our mistake or theirs.
        """
        for parameters in (
            Parameters(0), Parameters(2031), Parameters(128, 0), Parameters(128, 4000),
            Parameters(128, 128, 0), Parameters(128, 128, 8), Parameters(128, 128, 1, 9),
        ):  # fmt: skip
            self.assertRaises(EncodeError, encode_parameters, parameters)
        for text in ("818003050100", "818006 0704 00000008", "818004 0602 ffff"):
            self.assertRaises(DecodeError, decode_parameters, bytes.fromhex(text))

    def test_every_prefix(self) -> None:
        """
        Every proper prefix but the empty one is refused.
        """
        octets = encode_parameters(Parameters(242, 1024, 1, 7))
        for length in range(1, len(octets)):
            self.assertRaises(DecodeError, decode_parameters, octets[:length])

    @settings(max_examples=200, deadline=None, derandomize=True)
    @given(st.binary(max_size=20))
    def test_any_octets(self, octets: bytes) -> None:
        """
        Any octets give parameters in range or our error.
        """
        for data in (octets, b"\x81\x80" + bytes([len(octets)]) + octets):
            try:
                decode_parameters(data).check()
            except DecodeError:
                continue

    def test_negotiate(self) -> None:
        """
        Each side sends no more than the other takes.
        """
        server = negotiate(Parameters(512, 256, 7, 2), Parameters(128, 300, 1, 3))
        self.assertEqual(server, Parameters(300, 128, 3, 1))
        client = negotiate(Parameters(128, 300, 1, 3), server)
        self.assertEqual(client, Parameters(128, 300, 1, 3))

    def test_vectors(self) -> None:
        """
        Each captured SNRM and UA with a list can be read.
        """
        seen = 0
        for record in vectors.load("hdlc_link.jsonl"):
            frame = parse_frame(bytes.fromhex(record["hex"]))
            if frame.kind in {FrameKind.SNRM, FrameKind.UA}:
                decode_parameters(frame.information).check()
                seen += 1
        self.assertGreater(seen, 8)
