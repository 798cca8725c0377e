"""
Descriptions of meters from TOML: the form of C{docs/meter-file.rst}.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Final

from attrs import evolve

from dlms_twisted.cosem.association import ObjectList
from dlms_twisted.cosem.association_json import object_list_from_json
from dlms_twisted.cosem.obis import Obis
from dlms_twisted.errors import ConfigurationError, EncodeError, ObisError
from dlms_twisted.keys.parsing import parse_key, parse_title
from dlms_twisted.security.keys import MeterKeys
from dlms_twisted.server.completion import completed
from dlms_twisted.server.described_association import read_association
from dlms_twisted.server.described_objects import read_object
from dlms_twisted.server.description import DeviceDescription, MeterDescription
from dlms_twisted.server.identity import MAKER
from dlms_twisted.server.loads import QUANTITIES, make_load
from dlms_twisted.server.saved import description_of_saved, objects_of_list, with_list
from dlms_twisted.toml_reader import TomlTable, read_toml

__all__ = ["READY", "description_from", "load_description", "ready_description"]

#: The descriptions that come with this package.
READY: Final = ("household", "pv", "gas-nbiot", "transformer")
_KEYS: Final = ("encryption_key", "authentication_key", "broadcast_key", "master_key")
_LONGEST_FILE: Final = 64 << 20


@cache
def ready_description(name: str) -> MeterDescription:
    """
    @param name: One of L{READY}.

    @raise ConfigurationError: there is none of that name.
    """
    if name not in READY:
        raise ConfigurationError(f"no meter is called {name!r}; one of {', '.join(READY)} wanted")
    file = resources.files("dlms_twisted.server") / "ready" / f"{name}.toml"
    return _read(read_toml(file.read_bytes(), f"{name}.toml"), None)


def load_description(source: Path | str) -> MeterDescription:
    """
    @param source: One of L{READY}, or a file: TOML, or JSON that C{dlms objects --save} wrote.

    @raise ConfigurationError: it cannot be read or is wrong; one line that names the file and the key.
    """
    if str(source) in READY:
        return ready_description(str(source))
    path = Path(source)
    octets = _file(path)
    if path.suffix.lower() == ".json":
        return description_of_saved(_json(octets, str(path)), name=path.name)
    return _read(read_toml(octets, str(path)), path.parent)


def description_from(
    document: Mapping[str, Any], file: str = "description", folder: Path | None = None
) -> MeterDescription:
    """
    @param document: As the TOML form says it.
    @param file: How errors call it.
    @param folder: Where the files lie that it names; C{None} if it may name none.

    @raise ConfigurationError: it is wrong; the text names the key.
    """
    return _read(TomlTable(document, file), folder)


def _read(table: TomlTable, folder: Path | None) -> MeterDescription:
    devices = [_device(table, folder, management=True)]
    devices += [_device(one, folder, management=False) for one in table.tables("device")]
    saps = [one.sap for one in devices]
    if len(set(saps)) != len(saps):
        raise table.error("device", "each needs a sap of its own; the meter itself has 1")
    keys = table.table("keys")
    loads = _loads(table.table("load"))
    for one in devices:
        _check_measured(table, one, loads)
    description = MeterDescription(
        name=table.text("name") or "meter",
        maker=_maker(table),
        devices=tuple(devices),
        loads=loads,
        suite=table.integer("suite", 0, 2) or 0,
        title=table.convert("system_title", parse_title),
        keys=MeterKeys(**{name: keys.convert(name, parse_key) for name in _KEYS}),  # type: ignore[arg-type]
    )
    keys.finish()
    table.finish()
    return description


def _maker(table: TomlTable) -> str:
    maker = table.text("maker") or MAKER
    if len(maker) != 3 or not (maker.isascii() and maker.isalpha() and maker.isupper()):
        raise table.error("maker", "three capital letters wanted")
    return maker


def _loads(table: TomlTable) -> dict[str, Mapping[str, Any]]:
    loads: dict[str, Mapping[str, Any]] = {}
    for name in table:
        options = table.anything(name)
        if not isinstance(options, dict):
            raise table.error(name, "a table wanted")
        try:
            make_load(options, 0)
        except ConfigurationError as error:
            raise ConfigurationError(f"{table.file}: {table.dotted(name)}.{error}") from None
        loads[name] = options
    return loads


def _check_measured(table: TomlTable, device: DeviceDescription, loads: Collection[str]) -> None:
    """
    @raise ConfigurationError: an object measures a load that is not described, or what no load has.
    """
    for plan in device.objects:
        maximum_of = plan.options.get("maximum_of")
        if maximum_of is not None and not _is_demand(device, maximum_of):
            place = f"{table.file}: object {plan}"
            raise ConfigurationError(f"{place}: maximum_of: no such demand register is described")
        quantity = plan.options.get("quantity")
        load = plan.options.get("load", "main")
        if quantity is None:
            continue
        place = f"{table.file}: object {plan}"
        if load not in loads:
            known = ", ".join(loads) or "none"
            raise ConfigurationError(f"{place}: load: no such load is described; {known} wanted")
        if quantity.rstrip("123").removesuffix("-") not in QUANTITIES:
            raise ConfigurationError(f"{place}: quantity: one of {', '.join(QUANTITIES)} wanted")


def _is_demand(device: DeviceDescription, name: object) -> bool:
    try:
        return (5, Obis.parse(str(name)).octets) in device.by_key
    except ObisError:
        return False


def _device(table: TomlTable, folder: Path | None, *, management: bool) -> DeviceDescription:
    sap = 1 if management else (table.integer("sap", 2, 0x3FFF) or 0)
    if not sap:
        raise table.error("sap", "a number from 2 to 16383 wanted")
    listed = _listed(table, folder)
    associations = tuple(read_association(one) for one in table.tables("association"))
    clients = [one.client for one in associations]
    if len(set(clients)) != len(clients):
        raise table.error("association", "each needs a client of its own")
    objects = tuple(read_object(one) for one in table.tables("object"))
    keys = [one.key for one in objects]
    for index, key in enumerate(keys):
        if key in keys[:index]:
            raise table.error(f"object[{index}].obis", "this object was described before")
    if listed is None:
        objects = completed(sap, objects, associations)
    else:
        objects = (*(one for one in objects_of_list(listed) if one.key not in keys), *objects)
        associations = tuple(with_list(one, listed) for one in associations)
    device = DeviceDescription(sap=sap, objects=objects, associations=associations)
    if management:
        return evolve(device, name=table.text("logical_device_name"))
    device = evolve(device, name=table.text("name"))
    table.finish()
    return device


def _listed(table: TomlTable, folder: Path | None) -> ObjectList | None:
    name = table.text("objects_from")
    if name is None:
        return None
    if folder is None:
        raise table.error("objects_from", "no file can be named here")
    path = folder / name
    try:
        return object_list_from_json(_json(_file(path), str(path)))
    except EncodeError as error:
        message = f"{path}: {error}"
    raise ConfigurationError(message)


def _file(path: Path) -> bytes:
    try:
        if path.stat().st_size > _LONGEST_FILE:
            raise ConfigurationError(f"{path}: too long")
        return path.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"{path}: {error.strerror or 'cannot be read'}") from None


def _json(octets: bytes, file: str) -> Any:
    try:
        return json.loads(octets)
    except (ValueError, RecursionError):
        raise ConfigurationError(f"{file}: no JSON document") from None
