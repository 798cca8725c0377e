"""
What a meter was found to accept, and to refuse.
"""

from __future__ import annotations

from typing import Final

__all__ = ["Manners"]

#: The most items in one list; meters with small memories are many.
_MOST: Final = 32


class Manners:
    """
    What one meter does with lists, and with times.  Give it to the next association with the same meter
    (L{dlms_twisted.client.MeterSettings}), and nothing is tried twice.

    @ivar refused: Forms of list that it refuses: C{get}, C{set}, C{action}, C{access}, C{read}; and C{columns}, where
        it takes no choice of the columns of a profile.
    @ivar most: The most items that it takes, by form.
    @ivar times: How many forms of a time it refused before it took one, for the C{clock} and for a C{range} of a
        profile.
    """

    def __init__(self) -> None:
        self.refused: set[str] = set()
        self.most: dict[str, int] = {}
        self.times: dict[str, int] = {}

    def limit(self, form: str) -> int:
        """
        @return: how many items a list may have; 1 where there are no lists.
        """
        return 1 if form in self.refused else self.most.get(form, _MOST)

    def refuse(self, form: str) -> None:
        """
        It takes no list of this form.
        """
        self.refused.add(form)

    def halve(self, form: str, tried: int) -> None:
        """
        A list of so many items was too long.
        """
        self.most[form] = max(1, min(self.limit(form), tried // 2))

    def __repr__(self) -> str:
        return f"<Manners refused={sorted(self.refused)} most={self.most} times={self.times}>"
