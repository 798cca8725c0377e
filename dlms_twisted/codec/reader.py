"""
Octets to values, one field after the other.
"""

from __future__ import annotations

from dlms_twisted.codec.cursor import Cursor
from dlms_twisted.codec.data import Data, take_data

__all__ = ["Reader"]


class Reader(Cursor):
    """
    A L{Cursor} that also takes elements of Data: what every APDU is read with.
    """

    __slots__ = ()

    def data(self, field: str = "") -> Data:
        """
        Take one element of Data.

        @raise DecodeError: the octets are no such element.
        """
        data, self.offset = take_data(self.buffer, self.offset, self.limits)
        return data
