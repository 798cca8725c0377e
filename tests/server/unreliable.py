"""
A conversation with a meter while things go wrong: what comes is right or a typed error, in time, and when all is good
again the next association is as good as ever.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from random import Random
from typing import Any, Final

from attrs import frozen
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from dlms_twisted.client import Meter, connect
from dlms_twisted.codec import build
from dlms_twisted.codec.data import Data
from dlms_twisted.errors import DLMSError
from dlms_twisted.server.description_toml import ready_description
from dlms_twisted.server.faults import Direction, Fault, FaultKind, Scenario
from dlms_twisted.testing import MeterInMemory
from tests.server.meters import CLIENTS, TEXT, with_clients

__all__ = ["MIXES", "Mix", "unreliable"]

_NAME: Final = "1/0-0:42.0.0.255/2"
_TEXT: Final = f"1/{TEXT}/2"
_PROFILE: Final = "1-0:99.1.0.255"
#: Seconds that an answer may take, and a request with all its blocks.
_TIMEOUT: Final = 3.0
_LONGEST: Final = 30.0
#: Seconds in which each step must have ended: connecting and associating on HDLC are several exchanges.
_DEADLINE: Final = 90.0
_STEPS: Final = 12

_FRAMES: Final = (FaultKind.LOST, FaultKind.REPEATED, FaultKind.LATE)
_DAMAGE: Final = (FaultKind.CORRUPTED, FaultKind.TRUNCATED, FaultKind.REORDERED)
_CUTS: Final = (FaultKind.DROPPED, FaultKind.SILENCE)
_SECURITY: Final = (
    FaultKind.FORGED_TAG,
    FaultKind.REPEATED_COUNTER,
    FaultKind.STALE_COUNTER,
    FaultKind.WRONG_KEY,
    FaultKind.WRONG_BLOCK,
    FaultKind.SLOW_BLOCKS,
    FaultKind.TOO_LONG,
)


@frozen
class Mix:
    """
    What goes wrong, where.

    On a stream without a check sum nothing tells a damaged value from a good one, so damage goes with HDLC or with
    authentication.
    """

    framing: str
    auth: str
    security: str
    kinds: tuple[FaultKind, ...]
    max_pdu: int = 0xFFFF


MIXES: Final = (
    Mix("wrapper", "none", "none", (FaultKind.LOST, *_CUTS)),
    Mix("wrapper", "gmac", "both", (*_FRAMES, *_CUTS)),
    Mix("wrapper", "gmac", "both", (*_FRAMES, *_DAMAGE), 200),
    Mix("wrapper", "sha256", "authenticated", (*_DAMAGE, *_SECURITY)),
    Mix("wrapper", "gmac", "both", _SECURITY, 200),
    Mix("hdlc", "none", "none", (*_FRAMES, *_DAMAGE)),
    Mix("hdlc", "low", "none", (*_FRAMES, *_DAMAGE, *_CUTS), 200),
    Mix("hdlc", "gmac", "both", (*_FRAMES, *_DAMAGE, *_CUTS)),
    Mix("hdlc", "gmac", "both", (*_FRAMES, *_SECURITY), 200),
)


class _Run:
    """
    One meter and one client after another.
    """

    def __init__(self, mix: Mix, seed: int, share: float) -> None:
        both = (Direction.ANSWER, Direction.REQUEST)
        only = (Direction.ANSWER,)
        faults = tuple(
            Fault(kind=kind, on=way, share=share, delay=(0.1, 4.0), lasts=0.0)
            for kind in mix.kinds
            for way in (only if kind in _SECURITY else both)
        )
        self.mix = mix
        self.chance = Random(seed)
        self.clock = Clock()
        self.figures: Counter[str] = Counter()
        description = with_clients(ready_description("household"), rows=12)
        self.memory = MeterInMemory(
            self.clock, description, latency=0.05, faults=Scenario(seed=seed, faults=faults)
        )
        self.rows: tuple[Any, ...] = ()
        #: What the text may hold: the last that was written for certain, and all that may have been since.
        self.texts = [b"text"]
        self._counter = 1

    def connected(self) -> Deferred[Meter]:
        """
        @return: an association.
        """
        mix = self.mix
        self._counter += 100_000
        settings = self.memory.settings(
            CLIENTS[mix.auth],
            framing=mix.framing,
            security=mix.security,
            max_pdu=mix.max_pdu,
            timeout=_TIMEOUT,
            longest=_LONGEST,
            counter=self._counter,
        )
        return connect(self.clock, self.memory.endpoint(mix.framing), settings)

    def attempt(self, name: str, going: Deferred[Any]) -> Any:
        """
        @return: what it gave, or the error.

        @raise AssertionError: it did not end in time.
        @raise Exception: it failed with what is no error of ours.
        """
        try:
            result = self.memory.run(going, longest=_DEADLINE)
        except DLMSError as error:
            self.figures[type(error).__name__] += 1
            return error
        self.figures[name] += 1
        return result

    def step(self, meter: Meter) -> bool:
        """
        @return: was the answer there?

        @raise AssertionError: it was wrong.
        """
        choice: Callable[[Meter], bool] = self.chance.choice(
            (self.read_name, self.write, self.read_text, self.read_profile, self.list)
        )
        return choice(meter)

    def read_name(self, meter: Meter) -> bool:
        """
        What never changes.
        """
        data = self.attempt("name", meter.get(_NAME))
        if isinstance(data, Data):
            _same(data.values, self.memory.meter.identity.logical_device_name.encode())
        return isinstance(data, Data)

    def write(self, meter: Meter) -> bool:
        """
        What was not acknowledged may have been done.
        """
        text = self.chance.randbytes(self.chance.choice((4, 40, 700)))
        said = self.attempt("written", meter.set(_TEXT, build.octet_string(text)))
        self.texts = [text] if said is None else [*self.texts, text]
        return said is None

    def read_text(self, meter: Meter) -> bool:
        """
        One of those that may have been written.
        """
        data = self.attempt("text", meter.get(_TEXT))
        if not isinstance(data, Data):
            return False
        if data.values not in self.texts:
            raise AssertionError(f"{data.values!r} was never written")
        return True

    def read_profile(self, meter: Meter) -> bool:
        """
        All rows, in their order.
        """
        rows = self.attempt("profile", meter.profile(_PROFILE, entries=(1, 0), scaled=False))
        if isinstance(rows, DLMSError):
            return False
        profile = self.memory.meter.object(7, _PROFILE)
        assert profile is not None
        count = profile.value(7)
        assert isinstance(count, Data)
        _same(len(rows), count.values)
        energy = [row[1] for row in rows]
        _same(energy, sorted(energy))
        return True

    def list(self, meter: Meter) -> bool:
        """
        Several at once.
        """
        values = self.attempt("list", meter.get_many((_NAME, _TEXT)))
        if isinstance(values, DLMSError):
            return False
        name, text = values
        _same(name.values, self.memory.meter.identity.logical_device_name.encode())
        if text.values not in self.texts:
            raise AssertionError(f"{text.values!r} was never written")
        return True

    def talk(self, steps: int) -> int:
        """
        @return: how many steps were good.
        """
        meter = self.attempt("associated", self.connected())
        if isinstance(meter, DLMSError):
            return 0
        good = 0
        for _ in range(steps):
            if self.step(meter):
                good += 1
            elif self.chance.random() < 0.5:
                break
        self.close(meter.close())
        return good

    def close(self, closing: Awaitable[None]) -> None:
        """
        Closing never fails, whatever goes wrong.
        """
        self.memory.run(Deferred.fromCoroutine(_awaited(closing)), longest=_DEADLINE)


async def _awaited(one: Awaitable[None]) -> None:
    await one


def _same(found: object, wanted: object) -> None:
    if found != wanted:
        raise AssertionError(f"{found!r} instead of {wanted!r}")


def unreliable(mix: Mix, seed: int, share: float = 0.05, talks: int = 4) -> Counter[str]:
    """
    @param share: Of frames to which each thing happens.

    @return: how often what came, and what errors.

    @raise AssertionError: something wrong was taken for right, something did not end, or it was not good again when
        all was good.
    @raise Exception: an error that is none of ours.
    """
    run = _Run(mix, seed, share)
    try:
        for _ in range(talks):
            run.talk(_STEPS)
        run.memory.faults.clear()
        run.clock.advance(300)
        if run.talk(_STEPS) != _STEPS:
            raise AssertionError(f"not good again: {run.figures}")
    finally:
        run.memory.close()
    return run.figures
