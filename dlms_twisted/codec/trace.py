"""
Each octet explained: the decoders run as ever, and what they take is written down.
"""

from __future__ import annotations

from typing import NamedTuple

from dlms_twisted.codec.data import Data
from dlms_twisted.codec.element import read_element
from dlms_twisted.codec.limits import DEFAULT_LIMITS, Limits
from dlms_twisted.codec.reader import Reader

__all__ = ["Span", "TracingReader"]


class Span(NamedTuple):
    """
    A field and the octets it was made of.

    @ivar offset: Where they begin in the buffer.
    @ivar octets: The octets.  Those of a group are all of its fields'.
    @ivar field: The field's name; the elements of arrays and structures are named by their index.
    @ivar value: What they mean; C{None} for a group and for types without a value.
    @ivar depth: How many groups the field is in.
    @ivar group: Does it stand for the fields after it that are deeper?
    """

    offset: int
    octets: bytes
    field: str
    value: object
    depth: int
    group: bool


class TracingReader(Reader):
    """
    A L{Reader} that keeps a L{Span} of each field, up to the one that an error stopped::

        reader = TracingReader(octets)
        try:
            apdu = GetRequestNormal.read(reader)
            reader.finish()
        except DecodeError as error:
            ...
        for span in reader.spans():
            ...
    """

    __slots__ = ("_groups", "_spans")

    def __init__(
        self,
        data: bytes,
        offset: int = 0,
        end: int | None = None,
        limits: Limits = DEFAULT_LIMITS,
    ) -> None:
        super().__init__(data, offset, end, limits)
        self._spans: list[Span] = []
        #: Where the groups that are open stand in the list.
        self._groups: list[int] = []

    def spans(self) -> tuple[Span, ...]:
        """
        @return: what was taken so far, in the order of the octets, each group before its fields.
        """
        spans = list(self._spans)
        for place in self._groups:
            start = spans[place].offset
            spans[place] = spans[place]._replace(octets=self.buffer[start : self.offset])
        return tuple(spans)

    def take(self, count: int, field: str = "") -> bytes:
        """
        As L{Reader.take}.
        """
        start = self.offset
        value = super().take(count, field)
        self._record(start, field, value)
        return value

    def octet(self, field: str = "") -> int:
        """
        As L{Reader.octet}.
        """
        start = self.offset
        value = super().octet(field)
        self._record(start, field, value)
        return value

    def unsigned(self, width: int, field: str = "") -> int:
        """
        As L{Reader.unsigned}.
        """
        value = super().unsigned(width, field)
        self.explain(value)
        return value

    def signed(self, width: int, field: str = "") -> int:
        """
        As L{Reader.signed}.
        """
        value = super().signed(width, field)
        self.explain(value)
        return value

    def length(self, field: str = "") -> int:
        """
        As L{Reader.length}.
        """
        start = self.offset
        value = super().length(field)
        self._spans.pop()  # the first octet of it
        self._record(start, field, value)
        return value

    def octets(self, field: str = "") -> bytes:
        """
        As L{Reader.octets}.
        """
        return self.take(self.length(f"{field} length" if field else "length"), field)

    def optional(self, field: str = "") -> bool:
        """
        As L{Reader.optional}.
        """
        present = super().optional(f"{field} present" if field else "present")
        self.explain(present)
        return present

    def data(self, field: str = "") -> Data:
        """
        As L{Reader.data}.
        """
        start = self.offset
        self.enter(field or "data")
        values = read_element(self, self.limits.depth)
        self.leave()
        return Data(self.buffer[start : self.offset], values)

    def mark(self) -> tuple[int, ...]:
        """
        As L{Reader.mark}.
        """
        return (*super().mark(), len(self._spans), len(self._groups))

    def back(self, mark: tuple[int, ...]) -> None:
        """
        As L{Reader.back}; what was taken since is forgotten.
        """
        super().back(mark)
        del self._spans[mark[2] :]
        del self._groups[mark[3] :]

    def enter(self, name: str) -> None:
        """
        Begin a group of fields.
        """
        self._groups.append(len(self._spans))
        self._spans.append(Span(self.offset, b"", name, None, len(self._groups) - 1, True))

    def leave(self) -> None:
        """
        End the group that was begun last.
        """
        place = self._groups.pop()
        start = self._spans[place].offset
        self._spans[place] = self._spans[place]._replace(octets=self.buffer[start : self.offset])

    def explain(self, value: object) -> None:
        """
        Say what the field that was taken last means.
        """
        self._spans[-1] = self._spans[-1]._replace(value=value)

    def _record(self, start: int, field: str, value: object) -> None:
        octets = self.buffer[start : self.offset]
        self._spans.append(Span(start, octets, field, value, len(self._groups), False))
