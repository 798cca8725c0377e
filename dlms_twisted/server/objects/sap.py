"""
SAP assignment (class 17): the logical devices of the meter.
"""

from __future__ import annotations

from typing import Any

from dlms_twisted.server.objects.base import CosemObject, reads

__all__ = ["SapAssignment"]


class SapAssignment(CosemObject):
    """
    The list of logical devices, as they are.
    """

    CLASS = 17
    READ_ONLY = frozenset({2})

    __slots__ = ()

    @reads(2)
    def devices(self) -> Any:
        """
        @return: address and name of each.
        """
        if 2 in self._given:
            return self.get(2)
        return [
            {"SAP": one.description.sap, "logical_device_name": one.name}
            for one in self.meter.devices
        ]
