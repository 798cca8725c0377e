"""
Short name referencing: attributes and methods by numbers that the meter's object list gives.

Source: IEC 62056-5-3, Read and Write; 03, section 11.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from dlms_twisted.apdu.base import Apdu
from dlms_twisted.apdu.descriptors import SelectiveAccess
from dlms_twisted.apdu.results import DataAccessResult
from dlms_twisted.apdu.short_name import ReadRequest, ReadResponse, WriteRequest, WriteResponse
from dlms_twisted.apdu.variable_access import (
    ParameterizedAccess,
    ReadData,
    ReadError,
    VariableName,
    WriteError,
)
from dlms_twisted.client.conversation import Conversation
from dlms_twisted.client.items import Get, Item, Result
from dlms_twisted.client.lists import Form, Wanted, wrong
from dlms_twisted.client.reference import Reference
from dlms_twisted.codec import build
from dlms_twisted.codec.data import Data
from dlms_twisted.cosem.association import ObjectList
from dlms_twisted.cosem.object_view import ObjectView
from dlms_twisted.errors import AccessRefusedError, LocalProtocolError, RemoteProtocolError

__all__ = ["ReadList", "ShortNames"]

#: Association SN, C{object_list}.
_OBJECTS: Final = 0xFA08

Access = VariableName | ParameterizedAccess


class ShortNames:
    """
    The services of an association with short names.
    """

    def __init__(self, conversation: Conversation) -> None:
        self._conversation = conversation

    async def objects(self) -> ObjectList:
        """
        @return: the object list.
        """
        data = await self._read(VariableName(variable_name=_OBJECTS), "the object list")
        return ObjectList.of_short_names(data)

    async def get(
        self, reference: Reference, selection: SelectiveAccess | None, objects: ObjectList
    ) -> Data:
        """
        Read an attribute.

        @raise AccessRefusedError: the meter refuses.
        """
        access = _access(reference, selection, objects)
        return await self._read(access, str(reference))

    async def set(self, reference: Reference, value: Data, objects: ObjectList) -> None:
        """
        Write an attribute.

        @raise AccessRefusedError: the meter refuses.
        """
        name = VariableName(variable_name=_attribute(reference, objects))
        response = await self._conversation.request(
            lambda _: WriteRequest(variables=(name,), data=(value,))
        )
        if not isinstance(response, WriteResponse) or len(response.results) != 1:
            raise RemoteProtocolError(f"{response.NAME} is no answer to the request")
        result = response.results[0]
        if isinstance(result, WriteError):
            raise _refusal(result.result, str(reference))

    async def action(
        self, reference: Reference, parameter: Data | None, objects: ObjectList
    ) -> Data | None:
        """
        Invoke a method.

        @raise AccessRefusedError: the meter refuses.
        """
        view = _view(reference, objects)
        method = view.interface_class.methods.get(reference.member)
        if method is None or method.short_name is None or view.base_name is None:
            raise LocalProtocolError(f"{reference}: no short name is known for the method")
        access = ParameterizedAccess(
            variable_name=(view.base_name + method.short_name) & 0xFFFF,
            selector=1,
            parameter=parameter if parameter is not None else build.null(),
        )
        data = await self._read(access, str(reference))
        return None if data.values is None else data

    def form(self, objects: ObjectList) -> Form:
        """
        @return: the list of variables that are read together.
        """
        return ReadList(objects)

    async def _read(self, access: Access, what: str) -> Data:
        response = await self._conversation.request(lambda _: ReadRequest(variables=(access,)))
        if not isinstance(response, ReadResponse) or len(response.results) != 1:
            raise RemoteProtocolError(f"{response.NAME} is no answer to the request")
        result = response.results[0]
        if isinstance(result, ReadError):
            raise _refusal(result.result, what)
        if not isinstance(result, ReadData):
            raise RemoteProtocolError("a part of an answer instead of the whole")
        return result.data


class ReadList(Form):
    """
    A Read of several variables.
    """

    NAME = "read"
    HEADER = 1 + 3

    def __init__(self, objects: ObjectList) -> None:
        self._objects = objects

    def size(self, item: Item) -> int:
        selection = item.selection if isinstance(item, Get) else None
        return 3 if selection is None else 4 + len(selection.access_parameters.octets)

    def request(self, wanted: Sequence[Wanted], invoke: int) -> Apdu:
        return ReadRequest(
            variables=tuple(
                _access(
                    one.reference,
                    one.item.selection if isinstance(one.item, Get) else None,
                    self._objects,
                )
                for one in wanted
            )
        )

    def results(self, wanted: Sequence[Wanted], response: Apdu) -> list[Result]:
        if not isinstance(response, ReadResponse) or len(response.results) != len(wanted):
            raise wrong(response)
        found: list[Result] = []
        for one, given in zip(wanted, response.results, strict=True):
            if isinstance(given, ReadError):
                found.append(_refusal(given.result, str(one.reference)))
            elif isinstance(given, ReadData):
                found.append(given.data)
            else:
                raise RemoteProtocolError("a part of an answer instead of the whole")
        return found


def _access(reference: Reference, selection: SelectiveAccess | None, objects: ObjectList) -> Access:
    name = _attribute(reference, objects)
    if selection is None:
        return VariableName(variable_name=name)
    return ParameterizedAccess(
        variable_name=name,
        selector=selection.access_selector,
        parameter=selection.access_parameters,
    )


def _view(reference: Reference, objects: ObjectList) -> ObjectView:
    view = objects.find(reference.logical_name, reference.class_id)
    if view is None:
        raise LocalProtocolError(f"{reference.logical_name} is not in the meter's object list")
    return view


def _attribute(reference: Reference, objects: ObjectList) -> int:
    name = _view(reference, objects).short_name(reference.member)
    if name is None:
        raise LocalProtocolError(f"{reference}: no short name is known")
    return name & 0xFFFF


def _refusal(result: DataAccessResult, what: str) -> AccessRefusedError:
    return AccessRefusedError(int(result), result.label, what)
