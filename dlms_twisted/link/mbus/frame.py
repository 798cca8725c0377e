"""
M-Bus long frames, to octets and back, and their stream decoder (EN 13757-2, frame formats).

C{68 L L 68 | C A CI data | sum 16}: L counts from C to the last data octet.  Longer frames than the one
octet can say are seen in the field (Sagemcom T210-D): L is then the length less 256.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from dlms_twisted.errors import DecodeError, EncodeError
from dlms_twisted.link.problems import Problem, ProblemKind
from dlms_twisted.link.scanner import StreamScanner

__all__ = ["MBusDecoder", "MBusFrame", "encode_frame", "parse_frame"]

_LONG: Final = 0x68
_SHORT: Final = 0x10
_STOP: Final = 0x16
_ACK: Final = 0xE5
#: Octets around what L counts.
_AROUND: Final = 6
#: Below this a length may be less 256: C, A, CI and one more are the least that carries anything.
_WRAPPED: Final = 4

_starts: Final = re.compile(rb"[\x68\x10\xe5]").search


class MBusFrame(NamedTuple):
    """
    A long frame whose sum was right.

    @ivar control: C field: 53 or 73 hexadecimal for data to a device, 08 to 38 for its answer.
    @ivar address: A field: primary address, 255 is everybody.
    @ivar control_information: CI field; up to 1F hexadecimal it is a DLMS segment's number.
    @ivar data: What follows CI.
    @ivar raw: The frame as received.
    """

    control: int
    address: int
    control_information: int
    data: bytes
    raw: bytes


def encode_frame(control: int, address: int, control_information: int, data: bytes) -> bytes:
    """
    @return: the long frame.

    @raise EncodeError: more data than the length octet can say.
    """
    body = bytes([control, address, control_information]) + data
    if len(body) > 0xFF:
        raise EncodeError(f"at most 252 octets of M-Bus data wanted, not {len(data)}")
    size = len(body)
    return bytes([_LONG, size, size, _LONG]) + body + bytes([sum(body) & 0xFF, _STOP])


def _lengths(announced: int) -> tuple[int, ...]:
    # What the length octet can mean, the likelier first.
    if announced >= _WRAPPED:
        return (announced,)
    if announced == 3:
        return (3, 259)
    return (announced + 256,)


def _frame(raw: bytes) -> MBusFrame:
    return MBusFrame(raw[4], raw[5], raw[6], raw[7:-2], raw)


def parse_frame(octets: bytes) -> MBusFrame:
    """
    Read exactly one long frame.

    @raise DecodeError: anything else.
    """
    size = len(octets)
    if size < 9 or octets[0] != _LONG or octets[3] != _LONG or octets[1] != octets[2]:
        raise DecodeError("an M-Bus long frame wanted", 0)
    if size - _AROUND not in _lengths(octets[1]) or octets[-1] != _STOP:
        raise DecodeError("an M-Bus frame as long as it says wanted", 1)
    if sum(octets[4:-2]) & 0xFF != octets[-2]:
        raise DecodeError("another M-Bus sum wanted", size - 2)
    return _frame(octets)


class MBusDecoder(StreamScanner):
    """
    Cuts a stream into long frames by their length; it never raises, and noise is counted in C{stats}.

    Short frames and single acknowledgements count as C{other}.
    """

    __slots__ = ()

    @property
    def waiting(self) -> bool:
        """
        Is something held that more octets, or L{give_up}, must bring to an end?
        """
        return self.held > 0

    def next_event(self) -> MBusFrame | Problem | None:
        """
        @return: the next good frame or rejected octets, in the order of the stream; C{None} until more
            data came.
        """
        buffer = self._buffer
        while True:
            start = self._offset
            if self._run and self._run_is_over():
                return self._end_run()
            if start == len(buffer):
                break
            octet = buffer[start]
            if octet == _LONG:
                done, event = self._long(start)
                if event is not None:
                    return event
                if not done:
                    break
            elif self._run or octet not in {_SHORT, _ACK}:
                self._skip(start)
            elif octet == _ACK:
                self._offset += 1
                self.stats.other += 1
            elif not self._short(start):
                break
        self._forget()
        return None

    def give_up(self) -> Problem | None:
        """
        Wait no longer for the rest of what has begun: search on in what came of it.

        Call it when the line was quiet for much longer than between two octets, then ask L{next_event}.

        @return: octets that were held as no part of a frame; C{None} if there were none.
        """
        if self._run:
            self._region = 0
            return self._end_run()
        if self.held:
            self._begin_run(ProblemKind.INCOMPLETE, len(self._buffer))
        return None

    def _long(self, start: int) -> tuple[bool, MBusFrame | Problem | None]:
        # False: more octets are needed.  The start is judged octet by octet.
        buffer = self._buffer
        have = len(buffer) - start
        if (have > 2 and buffer[start + 1] != buffer[start + 2]) or (
            have > 3 and buffer[start + 3] != _LONG
        ):
            self._skip(start)
            return True, None
        if have < 4:
            return False, None
        kind = ProblemKind.BAD_LENGTH
        end = start
        for length in _lengths(buffer[start + 1]):
            end = start + length + _AROUND
            if len(buffer) < end:
                return False, None
            if buffer[end - 1] == _STOP:
                if sum(buffer[start + 4 : end - 2]) & 0xFF == buffer[end - 2]:
                    return True, self._good(start, end)
                kind = ProblemKind.BAD_CHECKSUM
        if start >= self._region:
            if self._run:
                return True, self._end_run()
            self._begin_run(kind, end if kind is ProblemKind.BAD_CHECKSUM else 0)
        else:
            self._pass_inside()
        return True, None

    def _good(self, start: int, end: int) -> MBusFrame | Problem:
        if self._run:
            self._region = 0
            return self._end_run()
        self._offset = end
        self.stats.frames += 1
        return _frame(bytes(self._buffer[start:end]))

    def _short(self, start: int) -> bool:
        # False: more octets are needed.
        frame = self._buffer[start : start + 5]
        if len(frame) < 5:
            return False
        if frame[4] == _STOP and frame[3] == (frame[1] + frame[2]) & 0xFF:
            self._offset += 5
            self.stats.other += 1
        else:
            self._skip(start)
        return True

    def _skip(self, start: int) -> None:
        # Foreign up to where something may begin; never beyond the end of a rejected frame.
        found = _starts(self._buffer, start + 1)
        end = found.start() if found else len(self._buffer)
        if start < self._region:
            end = min(end, self._region)
        self._take(end)
