"""
C{twistd dlms-collector}: options, and the service that they describe.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from attrs import evolve
from twisted.application.service import IService
from twisted.python import usage

from dlms_twisted.config import (
    FRAMINGS,
    CollectorSettings,
    SourceSettings,
    check_collector,
    load_collector,
)
from dlms_twisted.errors import ConfigurationError
from dlms_twisted.keys.parsing import parse_policy, parse_title
from dlms_twisted.tap.collector_service import CollectorService, check_sources
from dlms_twisted.tap.errors import OneLineOptions

__all__ = ["Options", "makeService"]

_DAY = 86_400.0


class Options(OneLineOptions):
    """
    Every option is checked here, before anything is opened.

    @ivar settings: What the options and the configuration file say together; options go before the file.
    """

    command = "dlms-collector"
    synopsis = "[options]"
    longdesc = "Capture what DLMS/COSEM meters push in a durable journal."
    optParameters = [
        ["config", "c", None, "A TOML file; options go before what it says."],
        ["journal", "j", None, "Directory of the journal; it is made if need be."],
        ["keys", "k", None, "A keys.toml, or SQLite; without one, plain pushes are taken."],
        ["master-key-file", None, None, "For keys in SQLite: the file of their master key."],
        [
            "policy",
            None,
            None,
            "Demands on all sources: none, authenticated, encrypted, authenticated-encrypted.",
        ],
        ["system-title", None, None, "Our own system title, to confirm ciphered pushes."],
        ["framing", None, None, f"How streams are framed: {', '.join(FRAMINGS)}."],
        ["queue", None, None, "Datagrams and frames held in memory at most."],
        ["queue-octets", None, None, "Octets of them."],
        ["receive-buffer", None, None, "Octets of kernel buffer for each UDP port."],
        ["retain-days", None, None, "Days after which readings are removed; by default never."],
        ["retain-octets", None, None, "Octets of readings to keep at most."],
        ["quarantine-days", None, None, "Days after which refused messages are removed."],
        ["quarantine-octets", None, None, "Octets of refused messages to keep at most."],
        ["idle-timeout", None, None, "Seconds of silence after which a stream is closed."],
    ]
    optFlags = [["insecure-keys", None, "Take a key file that others may read."]]
    settings: CollectorSettings

    def __init__(self) -> None:
        super().__init__()
        self._sources: list[tuple[str, str]] = []
        self._layouts: list[Path] = []

    def opt_listen(self, description: str) -> None:
        """
        Where meters push to: udp:PORT[:interface=ADDRESS], tcp:PORT, tls:…, serial:DEVICE:baudrate=…; may be repeated.
        """
        self._sources.append(("listen", description))

    def opt_connect(self, description: str) -> None:
        """
        A serial server to connect to and listen on, for example tcp:192.0.2.7:2001; may be repeated.
        """
        self._sources.append(("connect", description))

    def opt_layouts(self, path: str) -> None:
        """
        A TOML file of push layouts of your own; may be repeated.
        """
        self._layouts.append(Path(path))

    def postOptions(self) -> None:
        """
        @raise ConfigurationError: something is wrong; one line that names the option.
        """
        path = self["config"]
        settings = CollectorSettings(journal=Path("")) if path is None else load_collector(path)
        settings = self._overridden(settings)
        check_collector(settings)
        check_sources(settings)
        self.settings = settings

    def _overridden(self, settings: CollectorSettings) -> CollectorSettings:
        changes: dict[str, Any] = {}
        if self._sources:
            changes["sources"] = tuple(
                SourceSettings(listen=description, said="--listen")
                if kind == "listen"
                else SourceSettings(connect=description, said="--connect")
                for kind, description in self._sources
            )
        for name in ("journal", "keys", "master-key-file"):
            if self[name] is not None:
                changes[name.replace("-", "_")] = Path(self[name])
        if self["insecure-keys"]:
            changes["insecure_keys"] = True
        if self["system-title"] is not None:
            changes["system_title"] = parse_title(self["system-title"], "--system-title")
        if self._layouts:
            changes["layouts"] = tuple(self._layouts)
        for option, name, least in (
            ("queue", "queue_items", 1),
            ("queue-octets", "queue_octets", 1),
            ("receive-buffer", "receive_buffer", 2048),
        ):
            if self[option] is not None:
                changes[name] = int(self._number(option, least))
        settings = evolve(settings, **changes)
        return evolve(settings, limits=self._limits(settings), sources=self._each_source(settings))

    def _each_source(self, settings: CollectorSettings) -> tuple[SourceSettings, ...]:
        changes: dict[str, Any] = {}
        if self["policy"] is not None:
            changes["policy"] = parse_policy(self["policy"], "--policy")
        if self["idle-timeout"] is not None:
            changes["idle_timeout"] = self._number("idle-timeout", 1)
        if self["framing"] is not None:
            if self["framing"] not in FRAMINGS:
                raise usage.UsageError(f"--framing: one of {', '.join(FRAMINGS)} wanted")
            changes["framing"] = self["framing"]
        return tuple(evolve(source, **changes) for source in settings.sources)

    def _limits(self, settings: CollectorSettings) -> Any:
        limits, quarantine = settings.limits, settings.limits.quarantine
        changes: dict[str, Any] = {}
        kept: dict[str, Any] = {}
        if self["retain-days"] is not None:
            changes["age"] = self._number("retain-days", 0.01) * _DAY
        if self["retain-octets"] is not None:
            changes["octets"] = int(self._number("retain-octets", 1))
        if self["quarantine-days"] is not None:
            kept["age"] = self._number("quarantine-days", 0.01) * _DAY
        if self["quarantine-octets"] is not None:
            kept["octets"] = int(self._number("quarantine-octets", 1))
        return evolve(limits, quarantine=evolve(quarantine, **kept), **changes)

    def _number(self, option: str, least: float) -> float:
        try:
            value = float(self[option])
        except ValueError:
            value = float("nan")
        if not least <= value < float("inf"):
            raise usage.UsageError(f"--{option}: a number of at least {least:g} wanted")
        return value


def makeService(options: Options) -> IService:
    """
    Build, but do not start: files and ports are opened when the process has become a daemon.

    @raise SystemExit: the key file or a layout is wrong: one line, exit code 2.
    """
    from twisted.internet import reactor

    try:
        return CollectorService(reactor, options.settings)
    except ConfigurationError as error:
        from dlms_twisted.tap.errors import fail

        raise fail(f"dlms-collector: {error}", 2) from None
