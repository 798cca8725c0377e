"""
Everything that a client can ask, with everything that can protect it.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

from attrs import evolve

from dlms_twisted.client import Action, Get, Meter, Set
from dlms_twisted.client.settings import PROTECTIONS
from dlms_twisted.codec import build
from dlms_twisted.codec.data import Data
from dlms_twisted.security.curves import generate_private_key, public_of
from dlms_twisted.security.hls import Mechanism
from dlms_twisted.server.described import AssociationDescription
from dlms_twisted.server.description import MeterDescription
from tests.client.bench import Bench
from tests.server.meters import CLIENTS, SHORT, TEXT

__all__ = ["SIGNER", "combinations", "signing", "try_one", "visit"]

_SERIAL = "1/0-0:96.1.0.255/2"
_CLOCK = "8/0-0:1.0.0.255/2"
_OBJECTS = "15/0-0:40.0.0.255/2"
_TEXT = f"1/{TEXT}/2"
_RESET = "3/1-0:1.8.0.255/1"
#: Address of the client that signs.
SIGNER = 70
_SECURITY = ("none", "authenticated", "encrypted", "authenticated-encrypted")


def combinations(full: bool) -> Iterator[tuple[str, int, dict[str, Any]]]:
    """
    @param full: All; else some of each.

    @return: framing, client and settings.
    """
    number = 0
    for framing in ("wrapper", "hdlc"):
        for name, client in CLIENTS.items():
            for short in (0, SHORT):
                for security in _SECURITY:
                    for protection in PROTECTIONS:
                        for dedicated in (False, True):
                            per_message = protection.startswith("general-ciphering")
                            if security == "none" and (protection != "service" or dedicated):
                                continue
                            if protection.endswith(("agreed", "static")):
                                # Suite 0 has no such keys.
                                continue
                            if per_message and (short or dedicated or name == "gmac"):
                                continue
                            number += 1
                            if full or number % 23 == 1:
                                yield (
                                    framing,
                                    client + short,
                                    {
                                        "security": security,
                                        "protection": protection,
                                        "dedicated": dedicated,
                                    },
                                )


def signing(description: MeterDescription) -> Iterator[tuple[MeterDescription, dict[str, Any]]]:
    """
    @return: meters of suites 1 and 2 with a client that signs, and its settings, with each form of protection.
    """
    for suite in (1, 2):
        key = generate_private_key(suite, Random(suite).randbytes)
        first = description.devices[0]
        served = AssociationDescription(
            client=SIGNER,
            mechanism=Mechanism.ECDSA,
            ciphered=True,
            client_signing_key=public_of(key),
        )
        changed = evolve(first, associations=(*first.associations, served))
        meter = evolve(description, suite=suite, devices=(changed, *description.devices[1:]))
        for security in ("authenticated-encrypted", "signed", "authenticated-encrypted-signed"):
            for protection in ("service", "general", "general-ciphering"):
                yield (
                    meter,
                    {
                        "security": security,
                        "protection": protection,
                        "signing_key": key,
                        "max_pdu": 1200,
                    },
                )


async def visit(meter: Meter, bench: Bench, *, short: bool) -> int:
    """
    Ask everything.

    @return: how many requests were answered.

    @raise AssertionError: an answer is wrong.
    """
    serial = bench.memory.meter.serial.encode()
    _same((await meter.get(_SERIAL)).values, serial)
    objects = await meter.objects()
    _same(len(objects) > 20, True)
    if not short:
        _same(len(_tuple(await meter.get(_OBJECTS))), len(objects))
    for text in (b"short", bytes(range(256)) * 3):
        await meter.set(_TEXT, build.octet_string(text))
        _same((await meter.get(_TEXT)).values, text)
    wanted = [_SERIAL, _CLOCK] if short else [_SERIAL, _CLOCK, "3/1-0:99.99.99.255/2"]
    found = await meter.get_many(wanted)
    _same(getattr(found[0], "values", None), serial)
    results = await meter.access(
        [Set(_TEXT, build.octet_string(b"by list")), Get(_TEXT), Action(_RESET, build.integer(0))]
    )
    _same(getattr(results[1], "values", None), b"by list")
    return 10


def _tuple(data: Data) -> tuple[Any, ...]:
    assert isinstance(data.values, tuple)
    return data.values


def _same(found: object, wanted: object) -> None:
    if found != wanted:
        raise AssertionError(f"{found!r}, not {wanted!r}")


def try_one(
    description: MeterDescription, framing: str, client: int, settings: dict[str, Any]
) -> int:
    """
    Connect, ask everything, release.

    @return: how many requests were answered.
    """
    bench = Bench(description, framing=framing)
    keys = bench.memory.meter.keys
    chosen: dict[str, Any] = {"max_pdu": 500, "master_key": keys.master_key}
    if keys.signing_private_key is not None:
        chosen["meter_signing_key"] = public_of(keys.signing_private_key)
    meter = bench.meter(client, **{**chosen, **settings})
    count = bench.run(visit(meter, bench, short=client >= SHORT))
    bench.run(meter.close())
    if bench.open or bench.left():
        raise AssertionError("something is left")
    return count
