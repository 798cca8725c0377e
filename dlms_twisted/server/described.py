"""
The parts of a meter's description: one object, one association.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from types import MappingProxyType
from typing import Any, Final

from attrs import field, frozen

from dlms_twisted.apdu.conformance import Conformance
from dlms_twisted.codec.data import Data
from dlms_twisted.cosem.access_rights import Rights
from dlms_twisted.cosem.association import ObjectList
from dlms_twisted.cosem.classes import InterfaceClass, interface_class
from dlms_twisted.cosem.obis import Obis, ObisPattern
from dlms_twisted.security.hls import Mechanism
from dlms_twisted.security.policy import Policy

__all__ = [
    "ASSOCIATION_LN",
    "ASSOCIATION_SN",
    "CURRENT_ASSOCIATION",
    "AssociationDescription",
    "ObjectDescription",
]

ASSOCIATION_SN: Final = 12
ASSOCIATION_LN: Final = 15
#: Logical name of the association in which one is.
CURRENT_ASSOCIATION: Final = Obis(0, 0, 40, 0, 0).octets
_NOTHING: Final[Mapping[Any, Any]] = MappingProxyType({})
_ANY_NAME: Final = (ObisPattern.parse("*-*:*.*.*.*"),)
_ALL: Final = Conformance(0x00FFFFFF)


@frozen(kw_only=True, slots=False, eq=False)
class ObjectDescription:
    """
    One object.

    @ivar values: Of attributes, by number; those that are missing follow from the meter, or are the plainest.
    @ivar options: What its class is told besides, by name.
    @ivar access: Rights of attributes that are not those of the table, by number.
    @ivar base_name: Its short name, where it is fixed.
    @ivar is_static: It is served as values and nothing else, whatever its class.
    """

    class_id: int
    version: int
    logical_name: bytes
    values: Mapping[int, Data] = _NOTHING
    options: Mapping[str, Any] = _NOTHING
    access: Mapping[int, Rights] = _NOTHING
    base_name: int | None = None
    is_static: bool = False

    @property
    def interface_class(self) -> InterfaceClass:
        """
        The table of its class.
        """
        return interface_class(self.class_id, self.version)

    @cached_property
    def key(self) -> tuple[int, bytes]:
        """
        Class and logical name.
        """
        return self.class_id, self.logical_name

    @property
    def is_current_association(self) -> bool:
        """
        Is this the association in which the one that asks is, whichever that be?
        """
        return (
            self.class_id in {ASSOCIATION_LN, ASSOCIATION_SN}
            and self.logical_name == CURRENT_ASSOCIATION
        )

    def __str__(self) -> str:
        return f"{self.class_id}/{Obis.of(self.logical_name)}"


@frozen(kw_only=True, slots=False, eq=False)
class AssociationDescription:
    """
    How one client may associate, and what it then sees.

    @ivar client: Its address.
    @ivar name: In words.
    @ivar version: Of the association's class; what access modes mean depends on it.
    @ivar secret: Password or secret; C{None} for one by rule, different in each meter.
    @ivar security: Demanded of requests.
    @ivar answers: Demanded of answers besides.
    @ivar objects: Which it sees.
    @ivar writes: May it write and run methods, where the class has it?
    @ivar listed: The object list of a real meter: objects and rights are those and no others.
    @ivar client_title: System title of the client, where only one will do.
    @ivar client_signing_key: Public key with which its signatures are verified: 64 or 96 octets.
    @ivar client_agreement_key: Public key with which keys are agreed for single messages to it.
    """

    client: int
    name: str = ""
    version: int = 1
    mechanism: Mechanism = Mechanism.LOWEST
    short_names: bool = False
    ciphered: bool = False
    secret: bytes | None = field(default=None, repr=False)
    security: Policy = Policy.NONE
    answers: Policy = Policy.NONE
    pre_established: bool = False
    conformance: Conformance = _ALL
    max_receive: int = 0xFFFF
    authentication_timeout: float = 30.0
    objects: tuple[ObisPattern, ...] = _ANY_NAME
    writes: bool = True
    listed: ObjectList | None = None
    client_title: bytes | None = None
    client_signing_key: bytes | None = field(default=None, repr=False)
    client_agreement_key: bytes | None = field(default=None, repr=False)

    def sees(self, plan: ObjectDescription) -> bool:
        """
        Does it show the object, where there is no list that says it?
        """
        name = Obis.of(plan.logical_name)
        if plan.class_id == (ASSOCIATION_LN if self.short_names else ASSOCIATION_SN):
            return False
        return plan.is_current_association or any(one.matches(name) for one in self.objects)
