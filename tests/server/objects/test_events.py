"""
Events and their logs.
"""

from __future__ import annotations

from typing import Any, Final

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.apdu.results import ActionResult, DataAccessResult
from dlms_twisted.codec import build
from dlms_twisted.cosem.columns import columns_of
from dlms_twisted.cosem.profile import Profile
from dlms_twisted.cosem.selection import by_entry, by_time
from dlms_twisted.server.description_toml import ready_description
from dlms_twisted.server.meter import SimulatedMeter
from dlms_twisted.server.objects.events import Event, Log, happen

#: 2026-11-22 23:59 UTC.
_NOW: Final = 1795391940.0


class EventLogTests(SynchronousTestCase):
    """
    The log of standard events of a household's meter.
    """

    def setUp(self) -> None:
        clock = Clock()
        clock.advance(_NOW)
        self.meter = SimulatedMeter(ready_description("household"), clock=clock)
        self.clock: Any = self.meter.object(8, "0-0:1.0.0.255")
        self.log: Any = self.meter.object(7, "0-0:99.98.0.255")

    def logged(self, buffer: Any = None) -> list[tuple[float, int]]:
        """
        @return: the rows: seconds after the beginning, and codes.
        """
        columns = columns_of(self.log.value(3))
        rows = Profile(columns).rows(self.log.value(2) if buffer is None else buffer)
        return [(row[0].timestamp() - _NOW, int(row[1])) for row in rows]

    def test_clock_set(self) -> None:
        """
        Setting the clock is logged before and after, also when it is put back; nothing that was logged gets lost, and
        what came later stands later.
        """
        happen(self.meter.device(1), Event.POWER_UP)  # type: ignore[arg-type]
        wanted = build.octet_string(self.meter.moment(_NOW - 600))
        self.assertEqual(self.clock.assign(2, wanted), DataAccessResult.SUCCESS)
        self.assertEqual(self.clock.act(6, build.long_(30))[0], ActionResult.SUCCESS)
        self.assertEqual(self.logged(), [(0, 2), (0, 4), (-600, 5), (-600, 4), (-570, 5)])

    def test_span(self) -> None:
        """
        Spans go by what rows show, entries by how they came.
        """
        self.clock.assign(2, build.octet_string(self.meter.moment(_NOW - 600)))
        start, end = (self.meter.local(_NOW + seconds) for seconds in (-700, -500))
        part = self.log.value(2, by_time(start, end).to_selection())
        self.assertEqual(self.logged(part), [(-600, 5)])
        part = self.log.value(2, by_entry(2, 2).to_selection())
        self.assertEqual(self.logged(part), [(-600, 5)])

    def test_reboot(self) -> None:
        """
        A meter that begins anew says so, and its log outlives it.
        """
        self.meter.reboot()
        self.meter.reboot()
        self.meter.rest()
        self.assertEqual([code for _, code in self.logged()], [1, 2, 1, 2])

    def test_full(self) -> None:
        """
        The oldest go.
        """
        for number in range(250):
            happen(self.log.device, number % 200)
        codes = [code for _, code in self.logged()]
        self.assertEqual(codes, [number % 200 for number in range(150, 250)])

    def test_no_log(self) -> None:
        """
        An event of which there is no log is none.
        """
        self.assertFalse(happen(self.log.device, Event.POWER_UP, Log.FRAUD))
        self.assertEqual(self.log.value(7), build.double_long_unsigned(0))
