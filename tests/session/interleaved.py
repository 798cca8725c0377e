"""
A client's session that asks, gives up, waits and is answered in any order: each number must reach who asked for it.
"""

from __future__ import annotations

from random import Random

from dlms_twisted.apdu.descriptors import AttributeDescriptor
from dlms_twisted.apdu.get import GetRequestNormal, GetResponseNormal
from dlms_twisted.codec.data import Data
from dlms_twisted.errors import LinkError
from dlms_twisted.session.association import AssociationSettings
from dlms_twisted.session.client import ClientSession
from dlms_twisted.session.client_events import Answered, Failed, Transmit
from dlms_twisted.session.client_exchange import Exchange
from dlms_twisted.session.client_options import ClientOptions

__all__ = ["Interleaved"]

#: An answer is not on its way longer than this many requests, or this many seconds.
_REQUESTS = 9
_SECONDS = 130.0


class Interleaved:
    """
    One session, and a meter that answers each request with the number in its logical name: at once or late, in blocks,
    by a refusal, or never.

    @ivar right: How many answers came.
    """

    def __init__(self, seed: int) -> None:
        random = self._random = Random(seed)
        options = ClientOptions(
            timeout=6.0,
            outstanding=random.randint(1, 5),
            retries=random.randint(0, 2),
            lossy=random.random() < 0.5,
        )
        settings = AssociationSettings(pre_established=True)
        self._session = ClientSession(settings, lambda title, epoch: 1, options=options)
        self._session.associate(b"", 0.0)
        self._session.events()
        self._now = 0.0
        self._count = 0
        self._asked: dict[Exchange, int] = {}
        self._wire: list[tuple[int, bytes]] = []
        self._blocks: dict[int, int] = {}
        self.right = 0

    def run(self, steps: int) -> int:
        """
        @return: how many answers came.

        @raise AssertionError: one was wrong, or something is waited for in the end.
        """
        for _ in range(steps):
            self._step()
            self._take_events()
        for _ in range(30):
            self._now += 400.0
            self._session.time_passed(self._now)
            self._session.events()
        if not self._session.idle or self._session.deadline is not None:
            raise AssertionError("something is waited for")
        return self.right

    def _step(self) -> None:
        random, session = self._random, self._session
        self._now += random.random()
        self._wire = [one for one in self._wire if self._count - one[0] < _REQUESTS]
        choice = random.random()
        if choice < 0.35 and session.free:
            self._ask()
        elif choice < 0.45 and self._asked:
            exchange = random.choice(list(self._asked))
            session.give_up(exchange, self._now)
            del self._asked[exchange]
        elif choice < 0.8 and self._wire:
            place = random.randrange(len(self._wire)) if random.random() < 0.5 else 0
            self._receive(self._wire.pop(place)[1])
        else:
            session.time_passed(self._now)

    def _receive(self, octets: bytes) -> None:
        quick = self._session.quick_answer(octets)
        if quick is None:
            self._session.receive(octets, self._now)
        else:
            self._answered(quick[0], quick[1])

    def _answered(self, exchange: Exchange, data: Data) -> None:
        wanted = self._asked.pop(exchange)
        if data.values != wanted:
            raise AssertionError(f"{data.values!r} instead of {wanted}")
        self.right += 1

    def _ask(self) -> None:
        self._count += 1
        attribute = AttributeDescriptor(
            class_id=1, instance_id=self._count.to_bytes(6, "big"), attribute_id=2
        )
        try:
            if self._random.random() < 0.5:
                quick = self._session.quick(attribute, self._now)
                if quick is not None:
                    self._asked[quick[0]] = self._count
                    self._serve(quick[1])
                    return
            invoke = self._session.invoke(self._now)
        except LinkError:
            # All may still be answered; later they cannot.
            self._now += _SECONDS
            self._wire.clear()
            return
        request = GetRequestNormal(invoke_id_and_priority=invoke, attribute=attribute)
        self._asked[self._session.request(request, self._now)] = self._count

    def _take_events(self) -> None:
        for event in self._session.events():
            if isinstance(event, Transmit):
                self._serve(event.apdu)
            elif isinstance(event, Failed) and event.exchange is not None:
                del self._asked[event.exchange]
            elif isinstance(event, Answered) and event.exchange is not None:
                assert isinstance(event.apdu, GetResponseNormal)
                assert isinstance(event.apdu.result, Data)
                self._answered(event.exchange, event.apdu.result)

    def _serve(self, apdu: bytes) -> None:
        random, invoke = self._random, apdu[2:3]
        if apdu[1] == 2:
            number = self._blocks.get(apdu[2], 0)
            self._say(
                b"\xc4\x02" + invoke + b"\x01\0\0\0\x02\0\x02" + number.to_bytes(4, "big")[2:]
            )
            return
        number = int.from_bytes(apdu[5:11], "big")
        chance = random.random()
        if chance < 0.1:
            return
        if chance < 0.3:
            self._blocks[apdu[2]] = number
            self._say(b"\xc4\x02" + invoke + b"\0\0\0\0\x01\0\x03\x06\0\0")
        elif chance < 0.35:
            self._say(b"\xd8\x01\x03")
        else:
            self._say(b"\xc4\x01" + invoke + b"\0\x06" + number.to_bytes(4, "big"))

    def _say(self, apdu: bytes) -> None:
        self._wire.append((self._count, apdu))
