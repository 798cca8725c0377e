"""
What one association shows of a logical device: its objects, its rights, and short names.

Made once for all meters of a description.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from functools import cached_property
from types import MappingProxyType
from typing import Final, NamedTuple

from dlms_twisted.codec.data import Data
from dlms_twisted.cosem.access_rights import Rights, mode_of
from dlms_twisted.cosem.association import ObjectList
from dlms_twisted.cosem.classes import Attribute
from dlms_twisted.cosem.obis import Obis
from dlms_twisted.cosem.object_view import AttributeRights, MethodRights, ObjectView
from dlms_twisted.server.described import (
    ASSOCIATION_LN,
    AssociationDescription,
    ObjectDescription,
)
from dlms_twisted.server.objects.registry import class_of

__all__ = ["AssociationView", "Member"]

#: Base names that the standard gives (IEC 62056-5-3, reserved base_names): class and logical name to name.
_RESERVED: Final = {
    (12, Obis(0, 0, 40, 0, 0).octets): 0xFA00,
    (9, Obis(0, 0, 10, 0, 125).octets): 0xFB00,
    (17, Obis(0, 0, 41, 0, 0).octets): 0xFC00,
    (1, Obis(0, 0, 42, 0, 0).octets): 0xFD00,
}
_FIRST: Final = 0x0100
_BY_TABLE: Final = {
    "read": Rights.READ,
    "write": Rights.WRITE,
    "read-write": Rights.READ | Rights.WRITE,
}
_SELECTORS: Final = {(7, 2): (1, 2), (ASSOCIATION_LN, 2): (1, 2, 3, 4)}


class Member(NamedTuple):
    """
    What a short name stands for.

    @ivar number: Of the attribute or method.
    """

    plan: ObjectDescription
    number: int
    is_method: bool


class AssociationView:
    """
    One association of one device.

    @ivar plan: The association.
    """

    def __init__(
        self, objects: tuple[ObjectDescription, ...], plan: AssociationDescription
    ) -> None:
        """
        @param objects: All of the logical device.
        """
        self.plan = plan
        self._all = objects
        self._rights: dict[tuple[int, bytes, int, bool], Rights] = {}

    @cached_property
    def objects(self) -> tuple[ObjectDescription, ...]:
        """
        Those that it shows, in order.
        """
        if self.plan.listed is not None:
            return tuple(one for one in self._all if one.key in self._listed)
        return tuple(one for one in self._all if self.plan.sees(one))

    @cached_property
    def _listed(self) -> dict[tuple[int, bytes], ObjectView]:
        views = () if self.plan.listed is None else self.plan.listed.objects
        return {(one.class_id, one.logical_name.octets): one for one in views}

    @cached_property
    def _keys(self) -> frozenset[tuple[int, bytes]]:
        return frozenset(one.key for one in self.objects)

    @cached_property
    def _by_name(self) -> dict[bytes, tuple[ObjectDescription, ...]]:
        found: dict[bytes, tuple[ObjectDescription, ...]] = {}
        for one in self.objects:
            found[one.logical_name] = (*found.get(one.logical_name, ()), one)
        return found

    def find(self, class_id: int | None, logical_name: bytes) -> ObjectDescription | None:
        """
        @param class_id: C{None} for any.

        @return: the object, if it is shown.
        """
        for one in self._by_name.get(logical_name, ()):
            if class_id in {None, one.class_id}:
                return one
        return None

    def rights(self, plan: ObjectDescription, member: int, *, method: bool = False) -> Rights:
        """
        @return: what may be done with an attribute, or a method.
        """
        asked = (*plan.key, member, method)
        found = self._rights.get(asked)
        if found is None:
            found = self._judged(plan, member, method=method)
            # Numbers that stand for nothing are many.
            if found:
                self._rights[asked] = found
        return found

    def _judged(self, plan: ObjectDescription, member: int, *, method: bool) -> Rights:
        if plan.key not in self._keys:
            return Rights(0)
        if self.plan.listed is not None:
            return self._listed_rights(self.plan.listed, plan, member, method)
        known = plan.interface_class
        if method:
            is_there = member in known.methods and (self.plan.writes or self._is_entry(plan))
            return Rights.READ if is_there else Rights(0)
        # Protection is the policy's matter; here, reading and writing.
        most = Rights.READ | Rights.WRITE if self.plan.writes else Rights.READ
        if member in plan.access:
            return plan.access[member] & most
        attribute = known.attributes.get(member)
        if attribute is None:
            return Rights.READ if member in plan.values else Rights(0)
        if member in class_of(plan).read_only(plan):
            most = Rights.READ
        return _of_table(attribute) & most

    def _is_entry(self, plan: ObjectDescription) -> bool:
        """
        A client that may do nothing else must still get through the high authentication.
        """
        return plan.is_current_association and self.plan.mechanism.is_high

    def _listed_rights(
        self, listed: ObjectList, plan: ObjectDescription, member: int, method: bool
    ) -> Rights:
        view = self._listed.get(plan.key)
        if view is None:
            return Rights(0)
        if not view.attributes and not view.methods:
            # A list that says no rights, as those of short names: what the class has.
            known = view.interface_class
            if method:
                return Rights.READ if member in known.methods else Rights(0)
            return _of_table(known.attributes[member]) if member in known.attributes else Rights(0)
        return listed.method_rights(view, member) if method else listed.rights(view, member)

    @cached_property
    def object_list(self) -> ObjectList:
        """
        The list, as the association's attribute says it.
        """
        if self.plan.listed is not None:
            return self.plan.listed
        return ObjectList(
            referencing="short-name" if self.plan.short_names else "logical-name",
            version=self.plan.version,
            objects=tuple(self._view(one) for one in self.objects),
        )

    @cached_property
    def object_list_data(self) -> Data:
        """
        The attribute itself: of a long list, thousands of elements.
        """
        return self.object_list.to_data()

    @cached_property
    def rights_data(self) -> Data:
        """
        The rights of an association by short names.
        """
        return self.object_list.rights_to_data()

    def _view(self, plan: ObjectDescription) -> ObjectView:
        rules = self.plan.version - 1 if self.plan.short_names else self.plan.version
        known = plan.interface_class
        numbers = sorted({*known.attributes, *plan.values})
        attributes = {
            number: AttributeRights(
                mode_of(int(self.rights(plan, number)), 3, rules),
                _SELECTORS.get((plan.class_id, number)),
            )
            for number in numbers
        }
        methods = {
            number: MethodRights(
                mode_of(int(self.rights(plan, number, method=True)), 3, rules, method=True)
            )
            for number in known.methods
        }
        return ObjectView(
            class_id=plan.class_id,
            version=plan.version,
            logical_name=Obis.of(plan.logical_name),
            base_name=self._base(plan),
            attributes=MappingProxyType(attributes),
            methods=MappingProxyType(methods),
        )

    # -- short names -----------------------------------------------------------------------------

    def _base(self, plan: ObjectDescription) -> int | None:
        if not self.plan.short_names:
            return None
        name = next(base for base, one in self._bases if one is plan)
        return name - 0x10000 if name > 0x7FFF else name

    @cached_property
    def _bases(self) -> tuple[tuple[int, ObjectDescription], ...]:
        """
        Base names in order, each with its object.
        """
        found = []
        following = _FIRST
        for one in self.objects:
            fixed = one.base_name if one.base_name is not None else _RESERVED.get(one.key)
            if fixed is not None:
                found.append((fixed & 0xFFFF, one))
                continue
            found.append((following, one))
            following += _length(one)
        return tuple(sorted(found, key=lambda pair: pair[0]))

    def short_name(self, name: int) -> Member | None:
        """
        @param name: 16 bits.

        @return: what it stands for.
        """
        index = bisect_right(self._bases, name & 0xFFFF, key=lambda pair: pair[0]) - 1
        if index < 0:
            return None
        base, plan = self._bases[index]
        offset = (name & 0xFFFF) - base
        known = plan.interface_class
        for number, method in known.methods.items():
            if method.short_name == offset:
                return Member(plan, number, True)
        number, rest = divmod(offset, 8)
        if rest or (number + 1 not in known.attributes and number + 1 not in plan.values):
            return None
        return Member(plan, number + 1, False)


def _of_table(attribute: Attribute) -> Rights:
    return _BY_TABLE[attribute.access]


def _length(plan: ObjectDescription) -> int:
    """
    @return: how many short names an object takes up, eight by eight.
    """
    known = plan.interface_class
    attributes: Iterable[int] = (8 * number for number in known.attributes)
    methods = (one.short_name + 1 for one in known.methods.values() if one.short_name is not None)
    return (max(*attributes, *methods, 8) + 7) // 8 * 8
