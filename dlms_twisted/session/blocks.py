"""
Block transfer: messages longer than one APDU may be.

  - L{client_blocks}, L{ServerBlocks}: the blocks that each service has of its own.
  - L{GeneralBlocks}, L{unconfirmed_blocks}: general block transfer, which carries any APDU.

An exchange uses the one or the other, never one inside of the other.
"""

from __future__ import annotations

from typing import Final

from dlms_twisted.apdu.access import AccessRequest
from dlms_twisted.apdu.action import ActionRequestNormal, ActionRequestWithList
from dlms_twisted.apdu.base import Apdu
from dlms_twisted.apdu.get import GetRequestNormal, GetRequestWithList
from dlms_twisted.apdu.set import SetRequestNormal, SetRequestWithList
from dlms_twisted.apdu.short_name import ReadRequest, WriteRequest
from dlms_twisted.errors import LocalProtocolError
from dlms_twisted.session.block_parts import (
    DEFAULT_BLOCK_LIMITS,
    BlockLimits,
    Received,
    Send,
)
from dlms_twisted.session.block_streams import unconfirmed_blocks
from dlms_twisted.session.client_blocks import ClientBlocks, Step
from dlms_twisted.session.client_services import (
    AccessBlocks,
    ActionBlocks,
    GetBlocks,
    SetBlocks,
)
from dlms_twisted.session.client_short_names import ReadBlocks, WriteBlocks
from dlms_twisted.session.general_blocks import (
    Delivered,
    Event,
    Failed,
    GeneralBlocks,
    Transmit,
)
from dlms_twisted.session.server_blocks import ServerBlocks

__all__ = [
    "DEFAULT_BLOCK_LIMITS",
    "BlockLimits",
    "ClientBlocks",
    "Delivered",
    "Event",
    "Failed",
    "GeneralBlocks",
    "Received",
    "Send",
    "ServerBlocks",
    "Step",
    "Transmit",
    "client_blocks",
    "unconfirmed_blocks",
]

_CLIENT: Final[dict[type[Apdu], type[ClientBlocks]]] = {
    GetRequestNormal: GetBlocks,
    GetRequestWithList: GetBlocks,
    SetRequestNormal: SetBlocks,
    SetRequestWithList: SetBlocks,
    ActionRequestNormal: ActionBlocks,
    ActionRequestWithList: ActionBlocks,
    AccessRequest: AccessBlocks,
    ReadRequest: ReadBlocks,
    WriteRequest: WriteBlocks,
}


def client_blocks(
    request: Apdu,
    *,
    max_send: int = 0,
    block_transfer: bool = True,
    limits: BlockLimits = DEFAULT_BLOCK_LIMITS,
) -> ClientBlocks:
    """
    The client's side of one confirmed request and its answer.

    @param request: The whole request, not a block of one.
    @param max_send: The longest APDU that the server takes, in octets, less what ciphering adds; 0 for no limit.
    @param block_transfer: Was block transfer negotiated for this service?
    @param limits: How much the answer may be.

    @raise LocalProtocolError: C{request} is no confirmed request.
    """
    kind = _CLIENT.get(type(request))
    if kind is None:
        raise LocalProtocolError(f"{request.NAME} is no confirmed request")
    return kind(request, max_send=max_send, block_transfer=block_transfer, limits=limits)
