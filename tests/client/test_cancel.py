"""
Cancelling at every step: what is left, and what the next request gets.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.client import Action, Get, Meter, Set
from dlms_twisted.codec import build
from dlms_twisted.errors import LinkError
from dlms_twisted.server.description_toml import ready_description
from tests.client.bench import Bench
from tests.server.meters import CLIENTS, SHORT, with_clients

__all__ = ["SERVICES", "cancelled_everywhere"]

_DATA = "1/0-0:96.1.0.255/2"
_CLOCK = "8/0-0:1.0.0.255/2"
_ZONE = "8/0-0:1.0.0.255/3"

_METER = with_clients(ready_description("household"))
#: What is cancelled, by name: a short answer, one in blocks, a list, a mix, a write, a call.
SERVICES: dict[str, Callable[[Meter], Deferred[Any]]] = {
    "get": lambda meter: meter.get(_DATA),
    "long get": lambda meter: meter.objects(),
    "many": lambda meter: meter.get_many([_DATA, _CLOCK, _ZONE]),
    "mixed": lambda meter: meter.access(
        [Get(_DATA), Set(_ZONE, build.long_(0)), Action("3/1-0:1.8.0.255/1", build.integer(0))]
    ),
    "set": lambda meter: meter.set(_ZONE, build.long_(-60)),
    "action": lambda meter: meter.action("3/1-0:1.8.0.255/1", build.integer(0)),
}


def cancelled_everywhere(
    test: SynchronousTestCase,
    framing: str,
    client: int,
    begin: Callable[[Meter], Deferred[Any]],
    *,
    every: int = 1,
    **settings: Any,
) -> int:
    """
    Cancel after the first frame, after the second, and so on, until it is through.

    @param every: Leave out all but each so-manieth.

    @return: how often it was cancelled.
    """
    count = 0
    for step in range(0, 10_000, every):
        bench = Bench(_METER, framing=framing, latency=0.01)
        meter = bench.meter(client, **settings)
        passed = bench.frames
        begun = begin(meter)
        under_way = bench.until(passed + step, begun)
        if under_way:
            begun.cancel()
            test.failureResultOf(begun, CancelledError)
            count += 1
            next_one = meter.get(_DATA)
            try:
                data = bench.run(next_one)
            except LinkError:
                test.assertTrue(client >= SHORT, "only without invoke-ids")
            else:
                test.assertEqual(data.values, bench.memory.meter.serial.encode())
                test.assertTrue(client < SHORT, "nothing tells the answers apart")
        else:
            test.successResultOf(begun)
        bench.run(meter.close())
        test.assertEqual(bench.open, 0)
        test.assertEqual(bench.left(), [])
        if not under_way:
            return count
    raise AssertionError("no end")


class CancelTests(SynchronousTestCase):
    """
    Tests of cancelling.
    """

    def test_connecting(self) -> None:
        """
        Cancelled before the association stands: the connection is closed, and nothing is left.
        """
        for framing in ("wrapper", "hdlc"):
            for client in (16, 1):
                for step in range(100):
                    bench = Bench(framing=framing, latency=0.01)
                    connecting = bench.connect(client)
                    if not bench.until(step, connecting):
                        bench.run(self.successResultOf(connecting).close())
                        self.assertGreater(step, 1)
                        break
                    connecting.cancel()
                    self.failureResultOf(connecting, CancelledError)
                    bench.clock.advance(1.0)
                    self.assertEqual(bench.open, 0)
                    self.assertEqual(bench.left(), [])

    def test_services(self) -> None:
        """
        Each service, after each frame: the next request gets its own answer.
        """
        for name, begin in SERVICES.items():
            for framing in ("wrapper", "hdlc"):
                many = name in {"long get", "many"}
                every = 5 if many else 2
                count = cancelled_everywhere(self, framing, 1, begin, every=every, max_pdu=400)
                self.assertGreater(count, 0, name)

    def test_unobserved(self) -> None:
        """
        Nobody watches, and nothing else is under way: at any moment.
        """
        for latency in (0.0, 0.01):
            for passed in (0.0, 0.005, 0.015, 0.03):
                bench = Bench(_METER, latency=latency)
                meter = bench.meter(CLIENTS["none"], observer=None)
                waiting = len(bench.clock.getDelayedCalls())
                asked = meter.get(_DATA)
                if asked.called:
                    self.assertEqual(len(bench.clock.getDelayedCalls()), waiting)
                bench.clock.advance(passed)
                if asked.called:
                    self.assertTrue(self.successResultOf(asked).values)
                else:
                    asked.cancel()
                    self.failureResultOf(asked, CancelledError)
                serial = bench.memory.meter.serial.encode()
                self.assertEqual(bench.run(meter.get(_DATA)).values, serial)
                self.assertEqual(
                    [bench.run(meter.get(_ZONE)).values for _ in range(20)], [-60] * 20
                )
                bench.run(meter.close())
                self.assertEqual(bench.open, 0)
                self.assertEqual(bench.left(), [])

    def test_short_names(self) -> None:
        """
        Without invoke-ids the link is closed, and what is asked later fails at once.
        """
        for name in ("get", "many", "set"):
            count = cancelled_everywhere(
                self, "wrapper", CLIENTS["low"] + SHORT, SERVICES[name], max_pdu=400
            )
            self.assertGreater(count, 0, name)

    def test_releasing(self) -> None:
        """
        Cancelled while it is released: the connection is closed all the same.
        """
        for framing in ("wrapper", "hdlc"):
            for step in range(100):
                bench = Bench(_METER, framing=framing, latency=0.01)
                meter = bench.meter(1)
                passed = bench.frames
                closing = meter.close()
                if not bench.until(passed + step, closing):
                    break
                closing.cancel()
                bench.clock.advance(30.0)
                self.assertTrue(closing.called)
                self.failureResultOf(closing, CancelledError)
                self.assertEqual(bench.open, 0)
                self.assertEqual(bench.left(), [])
