"""
Tests of L{dlms_twisted.server.serving} and L{dlms_twisted.server.clockwork}.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.errors import LinkError, LocalProtocolError
from dlms_twisted.link.hdlc.address import encode_address
from dlms_twisted.server.clockwork import Clockwork
from dlms_twisted.server.description_toml import ready_description
from dlms_twisted.server.faults import Fault
from dlms_twisted.server.fleet import Fleet
from dlms_twisted.server.meter import SimulatedMeter
from dlms_twisted.server.serving import Host, Serving


class Channel:
    """
    Remembers what it is told.
    """

    def __init__(self, client: int = 16, server: int = 1, physical: int | None = None) -> None:
        self.client, self.server, self.physical = client, server, physical
        self.sent: list[bytes] = []
        self.pushed: list[bytes] = []
        self.unanswered = 0
        self.closed = 0

    def send(self, apdu: bytes) -> None:
        """
        Remember it.
        """
        self.sent.append(apdu)

    def push(self, apdu: bytes) -> None:
        """
        Remember it.
        """
        self.pushed.append(apdu)

    def no_answer(self) -> None:
        """
        Count it.
        """
        self.unanswered += 1

    def close(self) -> None:
        """
        Count it.
        """
        self.closed += 1


class Session:
    """
    Answers what it is told to.
    """

    def __init__(self) -> None:
        self.answers: list[list[bytes]] = []
        self.received: list[bytes] = []
        self.deadline: float | None = None
        self.ended = 0

    def receive(self, apdu: bytes, now: float) -> list[bytes]:
        """
        @return: the next answers.
        """
        self.received.append(apdu)
        return self.answers.pop(0)

    def time_passed(self, now: float) -> list[bytes]:
        """
        @return: that it was called.
        """
        self.deadline = None
        return [b"late %d" % now]

    def lost(self) -> None:
        """
        Count it.
        """
        self.ended += 1

    def push(self, apdu: bytes) -> bytes:
        """
        @return: it, protected.
        """
        return b"protected " + apdu


class ServingTests(SynchronousTestCase):
    """
    A session on a channel.
    """

    def setUp(self) -> None:
        """
        A session on a channel.
        """
        self.clock = Clock()
        self.channel, self.session = Channel(), Session()
        self.gone: list[Any] = []
        self.serving = Serving(self.clock, self.channel, self.session, gone=self.gone.append)

    def test_answers(self) -> None:
        """
        Answers go out in their order; none is said to be none.
        """
        self.session.answers = [[b"1", b"2"], []]
        self.serving.channel_received(b"?")
        self.assertEqual((self.channel.sent, self.channel.unanswered), ([b"1", b"2"], 0))
        self.serving.channel_received(b"??")
        self.assertEqual((self.channel.sent, self.channel.unanswered), ([b"1", b"2"], 1))

    def test_fault_of_ours(self) -> None:
        """
        An error of ours costs an answer, and is logged; the next request is answered.
        """
        self.serving.channel_received(b"?")
        self.assertEqual(len(self.flushLoggedErrors(IndexError)), 1)
        self.assertEqual((self.channel.sent, self.channel.unanswered), ([], 1))
        self.session.answers = [[b"1"]]
        self.serving.channel_received(b"?")
        self.assertEqual(self.channel.sent, [b"1"])

    def test_broadcast(self) -> None:
        """
        What comes beside the conversation is treated, and never answered.
        """
        self.session.answers = [[b"1"]]
        self.serving.channel_pushed(b"!")
        self.assertEqual((self.session.received, self.channel.sent), ([b"!"], []))
        self.assertEqual(self.channel.unanswered, 0)

    def test_deadline(self) -> None:
        """
        The session is told the time at its deadline.
        """
        self.session.answers = [[]]
        self.session.deadline = 5.0
        self.serving.channel_received(b"?")
        self.clock.advance(4.9)
        self.assertEqual(self.channel.sent, [])
        self.clock.advance(0.1)
        self.assertEqual(self.channel.sent, [b"late 5"])
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_push(self) -> None:
        """
        A notification goes beside the conversation, under its protection.
        """
        self.serving.push(b"news")
        self.assertEqual(self.channel.pushed, [b"protected news"])

    def test_end(self) -> None:
        """
        When the channel is lost the session is, once, and nothing is answered any more.
        """
        self.session.answers = [[]]
        self.session.deadline = 5.0
        self.serving.channel_received(b"?")
        self.serving.channel_lost(LinkError("dropped"))
        self.serving.close()
        self.serving.channel_received(b"?")
        self.serving.channel_pushed(b"?")
        self.assertEqual((self.session.ended, self.gone), (1, [self.serving]))
        self.assertEqual((self.session.received, self.channel.closed), ([b"?"], 1))
        self.assertEqual(self.clock.getDelayedCalls(), [])


class HostTests(SynchronousTestCase):
    """
    Addresses, and what happens to meters.
    """

    def host(self, meters: int) -> Host:
        """
        @return: a host of so many meters.
        """
        self.clock = Clock()
        self.clock.advance(1.79e9)
        fleet = Fleet(ready_description("household"), meters, clock=self.clock)
        return Host(self.clock, fleet)

    def test_one_meter(self) -> None:
        """
        A single meter has its logical devices' addresses, with or without a physical one.
        """
        host = self.host(1)
        self.assertTrue(host.is_wport(1))
        self.assertFalse(host.is_wport(2))
        for octets, ours in (
            (encode_address(1), True),
            (encode_address(1, 17), True),
            (encode_address(1, 17, size=4), True),
            (encode_address(1, 18), False),
            (encode_address(2, 17), False),
            (b"\x02\x02\x03", False),
        ):
            self.assertEqual(host.is_address(octets), ours, octets.hex())

    def test_several_meters(self) -> None:
        """
        Of several, each has a wPort and a physical address; addresses of one octet are nobody's.
        """
        host = self.host(300)
        place = host.place(300)
        assert place is not None
        self.assertEqual((place.meter.number, place.sap), (300, 1))
        self.assertFalse(host.is_wport(301))
        self.assertFalse(host.is_wport(0))
        self.assertTrue(host.is_address(encode_address(1, 316, size=4)))
        self.assertFalse(host.is_address(encode_address(1, 317, size=4)))
        self.assertFalse(host.is_address(encode_address(1)))

    def test_accept(self) -> None:
        """
        Each channel has a session of its own; the last one is forgotten with its channel.
        """
        host = self.host(2)
        channel = Channel(server=2)
        serving = host.accept(channel)
        serving.channel_received(bytes.fromhex("c001c100080000010000ff0200"))
        self.assertEqual([one.hex() for one in channel.sent], ["d80101"])
        self.assertEqual(len(host.servings), 1)
        self.assertRaises(LocalProtocolError, next(iter(host.servings)).push, b"\x0f")
        serving.channel_lost(LinkError("dropped"))
        self.assertEqual(len(host.servings), 0)
        host.clockwork.stop()
        self.assertRaises(LookupError, host.accept, Channel(server=3))

    def test_rest(self) -> None:
        """
        With its last client gone a meter drops what can be made again, and keeps what cannot.
        """
        host = self.host(2)
        meter = host.meters[0]
        servings = [host.accept(Channel(server=1)) for _ in range(2)]
        profile: Any = meter.object(7, "1-0:99.1.0.255")
        breaker: Any = meter.object(70, "0-0:96.3.10.255")
        breaker.act(1)
        self.assertEqual(len(profile.value(2).values), 2880)
        servings[0].channel_lost(LinkError("dropped"))
        self.assertIs(meter.object(7, "1-0:99.1.0.255"), profile)
        servings[1].channel_lost(LinkError("dropped"))
        self.assertIsNot(meter.object(7, "1-0:99.1.0.255"), profile)
        self.assertIs(meter.object(70, "0-0:96.3.10.255"), breaker)
        host.clockwork.stop()

    def test_happen(self) -> None:
        """
        A clock jump sets all clocks, a reboot closes all channels.
        """
        host = self.host(2)
        channel = Channel(server=1)
        host.accept(channel)
        host.happen(Fault(kind="clock-jump", by=100.0))
        self.assertEqual([meter.time() - 1.79e9 for meter in host.meters], [100.0, 100.0])
        self.assertEqual(channel.closed, 0)
        host.happen(Fault(kind="reboot"))
        self.assertEqual(channel.closed, 1)
        host.clockwork.stop()
        self.assertEqual(self.clock.getDelayedCalls(), [])


class _Meter:
    """
    Has something to do at given times.
    """

    def __init__(self, *times: float) -> None:
        self.times = list(times)
        self.done: list[float] = []

    def due(self) -> float | None:
        """
        @return: the next time.
        """
        return self.times[0] if self.times else None

    def work(self, now: float) -> int:
        """
        Do it.
        """
        while self.times and self.times[0] <= now:
            self.done.append(self.times.pop(0))
        return 1


class ClockworkTests(SynchronousTestCase):
    """
    One timer for all meters.
    """

    def test_work(self) -> None:
        """
        Each meter works at its times; a time that was moved holds as it is now.
        """
        clock = Clock()
        work: Any = Clockwork(clock)
        meters = [_Meter(1, 5), _Meter(2), _Meter()]
        for meter in meters:
            work.look(meter)
        self.assertEqual(len(clock.getDelayedCalls()), 1)
        clock.advance(2)
        clock.advance(0)
        self.assertEqual([meter.done for meter in meters], [[1], [2], []])
        meters[0].times = [3]
        work.look(meters[0])
        meters[0].times = []
        work.look(meters[0])
        meters[2].times = [4]
        work.look(meters[2])
        clock.advance(2)
        self.assertEqual([meter.done for meter in meters], [[1], [2], [4]])
        self.assertEqual(clock.getDelayedCalls(), [])

    def test_many(self) -> None:
        """
        Many that are due at once all get their turn; nothing happens after the end.
        """
        clock = Clock()
        work: Any = Clockwork(clock)
        meters = [_Meter(1) for _ in range(100)]
        for meter in meters:
            work.look(meter)
        clock.advance(1)
        self.assertEqual(sum(len(meter.done) for meter in meters), 100)
        work.look(_Meter(7))
        work.stop()
        work.look(_Meter(8))
        self.assertEqual(clock.getDelayedCalls(), [])

    def test_fault_of_one(self) -> None:
        """
        A meter that fails does not keep the others from working.
        """
        clock = Clock()
        work: Any = Clockwork(clock)
        bad, good = _Meter(1), _Meter(1, 2)
        bad.work = lambda now: bad.times.clear() or 1 // 0  # type: ignore[method-assign, func-returns-value]
        work.look(bad)
        work.look(good)
        clock.advance(1)
        clock.advance(1)
        self.assertEqual(good.done, [1, 2])
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    def test_real_meter(self) -> None:
        """
        A household's profile fills by itself.
        """
        clock = Clock()
        clock.advance(1_790_000_000)
        meter = SimulatedMeter(ready_description("household"), clock=clock)
        work = Clockwork(clock)
        work.look(meter)
        self.addCleanup(work.stop)
        before = self.rows(meter)
        for _ in range(8):
            clock.advance(900)
        after = self.rows(meter)
        self.assertEqual(before[8:], after[:-8])
        self.assertNotIn(after[-1], before)

    def rows(self, meter: SimulatedMeter) -> Any:
        """
        @return: what its load profile holds.
        """
        profile = meter.object(7, "1-0:99.1.0.255")
        assert profile is not None
        value: Any = profile.value(2)
        return value.values
