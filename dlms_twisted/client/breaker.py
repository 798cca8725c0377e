"""
Disconnect control: the breaker of a meter, or its valve.

Source: DLMS UA 1000-1 (Blue Book), Disconnect control.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any, Final, NamedTuple

from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater

from dlms_twisted.client.reference import Reference
from dlms_twisted.client.services import Services
from dlms_twisted.codec import build
from dlms_twisted.codec.data import Data
from dlms_twisted.cosem.obis import Obis
from dlms_twisted.errors import AccessRefusedError, RemoteProtocolError

__all__ = ["BREAKER", "Breaker", "BreakerState", "ControlState"]

#: The breaker that most meters have.
BREAKER: Final = Obis(0, 0, 96, 3, 10)
_CLASS: Final = 70


class ControlState(IntEnum):
    """
    What the meter has been told.
    """

    DISCONNECTED = 0
    CONNECTED = 1
    #: Somebody must push the button.
    READY_FOR_RECONNECTION = 2


class BreakerState(NamedTuple):
    """
    Where a breaker stands.

    @ivar output: Is the output closed?  C{None} where the meter does not say it.
    @ivar control: What it was told.
    @ivar mode: Who may do what: 0 to 6, C{None} where the meter does not say it.
    """

    output: bool | None
    control: ControlState
    mode: int | None


class Breaker:
    """
    One breaker.
    """

    def __init__(self, services: Services, clock: IReactorTime, name: Obis = BREAKER) -> None:
        """
        @param clock: Where it waits on.
        """
        self._services = services
        self._clock = clock
        self._name = name

    async def state(self) -> BreakerState:
        """
        @return: where it stands now.

        @raise AccessRefusedError: the meter refuses to say its control state.
        @raise RemoteProtocolError: it is in no state that there is.
        """
        output, control, mode = await self._services.get_many(
            [Reference(self._name, _CLASS, member) for member in (2, 3, 4)]
        )
        if isinstance(control, AccessRefusedError):
            raise control
        try:
            told = ControlState(_values(control))
        except ValueError:
            raise RemoteProtocolError("the breaker is in no state that there is") from None
        closed, allowed = _values(output), _values(mode)
        return BreakerState(
            closed if isinstance(closed, bool) else None,
            told,
            allowed if type(allowed) is int else None,
        )

    async def disconnect(self, patience: float = 5.0) -> BreakerState:
        """
        Open it.

        @param patience: For how long to ask again whether it has opened, in seconds.

        @return: where it stands then.

        @raise AccessRefusedError: the meter refuses; a breaker of mode 0 is never opened.
        """
        return await self._tell(1, {ControlState.DISCONNECTED}, patience)

    async def reconnect(self, patience: float = 5.0) -> BreakerState:
        """
        Close it; in some modes it becomes ready to be closed by hand.

        @param patience: As for L{disconnect}.

        @return: where it stands then.

        @raise AccessRefusedError: the meter refuses.
        """
        wanted = {ControlState.CONNECTED, ControlState.READY_FOR_RECONNECTION}
        return await self._tell(2, wanted, patience)

    async def _tell(self, method: int, wanted: set[ControlState], patience: float) -> BreakerState:
        await self._services.action(Reference(self._name, _CLASS, method), build.integer(0))
        until = self._clock.seconds() + patience
        state = await self.state()
        while state.control not in wanted and self._clock.seconds() + 1 <= until:
            await deferLater(self._clock, 1.0)
            state = await self.state()
        return state


def _values(data: Data | AccessRefusedError) -> Any:
    return data.values if isinstance(data, Data) else None
