"""
HDLC over any stream, the servers' end: a channel for each connection that a client opens.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.interfaces import IReactorTime
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure

from dlms_twisted.errors import LinkError
from dlms_twisted.link.hdlc.address import decode_address
from dlms_twisted.link.hdlc.events import Connected, Disconnected, Received, StationEvent
from dlms_twisted.link.hdlc.line import SecondaryLine
from dlms_twisted.link.hdlc.parameters import Parameters
from dlms_twisted.link.hdlc.secondary import SecondaryStation
from dlms_twisted.link.hdlc.tables import SecondaryState
from dlms_twisted.link.llc import add_llc, strip_llc
from dlms_twisted.transport.channel import ChannelReceiver, ServerChannel
from dlms_twisted.transport.keepalive import keep_alive
from dlms_twisted.transport.timers import DeadlineTimer

__all__ = ["HDLCServerProtocol"]


class _ServerChannel:
    """
    One connection of one client.
    """

    def __init__(self, protocol: HDLCServerProtocol, station: SecondaryStation) -> None:
        self.client = decode_address(station.destination).upper
        ours = decode_address(station.source)
        self.server = ours.upper
        self.physical = ours.lower
        self._protocol = protocol
        self._station = station

    def send(self, apdu: bytes) -> None:
        """
        Send an APDU; nothing happens when the connection is gone.
        """
        if self._station.state is SecondaryState.CONNECTED:
            self._station.send(add_llc(apdu, response=True))
            self._protocol.work()

    def no_answer(self) -> None:
        """
        The APDU that was received gets no answer: the client's poll is not held back for one.
        """
        self._station.no_answer()
        self._protocol.work()

    def push(self, apdu: bytes) -> None:
        """
        Send an APDU in a UI frame.
        """
        self._station.send_unnumbered(add_llc(apdu, response=True))
        self._protocol.work()

    def close(self) -> None:
        """
        A server cannot disconnect; it forgets, and answers DM to what comes next.
        """
        self._protocol.forget(self._station)


class HDLCServerProtocol(Protocol):
    """
    The servers' end of a line.

    @ivar line: The sans-IO line, with its counters.
    """

    transport: Any

    def __init__(
        self,
        clock: IReactorTime,
        is_ours: Callable[[bytes], bool],
        accept: Callable[[ServerChannel], ChannelReceiver],
        *,
        parameters: Parameters | None = None,
        inactivity: float = 120.0,
        max_connections: int = 32,
    ) -> None:
        """
        @param is_ours: Is this address, the octets of the wire, one of ours?
        @param accept: Called with each new connection; gives the conversation's end.
        @param parameters: What we can do.
        @param inactivity: Seconds after which a silent connection is gone; 0 for never.
        @param max_connections: Most connections at a time on this line.
        """
        self.line = SecondaryLine(
            is_ours,
            parameters=parameters,
            inactivity=inactivity,
            max_connections=max_connections,
        )
        self._clock = clock
        self._accept = accept
        self._timer = DeadlineTimer(clock, self._time_passed)
        self._receivers: dict[SecondaryStation, ChannelReceiver] = {}
        self._working = False

    def connectionMade(self) -> None:
        keep_alive(self.transport)

    def dataReceived(self, data: bytes) -> None:
        self.line.receive_data(data, self._clock.seconds())
        self.work()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.connected = 0
        self._timer.cancel()
        receivers = list(self._receivers.values())
        self._receivers.clear()
        for receiver in receivers:
            receiver.channel_lost(LinkError("dropped", reason.getErrorMessage()))

    def forget(self, station: SecondaryStation) -> None:
        """
        Forget a connection without a frame.
        """
        for key, known in tuple(self.line.stations.items()):
            if known is station:
                del self.line.stations[key]
        self._lost(station, LinkError("requested"))

    def work(self) -> None:
        """
        Do what there is to do: tell events, send, set the timer.
        """
        if self._working or not self.connected:
            return
        self._working = True
        try:
            while (happened := self.line.next_event()) is not None:
                self._tell(happened.station, happened.event)
            octets = self.line.data_to_send()
            if octets and self.connected:
                self.transport.write(octets)
        finally:
            self._working = False
        self._timer.set(self.line.deadline if self.connected else None)

    def _tell(self, station: SecondaryStation | None, event: StationEvent) -> None:
        if station is None:
            for receiver in tuple(self._receivers.values()):
                self._pushed(receiver, event)
        elif isinstance(event, Connected):
            self._lost(station, LinkError("replaced", "a new SNRM"))
            self._receivers[station] = self._accept(_ServerChannel(self, station))
        elif isinstance(event, Disconnected):
            self._lost(station, LinkError(event.reason, event.detail))
        elif station in self._receivers:
            receiver = self._receivers[station]
            if isinstance(event, Received):
                receiver.channel_received(strip_llc(event.payload))
            else:
                self._pushed(receiver, event)

    def _pushed(self, receiver: ChannelReceiver, event: StationEvent) -> None:
        payload = getattr(event, "payload", b"")
        receiver.channel_pushed(strip_llc(payload))

    def _lost(self, station: SecondaryStation, error: LinkError) -> None:
        receiver = self._receivers.pop(station, None)
        if receiver is not None:
            receiver.channel_lost(error)

    def _time_passed(self) -> None:
        self.line.time_passed(self._clock.seconds())
        self.work()
