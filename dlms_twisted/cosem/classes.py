"""
The interface classes: attributes and methods with names, types and access, by class and version.

The tables are text in L{dlms_twisted.cosem.class_tables}; a class is read when it is first asked for.  A class or
version that is not there stays usable by number: L{interface_class} gives one whose values are Data.
Source: DLMS UA 1000-1 (Blue Book).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from types import MappingProxyType
from typing import Any, Final, NamedTuple, TypeVar

from attrs import frozen

from dlms_twisted.codec.data import Data
from dlms_twisted.cosem.class_tables import communication, control, measurement, networks
from dlms_twisted.cosem.class_tables.enumerations import ENUMERATIONS
from dlms_twisted.cosem.elements import element_of
from dlms_twisted.cosem.kind_text import kind
from dlms_twisted.cosem.kinds import Kind, Notes
from dlms_twisted.cosem.named import plain_form
from dlms_twisted.errors import ClassError

__all__ = [
    "Attribute",
    "Decoded",
    "InterfaceClass",
    "Method",
    "class_name",
    "class_numbers",
    "interface_class",
]

_ROW: Final = re.compile(
    r"(?:\[(?P<from>\d)(?P<dash>-)?(?P<to>\d)?\]\s+)?(?P<number>\d+)\s+(?P<name>\S+)\s+(?P<rest>.+)\Z"
)
_ACCESS: Final = {"!": "read", "?": "write"}
#: How well the rows of a class are confirmed.
CONFIRMED: Final = MappingProxyType(
    {"X": "cross-checked", "G": "one source", "M": "from the Blue Book by memory", "?": "unknown"}
)
#: Short-name offsets of methods that do not follow the rule "8 further on": (class, version or -1, method) to offset.
_OFFSETS: Final = MappingProxyType(
    {
        (12, -1, 3): 0x30,
        (12, -1, 5): 0x40,
        (12, -1, 6): 0x48,
        (12, -1, 8): 0x58,
        (64, 0, 1): 0x28,
        (64, 0, 2): 0x30,
    }
)


_Named = TypeVar("_Named", "Attribute", "Method")


class Decoded(NamedTuple):
    """
    A value with its meaning.

    @ivar value: Named fields, as L{Kind.decode} gives them; the Data itself where it fits nothing.
    @ivar notes: What did not fit, and where.
    """

    value: Any
    notes: tuple[str, ...]

    def to_json(self) -> Any:
        """
        @return: the value for JSON.
        """
        return plain_form(self.value)


@frozen(kw_only=True)
class Attribute:
    """
    An attribute of a class and version.

    @ivar number: 1 is the logical name.
    @ivar kind: Its type.
    @ivar access: C{"read"} where the object changes it, C{"write"} where it is secret, else C{"read-write"}; what a
        meter really allows, its association says.
    """

    number: int
    name: str
    kind: Kind
    access: str

    @property
    def enumerations(self) -> dict[str, Mapping[int, str]]:
        """
        The enumerations that its type uses: name to members.
        """
        names = dict.fromkeys(re.findall(r"\ben:(\w+)", self.kind.text))
        return {name: ENUMERATIONS[name] for name in names}

    def decode(self, data: Data) -> Decoded:
        """
        @param data: As read; anything at all, this never raises.
        """
        notes: Notes = []
        value = self.kind.decode(element_of(data), self.name, notes)
        return Decoded(value, tuple(notes))

    def encode(self, value: Any) -> Data:
        """
        The reverse of L{decode}; its JSON form, Data and data trees are taken too.

        @raise EncodeError: it does not fit; the text names the field.
        """
        return self.kind.encode(value, self.name)


@frozen(kw_only=True)
class Method:
    """
    A method of a class and version.

    @ivar number: From 1.
    @ivar parameter: The type of what it takes.
    @ivar result: The type of what it gives back, or C{None}.
    @ivar short_name: Its offset from the base name of an object that is referenced by short names, or C{None}.
    """

    number: int
    name: str
    parameter: Kind
    result: Kind | None = None
    short_name: int | None = None


@frozen(kw_only=True)
class InterfaceClass:
    """
    A class in one version.

    @ivar number: Its C{class_id}.
    @ivar name: In the words of the standard; C{"class 9999"} for one that is not known.
    @ivar versions: All versions that are known.
    @ivar confirmed: How well the rows are confirmed.
    @ivar attributes: By number, the logical name first.
    @ivar methods: By number.
    """

    number: int
    version: int
    name: str
    versions: tuple[int, ...]
    confirmed: str
    attributes: Mapping[int, Attribute]
    methods: Mapping[int, Method]

    @property
    def is_known(self) -> bool:
        """
        Is this version of the class in the tables?
        """
        return self.version in self.versions

    def attribute(self, which: int | str) -> Attribute:
        """
        @param which: The number, or the name in any case.

        @return: the attribute; one of any type for a number that the tables do not have.

        @raise ClassError: no attribute has that name.
        """
        if isinstance(which, str):
            return _by_name(self.attributes, which, f"{self.name} has no attribute")
        return self.attributes.get(which) or Attribute(
            number=which, name=f"attribute_{which}", kind=kind("any"), access="read-write"
        )

    def method(self, which: int | str) -> Method:
        """
        @param which: The number, or the name in any case.

        @return: the method; one of any parameter for a number that the tables do not have.

        @raise ClassError: no method has that name.
        """
        if isinstance(which, str):
            return _by_name(self.methods, which, f"{self.name} has no method")
        return self.methods.get(which) or Method(
            number=which, name=f"method_{which}", parameter=kind("any"), result=kind("any")
        )

    def to_json(self) -> dict[str, Any]:
        """
        @return: the class as C{dlms classes --json} prints it.
        """
        return {
            "class_id": self.number,
            "version": self.version,
            "name": self.name,
            "versions": list(self.versions),
            "confirmed": self.confirmed,
            "attributes": [
                {
                    "number": one.number,
                    "name": one.name,
                    "type": one.kind.text,
                    "access": one.access,
                    "short_name": 8 * (one.number - 1),
                    "enumerations": {
                        name: {str(value): label for value, label in members.items()}
                        for name, members in one.enumerations.items()
                    },
                }
                for one in self.attributes.values()
            ],
            "methods": [
                {
                    "number": one.number,
                    "name": one.name,
                    "parameter": one.parameter.text,
                    "result": None if one.result is None else one.result.text,
                    "short_name": one.short_name,
                }
                for one in self.methods.values()
            ],
        }


def class_numbers() -> tuple[int, ...]:
    """
    @return: the numbers of all classes in the tables, in order.
    """
    return tuple(sorted(_rows()))


def class_name(number: int) -> str | None:
    """
    @return: the name of a class, or C{None}.
    """
    row = _rows().get(number)
    return None if row is None else str(row[1])


@cache
def _rows() -> Mapping[int, Any]:
    tables = (measurement.ROWS, control.ROWS, communication.ROWS, networks.ROWS)
    return MappingProxyType({row[0]: row for table in tables for row in table})


@lru_cache(maxsize=1024)
def interface_class(number: int, version: int | None = None) -> InterfaceClass:
    """
    @param version: C{None} for the newest that is known.

    @return: the class; of a version that is not known, with the attributes of the newest; of a class that is not
        known, with the logical name alone.
    """
    row = _rows().get(number)
    known = () if row is None else _versions(row[2])
    chosen = version if version is not None else max(known, default=0)
    return _made(number, chosen)


@cache
def _known(number: int, version: int) -> InterfaceClass:
    _, name, versions, offset, confirmed, attributes, methods = _rows()[number]
    numbers = _versions(versions)
    read = version if version in numbers else max(numbers)
    return InterfaceClass(
        number=number,
        version=version,
        name=name,
        versions=numbers,
        confirmed=CONFIRMED[confirmed],
        attributes=MappingProxyType({one.number: one for one in _attributes(attributes, read)}),
        methods=MappingProxyType(
            {one.number: one for one in _methods(methods, read, number, offset)}
        ),
    )


@lru_cache(maxsize=4096)
def _made(number: int, version: int) -> InterfaceClass:
    row = _rows().get(number)
    if row is not None and version in _versions(row[2]):
        return _known(number, version)
    if row is not None:
        newest = _known(number, max(_versions(row[2])))
        return InterfaceClass(
            number=number,
            version=version,
            name=newest.name,
            versions=newest.versions,
            confirmed=CONFIRMED["?"],
            attributes=newest.attributes,
            methods=newest.methods,
        )
    return InterfaceClass(
        number=number,
        version=version,
        name=f"class {number}",
        versions=(),
        confirmed=CONFIRMED["?"],
        attributes=MappingProxyType({1: _LOGICAL_NAME}),
        methods=MappingProxyType({}),
    )


_LOGICAL_NAME: Final = Attribute(number=1, name="logical_name", kind=kind("LN"), access="read")


def _versions(text: str) -> tuple[int, ...]:
    """
    C{"0-3"} and C{"0,2"} as numbers.
    """
    found: list[int] = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        found.extend(range(int(first), int(last or first) + 1))
    return tuple(found)


def _lines(text: str, version: int) -> Iterator[tuple[int, str, str]]:
    """
    @return: number, name and the rest of the rows that C{version} has.
    """
    # A row goes on behind a comma.
    for line in re.sub(r",\s*\n\s*", ", ", text.strip()).splitlines():
        row = _ROW.match(line.strip())
        if row is None:
            raise ValueError(f"no row: {line!r}")
        if row["from"] is not None:
            first = int(row["from"])
            last = int(row["to"]) if row["to"] else (99 if row["dash"] else first)
            if not first <= version <= last:
                continue
        yield int(row["number"]), row["name"], row["rest"]


def _attributes(text: str, version: int) -> Iterator[Attribute]:
    yield _LOGICAL_NAME
    for number, name, rest in _lines(text, version):
        access = _ACCESS.get(rest[-1])
        yield Attribute(
            number=number,
            name=name,
            kind=kind(rest[:-1] if access else rest),
            access=access or "read-write",
        )


def _methods(text: str, version: int, class_id: int, offset: int) -> Iterator[Method]:
    for number, name, rest in _lines(text, version):
        parameter, _, result = rest.partition("->")
        yield Method(
            number=number,
            name=name,
            parameter=kind(parameter),
            result=kind(result) if result else None,
            short_name=_short_name(class_id, version, number, offset),
        )


def _short_name(class_id: int, version: int, method: int, offset: int) -> int | None:
    for key in ((class_id, version, method), (class_id, -1, method)):
        if key in _OFFSETS:
            return _OFFSETS[key]
    if not offset or class_id == 12:
        return None
    if class_id == 72 and version == 1:
        offset = 70
    # The rows have the digits of the Blue Book, which are hexadecimal.
    return int(str(offset), 16) + 8 * (method - 1)


def _by_name(table: Mapping[int, _Named], name: str, wrong: str) -> _Named:
    for one in table.values():
        if one.name.lower() == name.lower():
            return one
    raise ClassError(f"{wrong} {name!r}; one of {', '.join(o.name for o in table.values())} wanted")
