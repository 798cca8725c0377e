"""
Values to octets, one field after the other.
"""

from __future__ import annotations

from dlms_twisted.codec.data import Data
from dlms_twisted.codec.length import encode_length
from dlms_twisted.errors import EncodeError

__all__ = ["Writer", "encode_length"]


class Writer:
    """
    Collects the octets of an APDU.
    """

    __slots__ = ("_buffer",)

    def __init__(self) -> None:
        self._buffer = bytearray()

    def octet(self, value: int) -> None:
        """
        Append one octet.

        @raise EncodeError: not 0 to 255.
        """
        if not 0 <= value <= 0xFF:
            raise EncodeError(f"0 to 255 wanted, not {value}")
        self._buffer.append(value)

    def unsigned(self, value: int, width: int) -> None:
        """
        Append a big-endian unsigned integer.

        @param width: In octets.

        @raise EncodeError: out of range.
        """
        try:
            self._buffer += value.to_bytes(width, "big")
        except OverflowError:
            high = (1 << 8 * width) - 1
            raise EncodeError(f"0 to {high} wanted, not {value}") from None

    def signed(self, value: int, width: int) -> None:
        """
        Append a big-endian integer in two's complement.

        @param width: In octets.

        @raise EncodeError: out of range.
        """
        try:
            self._buffer += value.to_bytes(width, "big", signed=True)
        except OverflowError:
            half = 1 << (8 * width - 1)
            raise EncodeError(f"{-half} to {half - 1} wanted, not {value}") from None

    def length(self, count: int) -> None:
        """
        Append a length or count in its shortest form.

        @raise EncodeError: negative, or more than 32 bits.
        """
        self._buffer += encode_length(count)

    def octets(self, value: bytes) -> None:
        """
        Append the length of C{value} and C{value}.
        """
        self._buffer += encode_length(len(value))
        self._buffer += value

    def raw(self, value: bytes) -> None:
        """
        Append C{value} as it is.
        """
        self._buffer += value

    def optional(self, present: bool) -> None:
        """
        Append the presence octet of an OPTIONAL component.
        """
        self._buffer.append(1 if present else 0)

    def data(self, data: Data) -> None:
        """
        Append one element of Data, as it is on the wire.
        """
        self._buffer += data.octets

    def getvalue(self) -> bytes:
        """
        @return: all octets so far.
        """
        return bytes(self._buffer)
