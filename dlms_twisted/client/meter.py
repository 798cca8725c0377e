"""
A meter that we are associated with: read, write, act.
"""

from __future__ import annotations

import datetime
from collections.abc import Awaitable, Callable, Iterable
from types import TracebackType
from typing import Self

from attrs import evolve
from twisted.internet.defer import Deferred

from dlms_twisted.apdu.action import ActionRequestNormal, ActionResponseNormal
from dlms_twisted.apdu.base import Apdu
from dlms_twisted.apdu.conformance import Conformance
from dlms_twisted.apdu.descriptors import AttributeWithSelection, SelectiveAccess
from dlms_twisted.apdu.get import (
    GetRequestNormal,
    GetRequestWithList,
    GetResponseNormal,
    GetResponseWithList,
)
from dlms_twisted.apdu.results import ActionResult, DataAccessResult
from dlms_twisted.apdu.selective import EntryDescriptor, RangeDescriptor
from dlms_twisted.apdu.set import SetRequestNormal, SetResponseNormal
from dlms_twisted.client.conversation import Conversation
from dlms_twisted.client.reference import Reference
from dlms_twisted.client.short_names import ShortNames
from dlms_twisted.client.values import Value, scaler_attribute
from dlms_twisted.codec import build
from dlms_twisted.codec.data import Data
from dlms_twisted.codec.times import DateTime
from dlms_twisted.cosem.association import ObjectList
from dlms_twisted.cosem.columns import Column, columns_of
from dlms_twisted.cosem.elements import ScalerUnit, element_of, scaler_unit
from dlms_twisted.cosem.obis import Obis
from dlms_twisted.cosem.profile import Profile, Row
from dlms_twisted.cosem.selection import by_entry, by_time
from dlms_twisted.errors import (
    AccessRefusedError,
    DLMSError,
    LocalProtocolError,
    RemoteProtocolError,
)

__all__ = ["CLOCK", "Meter", "Rows"]

#: The clock's time.
CLOCK = Reference(Obis(0, 0, 1, 0, 0), 8, 2)
_OBJECTS = Reference(Obis(0, 0, 40, 0, 0), 15, 2)


class Rows(tuple[Row, ...]):
    """
    The rows of a profile.

    @ivar profile: Its columns, with labels, scalers and units.
    """

    profile: Profile


