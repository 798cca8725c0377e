"""
The services of an association, one attribute or method at a time: GET, SET and ACTION, or Read and Write where names
are short.
"""

from __future__ import annotations

from collections.abc import Callable

from attrs import evolve
from twisted.internet.defer import Deferred

from dlms_twisted.apdu.action import ActionRequestNormal, ActionResponseNormal
from dlms_twisted.apdu.base import Apdu
from dlms_twisted.apdu.conformance import Conformance
from dlms_twisted.apdu.descriptors import SelectiveAccess
from dlms_twisted.apdu.get import GetRequestNormal, GetResponseNormal
from dlms_twisted.apdu.results import DataAccessResult
from dlms_twisted.apdu.set import SetRequestNormal, SetResponseNormal
from dlms_twisted.client.conversation import Conversation
from dlms_twisted.client.lists import refusal, wrong
from dlms_twisted.client.reference import Reference, parsed
from dlms_twisted.client.short_names import ShortNames
from dlms_twisted.codec.data import Data
from dlms_twisted.cosem.association import ObjectList
from dlms_twisted.cosem.obis import Obis
from dlms_twisted.errors import LocalProtocolError

__all__ = ["SingleServices"]

#: The object list of the association that is in use.
_OBJECTS = Reference(Obis(0, 0, 40, 0, 0), 15, 2)


class SingleServices:
    """
    The services of one association; L{dlms_twisted.client.services.Services} adds lists.

    @ivar conversation: What carries the requests.
    """

    def __init__(self, conversation: Conversation) -> None:
        self.conversation = conversation
        self._objects: ObjectList | None = None
        self._names = ShortNames(conversation) if conversation.session.short_names else None

    @property
    def conformance(self) -> Conformance:
        """
        What was negotiated.
        """
        return self.conversation.session.conformance

    async def reference(self, what: str | Reference, member: int = 2) -> Reference:
        """
        @param member: The attribute or method, where C{what} names none.

        @return: with its class, which the object list says where C{what} does not.

        @raise LocalProtocolError: the meter has no such object.
        """
        reference = Reference.parse(what, member) if isinstance(what, str) else what
        if reference.class_id is not None:
            return reference
        found = (await self.objects()).find(reference.logical_name)
        if found is None:
            raise LocalProtocolError(f"{reference.logical_name} is not in the meter's object list")
        return evolve(reference, class_id=found.class_id)

    async def objects(self) -> ObjectList:
        """
        @return: the object list, fetched once.

        @raise AccessRefusedError: the meter refuses it.
        """
        if self._objects is None:
            if self._names is not None:
                self._objects = await self._names.objects()
            else:
                self._objects = ObjectList.of_logical_names(await self.get(_OBJECTS))
        return self._objects

    async def get(
        self,
        what: str | Reference,
        selection: SelectiveAccess | None = None,
        partial: Callable[[bytes], None] | None = None,
    ) -> Data:
        """
        Read an attribute.

        @param selection: Which part of it.
        @param partial: See L{Conversation.request}.

        @raise AccessRefusedError: the meter refuses.
        """
        reference = await self.reference(what)
        if self._names is not None:
            return await self._names.get(reference, selection, await self.objects())
        attribute = reference.attribute()
        response = await self.conversation.request(
            lambda invoke: GetRequestNormal(
                invoke_id_and_priority=invoke, attribute=attribute, access_selection=selection
            ),
            partial=partial,
        )
        if not isinstance(response, GetResponseNormal):
            raise wrong(response)
        return _data(reference, response.result)

    def quick(self, what: str | Reference) -> Deferred[Data] | None:
        """
        Read an attribute the short way.

        @return: C{None} where nothing was asked: then L{get} does it.

        @raise LinkError: no invoke-id is left.
        """
        reference = parsed(what) if isinstance(what, str) else what
        if reference.class_id is None or self._names is not None:
            return None

        def data_of(answer: Data | Apdu) -> Data:
            if isinstance(answer, Data):
                return answer
            if not isinstance(answer, GetResponseNormal):
                raise wrong(answer)
            return _data(reference, answer.result)

        return self.conversation.quick(reference.attribute(), data_of)

    async def set(
        self, what: str | Reference, value: Data, selection: SelectiveAccess | None = None
    ) -> None:
        """
        Write an attribute.

        @raise AccessRefusedError: the meter refuses.
        """
        reference = await self.reference(what)
        if self._names is not None:
            await self._names.set(reference, value, await self.objects())
            return
        attribute = reference.attribute()
        response = await self.conversation.request(
            lambda invoke: SetRequestNormal(
                invoke_id_and_priority=invoke,
                attribute=attribute,
                access_selection=selection,
                value=value,
            )
        )
        if not isinstance(response, SetResponseNormal):
            raise wrong(response)
        if not response.result.is_success:
            raise refusal(reference, response.result)

    async def action(self, what: str | Reference, parameter: Data | None = None) -> Data | None:
        """
        Invoke a method.

        @return: what it gives, C{None} for nothing.

        @raise AccessRefusedError: the meter refuses.
        """
        reference = await self.reference(what, 1)
        if self._names is not None:
            return await self._names.action(reference, parameter, await self.objects())
        method = reference.method()
        response = await self.conversation.request(
            lambda invoke: ActionRequestNormal(
                invoke_id_and_priority=invoke, method=method, parameters=parameter
            )
        )
        if not isinstance(response, ActionResponseNormal):
            raise wrong(response)
        if not response.result.is_success:
            raise refusal(reference, response.result)
        returned = response.return_parameters
        return None if returned is None else _data(reference, returned)


def _data(reference: Reference, result: Data | DataAccessResult) -> Data:
    if not isinstance(result, Data):
        raise refusal(reference, result)
    return result
