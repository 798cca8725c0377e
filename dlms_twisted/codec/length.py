"""
Lengths and counts (A-XDR, IEC 61334-6).
"""

from __future__ import annotations

from dlms_twisted.errors import EncodeError

__all__ = ["encode_length", "length_at"]


def encode_length(count: int) -> bytes:
    """
    @param count: A length or count.

    @return: its shortest form: one octet up to 127, else 81 to 84 and as many octets.

    @raise EncodeError: negative, or more than 32 bits.
    """
    if 0 <= count < 0x80:
        return bytes((count,))
    if not 0 <= count <= 0xFFFFFFFF:
        raise EncodeError(f"a length from 0 to 4294967295 wanted, not {count}")
    width = (count.bit_length() + 7) // 8
    return bytes((0x80 | width,)) + count.to_bytes(width, "big")


def length_at(buffer: bytes, offset: int) -> tuple[int, int]:
    """
    The fast way to take a length, without reasons; L{dlms_twisted.codec.cursor.Cursor.length} has them.

    @return: the length at C{offset}, and the offset after it.

    @raise IndexError: there is none.
    """
    first = buffer[offset]
    if first < 0x80:
        return first, offset + 1
    end = offset + 1 + (first & 0x7F)
    if not 0x81 <= first <= 0x84 or end > len(buffer):
        raise IndexError
    return int.from_bytes(buffer[offset + 1 : end], "big"), end
