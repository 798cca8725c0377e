"""
Association LN (class 15), and what it has in common with Association SN: what a client sees of its association.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from attrs import evolve

from dlms_twisted.apdu.descriptors import SelectiveAccess
from dlms_twisted.apdu.results import ActionResult, DataAccessResult
from dlms_twisted.codec import build
from dlms_twisted.codec.data import Data
from dlms_twisted.cosem.association import ObjectList
from dlms_twisted.cosem.elements import element_of
from dlms_twisted.cosem.obis import Obis
from dlms_twisted.cosem.object_view import NO_RIGHTS
from dlms_twisted.errors import ConfigurationError
from dlms_twisted.server.described import AssociationDescription
from dlms_twisted.server.objects.base import NO_VALUES, CosemObject, invokes, reads, selects, writes
from dlms_twisted.server.views import AssociationView

__all__ = ["AssociationLN", "AssociationObject"]

_OBJECT_LIST: Final = 2
#: 2.16.756.5.8.1: application contexts; .2: mechanisms (02, section 4).
_CONTEXT: Final = bytes.fromhex("608574050801")
_MECHANISM: Final = bytes.fromhex("608574050802")
_SECURITY_SETUP: Final = Obis(0, 0, 43, 0, 0)
_NO_NAME: Final = Obis(0, 0, 0, 0, 0, 0)
_VERSION: Final = 6
_STRUCTURE: Final = 2


class AssociationObject(CosemObject):
    """
    What both have: whose association it is.
    """

    __slots__ = ("_client",)

    def __init__(
        self,
        name: Obis | str | bytes,
        *,
        values: Mapping[int, Any] = NO_VALUES,
        class_id: int | None = None,
        version: int | None = None,
        client: int = 0,
    ) -> None:
        """
        @param client: Address of the client whose association it is; 0 for the one who asks.
        """
        super().__init__(name, values=values, class_id=class_id, version=version)
        self._client = client

    def added(self, client: int) -> None:
        """
        The current association is that of C{client}.
        """
        if client:
            self._client = client

    @property
    def view(self) -> AssociationView | None:
        """
        What the association shows; C{None} where the meter does not have it, as in a list that was saved.
        """
        return self.device.view(self._client)

    @property
    def plan(self) -> AssociationDescription:
        """
        How the client may associate.

        @raise ConfigurationError: the meter has no such association.
        """
        if self.view is None:
            raise ConfigurationError(f"no association of client {self._client}")
        return self.view.plan

    def _listed(self) -> ObjectList:
        return ObjectList(version=self.version) if self.view is None else self.view.object_list

    @property
    def security_setup(self) -> Obis:
        """
        Logical name of its security setup, or of none.
        """
        is_there = self.device.object(64, _SECURITY_SETUP) is not None
        return _SECURITY_SETUP if is_there else _NO_NAME

    def change_secret(self, parameter: Data) -> ActionResult:
        """
        The secret holds from the next association on.
        """
        secret = parameter.values
        if self.view is None or not isinstance(secret, bytes):
            return ActionResult.OTHER_REASON
        if not self.plan.mechanism:
            return ActionResult.OTHER_REASON
        self.device.change_secret(self._client, secret)
        return ActionResult.SUCCESS


class AssociationLN(AssociationObject):
    """
    An association by logical names.  Its C{reply_to_HLS_authentication} is the session's matter.
    Source: DLMS UA 1000-1 (Blue Book), Association LN.
    """

    CLASS = 15
    VERSION = 1
    READ_ONLY = frozenset({3, 4, 5, 6, 9})

    __slots__ = ()

    @reads(_OBJECT_LIST)
    def object_list(self) -> Data:
        """
        @return: the objects with the rights to them.
        """
        return self.get(_OBJECT_LIST) if self.view is None else self.view.object_list_data

    @selects(_OBJECT_LIST)
    def some_objects(self, selection: SelectiveAccess) -> Data | DataAccessResult:
        """
        Selectors 1 and 2 leave out the rights, of all objects or of those of some classes; 3 and 4 name objects.
        """
        listed = self._listed()
        wanted: Any = selection.access_parameters.values
        match selection.access_selector:
            case 1:
                chosen = tuple(
                    evolve(one, attributes=NO_RIGHTS, methods=NO_RIGHTS) for one in listed
                )
            case 2 if _are_numbers(wanted):
                chosen = tuple(
                    evolve(one, attributes=NO_RIGHTS, methods=NO_RIGHTS)
                    for one in listed
                    if one.class_id in wanted
                )
            case 3 | 4:
                names = wanted if selection.access_selector == 3 else (wanted,)
                if not _are_names(names):
                    return DataAccessResult.TYPE_UNMATCHED
                chosen = tuple(
                    one for one in listed if (one.class_id, one.logical_name.octets) in names
                )
            case 2:
                return DataAccessResult.TYPE_UNMATCHED
            case _:
                return DataAccessResult.SCOPE_OF_ACCESS_VIOLATED
        return evolve(listed, objects=chosen, others=()).to_data()

    @reads(3)
    def associated_partners_id(self) -> Any:
        """
        @return: who is associated with whom.
        """
        if self.view is None:
            return self.get(3)
        server = self.device.description.sap
        return {"client_SAP": _signed(self._client), "server_SAP": server}

    @reads(4)
    def application_context_name(self) -> Data:
        """
        @return: 1 to 4: by logical names or short ones, without or with ciphering.
        """
        if self.view is None:
            return self.get(4)
        return self._name(4, _CONTEXT, 3 if self.plan.ciphered else 1)

    def _name(self, attribute: int, arc: bytes, last: int) -> Data:
        """
        As octets, or as a structure where the real meter had one.
        """
        given = self._given.get(attribute)
        if isinstance(given, Data) and given.tag == _STRUCTURE:
            parts = (2, 16, 756, 5, 8, arc[-1], last)
            names = (
                "joint_iso_ctt",
                "country",
                "country_name",
                "organization",
                "dlms_ua",
                "context",
            )
            return self.interface_class.attribute(attribute).encode(
                dict(zip((*names, "context_id"), parts, strict=True))
            )
        return build.octet_string(arc + bytes((last,)))

    @reads(5)
    def xdlms_context_info(self) -> Any:
        """
        @return: what it can do.
        """
        if self.view is None:
            return self.get(5)
        return {
            "conformance": f"{int(self.plan.conformance):024b}",
            "max_receive_pdu_size": self.plan.max_receive,
            "max_send_pdu_size": self.plan.max_receive,
            "dlms_version_number": _VERSION,
            "quality_of_service": 0,
            "cyphering_info": b"",
        }

    @reads(6)
    def authentication_mechanism_name(self) -> Data:
        """
        @return: the mechanism, 0 to 7.
        """
        if self.view is None:
            return self.get(6)
        return self._name(6, _MECHANISM, int(self.plan.mechanism))

    @reads(7)
    def secret(self) -> DataAccessResult:
        """
        Nobody reads it.
        """
        return DataAccessResult.READ_WRITE_DENIED

    @writes(7)
    def set_secret(self, value: Data) -> DataAccessResult:
        """
        The secret holds from the next association on.
        """
        return DataAccessResult(int(self.change_secret(value)))

    @reads(8)
    def association_status(self) -> int:
        """
        @return: 0 no association, 2 associated.
        """
        return 2 if self.device.is_associated(self._client) else 0

    @reads(9)
    def security_setup_reference(self) -> Any:
        """
        @return: logical name of the security setup.
        """
        return self.get(9) if 9 in self._given else self.security_setup

    @invokes(2)
    def change_hls_secret(self, parameter: Data) -> ActionResult:
        """
        The secret holds from the next association on.
        """
        return self.change_secret(parameter)

    @invokes(5)
    def add_user(self, parameter: Data) -> ActionResult:
        """
        One more in C{user_list}, or another name for a number in it.
        """
        return self._users(5, parameter, keep=True)

    @invokes(6)
    def remove_user(self, parameter: Data) -> ActionResult:
        """
        One fewer.
        """
        return self._users(6, parameter, keep=False)

    def _users(self, method: int, parameter: Data, *, keep: bool) -> ActionResult:
        named = self.interface_class.method(method).parameter.decode(element_of(parameter), "", [])
        users = self.meaning(10)
        left = [one for one in users if one["user_id"] != named["user_id"]]
        if not keep and len(left) == len(users):
            return ActionResult.OTHER_REASON
        self.put(10, [*left, named] if keep else left)
        return ActionResult.SUCCESS


def _signed(client: int) -> int:
    """
    A client's address has eight bits here, signed.
    """
    return (client + 0x80) % 0x100 - 0x80


def _are_numbers(value: Any) -> bool:
    return isinstance(value, tuple) and all(isinstance(one, int) for one in value)


def _are_names(value: Any) -> bool:
    return isinstance(value, tuple) and all(
        isinstance(one, tuple) and len(one) == 2 for one in value
    )
