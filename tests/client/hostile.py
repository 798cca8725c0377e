"""
Dialogues with a meter that turns hostile in the middle of them: what each request gets, and what the next one gets.
"""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Awaitable, Callable
from functools import cache, partial
from random import Random
from typing import Any, Final

from attrs import define, field
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IProtocol, IProtocolFactory

from dlms_twisted.client import Action, Get, Meter, Set
from dlms_twisted.client.image import ImageStatus
from dlms_twisted.codec import build
from dlms_twisted.errors import DLMSError
from dlms_twisted.server.description import MeterDescription
from dlms_twisted.server.description_toml import ready_description
from tests.client.bench import Bench
from tests.client.damaging import FAITHFUL, KINDS, Between, Hostility
from tests.server.meters import CLIENTS, DEMANDING, SHORT, TEXT, with_clients

__all__ = ["WAYS", "Outcome", "dialogue"]

_SERIAL: Final = "1/0-0:96.1.0.255/2"
_FIRMWARE: Final = "1/0-0:0.2.0.255/2"
_TEXT: Final = f"1/{TEXT}/2"
_TIMEOUT: Final = 5.0
#: The meter says that it verified the image, or has done it and does not say more.
_VERIFIED: Final = frozenset({None, ImageStatus.VERIFICATION_SUCCESSFUL})
#: Seconds after which nothing that was late is under way any more.
_QUIET: Final = 4 * _TIMEOUT

#: Ways to talk: framing, client, settings.
WAYS: Final[tuple[tuple[str, int, dict[str, Any]], ...]] = (
    ("wrapper", CLIENTS["none"], {"max_pdu": 300}),
    ("wrapper", CLIENTS["low"], {"outstanding": 4, "max_pdu": 400, "general_blocks": False}),
    ("wrapper", CLIENTS["sha256"], {"max_pdu": 300, "general_blocks": False}),
    ("wrapper", DEMANDING, {"max_pdu": 300}),
    ("wrapper", DEMANDING, {"max_pdu": 300, "general": True, "dedicated": True}),
    ("wrapper", CLIENTS["none"] + SHORT, {"max_pdu": 300}),
    ("hdlc", CLIENTS["none"], {"max_pdu": 500}),
    ("hdlc", CLIENTS["gmac"], {"max_pdu": 300, "general_blocks": False}),
    ("hdlc", DEMANDING, {"max_pdu": 300}),
)


@define
class Outcome:
    """
    What became of dialogues.

    @ivar requests: How many were made.
    @ivar failed: Errors, by their types.
    @ivar damaged: What was done, by kinds.
    @ivar reconnected: How often the link was lost, or of no use.
    @ivar longest: Seconds of the clock that the longest request took.
    """

    requests: int = 0
    failed: Counter[str] = field(factory=Counter)
    damaged: Counter[str] = field(factory=Counter)
    reconnected: int = 0
    longest: float = 0.0


class _HostileBench(Bench):
    """
    A bench whose meter is hostile.
    """

    hostility: Hostility

    def dial(self, factory: IProtocolFactory) -> Deferred[IProtocol]:
        """
        Make a connection.
        """
        between = Between.factory(self.clock, factory, self.framing, self.hostility)
        return super().dial(between)


@cache
def _description() -> MeterDescription:
    return with_clients(ready_description("household"), rows=10)


Step = tuple[str, Callable[[Meter], Awaitable[Any]], Callable[[Any], Any] | None]
_START: Final = datetime.datetime(2026, 1, 15, 8, tzinfo=datetime.UTC)


async def _streamed(meter: Meter) -> list[Any]:
    return [row async for row in meter.rows("1-0:99.1.0.255", entries=(1, 8))]


async def _updated(meter: Meter) -> Any:
    transfer = meter.image_transfer(interval=0.5, patience=5.0)
    await transfer.send(bytes(range(250)) * 3, b"firmware")
    return await transfer.verify()


#: Requests, and what of their results is always the same.
_STEPS: Final[tuple[Step, ...]] = (
    ("get", lambda meter: meter.get(_SERIAL), lambda data: data.values),
    ("objects", lambda meter: meter.objects(), len),
    (
        "get_many",
        lambda meter: meter.get_many([_SERIAL, _FIRMWARE, _SERIAL]),
        lambda found: [one.values for one in found],
    ),
    (
        "set",
        lambda meter: meter.set(_TEXT, build.octet_string(b"word " * 80)),
        lambda nothing: nothing,
    ),
    ("text", lambda meter: meter.get(_TEXT), None),
    (
        "access",
        lambda meter: meter.access(
            [
                Get(_SERIAL),
                Set(_TEXT, build.octet_string(b"word")),
                Action("3/1-0:1.8.0.255/1", build.integer(0)),
            ]
        ),
        lambda found: [getattr(one, "values", one) for one in found],
    ),
    ("read", lambda meter: meter.read("3/1-0:1.8.0.255/2"), lambda value: value.unit),
    (
        "profile",
        lambda meter: meter.profile("1-0:99.1.0.255", _START, _START + datetime.timedelta(hours=1)),
        len,
    ),
    ("rows", _streamed, len),
    ("breaker", lambda meter: meter.breaker(), lambda state: state),
    ("image", _updated, _VERIFIED.__contains__),
    ("clock", lambda meter: meter.clock_offset(), None),
)


