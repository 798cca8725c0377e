"""
Tests of L{dlms_twisted.client.profiles} and L{dlms_twisted.client.row_stream}.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from twisted.internet.defer import CancelledError, Deferred
from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.apdu.conformance import Conformance
from dlms_twisted.apdu.descriptors import SelectiveAccess
from dlms_twisted.apdu.selective import EntryDescriptor, RangeDescriptor, parse_selection
from dlms_twisted.client.profile_selection import RowsWanted
from dlms_twisted.client.profiles import Profiles
from dlms_twisted.client.row_stream import RowStream
from dlms_twisted.client.scalers import Scalers
from dlms_twisted.codec import build
from dlms_twisted.codec.data import Data
from dlms_twisted.codec.times import DateTime
from dlms_twisted.cosem.clock import ClockOptions
from dlms_twisted.cosem.obis import Obis
from dlms_twisted.cosem.profile import Row
from dlms_twisted.cosem.selection import RangeStyle
from dlms_twisted.errors import (
    AccessRefusedError,
    DecodeError,
    LinkError,
    LocalProtocolError,
)
from tests.client.objects import Answers, services_of

_PROFILE = Obis.parse("1-0:99.1.0.255")
_ENERGY = Obis.parse("1-0:1.8.0.255")
_POWER = Obis.parse("1-0:1.7.0.255")
_BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
_QUARTER = timedelta(minutes=15)
_COLUMNS = ((8, "0-0:1.0.0.255", 2), (3, "1-0:1.8.0.255", 2), (3, "1-0:1.7.0.255", 2))


def _time(number: int) -> Data:
    moment = DateTime.from_datetime(_BEGIN + number * _QUARTER)
    return build.octet_string(moment.to_octets())


class ProfileMeter:
    """
    A load profile of a meter: clock, energy and power.

    @ivar order: The numbers of its rows, in its order.
    @ivar refuses: Gives a data-access-result for a selection, 0 for none.
    @ivar chooses: Does it heed the columns that are asked for?
    """

    def __init__(self, rows: int) -> None:
        self.answers = Answers()
        self.answers.clock.advance(_BEGIN.timestamp() + 86400.0)
        self.order = list(range(rows))
        self.refuses: Any = lambda selection: 0
        self.chooses = True
        self.selections: list[Any] = []
        attributes = self.answers.attributes
        attributes[_PROFILE, 2] = self.buffer
        attributes[_PROFILE, 3] = build.array(
            *(
                build.structure(
                    build.long_unsigned(class_id),
                    build.octet_string(Obis.parse(name).octets),
                    build.integer(attribute),
                    build.long_unsigned(0),
                )
                for class_id, name, attribute in _COLUMNS
            )
        )
        attributes[_PROFILE, 4] = build.double_long_unsigned(900)
        attributes[_PROFILE, 5] = build.enum(1)
        attributes[_PROFILE, 7] = build.double_long_unsigned(rows)
        attributes[_ENERGY, 3] = build.structure(build.integer(-1), build.enum(30))
        attributes[_POWER, 3] = build.structure(build.integer(0), build.enum(27))

    def cells(self, number: int) -> tuple[Data, ...]:
        """
        @return: a row.
        """
        return (
            _time(number),
            build.double_long_unsigned(1000 + number),
            build.long_unsigned(number),
        )

    def buffer(self, selection: SelectiveAccess | None) -> Data | int:
        """
        Answer a GET.
        """
        found = None if selection is None else parse_selection(7, 2, selection)
        self.selections.append(found)
        result: int = self.refuses(found)
        if result:
            return result
        order, columns = self.order, [0, 1, 2]
        if isinstance(found, EntryDescriptor):
            order = order[found.from_entry - 1 : found.to_entry or None]
            if self.chooses:
                columns = columns[found.from_selected_value - 1 : found.to_selected_value or None]
        elif isinstance(found, RangeDescriptor):
            low, high = (
                DateTime.from_octets(one.values)  # type: ignore[arg-type]
                for one in (found.from_value, found.to_value)
            )
            begin, end = low.to_local(), high.to_local()
            assert begin is not None and end is not None
            shown = {n: (_BEGIN + n * _QUARTER).replace(tzinfo=None) for n in order}
            order = [n for n in order if begin <= shown[n] <= end]
            names = [one.instance_id for one in found.selected_values]
            if names and self.chooses:
                columns = [n for n in columns if Obis.parse(_COLUMNS[n][1]).octets in names]
        return build.array(
            *(build.structure(*(self.cells(n)[one] for one in columns)) for n in order)
        )


class _Case(SynchronousTestCase):
    def setUp(self) -> None:
        """
        A meter with forty rows.
        """
        self.meter = ProfileMeter(40)
        self.answers = self.meter.answers
        services = services_of(self.answers)
        self.profiles = Profiles(services, Scalers(services))

    def rows(self, **wanted: Any) -> Any:
        """
        @return: rows, read at once.
        """
        options = {one: wanted.pop(one) for one in ("style", "scaled") if one in wanted}
        deferred = Deferred.fromCoroutine(
            self.profiles.rows(_PROFILE, RowsWanted(**wanted), **options)
        )
        self.answers.run(deferred)
        return self.successResultOf(deferred)

    def failed(self, kind: type[Exception], **wanted: Any) -> Any:
        """
        @return: why they were not read.
        """
        deferred = Deferred.fromCoroutine(self.profiles.rows(_PROFILE, RowsWanted(**wanted)))
        self.answers.run(deferred)
        return self.failureResultOf(deferred, kind).value

    def numbers(self, rows: Any) -> list[int]:
        """
        @return: which rows they are.
        """
        return [round((row[0] - _BEGIN) / _QUARTER) for row in rows]


class RowsTests(_Case):
    """
    Tests of L{Profiles.rows}.
    """

    def test_all(self) -> None:
        """
        All rows, with names, scalers and units; the layout is asked for once.
        """
        rows = self.rows()
        self.assertEqual(self.numbers(rows), list(range(40)))
        self.assertEqual(rows[3].active_energy_import, Decimal("100.3"))
        self.assertEqual([one.unit for one in rows.profile.columns], [None, "Wh", "W"])
        self.rows()
        self.assertEqual(self.answers.asked("get").count("7/1-0:99.1.0.255/3"), 1)
        self.assertEqual(self.meter.selections, [None, None])
        self.assertEqual(self.rows(scaled=False)[3][1], 1003)

    def test_range(self) -> None:
        """
        A span of time, both ends included; with one end only, the other is the first or last there is.
        """
        start, end = _BEGIN + 4 * _QUARTER, _BEGIN + 8 * _QUARTER
        self.assertEqual(self.numbers(self.rows(start=start, end=end)), [4, 5, 6, 7, 8])
        self.assertEqual(self.numbers(self.rows(start=start)), list(range(4, 40)))
        self.assertEqual(self.numbers(self.rows(end=end)), list(range(9)))
        naive = start.replace(tzinfo=None)
        self.assertEqual(self.numbers(self.rows(start=naive))[0], 4)

    def test_entries(self) -> None:
        """
        Rows by their numbers.
        """
        self.assertEqual(self.numbers(self.rows(entries=(3, 5))), [2, 3, 4])
        self.assertEqual(self.numbers(self.rows(entries=(39, 0))), [38, 39])

    def test_contradictions(self) -> None:
        """
        What contradicts itself is refused before anything is asked.
        """
        for wanted in (
            {"start": _BEGIN, "entries": (1, 2)},
            {"start": _BEGIN, "end": datetime(2026, 1, 2)},
        ):
            self.assertRaises(LocalProtocolError, RowsWanted, **wanted)
        self.failed(LocalProtocolError, columns=("voltage",))
        self.assertEqual(self.meter.selections, [])

    def test_columns(self) -> None:
        """
        Columns by label and code, in the profile's order, by each kind of selection.
        """
        wanted = (_POWER, "clock")
        for rest in ({}, {"start": _BEGIN}, {"entries": (1, 0)}):
            rows = self.rows(columns=wanted, **rest)
            self.assertEqual(
                [one.label for one in rows.profile.columns], ["clock", "active_power_import"]
            )
            self.assertEqual(rows[7], (_BEGIN + 7 * _QUARTER, 7))
            self.assertEqual(rows[7].active_power_import, 7)
        (only,) = self.rows(columns=("1-0:1.8.0.255",), entries=(2, 2))
        self.assertEqual(only, (Decimal("100.1"),))

    def test_columns_not_heeded(self) -> None:
        """
        A meter that sends all columns though some were asked for; and one that refuses, which is remembered.
        """
        self.meter.chooses = False
        rows = self.rows(columns=(_ENERGY,), start=_BEGIN)
        self.assertEqual(rows[1], (Decimal("100.1"),))

        def refuses(found: Any) -> int:
            return 250 if isinstance(found, RangeDescriptor) and found.selected_values else 0

        self.meter.refuses = refuses
        for _ in range(2):
            rows = self.rows(columns=(_ENERGY,), start=_BEGIN)
            self.assertEqual((len(rows), rows[1]), (40, (Decimal("100.1"),)))
        self.assertEqual(sum(bool(refuses(one)) for one in self.meter.selections), 6)

    def test_style(self) -> None:
        """
        A meter that refuses a deviation; what it takes is remembered.  A style that is said is the only one tried.
        """

        def refuses(found: Any) -> int:
            return 12 if DateTime.from_octets(found.from_value.values).deviation is not None else 0

        self.meter.refuses = refuses
        self.assertEqual(len(self.rows(start=_BEGIN)), 40)
        self.assertEqual(len(self.meter.selections), 3)
        self.rows(start=_BEGIN)
        self.assertEqual(len(self.meter.selections), 4)
        self.rows(start=_BEGIN, style=RangeStyle(deviation=False))
        self.meter.refuses = lambda found: 3
        self.assertEqual(self.failed(AccessRefusedError, start=_BEGIN).code, 3)
        self.assertEqual(len(self.meter.selections), 6)

    def test_remembered(self) -> None:
        """
        What a meter refused is remembered for the next association; what was refused for another reason is not.
        """
        self.meter.refuses = lambda found: 12
        self.failed(AccessRefusedError, columns=(_ENERGY,), start=_BEGIN)
        self.assertEqual(self.answers.manners.refused, set())
        self.meter.refuses = lambda found: (
            12 if DateTime.from_octets(found.from_value.values).deviation is not None else 0
        )
        self.rows(start=_BEGIN)
        self.meter.selections.clear()
        services = services_of(self.answers)
        self.profiles = Profiles(services, Scalers(services))
        self.rows(start=_BEGIN)
        self.assertEqual(len(self.meter.selections), 1)

    def test_no_selective_access(self) -> None:
        """
        Without selective access all rows are read, and those wanted are kept.
        """
        self.answers.conformance = Conformance.GET
        start, end = _BEGIN + 4 * _QUARTER, _BEGIN + 6 * _QUARTER
        rows = self.rows(start=start, end=end, columns=("active_power_import",))
        self.assertEqual(rows, ((4,), (5,), (6,)))
        self.assertEqual(self.numbers(self.rows(entries=(3, 4))), [2, 3])
        self.assertEqual(set(self.meter.selections), {None})

    def test_compact_array(self) -> None:
        """
        A buffer that is a compact-array, whole and in parts.
        """
        self.answers.attributes[_PROFILE, 2] = build.compact_array(
            bytes.fromhex("0203090612"),
            *(build.structure(*self.meter.cells(number)) for number in range(3)),
        )
        for parts in (0, 5):
            self.answers.parts = parts
            self.assertEqual(self.numbers(self.rows()), [0, 1, 2])

    def test_nonsense(self) -> None:
        """
        A buffer that is none, one that ends too early, and a layout that is none.
        """
        for held in (build.unsigned(1), build.array(build.unsigned(1)), build.null()):
            self.answers.attributes[_PROFILE, 2] = held
            deferred = Deferred.fromCoroutine(self.profiles.rows(_PROFILE, RowsWanted()))
            if held.tag == 17:
                self.failureResultOf(deferred, DecodeError)
            else:
                self.assertLessEqual(len(self.successResultOf(deferred)), 1)
        self.profiles._layouts.clear()
        self.answers.attributes[_PROFILE, 3] = build.array(build.unsigned(1))
        self.failed(DecodeError)

    def test_clock_options(self) -> None:
        """
        The quirks of the meter's clock hold for the times of rows, and for the limits that it is asked with.
        """
        services = services_of(self.answers)
        options = ClockOptions(clock_zone=ZoneInfo("Europe/Berlin"), standard_time_all_year=True)
        self.profiles = Profiles(services, Scalers(services), options)
        rows = self.rows(start=_BEGIN, end=_BEGIN + _QUARTER)
        limit = DateTime.from_octets(self.meter.selections[-1].from_value.values)
        self.assertEqual((limit.time.hour, limit.deviation), (1, -60))
        self.assertEqual(rows[0][0].utcoffset(), timedelta(hours=1))

    def test_silent_about_itself(self) -> None:
        """
        Period, order and count may be refused.
        """
        for number in (4, 5, 7):
            self.answers.attributes[_PROFILE, number] = 3
        self.assertEqual(len(self.rows()), 40)
        self.assertIsNone(
            self.successResultOf(Deferred.fromCoroutine(self.profiles.count(_PROFILE)))
        )


class StreamTests(_Case):
    """
    Tests of L{RowStream}.
    """

    def setUp(self) -> None:
        """
        Answers come in parts, a second each.
        """
        super().setUp()
        self.answers.parts = 23
        self.came: list[Row] = []

    def stream(self, **wanted: Any) -> RowStream:
        """
        @return: a stream.
        """
        return self.profiles.stream(_PROFILE, RowsWanted(**wanted))

    def test_as_they_come(self) -> None:
        """
        Rows are there long before the answer is whole.
        """
        deferred = self.stream().each(self.came.append)
        self.answers.clock.advance(1.0)
        self.answers.clock.advance(1.0)
        self.assertTrue(0 < len(self.came) < 5)
        self.assertNoResult(deferred)
        self.answers.run(deferred)
        self.assertEqual(self.successResultOf(deferred), 40)
        self.assertEqual(self.numbers(self.came), list(range(40)))

    def test_any_parts(self) -> None:
        """
        However the answer is cut, the rows are the same; no rows are none.
        """
        for parts in (1, 2, 3, 7, 1000):
            self.answers.parts = parts
            deferred = self.stream(columns=("clock",)).each(self.came.append)
            self.answers.run(deferred, 5000.0)
            self.assertEqual(self.successResultOf(deferred), 40)
            self.meter.order, order = [], self.meter.order
            deferred = self.stream().each(self.came.append)
            self.answers.run(deferred)
            self.assertEqual(self.successResultOf(deferred), 0)
            self.meter.order = order

    def test_loop(self) -> None:
        """
        C{async for}, left early: the request is given up, and nothing is left on the clock.
        """

        async def first() -> int:
            async with self.stream() as rows:
                async for row in rows:
                    return int(row[2])
            return -1

        deferred = Deferred.fromCoroutine(first())
        self.answers.run(deferred)
        self.assertEqual(self.successResultOf(deferred), 0)
        self.assertEqual(self.answers.clock.getDelayedCalls(), [])

    def lost(self, after: int) -> Any:
        """
        The link is lost after so many parts; the error that the stream ended with.
        """
        left = after

        def told(rows: Any) -> None:
            nonlocal left
            self.came.extend(rows)
            left -= 1
            if left < 0:
                raise LinkError("dropped", "gone")

        deferred = Deferred.fromCoroutine(self.profiles.tell(_PROFILE, RowsWanted(), told))
        self.answers.run(deferred)
        return self.failureResultOf(deferred, LinkError).value

    def test_failing(self) -> None:
        """
        When the meter fails, the rows before are given, then the error.
        """

        async def begin(tell: Any) -> None:
            tell([Row((1,)), Row((2,))])
            raise LinkError("dropped", "gone")

        async def loop() -> None:
            async for row in RowStream(begin):
                self.came.append(row)

        self.failureResultOf(Deferred.fromCoroutine(loop()), LinkError)
        self.assertEqual(len(self.came), 2)

    def test_resumed(self) -> None:
        """
        Another stream goes on after the last row, without a gap and without doubles.
        """
        self.lost(6)
        read = len(self.came)
        self.assertTrue(0 < read < 40)
        deferred = self.stream(since=self.came[-1]).each(self.came.append)
        self.answers.run(deferred)
        self.assertEqual(self.numbers(self.came), list(range(40)))
        self.assertIsInstance(self.meter.selections[-1], RangeDescriptor)

    def test_resumed_newest_first(self) -> None:
        """
        The same where the newest row is the first.
        """
        self.meter.order.reverse()
        self.answers.attributes[_PROFILE, 5] = build.enum(2)
        self.lost(6)
        deferred = self.stream(since=self.came[-1]).each(self.came.append)
        self.answers.run(deferred)
        self.assertEqual(self.numbers(self.came), list(range(39, -1, -1)))

    def test_resumed_same_time(self) -> None:
        """
        Rows of one time: those after the last are given; all of them, where it is not there any more.
        """
        whole = self.rows()
        same = [type(whole[0])((whole[5][0], Decimal(n), n)) for n in range(3)]
        cells = self.meter.cells

        def three(number: int) -> tuple[Data, ...]:
            if number in {5, 6, 7}:
                time, _, _ = cells(5)
                return (
                    time,
                    build.double_long_unsigned(10 * (number - 5)),
                    build.long_unsigned(number - 5),
                )
            return cells(number)

        self.meter.cells = three  # type: ignore[method-assign]
        for since, first in ((same[0], 1), (same[2], None), (type(same[0])((*same[0][:2], 9)), 0)):
            self.came.clear()
            deferred = self.stream(since=since).each(self.came.append)
            self.answers.run(deferred)
            self.successResultOf(deferred)
            expected = same[first:] if first is not None else []
            self.assertEqual(self.came[: len(expected) + 1], [*expected, whole[8]])
        self.meter.order = self.meter.order[:8]
        self.came.clear()
        self.answers.run(self.stream(since=same[0]).each(self.came.append))
        self.assertEqual(self.came, same[1:])

    def test_no_time(self) -> None:
        """
        A row without its time is nothing to go on from.
        """
        (row,) = self.rows(columns=(_POWER,), entries=(1, 1))
        deferred = self.stream(since=row).each(self.came.append)
        self.failureResultOf(deferred, LocalProtocolError)

    def test_cancelled(self) -> None:
        """
        Cancelled in the middle: the request is given up, nothing is left on the clock.
        """
        deferred = self.stream().each(self.came.append)
        self.answers.clock.advance(1.0)
        deferred.cancel()
        self.failureResultOf(deferred, CancelledError)
        self.assertEqual(self.answers.clock.getDelayedCalls(), [])

    def test_callback_fails(self) -> None:
        """
        A callback that fails gives the request up, with its error.
        """

        def callback(_: Row) -> None:
            raise KeyError("mine")

        deferred = self.stream().each(callback)
        self.answers.run(deferred)
        self.failureResultOf(deferred, KeyError)
        self.assertEqual(self.answers.clock.getDelayedCalls(), [])
