"""
A reading: one value that a message or a meter gave, with its meaning.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, NamedTuple

from dlms_twisted.cosem.obis import Obis
from dlms_twisted.cosem.scaled import number_text

__all__ = ["Reading"]


class Reading(NamedTuple):
    """
    One value with its meaning.

    @ivar obis: Which object.
    @ivar class_id: Its interface class; where the message does not say it, what its value fits best.
    @ivar attribute: Index of the attribute.
    @ivar name: In plain English, or C{None}.
    @ivar value: The exact number, scaled; or a text (a time is ISO 8601); C{None} where only C{raw} shows it.
    @ivar unit: Symbol, C{None} for a plain number and where the unit is not known.
    @ivar scaler: The power of ten that C{value} was scaled by; C{None} where none is known and C{value} is as it
        was transmitted.
    @ivar raw: The element as a data tree.
    @ivar time: ISO 8601 with the offset from UTC; without it where the meter does not say it; or C{None}.
    @ivar status: The status word that came with the value, else the clock status that came with C{time}.
    @ivar source: How the value got its meaning, so that a wrong mapping can be found.
    """

    obis: Obis
    class_id: int
    attribute: int
    name: str | None
    value: int | Decimal | str | None
    unit: str | None
    scaler: int | None
    raw: Any
    time: str | None
    status: int | None
    source: str

    def to_json(self) -> dict[str, Any]:
        """
        @return: the JSON form: a Decimal is text with all its digits, so that nothing is rounded.
        """
        value = number_text(self.value) if isinstance(self.value, Decimal) else self.value
        return {**self._asdict(), "obis": str(self.obis), "value": value}
