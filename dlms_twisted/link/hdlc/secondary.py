"""
The secondary station: a server's end of one HDLC connection in normal response mode (IEC 62056-46).

It speaks only when polled: up to a window of I frames, the last with the final bit, or RR when there is
nothing to say.  Whatever the primary has not acknowledged when it polls again is sent again.  Where an
answer is being worked on, RR is held back for a moment, so that a quick answer needs no second poll.
"""

from __future__ import annotations

from collections import deque

from dlms_twisted.errors import DecodeError, LocalProtocolError
from dlms_twisted.link.hdlc.control import (
    FrameKind,
    information_control,
    supervisory_control,
    unnumbered_control,
)
from dlms_twisted.link.hdlc.events import (
    Connected,
    Disconnected,
    EndReason,
    Received,
    StationEvent,
    Unnumbered,
)
from dlms_twisted.link.hdlc.frame import HDLCFrame, encode_frame
from dlms_twisted.link.hdlc.parameters import (
    Parameters,
    decode_parameters,
    encode_parameters,
    negotiate,
)
from dlms_twisted.link.hdlc.sequence import Receiver, Transmitter
from dlms_twisted.link.hdlc.tables import (
    SECONDARY_KINDS,
    SECONDARY_TABLE,
    SecondaryInput,
    SecondaryState,
)

__all__ = ["SecondaryStation"]

#: Bits of the third octet of FRMR.
_UNKNOWN_CONTROL, _TOO_LONG, _BAD_NUMBER = 0x01, 0x04, 0x08


