"""
Cutting and joining: what all block transfers have in common.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from attrs import field, frozen
from attrs.validators import ge

from dlms_twisted.apdu.base import Apdu
from dlms_twisted.errors import BlockTransferError, LocalProtocolError, Reason

__all__ = ["DEFAULT_BLOCK_LIMITS", "BlockLimits", "Joiner", "Received", "Send", "Slices", "room"]


@frozen(kw_only=True)
class BlockLimits:
    """
    How much one transfer may bring us.

    @ivar octets: The longest message that is put together, in octets.
    @ivar blocks: The most blocks that it may come in.
    """

    octets: int = field(default=4 << 20, validator=ge(1))
    blocks: int = field(default=65_535, validator=ge(1))


#: What is used where nothing else is said: 4 MiB in 65 535 blocks.
DEFAULT_BLOCK_LIMITS: Final = BlockLimits()


class Send(NamedTuple):
    """
    Send this APDU to the peer.
    """

    apdu: Apdu


class Received(NamedTuple):
    """
    This APDU has come from the peer, whole, as if it had never been in blocks.
    """

    apdu: Apdu


def room(max_pdu: int, header: int) -> int:
    """
    How many octets an octet string may have so that its APDU is not longer than allowed.

    @param max_pdu: The longest APDU allowed, in octets.
    @param header: The octets of the APDU without the octet string and its length.

    @return: 0 or less when there is no room at all.
    """
    for length, highest in ((1, 0x7F), (2, 0xFF), (3, 0xFFFF), (4, 0xFFFFFF)):
        left = max_pdu - header - length
        if left <= highest:
            return left
    return max_pdu - header - 5


class Slices:
    """
    A message, cut into slices from its front to its end.

    @ivar number: Of the slice that was taken last, from 1; 0 before the first.
    """

    __slots__ = ("_offset", "_raw", "number")

    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        self._offset = 0
        self.number = 0

    @property
    def finished(self) -> bool:
        """
        Has all been taken?
        """
        return self._offset >= len(self._raw)

    def take(self, size: int) -> bytes:
        """
        @param size: The most octets that the slice may have.

        @raise LocalProtocolError: C{size} leaves no room for a single octet.
        """
        if size < 1:
            raise LocalProtocolError("the longest PDU that the peer takes has no room for a block")
        start = self._offset
        self._offset = start + size
        self.number += 1
        return self._raw[start : start + size]


class Joiner:
    """
    The blocks of one message, put together in their order.

    @ivar number: Of the block that came last, from 1; 0 before the first.
    """

    __slots__ = ("_limits", "_raw", "number")

    def __init__(self, limits: BlockLimits) -> None:
        self._limits = limits
        self._raw = bytearray()
        self.number = 0

    def add(self, raw: bytes) -> None:
        """
        @raise BlockTransferError: too many blocks, or too many octets.
        """
        if self.number >= self._limits.blocks:
            raise BlockTransferError(Reason.LIMIT, f"more than {self._limits.blocks} blocks")
        if len(self._raw) + len(raw) > self._limits.octets:
            raise BlockTransferError(Reason.LIMIT, f"more than {self._limits.octets} octets")
        self.number += 1
        self._raw += raw

    def getvalue(self) -> bytes:
        """
        @return: all octets so far.
        """
        return bytes(self._raw)
