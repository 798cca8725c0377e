"""
Tests for L{dlms_twisted.cosem.profile}, its columns, cells and runs.
"""

from __future__ import annotations

import gc
import tracemalloc
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.codec import build
from dlms_twisted.codec.data import Data, decode_data
from dlms_twisted.codec.json_form import from_json
from dlms_twisted.codec.times import DateTime
from dlms_twisted.cosem.clock import ClockOptions
from dlms_twisted.cosem.columns import Column, columns_of, status_words, with_labels
from dlms_twisted.cosem.elements import ScalerUnit
from dlms_twisted.cosem.names import NameOverlay
from dlms_twisted.cosem.obis import Obis
from dlms_twisted.cosem.profile import Nulls, Profile, csv_text
from dlms_twisted.errors import DecodeError
from tests.cosem.bodies import pushed
from tests.cosem.buffers import LOAD_PROFILE, START, buffer, clock, column, row
from tests.cosem.zones import under_zones
from tests.vectors import load

_QUARTER = timedelta(minutes=15)


def _vector(identifier: str) -> bytes:
    [record] = [one for one in load("profile.jsonl") if one["id"] == identifier]
    return bytes.fromhex(record["hex"])


class ColumnTests(SynchronousTestCase):
    """
    Tests of columns.
    """

    def test_capture_objects(self) -> None:
        """
        Capture objects become columns with names, labels, and scalers where these are known.
        """
        entries = [
            (8, "0-0:1.0.0", 2),
            (1, "0-0:96.10.1", 2),
            (3, "1-0:1.8.0", 2),
            (4, "1-0:1.6.0", 5),
            (4, "1-0:1.6.0", 2),
        ]
        data = build.array(
            *(
                build.structure(
                    build.long_unsigned(class_id),
                    build.octet_string(Obis.parse(code).octets),
                    build.integer(attribute),
                    build.long_unsigned(0),
                )
                for class_id, code, attribute in entries
            )
        )
        scalers = {
            Obis.parse("1-0:1.8.0"): ScalerUnit(3, 30),
            Obis.parse("1-0:1.6.0"): ScalerUnit(-1, 27),
        }
        columns = columns_of(data, scalers, NameOverlay.parse('[names]\n"1-0:1.8.0" = "total in"'))
        self.assertEqual(
            [one.label for one in columns],
            [
                "clock",
                "status_register_1",
                "total_in",
                "maximum_active_power_import_capture_time",
                "maximum_active_power_import",
            ],
        )
        self.assertEqual([one.unit for one in columns], [None, None, "Wh", None, "W"])
        self.assertTrue(columns[0].is_clock and columns[1].is_status)
        self.assertEqual(columns[3].name, "maximum active power import, capture_time")

    def test_not_capture_objects(self) -> None:
        """
        An entry that is none is refused by its number.
        """
        for entry in (build.null(), build.structure(*[build.null()] * 4)):
            error = self.assertRaises(DecodeError, columns_of, build.array(entry))
            self.assertIn("capture_objects[0]", str(error))

    def test_labels(self) -> None:
        """
        Labels are Python names, different from each other and from what tuples have.
        """
        columns = with_labels(
            [
                column(3, "1-0:1.8.0"),
                column(3, "1-0:1.8.0"),
                column(3, "1-0:200.1.0"),
                Column(class_id=1, logical_name=Obis.parse("0-0:96.1.0"), label="count"),
                Column(class_id=7, logical_name=Obis.parse("1-0:99.1.0"), data_index=3),
            ]
        )
        labels = [one.label for one in columns]
        self.assertEqual(
            labels,
            [
                "active_energy_import",
                "active_energy_import_2",
                "obis_1_0_200_1_0_255",
                "count",
                "load_profile_1_3",
            ],
        )
        self.assertTrue(all(label.isidentifier() for label in labels))

    def test_status_words(self) -> None:
        """
        The bits of a status word, as a number or as a bit-string.
        """
        self.assertEqual(
            status_words(0b10001010), ("clock-invalid", "daylight-saving", "power-down")
        )
        self.assertEqual(status_words("0001"), ("daylight-saving",))
        self.assertEqual(status_words(1 << 9), ("bit-9",))
        self.assertEqual(status_words(1, {0: "mine"}), ("mine",))
        self.assertEqual(status_words(None), ())


