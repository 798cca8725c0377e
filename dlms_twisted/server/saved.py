"""
A simulated meter that is a real one: from the object list that C{dlms objects --save} wrote.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from attrs import evolve

from dlms_twisted.cosem.association import ObjectList
from dlms_twisted.cosem.association_json import object_list_from_json
from dlms_twisted.cosem.object_view import ObjectView
from dlms_twisted.errors import ConfigurationError, EncodeError
from dlms_twisted.server.described import AssociationDescription, ObjectDescription
from dlms_twisted.server.description import DeviceDescription, MeterDescription
from dlms_twisted.server.objects.checks import has_unknown_member

__all__ = ["description_of_list", "description_of_saved", "objects_of_list"]

#: Public and management client: whoever read the list was one of these, or tries to be.
_CLIENTS: Final = (16, 1)
#: Clock, associations, SAP assignment, security setup: what these show follows from the meter, whatever was saved.
_LIVELY: Final = frozenset({8, 12, 15, 17, 64})


def objects_of_list(listed: ObjectList) -> tuple[ObjectDescription, ...]:
    """
    @return: the objects of a list, each once, with the values that it has; those that are missing are the plainest.
    """
    found = {(one.class_id, one.logical_name): _object(one) for one in reversed(listed.objects)}
    return tuple(reversed(found.values()))


def _object(view: ObjectView) -> ObjectDescription:
    known = view.interface_class
    meanings = [known.attribute(number).decode(value) for number, value in view.values.items()]
    fits = not any(one.notes or has_unknown_member(one.value) for one in meanings)
    return ObjectDescription(
        class_id=view.class_id,
        version=view.version,
        logical_name=view.logical_name.octets,
        values=dict(view.values),
        base_name=view.base_name,
        # What an object does goes by the types of its class; a meter that has others keeps its values.
        is_static=not fits and view.class_id not in _LIVELY,
    )


def description_of_list(
    listed: ObjectList,
    associations: Iterable[AssociationDescription] = (),
    *,
    name: str = "saved meter",
) -> MeterDescription:
    """
    @param associations: Who may associate, and how; C{()} for the clients 16 and 1 without any security.  Each sees
        the list, with its rights.

    @return: a meter with that list, octet by octet.
    """
    chosen = tuple(associations) or tuple(AssociationDescription(client=one) for one in _CLIENTS)
    device = DeviceDescription(
        objects=objects_of_list(listed),
        associations=tuple(with_list(one, listed) for one in chosen),
    )
    return MeterDescription(name=name, devices=(device,))


def with_list(plan: AssociationDescription, listed: ObjectList) -> AssociationDescription:
    """
    @return: the association, with objects and rights as listed.
    """
    return evolve(
        plan,
        listed=listed,
        version=listed.version,
        short_names=listed.referencing == "short-name",
    )


def description_of_saved(
    form: Any, associations: Iterable[AssociationDescription] = (), *, name: str = "saved meter"
) -> MeterDescription:
    """
    @param form: The JSON document that was saved.

    @raise ConfigurationError: it is none; the text names the place.
    """
    try:
        listed = object_list_from_json(form)
    except EncodeError as error:
        message = f"{name}: {error}"
    else:
        return description_of_list(listed, associations, name=name)
    raise ConfigurationError(message)
