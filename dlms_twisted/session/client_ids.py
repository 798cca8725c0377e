"""
Invoke-ids: which are in use, and which may still be answered though nobody waits any more.

An id is not used again before its answer has come, or so long after that it cannot come any more: so a late answer is
never taken for another request's.
"""

from __future__ import annotations

from collections.abc import Collection

from dlms_twisted.errors import LinkError

__all__ = ["InvokeIds", "Stale"]


class Stale:
    """
    A request that was given up before it was answered.

    @ivar serial: Its place in the order of all requests.
    @ivar copies: How many answers may still come.
    @ivar since: When it was given up.
    """

    __slots__ = ("copies", "serial", "since")

    def __init__(self, serial: int, copies: int, since: float) -> None:
        self.serial = serial
        self.copies = copies
        self.since = since


class InvokeIds:
    """
    The invoke-ids of one association, of one length.
    """

    def __init__(self, highest: int, patience: float) -> None:
        """
        @param highest: They run from 1 to this, and from 1 again.
        @param patience: How long an answer may still come after its request was given up, in seconds.
        """
        self._highest = highest
        self._patience = patience
        self._last = 0
        self._stale: dict[int, Stale] = {}

    def next(self, used: Collection[int], now: float) -> int:
        """
        @param used: Those that are waited for.

        @raise LinkError: every other one may still be answered: only a new association helps.
        """
        for _ in range(min(self._highest, len(used) + len(self._stale) + 1)):
            self._last = self._last % self._highest + 1
            stale = self._stale.get(self._last)
            if stale is not None and now - stale.since >= self._patience:
                del self._stale[self._last]
                stale = None
            if stale is None and self._last not in used:
                return self._last
        raise LinkError("exhausted", "too many requests were never answered")

    def give_up(self, number: int, stale: Stale) -> None:
        """
        Nobody waits for this answer any more, but it may come.
        """
        if len(self._stale) >= 256:
            # Only of the long ids are there so many; the oldest is long gone.
            del self._stale[next(iter(self._stale))]
        self._stale[number] = stale

    def answered(self, number: int) -> None:
        """
        An answer has come that nobody waits for.
        """
        stale = self._stale.get(number)
        if stale is not None:
            stale.copies -= 1
            if stale.copies <= 0:
                del self._stale[number]

    def refused_before(self, serial: int) -> bool:
        """
        A refusal has come that does not say whose it is.  Meters answer in order, so that it is for the oldest.

        @param serial: Of the oldest request that is waited for.

        @return: whether it is for one that was given up, which is answered by that.
        """
        for number, stale in self._stale.items():
            if stale.serial < serial:
                self.answered(number)
                return True
        return False

    def forget(self) -> None:
        """
        The link is gone: nothing can come any more.
        """
        self._stale.clear()
