"""
Events of a meter: the event code object and its log, a profile that captures it.

Source: IEC 62056-6-1, event codes 0-0:96.11.e and event logs 0-0:99.98.e; the numbers of single events are those of
the IDIS companion specification, which many meters use.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

from dlms_twisted.codec import build
from dlms_twisted.cosem.obis import Obis
from dlms_twisted.server.objects.push_setup import push_on_event

if TYPE_CHECKING:
    from dlms_twisted.server.device import Device

__all__ = ["Event", "Log", "happen"]


class Log(IntEnum):
    """
    Value group E of an event log and of its code object.
    """

    STANDARD = 0
    FRAUD = 1
    DISCONNECTOR = 2


class Event(IntEnum):
    """
    Event codes.
    """

    POWER_DOWN = 1
    POWER_UP = 2
    CLOCK_OLD = 4
    CLOCK_NEW = 5
    FIRMWARE_ACTIVATED = 18
    READY_FOR_RECONNECTION = 59
    MANUAL_DISCONNECTION = 60
    MANUAL_CONNECTION = 61
    REMOTE_DISCONNECTION = 62
    REMOTE_CONNECTION = 63
    LOCAL_DISCONNECTION = 64


def happen(device: Device, code: int, log: int = Log.STANDARD) -> bool:
    """
    An event happens: the code object shows it, the log captures it, and the push setups that wait for it push.

    @param code: Of the event, 0 to 255.
    @param log: Which log.

    @return: does the meter have such a log?
    """
    shown = device.object(1, Obis(0, 0, 96, 11, log))
    if shown is not None:
        shown.put(2, build.unsigned(code))
    captured = device.object(7, Obis(0, 0, 99, 98, log))
    if captured is not None:
        captured.act(2)
    push_on_event(device, code)
    return captured is not None
