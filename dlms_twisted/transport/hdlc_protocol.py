"""
HDLC over any stream, the client's end: one line with a channel for each connection on it.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.interfaces import IReactorTime
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure

from dlms_twisted.errors import LinkError, LocalProtocolError
from dlms_twisted.link.hdlc.events import (
    Connected,
    Disconnected,
    Received,
    StationEvent,
    Timing,
    Unnumbered,
)
from dlms_twisted.link.hdlc.line import PrimaryLine
from dlms_twisted.link.hdlc.parameters import Parameters
from dlms_twisted.link.hdlc.primary import PrimaryStation
from dlms_twisted.link.hdlc.tables import PrimaryState
from dlms_twisted.link.llc import add_llc, strip_llc
from dlms_twisted.transport.channel import ChannelReceiver
from dlms_twisted.transport.keepalive import keep_alive
from dlms_twisted.transport.timers import DeadlineTimer

__all__ = ["HDLCChannel", "HDLCLineProtocol"]


class HDLCChannel:
    """
    One HDLC connection (see L{dlms_twisted.transport.channel.Channel}); made by
    L{HDLCLineProtocol.channel}.
    """

    #: The line finds the next good frame by itself.
    torn = False

    def __init__(
        self, protocol: HDLCLineProtocol, station: PrimaryStation, receiver: ChannelReceiver
    ) -> None:
        self._protocol = protocol
        self._station = station
        self._receiver = receiver
        self._opening: Deferred[None] | None = None
        self._closing: list[Deferred[None]] = []

    @property
    def parameters(self) -> Parameters:
        """
        What was negotiated, or is proposed.
        """
        return self._station.parameters

    def open(self) -> Deferred[None]:
        """
        @return: fires when the server has answered SNRM; fails with L{LinkError}.  Cancelling it gives
            up, and sends DISC if SNRM went out.
        """
        if not self._protocol.connected:
            return fail(LinkError("dropped", "the line is closed"))
        try:
            self._station.connect()
        except LocalProtocolError as error:
            return fail(error)
        opening: Deferred[None] = Deferred(self._cancelled)
        self._opening = opening
        self._protocol.work()
        return opening

    def send(self, apdu: bytes, *, answer: bool = True) -> None:
        """
        See L{dlms_twisted.transport.channel.Channel.send}.
        """
        self._station.send(add_llc(apdu, response=False), answer=answer)
        self._protocol.work()

    def poll(self) -> None:
        """
        Ask once whether the server has something to say.

        @raise LocalProtocolError: the channel is not open.
        """
        self._station.poll()
        self._protocol.work()

    def close(self) -> Deferred[None]:
        """
        @return: fires when DISC was answered, or got no answer; the line stays open for others.
        """
        state = self._station.state
        if state is PrimaryState.DISCONNECTED or not self._protocol.connected:
            return succeed(None)
        if state is not PrimaryState.DISCONNECTING:
            self._station.disconnect()
        closing: Deferred[None] = Deferred()
        self._closing.append(closing)
        self._protocol.work()
        return closing

    def happened(self, event: StationEvent) -> None:
        """
        Take an event of the station.
        """
        if isinstance(event, Received):
            self._receiver.channel_received(strip_llc(event.payload))
        elif isinstance(event, Unnumbered):
            self._receiver.channel_pushed(strip_llc(event.payload))
        elif isinstance(event, Connected):
            opening, self._opening = self._opening, None
            if opening is not None:
                opening.callback(None)
        else:
            self.lost(LinkError(event.reason, event.detail))

    def lost(self, error: LinkError) -> None:
        """
        The connection is gone, or did not come about.
        """
        closing, self._closing = self._closing, []
        opening, self._opening = self._opening, None
        if opening is not None:
            opening.errback(error)
        else:
            self._receiver.channel_lost(error)
        for closed in closing:
            closed.callback(None)

    def _cancelled(self, _: Deferred[None]) -> None:
        self._opening = None
        self._station.disconnect()
        self._protocol.work()


class HDLCLineProtocol(Protocol):
    """
    A line: give its transport octets, its timers time, and its channels what happens.

    @ivar line: The sans-IO line, with its counters.
    """

    transport: Any

    def __init__(self, clock: IReactorTime, *, accept_zero_checksums: bool = False) -> None:
        """
        @param accept_zero_checksums: See L{dlms_twisted.link.hdlc.decoder.FrameDecoder}.
        """
        self.line = PrimaryLine(accept_zero_checksums=accept_zero_checksums)
        self._clock = clock
        self._timer = DeadlineTimer(clock, self._time_passed)
        self._channels: dict[PrimaryStation, HDLCChannel] = {}
        self._working = False

    def channel(
        self,
        receiver: ChannelReceiver,
        *,
        source: bytes,
        destination: bytes,
        parameters: Parameters | None = None,
        timing: Timing | None = None,
        lenient: bool = False,
    ) -> HDLCChannel:
        """
        Add a connection to the line; it is made by L{HDLCChannel.open}.  The parameters are those of
        L{PrimaryStation}.

        @raise ValueError: there is one with these addresses.
        """
        station = self.line.add(
            source=source,
            destination=destination,
            parameters=parameters,
            timing=timing,
            lenient=lenient,
        )
        channel = self._channels[station] = HDLCChannel(self, station, receiver)
        return channel

    def remove(self, channel: HDLCChannel) -> None:
        """
        Take a connection off the line, without a frame; close it first where the server should know.
        """
        for station, known in tuple(self._channels.items()):
            if known is channel:
                del self._channels[station]
                self.line.remove(station)
                if station.state is not PrimaryState.DISCONNECTED:
                    channel.lost(LinkError("requested", "taken off the line"))
        self.work()

    def connectionMade(self) -> None:
        keep_alive(self.transport)

    def dataReceived(self, data: bytes) -> None:
        self.line.receive_data(data, self._clock.seconds())
        self.work()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.connected = 0
        self._timer.cancel()
        for station, channel in self._channels.items():
            if station.state is not PrimaryState.DISCONNECTED:
                channel.lost(LinkError("dropped", reason.getErrorMessage()))

    def work(self) -> None:
        """
        Do what there is to do: send, tell events, set the timer.
        """
        if self._working or not self.connected:
            # Whoever works will see it: what is told here may ask for more.
            return
        self._working = True
        try:
            self._work()
        finally:
            self._working = False
        self._timer.set(self.line.deadline if self.connected else None)

    def _work(self) -> None:
        more = True
        while more:
            more = False
            while (happened := self.line.next_event()) is not None:
                more = True
                self._tell(happened.station, happened.event)
            if self.connected and (octets := self.line.data_to_send(self._clock.seconds())):
                more = True
                self.transport.write(octets)

    def _tell(self, station: PrimaryStation | None, event: StationEvent) -> None:
        if station is not None:
            if station in self._channels:
                self._channels[station].happened(event)
        elif not isinstance(event, Disconnected):
            for channel in tuple(self._channels.values()):
                channel.happened(event)

    def _time_passed(self) -> None:
        self.line.time_passed(self._clock.seconds())
        self.work()
