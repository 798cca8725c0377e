"""
Decoding answers to GET: ours beside dlms-cosem and gurux_dlms.

dlms-cosem keeps the value of an answer as octets; the rows "to values" let it decode them, too, as ours always does.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from benchmarks.common import Row, compare
from dlms_twisted.apdu import registry
from dlms_twisted.apdu.get import GetResponseNormal, GetResponseWithDataBlock, GetResponseWithList
from dlms_twisted.codec import build

__all__ = ["block", "listed", "normal", "run", "scaler_unit"]


def normal() -> bytes:
    """
    @return: the answer with the value of a register.
    """
    value = build.double_long_unsigned(5009)
    return GetResponseNormal(invoke_id_and_priority=0xC1, result=value).encode()


def scaler_unit() -> bytes:
    """
    @return: the answer with scaler and unit.
    """
    value = build.structure(build.integer(-2), build.enum(27))
    return GetResponseNormal(invoke_id_and_priority=0xC1, result=value).encode()


def block() -> bytes:
    """
    @return: a block of 1200 octets.
    """
    return GetResponseWithDataBlock(
        invoke_id_and_priority=0xC1, last_block=False, block_number=1, result=bytes(1200)
    ).encode()


def listed() -> bytes:
    """
    @return: the answers to a list of 9.
    """
    values = tuple(build.long_unsigned(place) for place in range(9))
    return GetResponseWithList(invoke_id_and_priority=0xC1, results=values).encode()


def _dlms_cosem(octets: bytes, *, values: bool) -> Callable[[], object]:
    from dlms_cosem.protocol.xdlms import GetResponseFactory
    from dlms_cosem.utils import parse_as_dlms_data

    if not values:
        return lambda: GetResponseFactory.from_bytes(octets)
    return lambda: parse_as_dlms_data(GetResponseFactory.from_bytes(octets).data)


def _gurux(octets: bytes) -> Callable[[], object]:
    from gurux_dlms.GXByteBuffer import GXByteBuffer
    from gurux_dlms.GXDLMS import GXDLMS
    from gurux_dlms.GXDLMSClient import GXDLMSClient
    from gurux_dlms.GXReplyData import GXReplyData

    client = GXDLMSClient(True)

    def decode() -> object:
        reply = GXReplyData()
        reply.data = GXByteBuffer(octets)
        GXDLMS.getPdu(client.settings, reply)
        return reply.value

    return decode


def run() -> list[Row]:
    """
    @return: the figures.
    """
    rows = []
    for name, octets in (("a register's value", normal()), ("scaler and unit", scaler_unit())):
        rows += compare(
            f"GET response, {name}",
            partial(GetResponseNormal.decode, octets),
            {"dlms-cosem": _dlms_cosem(octets, values=False)},
        )
        peers = {"dlms-cosem": _dlms_cosem(octets, values=True), "gurux": _gurux(octets)}
        rows += compare(
            f"GET response, {name}, to values",
            partial(registry.decode, octets),
            peers,
            wanted=1.5,
        )
    for name, octets in (("a block", block()), ("a list of 9", listed())):
        rows += compare(
            f"GET response, {name}",
            partial(registry.decode, octets),
            {"dlms-cosem": _dlms_cosem(octets, values=False)},
            wanted=1.5,
        )
    return rows
