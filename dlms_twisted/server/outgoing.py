"""
What a meter hands out to be sent: a push, and where it is to go.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

__all__ = ["OutgoingPush"]


class OutgoingPush(NamedTuple):
    """
    One attempt to push.  L{dlms_twisted.server.meter.SimulatedMeter.on_push} gets it, and whoever sends it calls
    C{finished}.  (Source: DLMS UA 1000-1, Blue Book, Push setup.)

    @ivar setup: Logical name of the push setup.
    @ivar service: C{transport_service}: 0 TCP, 1 UDP, 5 HDLC, 6 M-Bus, and so on.
    @ivar destination: As the push setup has it: C{host:port}, an address, a telephone number.
    @ivar client: Address of the client that it is for.
    @ivar device: Address of the logical device that it is from.
    @ivar port: Logical name of the port setup; zeros for none.
    @ivar apdu: The DataNotification, protected.
    @ivar plain: The same before it was protected.
    @ivar number: Its long-invoke-id, 24 bits: the same in all attempts.
    @ivar confirmed: Is a DataNotification-Confirm of that number awaited?
    @ivar attempt: 1 and up.
    @ivar finished: Called with C{True} when it was sent, or confirmed where it is confirmed; with C{False} when it was
        not: it is then tried again as the push setup says, which may be when C{meter.due()} says next.  Only the first
        call counts.
    """

    setup: bytes
    service: int
    destination: bytes
    client: int
    device: int
    port: bytes
    apdu: bytes
    plain: bytes
    number: int
    confirmed: bool
    attempt: int
    finished: Callable[[bool], None]
