"""
The tutorial, C{docs/client.rst}, does what it says: with a simulated meter, in processes of their own.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import sys
import textwrap
from pathlib import Path
from typing import Any

from twisted.internet import reactor as _reactor
from twisted.internet.defer import Deferred
from twisted.internet.error import ProcessTerminated
from twisted.internet.protocol import ProcessProtocol
from twisted.internet.utils import getProcessOutputAndValue
from twisted.python.failure import Failure
from twisted.trial.unittest import TestCase

_reactor_any: Any = _reactor
_PAGE = Path(__file__).resolve().parent.parent.parent / "docs" / "client.rst"
_METER = "tcp:localhost:4059"


def _blocks(language: str) -> list[str]:
    """
    @return: the code blocks of the page in this language.
    """
    text = _PAGE.read_text(encoding="utf-8")
    found = re.findall(rf"\.\. code-block:: {language}\n\n((?:    .*\n|\n)+)", text)
    return [textwrap.dedent(one) for one in found]


class _Simulation(ProcessProtocol):
    """
    C{dlms simulate}.

    @ivar ready: Fires with the address on which it listens.
    @ivar ended: Fires when it has ended.
    """

    def __init__(self) -> None:
        self.ready: Deferred[str] = Deferred()
        self.ended: Deferred[None] = Deferred()
        self._said = b""

    def outReceived(self, data: bytes) -> None:  # noqa: N802 - Twisted's name
        self._said += data
        if b"\n" in self._said and not self.ready.called:
            document = json.loads(self._said.splitlines()[0])
            self.ready.callback(document["listening"][0]["address"])

    def processEnded(self, reason: Failure) -> None:  # noqa: N802 - Twisted's name
        if not self.ready.called:
            self.ready.errback(reason)
        reason.trap(ProcessTerminated)
        self.ended.callback(None)

    def stop(self) -> Deferred[None]:
        """
        @return: fires when it has ended.
        """
        assert self.transport is not None
        process: Any = self.transport
        process.signalProcess("KILL")
        return self.ended


class ClientPageIntegrationTests(TestCase):
    """
    Tests of the page.
    """

    timeout = 110.0

    async def begin(self) -> None:
        """
        Start the simulation as the page does, but on a free port, and write the configuration file of the page.
        """
        self.folder = Path(self.mktemp()).absolute()
        self.folder.mkdir(parents=True)
        self.simulate, self.commands = _blocks("sh")
        words = shlex.split(self.simulate)[1:]
        words[words.index("tcp:4059")] = "tcp:0:interface=127.0.0.1"
        simulation = _Simulation()
        arguments = [sys.executable, "-m", "dlms_twisted.cli", *words, "--json", "--seconds", "100"]
        _reactor_any.spawnProcess(
            simulation, sys.executable, arguments, env=dict(os.environ), path=str(self.folder)
        )
        self.addCleanup(simulation.stop)
        address = await simulation.ready
        self.address = f"tcp:127.0.0.1:{address.rpartition(':')[2]}"
        (book,) = _blocks("toml")
        path = self.folder / "meters.toml"
        path.write_text(book.replace(_METER, self.address), encoding="utf-8")
        path.chmod(0o600)

    async def ran(self, *arguments: str) -> str:
        """
        @return: what a program of Python printed that succeeded.
        """
        out: bytes
        out, err, code = await getProcessOutputAndValue(
            sys.executable, arguments, env=dict(os.environ), path=str(self.folder)
        )
        self.assertEqual((code, err), (0, b""), arguments)
        return out.decode()

    async def test_page(self) -> None:
        """
        Each command succeeds; what they print and write is there.  The program prints the energy, and the rows of
        the last hour.
        """
        await self.begin()
        printed = ""
        for line in self.commands.strip().splitlines():
            printed += await self.ran("-m", "dlms_twisted.cli", *shlex.split(line)[1:])
        self.assertRegex(printed, r"active energy import  \d+ Wh")
        rows = (self.folder / "day.csv").read_text(encoding="utf-8").splitlines()
        self.assertEqual(rows[0], "clock,active_energy_import [Wh],active_power_import [W]")
        self.assertEqual(len(rows), 97)
        (program,) = _blocks("python")
        path = self.folder / "program.py"
        path.write_text(program.replace(_METER, self.address), encoding="utf-8")
        lines = (await self.ran(str(path))).splitlines()
        self.assertRegex(lines[0], r"\A\d+ Wh\Z")
        self.assertIn(len(lines), {4, 5, 6})
        self.assertRegex(lines[-1], r"\A\d{4}-\d\d-\d\d \d\d:\d\d:00[+]\d\d:00 \d+ Wh\Z")
