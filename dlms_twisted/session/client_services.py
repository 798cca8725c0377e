"""
The client's side of block transfer for each service with logical names: GET, SET, ACTION, and ACCESS, which has none.

When a server ends the transfer of a list with a single code, each item of the list has that code.
"""

from __future__ import annotations

from dlms_twisted.apdu.access import AccessRequest, AccessResponse
from dlms_twisted.apdu.action import (
    ActionRequestNextPBlock,
    ActionRequestNormal,
    ActionRequestWithFirstPBlock,
    ActionRequestWithList,
    ActionRequestWithListAndFirstPBlock,
    ActionRequestWithPBlock,
    ActionResponseNextPBlock,
    ActionResponseNormal,
    ActionResponseWithList,
    ActionResponseWithPBlock,
    ActionReturn,
)
from dlms_twisted.apdu.base import Apdu
from dlms_twisted.apdu.get import (
    GetRequestNext,
    GetRequestNormal,
    GetRequestWithList,
    GetResponseNormal,
    GetResponseWithDataBlock,
    GetResponseWithList,
)
from dlms_twisted.apdu.results import ActionResult, DataAccessResult
from dlms_twisted.apdu.set import (
    SetRequestNormal,
    SetRequestWithDataBlock,
    SetRequestWithFirstDataBlock,
    SetRequestWithList,
    SetRequestWithListAndFirstDataBlock,
    SetResponseDataBlock,
    SetResponseLastDataBlock,
    SetResponseLastDataBlockWithList,
    SetResponseNormal,
    SetResponseWithList,
)
from dlms_twisted.codec.data import Data, decode_data
from dlms_twisted.codec.reader import Reader
from dlms_twisted.codec.writer import encode_length
from dlms_twisted.errors import DecodeError
from dlms_twisted.session.client_blocks import ClientBlocks, Step

__all__ = [
    "AccessBlocks",
    "ActionBlocks",
    "GetBlocks",
    "SetBlocks",
    "action_return",
    "list_of_data",
]


def list_of_data(values: tuple[Data, ...]) -> bytes:
    """
    @return: a SEQUENCE OF Data.
    """
    return encode_length(len(values)) + b"".join([value.octets for value in values])


def action_return(raw: bytes) -> ActionReturn:
    """
    What the blocks of a long answer to one call hold: some servers send the Data that the method gave back, others
    the whole Action-Response-With-Optional-Data.  The two are told apart by what decodes to the end.

    @raise DecodeError: neither.
    """
    try:
        return ActionReturn(result=ActionResult.SUCCESS, return_parameters=decode_data(raw))
    except DecodeError:
        reader = Reader(raw)
        whole = ActionReturn.read(reader)
        reader.finish()
        return whole


class GetBlocks(ClientBlocks):
    """
    L{GetRequestNormal} or L{GetRequestWithList}; the answer is a L{GetResponseNormal} or L{GetResponseWithList}.
    """

    request: GetRequestNormal | GetRequestWithList

    def _receive(self, response: Apdu) -> Step | None:
        if type(response) is GetResponseNormal and type(response.result) is Data:
            # What comes most often.
            if isinstance(self.request, GetRequestWithList):
                raise self._wrong(response)
            return self._plain(response, failed=False)
        match response:
            case GetResponseWithDataBlock(result=DataAccessResult() as code):
                return self._plain(self._failed(code), failed=True)
            case GetResponseWithDataBlock(
                last_block=last, block_number=number, result=bytes() as raw
            ):
                return self._joined(last, number, raw)
            case GetResponseNormal(result=DataAccessResult() as code):
                return self._plain(self._failed(code), failed=True)
            case GetResponseWithList():
                if not isinstance(self.request, GetRequestWithList):
                    raise self._wrong(response)
                self._count(len(self.request.attributes), len(response.results))
                return self._plain(response, failed=False)
        return None

    def _next(self, number: int) -> Apdu:
        return GetRequestNext(
            invoke_id_and_priority=self.request.invoke_id_and_priority, block_number=number
        )

    def _whole(self, raw: bytes) -> Apdu:
        invoke = self.request.invoke_id_and_priority
        if isinstance(self.request, GetRequestWithList):
            head = bytes((GetResponseWithList.TAG, GetResponseWithList.CHOICE or 0, invoke))
            response = GetResponseWithList.decode(head + raw)
            self._count(len(self.request.attributes), len(response.results))
            return response
        return GetResponseNormal(invoke_id_and_priority=invoke, result=decode_data(raw))

    def _failed(self, code: DataAccessResult) -> Apdu:
        invoke = self.request.invoke_id_and_priority
        if isinstance(self.request, GetRequestWithList):
            results = (code,) * len(self.request.attributes)
            return GetResponseWithList(invoke_id_and_priority=invoke, results=results)
        return GetResponseNormal(invoke_id_and_priority=invoke, result=code)


