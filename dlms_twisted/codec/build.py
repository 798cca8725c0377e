"""
Elements of Data from Python values: one function a type, with the standard's names.

Names that Python has taken end in C{_}.  Every function raises L{EncodeError} for a value that the type cannot hold.
"""

from __future__ import annotations

import struct

from dlms_twisted.codec.cursor import Cursor
from dlms_twisted.codec.data import Data, decode_data
from dlms_twisted.codec.description import TypeDescription, read_description
from dlms_twisted.codec.length import encode_length
from dlms_twisted.codec.limits import MAX_DEPTH
from dlms_twisted.codec.tags import (
    ARRAY,
    BIT_STRING,
    BY_NAME,
    COMPACT_ARRAY,
    OCTET_STRING,
    STRUCTURE,
    UTF8_STRING,
    VISIBLE_STRING,
    DataType,
)
from dlms_twisted.errors import DecodeError, EncodeError

__all__ = [
    "array",
    "bcd",
    "bit_string",
    "boolean",
    "compact_array",
    "date",
    "date_time",
    "delta_double_long",
    "delta_double_long_unsigned",
    "delta_integer",
    "delta_long",
    "delta_long_unsigned",
    "delta_unsigned",
    "dont_care",
    "double_long",
    "double_long_unsigned",
    "enum",
    "float32",
    "float64",
    "integer",
    "integer_of",
    "long64",
    "long64_unsigned",
    "long_",
    "long_unsigned",
    "null",
    "octet_string",
    "structure",
    "time",
    "unsigned",
    "utf8_string",
    "visible_string",
]


def null() -> Data:
    """
    null-data.
    """
    return Data(b"\x00", None)


def dont_care() -> Data:
    """
    dont-care: any value.
    """
    return Data(b"\xff", None)


def boolean(value: bool) -> Data:
    """
    boolean; true is 01.
    """
    return Data(b"\x03\x01" if value else b"\x03\x00", bool(value))


def integer_of(kind: DataType, value: int) -> Data:
    """
    Any integer type, enum and bcd among them.

    @raise EncodeError: out of the type's range.
    """
    if isinstance(value, bool) or not isinstance(value, int) or not kind.low <= value <= kind.high:
        raise EncodeError(f"{kind.name}: an integer from {kind.low} to {kind.high} wanted")
    content = value.to_bytes(kind.width, "big", signed=kind.low < 0)
    return Data(bytes((kind.tag,)) + content, value)


def double_long(value: int) -> Data:
    """
    double-long: 32 bits, signed.
    """
    return integer_of(BY_NAME["double-long"], value)


def double_long_unsigned(value: int) -> Data:
    """
    double-long-unsigned: 32 bits.
    """
    return integer_of(BY_NAME["double-long-unsigned"], value)


def bcd(value: int) -> Data:
    """
    bcd: the octet as it is, its two digits in four bits each; 0x45 stands for 45.
    """
    return integer_of(BY_NAME["bcd"], value)


def integer(value: int) -> Data:
    """
    integer: 8 bits, signed.
    """
    return integer_of(BY_NAME["integer"], value)


def long_(value: int) -> Data:
    """
    long: 16 bits, signed.
    """
    return integer_of(BY_NAME["long"], value)


def unsigned(value: int) -> Data:
    """
    unsigned: 8 bits.
    """
    return integer_of(BY_NAME["unsigned"], value)


def long_unsigned(value: int) -> Data:
    """
    long-unsigned: 16 bits.
    """
    return integer_of(BY_NAME["long-unsigned"], value)


def long64(value: int) -> Data:
    """
    long64: 64 bits, signed.
    """
    return integer_of(BY_NAME["long64"], value)


def long64_unsigned(value: int) -> Data:
    """
    long64-unsigned: 64 bits.
    """
    return integer_of(BY_NAME["long64-unsigned"], value)


def enum(value: int) -> Data:
    """
    enum: 0 to 255.
    """
    return integer_of(BY_NAME["enum"], value)


def delta_integer(value: int) -> Data:
    """
    delta-integer: 8 bits, signed; the difference to the value before.
    """
    return integer_of(BY_NAME["delta-integer"], value)


def delta_long(value: int) -> Data:
    """
    delta-long: 16 bits, signed; the difference to the value before.
    """
    return integer_of(BY_NAME["delta-long"], value)


def delta_double_long(value: int) -> Data:
    """
    delta-double-long: 32 bits, signed; the difference to the value before.
    """
    return integer_of(BY_NAME["delta-double-long"], value)


def delta_unsigned(value: int) -> Data:
    """
    delta-unsigned: 8 bits; the increment since the value before.
    """
    return integer_of(BY_NAME["delta-unsigned"], value)


def delta_long_unsigned(value: int) -> Data:
    """
    delta-long-unsigned: 16 bits; the increment since the value before.
    """
    return integer_of(BY_NAME["delta-long-unsigned"], value)


def delta_double_long_unsigned(value: int) -> Data:
    """
    delta-double-long-unsigned: 32 bits; the increment since the value before.
    """
    return integer_of(BY_NAME["delta-double-long-unsigned"], value)


