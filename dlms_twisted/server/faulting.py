"""
Makes go wrong what a scenario says: to octets on the wire, to APDUs, to keys and counters, and to the meter.

L{Faults} decides; what stands between two parts that know nothing of it, and lets happen what was decided, is in
L{dlms_twisted.server.faulty}.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from random import Random
from typing import Final, NamedTuple

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from dlms_twisted.apdu.envelope import CIPHERED_TAGS, TAG_LENGTH, parse_envelope
from dlms_twisted.errors import DecodeError
from dlms_twisted.server.faults import (
    METER_FAULTS,
    WIRE_FAULTS,
    Direction,
    Fault,
    FaultKind,
    Scenario,
)

__all__ = ["Faults", "Outcome", "block_number"]

#: Where the block number of an answer stands, by its first two octets: offset and octets.
_BLOCKS: Final = {
    b"\xc4\x02": (4, 4),
    b"\xc5\x02": (3, 4),
    b"\xc5\x03": (4, 4),
    b"\xc5\x04": (3, 4),
    b"\xc7\x02": (4, 4),
    b"\xc7\x04": (3, 4),
}
_GENERAL_BLOCK: Final = (2, 2)
#: Seconds to wait for the one that is to come before.
_REORDER: Final = 1.0


class Outcome(NamedTuple):
    """
    What becomes of some octets.

    @ivar octets: To be passed on, each after its delay in seconds.
    @ivar drop: Then the connection is cut.
    """

    octets: tuple[tuple[float, bytes], ...]
    drop: bool = False


class _Live:
    """
    A fault and how often it was looked at, and happened.
    """

    __slots__ = ("fault", "happened", "seen")

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        self.seen = 0
        self.happened = 0


def block_number(apdu: bytes) -> tuple[int, int] | None:
    """
    @return: offset and size of the block number in an answer in clear; C{None} where it is no block.
    """
    place = _GENERAL_BLOCK if apdu[:1] == b"\xe0" else _BLOCKS.get(apdu[:2])
    return place if place is not None and len(apdu) >= sum(place) else None


class Faults:
    """
    A scenario that runs.

    @ivar happened: How often each kind of fault happened.
    """

    def __init__(self, clock: IReactorTime, scenario: Scenario | None = None) -> None:
        """
        @param clock: Time counts from now.
        """
        scenario = scenario or Scenario()
        self.clock = clock
        self.happened: Counter[FaultKind] = Counter()
        self._random = Random(scenario.seed)
        self._live = [_Live(fault) for fault in scenario.faults]
        self._began = clock.seconds()
        self._last_ciphered = b""
        self._act: Callable[[Fault], None] | None = None
        self._calls: set[IDelayedCall] = set()

    # -- which faults there are ------------------------------------------------------------------

    def add(self, fault: Fault | FaultKind | str) -> None:
        """
        From now on this goes wrong, too; its C{at} counts from the beginning.
        """
        one = fault if isinstance(fault, Fault) else Fault(kind=fault)
        self._live.append(_Live(one))
        if self._act is not None:
            self._schedule(one)

    def clear(self) -> None:
        """
        Nothing goes wrong any more.
        """
        self._live.clear()
        self._cancel()

    def __bool__(self) -> bool:
        """
        Does anything go wrong?
        """
        return bool(self._live)

    def _hits(self, kinds: frozenset[FaultKind], direction: Direction) -> list[Fault]:
        """
        @return: the faults that happen to the next thing that goes this way.
        """
        hits = []
        passed = self.clock.seconds() - self._began
        for live in self._live:
            fault = live.fault
            if fault.kind not in kinds or fault.on is not direction:
                continue
            live.seen += 1
            if self._holds(live, passed):
                live.happened += 1
                self.happened[fault.kind] += 1
                hits.append(fault)
        return hits

    def _holds(self, live: _Live, passed: float) -> bool:
        fault, number = live.fault, live.seen - live.fault.after
        if passed < fault.at or (fault.lasts and passed >= fault.at + fault.lasts):
            return False
        if (
            number < 1
            or (number - 1) % fault.every
            or (fault.count and live.happened >= fault.count)
        ):
            return False
        return fault.share >= 1 or self._random.random() < fault.share

    def hits(self, kind: FaultKind, direction: Direction = Direction.ANSWER) -> Fault | None:
        """
        @return: the fault of that kind that happens now, if one does.
        """
        found = self._hits(frozenset({kind}), direction)
        return found[0] if found else None

    # -- octets ----------------------------------------------------------------------------------

    def wire(self, octets: bytes, direction: Direction) -> Outcome:
        """
        @return: what becomes of a frame, a datagram, or what was read at once.  One that is C{reordered} comes in
            twice: a delay below zero means "after the next one".
        """
        pieces, delay = [octets], 0.0
        for fault in self._hits(WIRE_FAULTS, direction):
            if fault.kind in {FaultKind.LOST, FaultKind.SILENCE}:
                return Outcome(())
            if fault.kind is FaultKind.DROPPED:
                half = pieces[0][: len(pieces[0]) // 2]
                return Outcome(((delay, half),) if half else (), True)
            if fault.kind is FaultKind.REPEATED:
                pieces *= 2
            elif fault.kind is FaultKind.LATE:
                delay += self._random.uniform(*fault.delay)
            elif fault.kind is FaultKind.REORDERED:
                delay = -max(_REORDER, fault.delay[1])
            elif fault.kind is FaultKind.CORRUPTED:
                pieces[0] = self._corrupted(pieces[0])
            else:
                pieces[0] = pieces[0][: self._random.randrange(max(1, len(pieces[0])))]
        return Outcome(tuple((delay, piece) for piece in pieces))

    def _corrupted(self, octets: bytes) -> bytes:
        if not octets:
            return octets
        changed = bytearray(octets)
        place = self._random.randrange(len(changed))
        if self._random.random() < 0.5:
            changed[place] ^= 1 << self._random.randrange(8)
        else:
            end = min(len(changed), place + 4)
            changed[place:end] = bytes(octet ^ 0xFF for octet in changed[place:end])
        return bytes(changed)

    # -- APDUs -----------------------------------------------------------------------------------

    def message(self, apdu: bytes, direction: Direction) -> tuple[float, bytes]:
        """
        @return: seconds to wait, and the APDU that is sent in its place.
        """
        delay, ciphered = 0.0, apdu[:1] != b"" and apdu[0] in CIPHERED_TAGS
        block = block_number(apdu)
        kinds = {FaultKind.TOO_LONG}
        if ciphered:
            kinds |= {FaultKind.FORGED_TAG, FaultKind.REPEATED_COUNTER}
        if block is not None:
            kinds |= {FaultKind.WRONG_BLOCK, FaultKind.SLOW_BLOCKS}
        sent = apdu
        for fault in self._hits(frozenset(kinds), direction):
            if fault.kind is FaultKind.SLOW_BLOCKS:
                delay += self._random.uniform(*fault.delay)
            elif fault.kind is FaultKind.FORGED_TAG:
                sent = _forged(sent)
            elif fault.kind is FaultKind.REPEATED_COUNTER:
                sent = self._last_ciphered or sent
            elif fault.kind is FaultKind.WRONG_BLOCK and block is not None:
                sent = _renumbered(sent, *block)
            else:
                sent = sent.ljust(fault.octets, b"\0")
        if ciphered:
            self._last_ciphered = apdu
        return delay, sent

    # -- the meter -------------------------------------------------------------------------------

    def begin(self, act: Callable[[Fault], None]) -> None:
        """
        Let the meter's own faults happen, those that a time is said for.

        @param act: Does to the meter what the fault says.
        """
        self._act = act
        for live in self._live:
            self._schedule(live.fault)

    def stop(self) -> None:
        """
        Let nothing more happen by itself.
        """
        self._act = None
        self._cancel()

    def asked(self) -> None:
        """
        The meter got a request: what happens to it after so many of them happens.
        """
        for live in self._live if self._act is not None else ():
            fault = live.fault
            if fault.kind in METER_FAULTS and _counts_requests(fault):
                live.seen += 1
                if self._holds(live, self.clock.seconds() - self._began):
                    live.happened += 1
                    self._happen(fault)

    def _happen(self, fault: Fault) -> None:
        self.happened[fault.kind] += 1
        if self._act is not None:
            self._act(fault)

    def _schedule(self, fault: Fault) -> None:
        if fault.kind in METER_FAULTS and not _counts_requests(fault):
            left = self._began + fault.at - self.clock.seconds()
            self._again(max(0.0, left), fault, 1)

    def later(self, seconds: float, act: Callable[[], None]) -> None:
        """
        Call C{act} after a time, unless L{stop} or L{clear} is called before.
        """

        def due() -> None:
            self._calls.discard(call)
            act()

        call = self.clock.callLater(seconds, due)
        self._calls.add(call)

    def _again(self, seconds: float, fault: Fault, number: int) -> None:
        def due() -> None:
            if fault.period and not (fault.count and number >= fault.count):
                self._again(fault.period, fault, number + 1)
            self._happen(fault)

        self.later(seconds, due)

    def _cancel(self) -> None:
        calls, self._calls = self._calls, set()
        for call in calls:
            call.cancel()


def _counts_requests(fault: Fault) -> bool:
    return bool(fault.after or fault.every > 1 or fault.share < 1)


def _forged(apdu: bytes) -> bytes:
    # The tag where there is one, else the last octet of the ciphertext.
    try:
        mac = parse_envelope(apdu).mac
    except DecodeError:
        mac = b""
    start = len(apdu) - (TAG_LENGTH if mac else 1)
    return apdu[:start] + bytes(octet ^ 0x5A for octet in apdu[start:])


def _renumbered(apdu: bytes, offset: int, size: int) -> bytes:
    number = int.from_bytes(apdu[offset : offset + size], "big") + 7
    wrong = (number & (1 << 8 * size) - 1).to_bytes(size, "big")
    return apdu[:offset] + wrong + apdu[offset + size :]
