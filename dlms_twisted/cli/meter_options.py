"""
What the commands that talk to a meter have in common: options, and the way there and back.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import click
from attrs import evolve

from dlms_twisted.cli.running import run
from dlms_twisted.client import Meter, MeterSettings, connect, next_counter
from dlms_twisted.client.settings import AUTHENTICATIONS, FRAMINGS
from dlms_twisted.errors import ConfigurationError
from dlms_twisted.keys.counters import TransmitCounters

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


_HEX = _Hex()
_SECURITY = ("none", "authenticated", "encrypted", "authenticated-encrypted", "both")
_OPTIONS = (
    click.option(
        "--framing", type=click.Choice(FRAMINGS), help="Else: hdlc if serial, or wrapper."
    ),
    click.option("--client", type=int, default=16, show_default=True, help="Our address."),
    click.option("--server", type=int, default=1, show_default=True, help="Logical device."),
    click.option("--physical", type=int, help="HDLC: physical device."),
    click.option("--auth", type=click.Choice(tuple(AUTHENTICATIONS)), default="none"),
    click.option("--password", envvar="DLMS_PASSWORD", help="Low level; or DLMS_PASSWORD."),
    click.option("--secret", type=_HEX, envvar="DLMS_SECRET", help="HLS secret; or DLMS_SECRET."),
    click.option("--ek", type=_HEX, envvar="DLMS_EK", help="Encryption key; or DLMS_EK."),
    click.option("--ak", type=_HEX, envvar="DLMS_AK", help="Authentication key; or DLMS_AK."),
    click.option("--system-title", type=_HEX, help="Ours, 8 octets."),
    click.option("--suite", type=click.IntRange(0, 2), default=0, show_default=True),
    click.option("--security", type=click.Choice(_SECURITY), default="none", show_default=True),
    click.option("--dedicated", is_flag=True, help="Use a dedicated key."),
    click.option(
        "--counter",
        default="auto",
        show_default=True,
        help="Invocation counter: a number, a file that keeps it, or auto to ask the meter.",
    ),
    click.option("--short-names", is_flag=True, help="Short name referencing."),
    click.option("--mode-e", is_flag=True, help="Sign on by mode E first."),
    click.option("--timeout", type=float, default=10.0, show_default=True, help="Seconds."),
)


def meter_options(function: F) -> F:
    """
    @return: C{function} with the options that L{talk} takes.
    """
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


def _settings(options: dict[str, Any]) -> MeterSettings:
    chosen = dict(options)
    password, secret = chosen.pop("password"), chosen.pop("secret")
    title = chosen.pop("system_title")
    if title is not None:
        chosen["system_title"] = title
    del chosen["counter"]
    return MeterSettings(
        password=b"" if password is None else password.encode(),
        secret=b"" if secret is None else secret,
        encryption_key=chosen.pop("ek"),
        authentication_key=chosen.pop("ak"),
        **chosen,
    )


def talk(
    where: str,
    options: dict[str, Any],
    act: Callable[[Meter], Awaitable[int]],
    *,
    name: str,
) -> int:
    """
    Connect, associate, act, release.

    @param where: The METER of the command line.
    @param options: Those of L{meter_options}.
    @param act: Called with the meter; gives the exit code.
    @param name: Of the command, for errors.

    @return: the exit code.

    @raise ConfigurationError: an option is wrong.
    """
    settings = _settings(options)
    counter = options["counter"]
    counts = settings.security != "none" or settings.auth == "gmac"
    if counter.isdecimal():
        settings = evolve(settings, counter=int(counter))
    elif counter != "auto":
        settings = evolve(settings, counters=TransmitCounters(counter))

    async def main(reactor: Any) -> int:
        chosen = settings
        try:
            if counter == "auto" and counts:
                chosen = evolve(chosen, counter=await next_counter(reactor, where, chosen))
            connecting = connect(reactor, where, chosen)
        except ConfigurationError as error:
            click.echo(f"{name}: {error}", err=True)
            return 2
        async with await connecting as meter:
            return await act(meter)

    try:
        return run(main, name=name)
    finally:
        if isinstance(settings.counters, TransmitCounters):
            settings.counters.close()
