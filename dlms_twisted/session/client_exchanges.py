"""
The requests of one association that are under way, one or several: whose an answer is, what is repeated, what may be
sent when, and what becomes of it when nobody waits any more.

Answers are matched by invoke-id, in any order.  A transfer in blocks is alone: what would begin beside it waits.
General block transfer carries what is too long for the meter and for the blocks of its service, and is taken for
answers, where it was negotiated.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from dlms_twisted.apdu.action import ActionRequestNormal, ActionRequestWithList
from dlms_twisted.apdu.base import Apdu
from dlms_twisted.apdu.conformance import Conformance
from dlms_twisted.apdu.descriptors import LongInvoked
from dlms_twisted.apdu.get import (
    GetRequestNormal,
    GetResponseNormal,
    GetResponseWithDataBlock,
    GetResponseWithList,
)
from dlms_twisted.apdu.results import DataAccessResult
from dlms_twisted.apdu.service_error import ConfirmedServiceError, ExceptionResponse
from dlms_twisted.apdu.set import SetRequestNormal, SetRequestWithList
from dlms_twisted.apdu.short_name import WriteRequest
from dlms_twisted.errors import (
    DLMSError,
    EncodeError,
    LinkError,
    LocalProtocolError,
    RequestTimeoutError,
)
from dlms_twisted.session.blocks import ClientBlocks, Send, client_blocks
from dlms_twisted.session.client_events import Broken, ClientEvent, Part, Transmit
from dlms_twisted.session.client_exchange import (
    Exchange,
    is_repeatable,
    with_invoke_id,
)
from dlms_twisted.session.client_general import GeneralExchanges
from dlms_twisted.session.client_handshake import refused
from dlms_twisted.session.client_options import ClientOptions

__all__ = ["Exchanges"]

#: What a server says of a transfer that another request ended.
_ABORTED: Final = frozenset(
    {DataAccessResult.LONG_GET_ABORTED, DataAccessResult.NO_LONG_GET_IN_PROGRESS}
)
#: The bits that allow a request to go in blocks, as plain numbers; that of GET and Read for all others.
_WITH_GET: Final = int(Conformance.BLOCK_TRANSFER_WITH_GET_OR_READ)
_WITH_SET: Final = int(Conformance.BLOCK_TRANSFER_WITH_SET_OR_WRITE)
_WITH_ACTION: Final = int(Conformance.BLOCK_TRANSFER_WITH_ACTION)
_BLOCKS: Final[dict[type[Apdu], int]] = {
    SetRequestNormal: _WITH_SET,
    SetRequestWithList: _WITH_SET,
    WriteRequest: _WITH_SET,
    ActionRequestNormal: _WITH_ACTION,
    ActionRequestWithList: _WITH_ACTION,
}


class Exchanges(GeneralExchanges):
    """
    The requests that are under way.

    @ivar conformance: What was negotiated.
    """

    def __init__(
        self,
        options: ClientOptions,
        *,
        short_names: bool,
        seal: Callable[[bytes], bytes],
        emit: Callable[[ClientEvent], None],
        finish: Callable[[Exchange, Apdu | DLMSError], None],
    ) -> None:
        """
        @param seal: Protects an APDU.
        @param emit: Takes what is to be sent.
        @param finish: Takes the end of each request.
        """
        super().__init__(1 if short_names else options.outstanding, options, emit)
        self._short_names = short_names
        self._seal = seal
        self._finish = finish
        self.conformance = Conformance(0)
        #: The same as a plain number, which is quicker to look into.
        self._agreed = 0

    def agreed(self, conformance: Conformance, max_send: int, overhead: int) -> None:
        """
        An association begins.

        @param max_send: The longest APDU that the meter takes; 0 for no limit.
        @param overhead: How many octets protection adds.
        """
        self.clear()
        self.conformance = conformance
        self._agreed = int(conformance)
        self.room = max(1, max_send - overhead) if max_send else 0
        self._negotiated(Conformance.GENERAL_BLOCK_TRANSFER in conformance, max_send)

    # -- what the owner wants ------------------------------------------------------------------------------

    def begin(
        self, request: Apdu, now: float, *, repeatable: bool | None = None, parts: bool = False
    ) -> Exchange:
        """
        Send a request, or hold it until it may be sent.

        @param repeatable: May it be made twice?  C{None} for what only reads.
        @param parts: Tell what an attribute holds while it comes.

        @raise LocalProtocolError: too much is under way, or it is longer than the meter takes.
        @raise DLMSError: it cannot be protected.
        """
        if not self.free:
            raise LocalProtocolError("a request is under way")
        if repeatable is None:
            repeatable = is_repeatable(request)
        tries = self._options.retries if repeatable else 0
        self._serial += 1
        exchange = Exchange(
            request,
            self._blocks(request),
            serial=self._serial,
            tries=tries,
            wait=self._options.timeout / (tries + 1),
            ends=now + self._options.longest,
        )
        exchange.parts = parts and isinstance(request, GetRequestNormal)
        first = self._first(exchange)
        self._under_way.append(exchange)
        try:
            self._say(exchange, first, now)
        except DLMSError:
            self._under_way.remove(exchange)
            raise
        return exchange

    def give_up(self, exchange: Exchange, now: float) -> None:
        """
        Nobody waits for this any more: its answer is dropped when it comes; a transfer in blocks is ended.
        """
        if exchange not in self._under_way:
            return
        if exchange.copies:
            self._forsake(exchange, now)
        self._remove(exchange, now)

    # -- what comes ----------------------------------------------------------------------------------------

    def receive(self, response: Apdu, now: float) -> bool:
        """
        Take an answer, in clear.

        @return: whether somebody waited for it.
        """
        exchange = self._owner(response)
        if exchange is None:
            return False
        try:
            step = exchange.blocks.receive(response)
        except DLMSError as error:
            exchange.copies -= 1
            self._end(exchange, error, now)
            if self._short_names:
                # Was this the last of it?  The next answer must not be taken for another's.
                self._emit(Broken(LinkError("abandoned", "an answer was no good")))
            return True
        if step is None:
            # The answer to another copy of the request, perhaps.
            exchange.copies = max(1, exchange.copies - 1)
            return False
        exchange.copies -= 1
        if isinstance(step, Send):
            self._go_on(exchange, step.apdu, response, now)
            return True
        answer = step.apdu
        if isinstance(answer, ExceptionResponse | ConfirmedServiceError):
            self._end(exchange, refused(answer), now)
        elif not (exchange.crowded and _is_aborted(answer) and self._again(exchange, now)):
            self._end(exchange, answer, now)
        return True

    def blame(self, error: DLMSError, now: float, *, fatal: bool) -> bool:
        """
        Something came that is no good, and does not say whose answer it was to be.

        @param fatal: Fail the oldest request; else only remember why, should nothing better come.

        @return: whether anybody was waiting.
        """
        if not self._under_way:
            return False
        oldest = self._under_way[0]
        if fatal:
            if self._short_names:
                # Was it the answer, or does that still come?
                self._emit(Broken(LinkError("abandoned", "an answer was no good")))
            oldest.copies -= 1
            self._end(oldest, error, now)
        else:
            oldest.suspicion = error
        return True

    def time_passed(self, now: float) -> None:
        """
        Take the time.
        """
        for exchange in tuple(self._under_way):
            if exchange in self._under_way and exchange.due(now):
                self._late(exchange, now)
        general = self._general
        if general is not None and self._under_way:
            self._act(general.time_passed(now), now)

    # -- how -----------------------------------------------------------------------------------------------

    def _blocks(self, request: Apdu) -> ClientBlocks:
        return client_blocks(
            request,
            max_send=self.room,
            block_transfer=bool(self._agreed & _BLOCKS.get(type(request), _WITH_GET)),
            limits=self._options.limits,
        )

    def _first(self, exchange: Exchange) -> Apdu:
        try:
            first = exchange.blocks.start()
        except EncodeError:
            raise
        except LocalProtocolError:
            if self._general is None:
                raise
            exchange.general = exchange.alone = True
            return exchange.request
        exchange.alone = first is not exchange.request
        return first

    def _say(self, exchange: Exchange, apdu: Apdu, now: float) -> None:
        exchange.said = apdu
        if exchange.alone and len(self._under_way) > 1:
            # Another request would end the transfer, so that the others come to their ends first.
            exchange.held = apdu
            exchange.crowded = True
            exchange.deadline = None
            return
        exchange.held = None
        octets = self._seal(apdu.encode())
        exchange.copies += 1
        begun = exchange.begun or exchange.general
        exchange.deadline = now + (self._options.timeout if begun else exchange.wait)
        general = self._general
        if general is not None and exchange.general:
            self._act(general.send(octets, now), now)
            return
        if general is not None and len(self._under_way) == 1:
            general.begin()
        self._emit(Transmit(octets))

    def _go_on(self, exchange: Exchange, apdu: Apdu, response: Apdu, now: float) -> None:
        """
        A block has come, or was taken: send what follows.
        """
        exchange.alone = exchange.begun = True
        if exchange.parts and isinstance(response, GetResponseWithDataBlock):
            exchange.told = True
            if isinstance(response.result, bytes):
                self._emit(Part(response.result, exchange))
        try:
            self._say(exchange, apdu, now)
        except DLMSError as error:
            self._end(exchange, error, now)

    def _late(self, exchange: Exchange, now: float) -> None:
        if exchange.tries and now < exchange.ends and not exchange.general:
            if exchange.begun:
                if self._again(exchange, now):
                    return
            else:
                exchange.tries -= 1
                try:
                    self._say(exchange, exchange.said, now)
                except DLMSError as error:
                    self._end(exchange, error, now)
                return
        waited = self._options.timeout if now < exchange.ends else self._options.longest
        silent = RequestTimeoutError(f"no answer within {waited:g} s")
        self._forsake(exchange, now)
        exchange.copies = 0
        self._end(exchange, exchange.suspicion or silent, now)

    def _again(self, exchange: Exchange, now: float) -> bool:
        """
        Make a request from its beginning once more, as another request.

        @return: whether that was possible.
        """
        if exchange.told or not is_repeatable(exchange.request):
            return False
        exchange.tries = max(0, exchange.tries - 1)
        exchange.crowded = exchange.begun = exchange.general = False
        self._stale(exchange, now)
        try:
            number = self.invoke(now, long=isinstance(exchange.request, LongInvoked))
            exchange.request = with_invoke_id(exchange.request, number)
            exchange.blocks = self._blocks(exchange.request)
            exchange.copies = 0
            self._serial += 1
            exchange.serial = self._serial
            self._say(exchange, self._first(exchange), now)
        except DLMSError as error:
            self._end(exchange, error, now)
        return True

    def _forsake(self, exchange: Exchange, now: float) -> None:
        self._stale(exchange, now)
        general = self._general
        if (
            general is not None
            and general.active
            and (exchange.general or len(self._under_way) < 2)
        ):
            # Blocks that come may be another's answer, while another is under way.
            self._act(general.abort(), now)
        if self._short_names:
            # Nothing tells the next answer from this one's.
            self._emit(Broken(LinkError("abandoned", "an answer without an invoke-id may come")))

    def _end(self, exchange: Exchange, result: Apdu | DLMSError, now: float) -> None:
        self._stale(exchange, now)
        self._remove(exchange, now)
        self._finish(exchange, result)

    def _remove(self, exchange: Exchange, now: float) -> None:
        if exchange in self._under_way:
            self._under_way.remove(exchange)
        if len(self._under_way) != 1:
            return
        other = self._under_way[0]
        if other.held is not None:
            try:
                self._say(other, other.held, now)
            except DLMSError as error:
                self._end(other, error, now)


def _is_aborted(response: Apdu) -> bool:
    results: tuple[object, ...] = ()
    if isinstance(response, GetResponseNormal):
        results = (response.result,)
    elif isinstance(response, GetResponseWithList):
        results = response.results
    return bool(results) and all(
        isinstance(one, DataAccessResult) and one in _ABORTED for one in results
    )
