"""
The blocks of one message that is not whole yet.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Final

from dlms_twisted.apdu.block_transfer import GeneralBlockTransfer
from dlms_twisted.apdu.envelope import CIPHERED_TAGS, announced_length
from dlms_twisted.errors import DecodeError
from dlms_twisted.session.messages import read_message
from dlms_twisted.session.pushed import Notification, weakest

__all__ = ["Partial"]

_PLAIN: Final = (b"\x0f", b"\xc2", b"\xdf")
#: Tries for one message, each of which costs as much as its octets.
_MOST_TRIES: Final = 4
_CIPHERED: Final = frozenset(tag.to_bytes(1, "big") for tag in CIPHERED_TAGS)


class Partial:
    """
    Blocks of one message.

    @ivar peer: Whose.
    @ivar started: When the first came, in seconds.
    @ivar deadline: Until when the next must come.
    @ivar blocks: By number.
    @ivar frames: The link frames, in the order in which they came.
    @ivar lowest: Lowest number.
    @ivar highest: Highest number.
    @ivar last: Number of the last block, where one says so.
    @ivar size: Octets of the message that are here.
    @ivar octets: Octets held, of blocks and of frames.
    @ivar opened: Of blocks that came ciphered: what is known of all of them.
    @ivar tries: How often the blocks were taken for a whole message and were none.
    """

    __slots__ = (
        "blocks",
        "deadline",
        "frames",
        "highest",
        "last",
        "lowest",
        "octets",
        "opened",
        "peer",
        "size",
        "started",
        "tries",
    )

    def __init__(self, peer: Hashable, now: float) -> None:
        """
        @param now: Seconds.
        """
        self.peer = peer
        self.opened: Notification | None = None
        self.started = now
        self.deadline = now
        self.blocks: dict[int, bytes] = {}
        self.frames: list[bytes] = []
        self.lowest = self.highest = 0
        self.tries = 0
        self.last: int | None = None
        self.size = 0
        self.octets = 0

    def add(self, block: GeneralBlockTransfer, raw: bytes, opened: Notification | None) -> None:
        """
        Keep a block whose number is not there yet.

        @param raw: Its frame.
        @param opened: What is known of it, where it came ciphered.
        """
        if opened is not None:
            self.opened = opened if self.opened is None else weakest(self.opened, opened)
        number, data = block.block_number, block.block_data
        self.blocks[number] = data
        self.frames.append(raw)
        self.lowest = min(self.lowest or number, number)
        self.highest = max(self.highest, number)
        self.size += len(data)
        self.octets += len(data) + len(raw)
        if block.last_block:
            self.last = number

    def conflicts(self, block: GeneralBlockTransfer) -> bool:
        """
        Does C{block} belong to another message than the blocks that are here?
        """
        known = self.blocks.get(block.block_number)
        if known is not None:
            return known != block.block_data
        if self.last is not None:
            return block.last_block or block.block_number > self.last
        return block.last_block and block.block_number < self.highest

    def joined(self) -> bytes | None:
        """
        @return: the message, when it is whole.
        """
        first, count = self.lowest, len(self.blocks)
        if count != self.highest - first + 1 or (
            (first != 1 or self.last is None) and not self._begins_whole(self.blocks[first])
        ):
            return None
        joined = b"".join([self.blocks[number] for number in range(first, first + count)])
        return joined if first == 1 or self._is_whole(joined) else None

    def _begins_whole(self, block: bytes) -> bool:
        """
        Could the blocks from this one on be all there are, though the sender does not number them from 1, or does
        not say which is the last?
        """
        if block[:1] in _CIPHERED:
            return announced_length(block) == self.size
        return self.last is not None and block[:1] in _PLAIN

    def _is_whole(self, joined: bytes) -> bool:
        if joined[:1] in _CIPHERED:
            return True
        self.tries += 1
        if self.tries > _MOST_TRIES:
            return False
        try:
            read_message(joined)
        except DecodeError:
            return False
        return True

    @property
    def raw(self) -> bytes:
        """
        The octets of all frames.
        """
        return b"".join(self.frames)
