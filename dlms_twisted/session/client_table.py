"""
Which requests of an association are under way, and whose an answer is.
"""

from __future__ import annotations

from typing import Final

from dlms_twisted.apdu.base import Apdu
from dlms_twisted.apdu.descriptors import LongInvoked
from dlms_twisted.apdu.service_error import ConfirmedServiceError, ExceptionResponse
from dlms_twisted.session.client_exchange import Exchange, invoke_id
from dlms_twisted.session.client_handshake import refused
from dlms_twisted.session.client_ids import InvokeIds, Stale
from dlms_twisted.session.general_blocks import GeneralBlocks

__all__ = ["ExchangeTable"]

_SHORT_IDS: Final = 15
_LONG_IDS: Final = 0xFFFFFF
#: An answer that comes later than this is not on its way any more, in seconds; or twelve times the timeout.
_PATIENCE: Final = 120.0


class ExchangeTable:
    """
    The requests that are under way, the oldest first.

    @ivar room: The longest request, in octets and in clear, that goes in one piece; 0 for no limit.
    """

    def __init__(self, most: int, timeout: float) -> None:
        """
        @param most: How many there may be.
        @param timeout: How long an answer is waited for, in seconds.
        """
        self._most = most
        self._under_way: list[Exchange] = []
        self._serial = 0
        patience = max(_PATIENCE, 12 * timeout)
        self._short = InvokeIds(_SHORT_IDS, patience)
        self._long = InvokeIds(_LONG_IDS, patience)
        self._general: GeneralBlocks | None = None
        self.room = 0

    @property
    def general(self) -> bool:
        """
        Was general block transfer negotiated?
        """
        return self._general is not None

    @property
    def idle(self) -> bool:
        """
        Is nothing under way?
        """
        return not self._under_way

    @property
    def free(self) -> bool:
        """
        May a request begin?
        """
        under_way = self._under_way
        if not under_way:
            return True
        if len(under_way) >= self._most or (self._general is not None and self._general.active):
            return False
        return not any(one.alone for one in under_way)

    @property
    def deadline(self) -> float | None:
        """
        When C{time_passed} is to be called.
        """
        nearest: float | None = None
        for one in self._under_way:
            at = one.ends if one.deadline is None or one.deadline > one.ends else one.deadline
            if nearest is None or at < nearest:
                nearest = at
        general = self._general
        if general is not None and general.deadline is not None and nearest is not None:
            return min(nearest, general.deadline)
        return nearest

    def invoke(self, now: float, *, long: bool = False) -> int:
        """
        @param long: For ACCESS, which has ids of 24 bits.

        @return: an invoke-id that nothing can be mistaken for.

        @raise LinkError: there is none.
        """
        used = [
            number
            for one in self._under_way
            if isinstance(one.request, LongInvoked) is long
            and (number := invoke_id(one.request)) is not None
        ]
        return (self._long if long else self._short).next(used, now)

    def clear(self) -> None:
        """
        The link is gone.
        """
        self._under_way.clear()
        self._short.forget()
        self._long.forget()
        if self._general is not None:
            self._general.begin()

    def _owner(self, response: Apdu) -> Exchange | None:
        """
        @return: whose answer this is; nobody's, where it is late or made up.
        """
        number = invoke_id(response)
        if number is None:
            oldest = self._under_way[0] if self._under_way else None
            if not isinstance(response, ExceptionResponse | ConfirmedServiceError):
                return oldest
            before = self._serial + 1 if oldest is None else oldest.serial
            if self._short.refused_before(before) or self._long.refused_before(before):
                if oldest is not None:
                    oldest.suspicion = refused(response)
                return None
            return oldest
        long = isinstance(response, LongInvoked)
        for one in self._under_way:
            if invoke_id(one.request) == number and isinstance(one.request, LongInvoked) is long:
                return one
        (self._long if long else self._short).answered(number)
        return None

    def _stale(self, exchange: Exchange, now: float) -> None:
        """
        Nobody waits for the answer any more; should it come, it is this request's.
        """
        number = invoke_id(exchange.request)
        if number is not None and exchange.copies > 0:
            ids = self._long if isinstance(exchange.request, LongInvoked) else self._short
            ids.give_up(number, Stale(exchange.serial, exchange.copies, now))
