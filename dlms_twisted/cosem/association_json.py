"""
Object lists from their JSON form: what a simulated meter can be made from.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from dlms_twisted.codec.data import Data
from dlms_twisted.codec.json_form import from_json
from dlms_twisted.cosem.access_rights import mode_of, rights_from_labels
from dlms_twisted.cosem.association import ObjectList
from dlms_twisted.cosem.obis import Obis
from dlms_twisted.cosem.object_view import AttributeRights, MethodRights, ObjectView
from dlms_twisted.errors import EncodeError, ObisError

__all__ = ["object_list_from_json"]


def object_list_from_json(form: Any) -> ObjectList:
    """
    @param form: As L{ObjectList.to_json} gives it.  Names may be missing; in place of C{mode} there may be C{access},
        the rights in words; of an attribute only C{attribute} is needed.

    @raise EncodeError: not that form; the text names the place.
    """
    document = _table(form, "object list")
    said = _table(document.get("association", {}), "association")
    referencing = said.get("referencing", "logical-name")
    if referencing not in {"logical-name", "short-name"}:
        raise EncodeError("association.referencing: logical-name or short-name wanted")
    version = _number(said, "association", "version", 0, 4, 1)
    rules = version - 1 if referencing == "short-name" else version
    objects = _list(document.get("objects", []), "objects")
    others = _list(document.get("others", []), "others")
    return ObjectList(
        referencing=referencing,
        version=version,
        objects=tuple(_object(one, f"objects[{i}]", rules) for i, one in enumerate(objects)),
        others=tuple(_other(one, f"others[{i}]") for i, one in enumerate(others)),
    )


def _object(form: Any, place: str, rules: int) -> ObjectView:
    table = _table(form, place)
    try:
        name = Obis.parse(str(table.get("logical_name", "")))
    except ObisError as error:
        raise EncodeError(f"{place}.logical_name: {error}") from None
    base = table.get("base_name")
    attributes: dict[int, AttributeRights] = {}
    values: dict[int, Data] = {}
    for index, one in enumerate(_list(table.get("attributes", []), f"{place}.attributes")):
        where = f"{place}.attributes[{index}]"
        row = _table(one, where)
        number = _number(row, where, "attribute", -128, 127)
        mode = _mode(row, where, rules, method=False)
        if mode is not None:
            attributes[number] = AttributeRights(mode, _selectors(row, where))
        if row.get("value") is not None:
            values[number] = from_json(row["value"], f"{where}.value")
    return ObjectView(
        class_id=_number(table, place, "class_id", 0, 0xFFFF),
        version=_number(table, place, "version", 0, 0xFF, 0),
        logical_name=name,
        base_name=None if base is None else _number(table, place, "base_name", -0x8000, 0xFFFF),
        attributes=MappingProxyType(attributes),
        methods=_methods(table, place, rules),
        values=MappingProxyType(values),
    )


def _methods(table: Mapping[str, Any], place: str, rules: int) -> Mapping[int, MethodRights]:
    methods = {}
    for index, one in enumerate(_list(table.get("methods", []), f"{place}.methods")):
        where = f"{place}.methods[{index}]"
        row = _table(one, where)
        number = _number(row, where, "method", -128, 127)
        methods[number] = MethodRights(_mode(row, where, rules, method=True) or 0)
    return MappingProxyType(methods)


def _mode(row: Mapping[str, Any], place: str, rules: int, *, method: bool) -> int | None:
    """
    C{mode}, else what C{access} says in words.
    """
    if row.get("mode") is not None:
        return _number(row, place, "mode", 0, 0xFF)
    labels = row.get("access")
    if not labels:
        return None if labels is None or not method else 0
    try:
        rights = rights_from_labels(_list(labels, f"{place}.access"))
    except ValueError as error:
        raise EncodeError(f"{place}.access: {error}") from None
    return mode_of(int(rights), 3, rules, method=method)


def _selectors(row: Mapping[str, Any], place: str) -> tuple[int, ...] | None:
    found = row.get("selectors")
    if found is None:
        return None
    listed = _list(found, f"{place}.selectors")
    if not all(isinstance(one, int) and -128 <= one <= 127 for one in listed):
        raise EncodeError(f"{place}.selectors: numbers from -128 to 127 wanted")
    return tuple(listed)


def _other(form: Any, place: str) -> tuple[int, Data]:
    table = _table(form, place)
    return _number(table, place, "index", 0, 0xFFFFFF), from_json(
        table.get("data"), f"{place}.data"
    )


def _table(value: Any, place: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise EncodeError(f"{place}: an object wanted")
    return value


def _list(value: Any, place: str) -> list[Any]:
    if not isinstance(value, list):
        raise EncodeError(f"{place}: a list wanted")
    return value


def _number(
    table: Mapping[str, Any], place: str, name: str, low: int, high: int, default: int | None = None
) -> int:
    value = table.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise EncodeError(f"{place}.{name}: a number from {low} to {high} wanted")
    return value
