"""
GET: attributes are read.

Source: IEC 62056-5-3, Get-Request and Get-Response.
"""

from __future__ import annotations

import struct
from typing import ClassVar, Final, Self

from attrs import frozen

from dlms_twisted.apdu.descriptors import ATTRIBUTE, ATTRIBUTES, SELECTION, Invoked
from dlms_twisted.apdu.kinds import FLAG, U32
from dlms_twisted.apdu.result_kinds import BLOCK_RESULT, GET_RESULT, GET_RESULTS
from dlms_twisted.codec.data import take_data
from dlms_twisted.codec.limits import DEFAULT_LIMITS, Limits
from dlms_twisted.errors import DecodeError

__all__ = [
    "GetRequestNext",
    "GetRequestNormal",
    "GetRequestWithList",
    "GetResponseNormal",
    "GetResponseWithDataBlock",
    "GetResponseWithList",
]

# The two requests that are made most often, octet by octet: up to the "no selection" of a GET, and of a next block.
_NORMAL: Final = struct.Struct(">BBBH6sbB")
_NEXT: Final = struct.Struct(">BBBI")
# The two answers that come most often are made without attrs' keyword arguments, which cost as much as the rest.
_new: Final = object.__new__
_set: Final = object.__setattr__
_OBIS: Final = 6


@frozen(kw_only=True)
class GetRequestNormal(Invoked):
    """
    Read one attribute (Get-Request-Normal).

    @ivar attribute: Which.
    @ivar access_selection: Which part of it, or C{None} for all.
    """

    TAG: ClassVar[int] = 0xC0
    CHOICE: ClassVar[int | None] = 0x01
    NAME: ClassVar[str] = "get-request-normal"

    attribute: ATTRIBUTE
    access_selection: SELECTION = None

    def encode(self) -> bytes:
        """
        As C{write} does it, in one go.

        @raise EncodeError: a field is out of range; the error names it.
        """
        wanted = self.attribute
        if self.access_selection is None and len(wanted.instance_id) == _OBIS:
            try:
                return _NORMAL.pack(
                    0xC0,
                    0x01,
                    self.invoke_id_and_priority,
                    wanted.class_id,
                    wanted.instance_id,
                    wanted.attribute_id,
                    0,
                )
            except struct.error:
                # Which field it is the usual way says.
                pass
        return super().encode()


@frozen(kw_only=True)
class GetRequestNext(Invoked):
    """
    Ask for the next block of a long answer (Get-Request-Next).

    @ivar block_number: The last block that was received, from 1.
    """

    TAG: ClassVar[int] = 0xC0
    CHOICE: ClassVar[int | None] = 0x02
    NAME: ClassVar[str] = "get-request-next"

    block_number: U32

    def encode(self) -> bytes:
        """
        As C{write} does it, in one go.

        @raise EncodeError: a field is out of range; the error names it.
        """
        try:
            return _NEXT.pack(0xC0, 0x02, self.invoke_id_and_priority, self.block_number)
        except struct.error:
            return super().encode()


@frozen(kw_only=True)
class GetRequestWithList(Invoked):
    """
    Read several attributes at once (Get-Request-With-List).
    """

    TAG: ClassVar[int] = 0xC0
    CHOICE: ClassVar[int | None] = 0x03
    NAME: ClassVar[str] = "get-request-with-list"

    attributes: ATTRIBUTES


@frozen(kw_only=True)
class GetResponseNormal(Invoked):
    """
    The value of one attribute, or why there is none (Get-Response-Normal).

    @ivar result: L{dlms_twisted.codec.data.Data} or a L{dlms_twisted.apdu.results.DataAccessResult}.
    """

    TAG: ClassVar[int] = 0xC4
    CHOICE: ClassVar[int | None] = 0x01
    NAME: ClassVar[str] = "get-response-normal"

    result: GET_RESULT

    @classmethod
    def decode(cls, octets: bytes, limits: Limits = DEFAULT_LIMITS) -> Self:
        """
        As L{read} does it, in one go.

        @raise DecodeError: another APDU, truncated, malformed, or with octets left over.
        """
        size = len(octets)
        if not 4 < size <= limits.octets or octets[3] or octets[0] != 0xC4 or octets[1] != 0x01:
            return super().decode(octets, limits)
        data, end = take_data(octets, 4, limits)
        if end != size:
            raise DecodeError("end of the octets wanted", end)
        response = _new(cls)
        _set(response, "invoke_id_and_priority", octets[2])
        _set(response, "result", data)
        return response


@frozen(kw_only=True)
class GetResponseWithDataBlock(Invoked):
    """
    A part of a long answer (Get-Response-With-Datablock).

    @ivar last_block: No further block follows.
    @ivar block_number: From 1.
    @ivar result: Some octets of the answer (of the Data for a single attribute, of the list of results for
        several), or the L{dlms_twisted.apdu.results.DataAccessResult} that ends it.
    """

    TAG: ClassVar[int] = 0xC4
    CHOICE: ClassVar[int | None] = 0x02
    NAME: ClassVar[str] = "get-response-with-datablock"

    last_block: FLAG
    block_number: U32
    result: BLOCK_RESULT

    @classmethod
    def decode(cls, octets: bytes, limits: Limits = DEFAULT_LIMITS) -> Self:
        """
        As L{read} does it, in one go.

        @raise DecodeError: another APDU, truncated, malformed, or with octets left over.
        """
        size = len(octets)
        if not 9 < size <= limits.octets or octets[8] or octets[0] != 0xC4 or octets[1] != 0x02:
            return super().decode(octets, limits)
        start = 10
        length = octets[9]
        if length > 0x80:
            start = length - 0x76
            length = int.from_bytes(octets[10:start], "big")
        if length == 0x80 or start > 14 or size != start + length:
            return super().decode(octets, limits)
        response = _new(cls)
        _set(response, "invoke_id_and_priority", octets[2])
        _set(response, "last_block", octets[3] != 0)
        _set(response, "block_number", int.from_bytes(octets[4:8], "big"))
        _set(response, "result", octets[start:])
        return response


@frozen(kw_only=True)
class GetResponseWithList(Invoked):
    """
    The answers to a list, in its order (Get-Response-With-List).

    @ivar results: For each attribute its L{dlms_twisted.codec.data.Data} or a
        L{dlms_twisted.apdu.results.DataAccessResult}.
    """

    TAG: ClassVar[int] = 0xC4
    CHOICE: ClassVar[int | None] = 0x03
    NAME: ClassVar[str] = "get-response-with-list"

    results: GET_RESULTS
