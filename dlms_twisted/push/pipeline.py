"""
The pipeline: queue, link, session, journal; in slices, so that timers and other connections are served meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, cast

from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from dlms_twisted.codec.layout import LayoutCache
from dlms_twisted.errors import Reason
from dlms_twisted.link.problems import Problem, ProblemKind
from dlms_twisted.link.push import Payload
from dlms_twisted.link.wrapper import HEADER_SIZE, split_datagram
from dlms_twisted.push.commits import Commits
from dlms_twisted.push.counters import Counters
from dlms_twisted.push.limiter import LimitedLog
from dlms_twisted.push.opener import Opener
from dlms_twisted.push.queue import Arrival, IntakeQueue
from dlms_twisted.push.replies import StreamPeer
from dlms_twisted.push.source import Source
from dlms_twisted.session.incoming import cut_one
from dlms_twisted.session.notification import Incoming, Notification, Outer, Reassembly, Refusal
from dlms_twisted.transport.datagram import DatagramSource
from dlms_twisted.transport.stream import PushConnection

__all__ = ["Pipeline"]

_VERSION: Final = b"\x00\x01"

#: Why the octets of a link's problem are refused, where it is not because they are malformed.
_PROBLEMS: Final = {
    ProblemKind.BAD_WRAPPER: Reason.BAD_WRAPPER,
    ProblemKind.INCOMPLETE: Reason.INCOMPLETE,
    ProblemKind.BAD_SEQUENCE: Reason.INCOMPLETE,
    ProblemKind.LIMIT: Reason.LIMIT,
}


class Pipeline:
    """
    Takes what sources deliver, and works it off.

    @ivar counters: What was seen and done.
    """

    log = Logger()
    #: Longest time, in seconds, that one slice takes of the reactor.
    SLICE: Final = 0.005
    #: Seconds that the first arrival waits for others: a slice of several costs each of them less.
    GATHER: Final = 0.02
    #: Arrivals of one slice at most, for clocks that stand still.
    MOST_OF_A_SLICE: Final = 512

    def __init__(
        self,
        clock: IReactorTime,
        queue: IntakeQueue,
        reassembly: Reassembly,
        commits: Commits,
        counters: Counters,
        *,
        layouts: LayoutCache | None = None,
        max_payload: int = 65535,
    ) -> None:
        """
        @param layouts: Learned layouts; they change no result.
        @param max_payload: Longest APDU accepted of a datagram, in octets.
        """
        self._clock = clock
        self._queue = queue
        self._reassembly = reassembly
        self._commits = commits
        self._layouts = layouts
        self._max_payload = max_payload
        self._turning: IDelayedCall | None = None
        self._expiring: IDelayedCall | None = None
        self._expires_at = 0.0
        self._limited = LimitedLog(clock, self.log)
        self._idle: list[Callable[[], None]] = []
        self.counters = counters
        self.opener: Opener

    # -- sources deliver here

    def datagrams(self, source: Source) -> Callable[[DatagramSource, bytes, Any], None]:
        """
        @return: what a L{DatagramSource} delivers to: it queues each datagram, or sheds it.
        """
        counters, offer, seconds = self.counters, self._queue.offer, self._clock.seconds
        make = tuple.__new__  # half of what the constructor costs, for each datagram

        def deliver(port: DatagramSource, datagram: bytes, address: Any) -> None:
            counters.datagrams += 1
            counters.octets += len(datagram)
            at = int(seconds() * 1_000_000)
            offer(make(Arrival, (at, source, address, datagram, None, port, "wrapper")))
            if self._turning is None:
                self.wake()

        return deliver

    def stream_payload(self, source: Source, connection: PushConnection, payload: Payload) -> None:
        """
        Queue what a stream's link has cut; a full queue pauses the connection.
        """
        self.counters.octets += len(payload.raw)
        at = int(self._clock.seconds() * 1_000_000)
        octets, raw, address, medium = payload
        peer = StreamPeer(connection, address)
        self._queue.put(Arrival(at, source, peer, octets, raw, connection, medium), connection)
        if self._turning is None:
            self.wake()

    def stream_problem(self, source: Source, connection: PushConnection, problem: Problem) -> None:
        """
        Count octets of a stream that became no message, and keep those that may be somebody's.
        """
        kind = problem.kind
        self.counters.link[str(kind)] += 1
        if kind is ProblemKind.FOREIGN and connection.link.stats.frames:
            return
        at = int(self._clock.seconds() * 1_000_000)
        medium = connection.link.medium
        peer = StreamPeer(connection, b"")
        arrival = Arrival(at, source, peer, b"", problem.octets, None, medium)
        reason = _PROBLEMS.get(kind, Reason.MALFORMED)
        self._refused(arrival, Refusal(reason, f"{medium}: {kind}", problem.octets))
        self._commits.flush()

    def stream_broken(self, connection: PushConnection, why: str) -> None:
        """
        Say who was closed, and why.
        """
        self.counters.link["closed"] += 1
        self._limited.warn(
            "broken stream", "{peer} is closed: {why}", peer=connection.peer, why=why
        )

    # -- slices

    def wake(self) -> None:
        """
        Work off the queue in the next turn of the reactor, if it may be.
        """
        if self._turning is None and len(self._queue) and not self._commits.blocked:
            self._turning = self._clock.callLater(self.GATHER, self._turn)

    def when_idle(self, call: Callable[[], None]) -> None:
        """
        Call C{call} once when the queue is empty and all records are handed to the journal.
        """
        self._idle.append(call)
        self._tell_idle()

    def finish(self) -> None:
        """
        Refuse what never became whole, and hand everything to the journal: the end.
        """
        self._expire(float("inf"))

    def connection_refused(self, peer: str) -> None:
        """
        Count a connection that there was no room for.
        """
        self.counters.link["connection-refused"] += 1
        self._limited.warn("refused connection", "{peer}: too many connections", peer=peer)

    def stop(self) -> None:
        """
        Leave no delayed call behind.
        """
        for call in (self._turning, self._expiring):
            if call is not None and call.active():
                call.cancel()
        self._turning = self._expiring = None
        self._limited.flush()

    def _turn(self) -> None:
        self._turning = None
        clock, queue, commits = self._clock, self._queue, self._commits
        end = clock.seconds() + self.SLICE
        for count in range(1, self.MOST_OF_A_SLICE + 1):
            if not len(queue) or commits.blocked:
                break
            self._work(queue.take())
            if not count & 15 and clock.seconds() >= end:
                break
        commits.flush()
        self._watch_reassembly()
        if len(queue) and not commits.blocked:
            self._turning = clock.callLater(0, self._turn)
        self._tell_idle()

    def _tell_idle(self) -> None:
        if self._idle and not len(self._queue) and not self.opener.waiting:
            idle, self._idle = self._idle, []
            for call in idle:
                call()

    def _work(self, arrival: Arrival) -> None:
        if arrival.raw is not None:
            self.counters.frames += 1
            self._payload(arrival, arrival.octets, arrival.raw, arrival.peer)
            return
        if self._usual(arrival):
            return
        split = split_datagram(arrival.octets, self._max_payload)
        peer = arrival.peer
        for frame in split.frames:
            self.counters.frames += 1
            self._payload(arrival, frame.payload, frame.raw, peer)
        self.counters.padding += split.trailing_zeros
        if split.bad or not split.frames:
            refusal = Refusal(Reason.BAD_WRAPPER, split.reason, split.bad, None, None, None)
            self._refused(arrival, refusal)

    def _usual(self, arrival: Arrival) -> bool:
        """
        One frame that holds one whole message and nothing else: the datagram of every day, at once.

        @return: was it that?
        """
        octets = arrival.octets
        length = len(octets) - HEADER_SIZE
        if (
            length > self._max_payload
            or octets[:2] != _VERSION
            or int.from_bytes(octets[6:8], "big") != length
        ):
            return False
        found = cut_one(octets[HEADER_SIZE:], octets, self._layouts)
        if found is None:
            return False
        self.counters.frames += 1
        self.counters.messages += 1
        self.opener.open(arrival, found)
        return True

    def _payload(self, arrival: Arrival, payload: bytes, raw: bytes, peer: Any) -> None:
        incoming = Incoming(payload, raw, (arrival.source.label, peer))
        for found in self._reassembly.outer(incoming, self._clock.seconds()):
            self.counters.messages += 1
            if type(found) is Outer:
                self.opener.open(arrival, found)
            else:
                assert isinstance(found, Refusal)
                self._refused(arrival, found)

    def join(self, arrival: Arrival, block: Notification) -> list[Notification | Outer | Refusal]:
        """
        Take a block that came ciphered (see L{Reassembly.inner}).
        """
        peer = (arrival.source.label, arrival.peer)
        return self._reassembly.inner(block, peer, self._clock.seconds())

    def _refused(self, arrival: Arrival, refusal: Refusal) -> None:
        self._commits.add(arrival, refusal, None)

    # -- messages that never become whole

    def _watch_reassembly(self) -> None:
        deadline = self._reassembly.deadline
        if deadline is None or (self._expiring is not None and self._expires_at <= deadline):
            return
        if self._expiring is not None:
            self._expiring.cancel()
        self._expires_at = deadline
        delay = max(0.0, deadline - self._clock.seconds())
        self._expiring = self._clock.callLater(delay, self._expire)

    def _expire(self, until: float | None = None) -> None:
        if self._expiring is not None and self._expiring.active():
            self._expiring.cancel()
        self._expiring = None
        now = self._clock.seconds()
        for expired in self._reassembly.time_passed(now if until is None else until):
            label, peer = cast("tuple[str, Any]", expired.peer)
            at = int(now * 1_000_000)
            source, raw = Source(label=label), expired.refusal.raw
            arrival = Arrival(at, source, peer, b"", raw, None, "wrapper")
            self._refused(arrival, expired.refusal)
        self._commits.flush()
        self._watch_reassembly()
