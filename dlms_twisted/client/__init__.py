"""
Deferred API: connect to meters, read, write and act on them.
"""

from __future__ import annotations

from dlms_twisted.client.breaker import BreakerState, ControlState
from dlms_twisted.client.calling_in import Call, CallInFactory
from dlms_twisted.client.clocks import ClockReading, ClockSetting
from dlms_twisted.client.connecting import connect
from dlms_twisted.client.counters import next_counter
from dlms_twisted.client.image import ImageState, ImageStatus
from dlms_twisted.client.items import Action, Get, Set
from dlms_twisted.client.manners import Manners
from dlms_twisted.client.meter import Meter
from dlms_twisted.client.outcomes import Outcome
from dlms_twisted.client.pool import Pool
from dlms_twisted.client.reference import Reference
from dlms_twisted.client.row_stream import RowStream
from dlms_twisted.client.settings import MeterSettings
from dlms_twisted.client.values import Value

__all__ = [
    "Action",
    "BreakerState",
    "Call",
    "CallInFactory",
    "ClockReading",
    "ClockSetting",
    "ControlState",
    "Get",
    "ImageState",
    "ImageStatus",
    "Manners",
    "Meter",
    "MeterSettings",
    "Outcome",
    "Pool",
    "Reference",
    "RowStream",
    "Set",
    "Value",
    "connect",
    "next_counter",
]
