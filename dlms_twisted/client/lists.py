"""
Lists in one request: GET, SET and ACTION with a list, and ACCESS.

Each form of list makes the request for some items, says how long one item is in it, and takes the answer apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final, NamedTuple

from dlms_twisted.apdu.access import (
    AccessAction,
    AccessActionResult,
    AccessGet,
    AccessGetResult,
    AccessGetWithSelection,
    AccessRequest,
    AccessResponse,
    AccessSet,
    AccessSetResult,
    AccessSetWithSelection,
    AccessSpecification,
)
from dlms_twisted.apdu.action import ActionRequestWithList, ActionResponseWithList
from dlms_twisted.apdu.base import Apdu
from dlms_twisted.apdu.descriptors import AttributeWithSelection, SelectiveAccess
from dlms_twisted.apdu.get import GetRequestWithList, GetResponseWithList
from dlms_twisted.apdu.results import ActionResult, DataAccessResult
from dlms_twisted.apdu.set import SetRequestWithList, SetResponseWithList
from dlms_twisted.client.items import Action, Get, Item, Result, Set
from dlms_twisted.client.reference import Reference
from dlms_twisted.codec import build
from dlms_twisted.codec.data import Data
from dlms_twisted.errors import AccessRefusedError, RemoteProtocolError

__all__ = ["ACCESS", "LISTS", "Form", "Wanted", "refusal", "wrong"]

_NULL: Final = build.null()
#: Octets of a descriptor of an attribute or method.
_DESCRIPTOR: Final = 9


class Wanted(NamedTuple):
    """
    An item whose class is known.
    """

    item: Item
    reference: Reference


def refusal(reference: Reference, result: DataAccessResult | ActionResult) -> AccessRefusedError:
    """
    @return: the error for a result that is no success.
    """
    return AccessRefusedError(int(result), result.label, str(reference))


def wrong(response: Apdu) -> RemoteProtocolError:
    """
    @return: the error for an answer of another kind.
    """
    return RemoteProtocolError(f"{response.NAME} is no answer to the request")


def _selected(selection: SelectiveAccess | None) -> int:
    return 1 if selection is None else 2 + len(selection.access_parameters.octets)


class Form:
    """
    One form of list.

    @cvar NAME: What it is remembered by.
    @cvar HEADER: Octets of the request beside its items, at most.
    @cvar LONG: Has it a long invoke-id?
    """

    NAME: ClassVar[str]
    HEADER: ClassVar[int] = 3 + 2 * 3
    LONG: ClassVar[bool] = False

    def size(self, item: Item) -> int:
        """
        @return: how many octets the item takes in the request.
        """
        raise NotImplementedError

    def request(self, wanted: Sequence[Wanted], invoke: int) -> Apdu:
        """
        @param invoke: Its invoke-id-and-priority.
        """
        raise NotImplementedError

    def results(self, wanted: Sequence[Wanted], response: Apdu) -> list[Result]:
        """
        @raise RemoteProtocolError: it is no answer to such a request.
        """
        raise NotImplementedError


class GetList(Form):
    """
    GET with a list.
    """

    NAME = "get"

    def size(self, item: Item) -> int:
        assert isinstance(item, Get)
        return _DESCRIPTOR + _selected(item.selection)

    def request(self, wanted: Sequence[Wanted], invoke: int) -> Apdu:
        return GetRequestWithList(
            invoke_id_and_priority=invoke,
            attributes=tuple(_attribute(one) for one in wanted),
        )

    def results(self, wanted: Sequence[Wanted], response: Apdu) -> list[Result]:
        if not isinstance(response, GetResponseWithList):
            raise wrong(response)
        return [
            result if isinstance(result, Data) else refusal(one.reference, result)
            for one, result in zip(wanted, response.results, strict=True)
        ]


class SetList(Form):
    """
    SET with a list.
    """

    NAME = "set"

    def size(self, item: Item) -> int:
        assert isinstance(item, Set)
        return _DESCRIPTOR + _selected(item.selection) + len(item.value.octets)

    def request(self, wanted: Sequence[Wanted], invoke: int) -> Apdu:
        return SetRequestWithList(
            invoke_id_and_priority=invoke,
            attributes=tuple(_attribute(one) for one in wanted),
            values=tuple(one.item.value for one in wanted if isinstance(one.item, Set)),
        )

    def results(self, wanted: Sequence[Wanted], response: Apdu) -> list[Result]:
        if not isinstance(response, SetResponseWithList):
            raise wrong(response)
        return [
            None if result.is_success else refusal(one.reference, result)
            for one, result in zip(wanted, response.results, strict=True)
        ]


class ActionList(Form):
    """
    ACTION with a list.
    """

    NAME = "action"

    def size(self, item: Item) -> int:
        return _DESCRIPTOR + len(_parameter(item).octets)

    def request(self, wanted: Sequence[Wanted], invoke: int) -> Apdu:
        return ActionRequestWithList(
            invoke_id_and_priority=invoke,
            methods=tuple(one.reference.method() for one in wanted),
            parameters=tuple(_parameter(one.item) for one in wanted),
        )

    def results(self, wanted: Sequence[Wanted], response: Apdu) -> list[Result]:
        if not isinstance(response, ActionResponseWithList):
            raise wrong(response)
        found: list[Result] = []
        for one, given in zip(wanted, response.results, strict=True):
            returned = given.return_parameters
            if not given.result.is_success:
                found.append(refusal(one.reference, given.result))
            elif isinstance(returned, DataAccessResult):
                found.append(refusal(one.reference, returned))
            else:
                found.append(returned)
        return found


class AccessList(Form):
    """
    ACCESS: any mix.
    """

    NAME = "access"
    HEADER = 1 + 4 + 1 + 2 * 3
    LONG = True

    def size(self, item: Item) -> int:
        selection = None if isinstance(item, Action) else item.selection
        selected = 0 if selection is None else _selected(selection) - 1
        return 1 + _DESCRIPTOR + selected + len(_parameter(item).octets)

    def request(self, wanted: Sequence[Wanted], invoke: int) -> Apdu:
        return AccessRequest(
            long_invoke_id_and_priority=invoke,
            specifications=tuple(_specification(one) for one in wanted),
            data=tuple(_parameter(one.item) for one in wanted),
        )

    def results(self, wanted: Sequence[Wanted], response: Apdu) -> list[Result]:
        if not isinstance(response, AccessResponse):
            raise wrong(response)
        found: list[Result] = []
        for one, given, data in zip(wanted, response.results, response.data, strict=True):
            kind = _ANSWERS[type(one.item)]
            if not isinstance(given, kind):
                raise RemoteProtocolError(f"{given.NAME} where {kind.NAME} was wanted")
            if not given.result.is_success:
                found.append(refusal(one.reference, given.result))
            elif isinstance(one.item, Get):
                found.append(data)
            else:
                nothing = isinstance(one.item, Set) or data.values is None
                found.append(None if nothing else data)
        return found


_ANSWERS: Final[
    dict[type[Item], type[AccessGetResult] | type[AccessSetResult] | type[AccessActionResult]]
] = {Get: AccessGetResult, Set: AccessSetResult, Action: AccessActionResult}


def _attribute(wanted: Wanted) -> AttributeWithSelection:
    item = wanted.item
    return AttributeWithSelection(
        attribute=wanted.reference.attribute(),
        access_selection=None if isinstance(item, Action) else item.selection,
    )


def _parameter(item: Item) -> Data:
    if isinstance(item, Set):
        return item.value
    if isinstance(item, Action) and item.parameter is not None:
        return item.parameter
    return _NULL


def _specification(wanted: Wanted) -> AccessSpecification:
    item = wanted.item
    if isinstance(item, Action):
        return AccessAction(method=wanted.reference.method())
    attribute = wanted.reference.attribute()
    if isinstance(item, Get):
        if item.selection is None:
            return AccessGet(attribute=attribute)
        return AccessGetWithSelection(attribute=attribute, access_selection=item.selection)
    if item.selection is None:
        return AccessSet(attribute=attribute)
    return AccessSetWithSelection(attribute=attribute, access_selection=item.selection)


#: The lists of one service.
LISTS: Final[dict[type[Item], Form]] = {Get: GetList(), Set: SetList(), Action: ActionList()}
#: The list of any service.
ACCESS: Final = AccessList()
