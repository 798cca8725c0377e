"""
Register monitors.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.codec import build
from dlms_twisted.server.objects.base import CosemObject
from dlms_twisted.server.objects.monitor import RegisterMonitor
from tests.server.objects.bench import Bench
from tests.server.objects.test_schedules import Recorder, script, scripts

_VOLTAGE = "1-0:32.7.0.255"


class MonitorTests(SynchronousTestCase):
    """
    Thresholds at 207 V (scripts 1 up, 2 down) and 253 V (3 up, 4 down).
    """

    def setUp(self) -> None:
        self.voltage = CosemObject(_VOLTAGE, class_id=3, values={2: build.long_unsigned(230)})
        self.log = Recorder()
        self.monitor = RegisterMonitor(
            "0-0:16.0.0.255",
            interval=10.0,
            values={
                2: [build.long_unsigned(207), build.long_unsigned(253)],
                3: {"class_id": 3, "logical_name": _VOLTAGE, "attribute_index": 2},
                4: [
                    {"action_up": script(1), "action_down": script(2)},
                    {"action_up": script(3), "action_down": script(4)},
                ],
            },
        )
        self.bench = Bench(self.voltage, self.log, scripts(), self.monitor)

    def see(self, volts: int) -> list[int]:
        """
        @return: which scripts ran when the voltage is that for a minute.
        """
        self.log.heard.clear()
        self.voltage.put(2, build.long_unsigned(volts))
        self.bench.advance(60)
        return [number for number, _ in self.log.heard]

    def test_crossing(self) -> None:
        """
        Each crossing runs its script once, in the order of the thresholds.
        """
        self.assertEqual(self.see(230), [])
        self.assertEqual(self.see(260), [3])
        self.assertEqual(self.see(261), [])
        self.assertEqual(self.see(200), [2, 4])
        self.assertEqual(self.see(254), [1, 3])

    def test_other_thresholds(self) -> None:
        """
        Other thresholds, or another value, begin anew.
        """
        self.see(230)
        self.monitor.assign(2, build.array(build.long_unsigned(100)))
        self.assertEqual(self.see(99), [])
        self.assertEqual(self.see(101), [1])
        nothing = build.structure(
            build.long_unsigned(0), build.octet_string(bytes(6)), build.integer(0)
        )
        self.monitor.assign(3, nothing)
        self.assertEqual(self.bench.scheduled, {})
        self.assertEqual(self.see(50), [])
