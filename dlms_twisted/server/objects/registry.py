"""
Which class of ours is which interface class.  All others are served as values and nothing else.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from inspect import signature
from typing import Any, Final

from dlms_twisted.errors import ConfigurationError
from dlms_twisted.server.described import ObjectDescription
from dlms_twisted.server.objects.base import CosemObject

__all__ = ["CLASSES", "class_of", "make_object", "object_class", "option_names"]

_HERE: Final = "dlms_twisted.server.objects."
#: Number of the interface class to module and class; a module is imported when its class is first needed.
CLASSES: Final[dict[int, str]] = {
    1: "data:DataObject",
    3: "registers:Register",
    4: "demand:MaximumRegister",
    5: "demand:DemandRegister",
    6: "activation:RegisterActivation",
    7: "profile:ProfileGeneric",
    8: "clock:Clock",
    9: "scripts:ScriptTable",
    10: "schedules:Schedule",
    11: "schedules:SpecialDays",
    12: "association_sn:AssociationSN",
    15: "association:AssociationLN",
    17: "sap:SapAssignment",
    18: "image:ImageTransfer",
    19: "link_setup:LinkSetup",
    20: "calendar:ActivityCalendar",
    21: "monitor:RegisterMonitor",
    22: "schedules:SingleActionSchedule",
    23: "link_setup:LinkSetup",
    25: "link_setup:LinkSetup",
    27: "link_setup:LinkSetup",
    28: "link_setup:LinkSetup",
    29: "link_setup:LinkSetup",
    40: "push_setup:PushSetup",
    41: "link_setup:LinkSetup",
    42: "link_setup:IPv4Setup",
    43: "link_setup:LinkSetup",
    45: "link_setup:LinkSetup",
    46: "link_setup:LinkSetup",
    48: "link_setup:IPv6Setup",
    64: "security_setup:SecuritySetupObject",
    70: "disconnect:DisconnectControl",
    71: "limiter:Limiter",
    72: "link_setup:MBusClient",
    74: "link_setup:LinkSetup",
    76: "link_setup:LinkSetup",
}
_COMMON: Final = frozenset({"self", "name", "values", "class_id", "version", "options"})


@cache
def object_class(class_id: int) -> type[CosemObject]:
    """
    @return: the class that serves an interface class.
    """
    named = CLASSES.get(class_id)
    if named is None:
        return CosemObject
    module, _, name = named.partition(":")
    found: type[CosemObject] = getattr(import_module(_HERE + module), name)
    return found


@cache
def option_names(class_id: int) -> frozenset[str]:
    """
    @return: what objects of an interface class can be told besides values.
    """
    found: set[str] = set()
    for one in object_class(class_id).__mro__[:-1]:
        found.update(signature(one.__init__).parameters)  # type: ignore[misc]
    return frozenset(found) - _COMMON


def class_of(plan: ObjectDescription) -> type[CosemObject]:
    """
    @return: the class that serves an object.
    """
    return CosemObject if plan.is_static else object_class(plan.class_id)


def make_object(plan: ObjectDescription) -> CosemObject:
    """
    @return: the object that was described.

    @raise ConfigurationError: an option is unknown.
    """
    options: dict[str, Any] = dict(plan.options)
    unknown = sorted(set(options) - option_names(plan.class_id))
    if unknown:
        known = ", ".join(sorted(option_names(plan.class_id))) or "none"
        raise ConfigurationError(f"{plan}: unknown option {unknown[0]}; one of {known} wanted")
    return class_of(plan)(
        plan.logical_name,
        values=plan.values,
        class_id=plan.class_id,
        version=plan.version,
        **options,
    )
