"""
Services without a wire: the objects of the simulated meter, asked directly.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock, deferLater

from dlms_twisted.apdu.conformance import Conformance
from dlms_twisted.apdu.descriptors import SelectiveAccess
from dlms_twisted.apdu.results import ActionResult, DataAccessResult
from dlms_twisted.client.manners import Manners
from dlms_twisted.client.reference import Reference
from dlms_twisted.client.services import Services
from dlms_twisted.codec.data import Data
from dlms_twisted.cosem.obis import Obis
from dlms_twisted.errors import AccessRefusedError, DLMSError

__all__ = ["Answers", "services_of"]

#: What an attribute holds, or what answers of a selection or a parameter.
Held = Data | int | Callable[[Any], Any]


class Answers:
    """
    Stands for L{Services}, on a clock that is turned by hand.

    @ivar attributes: By logical name and number: Data, a data-access-result, or what gives one of them.
    @ivar methods: By logical name and number: gives an action-result, and what it returns.
    @ivar log: What was asked: C{get}, C{set} or C{action}, and the reference.
    @ivar delay: Seconds that each answer takes.
    @ivar conformance: What is said to be negotiated.
    @ivar manners: What is remembered of the meter.
    @ivar parts: How many octets a part of an answer has; 0 for answers in one piece.
    """

    def __init__(self) -> None:
        self.clock = Clock()
        self.attributes: dict[tuple[Obis, int], Held] = {}
        self.methods: dict[tuple[Obis, int], Callable[[Data | None], Any]] = {}
        self.log: list[tuple[str, str]] = []
        self.delay = 0.0
        self.parts = 0
        self.conformance = Conformance(0x00FFFFFF)
        self.manners = Manners()

    @property
    def conversation(self) -> Answers:
        """
        Itself: only its clock is asked for.
        """
        return self

    async def _answered(self, kind: str, reference: Reference) -> None:
        self.log.append((kind, str(reference)))
        if self.delay:
            await deferLater(self.clock, self.delay)

    async def get(
        self,
        reference: Reference,
        selection: SelectiveAccess | None = None,
        partial: Callable[[bytes], None] | None = None,
    ) -> Data:
        """
        See L{Services.get}.
        """
        await self._answered("get", reference)
        held = self.attributes.get((reference.logical_name, reference.member), 4)
        found = held(selection) if callable(held) else held
        if not isinstance(found, Data):
            result = DataAccessResult(found)
            raise AccessRefusedError(int(result), result.label, str(reference))
        if partial is not None and self.parts:
            await self._told(found.octets, partial)
        return found

    def _told(self, octets: bytes, partial: Callable[[bytes], None]) -> Deferred[None]:
        """
        @return: fires when all but the last part was told, a second each.
        """
        waiting: list[Any] = []
        done: Deferred[None] = Deferred(lambda _: waiting[0].cancel())

        def tell(at: int) -> None:
            if at + self.parts >= len(octets):
                done.callback(None)
                return
            waiting[:] = [self.clock.callLater(1.0, tell, at + self.parts)]
            try:
                partial(octets[at : at + self.parts])
            except DLMSError as error:
                waiting[0].cancel()
                done.errback(error)

        tell(0)
        return done

    async def get_many(self, what: Sequence[Reference]) -> tuple[Data | AccessRefusedError, ...]:
        """
        See L{Services.get_many}.
        """
        found: list[Data | AccessRefusedError] = []
        for one in what:
            try:
                found.append(await self.get(one))
            except AccessRefusedError as error:
                found.append(error)
        return tuple(found)

    async def set(self, reference: Reference, value: Data) -> None:
        """
        See L{Services.set}: what is held must be callable, and gives a data-access-result.
        """
        await self._answered("set", reference)
        result = DataAccessResult(self.methods[reference.logical_name, -reference.member](value))
        if not result.is_success:
            raise AccessRefusedError(int(result), result.label, str(reference))

    async def action(self, reference: Reference, parameter: Data | None = None) -> Data | None:
        """
        See L{Services.action}.
        """
        await self._answered("action", reference)
        method = self.methods.get((reference.logical_name, reference.member))
        result, returned = (3, None) if method is None else method(parameter)
        code = ActionResult(result)
        if not code.is_success:
            raise AccessRefusedError(int(code), code.label, str(reference))
        return cast("Data | None", returned)

    def asked(self, kind: str) -> list[str]:
        """
        @return: what was asked in this way.
        """
        return [reference for one, reference in self.log if one == kind]

    def run(self, deferred: Deferred[Any], seconds: float = 1000.0) -> None:
        """
        Let time pass, in small steps, until C{deferred} has fired.
        """
        end = self.clock.seconds() + seconds
        while not deferred.called and self.clock.seconds() < end:
            self.clock.advance(0.125)


def services_of(answers: Answers) -> Services:
    """
    @return: the same, for who wants the real thing.
    """
    return cast("Services", answers)
