"""
A meter's line that begins with the sign-on of mode E, and returns to it when nobody is connected any more.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.interfaces import IReactorTime
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure

from dlms_twisted.link.hdlc.tables import SecondaryState
from dlms_twisted.link.mode_e import SetLine
from dlms_twisted.link.mode_e_server import ServerSignOn
from dlms_twisted.transport.hdlc_server import HDLCServerProtocol
from dlms_twisted.transport.timers import DeadlineTimer

__all__ = ["SignOnServerProtocol"]


class SignOnServerProtocol(Protocol):
    """
    Runs the sign-on, then HDLC, then waits again.

    @ivar inner: The HDLC end of the line, while somebody is signed on.
    """

    transport: Any

    def __init__(
        self,
        clock: IReactorTime,
        machine: ServerSignOn,
        make: Callable[[], HDLCServerProtocol],
        *,
        linger: float = 10.0,
    ) -> None:
        """
        @param make: Makes the end of the line for who signed on.
        @param linger: Seconds without a connection after which the line waits for a sign-on again.
        """
        self.inner: HDLCServerProtocol | None = None
        self._clock = clock
        self._machine = machine
        self._make = make
        self._linger = linger
        self._timer = DeadlineTimer(clock, self._time_passed)

    def connectionMade(self) -> None:
        self._machine.start()
        self._work()

    def dataReceived(self, data: bytes) -> None:
        if self.inner is not None:
            self.inner.dataReceived(data)
            self._timer.set(self._clock.seconds() + self._linger)
            return
        self._machine.receive_data(data, self._clock.seconds())
        self._work()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.connected = 0
        self._timer.cancel()
        self._end(reason)

    def _work(self) -> None:
        if octets := self._machine.data_to_send():
            self.transport.write(octets)
        while (event := self._machine.next_event()) is not None:
            if isinstance(event, SetLine):
                set_line = getattr(self.transport, "set_line", None)
                if set_line is not None:
                    set_line(event.settings)
            else:
                self._signed_on(event.rest)
        if self.inner is None:
            self._timer.set(self._machine.deadline)

    def _signed_on(self, rest: bytes) -> None:
        self.inner = self._make()
        self.inner.makeConnection(self.transport)
        self._timer.set(self._clock.seconds() + self._linger)
        if rest:
            self.inner.dataReceived(rest)

    def _time_passed(self) -> None:
        now = self._clock.seconds()
        if self.inner is None:
            self._machine.time_passed(now)
        elif any(
            one.state is SecondaryState.CONNECTED for one in self.inner.line.stations.values()
        ):
            self._timer.set(now + self._linger)
            return
        else:
            self._end(connectionDone)
            self._machine.start()
        self._work()

    def _end(self, reason: Failure) -> None:
        inner, self.inner = self.inner, None
        if inner is not None:
            inner.connectionLost(reason)
