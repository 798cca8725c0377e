"""
Answers that are too long for one APDU: what of them goes in blocks, and what is said where it cannot.
"""

from __future__ import annotations

from typing import NamedTuple

from dlms_twisted.apdu.action import ActionResponseNormal, ActionResponseWithList, ActionReturn
from dlms_twisted.apdu.base import Apdu
from dlms_twisted.apdu.get import GetResponseNormal, GetResponseWithList
from dlms_twisted.apdu.results import DataAccessResult
from dlms_twisted.apdu.short_name import ReadResponse
from dlms_twisted.apdu.variable_access import ReadData, ReadError, ReadResult
from dlms_twisted.codec.data import Data
from dlms_twisted.errors import LocalProtocolError
from dlms_twisted.session.server_services import ACTION, GET, READ, Service

__all__ = ["LongResponse", "long_response", "shortened"]

_UNAVAILABLE = DataAccessResult.DATA_BLOCK_UNAVAILABLE


class LongResponse(NamedTuple):
    """
    @ivar invoke: Invoke-id-and-priority, 0 where the service has none.
    @ivar raw: What goes in blocks.
    """

    service: Service
    invoke: int
    raw: bytes


def long_response(response: Apdu, whole_action: bool) -> LongResponse | None:
    """
    @param whole_action: See L{dlms_twisted.session.server_blocks.ServerBlocks}.

    @return: C{None} for an answer that cannot go in blocks.
    """
    match response:
        case GetResponseNormal(invoke_id_and_priority=invoke, result=Data() as data):
            return LongResponse(GET, invoke, data.octets)
        case GetResponseWithList(invoke_id_and_priority=invoke):
            return LongResponse(GET, invoke, response.encode()[3:])
        case ActionResponseNormal(invoke_id_and_priority=invoke, return_parameters=data):
            if isinstance(data, Data) and response.result.is_success and not whole_action:
                return LongResponse(ACTION, invoke, data.octets)
            return LongResponse(ACTION, invoke, response.encode()[3:])
        case ActionResponseWithList(invoke_id_and_priority=invoke):
            return LongResponse(ACTION, invoke, response.encode()[3:])
        case ReadResponse():
            return LongResponse(READ, 0, response.encode()[1:])
    return None


def shortened(response: Apdu) -> Apdu:
    """
    @return: C{response} with data-block-unavailable for each value that it holds.

    @raise LocalProtocolError: no such answer.
    """
    match response:
        case GetResponseNormal(invoke_id_and_priority=invoke):
            return GetResponseNormal(invoke_id_and_priority=invoke, result=_UNAVAILABLE)
        case GetResponseWithList(invoke_id_and_priority=invoke, results=results):
            return GetResponseWithList(
                invoke_id_and_priority=invoke,
                results=tuple(
                    result if isinstance(result, DataAccessResult) else _UNAVAILABLE
                    for result in results
                ),
            )
        case ActionResponseNormal(invoke_id_and_priority=invoke, result=code):
            return ActionResponseNormal(
                invoke_id_and_priority=invoke, result=code, return_parameters=_UNAVAILABLE
            )
        case ActionResponseWithList(invoke_id_and_priority=invoke, results=returns):
            return ActionResponseWithList(
                invoke_id_and_priority=invoke,
                results=tuple(
                    ActionReturn(
                        result=one.result,
                        return_parameters=None if one.return_parameters is None else _UNAVAILABLE,
                    )
                    for one in returns
                ),
            )
        case ReadResponse(results=read):
            return ReadResponse(results=tuple(_read_shortened(one) for one in read))
    raise LocalProtocolError(f"{response.NAME} is longer than the client takes")


def _read_shortened(result: ReadResult) -> ReadResult:
    return ReadError(result=_UNAVAILABLE) if isinstance(result, ReadData) else result
