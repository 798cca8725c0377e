"""
The 16-bit frame check sequence, HCS and FCS alike (ISO/IEC 13239: polynomial x16+x12+x5+1).

The standard library computes the same polynomial the other way round (most significant bit first), in C.
So the octets are turned bit by bit with one C{bytes.translate}, and what C{binascii.crc_hqx} gives for them
is the wanted register with its bits turned: nothing loops in Python.
"""

from __future__ import annotations

from binascii import crc_hqx
from typing import Final

__all__ = [
    "CRC_AFTER_FLAG",
    "CRC_BEFORE_FLAG",
    "CRC_GOOD",
    "CRC_START",
    "REVERSED",
    "checksum",
    "is_good",
]

#: Each octet with its bits in the other order: the table for C{bytes.translate}.
REVERSED: Final = bytes(int(f"{octet:08b}"[::-1], 2) for octet in range(256))
#: The register before the first octet.
CRC_START: Final = 0xFFFF
#: The turned register after octets and their own right checksum: F0B8 hexadecimal, bits turned.
CRC_GOOD: Final = 0x1D0F
#: The register that a flag turns into L{CRC_START}, and what a flag turns L{CRC_GOOD} into: with these a
#: frame is judged with its flags, and nothing of it has to be copied.
CRC_BEFORE_FLAG: Final = 0x600C
CRC_AFTER_FLAG: Final = 0x53C5


def checksum(octets: bytes) -> bytes:
    """
    @return: the two octets to send after C{octets}, in the order of the wire (least significant first).
    """
    register = crc_hqx(octets.translate(REVERSED), CRC_START) ^ 0xFFFF
    return register.to_bytes(2, "big").translate(REVERSED)


def is_good(octets: bytes) -> bool:
    """
    Do these octets end with their own right checksum?
    """
    return crc_hqx(octets.translate(REVERSED), CRC_START) == CRC_GOOD
