"""
The independent meter of the test peers, as a subprocess; tests are skipped where it is not there.
"""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path
from typing import Any

from twisted.internet import reactor as _reactor
from twisted.internet.defer import Deferred
from twisted.internet.error import ProcessTerminated
from twisted.internet.protocol import ProcessProtocol
from twisted.python.failure import Failure

_BESIDE = Path(__file__).resolve().parent.parent.parent.parent / "shared" / "peers"
PEERS = Path(os.environ.get("DLMS_TWISTED_PEERS") or _BESIDE)
SERVER = PEERS / "gurux_py_server.py"
#: Why tests are skipped; empty where they are not.
MISSING = "" if SERVER.is_file() else "no gurux_py_server.py: set DLMS_TWISTED_PEERS"

#: The peer's keys.
KEYS = {
    "encryption_key": bytes(range(16)),
    "authentication_key": bytes(range(0xD0, 0xE0)),
}


def free_ports(count: int) -> list[int]:
    """
    @return: ports that nobody listens on at this moment.
    """
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


class Peer(ProcessProtocol):
    """
    The running peer.

    @ivar ready: Fires when it listens.
    @ivar ended: Fires when it has ended.
    """

    def __init__(self, rows: int) -> None:
        self.wrapper, self.hdlc = free_ports(2)
        self.ready: Deferred[None] = Deferred()
        self.ended: Deferred[None] = Deferred()
        self._said = b""
        arguments = [sys.executable, str(SERVER), "--rows", str(rows), "--life", "120"]
        arguments += ["--wrapper", str(self.wrapper), "--hdlc", str(self.hdlc)]
        reactor: Any = _reactor
        self._process = reactor.spawnProcess(self, sys.executable, arguments, env=None)

    def outReceived(self, data: bytes) -> None:  # noqa: N802 - Twisted's name
        self._said += data
        if self._said.count(b"READY") == 2 and not self.ready.called:
            self.ready.callback(None)

    def processEnded(self, reason: Failure) -> None:  # noqa: N802 - Twisted's name
        if not self.ready.called:
            self.ready.errback(reason)
        reason.trap(ProcessTerminated)
        self.ended.callback(None)

    def stop(self) -> Deferred[None]:
        """
        @return: fires when it has ended.
        """
        self._process.signalProcess("KILL")
        return self.ended
