"""
The types of attributes and parameters: octets to named fields and back.

A type is said as text (see L{dlms_twisted.cosem.class_tables}) and read once into a L{Kind}
(L{dlms_twisted.cosem.kind_text}).  What a meter sends in place of the type is kept: a number of another width is that
number, anything else is its Data, and a note says where.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import field, frozen

from dlms_twisted.codec import build
from dlms_twisted.codec.data import Data
from dlms_twisted.codec.json_form import from_json
from dlms_twisted.codec.tags import (
    BIT_STRING,
    BY_TAG,
    NULL_DATA,
    OCTET_STRING,
    UTF8_STRING,
    VISIBLE_STRING,
)
from dlms_twisted.cosem.elements import (
    BOOLEAN,
    INTEGERS,
    Element,
    octets_text,
    tree,
    type_name,
)
from dlms_twisted.cosem.named import Member, take_octets
from dlms_twisted.cosem.obis import Obis
from dlms_twisted.errors import EncodeError

__all__ = [
    "AnyKind",
    "Kind",
    "NameKind",
    "Notes",
    "NullKind",
    "NumberKind",
    "TextKind",
    "ZeroKind",
    "data_of",
]

#: Where a value does not fit its type: each a place and what was wanted there.
Notes = list[str]


def data_of(element: Element) -> Data:
    """
    @return: the element as Data of its own.
    """
    return from_json(tree(element))


class Kind:
    """
    A type.

    @ivar text: How the tables write it.
    """

    text: str

    def decode(self, element: Element, place: str, notes: Notes) -> Any:
        """
        @param place: Where the element stands, for notes.
        @param notes: What does not fit is added.

        @return: the value with its meaning; as Data where the element is something else.
        """
        raise NotImplementedError

    def encode(self, value: Any, place: str) -> Data:
        """
        @param value: As L{decode} gives it, or the JSON form of that; Data, or a data tree, is taken as it is.

        @raise EncodeError: it does not fit; the text begins with the place.
        """
        given = _as_data(value, place)
        if given is not None:
            return given
        try:
            return self.build(value, place)
        except EncodeError as error:
            text = str(error)
            raise error if text.startswith(place) else EncodeError(f"{place}: {text}") from None

    def build(self, value: Any, place: str) -> Data:
        """
        @raise EncodeError: C{value} does not fit.
        """
        raise NotImplementedError

    def fits(self, element: Element) -> bool:
        """
        Can C{element} be of this type, as far as its tag shows?
        """
        raise NotImplementedError

    def owns(self, value: Any) -> bool:
        """
        Of several types that could take C{value}, is it this one that it came from?
        """
        return True

    def misfit(self, element: Element, place: str, notes: Notes) -> Data:
        """
        @return: the element as it is, noted.
        """
        notes.append(f"{place}: {self.text} wanted, not {type_name(element)}")
        return data_of(element)


def _as_data(value: Any, place: str) -> Data | None:
    if isinstance(value, Data):
        return value
    if isinstance(value, Mapping) and isinstance(value.get("type"), str) and "value" in value:
        try:
            return from_json(dict(value), place)
        except EncodeError:
            return None
    return None


@frozen
class AnyKind(Kind):
    """
    Any type: the value is Data.
    """

    text: str = "any"

    def decode(self, element: Element, place: str, notes: Notes) -> Any:
        """
        @return: the element as Data.
        """
        return data_of(element)

    def build(self, value: Any, place: str) -> Data:
        """
        @raise EncodeError: always; only Data or its tree says its own type.
        """
        raise EncodeError(f"{place}: a data tree wanted")

    def fits(self, element: Element) -> bool:
        """
        Everything does.
        """
        return True


@frozen
class NumberKind(Kind):
    """
    An integer type, a boolean, an enumeration or a float.

    @ivar tag: The type.
    @ivar labels: Of an enumeration, empty for the others.
    """

    text: str
    tag: int
    labels: Mapping[int, str] = field(factory=dict)

    def decode(self, element: Element, place: str, notes: Notes) -> Any:
        """
        @return: the number; of another width too, noted.
        """
        if element.tag != self.tag:
            if element.tag not in INTEGERS or self.tag not in INTEGERS:
                return self.misfit(element, place, notes)
            notes.append(f"{place}: {BY_TAG[self.tag].name} wanted, not {type_name(element)}")
        return Member(element.value, self.labels) if self.labels else element.value

    def build(self, value: Any, place: str) -> Data:
        """
        @param value: The number, or the label of an enumeration's member.
        """
        if self.labels and isinstance(value, str):
            found = [number for number, label in self.labels.items() if label == value]
            if not found:
                raise EncodeError(f"{place}: one of {', '.join(self.labels.values())} wanted")
            value = found[0]
        if self.tag == BOOLEAN:
            if not isinstance(value, (bool, int)) or value not in {0, 1}:
                raise EncodeError(f"{place}: true or false wanted")
            return build.boolean(bool(value))
        if self.tag not in INTEGERS:
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                raise EncodeError(f"{place}: a number wanted")
            return build.float32(value) if self.text == "f32" else build.float64(value)
        return build.integer_of(BY_TAG[self.tag], value)

    def fits(self, element: Element) -> bool:
        """
        Only the same type does.
        """
        return element.tag == self.tag


@frozen
class ZeroKind(NumberKind):
    """
    The C{integer 0} that a method without a parameter takes.
    """

    text: str = "zero"
    tag: int = 15

    def build(self, value: Any, place: str) -> Data:
        """
        @param value: C{None} for 0.
        """
        return super().build(0 if value is None else value, place)


@frozen
class TextKind(Kind):
    """
    A string: octets, printable or not, bits, or text of another kind.

    @ivar tag: The type.
    """

    text: str
    tag: int

    def decode(self, element: Element, place: str, notes: Notes) -> Any:
        """
        @return: octets; text where the type is text and the octets are printable; bits as text of 0 and 1.
        """
        if element.tag != self.tag:
            return self.misfit(element, place, notes)
        if self.text == "text":
            shown = octets_text(element.value)
            return shown if shown is not None and shown.encode() == element.value else element.value
        return element.value

    def build(self, value: Any, place: str) -> Data:
        """
        @param value: Text; octets, as C{bytes}, as C{{"hex": …}} or, where the type is octets, as hex.
        """
        if self.tag == BIT_STRING:
            return build.bit_string(_text(value, place))
        if self.tag == VISIBLE_STRING:
            return build.visible_string(_text(value, place))
        if self.tag == UTF8_STRING:
            return build.utf8_string(value if isinstance(value, str) else take_octets(value, place))
        if self.text == "text" and isinstance(value, str):
            return build.octet_string(value.encode())
        return build.octet_string(take_octets(value, place))

    def fits(self, element: Element) -> bool:
        """
        Only the same type does.
        """
        return element.tag == self.tag


def _text(value: Any, place: str) -> str:
    if not isinstance(value, str):
        raise EncodeError(f"{place}: a text wanted")
    return value


@frozen
class NameKind(Kind):
    """
    A logical name.
    """

    text: str = "LN"

    def decode(self, element: Element, place: str, notes: Notes) -> Any:
        """
        @return: the OBIS code.
        """
        if element.tag != OCTET_STRING or len(element.value) != 6:
            return self.misfit(element, place, notes)
        return Obis.of(element.value)

    def build(self, value: Any, place: str) -> Data:
        """
        @param value: An OBIS code, or its text.
        """
        if isinstance(value, bytes):
            code = Obis.of(value)
        else:
            try:
                code = value if isinstance(value, Obis) else Obis.parse(_text(value, place))
            except ValueError as error:
                raise EncodeError(f"{place}: {error}") from None
        return build.octet_string(code.octets)

    def fits(self, element: Element) -> bool:
        """
        Six octets do.
        """
        return element.tag == OCTET_STRING and len(element.value) == 6


@frozen
class NullKind(Kind):
    """
    null-data.
    """

    text: str = "null"

    def decode(self, element: Element, place: str, notes: Notes) -> Any:
        """
        @return: C{None}.
        """
        return None if element.tag == NULL_DATA else self.misfit(element, place, notes)

    def build(self, value: Any, place: str) -> Data:
        """
        @param value: C{None}.
        """
        if value is not None:
            raise EncodeError(f"{place}: null wanted")
        return build.null()

    def fits(self, element: Element) -> bool:
        """
        Only null-data does.
        """
        return element.tag == NULL_DATA