class SecondaryStation:
    """
    One connection, seen from the server.

    Hand it the frames of its peer and the application's answers, tell it the time, send what
    L{data_to_send} gives, and take its events.

    @ivar state: Where the connection is.
    @ivar parameters: What was negotiated; what it can do while there is no connection.
    @ivar accepting: Are new connections accepted?  If not, SNRM is answered with DM.
    @ivar busy: Information is not taken now: it is answered with RNR and must be sent again.
    @ivar unexpected: Frames that the table has no entry for.
    """

    def __init__(
        self,
        *,
        source: bytes,
        destination: bytes,
        parameters: Parameters | None = None,
        inactivity: float = 120.0,
        answer_delay: float = 0.5,
        max_payload: int = 0x10003,
    ) -> None:
        """
        @param source: Our address, the octets of the wire.
        @param destination: The client's.
        @param parameters: What we can do; the defaults of the standard if not given.
        @param inactivity: Seconds without a frame after which the connection is gone; 0 for never.
        @param answer_delay: Seconds for which RR is held back while an answer is being worked on.
        @param max_payload: Longest payload accepted, in octets.
        """
        self.source = source
        self.destination = destination
        self.state = SecondaryState.DISCONNECTED
        self.accepting = True
        self.busy = False
        self.unexpected = 0
        self._own = parameters or Parameters()
        self.parameters = self._own
        self._inactivity = inactivity
        self._answer_delay = answer_delay
        self._max_payload = max_payload
        self._events: deque[StationEvent] = deque()
        self._output = bytearray()
        self._datagrams: deque[bytes] = deque()
        self._heard = 0.0
        self._rejection = b""
        #: The owner was told that there is a connection, and not that it is gone.
        self._open = False
        self._reset()

    def _reset(self) -> None:
        self._transmitter = Transmitter(
            self.parameters.transmit_length, self.parameters.transmit_window
        )
        self._receiver = Receiver(self._max_payload)
        #: The primary gave us the line; the frame with the final bit gives it back.
        self._polled = False
        self._answer_by = 0.0
        #: Payloads that the application was given and has not answered.
        self._owed = 0
        self._peer_busy = False

    def send(self, payload: bytes) -> None:
        """
        Send a payload (an LLC PDU), now if we are polled, else when we are.

        @raise LocalProtocolError: there is no connection.
        """
        step = SECONDARY_TABLE.get((self.state, SecondaryInput.SEND))
        if step is None:
            raise LocalProtocolError(f"send while {self.state.value}")
        self._queue(payload)

    def no_answer(self) -> None:
        """
        The payload that was received gets no answer: a poll need not be held back for it.
        """
        self._owed = max(0, self._owed - 1)
        self._speak_if_polled()

    def send_unnumbered(self, payload: bytes, destination: bytes | None = None) -> None:
        """
        Send a UI frame: at once without a connection, before the next answer with one.

        @param destination: Another address than the client's, for example a broadcast one.
        """
        control = unnumbered_control(FrameKind.UI, False)
        frame = encode_frame(destination or self.destination, self.source, control, payload)
        if self.state is SecondaryState.CONNECTED:
            self._datagrams.append(frame)
        else:
            self._output += frame

    @property
    def deadline(self) -> float | None:
        """
        When L{time_passed} has something to do.
        """
        if self.state is SecondaryState.DISCONNECTED:
            return None
        expiry = self._heard + self._inactivity if self._inactivity else None
        if not self._polled:
            return expiry
        return self._answer_by if expiry is None else min(expiry, self._answer_by)

    def receive_frame(self, frame: HDLCFrame, now: float) -> None:
        """
        Take a frame that the primary sent to us.
        """
        given = SECONDARY_KINDS.get(frame.kind)
        step = None if given is None else SECONDARY_TABLE.get((self.state, given))
        if step is None:
            self.unexpected += 1
            return
        self._heard = now
        self.state = step.state
        getattr(self, step.action)(frame, now)

    def data_to_send(self) -> bytes:
        """
        @return: the octets to send now.
        """
        octets = bytes(self._output)
        self._output.clear()
        return octets

    def time_passed(self, now: float) -> None:
        """
        Answer a poll that was held back long enough; end a connection that is silent.
        """
        if self._polled and now >= self._answer_by:
            self._give_back()
        silent = self._inactivity and now >= self._heard + self._inactivity
        step = SECONDARY_TABLE.get((self.state, SecondaryInput.INACTIVE))
        if silent and step is not None:
            self.state = step.state
            self._expire()

    def next_event(self) -> StationEvent | None:
        """
        @return: the next event, or C{None}.
        """
        return self._events.popleft() if self._events else None

    def _put(self, control: int, information: bytes = b"", more: bool = False) -> None:
        self._output += encode_frame(
            self.destination, self.source, control, information, segmented=more
        )

    def _give_back(self) -> None:
        # The end of our turn without information.
        self._flush_datagrams()
        self._polled = False
        kind = FrameKind.RNR if self.busy else FrameKind.RR
        self._put(supervisory_control(kind, self._receiver.expected, True))

    def _flush_datagrams(self) -> None:
        while self._datagrams:
            self._output += self._datagrams.popleft()

    def _speak_if_polled(self) -> None:
        # Our turn: what is not acknowledged, again, and new frames; or RR, unless an answer is near.
        if not self._polled:
            return
        burst = [] if self._peer_busy else self._transmitter.burst()
        if not burst:
            if not self._owed or self._receiver.partial:
                self._give_back()
            return
        self._flush_datagrams()
        self._polled = False
        last = len(burst) - 1
        for place, (number, segment) in enumerate(burst):
            control = information_control(number, self._receiver.expected, place == last)
            self._put(control, segment.octets, segment.more)

    def _connect(self, frame: HDLCFrame, now: float) -> None:
        again = self._open
        try:
            theirs = decode_parameters(frame.information)
        except DecodeError:
            theirs = None
        if theirs is None or not self.accepting:
            self.state = SecondaryState.DISCONNECTED
            self._end(EndReason.REFUSED)
            self._put(unnumbered_control(FrameKind.DM, True))
            return
        self.parameters = negotiate(self._own, theirs)
        self._reset()
        information = encode_parameters(self.parameters, explicit=bool(frame.information))
        self._put(unnumbered_control(FrameKind.UA, True), information)
        self._open = True
        self._events.append(Connected(self.parameters, again))

    def _deny(self, frame: HDLCFrame, now: float) -> None:
        if frame.poll:
            self._put(unnumbered_control(FrameKind.DM, True))

    def _release(self, frame: HDLCFrame, now: float) -> None:
        self._put(unnumbered_control(FrameKind.UA, True))
        self._end(EndReason.REQUESTED)

    def _expire(self) -> None:
        self._end(EndReason.INACTIVE)

    def _end(self, reason: EndReason, detail: str = "") -> None:
        self.parameters = self._own
        self._reset()
        self._datagrams.clear()
        if self._open:
            self._events.append(Disconnected(reason, detail))
        self._open = False

    def _unnumbered(self, frame: HDLCFrame, now: float) -> None:
        self._events.append(Unnumbered(frame.information, frame.source, frame.destination))
        if frame.poll and self.state is SecondaryState.CONNECTED:
            self._turn(now)

    def _queue(self, payload: bytes) -> None:
        self._owed = max(0, self._owed - 1)
        self._transmitter.add(payload)
        self._speak_if_polled()

    def _information(self, frame: HDLCFrame, now: float) -> None:
        if len(frame.information) > self.parameters.receive_length:
            self._reject(frame, _TOO_LONG)
            return
        if not self._acknowledged(frame):
            return
        self._peer_busy = False
        if frame.send_number == self._receiver.expected and not self.busy:
            payload = self._receiver.accept(frame.information, frame.segmented)
            if self._receiver.overflowed:
                self._reject(frame, _TOO_LONG)
                return
            if payload is not None:
                self._owed += 1
                self._events.append(Received(payload))
        if frame.poll:
            self._turn(now)

    def _ready(self, frame: HDLCFrame, now: float) -> None:
        self._supervisory(frame, now, False)

    def _not_ready(self, frame: HDLCFrame, now: float) -> None:
        self._supervisory(frame, now, True)

    def _supervisory(self, frame: HDLCFrame, now: float, busy: bool) -> None:
        if self._acknowledged(frame):
            self._peer_busy = busy
            if frame.poll:
                self._turn(now)

    def _turn(self, now: float) -> None:
        self._polled = True
        self._answer_by = now + self._answer_delay
        self._speak_if_polled()

    def _acknowledged(self, frame: HDLCFrame) -> bool:
        if self._transmitter.acknowledge(frame.receive_number) < 0:
            self._reject(frame, _BAD_NUMBER)
            return False
        return True

    def _reject_control(self, frame: HDLCFrame, now: float) -> None:
        self._reject(frame, _UNKNOWN_CONTROL)

    def _reject(self, frame: HDLCFrame, flags: int) -> None:
        numbers = self._receiver.expected << 5 | self._transmitter.next_number << 1
        self._rejection = bytes([frame.control, numbers, flags])
        self.state = SecondaryState.REJECTING
        self._end(EndReason.REJECTED, f"FRMR with flags {flags:02x}")
        if frame.poll:
            self._put(unnumbered_control(FrameKind.FRMR, True), self._rejection)

    def _reject_again(self, frame: HDLCFrame, now: float) -> None:
        if frame.poll:
            self._put(unnumbered_control(FrameKind.FRMR, True), self._rejection)
