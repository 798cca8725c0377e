"""
Spans of a profile in a zone with summer time, against a reference that knows nothing of ours.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any, Final
from zoneinfo import ZoneInfo

from hypothesis import assume, given, settings
from hypothesis import strategies as st
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.apdu.results import ActionResult
from dlms_twisted.codec import build
from dlms_twisted.codec.data import Data
from dlms_twisted.cosem.columns import columns_of
from dlms_twisted.cosem.profile import Profile
from dlms_twisted.cosem.selection import RangeStyle, by_time
from dlms_twisted.server.description_toml import ready_description
from dlms_twisted.server.meter import SimulatedMeter
from dlms_twisted.server.objects.base import CosemObject

_BERLIN: Final = ZoneInfo("Europe/Berlin")
_QUARTER: Final = 900
#: Nights in which the clock is put back, and forward.
_NIGHTS: Final = (datetime(2026, 10, 25, tzinfo=UTC), datetime(2027, 3, 28, tzinfo=UTC))


def made(now: datetime) -> tuple[SimulatedMeter, CosemObject]:
    """
    @return: a household's meter, and its load profile.
    """
    clock = Clock()
    clock.advance(now.timestamp())
    meter = SimulatedMeter(ready_description("household"), clock=clock)
    found = meter.object(7, "1-0:99.1.0.255")
    if found is None:
        raise TypeError("a load profile wanted")
    return meter, found


def shown(profile: CosemObject, buffer: Any) -> list[tuple[datetime, Any]]:
    """
    @return: time and energy of the rows, by our own decoder.
    """
    columns = profile.value(3)
    if not isinstance(columns, Data) or not isinstance(buffer, Data):
        raise TypeError(f"Data wanted, not {buffer}")
    return [(row[0].astimezone(UTC), row[1]) for row in Profile(columns_of(columns)).rows(buffer)]


class SpanTests(SynchronousTestCase):
    """
    Two nights and the days around them.
    """

    def setUp(self) -> None:
        self.profiles = []
        for night in _NIGHTS:
            _, profile = made(night + timedelta(days=2))
            self.profiles.append((profile, shown(profile, profile.value(2))))

    @settings(max_examples=150, deadline=None, derandomize=True)
    @given(
        which=st.integers(0, 1),
        first=st.integers(-6 * 60, 8 * 60),
        length=st.integers(-10, 24 * 60),
        deviation=st.booleans(),
        typed=st.booleans(),
        status=st.sampled_from([0, 0xFF]),
    )
    def test_span(
        self, which: int, first: int, length: int, deviation: bool, typed: bool, status: int
    ) -> None:
        """
        The rows from the first time that the clock shows one limit to the last time that it shows the other.
        """
        profile, rows = self.profiles[which]
        begin = _NIGHTS[which] + timedelta(minutes=first)
        end = begin + timedelta(minutes=length)
        style = RangeStyle(deviation=deviation, typed=typed, status=status)
        if deviation:
            limits = begin.astimezone(_BERLIN), end.astimezone(_BERLIN)
        else:
            naive = [one.astimezone(_BERLIN).replace(tzinfo=None, fold=0) for one in (begin, end)]
            assume(naive[0] <= naive[1])
            limits = naive[0], naive[1]
            begin = naive[0].replace(tzinfo=_BERLIN, fold=0).astimezone(UTC)
            end = naive[1].replace(tzinfo=_BERLIN, fold=1).astimezone(UTC)
        selection = by_time(*limits, style=style).to_selection()
        found = shown(profile, profile.value(2, selection))
        self.assertEqual(found, [row for row in rows if begin <= row[0] <= end])

    def test_whole(self) -> None:
        """
        Rows are a quarter of an hour apart, whatever the clock does, and energy never falls.
        """
        for _, rows in self.profiles:
            self.assertEqual(len(rows), 2880)
            times = [row[0] for row in rows]
            steps = {(late - soon).total_seconds() for soon, late in pairwise(times)}
            self.assertEqual(steps, {_QUARTER})
            energies = [row[1] for row in rows]
            self.assertEqual(energies, sorted(energies))


class AgreementTests(SynchronousTestCase):
    """
    A profile says what the objects said.
    """

    def test_as_it_was(self) -> None:
        """
        Each row is what the clock and the registers showed at its time; later it still is.
        """
        meter, profile = made(_NIGHTS[0] - timedelta(minutes=1))
        clock: Any = meter.object(8, "0-0:1.0.0.255")
        energy: Any = meter.object(3, "1-0:1.8.0.255")
        seen = []
        for _ in range(12):
            at = (meter.time() // _QUARTER + 1) * _QUARTER
            meter.set_time(at)
            seen.append((clock.value(2).octets, energy.value(2).octets))
        rows: Any = profile.value(2)
        listed = [(build.octet_string(row[0]).octets, row[1]) for row in rows.values[-12:]]
        self.assertEqual([one for one, _ in listed], [one for one, _ in seen])
        self.assertEqual(
            [build.double_long_unsigned(one).octets for _, one in listed], [one for _, one in seen]
        )

    def test_same_from_meter_to_meter(self) -> None:
        """
        A meter that is made anew has the same past, and one that rests.
        """
        now = _NIGHTS[1] + timedelta(hours=5)
        meter, profile = made(now)
        before = profile.value(2)
        meter.rest()
        again = meter.object(7, "1-0:99.1.0.255")
        self.assertIsNot(again, profile)
        self.assertEqual(again and again.value(2), before)
        self.assertEqual(made(now)[1].value(2), before)

    def test_daily_at_midnight(self) -> None:
        """
        The daily profile captures at midnight as the clock shows it, on days of 23 and of 25 hours too.
        """
        for night in _NIGHTS:
            meter, _ = made(night + timedelta(days=3))
            daily = meter.object(7, "1-0:99.2.0.255")
            if daily is None:
                self.fail("no daily profile")
            times = [row[0].astimezone(_BERLIN) for row in shown(daily, daily.value(2))]
            self.assertEqual({(one.hour, one.minute) for one in times}, {(0, 0)})
            self.assertEqual(len({one.date() for one in times}), len(times))

    def test_nothing_after_a_reset(self) -> None:
        """
        What was captured is gone, also for a meter that rested.
        """
        meter, profile = made(_NIGHTS[0])
        self.assertEqual(profile.act(1, build.integer(0))[0], ActionResult.SUCCESS)
        meter.rest()
        again: Any = meter.object(7, "1-0:99.1.0.255")
        self.assertEqual(again.value(2), build.array())
        self.assertEqual(again.value(7), build.double_long_unsigned(0))
