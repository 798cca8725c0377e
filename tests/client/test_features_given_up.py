"""
What L{dlms_twisted.client.Meter} does beyond its services, cancelled at each of its steps, and with a meter that does
things wrong: nothing is left behind, and what comes of it is right, or a typed error.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from attrs import evolve
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.client import Meter, connect
from dlms_twisted.cosem.profile import Row
from dlms_twisted.errors import DLMSError
from dlms_twisted.security.setup import KeyId
from dlms_twisted.server.faults import WIRE_FAULTS
from dlms_twisted.testing import Fault, FaultKind, MeterInMemory, Scenario

_NOW = datetime(2026, 1, 15, 10, tzinfo=UTC).timestamp()
_MASTER = bytes(range(0x50, 0x60))
_IMAGE = bytes(range(256)) * 3
_SERIAL = "1/0-0:96.1.0.255/2"
_STEP = 0.05

#: What is done with a meter.
Deed = Callable[[Meter], Deferred[Any]]

_DEEDS: dict[str, Deed] = {
    "clock": lambda meter: meter.synchronise_clock(),
    "disconnect": lambda meter: meter.disconnect(),
    "image": lambda meter: meter.image_transfer().send(_IMAGE, b"2.0"),
    "verify": lambda meter: meter.image_transfer(interval=0.1, patience=1.0).verify(),
    "keys": lambda meter: meter.security_setup().transfer_keys(
        _MASTER, {KeyId.UNICAST_ENCRYPTION: b"E" * 16}
    ),
    "profile": lambda meter: meter.profile("1-0:99.1.0.255", entries=(1, 30)),
    "rows": lambda meter: meter.rows("1-0:99.1.0.255", entries=(1, 30)).each(lambda _: None),
}


class GivenUpTests(SynchronousTestCase):
    """
    Tests of cancelling.
    """

    def associated(self, **options: Any) -> Meter:
        """
        @return: an association with a meter that is new.
        """
        self.clock = Clock()
        self.clock.advance(_NOW)
        self.served = MeterInMemory(self.clock, latency=_STEP, **options)
        served = self.served.meter
        served.change_keys(evolve(served.keys, master_key=_MASTER))
        settings = self.served.settings(1, max_pdu=128, timeout=5.0)
        meter: Meter = self.served.run(connect(self.clock, self.served.endpoint(), settings))
        return meter

    def given_up(self, deed: Deed, steps: int) -> bool:
        """
        Cancel after so many steps.

        @return: was it done before?
        """
        meter = self.associated()
        deferred = deed(meter)
        for _ in range(steps):
            self.clock.advance(_STEP)
        done = bool(deferred.called)
        if done:
            # Whether the meter did as it was told is another test's affair.
            deferred.addErrback(lambda failure: failure.trap(DLMSError))
        else:
            deferred.cancel()
            self.failureResultOf(deferred, CancelledError)
        try:
            value = self.served.run(meter.get(_SERIAL))
            self.assertEqual(value.values, b"SIM0000000001")
        except DLMSError:
            # Keys may have changed before anybody could be told.
            self.assertIs(deed, _DEEDS["keys"])
        self.served.run(meter.close())
        self.served.close()
        self.assertEqual(self.clock.getDelayedCalls(), [])
        return done

    def test_each_step(self) -> None:
        """
        Wherever it is cancelled, the association can be used, and nothing is left on the clock.
        """
        for name, deed in _DEEDS.items():
            steps = 0
            while not self.given_up(deed, steps):
                steps += 1
                self.assertLess(steps, 500, name)
            self.assertGreater(steps, 1, name)

    def test_lost_in_each_step(self) -> None:
        """
        Wherever the link is lost, it is a typed error at once, and nothing is left on the clock.
        """
        for deed in _DEEDS.values():
            for after in range(0, 12, 2):
                meter = self.associated()
                fault = Fault(kind=FaultKind.DROPPED, after=after, count=1)
                self.served.faults.add(fault)
                self.typed(deed(meter))
                self.served.run(meter.close())
                self.served.close()
                self.assertEqual(self.clock.getDelayedCalls(), [])

    def typed(self, deferred: Deferred[Any]) -> None:
        """
        Wait for it: a result, or a typed error.
        """
        try:
            self.served.run(deferred)
        except DLMSError:
            return

    def test_faults(self) -> None:
        """
        A meter whose answers are lost, late, damaged, doubled or cut: typed errors only, and rows that are there are
        right.
        """
        meter = self.associated()
        rows = "1-0:99.1.0.255"
        right = [tuple(row) for row in self.served.run(meter.profile(rows, entries=(1, 30)))]
        for seed, kind in enumerate(sorted(WIRE_FAULTS)):
            faults = (Fault(kind=kind, after=8, share=0.2, lasts=20.0),)
            try:
                meter = self.associated(faults=Scenario(seed=seed, faults=faults))
            except DLMSError:
                continue
            came: list[Row] = []
            self.typed(meter.rows(rows, entries=(1, 30)).each(came.append))
            self.assertEqual([tuple(row) for row in came], right[: len(came)], kind)
            for deed in _DEEDS.values():
                self.typed(deed(meter))
            self.served.run(meter.close())
            self.served.close()
            self.assertEqual(self.clock.getDelayedCalls(), [], kind)
