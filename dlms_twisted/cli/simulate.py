"""
C{dlms simulate}: simulated meters without a daemon; it says where they listen, and how they can be talked to.
"""

from __future__ import annotations

import json
import math
from random import Random
from typing import Any

import click
from rich.console import Console
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.error import CannotListenError
from twisted.internet.task import deferLater

from dlms_twisted.cli.running import run
from dlms_twisted.errors import DLMSError
from dlms_twisted.server.hosted import client_options
from dlms_twisted.server.simulation import Listening, Simulation
from dlms_twisted.server.simulation_settings import ADDRESSINGS, SimulationSettings
from dlms_twisted.server.wiring import FRAMINGS
from dlms_twisted.tap.meter import settings_of

__all__ = ["command"]

_ABOVE = click.FloatRange(min=0, min_open=True)


@click.command(name="simulate")
@click.option("--config", type=click.Path(), help="A TOML file; options go before what it says.")
@click.option(
    "--listen",
    multiple=True,
    help="tcp:PORT, ssl:…, udp:PORT, serial:DEVICE:…; may be repeated; tcp:4059 where nothing is said.",
)
@click.option("--framing", type=click.Choice(FRAMINGS), help="Default: hdlc on serial lines.")
@click.option("--mode-e", is_flag=True, help="HDLC begins after the sign-on of mode E.")
@click.option("--meter", help="household, pv, gas-nbiot, transformer, or a TOML description.")
@click.option("--from", "from_", type=click.Path(), help="A file of dlms objects --save.")
@click.option("--meters", type=click.IntRange(1, 1_000_000), help="How many.")
@click.option("--first", type=click.IntRange(1), help="Number of the first.")
@click.option("--seed", help="Makes the keys of one fleet differ from those of another.")
@click.option(
    "--addressing", type=click.Choice(ADDRESSINGS), help="How several are told apart on a port."
)
@click.option("--physical", type=click.IntRange(0, 0x3FFD), help="HDLC address of the first.")
@click.option("--push-to", help="udp:HOST:PORT, tcp:HOST:PORT, serial:DEVICE:…")
@click.option("--push-framing", type=click.Choice(("wrapper", "hdlc", "mbus")))
@click.option("--rate", type=_ABOVE, help="Pushes a second, over all meters.")
@click.option("--period", type=_ABOVE, help="Seconds between two pushes of one meter.")
@click.option("--at-midnight", is_flag=True, help="All at once, as each day or --period begins.")
@click.option("--plain", is_flag=True, help="Push without ciphering.")
@click.option("--count", type=click.IntRange(1), help="Stop pushing after so many.")
@click.option("--faults", type=click.Path(), help="A TOML file of what goes wrong.")
@click.option("--keys-file", type=click.Path(), help="Write the meters' keys: TOML, or SQLite.")
@click.option("--seconds", type=_ABOVE, help="End after so long; by default never.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON lines.")
def command(as_json: bool, seconds: float | None, from_: str | None, **options: Any) -> int:
    """Simulated meters: to be read, and that push, in good order or not."""
    given: dict[str, Any] = {name.replace("_", "-"): value for name, value in options.items()}
    given["from"] = from_
    if not given["listen"] and given["config"] is None and given["push-to"] is None:
        given["listen"] = ("tcp:4059",)
    settings = settings_of(given)
    return run(lambda reactor: _simulate(reactor, settings, seconds, as_json), name="dlms simulate")


async def _simulate(
    reactor: Any, settings: SimulationSettings, seconds: float | None, as_json: bool
) -> int:
    console = Console(soft_wrap=True, highlight=False)
    simulation = Simulation(reactor, settings, random=Random().random)
    started = reactor.seconds()
    try:
        await simulation.begin()
        _introduce(console, simulation, as_json)
        waiting: Deferred[None] = (
            Deferred() if seconds is None else deferLater(reactor, seconds, lambda: None)
        )
        await waiting
    except CannotListenError as error:
        raise DLMSError(str(error)) from None
    except CancelledError:
        pass
    finally:
        await simulation.stopService()
    _summarize(console, simulation, reactor.seconds() - started, as_json)
    return 0


def _introduce(console: Console, simulation: Simulation, as_json: bool) -> None:
    settings = simulation.settings
    document: dict[str, Any] = {
        "meters": settings.meters,
        "meter": simulation.fleet.description.name,
        "listening": [one._asdict() for one in simulation.listening],
        "clients": _clients(simulation) if settings.listen else [],
        "keys_file": None if settings.keys_file is None else str(settings.keys_file),
        "push_to": None if settings.push.target is None else settings.push.target.endpoint,
    }
    if as_json:
        console.file.write(json.dumps(document) + "\n")
        console.file.flush()
        return
    many = "1 meter" if settings.meters == 1 else f"{settings.meters} meters"
    console.print(f"{many} of the kind {document['meter']}")
    for one in simulation.listening[:20]:
        console.print(f"  {one.address}  {one.framing}{_addresses(one, settings.physical)}")
    if len(simulation.listening) > 20:
        console.print(f"  … and {len(simulation.listening) - 20} more")
    for client in document["clients"]:
        console.print(
            f"  client {client['client']}: {client['name'] or 'no name'}, "
            f"--auth {client['auth']} --security {client['security']}"
        )
    if settings.keys_file is not None:
        console.print(f"keys: {settings.keys_file}")
    if document["push_to"] is not None:
        console.print(f"pushing to {document['push_to']}")


def _addresses(one: Listening, physical: int) -> str:
    # How the meters there are told apart.
    first = physical if one.framing == "hdlc" else 1
    what = "--physical" if one.framing == "hdlc" else "--server"
    if one.meters > 1:
        return f", {what} {first} to {first + one.meters - 1}"
    return f", {what} {first} or none" if one.framing == "hdlc" else ""


def _clients(simulation: Simulation) -> list[dict[str, Any]]:
    # What a client must say, without what is secret.
    meter = simulation.fleet[0]
    found = []
    for plan in meter.description.devices[0].associations:
        options = client_options(meter, plan.client)
        found.append(
            {
                "client": plan.client,
                "name": plan.name,
                "auth": options["auth"],
                "security": options.get("security", "none"),
            }
        )
    return found


def _summarize(console: Console, simulation: Simulation, seconds: float, as_json: bool) -> None:
    figures = simulation.figures
    summary = {
        "sent": figures["sent"],
        "failed": figures["failed"],
        "faults": figures["faults"],
        "seconds": math.floor(seconds * 1000) / 1000,
    }
    if as_json:
        console.file.write(json.dumps({"summary": summary}) + "\n")
    else:
        console.print(", ".join(f"{name} {value}" for name, value in summary.items()))
