"""
Tests of L{dlms_twisted.codec.times}.
"""

from __future__ import annotations

import os
import time as process_time
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SkipTest, SynchronousTestCase

from dlms_twisted.codec.times import (
    DAYLIGHT_SAVING_BEGIN,
    DAYLIGHT_SAVING_END,
    LAST_DAY,
    SECOND_LAST_DAY,
    ClockStatus,
    Date,
    DateTime,
    Time,
)
from dlms_twisted.errors import DecodeError, EncodeError


def moment(text: str) -> DateTime:
    """
    The date-time of these octets.
    """
    return DateTime.from_octets(bytes.fromhex(text))


#: Central European summer, as a real push had it.
SUMMER = moment("07e50713010f2e2300ff8880")


class _Rule(tzinfo):
    # A zone an hour from UTC that saves daylight all year.

    def utcoffset(self, moment: datetime | None) -> timedelta:
        return timedelta(hours=2)

    def dst(self, moment: datetime | None) -> timedelta:
        return timedelta(hours=1)

    def tzname(self, moment: datetime | None) -> str:
        return "always summer"


class OctetTests(SynchronousTestCase):
    """
    Every octet is kept.
    """

    @settings(max_examples=200, deadline=None, derandomize=True)
    @given(st.binary(min_size=12, max_size=12))
    def test_any_octets(self, octets: bytes) -> None:
        """
        Any octets of the right number come back, and never raise when they are shown or made a datetime.
        """
        for kind, part in ((DateTime, octets), (Date, octets[:5]), (Time, octets[:4])):
            self.assertEqual(kind.from_octets(part).to_octets(), part)
            str(kind.from_octets(part))
        value = DateTime.from_octets(octets)
        value.to_datetime(deviation_inverted=True)
        value.isoformat()

    def test_every_octet_of_each_field(self) -> None:
        """
        So do all values of each single octet of a good date-time.
        """
        for place in range(12):
            for octet in range(256):
                octets = bytearray(SUMMER.to_octets())
                octets[place] = octet
                value = DateTime.from_octets(bytes(octets))
                self.assertEqual(value.to_octets(), bytes(octets))
                value.to_datetime()

    def test_wrong_number(self) -> None:
        """
        More or fewer octets are a L{DecodeError}.
        """
        for kind, size in ((DateTime, 12), (Date, 5), (Time, 4)):
            for wrong in (0, size - 1, size + 1):
                self.assertRaises(DecodeError, kind.from_octets, bytes(wrong))

    def test_fields(self) -> None:
        """
        The fields of a good date-time.
        """
        self.assertEqual(SUMMER.date, Date(2021, 7, 19, 1))
        self.assertEqual(SUMMER.time, Time(15, 46, 35, 0))
        self.assertEqual((SUMMER.deviation, SUMMER.status), (-120, 0x80))
        self.assertEqual(SUMMER.clock_status, ClockStatus.DAYLIGHT_SAVING)

    def test_not_specified(self) -> None:
        """
        What is not specified is L{None}.
        """
        wild = moment("ffffffffffffffffff8000ff")
        self.assertEqual(wild, DateTime())
        self.assertEqual(wild.date, Date(None, None, None, None))
        self.assertEqual(wild.time, Time(None, None, None, None))
        self.assertEqual((wild.deviation, wild.status, wild.clock_status), (None, None, None))

    def test_rules(self) -> None:
        """
        "The last Sunday of March at two" and the days of daylight saving.
        """
        value = moment("ffff03fe0702000000800000")
        self.assertEqual(value.date, Date(None, 3, LAST_DAY, 7))
        self.assertEqual(str(value), "*-03-lastT02:00:00")
        self.assertEqual(
            Date(None, DAYLIGHT_SAVING_BEGIN, SECOND_LAST_DAY).to_octets().hex(), "fffffefdff"
        )
        self.assertEqual(str(Date(None, DAYLIGHT_SAVING_END, 1)), "*-dst-end-01")
        self.assertEqual(
            str(Date(2024, DAYLIGHT_SAVING_BEGIN, SECOND_LAST_DAY)), "2024-dst-begin-second-last"
        )
        self.assertEqual((value.to_datetime(), value.isoformat()), (None, None))

    def test_status(self) -> None:
        """
        The bits of the status have names; reserved ones are kept.
        """
        value = moment("07e50713010f2e2300ff887f")
        self.assertEqual(
            value.clock_status,
            ClockStatus.INVALID_VALUE
            | ClockStatus.DOUBTFUL_VALUE
            | ClockStatus.DIFFERENT_CLOCK_BASE
            | ClockStatus.INVALID_CLOCK_STATUS
            | 0x70,
        )

    def test_ranges(self) -> None:
        """
        What the octets cannot hold is refused.
        """
        for make in (
            lambda: Date(year=0xFFFF),
            lambda: Date(month=0xFF),
            lambda: Date(day=-1),
            lambda: Time(hour=256),
            lambda: DateTime(deviation=-0x8000),
            lambda: DateTime(deviation=0x8000),
            lambda: DateTime(status=0xFF),
        ):
            self.assertRaises(EncodeError, make)