class RowTests(SynchronousTestCase):
    """
    Tests of rows.
    """

    def test_named(self) -> None:
        """
        Rows are tuples, objects and dicts, with aware datetimes.
        """
        profile = Profile(LOAD_PROFILE)
        first, second = profile.rows(buffer(row(0), row(1)))
        self.assertEqual(first, (START, 0, 1000, 50))
        self.assertEqual((second.clock, second.active_energy_import), (START + _QUARTER, 1007))  # type: ignore[attr-defined]
        self.assertEqual(
            first.as_dict(),
            {
                "clock": START,
                "status_register_1": 0,
                "active_energy_import": 1000,
                "active_energy_export": 50,
            },
        )
        self.assertIn("active_energy_import=1000", repr(first))

    def test_under_zones(self) -> None:
        """
        The process's zone changes nothing.
        """
        data = buffer(*(row(index) for index in range(20)))
        for zone in under_zones():
            rows = list(Profile(LOAD_PROFILE).rows(data))
            self.assertEqual(
                [one[0] for one in rows], [START + _QUARTER * i for i in range(20)], zone
            )

    def test_null_clock(self) -> None:
        """
        A time that was left out is the one before plus the capture period, forwards or backwards.
        """
        data = buffer(
            row(0), *(row(index, null=[0]) for index in range(1, 5)), row(9), row(10, null=[0])
        )
        times = [one[0] for one in Profile(LOAD_PROFILE, capture_period=900).rows(data)]
        self.assertEqual(times, [START + _QUARTER * i for i in (0, 1, 2, 3, 4, 9, 10)])
        back = [
            one[0]
            for one in Profile(LOAD_PROFILE, capture_period=900, newest_first=True).rows(data)
        ]
        self.assertEqual(back[:3], [START, START - _QUARTER, START - 2 * _QUARTER])
        without = [one[0] for one in Profile(LOAD_PROFILE).rows(data)]
        self.assertEqual(without[:2], [START, None])

    def test_null_values(self) -> None:
        """
        Null-data elsewhere keeps its place; it is the value before only where that was asked for.
        """
        data = buffer(row(0), row(1, null=[2]), row(2, null=[3]), row(3, null=[2, 3]))
        kept = [tuple(one[2:]) for one in Profile(LOAD_PROFILE).rows(data)]
        self.assertEqual(kept, [(1000, 50), (None, 50), (1014, None), (None, None)])
        filled = [tuple(one[2:]) for one in Profile(LOAD_PROFILE, nulls=Nulls.PREVIOUS).rows(data)]
        self.assertEqual(filled, [(1000, 50), (1000, 50), (1014, 50), (1014, 50)])

    def test_vector(self) -> None:
        """
        The compressed buffer of a real meter, an hour between its rows (captured hourly).
        """
        octets = _vector("u9n-parsers-parse-buffer")
        rows = list(Profile(LOAD_PROFILE, capture_period=3600).rows(octets))
        self.assertEqual(
            [one[0] for one in rows],
            [
                datetime(2019, 12, 31, 23, tzinfo=START.tzinfo) + timedelta(hours=i)
                for i in range(4)
            ],
        )
        self.assertEqual({tuple(one[1:]) for one in rows}, {(6, 1517, 1620)})

    def test_vector_unknown_deviation(self) -> None:
        """
        A real buffer whose times have no deviation: times without a zone, values in place.
        """
        octets = _vector("u9n-a-xdr-decode-array-and-structure")
        columns = [column(8, "0-0:1.0.0"), column(1, "0-0:96.10.1"), column(3, "1-0:1.8.0")]
        rows = list(Profile(columns).rows(octets))
        self.assertEqual(len(rows), 24)
        self.assertEqual(rows[1], (datetime(2018, 2, 12, 1), 0, 100416))

    def test_clock_options(self) -> None:
        """
        The quirks of a meter's clock apply to its profiles.
        """
        octets = _vector("u9n-a-xdr-decode-array-and-structure")
        columns = [column(8, "0-0:1.0.0"), column(1, "0-0:96.10.1"), column(3, "1-0:1.8.0")]
        clock_options = ClockOptions(clock_zone=ZoneInfo("Europe/Amsterdam"))
        first = next(Profile(columns, clock=clock_options).rows(octets))
        self.assertEqual(first[0].isoformat(), "2018-02-12T00:00:00+01:00")
        inverted = Profile(LOAD_PROFILE, clock=ClockOptions(deviation_inverted=True))
        self.assertEqual(next(inverted.rows(buffer(row(0))))[0].utcoffset(), timedelta(hours=-1))

    def test_odd_times(self) -> None:
        """
        "Not specified" seconds count as 0; a time that is no single moment stays a date-time, in its row.
        """
        wild = bytes.fromhex("07E8FFFF01000000FFFFC400")
        short = bytes.fromhex("07E8010101000FFFFFFFC400")
        rows = [
            build.structure(build.octet_string(octets), build.null(), build.null(), build.null())
            for octets in (short, wild, short)
        ]
        found = list(Profile(LOAD_PROFILE).rows(buffer(*rows)))
        self.assertEqual(found[0][0], START + _QUARTER)
        self.assertEqual(found[1][0], DateTime.from_octets(wild))
        self.assertEqual(found[2][0], START + _QUARTER)

    def test_deltas(self) -> None:
        """
        Differences are summed up (the reference's column 1000, 1004, 1003); without a value before they stay.
        """
        columns = [column(3, "1-0:1.8.0")]
        cells = [
            build.delta_unsigned(9),
            build.double_long_unsigned(1000),
            build.delta_unsigned(4),
            build.delta_integer(-1),
            build.null(),
            build.delta_long(2),
        ]
        data = buffer(*(build.structure(one) for one in cells))
        self.assertEqual(
            [one[0] for one in Profile(columns).rows(data)], [9, 1000, 1004, 1003, None, 1005]
        )
        filled = Profile(columns, nulls=Nulls.PREVIOUS)
        self.assertEqual([one[0] for one in filled.rows(data)][3:], [1003, 1003, 1005])

    def test_short_and_long_rows(self) -> None:
        """
        Rows of another length keep their cells in place, with a note.
        """
        short = build.structure(clock(START), build.unsigned(1))
        long = build.structure(*[build.unsigned(index) for index in range(6)])
        decoder = Profile(LOAD_PROFILE).decoder()
        decoder.receive_data(buffer(short, long, build.unsigned(5)).octets)
        rows = list(decoder.take())
        self.assertEqual(rows[0], (START, 1, None, None))
        self.assertEqual(rows[1], (0, 1, 2, 3, 4, 5))
        self.assertEqual(rows[2], (5, None, None, None))
        self.assertEqual(decoder.notes[0], "row 0: 2 cells for 4 columns")
        self.assertEqual(len(decoder.notes), 3)

    def test_nested(self) -> None:
        """
        A cell that is a structure is a tuple; its neighbours and the deltas around it stay right.
        """
        columns = [column(8, "0-0:1.0.0"), column(4, "1-0:1.6.0", 0), column(3, "1-0:1.8.0")]
        inner = build.structure(build.unsigned(1), build.unsigned(2))
        rows = [
            build.structure(clock(START), inner, build.double_long_unsigned(10)),
            build.structure(build.null(), inner, build.delta_unsigned(1)),
            build.structure(build.null(), build.null(), build.delta_unsigned(1)),
        ]
        found = list(Profile(columns, capture_period=900).rows(buffer(*rows)))
        self.assertEqual(
            found,
            [(START, (1, 2), 10), (START + _QUARTER, (1, 2), 11), (START + 2 * _QUARTER, None, 12)],
        )

    def test_types(self) -> None:
        """
        Cells of every simple type are those of the codec.
        """
        cells = [
            build.boolean(True),
            build.bit_string("101"),
            build.double_long(-5),
            build.octet_string(b"abc"),
            build.octet_string(b""),
            build.visible_string("Zähler"),
            build.utf8_string("Zähler"),
            build.utf8_string(b"\xff"),
            build.long64_unsigned(2**64 - 1),
            build.enum(3),
            build.float32(1.5),
            build.float64(-2.25),
            build.date(bytes(5)),
            build.time(bytes(4)),
            build.bcd(0x12),
        ]
        columns = [column(1, f"0-0:96.50.{index}") for index in range(len(cells))]
        data = buffer(*[build.structure(*cells)] * 3)
        for found in Profile(columns).rows(data):
            self.assertEqual(tuple(found), tuple(one.values for one in cells))

    def test_scaled(self) -> None:
        """
        With scalers asked for, numbers are exact Decimals; other cells are as they are.
        """
        columns = [column(8, "0-0:1.0.0"), column(1, "0-0:96.10.1")]
        columns += [one.scaled_with(ScalerUnit(-1, 30)) for one in LOAD_PROFILE[2:]]
        profile = Profile(columns, scaled=True, nulls=Nulls.PREVIOUS)
        rows = list(profile.rows(buffer(row(0), row(1, null=[2]))))
        self.assertEqual(rows[0][1:], (0, Decimal("100.0"), Decimal("5.0")))
        self.assertEqual(rows[1][2], Decimal("100.0"))

    def test_compact_array(self) -> None:
        """
        A buffer as compact-array gives the rows that the array gives.
        """
        rows = [row(index) for index in range(5)]
        description = bytes.fromhex("020409110606")
        compact = build.compact_array(description, *rows)
        profile = Profile(LOAD_PROFILE)
        self.assertEqual(list(profile.rows(compact)), list(profile.rows(buffer(*rows))))

    def test_empty(self) -> None:
        """
        An empty buffer has no rows.
        """
        for octets in (b"\x01\x00", b"\x00"):
            self.assertEqual(list(Profile(LOAD_PROFILE).rows(octets)), [])

    def test_wrong(self) -> None:
        """
        What is no buffer is refused with the place, the good rows before it given.
        """
        good = buffer(row(0), row(1)).octets
        for octets in (
            b"",
            b"\x02\x00",
            b"\x01",
            good[:-1],
            good + b"\x00",
            b"\x01\x80",
            good[:2] + b"\x07",
        ):
            self.assertRaises(DecodeError, list, Profile(LOAD_PROFILE).rows(octets))
        rows = Profile(LOAD_PROFILE).rows(good[:-1])
        self.assertEqual(next(rows)[0], START)
        self.assertRaises(DecodeError, list, rows)