def _float(name: str, value: float) -> Data:
    kind = BY_NAME[name]
    try:
        content = kind.struct.pack(value)
    except (OverflowError, struct.error):
        raise EncodeError(f"{name}: a number that the type can hold wanted") from None
    return Data(bytes((kind.tag,)) + content, kind.struct.unpack(content)[0])


def float32(value: float) -> Data:
    """
    float32: IEEE 754, 32 bits; the value is rounded to what they hold.
    """
    return _float("float32", value)


def float64(value: float) -> Data:
    """
    float64: IEEE 754, 64 bits.
    """
    return _float("float64", value)


def bit_string(value: str) -> Data:
    """
    bit-string.

    @param value: Text of 0 and 1, the first bit first.
    """
    if value.strip("01"):
        raise EncodeError("bit-string: text of 0 and 1 wanted")
    padded = value + "0" * (-len(value) % 8)
    content = int(padded or "0", 2).to_bytes(len(padded) // 8, "big")
    return Data(bytes((BIT_STRING,)) + encode_length(len(value)) + content, value)


def octet_string(value: bytes) -> Data:
    """
    octet-string.
    """
    value = bytes(value)
    return Data(bytes((OCTET_STRING,)) + encode_length(len(value)) + value, value)


def visible_string(value: str) -> Data:
    """
    visible-string: Latin-1, one character an octet.
    """
    try:
        content = value.encode("latin-1")
    except UnicodeEncodeError:
        raise EncodeError("visible-string: Latin-1 text wanted") from None
    return Data(bytes((VISIBLE_STRING,)) + encode_length(len(content)) + content, value)


def utf8_string(value: str | bytes) -> Data:
    """
    utf8-string; octets are taken as they are, even where they are not UTF-8.
    """
    try:
        content = value.encode("utf-8") if isinstance(value, str) else bytes(value)
    except UnicodeEncodeError:
        raise EncodeError("utf8-string: text without surrogates wanted") from None
    return decode_data(bytes((UTF8_STRING,)) + encode_length(len(content)) + content)


def _fixed(name: str, value: bytes) -> Data:
    kind = BY_NAME[name]
    value = bytes(value)
    if len(value) != kind.width:
        raise EncodeError(f"{name}: {kind.width} octets wanted")
    return Data(bytes((kind.tag,)) + value, value)


def date_time(value: bytes) -> Data:
    """
    date-time: its 12 octets (L{dlms_twisted.codec.times.DateTime.to_octets}).
    """
    return _fixed("date-time", value)


def date(value: bytes) -> Data:
    """
    date: its 5 octets (L{dlms_twisted.codec.times.Date.to_octets}).
    """
    return _fixed("date", value)


def time(value: bytes) -> Data:
    """
    time: its 4 octets (L{dlms_twisted.codec.times.Time.to_octets}).
    """
    return _fixed("time", value)


def _sequence(tag: int, elements: tuple[Data, ...]) -> Data:
    octets = b"".join(
        [bytes((tag,)), encode_length(len(elements)), *[one.octets for one in elements]]
    )
    return _checked(octets)


def _checked(octets: bytes) -> Data:
    # What we send can be received: the same limits.
    try:
        return decode_data(octets)
    except DecodeError as error:
        raise EncodeError(error.reason) from None


def array(*elements: Data) -> Data:
    """
    array.  Elements of several types are taken too: meters send them.
    """
    return _sequence(ARRAY, elements)


def structure(*elements: Data) -> Data:
    """
    structure.
    """
    return _sequence(STRUCTURE, elements)


def compact_array(description: bytes, *elements: Data) -> Data:
    """
    compact-array.

    @param description: The type description that all elements have, as octets.
    @param elements: The elements, each a Data of its own.
    """
    cursor = Cursor(description)
    try:
        kind = read_description(cursor, MAX_DEPTH)
        cursor.finish()
    except DecodeError as error:
        raise EncodeError(error.reason) from None
    content = bytearray()
    for place, one in enumerate(elements):
        try:
            _strip(Cursor(one.octets), kind, content)
        except DecodeError:
            raise EncodeError(f"compact-array: element {place} is not as described") from None
    length = encode_length(len(content))
    return _checked(bytes((COMPACT_ARRAY,)) + description + length + content)


def _strip(cursor: Cursor, kind: TypeDescription, content: bytearray) -> None:
    # Move one element's content from cursor to content, without what the description says.
    offset = cursor.offset
    if cursor.octet() != kind.tag:
        raise DecodeError("another type wanted", offset)
    if kind.tag in {ARRAY, STRUCTURE}:
        kinds = kind.children * kind.repeat if kind.tag == ARRAY else kind.children
        if cursor.length() != len(kinds):
            raise DecodeError("another count wanted", offset)
        for child in kinds:
            _strip(cursor, child, content)
        return
    start = cursor.offset
    width = kind.least if kind.fixed else cursor.length()
    if kind.tag == BIT_STRING:
        width = (width + 7) // 8
    cursor.take(width)
    content += cursor.buffer[start : cursor.offset]
