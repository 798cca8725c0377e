"""
Columns of a profile: its capture objects, with names that rows can use.

Source: DLMS UA 1000-1 (Blue Book), Profile generic, C{capture_objects}.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from attrs import evolve, frozen

from dlms_twisted.codec.data import Data
from dlms_twisted.cosem.classes import interface_class
from dlms_twisted.cosem.elements import ScalerUnit, children, element_of
from dlms_twisted.cosem.kind_text import kind
from dlms_twisted.cosem.names import NO_OVERLAY, NameOverlay, obis_name
from dlms_twisted.cosem.obis import Obis
from dlms_twisted.cosem.units import unit_symbol
from dlms_twisted.errors import DecodeError

__all__ = ["PROFILE_STATUS", "Column", "columns_of", "status_words", "with_labels"]

_CLOCK: Final = 8
_WORD: Final = re.compile(r"[^0-9A-Za-z]+")
#: What rows have already: the methods of tuples, and theirs.
_RESERVED: Final = frozenset({"count", "index", "as_dict", "columns"})
#: The bits of the status word of load profiles after IDIS and DSMR.
PROFILE_STATUS: Final[Mapping[int, str]] = {
    0: "critical-error",
    1: "clock-invalid",
    2: "data-not-valid",
    3: "daylight-saving",
    5: "clock-adjusted",
    7: "power-down",
}


@frozen(kw_only=True)
class Column:
    """
    One column.

    @ivar class_id: Interface class of the object.
    @ivar logical_name: Its OBIS code.
    @ivar attribute: Which attribute is captured; 0 for all.
    @ivar data_index: 0 for the whole attribute, else which element of it, from 1.
    @ivar scaler: The power of ten of its numbers, C{None} where it is not known.
    @ivar unit: Their symbol, or C{None}.
    @ivar label: How rows call it: a Python name, unique among the columns of a profile.
    """

    class_id: int
    logical_name: Obis
    attribute: int = 2
    data_index: int = 0
    scaler: int | None = None
    unit: str | None = None
    label: str = ""

    @property
    def is_clock(self) -> bool:
        """
        Does it hold the time of the row?
        """
        return self.class_id == _CLOCK and self.attribute == 2

    @property
    def is_status(self) -> bool:
        """
        Does it hold a status word of the profile (0-b:96.10.e)?
        """
        return self.logical_name[0] == 0 and self.logical_name[2:4] == (96, 10)

    @property
    def name(self) -> str:
        """
        What it is in plain English: the name of its code, with the attribute where that is not the value.
        """
        known = obis_name(self.logical_name) or str(self.logical_name)
        if self.attribute == 2:
            return known
        return f"{known}, {interface_class(self.class_id).attribute(self.attribute).name}"

    def scaled_with(self, known: ScalerUnit) -> Column:
        """
        @return: the same column with scaler and unit.
        """
        return evolve(self, scaler=known.scaler, unit=unit_symbol(known.unit))


def columns_of(
    capture_objects: Data,
    scalers: Mapping[Obis, ScalerUnit] | None = None,
    names: NameOverlay = NO_OVERLAY,
) -> tuple[Column, ...]:
    """
    @param capture_objects: The attribute as read, of Profile generic, Compact data (any version) or a register table.
    @param scalers: Scaler and unit of objects, as read from the meter.
    @param names: Names of OBIS codes that go before the rules.

    @return: the columns, labelled.

    @raise DecodeError: an entry is no capture object; the text says which.
    """
    columns = []
    for index, entry in enumerate(children(element_of(capture_objects))):
        fields = children(entry)
        if len(fields) not in {4, 5, 6}:
            raise DecodeError(f"capture_objects[{index}]: a capture object wanted", 0)
        name = kind("LN").decode(fields[1], "", [])
        numbers = [one.value for one in (fields[0], fields[2], fields[3])]
        if not isinstance(name, Obis) or not all(type(one) is int for one in numbers):
            raise DecodeError(f"capture_objects[{index}]: a capture object wanted", 0)
        class_id, attribute, data_index = numbers
        column = Column(
            class_id=class_id, logical_name=name, attribute=attribute, data_index=data_index
        )
        known = (scalers or {}).get(name)
        # Registers have their scaler on the value alone, not on status or time.
        if known is not None and _is_value(column):
            column = column.scaled_with(known)
        columns.append(column)
    return with_labels(columns, names)


def _is_value(column: Column) -> bool:
    values = {3: {2}, 4: {2}, 5: {2, 3}, 61: {2}}
    return column.attribute in values.get(column.class_id, {2})


def with_labels(columns: Iterable[Column], names: NameOverlay = NO_OVERLAY) -> tuple[Column, ...]:
    """
    @return: the columns with labels made of their names: C{clock}, C{active_energy_import_tariff_1}; a second of the
        same name has C{_2} behind it.  Labels that are there are kept.
    """
    taken: set[str] = set()
    labelled = []
    for column in columns:
        base = column.label or _label(column, names)
        label, number = base, 1
        while label in taken:
            number += 1
            label = f"{base}_{number}"
        taken.add(label)
        labelled.append(evolve(column, label=label))
    return tuple(labelled)


def _label(column: Column, names: NameOverlay) -> str:
    said = names.name(column.logical_name) if column.attribute == 2 else None
    known = said or obis_name(column.logical_name)
    text = column.name if said is None else said
    if known is None:
        text = "obis_" + text
    word = _WORD.sub("_", text).strip("_").lower() or "column"
    if column.data_index:
        word += f"_{column.data_index}"
    if word[0].isdigit():
        word = "c_" + word
    return word + "_" if keyword.iskeyword(word) or word in _RESERVED else word


def status_words(value: object, bits: Mapping[int, str] = PROFILE_STATUS) -> tuple[str, ...]:
    """
    @param value: A status word: a number, or a bit-string as text (its first character is bit 0).
    @param bits: What the bits mean; those of load profiles where nothing is said.

    @return: the words of the bits that are set; C{"bit-9"} for one without a word; nothing for what is no status.
    """
    if isinstance(value, str):
        found = [index for index, one in enumerate(value) if one == "1"]
    elif isinstance(value, int) and value >= 0:
        found = [index for index in range(value.bit_length()) if value >> index & 1]
    else:
        found = []
    return tuple(bits.get(index, f"bit-{index}") for index in found)


def same_columns(first: Sequence[Column], second: Sequence[Column]) -> bool:
    """
    @return: whether both name the same attributes in the same order, whatever their labels.
    """
    keys = [
        [(one.class_id, one.logical_name, one.attribute, one.data_index) for one in columns]
        for columns in (first, second)
    ]
    return keys[0] == keys[1]
