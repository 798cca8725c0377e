"""
Protocols that lead to the meters of a host, and what a client must say to be let in.
"""

from __future__ import annotations

from typing import Any, Final

from twisted.internet.interfaces import IReactorTime

from dlms_twisted.link.hdlc.parameters import Parameters
from dlms_twisted.security.hls import Mechanism
from dlms_twisted.security.policy import Policy
from dlms_twisted.server.meter import SimulatedMeter
from dlms_twisted.server.serving import Host
from dlms_twisted.transport.hdlc_server import HDLCServerProtocol
from dlms_twisted.transport.wrapper_protocol import WrapperServerProtocol

__all__ = ["HDLC", "client_options", "hdlc_protocol", "wrapper_protocol"]

#: What our meters can do on an HDLC line where nothing else is said.
HDLC: Final = Parameters(
    transmit_length=512, receive_length=512, transmit_window=1, receive_window=1
)
#: Pairs of addresses that one connection, or one line, may use at least.
_CHANNELS: Final = 64
_MECHANISMS: Final = {
    Mechanism.LOWEST: "none",
    Mechanism.LOW: "low",
    Mechanism.MANUFACTURER: "manufacturer",
    Mechanism.MD5: "md5",
    Mechanism.SHA1: "sha1",
    Mechanism.GMAC: "gmac",
    Mechanism.SHA256: "sha256",
    Mechanism.ECDSA: "ecdsa",
}


def wrapper_protocol(clock: IReactorTime, host: Host) -> WrapperServerProtocol:
    """
    @return: the meters' end of one connection by wrapper.
    """
    channels = max(_CHANNELS, 2 * len(host.meters))
    return WrapperServerProtocol(host.is_wport, host.accept, max_channels=channels)


def hdlc_protocol(
    clock: IReactorTime, host: Host, parameters: Parameters = HDLC, inactivity: float = 120.0
) -> HDLCServerProtocol:
    """
    @param inactivity: Seconds after which a silent connection is gone.

    @return: the meters' end of one HDLC line.
    """
    return HDLCServerProtocol(
        clock,
        host.is_address,
        host.accept,
        parameters=parameters,
        inactivity=inactivity,
        max_connections=max(_CHANNELS, 2 * len(host.meters)),
    )


def client_options(meter: SimulatedMeter, client: int, sap: int = 1) -> dict[str, Any]:
    """
    @param client: Address of a client.
    @param sap: Logical device.

    @return: what L{dlms_twisted.client.settings.MeterSettings} must say to be let in, by name.

    @raise LookupError: the meter knows no such client.
    """
    device = meter.device(sap)
    view = None if device is None else device.view(client)
    served = None if device is None else device.association(client)
    if view is None or served is None:
        raise LookupError(f"no association for client {client}")
    keys = meter.keys
    policy = served.policy | served.answers
    options: dict[str, Any] = {
        "client": client,
        "server": sap,
        "auth": _MECHANISMS[served.mechanism],
        "short_names": served.short_names,
        "suite": served.suite,
        "pre_established": served.pre_established,
    }
    if served.mechanism is Mechanism.LOW:
        options["password"] = served.secret
    elif served.mechanism.is_high:
        options["secret"] = served.secret
    if served.ciphered or served.mechanism is Mechanism.GMAC:
        options["encryption_key"] = keys.encryption_key
        options["authentication_key"] = keys.authentication_key
    if policy != Policy.NONE:
        options["security"] = str(policy)
    if view.plan.client_title is not None:
        options["system_title"] = view.plan.client_title
    if served.pre_established:
        options["meter_title"] = meter.title
    return options
