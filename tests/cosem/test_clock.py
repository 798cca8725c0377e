"""
Tests for L{dlms_twisted.cosem.clock}.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.codec.times import DateTime
from dlms_twisted.cosem.clock import (
    ClockOptions,
    aware_datetime,
    clock_status,
    local_datetime,
    time_text,
)
from tests.cosem.zones import under_zones

#: 2021-07-19 15:46:35 CEST, from a real push.
_SUMMER = bytes.fromhex("07E50713010F2E2300FF8880")
_UNKNOWN = bytes.fromhex("07E60A1007150012FF800000")
_ZURICH = ZoneInfo("Europe/Zurich")


class ClockTests(SynchronousTestCase):
    """
    Tests of times with and without options.
    """

    def test_reference(self) -> None:
        """
        UTC is local plus deviation: 15:46:35 with -120 is 13:46:35.
        """
        moment = aware_datetime(_SUMMER)
        assert moment is not None
        self.assertEqual(moment.astimezone(UTC), datetime(2021, 7, 19, 13, 46, 35, tzinfo=UTC))
        self.assertEqual(time_text(_SUMMER), "2021-07-19T15:46:35+02:00")
        self.assertEqual(clock_status(_SUMMER), 0x80)

    def test_unknown_deviation(self) -> None:
        """
        An unknown deviation stays unknown, under every zone of the process.
        """
        for zone in under_zones():
            self.assertIsNone(aware_datetime(_UNKNOWN), zone)
            self.assertEqual(time_text(_UNKNOWN), "2022-10-16T21:00:18", zone)
            self.assertEqual(time_text(_SUMMER), "2021-07-19T15:46:35+02:00", zone)

    def test_inverted(self) -> None:
        """
        A meter that sends +120 for summer time gives the same instant with the option.
        """
        inverted = _SUMMER[:9] + (120).to_bytes(2, "big") + _SUMMER[11:]
        options = ClockOptions(deviation_inverted=True)
        self.assertEqual(aware_datetime(inverted, options), aware_datetime(_SUMMER))

    def test_zone(self) -> None:
        """
        A zone answers where the deviation is unknown, and only there.
        """
        options = ClockOptions(clock_zone=_ZURICH)
        self.assertEqual(time_text(_UNKNOWN, options), "2022-10-16T21:00:18+02:00")
        self.assertEqual(
            time_text(_SUMMER, ClockOptions(clock_zone=UTC)), "2021-07-19T15:46:35+02:00"
        )

    def test_repeated_hour(self) -> None:
        """
        In the hour that comes twice in October the status says which it is.
        """
        options = ClockOptions(clock_zone=_ZURICH)
        first = bytes.fromhex("07E80A1B07021E0000800080")
        second = bytes.fromhex("07E80A1B07021E0000800000")
        self.assertEqual(time_text(first, options), "2024-10-27T02:30:00+02:00")
        self.assertEqual(time_text(second, options), "2024-10-27T02:30:00+01:00")

    def test_standard_time(self) -> None:
        """
        A clock that never shows summer time has the zone's standard offset in July.
        """
        options = ClockOptions(clock_zone=_ZURICH, standard_time_all_year=True)
        july = bytes.fromhex("07E50713010F2E2300800000")
        self.assertEqual(time_text(july, options), "2021-07-19T15:46:35+01:00")

    def test_wild(self) -> None:
        """
        A time that is not fully specified is none; seconds and hundredths may be missing.
        """
        self.assertIsNone(time_text(bytes.fromhex("FFFFFFFFFFFFFFFFFF8000FF")))
        self.assertIsNone(time_text(bytes.fromhex("07E5FF13010F2E2300FF8880")))
        self.assertIsNone(time_text(b"short"))
        self.assertIsNone(clock_status(b"\xff" * 12))
        missing = bytes.fromhex("07E50713FF0F2EFFFFFF8880")
        self.assertEqual(time_text(missing), "2021-07-19T15:46:00+02:00")

    @settings(max_examples=200, deadline=None, derandomize=True)
    @given(
        st.datetimes(min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30)),
        st.integers(-720, 840),
    )
    def test_round(self, local: datetime, minutes: int) -> None:
        """
        What the codec makes of an aware datetime reads back as the same instant, in any zone of the process.
        """
        local = local.replace(microsecond=local.microsecond // 10000 * 10000)
        moment = local.replace(tzinfo=timezone(timedelta(minutes=minutes)))
        octets = DateTime.from_datetime(moment).to_octets()
        for zone in under_zones():
            self.assertEqual(aware_datetime(octets), moment, zone)
            self.assertEqual(local_datetime(octets), local, zone)

    @settings(max_examples=300, deadline=None, derandomize=True)
    @given(st.binary(min_size=12, max_size=12))
    def test_any_octets(self, octets: bytes) -> None:
        """
        Any twelve octets are a time or none, and the codec says the same of those that are.
        """
        moment = aware_datetime(octets)
        if moment is not None:
            self.assertEqual(moment.replace(tzinfo=None), local_datetime(octets))
            if octets[7] != 0xFF:
                self.assertEqual(DateTime.from_octets(octets).to_datetime(), moment)
        time_text(octets, ClockOptions(clock_zone=_ZURICH, standard_time_all_year=True))
        time_text(octets, ClockOptions(clock_zone=_ZURICH))
