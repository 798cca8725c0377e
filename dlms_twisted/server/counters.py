"""
What a simulated meter counts: the invocation counters that it used, those of its clients, and what it refused.
"""

from __future__ import annotations

from typing import Final

from dlms_twisted.errors import LocalProtocolError
from dlms_twisted.security.keys import ReplayMode
from dlms_twisted.security.window import COUNTER_MAX, ReplayWindow

__all__ = ["Counters", "first_counter"]

_COUNTED_SINCE: Final = 1_767_225_600  # 2026-01-01 UTC
_A_SECOND: Final = 8
#: Clients whose counters are kept.
_MOST_WINDOWS: Final = 64


def first_counter(now: float) -> int:
    """
    @param now: Seconds since 1970.

    @return: where a meter begins that is told nothing: eight more for each second, so that a simulation that begins
        anew uses no counter twice.
    """
    return max(1, min(int(now - _COUNTED_SINCE) * _A_SECOND, COUNTER_MAX // 2))


class Counters:
    """
    Of one meter.  A key is named by its epoch (L{dlms_twisted.security.keys.key_epoch}).

    @ivar refusals: What security refused: how often, by reason.
    """

    __slots__ = ("_first", "_next", "_windows", "refusals")

    def __init__(self, first: int = 1) -> None:
        """
        @param first: The counter that each key begins with.
        """
        self.refusals: dict[str, int] = {}
        self._first = first
        self._next: dict[str, int] = {}
        self._windows: dict[tuple[bytes, str], ReplayWindow] = {}

    def take(self, epoch: str) -> int:
        """
        @return: the next counter of ours under a key, never the same twice.

        @raise LocalProtocolError: there are no more; a new key is wanted.
        """
        found = self._next.get(epoch, self._first)
        if found > COUNTER_MAX:
            raise LocalProtocolError("no invocation counter is left")
        self._next[epoch] = found + 1
        return found

    def begin_again(self) -> None:
        """
        Forget all counters, ours and those of clients.
        """
        self._next.clear()
        self._windows.clear()

    def window(self, title: bytes, epoch: str) -> ReplayWindow:
        """
        @return: the counters of a client under a key: each must be larger than the last.
        """
        found = self._windows.get((title, epoch))
        if found is None:
            if len(self._windows) >= _MOST_WINDOWS:
                # One that was only asked for is missed least.
                unused = (one for one, window in self._windows.items() if window.highest < 0)
                del self._windows[next(unused, next(iter(self._windows)))]
            found = self._windows[(title, epoch)] = ReplayWindow(1, ReplayMode.STRICT)
        return found

    def highest(self, epoch: str) -> int:
        """
        @return: the highest counter that any client used under a key; 0 if none did.
        """
        return max((0, *(one.highest for (_, of), one in self._windows.items() if of == epoch)))

    def refuse(self, reason: str) -> None:
        """
        Count a refusal.
        """
        self.refusals[reason] = self.refusals.get(reason, 0) + 1
