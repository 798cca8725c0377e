"""
HDLC frames, parsed with both checksums, beside dlms-cosem and gurux_dlms.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from dlms_cosem.hdlc.frames import UnnumberedInformationFrame
from gurux_dlms import GXByteBuffer, GXDLMSClient, GXReplyData
from gurux_dlms.enums import Authentication, InterfaceType

from benchmarks.common import Row, compare
from dlms_twisted.link.hdlc.decoder import FrameDecoder
from dlms_twisted.link.hdlc.frame import HDLCFrame, encode_frame, parse_frame
from dlms_twisted.link.hdlc.push import HDLCPushLink
from dlms_twisted.link.push import Payload
from dlms_twisted.link.wrapper import encode_frame as encode_wrapper
from dlms_twisted.link.wrapper import split_datagram

_CLIENT, _SERVER = b"\x21", b"\x03"


def _frame(size: int) -> bytes:
    # A push as HAN ports send it: a UI frame with so many octets of information.
    information = b"\xe6\xe7\x00\x0f\x00\x00\x00\x01\x00" + bytes(range(256)) * 8
    return encode_frame(_CLIENT, _SERVER, 0x13, information[:size])


def _cosem(raw: bytes) -> Callable[[], object]:
    def parse() -> object:
        return UnnumberedInformationFrame.from_bytes(raw)

    parsed = UnnumberedInformationFrame.from_bytes(raw)
    if parsed.payload != parse_frame(raw).information:
        raise AssertionError("dlms-cosem reads something else")
    return parse


def _gurux(raw: bytes) -> Callable[[], object]:
    client = GXDLMSClient(True, 16, 1, Authentication.NONE, None, InterfaceType.HDLC)

    def parse() -> object:
        reply = GXReplyData()
        client.getData(GXByteBuffer(raw), reply, GXReplyData())
        return reply

    parse()
    return parse


def _stream(raw: bytes) -> Callable[[], object]:
    decoder = FrameDecoder()

    def decode() -> HDLCFrame | None:
        decoder.receive_data(raw)
        return decoder.next_frame()

    if decode() is None or decode() is None:
        raise AssertionError("no frame")
    return decode


def _push(raw: bytes) -> Callable[[], object]:
    link = HDLCPushLink()

    def decode() -> object:
        link.receive_data(raw, 0.0)
        return link.next_event()

    if not isinstance(decode(), Payload):
        raise AssertionError("no payload")
    return decode


def run() -> list[Row]:
    """
    @return: the figures.
    """
    rows: list[Row] = []
    for size in (40, 200, 570):
        raw = _frame(size)
        for peer, make, wanted in (("dlms-cosem", _cosem, 100.0), ("gurux_dlms", _gurux, 20.0)):
            rows += compare(
                f"HDLC frame, {size} octets",
                partial(parse_frame, raw),
                {peer: make(raw)},
                wanted=wanted,
            )
    raw = _frame(200)
    rows += compare("HDLC stream, 200 octets", _stream(raw), {"dlms-cosem": _cosem(raw)})
    rows += compare("HDLC push link, 200 octets", _push(raw), {"dlms-cosem": _cosem(raw)})
    datagram = encode_wrapper(1, 1, bytes(200))
    rows += compare(
        "wrapper datagram, 200 octets",
        lambda: split_datagram(datagram),
        {"HDLC frame": lambda: parse_frame(raw)},
    )
    return rows
