"""
All APDUs: the only place that lists them.
"""

from __future__ import annotations

from typing import Final

from dlms_twisted.apdu.aare import AARE
from dlms_twisted.apdu.aarq import AARQ
from dlms_twisted.apdu.access import (
    AccessRequest,
    AccessResponse,
)
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
)
from dlms_twisted.apdu.base import Apdu
from dlms_twisted.apdu.block_transfer import GeneralBlockTransfer
from dlms_twisted.apdu.ciphered import (
    SERVICE_NAMES,
    GeneralCiphering,
    GeneralDedCiphering,
    GeneralGloCiphering,
    GloCiphered,
)
from dlms_twisted.apdu.data_notification import DataNotification, DataNotificationConfirm
from dlms_twisted.apdu.event_notification import EventNotificationRequest
from dlms_twisted.apdu.gateway import GatewayRequest, GatewayResponse
from dlms_twisted.apdu.get import (
    GetRequestNext,
    GetRequestNormal,
    GetRequestWithList,
    GetResponseNormal,
    GetResponseWithDataBlock,
    GetResponseWithList,
)
from dlms_twisted.apdu.initiate import InitiateRequest, InitiateResponse
from dlms_twisted.apdu.kinds import JSON
from dlms_twisted.apdu.release import RLRE, RLRQ, Abort
from dlms_twisted.apdu.service_error import ConfirmedServiceError, ExceptionResponse
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
from dlms_twisted.apdu.short_name import (
    InformationReportRequest,
    ReadRequest,
    ReadResponse,
    UnconfirmedWriteRequest,
    WriteRequest,
    WriteResponse,
)
from dlms_twisted.apdu.signing import GeneralSigning
from dlms_twisted.codec.limits import DEFAULT_LIMITS, Limits
from dlms_twisted.codec.reader import Reader
from dlms_twisted.errors import DecodeError, EncodeError

__all__ = ["APDUS", "apdu_class", "decode", "from_json", "read"]

#: Every APDU.  One whose tag has variants is here once for each.
APDUS: Final[tuple[type[Apdu], ...]] = (
    AARQ,
    AARE,
    RLRQ,
    RLRE,
    Abort,
    InitiateRequest,
    InitiateResponse,
    ConfirmedServiceError,
    ExceptionResponse,
    DataNotification,
    DataNotificationConfirm,
    EventNotificationRequest,
    ReadRequest,
    ReadResponse,
    WriteRequest,
    WriteResponse,
    UnconfirmedWriteRequest,
    InformationReportRequest,
    GetRequestNormal,
    GetRequestNext,
    GetRequestWithList,
    GetResponseNormal,
    GetResponseWithDataBlock,
    GetResponseWithList,
    SetRequestNormal,
    SetRequestWithFirstDataBlock,
    SetRequestWithDataBlock,
    SetRequestWithList,
    SetRequestWithListAndFirstDataBlock,
    SetResponseNormal,
    SetResponseDataBlock,
    SetResponseLastDataBlock,
    SetResponseLastDataBlockWithList,
    SetResponseWithList,
    ActionRequestNormal,
    ActionRequestNextPBlock,
    ActionRequestWithList,
    ActionRequestWithFirstPBlock,
    ActionRequestWithListAndFirstPBlock,
    ActionRequestWithPBlock,
    ActionResponseNormal,
    ActionResponseWithPBlock,
    ActionResponseWithList,
    ActionResponseNextPBlock,
    AccessRequest,
    AccessResponse,
    GloCiphered,
    GeneralGloCiphering,
    GeneralDedCiphering,
    GeneralCiphering,
    GeneralSigning,
    GeneralBlockTransfer,
    GatewayRequest,
    GatewayResponse,
)

_SIMPLE: Final[dict[int, type[Apdu]]] = {
    **{one.TAG: one for one in APDUS if one.CHOICE is None},
    **dict.fromkeys(SERVICE_NAMES, GloCiphered),
}
_VARIANTS: Final[dict[tuple[int, int], type[Apdu]]] = {
    (one.TAG, one.CHOICE): one for one in APDUS if one.CHOICE is not None
}
_VARIED: Final = frozenset(tag for tag, _ in _VARIANTS)
_BY_NAME: Final[dict[str, type[Apdu]]] = {
    **{one.NAME: one for one in APDUS},
    **dict.fromkeys(SERVICE_NAMES.values(), GloCiphered),
}


def apdu_class(octets: bytes, offset: int = 0, end: int | None = None) -> type[Apdu]:
    """
    @param end: Where the octets end that may be looked at; C{None} is the end of the buffer.

    @return: the class of the APDU that begins at C{offset}.

    @raise DecodeError: no such APDU is known.
    """
    if end is None:
        end = len(octets)
    if offset >= end:
        raise DecodeError("an APDU wanted", offset)
    tag = octets[offset]
    found = _SIMPLE.get(tag)
    if found is not None:
        return found
    if tag not in _VARIED:
        raise DecodeError("the tag of an APDU wanted", offset)
    if offset + 1 >= end:
        raise DecodeError("the variant of an APDU wanted", offset + 1)
    found = _VARIANTS.get((tag, octets[offset + 1]))
    if found is None:
        raise DecodeError("the variant of an APDU wanted", offset + 1)
    return found


def read(reader: Reader) -> Apdu:
    """
    Take one APDU of any kind from the front of C{reader}; what follows is left there.

    @raise DecodeError: the octets are no APDU.
    """
    return apdu_class(reader.buffer, reader.offset, reader.end).read(reader)


def decode(octets: bytes, limits: Limits = DEFAULT_LIMITS) -> Apdu:
    """
    @param octets: An APDU of any kind, all of it and nothing else.

    @raise DecodeError: unknown, truncated, malformed, or with octets left over.
    """
    return apdu_class(octets).decode(octets, limits)


def from_json(form: JSON) -> Apdu:
    """
    @param form: What C{to_json} of an APDU gives.

    @raise EncodeError: no such form; the error names the place.
    """
    name = form.get("apdu") if isinstance(form, dict) else None
    if not isinstance(name, str) or name not in _BY_NAME:
        raise EncodeError("apdu: the name of an APDU wanted")
    return _BY_NAME[name].from_json(form)
