"""
What a server says where it does not treat a request at all.

Services of logical names get an ExceptionResponse, services of short names a ConfirmedServiceError, and services that
nobody answers get silence.  Both go in clear: whoever is refused may have no keys.  What the standard leaves open:

  - a malformed request of a service that is known is "service-not-allowed, other-reason";
  - short names are refused by ConfirmedServiceError, as clients of all ages understand it, but a used invocation
    counter by ExceptionResponse, because nothing else can say which one is expected;
  - an error that a client sends to a server is passed over: to answer errors by errors may never end.

Source: IEC 62056-5-3, Exception-Response and ConfirmedServiceError; 03, section 14; 02, section 6.
"""

from __future__ import annotations

from enum import Enum
from typing import Final

from dlms_twisted.apdu.action import (
    ActionRequestWithFirstPBlock,
    ActionRequestWithList,
    ActionRequestWithListAndFirstPBlock,
)
from dlms_twisted.apdu.base import Apdu
from dlms_twisted.apdu.conformance import Conformance
from dlms_twisted.apdu.get import GetRequestWithList
from dlms_twisted.apdu.service_error import (
    ConfirmedServiceError,
    ExceptionResponse,
    ExceptionServiceError,
    FailedService,
    ServiceError,
    StateError,
)
from dlms_twisted.apdu.set import (
    SetRequestWithFirstDataBlock,
    SetRequestWithList,
    SetRequestWithListAndFirstDataBlock,
)
from dlms_twisted.apdu.short_name import ReadRequest, UnconfirmedWriteRequest, WriteRequest
from dlms_twisted.apdu.variable_access import ReadDataBlockAccess, WriteDataBlockAccess
from dlms_twisted.security.choice import PLAIN_OF
from dlms_twisted.security.layers import is_protected

__all__ = ["SERVICES", "UNANSWERED", "Cause", "is_known", "is_negotiated", "refusal"]

_READ: Final = 0x05
_WRITE: Final = 0x06

#: The services that a server knows, by the first octet of their requests, and what must be negotiated for them.
SERVICES: Final = {
    _READ: Conformance.READ,
    _WRITE: Conformance.WRITE,
    0x16: Conformance.UNCONFIRMED_WRITE,
    0xC0: Conformance.GET,
    0xC1: Conformance.SET,
    0xC3: Conformance.ACTION,
    0xD9: Conformance.ACCESS,
}
#: What is never answered: unconfirmed services, notifications and their confirmations, errors, an abort.
UNANSWERED: Final = frozenset({0x0E, 0x0F, 0x10, 0x16, 0x18, 0x64, 0xC2, 0xD8})
#: What is no service and known all the same: a release request and a block of general block transfer.
_OTHERS: Final = frozenset({0x62, 0xE0})

_LIST: Final = Conformance.MULTIPLE_REFERENCES
_SET_BLOCKS: Final = Conformance.BLOCK_TRANSFER_WITH_SET_OR_WRITE
_ACTION_BLOCKS: Final = Conformance.BLOCK_TRANSFER_WITH_ACTION
#: What must be negotiated beside the service itself.
_VARIANTS: Final[dict[type[Apdu], Conformance]] = {
    GetRequestWithList: _LIST,
    SetRequestWithList: _LIST,
    SetRequestWithFirstDataBlock: _SET_BLOCKS,
    SetRequestWithListAndFirstDataBlock: _LIST | _SET_BLOCKS,
    ActionRequestWithList: _LIST,
    ActionRequestWithFirstPBlock: _ACTION_BLOCKS,
    ActionRequestWithListAndFirstPBlock: _LIST | _ACTION_BLOCKS,
}


class Cause(Enum):
    """
    Why a request is not treated.
    """

    #: There is no association, or it does not allow the service in its state.
    NOT_ASSOCIATED = "not associated"
    #: Nobody here knows the service.
    UNKNOWN = "unknown"
    #: The service was not negotiated.
    NOT_NEGOTIATED = "not negotiated"
    MALFORMED = "malformed"
    TOO_LONG = "too long"
    #: It cannot be deciphered, or is protected less than demanded.
    DECIPHERING = "deciphering"
    #: Its invocation counter was used.
    COUNTER = "counter"
    #: Something of ours is missing: a key, a counter.
    IMPOSSIBLE = "impossible"


