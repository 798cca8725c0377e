"""
Tests for L{dlms_twisted.cosem.profile_arrays} and L{dlms_twisted.cosem.profile_arrow}.

They skip without the extra C{arrow}.
"""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SkipTest, SynchronousTestCase

from dlms_twisted.codec import build
from dlms_twisted.codec.data import Data
from dlms_twisted.cosem.clock import ClockOptions
from dlms_twisted.cosem.elements import ScalerUnit
from dlms_twisted.cosem.profile import Nulls, Profile
from dlms_twisted.errors import DecodeError
from tests.cosem.buffers import LOAD_PROFILE, START, buffer, column, row
from tests.vectors import load


def _table(profile: Profile, data: Data | bytes) -> Any:
    try:
        import numpy  # noqa: F401
        import pyarrow  # noqa: F401
    except ImportError:
        raise SkipTest("the extra arrow is not installed") from None
    from dlms_twisted.cosem.profile_arrow import arrow_table

    return arrow_table(profile, data)


def _cells(profile: Profile, data: Data | bytes) -> list[list[Any]]:
    """
    What the table should hold, by the rows: times in UTC.
    """
    found = []
    for one in profile.rows(data):
        cells = [
            cell.astimezone(UTC) if isinstance(cell, datetime) and cell.tzinfo else cell
            for cell in one[: len(profile.columns)]
        ]
        found.append(cells)
    return found


def _rows(table: Any) -> list[list[Any]]:
    return [list(one.values()) for one in table.to_pylist()]


