"""
The place in a buffer: the only code that can run out of octets.
"""

from __future__ import annotations

from dlms_twisted.codec.limits import DEFAULT_LIMITS, Limits
from dlms_twisted.errors import DecodeError

__all__ = ["Cursor"]


class Cursor:
    """
    Takes octets from the front of an immutable buffer; never copies the rest.

    The C{field} of each method says what is taken, for those who explain octets; it changes nothing.

    @ivar offset: Where the next octet is taken, from the start of the buffer.
    @ivar end: Where the octets end that may be taken.
    @ivar buffer: All octets up to the end.
    @ivar limits: The bounds that are kept.
    """

    __slots__ = ("buffer", "end", "limits", "offset")

    def __init__(
        self,
        data: bytes,
        offset: int = 0,
        end: int | None = None,
        limits: Limits = DEFAULT_LIMITS,
    ) -> None:
        """
        @param data: The buffer.
        @param offset: Where to begin.
        @param end: Where to stop; C{None} is the end of the buffer.

        @raise DecodeError: the buffer is longer than the limits allow.
        """
        if end is not None and end < len(data):
            data = data[:end]
        self.buffer = data
        self.offset = offset
        self.end = len(data)
        self.limits = limits
        if self.end - offset > limits.octets:
            raise DecodeError(f"at most {limits.octets} octets wanted", offset)

    @property
    def remaining(self) -> int:
        """
        How many octets are left.
        """
        return self.end - self.offset

    def take(self, count: int, field: str = "") -> bytes:
        """
        Take C{count} octets.

        @raise DecodeError: fewer are left.
        """
        start = self.offset
        end = start + count
        if end > self.end:
            raise DecodeError(_wanted(count, field), start)
        self.offset = end
        return self.buffer[start:end]

    def octet(self, field: str = "") -> int:
        """
        Take one octet.

        @raise DecodeError: none is left.
        """
        offset = self.offset
        if offset >= self.end:
            raise DecodeError(_wanted(1, field), offset)
        self.offset = offset + 1
        return self.buffer[offset]

    def unsigned(self, width: int, field: str = "") -> int:
        """
        Take a big-endian unsigned integer of C{width} octets.

        @raise DecodeError: fewer are left.
        """
        return int.from_bytes(self.take(width, field), "big")

    def signed(self, width: int, field: str = "") -> int:
        """
        Take a big-endian integer of C{width} octets in two's complement.

        @raise DecodeError: fewer are left.
        """
        return int.from_bytes(self.take(width, field), "big", signed=True)

    def length(self, field: str = "") -> int:
        """
        Take a length or count: one octet below 80, or 81 to 84 and as many octets (IEC 61334-6).  Longer forms
        than necessary are accepted.

        @raise DecodeError: no such length, or truncated.
        """
        start = self.offset
        first = self.octet(field)
        if first < 0x80:
            return first
        if not 0x81 <= first <= 0x84:
            raise DecodeError(f"{field or 'length'}: a length of at most 4 octets wanted", start)
        end = start + 1 + (first & 0x7F)
        if end > self.end:
            raise DecodeError(_wanted(first & 0x7F, field), start + 1)
        self.offset = end
        return int.from_bytes(self.buffer[start + 1 : end], "big")

    def octets(self, field: str = "") -> bytes:
        """
        Take a length and as many octets.

        @raise DecodeError: no such length, or fewer octets are left.
        """
        return self.take(self.length(field), field)

    def optional(self, field: str = "") -> bool:
        """
        Take the presence octet of an OPTIONAL component: 00 is absent, all others present.

        @raise DecodeError: no octet is left.
        """
        return self.octet(field) != 0

    def peek(self) -> int | None:
        """
        @return: the next octet, which stays; C{None} at the end.
        """
        return self.buffer[self.offset] if self.offset < self.end else None

    def rest(self, field: str = "") -> bytes:
        """
        Take all that is left, which may be nothing.
        """
        return self.take(self.end - self.offset, field)

    def finish(self) -> None:
        """
        @raise DecodeError: octets are left over.
        """
        if self.offset != self.end:
            raise DecodeError("end of the octets wanted", self.offset)

    def mark(self) -> tuple[int, ...]:
        """
        @return: the place, for L{back}.
        """
        return (self.offset, self.end)

    def back(self, mark: tuple[int, ...]) -> None:
        """
        Go back to a place that L{mark} gave, because the octets must be read in another way.
        """
        self.offset, self.end = mark[:2]

    def enter(self, name: str) -> None:
        """
        What follows, up to L{leave}, belongs together.  Nothing happens here.
        """

    def leave(self) -> None:
        """
        End what L{enter} began.
        """

    def explain(self, value: object) -> None:
        """
        Say what the field that was taken last means.  Nothing happens here.
        """


def _wanted(count: int, field: str) -> str:
    octets = "1 octet" if count == 1 else f"{count} octets"
    return f"{field}: {octets} wanted" if field else f"{octets} wanted"
