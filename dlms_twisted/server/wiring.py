"""
From descriptions of listeners to wires.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from twisted.internet.defer import Deferred

from dlms_twisted.errors import ConfigurationError
from dlms_twisted.link.hdlc.parameters import Parameters
from dlms_twisted.link.mode_e import Identification
from dlms_twisted.link.mode_e_server import ServerSignOn
from dlms_twisted.server.hosted import HDLC, hdlc_protocol, wrapper_protocol
from dlms_twisted.server.serving import Host
from dlms_twisted.server.wires import DatagramWire, SerialWire, StreamWire, Wire
from dlms_twisted.transport.serial_description import SerialDescription
from dlms_twisted.transport.sign_on_server import SignOnServerProtocol

__all__ = ["FRAMINGS", "begin_all", "make_wire", "nth_port"]

FRAMINGS: Final = ("wrapper", "hdlc")
#: Speed that is offered at the sign-on where the line is no serial one: 9600.
_ANY_SPEED: Final = "5"
_SPEEDS: Final = {300: "0", 600: "1", 1200: "2", 2400: "3", 4800: "4", 9600: "5", 19200: "6"}
_port: Final = re.compile(r"^(tcp|tcp6|ssl|tls|udp):(\d+)").match


def nth_port(description: str, number: int) -> str:
    """
    @param number: From 0.

    @return: the description with a port that is so much higher; any free one stays any free one.

    @raise ConfigurationError: there is no port in it, or no port is that high.
    """
    found = _port(description)
    if found is None:
        raise ConfigurationError(f"{description!r}: meters on ports of their own want tcp: or udp:")
    first = int(found[2])
    port = first + number if first else 0
    if port > 0xFFFF:
        raise ConfigurationError(f"{description!r}: there is no port {port}")
    return f"{found[1]}:{port}{description[found.end() :]}"


def make_wire(
    reactor: Any,
    description: str,
    host: Host,
    *,
    framing: str | None = None,
    mode_e: bool = False,
    random: Callable[[], float],
    parameters: Parameters = HDLC,
    inactivity: float = 120.0,
) -> Wire:
    """
    @param description: C{tcp:…}, C{ssl:…}, C{udp:PORT[:interface=ADDRESS]}, C{serial:DEVICE:…}, or any other endpoint.
    @param framing: One of L{FRAMINGS}; C{None} for hdlc on serial lines, else wrapper.
    @param mode_e: HDLC begins after a sign-on.
    @param random: Gives numbers from 0 to 1.
    @param parameters: What the meters can do by HDLC.
    @param inactivity: Seconds after which a silent HDLC connection is gone.

    @raise ConfigurationError: the description is wrong, or does not go with the rest.
    """
    kind = description.partition(":")[0]
    framing = framing or ("hdlc" if kind == "serial" or mode_e else "wrapper")
    if framing not in FRAMINGS:
        raise ConfigurationError(f"framing: one of {', '.join(FRAMINGS)} wanted")
    if kind == "udp":
        if framing != "wrapper" or mode_e:
            raise ConfigurationError(f"{description!r}: by UDP there is only the wrapper")
        return DatagramWire(reactor, description, host)
    if framing == "wrapper":
        if kind == "serial" or mode_e:
            raise ConfigurationError(f"{description!r}: serial lines and mode E want hdlc")
        return StreamWire(reactor, description, host, lambda: wrapper_protocol(reactor, host))

    def line() -> Any:
        return hdlc_protocol(reactor, host, parameters, inactivity)

    make: Callable[[], Any] = line
    if mode_e:
        speed = SerialDescription.parse(description).baudrate if kind == "serial" else 9600
        make = _signing_on(reactor, host, line, _SPEEDS.get(speed, _ANY_SPEED))
    if kind == "serial":
        return SerialWire(reactor, description, host, make, random)
    return StreamWire(reactor, description, host, make)


def _signing_on(reactor: Any, host: Host, line: Callable[[], Any], speed: str) -> Callable[[], Any]:
    def who(address: str) -> Identification | None:
        for meter in host.meters if address else host.meters[:1]:
            if address in {"", meter.serial, meter.serial[3:].lstrip("0")}:
                maker = meter.description.maker
                return Identification(maker, speed, "2", meter.serial[-12:])
        return None

    return lambda: SignOnServerProtocol(reactor, ServerSignOn(who), line)


def begin_all(wires: list[Wire]) -> Deferred[None]:
    """
    Open wires one after another.

    @return: fires when all are open; fails as the first that cannot be, with C{CannotListenError}.
    """

    async def begin() -> None:
        for wire in wires:
            await wire.begin()

    return Deferred.fromCoroutine(begin())
