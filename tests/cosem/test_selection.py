"""
Tests for L{dlms_twisted.cosem.selection}.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.apdu.selective import parse_selection
from dlms_twisted.codec import build
from dlms_twisted.cosem.clock import ClockOptions, aware_datetime
from dlms_twisted.cosem.selection import RangeStyle, by_entry, by_time, by_value, clock_octets
from dlms_twisted.errors import EncodeError
from tests.cosem.buffers import LOAD_PROFILE
from tests.vectors import load

_ZURICH = ZoneInfo("Europe/Zurich")


class RangeTests(SynchronousTestCase):
    """
    Tests of ranges.
    """

    def test_vector(self) -> None:
        """
        An hour as a published request asks for it, octet by octet.
        """
        records = {one["id"]: one for one in load("profile.jsonl")}
        published = records["u9n-selective-access-parse-range-descriptor-x"]["hex"]
        start = datetime(2017, 10, 1, tzinfo=timezone(timedelta(hours=1)))
        made = by_time(start, start + timedelta(hours=1), style=RangeStyle(status=0x80))
        # There the descriptor stands in an array of one.
        self.assertEqual("0101" + made.to_selection().access_parameters.octets.hex(), published)

    def test_limits(self) -> None:
        """
        With deviation or without, typed or as octets.
        """
        start = datetime(2024, 7, 1, tzinfo=_ZURICH)
        usual = by_time(start, start)
        self.assertEqual(usual.from_value.octets.hex(), "090c07e807010100000000ff8880")
        plain = by_time(start, start, style=RangeStyle(deviation=False, status=0xFF))
        self.assertEqual(plain.from_value.octets.hex(), "090c07e8070101000000008000ff")
        typed = by_time(start, start, style=RangeStyle(typed=True))
        self.assertEqual(typed.from_value.octets[0], 25)
        naive = by_time(datetime(2024, 7, 1), datetime(2024, 7, 2))
        self.assertEqual(naive.from_value.octets.hex(), "090c07e807010100000000800000")

    def test_columns(self) -> None:
        """
        Chosen columns and another clock are named by class, code and attribute.
        """
        start = datetime(2024, 7, 1, tzinfo=UTC)
        made = by_time(start, start, columns=LOAD_PROFILE[2:], clock=LOAD_PROFILE[0])
        self.assertEqual([one.class_id for one in made.selected_values], [3, 3])
        again = parse_selection(7, 2, made.to_selection())
        self.assertEqual(again, made)
        value = by_value(build.unsigned(1), build.unsigned(2), LOAD_PROFILE[1])
        self.assertEqual(value.restricting_object.class_id, 1)

    def test_clock_options(self) -> None:
        """
        The quirks of the meter's clock apply to what it is asked.
        """
        moment = datetime(2024, 7, 1, 12, tzinfo=UTC)
        for options, wanted in (
            (ClockOptions(), "07e80701010c00000000000" + "0"),
            (ClockOptions(clock_zone=_ZURICH), "07e80701010e000000ff8880"),
            (ClockOptions(clock_zone=_ZURICH, deviation_inverted=True), "07e80701010e000000007880"),
            (
                ClockOptions(clock_zone=_ZURICH, standard_time_all_year=True),
                "07e80701010d000000ffc400",
            ),
        ):
            self.assertEqual(clock_octets(moment, RangeStyle(), options).hex(), wanted, options)

    @settings(max_examples=100, deadline=None, derandomize=True)
    @given(
        st.datetimes(min_value=datetime(1990, 1, 1), max_value=datetime(2090, 1, 1)),
        st.booleans(),
        st.booleans(),
    )
    def test_round(self, moment: datetime, inverted: bool, standard: bool) -> None:
        """
        What a meter with these quirks is asked for reads back, with the same quirks, as the same instant.
        """
        moment = moment.replace(microsecond=0, tzinfo=UTC)
        options = ClockOptions(
            clock_zone=_ZURICH, deviation_inverted=inverted, standard_time_all_year=standard
        )
        octets = clock_octets(moment, RangeStyle(), options)
        self.assertEqual(aware_datetime(octets, options), moment)

    def test_refused(self) -> None:
        """
        A zone that is off by seconds, and entries that there cannot be.
        """
        odd = datetime(2024, 1, 1, tzinfo=timezone(timedelta(seconds=90)))
        self.assertRaises(EncodeError, by_time, odd, odd)
        for wrong in ((0, 0), (1, -1)):
            self.assertRaises(EncodeError, by_entry, *wrong)
        self.assertRaises(EncodeError, by_entry, columns=(0, 0))

    def test_entries(self) -> None:
        """
        Entries by number, with the columns in between.
        """
        made = by_entry(5, 9, columns=(1, 3))
        self.assertEqual((made.from_entry, made.to_entry, made.to_selected_value), (5, 9, 3))
        self.assertEqual(by_entry().to_entry, 0)
