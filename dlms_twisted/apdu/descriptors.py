"""
What GET, SET, ACTION and ACCESS have in common: who is meant, and how the answers are matched.

Source: IEC 62056-5-3, Cosem-Attribute-Descriptor, Cosem-Method-Descriptor, Selective-Access-Descriptor,
Invoke-Id-And-Priority, Long-Invoke-Id-And-Priority.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, TypeAlias

from attrs import frozen

from dlms_twisted.apdu.base import Apdu, Record
from dlms_twisted.apdu.kinds import DATA, I8, OBIS, U8, U16, U32, DataElement, Many, Optional, Part
from dlms_twisted.codec.data import Data
from dlms_twisted.errors import DecodeError

__all__ = [
    "ATTRIBUTE",
    "ATTRIBUTES",
    "BREAK_ON_ERROR",
    "CONFIRMED",
    "DATA_LIST",
    "HIGH_PRIORITY",
    "INVOKE_ID",
    "LONG_CONFIRMED",
    "LONG_HIGH_PRIORITY",
    "LONG_INVOKE_ID",
    "METHOD",
    "METHODS",
    "SELECTION",
    "SELF_DESCRIPTIVE",
    "AttributeDescriptor",
    "AttributeWithSelection",
    "Invoked",
    "LongInvoked",
    "MethodDescriptor",
    "SelectiveAccess",
    "same_count",
]

#: Bits of C{invoke_id_and_priority} (Invoke-Id-And-Priority).
INVOKE_ID = 0x0F
CONFIRMED = 0x40
HIGH_PRIORITY = 0x80

#: Bits of C{long_invoke_id_and_priority} (Long-Invoke-Id-And-Priority).
LONG_INVOKE_ID = 0x00FFFFFF
SELF_DESCRIPTIVE = 1 << 28
BREAK_ON_ERROR = 1 << 29
LONG_CONFIRMED = 1 << 30
LONG_HIGH_PRIORITY = 1 << 31


@frozen(kw_only=True)
class Invoked(Apdu):
    """
    An APDU of GET, SET or ACTION.

    @ivar invoke_id_and_priority: One octet, kept bit for bit: bits 0 to 3 invoke-id, 6 L{CONFIRMED}, 7
        L{HIGH_PRIORITY}.  A response carries that of its request.
    """

    invoke_id_and_priority: U8

    @property
    def invoke_id(self) -> int:
        """
        0 to 15; what a response is matched by.
        """
        return self.invoke_id_and_priority & INVOKE_ID


@frozen(kw_only=True)
class LongInvoked(Apdu):
    """
    An APDU of ACCESS.

    @ivar long_invoke_id_and_priority: 32 bits, kept bit for bit: bits 0 to 23 invoke-id, 28 L{SELF_DESCRIPTIVE},
        29 L{BREAK_ON_ERROR}, 30 L{LONG_CONFIRMED}, 31 L{LONG_HIGH_PRIORITY}.
    """

    long_invoke_id_and_priority: U32

    @property
    def invoke_id(self) -> int:
        """
        24 bits; what a response is matched by.
        """
        return self.long_invoke_id_and_priority & LONG_INVOKE_ID


@frozen(kw_only=True)
class AttributeDescriptor(Record):
    """
    One attribute of one object.

    @ivar class_id: Interface class, for example 3 (Register).
    @ivar instance_id: Logical name (OBIS code), six octets.
    @ivar attribute_id: 1 is the logical name, 0 stands for all attributes, negative is the manufacturer's.
    """

    NAME: ClassVar[str] = "cosem-attribute-descriptor"

    class_id: U16
    instance_id: OBIS
    attribute_id: I8


@frozen(kw_only=True)
class MethodDescriptor(Record):
    """
    One method of one object.

    @ivar class_id: Interface class, for example 70 (Disconnect control).
    @ivar instance_id: Logical name (OBIS code), six octets.
    @ivar method_id: From 1; negative is the manufacturer's.
    """

    NAME: ClassVar[str] = "cosem-method-descriptor"

    class_id: U16
    instance_id: OBIS
    method_id: I8


@frozen(kw_only=True)
class SelectiveAccess(Record):
    """
    Which part of an attribute is meant; L{dlms_twisted.apdu.selective} builds and reads the usual ones.

    @ivar access_selector: Its meaning depends on class and attribute.
    @ivar access_parameters: Likewise.
    """

    NAME: ClassVar[str] = "selective-access-descriptor"

    access_selector: U8
    access_parameters: DATA


ATTRIBUTE: TypeAlias = Annotated[AttributeDescriptor, Part(AttributeDescriptor)]
METHOD: TypeAlias = Annotated[MethodDescriptor, Part(MethodDescriptor)]
SELECTION: TypeAlias = Annotated[SelectiveAccess | None, Optional(Part(SelectiveAccess))]


@frozen(kw_only=True)
class AttributeWithSelection(Record):
    """
    One attribute of a list, all of it or the part that C{access_selection} says.
    """

    NAME: ClassVar[str] = "cosem-attribute-descriptor-with-selection"

    attribute: ATTRIBUTE
    access_selection: SELECTION = None


ATTRIBUTES: TypeAlias = Annotated[
    tuple[AttributeWithSelection, ...], Many(Part(AttributeWithSelection), smallest=10)
]
METHODS: TypeAlias = Annotated[
    tuple[MethodDescriptor, ...], Many(Part(MethodDescriptor), smallest=9)
]
DATA_LIST: TypeAlias = Annotated[tuple[Data, ...], Many(DataElement())]


def same_count(wanted: tuple[object, ...], given: tuple[object, ...], offset: int) -> None:
    """
    Two lists of one APDU belong together item by item.

    @param offset: Where the second list ends, in octets.

    @raise DecodeError: one is longer than the other.
    """
    if len(wanted) != len(given):
        raise DecodeError(f"a list of {len(wanted)} wanted, not of {len(given)}", offset)
