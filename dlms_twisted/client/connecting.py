"""
From an endpoint string to an associated meter.
"""

from __future__ import annotations

from typing import Any

from attrs import evolve
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IStreamClientEndpoint

from dlms_twisted.client.counters import next_counter
from dlms_twisted.client.meter import Meter
from dlms_twisted.client.opening import check, open_meter
from dlms_twisted.client.recovery import Recovery
from dlms_twisted.client.reference import Reference
from dlms_twisted.client.settings import MeterSettings
from dlms_twisted.errors import (
    DLMSError,
    ExceptionResponseError,
    LinkError,
    RequestTimeoutError,
)

__all__ = ["connect"]


def connect(
    reactor: Any,
    where: str | IStreamClientEndpoint,
    settings: MeterSettings | None = None,
    **changes: Any,
) -> Deferred[Meter]:
    """
    Connect to a meter and associate.

    @param reactor: The reactor, or for tests a fake one.
    @param where: C{tcp:HOST:PORT}, C{tls:HOST:PORT}, C{udp:HOST:PORT}, C{serial:DEVICE:baudrate=9600}, or an endpoint.
    @param settings: How to talk to the meter.
    @param changes: Single settings by name, which go before C{settings}.

    @return: fires with the L{Meter}; fails with L{LinkError} when it is not reached, with
        L{dlms_twisted.errors.AssociationRejectedError} when it refuses, and with other L{DLMSError}s.  Cancelling it
        leaves nothing behind.

    @raise ConfigurationError: a setting is wrong, or C{where} is no description.
    @raise TypeError: there is no setting of that name.
    """
    chosen = evolve(settings or MeterSettings(), **changes)
    check(reactor, where)
    if chosen.counter_object is None or chosen.ask_counter or not chosen.counted:
        return Deferred.fromCoroutine(open_meter(reactor, where, chosen))
    return Deferred.fromCoroutine(_recovered(reactor, where, chosen, chosen.counter_object))


async def _recovered(
    reactor: Any, where: str | IStreamClientEndpoint, settings: MeterSettings, counter: str
) -> Meter:
    """
    Associate; where that fails as it does with a counter that the meter knows already, ask it for the next one.
    """
    recovery = Recovery(settings)
    chosen = evolve(settings, counters=recovery.counters)
    try:
        return await open_meter(reactor, where, chosen)
    except (LinkError, RequestTimeoutError, ExceptionResponseError) as error:
        if isinstance(error, LinkError) and error.reason != "dropped":
            raise
        try:
            least = await next_counter(reactor, where, settings, Reference.parse(counter))
        except DLMSError:
            # The first error says more.
            raise error from None
        if not recovery.skip(least):
            raise
    return await open_meter(reactor, where, chosen)
