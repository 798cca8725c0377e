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
from dlms_twisted.server.described import AssociationDescription, ObjectDescription
from dlms_twisted.server.description import DeviceDescription, MeterDescription
from dlms_twisted.server.meter import SimulatedMeter

__all__ = ["CLIENTS", "DEMANDING", "MECHANISMS", "SECRET", "SHORT", "small", "with_clients"]

SECRET: Final = b"0123456789abcdef"

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


def with_clients(description: MeterDescription) -> MeterDescription:
    """
    @return: the same meter, with an association for each mechanism.
    """
    first, *others = description.devices
    return evolve(description, devices=(evolve(first, associations=_clients()), *others))


def _object(class_id: int, name: str, version: int = 0, **values: object) -> ObjectDescription:
    return ObjectDescription(
        class_id=class_id,
        version=version,
        logical_name=Obis.parse(name).octets,
        values={int(key[1:]): value for key, value in values.items()},  # type: ignore[misc]
    )


def small() -> SimulatedMeter:
    """
    @return: a meter of few objects, at 2026-11-22 23:59 UTC.
    """
    clock = Clock()
    clock.advance(1795391940)
    description = MeterDescription(
        devices=(
            DeviceDescription(
                objects=(
                    _object(8, "0-0:1.0.0.255"),
                    _object(1, "0-0:42.0.0.255"),
                    _object(1, "0-0:96.1.0.255", a2=build.octet_string(b"serial")),
                    _object(1, "0-0:96.1.9.255", a2=build.octet_string(bytes(range(250)) * 4)),
                    _object(15, "0-0:40.0.0.255", 1),
                    _object(12, "0-0:40.0.0.255", 2),
                    _object(17, "0-0:41.0.0.255"),
                    _object(64, "0-0:43.0.0.255", 1),
                    _object(70, "0-0:96.3.10.255"),
                )
            ),
        )
    )
    return SimulatedMeter(with_clients(description), clock=clock)
