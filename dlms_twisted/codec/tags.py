"""
The types of COSEM Data: tags, names and widths (IEC 62056-6-2, Data).
"""

from __future__ import annotations

from struct import Struct
from typing import Final, NamedTuple

__all__ = [
    "ARRAY",
    "BIT_STRING",
    "BY_NAME",
    "BY_TAG",
    "COMPACT_ARRAY",
    "NULL_DATA",
    "OCTET_STRING",
    "STRUCTURE",
    "TYPES",
    "UTF8_STRING",
    "VISIBLE_STRING",
    "DataType",
]

NULL_DATA: Final = 0
ARRAY: Final = 1
STRUCTURE: Final = 2
BIT_STRING: Final = 4
OCTET_STRING: Final = 9
VISIBLE_STRING: Final = 10
UTF8_STRING: Final = 12
COMPACT_ARRAY: Final = 19


class DataType(NamedTuple):
    """
    One alternative of Data.

    @ivar tag: The octet before the content.
    @ivar name: The standard's name.
    @ivar code: How C{struct} reads the content; empty for types without content and types of variable size.
    @ivar width: Octets of content, -1 where the content says it.
    @ivar low: The smallest value of an integer type.
    @ivar high: The largest value of an integer type; C{low} and C{high} are 0 for every other type.
    """

    tag: int
    name: str
    code: str
    width: int
    low: int = 0
    high: int = 0

    @property
    def is_integer(self) -> bool:
        """
        Is the value an integer?
        """
        return self.high != 0

    @property
    def struct(self) -> Struct:
        """
        Reads and writes the content of a type of fixed width.
        """
        return Struct(">" + self.code)


def _signed(tag: int, name: str, code: str, width: int) -> DataType:
    half = 1 << (8 * width - 1)
    return DataType(tag, name, code, width, -half, half - 1)


def _unsigned(tag: int, name: str, code: str, width: int) -> DataType:
    return DataType(tag, name, code, width, 0, (1 << 8 * width) - 1)


#: Every alternative; tags 7, 8, 11 and 14 are not used in COSEM.
TYPES: Final = (
    DataType(NULL_DATA, "null-data", "", 0),
    DataType(ARRAY, "array", "", -1),
    DataType(STRUCTURE, "structure", "", -1),
    DataType(3, "boolean", "?", 1),
    DataType(BIT_STRING, "bit-string", "", -1),
    _signed(5, "double-long", "i", 4),
    _unsigned(6, "double-long-unsigned", "I", 4),
    DataType(OCTET_STRING, "octet-string", "", -1),
    DataType(VISIBLE_STRING, "visible-string", "", -1),
    DataType(UTF8_STRING, "utf8-string", "", -1),
    _unsigned(13, "bcd", "B", 1),  # two digits of four bits; the octet is kept as it is
    _signed(15, "integer", "b", 1),
    _signed(16, "long", "h", 2),
    _unsigned(17, "unsigned", "B", 1),
    _unsigned(18, "long-unsigned", "H", 2),
    DataType(COMPACT_ARRAY, "compact-array", "", -1),
    _signed(20, "long64", "q", 8),
    _unsigned(21, "long64-unsigned", "Q", 8),
    _unsigned(22, "enum", "B", 1),
    DataType(23, "float32", "f", 4),
    DataType(24, "float64", "d", 8),
    DataType(25, "date-time", "12s", 12),
    DataType(26, "date", "5s", 5),
    DataType(27, "time", "4s", 4),
    _signed(28, "delta-integer", "b", 1),
    _signed(29, "delta-long", "h", 2),
    _signed(30, "delta-double-long", "i", 4),
    _unsigned(31, "delta-unsigned", "B", 1),
    _unsigned(32, "delta-long-unsigned", "H", 2),
    _unsigned(33, "delta-double-long-unsigned", "I", 4),
    DataType(255, "dont-care", "", 0),
)

#: By tag.
BY_TAG: Final = {one.tag: one for one in TYPES}
#: By the standard's name.
BY_NAME: Final = {one.name: one for one in TYPES}
