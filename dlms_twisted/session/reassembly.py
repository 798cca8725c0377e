"""
General block transfer of pushes: blocks of each peer, put together within bounds.

Nobody acknowledges a pushed block, so what is lost stays lost.  Blocks are joined by their numbers, from 1 to the one
that says it is the last; one that comes early (datagrams overtake each other) waits for those before it.  Number 1
starts anew.  Some senders of ciphered blocks never say which is the last: there the message ends where the length in
its own header says so.  Some count on from one message to the next: there the blocks are a message when they are one
without a gap up to the last.  Source: IEC 62056-5-3, general-block-transfer, unconfirmed services; block-number-ack and
window are not looked at, because senders put anything there.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING, NamedTuple

from dlms_twisted.apdu.block_transfer import GeneralBlockTransfer
from dlms_twisted.codec.limits import DEFAULT_LIMITS, Limits
from dlms_twisted.errors import Reason
from dlms_twisted.security.layers import is_protected
from dlms_twisted.session.incoming import Incoming, Outer, Refusal, cut_all, cut_one
from dlms_twisted.session.opening import joined_notification
from dlms_twisted.session.partial import Partial
from dlms_twisted.session.pushed import Notification

if TYPE_CHECKING:
    from dlms_twisted.codec.layout import LayoutCache

__all__ = ["Expired", "Reassembly"]


class Expired(NamedTuple):
    """
    A message that never became whole.

    @ivar peer: Whose.
    @ivar refusal: With the octets of the frames that did come.
    """

    peer: Hashable
    refusal: Refusal


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
        self._partials: dict[Hashable, Partial] = {}
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
            key, partial = next(iter(self._partials.items()))
            if partial.deadline > now:
                break
            expired.append(Expired(partial.peer, self._drop(key, "blocks are missing")))
        return expired

    def inner(
        self, opened: Notification, peer: Hashable, now: float
    ) -> list[Notification | Outer | Refusal]:
        """
        Take a block that came ciphered: a notification whose message is a L{GeneralBlockTransfer}.

        @param peer: As in L{Incoming}.
        @param now: As in L{outer}.

        @return: the notification when it is whole, as well protected as the worst of its blocks and with the counter
            of the last; or what is still to be opened; and what was refused.  Empty while blocks are missing.
        """
        block = opened.message
        if not isinstance(block, GeneralBlockTransfer):
            return [opened]
        refused: list[Refusal] = []
        whole = self._join(block, (peer, opened.title), peer, opened.raw, now, refused, opened)
        found: list[Notification | Outer | Refusal] = [
            refusal._replace(title=opened.title) for refusal in refused
        ]
        if whole is not None:
            joined, partial = whole
            if is_protected(joined):
                one = cut_one(joined, partial.raw, self._layouts, self._limits)
                missing = Refusal(Reason.MALFORMED, "a ciphered APDU wanted", partial.raw)
                found.append(missing if one is None else one)
            else:
                found.append(
                    joined_notification(
                        partial.opened or opened, joined, partial.raw, self._layouts
                    )
                )
        return found

    def _block(
        self, block: GeneralBlockTransfer, incoming: Incoming, now: float
    ) -> list[Outer | Refusal]:
        found: list[Outer | Refusal] = []
        refused: list[Refusal] = []
        peer = incoming.peer
        whole = self._join(block, peer, peer, incoming.raw, now, refused)
        found += refused
        if whole is not None:
            joined, partial = whole
            one = cut_one(joined, partial.raw, self._layouts, self._limits)
            pieces = (one,) if one is not None else cut_all(joined, partial.raw, self._limits)
            for piece in pieces:
                if isinstance(piece, GeneralBlockTransfer):
                    detail = "blocks within blocks"
                    found.append(Refusal(Reason.UNSUPPORTED, detail, partial.raw))
                else:
                    found.append(piece)
        return found

    def _join(
        self,
        block: GeneralBlockTransfer,
        key: Hashable,
        peer: Hashable,
        raw: bytes,
        now: float,
        refused: list[Refusal],
        opened: Notification | None = None,
    ) -> tuple[bytes, Partial] | None:
        """
        Add a block to those that it belongs to.

        @param refused: What is given up is added to it.

        @return: the message and what it was made of, when it is whole.
        """
        partial = self._partials.get(key)
        if block.block_number == 0:
            if partial is not None:
                refused.append(self._drop(key, "given up by the sender"))
            elif block.block_data:
                refused.append(Refusal(Reason.MALFORMED, "block number 0", raw))
            return None
        if partial is not None and (partial.deadline <= now or partial.conflicts(block)):
            refused.append(self._drop(key, "blocks are missing"))
            partial = None
        if partial is None:
            partial = Partial(peer, now)
        elif block.block_number in partial.blocks:
            self.duplicates += 1
            return None
        else:
            del self._partials[key]
            self._total -= partial.octets
        partial.add(block, raw, opened)
        whole = partial.joined()
        if whole is not None:
            return whole, partial
        self._hold(key, partial, now)
        if partial.octets > self._max_octets:
            refused.append(self._drop(key, "too large", Reason.LIMIT))
        self._make_room()
        return None

    def _hold(self, key: Hashable, partial: Partial, now: float) -> None:
        partial.deadline = min(now + self._idle, partial.started + self._age)
        self._partials[key] = partial
        self._total += partial.octets

    def _make_room(self) -> None:
        while len(self._partials) > self._max_peers or self._total > self._max_total:
            key, partial = next(iter(self._partials.items()))
            refusal = self._drop(key, "too many incomplete messages", Reason.LIMIT)
            self._displaced.append(Expired(partial.peer, refusal))

    def _drop(self, key: Hashable, detail: str, reason: Reason = Reason.INCOMPLETE) -> Refusal:
        partial = self._partials.pop(key)
        self._total -= partial.octets
        title = None if partial.opened is None else partial.opened.title
        return Refusal(reason, detail, partial.raw, title)
