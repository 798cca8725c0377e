"""
InitiateRequest and InitiateResponse: what client and server agree on when they associate.

Source: IEC 62056-5-3, InitiateRequest and InitiateResponse.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Final

from attrs import field, frozen

from dlms_twisted.apdu.base import Apdu
from dlms_twisted.apdu.conformance import Conformance, ConformanceBlock
from dlms_twisted.apdu.kinds import JSON, U8, U16, Kind, Octets, Optional, Signed
from dlms_twisted.codec.reader import Reader
from dlms_twisted.codec.writer import Writer
from dlms_twisted.errors import EncodeError

__all__ = ["DLMS_VERSION", "VAA_NAME_LN", "VAA_NAME_SN", "InitiateRequest", "InitiateResponse"]

#: The only version there is.
DLMS_VERSION: Final = 6
#: C{vaa_name} of servers with logical names, and with short names.
VAA_NAME_LN: Final = 0x0007
VAA_NAME_SN: Final = 0xFA00


class _DefaultTrue(Kind[bool]):
    """
    C{BOOLEAN DEFAULT TRUE}: 00 is the default; 01 and an octet say it.
    """

    __slots__ = ()

    def read(self, reader: Reader, name: str) -> bool:
        return reader.octet(name) != 0 if reader.optional(name) else True

    def write(self, writer: Writer, value: bool) -> None:
        writer.raw(b"\x00" if value else b"\x01\x00")

    def dump(self, value: bool) -> JSON:
        return value

    def load(self, form: JSON, place: str) -> bool:
        if form is None:
            return True
        if not isinstance(form, bool):
            raise EncodeError(f"{place}: true or false wanted")
        return form


@frozen(kw_only=True)
class InitiateRequest(Apdu):
    """
    What the client proposes.

    @ivar dedicated_key: For C{ded-} services, 16 or 32 octets; only inside of a ciphered request.
    @ivar response_allowed: C{False}: an unconfirmed association, the server does not answer.
    @ivar proposed_quality_of_service: Not used in COSEM.
    @ivar proposed_dlms_version_number: L{DLMS_VERSION}.
    @ivar proposed_conformance: What the client can do.
    @ivar client_max_receive_pdu_size: Longest APDU that the client takes, in octets; 0 for no limit.
    """

    TAG: ClassVar[int] = 0x01
    NAME: ClassVar[str] = "initiate-request"

    dedicated_key: Annotated[bytes | None, Optional(Octets())] = field(default=None, repr=False)
    response_allowed: Annotated[bool, _DefaultTrue()] = True
    proposed_quality_of_service: Annotated[int | None, Optional(Signed(1))] = None
    proposed_dlms_version_number: U8 = DLMS_VERSION
    proposed_conformance: Annotated[Conformance, ConformanceBlock()]
    client_max_receive_pdu_size: U16


@frozen(kw_only=True)
class InitiateResponse(Apdu):
    """
    What the server agrees to.

    @ivar negotiated_quality_of_service: Not used in COSEM.
    @ivar negotiated_dlms_version_number: L{DLMS_VERSION}.
    @ivar negotiated_conformance: What both can do.
    @ivar server_max_receive_pdu_size: Longest APDU that the server takes, in octets; 0 for no limit.
    @ivar vaa_name: L{VAA_NAME_LN} or L{VAA_NAME_SN}.
    """

    TAG: ClassVar[int] = 0x08
    NAME: ClassVar[str] = "initiate-response"

    negotiated_quality_of_service: Annotated[int | None, Optional(Signed(1))] = None
    negotiated_dlms_version_number: U8 = DLMS_VERSION
    negotiated_conformance: Annotated[Conformance, ConformanceBlock()]
    server_max_receive_pdu_size: U16
    vaa_name: U16 = VAA_NAME_LN
