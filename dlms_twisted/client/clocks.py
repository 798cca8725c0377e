"""
The clock of a meter.
"""

from __future__ import annotations

from typing import Final

from dlms_twisted.client.reference import Reference
from dlms_twisted.client.services import Services
from dlms_twisted.codec.times import DateTime
from dlms_twisted.cosem.obis import Obis
from dlms_twisted.errors import RemoteProtocolError

__all__ = ["CLOCK", "read_clock"]

#: The clock's time.
CLOCK: Final = Reference(Obis(0, 0, 1, 0, 0), 8, 2)


async def read_clock(services: Services) -> DateTime:
    """
    @return: what the clock shows.

    @raise RemoteProtocolError: it holds no time.
    """
    data = await services.get(CLOCK)
    if not isinstance(data.values, bytes):
        raise RemoteProtocolError("the clock holds no time")
    return DateTime.from_octets(data.values)
