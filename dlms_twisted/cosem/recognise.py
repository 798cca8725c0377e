"""
Which element of a pushed body belongs to which object: by the object list inside, or by the forms that meters use.

Nothing here knows a market: what only a market's table can say is a layout (L{dlms_twisted.cosem.push_layouts}).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from dlms_twisted.codec.tags import ARRAY, BY_NAME, NULL_DATA, OCTET_STRING, STRUCTURE
from dlms_twisted.cosem.elements import (
    ENUM,
    INTEGERS,
    Element,
    ScalerUnit,
    children,
    is_logical_name,
    is_time,
    scaler_unit,
    text,
)

__all__ = ["CLOCK", "Found", "is_clock", "is_push_setup", "object_list", "recognise"]

_INTEGER: Final = BY_NAME["integer"].tag
_LONG_UNSIGNED: Final = BY_NAME["long-unsigned"].tag
#: The class of push setups, whose attribute 2 is the object list.
_PUSH_SETUP: Final = 40
#: The logical names that a form implies without sending them.
CLOCK: Final = bytes((0, 0, 1, 0, 0, 255))
_DEVICE_NAME: Final = bytes((0, 0, 42, 0, 0, 255))
#: The source of a clock that stands without its name before the pairs; alone it says nothing.
_LEADING: Final = "leading time"
#: Most elements that a row of one object has.
_ROW: Final = 6


class Found(NamedTuple):
    """
    One value and the object that it belongs to.

    @ivar logical_name: Six octets.
    @ivar class_id: Interface class, or C{None} where the message does not say it.
    @ivar attribute: Index, or C{None} likewise.
    @ivar element: The value.
    @ivar scaler: A power of ten, where the message says it.
    @ivar unit: A number of the enumeration of units, where the message says it; a symbol where a layout does.
    @ivar time: The value's own time, twelve octets.
    @ivar status: The value's own status word.
    @ivar source: The form that said so.
    """

    logical_name: bytes
    element: Element
    source: str
    class_id: int | None = None
    attribute: int | None = None
    scaler: int | None = None
    unit: int | str | None = None
    time: bytes | None = None
    status: int | None = None


class ObjectDefinition(NamedTuple):
    """
    One entry of a push object list.
    """

    class_id: int
    logical_name: bytes
    attribute: int
    data_index: int


def is_clock(logical_name: bytes) -> bool:
    """
    Is this the name of a clock, 0-b:1.0.e.255?
    """
    return logical_name[0] == 0 and logical_name[2:4] == b"\x01\x00"


def is_push_setup(logical_name: bytes) -> bool:
    """
    Is this the name of a push setup, 0-b:25.9.e.255?
    """
    return logical_name[0] == 0 and logical_name[2:4] == b"\x19\x09"


def recognise(elements: Sequence[Element]) -> list[Found]:
    """
    @param elements: Those of the outermost structure or array.

    @return: what is known of them, in their order.  Elements that no form knows are not in it.
    """
    objects = object_list(elements[0]) if elements else ()
    if objects:
        return _by_object_list(objects, elements)
    row = _row(elements)
    if row is not None:
        return [row]
    return _scan(elements)


def object_list(element: Element) -> tuple[ObjectDefinition, ...]:
    """
    @return: the entries, if C{element} is a push object list: an array of structures of class, logical name,
        attribute and data index (and more in newer versions); else nothing.
    """
    if element.tag != ARRAY or not element.value:
        return ()
    definitions = []
    for entry in children(element):
        fields = children(entry)
        if entry.tag != STRUCTURE or len(fields) < 4:
            return ()
        class_id, name, attribute, index = fields[:4]
        if class_id.tag != _LONG_UNSIGNED or not _six(name) or index.tag != _LONG_UNSIGNED:
            return ()
        if attribute.tag not in INTEGERS:
            return ()
        definitions.append(
            ObjectDefinition(class_id.value, name.value, attribute.value, index.value)
        )
    return tuple(definitions)


def _six(element: Element) -> bool:
    return element.tag == OCTET_STRING and len(element.value) == 6


def _by_object_list(
    objects: Sequence[ObjectDefinition], elements: Sequence[Element]
) -> list[Found]:
    """
    The list describes itself too where its first entry is the push setup's attribute 2.
    """
    first = objects[0]
    itself = first.class_id == _PUSH_SETUP and first.attribute == 2
    described = objects[1:] if itself else objects
    values = elements[1:]
    note = ""
    if len(described) != len(values):
        note = f" ({len(values)} values for {len(described)} objects)"
    found: list[Found] = []
    for definition, element in zip(described, values, strict=False):
        found.extend(_described(definition, element, "object-list" + note))
    return _with_scalers(found)


def _described(definition: ObjectDefinition, element: Element, source: str) -> list[Found]:
    name, class_id = definition.logical_name, definition.class_id
    if definition.attribute == 0:
        # All attributes as one structure, the logical name first.
        return [
            Found(name, part, source, class_id, index + 1)
            for index, part in enumerate(children(element))
            if index
        ] or [Found(name, element, source, class_id, 0)]
    return [Found(name, element, source, class_id, definition.attribute)]


def _with_scalers(found: list[Found]) -> list[Found]:
    """
    A C{scaler_unit} that was pushed as an attribute of its own belongs to the value of the same object.
    """
    scalers: dict[bytes, ScalerUnit] = {}
    for one in found:
        if one.attribute == {3: 3, 4: 3, 5: 4, 61: 4}.get(one.class_id or 0):
            pushed = scaler_unit(one.element)
            if pushed is not None:
                scalers[one.logical_name] = pushed
    if not scalers:
        return found
    return [
        one._replace(scaler=known.scaler, unit=known.unit)
        if (known := scalers.get(one.logical_name)) is not None and scaler_unit(one.element) is None
        else one
        for one in found
    ]


def _scan(elements: Sequence[Element]) -> list[Found]:
    """
    Logical names each followed by its value, rows of one object each, or both mixed.
    """
    found: list[Found] = []
    index = 0
    in_pairs = True
    while index < len(elements):
        element = elements[index]
        if in_pairs and is_logical_name(element):
            taken, one = _pair(elements, index)
            found.extend(one)
            index += taken
            continue
        index += 1
        nested = children(element)
        if nested:
            row = _row(nested)
            found.extend([row] if row is not None else _scan(nested))
        elif index == 1 and is_time(element):
            found.append(Found(CLOCK, element, _LEADING, 8, 2))
        elif not found and text(element) is None and element.tag != NULL_DATA:
            # Logical names behind numbers are parameters of something else, not the start of a list of pairs.
            in_pairs = False
    if len(found) == 1 and found[0].source == _LEADING:
        return []
    return found


def _pair(elements: Sequence[Element], index: int) -> tuple[int, list[Found]]:
    """
    A logical name and what belongs to it.

    @return: how many elements that is, and the value if there is one.
    """
    name = elements[index].value
    if is_push_setup(name):
        found = [Found(name, elements[index], "push setup", _PUSH_SETUP, 1)]
        if index == 1 and text(elements[0]) is not None:
            found.insert(0, Found(_DEVICE_NAME, elements[0], "before push setup", 1, 2))
        return 1, found
    if index + 1 >= len(elements):
        return 1, []
    value = elements[index + 1]
    if index + 2 < len(elements):
        following = elements[index + 2]
        known = scaler_unit(following)
        if known is not None:
            return 3, [Found(name, value, "triple", scaler=known.scaler, unit=known.unit)]
        if following.tag == _INTEGER and value.tag in INTEGERS:
            return _flat_scaler(elements, index, name)
    return 2, [Found(name, value, "pair")]


def _flat_scaler(elements: Sequence[Element], index: int, name: bytes) -> tuple[int, list[Found]]:
    """
    Name, value and scaler without a structure around the scaler, with or without the unit.
    """
    value, scaler = elements[index + 1], elements[index + 2]
    unit = elements[index + 3] if index + 3 < len(elements) else None
    if unit is not None and unit.tag == ENUM:
        return 4, [Found(name, value, "triple", scaler=scaler.value, unit=unit.value)]
    return 3, [Found(name, value, "triple", scaler=scaler.value)]


def _row(fields: Sequence[Element]) -> Found | None:
    """
    One object: its logical name, its value, and in any order scaler and unit, a time, a status word.
    """
    if not 2 <= len(fields) <= _ROW:
        return None
    names: list[int] = []
    known: ScalerUnit | None = None
    rest: list[Element] = []
    scalers = 0
    for index, field in enumerate(fields):
        if is_logical_name(field):
            names.append(index)
            if index == names[0]:
                continue
        said = scaler_unit(field)
        if said is None:
            rest.append(field)
        else:
            known, scalers = said, scalers + 1
    if not names or (names[0] != 0 and (len(names), scalers, len(fields)) != (1, 1, 3)):
        return None
    if len(names) > 1 and (len(names) > 2 or names[1] != 1 or len(fields) > 3):
        return None
    name = fields[names[0]].value
    if not rest or scalers > 1 or is_push_setup(name):
        return None
    value, *extra = rest
    return _row_found(name, value, extra, known)


def _row_found(
    name: bytes, value: Element, extra: Sequence[Element], known: ScalerUnit | None
) -> Found | None:
    if known is None:
        found = Found(name, value, "row")
    else:
        found = Found(name, value, "row", None, None, known.scaler, known.unit)
    for field in extra:
        if is_time(field) and found.time is None:
            found = found._replace(time=field.value)
        elif field.tag == _INTEGER and known is None and found.scaler is None:
            found = found._replace(scaler=field.value)
        elif field.tag == ENUM and found.scaler is not None and found.unit is None:
            found = found._replace(unit=field.value)
        elif field.tag in INTEGERS and found.status is None:
            found = found._replace(status=field.value)
        else:
            return None
    return found