class ArrowTests(SynchronousTestCase):
    """
    Tests of tables.
    """

    def test_equal_rows(self) -> None:
        """
        A table holds what the rows hold, with its columns' meaning in the metadata.
        """
        columns = [
            *LOAD_PROFILE[:2],
            *(one.scaled_with(ScalerUnit(-1, 30)) for one in LOAD_PROFILE[2:]),
        ]
        data = buffer(*(row(index) for index in range(50)))
        profile = Profile(columns)
        table = _table(profile, data)
        self.assertEqual(_rows(table), _cells(profile, data))
        self.assertEqual(table.column_names[2], "active_energy_import")
        self.assertEqual(str(table.schema.field(0).type), "timestamp[ms, tz=UTC]")
        said = table.schema.field(2).metadata
        self.assertEqual(
            (said[b"obis"], said[b"unit"], said[b"scaler"]), (b"1-0:1.8.0.255", b"Wh", b"-1")
        )

    def test_scaled(self) -> None:
        """
        Scaled numbers are exact decimals, also with scalers that Arrow's decimals do not have.
        """
        for scaler in (-3, 0, 2, -60):
            columns = [one.scaled_with(ScalerUnit(scaler, 30)) for one in LOAD_PROFILE[2:]]
            rows = [
                build.structure(build.double_long_unsigned(1000 + i), build.null())
                for i in range(3)
            ]
            table = _table(Profile(columns, scaled=True), buffer(*rows))
            if scaler == -60:
                self.assertEqual(len(table), 3)
                continue
            found = table.column(0).to_pylist()
            self.assertEqual(found, [Decimal(1000 + i).scaleb(scaler) for i in range(3)])
            self.assertEqual(table.column(1).null_count, 3)

    @settings(max_examples=60, deadline=None, derandomize=True)
    @given(
        st.lists(st.lists(st.integers(0, 3), max_size=3), max_size=40),
        st.sampled_from(list(Nulls)),
        st.booleans(),
        st.sampled_from([0, 900]),
    )
    def test_compressed(self, nulls: list[list[int]], kept: Nulls, back: bool, period: int) -> None:
        """
        Cells left out anywhere: the table is that of the rows, whatever null-data means.
        """
        data = buffer(*(row(index, null=null) for index, null in enumerate(nulls)))
        profile = Profile(LOAD_PROFILE, capture_period=period, nulls=kept, newest_first=back)
        self.assertEqual(_rows(_table(profile, data)), _cells(profile, data))

    @settings(max_examples=60, deadline=None, derandomize=True)
    @given(
        st.lists(
            st.one_of(
                st.integers(0, 10**6).map(build.double_long_unsigned),
                st.integers(-128, 127).map(build.delta_integer),
                st.integers(0, 255).map(build.delta_unsigned),
                st.just(build.null()),
            ),
            max_size=30,
        ),
        st.sampled_from(list(Nulls)),
    )
    def test_deltas(self, cells: list[Data], kept: Nulls) -> None:
        """
        Differences, absolute values and left-out cells in any order: as the rows; a difference without a value
        before is no value here.
        """
        data = buffer(*(build.structure(one) for one in cells))
        profile = Profile([column(3, "1-0:1.8.0")], nulls=kept)
        wanted = _cells(profile, data)
        began = False
        for one, cell in zip(wanted, cells, strict=True):
            began = began or cell.tag == 6
            if not began:
                one[0] = None
        self.assertEqual(_rows(_table(profile, data)), wanted)

    @settings(max_examples=150, deadline=None, derandomize=True)
    @given(st.lists(st.binary(min_size=12, max_size=12), min_size=1, max_size=4), st.booleans())
    def test_any_times(self, octets: list[bytes], inverted: bool) -> None:
        """
        Any twelve octets: a moment where the rows have one, else nothing.
        """
        profile = Profile([LOAD_PROFILE[0]], clock=ClockOptions(deviation_inverted=inverted))
        data = buffer(*(build.structure(build.octet_string(one)) for one in octets))
        wanted = [one[0] if isinstance(one[0], datetime) else None for one in _cells(profile, data)]
        if len({one.tzinfo is None for one in wanted if one is not None}) > 1:
            return
        self.assertEqual([one[0] for one in _rows(_table(profile, data))], wanted)

    def test_unknown_deviation(self) -> None:
        """
        Times whose deviation is unknown have no zone; known and unknown ones mixed are text.
        """
        [record] = [
            one
            for one in load("profile.jsonl")
            if one["id"] == "u9n-a-xdr-decode-array-and-structure"
        ]
        profile = Profile([LOAD_PROFILE[0], LOAD_PROFILE[1], LOAD_PROFILE[2]])
        table = _table(profile, bytes.fromhex(record["hex"]))
        self.assertEqual(str(table.schema.field(0).type), "timestamp[ms]")
        self.assertEqual(table.column(0)[1].as_py(), datetime(2018, 2, 12, 1))
        unknown = build.structure(
            build.octet_string(bytes.fromhex("07E8010101000000FF800000")),
            build.null(),
            build.null(),
            build.null(),
        )
        mixed = _table(Profile(LOAD_PROFILE), buffer(row(0), unknown))
        self.assertEqual(len(mixed), 2)
        self.assertEqual(mixed.column(0).null_count, 0)

    def test_zone(self) -> None:
        """
        With the clock's zone known, unknown deviations are answered row by row.
        """
        unknown = build.octet_string(bytes.fromhex("07E8070101000000FF800000"))
        profile = Profile(
            [LOAD_PROFILE[0]], clock=ClockOptions(clock_zone=ZoneInfo("Europe/Zurich"))
        )
        table = _table(profile, buffer(build.structure(unknown)))
        self.assertEqual(table.column(0)[0].as_py(), datetime(2024, 6, 30, 22, tzinfo=UTC))

    def test_other_cells(self) -> None:
        """
        Octets, floats, truth values, texts, structures, short rows and compact-arrays.
        """
        columns = [column(1, f"0-0:96.50.{index}") for index in range(7)]
        cells = [
            build.octet_string(b"abc"),
            build.float32(1.5),
            build.boolean(True),
            build.visible_string("x"),
            build.long64_unsigned(2**64 - 1),
            build.long64(-5),
        ]
        data = buffer(*[build.structure(*cells)] * 3)
        table = _table(Profile(columns), data)
        self.assertEqual(_rows(table)[2], [b"abc", 1.5, True, "x", 2**64 - 1, -5, None])
        mixed = buffer(
            build.structure(
                build.structure(build.unsigned(1)), build.long64(-1), build.octet_string(b"ab")
            ),
            build.structure(
                build.null(), build.long64_unsigned(2**64 - 1), build.octet_string(b"abc")
            ),
            build.structure(build.unsigned(3), build.null(), build.octet_string(b"")),
        )
        self.assertEqual(len(_table(Profile(columns[:3]), mixed)), 3)
        without = buffer(build.structure(build.octet_string(b"ab")), build.structure(build.null()))
        self.assertEqual(_rows(_table(Profile(columns[:1]), without)), [[b"ab"], [None]])
        rows = [row(index) for index in range(3)]
        compact = build.compact_array(bytes.fromhex("020409110606"), *rows)
        self.assertEqual(
            _table(Profile(LOAD_PROFILE), compact).column(2).to_pylist(), [1000, 1007, 1014]
        )

    def test_parquet(self) -> None:
        """
        A Parquet file holds the table.
        """
        data = buffer(*(row(index) for index in range(5)))
        table = _table(Profile(LOAD_PROFILE), data)
        from dlms_twisted.cosem.profile_arrow import write_parquet

        sink = io.BytesIO()
        write_parquet(Profile(LOAD_PROFILE), data, sink)
        import pyarrow.parquet as pq

        sink.seek(0)
        again = pq.read_table(sink)
        self.assertEqual(again.to_pylist(), table.to_pylist())
        self.assertEqual(again.schema.field(2).metadata[b"obis"], b"1-0:1.8.0.255")

    def test_empty(self) -> None:
        """
        An empty buffer is a table without rows.
        """
        self.assertEqual(_table(Profile(LOAD_PROFILE), buffer()).shape, (0, 4))

    def test_wrong(self) -> None:
        """
        What is no whole buffer is refused.
        """
        octets = buffer(row(0), row(1)).octets
        for wrong in (octets[:-1], octets + b"\x00", b"\x02\x00"):
            self.assertRaises(DecodeError, _table, Profile(LOAD_PROFILE), wrong)

    def test_many(self) -> None:
        """
        More rows than one run takes are one column.
        """
        data = buffer(*[row(0)], *[row(index, null=[0], minutes=1) for index in range(1, 5000)])
        table = _table(Profile(LOAD_PROFILE, capture_period=60), data)
        self.assertEqual(table.column(0)[4999].as_py(), START + timedelta(minutes=4999))