class SetBlocks(ClientBlocks):
    """
    L{SetRequestNormal} or L{SetRequestWithList}; the answer is a L{SetResponseNormal} or L{SetResponseWithList}.
    """

    request: SetRequestNormal | SetRequestWithList

    def _raw(self) -> bytes:
        if isinstance(self.request, SetRequestWithList):
            return list_of_data(self.request.values)
        return self.request.value.octets

    def _block(self, last: bool, number: int, raw: bytes) -> Apdu:
        invoke = self.request.invoke_id_and_priority
        if number > 1:
            return SetRequestWithDataBlock(
                invoke_id_and_priority=invoke, last_block=last, block_number=number, raw_data=raw
            )
        if isinstance(self.request, SetRequestWithList):
            return SetRequestWithListAndFirstDataBlock(
                invoke_id_and_priority=invoke,
                attributes=self.request.attributes,
                last_block=last,
                block_number=number,
                raw_data=raw,
            )
        return SetRequestWithFirstDataBlock(
            invoke_id_and_priority=invoke,
            attribute=self.request.attribute,
            access_selection=self.request.access_selection,
            last_block=last,
            block_number=number,
            raw_data=raw,
        )

    def _receive(self, response: Apdu) -> Step | None:
        match response:
            case SetResponseDataBlock(block_number=number):
                return self._acknowledged(number)
            case SetResponseLastDataBlock(result=code) | SetResponseNormal(result=code):
                return self._ended(response, code)
            case (
                SetResponseLastDataBlockWithList(results=codes) | SetResponseWithList(results=codes)
            ):
                if not isinstance(self.request, SetRequestWithList):
                    raise self._wrong(response)
                self._count(len(self.request.attributes), len(codes))
                whole = SetResponseWithList(
                    invoke_id_and_priority=response.invoke_id_and_priority, results=codes
                )
                return self._plain(whole, failed=False)
        return None

    def _ended(self, response: Apdu, code: DataAccessResult) -> Step:
        invoke = self.request.invoke_id_and_priority
        if not isinstance(self.request, SetRequestWithList):
            normal = SetResponseNormal(invoke_id_and_priority=invoke, result=code)
            return self._plain(normal, failed=not code.is_success)
        if code.is_success:
            raise self._wrong(response)
        codes = (code,) * len(self.request.attributes)
        return self._plain(
            SetResponseWithList(invoke_id_and_priority=invoke, results=codes), failed=True
        )


class ActionBlocks(ClientBlocks):
    """
    L{ActionRequestNormal} or L{ActionRequestWithList}; the answer is a L{ActionResponseNormal} or
    L{ActionResponseWithList}.
    """

    request: ActionRequestNormal | ActionRequestWithList

    def _raw(self) -> bytes | None:
        if isinstance(self.request, ActionRequestWithList):
            return list_of_data(self.request.parameters)
        return None if self.request.parameters is None else self.request.parameters.octets

    def _block(self, last: bool, number: int, raw: bytes) -> Apdu:
        invoke = self.request.invoke_id_and_priority
        if number > 1:
            return ActionRequestWithPBlock(
                invoke_id_and_priority=invoke, last_block=last, block_number=number, raw_data=raw
            )
        if isinstance(self.request, ActionRequestWithList):
            return ActionRequestWithListAndFirstPBlock(
                invoke_id_and_priority=invoke,
                methods=self.request.methods,
                last_block=last,
                block_number=number,
                raw_data=raw,
            )
        return ActionRequestWithFirstPBlock(
            invoke_id_and_priority=invoke,
            method=self.request.method,
            last_block=last,
            block_number=number,
            raw_data=raw,
        )

    def _receive(self, response: Apdu) -> Step | None:
        match response:
            case ActionResponseNextPBlock(block_number=number):
                return self._acknowledged(number)
            case ActionResponseWithPBlock():
                return self._joined(response.last_block, response.block_number, response.raw_data)
            case ActionResponseNormal(result=code):
                return self._ended(response, code)
            case ActionResponseWithList(results=results):
                if not isinstance(self.request, ActionRequestWithList):
                    raise self._wrong(response)
                self._count(len(self.request.methods), len(results))
                return self._plain(response, failed=False)
        return None

    def _ended(self, response: ActionResponseNormal, code: ActionResult) -> Step:
        if not isinstance(self.request, ActionRequestWithList):
            return self._plain(response, failed=not code.is_success)
        if code.is_success:
            raise self._wrong(response)
        invoke = self.request.invoke_id_and_priority
        results = (ActionReturn(result=code),) * len(self.request.methods)
        whole = ActionResponseWithList(invoke_id_and_priority=invoke, results=results)
        return self._plain(whole, failed=True)

    def _next(self, number: int) -> Apdu:
        return ActionRequestNextPBlock(
            invoke_id_and_priority=self.request.invoke_id_and_priority, block_number=number
        )

    def _whole(self, raw: bytes) -> Apdu:
        invoke = self.request.invoke_id_and_priority
        if isinstance(self.request, ActionRequestWithList):
            head = bytes((ActionResponseWithList.TAG, ActionResponseWithList.CHOICE or 0, invoke))
            response = ActionResponseWithList.decode(head + raw)
            self._count(len(self.request.methods), len(response.results))
            return response
        whole = action_return(raw)
        return ActionResponseNormal(
            invoke_id_and_priority=invoke,
            result=whole.result,
            return_parameters=whole.return_parameters,
        )


class AccessBlocks(ClientBlocks):
    """
    L{AccessRequest}, answered by an L{AccessResponse}: both in one piece, or by general block transfer.
    """

    request: AccessRequest

    def _receive(self, response: Apdu) -> Step | None:
        if not isinstance(response, AccessResponse):
            return None
        self._count(len(self.request.specifications), len(response.results))
        return self._plain(response, failed=False)
