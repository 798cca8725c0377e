"""
What association APDUs carry for xDLMS, and what they should not carry at all.
"""

from __future__ import annotations

from typing import Final

from dlms_twisted.apdu.base import Apdu
from dlms_twisted.apdu.ciphered import (
    SERVICE_NAMES,
    GeneralCiphering,
    GeneralDedCiphering,
    GeneralGloCiphering,
    GloCiphered,
)
from dlms_twisted.apdu.initiate import InitiateRequest, InitiateResponse
from dlms_twisted.apdu.kinds import JSON, Kind, Octets, Unsigned
from dlms_twisted.apdu.service_error import ConfirmedServiceError
from dlms_twisted.apdu.signing import GeneralSigning
from dlms_twisted.codec import ber
from dlms_twisted.codec.reader import Reader
from dlms_twisted.codec.writer import Writer
from dlms_twisted.errors import DecodeError, EncodeError

__all__ = ["UnknownElements", "UserInformation"]

_APDUS: Final[dict[int, type[Apdu]]] = {
    **{
        one.TAG: one
        for one in (
            InitiateRequest,
            InitiateResponse,
            ConfirmedServiceError,
            GeneralGloCiphering,
            GeneralDedCiphering,
            GeneralCiphering,
            GeneralSigning,
        )
    },
    **dict.fromkeys(SERVICE_NAMES, GloCiphered),
}
_BY_NAME: Final[dict[str, type[Apdu]]] = {
    **{one.NAME: one for one in _APDUS.values()},
    **dict.fromkeys(SERVICE_NAMES.values(), GloCiphered),
}


class UserInformation(Kind[Apdu]):
    """
    Association-information: an OCTET STRING that holds an InitiateRequest, an InitiateResponse or a
    ConfirmedServiceError, plain or ciphered.
    """

    __slots__ = ()

    def read(self, reader: Reader, name: str) -> Apdu:
        before = ber.step_in(reader, ber.OCTET_STRING, name)
        value = self.read_apdu(reader, name)
        ber.step_out(reader, before)
        return value

    def read_apdu(self, reader: Reader, name: str) -> Apdu:
        """
        Take the APDU, without the octet-string around it.
        """
        tag = reader.peek()
        found = None if tag is None else _APDUS.get(tag)
        if found is None:
            raise DecodeError(f"{name}: an initiate APDU or an error wanted", reader.offset)
        return found.read(reader)

    @staticmethod
    def decode_apdu(octets: bytes) -> Apdu:
        """
        @raise DecodeError: not such an APDU, or not all of it.
        """
        found = _APDUS.get(octets[0]) if octets else None
        if found is None:
            raise DecodeError("an initiate APDU or an error wanted", 0)
        return found.decode(octets)

    def write(self, writer: Writer, value: Apdu) -> None:
        writer.raw(ber.encode_element(ber.OCTET_STRING, value.encode()))

    def dump(self, value: Apdu) -> JSON:
        return value.to_json()

    def load(self, form: JSON, place: str) -> Apdu:
        name = form.get("apdu") if isinstance(form, dict) else None
        found = _BY_NAME.get(name) if isinstance(name, str) else None
        if found is None:
            raise EncodeError(f"{place}.apdu: an initiate APDU or an error wanted")
        return found.from_json(form, place)


class UnknownElements(Kind["tuple[tuple[int, bytes], ...]"]):
    """
    Elements that an APDU should not have: JSON only.
    """

    __slots__ = ()

    def load(self, form: JSON, place: str) -> tuple[tuple[int, bytes], ...]:
        if not isinstance(form, list):
            raise EncodeError(f"{place}: a list wanted")
        found = []
        for number, one in enumerate(form):
            if not isinstance(one, dict):
                raise EncodeError(f"{place}[{number}]: an object wanted")
            tag = Unsigned(1).load(one.get("tag"), f"{place}[{number}].tag")
            found.append((tag, Octets().load(one.get("content"), f"{place}[{number}].content")))
        return tuple(found)
