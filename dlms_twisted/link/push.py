"""
The passive side of a line: octets in, pushed messages out, whatever the framing.

A L{PushLink} belongs to one connection or port.  It never answers, it takes frames without a connection and
from any address, joins segments, and turns what is wrong into counted L{Problem}s.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from typing import Any, Final, NamedTuple, Protocol

from dlms_twisted.errors import RemoteProtocolError
from dlms_twisted.link.partials import DEFAULT_LIMITS, Limits, Partials
from dlms_twisted.link.problems import LinkStats, Problem, ProblemKind
from dlms_twisted.link.wrapper import MAX_PAYLOAD, WrapperDecoder

__all__ = ["FRAME_TIMEOUT", "FrameSource", "Payload", "PushBase", "PushLink", "WrapperPushLink"]

#: Seconds of silence after which the rest of a frame that has begun is no longer waited for.  It frames
#: nothing: it only lets a frame that lost its end give way to the next.
FRAME_TIMEOUT: Final = 5.0


class Payload(NamedTuple):
    """
    One message as the link carried it: an APDU (or several, one behind the other), or a P1 telegram.

    @ivar octets: Without any header of the link.
    @ivar raw: The frames as they arrived.
    @ivar address: Who sent it to whom on this line, the octets of the wire; a key for reassembly, no
        identity.
    @ivar medium: C{wrapper}, C{hdlc}, C{mbus}, C{p1} or C{apdu}.
    """

    octets: bytes
    raw: bytes
    address: bytes
    medium: str


class PushLink(Protocol):
    """
    What the transport sees of any framing.
    """

    @property
    def stats(self) -> LinkStats:
        """
        Counters.
        """

    @property
    def medium(self) -> str:
        """
        The name of the framing; C{auto} while it is not known yet.
        """

    @property
    def deadline(self) -> float | None:
        """
        When L{time_passed} should be called, in seconds of the clock that C{now} comes from; C{None} if it
        need not be.
        """

    def receive_data(self, data: bytes, now: float) -> None:
        """
        Take octets; ask L{next_event} until it gives C{None} afterwards.
        """

    def next_event(self) -> Payload | Problem | None:
        """
        @return: the next message or problem.

        @raise RemoteProtocolError: the stream has no frame boundary any more (wrapper): close the
            connection.  What was held came out as a problem before.
        """

    def time_passed(self, now: float) -> None:
        """
        Give up what is overdue; ask L{next_event} afterwards.
        """

    def end(self) -> None:
        """
        Nothing more will come: give up all that waits; ask L{next_event} afterwards.
        """


class FrameSource(Protocol):
    """
    What L{PushBase} needs of a stream decoder.
    """

    @property
    def stats(self) -> LinkStats:
        """
        Counters.
        """

    @property
    def waiting(self) -> bool:
        """
        Is something held that more octets, or L{give_up}, must bring to an end?
        """

    def receive_data(self, data: bytes) -> None:
        """
        Take octets.
        """

    def next_event(self) -> Any:
        """
        The next frame or problem, or C{None}.
        """

    def give_up(self) -> Any:
        """
        Wait no longer for the rest of what has begun.
        """


class PushBase(ABC):
    """
    What the push links with a decoder have in common: it, unfinished messages, the last sign of life.

    @ivar stats: Counters.
    """

    def __init__(self, decoder: FrameSource, limits: Limits = DEFAULT_LIMITS) -> None:
        """
        @param limits: Of messages that are not whole yet.
        """
        self.stats = decoder.stats
        self._decoder = decoder
        self._ready: deque[Payload | Problem] = deque()
        self._partials = Partials(decoder.stats, limits)
        self._heard = 0.0

    @property
    def deadline(self) -> float | None:
        """
        See L{PushLink.deadline}.
        """
        deadline = self._partials.deadline
        if self._decoder.waiting:
            frame = self._heard + FRAME_TIMEOUT
            deadline = frame if deadline is None else min(deadline, frame)
        return deadline

    def receive_data(self, data: bytes, now: float) -> None:
        """
        See L{PushLink.receive_data}.
        """
        self._heard = now
        self._decoder.receive_data(data)

    def next_event(self) -> Payload | Problem | None:
        """
        @return: the next message or problem; never raises.
        """
        while not self._ready:
            event = self._decoder.next_event()
            if event is None:
                return None
            self._take(event)
        return self._ready.popleft()

    def time_passed(self, now: float) -> None:
        """
        See L{PushLink.time_passed}.
        """
        if self._decoder.waiting and now >= self._heard + FRAME_TIMEOUT:
            self._give_up()
        self._ready += self._partials.time_passed(now)

    def end(self) -> None:
        """
        See L{PushLink.end}.
        """
        self._give_up()
        self._ready += self._partials.end()

    def _give_up(self) -> None:
        self._decode()
        while self._decoder.waiting:
            self._take(self._decoder.give_up())
            self._decode()

    def _decode(self) -> None:
        while (event := self._decoder.next_event()) is not None:
            self._take(event)

    def _take(self, event: Any) -> None:
        if isinstance(event, Problem):
            self._ready.append(event)
        elif event is not None:
            self._frame(event)

    @abstractmethod
    def _frame(self, frame: Any) -> None:
        """
        A good frame came: put what it completes into C{_ready}.
        """


class WrapperPushLink:
    """
    Wrapper frames over a stream (see L{PushLink}).

    @ivar stats: Counters.
    """

    medium = "wrapper"
    deadline = None

    def __init__(self, *, max_payload: int = MAX_PAYLOAD) -> None:
        """
        @param max_payload: Longest APDU accepted, in octets.
        """
        self.stats = LinkStats()
        self._ready: deque[Payload | Problem] = deque()
        self._decoder = WrapperDecoder(max_payload=max_payload)
        self._error: RemoteProtocolError | None = None

    def receive_data(self, data: bytes, now: float) -> None:
        """
        See L{PushLink.receive_data}.
        """
        self.stats.octets += len(data)
        if self._error is None:
            self._decoder.receive_data(data)

    def next_event(self) -> Payload | Problem | None:
        """
        See L{PushLink.next_event}.
        """
        event = self._ready.popleft() if self._ready else self._next()
        if event is None and self._error is not None:
            raise self._error
        return event

    def _next(self) -> Payload | Problem | None:
        if self._error is not None:
            return None
        try:
            frame = self._decoder.next_frame()
        except RemoteProtocolError as error:
            self._error = error
            self.stats.count(ProblemKind.BAD_WRAPPER)
            return Problem(ProblemKind.BAD_WRAPPER, self._decoder.buffered)
        if frame is None:
            return None
        self.stats.frames += 1
        return Payload(frame.payload, frame.raw, frame.raw[2:6], "wrapper")

    def time_passed(self, now: float) -> None:
        """
        Nothing: a stream that stays silent is its transport's to end.
        """

    def end(self) -> None:
        """
        See L{PushLink.end}.
        """
        while (event := self._next()) is not None:
            self._ready.append(event)
        held = self._decoder.buffered
        if held and self._error is None:
            self._error = RemoteProtocolError("the stream ended inside a frame")
            self.stats.count(ProblemKind.INCOMPLETE)
            self._ready.append(Problem(ProblemKind.INCOMPLETE, held))
