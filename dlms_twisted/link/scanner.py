"""
What the stream decoders have in common: a buffer, and the octets in it that became no frame.
"""

from __future__ import annotations

from dlms_twisted.link.problems import RUN_LIMIT, LinkStats, Problem, ProblemKind

__all__ = ["StreamScanner"]


class StreamScanner:
    """
    A buffer that is searched from front to back, once, and the run of octets that became no frame.

    A run ends, and becomes one L{Problem}, where the decoder says so or at C{RUN_LIMIT} octets; so the
    same stream gives the same problems however it was split.

    @ivar stats: Counters.
    """

    __slots__ = ("_buffer", "_offset", "_region", "_run", "_run_kind", "stats")

    def __init__(self) -> None:
        self._buffer = bytearray()
        #: All before it is done with.
        self._offset = 0
        #: Up to here the octets belong to a frame that was rejected as a whole.
        self._region = 0
        #: Octets that became no frame and are not reported yet, and why.
        self._run = bytearray()
        self._run_kind = ProblemKind.FOREIGN
        self.stats = LinkStats()

    @property
    def held(self) -> int:
        """
        How many octets are held, in a frame that has begun or to be reported.
        """
        return len(self._run) + len(self._buffer) - self._offset

    def receive_data(self, data: bytes) -> None:
        """
        Take octets of the stream; ask for events until there is none afterwards.
        """
        self._forget()
        self._buffer += data
        self.stats.octets += len(data)

    def _run_is_over(self) -> bool:
        # At the end of a frame that was rejected as a whole, or when it is long enough.
        return len(self._run) >= RUN_LIMIT or (bool(self._run) and 0 < self._region == self._offset)

    def _take(self, end: int) -> None:
        # Octets up to C{end} are no frame, or belong to one that was rejected.  The caller has seen
        # to it that the run is shorter than its limit.
        start = self._offset
        end = min(end, start + RUN_LIMIT - len(self._run))
        if not self._run:
            self._run_kind = ProblemKind.FOREIGN
        if self._run_kind is ProblemKind.FOREIGN:
            self.stats.count(ProblemKind.FOREIGN, end - start)
        self._run += self._buffer[start:end]
        self._offset = end

    def _begin_run(self, kind: ProblemKind, region: int) -> None:
        # A frame that began at the offset is rejected; its first octet is passed.
        self.stats.count(kind)
        if not self._run:
            self._run_kind = kind
        self._region = region
        self._run.append(self._buffer[self._offset])
        self._offset += 1

    def _pass_inside(self) -> None:
        # A beginning inside a rejected frame came to nothing: not worth a second word.
        self._run.append(self._buffer[self._offset])
        self._offset += 1

    def _end_run(self) -> Problem:
        problem = Problem(self._run_kind, bytes(self._run))
        self._run.clear()
        self._run_kind = ProblemKind.FOREIGN
        return problem

    def _forget(self) -> None:
        if self._offset:
            del self._buffer[: self._offset]
            self._region = max(0, self._region - self._offset)
            self._offset = 0
