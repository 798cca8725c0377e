"""
InitiateRequest and InitiateResponse: what client and server agree on when they associate.

Source: IEC 62056-5-3, InitiateRequest and InitiateResponse.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Final, Self

from attrs import field, frozen

from dlms_twisted.apdu.base import Apdu, fields_of
from dlms_twisted.apdu.conformance import CONFORMANCE_HEADER, Conformance, ConformanceBlock
from dlms_twisted.apdu.kinds import JSON, U8, U16, Kind, Octets, Optional, Signed
from dlms_twisted.codec.limits import DEFAULT_LIMITS, Limits
from dlms_twisted.codec.reader import Reader
from dlms_twisted.codec.writer import Writer
from dlms_twisted.errors import EncodeError

__all__ = ["DLMS_VERSION", "VAA_NAME_LN", "VAA_NAME_SN", "InitiateRequest", "InitiateResponse"]

#: The only version there is.
DLMS_VERSION: Final = 6
#: C{vaa_name} of servers with logical names, and with short names.
VAA_NAME_LN: Final = 0x0007
VAA_NAME_SN: Final = 0xFA00

_CONFORMANCE: Final = ConformanceBlock()
#: How an InitiateResponse begins that has nothing unusual.
_USUAL: Final = b"\x08\x00\x06" + CONFORMANCE_HEADER


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


class _Initiate(Apdu):
    """
    What both have in common: a conformance block that was not sent in the usual form encodes back as it was.
    """

    __slots__ = ()

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """
        @raise DecodeError: not this APDU.
        """
        cls.read_tag(reader)
        values: dict[str, Any] = {}
        for name, kind in fields_of(cls):
            start = reader.offset
            values[name] = kind.read(reader, name)
            if kind is _CONFORMANCE:
                octets = reader.buffer[start : reader.offset]
                if not octets.startswith(CONFORMANCE_HEADER):
                    values["conformance_octets"] = octets
        return cls(**values)

    def write(self, writer: Writer) -> None:
        """
        @raise EncodeError: a field is out of range; the error names it.
        """
        unusual: bytes = getattr(self, "conformance_octets", b"")
        if not unusual:
            super().write(writer)
            return
        writer.octet(self.TAG)
        for name, kind in fields_of(type(self)):
            value = getattr(self, name)
            if kind is _CONFORMANCE and _CONFORMANCE.read(Reader(unusual), name) == value:
                writer.raw(unusual)
            else:
                kind.write(writer, value)


@frozen(kw_only=True)
class InitiateRequest(_Initiate):
    """
    What the client proposes.

    @ivar dedicated_key: For C{ded-} services, 16 or 32 octets; only inside of a ciphered request.
    @ivar response_allowed: C{False}: an unconfirmed association, the server does not answer.
    @ivar proposed_quality_of_service: Not used in COSEM.
    @ivar proposed_dlms_version_number: L{DLMS_VERSION}.
    @ivar proposed_conformance: What the client can do.
    @ivar client_max_receive_pdu_size: Longest APDU that the client takes, in octets; 0 for no limit.
    @ivar conformance_octets: C{proposed_conformance} as it was sent, if not in the usual form; not in the JSON form.
    """

    TAG: ClassVar[int] = 0x01
    NAME: ClassVar[str] = "initiate-request"

    dedicated_key: Annotated[bytes | None, Optional(Octets())] = field(default=None, repr=False)
    response_allowed: Annotated[bool, _DefaultTrue()] = True
    proposed_quality_of_service: Annotated[int | None, Optional(Signed(1))] = None
    proposed_dlms_version_number: U8 = DLMS_VERSION
    proposed_conformance: Annotated[Conformance, _CONFORMANCE]
    client_max_receive_pdu_size: U16
    conformance_octets: bytes = field(default=b"", eq=False, repr=False)


@frozen(kw_only=True)
class InitiateResponse(_Initiate):
    """
    What the server agrees to.

    @ivar negotiated_quality_of_service: Not used in COSEM.
    @ivar negotiated_dlms_version_number: L{DLMS_VERSION}.
    @ivar negotiated_conformance: What both can do.
    @ivar server_max_receive_pdu_size: Longest APDU that the server takes, in octets; 0 for no limit.
    @ivar vaa_name: L{VAA_NAME_LN} or L{VAA_NAME_SN}.
    @ivar conformance_octets: C{negotiated_conformance} as it was sent, if not in the usual form; not in the JSON form.
    """

    TAG: ClassVar[int] = 0x08
    NAME: ClassVar[str] = "initiate-response"

    negotiated_quality_of_service: Annotated[int | None, Optional(Signed(1))] = None
    negotiated_dlms_version_number: U8 = DLMS_VERSION
    negotiated_conformance: Annotated[Conformance, _CONFORMANCE]
    server_max_receive_pdu_size: U16
    vaa_name: U16 = VAA_NAME_LN
    conformance_octets: bytes = field(default=b"", eq=False, repr=False)

    @classmethod
    def decode(cls, octets: bytes, limits: Limits = DEFAULT_LIMITS) -> Self:
        """
        @raise DecodeError: not this APDU, truncated, malformed, or with octets left over.
        """
        if len(octets) != 14 or not octets.startswith(_USUAL):
            return super().decode(octets, limits)
        return cls(
            negotiated_conformance=Conformance(int.from_bytes(octets[7:10], "big")),
            server_max_receive_pdu_size=int.from_bytes(octets[10:12], "big"),
            vaa_name=int.from_bytes(octets[12:], "big"),
        )
