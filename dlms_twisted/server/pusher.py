"""
The pusher: simulated meters that send at a given rate, in good order or damaged on purpose.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum
from random import Random

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime

from dlms_twisted.server.push_meter import PushMeter

__all__ = ["PushKind", "Pusher", "damage"]


class PushKind(StrEnum):
    """
    What is sent.
    """

    CIPHERED = "ciphered"
    PLAIN = "plain"
    DAMAGED = "damaged"


def damage(frame: bytes, random: Random) -> bytes:
    """
    @return: the frame with one thing done to it that happens to datagrams or is done by attackers: octets changed,
        cut off, doubled, put in or swapped.
    """
    octets = bytearray(frame)
    place = random.randrange(len(octets)) if octets else 0
    kind = random.randrange(6)
    if kind == 0 and octets:
        octets[place] ^= 1 << random.randrange(8)
    elif kind == 1:
        del octets[place:]
    elif kind == 2:
        octets[place:place] = random.randbytes(random.randrange(1, 16))
    elif kind == 3:
        del octets[place : place + random.randrange(1, 16)]
    elif kind == 4:
        octets[place : place + 4] = random.randbytes(4)
    else:
        octets += octets[place:]
    return bytes(octets)


class Pusher:
    """
    Sends the meters' pushes in turn.

    @ivar sent: How many were sent so far, damaged ones among them.
    @ivar damaged: How many of them were damaged on purpose.
    @ivar refused: How often the socket would not take one; it is tried again.
    """

    #: Seconds between two bursts.
    TICK = 0.01

    def __init__(
        self,
        clock: IReactorTime,
        meters: Sequence[PushMeter],
        send: Callable[[bytes], None],
        *,
        rate: float,
        most: int | None = None,
        kind: PushKind = PushKind.CIPHERED,
        share_damaged: float = 1.0,
        seed: int = 1,
    ) -> None:
        """
        @param send: Sends one wrapper frame.
        @param rate: Pushes a second, over all meters.
        @param most: Stop after so many; L{None} goes on until L{stop}.
        @param share_damaged: Of kind C{damaged}, how many of the pushes are (0 to 1).
        @param seed: Of the damage.
        """
        self._clock = clock
        self._meters = meters
        self._send = send
        self._rate = rate
        self._most = most
        self._kind = kind
        self._share = share_damaged if kind is PushKind.DAMAGED else 0.0
        self._random = Random(seed)
        self._next = 0
        self._waiting: bytes | None = None
        self._started = 0.0
        self._call: IDelayedCall | None = None
        self._done: Deferred[int] | None = None
        self.sent = 0
        self.damaged = 0
        self.refused = 0

    def start(self) -> Deferred[int]:
        """
        @return: fires with L{sent} when all are sent, or after L{stop}; cancelling it stops.
        """
        self._done = Deferred(lambda _: self._halt())
        self._started = self._clock.seconds()
        self._call = self._clock.callLater(0, self._tick)
        return self._done

    def stop(self) -> None:
        """
        Send no more.
        """
        self._halt()
        if self._done is not None and not self._done.called:
            self._done.callback(self.sent)

    def _halt(self) -> None:
        if self._call is not None and self._call.active():
            self._call.cancel()
        self._call = None

    def _tick(self) -> None:
        now = self._clock.seconds()
        due = int((now - self._started) * self._rate) + 1
        if self._most is not None:
            due = min(due, self._most)
        # After a pause of ours the rest is caught up with over several ticks, which then follow each other.
        part = min(due, self.sent + max(1, int(self._rate * self.TICK * 4)))
        while self.sent < part and self._push(now):
            self.sent += 1
        if self._most is not None and self.sent >= self._most:
            self.stop()
        else:
            behind = part < due and self.sent == part
            self._call = self._clock.callLater(0 if behind else self.TICK, self._tick)

    def _push(self, now: float) -> bool:
        if self._waiting is None:
            self._waiting = self._make(now)
        try:
            self._send(self._waiting)
        except BlockingIOError:
            self.refused += 1
            return False
        self._waiting = None
        return True

    def _make(self, now: float) -> bytes:
        meter = self._meters[self._next]
        self._next = (self._next + 1) % len(self._meters)
        frame = meter.push(now, ciphered=self._kind is not PushKind.PLAIN)
        if self._share and self._random.random() < self._share:
            self.damaged += 1
            return damage(frame, self._random)
        return frame
