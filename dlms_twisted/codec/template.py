"""
Templates: where everything stands in an element that was decoded, to decode others like it in one go.

Of a decoded element, the tags, lengths and counts say where everything stands; only the contents of its simple types
vary, and not even all of those.  An element of the same size with the same constants in the same places is decoded by
one C{struct.Struct}.  That it has them is checked octet by octet, in one compare, so that the result is always that of
any other decoder.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from struct import Struct
from typing import Final, NamedTuple

from dlms_twisted.codec.cursor import Cursor
from dlms_twisted.codec.description import TypeDescription, read_description
from dlms_twisted.codec.element import Value, bits, utf8
from dlms_twisted.codec.limits import MAX_DEPTH
from dlms_twisted.codec.tags import (
    ARRAY,
    BIT_STRING,
    BY_TAG,
    COMPACT_ARRAY,
    OCTET_STRING,
    STRUCTURE,
    UTF8_STRING,
    VISIBLE_STRING,
)

__all__ = ["MAX_SIZE", "Part", "Template", "builder", "learn"]

#: The largest element that is learned, in octets.
MAX_SIZE: Final = 4096
#: The most elements of all levels in an element that is learned.
_MAX_ELEMENTS: Final = 512
#: The deepest nesting that is learned: Python's parser allows no more than 200 parentheses.
_MAX_NESTING: Final = 40


class Part(NamedTuple):
    """
    Octets that stand together.

    @ivar code: How C{struct} reads a content; empty for tags, lengths and counts.
    @ivar width: How many octets.
    """

    code: str
    width: int


class Template(NamedTuple):
    """
    What equal elements have in common.

    @ivar parts: All octets of the element, in order; two parts without code are never side by side.
    @ivar form: A Python expression for the values, in which each C{@} stands for the next content.
    @ivar codes: Contents that were taken as constant; C{k0}, C{k1} and so on in the form.
    @ivar flat: Are the values just the contents, as a tuple?
    """

    parts: tuple[Part, ...]
    form: str
    codes: tuple[bytes, ...]
    flat: bool

    @property
    def contents(self) -> Struct:
        """
        Reads all contents, and nothing else, of an element that looks like this.
        """
        return Struct(">" + "".join([part.code or f"{part.width}x" for part in self.parts]))

    def masked(self, octets: bytes) -> tuple[int, int]:
        """
        @param octets: The element that was learned.

        @return: a mask that is all ones where a constant stands, and what stands there.
        """
        mask = b"".join([(b"\x00" if part.code else b"\xff") * part.width for part in self.parts])
        number = int.from_bytes(mask, "big")
        return number, int.from_bytes(octets, "big") & number


class _TooMuch(Exception):  # noqa: N818 - it never leaves this module
    pass


def learn(octets: bytes, *, codes: bool = False) -> Template | None:
    """
    @param octets: An element that was decoded.
    @param codes: Take octet-strings of six octets as constant, too: most are OBIS codes.

    @return: how elements like it look; C{None} where it is too large to be worth it.
    """
    if len(octets) > MAX_SIZE:
        return None
    walk = _Walk(octets, codes)
    try:
        form = walk.element(_MAX_NESTING)
    except _TooMuch:
        return None
    walk.constant()
    contents = sum(bool(part.code) for part in walk.parts)
    flat = form == "(" + "@, " * contents + ")"
    return Template(tuple(walk.parts), form, tuple(walk.codes or ()), flat)


@lru_cache(maxsize=512)
def builder(form: str, codes: tuple[bytes, ...] = ()) -> Callable[..., Value]:
    """
    @param form: As in L{Template}.
    @param codes: As in L{Template}.

    @return: makes the values out of the contents, which are its positional arguments.
    """
    # Nothing that was received is in the form but numbers: the lengths of bit-strings.
    first, *pieces = form.split("@")
    text = first + "".join([f"v{place}{piece}" for place, piece in enumerate(pieces)])
    names = ", ".join([f"v{place}" for place in range(len(pieces))])
    known = {"bits": bits, "utf8": utf8, **{f"k{place}": code for place, code in enumerate(codes)}}
    build: Callable[..., Value] = eval(f"lambda {names}: {text}", known)
    return build


class _Walk:
    # Finds parts and form along one good element.

    def __init__(self, octets: bytes, codes: bool) -> None:
        self.codes: list[bytes] | None = [] if codes else None
        self.cursor = Cursor(octets)
        self.parts: list[Part] = []
        self.offset = 0
        self.elements = 0

    def constant(self) -> None:
        # What was taken since the last part are tags, lengths and counts.
        width = self.cursor.offset - self.offset
        if width:
            self.parts.append(Part("", width))
            self.offset = self.cursor.offset

    def content(self, code: str, width: int) -> str:
        self.constant()
        self.cursor.take(width)
        self.parts.append(Part(code, width))
        self.offset = self.cursor.offset
        return "@"

    def count(self, depth: int) -> None:
        self.elements += 1
        if not depth or self.elements > _MAX_ELEMENTS:
            raise _TooMuch

    def sequence(self, forms: Iterator[str]) -> str:
        return f"({''.join([form + ', ' for form in forms])})"

    def element(self, depth: int) -> str:
        self.count(depth)
        tag = self.cursor.octet()
        if tag == COMPACT_ARRAY:
            description = read_description(self.cursor, MAX_DEPTH)
            length = self.cursor.length()
            return self.sequence(self.compact_array(description, length, depth))
        if tag in {ARRAY, STRUCTURE}:
            count = self.cursor.length()
            return self.sequence(self.element(depth - 1) for _ in range(count))
        return self.simple(tag)

    def simple(self, tag: int) -> str:
        known = BY_TAG[tag]
        if not known.width:
            return "None"
        if known.width > 0:
            return self.content(known.code, known.width)
        length = self.cursor.length()
        if tag == BIT_STRING:
            width = (length + 7) // 8
            return f"bits({self.content(f'{width}s', width)}, {length})"
        if tag == OCTET_STRING and length == 6 and self.codes is not None:
            self.codes.append(self.cursor.take(6))
            return f"k{len(self.codes) - 1}"
        text = self.content(f"{length}s", length)
        if tag == VISIBLE_STRING:
            return f"{text}.decode('latin-1')"
        return f"utf8({text})" if tag == UTF8_STRING else text

    def compact_array(self, kind: TypeDescription, length: int, depth: int) -> Iterator[str]:
        if kind.items > MAX_SIZE:
            raise _TooMuch
        end = self.cursor.offset + length
        while self.cursor.offset < end:
            yield self.described(kind, depth - 1)

    def described(self, kind: TypeDescription, depth: int) -> str:
        self.count(depth)
        if kind.tag == ARRAY:
            return self.sequence(
                self.described(kind.children[0], depth - 1) for _ in range(kind.repeat)
            )
        if kind.tag == STRUCTURE:
            return self.sequence(self.described(one, depth - 1) for one in kind.children)
        return self.simple(kind.tag)
