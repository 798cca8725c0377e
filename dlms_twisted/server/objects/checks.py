"""
Do values fit the table of interface classes?  What do they mean?
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from dlms_twisted.codec.data import Data
from dlms_twisted.codec.tags import NULL_DATA
from dlms_twisted.cosem.classes import Attribute, interface_class
from dlms_twisted.cosem.elements import element_of
from dlms_twisted.cosem.kinds import Kind, ZeroKind
from dlms_twisted.cosem.named import Member
from dlms_twisted.cosem.obis import Obis

__all__ = ["has_unknown_member", "meaning_of", "misfits", "octets_of", "parameter_fits"]


@lru_cache(maxsize=2048)
def meaning_of(class_id: int, version: int, attribute: int, value: Data) -> Any:
    """
    @return: a value as the table decodes it.  Meters of one description have the same values, most of which never
        change: they share what these mean.
    """
    return interface_class(class_id, version).attribute(attribute).decode(value).value


def has_unknown_member(meaning: Any) -> bool:
    """
    @param meaning: A value as the table decodes it.

    @return: is there a number in it that its enumeration does not have?
    """
    if isinstance(meaning, Member):
        return meaning.label is None
    if isinstance(meaning, dict):
        return any(has_unknown_member(one) for one in meaning.values())
    return isinstance(meaning, tuple) and any(has_unknown_member(one) for one in meaning)


def octets_of(name: Obis | str | bytes) -> bytes:
    """
    @return: a logical name as on the wire.

    @raise ObisError: it is none.
    """
    if isinstance(name, str):
        return Obis.parse(name).octets
    return Obis.of(name).octets if isinstance(name, bytes) else name.octets


def misfits(known: Attribute, value: Data) -> bool:
    """
    Is C{value} not of the type of an attribute?
    """
    return bool(known.decode(value).notes)


def parameter_fits(kind: Kind, parameter: Data | None) -> bool:
    """
    Can a method whose parameter is of that type take C{parameter}?
    """
    if isinstance(kind, ZeroKind):
        # Whether "integer 0" is sent, or nothing, is the client's habit.
        return parameter is None or parameter.tag in {NULL_DATA, kind.tag}
    if parameter is None:
        return False
    notes: list[str] = []
    kind.decode(element_of(parameter), "", notes)
    return not notes
