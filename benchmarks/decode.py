"""
Decoding Data: ours beside dlms-cosem and gurux_dlms.

The messages are made here, in the forms that meters send: the flat list of 25 elements of Norwegian HAN ports, a list
of 27 structures of code, value, scaler and unit, and load profiles of 10 000 rows.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from benchmarks.common import Row, compare
from dlms_twisted.codec import build
from dlms_twisted.codec.data import Data, decode_data
from dlms_twisted.codec.layout import LayoutCache

__all__ = ["flat_list", "profile", "run", "structures"]


def flat_list() -> bytes:
    """
    @return: a structure of 25 elements: codes and values one after the other.
    """
    elements = [build.visible_string("KFM_001")]
    for place in range(12):
        elements.append(build.octet_string(bytes((1, 0, place, 7, 0, 255))))
        if place < 3:
            elements.append(build.visible_string("6970631401991234"))
        else:
            elements.append(build.double_long_unsigned(2300 + place))
    return build.structure(*elements).octets


def structures() -> bytes:
    """
    @return: an array of 27 structures of code, value, scaler and unit.
    """
    return build.array(
        *[
            build.structure(
                build.octet_string(bytes((1, 0, place, 7, 0, 255))),
                build.double_long_unsigned(1000 + place),
                build.structure(build.integer(-1), build.enum(27)),
            )
            for place in range(27)
        ]
    ).octets


def profile(rows: int = 10_000, *, compressed: bool = False) -> bytes:
    """
    @param compressed: The clock of most rows is null-data, as are values that did not change.

    @return: a profile buffer: clock, status, two registers.
    """

    def row(place: int) -> Data:
        clock = bytes((7, 0xE3, 12, 1 + place % 28, 255, place % 24, 0, 0, 255, 255, 0xC4, 0))
        status = build.unsigned(6)
        energy = build.double_long_unsigned(1500 + place)
        other = build.double_long_unsigned(1600 + place)
        if compressed and place % 96:
            changed = build.null() if place % 3 == 0 else other
            return build.structure(build.null(), status, energy, changed)
        return build.structure(build.octet_string(clock), status, energy, other)

    return build.array(*[row(place) for place in range(rows)]).octets


def _peers(octets: bytes) -> dict[str, Callable[[], object]]:
    from dlms_cosem import a_xdr
    from gurux_dlms.GXByteBuffer import GXByteBuffer
    from gurux_dlms.internal._GXCommon import _GXCommon
    from gurux_dlms.internal._GXDataInfo import _GXDataInfo

    def dlms_cosem() -> object:
        fields = [a_xdr.Sequence(attribute_name="data")]
        return a_xdr.AXdrDecoder(encoding_conf=a_xdr.EncodingConf(fields)).decode(octets)

    def gurux() -> object:
        return _GXCommon.getData(None, GXByteBuffer(octets), _GXDataInfo())

    return {"dlms-cosem": dlms_cosem, "gurux": gurux}


def run() -> list[Row]:
    """
    @return: the figures.
    """
    rows = []
    flat, nested = flat_list(), structures()
    cache = LayoutCache()
    for name, octets, generic, learned in (
        ("flat list of 25", flat, 8.0, 30.0),
        ("27 structures", nested, 5.0, 30.0),
    ):
        peers = _peers(octets)
        rows += compare(f"{name}, generic", partial(decode_data, octets), peers, wanted=generic)
        rows += compare(f"{name}, learned", partial(cache.decode, octets), peers, wanted=learned)
    for name, octets, wanted in (
        ("profile, 10 000 equal rows", profile(), 35.0),
        ("profile, 10 000 compressed rows", profile(compressed=True), 8.0),
    ):
        peers = _peers(octets)
        del peers["gurux"]  # minutes
        rows += compare(name, partial(decode_data, octets), peers, wanted=wanted, rounds=9)
    return rows
