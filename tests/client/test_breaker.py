"""
Tests of L{dlms_twisted.client.breaker}.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.client.breaker import BREAKER, Breaker, BreakerState, ControlState
from dlms_twisted.codec import build
from dlms_twisted.errors import AccessRefusedError, RemoteProtocolError
from dlms_twisted.server.objects.disconnect import DisconnectControl
from tests.client.objects import Answers, services_of
from tests.server.objects.bench import Bench


class BreakerTests(SynchronousTestCase):
    """
    Tests of L{Breaker}, against the disconnect control of the simulated meter.
    """

    def setUp(self) -> None:
        """
        A breaker of mode 4.
        """
        self.control = DisconnectControl("0-0:96.3.10.255")
        Bench(self.control)
        self.answers = Answers()
        for number in (2, 3, 4):
            self.answers.attributes[BREAKER, number] = lambda _, one=number: self.control.value(one)  # type: ignore[misc]
        for number in (1, 2):
            self.answers.methods[BREAKER, number] = (
                lambda parameter, one=number: self.control.act(one, parameter)  # type: ignore[misc]
            )
        self.breaker = Breaker(services_of(self.answers), self.answers.clock)

    def result(self, coroutine: Any) -> Any:
        """
        @return: what a coroutine gives.
        """
        deferred = Deferred.fromCoroutine(coroutine)
        self.answers.run(deferred)
        return self.successResultOf(deferred)

    def test_both_ways(self) -> None:
        """
        Opened and closed, and each time the state is read back.
        """
        connected = BreakerState(True, ControlState.CONNECTED, 4)
        self.assertEqual(self.result(self.breaker.state()), connected)
        opened = self.result(self.breaker.disconnect())
        self.assertEqual(opened, BreakerState(False, ControlState.DISCONNECTED, 4))
        self.assertEqual(self.result(self.breaker.reconnect()), connected)

    def test_ready(self) -> None:
        """
        In mode 1 it becomes ready to be closed by hand.
        """
        self.control.put(4, build.enum(1))
        self.result(self.breaker.disconnect())
        state = self.result(self.breaker.reconnect())
        self.assertEqual(state, BreakerState(False, ControlState.READY_FOR_RECONNECTION, 1))

    def test_refused(self) -> None:
        """
        In mode 0 the meter refuses.
        """
        self.control.put(4, build.enum(0))
        deferred = Deferred.fromCoroutine(self.breaker.disconnect())
        self.failureResultOf(deferred, AccessRefusedError)

    def test_slow(self) -> None:
        """
        A relay that takes three seconds is waited for; one that never moves is reported as it is.
        """
        until = self.answers.clock.seconds() + 3

        def control(_: object) -> Any:
            return build.enum(1 if self.answers.clock.seconds() < until else 0)

        self.answers.attributes[BREAKER, 3] = control
        self.answers.methods[BREAKER, 1] = lambda _: (0, None)
        state = self.result(self.breaker.disconnect())
        self.assertEqual(state.control, ControlState.DISCONNECTED)
        until = 1e9
        state = self.result(self.breaker.disconnect(patience=2.0))
        self.assertEqual(state.control, ControlState.CONNECTED)

    def test_nonsense(self) -> None:
        """
        A state that there is not; one that the meter does not say; and what may be missing.
        """
        self.answers.attributes[BREAKER, 3] = build.enum(9)
        self.failureResultOf(Deferred.fromCoroutine(self.breaker.state()), RemoteProtocolError)
        self.answers.attributes[BREAKER, 3] = 3
        self.failureResultOf(Deferred.fromCoroutine(self.breaker.state()), AccessRefusedError)
        self.answers.attributes = {(BREAKER, 3): build.enum(2)}
        state = self.result(self.breaker.state())
        self.assertEqual(state, BreakerState(None, ControlState.READY_FOR_RECONNECTION, None))
