"""
The commands that talk to a meter, run in this process against a meter in memory.
"""

from __future__ import annotations

from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import click
from click.testing import CliRunner, Result
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.cli import meter_options
from dlms_twisted.cli.main import main
from dlms_twisted.cli.running import guarded
from dlms_twisted.client import MeterSettings, connect
from dlms_twisted.testing import MeterInMemory

__all__ = ["MANAGEMENT", "METER", "MeterProgramCase"]

#: Where the meter in memory is said to be.
METER = "tcp:meter.example:4059"
#: How its management client associates, but for the keys.
MANAGEMENT = ("--client", "1", "--auth", "gmac", "--security", "both")
#: No keys and no files but those of the test.
_CLEAN = {
    "DLMS_EK": None,
    "DLMS_AK": None,
    "DLMS_PASSWORD": None,
    "DLMS_SECRET": None,
    "XDG_CONFIG_HOME": None,
    "COLUMNS": "200",
}


class MeterProgramCase(SynchronousTestCase):
    """
    Runs commands; their network is the meter in memory.

    @ivar where: The endpoints that were connected to.
    """

    description = "household"

    def setUp(self) -> None:
        """
        A meter, and an empty folder.
        """
        self.clock = Clock()
        self.clock.advance(1_768_471_200.0)
        self.meter = MeterInMemory(self.clock, self.description)
        self.addCleanup(self.meter.close)
        self.folder = Path(self.mktemp())
        self.folder.mkdir(parents=True)
        self.where: list[str] = []
        self.patch(meter_options, "run", self.turned)
        self.patch(meter_options, "connect", self._connect)

    def turned(self, act: Any, *, name: str) -> int:
        """
        In place of the reactor: the clock is turned.
        """

        async def go() -> int:
            return await guarded(act, self.clock, name=name)

        coroutine: Coroutine[Deferred[Any], Any, int] = go()
        return self.meter.run(Deferred.fromCoroutine(coroutine))

    def _connect(self, reactor: Any, where: str, settings: MeterSettings) -> Any:
        self.where.append(where)
        return connect(reactor, self.meter.endpoint(settings.framing or "wrapper"), settings)

    @property
    def keys(self) -> dict[str, str | None]:
        """
        The environment with the meter's keys.
        """
        keys = self.meter.meter.keys
        assert keys.encryption_key is not None
        assert keys.authentication_key is not None
        return {"DLMS_EK": keys.encryption_key.hex(), "DLMS_AK": keys.authentication_key.hex()}

    def dlms(self, *words: str, env: dict[str, str | None] | None = None) -> Result:
        """
        @param env: Of the environment; the meter's keys where nothing is said.

        @return: exit code and output of C{dlms}.
        """
        environment = {
            **_CLEAN,
            "DLMS_CONFIG": str(self.folder / "none.toml"),
            **(self.keys if env is None else env),
        }
        result = CliRunner().invoke(_dlms, ("--", *words), env=environment)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    def good(self, *words: str, env: dict[str, str | None] | None = None) -> str:
        """
        @return: what a command printed that succeeded, and had nothing to complain.
        """
        result = self.dlms(*words, env=env)
        self.assertEqual((result.exit_code, result.stderr), (0, ""), words)
        return result.stdout

    def bad(self, code: int, *words: str, env: dict[str, str | None] | None = None) -> str:
        """
        @return: the one line that a command said that failed.
        """
        result = self.dlms(*words, env=env)
        self.assertEqual(result.exit_code, code, result.output)
        self.assertEqual(result.stderr.count("\n"), 1, result.stderr)
        self.assertNotIn("Traceback", result.stderr)
        return result.stderr.strip()


@click.command(context_settings={"ignore_unknown_options": True}, add_help_option=False)
@click.argument("words", nargs=-1, type=click.UNPROCESSED)
def _dlms(words: tuple[str, ...]) -> None:
    # The console script itself, with its exit codes.
    main(list(words))
