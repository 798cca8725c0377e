"""
Register activation (class 6): which registers are active, by the name of a mask.
"""

from __future__ import annotations

from typing import Any, Final

from dlms_twisted.apdu.results import ActionResult, DataAccessResult
from dlms_twisted.codec import build
from dlms_twisted.codec.data import Data
from dlms_twisted.cosem.elements import element_of
from dlms_twisted.server.objects.base import CosemObject, invokes, writes

__all__ = ["RegisterActivation"]

_ASSIGNMENT: Final = 2
_MASKS: Final = 3
_ACTIVE: Final = 4


class RegisterActivation(CosemObject):
    """
    Registers, masks of them, and the mask that is active.  Source: DLMS UA 1000-1 (Blue Book), Register activation.
    """

    CLASS = 6

    __slots__ = ()

    @property
    def active(self) -> tuple[bytes, ...]:
        """
        Logical names of the registers that are active.
        """
        assigned = self.get(_ASSIGNMENT).values
        name = self.get(_ACTIVE).values
        chosen: Any = next((mask for mask in self._masks if mask[0] == name), (b"", ()))
        objects: Any = assigned if isinstance(assigned, tuple) else ()
        # The list counts from 1.
        return tuple(objects[one - 1][1] for one in chosen[1] if 0 < one <= len(objects))

    @property
    def _masks(self) -> tuple[Any, ...]:
        masks = self.get(_MASKS).values
        return masks if isinstance(masks, tuple) else ()

    @writes(_ACTIVE)
    def activate(self, value: Data) -> DataAccessResult:
        """
        Choose a mask that there is; an empty name for none.
        """
        if value.values and value.values not in [mask[0] for mask in self._masks]:
            return DataAccessResult.OTHER_REASON
        self.put(_ACTIVE, value)
        return DataAccessResult.SUCCESS

    @invokes(1)
    def add_register(self, parameter: Data) -> ActionResult:
        """
        Assign one more.
        """
        return self._append(_ASSIGNMENT, parameter, self.meaning(_ASSIGNMENT))

    @invokes(2)
    def add_mask(self, parameter: Data) -> ActionResult:
        """
        Add a mask, or replace that of the same name.
        """
        new = self.interface_class.method(2).parameter.decode(element_of(parameter), "", [])
        return self._append(_MASKS, parameter, self._without(new["mask_name"]))

    @invokes(3)
    def delete_mask(self, parameter: Data) -> ActionResult:
        """
        Take a mask away; if it was active, none is.
        """
        if parameter.values not in [mask[0] for mask in self._masks]:
            return ActionResult.OTHER_REASON
        name = self.interface_class.method(3).parameter.decode(element_of(parameter), "", [])
        self.put(_MASKS, self._without(name))
        if self.get(_ACTIVE) == parameter:
            self.put(_ACTIVE, build.octet_string(b""))
        return ActionResult.SUCCESS

    def _without(self, name: Any) -> list[Any]:
        return [mask for mask in self.meaning(_MASKS) if mask["mask_name"] != name]

    def _append(self, attribute: int, new: Data, old: Any) -> ActionResult:
        self.put(attribute, [*old, new])
        return ActionResult.SUCCESS
