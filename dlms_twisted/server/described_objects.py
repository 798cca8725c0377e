"""
One object of a meter's description.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from dlms_twisted.codec.data import Data
from dlms_twisted.cosem.access_rights import Rights
from dlms_twisted.cosem.classes import InterfaceClass, class_numbers, interface_class
from dlms_twisted.cosem.obis import Obis
from dlms_twisted.errors import ConfigurationError, ObisError
from dlms_twisted.server.described import ObjectDescription
from dlms_twisted.server.described_values import attribute_number, class_number, described_value
from dlms_twisted.server.objects.registry import make_object, object_class, option_names
from dlms_twisted.toml_reader import TomlTable

__all__ = ["read_object"]

_RIGHTS: Final = {
    "none": Rights(0),
    "read": Rights.READ,
    "write": Rights.WRITE,
    "read-write": Rights.READ | Rights.WRITE,
}


def read_object(table: TomlTable) -> ObjectDescription:
    """
    @param table: C{[[object]]}.

    @raise ConfigurationError: it is wrong; the text names the key.
    """
    known = _class(table)
    name = table.convert("obis", _obis)
    if name is None:
        raise table.error("obis", "a logical name wanted, such as 1-0:1.8.0.255")
    plan = ObjectDescription(
        class_id=known.number,
        version=known.version,
        logical_name=name.octets,
        values=_values(table, known),
        access=_access(table, known),
        base_name=table.integer("base_name", -0x8000, 0xFFFF),
        options=_options(table, known.number),
    )
    table.finish()
    try:
        make_object(plan)
    except (ConfigurationError, TypeError, ValueError) as error:
        key = str(error).partition(":")[0]
        is_key = key in plan.options
        raise table.error(key if is_key else "class", _reason(error, is_key)) from None
    return plan


def _options(table: TomlTable, class_id: int) -> dict[str, Any]:
    said = {name: table.anything(name) for name in sorted(option_names(class_id))}
    return {name: value for name, value in said.items() if value is not None}


def _reason(error: Exception, is_key: bool) -> str:
    text = str(error)
    if is_key:
        return text.partition(": ")[2]
    return text if isinstance(error, ConfigurationError) else "an option is of the wrong type"


def _obis(text: str, key: str) -> Obis:
    try:
        return Obis.parse(text)
    except ObisError as error:
        raise ConfigurationError(f"{key}: {error}") from None


def _class(table: TomlTable) -> InterfaceClass:
    try:
        number = class_number(table.anything("class"))
    except ConfigurationError as error:
        raise table.error("class", str(error)) from None
    version = table.integer("version", 0, 0xFF)
    if version is None and number == object_class(number).CLASS:
        version = object_class(number).VERSION
    if version is None and number in class_numbers():
        version = max(interface_class(number).versions)
    return interface_class(number, version)


def _values(table: TomlTable, known: InterfaceClass) -> Mapping[int, Data]:
    said = table.table("values")
    values: dict[int, Data] = {}
    for key in said:
        number = _number(said, known, key)
        value: Any = said.anything(key)
        try:
            values[number] = described_value(known, number, value)
        except ConfigurationError as error:
            raise ConfigurationError(f"{said.file}: {said.path}.{_place(key, error)}") from None
    return values


def _place(key: str, error: ConfigurationError) -> str:
    """
    Errors of values begin with the attribute's name, which may have been said as a number.
    """
    text = str(error)
    return text if text.startswith(key) else f"{key}: {text}"


def _access(table: TomlTable, known: InterfaceClass) -> Mapping[int, Rights]:
    said = table.table("access")
    access = {}
    for key in said:
        number = _number(said, known, key)
        word = said.text(key) or ""
        if word not in _RIGHTS:
            raise said.error(key, f"one of {', '.join(_RIGHTS)} wanted")
        access[number] = _RIGHTS[word]
    return access


def _number(table: TomlTable, known: InterfaceClass, key: str) -> int:
    try:
        return attribute_number(known, key)
    except ConfigurationError as error:
        raise table.error(key, str(error)) from None
