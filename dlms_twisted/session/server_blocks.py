"""
The server's side of service-specific block transfer, for one association.

Each request that comes is given to L{ServerBlocks.receive}.  It says what to send at once, or gives the whole request,
as if it had come in one piece; its answer goes through L{ServerBlocks.respond}, which gives what to send.

At most one transfer is under way.  Any request that is not the next step of it ends it.

Source: IEC 62056-5-3, GET, SET and ACTION services with block transfer.
"""

from __future__ import annotations

from collections.abc import Callable

from attrs import define, field, frozen

from dlms_twisted.apdu.base import Apdu
from dlms_twisted.apdu.descriptors import INVOKE_ID
from dlms_twisted.apdu.results import DataAccessResult
from dlms_twisted.errors import BlockTransferError, DecodeError
from dlms_twisted.session.block_parts import (
    DEFAULT_BLOCK_LIMITS,
    BlockLimits,
    Joiner,
    Received,
    Send,
    Slices,
    room,
)
from dlms_twisted.session.server_requests import Part, Role, part_of
from dlms_twisted.session.server_responses import long_response, shortened
from dlms_twisted.session.server_services import ACTION, GET, READ, Fault, Service

__all__ = ["ServerBlocks"]


@define
class _Sending:
    service: Service
    invoke: int
    slices: Slices
    failure: DataAccessResult | None = None


@frozen
class _Joining:
    service: Service
    invoke: int
    joiner: Joiner
    complete: Callable[[bytes], Apdu]


@frozen
class _Answering:
    service: Service
    number: int


