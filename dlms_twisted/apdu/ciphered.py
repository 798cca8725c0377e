"""
Ciphered APDUs as objects: their fields, octets and JSON.

L{dlms_twisted.apdu.envelope} is the fast way for those who only open them; its names are here as well.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Self

from attrs import frozen

from dlms_twisted.apdu.base import Apdu
from dlms_twisted.apdu.envelope import (
    AUTHENTICATED,
    BROADCAST,
    CIPHERED_TAGS,
    COMPRESSED,
    DED,
    ENCRYPTED,
    GENERAL,
    GLO,
    SERVICE_NAMES,
    TAG_LENGTH,
    Envelope,
    encode_envelope,
    parse_envelope,
    read_envelope,
)
from dlms_twisted.apdu.key_info import KEY_INFO, KeyInfo
from dlms_twisted.apdu.kinds import JSON, OCTETS, U8, U32
from dlms_twisted.codec.limits import DEFAULT_LIMITS, Limits
from dlms_twisted.codec.reader import Reader
from dlms_twisted.codec.writer import Writer
from dlms_twisted.errors import DecodeError, EncodeError

__all__ = [
    "AUTHENTICATED",
    "BROADCAST",
    "CIPHERED_TAGS",
    "COMPRESSED",
    "ENCRYPTED",
    "SERVICE_NAMES",
    "TAG_LENGTH",
    "Envelope",
    "GeneralCiphering",
    "GeneralDedCiphering",
    "GeneralGloCiphering",
    "GloCiphered",
    "encode_envelope",
    "parse_envelope",
    "read_envelope",
]

_SERVICE_TAGS = {name: tag for tag, name in SERVICE_NAMES.items()}


class _Ciphered(Apdu):
    """
    What the classes below share: they are envelopes as objects.
    """

    __slots__ = ()

    @classmethod
    def of(cls, envelope: Envelope) -> Self:
        """
        @return: the APDU whose parts are C{envelope}.
        """
        raise NotImplementedError

    @property
    def envelope(self) -> Envelope:
        """
        @return: the parts, as L{parse_envelope} gives them.
        """
        raise NotImplementedError

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """
        @raise DecodeError: not this APDU.
        """
        if not cls._has_tag(reader.peek()):
            raise DecodeError(f"{cls.NAME} wanted", reader.offset)
        return cls.of(read_envelope(reader))

    @classmethod
    def decode(cls, octets: bytes, limits: Limits = DEFAULT_LIMITS) -> Self:
        """
        @raise DecodeError: not this APDU, truncated, malformed, or with octets left over.
        """
        if not octets or not cls._has_tag(octets[0]):
            raise DecodeError(f"{cls.NAME} wanted", 0)
        return cls.of(parse_envelope(octets, limits))

    @classmethod
    def _has_tag(cls, tag: int | None) -> bool:
        return tag == cls.TAG

    def encode(self) -> bytes:
        """
        @raise EncodeError: a field is out of range.
        """
        try:
            return encode_envelope(self.envelope)
        except EncodeError as error:
            raise EncodeError(f"{self.NAME}: {error}") from None

    def write(self, writer: Writer) -> None:
        """
        @raise EncodeError: a field is out of range.
        """
        writer.raw(self.encode())


@frozen(kw_only=True)
class GeneralGloCiphering(_Ciphered):
    """
    Any APDU ciphered with a global key.

    @ivar system_title: Of the sender; may be empty.
    @ivar payload: See L{Envelope}, as are the others.
    """

    TAG: ClassVar[int] = GLO
    NAME: ClassVar[str] = "general-glo-ciphering"

    system_title: OCTETS
    security_control: U8
    invocation_counter: U32
    payload: OCTETS
    mac: OCTETS = b""

    @classmethod
    def of(cls, envelope: Envelope) -> Self:
        return cls(
            system_title=envelope.system_title,
            security_control=envelope.security_control,
            invocation_counter=envelope.invocation_counter,
            payload=envelope.payload,
            mac=envelope.mac,
        )

    @property
    def envelope(self) -> Envelope:
        return Envelope(
            self.TAG,
            self.system_title,
            self.security_control,
            self.invocation_counter,
            self.payload,
            self.mac,
        )


@frozen(kw_only=True)
class GeneralDedCiphering(GeneralGloCiphering):
    """
    Any APDU ciphered with the association's dedicated key; the fields are those of L{GeneralGloCiphering}.
    """

    TAG: ClassVar[int] = DED
    NAME: ClassVar[str] = "general-ded-ciphering"


@frozen(kw_only=True)
class GloCiphered(_Ciphered):
    """
    A service-specific ciphered APDU, C{glo-get-request} and the like: its tag says which service and which kind of key.

    @ivar tag: One of L{SERVICE_NAMES}.
    @ivar payload: See L{Envelope}, as are the others.
    """

    TAG: ClassVar[int] = 0xC8
    NAME: ClassVar[str] = "service-specific ciphered APDU"

    tag: int
    security_control: U8
    invocation_counter: U32
    payload: OCTETS
    mac: OCTETS = b""

    @classmethod
    def _has_tag(cls, tag: int | None) -> bool:
        return tag in SERVICE_NAMES

    @classmethod
    def of(cls, envelope: Envelope) -> Self:
        return cls(
            tag=envelope.tag,
            security_control=envelope.security_control,
            invocation_counter=envelope.invocation_counter,
            payload=envelope.payload,
            mac=envelope.mac,
        )

    @property
    def envelope(self) -> Envelope:
        return Envelope(
            self.tag, b"", self.security_control, self.invocation_counter, self.payload, self.mac
        )

    def to_json(self) -> dict[str, JSON]:
        return {**super().to_json(), "apdu": SERVICE_NAMES[self.tag]}

    @classmethod
    def from_json(cls, form: JSON, place: str = "") -> Self:
        name = form.get("apdu") if isinstance(form, dict) else None
        tag = _SERVICE_TAGS.get(name) if isinstance(name, str) else None
        if tag is None:
            raise EncodeError(f"{place or 'apdu'}: {cls.NAME} wanted")
        return cls(tag=tag, **cls.load_fields(form, place or SERVICE_NAMES[tag]))


@frozen(kw_only=True)
class GeneralCiphering(_Ciphered):
    """
    Any APDU ciphered with a key of its own choice.

    @ivar transaction_id: Chosen by the originator; enters some key derivations.
    @ivar originator_system_title: Of the party that ciphered.
    @ivar recipient_system_title: Of the party for which it is.
    @ivar date_time: 12 octets, or empty.
    @ivar other_information: Anything.
    @ivar key_info: Which key; C{None} when both sides know.
    @ivar payload: See L{Envelope}, as are the others.
    """

    TAG: ClassVar[int] = GENERAL
    NAME: ClassVar[str] = "general-ciphering"

    transaction_id: OCTETS = b""
    originator_system_title: OCTETS = b""
    recipient_system_title: OCTETS = b""
    date_time: OCTETS = b""
    other_information: OCTETS = b""
    key_info: Annotated[KeyInfo | None, KEY_INFO] = None
    security_control: U8
    invocation_counter: U32
    payload: OCTETS
    mac: OCTETS = b""

    @classmethod
    def of(cls, envelope: Envelope) -> Self:
        header = Reader(envelope.extra_aad)
        return cls(
            transaction_id=header.octets(),
            originator_system_title=header.octets(),
            recipient_system_title=header.octets(),
            date_time=header.octets(),
            other_information=header.octets(),
            key_info=envelope.key_info,
            security_control=envelope.security_control,
            invocation_counter=envelope.invocation_counter,
            payload=envelope.payload,
            mac=envelope.mac,
        )

    @property
    def envelope(self) -> Envelope:
        header = Writer()
        header.octets(self.transaction_id)
        header.octets(self.originator_system_title)
        header.octets(self.recipient_system_title)
        header.octets(self.date_time)
        header.octets(self.other_information)
        return Envelope(
            GENERAL,
            self.originator_system_title,
            self.security_control,
            self.invocation_counter,
            self.payload,
            self.mac,
            header.getvalue(),
            self.key_info,
        )
