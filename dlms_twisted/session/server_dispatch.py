"""
What GET, SET and ACTION do: each request in one piece gives its answer.

What the standard leaves open:

  - a selection is taken whether or not selective access was negotiated: the object knows what it can select;
  - attribute 0 without its conformance bit is "object-undefined", as it is no attribute then;
  - a list is done item by item, in its order, each with a result of its own, whatever came of those before it.

Source: IEC 62056-5-3, GET, SET and ACTION services.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from dlms_twisted.apdu.action import (
    ActionRequestNormal,
    ActionRequestWithList,
    ActionResponseNormal,
    ActionResponseWithList,
    ActionReturn,
)
from dlms_twisted.apdu.base import Apdu
from dlms_twisted.apdu.conformance import Conformance
from dlms_twisted.apdu.descriptors import (
    CONFIRMED,
    AttributeDescriptor,
    MethodDescriptor,
    SelectiveAccess,
)
from dlms_twisted.apdu.get import (
    GetRequestNormal,
    GetRequestWithList,
    GetResponseNormal,
    GetResponseWithList,
)
from dlms_twisted.apdu.results import ActionResult, DataAccessResult
from dlms_twisted.apdu.set import (
    SetRequestNormal,
    SetRequestWithList,
    SetResponseNormal,
    SetResponseWithList,
)
from dlms_twisted.codec.data import Data
from dlms_twisted.session.server_policy import ObjectAccess

__all__ = ["LogicalNames", "given", "is_plain_get"]

_GET_ALL: Final = int(Conformance.ATTRIBUTE0_SUPPORTED_WITH_GET)
_SET_ALL: Final = int(Conformance.ATTRIBUTE0_SUPPORTED_WITH_SET)


def given(parameter: Data) -> Data | None:
    """
    @param parameter: Of a list, in which null-data stands where a method takes none.
    """
    return None if parameter.values is None else parameter


def is_plain_get(octets: bytes) -> bool:
    """
    Is it a request for one attribute, all of it?
    """
    return len(octets) == 13 and octets[0] == 0xC0 and octets[1] == 1 and not octets[12]


class LogicalNames:
    """
    One request of a service with logical names.
    """

    __slots__ = ("_access", "_conformance")

    def __init__(self, access: ObjectAccess, conformance: int) -> None:
        """
        @param conformance: What was negotiated.
        """
        self._access = access
        self._conformance = conformance

    def answer(self, request: Apdu) -> Apdu | None:
        """
        @return: the answer; C{None} where nobody wants one.
        """
        response = _ANSWERS[type(request)](self, request)
        invoke: int = getattr(request, "invoke_id_and_priority", CONFIRMED)
        # GET is a confirmed service, whatever the bit says.
        wanted = invoke & CONFIRMED or isinstance(request, GetRequestNormal | GetRequestWithList)
        return response if wanted else None

    def read(
        self, attribute: AttributeDescriptor, selection: SelectiveAccess | None
    ) -> Data | DataAccessResult:
        """
        @return: the value of an attribute, or why there is none.
        """
        served = self._access.find(attribute.class_id, attribute.instance_id)
        if isinstance(served, DataAccessResult):
            return served
        if attribute.attribute_id:
            return self._access.read(served, attribute.attribute_id, selection)
        if not self._conformance & _GET_ALL:
            return DataAccessResult.OBJECT_UNDEFINED
        return self._access.read_all(served)

    def write(
        self, attribute: AttributeDescriptor, value: Data, selection: SelectiveAccess | None
    ) -> DataAccessResult:
        """
        @return: what came of it.
        """
        served = self._access.find(attribute.class_id, attribute.instance_id)
        if isinstance(served, DataAccessResult):
            return served
        if attribute.attribute_id:
            return self._access.write(served, attribute.attribute_id, value, selection)
        if not self._conformance & _SET_ALL:
            return DataAccessResult.OBJECT_UNDEFINED
        return self._access.write_all(served, value)

    def invoke(
        self, method: MethodDescriptor, parameter: Data | None
    ) -> tuple[ActionResult, Data | None]:
        """
        @return: what came of it, and the return parameter.
        """
        served = self._access.find(method.class_id, method.instance_id)
        if isinstance(served, DataAccessResult):
            return ActionResult(served), None
        return self._access.invoke(served, method.method_id, parameter)

    def read_plainly(self, apdu: bytes) -> bytes:
        """
        The same as L{answer}, and quicker, for the request that comes most often.

        @param apdu: One for which L{is_plain_get} holds.

        @return: the whole GetResponseNormal.
        """
        attribute = apdu[11] - (apdu[11] >> 7 << 8)
        found = self._access.find(int.from_bytes(apdu[3:5], "big"), apdu[5:11])
        result: Data | DataAccessResult = DataAccessResult.OBJECT_UNDEFINED
        if isinstance(found, DataAccessResult):
            result = found
        elif attribute:
            result = self._access.read(found, attribute, None)
        elif self._conformance & _GET_ALL:
            result = self._access.read_all(found)
        if isinstance(result, DataAccessResult):
            return b"\xc4\x01%c\x01%c" % (apdu[2], result)
        return b"\xc4\x01%c\x00%b" % (apdu[2], result.octets)

    def _get(self, request: GetRequestNormal) -> Apdu:
        return GetResponseNormal(
            invoke_id_and_priority=request.invoke_id_and_priority,
            result=self.read(request.attribute, request.access_selection),
        )

    def _get_list(self, request: GetRequestWithList) -> Apdu:
        return GetResponseWithList(
            invoke_id_and_priority=request.invoke_id_and_priority,
            results=tuple(
                self.read(one.attribute, one.access_selection) for one in request.attributes
            ),
        )

    def _set(self, request: SetRequestNormal) -> Apdu:
        return SetResponseNormal(
            invoke_id_and_priority=request.invoke_id_and_priority,
            result=self.write(request.attribute, request.value, request.access_selection),
        )

    def _set_list(self, request: SetRequestWithList) -> Apdu:
        return SetResponseWithList(
            invoke_id_and_priority=request.invoke_id_and_priority,
            results=tuple(
                self.write(one.attribute, value, one.access_selection)
                for one, value in zip(request.attributes, request.values, strict=True)
            ),
        )

    def _action(self, request: ActionRequestNormal) -> Apdu:
        result, value = self.invoke(request.method, request.parameters)
        return ActionResponseNormal(
            invoke_id_and_priority=request.invoke_id_and_priority,
            result=result,
            return_parameters=value,
        )

    def _action_list(self, request: ActionRequestWithList) -> Apdu:
        returns = []
        for method, parameter in zip(request.methods, request.parameters, strict=True):
            result, value = self.invoke(method, given(parameter))
            returns.append(ActionReturn(result=result, return_parameters=value))
        return ActionResponseWithList(
            invoke_id_and_priority=request.invoke_id_and_priority, results=tuple(returns)
        )


_ANSWERS: Final[dict[type[Apdu], Callable[[LogicalNames, Any], Apdu]]] = {
    GetRequestNormal: LogicalNames._get,
    GetRequestWithList: LogicalNames._get_list,
    SetRequestNormal: LogicalNames._set,
    SetRequestWithList: LogicalNames._set_list,
    ActionRequestNormal: LogicalNames._action,
    ActionRequestWithList: LogicalNames._action_list,
}
