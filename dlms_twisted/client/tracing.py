"""
What an observer of a conversation is told: each frame, APDU and plaintext, with its time and direction.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

__all__ = ["Observer", "TraceEvent"]


class TraceEvent(NamedTuple):
    """
    Something that was sent or has come.

    @ivar time: Seconds on the reactor's clock.
    @ivar direction: C{out} for what we send, C{in} for what comes.
    @ivar kind: C{frame}, as on the wire; C{apdu}, without the link's framing; C{plaintext}, an APDU that is ciphered
        on the wire, or comes in blocks of general block transfer, whole and in clear: it is told only where that was
        asked for.
    @ivar octets: Of it.
    """

    time: float
    direction: str
    kind: str
    octets: bytes

    def __repr__(self) -> str:
        # What is ciphered on the wire, or holds a password, is not for logs.
        return f"<TraceEvent {self.direction} {self.kind} {len(self.octets)} octets>"


#: Called with each event; what it raises is logged, and harms nothing.
Observer = Callable[[TraceEvent], None]
