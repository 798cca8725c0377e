"""
What every meter has, and no description need say: association objects, names, invocation counters.
"""

from __future__ import annotations

from typing import Final

from dlms_twisted.cosem.classes import interface_class
from dlms_twisted.cosem.obis import Obis
from dlms_twisted.server.described import (
    ASSOCIATION_LN,
    ASSOCIATION_SN,
    CURRENT_ASSOCIATION,
    AssociationDescription,
    ObjectDescription,
)

__all__ = ["completed"]

_LOGICAL_DEVICE_NAME: Final = (1, Obis(0, 0, 42, 0, 0))
_SAP_ASSIGNMENT: Final = (17, Obis(0, 0, 41, 0, 0))
_SECURITY_SETUP: Final = (64, Obis(0, 0, 43, 0, 0))
_INVOCATION_COUNTER: Final = (1, Obis(0, 0, 43, 1, 0))


def completed(
    sap: int,
    objects: tuple[ObjectDescription, ...],
    associations: tuple[AssociationDescription, ...],
) -> tuple[ObjectDescription, ...]:
    """
    @return: the objects of a device: first those that are missing and every meter has, then those described.
    """
    wanted = [*_of_associations(associations), _made(*_LOGICAL_DEVICE_NAME)]
    if sap == 1:
        wanted.append(_made(*_SAP_ASSIGNMENT))
    if any(one.ciphered for one in associations):
        wanted += [_made(*_SECURITY_SETUP), _made(*_INVOCATION_COUNTER)]
    described = {one.key for one in objects}
    return (*(one for one in wanted if one.key not in described), *objects)


def _of_associations(associations: tuple[AssociationDescription, ...]) -> list[ObjectDescription]:
    """
    The association that one is in, and each by its number.
    """
    found: list[ObjectDescription] = []
    for class_id, short_names in ((ASSOCIATION_LN, False), (ASSOCIATION_SN, True)):
        mine = [one for one in associations if one.short_names is short_names]
        if mine:
            found.append(_made(class_id, Obis.of(CURRENT_ASSOCIATION), mine[0].version))
    for number, one in enumerate(associations, 1):
        if one.short_names:
            continue
        found.append(
            ObjectDescription(
                class_id=ASSOCIATION_LN,
                version=one.version,
                logical_name=Obis(0, 0, 40, 0, number).octets,
                options={"client": one.client},
            )
        )
    return found


def _made(class_id: int, name: Obis, version: int | None = None) -> ObjectDescription:
    chosen = interface_class(class_id, version).version
    return ObjectDescription(class_id=class_id, version=chosen, logical_name=name.octets)
