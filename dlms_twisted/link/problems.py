"""
What can be wrong with octets on a line, by kind, with the octets kept; and the counters of it.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final, NamedTuple

__all__ = ["RUN_LIMIT", "LinkStats", "Problem", "ProblemKind"]

#: Most octets that one L{Problem} holds; a longer run of foreign octets makes several.
RUN_LIMIT: Final = 4096


class ProblemKind(StrEnum):
    """
    Why octets became no payload: the closed list of the link room.
    """

    #: HDLC frame check sequence over the whole frame.
    BAD_FCS = "bad-fcs"
    #: HDLC header check sequence.
    BAD_HCS = "bad-hcs"
    #: A length that cannot be, or no end mark where the length says.
    BAD_LENGTH = "bad-length"
    #: An HDLC address of three octets, or without an end.
    BAD_ADDRESS = "bad-address"
    #: M-Bus sum, or P1 CRC.
    BAD_CHECKSUM = "bad-checksum"
    #: No wrapper header where one must be: the stream has no boundary any more.
    BAD_WRAPPER = "bad-wrapper"
    #: A segment that does not follow the one before it; what was there of the message.
    BAD_SEQUENCE = "bad-sequence"
    #: A frame or message that never became whole.
    INCOMPLETE = "incomplete"
    #: More than the limits allow.
    LIMIT = "limit"
    #: Octets that belong to no frame: noise, a bridge's chatter, padding.
    FOREIGN = "foreign"


class Problem(NamedTuple):
    """
    Octets that became no payload.

    @ivar kind: Why not.
    @ivar octets: As received, for the quarantine; a frame, the frames
        of a message, or a run of at most L{RUN_LIMIT}.
    """

    kind: ProblemKind
    octets: bytes


class LinkStats:
    """
    Counters of one decoder; they only rise.

    @ivar octets: All that was received.
    @ivar frames: Good frames.
    @ivar other: Good frames that carry nothing for the upper layer (an acknowledgement, say).
    @ivar problems: Events by kind; for C{FOREIGN} the number of octets.
    """

    __slots__ = ("frames", "octets", "other", "problems")

    def __init__(self) -> None:
        self.octets = 0
        self.frames = 0
        self.other = 0
        self.problems: dict[ProblemKind, int] = {}

    def count(self, kind: ProblemKind, number: int = 1) -> None:
        """
        Add to one kind.
        """
        self.problems[kind] = self.problems.get(kind, 0) + number

    def add(self, other: LinkStats) -> None:
        """
        Add the counters of another decoder of the same line.
        """
        self.octets += other.octets
        self.frames += other.frames
        self.other += other.other
        for kind, number in other.problems.items():
            self.count(kind, number)

    def hint(self) -> str:
        """
        @return: what a person could look at, in words; empty while all is well.
        """
        checks = (ProblemKind.BAD_FCS, ProblemKind.BAD_HCS, ProblemKind.BAD_CHECKSUM)
        bad = sum(self.problems.get(kind, 0) for kind in checks)
        if bad > 3 and bad * 4 > self.frames:
            return "many bad checksums: check parity and wiring"
        if self.frames == 0 and self.octets > 1000:
            return "octets but no frame: check baud rate, parity and the kind of framing"
        return ""

    def as_dict(self) -> dict[str, int]:
        """
        @return: all counters by name, for a status line.
        """
        counters = {"octets": self.octets, "frames": self.frames, "other": self.other}
        counters.update({str(kind): number for kind, number in sorted(self.problems.items())})
        return counters
