"""
The five leading fields of general-ciphering and general-signing: who sends what to whom.
"""

from __future__ import annotations

from typing import NamedTuple

from dlms_twisted.codec.limits import DEFAULT_LIMITS, Limits
from dlms_twisted.codec.reader import Reader
from dlms_twisted.codec.writer import encode_length

__all__ = ["Fields", "read_fields"]


class Fields(NamedTuple):
    """
    Where a layer comes from and goes to (04, section 3).

    @ivar transaction_id: Chosen by the originator of a request, and given back in the answer.
    @ivar originator: System title of who applied the layer.
    @ivar recipient: System title of who is to remove it.
    @ivar date_time: 12 octets, or empty.
    @ivar other_information: Anything.
    """

    transaction_id: bytes = b""
    originator: bytes = b""
    recipient: bytes = b""
    date_time: bytes = b""
    other_information: bytes = b""

    def encode(self) -> bytes:
        """
        @return: each with its length: M of the additional data (04, section 4).
        """
        return b"".join(encode_length(len(one)) + one for one in self)

    def answered(self) -> Fields:
        """
        @return: the fields of the answer: the same transaction, the other way.
        """
        return Fields(self.transaction_id, self.recipient, self.originator)


def read_fields(octets: bytes, offset: int = 0, limits: Limits = DEFAULT_LIMITS) -> Fields:
    """
    @param offset: Where the first field's length stands.

    @raise DecodeError: truncated.
    """
    reader = Reader(octets, offset, limits=limits)
    return Fields(
        reader.octets("transaction_id"),
        reader.octets("originator_system_title"),
        reader.octets("recipient_system_title"),
        reader.octets("date_time"),
        reader.octets("other_information"),
    )
