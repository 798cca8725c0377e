"""
Profile buffers made for tests.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta, timezone

from dlms_twisted.codec import build
from dlms_twisted.codec.data import Data
from dlms_twisted.codec.times import DateTime
from dlms_twisted.cosem.columns import Column
from dlms_twisted.cosem.obis import Obis

__all__ = ["CET", "LOAD_PROFILE", "START", "buffer", "clock", "column", "row"]

CET = timezone(timedelta(hours=1))
START = datetime(2024, 1, 1, tzinfo=CET)


def column(class_id: int, code: str, attribute: int = 2) -> Column:
    """
    @return: a column of that object.
    """
    return Column(class_id=class_id, logical_name=Obis.parse(code), attribute=attribute)


LOAD_PROFILE = (
    column(8, "0-0:1.0.0"),
    column(1, "0-0:96.10.1"),
    column(3, "1-0:1.8.0"),
    column(3, "1-0:2.8.0"),
)


def clock(moment: datetime) -> Data:
    """
    @return: a clock's time as octet-string.
    """
    return build.octet_string(DateTime.from_datetime(moment).to_octets())


def row(index: int, *, null: Sequence[int] = (), minutes: int = 15) -> Data:
    """
    @param null: Which cells are null-data.

    @return: a row of L{LOAD_PROFILE}.
    """
    cells = [
        clock(START + timedelta(minutes=minutes * index)),
        build.unsigned(index % 256),
        build.double_long_unsigned(1000 + 7 * index),
        build.double_long_unsigned(50),
    ]
    return build.structure(
        *[build.null() if place in null else cell for place, cell in enumerate(cells)]
    )


def buffer(*rows: Data) -> Data:
    """
    @return: an array of rows.
    """
    return build.array(*rows)
