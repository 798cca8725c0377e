"""
Meters for tests: a small one, and any with an association for each mechanism.
"""

from __future__ import annotations

from typing import Final

from attrs import evolve
from twisted.internet.task import Clock

from dlms_twisted.codec import build
from dlms_twisted.cosem.obis import Obis
from dlms_twisted.security.hls import Mechanism
from dlms_twisted.security.policy import Policy
from dlms_twisted.server.completion import completed
from dlms_twisted.server.described import (
    ASSOCIATION_LN,
    AssociationDescription,
    ObjectDescription,
)
from dlms_twisted.server.description import DeviceDescription, MeterDescription
from dlms_twisted.server.description_toml import ready_description
from dlms_twisted.server.meter import SimulatedMeter

__all__ = [
    "CLIENTS",
    "DEMANDING",
    "MECHANISMS",
    "SECRET",
    "SHORT",
    "household",
    "small",
    "with_clients",
]

SECRET: Final = b"0123456789abcdef"

#: 2026-11-22 23:59 UTC.
_NOW: Final = 1795391940
#: Addresses of clients, by the name of the mechanism that each must use; none has to cipher, all may.
MECHANISMS: Final = {
    "none": (16, Mechanism.LOWEST),
    "low": (32, Mechanism.LOW),
    "manufacturer": (33, Mechanism.MANUFACTURER),
    "md5": (34, Mechanism.MD5),
    "sha1": (35, Mechanism.SHA1),
    "gmac": (36, Mechanism.GMAC),
    "sha256": (37, Mechanism.SHA256),
}
CLIENTS: Final = {name: client for name, (client, _) in MECHANISMS.items()}
#: What is added for the same mechanism with short names.
SHORT: Final = 64
#: A consumer's message, writable.
TEXT: Final = "0-0:96.13.0.255"
#: A client that must authenticate and encrypt.
DEMANDING: Final = 1


def _clients() -> tuple[AssociationDescription, ...]:
    made = [
        AssociationDescription(
            client=client + SHORT * short_names,
            mechanism=mechanism,
            short_names=short_names,
            ciphered=True,
            secret=SECRET,
        )
        for short_names in (False, True)
        for client, mechanism in MECHANISMS.values()
    ]
    made.append(
        AssociationDescription(
            client=DEMANDING, ciphered=True, security=Policy.AUTHENTICATED_ENCRYPTED
        )
    )
    return tuple(made)


def with_clients(description: MeterDescription, rows: int = 30) -> MeterDescription:
    """
    @param rows: Most rows of each profile.

    @return: the same meter, with an association for each mechanism, and a text that anybody may write.
    """
    first, *others = description.devices
    text = _object(1, TEXT, a2=build.octet_string(b"text"))
    own = (one for one in first.objects if one.class_id != ASSOCIATION_LN)
    objects = (*(_shortened(one, rows) for one in own), text)
    clients = _clients()
    changed = evolve(first, associations=clients, objects=completed(first.sap, objects, clients))
    return evolve(description, devices=(changed, *others))


def _shortened(plan: ObjectDescription, rows: int) -> ObjectDescription:
    said = plan.values.get(8) if plan.class_id == 7 else None
    if said is None or not isinstance(said.values, int):
        return plan
    most = build.double_long_unsigned(min(rows, said.values))
    return evolve(plan, values={**plan.values, 8: most})


def _object(class_id: int, name: str, version: int = 0, **values: object) -> ObjectDescription:
    return ObjectDescription(
        class_id=class_id,
        version=version,
        logical_name=Obis.parse(name).octets,
        values={int(key[1:]): value for key, value in values.items()},  # type: ignore[misc]
    )


def _clock(clock: Clock | None) -> Clock:
    clock = clock or Clock()
    clock.advance(_NOW)
    return clock


def small(clock: Clock | None = None) -> SimulatedMeter:
    """
    @return: a meter of few objects, at 2026-11-22 23:59 UTC.
    """
    description = MeterDescription(
        devices=(
            DeviceDescription(
                objects=(
                    _object(8, "0-0:1.0.0.255"),
                    _object(1, "0-0:42.0.0.255"),
                    _object(1, "0-0:96.1.0.255", a2=build.octet_string(b"serial")),
                    _object(1, "0-0:96.1.9.255", a2=build.octet_string(bytes(range(250)) * 4)),
                    _object(17, "0-0:41.0.0.255"),
                    _object(64, "0-0:43.0.0.255", 1),
                    _object(70, "0-0:96.3.10.255"),
                )
            ),
        )
    )
    return SimulatedMeter(with_clients(description), clock=_clock(clock))


def household(clock: Clock | None = None) -> SimulatedMeter:
    """
    @return: the household's meter with an association for each mechanism, at the same time.
    """
    return SimulatedMeter(with_clients(ready_description("household")), clock=_clock(clock))
