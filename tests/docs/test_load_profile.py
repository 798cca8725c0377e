"""
C{docs/examples/load_profile.py} reads a load profile: by TCP, by a serial line, and by one that begins with mode E.
"""

from __future__ import annotations

import io
import os
import runpy
from contextlib import redirect_stdout
from random import Random
from typing import Any

from twisted.internet import reactor as _reactor
from twisted.internet.defer import Deferred
from twisted.trial.unittest import TestCase

from dlms_twisted.server.description_toml import ready_description
from dlms_twisted.server.fleet import Fleet
from dlms_twisted.server.serving import Host
from dlms_twisted.server.wires import Wire
from dlms_twisted.server.wiring import begin_all, make_wire
from tests.client.peer import KEYS, MISSING, Peer
from tests.docs.pages import DOCS
from tests.transport.terminals import Bridge, until

reactor: Any = _reactor

_EXAMPLE = DOCS / "examples" / "load_profile.py"


class _ExampleTests(TestCase):
    """
    What runs the example.
    """

    timeout = 60.0

    async def shown(self, keys: dict[str, Any], *arguments: str) -> list[str]:
        """
        @return: the lines that the example prints.
        """
        environment = {"DLMS_EK": "encryption_key", "DLMS_AK": "authentication_key"}
        for name, key in environment.items():
            self.patch(os, "environ", {**os.environ, name: keys[key].hex()})
        main = runpy.run_path(str(_EXAMPLE))["main"]
        printed = io.StringIO()
        with redirect_stdout(printed):
            await main(reactor, *arguments)
        return printed.getvalue().splitlines()


class LoadProfileIntegrationTests(_ExampleTests):
    """
    With our own meter.
    """

    async def wire(self, description: str, **options: Any) -> Wire:
        """
        @return: an open wire to a household's meter.
        """
        host = Host(reactor, Fleet(ready_description("household"), 1, clock=reactor))
        wire = make_wire(reactor, description, host, random=Random(1).random, **options)
        await begin_all([wire])
        self.addCleanup(host.clockwork.stop)
        self.addCleanup(wire.stopService)
        return wire

    async def check(self, wire: Wire, where: str, *more: str) -> None:
        """
        Read yesterday's first hour.
        """
        meter = wire.host.meters[0]
        keys = {
            "encryption_key": meter.keys.encryption_key,
            "authentication_key": meter.keys.authentication_key,
        }
        lines = await self.shown(keys, "2000-01-01", "2099-01-01", where, *more)
        self.assertEqual(len(lines), 2880)
        for line in lines[:4]:
            self.assertRegex(line, r"^20\d\d-\d\d-\d\d \d\d:\d\d:00\+\d\d:00  \d+ Wh  \d+ W$")

    async def test_tcp(self) -> None:
        """
        By wrapper over TCP.
        """
        wire = await self.wire("tcp:0:interface=127.0.0.1")
        await self.check(wire, wire.address)

    async def test_serial(self) -> None:
        """
        By HDLC over a serial line.
        """
        await self.line()

    async def test_mode_e(self) -> None:
        """
        By HDLC over a serial line, after signing on by mode E.
        """
        await self.line("mode-e")

    async def line(self, *more: str) -> None:
        """
        Read by a pseudo terminal.
        """
        bridge = Bridge(*os.openpty())
        self.addCleanup(bridge.close)
        wire = await self.wire(f"serial:{bridge.meter}:baudrate=9600", mode_e=bool(more))
        await until(lambda: bool(wire.lines))
        await self.check(wire, f"serial:{bridge.client}:baudrate=9600", *more)


class ForeignLoadProfileIntegrationTests(_ExampleTests):
    """
    With the independent meter.
    """

    skip = MISSING or None

    def setUp(self) -> Deferred[None]:  # type: ignore[override]
        """
        Start it.
        """
        self.peer = Peer(50)
        self.addCleanup(self.peer.stop)
        return self.peer.ready

    async def test_tcp(self) -> None:
        """
        By wrapper over TCP.
        """
        where = f"tcp:127.0.0.1:{self.peer.wrapper}"
        span = ("2026-01-01T00:00", "2026-01-01T02:00")
        lines = await self.shown(KEYS, *span, where)
        self.assertEqual(len(lines), 9)
        self.assertTrue(lines[0].startswith("2026-01-01 00:00:00+00:00  "), lines[0])
        self.assertTrue(lines[0].endswith(" Wh"), lines[0])
