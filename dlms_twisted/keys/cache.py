"""
A bounded cache of keys that also remembers who has none.
"""

from __future__ import annotations

from collections.abc import Iterable

from dlms_twisted.keys.interfaces import MISS, Miss
from dlms_twisted.security.keys import MeterKeys

__all__ = ["KeyCache"]


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

    def __len__(self) -> int:
        """
        How many titles with keys are remembered.
        """
        return len({**self._old, **self.young})
