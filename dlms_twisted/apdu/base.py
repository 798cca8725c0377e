"""
What all APDUs have in common: octets and JSON, both ways, out of one list of fields.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Annotated, Any, ClassVar, Self, cast, get_args, get_origin, get_type_hints

from dlms_twisted.apdu.kinds import JSON, Kind
from dlms_twisted.codec.limits import DEFAULT_LIMITS, Limits
from dlms_twisted.codec.reader import Reader
from dlms_twisted.codec.writer import Writer
from dlms_twisted.errors import DecodeError, EncodeError

__all__ = ["Apdu", "Record", "fields_of"]


def _fields_of(record: type[Record]) -> tuple[tuple[str, Kind[Any]], ...]:
    """
    @return: the fields of a record in the order of the wire: each one's name and kind.
    """
    return tuple(
        (name, next(part for part in get_args(hint)[1:] if isinstance(part, Kind)))
        for name, hint in get_type_hints(record, include_extras=True).items()
        if get_origin(hint) is Annotated
    )


#: C{fields_of(record)}: the fields of a record in the order of the wire, each one's name and kind.
fields_of = cast("Callable[[type[Record]], tuple[tuple[str, Kind[Any]], ...]]", cache(_fields_of))


class Record:
    """
    A SEQUENCE: fields one after the other, in the order in which the class names them.

    A subclass is C{attrs.frozen(kw_only=True)} or a C{NamedTuple}, and annotates each field with a kind of
    L{dlms_twisted.apdu.kinds}.  A range is checked when the record is encoded.

    @cvar CHOICE: The octet that selects this record among others, where it is part of a CHOICE.
    @cvar NAME: The standard's name in kebab-case.
    """

    __slots__ = ()

    CHOICE: ClassVar[int | None] = None
    NAME: ClassVar[str] = ""

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """
        Take this record from the front of C{reader}; what follows is left there.

        @raise DecodeError: the octets are no such record.
        """
        return cls(**{name: kind.read(reader, name) for name, kind in fields_of(cls)})

    def write(self, writer: Writer) -> None:
        """
        @raise EncodeError: a field is out of range; the error names it.
        """
        for name, kind in fields_of(type(self)):
            try:
                kind.write(writer, getattr(self, name))
            except EncodeError as error:
                raise EncodeError(f"{name}: {error}") from None

    def to_json(self) -> dict[str, JSON]:
        """
        @return: the fields by their names; octets are lower-case hex, Data are trees.
        """
        return {name: kind.dump(getattr(self, name)) for name, kind in fields_of(type(self))}

    @classmethod
    def from_json(cls, form: JSON, place: str = "") -> Self:
        """
        The reverse of L{to_json}.  A field that may be absent need not be there.

        @param place: Where C{form} stands, for the error.

        @raise EncodeError: not such a record; the error names the place.
        """
        return cls(**cls.load_fields(form, place or cls.NAME))

    @classmethod
    def load_fields(cls, form: JSON, place: str) -> dict[str, Any]:
        """
        @return: the values of the fields that C{form} describes, by their names.

        @raise EncodeError: not such a record; the error names the place.
        """
        if not isinstance(form, dict):
            raise EncodeError(f"{place}: an object wanted")
        fields = fields_of(cls)
        known = {name for name, _ in fields}
        unknown = [key for key in form if key not in known and key != "apdu"]
        if unknown:
            raise EncodeError(f"{place}: no field {unknown[0]!r}")
        return {name: kind.load(form.get(name), f"{place}.{name}") for name, kind in fields}


class Apdu(Record):
    """
    A whole APDU: its tag, the octet that selects its variant where there is one, and the fields.

    For canonical octets C{encode(decode(x)) == x}.

    @cvar TAG: The first octet.
    """

    __slots__ = ()

    TAG: ClassVar[int]

    @classmethod
    def read_tag(cls, reader: Reader) -> None:
        """
        Take the tag, and the octet that selects the variant.

        @raise DecodeError: this is another APDU.
        """
        offset = reader.offset
        if reader.octet("tag") != cls.TAG:
            raise DecodeError(f"{cls.NAME} wanted", offset)
        if cls.CHOICE is not None and reader.octet("choice") != cls.CHOICE:
            raise DecodeError(f"{cls.NAME} wanted", offset + 1)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """
        Take this APDU, tag included, from the front of C{reader}.

        @raise DecodeError: the octets are no such APDU.
        """
        cls.read_tag(reader)
        return super().read(reader)

    @classmethod
    def decode(cls, octets: bytes, limits: Limits = DEFAULT_LIMITS) -> Self:
        """
        @param octets: The APDU, all of it and nothing else.

        @raise DecodeError: another APDU, truncated, malformed, or with octets left over.
        """
        reader = Reader(octets, limits=limits)
        apdu = cls.read(reader)
        reader.finish()
        return apdu

    def write(self, writer: Writer) -> None:
        """
        @raise EncodeError: a field is out of range; the error names it.
        """
        writer.octet(self.TAG)
        if self.CHOICE is not None:
            writer.octet(self.CHOICE)
        super().write(writer)

    def encode(self) -> bytes:
        """
        @return: the octets of the APDU.

        @raise EncodeError: a field is out of range; the error names it.
        """
        writer = Writer()
        try:
            self.write(writer)
        except EncodeError as error:
            raise EncodeError(f"{self.NAME}: {error}") from None
        return writer.getvalue()

    def to_json(self) -> dict[str, JSON]:
        """
        @return: C{{"apdu": NAME, …}} with the fields by their names.
        """
        return {"apdu": self.NAME, **super().to_json()}

    @classmethod
    def from_json(cls, form: JSON, place: str = "") -> Self:
        """
        The reverse of L{to_json}.

        @raise EncodeError: not this APDU; the error names the place.
        """
        if isinstance(form, dict) and form.get("apdu", cls.NAME) != cls.NAME:
            raise EncodeError(f"{place or 'apdu'}: {cls.NAME} wanted")
        return super().from_json(form, place)
