"""
General block transfer with acknowledgements, one end of it: APDUs longer than the receiver takes, in both directions,
with windows, recovery of lost blocks, repeats after silence, and an end in any case.

One B{exchange} is a request and its answer; block numbers begin anew with each.  The side that asks calls
L{GeneralBlocks.send}, or L{GeneralBlocks.begin} when its request went plain.  The side that is asked need not call
anything before the request comes; it calls L{GeneralBlocks.send} with the answer.  Each
L{GeneralBlockTransfer} that comes goes to L{GeneralBlocks.receive}, and L{GeneralBlocks.time_passed} is called when
L{GeneralBlocks.deadline} has come.  All of them return what is to be done.

What goes in blocks is a whole APDU, ciphered already where it is to be; a block is never ciphered.

Within an exchange a number stands for the same octets as long as it lasts, so that no loss, doubling or order can
fool the receiver.  But a block does not say which exchange it belongs to.  A responder therefore takes the first block
of the request, when it comes again, for the same request, and answers with the same blocks, until it has not come for
C{timeout * (retries + 1)}; only then, or when the first block is another, a new exchange begins.  So requests that
follow each other sooner must differ in their first block, else they get the same answer: ciphered ones do differ,
others by their invoke-id.  TCP and HDLC keep the order; UDP may not, and what it delays longer than that, or into the
next exchange, cannot be told by its numbers.  Where its block-number-ack or its octets show it, it is passed over or
ends in an error; else only the authentication tag of a ciphered APDU protects from mixing the two.

Pushes go in blocks that nobody acknowledges: L{dlms_twisted.session.block_streams.unconfirmed_blocks} makes them.

Source: IEC 62056-5-3, general block transfer; the first block to a peer whose window is unknown goes alone.
"""

from __future__ import annotations

from typing import Final, NamedTuple, TypeAlias

from dlms_twisted.apdu.block_transfer import GeneralBlockTransfer
from dlms_twisted.errors import BlockTransferError, LocalProtocolError, Reason
from dlms_twisted.session.block_parts import DEFAULT_BLOCK_LIMITS, BlockLimits, room
from dlms_twisted.session.block_streams import (
    HEADER,
    HIGHEST_BLOCK,
    HIGHEST_WINDOW,
    BlocksIn,
    BlocksOut,
)

__all__ = ["Delivered", "Event", "Failed", "GeneralBlocks", "Transmit"]

#: A repeat within this part of the timeout was made by the network, not by the peer's timer.
_HOLD_OFF: Final = 0.1


class Transmit(NamedTuple):
    """
    Send this block to the peer.
    """

    block: GeneralBlockTransfer


class Delivered(NamedTuple):
    """
    The octets of an APDU of the peer have come, all of them.
    """

    apdu: bytes


class Failed(NamedTuple):
    """
    The exchange has ended without success.  The machine can be used for the next.
    """

    error: BlockTransferError


#: What is to be done.
Event: TypeAlias = Transmit | Delivered | Failed


