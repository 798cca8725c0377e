"""
What goes wrong on purpose: scenarios of faults, from Python or from a TOML file, the same each time for the same seed.

A file::

    seed = 7

    [[fault]]
    kind = "lost"           # one of FaultKind
    on = "answer"           # answer, request or push
    share = 0.1             # of those, by chance
    after = 3               # not the first three
    count = 10              # ten times at most

    [[fault]]
    kind = "reboot"
    at = 30.0               # seconds after the beginning
    period = 60.0           # and again each minute
    counters = "back"

L{dlms_twisted.server.faulting} does what is said here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from attrs import field, frozen

from dlms_twisted.errors import ConfigurationError
from dlms_twisted.toml_reader import TomlTable, read_toml

__all__ = ["METER_FAULTS", "WIRE_FAULTS", "Direction", "Fault", "FaultKind", "Scenario"]

_LONG_AGO: Final = 1e9
_MOST: Final = 1 << 31


class FaultKind(StrEnum):
    """
    What goes wrong.

    The first eight happen to octets on the wire, one write or read (a frame, or a datagram) at a time; the next five
    to the meter's APDUs before they are framed; the rest to the meter itself.
    """

    #: Never arrives.
    LOST = "lost"
    #: Arrives twice.
    REPEATED = "repeated"
    #: Arrives after C{delay}; on a stream what follows waits too.
    LATE = "late"
    #: Arrives after the next one, or after the longest C{delay} when there is none.
    REORDERED = "reordered"
    #: A bit or some octets are others.
    CORRUPTED = "corrupted"
    #: Its end is missing.
    TRUNCATED = "truncated"
    #: The connection is cut in the middle of it.
    DROPPED = "dropped"
    #: Nothing is sent and nothing heard for C{lasts} seconds.
    SILENCE = "silence"
    #: The authentication tag is wrong.
    FORGED_TAG = "forged-tag"
    #: The last ciphered APDU is sent in its place, counter and all.
    REPEATED_COUNTER = "repeated-counter"
    #: It is made C{octets} long.
    TOO_LONG = "too-long"
    #: A block has another number than its own; blocks inside of a ciphered APDU stay as they are.
    WRONG_BLOCK = "wrong-block"
    #: A block comes after C{delay}.
    SLOW_BLOCKS = "slow-blocks"
    #: Invocation counters are C{by} lower than those already used.
    STALE_COUNTER = "stale-counter"
    #: It is ciphered with a key that nobody has.
    WRONG_KEY = "wrong-key"
    #: The meter begins anew: connections and associations are gone; C{counters} are kept or set back.
    REBOOT = "reboot"
    #: The meter's clock is set forward by C{by} seconds; backward if that is negative.
    CLOCK_JUMP = "clock-jump"


#: What happens to octets on the wire.
WIRE_FAULTS: Final = frozenset(list(FaultKind)[:8])
#: What happens to the meter itself.
METER_FAULTS: Final = frozenset({FaultKind.REBOOT, FaultKind.CLOCK_JUMP})
#: How far back, or forward, where nothing is said.
_BY: Final = {FaultKind.STALE_COUNTER: 10.0, FaultKind.CLOCK_JUMP: 3600.0}


class Direction(StrEnum):
    """
    Which way.
    """

    #: From the meter, in a conversation.
    ANSWER = "answer"
    #: To the meter.
    REQUEST = "request"
    #: From the meter, unasked.
    PUSH = "push"


def _kind(value: FaultKind | str) -> FaultKind:
    return FaultKind(_one_of("kind", value, FaultKind))


def _direction(value: Direction | str) -> Direction:
    return Direction(_one_of("on", value, Direction))


def _one_of(name: str, value: str, names: Iterable[str]) -> str:
    known = list(names)
    if value not in known:
        raise ConfigurationError(f"{name}: one of {', '.join(known)} wanted")
    return value


@frozen(kw_only=True)
class Fault:
    """
    One thing that goes wrong, and when.  It happens where all that is said here holds.

    @ivar kind: What.
    @ivar on: Which way; of faults of the meter: what C{after} and C{every} count.
    @ivar share: By chance, 0 to 1.
    @ivar after: Not to the first so many.
    @ivar every: Only to each so-manieth of the others.
    @ivar count: At most so often; 0 for no limit.
    @ivar at: Not before so many seconds have passed; faults of the meter happen just then, unless C{after} is said.
    @ivar lasts: Not later than so many seconds after that; 0 for no limit.
    @ivar period: Faults of the meter: again after so many seconds; 0 for once.
    @ivar delay: Least and most seconds, where it takes time.
    @ivar octets: Length of a C{too-long} APDU.
    @ivar by: Seconds of a C{clock-jump}, or how far back a C{stale-counter} is; 0 for an hour, or 10.
    @ivar counters: Of a C{reboot}: C{kept}, or C{back} to where they began.
    """

    kind: FaultKind = field(converter=_kind)
    on: Direction = field(default=Direction.ANSWER, converter=_direction)
    share: float = 1.0
    after: int = 0
    every: int = 1
    count: int = 0
    at: float = 0.0
    lasts: float = 0.0
    period: float = 0.0
    delay: tuple[float, float] = (0.1, 1.0)
    octets: int = 0xFFFF
    by: float = 0.0
    counters: str = "kept"

    def __attrs_post_init__(self) -> None:
        if not 0 <= self.share <= 1:
            raise ConfigurationError("share: 0 to 1 wanted")
        if self.every < 1 or self.after < 0 or self.count < 0:
            raise ConfigurationError("after, every, count: no negative numbers, every from 1")
        if min(self.at, self.lasts, self.period) < 0:
            raise ConfigurationError("at, lasts, period: 0 or more seconds wanted")
        if not 0 <= self.delay[0] <= self.delay[1]:
            raise ConfigurationError("delay: two numbers of seconds wanted, the least first")
        if not 1 <= self.octets <= 0xFFFF:
            raise ConfigurationError("octets: 1 to 65535 wanted")
        _one_of("counters", self.counters, ("kept", "back"))

    @property
    def steps(self) -> float:
        """
        C{by}, or what holds where nothing is said.
        """
        return self.by or _BY.get(self.kind, 0.0)


@frozen(kw_only=True)
class Scenario:
    """
    Faults that belong together.

    @ivar seed: Of all that happens by chance.
    """

    seed: int = 1
    faults: tuple[Fault, ...] = ()

    @classmethod
    def of(cls, what: Scenario | Iterable[Fault | str] | str | Path) -> Scenario:
        """
        @param what: A scenario, some faults or names of their kinds, or the path of a file.

        @raise ConfigurationError: it is wrong.
        """
        if isinstance(what, Scenario):
            return what
        if isinstance(what, str | Path):
            return cls.load(what)
        return cls(
            faults=tuple(Fault(kind=_kind(one)) if isinstance(one, str) else one for one in what)
        )

    @classmethod
    def load(cls, path: str | Path) -> Scenario:
        """
        Read a file.

        @raise ConfigurationError: it cannot be read, or is wrong; the error names file and key.
        """
        try:
            octets = Path(path).read_bytes()
        except OSError as error:
            raise ConfigurationError(f"{path}: {error.strerror}") from None
        return cls.parse(octets, str(path))

    @classmethod
    def parse(cls, octets: bytes, file: str = "faults.toml") -> Scenario:
        """
        @param octets: TOML.
        @param file: How errors call it.

        @raise ConfigurationError: it is wrong; the error names file and key.
        """
        table = read_toml(octets, file)
        seed = table.integer("seed", 0, _MOST)
        faults = tuple(_fault(one) for one in table.tables("fault"))
        table.finish()
        return cls(seed=1 if seed is None else seed, faults=faults)


def _delay(table: TomlTable) -> tuple[float, float] | None:
    # A number, or [least, most].
    said = table.anything("delay")
    if said is None:
        return None
    numbers = said if isinstance(said, list) else [said, said]
    delays = [
        float(one) for one in numbers if isinstance(one, int | float) and not isinstance(one, bool)
    ]
    if len(delays) != 2 or len(numbers) != 2:
        raise table.error("delay", "a number of seconds, or [least, most], wanted")
    return (delays[0], delays[1])


def _fault(table: TomlTable) -> Fault:
    said: dict[str, Any] = {
        "kind": table.text("kind"),
        "on": table.text("on"),
        "counters": table.text("counters"),
        "delay": _delay(table),
        "by": table.number("by", -_LONG_AGO, _LONG_AGO),
    }
    for name in ("share", "at", "lasts", "period"):
        said[name] = table.number(name, 0, _LONG_AGO)
    for name in ("after", "every", "count", "octets"):
        said[name] = table.integer(name, 0, _MOST)
    table.finish()
    if said["kind"] is None:
        raise table.error("kind", f"one of {', '.join(FaultKind)} wanted")
    make: Callable[..., Fault] = Fault
    try:
        return make(**{name: value for name, value in said.items() if value is not None})
    except ConfigurationError as error:
        name, _, reason = str(error).partition(": ")
    raise table.error(name, reason)
