"""
A whole simulation as a service: meters, the wires on which they are reached, their pushes and their faults.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final, NamedTuple

from twisted.application.internet import ClientService
from twisted.application.service import Service
from twisted.internet.defer import Deferred, DeferredList, inlineCallbacks, maybeDeferred, succeed
from twisted.internet.endpoints import clientFromString
from twisted.internet.protocol import Factory
from twisted.logger import Logger

from dlms_twisted.errors import ConfigurationError
from dlms_twisted.link.hdlc.address import encode_address
from dlms_twisted.link.hdlc.push import encode_message as hdlc_message
from dlms_twisted.link.mbus.push import encode_message as mbus_message
from dlms_twisted.link.wrapper import encode_frame
from dlms_twisted.server.clockwork import Clockwork
from dlms_twisted.server.counters import first_counter
from dlms_twisted.server.description_toml import load_description
from dlms_twisted.server.faulting import Faults
from dlms_twisted.server.faults import Direction, Fault, FaultKind, Scenario
from dlms_twisted.server.faulty import FaultyWay
from dlms_twisted.server.fleet import Fleet, write_keys
from dlms_twisted.server.fleet_pusher import FleetPusher, Sender, StreamSender
from dlms_twisted.server.meter import SimulatedMeter
from dlms_twisted.server.open_files import allow_open_files
from dlms_twisted.server.outlets import Outlets, PushTarget
from dlms_twisted.server.serving import Host, happen_to
from dlms_twisted.server.simulation_settings import ListenSettings, SimulationSettings
from dlms_twisted.server.wires import Wire
from dlms_twisted.server.wiring import begin_all, make_wire, nth_port
from dlms_twisted.transport.datagram_channel import UDPTarget
from dlms_twisted.transport.retry import retry_policy

__all__ = ["Listening", "Simulation"]

#: So many meters are woken when the simulation begins; of larger fleets each is when somebody talks to it.
_WAKE: Final = 1000


class Listening(NamedTuple):
    """
    One place where meters are reached.

    @ivar said: As it was said.
    @ivar address: What a client says to reach it.
    @ivar framing: C{wrapper} or C{hdlc}.
    @ivar meters: How many are there.
    """

    said: str
    address: str
    framing: str
    meters: int


class Simulation(Service):
    """
    Everything that the settings say.

    @ivar fleet: The meters.
    @ivar faults: What goes wrong; C{None} without a scenario.
    """

    log = Logger()

    def __init__(
        self, reactor: Any, settings: SimulationSettings, *, random: Callable[[], float]
    ) -> None:
        """
        Nothing is opened yet.

        @param random: Gives numbers from 0 to 1, for pauses between attempts.

        @raise ConfigurationError: a file is wrong, or the settings are.
        """
        settings.check()
        self.settings = settings
        self._reactor = reactor
        self._random = random
        self._description = load_description(settings.meter)
        scenario = None if settings.faults is None else Scenario.load(settings.faults)
        self._scenario = scenario
        self.faults: Faults | None = None
        self.fleet: Fleet = self._fleet()
        if settings.push.plan is not None:
            self.fleet.check_by_rule()
        self._clockwork = Clockwork(reactor)
        self._outlets = Outlets(
            reactor,
            settings.push.target,
            lines=self._lines,
            look=self._clockwork.look,
            faults=lambda: self.faults,
        )
        self._hosts: list[Host] = []
        self._wires: list[tuple[ListenSettings, Wire]] = []
        self._pusher: FleetPusher | None = None
        self._sender: Sender | None = None
        self._client: ClientService | None = None
        self._way: FaultyWay | None = None

    def _fleet(self) -> Fleet:
        settings = self.settings
        return Fleet(
            self._description,
            settings.meters,
            clock=self._reactor,
            seed=settings.seed.encode(),
            first=settings.first,
            made=self._made,
        )

    def _made(self, meter: SimulatedMeter) -> None:
        if self.settings.push.plan is None:
            self._outlets.listen_to(meter)

    # -- begin and end ---------------------------------------------------------------------------

    @inlineCallbacks
    def begin(self) -> Any:
        """
        Write the keys, open the wires, begin to push.

        @return: a Deferred that fires when all is open; it fails with C{CannotListenError}, or L{ConfigurationError}
            for a key file that cannot be written.
        """
        super().startService()
        settings = self.settings
        if settings.keys_file is not None:
            write_keys(settings.keys_file, self.fleet.all_keys())
        if self._scenario is not None:
            self.faults = Faults(self._reactor, self._scenario)
        for one in settings.listen:
            self._wires += self._wires_of(one)
        allow_open_files(len(self._wires))
        yield begin_all([wire for _, wire in self._wires])
        if self.faults is not None:
            self.faults.begin(self._happen)
        if len(self.fleet) <= _WAKE and settings.push.plan is None:
            for meter in self.fleet:
                self._clockwork.look(meter)
        if settings.push.plan is not None and settings.push.target is not None:
            yield self._push(settings.push.target)

    def stopService(self) -> Deferred[Any]:
        """
        @return: fires when all is closed.
        """
        if not self.running:
            return succeed(None)
        super().stopService()
        if self.faults is not None:
            self.faults.stop()
        if self._pusher is not None:
            self._pusher.stop()
        if self._way is not None:
            self._way.stop()
        if self._sender is not None:
            self._sender.close()
        for host in self._hosts:
            host.close()
        self._clockwork.stop()
        closing = [maybeDeferred(wire.stopService) for _, wire in self._wires]
        closing.append(self._outlets.close())
        if self._client is not None:
            closing.append(maybeDeferred(self._client.stopService))
        return DeferredList(closing)

    def _wires_of(self, one: ListenSettings) -> list[tuple[ListenSettings, Wire]]:
        if self.settings.addressing == "addresses":
            return [(one, self._wire(one, one.on, self.fleet))]
        return [
            (one, self._wire(one, nth_port(one.on, number), _Only(self.fleet, number)))
            for number in range(len(self.fleet))
        ]

    def _wire(self, one: ListenSettings, on: str, meters: Sequence[SimulatedMeter]) -> Wire:
        host = Host(
            self._reactor,
            meters,
            clockwork=self._clockwork,
            faults=self.faults,
            physical=self.settings.physical,
        )
        self._hosts.append(host)
        return make_wire(
            self._reactor,
            on,
            host,
            framing=one.framing,
            mode_e=one.mode_e,
            random=self._random,
            inactivity=self.settings.inactivity,
        )

    def _happen(self, fault: Fault) -> None:
        if fault.kind is FaultKind.REBOOT:
            for host in self._hosts:
                host.close()
        for meter in self.fleet.awake:
            happen_to(meter, fault)
            self._clockwork.look(meter)

    def _lines(self) -> tuple[Any, ...]:
        return tuple(line for _, wire in self._wires for line in wire.lines)

    # -- a fleet's pushes ------------------------------------------------------------------------

    def _push(self, target: PushTarget) -> Deferred[Any]:
        if target.endpoint.startswith("udp:"):
            udp = UDPTarget.parse(target.endpoint)
            resolving: Deferred[str] = maybeDeferred(self._reactor.resolve, udp.host)
            return resolving.addCallback(lambda address: self._push_by_udp(address, udp.port))
        sender = StreamSender(partial(_reframed, target.framing))
        factory = Factory.forProtocol(lambda: sender)
        factory.noisy = False
        policy = retry_policy(self._random, first=0.5, longest=5.0)
        endpoint = clientFromString(self._reactor, target.endpoint)
        self._client = ClientService(endpoint, factory, policy, self._reactor)
        self._client.startService()
        self._start_pushing(sender.send)
        return succeed(None)

    def _push_by_udp(self, address: str, port: int) -> None:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        try:
            sender = self._sender = Sender((address, port), family)
        except OSError as error:
            raise ConfigurationError(f"push: {address}: {error.strerror}") from None
        self._start_pushing(sender.send)

    def _start_pushing(self, send: Callable[[bytes], None]) -> None:
        plan = self.settings.push.plan
        if plan is None:
            return
        if self.faults is not None:
            way = self._way = FaultyWay(
                self.faults, Direction.PUSH, send, lambda: None, ordered=False
            )
            send = partial(_send_faulty, self.faults, way)
        meters = self.fleet.push_meters(first_counter(self._reactor.seconds()))
        self._pusher = FleetPusher(self._reactor, meters, send, plan)
        self._pusher.start()

    # -- what there is to say --------------------------------------------------------------------

    @property
    def listening(self) -> list[Listening]:
        """
        Where the meters are reached.
        """
        return [
            Listening(
                wire.description,
                wire.address,
                one.framing or ("hdlc" if one.mode_e or one.on.startswith("serial") else "wrapper"),
                len(wire.host.meters),
            )
            for one, wire in self._wires
        ]

    @property
    def figures(self) -> dict[str, int]:
        """
        What has happened so far, by name.
        """
        pusher, outlets = self._pusher, self._outlets
        return {
            "connections": sum(len(host.servings) for host in self._hosts),
            "sent": outlets.sent + (0 if pusher is None else pusher.sent),
            "failed": outlets.failed,
            "faults": 0 if self.faults is None else sum(self.faults.happened.values()),
        }


class _Only(Sequence[SimulatedMeter]):
    """
    One meter of a fleet, made when it is needed.
    """

    def __init__(self, fleet: Fleet, number: int) -> None:
        self._fleet = fleet
        self._number = number

    def __len__(self) -> int:
        return 1

    def __getitem__(self, index: Any) -> Any:
        return [self._fleet[self._number]][index]


def _send_faulty(faults: Faults, way: FaultyWay, frame: bytes) -> None:
    delay, apdu = faults.message(frame[8:], Direction.PUSH)
    sent = encode_frame(1, 103, apdu)
    if delay > 0:
        faults.later(delay, lambda: way.send(sent))
    else:
        way.send(sent)


def _reframed(framing: str, frame: bytes) -> bytes:
    apdu = frame[8:]
    if framing == "hdlc":
        return b"".join(
            hdlc_message(apdu, destination=encode_address(0x67), source=encode_address(1))
        )
    return b"".join(mbus_message(apdu)) if framing == "mbus" else frame
