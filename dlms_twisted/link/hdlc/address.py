"""
HDLC addresses of one, two and four octets (IEC 62056-46, extended addressing).

Each octet carries seven bits; the lowest bit is set in the last one only.  An address of one octet is an
upper address (a client, or a server's logical device); two and four octets are upper and lower halves, the
lower one naming the physical device.  On the way through this package addresses stay the octets of the wire,
because checksums cover them as they are and an answer must come from the same octets.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from dlms_twisted.errors import DecodeError, EncodeError

__all__ = [
    "ALL_STATIONS",
    "CALLING",
    "NO_STATION",
    "Address",
    "address_size",
    "decode_address",
    "encode_address",
    "is_broadcast",
]

#: Values of one half by its width in bits (7 or 14): reserved addresses of IEC 62056-46.
NO_STATION: Final = {7: 0x00, 14: 0x0000}
CALLING: Final = {7: 0x7E, 14: 0x3FFE}
ALL_STATIONS: Final = {7: 0x7F, 14: 0x3FFF}


class Address(NamedTuple):
    """
    An address in numbers.

    @ivar upper: Client SAP, or logical device.
    @ivar lower: Physical device, or C{None} in an address of one octet.
    @ivar size: Octets on the wire: 1, 2 or 4.
    """

    upper: int
    lower: int | None
    size: int


def address_size(octets: bytes, offset: int) -> int:
    """
    How long is the address that starts at C{offset}?

    @return: 1, 2 or 4; 0 if it is none (three octets, or no end within four); -1 if C{octets} end before
        that can be said.
    """
    have = len(octets) - offset
    if have < 1:
        return -1
    if octets[offset] & 1:
        return 1
    if have < 2:
        return -1
    if octets[offset + 1] & 1:
        return 2
    if have < 3:
        return -1
    if octets[offset + 2] & 1:
        return 0
    if have < 4:
        return -1
    return 4 if octets[offset + 3] & 1 else 0


def decode_address(octets: bytes) -> Address:
    """
    @raise DecodeError: not exactly one address of 1, 2 or 4 octets.
    """
    size = len(octets)
    if size not in {1, 2, 4} or address_size(octets, 0) != size:
        raise DecodeError("an HDLC address of 1, 2 or 4 octets wanted", 0)
    parts = [octet >> 1 for octet in octets]
    if size == 1:
        return Address(parts[0], None, 1)
    if size == 2:
        return Address(parts[0], parts[1], 2)
    return Address(parts[0] << 7 | parts[1], parts[2] << 7 | parts[3], 4)


def encode_address(upper: int, lower: int | None = None, *, size: int = 0) -> bytes:
    """
    @param upper: Client SAP, or logical device.
    @param lower: Physical device; C{None} for an address of one octet.
    @param size: Octets wanted, 1, 2 or 4; 0 for the shortest that holds both numbers.

    @raise EncodeError: the numbers do not fit into that size.
    """
    if size == 0:
        size = 1 if lower is None else 2
        if upper > 0x7F or (lower or 0) > 0x7F:
            size = 4
    if size not in {1, 2, 4}:
        raise EncodeError(f"an HDLC address of 1, 2 or 4 octets wanted, not {size}")
    if size == 1 and lower is not None:
        raise EncodeError("an HDLC address of one octet has no physical device")
    bits = 14 if size == 4 else 7
    halves = [upper] if size == 1 else [upper, lower or 0]
    octets = bytearray()
    for half in halves:
        if not 0 <= half < 1 << bits:
            raise EncodeError(f"an HDLC address of {bits} bits wanted, not {half}")
        if bits == 14:
            octets.append(half >> 7 << 1)
        octets.append((half & 0x7F) << 1)
    octets[-1] |= 1
    return bytes(octets)


def is_broadcast(octets: bytes) -> bool:
    """
    Is this the all-station address, whole or in its lower half?

    Such a frame gets no answer.
    """
    address = decode_address(octets)
    bits = 14 if address.size == 4 else 7
    last = address.upper if address.lower is None else address.lower
    return last == ALL_STATIONS[bits] or address.upper == ALL_STATIONS[bits]
