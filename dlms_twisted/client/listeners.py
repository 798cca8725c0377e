"""
Who is told what passes in a conversation.
"""

from __future__ import annotations

from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from dlms_twisted.client.settings import MeterSettings
from dlms_twisted.client.tracing import TraceEvent

__all__ = ["Listeners"]


class Listeners:
    """
    The observers of one conversation.  What they raise is logged: the conversation goes on.

    @ivar tracing: Does anybody want to see frames and APDUs?
    """

    log = Logger()

    def __init__(self, clock: IReactorTime, settings: MeterSettings) -> None:
        self._clock = clock
        self._observer = settings.observer
        self._pushed = settings.pushed
        self._in_clear = settings.trace_plaintext
        self.tracing = settings.observer is not None

    def pushed(self, apdu: bytes, protected: bool) -> None:
        """
        A notification came.

        @param protected: Did it come under the association's protection?
        """
        if self._pushed is None:
            return
        try:
            self._pushed(apdu, protected)
        except Exception:
            self.log.failure("the observer of pushes failed")

    def plaintext(self, direction: str, octets: bytes) -> None:
        """
        An APDU in clear, which is not so on the wire.
        """
        if self._in_clear:
            self.trace(direction, "plaintext", octets)

    def trace(self, direction: str, kind: str, octets: bytes) -> None:
        """
        See L{TraceEvent}.
        """
        if self._observer is None:
            return
        try:
            self._observer(TraceEvent(self._clock.seconds(), direction, kind, octets))
        except Exception:
            self.log.failure("the observer of the conversation failed")
