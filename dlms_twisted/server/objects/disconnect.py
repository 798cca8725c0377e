"""
Disconnect control (class 70): the breaker of a meter, or the valve, in all its modes.

Source: DLMS UA 1000-1 (Blue Book), Disconnect control; transitions are named a to h as there.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any, Final

from dlms_twisted.apdu.results import ActionResult, DataAccessResult
from dlms_twisted.codec import build
from dlms_twisted.codec.data import Data
from dlms_twisted.cosem.obis import Obis
from dlms_twisted.server.objects.base import CosemObject, invokes, reads, writes
from dlms_twisted.server.objects.events import Event, Log, happen

__all__ = ["Breaker", "DisconnectControl"]


class Breaker(IntEnum):
    """
    States of the control.
    """

    DISCONNECTED = 0
    CONNECTED = 1
    READY = 2


_D, _C, _R = Breaker.DISCONNECTED, Breaker.CONNECTED, Breaker.READY
#: What was asked, to the transitions that may do it: name, from, to.
_TRANSITIONS: Final = {
    "remote_disconnect": (("b", _C, _D), ("c", _R, _D)),
    "remote_reconnect": (("a", _D, _C), ("d", _D, _R)),
    "manual_disconnect": (("f", _C, _R),),
    "manual_reconnect": (("e", _R, _C),),
    "local_disconnect": (("g", _C, _R),),
    "local_reconnect": (("h", _R, _C),),
}
#: The transitions of each mode.
_MODES: Final = ("", "bcfgde", "bcfgae", "bcgde", "bcgae", "bcfgdeh", "bcgdeh")
#: As which each is logged; a limiter's reconnection has no code of its own.
_EVENTS: Final = {
    "remote_disconnect": Event.REMOTE_DISCONNECTION,
    "remote_reconnect": Event.REMOTE_CONNECTION,
    "manual_disconnect": Event.MANUAL_DISCONNECTION,
    "manual_reconnect": Event.MANUAL_CONNECTION,
    "local_disconnect": Event.LOCAL_DISCONNECTION,
    "local_reconnect": Event.MANUAL_CONNECTION,
}
#: Where an event that has nothing to do finds its work done.
_DONE: Final = {
    "remote_disconnect": {_D},
    "remote_reconnect": {_C, _R},
    "manual_disconnect": {_D, _R},
    "manual_reconnect": {_C},
    "local_disconnect": {_D, _R},
    "local_reconnect": {_C},
}


class DisconnectControl(CosemObject):
    """
    The breaker.  It begins connected, in mode 4 (remote reconnection connects at once), where values say nothing else.

    What the meter measures does not depend on it: a simulated load goes on behind an open breaker.
    """

    CLASS = 70

    def __init__(self, name: Obis | str | bytes, *, values: Any = (), **options: Any) -> None:
        """
        @param values: As of L{CosemObject}.
        """
        given = {3: int(Breaker.CONNECTED), 4: 4, **dict(values)}
        super().__init__(name, values=given, **options)

    @property
    def state(self) -> Breaker:
        """
        Where it stands.
        """
        return Breaker(self.meaning(3))

    @property
    def mode(self) -> int:
        """
        0 to 6.
        """
        return int(self.meaning(4))

    def happen(self, event: str) -> bool:
        """
        Something acts on the breaker.

        @param event: C{remote}, C{manual} or C{local}, and C{_disconnect} or C{_reconnect}: a limiter is local, a
            button manual.

        @return: does it stand as was wanted?  In modes that do not know the event nothing happens.
        """
        state = self.state
        for letter, before, after in _TRANSITIONS[event]:
            if letter in _MODES[self.mode] and state is before:
                self.put(3, build.enum(after))
                code = Event.READY_FOR_RECONNECTION if letter == "d" else _EVENTS[event]
                happen(self.device, code, Log.DISCONNECTOR)
                return True
        return self.mode > 0 and self._knows(event) and state in _DONE[event]

    def _knows(self, event: str) -> bool:
        return any(letter in _MODES[self.mode] for letter, _, _ in _TRANSITIONS[event])

    @reads(2)
    def output_state(self) -> Data:
        """
        Is the output closed?
        """
        return build.boolean(self.state is Breaker.CONNECTED)

    @writes(4)
    def set_mode(self, value: Data) -> DataAccessResult:
        """
        Change the mode; in mode 0 it is always connected.
        """
        mode: Any = value.values
        if mode >= len(_MODES):
            return DataAccessResult.OTHER_REASON
        self.put(4, value)
        if mode == 0:
            self.put(3, build.enum(Breaker.CONNECTED))
        return DataAccessResult.SUCCESS

    @invokes(1)
    def remote_disconnect(self, _parameter: Data | None) -> ActionResult:
        """
        Open the breaker.
        """
        return self._answer(self.happen("remote_disconnect"))

    @invokes(2)
    def remote_reconnect(self, _parameter: Data | None) -> ActionResult:
        """
        Close it, or make it ready to be closed by hand, as the mode says.
        """
        connected = self.mode == 0 and self.state is Breaker.CONNECTED
        return self._answer(connected or self.happen("remote_reconnect"))

    @staticmethod
    def _answer(done: bool) -> ActionResult:
        return ActionResult.SUCCESS if done else ActionResult.OTHER_REASON
