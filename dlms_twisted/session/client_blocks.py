"""
The client's side of service-specific block transfer: one confirmed request and its answer, however long both are.

L{client_blocks} gives the exchange for a request.  L{ClientBlocks.start} is the first APDU to send; each APDU that
comes is given to L{ClientBlocks.receive}, which says what to send next, or gives the answer as if it had come in one
piece.  Waiting, and giving up waiting, is the caller's.

Source: IEC 62056-5-3, GET, SET and ACTION services with block transfer.
"""

from __future__ import annotations

from typing import ClassVar, TypeAlias

from dlms_twisted.apdu.base import Apdu
from dlms_twisted.apdu.descriptors import Invoked, LongInvoked
from dlms_twisted.apdu.service_error import ConfirmedServiceError, ExceptionResponse
from dlms_twisted.errors import BlockTransferError, LocalProtocolError, Reason
from dlms_twisted.session.block_parts import (
    DEFAULT_BLOCK_LIMITS,
    BlockLimits,
    Joiner,
    Received,
    Send,
    Slices,
    room,
)

__all__ = ["ClientBlocks", "Step", "broken"]

#: What is to be done next.
Step: TypeAlias = Send | Received


def broken(detail: str) -> BlockTransferError:
    """
    @return: the error for a server that breaks the rules.
    """
    return BlockTransferError(Reason.MALFORMED, detail)


class ClientBlocks:
    """
    One confirmed request and its answer; its subclasses know a service each.

    @cvar HIGHEST: The highest number that a block can have.
    @ivar request: The whole request.
    """

    HIGHEST: ClassVar[int] = 0xFFFFFFFF

    def __init__(
        self,
        request: Apdu,
        *,
        max_send: int = 0,
        block_transfer: bool = True,
        limits: BlockLimits = DEFAULT_BLOCK_LIMITS,
    ) -> None:
        """
        @param request: The whole request.
        @param max_send: The longest APDU that the server takes, in octets, less what ciphering adds; 0 for no limit.
        @param block_transfer: Was block transfer negotiated for this service?
        @param limits: How much the answer may be.
        """
        self.request = request
        self._max_send = max_send
        self._block_transfer = block_transfer
        self._slices: Slices | None = None
        self._joiner = Joiner(limits)
        self._done = False

    def start(self) -> Apdu:
        """
        @return: the first APDU to send: the request, or its first block.

        @raise LocalProtocolError: the request is longer than the server takes and cannot go in blocks of the service;
            only general block transfer can carry it.
        @raise EncodeError: a field of the request is out of range.
        """
        size = len(self.request.encode())
        if not self._max_send or size <= self._max_send:
            return self.request
        raw = self._raw() if self._block_transfer else None
        if raw is None:
            raise LocalProtocolError(
                f"{self.request.NAME} of {size} octets, and the server takes {self._max_send}"
            )
        if self._room(2) * self.HIGHEST < len(raw):
            raise LocalProtocolError(f"{size} octets need more blocks than there are numbers")
        self._slices = Slices(raw)
        return self._cut(self._slices)

    def receive(self, response: Apdu) -> Step | None:
        """
        @param response: What came.

        @return: what to do next; C{None} when C{response} is not for this request, or came before: wait on.

        @raise BlockTransferError: the server broke the rules, or the answer exceeds the limits.
        @raise DecodeError: the blocks are whole but what they hold is malformed.
        """
        if self._done or not self._is_ours(response):
            return None
        if isinstance(response, ExceptionResponse | ConfirmedServiceError):
            step: Step | None = Received(response)
        else:
            step = self._receive(response)
        self._done = isinstance(step, Received)
        return step

    # -- what the subclasses say ---------------------------------------------------------------------------

    def _raw(self) -> bytes | None:
        """
        @return: the octets of the request that go in blocks; C{None} when this request cannot.
        """
        return None

    def _block(self, last: bool, number: int, raw: bytes) -> Apdu:
        """
        @return: a block of the request.
        """
        raise NotImplementedError

    def _next(self, number: int) -> Apdu:
        """
        @return: the request for the block after C{number}.
        """
        raise NotImplementedError

    def _whole(self, raw: bytes) -> Apdu:
        """
        @return: the answer whose blocks held C{raw}.
        """
        raise NotImplementedError

    def _receive(self, response: Apdu) -> Step | None:
        """
        One APDU, which may be for this request.
        """
        raise NotImplementedError

    # -- what they have in common --------------------------------------------------------------------------

    def _is_ours(self, response: Apdu) -> bool:
        for kind in (Invoked, LongInvoked):
            if isinstance(response, kind) and isinstance(self.request, kind):
                return response.invoke_id == self.request.invoke_id
        return True

    def _cut(self, slices: Slices) -> Apdu:
        raw = slices.take(self._room(slices.number + 1))
        return self._block(slices.finished, slices.number, raw)

    def _room(self, number: int) -> int:
        header = len(self._block(False, number, b"").encode()) - 1
        return max(0, room(self._max_send, header))

    @property
    def _is_sent(self) -> bool:
        return self._slices is None or self._slices.finished

    def _acknowledged(self, number: int) -> Step | None:
        slices = self._slices
        if slices is None:
            raise broken("a block is acknowledged, and none was sent")
        if 0 < number == slices.number - 1:
            return None
        if number != slices.number:
            raise broken(f"block {number} is acknowledged, and {slices.number} was sent")
        if slices.finished:
            raise broken("the last block is acknowledged without a result")
        return Send(self._cut(slices))

    def _joined(self, last: bool, number: int, raw: bytes) -> Step | None:
        if not self._is_sent:
            raise broken("an answer before the last block of the request")
        if 0 < number == self._joiner.number:
            return None
        if number != self._joiner.number + 1:
            raise broken(f"block {number} came, and {self._joiner.number + 1} was asked for")
        self._joiner.add(raw)
        if last:
            return Received(self._whole(self._joiner.getvalue()))
        return Send(self._next(number))

    def _plain(self, response: Apdu, failed: bool) -> Received:
        """
        An answer in one piece; while a transfer is under way it can only be a failure.
        """
        if not failed and (not self._is_sent or self._joiner.number):
            raise broken(f"{response.NAME} in the middle of a transfer")
        return Received(response)

    def _wrong(self, response: Apdu) -> BlockTransferError:
        return broken(f"{response.NAME} is no answer to {self.request.NAME}")

    def _count(self, wanted: int, given: int) -> None:
        if wanted != given:
            raise broken(f"{wanted} results wanted, not {given}")
