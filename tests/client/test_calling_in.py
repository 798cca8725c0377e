"""
Meters that call in.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.client.calling_in import Call, CallInFactory
from dlms_twisted.errors import LinkError
from dlms_twisted.server.push_meter import PushMeter
from dlms_twisted.testing import MeterInMemory
from tests.client.fake import Transport

_PEER = IPv4Address("TCP", "192.0.2.9", 50_000)


class CallCase(SynchronousTestCase):
    """
    A meter in memory whose connections are made by itself.
    """

    def setUp(self) -> None:
        self.clock = Clock()
        self.memory = MeterInMemory(self.clock, "household")
        self.values: list[Any] = []
        self.calls: list[Call] = []

    def tearDown(self) -> None:
        self.memory.close()
        self.assertEqual(self.clock.getDelayedCalls(), [])

    async def read(self, call: Call) -> None:
        """
        What the application does with a call.
        """
        self.calls.append(call)
        async with await call.meter(self.memory.settings(client=1)) as meter:
            self.values.append((await meter.get("1/0-0:42.0.0/2")).values)

    def dial(self, factory: CallInFactory) -> Protocol:
        """
        The meter's connection.

        @return: our end of it.
        """
        made: list[Protocol] = []

        class Dialled(Factory):
            noisy = False

            def buildProtocol(self, addr: Any) -> Protocol:
                made.append(factory.buildProtocol(addr))
                return made[0]

        self.memory.endpoint("wrapper").connect(Dialled())
        return made[0]


class CallTests(CallCase):
    """
    Calls that are answered.
    """

    def test_read(self) -> None:
        """
        The meter dials, and is read; then the line is closed.
        """
        factory = CallInFactory(self.clock, self.read)
        self.dial(factory)
        self.memory.run(Deferred.fromCoroutine(self.until_read()))
        self.assertEqual(len(self.values), 1)
        self.assertEqual((factory.calls, factory.errors), (0, 0))

    async def until_read(self) -> None:
        """
        Wait for the value.
        """
        while not self.values:
            pause: Deferred[None] = Deferred()
            self.clock.callLater(0.1, pause.callback, None)
            await pause

    def test_once(self) -> None:
        """
        A call can be answered once.
        """
        factory = CallInFactory(self.clock, self.read)
        self.dial(factory)
        self.memory.run(Deferred.fromCoroutine(self.until_read()))
        again = self.calls[0].meter(self.memory.settings(client=1))
        self.assertEqual(self.failureResultOf(again, LinkError).value.reason, "dropped")


class LineTests(CallCase):
    """
    The lines themselves, with transports of ours.
    """

    def line(self, factory: CallInFactory) -> Transport:
        """
        @return: the transport of a new connection.
        """
        transport = Transport(peerAddress=_PEER)
        transport.protocol = factory.buildProtocol(None)
        transport.protocol.makeConnection(transport)
        return transport

    async def hold(self, call: Call) -> None:
        """
        Keep the line.
        """
        self.calls.append(call)
        await Deferred()

    def test_greeting(self) -> None:
        """
        What the meter says first tells who it is.
        """
        factory = CallInFactory(self.clock, self.hold, patience=5.0)
        transport = self.line(factory)
        self.assertEqual(self.calls, [])
        meter = PushMeter(7)
        transport.protocol.dataReceived(meter.push(1_790_000_000.0))
        self.assertEqual(self.calls[0].system_title, meter.title)
        self.assertEqual(self.calls[0].peer, _PEER)
        factory.stopFactory()
        self.assertTrue(transport.closed)

    def test_silent(self) -> None:
        """
        One that says nothing is called back after that time, without a title.
        """
        factory = CallInFactory(self.clock, self.hold, patience=5.0)
        self.line(factory)
        self.clock.advance(5)
        self.assertEqual((len(self.calls), self.calls[0].system_title), (1, b""))
        factory.stopFactory()

    def test_hangs_up_early(self) -> None:
        """
        One that hangs up before it said anything is forgotten.
        """
        factory = CallInFactory(self.clock, self.hold, patience=5.0)
        self.line(factory).loseConnection()
        self.assertEqual((factory.calls, self.calls), (0, []))

    def test_talks_too_much(self) -> None:
        """
        One that sends and sends while nobody asks is hung up on.
        """
        factory = CallInFactory(self.clock, self.hold)
        transport = self.line(factory)
        for _ in range(20):
            transport.protocol.dataReceived(bytes(4000))
        self.assertTrue(transport.closed)
        factory.stopFactory()
        self.assertEqual(factory.calls, 0)

    def test_too_many(self) -> None:
        """
        One more than there may be is refused, and those that are there stay.
        """
        factory = CallInFactory(self.clock, self.hold, most=2)
        lines = [self.line(factory) for _ in range(3)]
        self.assertEqual([one.closed for one in lines], [False, False, True])
        self.assertEqual((factory.calls, factory.refused), (2, 1))
        factory.stopFactory()
        self.assertEqual(factory.calls, 0)

    def test_deadline(self) -> None:
        """
        A call that takes too long is ended, counted and said.
        """
        factory = CallInFactory(self.clock, self.hold, deadline=60.0)
        transport = self.line(factory)
        self.clock.advance(60)
        self.assertTrue(transport.closed)
        self.assertEqual((factory.calls, factory.errors), (0, 1))

    def test_meter_hangs_up(self) -> None:
        """
        A meter that hangs up in the middle: who waits for it hears of it.
        """
        heard = []

        async def associate(call: Call) -> None:
            try:
                await call.meter(timeout=5.0)
            except LinkError as error:
                heard.append(error.reason)

        factory = CallInFactory(self.clock, associate)
        transport = self.line(factory)
        self.assertTrue(transport.value())
        transport.loseConnection()
        self.assertEqual((heard, factory.calls), (["dropped"], 0))

    def test_silent_meter(self) -> None:
        """
        A meter that calls and does not answer: a typed error, and nothing is left.
        """
        factory = CallInFactory(self.clock, self.read)
        transport = self.line(factory)
        self.clock.advance(30)
        self.assertTrue(transport.closed)
        self.assertEqual((factory.calls, factory.errors), (0, 1))

    def test_fault_of_the_application(self) -> None:
        """
        A fault of the application's is logged, and the line closed.
        """

        async def wrong(call: Call) -> None:
            raise ZeroDivisionError

        factory = CallInFactory(self.clock, wrong)
        transport = self.line(factory)
        self.assertTrue(transport.closed)
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        self.assertEqual(factory.errors, 1)
