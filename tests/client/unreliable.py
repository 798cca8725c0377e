"""
A link that loses, doubles, delays, reorders and damages what it carries, between our client and our meter.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from random import Random
from typing import Any

from attrs import frozen
from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock

from dlms_twisted.client import Action, Get, Meter
from dlms_twisted.client.conversation import Conversation
from dlms_twisted.codec import build
from dlms_twisted.codec.data import Data
from dlms_twisted.errors import DLMSError
from dlms_twisted.server.description import MeterDescription
from dlms_twisted.testing import MeterInMemory
from dlms_twisted.transport.timers import DeadlineTimer
from tests.server.meters import TEXT

__all__ = ["Odds", "Unreliable", "scene"]

_SERIAL = "1/0-0:96.1.0.255/2"
_FIRMWARE = "1/0-0:0.2.0.255/2"
_OBJECTS = "15/0-0:40.0.0.255/2"
_TEXT = f"1/{TEXT}/2"


@frozen
class Odds:
    """
    How often something goes wrong, of each datagram.
    """

    lost: float = 0.0
    doubled: float = 0.0
    late: float = 0.0
    damaged: float = 0.0


class Unreliable:
    """
    A channel to a session of the meter.

    @ivar carried: How many datagrams it was given.
    """

    torn = False

    def __init__(self, clock: Clock, receiver: Conversation, session: Any, odds: Odds, seed: int):
        self._clock = clock
        self._receiver = receiver
        self._session = session
        self._odds = odds
        self._random = Random(seed)
        self._timer = DeadlineTimer(clock, self._time_passed)
        self._closed = False
        self.carried = 0

    def open(self) -> Deferred[None]:
        """
        It is open.
        """
        return succeed(None)

    def send(self, apdu: bytes, *, answer: bool = True) -> None:
        """
        To the meter.
        """
        self._carry(apdu, self._ask)

    def close(self) -> Deferred[None]:
        """
        Nothing comes any more.
        """
        self._closed = True
        self._timer.cancel()
        return succeed(None)

    def _ask(self, apdu: bytes) -> None:
        self._answer(self._session.receive(apdu, self._clock.seconds()))

    def _time_passed(self) -> None:
        self._answer(self._session.time_passed(self._clock.seconds()))

    def _answer(self, apdus: list[bytes]) -> None:
        for one in apdus:
            self._carry(one, self._receiver.channel_received)
        if not self._closed:
            self._timer.set(self._session.deadline)

    def _carry(self, octets: bytes, deliver: Callable[[bytes], None]) -> None:
        random, odds = self._random, self._odds
        self.carried += 1
        if random.random() < odds.lost:
            return
        for _ in range(2 if random.random() < odds.doubled else 1):
            told = octets
            if random.random() < odds.damaged:
                place = random.randrange(len(octets))
                changed = octets[place] ^ random.randrange(1, 256)
                told = octets[:place] + bytes((changed,)) + octets[place + 1 :]
            delay = 0.02 + (random.random() * 3.0 if random.random() < odds.late else 0.0)
            self._clock.callLater(delay, self._deliver, deliver, told)

    def _deliver(self, deliver: Callable[[bytes], None], octets: bytes) -> None:
        if not self._closed:
            deliver(octets)


async def _right(work: Awaitable[Any], wanted: Callable[[Any], bool]) -> bool:
    """
    @return: whether there was an answer, which is the right one then.
    """
    try:
        found = await work
    except DLMSError:
        return False
    if not wanted(found):
        raise AssertionError(f"a wrong answer: {found}")
    return True


async def _visit(meter: Meter, memory: MeterInMemory, random: Random, count: int) -> list[bool]:
    """
    Ask this and that.

    @return: what was answered.
    """
    serial = memory.meter.serial.encode()
    possible: set[bytes] = {b"text"}
    results = []
    for number in range(count):
        kind = random.randrange(6)
        if kind == 0:
            results.append(await _right(meter.get(_SERIAL), lambda one: one.values == serial))
        elif kind == 1:
            long = meter.get(_OBJECTS)
            results.append(await _right(long, lambda one: len(one.values) > 20))
        elif kind == 2:
            both = meter.get_many([_FIRMWARE, _SERIAL])
            results.append(
                await _right(
                    both, lambda found: [one.values for one in found] == [b"1.0.0", serial]
                )
            )
        elif kind == 3:
            text = (
                bytes(random.randrange(256) for _ in range(random.choice((3, 400))))
                + b"%d" % number
            )
            done = await _right(meter.set(_TEXT, build.octet_string(text)), lambda one: True)
            # A write that was not answered may be done, now or later.
            possible = {text} if done else possible | {text}
            results.append(done)
        elif kind == 4:
            known = frozenset(possible)
            read = await _right(meter.get(_TEXT), lambda one, known=known: one.values in known)  # type: ignore[misc]
            results.append(read)
        else:
            mixed = meter.access(
                [Get(_SERIAL), Action("3/1-0:1.8.0.255/1", build.integer(0)), Get(_FIRMWARE)]
            )
            results.append(
                await _right(
                    mixed,
                    lambda found: (
                        [one.values for one in found if isinstance(one, Data)] == [serial, b"1.0.0"]
                    ),
                )
            )
    return results


def scene(
    description: MeterDescription,
    seed: int,
    odds: Odds,
    *,
    client: int,
    count: int = 12,
    **settings: Any,
) -> tuple[int, int]:
    """
    Connect, ask, release.

    @return: how many questions were answered, and how many were asked.

    @raise AssertionError: an answer is wrong, something is left, or it takes too long.
    """
    random = Random(seed)
    clock = Clock()
    memory = MeterInMemory(clock, description, number=seed + 1)
    chosen = memory.settings(client, **{"timeout": 8.0, "max_pdu": 300, **settings})
    conversation = Conversation(clock, chosen, lossy=True)
    channel = Unreliable(clock, conversation, memory.session(client), odds, seed)
    conversation.channel = channel
    meter = Meter(conversation, channel.close)

    async def visit() -> list[bool]:
        try:
            await conversation.associate()
            results = await _visit(meter, memory, random, count)
        except DLMSError:
            results = []
        await meter.close()
        return results

    results = memory.run(Deferred.fromCoroutine(visit()))
    memory.close()
    clock.advance(10.0)
    if clock.getDelayedCalls():
        raise AssertionError(f"left: {clock.getDelayedCalls()}")
    return sum(results), count
