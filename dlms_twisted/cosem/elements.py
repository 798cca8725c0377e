"""
Elements of a decoded body, and what their values mean on their own: numbers, texts, times, logical names.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final, NamedTuple

from dlms_twisted.codec.data import Data
from dlms_twisted.codec.shape import Shape
from dlms_twisted.codec.tags import (
    ARRAY,
    BIT_STRING,
    BY_NAME,
    BY_TAG,
    COMPACT_ARRAY,
    OCTET_STRING,
    STRUCTURE,
    TYPES,
)
from dlms_twisted.codec.tree import JSON, tree_of
from dlms_twisted.cosem.clock import NO_OPTIONS, ClockOptions, local_datetime, time_text
from dlms_twisted.cosem.obis import Obis
from dlms_twisted.cosem.scaled import exact_float

__all__ = [
    "BOOLEAN",
    "DATE_TIME",
    "ENUM",
    "INTEGERS",
    "Element",
    "ScalerUnit",
    "children",
    "element_of",
    "is_logical_name",
    "is_time",
    "number",
    "octets_text",
    "plain",
    "scaler_unit",
    "text",
    "tree",
    "type_name",
]

BOOLEAN: Final = BY_NAME["boolean"].tag
DATE_TIME: Final = BY_NAME["date-time"].tag
ENUM: Final = BY_NAME["enum"].tag
_BCD: Final = BY_NAME["bcd"].tag
_INTEGER: Final = BY_NAME["integer"].tag
_UNSIGNED: Final = BY_NAME["unsigned"].tag
#: The tags whose value is an integer.
INTEGERS: Final = frozenset([one.tag for one in TYPES if one.is_integer])
_FLOATS: Final = {BY_NAME["float32"].tag: 4, BY_NAME["float64"].tag: 8}
_CONTAINERS: Final = frozenset({ARRAY, STRUCTURE, COMPACT_ARRAY})
_PLAIN_HEX: Final = frozenset({BY_NAME["date"].tag, BY_NAME["time"].tag})
#: What C{scaler_unit} looks like; some meters send the unit as unsigned.
_SCALER_UNITS: Final = ((STRUCTURE, (_INTEGER, ENUM)), (STRUCTURE, (_INTEGER, _UNSIGNED)))
#: The value group A of the codes that exist; none of them is a printable character.
_MEDIA: Final = frozenset({0, 1, 4, 5, 6, 7, 8, 9, 15})
#: Longest text, in octets, that is looked at for being printable.
_LONGEST_TEXT: Final = 4096


class Element(NamedTuple):
    """
    One element of a body.

    @ivar tag: Its type.
    @ivar value: In plain Python.
    @ivar shape: Its type with those of its elements.
    """

    tag: int
    value: Any
    shape: Shape


class ScalerUnit(NamedTuple):
    """
    The attribute C{scaler_unit}: a power of ten, and a number of the enumeration of units.
    """

    scaler: int
    unit: int


def element_of(body: Data) -> Element:
    """
    @return: the outermost element of C{body}.
    """
    return Element(body.tag, body.values, body.shape)


def tree(element: Element) -> dict[str, JSON]:
    """
    @return: the JSON form.
    """
    return tree_of(element.shape, element.value)


def type_name(element: Element) -> str:
    """
    @return: the standard's name of its type.
    """
    return BY_TAG[element.tag].name


def children(element: Element) -> tuple[Element, ...]:
    """
    @return: the elements of an array or structure; nothing for every other type.
    """
    if element.tag not in _CONTAINERS:
        return ()
    shapes: Any = element.shape
    return tuple(
        [
            Element(shape if type(shape) is int else shape[0], value, shape)
            for value, shape in zip(element.value, shapes[-1], strict=True)
        ]
    )


def is_logical_name(element: Element) -> bool:
    """
    Can this be a logical name?  Only the place in a known form makes it one: a serial number can have six octets too.
    """
    return element.tag == OCTET_STRING and len(element.value) == 6 and element.value[0] in _MEDIA


def scaler_unit(element: Element) -> ScalerUnit | None:
    """
    @return: scaler and unit, if C{element} is a structure of just these.
    """
    if element.shape not in _SCALER_UNITS:
        return None
    return ScalerUnit(*element.value)


def is_time(element: Element) -> bool:
    """
    Is this a date-time, by its type or by what its twelve octets say?
    """
    if element.tag == DATE_TIME:
        return True
    if element.tag != OCTET_STRING or len(element.value) != 12:
        return False
    # The years 1792 to 2559: in a text of twelve characters the first would be a control character.
    return element.value[0] in {7, 8, 9} and local_datetime(element.value) is not None


def octets_text(octets: bytes) -> str | None:
    """
    @return: the text, if C{octets} are printable ASCII or UTF-8.
    """
    if len(octets) > _LONGEST_TEXT:
        return None
    try:
        decoded = octets.rstrip(b"\0").decode("utf-8")
    except UnicodeDecodeError:
        return None
    return decoded if decoded.isprintable() and (decoded or not octets) else None


def text(element: Element) -> str | None:
    """
    @return: the text of a string of any type, if it is printable and not empty.
    """
    value = element.value
    if isinstance(value, bytes):
        return octets_text(value) or None
    if isinstance(value, str) and element.tag != BIT_STRING and value.isprintable():
        return value or None
    return None


def number(element: Element) -> int | Decimal | None:
    """
    @return: the exact number of any numeric type; C{None} for every other, and for floats that are no number.
    """
    tag = element.tag
    if tag in INTEGERS:
        return _digits(element.value) if tag == _BCD else int(element.value)
    if tag == BOOLEAN:
        return int(element.value)
    if tag in _FLOATS:
        return exact_float(element.value, _FLOATS[tag])
    return None


def plain(element: Element, clock: ClockOptions = NO_OPTIONS) -> int | Decimal | str | None:
    """
    What a value says without scaler and unit: a number; a time in ISO 8601; a printable text; a logical name as OBIS
    code; other octets in hex; bits as 0 and 1.

    @return: C{None} for null-data, and for arrays and structures, which only the tree shows.
    """
    found = number(element)
    if found is not None:
        return found
    value = element.value
    if isinstance(value, bytes):
        return value.hex() if element.tag in _PLAIN_HEX else _octets(element, clock)
    if isinstance(value, float):
        return str(value)
    return value if isinstance(value, str) else None


def _octets(element: Element, clock: ClockOptions) -> str:
    octets: bytes = element.value
    if is_time(element):
        moment = time_text(octets, clock)
        if moment is not None:
            return moment
    if is_logical_name(element):
        return str(Obis.of(octets))
    found = octets_text(octets)
    return octets.hex() if found is None else found


def _digits(octet: int) -> int:
    """
    Two decimal digits of four bits each; an octet that is not two digits counts as it is.
    """
    high, low = divmod(octet, 16)
    return high * 10 + low if high < 10 and low < 10 else octet
