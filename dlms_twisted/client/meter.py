"""
A meter that we are associated with: read, write, act.
"""

from __future__ import annotations

import datetime
from collections.abc import Awaitable, Callable, Iterable
from types import TracebackType
from typing import Self

from twisted.internet.defer import Deferred

from dlms_twisted.apdu.conformance import Conformance
from dlms_twisted.apdu.descriptors import SelectiveAccess
from dlms_twisted.client.clocks import CLOCK, read_clock
from dlms_twisted.client.conversation import Conversation
from dlms_twisted.client.profiles import Profiles, Rows
from dlms_twisted.client.reference import Reference
from dlms_twisted.client.scalers import Scalers
from dlms_twisted.client.services import Services
from dlms_twisted.client.values import Value
from dlms_twisted.codec import build
from dlms_twisted.codec.data import Data
from dlms_twisted.codec.times import DateTime
from dlms_twisted.cosem.association import ObjectList
from dlms_twisted.cosem.obis import Obis
from dlms_twisted.errors import AccessRefusedError, DLMSError

__all__ = ["CLOCK", "Meter", "Rows"]


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
        self._services = Services(conversation)
        self._scalers = Scalers(self._services)
        self._profiles = Profiles(self._services, self._scalers)

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
        return Deferred.fromCoroutine(self._services.get(what, selection))

    def get_many(
        self, what: Iterable[str | Reference]
    ) -> Deferred[tuple[Data | AccessRefusedError, ...]]:
        """
        Read attributes, together where the meter allows it.

        @return: fires with what each held, or why the meter refuses it.
        """
        return Deferred.fromCoroutine(self._services.get_many(tuple(what)))

    def set(
        self, what: str | Reference, value: Data, selection: SelectiveAccess | None = None
    ) -> Deferred[None]:
        """
        Write an attribute.
        """
        return Deferred.fromCoroutine(self._services.set(what, value, selection))

    def action(self, what: str | Reference, parameter: Data | None = None) -> Deferred[Data | None]:
        """
        Invoke a method.

        @return: fires with what it gives, C{None} for nothing.
        """
        return Deferred.fromCoroutine(self._services.action(what, parameter))

    def read(self, what: str | Reference) -> Deferred[Value]:
        """
        Read an attribute with its unit, scaled; scalers and units are fetched once.
        """
        return Deferred.fromCoroutine(self._scalers.read(what))

    def objects(self) -> Deferred[ObjectList]:
        """
        The object list; fetched once.
        """
        return Deferred.fromCoroutine(self._services.objects())

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
        return Deferred.fromCoroutine(self._profiles.rows(name, start, end, entries, scaled))

    def clock(self) -> Deferred[DateTime]:
        """
        Read the clock.
        """
        return Deferred.fromCoroutine(read_clock(self._services))

    def set_clock(self, moment: datetime.datetime) -> Deferred[None]:
        """
        Set the clock.

        @param moment: With a zone, which the meter is told as the deviation.
        """
        return self.set(CLOCK, build.octet_string(DateTime.from_datetime(moment).to_octets()))
