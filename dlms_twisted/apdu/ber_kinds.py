"""
Kinds of the fields of association APDUs: what one BER element holds.

Each kind reads the content of its element up to the end, which L{Element} has set.  Source: IEC 62056-5-3, ACSE APDUs;
encoding ITU-T X.690.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final, Generic, NamedTuple, TypeVar

from dlms_twisted.apdu.kinds import JSON, Kind, Octets, kebab
from dlms_twisted.codec import ber
from dlms_twisted.codec.reader import Reader
from dlms_twisted.codec.writer import Writer
from dlms_twisted.errors import DecodeError, EncodeError

__all__ = [
    "CHARSTRING",
    "AuthenticationValue",
    "BerInteger",
    "BitString",
    "Content",
    "Element",
    "ImplicitInteger",
    "NamedInteger",
    "ObjectName",
    "OtherValue",
    "TaggedOctets",
]

T = TypeVar("T")
E = TypeVar("E", bound=IntEnum)

#: C{joint-iso-ccitt(2) country(16) country-name(756) identified-organization(5) DLMS-UA(8)}.
DLMS_UA: Final = bytes.fromhex("6085740508")


class Element(Kind["T | None"], Generic[T]):
    """
    A field with a tag of its own, which may be absent.

    @ivar tag: The tag that is sent.
    @ivar tags: All tags that are taken.
    @ivar kind: What the element holds.
    """

    __slots__ = ("kind", "tag", "tags")

    def __init__(self, tag: int, kind: Kind[T], *others: int) -> None:
        """
        @param others: More tags that the field is known to be sent with.
        """
        self.tag = tag
        self.tags = (tag, *others)
        self.kind = kind

    def read(self, reader: Reader, name: str) -> T | None:
        """
        Take the element's length and its content; the tag was taken.
        """
        before = ber.step_in_length(reader, name)
        value = self.kind.read(reader, name)
        ber.step_out(reader, before)
        return value

    def write(self, writer: Writer, value: T | None) -> None:
        if value is not None:
            content = Writer()
            self.kind.write(content, value)
            writer.octet(self.tag)
            writer.octets(content.getvalue())

    def dump(self, value: T | None) -> JSON:
        return None if value is None else self.kind.dump(value)

    def load(self, form: JSON, place: str) -> T | None:
        return None if form is None else self.kind.load(form, place)


class Content(Octets):
    """
    All octets of the element.
    """

    __slots__ = ()

    def read(self, reader: Reader, name: str) -> bytes:
        return reader.rest(name)

    def write(self, writer: Writer, value: bytes) -> None:
        writer.raw(value)


class TaggedOctets(Octets):
    """
    An OCTET STRING inside of the element.
    """

    __slots__ = ()

    def read(self, reader: Reader, name: str) -> bytes:
        return ber.take_octets(reader, ber.OCTET_STRING, name)

    def write(self, writer: Writer, value: bytes) -> None:
        writer.raw(ber.encode_element(ber.OCTET_STRING, value))


class BitString(Kind[str]):
    """
    BIT STRING, implicit: text of 0 and 1.

    @cvar known_values: Those that are usual.
    """

    __slots__ = ()

    known_values = ("1",)

    def read(self, reader: Reader, name: str) -> str:
        return ber.take_bits(reader, name)

    def write(self, writer: Writer, value: str) -> None:
        writer.raw(ber.encode_bits(value))

    def dump(self, value: str) -> JSON:
        return value

    def load(self, form: JSON, place: str) -> str:
        if not isinstance(form, str) or form.strip("01"):
            raise EncodeError(f"{place}: text of 0 and 1 wanted")
        return form


class BerInteger(Kind[int]):
    """
    An INTEGER inside of the element.
    """

    __slots__ = ()

    def read(self, reader: Reader, name: str) -> int:
        return ber.take_integer(reader, name)

    def write(self, writer: Writer, value: int) -> None:
        writer.raw(ber.encode_integer(value))

    def dump(self, value: int) -> JSON:
        return value

    def load(self, form: JSON, place: str) -> int:
        if isinstance(form, bool) or not isinstance(form, int):
            raise EncodeError(f"{place}: an integer wanted")
        return form


class NamedInteger(BerInteger, Generic[E]):
    """
    An INTEGER inside of the element whose values have names; one without a name stays an integer.
    """

    __slots__ = ("_members", "_named")

    def __init__(self, enumeration: type[E]) -> None:
        self._members: dict[int, E] = {int(member): member for member in enumeration}
        self._named: dict[str, E] = {kebab(member.name): member for member in enumeration}

    @property
    def known_values(self) -> tuple[E, ...]:
        """
        The values that have names.
        """
        return tuple(self._members.values())

    def read(self, reader: Reader, name: str) -> int:
        value = self.member(super().read(reader, name))
        reader.explain(value)
        return value

    def member(self, value: int) -> int:
        """
        @return: the member, or C{value} if there is none.
        """
        return self._members.get(value, value)

    def dump(self, value: int) -> JSON:
        member = self._members.get(value)
        return value if member is None else kebab(member.name)

    def load(self, form: JSON, place: str) -> int:
        if isinstance(form, str):
            if form not in self._named:
                raise EncodeError(f"{place}: one of {', '.join(self._named)} wanted")
            return self._named[form]
        return self.member(super().load(form, place))


class ImplicitInteger(NamedInteger[E]):
    """
    The same, where the element itself is the INTEGER.
    """

    __slots__ = ()

    def read(self, reader: Reader, name: str) -> int:
        offset = reader.offset
        content = reader.rest(name)
        if not 1 <= len(content) <= 8:
            raise DecodeError(f"{name}: an integer of 1 to 8 octets wanted", offset)
        value = self.member(int.from_bytes(content, "big", signed=True))
        reader.explain(value)
        return value

    def write(self, writer: Writer, value: int) -> None:
        writer.raw(ber.encode_integer(value)[2:])


class ObjectName(Kind["int | bytes"], Generic[E]):
    """
    An OBJECT IDENTIFIER of the DLMS UA: all of it but the last number is the same for all names of one group.

    The value is the last number, as a member of the group's enumeration where it is one; of any other identifier it
    is the octets.

    @ivar group: The octets before the last number.
    """

    __slots__ = ("_enumeration", "_explicit", "_numbers", "group")

    def __init__(self, group: int, enumeration: type[E], *, explicit: bool) -> None:
        """
        @param group: Its number under the DLMS UA.
        @param explicit: Is the identifier an element inside of the element?
        """
        self.group = DLMS_UA + bytes((group,))
        self._numbers: NamedInteger[E] = NamedInteger(enumeration)
        self._explicit = explicit

    @property
    def known_values(self) -> tuple[E, ...]:
        """
        The values that have names.
        """
        return self._numbers.known_values

    def read(self, reader: Reader, name: str) -> int | bytes:
        explicit = self._explicit
        octets = (
            ber.take_octets(reader, ber.OBJECT_IDENTIFIER, name) if explicit else reader.rest(name)
        )
        if len(octets) == 7 and octets.startswith(self.group):
            value = self._numbers.member(octets[6])
            reader.explain(value)
            return value
        return octets

    def write(self, writer: Writer, value: int | bytes) -> None:
        if isinstance(value, bytes):
            octets = value
        elif 0 <= value <= 0xFF:
            octets = self.group + value.to_bytes(1, "big")
        else:
            raise EncodeError(f"0 to 255 wanted, not {value}")
        if self._explicit:
            octets = ber.encode_element(ber.OBJECT_IDENTIFIER, octets)
        writer.raw(octets)

    def dump(self, value: int | bytes) -> JSON:
        if isinstance(value, bytes):
            return {"object_identifier": value.hex()}
        return self._numbers.dump(value)

    def load(self, form: JSON, place: str) -> int | bytes:
        if isinstance(form, dict):
            return Octets().load(form.get("object_identifier"), f"{place}.object_identifier")
        return self._numbers.load(form, place)


class OtherValue(NamedTuple):
    """
    An authentication value that is no charstring; nobody uses one.

    @ivar choice: The tag: C{81} bitstring, C{A2} external, C{A3} other.
    @ivar octets: The content.
    """

    choice: int
    octets: bytes


class AuthenticationValue(Kind["bytes | OtherValue"]):
    """
    Authentication-Value: a password or a challenge, octets when it is a C{charstring} as it should be.
    """

    __slots__ = ()

    def read(self, reader: Reader, name: str) -> bytes | OtherValue:
        offset = reader.offset
        choice = reader.octet("choice")
        if choice not in _VALUE_NAMES:
            raise DecodeError(f"{name}: an authentication value wanted", offset)
        octets = reader.octets(name)
        return octets if choice == CHARSTRING else OtherValue(choice, octets)

    def write(self, writer: Writer, value: bytes | OtherValue) -> None:
        choice, octets = value if isinstance(value, OtherValue) else (CHARSTRING, value)
        if choice not in _VALUE_NAMES:
            raise EncodeError("80, 81, a2 or a3 wanted")
        writer.raw(ber.encode_element(choice, octets))

    def dump(self, value: bytes | OtherValue) -> JSON:
        if isinstance(value, OtherValue):
            return {"choice": _VALUE_NAMES[value.choice], "value": value.octets.hex()}
        return value.hex()

    def load(self, form: JSON, place: str) -> bytes | OtherValue:
        if not isinstance(form, dict):
            return Octets().load(form, place)
        for choice, name in _VALUE_NAMES.items():
            if form.get("choice") == name:
                return OtherValue(choice, Octets().load(form.get("value"), f"{place}.value"))
        raise EncodeError(f"{place}.choice: bitstring, external or other wanted")


CHARSTRING: Final = 0x80
_VALUE_NAMES: Final = {
    CHARSTRING: "charstring",
    0x81: "bitstring",
    0xA2: "external",
    0xA3: "other",
}
