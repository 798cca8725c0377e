"""
SET: attributes are written.

Source: IEC 62056-5-3, Set-Request and Set-Response.
"""

from __future__ import annotations

from typing import ClassVar, Self

from attrs import frozen

from dlms_twisted.apdu.descriptors import (
    ATTRIBUTE,
    ATTRIBUTES,
    DATA_LIST,
    SELECTION,
    Invoked,
    same_count,
)
from dlms_twisted.apdu.kinds import DATA, FLAG, OCTETS, U32
from dlms_twisted.apdu.result_kinds import DATA_ACCESS_RESULT, DATA_ACCESS_RESULTS
from dlms_twisted.codec.reader import Reader

__all__ = [
    "SetRequestNormal",
    "SetRequestWithDataBlock",
    "SetRequestWithFirstDataBlock",
    "SetRequestWithList",
    "SetRequestWithListAndFirstDataBlock",
    "SetResponseDataBlock",
    "SetResponseLastDataBlock",
    "SetResponseLastDataBlockWithList",
    "SetResponseNormal",
    "SetResponseWithList",
]


@frozen(kw_only=True)
class SetRequestNormal(Invoked):
    """
    Write one attribute (Set-Request-Normal).

    @ivar attribute: Which.
    @ivar access_selection: Which part of it, or C{None} for all.
    @ivar value: What to write.
    """

    TAG: ClassVar[int] = 0xC1
    CHOICE: ClassVar[int | None] = 0x01
    NAME: ClassVar[str] = "set-request-normal"

    attribute: ATTRIBUTE
    access_selection: SELECTION = None
    value: DATA


@frozen(kw_only=True)
class SetRequestWithFirstDataBlock(Invoked):
    """
    Write one attribute whose value comes in blocks; this is the first (Set-Request-With-First-Datablock).

    @ivar attribute: Which.
    @ivar access_selection: Which part of it, or C{None} for all.
    @ivar last_block: No further block follows.
    @ivar block_number: 1.
    @ivar raw_data: Some octets of the Data.
    """

    TAG: ClassVar[int] = 0xC1
    CHOICE: ClassVar[int | None] = 0x02
    NAME: ClassVar[str] = "set-request-with-first-datablock"

    attribute: ATTRIBUTE
    access_selection: SELECTION = None
    last_block: FLAG
    block_number: U32
    raw_data: OCTETS


@frozen(kw_only=True)
class SetRequestWithDataBlock(Invoked):
    """
    A further block of the value or values (Set-Request-With-Datablock).

    @ivar last_block: No further block follows.
    @ivar block_number: From 2.
    @ivar raw_data: Some octets of the Data, or of the list of Data.
    """

    TAG: ClassVar[int] = 0xC1
    CHOICE: ClassVar[int | None] = 0x03
    NAME: ClassVar[str] = "set-request-with-datablock"

    last_block: FLAG
    block_number: U32
    raw_data: OCTETS


@frozen(kw_only=True)
class SetRequestWithList(Invoked):
    """
    Write several attributes (Set-Request-With-List).

    @ivar attributes: Which.
    @ivar values: As many as attributes, in their order.
    """

    TAG: ClassVar[int] = 0xC1
    CHOICE: ClassVar[int | None] = 0x04
    NAME: ClassVar[str] = "set-request-with-list"

    attributes: ATTRIBUTES
    values: DATA_LIST

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """
        @raise DecodeError: not this APDU, or not as many values as attributes.
        """
        request = super().read(reader)
        same_count(request.attributes, request.values, reader.offset)
        return request


@frozen(kw_only=True)
class SetRequestWithListAndFirstDataBlock(Invoked):
    """
    Write several attributes whose values come in blocks; this is the first
    (Set-Request-With-List-And-First-Datablock).

    @ivar attributes: Which.
    @ivar last_block: No further block follows.
    @ivar block_number: 1.
    @ivar raw_data: Some octets of the list of Data, which begins with its count.
    """

    TAG: ClassVar[int] = 0xC1
    CHOICE: ClassVar[int | None] = 0x05
    NAME: ClassVar[str] = "set-request-with-list-and-first-datablock"

    attributes: ATTRIBUTES
    last_block: FLAG
    block_number: U32
    raw_data: OCTETS


@frozen(kw_only=True)
class SetResponseNormal(Invoked):
    """
    How the write ended (Set-Response-Normal).
    """

    TAG: ClassVar[int] = 0xC5
    CHOICE: ClassVar[int | None] = 0x01
    NAME: ClassVar[str] = "set-response-normal"

    result: DATA_ACCESS_RESULT


@frozen(kw_only=True)
class SetResponseDataBlock(Invoked):
    """
    A block has come, the next may follow (Set-Response-Datablock).

    @ivar block_number: That of the block.
    """

    TAG: ClassVar[int] = 0xC5
    CHOICE: ClassVar[int | None] = 0x02
    NAME: ClassVar[str] = "set-response-datablock"

    block_number: U32


@frozen(kw_only=True)
class SetResponseLastDataBlock(Invoked):
    """
    The last block has come, or the transfer has failed (Set-Response-Last-Datablock).

    @ivar result: How the write ended.
    @ivar block_number: That of the block.
    """

    TAG: ClassVar[int] = 0xC5
    CHOICE: ClassVar[int | None] = 0x03
    NAME: ClassVar[str] = "set-response-last-datablock"

    result: DATA_ACCESS_RESULT
    block_number: U32


@frozen(kw_only=True)
class SetResponseLastDataBlockWithList(Invoked):
    """
    The last block of a list has come (Set-Response-Last-Datablock-With-List).

    @ivar results: For each attribute how its write ended.
    @ivar block_number: That of the block.
    """

    TAG: ClassVar[int] = 0xC5
    CHOICE: ClassVar[int | None] = 0x04
    NAME: ClassVar[str] = "set-response-last-datablock-with-list"

    results: DATA_ACCESS_RESULTS
    block_number: U32


@frozen(kw_only=True)
class SetResponseWithList(Invoked):
    """
    How the writes of a list ended, in its order (Set-Response-With-List).
    """

    TAG: ClassVar[int] = 0xC5
    CHOICE: ClassVar[int | None] = 0x05
    NAME: ClassVar[str] = "set-response-with-list"

    results: DATA_ACCESS_RESULTS