class DatetimeTests(SynchronousTestCase):
    """
    To and from C{datetime}.
    """

    def test_deviation(self) -> None:
        """
        UTC = local + deviation.
        """
        value = SUMMER.to_datetime()
        assert value is not None
        self.assertEqual(value.utcoffset(), timedelta(hours=2))
        self.assertEqual(value.astimezone(UTC), datetime(2021, 7, 19, 13, 46, 35, tzinfo=UTC))
        self.assertEqual(SUMMER.isoformat(), "2021-07-19T15:46:35+02:00")

    def test_inverted_deviation(self) -> None:
        """
        Meters that invert the sign are understood when that is said.
        """
        inverted = moment("07e50713010f2e2300007880")
        self.assertEqual(inverted.to_datetime(deviation_inverted=True), SUMMER.to_datetime())
        self.assertNotEqual(inverted.to_datetime(), SUMMER.to_datetime())
        self.assertEqual(inverted.isoformat(deviation_inverted=True), SUMMER.isoformat())

    def test_unknown_deviation(self) -> None:
        """
        Without deviation there is no aware datetime, and none is guessed from the host, whatever its zone.
        """
        value = moment("07e60a1007150012ff800000")
        before = os.environ.get("TZ")
        try:
            for zone in (
                "UTC",
                "Europe/Oslo",
                "America/St_Johns",
                "Asia/Kathmandu",
                "Pacific/Chatham",
            ):
                os.environ["TZ"] = zone
                process_time.tzset()
                self.assertIsNone(value.to_datetime())
                self.assertEqual(value.to_local(), datetime(2022, 10, 16, 21, 0, 18))
                self.assertEqual(str(value), "2022-10-16T21:00:18")
                self.assertEqual(SUMMER.isoformat(), "2021-07-19T15:46:35+02:00")
                self.assertEqual(
                    DateTime.from_isoformat("2021-07-19T15:46:35+02:00").deviation, -120
                )
        finally:
            if before is None:
                del os.environ["TZ"]
            else:
                os.environ["TZ"] = before
            process_time.tzset()

    def test_no_moment(self) -> None:
        """
        A wildcard, a day that is not in the calendar, or an impossible deviation give no datetime.
        """
        for text in (
            "ffff0713010f2e2300ff8880",
            "07e5ff13010f2e2300ff8880",
            "07e507ff010f2e2300ff8880",
            "07e5071301ff2e2300ff8880",
            "07e50713010fff2300ff8880",
            "07e50713010f2eff00ff8880",
            "07e5021e010f2e2300ff8880",
            "07e50d01010f2e2300ff8880",
            "07e5071301182e2300ff8880",
            "07e50713010f3c2300ff8880",
            "07e50713010f2e3c00ff8880",
            "07e50713010f2e2364ff8880",
            "07e50713010f2e2300" + "05a0" + "80",
            "00000713010f2e2300ff8880",
            "27100713010f2e2300ff8880",
            "000101010100000000ff8880",
        ):
            self.assertIsNone(moment(text).to_datetime(), text)

    def test_odd_and_good(self) -> None:
        """
        A wrong day of the week, no hundredths, and large deviations are tolerated.
        """
        wanted = SUMMER.to_datetime()
        self.assertEqual(moment("07e50713070f2e23ffff88ff").to_datetime(), wanted)
        self.assertEqual(moment("07e50713ff0f2e2300ff8880").to_datetime(), wanted)
        far = moment("07e50713010f2e2300" + "0348" + "80").to_datetime()
        assert far is not None
        self.assertEqual(far.utcoffset(), timedelta(hours=-14))

    def test_from_datetime(self) -> None:
        """
        An aware datetime gives all fields, daylight saving where its zone knows it.
        """
        value = DateTime.from_datetime(datetime(2021, 7, 19, 15, 46, 35, 129_999, _Rule()))
        self.assertEqual(value.to_octets().hex(), "07e50713010f2e230cff8880")
        winter = datetime(2021, 12, 31, 23, 59, 59, tzinfo=timezone(timedelta(hours=1)))
        self.assertEqual(
            DateTime.from_datetime(winter).to_octets().hex(), "07e50c1f05173b3b00ffc400"
        )

    def test_from_datetime_refuses(self) -> None:
        """
        A datetime without zone, or with one of odd seconds, cannot be held.
        """
        self.assertRaises(EncodeError, DateTime.from_datetime, datetime(2021, 7, 19))
        odd = timezone(timedelta(minutes=53, seconds=28))
        self.assertRaises(EncodeError, DateTime.from_datetime, datetime(1900, 1, 1, tzinfo=odd))

    @settings(max_examples=100, deadline=None, derandomize=True)
    @given(
        st.datetimes(datetime(2, 1, 1), datetime(9998, 12, 31)),
        st.integers(-720, 840),
    )
    def test_round_trip(self, local: datetime, minutes: int) -> None:
        """
        An aware datetime comes back, down to the hundredth; so does its text.
        """
        local = local.replace(microsecond=local.microsecond // 10_000 * 10_000)
        aware = local.replace(tzinfo=timezone(timedelta(minutes=minutes)))
        value = DateTime.from_datetime(aware)
        again = DateTime.from_octets(value.to_octets())
        self.assertEqual(again.to_datetime(), aware)
        self.assertEqual(again.deviation, -minutes)
        text = again.isoformat()
        assert text is not None
        self.assertEqual(DateTime.from_isoformat(text).to_octets(), value.to_octets())

    def test_iso_text(self) -> None:
        """
        ISO 8601 is read with and without offset; other text is refused.
        """
        self.assertEqual(
            DateTime.from_isoformat("2021-07-19T13:46:35Z").to_octets().hex(),
            "07e50713010d2e2300000000",
        )
        self.assertEqual(
            DateTime.from_isoformat("2022-10-16 21:00:18.25").to_octets().hex(),
            "07e60a100715001219800000",
        )
        for text in ("", "now", "2021-13-01T00:00:00", "2021-07-19T15:46:35+02:00:30"):
            self.assertRaises(EncodeError, DateTime.from_isoformat, text)

    def test_parts(self) -> None:
        """
        Dates and times alone, both ways and as text.
        """
        self.assertEqual(Date.from_date(date(2021, 7, 19)), Date(2021, 7, 19, 1))
        self.assertEqual(Date(2021, 7, 19).to_date(), date(2021, 7, 19))
        self.assertIsNone(Date(2021, 2, 29).to_date())
        self.assertEqual(Time.from_time(time(1, 2, 3, 45_678)), Time(1, 2, 3, 4))
        self.assertEqual(Time(1, 2, 3, 4).to_time(), time(1, 2, 3, 40_000))
        self.assertIsNone(Time(24, 0, 0).to_time())
        self.assertEqual((str(Time(1, 2, 3, 4)), str(Time(0, 15))), ("01:02:03.04", "00:15:*"))
        self.assertEqual(str(Date(2021, 7, 9)), "2021-07-09")


class ZoneTests(SynchronousTestCase):
    """
    Real zones.
    """

    def test_change_of_clocks(self) -> None:
        """
        The hour that comes twice in autumn is told apart by deviation and status.
        """
        try:
            zone = ZoneInfo("Europe/Berlin")
        except ZoneInfoNotFoundError:
            raise SkipTest("this machine has no time zones") from None
        first = DateTime.from_datetime(datetime(2024, 10, 27, 2, 30, tzinfo=zone, fold=0))
        second = DateTime.from_datetime(datetime(2024, 10, 27, 2, 30, tzinfo=zone, fold=1))
        self.assertEqual((first.deviation, first.status), (-120, 0x80))
        self.assertEqual((second.deviation, second.status), (-60, 0))
        one, two = first.to_datetime(), second.to_datetime()
        assert one is not None
        assert two is not None
        self.assertEqual(two - one, timedelta(hours=1))
