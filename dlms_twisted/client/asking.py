"""
Asking a meter, as the public client, which invocation counter it wants.
"""

from __future__ import annotations

from typing import Final

from attrs import evolve

from dlms_twisted.client.meter import Meter
from dlms_twisted.client.recovery import Recovery
from dlms_twisted.client.reference import Reference
from dlms_twisted.client.settings import MeterSettings
from dlms_twisted.cosem.obis import Obis
from dlms_twisted.errors import RemoteProtocolError

__all__ = ["COUNTER", "as_public", "counted_from", "read_counter"]

#: Where meters keep the counter that they heard last, for their first client or key.
COUNTER: Final = Reference(Obis(0, 0, 43, 1, 0), 1, 2)
#: The public client, which needs no password.
_PUBLIC: Final = 16


def as_public(settings: MeterSettings) -> MeterSettings:
    """
    @return: the public client's settings for the same meter.
    """
    return evolve(
        settings, client=_PUBLIC, auth="none", security="none", dedicated=False, ask_counter=False
    )


async def read_counter(meter: Meter, counter: Reference = COUNTER) -> int:
    """
    @param counter: The object that holds it.

    @return: the invocation counter that comes next.

    @raise RemoteProtocolError: the object holds no counter.
    @raise dlms_twisted.errors.DLMSError: there is no answer.
    """
    value = (await meter.get(counter)).values
    if type(value) is not int or not 0 <= value < 0xFFFFFFFE:
        raise RemoteProtocolError(f"{counter} holds no invocation counter")
    return value + 1


def counted_from(settings: MeterSettings, least: int) -> MeterSettings:
    """
    @param least: What the meter wants.

    @return: settings whose counters go on there, or above.

    @raise RemoteProtocolError: the counter is so high that it would use up the key.
    """
    recovery = Recovery(settings)
    if not recovery.skip(least):
        raise RemoteProtocolError(f"the meter wants the counter {least}, which is not believed")
    return evolve(settings, counters=recovery.counters)
