"""
What each service says in block transfer on the server's side: how a block is acknowledged, refused and sent.

Source: IEC 62056-5-3, GET, SET, ACTION, Read and Write services with block transfer.
"""

from __future__ import annotations

from enum import Enum
from typing import ClassVar, Final

from dlms_twisted.apdu.action import (
    ActionResponseNextPBlock,
    ActionResponseNormal,
    ActionResponseWithPBlock,
)
from dlms_twisted.apdu.base import Apdu
from dlms_twisted.apdu.get import GetResponseWithDataBlock
from dlms_twisted.apdu.results import ActionResult, DataAccessResult
from dlms_twisted.apdu.set import (
    SetResponseDataBlock,
    SetResponseLastDataBlock,
    SetResponseLastDataBlockWithList,
    SetResponseNormal,
    SetResponseWithList,
)
from dlms_twisted.apdu.short_name import ReadResponse, WriteResponse
from dlms_twisted.apdu.variable_access import (
    ReadBlockNumber,
    ReadDataBlockResult,
    ReadError,
    WriteBlockNumber,
    WriteError,
)

__all__ = ["ACTION", "GET", "READ", "SET", "WRITE", "Fault", "Service"]


class Fault(Enum):
    """
    Why a block is refused.
    """

    #: Its number is not the one that is due.
    NUMBER = "number"
    #: No transfer is under way.
    NOTHING = "nothing"
    #: The transfer was given up because another request came.
    ABORTED = "aborted"
    #: The blocks are whole, but what they hold is malformed.
    MALFORMED = "malformed"
    #: More than the limits allow.
    LIMIT = "limit"


_COMMON: Final = {
    Fault.NUMBER: DataAccessResult.DATA_BLOCK_NUMBER_INVALID,
    Fault.MALFORMED: DataAccessResult.TYPE_UNMATCHED,
    Fault.LIMIT: DataAccessResult.OTHER_REASON,
}


class Service:
    """
    One service.  What a service cannot do is never asked of it.

    C{invoke} is the invoke-id-and-priority of the request, or 0 where the service has none.

    @cvar CODES: What a fault is answered with.
    @cvar HIGHEST: The highest number that a block can have.
    """

    CODES: ClassVar[dict[Fault, DataAccessResult]]
    HIGHEST: ClassVar[int] = 0xFFFFFFFF

    def refuse(self, invoke: int, number: int, code: DataAccessResult) -> Apdu:
        """
        @return: the answer to a block, or to the request for one, that ends the transfer.
        """
        raise NotImplementedError

    def acknowledge(self, invoke: int, number: int) -> Apdu:
        """
        @return: the answer to a block that is not the last.
        """
        raise NotImplementedError

    def block(self, invoke: int, last: bool, number: int, raw: bytes) -> Apdu:
        """
        @return: a block of an answer.
        """
        raise NotImplementedError

    def answer(self, response: Apdu, number: int) -> Apdu:
        """
        @param number: Of the last block of the request.

        @return: C{response} as it is sent after a request in blocks.
        """
        return response


class _Get(Service):
    CODES = {
        **_COMMON,
        Fault.NOTHING: DataAccessResult.NO_LONG_GET_IN_PROGRESS,
        Fault.ABORTED: DataAccessResult.LONG_GET_ABORTED,
    }

    def refuse(self, invoke: int, number: int, code: DataAccessResult) -> Apdu:
        return GetResponseWithDataBlock(
            invoke_id_and_priority=invoke, last_block=True, block_number=number, result=code
        )

    def block(self, invoke: int, last: bool, number: int, raw: bytes) -> Apdu:
        return GetResponseWithDataBlock(
            invoke_id_and_priority=invoke, last_block=last, block_number=number, result=raw
        )


class _Set(Service):
    CODES = {
        **_COMMON,
        Fault.NOTHING: DataAccessResult.NO_LONG_SET_IN_PROGRESS,
        Fault.ABORTED: DataAccessResult.LONG_SET_ABORTED,
    }

    def refuse(self, invoke: int, number: int, code: DataAccessResult) -> Apdu:
        return SetResponseLastDataBlock(
            invoke_id_and_priority=invoke, result=code, block_number=number
        )

    def acknowledge(self, invoke: int, number: int) -> Apdu:
        return SetResponseDataBlock(invoke_id_and_priority=invoke, block_number=number)

    def answer(self, response: Apdu, number: int) -> Apdu:
        if isinstance(response, SetResponseNormal):
            return self.refuse(response.invoke_id_and_priority, number, response.result)
        if isinstance(response, SetResponseWithList):
            return SetResponseLastDataBlockWithList(
                invoke_id_and_priority=response.invoke_id_and_priority,
                results=response.results,
                block_number=number,
            )
        return response


class _Action(Service):
    CODES = {
        Fault.NUMBER: DataAccessResult.DATA_BLOCK_UNAVAILABLE,
        Fault.NOTHING: DataAccessResult(ActionResult.NO_LONG_ACTION_IN_PROGRESS),
        Fault.ABORTED: DataAccessResult(ActionResult.LONG_ACTION_ABORTED),
        Fault.MALFORMED: DataAccessResult.TYPE_UNMATCHED,
        Fault.LIMIT: DataAccessResult.OTHER_REASON,
    }

    def refuse(self, invoke: int, number: int, code: DataAccessResult) -> Apdu:
        return ActionResponseNormal(invoke_id_and_priority=invoke, result=ActionResult(code))

    def acknowledge(self, invoke: int, number: int) -> Apdu:
        return ActionResponseNextPBlock(invoke_id_and_priority=invoke, block_number=number)

    def block(self, invoke: int, last: bool, number: int, raw: bytes) -> Apdu:
        return ActionResponseWithPBlock(
            invoke_id_and_priority=invoke, last_block=last, block_number=number, raw_data=raw
        )


class _Read(Service):
    CODES = _Get.CODES
    HIGHEST = 0xFFFF

    def refuse(self, invoke: int, number: int, code: DataAccessResult) -> Apdu:
        return ReadResponse(results=(ReadError(result=code),))

    def acknowledge(self, invoke: int, number: int) -> Apdu:
        return ReadResponse(results=(ReadBlockNumber(block_number=number),))

    def block(self, invoke: int, last: bool, number: int, raw: bytes) -> Apdu:
        block = ReadDataBlockResult(last_block=last, block_number=number, raw_data=raw)
        return ReadResponse(results=(block,))


class _Write(Service):
    CODES = _Set.CODES
    HIGHEST = 0xFFFF

    def refuse(self, invoke: int, number: int, code: DataAccessResult) -> Apdu:
        return WriteResponse(results=(WriteError(result=code),))

    def acknowledge(self, invoke: int, number: int) -> Apdu:
        return WriteResponse(results=(WriteBlockNumber(block_number=number),))


GET: Final[Service] = _Get()
SET: Final[Service] = _Set()
ACTION: Final[Service] = _Action()
READ: Final[Service] = _Read()
WRITE: Final[Service] = _Write()
