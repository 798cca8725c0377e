"""
Push without any framing: naked APDUs on a stream.

Where an APDU says how long it is, it is cut by that; where it does not, only silence or the end of the
connection can end it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final

from dlms_twisted.link.llc import strip_llc
from dlms_twisted.link.p1 import ciphered_length
from dlms_twisted.link.problems import LinkStats, Problem, ProblemKind
from dlms_twisted.link.push import Payload

__all__ = ["QUIET", "RawPushLink", "measure_ciphered"]

#: Seconds of silence that end an APDU which does not say how long it is.
QUIET: Final = 2.0


def measure_ciphered(octets: bytes) -> int:
    """
    How long is the APDU that these octets begin with, if it is general-glo-ciphering?

    @return: its length in octets; 0 if that cannot be known; -1 if more octets are needed for it.
    """
    if octets[:1] != b"\xdb":
        return 0
    length = ciphered_length(octets, 1)
    return length + 1 if length > 0 else length


class RawPushLink:
    """
    Naked APDUs (see L{dlms_twisted.link.push.PushLink}).

    @ivar stats: Counters.
    """

    medium = "apdu"

    def __init__(
        self, *, measure: Callable[[bytes], int] = measure_ciphered, max_octets: int = 65536
    ) -> None:
        """
        @param measure: Says how long the first APDU is, as L{measure_ciphered} does.
        @param max_octets: Longest APDU accepted.
        """
        self.stats = LinkStats()
        self._measure = measure
        self._max_octets = max_octets
        self._buffer = bytearray()
        self._ready: deque[Payload | Problem] = deque()
        self._heard = 0.0

    @property
    def deadline(self) -> float | None:
        """
        See L{dlms_twisted.link.push.PushLink.deadline}.
        """
        return self._heard + QUIET if self._buffer else None

    def receive_data(self, data: bytes, now: float) -> None:
        """
        See L{dlms_twisted.link.push.PushLink.receive_data}.
        """
        self._heard = now
        self.stats.octets += len(data)
        self._buffer += data
        self._cut()

    def next_event(self) -> Payload | Problem | None:
        """
        @return: the next message or problem; never raises.
        """
        return self._ready.popleft() if self._ready else None

    def time_passed(self, now: float) -> None:
        """
        See L{dlms_twisted.link.push.PushLink.time_passed}.
        """
        if self._buffer and now >= self._heard + QUIET:
            self.end()

    def end(self) -> None:
        """
        Silence: what is held is one APDU, or the beginning of one that said it is longer.
        """
        if not self._buffer:
            return
        octets = bytes(self._buffer)
        self._buffer.clear()
        if self._measure(octets) == 0:
            self._good(octets)
        else:
            self._bad(ProblemKind.INCOMPLETE, octets)

    def _cut(self) -> None:
        while self._buffer:
            length = self._measure(bytes(self._buffer[:32]))
            if 0 < length <= min(len(self._buffer), self._max_octets):
                self._good(bytes(self._buffer[:length]))
                del self._buffer[:length]
                continue
            if len(self._buffer) > self._max_octets or length > self._max_octets:
                self._bad(ProblemKind.LIMIT, bytes(self._buffer))
                self._buffer.clear()
            return

    def _good(self, octets: bytes) -> None:
        self.stats.frames += 1
        self._ready.append(Payload(strip_llc(octets), octets, b"", "apdu"))

    def _bad(self, kind: ProblemKind, octets: bytes) -> None:
        self.stats.count(kind)
        self._ready.append(Problem(kind, octets))
