"""
Messages of which not all segments have come yet: bounded in number, size and age.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from dlms_twisted.link.problems import LinkStats, Problem, ProblemKind

__all__ = ["Limits", "Partial", "Partials"]


class Limits(NamedTuple):
    """
    What an unfinished message may cost.

    @ivar octets: Most octets of one message.
    @ivar messages: Most unfinished messages at a time, each of another address.
    @ivar age: Seconds after its last segment for which a message waits for the next one; meters were seen
        to send it three seconds later.
    """

    octets: int = 65536
    messages: int = 16
    age: float = 8.0


DEFAULT_LIMITS: Final = Limits()


class Partial:
    """
    The segments of one message so far.

    @ivar size: Octets of the message so far.
    @ivar sequence: Number of the last segment, where segments are numbered.
    @ivar deadline: When it is given up, in seconds of the caller's clock.
    """

    __slots__ = ("deadline", "parts", "raws", "sequence", "size")

    def __init__(self) -> None:
        self.parts: list[bytes] = []
        self.raws: list[bytes] = []
        self.size = 0
        self.sequence = 0
        self.deadline = 0.0

    @property
    def octets(self) -> bytes:
        """
        The message so far.
        """
        return b"".join(self.parts)

    @property
    def raw(self) -> bytes:
        """
        The frames that carried it.
        """
        return b"".join(self.raws)


class Partials:
    """
    The unfinished messages of one line, by address.
    """

    def __init__(self, stats: LinkStats, limits: Limits = DEFAULT_LIMITS) -> None:
        """
        @param stats: Where messages that are given up are counted.
        """
        self._stats = stats
        self._limits = limits
        self._partials: dict[bytes, Partial] = {}

    @property
    def deadline(self) -> float | None:
        """
        When L{time_passed} has something to give up next; C{None} if nothing waits.
        """
        if not self._partials:
            return None
        return min(partial.deadline for partial in self._partials.values())

    def get(self, address: bytes) -> Partial | None:
        """
        The unfinished message of this address, if there is one.
        """
        return self._partials.get(address)

    def add(
        self, address: bytes, octets: bytes, raw: bytes, now: float, sequence: int = 0
    ) -> Problem | None:
        """
        Add a segment, the first of a message or the next.

        @return: what had to be given up for it: this message if it grew too long, or the one that waits
            longest if there were too many.
        """
        problem = None
        partial = self._partials.get(address)
        if partial is None:
            if len(self._partials) >= self._limits.messages:
                oldest = min(self._partials, key=lambda key: self._partials[key].deadline)
                problem = self.give_up(oldest, ProblemKind.LIMIT)
            partial = self._partials[address] = Partial()
        partial.parts.append(octets)
        partial.raws.append(raw)
        partial.size += len(octets)
        partial.sequence = sequence
        partial.deadline = now + self._limits.age
        if partial.size > self._limits.octets:
            return self.give_up(address, ProblemKind.LIMIT)
        return problem

    def finish(self, address: bytes) -> Partial:
        """
        Take the message of this address away, because it is whole.
        """
        return self._partials.pop(address)

    def give_up(self, address: bytes, kind: ProblemKind) -> Problem:
        """
        Take the message of this address away, because it will not become whole.

        @return: its frames, as a problem that is counted.
        """
        partial = self._partials.pop(address)
        self._stats.count(kind)
        return Problem(kind, partial.raw)

    def time_passed(self, now: float) -> list[Problem]:
        """
        @return: the messages that waited too long, given up as C{incomplete}.
        """
        late = [key for key, partial in self._partials.items() if partial.deadline <= now]
        return [self.give_up(key, ProblemKind.INCOMPLETE) for key in late]

    def end(self) -> list[Problem]:
        """
        @return: all messages, given up because nothing more will come.
        """
        return [self.give_up(key, ProblemKind.INCOMPLETE) for key in list(self._partials)]
