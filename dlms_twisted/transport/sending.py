"""
Octets that go out at once.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.tcp import Connection

__all__ = ["Outlet"]


class Outlet:
    """
    Writes to a transport; over TCP without a turn of the reactor in between, because in a dialogue of short requests a
    turn costs as much as the request.

    As soon as the socket does not take all, or something goes wrong, everything is left to the reactor as usual.
    Nothing else may write to the transport.
    """

    def __init__(self, transport: Any) -> None:
        self._transport = transport
        self._is_direct = isinstance(transport, Connection)

    def write(self, octets: bytes) -> None:
        """
        Write octets, after those that were written before.
        """
        transport = self._transport
        if self._is_direct:
            if transport.connected and not transport.disconnecting:
                sent = transport.writeSomeData(octets)
                if sent == len(octets):
                    return
                if isinstance(sent, int) and sent > 0:
                    octets = octets[sent:]
            self._is_direct = False
        transport.write(octets)
