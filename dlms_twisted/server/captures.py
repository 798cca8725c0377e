"""
When a profile captures by itself: each so many seconds, each so many days, or each month.

Times are those of the meter's clock.  A period of whole days begins at midnight, as the clock shows it, and a month on
its first day; every shorter period is counted from 1970 UTC, so that quarters of an hour lie on the quarters.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

__all__ = ["Captures"]

_DAY: Final = 86_400
_EPOCH: Final = datetime(1970, 1, 1)
#: The first time that is asked for.
_BEGIN: Final = datetime(2000, 1, 1, tzinfo=UTC).timestamp()

Local = Callable[[float], datetime]
Utc = Callable[[datetime], float]


class Captures(NamedTuple):
    """
    The times at which a profile captures.

    @ivar period: Seconds; 0 for none.
    @ivar monthly: At the beginning of each month, whatever the period is.
    @ivar local: Seconds since 1970 to what the clock shows.
    @ivar utc: The reverse.
    """

    period: int
    monthly: bool
    local: Local
    utc: Utc

    @property
    def any(self) -> bool:
        """
        Does it capture by itself?
        """
        return self.monthly or self.period > 0

    def until(self, end: float, since: float, most: int) -> list[float]:
        """
        @param end: Seconds since 1970 UTC, included.
        @param since: Only times after this.
        @param most: How many at most: the last ones.

        @return: the times, the earliest first.
        """
        since = max(since, _BEGIN)
        if not self.any or end <= since or most < 1:
            return []
        number = self._number(end)
        while self._time(number) > end:
            number -= 1
        first = number - most + 1
        if not self.monthly and self.period % _DAY:
            first = max(first, int(since // self.period) + 1)
            return [float(one * self.period) for one in range(first, number + 1)]
        found = []
        while number >= first:
            at = self._time(number)
            if at <= since:
                break
            found.append(at)
            number -= 1
        return found[::-1]

    def after(self, now: float) -> float | None:
        """
        @return: the first time after C{now}.
        """
        if not self.any:
            return None
        number = self._number(now) - 1
        while self._time(number) <= now:
            number += 1
        return self._time(number)

    def _number(self, seconds: float) -> int:
        """
        @return: the number of the last capture before or at a time, or one more.
        """
        if self.monthly:
            shown = self.local(seconds)
            return shown.year * 12 + shown.month - 1
        if self.period % _DAY:
            return int(seconds // self.period)
        days = (self.local(seconds) - _EPOCH).days
        return days // (self.period // _DAY)

    def _time(self, number: int) -> float:
        if self.monthly:
            return self.utc(datetime(number // 12, number % 12 + 1, 1))
        if self.period % _DAY:
            return float(number * self.period)
        return self.utc(_EPOCH + timedelta(days=number * (self.period // _DAY)))
