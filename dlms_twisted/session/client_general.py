"""
General block transfer for the requests of one association: what is too long for the meter and for the blocks of its
service goes by it, and answers are taken so, where it was negotiated.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from dlms_twisted.apdu.base import Apdu
from dlms_twisted.apdu.block_transfer import GeneralBlockTransfer
from dlms_twisted.errors import DLMSError
from dlms_twisted.session import general_blocks
from dlms_twisted.session.client_events import ClientEvent, Transmit
from dlms_twisted.session.client_exchange import Exchange
from dlms_twisted.session.client_options import ClientOptions
from dlms_twisted.session.client_table import ExchangeTable

__all__ = ["GeneralExchanges"]

#: Repeats within the timeout, by general block transfer on links that lose.
_REPEATS: Final = 3


class GeneralExchanges(ExchangeTable):
    """
    The requests that are under way, as far as they go in general blocks.
    """

    def __init__(
        self, most: int, options: ClientOptions, emit: Callable[[ClientEvent], None]
    ) -> None:
        """
        @param most: How many requests there may be.
        @param emit: Takes what is to be sent.
        """
        super().__init__(most, options.timeout)
        self._options = options
        self._emit = emit

    def block(self, octets: bytes, now: float) -> bytes | None:
        """
        Take a block of general block transfer.

        @return: the whole APDU, as it was sent, if that was the last block of it.

        @raise DecodeError: it is no block.
        """
        block = GeneralBlockTransfer.decode(octets)
        general = self._general
        if general is None or not self._under_way:
            return None
        before = general.deadline
        delivered = self._act(general.receive(block, now), now)
        if general.deadline != before:
            for one in self._under_way:
                if one.held is None:
                    one.begun = True
                    one.deadline = now + self._options.timeout
        if delivered is not None:
            general.begin()
        return delivered

    def _negotiated(self, general: bool, max_send: int) -> None:
        """
        An association begins.

        @param general: Did both agree to it?
        @param max_send: The longest APDU that the meter takes; 0 for no limit.
        """
        self._general = None
        if not general:
            return
        options = self._options
        repeats = _REPEATS if options.lossy else 0
        self._general = general_blocks.GeneralBlocks(
            requester=True,
            max_send=max_send or 0xFFFF,
            window=options.window,
            timeout=options.timeout / (repeats + 1),
            retries=repeats,
            limits=options.limits,
        )

    def _act(self, events: list[general_blocks.Event], now: float) -> bytes | None:
        delivered: bytes | None = None
        for event in events:
            if isinstance(event, general_blocks.Transmit):
                self._emit(Transmit(event.block.encode(), not event.block.streaming))
            elif isinstance(event, general_blocks.Delivered):
                delivered = event.apdu
            else:
                carried = [one for one in self._under_way if one.general] or self._under_way
                exchange = carried[0]
                exchange.copies -= 1
                if not (exchange.tries and not exchange.general and self._again(exchange, now)):
                    self._end(exchange, event.error, now)
        return delivered

    def _again(self, exchange: Exchange, now: float) -> bool:
        """
        Make a request from its beginning once more, as another request.

        @return: whether that was possible.
        """
        raise NotImplementedError

    def _end(self, exchange: Exchange, result: Apdu | DLMSError, now: float) -> None:
        """
        A request has come to its end.
        """
        raise NotImplementedError
