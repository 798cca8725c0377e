"""
Damaged octets on the meter's wires: a frame is dropped, or a connection closed, and the next one is served.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any, Final

from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.client.tracing import TraceEvent
from dlms_twisted.server.hosted import hdlc_protocol, wrapper_protocol
from dlms_twisted.server.serving import Host
from dlms_twisted.testing import MeterInMemory
from tests.server.meters import CLIENTS, household

_COUNT: Final = 300
_MAKERS: Final[dict[str, Callable[..., Any]]] = {
    "wrapper": wrapper_protocol,
    "hdlc": hdlc_protocol,
}


def _recorded(framing: str) -> list[bytes]:
    """
    @return: the frames of a client that reads this and that.
    """
    from dlms_twisted.client import connect

    frames: list[bytes] = []

    def observe(event: TraceEvent) -> None:
        if event.kind == "frame" and event.direction == "out":
            frames.append(event.octets)

    clock = Clock()
    memory = MeterInMemory(clock, household().description)
    settings = memory.settings(CLIENTS["none"], framing=framing, max_pdu=200, observer=observe)
    client = memory.run(connect(clock, memory.endpoint(framing), settings))
    for what in ("1/0-0:42.0.0.255/2", "15/0-0:40.0.0.255/2", "7/1-0:99.1.0.255/3"):
        memory.run(client.get(what))
    memory.run(client.close())
    memory.close()
    return frames


def _damaged(frames: list[bytes], chance: Random) -> bytes:
    """
    @return: some of the frames, in some order, not all as they were.
    """
    count = chance.randrange(1, len(frames) + 1)
    octets = bytearray(b"".join(chance.choices(frames, k=count)[: count // 2] + frames[:count]))
    for _ in range(chance.choice((1, 1, 3, 10))):
        place = chance.randrange(len(octets) + 1)
        match chance.randrange(4):
            case 0:
                octets[place : place + 1] = bytes((chance.randrange(256),))
            case 1:
                del octets[place : place + chance.randrange(1, 9)]
            case 2:
                octets[place:place] = chance.randbytes(chance.randrange(1, 9))
            case _:
                octets[place:place] = chance.choice((b"\x7e", b"\x00\x01\x00\x10\x00\x01", b"\xff"))
    return bytes(octets)


def _pieces(octets: bytes, chance: Random) -> list[bytes]:
    """
    @return: the same as it may come.
    """
    size = chance.choice((1, 7, 50, 5000))
    return [octets[place : place + size] for place in range(0, len(octets), size)]


class WireDamageTests(SynchronousTestCase):
    """
    Both framings.
    """

    def serve(self, framing: str, pieces: list[bytes]) -> bytes:
        """
        @return: what a meter says to octets that come in pieces.
        """
        protocol = _MAKERS[framing](self.clock, self.host)
        transport = StringTransport()
        protocol.makeConnection(transport)
        for piece in pieces:
            if not transport.disconnecting:
                protocol.dataReceived(piece)
        said: bytes = transport.value()
        protocol.connectionLost()
        return said

    def test_damage(self) -> None:
        """
        Nothing is raised, no session stays behind, and good frames are answered as before.
        """
        for framing in _MAKERS:
            chance = Random(framing)
            frames = _recorded(framing)
            self.assertGreater(len(frames), 5)
            self.clock = Clock()
            self.host = Host(self.clock, [household(self.clock)], random=chance.randbytes)
            self.addCleanup(self.host.clockwork.stop)
            wanted = len(self.serve(framing, frames))
            self.assertGreater(wanted, 1000)
            for number in range(_COUNT):
                self.serve(framing, _pieces(_damaged(frames, chance), chance))
                self.assertEqual(len(self.host.servings), 0)
                if number % 20 == 0:
                    self.assertEqual(len(self.serve(framing, frames)), wanted, framing)
                self.clock.advance(chance.choice((0.0, 1.0, 200.0)))
