"""
Cuts a stream of octets into HDLC frames, whatever stands between them.

A frame is cut by its length field and taken only if both checksums are right and a flag ends it.  When one
is rejected, the search goes on I{inside} it, at its next flag octet: octets that were lost or changed cost
that frame, and the next good one is found even if it began before the rejected one should have ended.  The
header checksum is judged as soon as it came, so that a length that noise made is not waited for.

Each octet is looked at a bounded number of times, and what is held is bounded by the longest frame.
"""

from __future__ import annotations

from typing import Final

from dlms_twisted.link.hdlc.frame import (
    FLAG,
    MAX_LENGTH,
    MIN_LENGTH,
    HDLCFrame,
    judge_header,
    read_frame,
)
from dlms_twisted.link.problems import Problem, ProblemKind
from dlms_twisted.link.scanner import StreamScanner

__all__ = ["FrameDecoder"]


class _Again:
    """
    The type of a mark: the search goes on, there is nothing to report.
    """


_AGAIN: Final = _Again()


class FrameDecoder(StreamScanner):
    """
    The stream decoder; it never raises, and noise is counted in C{stats}.
    """

    __slots__ = ("_accept_zero", "_max_length")

    def __init__(
        self, *, max_length: int = MAX_LENGTH, accept_zero_checksums: bool = False
    ) -> None:
        """
        @param max_length: Most octets between two flags; a longer frame is C{bad-length}.
        @param accept_zero_checksums: Take a checksum of zero for right, as some bridges send it.
        """
        super().__init__()
        self._max_length = max_length
        self._accept_zero = accept_zero_checksums

    @property
    def waiting(self) -> bool:
        """
        Is something held that more octets, or L{give_up}, must bring to an end?

        A lone flag is not: it ends the last frame and may begin the next.
        """
        return bool(self._run) or len(self._buffer) - self._offset > 1

    def next_frame(self) -> HDLCFrame | None:
        """
        @return: the next good frame, or C{None} until more data came; problems are only counted.
        """
        while (event := self.next_event()) is not None:
            if type(event) is HDLCFrame:
                return event
        return None

    def next_event(self) -> HDLCFrame | Problem | None:
        """
        @return: the next good frame or rejected octets, in the order of the stream; C{None} until more
            data came.
        """
        buffer = self._buffer
        while True:
            start = self._offset
            if self._run and self._run_is_over():
                return self._end_run()
            have = len(buffer) - start
            if have == 0:
                break
            if buffer[start] != FLAG:
                self._take_to_flag(start)
                continue
            if self._run and start >= self._region:
                return self._end_run()
            if have == 1:
                break
            if buffer[start + 1] & 0xF0 != 0xA0:
                self._pass_flag(start)
                continue
            event = self._candidate(start)
            if event is None:
                break
            if not isinstance(event, _Again):
                return event
        self._forget()
        return None

    def give_up(self) -> Problem | None:
        """
        Wait no longer for the rest of the frame that has begun: search on in what came of it.

        Call it when the line was quiet for much longer than between two octets, then ask L{next_event}.

        @return: octets that were held as no part of a frame; C{None} if there were none.
        """
        if self._run:
            self._region = 0
            return self._end_run()
        if self.waiting:
            self._begin_run(ProblemKind.INCOMPLETE, len(self._buffer))
        return None

    def _candidate(self, start: int) -> HDLCFrame | Problem | _Again | None:
        # At C{start} a flag stands before a format octet of type 3.
        buffer = self._buffer
        have = len(buffer) - start
        if have < 3:
            return None
        length = (buffer[start + 1] & 7) << 8 | buffer[start + 2]
        if not MIN_LENGTH <= length <= self._max_length:
            return self._reject(ProblemKind.BAD_LENGTH, start, 0)
        end = start + 1 + length
        if have <= length + 1:
            problem = judge_header(buffer, start + 1, length, self._accept_zero)
            return None if problem is None else self._reject(problem, start, 0)
        result = read_frame(bytes(buffer[start : end + 1]), self._accept_zero)
        if isinstance(result, ProblemKind):
            region = end if result is ProblemKind.BAD_FCS else 0
            return self._reject(result, start, region)
        if self._run:
            self._region = 0
            return self._end_run()
        # The flag that ends this frame may begin the next.
        self._offset = end
        self.stats.frames += 1
        return result

    def _reject(self, kind: ProblemKind, start: int, region: int) -> _Again:
        # Inside a frame that was rejected as a whole, a beginning that comes to nothing is not
        # worth a second word, unless it is a frame of its own that goes on behind the first.
        if start >= self._region or region > self._region:
            self._begin_run(kind, region)
        else:
            self._pass_inside()
        return _AGAIN

    def _take_to_flag(self, start: int) -> None:
        position = self._buffer.find(FLAG, start)
        self._take(len(self._buffer) if position < 0 else position)

    def _pass_flag(self, start: int) -> None:
        if self._run:
            self._run.append(FLAG)
        self._offset = start + 1
