"""
One object as an association lists it.

Source: DLMS UA 1000-1 (Blue Book), Association SN and Association LN, C{object_list}.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

from attrs import evolve, field, frozen

from dlms_twisted.codec.data import Data
from dlms_twisted.cosem.classes import InterfaceClass, interface_class
from dlms_twisted.cosem.elements import Element, children
from dlms_twisted.cosem.kind_text import kind
from dlms_twisted.cosem.kinds import Notes
from dlms_twisted.cosem.names import obis_name
from dlms_twisted.cosem.obis import Obis

__all__ = [
    "NO_RIGHTS",
    "AttributeRights",
    "MethodRights",
    "ObjectView",
    "object_view",
    "short_name_rights",
    "short_name_view",
]

NO_RIGHTS: Final[Mapping[Any, Any]] = MappingProxyType({})


@frozen
class AttributeRights:
    """
    What may be done with an attribute.

    @ivar mode: As the meter says it; its meaning depends on the association's version.
    @ivar selectors: The access selectors that it knows, or C{None}.
    """

    mode: int
    selectors: tuple[int, ...] | None = None


@frozen
class MethodRights:
    """
    What may be done with a method.

    @ivar mode: As the meter says it; in version 0 a truth value.
    """

    mode: int


@frozen(kw_only=True)
class ObjectView:
    """
    One object.

    @ivar base_name: Its short name, C{None} where it is referenced by logical names.
    @ivar attributes: Rights by number; empty where the association does not say them.
    @ivar methods: Likewise.
    @ivar values: Values of attributes that are known.
    """

    class_id: int
    version: int
    logical_name: Obis
    base_name: int | None = None
    attributes: Mapping[int, AttributeRights] = field(default=NO_RIGHTS)
    methods: Mapping[int, MethodRights] = field(default=NO_RIGHTS)
    values: Mapping[int, Data] = field(default=NO_RIGHTS)

    @property
    def interface_class(self) -> InterfaceClass:
        """
        Its class in its version.
        """
        return interface_class(self.class_id, self.version)

    @property
    def name(self) -> str | None:
        """
        The name of its OBIS code.
        """
        return obis_name(self.logical_name)

    def short_name(self, attribute: int) -> int | None:
        """
        @return: the short name of an attribute, or C{None} if the object has none.
        """
        return None if self.base_name is None else self.base_name + 8 * (attribute - 1)

    def with_value(self, attribute: int, value: Data) -> ObjectView:
        """
        @return: the same object with the value of an attribute.
        """
        return evolve(self, values=MappingProxyType({**self.values, attribute: value}))


def object_view(entry: Element) -> ObjectView | None:
    """
    @param entry: Of C{object_list} of Association LN; the shapes of all versions are alike but for the modes.

    @return: the object, or C{None} if it is none.
    """
    notes: Notes = []
    found = kind("object_1").decode(entry, "", notes)
    if not isinstance(found, dict) or not isinstance(found["access_rights"], dict):
        return None
    if not isinstance(found["logical_name"], Obis) or isinstance(found["class_id"], Data):
        return None
    attributes = _attribute_rights(found["access_rights"]["attribute_access"])
    methods = _method_rights(found["access_rights"]["method_access"])
    if attributes is None or methods is None or isinstance(found["version"], Data):
        return None
    return ObjectView(
        class_id=found["class_id"],
        version=found["version"],
        logical_name=found["logical_name"],
        attributes=attributes,
        methods=methods,
    )


def short_name_view(entry: Element) -> ObjectView | None:
    """
    @param entry: Of C{object_list} of Association SN.

    @return: the object, or C{None} if it is none.
    """
    notes: Notes = []
    text = "st{base_name i16, class_id u16, version u8, logical_name LN}"
    found = kind(text).decode(entry, "", notes)
    if not isinstance(found, dict) or any(isinstance(one, Data) for one in found.values()):
        return None
    return ObjectView(**found)


def short_name_rights(
    root: Element,
) -> Iterator[tuple[int, tuple[Mapping[int, AttributeRights], Mapping[int, MethodRights]]]]:
    """
    @param root: C{access_rights_list} of Association SN.

    @return: the base names with their rights.
    """
    text = "st{base_name i16, attribute_access ar attribute_access_1, method_access ar method_access_1}"
    for entry in children(root):
        found = kind(text).decode(entry, "", [])
        if isinstance(found, dict) and isinstance(found["base_name"], int):
            attributes = _attribute_rights(found["attribute_access"])
            methods = _method_rights(found["method_access"])
            yield found["base_name"], (attributes or NO_RIGHTS, methods or NO_RIGHTS)


def _attribute_rights(found: Any) -> Mapping[int, AttributeRights] | None:
    if not isinstance(found, tuple):
        return None
    rights: dict[int, AttributeRights] = {}
    for one in found:
        if not isinstance(one, dict) or any(isinstance(value, Data) for value in one.values()):
            return None
        selectors = one["access_selectors"]
        if selectors is not None and any(isinstance(value, Data) for value in selectors):
            return None
        rights[one["attribute_id"]] = AttributeRights(int(one["access_mode"]), selectors)
    return MappingProxyType(rights) if len(rights) == len(found) else None


def _method_rights(found: Any) -> Mapping[int, MethodRights] | None:
    if not isinstance(found, tuple):
        return None
    rights: dict[int, MethodRights] = {}
    for one in found:
        if not isinstance(one, dict) or any(isinstance(value, Data) for value in one.values()):
            return None
        rights[one["method_id"]] = MethodRights(int(one["access_mode"]))
    return MappingProxyType(rights) if len(rights) == len(found) else None
