"""
TCP keepalive that notices a dead peer within minutes; the kernel's own default is hours.
"""

from __future__ import annotations

import socket
from contextlib import suppress
from typing import Any

__all__ = ["keep_alive"]


def keep_alive(transport: Any, *, idle: int = 60, interval: int = 15, count: int = 4) -> None:
    """
    Ask for keepalive on a transport that has it; nothing happens to others.

    @param idle: Seconds of silence before the first probe.
    @param interval: Seconds between probes.
    @param count: Probes without an answer after which the connection is lost.
    """
    if not hasattr(transport, "setTcpKeepAlive"):
        return
    transport.setTcpKeepAlive(True)
    handle = getattr(transport, "getHandle", lambda: None)()
    if not isinstance(handle, socket.socket):
        return
    for name, value in (
        ("TCP_KEEPIDLE", idle),
        ("TCP_KEEPINTVL", interval),
        ("TCP_KEEPCNT", count),
    ):
        if hasattr(socket, name):
            # A socket that is no TCP socket does without.
            with suppress(OSError):
                handle.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
