"""
Types that have parts: arrays, structures of named fields, one type or another.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import frozen

from dlms_twisted.codec import build
from dlms_twisted.codec.data import Data
from dlms_twisted.codec.tags import ARRAY, COMPACT_ARRAY, STRUCTURE
from dlms_twisted.cosem.elements import Element, children
from dlms_twisted.cosem.kinds import Kind, Notes, data_of
from dlms_twisted.errors import EncodeError

__all__ = ["ArrayKind", "EitherKind", "StructureKind"]


@frozen
class ArrayKind(Kind):
    """
    An array, or a compact-array, of one type.
    """

    text: str
    element: Kind

    def decode(self, element: Element, place: str, notes: Notes) -> Any:
        """
        @return: a tuple.
        """
        if element.tag not in {ARRAY, COMPACT_ARRAY}:
            return self.misfit(element, place, notes)
        if element.tag == COMPACT_ARRAY:
            notes.append(f"{place}: array wanted, not compact-array")
        return tuple(
            self.element.decode(one, f"{place}[{index}]", notes)
            for index, one in enumerate(children(element))
        )

    def build(self, value: Any, place: str) -> Data:
        """
        @param value: A tuple or list.
        """
        if not isinstance(value, (tuple, list)):
            raise EncodeError(f"{place}: a list wanted")
        return build.array(
            *[self.element.encode(one, f"{place}[{index}]") for index, one in enumerate(value)]
        )

    def fits(self, element: Element) -> bool:
        """
        An array whose first element fits does.
        """
        if element.tag != ARRAY:
            return False
        return all(self.element.fits(one) for one in children(element)[:1])


@frozen
class StructureKind(Kind):
    """
    A structure of named fields.
    """

    text: str
    fields: tuple[tuple[str, Kind], ...]

    def decode(self, element: Element, place: str, notes: Notes) -> Any:
        """
        @return: a dict by field.
        """
        if element.tag != STRUCTURE or len(element.value) != len(self.fields):
            return self.misfit(element, place, notes)
        return {
            name: kind.decode(one, f"{place}.{name}", notes)
            for (name, kind), one in zip(self.fields, children(element), strict=True)
        }

    def build(self, value: Any, place: str) -> Data:
        """
        @param value: A dict by field, whole.
        """
        if not isinstance(value, Mapping):
            raise EncodeError(f"{place}: an object wanted")
        names = [name for name, _ in self.fields]
        for name in [*names, *value]:
            if name not in value:
                raise EncodeError(f"{place}.{name}: missing")
            if name not in names:
                raise EncodeError(
                    f"{place}.{name}: no such field; one of {', '.join(names)} wanted"
                )
        return build.structure(
            *[kind.encode(value[name], f"{place}.{name}") for name, kind in self.fields]
        )

    def fits(self, element: Element) -> bool:
        """
        A structure of as many fields does.
        """
        return element.tag == STRUCTURE and len(element.value) == len(self.fields)


@frozen
class EitherKind(Kind):
    """
    One type or another.
    """

    text: str
    kinds: tuple[Kind, ...]

    def decode(self, element: Element, place: str, notes: Notes) -> Any:
        """
        @return: the value by the first type that fits, in all its parts if there is one; as Data where the value would
            encode back as another type.
        """
        fitting = [kind for kind in self.kinds if kind.fits(element)]
        if not fitting:
            return self.misfit(element, place, notes)
        chosen, value, said = fitting[0], None, []
        for kind in fitting:
            heard: Notes = []
            found = kind.decode(element, place, heard)
            if kind is chosen or not heard:
                chosen, value, said = kind, found, heard
            if not heard:
                break
        notes.extend(said)
        if chosen is self.kinds[0] or self._is_lossless(value, element, place):
            return value
        return data_of(element)

    def _is_lossless(self, value: Any, element: Element, place: str) -> bool:
        try:
            return self.encode(value, place) == data_of(element)
        except EncodeError:
            return False

    def build(self, value: Any, place: str) -> Data:
        """
        @param value: As one of the types takes it; the first that does is used.
        """
        problem: EncodeError | None = None
        for kind in sorted(self.kinds, key=lambda one: not one.owns(value)):
            try:
                return kind.encode(value, place)
            except EncodeError as error:
                problem = problem or error
        raise problem or EncodeError(f"{place}: {self.text} wanted")

    def fits(self, element: Element) -> bool:
        """
        What fits one of the types does.
        """
        return any(kind.fits(element) for kind in self.kinds)
