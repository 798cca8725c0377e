"""
The 24 bits by which client and server agree on what they can do.

Source: IEC 62056-5-3, Conformance.
"""

from __future__ import annotations

from enum import IntFlag
from typing import Final

from dlms_twisted.apdu.kinds import JSON, Kind, kebab
from dlms_twisted.codec.reader import Reader
from dlms_twisted.codec.writer import Writer
from dlms_twisted.errors import DecodeError, EncodeError

__all__ = ["CONFORMANCE_HEADER", "Conformance", "ConformanceBlock"]

#: Tag, length and number of unused bits before the three octets.
CONFORMANCE_HEADER: Final = b"\x5f\x1f\x04\x00"


class Conformance(IntFlag):
    """
    The conformance block as a number of 24 bits; bit 0 of the standard is the highest.
    """

    RESERVED_ZERO = 0x800000
    #: general-glo-ciphering and its kin.
    GENERAL_PROTECTION = 0x400000
    GENERAL_BLOCK_TRANSFER = 0x200000
    READ = 0x100000
    WRITE = 0x080000
    UNCONFIRMED_WRITE = 0x040000
    #: Reserved-six in older editions.
    DELTA_VALUE_ENCODING = 0x020000
    RESERVED_SEVEN = 0x010000
    ATTRIBUTE0_SUPPORTED_WITH_SET = 0x008000
    PRIORITY_MGMT_SUPPORTED = 0x004000
    ATTRIBUTE0_SUPPORTED_WITH_GET = 0x002000
    BLOCK_TRANSFER_WITH_GET_OR_READ = 0x001000
    BLOCK_TRANSFER_WITH_SET_OR_WRITE = 0x000800
    BLOCK_TRANSFER_WITH_ACTION = 0x000400
    MULTIPLE_REFERENCES = 0x000200
    INFORMATION_REPORT = 0x000100
    DATA_NOTIFICATION = 0x000080
    ACCESS = 0x000040
    PARAMETERIZED_ACCESS = 0x000020
    GET = 0x000010
    SET = 0x000008
    SELECTIVE_ACCESS = 0x000004
    EVENT_NOTIFICATION = 0x000002
    ACTION = 0x000001

    @property
    def names(self) -> tuple[str, ...]:
        """
        The standard's names of the bits that are set, bit 0 first.
        """
        return tuple(kebab(str(bit.name)) for bit in Conformance if bit in self)


_BY_NAME = {kebab(name): member for name, member in Conformance.__members__.items()}


class ConformanceBlock(Kind[Conformance]):
    """
    C{[APPLICATION 31] IMPLICIT BIT STRING (SIZE (24))}, which is sent in BER: C{5F 1F 04 00} and three octets.

    Old devices leave the C{1F} out, and a few send a bit string of another length: of that the last 24 bits count.
    As JSON a list of the standard's names.
    """

    __slots__ = ()

    def read(self, reader: Reader, name: str) -> Conformance:
        offset = reader.offset
        if reader.octet(f"{name}.tag") != 0x5F:
            raise DecodeError(f"{name}: tag 5f wanted", offset)
        length = reader.octet(f"{name}.length")
        if length == 0x1F:
            length = reader.octet(f"{name}.length")
        if not 2 <= length <= 0x20 or reader.octet(f"{name}.unused_bits"):
            raise DecodeError(f"{name}: a bit string of 24 bits wanted", offset)
        content = reader.take(length - 1, name)
        value = Conformance(int.from_bytes(content[-3:], "big"))
        reader.explain(value)
        return value

    def write(self, writer: Writer, value: Conformance) -> None:
        writer.raw(CONFORMANCE_HEADER)
        writer.unsigned(value, 3)

    def dump(self, value: Conformance) -> JSON:
        return list(Conformance(value).names)

    def load(self, form: JSON, place: str) -> Conformance:
        if not isinstance(form, list):
            raise EncodeError(f"{place}: a list of names wanted")
        value = Conformance(0)
        for name in form:
            if not isinstance(name, str) or name not in _BY_NAME:
                raise EncodeError(f"{place}: no conformance bit {name!r}")
            value |= _BY_NAME[name]
        return value
