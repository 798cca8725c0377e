"""
The examples of C{docs/client.rst} do what the page says.
"""

from __future__ import annotations

import io
import os
import re
import shlex
import sys
import textwrap
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

from twisted.internet import reactor as _reactor
from twisted.internet.defer import Deferred
from twisted.internet.utils import getProcessOutputAndValue
from twisted.trial.unittest import TestCase

from tests.client.peer import MISSING, Peer

_reactor_any: Any = _reactor
_PAGE = Path(__file__).resolve().parent.parent.parent / "docs" / "client.rst"


def _blocks(language: str) -> list[str]:
    """
    @return: the code blocks of the page in this language.
    """
    text = _PAGE.read_text(encoding="utf-8")
    found = re.findall(rf"\.\. code-block:: {language}\n\n((?:    .*\n|\n)+)", text)
    return [textwrap.dedent(one) for one in found]


class ClientPageIntegrationTests(TestCase):
    """
    Tests of the page.
    """

    skip = MISSING or None
    timeout = 110.0

    def setUp(self) -> Deferred[None]:  # type: ignore[override]
        """
        Start the peer.
        """
        self.peer = Peer(100)
        self.addCleanup(self.peer.stop)
        return self.peer.ready

    def here(self, text: str) -> str:
        """
        @return: C{text} with the peer's address.
        """
        return text.replace("meter.example:4059", f"127.0.0.1:{self.peer.wrapper}")

    async def test_program(self) -> None:
        """
        The program prints the register and 25 rows.
        """
        (program,) = _blocks("python")
        names: dict[str, Any] = {"__name__": "example"}
        exec(compile(self.here(program), str(_PAGE), "exec"), names)
        printed = io.StringIO()
        with redirect_stdout(printed):
            await names["main"](_reactor_any)
        lines = printed.getvalue().splitlines()
        self.assertEqual(lines[0], "123456.7 Wh")
        self.assertEqual(lines[-1], "2026-01-01 06:00:00+00:00 2.4 Wh")
        self.assertEqual(len(lines), 26)

    async def test_commands(self) -> None:
        """
        Each command succeeds; what they print and write is there.
        """
        folder = Path(self.mktemp())
        folder.mkdir(parents=True)
        printed = b""
        (commands,) = _blocks("sh")
        for line in commands.strip().splitlines():
            arguments = shlex.split(self.here(line))[1:]
            out, err, code = await getProcessOutputAndValue(
                sys.executable,
                ["-m", "dlms_twisted.cli", *arguments],
                env=dict(os.environ),
                path=str(folder),
            )
            self.assertEqual((code, err), (0, b""), line)
            printed += out
        self.assertIn(b"active energy import  123456.7 Wh", printed)
        self.assertIn(b'"active_energy_import": "0.9"', printed)
        rows = (folder / "morning.csv").read_text(encoding="utf-8").splitlines()
        self.assertEqual(rows[0], "clock,active_energy_import [Wh]")
        self.assertEqual(len(rows), 26)
