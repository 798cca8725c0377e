"""
The replay window: which invocation counters were accepted.

The order is the caller's duty (architecture, invariant 2): L{ReplayWindow.check}, then verify the tag, then
L{ReplayWindow.accept}.  A forged frame never reaches C{accept}, so it changes nothing, however far ahead its counter
claims to be.
"""

from __future__ import annotations

from typing import Final

from dlms_twisted.errors import StoreError
from dlms_twisted.security.keys import ReplayMode

__all__ = ["COUNTER_MAX", "ReplayWindow"]

#: The last invocation counter that exists (04, section 11).
COUNTER_MAX: Final = 0xFFFFFFFF

_VERSION: Final = 1
_MODES: Final = (ReplayMode.WINDOW, ReplayMode.STRICT, ReplayMode.OFF)
_HEADER: Final = 9


class ReplayWindow:
    """
    Remembers the counters accepted from one sender under one key.

    @ivar highest: The highest counter accepted, or -1 when there was none.
    @ivar size: How far behind L{highest} a counter may still come, in counters.
    @ivar mode: C{window} takes each counter of the last L{size} once, in any order; C{strict} only ever larger ones;
        C{off} takes all.
    """

    __slots__ = ("_bits", "_mask", "highest", "mode", "size")

    def __init__(self, size: int = 1024, mode: ReplayMode = ReplayMode.WINDOW) -> None:
        """
        @param size: 1 to 65535; one bit of memory each.

        @raise ValueError: the size is out of range.
        """
        if not 1 <= size <= 0xFFFF:
            raise ValueError("a window of 1 to 65535 counters is wanted")
        self.size = size
        self.mode = mode
        self.highest = -1
        # Bit n stands for the counter L{highest} - n.
        self._bits = 0
        self._mask = (1 << size) - 1

    def check(self, counter: int) -> bool:
        """
        May this counter be accepted?  Changes nothing.
        """
        behind = self.highest - counter
        if behind < 0:
            return counter <= COUNTER_MAX
        if self.mode is ReplayMode.WINDOW:
            return behind < self.size and counter >= 0 and not self._bits >> behind & 1
        return self.mode is ReplayMode.OFF and counter >= 0

    def accept(self, counter: int) -> None:
        """
        Remember a counter whose message was verified.  Accepting one twice is harmless, and so is one that lies
        behind the window.

        @raise ValueError: there is no such counter.
        """
        ahead = counter - self.highest
        if not 0 <= counter <= COUNTER_MAX:
            raise ValueError("an invocation counter has 32 bits")
        if ahead > 0:
            self._bits = (self._bits << ahead | 1) & self._mask if ahead < self.size else 1
            self.highest = counter
        elif -ahead < self.size:
            self._bits |= 1 << -ahead

    def to_state(self) -> bytes:
        """
        @return: nine octets (version and mode, size, highest + 1) and then the bits, as few octets as hold them.
        """
        bits = self._bits.to_bytes((self._bits.bit_length() + 7) // 8, "big")
        return b"".join(
            (
                bytes((_VERSION, _MODES.index(self.mode))),
                self.size.to_bytes(2, "big"),
                (self.highest + 1).to_bytes(5, "big"),
                bits,
            )
        )

    @classmethod
    def from_state(cls, state: bytes) -> ReplayWindow:
        """
        @raise StoreError: these octets are no state of a window.
        """
        if len(state) < _HEADER or state[0] != _VERSION or state[1] >= len(_MODES):
            raise StoreError("a replay window's state is damaged")
        size = int.from_bytes(state[2:4], "big")
        highest = int.from_bytes(state[4:_HEADER], "big") - 1
        bits = int.from_bytes(state[_HEADER:], "big")
        # The highest counter's own bit is set exactly when there is one, and no bit stands for a counter below 0.
        whole = bits >> size == 0 and bits >> (highest + 1) == 0 and bits & 1 == (highest >= 0)
        if size == 0 or highest > COUNTER_MAX or not whole:
            raise StoreError("a replay window's state is damaged")
        window = cls(size, _MODES[state[1]])
        window.highest = highest
        window._bits = bits
        return window

    def __repr__(self) -> str:
        return f"<ReplayWindow {self.mode} highest={self.highest} size={self.size}>"
