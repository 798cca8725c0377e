"""
Read, Write and UnconfirmedWrite: attributes and methods by their short names.

A method is called by a Read of its name with the parameter in parameterized access, which gives back what it returns,
or by a Write of its name.  What the standard leaves open:

  - parameterized access of an attribute is its selection, taken whether or not it was negotiated;
  - a method that is read without a parameter is called without one.

Source: IEC 62056-5-3, Read, Write and UnconfirmedWrite services.
"""

from __future__ import annotations

from typing import Final

from dlms_twisted.apdu.base import Apdu
from dlms_twisted.apdu.descriptors import SelectiveAccess
from dlms_twisted.apdu.results import DataAccessResult
from dlms_twisted.apdu.short_name import (
    ReadRequest,
    ReadResponse,
    UnconfirmedWriteRequest,
    WriteRequest,
    WriteResponse,
)
from dlms_twisted.apdu.variable_access import (
    ParameterizedAccess,
    ReadData,
    ReadError,
    ReadResult,
    VariableAccess,
    VariableName,
    WriteError,
    WriteResult,
    WriteSuccess,
)
from dlms_twisted.codec import build
from dlms_twisted.codec.data import Data
from dlms_twisted.session.served import ServedAssociation, ServedDevice
from dlms_twisted.session.server_dispatch import given
from dlms_twisted.session.server_policy import ObjectAccess

__all__ = ["ShortNames", "is_reply"]

#: Association SN and its method C{reply_to_HLS_authentication}, also at its usual name.
_ASSOCIATION: Final = 12
_REPLY: Final = 8
_REPLY_NAME: Final = 0xFA58


def is_reply(device: ServedDevice, association: ServedAssociation, name: int) -> bool:
    """
    Does a short name stand for C{reply_to_HLS_authentication}?
    """
    if name == _REPLY_NAME:
        return True
    meant = device.short_name(association, name)
    return (
        meant is not None
        and meant.is_method
        and meant.member == _REPLY
        and meant.served.class_id == _ASSOCIATION
    )


class ShortNames:
    """
    One request of a service with short names.
    """

    __slots__ = ("_access", "_device")

    def __init__(self, device: ServedDevice, access: ObjectAccess) -> None:
        self._device = device
        self._access = access

    def answer(self, request: Apdu) -> Apdu | None:
        """
        @return: the answer; C{None} where nobody wants one.
        """
        if isinstance(request, ReadRequest):
            return ReadResponse(results=tuple(self._read(one) for one in request.variables))
        if isinstance(request, WriteRequest | UnconfirmedWriteRequest):
            results = tuple(
                self._write(one, value)
                for one, value in zip(request.variables, request.data, strict=True)
            )
            return WriteResponse(results=results) if isinstance(request, WriteRequest) else None
        return None

    def _read(self, variable: VariableAccess) -> ReadResult:
        if not isinstance(variable, VariableName | ParameterizedAccess):
            # A part of a transfer in the middle of a list.
            return ReadError(result=DataAccessResult.OTHER_REASON)
        meant = self._device.short_name(self._access.caller.association, variable.variable_name)
        if meant is None:
            return ReadError(result=DataAccessResult.OBJECT_UNDEFINED)
        if meant.is_method:
            parameter = None
            if isinstance(variable, ParameterizedAccess):
                parameter = given(variable.parameter)
            result, value = self._access.invoke(meant.served, meant.member, parameter)
            if not result.is_success:
                return ReadError(result=DataAccessResult(result))
            return ReadData(data=build.null() if value is None else value)
        found = self._access.read(meant.served, meant.member, _selection(variable))
        return ReadData(data=found) if isinstance(found, Data) else ReadError(result=found)

    def _write(self, variable: VariableAccess, value: Data) -> WriteResult:
        result = self._written(variable, value)
        return WriteSuccess() if result.is_success else WriteError(result=result)

    def _written(self, variable: VariableAccess, value: Data) -> DataAccessResult:
        if not isinstance(variable, VariableName | ParameterizedAccess):
            return DataAccessResult.OTHER_REASON
        meant = self._device.short_name(self._access.caller.association, variable.variable_name)
        if meant is None:
            return DataAccessResult.OBJECT_UNDEFINED
        if meant.is_method:
            result, _ = self._access.invoke(meant.served, meant.member, given(value))
            return DataAccessResult(result)
        return self._access.write(meant.served, meant.member, value, _selection(variable))


def _selection(variable: VariableName | ParameterizedAccess) -> SelectiveAccess | None:
    if not isinstance(variable, ParameterizedAccess):
        return None
    return SelectiveAccess(access_selector=variable.selector, access_parameters=variable.parameter)
