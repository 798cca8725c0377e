"""
What a request has to do with block transfer, and what its blocks give when they are whole.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from functools import partial
from typing import NamedTuple

from dlms_twisted.apdu.action import (
    ActionRequestNextPBlock,
    ActionRequestNormal,
    ActionRequestWithFirstPBlock,
    ActionRequestWithList,
    ActionRequestWithListAndFirstPBlock,
    ActionRequestWithPBlock,
)
from dlms_twisted.apdu.base import Apdu
from dlms_twisted.apdu.descriptors import same_count
from dlms_twisted.apdu.get import GetRequestNext
from dlms_twisted.apdu.kinds import DataElement, Many
from dlms_twisted.apdu.set import (
    SetRequestNormal,
    SetRequestWithDataBlock,
    SetRequestWithFirstDataBlock,
    SetRequestWithList,
    SetRequestWithListAndFirstDataBlock,
)
from dlms_twisted.apdu.short_name import ReadRequest, WriteRequest
from dlms_twisted.apdu.variable_access import (
    BlockNumberAccess,
    ReadDataBlockAccess,
    WriteDataBlockAccess,
)
from dlms_twisted.codec.data import Data, decode_data
from dlms_twisted.codec.reader import Reader
from dlms_twisted.session.server_services import ACTION, GET, READ, SET, WRITE, Service

__all__ = ["Part", "Role", "part_of"]


class Role(Enum):
    """
    What a request does in a transfer.
    """

    #: Asks for the block of the answer after C{number}.
    NEXT = "next"
    #: Brings the first block of a request.
    FIRST = "first"
    #: Brings a further block of it.
    MORE = "more"


class Part(NamedTuple):
    """
    A request that belongs to a transfer.

    @ivar invoke: Invoke-id-and-priority, 0 where the service has none.
    @ivar complete: For a first block: makes the request of all octets, or raises
        L{dlms_twisted.errors.DecodeError}.
    """

    service: Service
    role: Role
    invoke: int
    number: int
    last: bool = False
    raw: bytes = b""
    complete: Callable[[bytes], Apdu] | None = None


def part_of(request: Apdu) -> Part | None:
    """
    @return: C{None} for a request in one piece.
    """
    match request:
        case GetRequestNext():
            return Part(GET, Role.NEXT, request.invoke_id_and_priority, request.block_number)
        case ActionRequestNextPBlock():
            return Part(ACTION, Role.NEXT, request.invoke_id_and_priority, request.block_number)
        case SetRequestWithFirstDataBlock():
            return _first(SET, request, partial(_set, request))
        case SetRequestWithListAndFirstDataBlock():
            return _first(SET, request, partial(_set_list, request))
        case ActionRequestWithFirstPBlock():
            return _first(ACTION, request, partial(_action, request))
        case ActionRequestWithListAndFirstPBlock():
            return _first(ACTION, request, partial(_action_list, request))
        case SetRequestWithDataBlock():
            return _more(SET, request)
        case ActionRequestWithPBlock():
            return _more(ACTION, request)
        case ReadRequest(variables=(BlockNumberAccess(block_number=number),)):
            return Part(READ, Role.NEXT, 0, number)
        case ReadRequest(variables=(ReadDataBlockAccess() as block,)):
            return _short_name(READ, block, block.raw_data, ReadRequest)
        case WriteRequest(variables=(WriteDataBlockAccess() as block,), data=(value,)):
            raw = value.values
            return _short_name(WRITE, block, raw if isinstance(raw, bytes) else b"", WriteRequest)
    return None


def _first(
    service: Service,
    block: SetRequestWithFirstDataBlock
    | SetRequestWithListAndFirstDataBlock
    | ActionRequestWithFirstPBlock
    | ActionRequestWithListAndFirstPBlock,
    complete: Callable[[bytes], Apdu],
) -> Part:
    invoke, number, last = block.invoke_id_and_priority, block.block_number, block.last_block
    return Part(service, Role.FIRST, invoke, number, last, block.raw_data, complete)


def _more(service: Service, block: SetRequestWithDataBlock | ActionRequestWithPBlock) -> Part:
    invoke, number, last = block.invoke_id_and_priority, block.block_number, block.last_block
    return Part(service, Role.MORE, invoke, number, last, block.raw_data)


def _short_name(
    service: Service,
    block: ReadDataBlockAccess | WriteDataBlockAccess,
    raw: bytes,
    request: type[Apdu],
) -> Part:
    role = Role.FIRST if block.block_number == 1 else Role.MORE
    complete = partial(_tagged, request)
    return Part(service, role, 0, block.block_number, block.last_block, raw, complete)


def _tagged(request: type[Apdu], raw: bytes) -> Apdu:
    return request.decode(bytes((request.TAG,)) + raw)


def _list_of_data(wanted: tuple[object, ...], raw: bytes) -> tuple[Data, ...]:
    reader = Reader(raw)
    values = Many(DataElement()).read(reader, "values")
    reader.finish()
    same_count(wanted, values, len(raw))
    return values


def _set(first: SetRequestWithFirstDataBlock, raw: bytes) -> Apdu:
    return SetRequestNormal(
        invoke_id_and_priority=first.invoke_id_and_priority,
        attribute=first.attribute,
        access_selection=first.access_selection,
        value=decode_data(raw),
    )


def _set_list(first: SetRequestWithListAndFirstDataBlock, raw: bytes) -> Apdu:
    return SetRequestWithList(
        invoke_id_and_priority=first.invoke_id_and_priority,
        attributes=first.attributes,
        values=_list_of_data(first.attributes, raw),
    )


def _action(first: ActionRequestWithFirstPBlock, raw: bytes) -> Apdu:
    return ActionRequestNormal(
        invoke_id_and_priority=first.invoke_id_and_priority,
        method=first.method,
        parameters=decode_data(raw),
    )


def _action_list(first: ActionRequestWithListAndFirstPBlock, raw: bytes) -> Apdu:
    return ActionRequestWithList(
        invoke_id_and_priority=first.invoke_id_and_priority,
        methods=first.methods,
        parameters=_list_of_data(first.methods, raw),
    )
