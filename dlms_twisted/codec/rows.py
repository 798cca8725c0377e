"""
Arrays of structures that look alike: profile buffers, object lists, lists of readings.
"""

from __future__ import annotations

import struct
from itertools import starmap
from typing import Any, Final

from dlms_twisted.codec.element import Value
from dlms_twisted.codec.tags import STRUCTURE
from dlms_twisted.codec.template import Template, builder, learn

__all__ = ["Rows"]

#: How many looks of rows are remembered at once.
_LOOKS: Final = 4
#: After how many rows of one look many are taken at once.
_RUN: Final = 4
#: How many octets of equal rows are compared at once.
_CHUNK: Final = 1 << 16
#: Rows that look like some before pay for those that do not, and for learning; the most that is saved up.
_CREDIT: Final = 80
#: What learning costs.
_PRICE: Final = 8
#: Each so many rows whose look stands behind others, it is moved before them.
_SAMPLE: Final = 16
#: How C{struct} reads tags, lengths and counts as one field.
_CODES: Final = {1: "B", 2: "H", 4: "I", 8: "Q"}


class _Look:
    # How some rows look.

    __slots__ = ("build", "constants", "contents", "expected", "mask", "probe", "size")

    def __init__(self, template: Template, octets: bytes) -> None:
        # Tags and the like alternate with contents: the fields with even numbers are constant.
        code = "".join(
            [one.code or _CODES.get(one.width, f"{one.width}s") for one in template.parts]
        )
        both = struct.Struct(">" + code)
        self.size = both.size
        self.probe = both.unpack_from
        self.constants: tuple[Any, ...] = both.unpack(octets)[::2]
        self.mask, self.expected = (
            one.to_bytes(both.size, "big") for one in template.masked(octets)
        )
        self.contents = template.contents.iter_unpack
        self.build = None if template.flat else builder(template.form)

    def equal(self, chunk: bytes) -> int:
        """
        @return: how many rows at the front of C{chunk}, which holds whole rows, look like this.
        """
        size = self.size
        count = len(chunk) // size
        mask = int.from_bytes(self.mask * count, "big")
        wrong = (int.from_bytes(chunk, "big") & mask) ^ int.from_bytes(self.expected * count, "big")
        # The highest bit that is wrong is in the first row that differs.
        return (count * size * 8 - wrong.bit_length()) // (size * 8)


class Rows:
    """
    Takes those elements of one array that look like some before.
    """

    __slots__ = ("_behind", "_buffer", "_credit", "_looks", "_sizes")

    def __init__(self, buffer: bytes, count: int) -> None:
        """
        @param buffer: Holds the array.
        @param count: How many elements it has.
        """
        self._buffer = buffer
        self._looks: list[_Look] = []
        #: The sizes of rows that were seen.
        self._sizes: set[int] = set()
        self._credit = min(_CREDIT, count // 4)
        #: How often a look was found behind others; now and then it is moved before them.
        self._behind = 0

    def take(self, values: list[Value], offset: int, count: int) -> int:
        """
        Take rows as long as they look like some before.

        @param values: Their values are put at its end.
        @param offset: Where the first one begins.
        @param count: C{values} gets no longer than that.

        @return: the offset after the last row taken: C{offset} when there was none.
        """
        buffer = self._buffer
        begun = len(values)
        before = None
        repeated = 0
        left = count - begun
        while left > 0:
            for look in self._looks:
                try:
                    fields = look.probe(buffer, offset)
                except struct.error:  # the buffer ends before
                    continue
                if fields[::2] == look.constants:
                    break
            else:
                break
            if look is not self._looks[0]:
                self._behind += 1
                if not self._behind % _SAMPLE:
                    self._looks.remove(look)
                    self._looks.insert(0, look)
            contents = fields[1::2]
            values.append(contents if look.build is None else look.build(*contents))
            offset += look.size
            left -= 1
            if look is before:
                repeated += 1
                if repeated == _RUN:
                    offset = self._run(look, values, offset, count)
                    left = count - len(values)
                    repeated = 0
            else:
                before = look
                repeated = 0
        self._credit = min(_CREDIT, self._credit + len(values) - begun)
        return offset

    def missed(self, start: int, end: int, left: int) -> None:
        """
        A row was decoded otherwise: learn how it looks if rows of its size come more often.

        @param start: Where it begins.
        @param end: Where it ends.
        @param left: How many rows are still to come.
        """
        if left < _LOOKS or self._credit <= 0:
            self._looks.clear()
            return
        self._credit -= 1
        if end - start not in self._sizes:
            self._sizes.add(end - start)
            return
        self._credit -= _PRICE
        octets = self._buffer[start:end]
        template = learn(octets)
        if octets[0] == STRUCTURE and template is not None and _alternates(template):
            self._looks.insert(0, _Look(template, octets))
            del self._looks[_LOOKS:]

    def _run(self, look: _Look, values: list[Value], offset: int, count: int) -> int:
        # Take as many rows of one look as there are.
        size = look.size
        want = 2 * _RUN
        while True:
            want = min(want, count - len(values), (len(self._buffer) - offset) // size)
            if want < _RUN:
                return offset
            chunk = self._buffer[offset : offset + want * size]
            equal = look.equal(chunk)
            contents = look.contents(chunk[: equal * size])
            values.extend(contents if look.build is None else starmap(look.build, contents))
            offset += equal * size
            if equal < want:
                return offset
            want = min(8 * want, max(_RUN, _CHUNK // size))


def _alternates(template: Template) -> bool:
    # Are there tags or the like between any two contents?
    return all(bool(part.code) == bool(place % 2) for place, part in enumerate(template.parts))
