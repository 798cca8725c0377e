"""
The two directions of one general block transfer: the blocks we send, and the blocks that come.

Source: IEC 62056-5-3, general block transfer.
"""

from __future__ import annotations

from typing import Final

from dlms_twisted.apdu.block_transfer import GeneralBlockTransfer
from dlms_twisted.errors import BlockTransferError, LocalProtocolError, Reason
from dlms_twisted.session.block_parts import BlockLimits, room

__all__ = [
    "HEADER",
    "HIGHEST_BLOCK",
    "HIGHEST_WINDOW",
    "BlocksIn",
    "BlocksOut",
    "unconfirmed_blocks",
]

#: Block numbers have 16 bits.
HIGHEST_BLOCK: Final = 0xFFFF
#: Windows have 6 bits.
HIGHEST_WINDOW: Final = 63
#: Tag, block-control, block-number, block-number-ack.
HEADER: Final = 6


class BlocksOut:
    """
    The blocks that we send, numbered from 1: those that only acknowledge are empty, the others hold one APDU.

    @ivar sent: The highest number that was sent.
    @ivar acknowledged: The highest number up to which the peer has all.
    @ivar last: The number of the block with the end of the APDU; 0 while there is no APDU.
    """

    __slots__ = ("_apdu", "_base", "_size", "acknowledged", "last", "sent")

    def __init__(self) -> None:
        self._apdu = b""
        self._base = 0
        self._size = 1
        self.sent = 0
        self.acknowledged = 0
        self.last = 0

    def begin(self, apdu: bytes, size: int) -> None:
        """
        Give the blocks after those that were sent so far the octets of C{apdu}.

        @param size: The octets of one block.

        @raise LocalProtocolError: no octets, no room for one in a block, or more blocks than there are numbers.
        """
        if not apdu or size < 1:
            raise LocalProtocolError("an APDU wanted, and a PDU size that has room for a block")
        last = self.sent + (len(apdu) + size - 1) // size
        if last > HIGHEST_BLOCK:
            raise LocalProtocolError(f"{len(apdu)} octets need more blocks than there are numbers")
        self._apdu, self._size, self._base, self.last = apdu, size, self.sent, last

    def data(self, number: int) -> bytes:
        """
        @return: what the block holds; nothing in a block that only acknowledges.
        """
        index = number - self._base - 1
        if index < 0 or number > self.last:
            return b""
        return self._apdu[index * self._size : (index + 1) * self._size]

    @property
    def unfinished(self) -> bool:
        """
        Is there a part of the APDU of which we do not know that the peer has it?
        """
        return self.acknowledged < self.last

    def finish(self) -> None:
        """
        The peer wants no more of the APDU.
        """
        if self.unfinished:
            self.last = self.acknowledged = self.sent

    def rewind(self) -> bool:
        """
        The peer may have nothing of what we sent.

        @return: whether it had acknowledged something.
        """
        had, self.acknowledged = self.acknowledged, 0
        return had > 0

    def acknowledge(self, number: int) -> bool:
        """
        The peer has all blocks up to C{number}.

        @return: whether that is new.  A number that we never sent is nothing to go by.
        """
        if self.acknowledged < number <= self.sent:
            self.acknowledged = number
            return True
        return False


class BlocksIn:
    """
    The blocks that come.

    @ivar contiguous: The highest number up to which we have all.
    @ivar complete: Is the peer's APDU whole?
    @ivar ended: Did the last contiguous block say that it is the last?
    @ivar pending: Did octets come that were not acknowledged yet?
    @ivar first: What the first block held.
    """

    __slots__ = (
        "_ahead",
        "_ends",
        "_held",
        "_limits",
        "_payload",
        "complete",
        "contiguous",
        "ended",
        "first",
        "pending",
    )

    def __init__(self, limits: BlockLimits) -> None:
        self._limits = limits
        self._payload = bytearray()
        self._ends = [0]
        self._ahead: dict[int, GeneralBlockTransfer] = {}
        self._held = 0
        self.contiguous = 0
        self.first = b""
        self.complete = False
        self.ended = False
        self.pending = False

    @property
    def size(self) -> int:
        """
        How many octets of the peer's APDU have come without a gap.
        """
        return len(self._payload)

    @property
    def gap(self) -> int:
        """
        How many blocks are missing between those that we have; 0 when none is.
        """
        return min(self._ahead) - self.contiguous - 1 if self._ahead else 0

    def getvalue(self) -> bytes:
        """
        @return: the octets of the APDU so far.
        """
        return bytes(self._payload)

    def differs(self, block: GeneralBlockTransfer) -> bool:
        """
        @return: whether we have taken other octets under the number of the block.
        """
        number, octets = block.block_number, block.block_data
        if not octets or not 1 <= number <= self.contiguous:
            return False
        return self._payload[self._ends[number - 1] : self._ends[number]] != octets

    def add(self, block: GeneralBlockTransfer) -> bool:
        """
        @return: whether the block is new.

        @raise BlockTransferError: it contradicts what came before, or exceeds the limits.
        """
        number = block.block_number
        if number <= self.contiguous or number > self.contiguous + HIGHEST_WINDOW:
            return False
        earlier = self._ahead.get(number)
        if earlier is not None:
            if earlier.block_data != block.block_data:
                raise BlockTransferError(Reason.MALFORMED, f"two different blocks {number}")
            return False
        self._held += len(block.block_data)
        if len(self._payload) + self._held > self._limits.octets:
            raise BlockTransferError(Reason.LIMIT, f"more than {self._limits.octets} octets")
        if number > self._limits.blocks:
            raise BlockTransferError(Reason.LIMIT, f"more than {self._limits.blocks} blocks")
        self._ahead[number] = block
        while (ready := self._ahead.pop(self.contiguous + 1, None)) is not None:
            self._append(ready)
        return True

    def _append(self, block: GeneralBlockTransfer) -> None:
        self.contiguous += 1
        self._held -= len(block.block_data)
        self._ends.append(len(self._payload) + len(block.block_data))
        if self.contiguous == 1:
            self.first = block.block_data
        if self.complete:
            if block.block_data:
                raise BlockTransferError(Reason.MALFORMED, "octets after the last block")
            return
        if block.block_data:
            self._payload += block.block_data
            self.pending = True
        # A side that has nothing to send says "last block" in acknowledgements, too.
        self.ended = block.last_block
        self.complete = self.ended and self.size > 0


def unconfirmed_blocks(apdu: bytes, max_send: int) -> list[GeneralBlockTransfer]:
    """
    Cut an APDU that nobody answers, such as a DataNotification, into blocks that nobody acknowledges.

    @param apdu: Octets of the APDU, ciphered already.
    @param max_send: The longest block that the peer takes, in octets.

    @raise LocalProtocolError: nothing to send, or it does not fit into 65 535 blocks.
    """
    out = BlocksOut()
    out.begin(apdu, room(max_send, HEADER))
    return [
        GeneralBlockTransfer.make(
            number, out.data(number), last_block=number == out.last, streaming=number < out.last
        )
        for number in range(1, out.last + 1)
    ]
