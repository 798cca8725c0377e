"""
General block transfer: slices of an APDU that is longer than the receiver takes.

Source: IEC 62056-5-3, General-Block-Transfer.
"""

from __future__ import annotations

from typing import ClassVar, NamedTuple, Self

from dlms_twisted.apdu.base import Apdu
from dlms_twisted.apdu.kinds import OCTETS, U8, U16
from dlms_twisted.errors import EncodeError

__all__ = ["GeneralBlockTransfer"]

_LAST = 0x80
_STREAMING = 0x40
_WINDOW = 0x3F


class _Fields(NamedTuple):
    block_control: U8
    block_number: U16
    block_number_ack: U16
    block_data: OCTETS


class GeneralBlockTransfer(_Fields, Apdu):
    """
    One block.

    @ivar block_control: L{last_block}, L{streaming} and L{window} in one octet.
    @ivar block_number: Counts this direction's blocks, from 1.
    @ivar block_number_ack: The peer's highest block that came without a gap, 0 for none.
    @ivar block_data: The slice; empty when the block only acknowledges.
    """

    __slots__ = ()

    TAG: ClassVar[int] = 0xE0
    NAME: ClassVar[str] = "general-block-transfer"

    @property
    def last_block(self) -> bool:
        """
        Is this the last block of the sender's APDU?
        """
        return self.block_control & _LAST != 0

    @property
    def streaming(self) -> bool:
        """
        Do more blocks follow without waiting for an acknowledgement?
        """
        return self.block_control & _STREAMING != 0

    @property
    def window(self) -> int:
        """
        How many blocks the sender of this one takes in one go, 0 to 63; 0 means that nobody acknowledges.
        """
        return self.block_control & _WINDOW

    @classmethod
    def make(
        cls,
        block_number: int,
        block_data: bytes,
        *,
        last_block: bool,
        streaming: bool = False,
        window: int = 0,
        block_number_ack: int = 0,
    ) -> Self:
        """
        @param window: 0 to 63.

        @raise EncodeError: C{window} is out of range.
        """
        if not 0 <= window <= _WINDOW:
            raise EncodeError("window: 0 to 63 wanted")
        control = (_LAST if last_block else 0) | (_STREAMING if streaming else 0) | window
        return cls(control, block_number, block_number_ack, block_data)
