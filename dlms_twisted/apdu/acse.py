"""
What the association APDUs have in common: names, enumerations, and how their elements are put together.

Source: IEC 62056-5-3, ACSE APDUs.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from functools import cache
from typing import Any, ClassVar, Final, Self, cast

from dlms_twisted.apdu.base import Apdu, fields_of
from dlms_twisted.apdu.ber_kinds import CHARSTRING, AuthenticationValue, Element, TaggedOctets
from dlms_twisted.apdu.kinds import JSON, Kind
from dlms_twisted.apdu.user_information import UnknownElements, UserInformation
from dlms_twisted.codec import ber
from dlms_twisted.codec.limits import DEFAULT_LIMITS, Limits
from dlms_twisted.codec.reader import Reader
from dlms_twisted.codec.writer import Writer
from dlms_twisted.errors import DecodeError, EncodeError

__all__ = [
    "AUTHENTICATION",
    "VERSION_1",
    "ApplicationContext",
    "Association",
    "AuthenticationMechanism",
]

#: C{sender_acse_requirements} and C{responder_acse_requirements}: the functional unit "authentication" is used.
AUTHENTICATION: Final = "1"
#: C{protocol_version} of everybody.
VERSION_1: Final = "1"

_USER_INFORMATION: Final = 0xBE
_UNKNOWN: Final = UnknownElements()
_NO_ELEMENT: Final[tuple[str, None]] = ("unknown", None)
#: The longest APDU, in octets, whose length is one octet.
_SHORT: Final = 129
#: Tags that stand inside of elements.
_INNER: Final[dict[type[Kind[Any]], int]] = {
    TaggedOctets: ber.OCTET_STRING,
    UserInformation: ber.OCTET_STRING,
    AuthenticationValue: CHARSTRING,
}
#: Elements of one APDU that nobody knows.
_MOST_UNKNOWN: Final = 32
#: What the outermost length may be wrong by, in octets, where it says more than is there.
_MISCOUNT: Final = 2


class ApplicationContext(IntEnum):
    """
    C{application_context_name}: how attributes are named, and whether ciphering may be used.
    """

    LOGICAL_NAME_REFERENCING_NO_CIPHERING = 1
    SHORT_NAME_REFERENCING_NO_CIPHERING = 2
    LOGICAL_NAME_REFERENCING_WITH_CIPHERING = 3
    SHORT_NAME_REFERENCING_WITH_CIPHERING = 4

    @property
    def short_names(self) -> bool:
        """
        Are attributes named by short names?
        """
        return self in (2, 4)

    @property
    def ciphered(self) -> bool:
        """
        May APDUs be ciphered?
        """
        return self >= 3


class AuthenticationMechanism(IntEnum):
    """
    C{mechanism_name}: how client and server prove who they are.
    """

    LOWEST_LEVEL_SECURITY = 0
    #: A password.
    LOW_LEVEL_SECURITY = 1
    #: As the manufacturer likes.
    HIGH_LEVEL_SECURITY = 2
    HIGH_LEVEL_SECURITY_MD5 = 3
    HIGH_LEVEL_SECURITY_SHA1 = 4
    HIGH_LEVEL_SECURITY_GMAC = 5
    HIGH_LEVEL_SECURITY_SHA256 = 6
    HIGH_LEVEL_SECURITY_ECDSA = 7

    @property
    def is_high(self) -> bool:
        """
        Does it take two more passes after the association response?
        """
        return self >= 2


class Association(Apdu):
    """
    An association APDU: elements, each with a tag of its own, in any order and written in the standard's.

    Each field of a subclass is annotated with an L{Element}.  Elements that are not known are kept, in C{unknown}, and
    written before the user information.

    Some servers count wrongly: where the octets do not decode with the lengths that they announce, they are tried
    again with the user information taken to reach up to the end of what the link delimits.  What is decoded so is
    encoded with the right lengths.

    @cvar REQUIRED: Names of the fields that must be there.
    """

    __slots__ = ()

    REQUIRED: ClassVar[frozenset[str]] = frozenset()

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """
        @raise DecodeError: not this APDU.
        """
        mark = reader.mark()
        try:
            return cls._read(reader, False)
        except DecodeError:
            reader.back(mark)
            try:
                return cls._read(reader, True)
            except DecodeError:
                pass
            raise

    @classmethod
    def decode(cls, octets: bytes, limits: Limits = DEFAULT_LIMITS) -> Self:
        """
        @raise DecodeError: another APDU, truncated, malformed, or with octets left over.
        """
        quickly = cls._decode_quickly(octets)
        if quickly is not None:
            return quickly
        try:
            return super().decode(octets, limits)
        except DecodeError:
            reader = Reader(octets, limits=limits)
            try:
                return cls._read(reader, True)
            except DecodeError:
                pass
            raise

    @classmethod
    def _decode_quickly(cls, octets: bytes) -> Self | None:
        """
        Decode what is usual: short lengths, and elements that have few values, which are looked up whole.

        @return: what the long way gives too, or C{None}: go the long way.
        """
        size = len(octets)
        if size < 2 or octets[0] != cls.TAG or octets[1] != size - 2 or size > _SHORT:
            return None
        known, elements = _known_of(cls), _elements_of(cls)
        values: dict[str, Any] = {}
        offset = 2
        while offset + 4 < size:
            end = offset + 2 + octets[offset + 1]
            found = known.get(octets[offset:end])
            if found is not None:
                name, value = found
            else:
                place = elements.get(octets[offset])
                # What is left has a tag and a length inside of the element.
                if place is None or end > size or octets[offset + 3] != end - offset - 4:
                    return None
                name = place[0]
                inner = octets[offset + 2]
                if inner != _INNER.get(type(place[1].kind)):
                    return None
                value = octets[offset + 4 : end]
                if octets[offset] == _USER_INFORMATION:
                    try:
                        value = UserInformation.decode_apdu(value)
                    except DecodeError:
                        return None
            if name in values:
                return None
            values[name] = value
            offset = end
        if offset != size or not values.keys() >= cls.REQUIRED:
            return None
        return cls(**values)

    @classmethod
    def _read(cls, reader: Reader, lenient: bool) -> Self:
        """
        @param lenient: Take no length for true that ends where the APDU does.
        """
        cls.read_tag(reader)
        start = reader.offset
        if lenient:
            length = reader.length("length")
            surplus = length - reader.remaining
            values = cls._read_elements(reader, True)
            if surplus > _MISCOUNT and "user_information" not in values:
                raise DecodeError(f"{cls.NAME}: {length} octets wanted", start)
        else:
            before = ber.step_in_length(reader, cls.NAME)
            values = cls._read_elements(reader, False)
            ber.step_out(reader, before)
        for name in cls.REQUIRED:
            if name not in values:
                raise DecodeError(f"{cls.NAME}: {name} wanted", start)
        return cls(**values)

    @classmethod
    def _read_elements(cls, reader: Reader, lenient: bool) -> dict[str, Any]:
        elements = _elements_of(cls)
        values: dict[str, Any] = {}
        unknown: list[tuple[int, bytes]] = []
        while reader.offset < reader.end:
            offset = reader.offset
            tag = reader.buffer[offset]
            name, element = elements.get(tag, _NO_ELEMENT)
            if name in values:
                raise DecodeError(f"{name} is there twice", offset)
            reader.enter(name)
            reader.octet("tag")
            if element is None:
                if tag & 0x1F == 0x1F:
                    raise DecodeError("a tag of one octet wanted", offset)
                if len(unknown) == _MOST_UNKNOWN:
                    raise DecodeError(f"at most {_MOST_UNKNOWN} unknown elements wanted", offset)
                unknown.append((tag, reader.octets("content")))
                reader.leave()
                continue
            if lenient and tag == _USER_INFORMATION:
                values[name] = _read_to_end(reader)
            else:
                values[name] = element.read(reader, name)
            reader.leave()
        if unknown:
            values["unknown"] = tuple(unknown)
        return values

    def write(self, writer: Writer) -> None:
        """
        @raise EncodeError: a field is out of range; the error names it.
        """
        content = Writer()
        for name, element in fields_of(type(self)):
            if name == "user_information":
                for tag, octets in getattr(self, "unknown", ()):
                    content.raw(ber.encode_element(tag, octets))
            try:
                element.write(content, getattr(self, name))
            except EncodeError as error:
                raise EncodeError(f"{name}: {error}") from None
        writer.octet(self.TAG)
        writer.octets(content.getvalue())

    def to_json(self) -> dict[str, JSON]:
        """
        @return: C{{"apdu": NAME, …}} with the fields that are there.
        """
        form: dict[str, JSON] = {
            name: value for name, value in super().to_json().items() if value is not None
        }
        unknown = getattr(self, "unknown", ())
        if unknown:
            form["unknown"] = [{"tag": tag, "content": octets.hex()} for tag, octets in unknown]
        return form

    @classmethod
    def load_fields(cls, form: JSON, place: str) -> dict[str, Any]:
        """
        @raise EncodeError: not such a record; the error names the place.
        """
        if not isinstance(form, dict):
            raise EncodeError(f"{place}: an object wanted")
        fields = super().load_fields(
            {name: value for name, value in form.items() if name != "unknown"}, place
        )
        for name in cls.REQUIRED:
            if fields[name] is None:
                raise EncodeError(f"{place}.{name}: wanted")
        if "unknown" in form:
            fields["unknown"] = _UNKNOWN.load(form["unknown"], f"{place}.unknown")
        return fields


def _elements_of_class(apdu: type[Association]) -> dict[int, tuple[str, Element[Any]]]:
    """
    @return: the fields by the tags of their elements.
    """
    return {
        tag: (name, element)
        for name, element in fields_of(apdu)
        if isinstance(element, Element)
        for tag in element.tags
    }


_elements_of = cast(
    "Callable[[type[Association]], dict[int, tuple[str, Element[Any]]]]", cache(_elements_of_class)
)


def _known_of_class(apdu: type[Association]) -> dict[bytes, tuple[str, Any]]:
    """
    @return: the elements that have few values, by their octets: each one's name and value.
    """
    known = {}
    for name, element in fields_of(apdu):
        values = getattr(getattr(element, "kind", None), "known_values", ())
        for value in values:
            writer = Writer()
            element.write(writer, value)
            known[writer.getvalue()] = (name, value)
    return known


_known_of = cast(
    "Callable[[type[Association]], dict[bytes, tuple[str, Any]]]", cache(_known_of_class)
)


def _read_to_end(reader: Reader) -> Apdu:
    """
    Take the user information up to the end of the octets, whatever its lengths say.
    """
    reader.length("length")
    offset = reader.offset
    if reader.octet("tag") != ber.OCTET_STRING:
        raise DecodeError("user_information: an octet-string wanted", offset)
    reader.length("length")
    apdu = UserInformation().read_apdu(reader, "user_information")
    reader.finish()
    return apdu
