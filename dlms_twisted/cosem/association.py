"""
What an association shows: the objects of a logical device, and who may do what with each attribute and method.

Object lists of Association LN (versions 0 to 3) and of Association SN become one form, which saves to JSON and loads
again; with values beside the rights a simulated meter can be made from it.
Source: DLMS UA 1000-1 (Blue Book), Association SN and Association LN, C{object_list}.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from attrs import evolve, frozen

from dlms_twisted.codec import build
from dlms_twisted.codec.data import Data
from dlms_twisted.cosem.access_rights import Rights, mode_of, rights_of
from dlms_twisted.cosem.classes import interface_class
from dlms_twisted.cosem.elements import Element, children, element_of
from dlms_twisted.cosem.kind_text import kind
from dlms_twisted.cosem.kinds import data_of
from dlms_twisted.cosem.obis import Obis, ObisPattern
from dlms_twisted.cosem.object_view import (
    NO_RIGHTS,
    ObjectView,
    object_view,
    short_name_rights,
    short_name_view,
)

__all__ = ["ObjectList"]

_LN: Final = 15
_SN: Final = 12


@frozen(kw_only=True)
class ObjectList:
    """
    All objects of an association.

    @ivar referencing: C{"logical-name"} or C{"short-name"}.
    @ivar version: Of the association class; what the modes mean depends on it.
    @ivar objects: In the order of the meter.
    @ivar others: Entries that are no objects, by position; kept as they are.
    """

    referencing: str = "logical-name"
    version: int = 1
    objects: tuple[ObjectView, ...] = ()
    others: tuple[tuple[int, Data], ...] = ()

    def __iter__(self) -> Iterator[ObjectView]:
        return iter(self.objects)

    def __len__(self) -> int:
        return len(self.objects)

    def find(self, logical_name: Obis, class_id: int | None = None) -> ObjectView | None:
        """
        @return: the object of that name (and class), or C{None}.
        """
        for one in self.objects:
            if one.logical_name == logical_name and class_id in {None, one.class_id}:
                return one
        return None

    def matching(self, pattern: ObisPattern | str) -> tuple[ObjectView, ...]:
        """
        @return: the objects whose names match.

        @raise ObisError: the text is no pattern.
        """
        chosen = ObisPattern.parse(pattern) if isinstance(pattern, str) else pattern
        return tuple(one for one in self.objects if chosen.matches(one.logical_name))

    def rights(self, view: ObjectView, attribute: int) -> Rights:
        """
        @return: what may be done with an attribute of C{view}; nothing if the association does not say it.
        """
        found = view.attributes.get(attribute)
        return Rights(0) if found is None else rights_of(found.mode, self._rules)

    def method_rights(self, view: ObjectView, method: int) -> Rights:
        """
        @return: the same for a method; L{Rights.READ} stands for "may be invoked".
        """
        found = view.methods.get(method)
        return Rights(0) if found is None else rights_of(found.mode, self._rules, method=True)

    @property
    def _rules(self) -> int:
        """
        The version of Association LN whose rules the modes follow.
        """
        return self.version - 1 if self.referencing == "short-name" else self.version

    @classmethod
    def of_logical_names(cls, data: Data, version: int | None = None) -> ObjectList:
        """
        @param data: C{object_list} of Association LN; anything at all, this never raises.
        @param version: Of the association, 0 to 3; C{None} to judge by the modes.
        """
        root = element_of(data)
        objects, others = [], []
        for index, entry in enumerate(children(root)):
            view = object_view(entry)
            if view is None:
                others.append((index, data_of(entry)))
            else:
                objects.append(view)
        chosen = _judge(root, objects) if version is None else version
        return cls(version=chosen, objects=tuple(objects), others=tuple(others))

    @classmethod
    def of_short_names(
        cls, data: Data, rights: Data | None = None, version: int | None = None
    ) -> ObjectList:
        """
        @param data: C{object_list} of Association SN.
        @param rights: Its C{access_rights_list}, of versions 2 to 4.
        @param version: Of the association, 0 to 4; C{None} to judge by what is given.
        """
        said = {} if rights is None else dict(short_name_rights(element_of(rights)))
        objects, others = [], []
        for index, entry in enumerate(children(element_of(data))):
            view = short_name_view(entry)
            if view is None:
                others.append((index, data_of(entry)))
                continue
            attributes, methods = said.get(view.base_name or 0, (NO_RIGHTS, NO_RIGHTS))
            objects.append(evolve(view, attributes=attributes, methods=methods))
        if version is None:
            modes = _modes(objects)
            version = 0 if rights is None else 4 if max(modes, default=0) > 6 else 2
        return cls(
            referencing="short-name",
            version=version,
            objects=tuple(objects),
            others=tuple(others),
        )

    def to_data(self, version: int | None = None) -> Data:
        """
        @param version: Of the association class that the list is for; C{None} for its own.

        @return: C{object_list}, the modes in the words of that version.

        @raise EncodeError: a number is out of range.
        """
        if self.referencing == "short-name":
            return self._short_data()
        chosen = self.version if version is None else version
        rows = [
            {
                "class_id": one.class_id,
                "version": one.version,
                "logical_name": one.logical_name,
                "access_rights": self._access(one, chosen),
            }
            for one in self.objects
        ]
        return interface_class(_LN, chosen).attribute(2).encode(self._with_others(rows))

    def _with_others(self, rows: list[Any]) -> list[Any]:
        for index, other in self.others:
            rows.insert(index, other)
        return rows

    def _short_data(self) -> Data:
        rows: list[Any] = [
            {
                "base_name": one.base_name,
                "class_id": one.class_id,
                "version": one.version,
                "logical_name": one.logical_name,
            }
            for one in self.objects
        ]
        return interface_class(_SN, self.version).attribute(2).encode(self._with_others(rows))

    def rights_to_data(self, version: int | None = None) -> Data:
        """
        @return: C{access_rights_list} of Association SN.

        @raise EncodeError: a number is out of range.
        """
        chosen = self.version if version is None else version
        rows = [
            {"base_name": one.base_name, **self._access(one, chosen - 1)} for one in self.objects
        ]
        return interface_class(_SN, max(chosen, 2)).attribute(3).encode(rows)

    def _access(self, one: ObjectView, rules: int) -> dict[str, Any]:
        attributes = [
            {
                "attribute_id": number,
                "access_mode": mode_of(said.mode, self._rules, rules),
                "access_selectors": said.selectors,
            }
            for number, said in one.attributes.items()
        ]
        methods = []
        for number, said_method in one.methods.items():
            mode = mode_of(said_method.mode, self._rules, rules, method=True)
            access = build.boolean(bool(mode)) if rules == 0 else build.enum(mode)
            methods.append({"method_id": number, "access_mode": access})
        return {"attribute_access": attributes, "method_access": methods}

    def to_json(self) -> dict[str, Any]:
        """
        @return: the list with names, rights and values; L{dlms_twisted.cosem.association_json} reads it.
        """
        return {
            "association": {"referencing": self.referencing, "version": self.version},
            "objects": [self._object_json(one) for one in self.objects],
            "others": [{"index": index, "data": other.tree()} for index, other in self.others],
        }

    def _object_json(self, one: ObjectView) -> dict[str, Any]:
        known = one.interface_class
        attributes = []
        # In the order of the meter, so that the list can be made again octet by octet.
        others = sorted(number for number in one.values if number not in one.attributes)
        for number in (*one.attributes, *others):
            said = one.attributes.get(number)
            attributes.append(
                {
                    "attribute": number,
                    "name": known.attribute(number).name,
                    "mode": None if said is None else said.mode,
                    "access": self.rights(one, number).labels(),
                    "selectors": None
                    if said is None or said.selectors is None
                    else list(said.selectors),
                    "value": one.values[number].tree() if number in one.values else None,
                }
            )
        methods = [
            {
                "method": number,
                "name": known.method(number).name,
                "mode": said_method.mode,
                "access": self.method_rights(one, number).labels(method=True),
            }
            for number, said_method in one.methods.items()
        ]
        return {
            "class_id": one.class_id,
            "class_name": known.name,
            "version": one.version,
            "logical_name": str(one.logical_name),
            "name": one.name,
            "base_name": one.base_name,
            "attributes": attributes,
            "methods": methods,
        }


def _modes(objects: Iterable[ObjectView]) -> set[int]:
    return {said.mode for one in objects for said in one.attributes.values()}


def _judge(root: Element, objects: Iterable[ObjectView]) -> int:
    """
    The version by what the modes show: truth values only in 0, more than 6 only in 3.
    """
    if max(_modes(objects), default=0) > 6:
        return 3
    boolean = kind("bo")
    for entry in children(root):
        fields = children(entry)
        rights = children(fields[3]) if len(fields) == 4 else ()
        for method in children(rights[1]) if len(rights) == 2 else ():
            parts = children(method)
            if len(parts) == 2:
                return 0 if boolean.fits(parts[1]) else 1
    return 1
