"""
A line with HDLC on it: octets in and out, and the connections that share it (multi-drop).

L{PrimaryLine} is the client's end: several connections, one outstanding poll.  L{SecondaryLine} is the
servers' end: a connection for each pair of client and server address that a client opens.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from dlms_twisted.errors import DecodeError
from dlms_twisted.link.hdlc.address import is_broadcast
from dlms_twisted.link.hdlc.control import FrameKind, unnumbered_control
from dlms_twisted.link.hdlc.decoder import FrameDecoder
from dlms_twisted.link.hdlc.events import StationEvent, Timing, Unnumbered
from dlms_twisted.link.hdlc.frame import HDLCFrame, encode_frame
from dlms_twisted.link.hdlc.parameters import Parameters
from dlms_twisted.link.hdlc.primary import PrimaryStation
from dlms_twisted.link.hdlc.secondary import SecondaryStation
from dlms_twisted.link.hdlc.tables import SecondaryState

__all__ = ["PrimaryEvent", "PrimaryLine", "SecondaryEvent", "SecondaryLine"]

#: Seconds of silence after which a server no longer waits for the rest of a frame: well before a client
#: repeats its command.
_FRAME_TIMEOUT = 1.0


class PrimaryEvent(NamedTuple):
    """
    Something happened to a connection.

    @ivar station: Which one; C{None} for a UI frame of a station that there is no connection to.
    """

    station: PrimaryStation | None
    event: StationEvent


class SecondaryEvent(NamedTuple):
    """
    Something happened to a connection.

    @ivar station: Which one; C{None} for a broadcast.
    """

    station: SecondaryStation | None
    event: StationEvent


def _give_up(decoder: FrameDecoder) -> list[HDLCFrame]:
    frames = []
    while decoder.waiting:
        decoder.give_up()
        while (frame := decoder.next_frame()) is not None:
            frames.append(frame)
    return frames


class PrimaryLine:
    """
    The client's end of a line.

    @ivar stats: Counters of the octets received.
    @ivar echoes: Our own frames heard again: an optical head or an RS-485 adapter that echoes.
    @ivar strangers: Frames from or to addresses that none of the connections has.
    """

    def __init__(self, *, accept_zero_checksums: bool = False) -> None:
        """
        @param accept_zero_checksums: See L{FrameDecoder}.
        """
        self._decoder = FrameDecoder(accept_zero_checksums=accept_zero_checksums)
        self.stats = self._decoder.stats
        self.echoes = 0
        self.strangers = 0
        self._stations: list[PrimaryStation] = []
        self._owner: PrimaryStation | None = None
        self._events: deque[PrimaryEvent] = deque()

    def add(
        self,
        *,
        source: bytes,
        destination: bytes,
        parameters: Parameters | None = None,
        timing: Timing | None = None,
        max_payload: int = 0x10003,
        lenient: bool = False,
    ) -> PrimaryStation:
        """
        Add a connection; the parameters are those of L{PrimaryStation}.

        @raise ValueError: there is one with these addresses.
        """
        if self._find(source, destination) is not None:
            raise ValueError("there is a connection with these addresses")
        station = PrimaryStation(
            source=source,
            destination=destination,
            parameters=parameters,
            timing=timing,
            max_payload=max_payload,
            lenient=lenient,
        )
        self._stations.append(station)
        return station

    def remove(self, station: PrimaryStation) -> None:
        """
        Forget a connection, whatever its state.
        """
        self._stations.remove(station)
        if self._owner is station:
            self._owner = None

    @property
    def deadline(self) -> float | None:
        """
        When L{time_passed} should be called, and L{data_to_send} after it.
        """
        if self._owner is not None and self._owner.waiting:
            return self._owner.deadline
        deadlines = [station.deadline for station in self._stations]
        return min((when for when in deadlines if when is not None), default=None)

    def receive_data(self, data: bytes, now: float) -> None:
        """
        Take octets; ask L{next_event} and L{data_to_send} afterwards.
        """
        if self._owner is not None:
            self._owner.heard(now)
        self._decoder.receive_data(data)
        while (frame := self._decoder.next_frame()) is not None:
            self._frame(frame, now)

    def data_to_send(self, now: float) -> bytes:
        """
        @return: what the next connection whose turn it is has to send; empty while an answer is waited
            for.
        """
        octets = b""
        for station in tuple(self._stations):
            if self._owner is not None and self._owner.waiting:
                break
            if station.wants_line(now):
                octets += station.transmit(now)
                self._owner = station
                # The others come first the next time.
                self._stations.remove(station)
                self._stations.append(station)
        return octets

    def time_passed(self, now: float) -> None:
        """
        Repeat what got no answer, or give up; ask L{next_event} and L{data_to_send} afterwards.
        """
        owner = self._owner
        deadline = None if owner is None else owner.deadline
        if owner is None or not owner.waiting or deadline is None or now < deadline:
            return
        # An answer that lost its end must not swallow the next one.
        for frame in _give_up(self._decoder):
            self._frame(frame, now)
        owner.time_passed(now)
        self._collect(owner)

    def next_event(self) -> PrimaryEvent | None:
        """
        @return: the next event of any connection, or C{None}.
        """
        return self._events.popleft() if self._events else None

    def _frame(self, frame: HDLCFrame, now: float) -> None:
        station = self._find(frame.destination, frame.source)
        if station is not None:
            station.receive_frame(frame, now)
            self._collect(station)
        elif self._find(frame.source, frame.destination) is not None:
            self.echoes += 1
        else:
            self.strangers += 1
            if frame.kind is FrameKind.UI:
                event = Unnumbered(frame.information, frame.source, frame.destination)
                self._events.append(PrimaryEvent(None, event))

    def _find(self, source: bytes, destination: bytes) -> PrimaryStation | None:
        for station in self._stations:
            if station.source == source and station.destination == destination:
                return station
        return None

    def _collect(self, station: PrimaryStation) -> None:
        while (event := station.next_event()) is not None:
            self._events.append(PrimaryEvent(station, event))


class SecondaryLine:
    """
    The servers' end of a line: one physical device with its logical devices, or several.

    @ivar stats: Counters of the octets received.
    @ivar strangers: Frames to addresses that are not ours.
    @ivar stations: The connections there are or were, by client and server address.
    """

    def __init__(
        self,
        is_ours: Callable[[bytes], bool],
        *,
        parameters: Parameters | None = None,
        inactivity: float = 120.0,
        answer_delay: float = 0.5,
        max_payload: int = 0x10003,
        max_connections: int = 32,
    ) -> None:
        """
        @param is_ours: Is this address, the octets of the wire, one of ours?
        @param max_connections: Most connections at a time; further ones are refused.  The other
            parameters are those of L{SecondaryStation}.
        """
        self._decoder = FrameDecoder()
        self.stats = self._decoder.stats
        self.strangers = 0
        self.stations: dict[tuple[bytes, bytes], SecondaryStation] = {}
        self._is_ours = is_ours
        self._parameters = parameters
        self._inactivity = inactivity
        self._answer_delay = answer_delay
        self._max_payload = max_payload
        self._max_connections = max_connections
        self._output = bytearray()
        self._events: deque[SecondaryEvent] = deque()
        self._heard = 0.0

    @property
    def deadline(self) -> float | None:
        """
        When L{time_passed} should be called, and L{data_to_send} after it.
        """
        deadlines = [station.deadline for station in self.stations.values()]
        if self._decoder.waiting:
            deadlines.append(self._heard + _FRAME_TIMEOUT)
        return min((when for when in deadlines if when is not None), default=None)

    def receive_data(self, data: bytes, now: float) -> None:
        """
        Take octets; ask L{next_event} and L{data_to_send} afterwards.
        """
        self._heard = now
        self._decoder.receive_data(data)
        while (frame := self._decoder.next_frame()) is not None:
            self._frame(frame, now)

    def data_to_send(self) -> bytes:
        """
        @return: the octets to send now.
        """
        for station in self.stations.values():
            self._output += station.data_to_send()
        octets = bytes(self._output)
        self._output.clear()
        return octets

    def time_passed(self, now: float) -> None:
        """
        Answer what was held back, end what is silent; ask L{next_event} and L{data_to_send} afterwards.
        """
        if self._decoder.waiting and now >= self._heard + _FRAME_TIMEOUT:
            for frame in _give_up(self._decoder):
                self._frame(frame, now)
        for station in self.stations.values():
            station.time_passed(now)
            self._collect(station)

    def next_event(self) -> SecondaryEvent | None:
        """
        @return: the next event of any connection, or C{None}.
        """
        return self._events.popleft() if self._events else None

    def _frame(self, frame: HDLCFrame, now: float) -> None:
        if frame.kind is FrameKind.UI and _is_broadcast(frame.destination):
            event = Unnumbered(frame.information, frame.source, frame.destination)
            self._events.append(SecondaryEvent(None, event))
        elif not self._is_ours(frame.destination):
            self.strangers += 1
        else:
            self._ours(frame, now)

    def _ours(self, frame: HDLCFrame, now: float) -> None:
        key = (frame.source, frame.destination)
        station = self.stations.get(key)
        if station is None:
            self._make_room()
            if len(self.stations) >= self._max_connections:
                if frame.poll:
                    control = unnumbered_control(FrameKind.DM, True)
                    self._output += encode_frame(frame.source, frame.destination, control)
                return
            station = self.stations[key] = SecondaryStation(
                source=frame.destination,
                destination=frame.source,
                parameters=self._parameters,
                inactivity=self._inactivity,
                answer_delay=self._answer_delay,
                max_payload=self._max_payload,
            )
        station.receive_frame(frame, now)
        self._collect(station)

    def _make_room(self) -> None:
        if len(self.stations) >= self._max_connections:
            for key, station in tuple(self.stations.items()):
                if station.state is SecondaryState.DISCONNECTED:
                    self._output += station.data_to_send()
                    del self.stations[key]

    def _collect(self, station: SecondaryStation) -> None:
        while (event := station.next_event()) is not None:
            self._events.append(SecondaryEvent(station, event))


def _is_broadcast(octets: bytes) -> bool:
    try:
        return is_broadcast(octets)
    except DecodeError:
        return False
