"""
APDUs as the tree of named elements in which the vectors show them.

Made from the decoded objects only, so that equality with a vector's tree means that each field was found, has its
value, and stands in its place.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from dlms_twisted.apdu.access import (
    AccessAction,
    AccessActionResult,
    AccessGet,
    AccessGetResult,
    AccessRequest,
    AccessResponse,
)
from dlms_twisted.apdu.action import ActionRequestNormal, ActionResponseNormal
from dlms_twisted.apdu.base import Apdu
from dlms_twisted.apdu.block_transfer import GeneralBlockTransfer
from dlms_twisted.apdu.data_notification import DataNotification
from dlms_twisted.apdu.descriptors import (
    AttributeDescriptor,
    AttributeWithSelection,
    MethodDescriptor,
    SelectiveAccess,
)
from dlms_twisted.apdu.event_notification import EventNotificationRequest
from dlms_twisted.apdu.get import (
    GetRequestNext,
    GetRequestNormal,
    GetRequestWithList,
    GetResponseNormal,
    GetResponseWithDataBlock,
    GetResponseWithList,
)
from dlms_twisted.apdu.results import DataAccessResult, ResultCode
from dlms_twisted.apdu.service_error import ExceptionResponse
from dlms_twisted.apdu.set import (
    SetRequestNormal,
    SetRequestWithDataBlock,
    SetRequestWithFirstDataBlock,
    SetRequestWithList,
    SetResponseNormal,
)
from dlms_twisted.apdu.short_name import ReadRequest, ReadResponse, WriteResponse
from dlms_twisted.apdu.variable_access import ReadData, VariableName, WriteError
from dlms_twisted.codec.data import Data

__all__ = ["elements_of", "pairs"]

Element: TypeAlias = dict[str, Any]

#: Where the vectors do not spell a code as the standard does.
_CODES: dict[ResultCode, str] = {DataAccessResult.OBJECT_UNDEFINED: "UndefinedObject"}
#: Names and widths of simple types.
_INTEGERS = {
    "bcd": ("BCD", 1),
    "integer": ("Int8", 1),
    "long": ("Int16", 2),
    "double-long": ("Int32", 4),
    "long64": ("Int64", 8),
    "unsigned": ("UInt8", 1),
    "long-unsigned": ("UInt16", 2),
    "double-long-unsigned": ("UInt32", 4),
    "long64-unsigned": ("UInt64", 8),
    "enum": ("Enum", 1),
}


def _group(name: str, *children: Element, qty: int | None = None) -> Element:
    counted = {} if qty is None else {"qty": f"{qty:02X}"}
    return {"name": name, **counted, **({"children": list(children)} if children else {})}


def _leaf(name: str, value: str) -> Element:
    return {"name": name, "value": value}


def _number(name: str, value: int, width: int) -> Element:
    return _leaf(name, f"{value & (1 << 8 * width) - 1:0{2 * width}X}")


def _octets(name: str, value: bytes | None) -> Element:
    return _leaf(name, (value or b"").hex().upper())


def _code(name: str, code: ResultCode) -> Element:
    return _leaf(name, _CODES.get(code) or code.label.title().replace("-", ""))


def _data(data: Data) -> Element:
    return _tree(data.tree())


def _tree(tree: Any) -> Element:
    kind, value = tree["type"], tree["value"]
    if kind == "null-data":
        return {"name": "None"}
    if kind in {"array", "structure"}:
        return _group(kind.title(), *[_tree(one) for one in value], qty=len(value))
    if kind == "compact-array":
        # Its contents are not shown.
        return _group("CompactArray", {"name": "ContentsDescription"}, {"name": "ArrayContents"})
    if kind == "boolean":
        return _leaf("Boolean", str(value))
    if kind == "octet-string":
        return _leaf("OctetString", value.upper())
    if kind == "visible-string":
        return _leaf("String", value)
    name, width = _INTEGERS[kind]
    return _number(name, value, width)


def _attribute(attribute: AttributeDescriptor) -> Element:
    return _group(
        "AttributeDescriptor",
        _number("ClassId", attribute.class_id, 2),
        _octets("InstanceId", attribute.instance_id),
        _number("AttributeId", attribute.attribute_id, 1),
    )


def _method(method: MethodDescriptor, name: str = "Method") -> Element:
    return _group(
        f"{name}Descriptor",
        _number("ClassId", method.class_id, 2),
        _octets("InstanceId", method.instance_id),
        _number(f"{name}Id", method.method_id, 1),
    )


def _selection(selection: SelectiveAccess | None) -> list[Element]:
    if selection is None:
        return []
    return [
        _group(
            "AccessSelection",
            _number("AccessSelector", selection.access_selector, 1),
            _group("AccessParameters", _data(selection.access_parameters)),
        )
    ]


def _attributes(attributes: tuple[AttributeWithSelection, ...]) -> Element:
    each = [
        _group(
            "AttributeDescriptorWithSelection",
            _attribute(one.attribute),
            *_selection(one.access_selection),
        )
        for one in attributes
    ]
    return _group("AttributeDescriptorList", *each, qty=len(each))


def _value(result: Data | DataAccessResult) -> Element:
    if isinstance(result, DataAccessResult):
        return _code("DataAccessError", result)
    return _group("Data", _data(result))


def _block(name: str, last: bool, number: int, *content: Element) -> Element:
    return _group(name, _number("LastBlock", last, 1), _number("BlockNumber", number, 4), *content)


def _get(apdu: Apdu) -> Element:
    match apdu:
        case GetRequestNormal():
            return _invoked(
                "GetRequestNormal",
                apdu,
                _attribute(apdu.attribute),
                *_selection(apdu.access_selection),
            )
        case GetRequestNext():
            number = _number("BlockNumber", apdu.block_number, 4)
            return _invoked("GetRequestForNextDataBlock", apdu, number)
        case GetRequestWithList():
            return _invoked("GetRequestWithList", apdu, _attributes(apdu.attributes))
        case GetResponseNormal():
            return _invoked("GetResponseNormal", apdu, _group("Result", _value(apdu.result)))
        case GetResponseWithList(results=results):
            listed = _group("Result", *[_value(one) for one in results], qty=len(results))
            return _invoked("GetResponseWithList", apdu, listed)
        case GetResponseWithDataBlock(result=result):
            if isinstance(result, DataAccessResult):
                content = _code("DataAccessResult", result)
            else:
                content = _octets("RawData", result)
            block = _block("Result", apdu.last_block, apdu.block_number, _group("Result", content))
            return _invoked("GetResponsewithDataBlock", apdu, block)
    raise NotImplementedError(apdu.NAME)


def _set(apdu: Apdu) -> Element:
    match apdu:
        case SetRequestNormal():
            return _invoked(
                "SetRequestNormal",
                apdu,
                _attribute(apdu.attribute),
                *_selection(apdu.access_selection),
                _group("Value", _data(apdu.value)),
            )
        case SetRequestWithFirstDataBlock():
            raw = _octets("RawData", apdu.raw_data)
            block = _block("DataBlock", apdu.last_block, apdu.block_number, raw)
            head = (_attribute(apdu.attribute), *_selection(apdu.access_selection))
            return _invoked("SetRequestFirstDataBlock", apdu, *head, block)
        case SetRequestWithDataBlock():
            raw = _octets("RawData", apdu.raw_data)
            block = _block("DataBlock", apdu.last_block, apdu.block_number, raw)
            return _invoked("SetRequestWithDataBlock", apdu, block)
        case SetRequestWithList(values=values):
            listed = _group("ValueList", *[_data(one) for one in values], qty=len(values))
            return _invoked("SetRequestWithList", apdu, _attributes(apdu.attributes), listed)
        case SetResponseNormal():
            return _invoked("SetResponseNormal", apdu, _code("Result", apdu.result))
    raise NotImplementedError(apdu.NAME)


def _action(apdu: Apdu) -> Element:
    match apdu:
        case ActionRequestNormal(parameters=parameters):
            given = (
                []
                if parameters is None
                else [_group("MethodInvocationParameters", _data(parameters))]
            )
            return _invoked("ActionRequestNormal", apdu, _method(apdu.method), *given)
        case ActionResponseNormal(return_parameters=back):
            given = [] if back is None else [_group("ReturnParameters", _value(back))]
            return _invoked("ActionResponseNormal", apdu, _code("Result", apdu.result), *given)
    raise NotImplementedError(apdu.NAME)


def _invoked(name: str, apdu: Any, *children: Element) -> Element:
    return _group(name, _number("InvokeIdAndPriority", apdu.invoke_id_and_priority, 1), *children)


def _specification(specification: Any) -> Element:
    if isinstance(specification, AccessAction):
        name, what = "Action", _method(specification.method, "Attribute")
    else:
        name = "Get" if isinstance(specification, AccessGet) else "Set"
        what = _attribute(specification.attribute)
    return _group("_AccessRequestSpecification", _group(f"AccessRequest{name}", what))


def _access_result(result: Any) -> Element:
    if isinstance(result, AccessActionResult):
        name = "Action"
    else:
        name = "Get" if isinstance(result, AccessGetResult) else "Set"
    inner = _group(f"AccessResponse{name}", _code("Result", result.result))
    return _group("_AccessResponseSpecification", inner)


def _access(apdu: Apdu) -> Element:
    assert isinstance(apdu, AccessRequest | AccessResponse)
    side = "Request" if isinstance(apdu, AccessRequest) else "Response"
    data = _group(f"Access{side}ListOfData", *[_data(one) for one in apdu.data], qty=len(apdu.data))
    if isinstance(apdu, AccessRequest):
        each = [_specification(one) for one in apdu.specifications]
        parts = [_group("AccessRequestSpecification", *each, qty=len(each)), data]
    else:
        each = [_access_result(one) for one in apdu.results]
        parts = [data, _group("AccessResponseSpecification", *each, qty=len(each))]
    return _group(
        f"Access{side}",
        _number("LongInvokeIdAndPriority", apdu.long_invoke_id_and_priority, 4),
        _octets("DateTime", apdu.date_time),
        _group(f"Access{side}Body", *parts),
    )


def _read_request(apdu: Any) -> Element:
    each = []
    for one in apdu.variables:
        assert isinstance(one, VariableName)
        each.append(_number("VariableName", one.variable_name, 2))
    return _group("ReadRequest", *each, qty=len(each))


def _read_response(apdu: Any) -> Element:
    each = []
    for one in apdu.results:
        assert isinstance(one, ReadData)
        each.append(_group("Data", _data(one.data)))
    return _group("ReadResponse", *each, qty=len(each))


def _write_response(apdu: Any) -> Element:
    each = [
        _code("DataAccessError", one.result) if isinstance(one, WriteError) else {"name": "Success"}
        for one in apdu.results
    ]
    return _group("WriteResponse", *each, qty=len(each))


def _blocks(apdu: Any) -> Element:
    return _group(
        "GeneralBlockTransfer",
        _number("BlockControl", apdu.block_control, 1),
        _number("BlockNumber", apdu.block_number, 2),
        _number("BlockNumberAck", apdu.block_number_ack, 2),
        _octets("BlockData", apdu.block_data),
    )


def _notification(apdu: Any) -> Element:
    return _group(
        "DataNotification",
        _number("LongInvokeIdAndPriority", apdu.long_invoke_id_and_priority, 4),
        _octets("DateTime", apdu.date_time),
        _group("NotificationBody", _group("DataValue", _data(apdu.body))),
    )


def _event(apdu: Any) -> Element:
    form = apdu.to_json()
    time = [] if form["time"] is None else [_leaf("Time", form["time"].upper())]
    attribute = AttributeDescriptor(
        class_id=form["class_id"],
        instance_id=bytes.fromhex(form["instance_id"]),
        attribute_id=form["attribute_id"],
    )
    value = _group("AttributeValue", _tree(form["attribute_value"]))
    return _group("EventNotificationRequest", *time, _attribute(attribute), value)


def _exception(apdu: Any) -> Element:
    form = apdu.to_json()
    return _group(
        "ExceptionResponse",
        *[
            _leaf(name.title().replace("_", ""), form[name].title().replace("-", ""))
            for name in ("state_error", "service_error")
        ],
    )


_WHOLE: dict[type[Apdu], Callable[[Any], Element]] = {
    ReadRequest: _read_request,
    ReadResponse: _read_response,
    WriteResponse: _write_response,
    AccessRequest: _access,
    AccessResponse: _access,
    GeneralBlockTransfer: _blocks,
    DataNotification: _notification,
    EventNotificationRequest: _event,
    ExceptionResponse: _exception,
}
_WRAPPED: dict[int, tuple[str, Callable[[Apdu], Element]]] = {
    0xC0: ("GetRequest", _get),
    0xC4: ("GetResponse", _get),
    0xC1: ("SetRequest", _set),
    0xC5: ("SetResponse", _set),
    0xC3: ("ActionRequest", _action),
    0xC7: ("ActionResponse", _action),
}


def elements_of(apdu: Apdu) -> Element:
    """
    @return: the tree of C{apdu}.
    """
    whole = _WHOLE.get(type(apdu))
    if whole is not None:
        return whole(apdu)
    name, inner = _WRAPPED[apdu.TAG]
    return _group(name, inner(apdu))


def pairs(element: Element) -> list[tuple[str, str | None]]:
    """
    @return: the names and values of a tree, in the order in which they stand.
    """
    found = [(element["name"], element.get("value"))]
    for child in element.get("children", ()):
        found += pairs(child)
    return found
