"""
Lengths and counts (A-XDR, IEC 61334-6).
"""

from __future__ import annotations

from dlms_twisted.errors import EncodeError

__all__ = ["encode_length"]


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
