"""
C{twistd dlms-meter}: options, and the service that they describe.
"""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

from attrs import evolve
from twisted.application.service import IService, Service
from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python import usage
from twisted.python.failure import Failure

from dlms_twisted.errors import ConfigurationError
from dlms_twisted.server.simulation import Simulation
from dlms_twisted.server.simulation_settings import (
    ADDRESSINGS,
    ListenSettings,
    SimulationSettings,
    load_simulation,
    push_settings,
)
from dlms_twisted.server.wiring import FRAMINGS
from dlms_twisted.tap.errors import OneLineOptions, fail

__all__ = ["MeterService", "Options", "makeService", "settings_of"]


class Options(OneLineOptions):
    """
    Every option is checked here, before anything is opened.

    @ivar settings: What the options and the configuration file say together; options go before the file.
    """

    command = "dlms-meter"
    synopsis = "[options]"
    longdesc = "Simulate DLMS/COSEM meters."
    optParameters = [
        ["config", "c", None, "A TOML file; options go before what it says."],
        ["meter", "m", None, "household, pv, gas-nbiot, transformer, or a TOML description."],
        ["from", None, None, "A file of `dlms objects --save`: that meter."],
        ["meters", None, None, "How many meters."],
        ["first", None, None, "Number of the first."],
        ["seed", None, None, "Makes the keys of one fleet differ from those of another."],
        ["addressing", None, None, f"How they are told apart: {' or '.join(ADDRESSINGS)}."],
        ["physical", None, None, "HDLC address of the first as a physical device."],
        ["framing", None, None, f"How what is listened on is framed: {' or '.join(FRAMINGS)}."],
        ["push-to", None, None, "Where all meters push to: udp:HOST:PORT, tcp:HOST:PORT, …"],
        ["push-framing", None, None, "wrapper, hdlc or mbus."],
        ["rate", None, None, "Pushes a second, over all meters."],
        ["period", None, None, "Seconds between two pushes of one meter."],
        ["count", None, None, "Stop pushing after so many."],
        ["faults", None, None, "A TOML file of what goes wrong."],
        ["keys-file", None, None, "Write what a collector must know: keys.toml, or SQLite."],
    ]
    optFlags = [
        ["mode-e", None, "HDLC begins after the sign-on of mode E."],
        ["at-midnight", None, "All push at once, at midnight UTC or at the beginning of --period."],
        ["plain", None, "Push without ciphering."],
    ]
    settings: SimulationSettings

    def __init__(self) -> None:
        super().__init__()
        self._listen: list[str] = []

    def opt_listen(self, description: str) -> None:
        """
        Where meters are reached: tcp:PORT, ssl:…, udp:PORT, serial:DEVICE:baudrate=…; may be repeated.
        """
        self._listen.append(description)

    def postOptions(self) -> None:
        """
        @raise ConfigurationError: something is wrong; one line that names the option.
        """
        given: dict[str, Any] = {**self, "listen": self._listen}
        for name in ("meters", "first", "physical", "count", "rate", "period"):
            if self[name] is not None:
                given[name] = self._number(name)
        self.settings = settings_of(given)

    def _number(self, option: str) -> float | int:
        try:
            value = float(self[option])
        except ValueError:
            value = float("nan")
        whole = option not in {"rate", "period"}
        if not 0 < value < float("inf") or (whole and value != int(value)):
            kind = "a whole number" if whole else "a number"
            raise usage.UsageError(f"--{option}: {kind} above 0 wanted")
        return int(value) if whole else value


def settings_of(given: dict[str, Any]) -> SimulationSettings:
    """
    @param given: Options by name; C{None} or nothing for those that were not given.

    @return: them with what the configuration file says besides.

    @raise ConfigurationError: something is wrong.
    """
    path = given["config"]
    settings = SimulationSettings() if path is None else load_simulation(path)
    changes: dict[str, Any] = {
        name.replace("-", "_"): given[name]
        for name in ("meter", "meters", "first", "seed", "addressing", "physical")
        if given[name] is not None
    }
    if given["from"] is not None:
        if given["meter"] is not None:
            raise ConfigurationError("--from, --meter: one of them wanted, not both")
        changes["meter"] = given["from"]
    for name in ("faults", "keys-file"):
        if given[name] is not None:
            changes[name.replace("-", "_")] = Path(given[name])
    if given["listen"]:
        changes["listen"] = tuple(
            ListenSettings(on=on, framing=given["framing"], mode_e=bool(given["mode-e"]))
            for on in given["listen"]
        )
    plan = {name: given[name] for name in ("rate", "period", "plain", "count") if given[name]}
    if given["at-midnight"]:
        plan["at_once"] = True
    if plan or given["push-to"] is not None:
        changes["push"] = push_settings(given["push-to"], given["push-framing"], **plan)
    settings = evolve(settings, **changes)
    settings.check()
    return settings


class MeterService(Service):
    """
    Opens everything when it is started, in the process that will run it.

    @ivar simulation: The meters.
    """

    log = Logger()

    def __init__(self, reactor: Any, simulation: Simulation) -> None:
        self.simulation = simulation
        self._reactor = reactor
        self._started = False

    def startService(self) -> None:
        """
        Open the wires.

        @raise SystemExit: one of them cannot be opened; one line says why.
        """
        super().startService()
        failures: list[Failure] = []
        beginning = self.simulation.begin()
        beginning.addErrback(self._failed, failures)
        if failures:
            raise fail(f"dlms-meter: {failures[0].getErrorMessage()}", 1)
        self._started = True

    def stopService(self) -> Deferred[Any]:
        """
        @return: fires when all is closed.
        """
        super().stopService()
        return self.simulation.stopService()

    def _failed(self, failure: Failure, failures: list[Failure]) -> None:
        if not self._started:
            failures.append(failure)
            return
        self.log.error("the simulation cannot begin: {why}", why=failure.getErrorMessage())
        self._reactor.stop()


def makeService(options: Options) -> IService:
    """
    Build, but do not start: files and ports are opened when the process has become a daemon.

    @raise SystemExit: a file is wrong: one line, exit code 2.
    """
    from twisted.internet import reactor

    try:
        simulation = Simulation(reactor, options.settings, random=Random().random)
    except ConfigurationError as error:
        raise fail(f"dlms-meter: {error}", 2) from None
    return MeterService(reactor, simulation)
