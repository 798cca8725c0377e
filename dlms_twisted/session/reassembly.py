"""
General block transfer of pushes: blocks of each peer, put together within bounds.

Nobody acknowledges a pushed block, so what is lost stays lost.  Blocks are joined by their numbers, from 1 to the one
that says it is the last; one that comes early (datagrams overtake each other) waits for those before it.  Number 1
starts anew.  Some senders of ciphered blocks never say which is the last: there the message ends where the length in
its own header says so.  Source: IEC 62056-5-3, general-block-transfer, unconfirmed services; block-number-ack and
window are not looked at, because senders put anything there.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING, Final, NamedTuple

from dlms_twisted.apdu.block_transfer import GeneralBlockTransfer
from dlms_twisted.apdu.envelope import CIPHERED_TAGS, announced_length
from dlms_twisted.codec.limits import DEFAULT_LIMITS, Limits
from dlms_twisted.errors import Reason
from dlms_twisted.session.incoming import Incoming, Outer, Refusal, cut_all, cut_one

if TYPE_CHECKING:
    from dlms_twisted.codec.layout import LayoutCache

__all__ = ["Expired", "Reassembly"]

_CIPHERED: Final = frozenset(tag.to_bytes(1, "big") for tag in CIPHERED_TAGS)


class Expired(NamedTuple):
    """
    A message that never became whole.

    @ivar peer: Whose.
    @ivar refusal: With the octets of the frames that did come.
    """

    peer: Hashable
    refusal: Refusal


class _Partial:
    """
    Blocks of one message.
    """

    __slots__ = ("blocks", "deadline", "frames", "highest", "last", "octets", "size", "started")

    def __init__(self, now: float) -> None:
        self.started = now
        self.deadline = now
        self.blocks: dict[int, bytes] = {}
        self.frames: list[bytes] = []
        self.highest = 0
        #: Number of the last block, where one says so.
        self.last: int | None = None
        #: Octets of the message that are here.
        self.size = 0
        #: Octets held, of blocks and of frames.
        self.octets = 0

    def add(self, block: GeneralBlockTransfer, raw: bytes) -> None:
        number, data = block.block_number, block.block_data
        self.blocks[number] = data
        self.frames.append(raw)
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
        count = len(self.blocks)
        if count != self.highest:
            return None
        if self.last is None and (
            self.blocks[1][:1] not in _CIPHERED or announced_length(self.blocks[1]) != self.size
        ):
            return None
        return b"".join([self.blocks[number] for number in range(1, count + 1)])

    @property
    def raw(self) -> bytes:
        """
        The octets of all frames.
        """
        return b"".join(self.frames)


class Reassembly:
    """
    Makes whole APDUs of what link frames carry: the first of the two steps, see L{dlms_twisted.session.notification}.

    @ivar duplicates: Blocks that were there already.
    """

    def __init__(
        self,
        *,
        layouts: LayoutCache | None = None,
        limits: Limits = DEFAULT_LIMITS,
        max_peers: int = 4096,
        max_octets: int = 1 << 20,
        max_total: int = 1 << 25,
        idle: float = 15.0,
        age: float = 120.0,
    ) -> None:
        """
        @param layouts: Learned layouts; they change no result.
        @param limits: Bounds of decoding.
        @param max_peers: How many messages may be incomplete at a time; the one that is silent longest gives way.
        @param max_octets: Octets held of one message, its frames included.
        @param max_total: Octets held of all.
        @param idle: Seconds after a block in which the next must come.
        @param age: Seconds after the first block in which the last must come.
        """
        self._layouts = layouts
        self._limits = limits
        self._max_peers = max_peers
        self._max_octets = max_octets
        self._max_total = max_total
        self._idle = idle
        self._age = age
        #: The one that was silent longest first.
        self._partials: dict[Hashable, _Partial] = {}
        self._total = 0
        self._displaced: list[Expired] = []
        self.duplicates = 0

    def __len__(self) -> int:
        """
        How many messages are incomplete.
        """
        return len(self._partials)

    @property
    def octets(self) -> int:
        """
        How many octets are held.
        """
        return self._total

    @property
    def deadline(self) -> float | None:
        """
        When L{time_passed} wants to be called, or C{None}.
        """
        if self._displaced:
            return 0.0
        for partial in self._partials.values():
            return partial.deadline
        return None

    def outer(self, incoming: Incoming, now: float) -> list[Outer | Refusal]:
        """
        Take one link frame.

        @param now: Seconds, of a clock that never goes back.

        @return: the APDUs that are whole now, in order, and what was refused; empty while blocks are missing.
        """
        one = cut_one(incoming.apdu, incoming.raw, self._layouts, self._limits)
        if one is not None:
            return [one]
        found: list[Outer | Refusal] = []
        for piece in cut_all(incoming.apdu, incoming.raw, self._limits):
            if isinstance(piece, GeneralBlockTransfer):
                found += self._block(piece, incoming, now)
            else:
                found.append(piece)
        return found

    def time_passed(self, now: float) -> list[Expired]:
        """
        @return: what will not become whole any more.
        """
        expired, self._displaced = self._displaced, []
        while self._partials:
            peer, partial = next(iter(self._partials.items()))
            if partial.deadline > now:
                break
            expired.append(Expired(peer, self._drop(peer, "blocks are missing")))
        return expired

    def _block(
        self, block: GeneralBlockTransfer, incoming: Incoming, now: float
    ) -> list[Outer | Refusal]:
        found: list[Outer | Refusal] = []
        whole = self._join(block, incoming, now, found)
        if whole is not None:
            joined, raw = whole
            one = cut_one(joined, raw, self._layouts, self._limits)
            for piece in cut_all(joined, raw, self._limits) if one is None else (one,):
                if isinstance(piece, GeneralBlockTransfer):
                    found.append(Refusal(Reason.UNSUPPORTED, "blocks within blocks", raw))
                else:
                    found.append(piece)
        return found

    def _join(
        self,
        block: GeneralBlockTransfer,
        incoming: Incoming,
        now: float,
        found: list[Outer | Refusal],
    ) -> tuple[bytes, bytes] | None:
        """
        Add a block to those of its peer.

        @param found: Refusals are added to it.

        @return: the message and the frames, when it is whole.
        """
        peer, raw = incoming.peer, incoming.raw
        partial = self._partials.get(peer)
        if block.block_number == 0:
            if partial is not None:
                found.append(self._drop(peer, "given up by the sender"))
            elif block.block_data:
                found.append(Refusal(Reason.MALFORMED, "block number 0", raw))
            return None
        if partial is not None and (partial.deadline <= now or partial.conflicts(block)):
            found.append(self._drop(peer, "blocks are missing"))
            partial = None
        if partial is None:
            partial = _Partial(now)
        elif block.block_number in partial.blocks:
            self.duplicates += 1
            return None
        else:
            del self._partials[peer]
            self._total -= partial.octets
        partial.add(block, raw)
        whole = partial.joined()
        if whole is not None:
            return whole, partial.raw
        self._hold(peer, partial, now)
        if partial.octets > self._max_octets:
            found.append(self._drop(peer, "too large", Reason.LIMIT))
        self._make_room()
        return None

    def _hold(self, peer: Hashable, partial: _Partial, now: float) -> None:
        partial.deadline = min(now + self._idle, partial.started + self._age)
        self._partials[peer] = partial
        self._total += partial.octets

    def _make_room(self) -> None:
        while len(self._partials) > self._max_peers or self._total > self._max_total:
            peer = next(iter(self._partials))
            refusal = self._drop(peer, "too many incomplete messages", Reason.LIMIT)
            self._displaced.append(Expired(peer, refusal))

    def _drop(self, peer: Hashable, detail: str, reason: Reason = Reason.INCOMPLETE) -> Refusal:
        partial = self._partials.pop(peer)
        self._total -= partial.octets
        return Refusal(reason, detail, partial.raw)