class GeneralBlocks:
    """
    One end of general block transfer.

    @ivar max_send: The longest block that the peer takes, in octets, with all its fields; may be changed between
        exchanges.
    @ivar deadline: When L{time_passed} is to be called, on the clock of C{now}; C{None} while nothing is awaited.
    """

    def __init__(
        self,
        *,
        requester: bool,
        max_send: int,
        window: int = 8,
        timeout: float = 5.0,
        retries: int = 3,
        limits: BlockLimits = DEFAULT_BLOCK_LIMITS,
    ) -> None:
        """
        @param requester: Are we the side that asks?
        @param window: How many blocks we take before we acknowledge, 1 to 63.
        @param timeout: How long to wait before we repeat what we sent last, in seconds.
        @param retries: How often it is repeated while nothing new comes.
        @param limits: How much one APDU of the peer may be.

        @raise LocalProtocolError: C{window} is out of range.
        """
        if not 1 <= window <= HIGHEST_WINDOW:
            raise LocalProtocolError(f"a window from 1 to {HIGHEST_WINDOW} wanted, not {window}")
        self.max_send = max_send
        self.deadline: float | None = None
        self._requester = requester
        self._window = window
        self._timeout = timeout
        self._retries = retries
        self._limits = limits
        self.begin()

    def begin(self) -> None:
        """
        A new exchange begins with a request that goes, or came, in one piece.  What there was of an earlier one is
        forgotten.
        """
        self.deadline = None
        self._out = BlocksOut()
        self._in = BlocksIn(self._limits)
        self._peer_window = 1
        self._burst = 0
        self._tries = 0
        self._spoke_at: float | None = None
        self._said: GeneralBlockTransfer | None = None
        self._permitted = 0
        self._asked_at = 0.0
        self._answer_begun = False
        self._done = False

    @property
    def active(self) -> bool:
        """
        Is an exchange under way?  Then the rest of it uses general block transfer, too.
        """
        return not self._done and (self._out.sent > 0 or self._in.contiguous > 0)

    # -- what the application calls --------------------------------------------------------------------------

    def send(self, apdu: bytes, now: float) -> list[Event]:
        """
        Send a request, which begins an exchange, or the answer to the request that was delivered.

        @param apdu: Octets of the APDU, ciphered already.
        @param now: Seconds on any clock that never goes back.

        @raise LocalProtocolError: nothing to send, or it does not fit into 65 535 blocks of L{max_send}.
        """
        if self._requester or not self._in.complete or self._out.last:
            self.begin()
        self._out.begin(apdu, room(self.max_send, HEADER))
        return self._send_burst(now, self._out.sent)

    def receive(self, block: GeneralBlockTransfer, now: float) -> list[Event]:
        """
        @param block: What came.
        @param now: Seconds on the clock of L{send}.
        """
        if self._is_new_request(block, now):
            self.begin()
        if self._done or (not self.active and block.block_number != 1):
            return []
        if block.block_number == 0 == block.block_number_ack:
            return self._fail(Reason.INCOMPLETE, "the peer gave the transfer up")
        if self._is_of_another_request(block):
            return []
        if block.window:
            self._peer_window = block.window
        rewound = self._is_request(block) and self._asked(now)
        was_complete = self._in.complete
        try:
            new = self._take(block)
        except BlockTransferError as error:
            return self._fail(error.reason, error.detail)
        if self._in.complete and not was_complete:
            return self._deliver(now)
        self._burst += new
        if not new and not rewound and self._spoke_lately(now):
            return []
        if block.streaming and not block.last_block and self._burst < self._window:
            if new:
                self._wait(now)
            return []
        return self._speak(block, now)

    def time_passed(self, now: float) -> list[Event]:
        """
        @param now: Seconds on the clock of L{send}; before L{deadline} nothing happens.
        """
        if self.deadline is None or now < self.deadline:
            return []
        if self._is_answered:
            self.begin()
            self._done = True
            return []
        self._tries += 1
        if self._tries > self._retries:
            return self._fail(Reason.INCOMPLETE, "the peer is silent")
        if self._requester and self._out.last and not self._in.contiguous:
            # The responder may begin anew with what we say now; what came out of order is worth nothing then.
            self._in = BlocksIn(self._limits)
        if self._out.unfinished:
            return self._send_burst(now)
        if self._out.last and not self._in.size:
            return self._repeat_last(now)
        return self._acknowledge(now)

    def abort(self) -> list[Event]:
        """
        Give the exchange up and tell the peer.
        """
        if not self.active:
            return []
        self.begin()
        self._done = True
        return [Transmit(GeneralBlockTransfer.make(0, b"", last_block=True, window=self._window))]

    # -- what came -------------------------------------------------------------------------------------------

    def _is_request(self, block: GeneralBlockTransfer) -> bool:
        """
        Does the block begin a request?
        """
        if self._requester or block.block_number != 1 or not block.block_data:
            return False
        return not block.block_number_ack

    def _is_new_request(self, block: GeneralBlockTransfer, now: float) -> bool:
        """
        Does the block begin a request, other than the one that we have?  The first block of that one may come again
        late, even when the peer has some of our answer; to begin anew then would give our numbers to other octets.
        """
        if not self._is_request(block):
            return False
        if not self._in.contiguous:
            return self._done or self._out.last > 0
        if block.block_data != self._in.first:
            return True
        return self._done or (self._answer_begun and now - self._asked_at >= self._patience)

    def _asked(self, now: float) -> bool:
        """
        The first block of the request that we have came, perhaps again.  If the peer really asks again, it has nothing
        of our answer any more.

        @return: whether the answer, part of which was acknowledged, is to be sent from its first block.
        """
        if self._answer_begun:
            return self._out.rewind()
        self._asked_at = now
        return False

    def _is_of_another_request(self, block: GeneralBlockTransfer) -> bool:
        """
        Does the block answer a request of which we sent less than it acknowledges?
        """
        if not self._requester or not self._out.last or not block.block_data:
            return False
        return block.block_number_ack > self._out.sent

    def _take(self, block: GeneralBlockTransfer) -> bool:
        """
        @return: whether the block brought anything new.
        """
        size = self._in.size
        if self._in.differs(block) and (
            not self._requester or block.block_number_ack < self._out.acknowledged
        ):
            # Some meters give a number to other octets, but none takes an acknowledgement back.
            number = block.block_number
            raise BlockTransferError(Reason.MALFORMED, f"block {number} of another exchange")
        progress = self._out.acknowledge(block.block_number_ack)
        self._answer_begun = self._answer_begun or bool(self._out.data(self._out.acknowledged))
        new = self._in.add(block)
        if self._requester and self._in.size:
            # An answer means that the request is there, whatever its block-number-ack says.
            self._out.finish()
        elif self._requester and new and self._in.ended and not self._out.unfinished:
            raise BlockTransferError(Reason.MALFORMED, "an empty block in place of an answer")
        if progress or self._in.size > size:
            self._tries = 0
        return progress or new

    def _deliver(self, now: float) -> list[Event]:
        self.deadline = None
        apdu = self._in.getvalue()
        if self._requester:
            self.begin()
            self._done = True
        else:
            self._spoke_at = now
            self._burst = 0
        return [Delivered(apdu)]

    def _speak(self, block: GeneralBlockTransfer, now: float) -> list[Event]:
        """
        It is our turn.
        """
        if self._out.unfinished:
            return self._send_burst(now)
        if self._out.last and not self._requester:
            self.begin()
            self._done = True
            return []
        if self._in.pending or self._in.gap or block.block_data:
            return self._acknowledge(now)
        return []

    # -- what we say -----------------------------------------------------------------------------------------

    def _send_burst(self, now: float, after: int | None = None) -> list[Event]:
        """
        @param after: The block before the first; C{None} for the last that the peer acknowledged.
        """
        start = self._out.acknowledged if after is None else after
        first, last = start + 1, min(start + self._peer_window, self._out.last)
        self._out.sent = max(self._out.sent, last)
        self._said = None
        self._in.pending = False
        self._spoken(now)
        return [
            Transmit(self._block(number, streaming=number < last))
            for number in range(first, last + 1)
        ]

    def _repeat_last(self, now: float) -> list[Event]:
        self._spoken(now)
        return [Transmit(self._block(self._out.last))]

    def _acknowledge(self, now: float) -> list[Event]:
        self._spoken(now)
        self._in.pending = False
        window = min(self._in.gap, self._window) or self._window
        if self._is_news(window):
            if self._out.sent >= HIGHEST_BLOCK:
                return self._fail(Reason.LIMIT, "no block numbers are left")
            said = self._said
            self._permitted = said.block_number_ack + said.window if said else self._window
            self._out.sent += 1
        self._said = self._block(self._out.sent, window=window)
        return [Transmit(self._said)]

    def _is_news(self, window: int) -> bool:
        """
        Is the acknowledgement another than the last one, and did the peer hear that?  What it may have missed is said
        again, with the same number and what we have now, so that it leaves no gap.
        """
        said = self._said
        if said is None:
            return True
        if (said.block_number_ack, said.window) == (self._in.contiguous, window):
            return False
        heard = self._out.acknowledged >= said.block_number
        return heard or self._in.contiguous > self._permitted

    def _block(
        self, number: int, *, streaming: bool = False, window: int = 0
    ) -> GeneralBlockTransfer:
        ended = number >= self._out.last and (self._requester or self._out.last > 0)
        return GeneralBlockTransfer.make(
            number,
            self._out.data(number),
            last_block=ended,
            streaming=streaming,
            window=window or self._window,
            block_number_ack=self._in.contiguous,
        )

    def _fail(self, reason: Reason, detail: str) -> list[Event]:
        self.begin()
        self._done = True
        return [Failed(BlockTransferError(reason, detail))]

    # -- time ------------------------------------------------------------------------------------------------

    @property
    def _is_answered(self) -> bool:
        """
        Did we send our answer to its end?  Nobody acknowledges that; we only keep it for a while.
        """
        return not self._requester and 0 < self._out.last == self._out.sent

    @property
    def _patience(self) -> float:
        return self._timeout * (self._retries + 1)

    def _spoken(self, now: float) -> None:
        self._spoke_at = now
        self._burst = 0
        self._wait(now)

    def _wait(self, now: float) -> None:
        self.deadline = now + (self._patience if self._is_answered else self._timeout)

    def _spoke_lately(self, now: float) -> bool:
        return self._spoke_at is not None and now - self._spoke_at < self._timeout * _HOLD_OFF
