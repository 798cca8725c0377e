"""
Scalers and units of attributes, fetched once.
"""

from __future__ import annotations

from attrs import evolve

from dlms_twisted.client.reference import Reference
from dlms_twisted.client.services import Services
from dlms_twisted.client.values import Value, scaler_attribute
from dlms_twisted.cosem.elements import ScalerUnit, element_of, scaler_unit
from dlms_twisted.cosem.obis import Obis
from dlms_twisted.errors import AccessRefusedError

__all__ = ["Scalers"]


class Scalers:
    """
    What the objects of one meter say of scaler and unit.
    """

    def __init__(self, services: Services) -> None:
        self._services = services
        self._known: dict[tuple[int | None, Obis, int], ScalerUnit | None] = {}

    async def read(self, what: str | Reference) -> Value:
        """
        @return: an attribute with its unit, scaled.

        @raise AccessRefusedError: the meter refuses the attribute.
        """
        reference = await self._services.reference(what)
        data = await self._services.get(reference)
        return Value.of(reference, data, await self.of(reference))

    async def of(self, reference: Reference) -> ScalerUnit | None:
        """
        @return: scaler and unit of an attribute, C{None} where it has none or the meter refuses them.
        """
        attribute = scaler_attribute(reference)
        if attribute is None:
            return None
        key = (reference.class_id, reference.logical_name, attribute)
        if key not in self._known:
            try:
                data = await self._services.get(evolve(reference, member=attribute))
            except AccessRefusedError:
                self._known[key] = None
            else:
                self._known[key] = scaler_unit(element_of(data))
        return self._known[key]
