"""
The primary station: the client's end of one HDLC connection in normal response mode (IEC 62056-46).

Only the primary polls.  It sends up to a window of I frames, the last with the poll bit, and then waits for
a frame with the final bit.  When that does not come it asks with RR what arrived, and sends again what did
not.  The station makes its octets when it is given the line (L{PrimaryStation.transmit}), so several can
share one.
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
    Timing,
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
    PRIMARY_KINDS,
    PRIMARY_TABLE,
    PrimaryInput,
    PrimaryState,
)

__all__ = ["PrimaryStation"]


class PrimaryStation:
    """
    One connection, seen from the client.

    Give it the line with L{transmit} whenever L{wants_line} says so and nobody waits for an answer, hand it
    the frames of its peer, tell it the time, and take its events.

    @ivar state: Where the connection is.
    @ivar parameters: What was negotiated; what is proposed while there is no connection.
    @ivar unexpected: Frames that the table has no entry for.
    """

    def __init__(
        self,
        *,
        source: bytes,
        destination: bytes,
        parameters: Parameters | None = None,
        timing: Timing | None = None,
        max_payload: int = 0x10003,
        lenient: bool = False,
    ) -> None:
        """
        @param source: Our address, the octets of the wire.
        @param destination: The server's.
        @param parameters: What we propose; the defaults of the standard if not given.
        @param max_payload: Longest payload accepted, in octets.
        @param lenient: An answer acknowledges the request, whatever its N(R) says (there are servers of
            which it stays 0).
        """
        self.source = source
        self.destination = destination
        self.state = PrimaryState.DISCONNECTED
        self.unexpected = 0
        self._own = parameters or Parameters()
        self.parameters = self._own
        self._timing = timing or Timing()
        self._max_payload = max_payload
        self._lenient = lenient
        self._events: deque[StationEvent] = deque()
        self._datagrams: deque[bytes] = deque()
        self._reset()

    def _reset(self) -> None:
        self._transmitter = Transmitter(
            self.parameters.transmit_length, self.parameters.transmit_window
        )
        self._receiver = Receiver(self._max_payload)
        #: A frame with the poll bit is out; nothing may be sent before its answer, or the deadline.
        self.waiting = False
        self._waits_until = 0.0
        self._waits_at_most = 0.0
        self._poll_at = 0.0
        self._tries = 0
        #: Payloads that the peer owes us: it is polled for them.
        self._owed = 0
        self._asked = False
        self._enquiring = False
        self._peer_busy = False
        self._doubted = -1
        self._command_sent = False

    def connect(self) -> None:
        """
        Send SNRM, until L{Connected} or L{Disconnected} comes.

        @raise LocalProtocolError: not disconnected.
        """
        self._wish(PrimaryInput.CONNECT)

    def send(self, payload: bytes, *, answer: bool = True) -> None:
        """
        Send a payload (an LLC PDU), in segments if it must be.

        @param answer: Poll for a payload in return, for as long as it takes: the owner's own patience ends
            it, with L{disconnect}.

        @raise LocalProtocolError: there is no connection.
        """
        self._wish(PrimaryInput.SEND, payload, answer)

    def poll(self) -> None:
        """
        Ask once whether the peer has something to say.

        @raise LocalProtocolError: there is no connection.
        """
        self._wish(PrimaryInput.POLL)

    def disconnect(self) -> None:
        """
        Send DISC, until L{Disconnected} comes; what was not acknowledged is given up.

        @raise LocalProtocolError: there is no connection, and none is being made.
        """
        self._wish(PrimaryInput.DISCONNECT)

    def send_unnumbered(self, payload: bytes, destination: bytes | None = None) -> None:
        """
        Send a UI frame, connection or not: nobody acknowledges it.

        @param destination: A broadcast address, or the server if not given.
        """
        control = unnumbered_control(FrameKind.UI, False)
        self._datagrams.append(
            encode_frame(destination or self.destination, self.source, control, payload)
        )

    @property
    def deadline(self) -> float | None:
        """
        When L{time_passed} has something to do; C{None} if only frames or wishes can change anything.
        """
        if self.waiting:
            return self._waits_until
        if self.state is PrimaryState.CONNECTED and self._wants_poll():
            return self._poll_at
        return None

    def wants_line(self, now: float) -> bool:
        """
        Has it something to send, and may it, as far as this connection goes?
        """
        if self.waiting or self._datagrams:
            return not self.waiting
        if self.state is not PrimaryState.CONNECTED:
            return self.state is not PrimaryState.DISCONNECTED
        if self._enquiring or (self._transmitter.pending and not self._peer_busy):
            return True
        return self._wants_poll() and now >= self._poll_at

    def transmit(self, now: float) -> bytes:
        """
        Take the line: L{waiting} says afterwards whether an answer must come before it is free again.

        @return: the octets to send.
        """
        if self.waiting:
            return b""
        octets = b"".join(self._datagrams)
        self._datagrams.clear()
        if self.wants_line(now):
            octets += self._command()
            self.waiting = True
            sent = now + len(octets) * self._timing.octet
            self._waits_until = sent + self._timing.response
            self._waits_at_most = sent + max(self._timing.longest, self._timing.response)
        return octets

    def heard(self, now: float) -> None:
        """
        Octets are coming in: an answer that has begun is waited for.
        """
        if self.waiting:
            later = max(self._waits_until, now + self._timing.response)
            self._waits_until = min(later, self._waits_at_most)

    def receive_frame(self, frame: HDLCFrame, now: float) -> None:
        """
        Take a frame that the peer sent to us.
        """
        given = PRIMARY_KINDS.get(frame.kind)
        step = None if given is None else PRIMARY_TABLE.get((self.state, given))
        late = frame.kind in {FrameKind.UA, FrameKind.DM} and not self._command_sent
        if step is None or (late and self.state is not PrimaryState.CONNECTED):
            self.unexpected += 1
            return
        self.state = step.state
        getattr(self, step.action)(frame, now)

    def time_passed(self, now: float) -> None:
        """
        Repeat what got no answer, or give up.
        """
        if not self.waiting or now < self._waits_until:
            return
        self.waiting = False
        self._tries += 1
        exhausted = self._tries > self._timing.retries
        self._wish(PrimaryInput.EXHAUSTED if exhausted else PrimaryInput.TIMEOUT)

    def next_event(self) -> StationEvent | None:
        """
        @return: the next event, or C{None}.
        """
        return self._events.popleft() if self._events else None

    def _wish(self, given: PrimaryInput, *arguments: object) -> None:
        step = PRIMARY_TABLE.get((self.state, given))
        if step is None:
            raise LocalProtocolError(f"{given.value} while {self.state.value}")
        self.state = step.state
        getattr(self, step.action)(*arguments)

    def _wants_poll(self) -> bool:
        return (
            self._owed > 0
            or self._asked
            or self._receiver.partial
            or (self._peer_busy and self._transmitter.pending)
        )

    def _command(self) -> bytes:
        self._command_sent = True
        if self.state is PrimaryState.CONNECTING:
            # There are servers that hear a SNRM only if it says its parameters.
            information = encode_parameters(self._own, explicit=self._tries > 0)
            return self._frame(unnumbered_control(FrameKind.SNRM, True), information)
        if self.state is PrimaryState.DISCONNECTING:
            return self._frame(unnumbered_control(FrameKind.DISC, True))
        expected = self._receiver.expected
        burst = [] if self._enquiring or self._peer_busy else self._transmitter.burst()
        if not burst:
            return self._frame(supervisory_control(FrameKind.RR, expected, True))
        octets = b""
        for place, (number, segment) in enumerate(burst, 1):
            control = information_control(number, expected, place == len(burst))
            octets += self._frame(control, segment.octets, segment.more)
        return octets

    def _frame(self, control: int, information: bytes = b"", more: bool = False) -> bytes:
        return encode_frame(self.destination, self.source, control, information, segmented=more)

    def _begin(self) -> None:
        self.parameters = self._own
        self._reset()

    def _again(self) -> None:
        # The command is made anew when the line is taken.
        self._command_sent = True

    def _queue(self, payload: bytes, answer: bool) -> None:
        self._transmitter.add(payload)
        if answer:
            self._owed += 1

    def _ask(self) -> None:
        self._asked = True

    def _enquire(self) -> None:
        self._enquiring = True
        self._doubted = -1

    def _finish(self) -> None:
        # An answer that is on its way is waited for, so that two do not talk at once.
        waiting, until = self.waiting, self._waits_until
        self._reset()
        self.waiting, self._waits_until = waiting, until
        self._waits_at_most = until

    def _silent(self) -> None:
        self._lose(EndReason.TIMEOUT, f"no answer to {self._timing.retries + 1} tries")

    def _accepted(self, frame: HDLCFrame, now: float) -> None:
        try:
            theirs = decode_parameters(frame.information)
        except DecodeError as error:
            self._lose(EndReason.PROTOCOL, f"parameters of UA: {error}")
            return
        self.parameters = negotiate(self._own, theirs)
        self._reset()
        self._events.append(Connected(self.parameters))

    def _refused(self, frame: HDLCFrame, now: float) -> None:
        self._lose(EndReason.REFUSED, "DM to SNRM")

    def _dropped(self, frame: HDLCFrame, now: float) -> None:
        self._lose(EndReason.DROPPED, "DM")

    def _rejected(self, frame: HDLCFrame, now: float) -> None:
        flags = frame.information[2] if len(frame.information) > 2 else 0
        names = ("unknown control", "information not permitted", "too long", "number")
        said = [name for bit, name in enumerate(names) if flags >> bit & 1]
        self._lose(EndReason.REJECTED, f"FRMR: {', '.join(said) or 'no reason'}")

    def _released(self, frame: HDLCFrame, now: float) -> None:
        self._lose(EndReason.REQUESTED)

    def _late(self, frame: HDLCFrame, now: float) -> None:
        if frame.poll and not self._command_sent:
            self.waiting = False

    def _unnumbered(self, frame: HDLCFrame, now: float) -> None:
        self._events.append(Unnumbered(frame.information, frame.source, frame.destination))

    def _information(self, frame: HDLCFrame, now: float) -> None:
        fresh = frame.send_number == self._receiver.expected
        if fresh and self._lenient:
            self._transmitter.acknowledge(self._transmitter.next_number)
        progress = self._acknowledged(frame)
        if self.state is not PrimaryState.CONNECTED:
            return
        if fresh:
            self._poll_at = now
            self._tries = 0
            payload = self._receiver.accept(frame.information, frame.segmented)
            if self._receiver.overflowed:
                self._lose(EndReason.LIMIT, f"more than {self._max_payload} octets")
                return
            if payload is not None:
                self._owed = max(0, self._owed - 1)
                self._events.append(Received(payload))
        self._answered(frame, now, progress or fresh, fresh)

    def _ready(self, frame: HDLCFrame, now: float) -> None:
        self._supervised(frame, now, False)

    def _not_ready(self, frame: HDLCFrame, now: float) -> None:
        self._supervised(frame, now, True)

    def _supervised(self, frame: HDLCFrame, now: float, busy: bool) -> None:
        self._peer_busy = busy
        progress = self._acknowledged(frame)
        if self.state is PrimaryState.CONNECTED:
            self._answered(frame, now, progress, False)

    def _acknowledged(self, frame: HDLCFrame) -> bool:
        count = self._transmitter.acknowledge(frame.receive_number)
        if count < 0 and not self._lenient:
            self._lose(EndReason.PROTOCOL, f"N(R) {frame.receive_number} was never sent")
        elif count > 0:
            self._tries = 0
            self._doubted = -1
        return count > 0

    def _answered(self, frame: HDLCFrame, now: float, progress: bool, fresh: bool) -> None:
        if not frame.poll or not self.waiting:
            return
        transmitter = self._transmitter
        if (
            transmitter.unacknowledged
            and not progress
            and not self._enquiring
            and not self._peer_busy
        ):
            # What we sent was lost, or this answers something older.  Believe it once; the second
            # time the clock decides, lest repeated answers make more and more repeated frames.
            if self._doubted == transmitter.acknowledged:
                return
            self._doubted = transmitter.acknowledged
        elif not transmitter.unacknowledged:
            self._tries = 0
        self.waiting = False
        self._enquiring = False
        self._asked = False
        if not fresh:
            self._poll_at = now + self._timing.poll

    def _lose(self, reason: EndReason, detail: str = "") -> None:
        self.state = PrimaryState.DISCONNECTED
        self.parameters = self._own
        self._reset()
        self._events.append(Disconnected(reason, detail))
