"""
The short way of what is done most: one attribute is read, in clear, while nothing else is under way, and its value
comes in one piece.

Such a request is under way like any other, so that whatever else happens to it, blocks, a refusal, silence, or being
given up, takes the usual way.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from dlms_twisted.apdu.base import Apdu
from dlms_twisted.apdu.descriptors import CONFIRMED, HIGH_PRIORITY, AttributeDescriptor
from dlms_twisted.apdu.get import GetRequestNormal
from dlms_twisted.codec.data import Data, take_data
from dlms_twisted.codec.limits import DEFAULT_LIMITS
from dlms_twisted.errors import DecodeError
from dlms_twisted.session.client_blocks import ClientBlocks
from dlms_twisted.session.client_exchange import Exchange
from dlms_twisted.session.client_exchanges import Exchanges

__all__ = ["QuickExchanges"]

_INVOKE: Final = CONFIRMED | HIGH_PRIORITY
#: Octets of the request, and of an answer before its Data.
_REQUEST: Final = 13
_HEAD: Final = 4


class _QuickExchange(Exchange):
    """
    A request whose blocks are not thought of before they come.
    """

    __slots__ = ("_made", "_make")

    _made: ClientBlocks | None

    def __init__(
        self,
        request: GetRequestNormal,
        make: Callable[[Apdu], ClientBlocks],
        *,
        serial: int,
        tries: int,
        wait: float,
        ends: float,
    ) -> None:
        self._made = None
        self._make = make
        self.request = request
        self.serial = serial
        self.tries = tries
        self.wait = wait
        self.ends = ends
        self.deadline = None
        self.said = request
        self.held = None
        self.alone = self.general = self.begun = self.crowded = False
        self.copies = 1
        self.parts = self.told = False
        self.suspicion = None

    @property
    def blocks(self) -> ClientBlocks:
        """
        What cuts and joins it.
        """
        if self._made is None:
            self._made = self._make(self.request)
            self._made.start()
        return self._made

    @blocks.setter
    def blocks(self, blocks: ClientBlocks) -> None:
        self._made = blocks


class QuickExchanges(Exchanges):
    """
    Requests, of which some take the short way.
    """

    def quick(self, attribute: AttributeDescriptor, now: float) -> tuple[Exchange, bytes] | None:
        """
        Begin to read an attribute.

        @return: the name of the request, and its octets, which the owner sends; C{None} where it must take the usual
            way.

        @raise LinkError: no invoke-id is left.
        """
        general = self._general
        if (
            self._under_way
            or self._short_names
            or 0 < self.room < _REQUEST
            or (general is not None and general.active)
        ):
            return None
        if general is not None:
            general.begin()
        options = self._options
        request = GetRequestNormal(
            invoke_id_and_priority=_INVOKE | self._short.next((), now), attribute=attribute
        )
        self._serial += 1
        exchange = _QuickExchange(
            request,
            self._blocks,
            serial=self._serial,
            tries=options.retries,
            wait=options.timeout / (options.retries + 1),
            ends=now + options.longest,
        )
        octets = request.encode()
        exchange.deadline = now + exchange.wait
        self._under_way.append(exchange)
        return exchange, octets

    def quick_answer(self, octets: bytes) -> tuple[Exchange, Data] | None:
        """
        @param octets: What came.

        @return: the request that is done, and its value; C{None} where it must take the usual way.
        """
        if len(self._under_way) != 1:
            return None
        only = self._under_way[0]
        size = len(octets)
        if (
            type(only) is not _QuickExchange
            or only.copies != 1
            or only.begun
            or not _HEAD < size <= DEFAULT_LIMITS.octets
            or octets[0] != 0xC4
            or octets[1] != 1
            or octets[2] & 0x0F != only.request.invoke_id_and_priority & 0x0F  # type: ignore[attr-defined]
            or octets[3]
        ):
            return None
        try:
            data, end = take_data(octets, _HEAD, DEFAULT_LIMITS)
        except DecodeError:
            return None
        if end != size:
            return None
        self._under_way.clear()
        return only, data
