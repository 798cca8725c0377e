"""
The replay windows of all meters: those in use in memory, the others in the state.

A window in memory runs ahead of what is committed.  What is written to the state never does: the state of a window is
taken when a batch is handed over (it then includes just the records handed over so far) and is written after that
batch.  So a crash forgets no committed counter, and refuses none that was not committed.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Final

from dlms_twisted.security.keys import ReplayMode
from dlms_twisted.security.window import ReplayWindow

__all__ = ["GuardedWindow", "Key", "WindowTable"]

#: System title (empty for none) and key epoch.
Key = tuple[bytes, str]

#: Keys that are sorted at once: a few milliseconds.
_RUN: Final = 8192
_NOTHING: Final[frozenset[int]] = frozenset()


class GuardedWindow(ReplayWindow):
    """
    A window that refuses some counters besides those it has seen: those of messages that were decoded later, out of
    the quarantine.  They do not move it.
    """

    __slots__ = ("refused",)

    refused: frozenset[int]

    @classmethod
    def from_state(cls, state: bytes) -> GuardedWindow:
        """
        @raise StoreError: these octets are no state of a window.
        """
        plain = ReplayWindow.from_state(state)
        window = cls(plain.size, plain.mode)
        window.highest = plain.highest
        window._bits = plain._bits
        window.refused = frozenset()
        return window

    def check(self, counter: int) -> bool:
        """
        May this counter be accepted?  Changes nothing.
        """
        return super().check(counter) and counter not in self.refused


class WindowTable:
    """
    Windows by title and epoch, loaded when they are wanted and bounded in number.

    Only windows that the state has as they are can be dropped from memory.  Take a window, judge, accept and append
    in one turn of the reactor; keep none across turns.
    """

    def __init__(
        self,
        load: Callable[[bytes, str], bytes | None],
        refused: Callable[[bytes, str, int], frozenset[int]],
        limit: int,
    ) -> None:
        """
        @param load: Gives the stored state of a window.
        @param refused: Gives counters above the third argument that were decoded out of the quarantine.
        @param limit: Windows in memory, unless more than these are not yet written.
        """
        self._load = load
        self._refused = refused
        self._half = max(1, limit // 2)
        self._young: dict[Key, ReplayWindow] = {}
        self._old: dict[Key, ReplayWindow] = {}
        #: Moved since their state was last taken.
        self._dirty: set[Key] = set()
        #: Taken, and on their way to the disk.
        self._writing: set[Key] = set()
        self._unsorted: list[Key] = []
        self._runs: list[list[Key]] = []
        self._sorted: Iterator[Key] | None = None
        #: Counters that are being accepted out of the quarantine.
        self._reserved: dict[Key, set[int]] = {}

    def __len__(self) -> int:
        return len(self._young) + len(self._old)

    @property
    def dirty(self) -> int:
        """
        How many windows have moved since their state was last taken.
        """
        return len(self._dirty)

    def get(
        self, title: bytes | None, epoch: str, mode: ReplayMode = ReplayMode.WINDOW
    ) -> ReplayWindow:
        """
        @param mode: How counters are judged now.

        @return: the window, empty if nothing was ever accepted.

        @raise StoreError: its stored state is damaged.
        """
        key = (title or b"", epoch)
        window = self._young.get(key)
        if window is None:
            window = self._young[key] = self._find(key)
        if window.mode is not mode:
            window.mode = mode
        return window

    def touch(self, title: bytes | None, epoch: str) -> None:
        """
        Say that the window has moved, and that the record for which it did is appended.
        """
        self._dirty.add((title or b"", epoch))

    def begin_round(self) -> None:
        """
        Begin to write all windows that have moved so far; in order of their titles, because neighbours share pages.
        """
        self._unsorted = list(self._dirty)
        self._runs = []
        self._sorted = None

    @property
    def in_round(self) -> bool:
        """
        Is there more to L{take} in this round?
        """
        return bool(self._unsorted) or bool(self._runs) or self._sorted is not None

    def take(self, count: int) -> list[tuple[bytes, str, bytes]]:
        """
        @param count: At most so many; may be none while the round is being sorted.

        @return: title, epoch and state of the next windows of the round.  Say L{written} when they are.
        """
        if self._unsorted:
            self._runs.append(sorted(self._unsorted[-_RUN:]))
            del self._unsorted[-_RUN:]
            if self._unsorted:
                return []
        if self._sorted is None:
            self._sorted = heapq.merge(*self._runs)
            self._runs = []
        taken = [self._state(key) for key in islice(self._sorted, count)]
        if len(taken) < count:
            self._sorted = None
        return taken

    def written(self, keys: Iterable[tuple[bytes, str, bytes]]) -> None:
        """
        What L{take} gave is committed.
        """
        self._writing.difference_update((title, epoch) for title, epoch, _ in keys)

    def trim(self) -> None:
        """
        Drop windows from memory that were not asked for lately, if there are too many; never one that has moved
        since it was written.
        """
        if len(self._young) < self._half:
            return
        kept = {
            key: window
            for key, window in self._old.items()
            if (key in self._dirty or key in self._writing) and key not in self._young
        }
        self._old = self._young
        self._young = kept

    def reserve(self, counters: Iterable[tuple[Key, int]]) -> None:
        """
        Refuse these counters until L{settle}: they are being accepted out of the quarantine.
        """
        keys = set()
        for key, counter in counters:
            self._reserved.setdefault(key, set()).add(counter)
            keys.add(key)
        self._guard(keys)

    def settle(self, keys: Iterable[Key]) -> None:
        """
        Ask again which counters of these windows were decoded out of the quarantine; none is reserved any more.
        """
        keys = list(keys)
        for key in keys:
            self._reserved.pop(key, None)
        self._guard(keys)

    def _guard(self, keys: Iterable[Key]) -> None:
        for key in keys:
            for windows in (self._young, self._old):
                if key in windows:
                    windows[key] = self._guarded(key, windows[key])

    def _find(self, key: Key) -> ReplayWindow:
        window = self._old.pop(key, None)
        if window is not None:
            return window
        state = self._load(*key)
        window = ReplayWindow() if state is None else ReplayWindow.from_state(state)
        return self._guarded(key, window)

    def _guarded(self, key: Key, window: ReplayWindow) -> ReplayWindow:
        refused = self._refused(*key, max(-1, window.highest - window.size))
        refused |= self._reserved.get(key, _NOTHING)
        if not refused and not isinstance(window, GuardedWindow):
            return window
        guarded = GuardedWindow.from_state(window.to_state())
        guarded.refused = refused
        return guarded

    def _state(self, key: Key) -> tuple[bytes, str, bytes]:
        window = self._young.get(key) or self._old[key]
        self._dirty.discard(key)
        self._writing.add(key)
        return (*key, window.to_state())
