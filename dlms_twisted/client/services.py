"""
The services of an association, for one attribute or method and for many.

What L{dlms_twisted.client.Meter} offers is built on this; whoever adds to it calls these coroutines.

Many go together as the meter accepts it: by the list of their service, or by ACCESS, as many as one of its PDUs holds
and as it did not refuse before; else one by one.  What it refuses is remembered in its L{Manners}.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from twisted.internet.defer import Deferred

from dlms_twisted.apdu.conformance import Conformance
from dlms_twisted.client.conversation import Conversation
from dlms_twisted.client.items import Action, Get, Item, Result, Set
from dlms_twisted.client.lists import ACCESS, LISTS, Form, Wanted
from dlms_twisted.client.manners import Manners
from dlms_twisted.client.reference import Reference
from dlms_twisted.client.singles import SingleServices
from dlms_twisted.codec.data import Data
from dlms_twisted.errors import (
    AccessRefusedError,
    BlockTransferError,
    DLMSError,
    EncodeError,
    ExceptionResponseError,
    LocalProtocolError,
    Reason,
    RemoteProtocolError,
)

__all__ = ["Services"]

#: service-error of an exception-response.
_PDU_TOO_LONG: Final = 4
_DECIPHERING_ERROR: Final = 5
_COUNTER_ERROR: Final = 6
#: Results that each item has when the list itself is refused: too long an answer, and no such list.
_TOO_MUCH: Final = 14
_NO_LIST: Final = frozenset({13, 15, 16, 250})


class Services(SingleServices):
    """
    The services of one association.

    @ivar manners: What the meter does with lists.
    """

    def __init__(self, conversation: Conversation, manners: Manners | None = None) -> None:
        super().__init__(conversation)
        self.manners = manners or conversation.manners

    async def get_many(
        self, what: Iterable[str | Reference | Get]
    ) -> tuple[Data | AccessRefusedError, ...]:
        """
        @return: what each attribute held, or why the meter refuses it.
        """
        results = await self.access([one if isinstance(one, Get) else Get(one) for one in what])
        return tuple(one for one in results if one is not None)

    async def access(self, items: Iterable[Item]) -> tuple[Result, ...]:
        """
        Read, write and invoke, in this order.

        @return: what became of each item, in their order.

        @raise DLMSError: there is no answer; what came before is done.
        """
        wanted = [
            Wanted(one, await self.reference(one.what, 1 if isinstance(one, Action) else 2))
            for one in items
        ]
        mixed = len({type(one.item) for one in wanted}) > 1
        found: list[Result] = []
        while len(found) < len(wanted):
            rest = wanted[len(found) :]
            form = await self._form(rest, mixed)
            if form is None:
                found += await self._alone(rest)
                continue
            chunk = rest[: self._count(form, rest)]
            if len(chunk) < 2:
                found.append(await self._one(rest[0]))
            else:
                found += await self._together(form, chunk)
        return tuple(found)

    # -- how -----------------------------------------------------------------------------------------------

    async def _form(self, rest: Sequence[Wanted], mixed: bool) -> Form | None:
        """
        @return: the form of list that the next items go in.
        """
        conformance = self.conformance
        kind = type(rest[0].item)
        several = len(rest) > 1 and type(rest[1].item) is kind
        listed = Conformance.MULTIPLE_REFERENCES in conformance
        if self._names is not None:
            if kind is not Get or not several or not listed or self.manners.limit("read") < 2:
                return None
            return self._names.form(await self.objects())
        access = Conformance.ACCESS in conformance and self.manners.limit(ACCESS.NAME) > 1
        if mixed and access:
            return ACCESS
        if not several:
            return None
        if listed and self.manners.limit(LISTS[kind].NAME) > 1:
            return LISTS[kind]
        return ACCESS if access else None

    def _count(self, form: Form, rest: Sequence[Wanted]) -> int:
        """
        @return: how many of the next items go in one list.
        """
        room = self.conversation.session.room
        used = form.HEADER
        count = 0
        for one in rest[: self.manners.limit(form.NAME)]:
            if form is not ACCESS and type(one.item) is not type(rest[0].item):
                break
            used += form.size(one.item)
            if room and used > room and count:
                break
            count += 1
        return count

    async def _together(self, form: Form, chunk: Sequence[Wanted]) -> list[Result]:
        """
        @return: the results of some of the items, from the first on; none where the list was too long.
        """
        try:
            response = await self.conversation.request(
                lambda invoke: form.request(chunk, invoke), long=form.LONG
            )
            results = form.results(chunk, response)
        except (ExceptionResponseError, LocalProtocolError, RemoteProtocolError) as error:
            if not _may_be_the_list(error, chunk):
                raise
            if _is_too_long(error):
                self.manners.halve(form.NAME, len(chunk))
                return []
            first = await self._one(chunk[0])
            self.manners.refuse(form.NAME)
            return [first]
        code = _code_of_all(results)
        if code == _TOO_MUCH:
            self.manners.halve(form.NAME, len(chunk))
            return []
        if code in _NO_LIST:
            first = await self._one(chunk[0])
            if not isinstance(first, AccessRefusedError) or first.code != code:
                self.manners.refuse(form.NAME)
                return [first]
        return results

    async def _alone(self, rest: Sequence[Wanted]) -> list[Result]:
        """
        @return: the results of the next item; of all that are read, where several requests may be under way.
        """
        if self.conversation.outstanding < 2 or not isinstance(rest[0].item, Get):
            return [await self._one(rest[0])]
        reads = []
        for one in rest:
            if not isinstance(one.item, Get):
                break
            reads.append(Deferred.fromCoroutine(self._one(one)))
        try:
            return [await reading for reading in reads]
        finally:
            for reading in reads:
                # After an error, or when all of it is cancelled, nobody waits for the others.
                reading.addErrback(lambda _: None)
                reading.cancel()

    async def _one(self, wanted: Wanted) -> Result:
        item = wanted.item
        try:
            if isinstance(item, Get):
                return await self.get(wanted.reference, item.selection)
            if isinstance(item, Set):
                await self.set(wanted.reference, item.value, item.selection)
                return None
            return await self.action(wanted.reference, item.parameter)
        except AccessRefusedError as error:
            return error


def _may_be_the_list(error: DLMSError, chunk: Sequence[Wanted]) -> bool:
    """
    Did the meter do nothing of it, or nothing that matters, so that it can be tried otherwise?
    """
    if isinstance(error, EncodeError):
        return False
    if isinstance(error, ExceptionResponseError):
        return error.state is None or error.service not in (_DECIPHERING_ERROR, _COUNTER_ERROR)
    return isinstance(error, LocalProtocolError) or all(isinstance(one.item, Get) for one in chunk)


def _is_too_long(error: DLMSError) -> bool:
    if isinstance(error, ExceptionResponseError):
        return error.state is not None and error.service == _PDU_TOO_LONG
    if isinstance(error, BlockTransferError):
        return error.reason is Reason.LIMIT
    return isinstance(error, LocalProtocolError)


def _code_of_all(results: Sequence[Result]) -> int | None:
    """
    @return: the code by which every item was refused; C{None} where they differ.
    """
    codes = {one.code if isinstance(one, AccessRefusedError) else None for one in results}
    return codes.pop() if len(codes) == 1 else None
