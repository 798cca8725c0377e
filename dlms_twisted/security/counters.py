"""
Transmit counters: their arithmetic, without the disk.

A counter that went out with a key must never go out with it again, or the cipher is broken.  So counters are taken
only from a block whose end was written down before (architecture, invariant 5); a crash skips the rest of the block.
"""

from __future__ import annotations

from typing import Final

from dlms_twisted.errors import CounterExhaustedError, LocalProtocolError
from dlms_twisted.security.keys import key_epoch
from dlms_twisted.security.window import COUNTER_MAX

__all__ = ["WARN_AT", "CounterExhaustedError", "TransmitCounter", "TransmitCounters"]

#: From here on a key should be replaced: three quarters of all counters are used.
WARN_AT: Final = 0xC0000000


class TransmitCounter:
    """
    The counter of what we send under one key.

    @ivar next: The counter that the next message takes.
    @ivar reserved: The first counter that is not written down as used; taking stops there.
    @ivar block: How many are reserved at a time.
    """

    __slots__ = ("block", "next", "reserved")

    def __init__(self, start: int = 0, *, reserved: int | None = None, block: int = 1024) -> None:
        """
        @param start: The first counter to use; after a restart, the end of the last block that was written down.

        @param reserved: The end of what is written down already, by default C{start}: nothing.

        @param block: 1 or more.

        @raise ValueError: one of them is out of range.
        """
        if not 0 <= start <= COUNTER_MAX + 1 or block < 1:
            raise ValueError("counters have 32 bits, and a block at least one")
        self.next = start
        self.reserved = start if reserved is None else reserved
        self.block = block

    @property
    def available(self) -> int:
        """
        @return: how many can be taken before another block must be reserved.
        """
        return max(0, min(self.reserved, COUNTER_MAX + 1) - self.next)

    @property
    def is_running_out(self) -> bool:
        """
        Should the key be replaced soon?  True long before the last counter (see L{WARN_AT}).
        """
        return self.next >= WARN_AT

    @property
    def is_exhausted(self) -> bool:
        """
        Is there no counter left?  Only a new key helps.
        """
        return self.next > COUNTER_MAX

    def wanted(self) -> int | None:
        """
        What to write down next.

        @return: the new value of L{reserved}, when less than half a block is left, else C{None}.
        """
        if 2 * self.available >= self.block or self.reserved > COUNTER_MAX:
            return None
        return min(max(self.reserved, self.next) + self.block, COUNTER_MAX + 1)

    def reserve(self, end: int) -> None:
        """
        C{end} was written down: counters below it may be taken.

        @raise LocalProtocolError: it lies before what was reserved already.
        """
        if end < self.reserved:
            raise LocalProtocolError("transmit counters never go back")
        self.reserved = end

    def take(self) -> int:
        """
        @return: a counter that was never given before.

        @raise CounterExhaustedError: none is left under this key.

        @raise LocalProtocolError: the block is used up and no other was reserved.
        """
        taken = self.next
        if taken > COUNTER_MAX:
            raise CounterExhaustedError("the invocation counters of this key are used up")
        if taken >= self.reserved:
            raise LocalProtocolError("no transmit counter is reserved")
        self.next = taken + 1
        return taken

    def advance(self, least: int) -> None:
        """
        Skip counters, because the receiver says that it wants C{least} or more: the frame counter object was read,
        or an exception-response said C{invocation-counter-error}.  What lies behind L{next} changes nothing.

        @raise LocalProtocolError: there is no such counter.
        """
        if not 0 <= least <= COUNTER_MAX:
            raise LocalProtocolError("an invocation counter has 32 bits")
        self.next = max(self.next, least)

    def __repr__(self) -> str:
        return f"<TransmitCounter next={self.next} reserved={self.reserved}>"


class TransmitCounters:
    """
    The counters of one sender, one for each key: a key that is new starts at 0.

    For keys that live no longer than an association (dedicated, agreed) nothing is written down, and the counter is
    as mortal as the key.
    """

    __slots__ = ("_counters",)

    def __init__(self) -> None:
        self._counters: dict[str, TransmitCounter] = {}

    def __len__(self) -> int:
        return len(self._counters)

    def of(self, key: bytes) -> TransmitCounter:
        """
        @return: the counter of this key, whose block was given to L{put}.

        @raise LocalProtocolError: it was neither put nor begun: a key that may have been used before must not start
            at 0.
        """
        try:
            return self._counters[key_epoch(key)]
        except KeyError:
            raise LocalProtocolError("no transmit counter for this key") from None

    def put(self, key: bytes, counter: TransmitCounter) -> None:
        """
        Use a counter that came from disk.

        @raise LocalProtocolError: the key has one that is further on.
        """
        known = self._counters.get(key_epoch(key))
        if known is not None and counter.next < known.next:
            raise LocalProtocolError("transmit counters never go back")
        self._counters[key_epoch(key)] = counter

    def begin(self, key: bytes) -> TransmitCounter:
        """
        @param key: One that was made a moment ago for this association or this message, and lives only in memory.

        @return: its counter, from 0.  The same key again goes on where it was.
        """
        counter = self._counters.get(key_epoch(key))
        if counter is None:
            counter = TransmitCounter(0, reserved=COUNTER_MAX + 1)
            self._counters[key_epoch(key)] = counter
        return counter

    def take(self, key: bytes, fresh: bool = False) -> int:
        """
        @param fresh: Was the key made a moment ago, and never used by anybody else?

        @return: a counter that was never used with this key.

        @raise LocalProtocolError: as L{of} and L{TransmitCounter.take}.
        """
        return (self.begin(key) if fresh else self.of(key)).take()

    def forget(self, key: bytes) -> None:
        """
        The association or the key is gone.
        """
        self._counters.pop(key_epoch(key), None)
