"""
Two stations in memory on a line that loses, repeats, spoils and delays frames, by a seed.

The line keeps the order of frames, as a wire does: what is delayed delays all that is behind it.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from random import Random
from typing import NamedTuple

from dlms_twisted.link.hdlc.events import Connected, Disconnected, Received, Timing
from dlms_twisted.link.hdlc.line import PrimaryLine, SecondaryLine
from dlms_twisted.link.hdlc.parameters import Parameters
from dlms_twisted.link.hdlc.tables import PrimaryState

__all__ = ["Faults", "Figures", "Simulation", "frames_of"]

CLIENT, SERVER = b"\x21", b"\x02\x23"


class Faults(NamedTuple):
    """
    Parts of all frames, 0 to 1, that meet each fate.
    """

    loss: float = 0.0
    repetition: float = 0.0
    spoiling: float = 0.0
    delay: float = 0.0
    #: Longest delay, in seconds.
    longest: float = 2.5


class Figures(NamedTuple):
    """
    What came of the exchanges.
    """

    exchanges: int
    completed: int
    reported: int
    frames: int
    seconds: float


def frames_of(octets: bytes) -> Iterator[bytes]:
    """
    Cut what a station sends into its frames.
    """
    start = 0
    while start < len(octets):
        end = start + ((octets[start + 1] & 7) << 8 | octets[start + 2]) + 2
        yield octets[start:end]
        start = end


class Simulation:
    """
    The line, the clock and both ends.
    """

    #: Longest that one exchange may take before the link must have reported, in virtual seconds.
    patience = 600.0

    def __init__(
        self, seed: int, faults: Faults, *, primary: Parameters, secondary: Parameters
    ) -> None:
        self.random = Random(seed)
        self.faults = faults
        self.now = 0.0
        self.frames = 0
        self._events: list[tuple[float, int, bool, bytes]] = []
        self._serial = 0
        self._busy_until = {True: 0.0, False: 0.0}
        self.line = PrimaryLine()
        self.station = self.line.add(
            source=CLIENT,
            destination=SERVER,
            parameters=primary,
            timing=Timing(response=1.0, retries=12, poll=0.05),
        )
        self.far = SecondaryLine(
            lambda address: address == SERVER, parameters=secondary, inactivity=10_000.0
        )
        #: What each end was given, in order.
        self.at_secondary: list[bytes] = []
        self.at_primary: list[bytes] = []
        self.ended: list[Disconnected] = []
        self._answers: list[tuple[float, bytes]] = []

    def _send(self, octets: bytes, to_secondary: bool) -> None:
        for frame in frames_of(octets):
            self.frames += 1
            fate = self.random.random()
            if fate < self.faults.loss:
                continue
            fate -= self.faults.loss
            copies = 2 if fate < self.faults.repetition else 1
            fate -= self.faults.repetition
            data = bytearray(frame)
            if 0 <= fate < self.faults.spoiling:
                data[self.random.randrange(len(data))] ^= 1 << self.random.randrange(8)
            fate -= self.faults.spoiling
            wait = 0.01
            if 0 <= fate < self.faults.delay:
                wait += self.random.uniform(0.0, self.faults.longest)
            at = max(self._busy_until[to_secondary], self.now + wait)
            self._busy_until[to_secondary] = at
            for _ in range(copies):
                self._serial += 1
                heapq.heappush(self._events, (at, self._serial, to_secondary, bytes(data)))

    def _pump(self) -> None:
        # Everything that follows at this moment.
        while (happened := self.line.next_event()) is not None:
            if isinstance(happened.event, Received):
                self.at_primary.append(happened.event.payload)
            elif isinstance(happened.event, Disconnected):
                self.ended.append(happened.event)
        while (given := self.far.next_event()) is not None:
            if isinstance(given.event, Received):
                self.at_secondary.append(given.event.payload)
                self._answer(given.event.payload)
            elif isinstance(given.event, Connected):
                self._answers.clear()
        self._send(self.line.data_to_send(self.now), True)
        self._send(self.far.data_to_send(), False)

    def _answer(self, payload: bytes) -> None:
        # Mostly at once, sometimes later than the poll can wait.
        answer = payload[:4] + self.random.randbytes(self.random.randrange(400))
        if self.random.random() < 0.2:
            self._answers.append((self.now + self.random.uniform(0.1, 3.0), answer))
        else:
            self._give(answer)

    def _give(self, answer: bytes) -> None:
        for station in self.far.stations.values():
            if station.state.name == "CONNECTED":
                station.send(answer)

    def _times(self) -> Iterator[float]:
        if self._events:
            yield self._events[0][0]
        if self._answers:
            yield min(when for when, _ in self._answers)
        for deadline in (self.line.deadline, self.far.deadline):
            if deadline is not None:
                yield deadline

    def step(self) -> None:
        """
        Go to the next moment at which something happens.
        """
        self._pump()
        self.now = max(self.now, min(self._times()))
        while self._events and self._events[0][0] <= self.now:
            _, _, to_secondary, data = heapq.heappop(self._events)
            if to_secondary:
                self.far.receive_data(data, self.now)
            else:
                self.line.receive_data(data, self.now)
            self._pump()
        for when, answer in tuple(self._answers):
            if when <= self.now:
                self._answers.remove((when, answer))
                self._give(answer)
        self.line.time_passed(self.now)
        self.far.time_passed(self.now)
        self._pump()

    def connect(self) -> None:
        """
        Connect, as often as it takes, each time after all that is on the line has passed.
        """
        while self.station.state is not PrimaryState.CONNECTED:
            if self.station.state is PrimaryState.DISCONNECTED:
                while self._events:
                    self.step()
                self.station.connect()
            self.step()

    def run(self, exchanges: int) -> Figures:
        """
        Do so many exchanges.

        @raise AssertionError: a payload came twice, out of order, changed, or not at all without a report;
            or the link neither recovered nor reported in time.
        """
        completed = reported = 0
        for number in range(exchanges):
            self.connect()
            ended = len(self.ended)
            at_secondary, at_primary = len(self.at_secondary), len(self.at_primary)
            request = number.to_bytes(4, "big") + self.random.randbytes(self.random.randrange(400))
            self.station.send(request)
            give_up = self.now + self.patience
            while len(self.at_primary) == at_primary and len(self.ended) == ended:
                self.step()
                if self.now > give_up:
                    raise AssertionError(f"exchange {number}: neither answer nor report")
            requests = self.at_secondary[at_secondary:]
            answers = self.at_primary[at_primary:]
            if len(self.ended) > ended:
                reported += 1
                if requests not in ([], [request]) or len(answers) > 1:
                    raise AssertionError(
                        f"exchange {number}: {len(requests)} requests after a report"
                    )
                continue
            completed += 1
            if requests != [request]:
                raise AssertionError(f"exchange {number}: request came {len(requests)} times")
            if len(answers) != 1 or answers[0][:4] != request[:4]:
                raise AssertionError(f"exchange {number}: not its answer")
        return Figures(exchanges, completed, reported, self.frames, self.now)
