"""
Invocation counters of one conversation, and what becomes of them when the meter says that it wants another.
"""

from __future__ import annotations

from typing import Final

from dlms_twisted.client.settings import MeterSettings
from dlms_twisted.errors import DLMSError, ExceptionResponseError
from dlms_twisted.keys.counters import MemoryCounters
from dlms_twisted.keys.interfaces import ITransmitCounters
from dlms_twisted.security.counters import WARN_AT
from dlms_twisted.security.keys import key_epoch

__all__ = ["Recovery"]

#: service-error of the exception-response that says which counter is wanted.
_COUNTER_ERROR: Final = 6


class Recovery:
    """
    The counters that a conversation sends with; they never go back.

    An exception-response comes in clear, and anybody may have made it.  So its counter is believed once in each
    conversation, and never beyond three quarters of all counters: it cannot use up a key.

    A link that doubles what it carries brings refusals of the second copy, too: those name the counter after our last
    one, and are not believed.

    @ivar counters: Where they come from.
    """

    def __init__(self, settings: MeterSettings, *, lossy: bool = False) -> None:
        counters = settings.counters
        self.counters: ITransmitCounters = (
            MemoryCounters(settings.counter) if counters is None else counters
        )
        self._title = settings.system_title
        self._key = settings.encryption_key
        self._lossy = lossy
        self._last = 0
        self._spent = False

    def next(self, title: bytes, epoch: str) -> int:
        """
        @return: a counter that was never used with the key.

        @raise dlms_twisted.errors.CounterExhaustedError: there is none left.
        """
        self._last = self.counters.next(title, epoch)
        return self._last

    def recovers(self, error: ExceptionResponseError) -> bool:
        """
        Go on above the counter that the meter names.

        @return: whether another try is worth while.
        """
        counter = error.counter
        if self._spent or error.service != _COUNTER_ERROR or error.state is None:
            return False
        if counter is None or (self._lossy and counter <= self._last + 1):
            return False
        return self.skip(counter + 1)

    def skip(self, least: int) -> bool:
        """
        The meter wants this counter, or a higher one.

        @return: whether it was believed.
        """
        if self._spent or self._key is None or not 0 <= least < WARN_AT:
            return False
        self._spent = True
        try:
            self.counters.at_least(self._title, key_epoch(self._key), least)
        except DLMSError:
            # The file of counters cannot be written, or the key is used up: the meter's refusal is told.
            return False
        return True
