"""
Data that fits a type, for property tests of the interface classes.
"""

from __future__ import annotations

from hypothesis import strategies as st

from dlms_twisted.codec import build
from dlms_twisted.codec.data import Data
from dlms_twisted.codec.tags import BY_TAG
from dlms_twisted.cosem.kinds import Kind, NumberKind, TextKind
from dlms_twisted.cosem.kinds_moments import MOMENTS
from dlms_twisted.cosem.kinds_nested import ArrayKind, EitherKind, StructureKind

__all__ = ["fitting"]

_ANY = st.one_of(
    st.builds(build.null),
    st.builds(build.long_unsigned, st.integers(0, 65535)),
    st.builds(build.octet_string, st.binary(max_size=8)),
    st.builds(lambda value: build.structure(build.unsigned(value)), st.integers(0, 255)),
)


def _number(kind: NumberKind) -> st.SearchStrategy[Data]:
    known = BY_TAG[kind.tag]
    if known.is_integer:
        return st.integers(known.low, known.high).map(lambda value: build.integer_of(known, value))
    return st.booleans().map(build.boolean)


def _text(kind: TextKind) -> st.SearchStrategy[Data]:
    if kind.text == "bs":
        return st.text("01", max_size=12).map(build.bit_string)
    if kind.text == "vs":
        return st.text(st.characters(max_codepoint=255), max_size=8).map(build.visible_string)
    if kind.text == "us":
        return st.text(st.characters(exclude_categories=["Cs"]), max_size=8).map(build.utf8_string)
    return st.binary(max_size=8).map(build.octet_string)


def fitting(kind: Kind) -> st.SearchStrategy[Data]:
    """
    @return: elements that are of the type.
    """
    if isinstance(kind, NumberKind):
        return _number(kind)
    if isinstance(kind, TextKind):
        return _text(kind)
    if isinstance(kind, ArrayKind):
        return st.lists(fitting(kind.element), max_size=2).map(lambda some: build.array(*some))
    if isinstance(kind, StructureKind):
        parts = [fitting(one) for _, one in kind.fields]
        return st.tuples(*parts).map(lambda some: build.structure(*some))
    if isinstance(kind, EitherKind):
        return st.one_of([fitting(one) for one in kind.kinds])
    if kind.text in MOMENTS:
        _, size, tag, as_octets = MOMENTS[kind.text]
        octets = st.binary(min_size=size, max_size=size)
        if as_octets:
            return octets.map(build.octet_string)
        return octets.map(lambda some: Data(bytes((tag,)) + some, some))
    if kind.text == "LN":
        return st.binary(min_size=6, max_size=6).map(build.octet_string)
    return st.just(build.null()) if kind.text == "null" else _ANY
