"""
A value with its scaler and unit.
"""

from __future__ import annotations

from contextlib import suppress
from decimal import Decimal
from typing import Any, NamedTuple

from dlms_twisted.client.reference import Reference
from dlms_twisted.codec.data import Data
from dlms_twisted.codec.json_form import to_json
from dlms_twisted.codec.times import DateTime
from dlms_twisted.cosem.elements import ScalerUnit
from dlms_twisted.cosem.names import obis_name
from dlms_twisted.cosem.scaled import number_text, scale
from dlms_twisted.cosem.units import unit_symbol
from dlms_twisted.errors import DecodeError

__all__ = ["Value", "scaler_attribute"]

#: Classes and their attributes that hold times.
_TIMES = {(8, 2), (4, 5), (5, 6), (5, 7)}
#: Where an object says scaler and unit, by class and attribute.
_SCALERS = {(3, 2): 3, (4, 2): 3, (5, 2): 4, (5, 3): 4}


def scaler_attribute(reference: Reference) -> int | None:
    """
    @return: the attribute of the same object that holds scaler and unit; C{None} where none does.
    """
    return _SCALERS.get((reference.class_id or 0, reference.member))


class Value(NamedTuple):
    """
    What an attribute held.

    @ivar reference: Which attribute.
    @ivar value: The number, scaled exactly; else text, octets, a L{DateTime}, or whatever the data holds.
    @ivar unit: Symbol of the unit, C{None} where there is none.
    @ivar scaler: Power of ten, C{None} where there is none.
    @ivar data: As it came.
    """

    reference: Reference
    value: Any
    unit: str | None
    scaler: int | None
    data: Data

    @classmethod
    def of(cls, reference: Reference, data: Data, known: ScalerUnit | None) -> Value:
        """
        @param known: Scaler and unit of the object.
        """
        value: Any = data.values
        if known is not None and type(value) is int:
            value = scale(value, known.scaler)
        if (reference.class_id, reference.member) in _TIMES and isinstance(value, bytes):
            with suppress(DecodeError):
                value = DateTime.from_octets(value)
        unit = None if known is None else unit_symbol(known.unit)
        return cls(reference, value, unit, None if known is None else known.scaler, data)

    def text(self) -> str:
        """
        @return: for people: the number with its unit, text as it is, octets as text where they are text, else in hex.
        """
        value = self.value
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            return _shown(value)
        number = number_text(value)
        return f"{number} {self.unit}" if self.unit else number

    def to_json(self) -> dict[str, Any]:
        """
        @return: the form of C{docs/schema/value.json}.
        """
        value = self.value
        if isinstance(value, Decimal):
            value = number_text(value)
        elif isinstance(value, DateTime):
            value = str(value)
        elif not (value is None or isinstance(value, int | str)):
            value = value.hex() if isinstance(value, bytes) else None
        return {
            "obis": str(self.reference.logical_name),
            "class_id": self.reference.class_id,
            "attribute": self.reference.member,
            "name": obis_name(self.reference.logical_name),
            "value": value,
            "unit": self.unit,
            "scaler": self.scaler,
            "raw": to_json(self.data),
        }


def _shown(value: Any) -> str:
    if isinstance(value, bytes):
        text = value.decode("latin-1")
        return text if text and text.isascii() and text.isprintable() else value.hex()
    if isinstance(value, tuple):
        return "(" + ", ".join(_shown(one) for one in value) + ")"
    return str(value)
