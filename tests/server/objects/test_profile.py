"""
Profile generic.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.apdu.descriptors import SelectiveAccess
from dlms_twisted.apdu.results import ActionResult, DataAccessResult
from dlms_twisted.codec import build
from dlms_twisted.codec.data import Data
from dlms_twisted.cosem.classes import interface_class
from dlms_twisted.cosem.columns import columns_of
from dlms_twisted.cosem.profile import Profile
from dlms_twisted.cosem.selection import RangeStyle, by_entry, by_time, by_value
from dlms_twisted.errors import ConfigurationError
from dlms_twisted.server.objects.base import CosemObject
from dlms_twisted.server.objects.clock import Clock
from dlms_twisted.server.objects.disconnect import DisconnectControl
from dlms_twisted.server.objects.events import Event, Log, happen
from dlms_twisted.server.objects.profile import MOST_ENTRIES, ProfileGeneric
from tests.server.objects.bench import BEGIN, Bench

_CLOCK = "8/0-0:1.0.0.255/2"
_NAME = "1-0:99.1.0.255"
_ENERGY = "1-0:1.8.0.255"
_QUARTER = 900
_NOON = BEGIN + 12 * 3600
_ZERO = build.integer(0)


class Counting(CosemObject):
    """
    A register whose value is the number of the quarter of an hour, times three.
    """

    CLASS = 3

    def value_at(self, attribute: int, seconds: float) -> Data | DataAccessResult:
        """
        @return: what it showed then.
        """
        if attribute != 2:
            return super().value_at(attribute, seconds)
        return build.double_long_unsigned(int(seconds // _QUARTER * 3))


def capture(text: str, index: int = 0) -> dict[str, Any]:
    """
    @return: a column.
    """
    class_id, name, attribute = text.split("/")
    return {
        "class_id": int(class_id),
        "logical_name": name,
        "attribute_index": int(attribute),
        "data_index": index,
    }


class ProfileCase(SynchronousTestCase):
    """
    A meter at noon with a clock, a register and a profile of 40 quarters of an hour.
    """

    def make(self, **values: Any) -> ProfileGeneric:
        """
        @return: the profile; values go by number with an underscore before it.
        """
        numbered = {int(name[1:]): value for name, value in values.items() if name[0] == "_"}
        options = {name: value for name, value in values.items() if name[0] != "_"}
        self.profile = ProfileGeneric(
            _NAME,
            values={
                3: [capture(_CLOCK), capture(f"3/{_ENERGY}/2")],
                4: _QUARTER,
                5: 1,
                8: 40,
                **numbered,
            },
            **options,
        )
        self.bench = Bench(Clock("0-0:1.0.0.255"), Counting(_ENERGY), self.profile)
        self.bench.now = _NOON
        return self.profile

    def decoded(self, buffer: Data | DataAccessResult) -> list[tuple[Any, ...]]:
        """
        @return: the rows of a buffer, by our own decoder: hours since midnight, and the register.
        """
        assert isinstance(buffer, Data), buffer
        columns = self.profile.value(3)
        assert isinstance(columns, Data)
        rows = Profile(columns_of(columns)).rows(buffer)
        return [(_hours(row[0]), *row[1:]) for row in rows]

    def select(self, selection: SelectiveAccess) -> Data | DataAccessResult:
        """
        @return: part of the buffer.
        """
        return self.profile.value(2, selection)


def _hours(shown: Any) -> float:
    moment = shown if isinstance(shown, datetime) else shown.to_datetime()
    return (moment.timestamp() - BEGIN) / 3600


class BufferTests(ProfileCase):
    """
    The whole buffer.
    """

    def test_a_new_meter_has_a_past(self) -> None:
        """
        The last rows, the oldest first, each with the values of its time.
        """
        rows = self.decoded(self.make().value(2))
        self.assertEqual([row[0] for row in rows], [2.25 + 0.25 * count for count in range(40)])
        for hours, counted in rows:
            self.assertEqual(counted, int((BEGIN + hours * 3600) // _QUARTER * 3))
        self.assertEqual(self.profile.value(7), build.double_long_unsigned(40))

    def test_goes_on(self) -> None:
        """
        What was read is read again, with what came since.
        """
        profile = self.make()
        before = self.decoded(profile.value(2))
        self.bench.now += 2 * _QUARTER + 7
        after = self.decoded(profile.value(2))
        self.assertEqual(after[:-2], before[2:])
        self.assertEqual(after[-1][0], 12.5)

    def test_newest_first(self) -> None:
        """
        In a LIFO the newest is the first.
        """
        rows = self.decoded(self.make(_5=2).value(2))
        self.assertEqual([row[0] for row in rows[:2]], [12.0, 11.75])

    def test_sorted_by_value(self) -> None:
        """
        By the largest, by the smallest, and by the distance from zero.
        """
        for method, first in ((3, 12.0), (4, 2.25), (5, 2.25), (6, 12.0)):
            profile = self.make(_5=method, _6=capture(f"3/{_ENERGY}/2"))
            self.assertEqual(self.decoded(profile.value(2))[0][0], first, method)

    def test_reset(self) -> None:
        """
        After a reset there is nothing but what comes.
        """
        profile = self.make()
        self.assertIs(profile.act(1, _ZERO)[0], ActionResult.SUCCESS)
        self.assertEqual(profile.value(2), build.array())
        self.bench.now += _QUARTER
        self.assertEqual(len(self.decoded(profile.value(2))), 1)
        self.assertTrue(profile.is_kept)

    def test_other_settings(self) -> None:
        """
        Other columns, another period and another size begin anew; sizes have a limit.
        """
        known = interface_class(7, 1)
        for number, value in ((3, [capture(_CLOCK)]), (4, 60), (8, 5)):
            profile = self.make()
            written = profile.assign(number, known.attribute(number).encode(value))
            self.assertIs(written, DataAccessResult.SUCCESS)
            self.assertEqual(profile.value(2), build.array(), number)
        self.bench.now += 86_400
        self.assertEqual(len(self.decoded(profile.value(2))), 5)
        over = build.double_long_unsigned(MOST_ENTRIES + 1)
        self.assertIs(profile.assign(8, over), DataAccessResult.OTHER_REASON)

    def test_captured_by_hand(self) -> None:
        """
        A row of now, among those of the clock; two of one moment are two.
        """
        profile = self.make()
        self.bench.now += 60
        for _ in range(2):
            self.assertIs(profile.act(2, _ZERO)[0], ActionResult.SUCCESS)
        self.bench.now += 2 * _QUARTER
        rows = self.decoded(profile.value(2))
        shown = [round(row[0] * 60) for row in rows[-5:]]
        self.assertEqual(shown, [720, 721, 721, 735, 750])
        self.assertEqual(len(rows), 40)

    def test_odd_columns(self) -> None:
        """
        What is not there is null-data, a part of a structure is that part, and no buffer captures a buffer.
        """
        energy = Counting("1-0:2.8.0.255", values={3: {"scaler": -3, "unit": 30}})
        odd = [capture("3/1-0:9.9.9.255/2"), capture(f"7/{_NAME}/2")]
        parts = [capture("3/1-0:2.8.0.255/3", one) for one in (1, 2, 3)]
        profile = self.make(_3=[*odd, *parts], _8=1)
        self.bench.add(energy)
        row = build.structure(
            build.null(), build.null(), build.integer(-3), build.enum(30), build.null()
        )
        self.assertEqual(profile.value(2), build.array(row))
        self.assertEqual(profile.recent(1), build.array(row))
        self.assertEqual(profile.recent(0), build.array())

    def test_billing(self) -> None:
        """
        A billing profile has the beginnings of months.
        """
        profile = self.make(captures="month", _4=0, _8=3)
        shown = [BEGIN + hours * 3600 for hours, _ in self.decoded(profile.value(2))]
        days = [datetime.fromtimestamp(one, UTC).date().isoformat() for one in shown]
        self.assertEqual(days, ["2026-01-01", "2026-02-01", "2026-03-01"])


class OddTests(ProfileCase):
    """
    What should not be, and is answered all the same.
    """

    def test_sorted_by_nothing(self) -> None:
        """
        Where no sort object is said it is the first column; of times of day nothing is larger, so that they stay.
        """
        profile = self.make(_5=3)
        first: Any = profile.value(6)
        self.assertEqual(first.values[0], 8)
        self.assertEqual([row[0] for row in self.decoded(profile.value(2))][-1], 12)
        profile = self.make(_3=[capture(f"3/{_ENERGY}/2"), capture(_CLOCK)], _5=3)
        rows: Any = profile.value(2)
        self.assertEqual(rows.values[0][0], int(_NOON // _QUARTER * 3))

    def test_entries_of_sorted(self) -> None:
        """
        Entries of a profile that is sorted by value count in that order.
        """
        profile = self.make(_5=3, _6=capture(f"3/{_ENERGY}/2"))
        found = self.decoded(self.select(by_entry(1, 2).to_selection()))
        self.assertEqual([row[0] for row in found], [12, 11.75])
        self.assertEqual(len(self.decoded(profile.value(2))), 40)

    def test_unknown_column(self) -> None:
        """
        A span of a column that is not captured is refused.
        """
        columns: Any = self.make().value(3)
        other = evolve(columns_of(columns)[1], attribute=3)
        low = build.double_long_unsigned(0)
        refused = self.select(by_value(low, low, other).to_selection())
        self.assertIs(refused, DataAccessResult.OTHER_REASON)

    def test_sorts_otherwise(self) -> None:
        """
        A sort object, and a method that there is not, leave the rows as they came.
        """
        for settings_ in ({"_5": 3, "_6": capture("1/0-0:96.1.0.255/2")}, {"_5": 6}):
            profile = self.make(**settings_)
            self.assertEqual([row[0] for row in self.decoded(profile.value(2))][-1], 12)

    def test_too_many(self) -> None:
        """
        A client can make neither more columns, nor more cells, nor more octets of it than there is room for.
        """
        profile = self.make(_8=MOST_ENTRIES)
        columns = [capture(f"3/{_ENERGY}/2")] * 65
        kind = profile.interface_class.attribute(3)
        refused = profile.assign(3, kind.encode(columns))
        self.assertIs(refused, DataAccessResult.OTHER_REASON)
        self.assertIs(profile.assign(3, kind.encode(columns[1:])), DataAccessResult.SUCCESS)
        self.assertEqual(profile.value(8), build.double_long_unsigned(4096))
        large = CosemObject(
            "0-0:96.1.1.255", class_id=1, values={2: build.octet_string(bytes(60_000))}
        )
        self.bench.add(large)
        profile.assign(3, kind.encode([capture("1/0-0:96.1.1.255/2")]))
        self.bench.now += 365 * 86400
        buffer: Any = profile.value(2)
        self.assertLess(len(buffer.octets), 17_000_000)
        self.assertEqual(len(buffer.values), 280)

    def test_no_columns(self) -> None:
        """
        Of nothing there is nothing to capture.
        """
        profile = self.make(_3=[], _4=0)
        self.assertEqual(profile.act(2, _ZERO), (ActionResult.OTHER_REASON, None))
        self.assertEqual(profile.value(2), build.array())

    def test_options(self) -> None:
        """
        It captures by period or by month.
        """
        self.assertRaises(ConfigurationError, ProfileGeneric, _NAME, captures="year")

    def test_reordered(self) -> None:
        """
        An entry descriptor beyond all rows and columns is an empty array of nothing.
        """
        self.make()
        self.assertEqual(self.select(by_entry(41, 50).to_selection()), build.array())
        self.assertEqual(
            self.select(by_entry(40, 40, columns=(3, 0)).to_selection()),
            build.array(build.structure()),
        )


class SelectionTests(ProfileCase):
    """
    Parts of the buffer.
    """

    def between(self, first: float, last: float, **style: Any) -> Data | DataAccessResult:
        """
        @return: the rows of a span, in hours since midnight.
        """
        begin, end = (
            datetime.fromtimestamp(BEGIN, UTC) + timedelta(hours=hours) for hours in (first, last)
        )
        return self.select(by_time(begin, end, style=RangeStyle(**style)).to_selection())

    def test_span(self) -> None:
        """
        Both ends are included, however the limits are said.
        """
        self.make()
        for style in ({}, {"typed": True}, {"deviation": False}, {"status": 0xFF}):
            rows = self.decoded(self.between(10, 11, **style))
            self.assertEqual([row[0] for row in rows], [10, 10.25, 10.5, 10.75, 11], style)
        self.assertEqual(self.between(50, 60), build.array())
        self.assertEqual(self.between(11, 10), build.array())

    def test_open_ends(self) -> None:
        """
        A limit without a date is none; one without a time of day is the whole day.
        """
        self.make()
        wild = build.octet_string(b"\xff" * 9 + b"\x80\x00\xff")
        today = build.octet_string(bytes.fromhex("07EA0301FFFFFFFFFF8000FF"))
        clock = build.structure(
            build.long_unsigned(8),
            build.octet_string(bytes.fromhex("0000010000ff")),
            build.integer(2),
            build.long_unsigned(0),
        )
        for low, high, count in ((wild, wild, 40), (today, wild, 40), (today, today, 40)):
            parameters = build.structure(clock, low, high, build.array())
            selection = SelectiveAccess(access_selector=1, access_parameters=parameters)
            self.assertEqual(len(self.decoded(self.select(selection))), count)
        parameters = build.structure(clock, build.octet_string(b"1"), wild, build.array())
        selection = SelectiveAccess(access_selector=1, access_parameters=parameters)
        self.assertIs(self.select(selection), DataAccessResult.TYPE_UNMATCHED)

    def test_columns(self) -> None:
        """
        Only some columns, in the order asked for; one that is not there is refused.
        """
        profile = self.make()
        listed = profile.value(3)
        assert isinstance(listed, Data)
        columns = columns_of(listed)
        begin = datetime.fromtimestamp(BEGIN, UTC) + timedelta(hours=11, minutes=50)
        end = begin + timedelta(hours=1)
        energy = by_time(begin, end, columns=[columns[1]]).to_selection()
        found = self.select(energy)
        counted = build.double_long_unsigned(int(_NOON // _QUARTER * 3))
        self.assertEqual(found, build.array(build.structure(counted)))
        other = by_time(begin, end, columns=[evolve(columns[1], attribute=5)]).to_selection()
        self.assertIs(self.select(other), DataAccessResult.OTHER_REASON)

    def test_by_value(self) -> None:
        """
        The rows in which another column lies within limits.
        """
        profile = self.make()
        listed = profile.value(3)
        assert isinstance(listed, Data)
        energy = columns_of(listed)[1]
        counted = int(_NOON // _QUARTER * 3)
        low, high = (build.double_long_unsigned(counted - less) for less in (6, 3))
        rows = self.decoded(self.select(by_value(low, high, energy).to_selection()))
        self.assertEqual([row[0] for row in rows], [11.5, 11.75])
        text = build.visible_string("x")
        refused = self.select(by_value(text, text, energy).to_selection())
        self.assertIs(refused, DataAccessResult.TYPE_UNMATCHED)

    def test_nonsense(self) -> None:
        """
        Unknown selectors and parameters of another form are refused.
        """
        self.make()
        unknown = SelectiveAccess(access_selector=9, access_parameters=build.null())
        self.assertIs(self.select(unknown), DataAccessResult.SCOPE_OF_ACCESS_VIOLATED)
        wrong = SelectiveAccess(access_selector=2, access_parameters=build.null())
        self.assertIs(self.select(wrong), DataAccessResult.TYPE_UNMATCHED)

    @settings(max_examples=60, deadline=None, derandomize=True)
    @given(
        first=st.integers(0, 45),
        last=st.integers(0, 45),
        begin=st.integers(1, 3),
        end=st.integers(0, 3),
        lifo=st.booleans(),
    )
    def test_entries(self, first: int, last: int, begin: int, end: int, lifo: bool) -> None:
        """
        Entries and columns by number are a slice of all rows.
        """
        everything = self.make(_5=1 + lifo).value(2)
        assert isinstance(everything, Data)
        rows: Any = everything.values
        wanted = rows[max(first, 1) - 1 : last or None]
        wanted = tuple(row[begin - 1 : end or None] for row in wanted)
        selection = by_entry(max(first, 1), last, columns=(begin, end)).to_selection()
        found = self.select(selection)
        assert isinstance(found, Data)
        self.assertEqual(found.values, wanted)


class EventTests(SynchronousTestCase):
    """
    Event logs.
    """

    def test_breaker(self) -> None:
        """
        What the breaker does is in its log, in order, with codes and times.
        """
        code = CosemObject("0-0:96.11.2.255", class_id=1, values={2: build.unsigned(0)})
        columns = [capture(_CLOCK), capture("1/0-0:96.11.2.255/2")]
        log = ProfileGeneric("0-0:99.98.2.255", values={3: columns, 5: 1, 8: 3})
        breaker = DisconnectControl("0-0:96.3.10.255", values={4: 1})
        bench = Bench(Clock("0-0:1.0.0.255"), code, log, breaker)
        for event in ("manual_disconnect", "remote_disconnect", "remote_reconnect"):
            bench.now += 60
            breaker.happen(event)
        buffer: Any = log.value(2)
        codes = [row[1] for row in buffer.values]
        self.assertEqual(codes, [60, 62, 59])
        minutes = [row[0][6] for row in buffer.values]
        self.assertEqual(minutes, [1, 2, 3])
        breaker.happen("manual_reconnect")
        self.assertEqual(log.value(7), build.double_long_unsigned(3))
        self.assertTrue(log.is_kept)

    def test_without_a_log(self) -> None:
        """
        A meter without that log is content.
        """
        breaker = DisconnectControl("0-0:96.3.10.255")
        Bench(breaker)
        self.assertFalse(happen(breaker.device, Event.POWER_UP, Log.STANDARD))
        self.assertIs(breaker.act(1)[0], ActionResult.SUCCESS)