@define(kw_only=True)
class ServerBlocks:
    """
    @ivar max_send: The longest APDU that the client takes, in octets, less what ciphering adds; 0 for no limit.
    @ivar get: Was block transfer negotiated for GET, or for Read?
    @ivar action: Was block transfer negotiated for ACTION?
    @ivar whole_action: Put the whole Action-Response-With-Optional-Data into the blocks of a long answer to one
        call, not only the Data that the method gave back.
    @ivar limits: How much a request in blocks may be.
    """

    max_send: int = 0
    get: bool = True
    action: bool = True
    whole_action: bool = False
    limits: BlockLimits = DEFAULT_BLOCK_LIMITS
    _sending: _Sending | None = field(default=None, init=False)
    _joining: _Joining | None = field(default=None, init=False)
    _answering: _Answering | None = field(default=None, init=False)
    _aborted: Service | None = field(default=None, init=False)

    def receive(self, request: Apdu) -> Send | Received:
        """
        @param request: What came, in one piece or a part of a transfer.

        @return: what to send at once, or the whole request, to be done and answered by L{respond}.
        """
        part = part_of(request)
        if part is None:
            self._abandon()
            return Received(request)
        if part.role is Role.NEXT:
            return Send(self._next(part))
        if part.role is Role.FIRST:
            return self._first(part)
        return self._more(part)

    def respond(self, response: Apdu) -> Apdu:
        """
        @param response: The whole answer to the request that L{receive} gave last.

        @return: what to send: C{response}, its first block, or, where it is too long and block transfer was not
            negotiated, an answer of the same kind that says so (data-block-unavailable).

        @raise LocalProtocolError: too long, and a service that knows neither.
        """
        answering, self._answering = self._answering, None
        if answering is not None:
            response = answering.service.answer(response, answering.number)
        if self.fits(response):
            return response
        cut = long_response(response, self.whole_action)
        if cut is None or not self._may_send(cut.service):
            return shortened(response)
        size = self._room(cut.service, cut.invoke)
        if size * cut.service.HIGHEST < len(cut.raw):
            return shortened(response)
        self._sending = _Sending(cut.service, cut.invoke, Slices(cut.raw))
        return self._cut(self._sending, cut.invoke)

    def fits(self, response: Apdu) -> bool:
        """
        Is C{response} short enough to go in one piece?
        """
        return not self.max_send or len(response.encode()) <= self.max_send

    def fail(self, code: DataAccessResult) -> None:
        """
        The rest of the answer cannot be had: when the client asks for the next block it is told C{code}, and the
        transfer ends.  Without a transfer nothing happens.
        """
        if self._sending is not None:
            self._sending.failure = code

    def may_cut(self, response: Apdu) -> bool:
        """
        Can C{response} go in blocks of its service?
        """
        cut = long_response(response, self.whole_action)
        return cut is not None and self._may_send(cut.service)

    def interrupt(self) -> None:
        """
        A request came that is no part of a transfer: what was under way is given up.
        """
        if self._sending is not None or self._joining is not None:
            self._abandon()

    @property
    def unfinished(self) -> bool:
        """
        Is there more of an answer to be sent?
        """
        return self._sending is not None

    @property
    def joining(self) -> bool:
        """
        Does a request come in blocks?
        """
        return self._joining is not None

    def reset(self) -> None:
        """
        Forget all: the association has ended.
        """
        self._sending = self._joining = self._answering = self._aborted = None

    def _may_send(self, service: Service) -> bool:
        if service in (GET, READ):
            return self.get
        return self.action if service is ACTION else True

    def _abandon(self) -> None:
        for transfer in (self._sending, self._joining):
            if transfer is not None:
                self._aborted = transfer.service
        self._sending = self._joining = self._answering = None

    def _refused(self, part: Part, fault: Fault) -> Apdu:
        return part.service.refuse(part.invoke, part.number, part.service.CODES[fault])

    def _missing(self, part: Part) -> Apdu:
        if self._aborted is part.service:
            self._aborted = None
            return self._refused(part, Fault.ABORTED)
        return self._refused(part, Fault.NOTHING)

    # -- the answer in blocks --------------------------------------------------------------------------------

    def _next(self, part: Part) -> Apdu:
        sending = self._sending
        if sending is None or not _same(sending, part):
            return self._missing(part)
        if part.number != sending.slices.number:
            self._sending = None
            return self._refused(part, Fault.NUMBER)
        if sending.failure is not None:
            self._sending = None
            return sending.service.refuse(part.invoke, part.number + 1, sending.failure)
        return self._cut(sending, part.invoke)

    def _cut(self, sending: _Sending, invoke: int) -> Apdu:
        service, slices = sending.service, sending.slices
        raw = slices.take(self._room(service, invoke))
        if slices.finished:
            self._sending = None
        return service.block(invoke, slices.finished, slices.number, raw)

    def _room(self, service: Service, invoke: int) -> int:
        header = len(service.block(invoke, False, 1, b"").encode()) - 1
        return max(0, room(self.max_send, header))

    # -- the request in blocks -------------------------------------------------------------------------------

    def _first(self, part: Part) -> Send | Received:
        self._abandon()
        if part.number != 1 or part.complete is None:
            return Send(self._refused(part, Fault.NUMBER))
        joining = _Joining(part.service, part.invoke, Joiner(self.limits), part.complete)
        self._joining = joining
        return self._add(joining, part)

    def _more(self, part: Part) -> Send | Received:
        joining = self._joining
        if joining is None or not _same(joining, part):
            return Send(self._missing(part))
        if part.number != joining.joiner.number + 1:
            self._joining = None
            return Send(self._refused(part, Fault.NUMBER))
        return self._add(joining, part)

    def _add(self, joining: _Joining, part: Part) -> Send | Received:
        try:
            joining.joiner.add(part.raw)
            if not part.last:
                return Send(part.service.acknowledge(part.invoke, part.number))
            request = joining.complete(joining.joiner.getvalue())
        except BlockTransferError:
            self._joining = None
            return Send(self._refused(part, Fault.LIMIT))
        except DecodeError:
            self._joining = None
            return Send(self._refused(part, Fault.MALFORMED))
        self._joining = None
        self._answering = _Answering(part.service, part.number)
        return Received(request)


def _same(transfer: _Sending | _Joining, part: Part) -> bool:
    return (
        transfer.service is part.service and transfer.invoke & INVOKE_ID == part.invoke & INVOKE_ID
    )
