"""
Compact data (class 62): values without tags, laid out as a template says.

Source: DLMS UA 1000-1 (Blue Book), Compact data.
"""

from __future__ import annotations

from collections.abc import Sequence

from dlms_twisted.codec.data import Data, decode_data
from dlms_twisted.codec.length import encode_length
from dlms_twisted.cosem.columns import Column
from dlms_twisted.cosem.elements import Element, children, element_of
from dlms_twisted.cosem.kinds import data_of
from dlms_twisted.cosem.profile import Profile, Row
from dlms_twisted.errors import DecodeError

__all__ = ["compact_elements", "compact_row", "template_id"]

_COMPACT_ARRAY = b"\x13"
_STRUCTURE = 2


def template_id(compact_buffer: bytes) -> int | None:
    """
    @return: the number of the template that a C{compact_buffer} is laid out by: its first octet; C{None} if it
        is empty.
    """
    return compact_buffer[0] if compact_buffer else None


def compact_elements(compact_buffer: bytes, template_description: bytes) -> tuple[Data, ...]:
    """
    @param compact_buffer: The attribute: the template's number, and the values without tags.
    @param template_description: The attribute: the types of the values, with or without the template's number in
        front.

    @return: the values, each with its type: those of one structure are given one by one.

    @raise DecodeError: the buffer is not laid out so, or belongs to another template.
    """
    if not compact_buffer:
        raise DecodeError("a template_id wanted", 0)
    problem: DecodeError | None = None
    for description in _descriptions(compact_buffer[0], template_description):
        content = compact_buffer[1:]
        octets = _COMPACT_ARRAY + description + encode_length(len(content)) + content
        try:
            elements = children(element_of(decode_data(octets)))
        except DecodeError as error:
            problem = problem or error
            continue
        return tuple(data_of(one) for one in _flat(elements))
    raise problem or DecodeError("a template_description wanted", 0)


def _descriptions(number: int, template_description: bytes) -> list[bytes]:
    """
    The readings of a description, the likelier first: a template's number in front of it is not part of it.
    """
    if template_description[:1] == bytes((number,)):
        return [template_description[1:], template_description]
    return [template_description]


def _flat(elements: Sequence[Element]) -> Sequence[Element]:
    return (
        children(elements[0]) if len(elements) == 1 and elements[0].tag == _STRUCTURE else elements
    )


def compact_row(
    compact_buffer: bytes, template_description: bytes, columns: Sequence[Column]
) -> Row:
    """
    @param columns: Those of C{capture_objects}.

    @return: the values as a row of these columns.

    @raise DecodeError: the buffer is not laid out so.
    """
    elements = compact_elements(compact_buffer, template_description)
    profile = Profile(columns)
    octets = b"\x02" + encode_length(len(elements)) + b"".join(one.octets for one in elements)
    [row] = profile.rows(b"\x01\x01" + octets)
    return row
