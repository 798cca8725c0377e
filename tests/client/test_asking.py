"""
Tests of L{dlms_twisted.client.asking} and L{dlms_twisted.client.linking}: the public client asks which counter is
wanted, and the other one associates over the same link.
"""

from __future__ import annotations

from random import Random
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IProtocol, IProtocolFactory
from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.client import MeterSettings
from dlms_twisted.client.asking import as_public, counted_from
from dlms_twisted.errors import AccessRefusedError, RemoteProtocolError
from dlms_twisted.keys.counters import MemoryCounters
from dlms_twisted.security.counters import WARN_AT
from dlms_twisted.security.keys import key_epoch
from tests.client.bench import Bench
from tests.client.damaging import Between, Hostility

_SERIAL = "1/0-0:96.1.0.255/2"
_KEY = bytes(range(16))


class _Bench(Bench):
    """
    A bench that counts connections, and may hang up.
    """

    dialled = 0
    hostility: Hostility | None = None

    def dial(self, factory: IProtocolFactory) -> Deferred[IProtocol]:
        """
        Make a connection.
        """
        self.dialled += 1
        between: Any = factory
        if self.hostility is not None:
            between = Between.factory(self.clock, factory, self.framing, self.hostility)
        return super().dial(between)


def _asking(bench: Bench, **changes: Any) -> Any:
    """
    Begin to connect as a client that knows nothing of counters.
    """
    return bench.connect(1, **{"ask_counter": True, "counters": None, "counter": 1, **changes})


class AskingTests(SynchronousTestCase):
    """
    Tests of C{ask_counter}.
    """

    def test_one_link(self) -> None:
        """
        Each time the counter is asked for and right, over one connection.
        """
        for framing in ("wrapper", "hdlc"):
            bench = _Bench(framing=framing, latency=0.01)
            for count in (1, 2, 3):
                meter = bench.run(_asking(bench))
                data = bench.run(meter.get(_SERIAL))
                self.assertEqual(data.values, bench.memory.meter.serial.encode())
                bench.run(meter.close())
                self.assertEqual(bench.dialled, count)
            said = [event.octets[0] for event in bench.events if event.kind == "apdu"]
            self.assertNotIn(0xD8, said)
            bench.run(bench.run(_asking(bench, ask_counter=False)).close())
            said = [event.octets[0] for event in bench.events if event.kind == "apdu"]
            self.assertIn(0xD8, said, "who does not ask is refused first")
            self.assertEqual(bench.open, 0)
            self.assertEqual(bench.left(), [])

    def test_not_counted(self) -> None:
        """
        Who does not cipher has nothing to ask.
        """
        bench = _Bench()
        meter = bench.meter(16, ask_counter=True)
        self.assertEqual(bench.frames, 2)
        bench.run(meter.close())

    def test_no_counter(self) -> None:
        """
        An object that is not there, or holds something else: that is the error, and nothing is left.
        """
        for name, error in (
            ("1/0-0:43.1.77.255/2", AccessRefusedError),
            (_SERIAL, RemoteProtocolError),
        ):
            for framing in ("wrapper", "hdlc"):
                bench = _Bench(framing=framing, latency=0.01)
                with self.assertRaises(error):
                    bench.run(_asking(bench, counter_object=name))
                self.assertEqual(bench.open, 0)
                self.assertEqual(bench.left(), [])

    def test_hung_up(self) -> None:
        """
        A meter that hangs up when the public client is released is connected to once more.
        """
        bench = _Bench()
        keys = bench.memory.meter.keys
        bench.hostility = Hostility(
            random=Random(1), plan={2: "hang up"}, timeout=5.0, keys=keys, title=b""
        )
        meter = bench.run(_asking(bench))
        self.assertEqual((bench.dialled, bench.open), (2, 1))
        bench.run(meter.close())
        self.assertEqual(bench.left(), [])

    def test_cancelled(self) -> None:
        """
        Cancelled after each frame: nothing is left.
        """
        for framing in ("wrapper", "hdlc"):
            for step in range(100):
                bench = _Bench(framing=framing, latency=0.01)
                connecting = _asking(bench)
                if not bench.until(step, connecting):
                    bench.run(self.successResultOf(connecting).close())
                    self.assertGreater(step, 8)
                    break
                connecting.cancel()
                # Leaving the public client's association in good order may take a moment.
                bench.clock.pump([0.1] * 100)
                self.failureResultOf(connecting, CancelledError)
                self.assertEqual(bench.open, 0)
                self.assertEqual(bench.left(), [])

    def test_settings(self) -> None:
        """
        Counters go on where the meter wants them, never below, and never so far that they would use up the key.
        """
        counters = MemoryCounters(500)
        settings = MeterSettings(encryption_key=_KEY, counters=counters, ask_counter=True)
        for least, following in ((1000, 1000), (7, 1001)):
            chosen = counted_from(settings, least).counters
            assert chosen is not None
            found = chosen.next(settings.system_title, key_epoch(_KEY))
            self.assertEqual(found, following)
        with self.assertRaises(RemoteProtocolError):
            counted_from(settings, WARN_AT)
        public = as_public(settings)
        self.assertEqual((public.client, public.counted, public.ask_counter), (16, False, False))
