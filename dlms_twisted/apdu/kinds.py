"""
Kinds of APDU fields: how one field is read, written, and shown as JSON.

A message names the kind of each field in its annotation, so that the class is the grammar::

    @frozen(kw_only=True)
    class GetRequestNext(Apdu):
        TAG: ClassVar[int] = 0xC0
        CHOICE: ClassVar[int] = 0x02
        NAME: ClassVar[str] = "get-request-next"

        invoke_id_and_priority: U8
        block_number: U32

L{dlms_twisted.apdu.base} reads those annotations once for each class.  Sources of the encodings: A-XDR (IEC 61334-6)
as used by IEC 62056-5-3.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Annotated, ClassVar, Generic, Protocol, Self, TypeAlias, TypeVar

from dlms_twisted.codec.data import Data
from dlms_twisted.codec.json_form import JSON, from_json
from dlms_twisted.codec.reader import Reader
from dlms_twisted.codec.writer import Writer
from dlms_twisted.errors import DecodeError, EncodeError

__all__ = [
    "DATA",
    "DATE_TIME",
    "FLAG",
    "I8",
    "I16",
    "JSON",
    "OBIS",
    "OCTETS",
    "REST",
    "U8",
    "U16",
    "U32",
    "Boolean",
    "Choice",
    "DataElement",
    "DateTimeOctets",
    "Enumerated",
    "Fixed",
    "Kind",
    "Many",
    "Octets",
    "Optional",
    "Part",
    "Readable",
    "Rest",
    "Signed",
    "Unsigned",
    "kebab",
]

T = TypeVar("T")


def kebab(name: str) -> str:
    """
    @return: the standard's spelling of a Python constant: C{OTHER_REASON} is C{other-reason}.
    """
    return name.lower().replace("_", "-")


class Kind(Generic[T]):
    """
    One kind of field.  The base of all others; only they are used.
    """

    __slots__ = ()

    def read(self, reader: Reader, name: str) -> T:
        """
        Take one value.

        @param name: The field's name, for those who explain octets.

        @raise DecodeError: the octets are no such value.
        """
        raise NotImplementedError

    def write(self, writer: Writer, value: T) -> None:
        """
        @raise EncodeError: C{value} is out of range.
        """
        raise NotImplementedError

    def dump(self, value: T) -> JSON:
        """
        @return: the JSON form of C{value}.
        """
        raise NotImplementedError

    def load(self, form: JSON, place: str) -> T:
        """
        The reverse of L{dump}.

        @param place: Where C{form} stands, for the error.

        @raise EncodeError: C{form} is no such value.
        """
        raise NotImplementedError


def _integer(form: JSON, place: str, low: int, high: int) -> int:
    if isinstance(form, bool) or not isinstance(form, int) or not low <= form <= high:
        raise EncodeError(f"{place}: an integer from {low} to {high} wanted")
    return form


def _hex(form: JSON, place: str) -> bytes:
    if not isinstance(form, str):
        raise EncodeError(f"{place}: octets in hex wanted")
    try:
        return bytes.fromhex(form)
    except ValueError:
        raise EncodeError(f"{place}: octets in hex wanted") from None


class Unsigned(Kind[int]):
    """
    Unsigned8, Unsigned16, Unsigned32: big-endian, C{width} octets.
    """

    __slots__ = ("_width",)

    def __init__(self, width: int) -> None:
        self._width = width

    def read(self, reader: Reader, name: str) -> int:
        return reader.unsigned(self._width, name)

    def write(self, writer: Writer, value: int) -> None:
        writer.unsigned(value, self._width)

    def dump(self, value: int) -> JSON:
        return value

    def load(self, form: JSON, place: str) -> int:
        return _integer(form, place, 0, (1 << 8 * self._width) - 1)


class Signed(Kind[int]):
    """
    Integer8, Integer16: two's complement, big-endian, C{width} octets.
    """

    __slots__ = ("_width",)

    def __init__(self, width: int) -> None:
        self._width = width

    def read(self, reader: Reader, name: str) -> int:
        return reader.signed(self._width, name)

    def write(self, writer: Writer, value: int) -> None:
        writer.signed(value, self._width)

    def dump(self, value: int) -> JSON:
        return value

    def load(self, form: JSON, place: str) -> int:
        half = 1 << 8 * self._width - 1
        return _integer(form, place, -half, half - 1)


class Boolean(Kind[bool]):
    """
    BOOLEAN: 00 is false; any other octet is taken for true, and 01 is sent.
    """

    __slots__ = ()

    def read(self, reader: Reader, name: str) -> bool:
        return reader.octet(name) != 0

    def write(self, writer: Writer, value: bool) -> None:
        writer.octet(1 if value else 0)

    def dump(self, value: bool) -> JSON:
        return value

    def load(self, form: JSON, place: str) -> bool:
        if not isinstance(form, bool):
            raise EncodeError(f"{place}: true or false wanted")
        return form


E = TypeVar("E", bound=IntEnum)


class Enumerated(Kind[int], Generic[E]):
    """
    ENUMERATED, one octet.  A value that the standard does not name stays a plain integer.

    As JSON the standard's name in kebab-case, or the integer.
    """

    __slots__ = ("_enumeration", "_members", "_named")

    def __init__(self, enumeration: type[E]) -> None:
        self._enumeration = enumeration
        self._members: dict[int, E] = {int(member): member for member in enumeration}
        self._named: dict[str, E] = {
            kebab(name): member for name, member in enumeration.__members__.items()
        }

    def read(self, reader: Reader, name: str) -> int:
        value = reader.octet(name)
        member = self._members.get(value)
        if member is None:
            return self._member(value)
        reader.explain(member)
        return member

    def _member(self, value: int) -> int:
        try:
            return self._enumeration(value)
        except ValueError:
            return value

    def write(self, writer: Writer, value: int) -> None:
        writer.unsigned(value, 1)

    def dump(self, value: int) -> JSON:
        member = self._members.get(value)
        return value if member is None else kebab(member.name)

    def load(self, form: JSON, place: str) -> int:
        if isinstance(form, str):
            if form not in self._named:
                raise EncodeError(f"{place}: one of {', '.join(self._named)} wanted")
            return self._named[form]
        return self._member(_integer(form, place, 0, 255))


class Octets(Kind[bytes]):
    """
    OCTET STRING of any length: its length, then the octets.
    """

    __slots__ = ()

    def read(self, reader: Reader, name: str) -> bytes:
        return reader.octets(name)

    def write(self, writer: Writer, value: bytes) -> None:
        writer.octets(value)

    def dump(self, value: bytes) -> JSON:
        return value.hex()

    def load(self, form: JSON, place: str) -> bytes:
        return _hex(form, place)


class Fixed(Kind[bytes]):
    """
    OCTET STRING (SIZE (n)): C{size} octets without a length.
    """

    __slots__ = ("_size",)

    def __init__(self, size: int) -> None:
        self._size = size

    def read(self, reader: Reader, name: str) -> bytes:
        return reader.take(self._size, name)

    def write(self, writer: Writer, value: bytes) -> None:
        if len(value) != self._size:
            raise EncodeError(f"{self._size} octets wanted, not {len(value)}")
        writer.raw(value)

    def dump(self, value: bytes) -> JSON:
        return value.hex()

    def load(self, form: JSON, place: str) -> bytes:
        value = _hex(form, place)
        if len(value) != self._size:
            raise EncodeError(f"{place}: {self._size} octets wanted")
        return value


class Rest(Octets):
    """
    All octets up to the end of the APDU, without a length: an APDU inside of another.
    """

    __slots__ = ()

    def read(self, reader: Reader, name: str) -> bytes:
        return reader.rest(name)

    def write(self, writer: Writer, value: bytes) -> None:
        writer.raw(value)


class DateTimeOctets(Kind["bytes | None"]):
    """
    The date-time of a notification or ACCESS: an OCTET STRING of 0 octets (C{None}) or 12.
    """

    __slots__ = ()

    def read(self, reader: Reader, name: str) -> bytes | None:
        return reader.octets(name) or None

    def write(self, writer: Writer, value: bytes | None) -> None:
        writer.octets(value or b"")

    def dump(self, value: bytes | None) -> JSON:
        return None if value is None else value.hex()

    def load(self, form: JSON, place: str) -> bytes | None:
        return None if form is None else _hex(form, place) or None


class DataElement(Kind[Data]):
    """
    One COSEM Data.
    """

    __slots__ = ()

    def read(self, reader: Reader, name: str) -> Data:
        return reader.data(name)

    def write(self, writer: Writer, value: Data) -> None:
        writer.data(value)

    def dump(self, value: Data) -> JSON:
        return value.tree()

    def load(self, form: JSON, place: str) -> Data:
        return from_json(form, place)


class Optional(Kind["T | None"], Generic[T]):
    """
    A component that is OPTIONAL: a presence octet, then the value if it is there.
    """

    __slots__ = ("_kind",)

    def __init__(self, kind: Kind[T]) -> None:
        self._kind = kind

    def read(self, reader: Reader, name: str) -> T | None:
        return self._kind.read(reader, name) if reader.optional(name) else None

    def write(self, writer: Writer, value: T | None) -> None:
        writer.optional(value is not None)
        if value is not None:
            self._kind.write(writer, value)

    def dump(self, value: T | None) -> JSON:
        return None if value is None else self._kind.dump(value)

    def load(self, form: JSON, place: str) -> T | None:
        return None if form is None else self._kind.load(form, place)


class Many(Kind["tuple[T, ...]"], Generic[T]):
    """
    SEQUENCE OF: the number of elements, then the elements.

    @param smallest: Fewest octets that one element takes; a count that cannot fit is refused before anything is read.
    """

    __slots__ = ("_kind", "_smallest")

    def __init__(self, kind: Kind[T], smallest: int = 1) -> None:
        self._kind = kind
        self._smallest = smallest

    def read(self, reader: Reader, name: str) -> tuple[T, ...]:
        reader.enter(name)
        offset = reader.offset
        count = reader.length("count")
        if count * self._smallest > reader.remaining:
            raise DecodeError(f"{count} elements of {name} wanted, too few octets left", offset)
        read = self._kind.read
        items = tuple([read(reader, name) for _ in range(count)])
        reader.leave()
        return items

    def write(self, writer: Writer, value: tuple[T, ...]) -> None:
        writer.length(len(value))
        for item in value:
            self._kind.write(writer, item)

    def dump(self, value: tuple[T, ...]) -> JSON:
        return [self._kind.dump(item) for item in value]

    def load(self, form: JSON, place: str) -> tuple[T, ...]:
        if not isinstance(form, list):
            raise EncodeError(f"{place}: a list wanted")
        return tuple(self._kind.load(item, f"{place}[{index}]") for index, item in enumerate(form))


class Readable(Protocol):
    """
    What L{Part} and L{Choice} want of a class; L{dlms_twisted.apdu.base.Record} has it.
    """

    CHOICE: ClassVar[int | None]
    NAME: ClassVar[str]

    @classmethod
    def read(cls, reader: Reader) -> Self: ...

    def write(self, writer: Writer) -> None: ...

    def to_json(self) -> dict[str, JSON]: ...

    @classmethod
    def from_json(cls, form: JSON, place: str = ...) -> Self: ...


R = TypeVar("R", bound=Readable)


class Part(Kind[R], Generic[R]):
    """
    A SEQUENCE inside of an APDU, a L{dlms_twisted.apdu.base.Record}: its components one after the other.
    """

    __slots__ = ("_record",)

    def __init__(self, record: type[R]) -> None:
        self._record = record

    def read(self, reader: Reader, name: str) -> R:
        reader.enter(name)
        value = self._record.read(reader)
        reader.leave()
        return value

    def write(self, writer: Writer, value: R) -> None:
        value.write(writer)

    def dump(self, value: R) -> JSON:
        return value.to_json()

    def load(self, form: JSON, place: str) -> R:
        return self._record.from_json(form, place)


class Choice(Kind[R], Generic[R]):
    """
    A CHOICE inside of an APDU: one octet, the C{CHOICE} of one of the records, then that record.

    As JSON the record's form with its C{NAME} under C{"choice"}.
    """

    __slots__ = ("_by_name", "_by_tag", "_wanted")

    def __init__(self, *records: type[R]) -> None:
        self._by_tag = {record.CHOICE: record for record in records}
        self._by_name = {record.NAME: record for record in records}
        self._wanted = ", ".join(self._by_name)

    def read(self, reader: Reader, name: str) -> R:
        reader.enter(name)
        offset = reader.offset
        record = self._by_tag.get(reader.octet("choice"))
        if record is None:
            raise DecodeError(f"{name}: a choice of {self._wanted} wanted", offset)
        value = record.read(reader)
        reader.leave()
        return value

    def write(self, writer: Writer, value: R) -> None:
        if value.CHOICE is None or value.NAME not in self._by_name:
            raise EncodeError(f"one of {self._wanted} wanted, not {value.NAME}")
        writer.octet(value.CHOICE)
        value.write(writer)

    def dump(self, value: R) -> JSON:
        return {"choice": value.NAME, **value.to_json()}

    def load(self, form: JSON, place: str) -> R:
        if not isinstance(form, dict):
            raise EncodeError(f"{place}: an object wanted")
        name = form.get("choice")
        if not isinstance(name, str) or name not in self._by_name:
            raise EncodeError(f"{place}.choice: one of {self._wanted} wanted")
        rest: JSON = {key: value for key, value in form.items() if key != "choice"}
        return self._by_name[name].from_json(rest, place)


U8: TypeAlias = Annotated[int, Unsigned(1)]
U16: TypeAlias = Annotated[int, Unsigned(2)]
U32: TypeAlias = Annotated[int, Unsigned(4)]
I8: TypeAlias = Annotated[int, Signed(1)]
I16: TypeAlias = Annotated[int, Signed(2)]
FLAG: TypeAlias = Annotated[bool, Boolean()]
OCTETS: TypeAlias = Annotated[bytes, Octets()]
#: The rest of the octets: an APDU inside of an APDU.
REST: TypeAlias = Annotated[bytes, Rest()]
#: A logical name, six octets.
OBIS: TypeAlias = Annotated[bytes, Fixed(6)]
DATA: TypeAlias = Annotated[Data, DataElement()]
DATE_TIME: TypeAlias = Annotated["bytes | None", DateTimeOctets()]
