"""
Limiters.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.codec import build
from dlms_twisted.codec.times import DateTime
from dlms_twisted.server.objects.base import CosemObject
from dlms_twisted.server.objects.disconnect import Breaker, DisconnectControl
from dlms_twisted.server.objects.limiter import Limiter
from dlms_twisted.server.objects.scripts import ScriptTable
from tests.server.objects.bench import Bench
from tests.server.objects.test_scripts import action

_POWER = "1-0:1.7.0.255"
_TABLE = "0-0:10.0.106.255"
_BREAKER = "0-0:96.3.10.255"
_LIMITER = "0-0:17.0.0.255"


def script(selector: int) -> dict[str, Any]:
    """
    @return: a script as actions name it.
    """
    return {"script_logical_name": _TABLE, "script_selector": selector}


class LimiterTests(SynchronousTestCase):
    """
    Above 1000 W for a minute the breaker opens; below for two minutes it closes.
    """

    def setUp(self) -> None:
        self.power = CosemObject(_POWER, class_id=3, values={2: build.double_long_unsigned(500)})
        self.breaker = DisconnectControl(_BREAKER)
        # A table that both opens and closes remotely, so that the state shows what ran.
        scripts = [
            {"script_id": number, "actions": [action(2, 70, _BREAKER, number, build.integer(0))]}
            for number in (1, 2)
        ]
        table = ScriptTable(_TABLE, values={2: scripts})
        self.limiter = Limiter(
            _LIMITER,
            interval=10.0,
            values={
                2: {"class_id": 3, "logical_name": _POWER, "attribute_index": 2},
                4: build.double_long_unsigned(1000),
                5: build.double_long_unsigned(300),
                6: 60,
                7: 120,
                11: {"action_over_threshold": script(1), "action_under_threshold": script(2)},
            },
        )
        self.bench = Bench(self.power, self.breaker, table, self.limiter)

    def load(self, watts: int) -> None:
        """
        Draw so much.
        """
        self.power.put(2, build.double_long_unsigned(watts))

    def test_over_and_under(self) -> None:
        """
        Both actions run once, after their durations; less time than that does nothing.
        """
        self.load(1500)
        self.bench.advance(60)
        self.assertIs(self.breaker.state, Breaker.CONNECTED)
        self.bench.advance(20)
        self.assertIs(self.breaker.state, Breaker.DISCONNECTED)
        self.breaker.act(2)
        self.bench.advance(300)
        self.assertIs(self.breaker.state, Breaker.CONNECTED)
        self.breaker.act(1)
        self.load(500)
        self.bench.advance(120)
        self.assertIs(self.breaker.state, Breaker.DISCONNECTED)
        self.bench.advance(20)
        self.assertIs(self.breaker.state, Breaker.CONNECTED)

    def test_interrupted(self) -> None:
        """
        A dip begins the duration anew.
        """
        self.load(1500)
        self.bench.advance(50)
        self.load(900)
        self.bench.advance(10)
        self.load(1500)
        self.bench.advance(60)
        self.assertIs(self.breaker.state, Breaker.CONNECTED)
        self.bench.advance(20)
        self.assertIs(self.breaker.state, Breaker.DISCONNECTED)

    def test_emergency(self) -> None:
        """
        In an emergency of one of its groups its own threshold holds, for as long as was said.
        """
        begin = DateTime.from_datetime(datetime(2026, 3, 1, 0, 10, tzinfo=UTC))
        profile = build.structure(
            build.long_unsigned(7),
            build.octet_string(begin.to_octets()),
            build.double_long_unsigned(600),
        )
        self.limiter.assign(8, profile)
        self.limiter.assign(9, build.array(build.long_unsigned(3)))
        normal, emergency = (build.double_long_unsigned(watts) for watts in (1000, 300))
        self.bench.advance(601)
        self.assertEqual(self.limiter.value(3), normal)
        self.limiter.assign(9, build.array(build.long_unsigned(3), build.long_unsigned(7)))
        self.assertEqual(self.limiter.value(3), emergency)
        self.assertEqual(self.limiter.value(10), build.boolean(True))
        self.bench.advance(90)
        self.assertIs(self.breaker.state, Breaker.DISCONNECTED)
        self.bench.advance(510)
        self.assertEqual(self.limiter.value(3), normal)
        self.assertEqual(self.limiter.value(10), build.boolean(False))

    def test_nothing_to_monitor(self) -> None:
        """
        Without a value there is nothing to do; what cannot be compared is passed over.
        """
        name = self.limiter.logical_name
        nothing = build.structure(
            build.long_unsigned(0), build.octet_string(bytes(6)), build.integer(0)
        )
        self.limiter.assign(2, nothing)
        self.assertNotIn(name, self.bench.scheduled)
        text = build.structure(
            build.long_unsigned(3),
            build.octet_string(self.power.logical_name),
            build.integer(1),
        )
        self.limiter.assign(2, text)
        self.assertIn(name, self.bench.scheduled)
        self.bench.advance(3600)
        self.assertIs(self.breaker.state, Breaker.CONNECTED)

    def test_clock_set(self) -> None:
        """
        Setting the clock by an hour does not make a second an hour.
        """
        self.load(1500)
        self.bench.advance(20)
        before, self.bench.now = self.bench.now, self.bench.now + 3600
        self.limiter.clock_set(before, self.bench.now)
        self.bench.advance(20)
        self.assertIs(self.breaker.state, Breaker.CONNECTED)
        self.bench.advance(60)
        self.assertIs(self.breaker.state, Breaker.DISCONNECTED)
