"""
A bounded cache of keys that also remembers who has none.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator

from dlms_twisted.keys.interfaces import MISS, Miss
from dlms_twisted.security.keys import MeterKeys

__all__ = ["Expiry", "KeyCache"]


class KeyCache:
    """
    Two generations: what was asked for lately is in the young one, which becomes the old one when it is full; what is
    only in the old one by then is forgotten.  So a hit costs one look-up and moves nothing.

    Titles without keys are remembered apart, so that made-up ones displace no keys.

    @ivar young: The keys of the young generation: look here first.
    """

    __slots__ = ("_absent", "_half", "_half_absent", "_old", "_old_absent", "young")

    def __init__(self, most: int = 100_000, most_absent: int = 20_000) -> None:
        """
        @param most: Titles with keys that are remembered, about 1 kB each.
        @param most_absent: Titles without.

        @raise ValueError: fewer than two of either.
        """
        if most < 2 or most_absent < 2:
            raise ValueError("a cache holds at least two")
        self._half = most // 2
        self._half_absent = most_absent // 2
        self.young: dict[bytes, MeterKeys] = {}
        self._old: dict[bytes, MeterKeys] = {}
        self._absent: dict[bytes, None] = {}
        self._old_absent: dict[bytes, None] = {}

    def get(self, title: bytes) -> MeterKeys | Miss | None:
        """
        @return: keys; C{None} for a title that has none; L{MISS} where that is not known.
        """
        keys = self.young.get(title)
        if keys is not None:
            return keys
        keys = self._old.get(title)
        if keys is not None:
            self.put(title, keys)
            return keys
        if title in self._absent or title in self._old_absent:
            return None
        return MISS

    def put(self, title: bytes, keys: MeterKeys | None) -> None:
        """
        Remember the keys of a title, or that it has none.
        """
        if keys is None:
            if len(self._absent) >= self._half_absent:
                self._old_absent, self._absent = self._absent, {}
            self._absent[title] = None
        else:
            if len(self.young) >= self._half and title not in self.young:
                self._old, self.young = self.young, {}
            self.young[title] = keys

    def forget(self, titles: Iterable[bytes]) -> None:
        """
        Remember nothing of these.
        """
        for title in titles:
            for generation in (self.young, self._old, self._absent, self._old_absent):
                generation.pop(title, None)

    def clear(self) -> None:
        """
        Remember nothing.
        """
        self.young, self._old, self._absent, self._old_absent = {}, {}, {}, {}

    def titles(self) -> Iterator[bytes]:
        """
        @return: the titles with keys that are remembered.
        """
        return iter({**self._old, **self.young})

    def __len__(self) -> int:
        """
        How many titles with keys are remembered.
        """
        return len({**self._old, **self.young})


class Expiry:
    """
    When each title's keys are too old; a bounded number of titles.
    """

    __slots__ = ("_due", "_heap", "_most")

    def __init__(self, most: int) -> None:
        """
        @param most: Titles that are watched; of more, the first to expire do so early.
        """
        self._most = most
        self._due: dict[bytes, float] = {}
        self._heap: list[tuple[float, bytes]] = []

    def set(self, title: bytes, when: float) -> None:
        """
        @param when: Seconds; takes the place of what was set before.
        """
        self._due[title] = when
        heapq.heappush(self._heap, (when, title))

    def expired(self, now: float) -> Iterator[bytes]:
        """
        @return: the titles whose time has come; they are watched no more.
        """
        while self._heap and (self._heap[0][0] <= now or len(self._heap) > self._most):
            when, title = heapq.heappop(self._heap)
            if self._due.get(title) == when:
                del self._due[title]
                yield title

    def clear(self) -> None:
        """
        Watch nothing.
        """
        self._due.clear()
        self._heap.clear()
