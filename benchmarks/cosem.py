"""
What values mean: a profile of 10 000 rows to rows with aware datetimes, and to Arrow columns, beside dlms-cosem.

dlms-cosem has no columns; its rows are what the Arrow table is compared with.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from functools import partial

from benchmarks.common import Row, compare
from dlms_twisted.codec import build
from dlms_twisted.codec.data import decode_data
from dlms_twisted.codec.times import DateTime
from dlms_twisted.cosem.columns import Column
from dlms_twisted.cosem.obis import Obis
from dlms_twisted.cosem.profile import Profile
from dlms_twisted.cosem.readings import readings_of
from dlms_twisted.layout_files import default_layouts

__all__ = ["COUNT", "buffer", "profile", "run"]

#: Rows of a profile.
COUNT = 10_000
_PERIOD = 900
_START = datetime(2024, 1, 1, tzinfo=timezone(timedelta(hours=1)))


def buffer(*, compressed: bool) -> bytes:
    """
    @param compressed: Only the first row has its time, the others have null-data in its place.

    @return: rows of a clock, a status and two registers.
    """
    rows = []
    for index in range(COUNT):
        moment = _START + timedelta(seconds=_PERIOD * index)
        time = build.octet_string(DateTime.from_datetime(moment).to_octets())
        rows.append(
            b"\x02\x04"
            + (b"\x00" if compressed and index else time.octets)
            + build.unsigned(6).octets
            + build.double_long_unsigned(1_000_000 + 37 * index).octets
            + build.double_long_unsigned(500 + index).octets
        )
    return b"\x01\x82" + COUNT.to_bytes(2, "big") + b"".join(rows)


def profile() -> Profile:
    """
    @return: how that buffer is read.
    """
    objects = ((8, "0-0:1.0.0"), (1, "0-0:96.10.1"), (3, "1-0:1.8.0"), (3, "1-0:2.8.0"))
    return Profile(
        [Column(class_id=number, logical_name=Obis.parse(code)) for number, code in objects],
        capture_period=_PERIOD,
    )


def _dlms_cosem(octets: bytes) -> Callable[[], object]:
    from dlms_cosem import cosem, enumerations, parsers

    kinds = enumerations.CosemInterface
    columns = [
        cosem.CosemAttribute(interface=kind, instance=cosem.Obis(*code), attribute=2)
        for kind, code in (
            (kinds.CLOCK, (0, 0, 1, 0, 0)),
            (kinds.DATA, (0, 0, 96, 10, 1)),
            (kinds.REGISTER, (1, 0, 1, 8, 0)),
            (kinds.REGISTER, (1, 0, 2, 8, 0)),
        )
    ]

    def parse() -> object:
        # The period is said in minutes there.
        parser = parsers.ProfileGenericBufferParser(
            capture_objects=columns, capture_period=_PERIOD // 60
        )
        return parser.parse_bytes(octets)

    return parse


def run() -> list[Row]:
    """
    @return: the figures.
    """
    ours = profile()
    plain, compressed = buffer(compressed=False), buffer(compressed=True)
    rows = []
    for name, octets, wanted in (
        (f"profile, {COUNT} equal rows", plain, 35.0),
        (f"profile, {COUNT} null-compressed rows", compressed, 8.0),
    ):
        theirs = {"dlms-cosem": _dlms_cosem(octets)}
        rows += compare(name, partial(_rows, ours, octets), theirs, wanted=wanted, rounds=5)
    return rows + _arrow(ours, plain) + _readings()


def _rows(ours: Profile, octets: bytes) -> object:
    return list(ours.rows(octets))


def _arrow(ours: Profile, octets: bytes) -> list[Row]:
    try:
        from dlms_twisted.cosem.profile_arrow import arrow_table

        arrow_table(ours, octets)
    except ImportError:
        return []
    theirs = {"dlms-cosem": _dlms_cosem(octets)}
    name = f"profile, {COUNT} rows to an Arrow table"
    return compare(name, lambda: arrow_table(ours, octets), theirs, wanted=200.0, rounds=5)


def _readings() -> list[Row]:
    """
    A push of ten values to readings, beside the bare decoding of its body.
    """
    rows = [
        build.structure(
            build.octet_string(Obis(1, 0, 1 + place, 8, 0).octets),
            build.double_long_unsigned(1000 + place),
            build.structure(build.integer(-1), build.enum(30)),
        )
        for place in range(10)
    ]
    octets = build.structure(*rows).octets
    layouts = default_layouts()
    return compare(
        "push of 10 values to readings",
        lambda: readings_of(decode_data(octets), layouts=layouts),
        {"decode only": lambda: decode_data(octets)},
        rounds=5,
    )