_NOT_ALLOWED: Final = StateError.SERVICE_NOT_ALLOWED
_EXCEPTIONS: Final = {
    Cause.NOT_ASSOCIATED: (_NOT_ALLOWED, ExceptionServiceError.OPERATION_NOT_POSSIBLE),
    Cause.UNKNOWN: (StateError.SERVICE_UNKNOWN, ExceptionServiceError.SERVICE_NOT_SUPPORTED),
    Cause.NOT_NEGOTIATED: (_NOT_ALLOWED, ExceptionServiceError.SERVICE_NOT_SUPPORTED),
    Cause.MALFORMED: (_NOT_ALLOWED, ExceptionServiceError.OTHER_REASON),
    Cause.TOO_LONG: (_NOT_ALLOWED, ExceptionServiceError.PDU_TOO_LONG),
    Cause.DECIPHERING: (_NOT_ALLOWED, ExceptionServiceError.DECIPHERING_ERROR),
    Cause.IMPOSSIBLE: (_NOT_ALLOWED, ExceptionServiceError.OPERATION_NOT_POSSIBLE),
}
#: The kinds of service error and their values, see L{dlms_twisted.apdu.service_error}.
_ERRORS: Final = {
    Cause.NOT_ASSOCIATED: (ServiceError.VDE_STATE_ERROR, 1),
    Cause.UNKNOWN: (ServiceError.SERVICE, 2),
    Cause.NOT_NEGOTIATED: (ServiceError.SERVICE, 2),
    Cause.MALFORMED: (ServiceError.APPLICATION_REFERENCE, 0),
    Cause.TOO_LONG: (ServiceError.SERVICE, 1),
    Cause.DECIPHERING: (ServiceError.APPLICATION_REFERENCE, 6),
    Cause.IMPOSSIBLE: (ServiceError.APPLICATION_REFERENCE, 0),
}
_FAILED: Final = {_READ: FailedService.READ, _WRITE: FailedService.WRITE}


def is_known(octets: bytes) -> bool:
    """
    Do the octets begin as something that a server treats, in some state?
    """
    return octets[0] in SERVICES or octets[0] in _OTHERS or is_protected(octets)


def is_negotiated(request: Apdu, conformance: Conformance) -> bool:
    """
    May the client ask for this?
    """
    needed = int(SERVICES.get(request.TAG, 0)) | int(_VARIANTS.get(type(request), 0))
    if isinstance(request, ReadRequest | WriteRequest | UnconfirmedWriteRequest):
        if len(request.variables) > 1:
            needed |= _LIST
        for one in request.variables:
            if isinstance(one, ReadDataBlockAccess):
                needed |= Conformance.BLOCK_TRANSFER_WITH_GET_OR_READ
            elif isinstance(one, WriteDataBlockAccess):
                needed |= _SET_BLOCKS
    return needed & ~int(conformance) == 0


def refusal(tag: int, cause: Cause, counter: int = 0) -> bytes | None:
    """
    @param tag: The first octet of the request, ciphered or not.
    @param counter: With L{Cause.COUNTER}: the lowest invocation counter that would be taken.

    @return: what is answered; C{None} for silence.
    """
    service = PLAIN_OF.get(tag, tag)
    if service in UNANSWERED:
        return None
    if cause is Cause.COUNTER:
        return ExceptionResponse(
            state_error=_NOT_ALLOWED,
            service_error=ExceptionServiceError.INVOCATION_COUNTER_ERROR,
            invocation_counter=counter,
        ).encode()
    failed = _FAILED.get(service)
    if failed is not None:
        error, value = _ERRORS[cause]
        return ConfirmedServiceError(service=failed, error=error, value=value).encode()
    state_error, service_error = _EXCEPTIONS[cause]
    return ExceptionResponse(state_error=state_error, service_error=service_error).encode()
