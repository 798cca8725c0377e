"""
The forms in which meters want a time: what one refused is not tried again.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from dlms_twisted.client.manners import Manners
from dlms_twisted.cosem.selection import RangeStyle
from dlms_twisted.errors import AccessRefusedError

__all__ = ["STYLES", "TimeStyles", "is_final"]

T = TypeVar("T")

#: The usual first: with deviation and status, without one or both, and as the type date-time.
STYLES: Final[tuple[RangeStyle, ...]] = (
    RangeStyle(),
    RangeStyle(status=0xFF),
    RangeStyle(deviation=False),
    RangeStyle(deviation=False, status=0xFF),
    RangeStyle(typed=True),
)
#: read-write-denied, object-undefined, object-class-inconsistent, object-unavailable, scope-of-access-violated.
_FINAL: Final = frozenset({3, 4, 9, 11, 13})


def is_final(error: AccessRefusedError) -> bool:
    """
    @return: whether saying it in another way changes nothing.
    """
    return error.code in _FINAL


class TimeStyles:
    """
    The styles that one meter may take, the likeliest first.
    """

    def __init__(self, manners: Manners, purpose: str) -> None:
        """
        @param manners: Where it is remembered what the meter refused.
        @param purpose: C{clock} or C{range}: meters may want different forms.
        """
        self._manners = manners
        self._purpose = purpose

    async def first_taken(self, do: Callable[[RangeStyle], Awaitable[T]]) -> T:
        """
        @param do: Called with one style after the other, until the meter does not refuse.

        @raise AccessRefusedError: it refuses all.
        """
        refused: AccessRefusedError | None = None
        begin = self._manners.times.get(self._purpose, 0)
        for number, style in enumerate(STYLES[begin:], begin):
            try:
                done = await do(style)
            except AccessRefusedError as error:
                refused = refused or error
                if is_final(error):
                    break
            else:
                self._manners.times[self._purpose] = number
                return done
        assert refused is not None
        raise refused
