"""
Association SN (class 12): what a client sees of an association by short names.
"""

from __future__ import annotations

from typing import Any, Final

from attrs import evolve

from dlms_twisted.apdu.results import ActionResult, DataAccessResult
from dlms_twisted.codec import build
from dlms_twisted.codec.data import Data
from dlms_twisted.cosem.access_rights import Rights
from dlms_twisted.cosem.elements import element_of
from dlms_twisted.cosem.obis import Obis
from dlms_twisted.server.objects.association import AssociationObject
from dlms_twisted.server.objects.base import invokes, reads
from dlms_twisted.session.served import Caller

__all__ = ["AssociationSN"]

_OBJECT_LIST: Final = 2


class AssociationSN(AssociationObject):
    """
    An association by short names.  Source: DLMS UA 1000-1 (Blue Book), Association SN.
    """

    CLASS = 12
    VERSION = 2
    READ_ONLY = frozenset({4})

    __slots__ = ()

    @reads(_OBJECT_LIST)
    def object_list(self) -> Data:
        """
        @return: the objects with their short names.
        """
        return self.get(_OBJECT_LIST) if self.view is None else self.view.object_list_data

    @reads(3)
    def access_rights_list(self) -> Data:
        """
        @return: the rights to them.
        """
        return self.get(3) if self.view is None else self.view.rights_data

    @reads(4)
    def security_setup_reference(self) -> Any:
        """
        @return: logical name of the security setup.
        """
        return self.get(4) if 4 in self._given else self.security_setup

    @invokes(1)
    def getlist_by_classid(self, parameter: Data) -> Data:
        """
        @return: the objects of one class.
        """
        listed = self._listed()
        chosen = tuple(one for one in listed if one.class_id == parameter.values)
        return evolve(listed, objects=chosen, others=()).to_data()

    @invokes(2)
    def getobj_by_logicalname(self, parameter: Data) -> Data:
        """
        @return: the objects of one logical name.
        """
        listed = self._listed()
        chosen = tuple(one for one in listed if one.logical_name.octets == parameter.values)
        return evolve(listed, objects=chosen, others=()).to_data()

    @invokes(5)
    def change_secret_now(self, parameter: Data) -> ActionResult:
        """
        The secret holds from the next association on.
        """
        return self.change_secret(parameter)

    @invokes(6)
    def change_hls_secret(self, parameter: Data) -> ActionResult:
        """
        Likewise.
        """
        return self.change_secret(parameter)

    def invoke(
        self, method: int, parameter: Data | None, caller: Caller
    ) -> tuple[ActionResult, Data | None]:
        """
        @return: as C{act}; C{read_by_logicalname} depends on what the caller may read.
        """
        if method != 3:
            return self.act(method, parameter)
        known = self.interface_class.method(3).parameter
        notes: list[str] = []
        asked = None if parameter is None else known.decode(element_of(parameter), "", notes)
        if asked is None or notes:
            return ActionResult.TYPE_UNMATCHED, None
        values = []
        for one in asked:
            found = self._read(one["class_id"], one["logical_name"], one["attribute_index"], caller)
            if not isinstance(found, Data):
                return ActionResult(int(found)), None
            values.append(found)
        return ActionResult.SUCCESS, build.structure(*values)

    def _read(
        self, class_id: int, name: Obis, attribute: int, caller: Caller
    ) -> Data | DataAccessResult:
        served = self.device.find(caller.association, class_id, name.octets)
        if served is None:
            return DataAccessResult.OBJECT_UNDEFINED
        if Rights.READ not in self.device.rights(caller.association, served, attribute):
            return DataAccessResult.READ_WRITE_DENIED
        return served.read(attribute, None, caller)
