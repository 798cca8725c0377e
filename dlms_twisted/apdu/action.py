"""
ACTION: methods are called.

Source: IEC 62056-5-3, Action-Request and Action-Response.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Self, TypeAlias

from attrs import frozen

from dlms_twisted.apdu.base import Record
from dlms_twisted.apdu.descriptors import DATA_LIST, METHOD, METHODS, Invoked, same_count
from dlms_twisted.apdu.kinds import FLAG, OCTETS, U32, DataElement, Many, Optional, Part
from dlms_twisted.apdu.result_kinds import ACTION_RESULT, RETURN_PARAMETERS
from dlms_twisted.codec.data import Data
from dlms_twisted.codec.reader import Reader

__all__ = [
    "ActionRequestNextPBlock",
    "ActionRequestNormal",
    "ActionRequestWithFirstPBlock",
    "ActionRequestWithList",
    "ActionRequestWithListAndFirstPBlock",
    "ActionRequestWithPBlock",
    "ActionResponseNextPBlock",
    "ActionResponseNormal",
    "ActionResponseWithList",
    "ActionResponseWithPBlock",
    "ActionReturn",
]

_PARAMETERS: TypeAlias = Annotated[Data | None, Optional(DataElement())]


@frozen(kw_only=True)
class ActionReturn(Record):
    """
    How one call ended (Action-Response-With-Optional-Data).

    @ivar result: L{dlms_twisted.apdu.results.ActionResult}.
    @ivar return_parameters: What the method gave back: L{Data}, a
        L{dlms_twisted.apdu.results.DataAccessResult}, or C{None}.
    """

    NAME: ClassVar[str] = "action-response-with-optional-data"

    result: ACTION_RESULT
    return_parameters: RETURN_PARAMETERS = None


@frozen(kw_only=True)
class ActionRequestNormal(Invoked):
    """
    Call one method (Action-Request-Normal).

    @ivar method: Which.
    @ivar parameters: Its parameter, or C{None}.
    """

    TAG: ClassVar[int] = 0xC3
    CHOICE: ClassVar[int | None] = 0x01
    NAME: ClassVar[str] = "action-request-normal"

    method: METHOD
    parameters: _PARAMETERS = None


@frozen(kw_only=True)
class ActionRequestNextPBlock(Invoked):
    """
    Ask for the next block of a long answer (Action-Request-Next-Pblock).

    @ivar block_number: The last block that was received, from 1.
    """

    TAG: ClassVar[int] = 0xC3
    CHOICE: ClassVar[int | None] = 0x02
    NAME: ClassVar[str] = "action-request-next-pblock"

    block_number: U32


@frozen(kw_only=True)
class ActionRequestWithList(Invoked):
    """
    Call several methods (Action-Request-With-List).

    @ivar methods: Which.
    @ivar parameters: As many as methods, in their order; null-data where a method takes none.
    """

    TAG: ClassVar[int] = 0xC3
    CHOICE: ClassVar[int | None] = 0x03
    NAME: ClassVar[str] = "action-request-with-list"

    methods: METHODS
    parameters: DATA_LIST

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """
        @raise DecodeError: not this APDU, or not as many parameters as methods.
        """
        request = super().read(reader)
        same_count(request.methods, request.parameters, reader.offset)
        return request


@frozen(kw_only=True)
class ActionRequestWithFirstPBlock(Invoked):
    """
    Call one method whose parameter comes in blocks; this is the first (Action-Request-With-First-Pblock).

    @ivar method: Which.
    @ivar last_block: No further block follows.
    @ivar block_number: 1.
    @ivar raw_data: Some octets of the Data.
    """

    TAG: ClassVar[int] = 0xC3
    CHOICE: ClassVar[int | None] = 0x04
    NAME: ClassVar[str] = "action-request-with-first-pblock"

    method: METHOD
    last_block: FLAG
    block_number: U32
    raw_data: OCTETS


@frozen(kw_only=True)
class ActionRequestWithListAndFirstPBlock(Invoked):
    """
    Call several methods whose parameters come in blocks; this is the first
    (Action-Request-With-List-And-First-Pblock).

    @ivar methods: Which.
    @ivar last_block: No further block follows.
    @ivar block_number: 1.
    @ivar raw_data: Some octets of the list of Data, which begins with its count.
    """

    TAG: ClassVar[int] = 0xC3
    CHOICE: ClassVar[int | None] = 0x05
    NAME: ClassVar[str] = "action-request-with-list-and-first-pblock"

    methods: METHODS
    last_block: FLAG
    block_number: U32
    raw_data: OCTETS


@frozen(kw_only=True)
class ActionRequestWithPBlock(Invoked):
    """
    A further block of the parameter or parameters (Action-Request-With-Pblock).

    @ivar last_block: No further block follows.
    @ivar block_number: From 2.
    @ivar raw_data: Some octets of the Data, or of the list of Data.
    """

    TAG: ClassVar[int] = 0xC3
    CHOICE: ClassVar[int | None] = 0x06
    NAME: ClassVar[str] = "action-request-with-pblock"

    last_block: FLAG
    block_number: U32
    raw_data: OCTETS


@frozen(kw_only=True)
class ActionResponseNormal(Invoked):
    """
    How the call ended (Action-Response-Normal).

    @ivar result: L{dlms_twisted.apdu.results.ActionResult}.
    @ivar return_parameters: What the method gave back: L{Data}, a
        L{dlms_twisted.apdu.results.DataAccessResult}, or C{None}.
    """

    TAG: ClassVar[int] = 0xC7
    CHOICE: ClassVar[int | None] = 0x01
    NAME: ClassVar[str] = "action-response-normal"

    result: ACTION_RESULT
    return_parameters: RETURN_PARAMETERS = None


@frozen(kw_only=True)
class ActionResponseWithPBlock(Invoked):
    """
    A part of a long answer (Action-Response-With-Pblock).

    @ivar last_block: No further block follows.
    @ivar block_number: From 1.
    @ivar raw_data: Some octets of the answer; see L{dlms_twisted.session.block_parts} for what is in them.
    """

    TAG: ClassVar[int] = 0xC7
    CHOICE: ClassVar[int | None] = 0x02
    NAME: ClassVar[str] = "action-response-with-pblock"

    last_block: FLAG
    block_number: U32
    raw_data: OCTETS


@frozen(kw_only=True)
class ActionResponseWithList(Invoked):
    """
    How the calls of a list ended, in its order (Action-Response-With-List).
    """

    TAG: ClassVar[int] = 0xC7
    CHOICE: ClassVar[int | None] = 0x03
    NAME: ClassVar[str] = "action-response-with-list"

    results: Annotated[tuple[ActionReturn, ...], Many(Part(ActionReturn), smallest=2)]


@frozen(kw_only=True)
class ActionResponseNextPBlock(Invoked):
    """
    A block of the request has come, the next may follow (Action-Response-Next-Pblock).

    @ivar block_number: That of the block.
    """

    TAG: ClassVar[int] = 0xC7
    CHOICE: ClassVar[int | None] = 0x04
    NAME: ClassVar[str] = "action-response-next-pblock"

    block_number: U32
