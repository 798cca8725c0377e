"""
Elements of Data for the tests: random ones, those of the vectors, damaged ones, and hostile ones.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any, cast

from hypothesis import strategies as st

from dlms_twisted.codec.cursor import Cursor
from dlms_twisted.codec.data import Data, decode_data_at
from dlms_twisted.codec.element import read_element
from dlms_twisted.codec.json_form import from_json
from dlms_twisted.codec.length import encode_length
from dlms_twisted.codec.limits import DEFAULT_LIMITS, Limits
from dlms_twisted.codec.tags import BY_NAME, TYPES
from dlms_twisted.errors import DecodeError
from tests import vectors

_SIMPLE = {one.tag: one.width for one in TYPES if one.width >= 0}
_FILES = ("data_types", "profile", "hdlc_push", "wrapper_udp", "services")


@st.composite
def lengths(draw: st.DrawFn, count: int) -> bytes:
    """
    A length in its shortest form, or a longer one.
    """
    widths = [width for width in (1, 2, 3, 4) if count < 1 << 8 * width]
    width = draw(st.sampled_from([0, 0, 0, *widths]))
    return bytes((0x80 | width,)) + count.to_bytes(width, "big") if width else encode_length(count)


@st.composite
def contents(draw: st.DrawFn, tag: int) -> bytes:
    """
    The content of a simple type.
    """
    if tag in _SIMPLE:
        return draw(st.binary(min_size=_SIMPLE[tag], max_size=_SIMPLE[tag]))
    if tag == 12:
        octets = draw(st.one_of(st.binary(max_size=9), st.text(max_size=5).map(str.encode)))
    else:
        octets = draw(st.one_of(st.binary(max_size=9), st.binary(min_size=6, max_size=6)))
    count = len(octets)
    if tag == 4:
        count = max(0, 8 * count - draw(st.integers(0, 7))) if octets else 0
    return draw(lengths(count)) + octets


SIMPLE_TAGS = st.sampled_from([*_SIMPLE, 4, 9, 9, 10, 12])


@st.composite
def simple(draw: st.DrawFn) -> bytes:
    """
    An element of a simple type.
    """
    tag = draw(SIMPLE_TAGS)
    return bytes((tag,)) + draw(contents(tag))


@st.composite
def sequences(draw: st.DrawFn, children: st.SearchStrategy[bytes]) -> bytes:
    """
    An array or structure; often its elements are equal but for some octets.
    """
    elements = draw(st.lists(children, max_size=5))
    times = draw(st.sampled_from([1, 1, 1, 2, 8, 40]))
    if times * sum(map(len, elements)) < 1500:
        elements = elements * times
    tag = draw(st.sampled_from([b"\x01", b"\x02"]))
    return tag + draw(lengths(len(elements))) + b"".join(elements)


@st.composite
def descriptions(draw: st.DrawFn, depth: int = 2) -> tuple[bytes, Any]:
    """
    A type description, and how to draw the content of one element.
    """
    kind = draw(st.sampled_from(["simple", "simple", "array", "structure"])) if depth else "simple"
    if kind == "simple":
        tag = draw(SIMPLE_TAGS)
        return bytes((tag,)), contents(tag)
    if kind == "array":
        count = draw(st.integers(0, 3))
        octets, content = draw(descriptions(depth - 1))
        lists = st.lists(content, min_size=count, max_size=count)
        return b"\x01" + count.to_bytes(2, "big") + octets, lists.map(b"".join)
    parts = draw(st.lists(descriptions(depth - 1), max_size=4))
    octets = b"\x02" + bytes((len(parts),)) + b"".join([part for part, _ in parts])
    return octets, st.tuples(*[content for _, content in parts]).map(b"".join)


@st.composite
def compact_arrays(draw: st.DrawFn) -> bytes:
    """
    A compact-array; one whose type takes no octets is no good element.
    """
    octets, content = draw(descriptions())
    joined = b"".join(draw(st.lists(content, max_size=6)))
    return b"\x13" + octets + draw(lengths(len(joined))) + joined


#: Elements of all types as octets; nearly all of them are good.
ELEMENTS = st.recursive(st.one_of(simple(), simple(), compact_arrays()), sequences, max_leaves=12)


def reference(octets: bytes, limits: Limits = DEFAULT_LIMITS) -> tuple[str, int]:
    """
    What the reference decoder makes of octets.

    @return: the text of the values, where NaN is equal to itself and 1 is not true, and the offset after them.

    @raise DecodeError: no element.
    """
    cursor = Cursor(octets, limits=limits)
    values = read_element(cursor, limits.depth)
    return repr(values), cursor.offset


def bodies() -> Iterator[tuple[str, Data]]:
    """
    @return: all Data of the vectors that stand alone or as a tree, each with the record's name.
    """
    for name in _FILES:
        for record in vectors.load(f"{name}.jsonl"):
            if record["medium"] == "axdr":
                yield record["id"], decode_data_at(bytes.fromhex(record["hex"]), 0)[0]
                continue
            for tree in _trees([record.get("expected"), record.get("decoded")]):
                yield record["id"], from_json(tree)


def _trees(form: object) -> Iterator[Any]:
    if isinstance(form, dict):
        if form.get("type") in BY_NAME:
            yield form
            return
        form = list(form.values())
    if isinstance(form, list):
        for one in cast(list[object], form):
            yield from _trees(one)


def mutated(octets: bytes, source: random.Random) -> bytes:
    """
    @return: C{octets} with some changed, inserted, removed or repeated, or the rest cut off.
    """
    damaged = bytearray(octets)
    for _ in range(source.choice((1, 1, 1, 2, 3, 8))):
        place = source.randrange(len(damaged) + 1)
        kind = source.randrange(6)
        if kind == 0:
            damaged[place : place + 1] = bytes((source.randrange(256),))
        elif kind == 1:
            damaged[place : place + 1] = bytes((source.choice(_NASTY),))
        elif kind == 2:
            damaged[place:place] = source.randbytes(source.choice((1, 2, 5)))
        elif kind == 3:
            del damaged[place : place + source.choice((1, 2, 5))]
        elif kind == 4:
            damaged[place:place] = damaged[place : place + source.randrange(40)]
        elif len(damaged) > 1:
            del damaged[place:]
    return bytes(damaged)


_NASTY = (0x00, 0x01, 0x02, 0x04, 0x09, 0x0A, 0x0C, 0x13, 0x7F, 0x80, 0x81, 0x82, 0x84, 0xFE, 0xFF)


def outcome(decode: Any, octets: bytes) -> object:
    """
    @return: what a decoder makes of octets, so that two can be compared; L{DecodeError} is an outcome, any other
        exception is raised.
    """
    try:
        data = decode(octets)
    except DecodeError as error:
        return (error.reason, error.offset)
    return (data.octets, repr(data.values), data.shape)


def hostile(size: int) -> dict[str, bytes]:
    """
    @return: by name, inputs of about C{size} octets that would cost a careless decoder much.
    """
    half = size // 2
    count = encode_length(size)
    rows = b"".join([b"\x02\x01\x11" + bytes((place & 0xFF,)) for place in range(32)])
    small = b"\x01\x20" + rows
    mixed = b"\x01\x20" + (b"\x02\x01\x11\x00\x02\x02\x00\x00" * 16)
    return {
        "depth bomb of arrays": b"\x01\x01" * half,
        "depth bomb of structures": b"\x02\x01" * half,
        "array of null-data": b"\x01" + count + bytes(size),
        "array of empty structures": b"\x01" + encode_length(half) + b"\x02\x00" * half,
        "array of unsigned": b"\x01" + encode_length(half) + b"\x11\x01" * half,
        "count of four octets": b"\x01\x84\xff\xff\xff\xff" + bytes(size),
        "length of four octets": b"\x09\x84\xff\xff\xff\xff" + bytes(size),
        "counts that promise too much": b"\x01" + encode_length(half) + b"\x01\x7f" * half,
        "octet-strings of no octets": b"\x01" + encode_length(half) + b"\x09\x00" * half,
        "long octet-string": b"\x09" + count + bytes(size),
        "long bit-string": b"\x04" + encode_length(8 * size) + b"\x55" * size,
        "utf8-string that is none": b"\x0c" + count + b"\xff" * size,
        "compact-array of nothing": b"\x13\x00" + count + bytes(size),
        "compact-array of nested nothing": b"\x13\x01\xff\xff\x01\xff\xff\x00"
        + count
        + bytes(size),
        "compact-array of little and much nothing": b"\x13\x02\x02\x11\x01\xff\xff\x01\xff\xff\x00"
        + count
        + bytes(size),
        "compact-array of little and some nothing": b"\x13\x02\x0f\x11"
        + bytes(14)
        + count
        + bytes(size),
        "compact-array of empty strings and empty structures": b"\x13\x02\x0f\x09"
        + b"\x02\x00" * 14
        + count
        + bytes(size),
        "compact-array with a long description": b"\x13\x02"
        + encode_length(half)
        + b"\x11" * half
        + encode_length(half)
        + bytes(half),
        "compact-array of huge arrays, empty": b"\x13\x02"
        + encode_length(size // 4)
        + b"\x01\xff\xff\x11" * (size // 4)
        + b"\x00",
        "many compact-arrays": b"\x01"
        + encode_length(size // 4)
        + b"\x13\x11\x01\x07" * (size // 4),
        "arrays of equal rows": b"\x01"
        + encode_length(size // len(small))
        + small * (size // len(small)),
        "arrays of rows of two looks": b"\x01"
        + encode_length(size // len(mixed))
        + mixed * (size // len(mixed)),
        "good rows and a bad one": b"\x01"
        + encode_length(size // 6)
        + b"\x02\x02\x11\x01\x11\x02" * (size // 6 - 1)
        + b"\x02\x02\x11\x01\x07\x02",
    }
