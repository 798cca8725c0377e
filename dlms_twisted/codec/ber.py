"""
The subset of BER that ACSE uses: tags of one octet, definite lengths (ITU-T X.690).
"""

from __future__ import annotations

from typing import Final

from dlms_twisted.codec.cursor import Cursor
from dlms_twisted.codec.length import encode_length
from dlms_twisted.errors import DecodeError, EncodeError

__all__ = [
    "INTEGER",
    "OBJECT_IDENTIFIER",
    "OCTET_STRING",
    "encode_bits",
    "encode_element",
    "encode_integer",
    "step_in",
    "step_in_length",
    "step_out",
    "take_bits",
    "take_integer",
    "take_octets",
]

#: Universal tags.
INTEGER: Final = 0x02
OCTET_STRING: Final = 0x04
OBJECT_IDENTIFIER: Final = 0x06


def step_in(cursor: Cursor, tag: int, field: str = "") -> int:
    """
    Take the tag and the length of an element; from now on the cursor ends where the element does.

    @return: where the cursor ended, for L{step_out}.

    @raise DecodeError: another tag, no definite length, or longer than what is there.
    """
    offset = cursor.offset
    if cursor.octet("tag") != tag:
        raise DecodeError(f"{field}: tag {tag:02x} wanted", offset)
    return step_in_length(cursor, field)


def step_in_length(cursor: Cursor, field: str = "") -> int:
    """
    As L{step_in}, for an element whose tag was taken.

    @raise DecodeError: no definite length, or longer than what is there.
    """
    offset = cursor.offset
    length = cursor.length("length")
    before = cursor.end
    if length > before - cursor.offset:
        raise DecodeError(f"{field}: {length} octets wanted", offset)
    cursor.end = cursor.offset + length
    return before


def step_out(cursor: Cursor, before: int) -> None:
    """
    Leave the element that L{step_in} entered.

    @raise DecodeError: octets of it are left.
    """
    cursor.finish()
    cursor.end = before


def take_octets(cursor: Cursor, tag: int, field: str = "") -> bytes:
    """
    Take an element of one kind.

    @return: its content.

    @raise DecodeError: another tag, or truncated.
    """
    offset = cursor.offset
    if cursor.octet("tag") != tag:
        raise DecodeError(f"{field}: tag {tag:02x} wanted", offset)
    return cursor.octets(field)


def take_integer(cursor: Cursor, field: str = "") -> int:
    """
    Take an INTEGER, of up to eight octets, longer than necessary or not.

    @raise DecodeError: no such integer.
    """
    offset = cursor.offset
    content = take_octets(cursor, INTEGER, field)
    if not 1 <= len(content) <= 8:
        raise DecodeError(f"{field}: an integer of 1 to 8 octets wanted", offset)
    value = int.from_bytes(content, "big", signed=True)
    cursor.explain(value)
    return value


def take_bits(cursor: Cursor, field: str = "") -> str:
    """
    Take the content of a BIT STRING, up to the end of the element: how many bits are unused, then the bits.

    @return: the bits as text of 0 and 1.

    @raise DecodeError: no such content.
    """
    offset = cursor.offset
    unused = cursor.octet(f"{field}.unused_bits")
    content = cursor.rest(field)
    count = 8 * len(content) - unused
    if unused > 7 or count < 0:
        raise DecodeError(f"{field}: a bit string wanted", offset)
    return (
        format(int.from_bytes(content, "big"), f"0{8 * len(content)}b")[:count] if content else ""
    )


def encode_element(tag: int, content: bytes) -> bytes:
    """
    @return: an element with its tag and length.
    """
    return tag.to_bytes(1, "big") + encode_length(len(content)) + content


def encode_integer(value: int) -> bytes:
    """
    @return: an INTEGER in its shortest form.

    @raise EncodeError: more than 64 bits.
    """
    size = (value if value >= 0 else ~value).bit_length() // 8 + 1
    if size > 8:
        raise EncodeError("an integer of at most 8 octets wanted")
    return encode_element(INTEGER, value.to_bytes(size, "big", signed=True))


def encode_bits(bits: str) -> bytes:
    """
    @param bits: Text of 0 and 1.

    @return: the content of a BIT STRING.

    @raise EncodeError: other characters.
    """
    if bits.strip("01"):
        raise EncodeError("text of 0 and 1 wanted")
    size = -(-len(bits) // 8)
    value = int(bits.ljust(8 * size, "0"), 2) if bits else 0
    return bytes((8 * size - len(bits),)) + value.to_bytes(size, "big")
