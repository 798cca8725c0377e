"""
What a simulation is told: frozen settings, checked, from Python or from TOML::

    meter = "household"             # a ready meter, a description, or what "dlms objects --save" wrote
    meters = 100
    addressing = "ports"            # each on a port of its own, from the one that is said; or "addresses"
    seed = "north"
    keys_file = "keys.toml"         # written: what a collector must know
    faults = "faults.toml"

    [[listen]]
    on = "tcp:4059"

    [[listen]]
    on = "serial:/dev/ttyUSB0:baudrate=9600"
    mode_e = true

    [push]
    to = "udp:192.0.2.1:4059"
    period = 900

Relative paths in a file count from its folder.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from attrs import frozen
from twisted.internet.endpoints import serverFromString

from dlms_twisted.errors import ConfigurationError
from dlms_twisted.server.description_toml import READY, load_description
from dlms_twisted.server.faults import Scenario
from dlms_twisted.server.fleet_pusher import PushPlan
from dlms_twisted.server.outlets import PushTarget
from dlms_twisted.server.pusher import PushKind
from dlms_twisted.server.serving import FIRST_PHYSICAL
from dlms_twisted.server.wiring import FRAMINGS, nth_port
from dlms_twisted.toml_reader import TomlTable, read_toml
from dlms_twisted.transport.datagram import UDPDescription
from dlms_twisted.transport.serial_description import SerialDescription

__all__ = [
    "ADDRESSINGS",
    "ListenSettings",
    "PushSettings",
    "SimulationSettings",
    "load_simulation",
    "push_settings",
]

ADDRESSINGS: Final = ("addresses", "ports")
_MOST_METERS: Final = 1_000_000
_HUGE: Final = 1 << 40
_DAY: Final = 86_400.0
_QUARTER: Final = 900.0


@frozen(kw_only=True)
class ListenSettings:
    """
    Where meters are reached.

    @ivar on: C{tcp:4059}, C{ssl:…}, C{udp:4059}, C{serial:DEVICE:…} or any server endpoint.
    @ivar framing: C{wrapper} or C{hdlc}; C{None} for hdlc on serial lines and with mode E, else wrapper.
    @ivar mode_e: HDLC begins after the sign-on of mode E.
    """

    on: str
    framing: str | None = None
    mode_e: bool = False

    def __attrs_post_init__(self) -> None:
        kind = self.on.partition(":")[0]
        framing = self.framing or ("hdlc" if kind == "serial" or self.mode_e else "wrapper")
        if framing not in FRAMINGS:
            raise ConfigurationError(f"framing: one of {', '.join(FRAMINGS)} wanted")
        if kind == "udp":
            UDPDescription.parse(self.on)
        elif kind == "serial":
            SerialDescription.parse(self.on)
        else:
            _check_endpoint(self.on)
        if kind == "udp" and (framing != "wrapper" or self.mode_e):
            raise ConfigurationError(f"{self.on!r}: by UDP there is only the wrapper")
        if framing == "wrapper" and (kind == "serial" or self.mode_e):
            raise ConfigurationError(f"{self.on!r}: serial lines and mode E want hdlc")


def _check_endpoint(description: str) -> None:
    if description.partition(":")[0] in {"tcp", "tcp6", "ssl", "tls"}:
        nth_port(description, 0)
    try:
        serverFromString(None, description)
    except Exception as error:  # their parsers raise whatever int() and open() raise
        why = " ".join(str(error).split())
        raise ConfigurationError(f"{description!r} cannot be listened on: {why}") from None


@frozen(kw_only=True)
class PushSettings:
    """
    Where meters push to, and when.

    @ivar target: For all; C{None} for where each push setup says.
    @ivar plan: When; C{None} for when their push setups say.
    """

    target: PushTarget | None = None
    plan: PushPlan | None = None

    def __attrs_post_init__(self) -> None:
        if self.plan is not None and self.target is None:
            raise ConfigurationError("push: a rate or a period wants an address to push to")


@frozen(kw_only=True)
class SimulationSettings:
    """
    A whole simulation.

    @ivar meter: A ready meter's name, or a file.
    @ivar meters: How many.
    @ivar first: Number of the first.
    @ivar seed: Makes the keys of one fleet differ from those of another.
    @ivar addressing: How several meters are told apart: C{addresses} (wPorts, physical devices) on one port, or
        consecutive C{ports}.
    @ivar physical: HDLC address of the first as a physical device.
    @ivar keys_file: Written with what a collector must know.
    @ivar faults: File of a scenario.
    @ivar inactivity: Seconds after which a silent HDLC connection is gone.
    """

    meter: str = "household"
    meters: int = 1
    first: int = 1
    seed: str = ""
    addressing: str = "addresses"
    physical: int = FIRST_PHYSICAL
    listen: tuple[ListenSettings, ...] = ()
    push: PushSettings = PushSettings()
    keys_file: Path | None = None
    faults: Path | None = None
    inactivity: float = 120.0

    def check(self) -> None:
        """
        @raise ConfigurationError: something does not go with the rest, or a file is wrong.
        """
        load_description(self.meter)
        if self.faults is not None:
            Scenario.load(self.faults)
        if not self.listen and self.push == PushSettings():
            raise ConfigurationError("listen: an address wanted (--listen tcp:4059)")
        if not 1 <= self.meters <= _MOST_METERS:
            raise ConfigurationError(f"meters: 1 to {_MOST_METERS} wanted")
        if self.addressing not in ADDRESSINGS:
            raise ConfigurationError(f"addressing: one of {', '.join(ADDRESSINGS)} wanted")
        if self.addressing == "ports":
            for one in self.listen:
                nth_port(one.on, self.meters - 1)
        elif self.meters > 1 and self.listen:
            self._check_addresses()

    def _check_addresses(self) -> None:
        hdlc = any(
            one.framing == "hdlc" or one.mode_e or one.on.startswith("serial:")
            for one in self.listen
        )
        if hdlc and self.physical + self.meters > 0x3FFE:
            raise ConfigurationError("meters: there are no more than 16383 HDLC addresses")
        if self.meters > 0xFFFF:
            raise ConfigurationError("meters: there are no more than 65535 wPorts")


def load_simulation(path: str | Path) -> SimulationSettings:
    """
    Read a file.

    @raise ConfigurationError: it cannot be read, or is wrong; the error names file and key.
    """
    try:
        octets = Path(path).read_bytes()
    except OSError as error:
        raise ConfigurationError(f"{path}: {error.strerror}") from None
    table = read_toml(octets, str(path))
    folder = Path(path).parent
    meter = table.text("meter")
    said: dict[str, Any] = {
        "meter": meter if meter is None or meter in READY else str(folder / meter),
        "meters": table.integer("meters", 1, _MOST_METERS),
        "first": table.integer("first", 1, _HUGE - _MOST_METERS),
        "seed": table.text("seed"),
        "addressing": table.text("addressing"),
        "physical": table.integer("physical", 0, 0x3FFD),
        "keys_file": _path(table, "keys_file", folder),
        "faults": _path(table, "faults", folder),
        "inactivity": table.number("inactivity", 0, _HUGE),
        "listen": tuple(_listen(one) for one in table.tables("listen")),
        "push": _push(table.table("push")),
    }
    table.finish()
    return SimulationSettings(**{name: value for name, value in said.items() if value is not None})


def _path(table: TomlTable, key: str, folder: Path) -> Path | None:
    text = table.text(key)
    return None if text is None else folder / text


def _listen(table: TomlTable) -> ListenSettings:
    on, framing, mode_e = table.text("on"), table.text("framing"), table.boolean("mode_e")
    table.finish()
    if on is None:
        raise table.error("on", "an address wanted")
    try:
        return ListenSettings(on=on, framing=framing, mode_e=bool(mode_e))
    except ConfigurationError as error:
        reason = str(error)
    raise table.error("on", reason)


def _push(table: TomlTable) -> PushSettings:
    target, framing = table.text("to"), table.text("framing")
    said: dict[str, Any] = {
        "rate": table.number("rate", 0.001, _HUGE),
        "period": table.number("period", 0.001, _HUGE),
        "at_once": table.boolean("at_once"),
        "count": table.integer("count", 1, _HUGE),
        "plain": table.boolean("plain"),
    }
    table.finish()
    try:
        return push_settings(target, framing, **said)
    except ConfigurationError as error:
        reason = str(error)
    raise table.error("to", reason)


def push_settings(
    target: str | None,
    framing: str | None = None,
    *,
    rate: float | None = None,
    period: float | None = None,
    at_once: bool | None = None,
    plain: bool | None = None,
    count: int | None = None,
) -> PushSettings:
    """
    @param target: A client endpoint's description.
    @param framing: See L{PushTarget.parse}.
    @param count: Stop after so many.

    @return: with a plan if anything but the target is said.

    @raise ConfigurationError: something is wrong.
    """
    parsed = None if target is None else PushTarget.parse(target, framing)
    if not any((rate, period, at_once, plain, count)):
        return PushSettings(target=parsed)
    plan = PushPlan(
        period=period or (_DAY if at_once else _QUARTER),
        at_once=bool(at_once),
        rate=rate,
        kind=PushKind.PLAIN if plain else PushKind.CIPHERED,
        most=count,
    )
    return PushSettings(target=parsed, plan=plan)