class _Dialogue:
    """
    One dialogue.
    """

    def __init__(self, way: int, seed: int, plan: dict[int, str], outcome: Outcome) -> None:
        framing, self._client, self._settings = WAYS[way]
        self.bench = _HostileBench(_description(), framing=framing, latency=0.01)
        meter = self.bench.memory.meter
        self.hostility = self.bench.hostility = Hostility(
            random=Random(seed), plan=plan, timeout=_TIMEOUT, keys=meter.keys, title=meter.title
        )
        self.outcome = outcome
        self.results: dict[str, Any] = {}
        self._serial = meter.serial.encode()

    def connect(self) -> Deferred[Meter]:
        """
        Begin to connect.
        """
        return self.bench.connect(
            self._client, timeout=_TIMEOUT, longest=6 * _TIMEOUT, observer=None, **self._settings
        )

    def tried(self, work: Callable[[], Awaitable[Any]]) -> Any:
        """
        @return: a result, or the typed error.
        """

        async def begun() -> Any:
            return await work()

        before = self.bench.clock.seconds()
        self.outcome.requests += 1
        try:
            result: Any = self.bench.run(begun())
        except DLMSError as error:
            self.outcome.failed[type(error).__name__] += 1
            result = error
        self.outcome.longest = max(self.outcome.longest, self.bench.clock.seconds() - before)
        return result

    def associated(self) -> Meter:
        """
        @return: an association with a meter that is good now; whatever there was before.
        """
        self.outcome.reconnected += 1
        found = self.tried(self.connect)
        if isinstance(found, DLMSError):
            raise AssertionError("a good meter, and no association") from found
        meter: Meter = found
        if self.probe(meter) is not None:
            raise AssertionError("a good meter, and no answer")
        return meter

    def probe(self, meter: Meter) -> DLMSError | None:
        """
        The next request.

        @return: why it failed.

        @raise AssertionError: the answer is another one's.
        """
        found = self.tried(lambda: meter.get(_SERIAL))
        if isinstance(found, DLMSError):
            return found
        if found.values != self._serial:
            raise AssertionError(f"the answer of another: {found}")
        return None

    def run(self) -> None:
        """
        All of it.
        """
        connected = self.tried(self.connect)
        sound = not self.hostility.done
        if isinstance(connected, DLMSError):
            connected = self._again(None)
        for name, work, constant in _STEPS:
            found = self.tried(partial(work, connected))
            if isinstance(found, DLMSError):
                connected = self._again(connected, sound)
                sound = True
            elif constant is not None:
                self.results[name] = constant(found)
        self.tried(connected.close)

    def _again(self, meter: Meter | None, sound: bool = False) -> Meter:
        """
        The meter is good from now on.

        @param sound: Was nothing damaged while the association was made?
        """
        plan, self.hostility.plan = self.hostility.plan, {}
        self.bench.clock.pump([0.25] * int(_QUIET / 0.25))
        if meter is not None:
            error = self.probe(meter)
            if error is None:
                self.hostility.plan = plan
                return meter
            # In a damaged object list nothing has its right short name.
            if sound and meter.open and self._client < SHORT:
                raise AssertionError("the link is open, and of no use") from error
            self.tried(meter.close)
        found = self.associated()
        self.hostility.plan = plan
        return found

    def check(self, good: dict[str, Any]) -> None:
        """
        @raise AssertionError: a wrong result, a link or a delayed call that is left.
        """
        if self.faithful:
            for name, found in self.results.items():
                if found != good[name]:
                    raise AssertionError(f"{name}: {found} instead of {good[name]}")
        if self.bench.open:
            raise AssertionError("a connection is left")
        if left := self.bench.left():
            raise AssertionError(f"left: {left}")

    @property
    def faithful(self) -> bool:
        """
        Can nothing that was done make a result wrong that looks right?
        """
        done = set(self.hostility.done)
        if self._client == DEMANDING:
            return "sealed" not in done
        return done <= FAITHFUL and self._client < SHORT


@cache
def _good(way: int) -> tuple[int, dict[str, Any]]:
    """
    @return: how many answers there are in the good dialogue, and its results.
    """
    outcome = Outcome()
    one = _Dialogue(way, 0, {}, outcome)
    one.run()
    one.check(one.results)
    if outcome.failed or len(one.results) != sum(step[2] is not None for step in _STEPS):
        raise AssertionError(f"the good dialogue fails: {outcome}")
    return one.hostility.count, one.results


def dialogue(seed: int, outcome: Outcome, way: int | None = None) -> None:
    """
    One dialogue with one to three damaged answers.

    @param way: Of L{WAYS}; by default the seed's.

    @raise AssertionError: an untyped error, a wrong answer, an answer too late, a next request that fails, a link or
        a delayed call that is left.
    """
    random = Random(seed)
    way = seed % len(WAYS) if way is None else way
    count, good = _good(way)
    places = random.sample(range(count), random.choice((1, 1, 2, 3)))
    one = _Dialogue(way, seed, {place: random.choice(KINDS) for place in places}, outcome)
    longest, outcome.longest = outcome.longest, 0.0
    one.run()
    one.check(good)
    outcome.damaged.update(one.hostility.done)
    # A request in blocks waits for each of them.
    if outcome.longest > (len(places) + 1) * 2 * _TIMEOUT:
        raise AssertionError(f"{outcome.longest} s")
    outcome.longest = max(longest, outcome.longest)
