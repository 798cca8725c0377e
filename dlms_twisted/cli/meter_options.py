"""
What the commands that talk to a meter have in common: options, and the way there and back.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import click
from attrs import evolve
from twisted.internet.task import deferLater

from dlms_twisted.cli.meter_book import BookedMeter, default_book, find_meter, zone_of
from dlms_twisted.cli.running import run
from dlms_twisted.cli.trace import Capture, Tracer, all_of
from dlms_twisted.client import Meter, MeterSettings, connect
from dlms_twisted.client.counters import COUNTER
from dlms_twisted.client.settings import AUTHENTICATIONS, FRAMINGS, PROTECTIONS
from dlms_twisted.errors import ConfigurationError, LinkError, RequestTimeoutError
from dlms_twisted.keys.counters import TransmitCounters
from dlms_twisted.keys.parsing import parse_key, parse_title

__all__ = ["meter_options", "talk"]

F = TypeVar("F", bound=Callable[..., Any])


class _Hex(click.ParamType["bytes"]):
    """
    Octets in hex; what is wrong with them is said without them.
    """

    name = "hex"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> bytes:
        if isinstance(value, bytes):
            return value
        try:
            return bytes.fromhex(value)
        except ValueError:
            self.fail("hex digits wanted", param, ctx)


class _Parsed(click.ParamType["bytes"]):
    """
    A key or a title, as people paste them.
    """

    def __init__(self, name: str, parse: Callable[[str, str], bytes]) -> None:
        self.name = name
        self._parse = parse

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> bytes:
        if isinstance(value, bytes):
            return value
        try:
            return self._parse(value, self.name)
        except ConfigurationError as error:
            self.fail(str(error), param, ctx)


_HEX = _Hex()
_KEY = _Parsed("key", parse_key)
_TITLE = _Parsed("title", parse_title)
#: What looks like an endpoint: a word and a colon.
_ENDPOINT = re.compile(r"[a-z][a-z0-9+-]*:.", re.ASCII).match
_SECURITY = ("none", "authenticated", "encrypted", "authenticated-encrypted", "both")
_OPTIONS = (
    click.option(
        "--framing", type=click.Choice(FRAMINGS), help="Else: hdlc if serial, or wrapper."
    ),
    click.option("--client", type=click.IntRange(1, 0x3FFF), help="Our address.  [default: 16]"),
    click.option("--server", type=click.IntRange(0, 0x3FFF), help="Logical device.  [default: 1]"),
    click.option("--physical", type=click.IntRange(0, 0x3FFF), help="HDLC: physical device."),
    click.option(
        "--auth", type=click.Choice(tuple(AUTHENTICATIONS)), help="Mechanism.  [default: none]"
    ),
    click.option("--password", envvar="DLMS_PASSWORD", help="Low level; or DLMS_PASSWORD."),
    click.option("--secret", type=_HEX, envvar="DLMS_SECRET", help="HLS secret; or DLMS_SECRET."),
    click.option("--ek", type=_KEY, envvar="DLMS_EK", help="Encryption key; or DLMS_EK."),
    click.option("--ak", type=_KEY, envvar="DLMS_AK", help="Authentication key; or DLMS_AK."),
    click.option("--system-title", type=_TITLE, help="Ours, 8 octets."),
    click.option("--meter-title", type=_TITLE, help="The meter's, where it does not say it."),
    click.option("--suite", type=click.IntRange(0, 2), help="Security suite.  [default: 0]"),
    click.option("--security", type=click.Choice(_SECURITY), help="[default: none]"),
    click.option(
        "--protection", type=click.Choice(tuple(PROTECTIONS)), help="Form.  [default: service]"
    ),
    click.option("--dedicated", is_flag=True, default=None, help="Use a dedicated key."),
    click.option(
        "--counter",
        help="Invocation counter: a number, a file that keeps it, or auto to ask the meter.  "
        "[default: auto]",
    ),
    click.option("--counter-object", help="Where auto asks.  [default: 1/0-0:43.1.0.255/2]"),
    click.option("--short-names", is_flag=True, default=None, help="Short name referencing."),
    click.option("--mode-e", is_flag=True, default=None, help="Sign on by mode E first."),
    click.option("--max-pdu", type=click.IntRange(12, 0xFFFF), help="Longest APDU that we take."),
    click.option(
        "--zone", metavar="NAME", help="Of its clock, as Europe/Berlin, where it does not say it."
    ),
    click.option("--timeout", type=float, help="Seconds.  [default: 10]"),
    click.option(
        "--config",
        type=click.Path(path_type=Path),
        help="Where meters have names; or DLMS_CONFIG.  "
        "[default: ~/.config/dlms-twisted/meters.toml]",
    ),
    click.option("--insecure-keys", is_flag=True, help="Take files that others may read."),
    click.option("--trace", is_flag=True, help="Show frames and APDUs on stderr, secrets masked."),
    click.option("--trace-plaintext", is_flag=True, help="The same, deciphered."),
    click.option(
        "--capture", type=click.Path(path_type=Path), help="Write frames to a file for dlms decode."
    ),
)
#: Seconds before another try.
_PAUSE = 1.0
#: Forms of protection that take the global key.
_GLOBAL = ("service", "general", "general-ciphering")
#: Options that are no settings.
_OTHERS = ("config", "insecure_keys", "trace", "trace_plaintext", "capture", "counter", "zone")
_RENAMED = {"ek": "encryption_key", "ak": "authentication_key"}


def meter_options(function: F) -> F:
    """
    @return: C{function} with the options that L{talk} takes.
    """
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


class _Way(NamedTuple):
    """
    How a meter is talked to.

    @ivar counter: C{auto}, a number, or a file.
    """

    where: str
    settings: MeterSettings
    counter: str


def _way(where: str, options: dict[str, Any]) -> _Way:
    """
    What the command line says goes before the environment, that before the configuration file.

    @raise ConfigurationError: the meter is not known, or a setting is wrong.
    """
    book, insecure = options["config"], options["insecure_keys"]
    path = default_book() if book is None else book
    booked = None
    if book is not None or path.exists():
        booked = find_meter(path, where, insecure=insecure)
    if booked is None and not _ENDPOINT(where):
        place = f"in {path}" if path.exists() else f"and there is no {path}"
        raise ConfigurationError(f"{where}: no endpoint, as tcp:HOST:PORT, and no name {place}")
    said = {one: value for one, value in options.items() if one not in _OTHERS}
    given = {_RENAMED.get(one, one): value for one, value in said.items() if value is not None}
    if "password" in given:
        given["password"] = given["password"].encode()
    if booked is None:
        booked = BookedMeter(where, {}, None)
    settings = MeterSettings(**{**booked.settings, **given})
    if options["zone"] is not None:
        zone = zone_of(options["zone"], "--zone")
        settings = evolve(settings, clock_options=evolve(settings.clock_options, clock_zone=zone))
    counter = options["counter"] or booked.counter or "auto"
    if counter.startswith("-"):
        raise ConfigurationError("--counter: a number from 0, a file, or auto wanted")
    if settings.counted and settings.encryption_key is None and settings.protection in _GLOBAL:
        raise ConfigurationError("no encryption key: --ek, DLMS_EK or the configuration file")
    return _Way(booked.endpoint, settings, counter)


def talk(
    where: str,
    options: dict[str, Any],
    act: Callable[[Meter], Awaitable[int]],
    *,
    name: str,
    tries: int = 1,
) -> int:
    """
    Connect, associate, act, release.

    @param where: The METER of the command line.
    @param options: Those of L{meter_options}.
    @param act: Called with the meter; gives the exit code.
    @param name: Of the command, for errors.
    @param tries: How often to connect and act, while the link is lost or the meter is silent.

    @return: the exit code.

    @raise ConfigurationError: an option is wrong.
    """
    way = _way(where, options)
    with ExitStack() as closing:
        counters = _counters(way.counter)
        if counters is not None:
            closing.callback(counters.close)
        settings = _observed(evolve(way.settings, counters=counters), options, closing)

        async def main(reactor: Any) -> int:
            for left in range(tries - 1, -1, -1):
                try:
                    async with await _connected(reactor, way._replace(settings=settings)) as meter:
                        return await act(meter)
                except ConfigurationError as error:
                    click.echo(f"{name}: {error}", err=True)
                    return 2
                except (LinkError, RequestTimeoutError) as error:
                    if not left:
                        raise
                    click.echo(f"{name}: {error}; once more", err=True)
                await deferLater(reactor, _PAUSE)
            return 1

        return run(main, name=name)


def _counters(counter: str) -> TransmitCounters | None:
    return None if counter == "auto" or counter.isdecimal() else TransmitCounters(counter)


def _observed(
    settings: MeterSettings, options: dict[str, Any], closing: ExitStack
) -> MeterSettings:
    capture = options["capture"]
    observer = all_of(
        Tracer(lambda line: click.echo(line, err=True))
        if options["trace"] or options["trace_plaintext"]
        else None,
        None if capture is None else closing.enter_context(Capture(capture)),
    )
    return evolve(settings, observer=observer, trace_plaintext=options["trace_plaintext"])


async def _connected(reactor: Any, way: _Way) -> Meter:
    settings = way.settings
    if settings.counted:
        asked = settings.counter_object or str(COUNTER)
        if way.counter == "auto":
            settings = evolve(settings, ask_counter=True)
        elif way.counter.isdecimal():
            settings = evolve(settings, counter=int(way.counter))
        else:
            settings = evolve(settings, counter_object=asked)
    return await connect(reactor, way.where, settings)
