"""
Tests of L{dlms_twisted.cli.simulate}: in processes of their own, as a person would run them.
"""

from __future__ import annotations

import json
import os
import shlex
import sys
from importlib.resources import files
from itertools import takewhile
from pathlib import Path
from textwrap import dedent
from typing import Any

from click.testing import CliRunner
from twisted.internet import reactor as _reactor
from twisted.internet.defer import Deferred
from twisted.internet.error import ProcessDone
from twisted.internet.protocol import ProcessProtocol
from twisted.internet.utils import getProcessOutputAndValue
from twisted.trial.unittest import SynchronousTestCase, TestCase

from dlms_twisted.cli import simulate
from dlms_twisted.cli.main import dlms
from dlms_twisted.server.faults import Scenario
from dlms_twisted.server.simulation_settings import load_simulation
from tests.docs.pages import DOCS, commands

reactor: Any = _reactor


class RefusedTests(SynchronousTestCase):
    """
    What is wrong is said before anything is opened.
    """

    def test_options(self) -> None:
        """
        A usage error, or one of the configuration.
        """
        for arguments, named in (
            (("--listen", "pigeon:1"), "pigeon:1"),
            (("--meter", "nonsense"), "nonsense"),
            (("--rate", "5"), "push"),
            (("--framing", "smoke"), "smoke"),
            (("--meters", "0"), "1<=x"),
        ):
            result = CliRunner().invoke(dlms, ["simulate", *arguments], standalone_mode=False)
            self.assertIn(named, str(result.exception))


class PageTests(SynchronousTestCase):
    """
    What the page on simulating shows can be run.
    """

    def setUp(self) -> None:
        """
        A folder with the files that the page shows, and those that it names.
        """
        folder = Path(self.mktemp())
        folder.mkdir(parents=True)
        self.addCleanup(os.chdir, Path.cwd())
        os.chdir(folder)
        lines = (DOCS / "simulate.rst").read_text(encoding="utf-8").splitlines()
        for number, line in enumerate(lines):
            if line.strip().startswith(":caption:"):
                block = takewhile(lambda one: not one or one[0] == " ", lines[number + 1 :])
                path = Path(line.split()[-1])
                path.write_text(dedent("\n".join(block)), encoding="utf-8")
        ready = files("dlms_twisted.server") / "ready" / "pv.toml"
        Path("cellar.toml").write_bytes(ready.read_bytes())
        saved = {"objects": [{"class_id": 8, "logical_name": "0-0:1.0.0"}]}
        Path("saved.json").write_text(json.dumps(saved), encoding="utf-8")

    def test_commands(self) -> None:
        """
        Each command is understood, and would begin.
        """
        run: list[str] = []

        def begin(main: Any, name: str) -> int:
            run.append(name)
            return 0

        self.patch(simulate, "run", begin)
        shown = [one for one in commands(DOCS / "simulate.rst") if "simulate" in one.text]
        for one in shown:
            result = CliRunner().invoke(
                dlms, shlex.split(one.text)[1:], standalone_mode=False, catch_exceptions=False
            )
            self.assertEqual(result.return_value, 0, one.text)
        self.assertEqual(len(run), len(shown))
        self.assertGreater(len(shown), 12)

    def test_files(self) -> None:
        """
        Each file is good.
        """
        self.assertEqual(len(Scenario.load("faults.toml").faults), 4)
        load_simulation("north.toml").check()


class _Running(ProcessProtocol):
    """
    A simulation that runs.
    """

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.first: Deferred[str] = Deferred()
        self.ended: Deferred[int] = Deferred()
        self.errors = b""
        self._rest = b""

    def interrupt(self) -> None:
        """
        As with Ctrl-C.
        """
        assert self.transport is not None
        self.transport.signalProcess("INT")

    def outReceived(self, data: bytes) -> None:  # noqa: N802
        *whole, self._rest = (self._rest + data).split(b"\n")
        self.lines += [line.decode() for line in whole]
        if self.lines and not self.first.called:
            self.first.callback(self.lines[0])

    def errReceived(self, data: bytes) -> None:  # noqa: N802
        self.errors += data

    def processEnded(self, reason: Any) -> None:  # noqa: N802
        self.ended.callback(0 if reason.check(ProcessDone) else reason.value.exitCode)


class SimulateIntegrationTests(TestCase):
    """
    C{dlms simulate}, and C{dlms read} beside it.
    """

    timeout = 120

    def simulate(self, *arguments: str) -> _Running:
        """
        @return: a simulation in a process.
        """
        running = _Running()
        command = [sys.executable, "-m", "dlms_twisted.cli", "simulate", *arguments]
        process = reactor.spawnProcess(running, sys.executable, command, env=dict(os.environ))
        self.addCleanup(lambda: running.ended.called or process.signalProcess("KILL"))
        return running

    async def test_read(self) -> None:
        """
        It says where it listens; a meter can be read there; an interrupt ends it with a summary.
        """
        keys = Path(self.mktemp()).absolute()
        running = self.simulate(
            *("--listen", "tcp:0:interface=127.0.0.1", "--keys-file", str(keys), "--json")
        )
        where = json.loads(await running.first)
        address = where["listening"][0]["address"]
        command = ["-m", "dlms_twisted.cli", "read", address, "0-0:1.0.0", "--json"]
        out, err, code = await getProcessOutputAndValue(
            sys.executable, command, env=dict(os.environ)
        )
        self.assertEqual(code, 0, err)
        self.assertEqual(json.loads(out)["obis"], "0-0:1.0.0.255")
        self.assertIn("encryption_key", keys.read_text(encoding="ascii"))
        running.interrupt()
        await running.ended
        self.assertIn("summary", json.loads(running.lines[-1]))
        self.assertEqual(running.errors, b"")

    async def test_words(self) -> None:
        """
        Without JSON it says the same in words, and never a key.
        """
        running = self.simulate("--listen", "tcp:0:interface=127.0.0.1", "--seconds", "0.2")
        self.assertEqual(await running.ended, 0)
        text = "\n".join(running.lines)
        for wanted in ("1 meter of the kind household", "tcp:127.0.0.1:", "client 16", "gmac"):
            self.assertIn(wanted, text)
        self.assertNotIn("12345678", text)

    async def test_port_taken(self) -> None:
        """
        A port that is taken: one line, exit code 1.
        """
        running = self.simulate("--listen", "tcp:0:interface=127.0.0.1", "--json")
        port = json.loads(await running.first)["listening"][0]["address"].rpartition(":")[2]
        second = self.simulate("--listen", f"tcp:{port}:interface=127.0.0.1")
        self.assertEqual(await second.ended, 1)
        [line] = second.errors.decode().splitlines()
        self.assertTrue(line.startswith("dlms simulate: "), line)
        running.interrupt()
        await running.ended
