"""
The household meter that is ready: its objects act together.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.codec import build
from dlms_twisted.server.description_toml import load_description
from dlms_twisted.server.meter import SimulatedMeter
from dlms_twisted.server.objects.base import CosemObject
from dlms_twisted.server.objects.disconnect import DisconnectControl
from dlms_twisted.server.objects.image import ImageTransfer

#: 2026-06-01, a Monday, 00:30 in Central Europe.
_NOW = datetime(2026, 5, 31, 22, 30, tzinfo=UTC).timestamp()
_HOUR = 3600.0


class HouseholdTests(SynchronousTestCase):
    """
    One meter whose scheduled work is done each minute.
    """

    def setUp(self) -> None:
        self.clock = Clock()
        self.clock.advance(_NOW)
        self.meter = SimulatedMeter(load_description("household"), clock=self.clock)
        self.meter.work()

    def object(self, class_id: int, name: str) -> Any:
        """
        @return: one of its objects.
        """
        found = self.meter.object(class_id, name)
        assert isinstance(found, CosemObject), name
        return found

    def advance(self, hours: float) -> None:
        """
        Let time pass.
        """
        end = self.clock.seconds() + hours * _HOUR
        while (due := self.meter.due()) is not None and due <= end:
            self.clock.advance(max(0.0, due - self.clock.seconds()))
            self.meter.work()
        self.clock.advance(end - self.clock.seconds())

    def test_tariffs(self) -> None:
        """
        The tariff is right from the beginning, and changes by the calendar, in the meter's own time.
        """
        tariff = self.object(1, "0-0:96.14.0.255")
        seen = []
        for _ in range(8):
            seen.append(tariff.value(2).values)
            self.advance(3)
        self.assertEqual(seen, [2, 2, 1, 1, 1, 1, 1, 1])

    def test_breaker_logs(self) -> None:
        """
        What the breaker does is in its log.
        """
        breaker = self.object(70, "0-0:96.3.10.255")
        assert isinstance(breaker, DisconnectControl)
        for method in (1, 2):
            breaker.act(method, build.integer(0))
            self.advance(1)
        log = self.object(7, "0-0:99.98.2.255")
        self.assertEqual([row[1] for row in log.value(2).values], [62, 63])
        self.assertEqual(self.object(7, "0-0:99.98.0.255").value(2), build.array())

    def test_limiter(self) -> None:
        """
        In an emergency the limiter opens the breaker when the household goes on using power.
        """
        limiter = self.object(71, "0-0:17.0.0.255")
        limiter.put(5, build.double_long_unsigned(1))
        octets = self.meter.moment(self.meter.time() + 60)
        profile = (
            build.long_unsigned(1),
            build.octet_string(octets),
            build.double_long_unsigned(7200),
        )
        limiter.assign(8, build.structure(*profile))
        self.advance(1)
        self.assertEqual(self.object(70, "0-0:96.3.10.255").value(2), build.boolean(False))

    def test_billing(self) -> None:
        """
        The first of the month makes a new maximum, and is in the billing data.
        """
        before = self.object(4, "1-0:1.6.0.255").value(2).values
        self.assertGreater(before, 0)
        self.clock.advance(30 * 24 * _HOUR)
        while self.meter.work():
            pass
        self.advance(0.1)
        maximum = self.object(4, "1-0:1.6.0.255")
        self.assertEqual(maximum.value(5).values[2:4], bytes((7, 1)))
        rows = self.object(7, "0-0:98.1.0.255").value(2).values
        self.assertEqual([row[0][3] for row in rows[-2:]], [1, 1])
        self.assertGreater(rows[-1][1], rows[-2][1])

    def test_firmware(self) -> None:
        """
        An image that was activated shows its version, and is logged.
        """
        image = self.object(18, "0-0:44.0.0.255")
        assert isinstance(image, ImageTransfer)
        parts = (build.octet_string(b"2.0"), build.double_long_unsigned(10))
        image.act(1, build.structure(*parts))
        block = (build.double_long_unsigned(0), build.octet_string(bytes(10)))
        image.act(2, build.structure(*block))
        image.act(4, build.integer(0))
        self.assertEqual(self.object(1, "0-0:0.2.0.255").value(2).values, b"2.0")
        rows = self.object(7, "0-0:99.98.0.255").value(2).values
        self.assertEqual([row[1] for row in rows], [18])
