"""
Passes three and four of the high mechanisms, on the server's side: the client proves who it is, and we do.

What the standard leaves open: a wrong proof is "read-write-denied", after which there is no association; a client has
one try, and must associate again for another.

Source: IEC 62056-5-3, Association LN and SN, C{reply_to_HLS_authentication}; 04, section 9.
"""

from __future__ import annotations

from typing import Final

from dlms_twisted.apdu.action import (
    ActionRequestNormal,
    ActionRequestWithFirstPBlock,
    ActionResponseNormal,
)
from dlms_twisted.apdu.base import Apdu
from dlms_twisted.apdu.results import ActionResult, DataAccessResult
from dlms_twisted.apdu.short_name import ReadRequest, ReadResponse, WriteRequest, WriteResponse
from dlms_twisted.apdu.variable_access import (
    ParameterizedAccess,
    ReadData,
    ReadError,
    VariableName,
    WriteError,
    WriteSuccess,
)
from dlms_twisted.codec import build
from dlms_twisted.codec.data import Data
from dlms_twisted.errors import Reason, SecurityError
from dlms_twisted.security.hls import Mechanism
from dlms_twisted.security.window import ReplayWindow
from dlms_twisted.session.served import ServedDevice
from dlms_twisted.session.server_negotiation import Established
from dlms_twisted.session.server_short_names import is_reply

__all__ = ["CURRENT_ASSOCIATION", "is_third_pass", "prove", "proven"]

#: Logical name of the association that is current.
CURRENT_ASSOCIATION: Final = bytes.fromhex("0000280000ff")
_ASSOCIATION: Final = 15
_REPLY: Final = 1


def is_third_pass(device: ServedDevice, established: Established, request: Apdu) -> bool:
    """
    Is the request the call of C{reply_to_HLS_authentication}, or its first part?  No other is allowed before the
    client proved itself.
    """
    served = established.served
    if served.short_names is (request.TAG == ActionRequestNormal.TAG):
        return False
    match request:
        case ActionRequestNormal(method=method) | ActionRequestWithFirstPBlock(method=method):
            return (
                method.class_id == _ASSOCIATION
                and method.method_id == _REPLY
                and method.instance_id in (CURRENT_ASSOCIATION, served.object_name)
            )
        case ReadRequest(variables=(ParameterizedAccess(variable_name=name),)):
            return is_reply(device, served, name)
        case WriteRequest(variables=(VariableName(variable_name=name),)):
            return is_reply(device, served, name)
    return False


def prove(established: Established, request: Apdu, before: ReplayWindow | None) -> bytes:
    """
    Judge the client's proof and take its counter as used.

    @param request: The third pass.
    @param before: The client's counters before the message that carries it, see L{ServerSecurity.snapshot}.

    @return: our own proof.

    @raise SecurityError: the client does not prove who it is.
    @raise LocalProtocolError: something of ours is missing for it.
    """
    authentication, security = established.authentication, established.security
    proof = _parameter(request)
    if authentication is None or not isinstance(proof, bytes):
        raise SecurityError(Reason.MALFORMED, "an octet-string wanted as proof")
    window = security.window()
    counter = authentication.check(proof, before)
    if counter is not None and window is not None:
        window.accept(counter)
    takes_counter = authentication.mechanism is Mechanism.GMAC
    return authentication.answer(security.counter() if takes_counter else 0)


def proven(request: Apdu, proof: bytes | None) -> Apdu:
    """
    @param request: The third pass.
    @param proof: Ours; C{None} where the client's was wrong.

    @return: the fourth pass.
    """
    value = None if proof is None else build.octet_string(proof)
    denied = DataAccessResult.READ_WRITE_DENIED
    if isinstance(request, ActionRequestNormal):
        return ActionResponseNormal(
            invoke_id_and_priority=request.invoke_id_and_priority,
            result=ActionResult(denied) if value is None else ActionResult.SUCCESS,
            return_parameters=value,
        )
    if isinstance(request, WriteRequest):
        return WriteResponse(
            results=(WriteError(result=denied) if value is None else WriteSuccess(),)
        )
    return ReadResponse(
        results=(ReadError(result=denied) if value is None else ReadData(data=value),)
    )


def _parameter(request: Apdu) -> object:
    match request:
        case ActionRequestNormal(parameters=Data() as data):
            return data.values
        case ReadRequest(variables=(ParameterizedAccess(parameter=data),)):
            return data.values
        case WriteRequest(data=(data,)):
            return data.values
    return None
