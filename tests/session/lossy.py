"""
Two ends of general block transfer in one memory, and a network between them that loses, doubles and reorders.

Time is simulated; each run is the same for the same seed.
"""

from __future__ import annotations

from heapq import heappop, heappush
from random import Random
from typing import NamedTuple

from dlms_twisted.apdu.block_transfer import GeneralBlockTransfer
from dlms_twisted.errors import BlockTransferError
from dlms_twisted.session.blocks import Event, Failed, GeneralBlocks, Transmit

__all__ = ["Network", "Outcome", "run"]


class Network(NamedTuple):
    """
    How bad it is: the part of the blocks that are lost, doubled, late.
    """

    loss: float = 0.0
    double: float = 0.0
    late: float = 0.0


class Outcome(NamedTuple):
    """
    @ivar answers: What the requester had in the end: octets or errors.
    @ivar wrong: What came that was never sent.
    @ivar blocks: How many blocks were sent.
    @ivar seconds: How long it took.
    """

    answers: list[bytes | BlockTransferError]
    wrong: int
    blocks: int
    seconds: float


class _Run:
    def __init__(self, seed: int, network: Network) -> None:
        self.chance = chance = Random(seed)
        self.network = network
        self.request = chance.randbytes(chance.choice((5, 50, 300, 1500)))
        self.response = chance.randbytes(chance.choice((5, 50, 300, 3000)))
        self.plain = chance.random() < 0.3
        self.ends = {
            side: GeneralBlocks(
                requester=side == "client",
                max_send=chance.randint(10, 100),
                window=chance.choice((1, 2, 5, 8, 63)),
                timeout=chance.choice((3.0, 5.0, 8.0)),
                retries=6,
            )
            for side in ("client", "server")
        }
        self.now = 0.0
        self.queue: list[tuple[float, int, str, bytes]] = []
        self.answers: list[bytes | BlockTransferError] = []
        self.wrong = self.blocks = self._order = 0

    def push(self, delay: float, where: str, octets: bytes) -> None:
        self._order += 1
        heappush(self.queue, (self.now + delay, self._order, where, octets))

    def happened(self, side: str, events: list[Event]) -> None:
        for event in events:
            if isinstance(event, Transmit):
                self.send(side, event.block)
            elif isinstance(event, Failed):
                if side == "client":
                    self.answers.append(event.error)
            elif side == "client":
                self.wrong += event.apdu != self.response
                self.answers.append(event.apdu)
            else:
                self.wrong += event.apdu != self.request
                self.push(self.chance.choice((0.0, 0.2, 1.0, 7.0)), "application", b"")

    def send(self, side: str, block: GeneralBlockTransfer) -> None:
        octets = block.encode()
        if len(octets) > self.ends[side].max_send:
            raise AssertionError(f"a block of {len(octets)} octets")
        self.blocks += 1
        other = "server" if side == "client" else "client"
        for _ in range(2 if self.chance.random() < self.network.double else 1):
            if self.chance.random() >= self.network.loss:
                late = self.chance.random() < self.network.late
                self.push(0.05 + (self.chance.random() / 2 if late else 0.0), other, octets)

    def step(self) -> bool:
        due = [(one.deadline, side) for side, one in self.ends.items() if one.deadline is not None]
        if not self.queue and not due:
            return False
        if self.queue and (not due or self.queue[0][0] <= min(due)[0]):
            self.now, _, where, octets = heappop(self.queue)
            if where == "application":
                self.happened("server", self.ends["server"].send(self.response, self.now))
            else:
                block = GeneralBlockTransfer.decode(octets)
                self.happened(where, self.ends[where].receive(block, self.now))
        else:
            self.now, side = min(due)
            self.happened(side, self.ends[side].time_passed(self.now))
        return True


def run(seed: int, network: Network) -> Outcome:
    """
    One request and its answer, of lengths, windows and timers that the seed chooses.

    @raise AssertionError: it does not end, or a block is too long.
    """
    one = _Run(seed, network)
    if one.plain:
        one.happened("server", one.ends["server"].send(one.response, 0.0))
    else:
        one.happened("client", one.ends["client"].send(one.request, 0.0))
    for _ in range(200_000):
        if not one.step():
            return Outcome(one.answers, one.wrong, one.blocks, one.now)
    raise AssertionError(f"seed {seed} does not end")
