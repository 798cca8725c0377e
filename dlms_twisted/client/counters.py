"""
Invocation counters that go on where the meter's memory of them ends.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IStreamClientEndpoint

from dlms_twisted.client.asking import COUNTER, as_public, read_counter
from dlms_twisted.client.opening import open_meter
from dlms_twisted.client.reference import Reference
from dlms_twisted.client.settings import MeterSettings

__all__ = ["COUNTER", "next_counter"]


def next_counter(
    reactor: Any,
    where: str | IStreamClientEndpoint,
    settings: MeterSettings,
    counter: Reference = COUNTER,
) -> Deferred[int]:
    """
    Ask a meter, as the public client, which invocation counter it wants next; the link is closed then.  Where it
    cannot be made again at once, as after a sign-on by mode E, or by a meter that called in, use C{ask_counter} of
    L{MeterSettings}.

    @param settings: As for L{dlms_twisted.client.connect}; of them only how the meter is reached counts.
    @param counter: The object that holds it.

    @return: fires with the counter, one more than what the meter holds; fails as L{dlms_twisted.client.connect} and
        L{dlms_twisted.client.Meter.get}.
    """
    return Deferred.fromCoroutine(_ask(reactor, where, as_public(settings), counter))


async def _ask(
    reactor: Any,
    where: str | IStreamClientEndpoint,
    settings: MeterSettings,
    counter: Reference,
) -> int:
    async with await open_meter(reactor, where, settings) as meter:
        return await read_counter(meter, counter)