class Meter:
    """
    An association with one logical device; L{dlms_twisted.client.connect} makes it.

    One request is under way at a time; others wait for their turn.  Each method returns a Deferred that can be
    cancelled, and fails with L{DLMSError}s: L{AccessRefusedError} when the meter refuses an attribute or method,
    L{dlms_twisted.errors.ExceptionResponseError} when it refuses the request,
    L{dlms_twisted.errors.RequestTimeoutError} when it is silent, L{dlms_twisted.errors.LinkError} when it is gone.

    Attributes are named by L{Reference}s or their texts: C{3/1-0:1.8.0.255/2}; without a class the meter's object
    list says it, which is fetched once.

    C{async with} releases the association and closes the link at its end.
    """

    def __init__(self, conversation: Conversation, close: Callable[[], Awaitable[None]]) -> None:
        self._conversation = conversation
        self._close = close
        self._objects: ObjectList | None = None
        self._scalers: dict[tuple[int | None, Obis, int], ScalerUnit | None] = {}
        self._profiles: dict[tuple[Obis, bool], Profile] = {}
        self._names = ShortNames(conversation) if conversation.session.short_names else None

    @property
    def conformance(self) -> Conformance:
        """
        What was negotiated.
        """
        return self._conversation.session.conformance

    @property
    def system_title(self) -> bytes:
        """
        The meter's; empty where it did not say.
        """
        return self._conversation.session.peer_title

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    def close(self) -> Deferred[None]:
        """
        Release the association and close the link; never fails for what the meter does.
        """
        return Deferred.fromCoroutine(self._shut())

    async def _shut(self) -> None:
        try:
            await self._conversation.release()
        except DLMSError:
            # It went away in the middle of it, which is what was wanted.
            pass
        finally:
            await self._close()

    # -- attributes and methods ----------------------------------------------------------------------------

    def get(
        self, what: str | Reference, selection: SelectiveAccess | None = None
    ) -> Deferred[Data]:
        """
        Read an attribute.

        @param selection: Which part of it.
        """
        return Deferred.fromCoroutine(self._get(what, selection))

    def get_many(
        self, what: Iterable[str | Reference]
    ) -> Deferred[tuple[Data | AccessRefusedError, ...]]:
        """
        Read attributes, together where the meter allows it.

        @return: fires with what each held, or why the meter refuses it.
        """
        return Deferred.fromCoroutine(self._get_many(tuple(what)))

    def set(
        self, what: str | Reference, value: Data, selection: SelectiveAccess | None = None
    ) -> Deferred[None]:
        """
        Write an attribute.
        """
        return Deferred.fromCoroutine(self._set(what, value, selection))

    def action(self, what: str | Reference, parameter: Data | None = None) -> Deferred[Data | None]:
        """
        Invoke a method.

        @return: fires with what it gives, C{None} for nothing.
        """
        return Deferred.fromCoroutine(self._action(what, parameter))

    def read(self, what: str | Reference) -> Deferred[Value]:
        """
        Read an attribute with its unit, scaled; scalers and units are fetched once.
        """
        return Deferred.fromCoroutine(self._read(what))

    def objects(self) -> Deferred[ObjectList]:
        """
        The object list; fetched once.
        """
        return Deferred.fromCoroutine(self._object_list())

    def profile(
        self,
        name: str | Obis,
        start: datetime.datetime | None = None,
        end: datetime.datetime | None = None,
        *,
        entries: tuple[int, int] | None = None,
        scaled: bool = True,
    ) -> Deferred[Rows]:
        """
        Read a profile.

        @param start: Of a span of time, with C{end}: both are included; without a zone, what the meter's clock shows.
        @param entries: First and last row, from 1; 0 for the last there is.
        @param scaled: Multiply numbers by their scaler.

        @return: fires with the rows.
        """
        return Deferred.fromCoroutine(self._rows(name, start, end, entries, scaled))

    def clock(self) -> Deferred[DateTime]:
        """
        Read the clock.
        """
        return Deferred.fromCoroutine(self._clock())

    def set_clock(self, moment: datetime.datetime) -> Deferred[None]:
        """
        Set the clock.

        @param moment: With a zone, which the meter is told as the deviation.
        """
        return self.set(CLOCK, build.octet_string(DateTime.from_datetime(moment).to_octets()))

    # -- how -----------------------------------------------------------------------------------------------

    async def _reference(self, what: str | Reference, member: int = 2) -> Reference:
        reference = Reference.parse(what, member) if isinstance(what, str) else what
        if reference.class_id is not None:
            return reference
        objects = await self._object_list()
        found = objects.find(reference.logical_name)
        if found is None:
            raise LocalProtocolError(f"{reference.logical_name} is not in the meter's object list")
        return evolve(reference, class_id=found.class_id)

    async def _get(self, what: str | Reference, selection: SelectiveAccess | None) -> Data:
        reference = await self._reference(what)
        if self._names is not None:
            return await self._names.get(reference, selection, await self._object_list())
        attribute = reference.attribute()
        response = await self._conversation.request(
            lambda invoke: GetRequestNormal(
                invoke_id_and_priority=invoke, attribute=attribute, access_selection=selection
            )
        )
        if not isinstance(response, GetResponseNormal):
            raise _wrong(response)
        return _data(reference, response.result)

    async def _get_many(
        self, what: tuple[str | Reference, ...]
    ) -> tuple[Data | AccessRefusedError, ...]:
        references = [await self._reference(one) for one in what]
        together = Conformance.MULTIPLE_REFERENCES in self.conformance
        if self._names is not None or not together or len(references) < 2:
            found: list[Data | AccessRefusedError] = []
            for reference in references:
                try:
                    found.append(await self._get(reference, None))
                except AccessRefusedError as error:
                    found.append(error)
            return tuple(found)
        wanted = tuple(AttributeWithSelection(attribute=one.attribute()) for one in references)
        response = await self._conversation.request(
            lambda invoke: GetRequestWithList(invoke_id_and_priority=invoke, attributes=wanted)
        )
        if not isinstance(response, GetResponseWithList):
            raise _wrong(response)
        return tuple(
            result if isinstance(result, Data) else _refusal(reference, result)
            for reference, result in zip(references, response.results, strict=True)
        )

    async def _set(
        self, what: str | Reference, value: Data, selection: SelectiveAccess | None
    ) -> None:
        reference = await self._reference(what)
        if self._names is not None:
            await self._names.set(reference, value, await self._object_list())
            return
        attribute = reference.attribute()
        response = await self._conversation.request(
            lambda invoke: SetRequestNormal(
                invoke_id_and_priority=invoke,
                attribute=attribute,
                access_selection=selection,
                value=value,
            )
        )
        if not isinstance(response, SetResponseNormal):
            raise _wrong(response)
        if not response.result.is_success:
            raise _refusal(reference, response.result)

    async def _action(self, what: str | Reference, parameter: Data | None) -> Data | None:
        reference = await self._reference(what, 1)
        if self._names is not None:
            return await self._names.action(reference, parameter, await self._object_list())
        method = reference.method()
        response = await self._conversation.request(
            lambda invoke: ActionRequestNormal(
                invoke_id_and_priority=invoke, method=method, parameters=parameter
            )
        )
        if not isinstance(response, ActionResponseNormal):
            raise _wrong(response)
        if not response.result.is_success:
            raise _refusal(reference, response.result)
        returned = response.return_parameters
        return None if returned is None else _data(reference, returned)

    async def _read(self, what: str | Reference) -> Value:
        reference = await self._reference(what)
        data = await self._get(reference, None)
        return Value.of(reference, data, await self._scaler(reference))

    async def _scaler(self, reference: Reference) -> ScalerUnit | None:
        attribute = scaler_attribute(reference)
        if attribute is None:
            return None
        key = (reference.class_id, reference.logical_name, attribute)
        if key not in self._scalers:
            try:
                data = await self._get(evolve(reference, member=attribute), None)
            except AccessRefusedError:
                self._scalers[key] = None
            else:
                self._scalers[key] = scaler_unit(element_of(data))
        return self._scalers[key]

    async def _object_list(self) -> ObjectList:
        if self._objects is None:
            if self._names is not None:
                self._objects = await self._names.objects()
            else:
                data = await self._get(_OBJECTS, None)
                self._objects = ObjectList.of_logical_names(data)
        return self._objects

    async def _layout(self, name: Obis, scaled: bool) -> Profile:
        key = (name, scaled)
        if key not in self._profiles:
            captured = await self._get(Reference(name, 7, 3), None)
            scalers: dict[Obis, ScalerUnit] = {}
            for column in columns_of(captured):
                known = await self._column_scaler(column)
                if known is not None:
                    scalers[column.logical_name] = known
            period = await self._get(Reference(name, 7, 4), None)
            seconds = period.values if type(period.values) is int else 0
            columns = columns_of(captured, scalers)
            self._profiles[key] = Profile(columns, capture_period=seconds, scaled=scaled)
        return self._profiles[key]

    async def _column_scaler(self, column: Column) -> ScalerUnit | None:
        return await self._scaler(Reference(column.logical_name, column.class_id, column.attribute))

    async def _rows(
        self,
        name: str | Obis,
        start: datetime.datetime | None,
        end: datetime.datetime | None,
        entries: tuple[int, int] | None,
        scaled: bool,
    ) -> Rows:
        selection = _selection(start, end, entries)
        obis = Obis.parse(name) if isinstance(name, str) else name
        profile = await self._layout(obis, scaled)
        buffer = await self._get(Reference(obis, 7, 2), selection)
        rows = Rows(profile.rows(buffer))
        rows.profile = profile
        return rows

    async def _clock(self) -> DateTime:
        data = await self._get(CLOCK, None)
        if not isinstance(data.values, bytes):
            raise RemoteProtocolError("the clock holds no time")
        return DateTime.from_octets(data.values)


def _selection(
    start: datetime.datetime | None,
    end: datetime.datetime | None,
    entries: tuple[int, int] | None,
) -> SelectiveAccess | None:
    chosen: RangeDescriptor | EntryDescriptor
    if entries is not None:
        if start is not None or end is not None:
            raise LocalProtocolError("a span of time or entries wanted, not both")
        chosen = by_entry(*entries)
    elif start is None and end is None:
        return None
    elif start is None or end is None:
        raise LocalProtocolError("both ends of the span of time wanted")
    else:
        chosen = by_time(start, end)
    return chosen.to_selection()


def _data(reference: Reference, result: Data | DataAccessResult) -> Data:
    if not isinstance(result, Data):
        raise _refusal(reference, result)
    return result


def _refusal(reference: Reference, result: DataAccessResult | ActionResult) -> AccessRefusedError:
    return AccessRefusedError(int(result), result.label, str(reference))


def _wrong(response: Apdu) -> RemoteProtocolError:
    return RemoteProtocolError(f"{response.NAME} is no answer to the request")