class StreamTests(SynchronousTestCase):
    """
    Tests of buffers that come in parts.
    """

    def _parts(self, parts: list[bytes], **options: Any) -> list[Any]:
        decoder = Profile(LOAD_PROFILE, **options).decoder()
        rows: list[Any] = []
        for part in parts:
            decoder.receive_data(part)
            rows.extend(decoder.take())
        self.assertTrue(decoder.is_complete)
        self.assertEqual(decoder.finish(), [])
        return rows

    def test_every_cut(self) -> None:
        """
        Cut anywhere, or octet by octet, a buffer gives the same rows.
        """
        rows = [row(0), row(1, null=[0]), row(2, null=[0, 3]), row(7), row(8, null=[0])]
        octets = buffer(*rows).octets
        whole = self._parts([octets], capture_period=900)
        self.assertEqual(len(whole), 5)
        for cut in range(len(octets)):
            self.assertEqual(self._parts([octets[:cut], octets[cut:]], capture_period=900), whole)
        single = [octets[i : i + 1] for i in range(len(octets))]
        self.assertEqual(self._parts(single, capture_period=900), whole)

    def test_compact_cut(self) -> None:
        """
        A compact-array is given when it is whole.
        """
        octets = build.compact_array(
            bytes.fromhex("020409110606"), *[row(i) for i in range(3)]
        ).octets
        self.assertEqual(len(self._parts([octets[i : i + 1] for i in range(len(octets))])), 3)

    def test_incomplete(self) -> None:
        """
        A buffer that ends early says so at the end only.
        """
        decoder = Profile(LOAD_PROFILE).decoder()
        decoder.receive_data(buffer(row(0), row(1)).octets[:-3])
        self.assertEqual(len(list(decoder.take())), 1)
        self.assertFalse(decoder.is_complete)
        self.assertRaises(DecodeError, decoder.finish)

    def test_long_row(self) -> None:
        """
        A row of thousands of cells that comes in small parts is not looked at from its start each time.
        """
        wide = build.structure(*[build.structure(build.unsigned(1))] * 3000).octets
        octets = b"\x01\x01" + wide
        decoder = Profile([column(1, "0-0:96.1.0")]).decoder()
        rows: list[Any] = []
        for start in range(0, len(octets), 16):
            decoder.receive_data(octets[start : start + 16])
            rows.extend(decoder.take())
        rows.extend(decoder.finish())
        self.assertEqual(len(rows[0]), 3000)

    @settings(max_examples=60, deadline=None, derandomize=True)
    @given(st.lists(st.lists(st.integers(0, 3), max_size=3), max_size=30), st.integers(1, 200))
    def test_same_as_codec(self, nulls: list[list[int]], size: int) -> None:
        """
        Any mixture of left-out cells, in parts of any size: the cells are those that the codec decodes.
        """
        rows = [row(index, null=null) for index, null in enumerate(nulls)]
        octets = buffer(*rows).octets
        parts = [octets[start : start + size] for start in range(0, len(octets), size)]
        found = self._parts(parts)
        for one, data in zip(found, rows, strict=True):
            wanted: Any = data.values
            self.assertEqual(tuple(one[1:]), wanted[1:])
            self.assertEqual(one[0] is None, wanted[0] is None)

    @settings(max_examples=150, deadline=None, derandomize=True)
    @given(st.data())
    def test_damaged(self, draw: st.DataObject) -> None:
        """
        Damaged octets give rows or our error, and what is decoded is what the codec decodes.
        """
        octets = bytearray(
            buffer(*(row(index, null=[0] if index else []) for index in range(6))).octets
        )
        for _ in range(draw.draw(st.integers(1, 4))):
            octets[draw.draw(st.integers(0, len(octets) - 1))] = draw.draw(st.integers(0, 255))
        damaged = bytes(octets)
        try:
            rows = list(Profile(LOAD_PROFILE, capture_period=900).rows(damaged))
        except DecodeError:
            return
        self.assertEqual(len(rows), len(decode_data(damaged).values or ()))  # type: ignore[arg-type]


