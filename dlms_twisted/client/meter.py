"""
A meter that we are associated with: read, write, act.
"""

from __future__ import annotations

import datetime
from collections.abc import Awaitable, Callable, Iterable, Mapping
from types import TracebackType
from typing import Self

from twisted.internet.defer import Deferred

from dlms_twisted.apdu.conformance import Conformance
from dlms_twisted.apdu.descriptors import SelectiveAccess
from dlms_twisted.client.breaker import BREAKER, Breaker, BreakerState
from dlms_twisted.client.clocks import CLOCK, ClockReading, Clocks, ClockSetting
from dlms_twisted.client.conversation import Conversation
from dlms_twisted.client.image import IMAGE, ImageTransfer
from dlms_twisted.client.profiles import Profiles, Rows
from dlms_twisted.client.reference import Reference
from dlms_twisted.client.scalers import Scalers
from dlms_twisted.client.security_setup import SECURITY_SETUP, SecuritySetup
from dlms_twisted.client.services import Services
from dlms_twisted.client.values import Value
from dlms_twisted.codec.data import Data
from dlms_twisted.codec.times import DateTime
from dlms_twisted.cosem.association import ObjectList
from dlms_twisted.cosem.obis import Obis
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
        self._clocks = Clocks(self._services, conversation.clock)
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
