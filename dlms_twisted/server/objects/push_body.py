"""
What a push setup sends: the values of its object list, and the protection that is put around them.

Source: DLMS UA 1000-1 (Blue Book), Push setup; IEC 62056-5-3, DataNotification.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from dlms_twisted.apdu.descriptors import SelectiveAccess
from dlms_twisted.apdu.selective import CLOCK, CaptureObject, EntryDescriptor, RangeDescriptor
from dlms_twisted.codec import build
from dlms_twisted.codec.data import Data
from dlms_twisted.codec.reader import Reader
from dlms_twisted.codec.tags import ARRAY, STRUCTURE
from dlms_twisted.codec.times import DateTime
from dlms_twisted.errors import LocalProtocolError
from dlms_twisted.security.fields import Fields
from dlms_twisted.security.general import GENERAL_CIPHERING
from dlms_twisted.security.layers import MAX_LAYERS
from dlms_twisted.security.policy import Policy
from dlms_twisted.security.protect import GENERAL_GLO
from dlms_twisted.security.protection import KeyChoice, Protection
from dlms_twisted.security.signed import GENERAL_SIGNING
from dlms_twisted.security.suites import AUTHENTICATED, BROADCAST, ENCRYPTED

if TYPE_CHECKING:
    from dlms_twisted.server.objects.base import CosemObject

__all__ = ["layers_of_policy", "pushed_value", "stated_layers"]

_PROFILE: Final = 7
_BUFFER: Final = 2
_ENTRIES_IN_USE: Final = 7
_BY_DATE: Final = 1
_BY_ENTRY: Final = 2
#: Of a profile's data_index: how many of the latest entries.
_RECENT: Final = 0x0FFF
#: Limits that leave nothing out.
_ANY_TIME: Final = DateTime().to_octets()
#: protection_type to bits of the security control octet.
_CONTROL: Final = {0: AUTHENTICATED, 1: ENCRYPTED, 2: AUTHENTICATED | ENCRYPTED}
_SIGNATURE: Final = 3
_BROADCAST_KEY: Final = 1


# -- values --------------------------------------------------------------------------------------


def pushed_value(setup: CosemObject, wanted: Any) -> Data:
    """
    @param setup: The push setup.
    @param wanted: One element of its object list, decoded.

    @return: its value now; null-data where there is none.
    """
    if not isinstance(wanted, dict):
        return build.null()
    found = setup.device.object(wanted["class_id"], wanted["logical_name"])
    if found is None:
        return build.null()
    if wanted["attribute_index"] == 0:
        return build.structure(*[_value(found, one, None) for one in found.attributes])
    if found.class_id == _PROFILE and wanted["attribute_index"] == _BUFFER:
        return _value(found, _BUFFER, _selection(found, wanted))
    value = _value(found, wanted["attribute_index"], None)
    index = wanted["data_index"]
    return _element(value, index) if index else value


def _value(found: CosemObject, attribute: int, selection: SelectiveAccess | None) -> Data:
    value = found.value(attribute, selection)
    return value if isinstance(value, Data) else build.null()


def _element(value: Data, index: int) -> Data:
    """
    @param index: From 1.

    @return: the element of an array or structure; null-data where it has none of that number.
    """
    reader = Reader(value.octets)
    if reader.octet() not in {ARRAY, STRUCTURE} or reader.length() < index:
        return build.null()
    for _ in range(index - 1):
        reader.data()
    return reader.data()


def _selection(profile: CosemObject, wanted: dict[str, Any]) -> SelectiveAccess | None:
    """
    @return: the part of a profile's buffer that is wanted: by restriction and columns, or, by C{data_index}, so many of
        the latest entries.
    """
    columns = tuple(_column(one) for one in wanted.get("columns") or ())
    restriction = wanted.get("restriction") or {}
    limits = restriction.get("restriction_value")
    kind = restriction.get("restriction_type", 0)
    if kind == _BY_ENTRY and isinstance(limits, dict) and not columns:
        return EntryDescriptor(from_entry=limits["from"], to_entry=limits["to"]).to_selection()
    if kind == _BY_DATE and isinstance(limits, dict):
        return _range(limits["from"].to_octets(), limits["to"].to_octets(), columns)
    recent = wanted["data_index"] & _RECENT
    if recent:
        in_use = profile.value(_ENTRIES_IN_USE)
        entries = in_use.values if isinstance(in_use, Data) else 0
        first = max(1, (entries if isinstance(entries, int) else 0) - recent + 1)
        return EntryDescriptor(from_entry=first).to_selection()
    return _range(_ANY_TIME, _ANY_TIME, columns) if columns else None


def _range(first: bytes, last: bytes, columns: tuple[CaptureObject, ...]) -> SelectiveAccess:
    return RangeDescriptor(
        restricting_object=CLOCK,
        from_value=build.octet_string(first),
        to_value=build.octet_string(last),
        selected_values=columns,
    ).to_selection()


def _column(said: dict[str, Any]) -> CaptureObject:
    return CaptureObject(
        class_id=said["class_id"],
        instance_id=said["logical_name"].octets,
        attribute_id=said["attribute_index"],
        data_index=said["data_index"],
    )


# -- protection ----------------------------------------------------------------------------------


def layers_of_policy(policy: Policy, suite: int) -> tuple[Protection, ...]:
    """
    @return: what meets a policy: general-glo-ciphering under the meter's own keys.
    """
    control = (AUTHENTICATED if policy.authenticated else 0) | (
        ENCRYPTED if policy.encrypted else 0
    )
    if not control:
        return ()
    return (Protection(tag=GENERAL_GLO, security_control=control | suite),)


def stated_layers(parameters: Any, suite: int, title: bytes) -> tuple[Protection, ...]:
    """
    @param parameters: C{push_protection_parameters}, decoded: the first is applied first.
    @param title: Ours, where they say no originator.

    @return: the layers, the outermost first.

    @raise LocalProtocolError: there is no such protection, or too much of it.
    """
    stated = [one for one in parameters if isinstance(one, dict)]
    if len(stated) > MAX_LAYERS:
        raise LocalProtocolError(f"push_protection_parameters: at most {MAX_LAYERS} wanted")
    return tuple(_layer(one, suite, title) for one in reversed(stated))


def _layer(stated: dict[str, Any], suite: int, title: bytes) -> Protection:
    options = stated["protection_options"]
    fields = Fields(
        _octets(options["transaction_id"]),
        _octets(options["originator_system_title"]) or title,
        _octets(options["recipient_system_title"]),
        b"",
        _octets(options["other_information"]),
    )
    if stated["protection_type"] == _SIGNATURE:
        return Protection(tag=GENERAL_SIGNING, fields=fields)
    control = _CONTROL.get(int(stated["protection_type"]))
    if control is None:
        raise LocalProtocolError("push_protection_parameters: no such protection")
    control |= suite
    key = options["key_info"]
    choice = int(key["key_info_type"])
    if choice == KeyChoice.IDENTIFIED:
        if _plain_number(key["key_info_options"]) == _BROADCAST_KEY:
            control |= BROADCAST
        if not (fields.transaction_id or fields.recipient or fields.other_information):
            # Nothing that only general-ciphering could say.
            return Protection(tag=GENERAL_GLO, security_control=control)
    return Protection(
        tag=GENERAL_CIPHERING,
        security_control=control,
        fields=fields,
        key_choice=choice,
        key_scheme=_scheme(key["key_info_options"]) if choice == KeyChoice.AGREED else 0,
    )


def _scheme(options: Any) -> int:
    """
    @return: how the key is agreed: the octet in C{key_parameters}.
    """
    values = options.values if isinstance(options, Data) else options
    first = values[0] if isinstance(values, tuple) and values else b""
    return int.from_bytes(first, "big") if isinstance(first, bytes) else 0


def _octets(said: Any) -> bytes:
    return said if isinstance(said, bytes) else b""


def _plain_number(said: Any) -> int | None:
    value = said.values if isinstance(said, Data) else said
    return value if isinstance(value, int) else None