class MemoryTests(SynchronousTestCase):
    """
    Tests of what rows cost.
    """

    def test_memory(self) -> None:
        """
        A row that is kept takes at most 300 octets.
        """
        count = 2000
        octets = buffer(*(row(index) for index in range(count))).octets
        profile = Profile(LOAD_PROFILE)
        rows = list(profile.rows(octets))
        del rows
        gc.collect()
        tracemalloc.start()
        try:
            before, _ = tracemalloc.get_traced_memory()
            rows = list(profile.rows(octets))
            after, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        self.assertEqual(len(rows), count)
        self.assertLessEqual((after - before) / count, 300)


class CSVTests(SynchronousTestCase):
    """
    Tests of CSV.
    """

    def test_lines(self) -> None:
        """
        Labels with units, times in ISO 8601, numbers with all their digits, missing cells empty.
        """
        columns = [
            LOAD_PROFILE[0],
            LOAD_PROFILE[1],
            LOAD_PROFILE[2].scaled_with(ScalerUnit(-2, 30)),
            LOAD_PROFILE[3],
        ]
        profile = Profile(columns, scaled=True)
        lines = list(csv_text(profile, profile.rows(buffer(row(0), row(1, null=[3])))))
        self.assertEqual(
            lines,
            [
                "clock,status_register_1,active_energy_import [Wh],active_energy_export\r\n",
                "2024-01-01T00:00:00+01:00,0,10.00,50\r\n",
                "2024-01-01T00:15:00+01:00,1,10.07,\r\n",
            ],
        )

    def test_odd_cells(self) -> None:
        """
        Octets are hex, structures and wild times are text.
        """
        profile = Profile(
            [column(8, "0-0:1.0.0"), column(1, "0-0:96.1.0"), column(1, "0-0:96.1.1")]
        )
        wild = build.octet_string(b"\xff" * 9 + b"\x80\x00\xff")
        data = buffer(
            build.structure(wild, build.octet_string(b"\x01"), build.structure(build.unsigned(1)))
        )
        [_, line] = csv_text(profile, profile.rows(data))
        self.assertTrue(line.endswith(',01,"(1,)"\r\n'), line)


class PushedBufferTests(SynchronousTestCase):
    """
    Columns out of a push's own object list.
    """

    def test_object_list_is_no_buffer(self) -> None:
        """
        The object list of a push has the form of capture objects: its columns are named likewise.
        """
        tree: Any = pushed("scs-lg-e360-unencrypted-valid-data-cfg2026-1").body.tree()
        columns = columns_of(from_json(tree["value"][0]))
        self.assertEqual(columns[1].label, "logical_device_name")
        self.assertIsInstance(columns[1], Column)
        self.assertIsInstance(from_json(tree["value"][0]), Data)
