"""
A meter that we are associated with: read, write, act.
"""

from __future__ import annotations

import datetime
from collections.abc import Awaitable, Callable, Iterable, Mapping
from types import TracebackType
from typing import Self

from twisted.internet.defer import Deferred, fail

from dlms_twisted.apdu.conformance import Conformance
from dlms_twisted.apdu.descriptors import SelectiveAccess
from dlms_twisted.client.breaker import BREAKER, Breaker, BreakerState
from dlms_twisted.client.clocks import CLOCK, ClockReading, Clocks, ClockSetting
from dlms_twisted.client.conversation import Conversation
from dlms_twisted.client.image import IMAGE, ImageTransfer
from dlms_twisted.client.items import Get, Item, Result
from dlms_twisted.client.object_values import read_values
from dlms_twisted.client.profile_selection import RowsWanted
from dlms_twisted.client.profiles import Profiles, Rows
from dlms_twisted.client.reference import Reference
from dlms_twisted.client.row_stream import RowStream
from dlms_twisted.client.scalers import Scalers
from dlms_twisted.client.security_setup import SECURITY_SETUP, SecuritySetup
from dlms_twisted.client.services import Services
from dlms_twisted.client.values import Value
from dlms_twisted.codec.data import Data
from dlms_twisted.codec.times import DateTime
from dlms_twisted.cosem.association import ObjectList
from dlms_twisted.cosem.obis import Obis
from dlms_twisted.cosem.profile import Profile, Row
from dlms_twisted.cosem.selection import RangeStyle
from dlms_twisted.errors import AccessRefusedError, DLMSError
from dlms_twisted.security.setup import KeyId

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
        quirks = conversation.clock_options
        self._clocks = Clocks(self._services, conversation.clock, options=quirks)
        self._profiles = Profiles(self._services, self._scalers, quirks)

    @property
    def conformance(self) -> Conformance:
        """
        What was negotiated.
        """
        return self._conversation.session.conformance

    @property
    def open(self) -> bool:
        """
        Is the association there, as far as we know?  Without it each request fails with
        L{dlms_twisted.errors.LinkError}: connect anew.
        """
        return self._conversation.open

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
        if selection is None:
            try:
                quick = self._services.quick(what)
            except DLMSError as error:
                return fail(error)
            if quick is not None:
                return quick
        return Deferred.fromCoroutine(self._services.get(what, selection))

    def get_many(
        self, what: Iterable[str | Reference | Get]
    ) -> Deferred[tuple[Data | AccessRefusedError, ...]]:
        """
        Read attributes, together where the meter allows it.

        @return: fires with what each held, or why the meter refuses it, in their order.
        """
        return Deferred.fromCoroutine(self._services.get_many(tuple(what)))

    def access(self, items: Iterable[Item]) -> Deferred[tuple[Result, ...]]:
        """
        Read, write and invoke in this order: L{Get}s, L{Set}s and L{Action}s, together where the meter allows it.

        @return: fires with what became of each: what was read, what a method gave, C{None} for what is done, or why
            the meter refuses it.  What it refuses does not keep it from the rest.  It fails only when an answer fails
            to come; what came before is done then.
        """
        return Deferred.fromCoroutine(self._services.access(tuple(items)))

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

    def object_values(
        self, *, buffers: bool = False, progress: Callable[[int, int], None] | None = None
    ) -> Deferred[ObjectList]:
        """
        Read everything that may be read, but secrets.

        @param buffers: Those of profiles too, which can take long.
        @param progress: Told how many objects were read, and how many there are.

        @return: fires with the object list and the values.
        """
        return Deferred.fromCoroutine(
            read_values(self._services, buffers=buffers, progress=progress)
        )

    def profile(
        self,
        name: str | Obis,
        start: datetime.datetime | None = None,
        end: datetime.datetime | None = None,
        *,
        entries: tuple[int, int] | None = None,
        columns: Iterable[str | Obis] = (),
        scaled: bool = True,
        style: RangeStyle | None = None,
    ) -> Deferred[Rows]:
        """
        Read a profile, and wait for all of it.

        @param start: Of a span of time, with C{end}: both are included; without a zone, what the meter's clock shows.
            Where only one is said, the other is the first or the last there is.
        @param entries: First and last row, from 1; 0 for the last there is.
        @param columns: Labels or OBIS codes of the columns; all where none is said.
        @param scaled: Multiply numbers by their scaler.
        @param style: How the meter wants times, for example without a deviation; C{None} to find out.

        @return: fires with the rows; fails with L{LocalProtocolError} where there is no such column.
        """
        wanted = RowsWanted(start=start, end=end, entries=entries, columns=tuple(columns))
        return Deferred.fromCoroutine(
            self._profiles.rows(_obis(name), wanted, scaled=scaled, style=style)
        )

    def rows(
        self,
        name: str | Obis,
        start: datetime.datetime | None = None,
        end: datetime.datetime | None = None,
        *,
        entries: tuple[int, int] | None = None,
        columns: Iterable[str | Obis] = (),
        since: Row | None = None,
        scaled: bool = True,
        style: RangeStyle | None = None,
    ) -> RowStream:
        """
        Read a profile, row by row as they come.

        @param since: The last row that was read before, perhaps by another association: those that follow it are
            wanted.
        @param start: This and the others are as those of L{profile}.

        @return: C{async for row in meter.rows(…)}, or C{meter.rows(…).each(callback)}.

        @raise LocalProtocolError: the parameters contradict each other.
        """
        wanted = RowsWanted(
            start=start, end=end, entries=entries, columns=tuple(columns), since=since
        )
        return self._profiles.stream(_obis(name), wanted, scaled=scaled, style=style)

    def profile_columns(self, name: str | Obis, *, scaled: bool = True) -> Deferred[Profile]:
        """
        Read which columns a profile has, with scalers and units; fetched once.
        """
        return Deferred.fromCoroutine(self._profiles.layout(_obis(name), scaled))

    def profile_count(self, name: str | Obis) -> Deferred[int | None]:
        """
        Read how many rows a profile has now; C{None} where the meter does not say it.
        """
        return Deferred.fromCoroutine(self._profiles.count(_obis(name)))

    # -- the clock -----------------------------------------------------------------------------------------

    def clock(self) -> Deferred[DateTime]:
        """
        Read the clock.
        """
        return Deferred.fromCoroutine(self._clocks.shown())

    def clock_offset(self, zone: datetime.tzinfo | None = None) -> Deferred[ClockReading]:
        """
        Read the clock, and by how much it is ahead of ours.

        @param zone: In which the clock runs, for one that does not say its deviation from UTC.
        """
        return Deferred.fromCoroutine(self._clocks.read(zone))

    def set_clock(self, moment: datetime.datetime) -> Deferred[None]:
        """
        Set the clock.

        @param moment: With a zone, which the meter is told as the deviation; without one, what it shall show.
        """
        return Deferred.fromCoroutine(self._clocks.write(moment))

    def synchronise_clock(self, zone: datetime.tzinfo | None = None) -> Deferred[ClockSetting]:
        """
        Set the clock to our time, corrected by half of the round trip; where the meter refuses that its time is
        written, by shifting, presetting or adjusting it.

        @param zone: In which the clock shall run; where it is not said, the deviation that it shows is kept.

        @return: fires with how it was set, and by how much it was ahead before and after.
        """
        return Deferred.fromCoroutine(self._clocks.synchronise(zone))

    # -- things that meters have -----------------------------------------------------------------------------

    def breaker(self, name: str | Obis = BREAKER) -> Deferred[BreakerState]:
        """
        Read where the breaker, or the valve, stands.
        """
        return Deferred.fromCoroutine(self._breaker(name).state())

    def disconnect(self, name: str | Obis = BREAKER) -> Deferred[BreakerState]:
        """
        Open the breaker.

        @return: fires with where it stands then, as the meter says.
        """
        return Deferred.fromCoroutine(self._breaker(name).disconnect())

    def reconnect(self, name: str | Obis = BREAKER) -> Deferred[BreakerState]:
        """
        Close the breaker, or make it ready to be closed by hand, as its mode says.

        @return: fires with where it stands then, as the meter says.
        """
        return Deferred.fromCoroutine(self._breaker(name).reconnect())

    def image_transfer(
        self, name: str | Obis = IMAGE, *, interval: float = 2.0, patience: float = 300.0
    ) -> ImageTransfer:
        """
        @param interval: Seconds between two questions whether the meter has finished something.
        @param patience: For how many seconds it may be at it.

        @return: what sends images, and has them verified and activated.
        """
        clock = self._conversation.clock
        return ImageTransfer(
            self._services, clock, _obis(name), interval=interval, patience=patience
        )

    def security_setup(
        self, name: str | Obis = SECURITY_SETUP, *, version: int = 1
    ) -> SecuritySetup:
        """
        @param version: Of the class.

        @return: what gives the meter keys and certificates; this association goes on under new keys
            by itself.
        """
        return SecuritySetup(
            self._services, _obis(name), version=version, changed=self._keys_changed
        )

    def _breaker(self, name: str | Obis) -> Breaker:
        return Breaker(self._services, self._conversation.clock, _obis(name))

    def _keys_changed(self, keys: Mapping[KeyId, bytes]) -> None:
        self._conversation.session.change_keys(
            encryption_key=keys.get(KeyId.UNICAST_ENCRYPTION),
            authentication_key=keys.get(KeyId.AUTHENTICATION),
            master_key=keys.get(KeyId.MASTER),
        )


def _obis(name: str | Obis) -> Obis:
    return Obis.parse(name) if isinstance(name, str) else name
