"""
Deferred API: connect to meters, read, write and act on them.
"""

from __future__ import annotations

from dlms_twisted.client.connecting import connect
from dlms_twisted.client.counters import next_counter
from dlms_twisted.client.meter import Meter
from dlms_twisted.client.reference import Reference
from dlms_twisted.client.settings import MeterSettings
from dlms_twisted.client.values import Value

__all__ = ["Meter", "MeterSettings", "Reference", "Value", "connect", "next_counter"]
