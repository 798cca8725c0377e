"""
Values of attributes as a meter's description writes them: by name, in the words of the table, references as text.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from dlms_twisted.codec.data import Data
from dlms_twisted.cosem.classes import InterfaceClass, class_name, class_numbers, interface_class
from dlms_twisted.cosem.kinds import Kind
from dlms_twisted.cosem.kinds_nested import ArrayKind, EitherKind, StructureKind
from dlms_twisted.cosem.obis import Obis
from dlms_twisted.errors import ClassError, ConfigurationError, DLMSError
from dlms_twisted.server.objects.defaults import default_of

__all__ = ["attribute_number", "class_number", "described_value", "reference"]

#: The fields with which references to attributes, methods' objects and objects begin.
_CLASS: Final = "class_id"
_NAME: Final = "logical_name"


def class_number(said: object) -> int:
    """
    @param said: Number or name of an interface class, in any case.

    @raise ConfigurationError: there is none of that name.
    """
    if isinstance(said, int) and not isinstance(said, bool) and 0 < said <= 0xFFFF:
        return said
    if isinstance(said, str):
        for number in class_numbers():
            if (class_name(number) or "").lower() == said.strip().lower():
                return number
    raise ConfigurationError("number or name of an interface class wanted")


def attribute_number(known: InterfaceClass, said: str) -> int:
    """
    @param said: Number or name of an attribute.

    @raise ConfigurationError: there is none of that name.
    """
    if said.lstrip("-").isdigit() and -0x80 <= int(said) <= 0x7F:
        return int(said)
    try:
        return known.attribute(said).number
    except ClassError as error:
        message = str(error)
    raise ConfigurationError(message)


def described_value(known: InterfaceClass, number: int, value: Any) -> Data:
    """
    @param value: What the table encodes; a data tree; in lists of references also C{"3/1-0:1.8.0.255/2"}: class,
        logical name, attribute, and the index of an element where one is meant.

    @raise ConfigurationError: it does not fit; the text names the field.
    """
    attribute = known.attribute(number)
    try:
        data = attribute.encode(_expanded(value, attribute.kind))
        # What the table takes as it is, because it says its own type, must be of the right one too.
        notes = attribute.decode(data).notes
    except DLMSError as error:
        raise ConfigurationError(str(error)) from None
    if notes:
        raise ConfigurationError(notes[0])
    return data


def _expanded(value: Any, kind: Kind) -> Any:
    if isinstance(kind, EitherKind):
        kinds = [one for one in kind.kinds if isinstance(one, (ArrayKind, StructureKind))]
        return _expanded(value, kinds[0]) if kinds else value
    if isinstance(kind, ArrayKind) and isinstance(value, list):
        return [_expanded(one, kind.element) for one in value]
    if isinstance(kind, StructureKind):
        names = [name for name, _ in kind.fields]
        if isinstance(value, str) and names[:2] == [_CLASS, _NAME]:
            return reference(value, kind)
        if isinstance(value, Mapping) and "type" not in value:
            kinds_of = dict(kind.fields)
            return {
                name: _expanded(one, kinds_of[name]) if name in kinds_of else one
                for name, one in value.items()
            }
    return value


def reference(text: str, kind: StructureKind) -> dict[str, Any]:
    """
    @param text: C{class/logical name/attribute/index}, of which as many parts as C{kind} has numbers; the index may be
        missing.

    @return: the fields; those of which the text does not speak are the plainest.

    @raise ConfigurationError: it is no reference.
    """
    parts = text.split("/")
    fields: dict[str, Any] = {name: default_of(one) for name, one in kind.fields}
    names = list(fields)
    if not 2 <= len(parts) <= len(names):
        raise ConfigurationError(f"{'/'.join(names[:4])} wanted")
    for index, (name, part) in enumerate(zip(names, parts, strict=False)):
        if index == 1:
            fields[name] = Obis.parse(part)
        elif index == 0:
            fields[name] = class_number(int(part) if part.strip().isdigit() else part)
        elif part.strip().lstrip("-").isdigit():
            fields[name] = int(part)
        elif index == 2:
            fields[name] = attribute_number(interface_class(fields[_CLASS]), part)
        else:
            raise ConfigurationError(f"{name}: a number wanted")
    return fields
