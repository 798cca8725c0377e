"""
Octets that go out at once.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.abstract import FileDescriptor

__all__ = ["send_now"]


def send_now(transport: Any, octets: bytes) -> None:
    """
    Write to a transport, and send what is written without a turn of the reactor in between, where that can be: in a
    dialogue of short requests each turn costs as much as the request.

    What the socket does not take now, and what goes wrong, is left to the reactor as always.
    """
    transport.write(octets)
    if (
        isinstance(transport, FileDescriptor)
        and transport.connected
        and not transport.disconnecting
    ):
        transport.doWrite()
