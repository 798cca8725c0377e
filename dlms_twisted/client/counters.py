"""
Invocation counters that go on where the meter's memory of them ends.
"""

from __future__ import annotations

from typing import Any

from attrs import evolve
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IStreamClientEndpoint

from dlms_twisted.client.opening import open_meter
from dlms_twisted.client.reference import Reference
from dlms_twisted.client.settings import MeterSettings
from dlms_twisted.cosem.obis import Obis
from dlms_twisted.errors import RemoteProtocolError

__all__ = ["COUNTER", "next_counter"]

#: Where meters keep the counter that they heard last, for their first client or key.
COUNTER = Reference(Obis(0, 0, 43, 1, 0), 1, 2)
#: The public client, which needs no password.
_PUBLIC = 16


def next_counter(
    reactor: Any,
    where: str | IStreamClientEndpoint,
    settings: MeterSettings,
    counter: Reference = COUNTER,
) -> Deferred[int]:
    """
    Ask a meter, as the public client, which invocation counter it wants next.

    @param settings: As for L{dlms_twisted.client.connect}; of them only how the meter is reached counts.
    @param counter: The object that holds it.

    @return: fires with the counter, one more than what the meter holds; fails as L{dlms_twisted.client.connect} and
        L{dlms_twisted.client.Meter.get}.
    """
    public = evolve(settings, client=_PUBLIC, auth="none", security="none", dedicated=False)
    return Deferred.fromCoroutine(_ask(reactor, where, public, counter))


async def _ask(
    reactor: Any,
    where: str | IStreamClientEndpoint,
    settings: MeterSettings,
    counter: Reference,
) -> int:
    async with await open_meter(reactor, where, settings) as meter:
        value = (await meter.get(counter)).values
    if type(value) is not int or not 0 <= value < 0xFFFFFFFE:
        raise RemoteProtocolError(f"{counter} holds no invocation counter")
    return value + 1
