"""
For tests of applications: a meter in memory, on any clock, without sockets.

Three lines, in a test of trial with a C{twisted.internet.task.Clock}::

    clock = Clock()
    meter = MeterInMemory(clock, "household")
    client = await connect(clock, meter.endpoint(), meter.settings(client=1))

What the client sends is answered before C{write} returns, so that no time passes, unless there is a latency or a fault
that takes time; L{MeterInMemory.run} then turns the clock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any, Final, TypeVar

from attrs import evolve
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime, IStreamClientEndpoint
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from dlms_twisted.client.settings import MeterSettings
from dlms_twisted.errors import ConfigurationError
from dlms_twisted.keys.counters import MemoryCounters
from dlms_twisted.server.description import MeterDescription
from dlms_twisted.server.description_toml import load_description
from dlms_twisted.server.faulting import Faults
from dlms_twisted.server.faults import Direction, Fault, FaultKind, Scenario
from dlms_twisted.server.faulty import FaultyProtocol
from dlms_twisted.server.hosted import client_options, hdlc_protocol, wrapper_protocol
from dlms_twisted.server.meter import SimulatedMeter
from dlms_twisted.server.serving import Host
from dlms_twisted.session.server import ServerSession
from dlms_twisted.transport.memory import MemoryEndpoint

__all__ = ["Direction", "Fault", "FaultKind", "MeterInMemory", "Scenario"]

T = TypeVar("T")

#: What the meter's clock shows where nothing is said: 2026-01-15 10:00 UTC.
_NOW: Final = 1768471200.0
#: A clock before this is no clock of real time.
_REAL: Final = 1e9
#: Most seconds that L{MeterInMemory.run} lets pass.
_LONGEST: Final = 86_400.0


class MeterInMemory:
    """
    A simulated meter that is reached through L{endpoint}, and nowhere else.

    @ivar meter: The meter: its keys, clock, objects and counters.
    @ivar host: The sessions of its clients.
    @ivar faults: What goes wrong; more can be added at any time.
    """

    def __init__(
        self,
        clock: IReactorTime,
        description: MeterDescription | str | Path = "household",
        *,
        number: int = 1,
        seed: bytes = b"",
        time: datetime | None = None,
        faults: Scenario | Iterable[Fault | str] | str | Path = (),
        latency: float = 0.0,
        counter: int = 1,
    ) -> None:
        """
        @param clock: A C{Clock}, or the reactor.
        @param description: One of the ready meters (C{household}, C{pv}, C{gas-nbiot}, C{transformer}), a file, or a
            description.
        @param number: Title, serial number, keys and loads follow from it.
        @param seed: Makes the keys differ from those of other tests.
        @param time: What the meter's clock shows now, with its zone; by default the time of a C{clock} that shows the
            real time, else 2026-01-15 10:00 UTC.
        @param faults: What goes wrong: a scenario or its file, faults, or names of their kinds.
        @param latency: Seconds until octets arrive; with 0 they do at once.
        @param counter: The meter's first invocation counter.

        @raise ConfigurationError: the description or the scenario is wrong.
        """
        if not isinstance(description, MeterDescription):
            description = load_description(description)
        random = Random(number)
        self._clock = clock
        self._latency = latency
        self._endpoints: list[MemoryEndpoint] = []
        self._counters = MemoryCounters(1)
        self._random: Callable[[int], bytes] = random.randbytes
        self.meter = SimulatedMeter(
            description,
            clock=clock,
            number=number,
            seed=seed,
            random=random.randbytes,
            counter=counter,
        )
        if time is not None:
            self.meter.set_time(time.timestamp())
        elif clock.seconds() < _REAL:
            self.meter.set_time(_NOW)
        self.faults = Faults(clock, Scenario.of(faults))
        self.host = Host(clock, [self.meter], faults=self.faults, random=random.randbytes)
        self.host.clockwork.look(self.meter)
        self.faults.begin(self.host.happen)

    def endpoint(self, framing: str = "wrapper") -> IStreamClientEndpoint:
        """
        @param framing: C{wrapper} or C{hdlc}; tell the client the same.

        @return: each connection to it is a new one to the meter.

        @raise ConfigurationError: another framing.
        """
        makers: dict[str, Callable[[IReactorTime, Host], Any]] = {
            "wrapper": wrapper_protocol,
            "hdlc": hdlc_protocol,
        }
        if framing not in makers:
            raise ConfigurationError(f"framing: one of {', '.join(makers)} wanted")
        make = makers[framing]

        def accept() -> FaultyProtocol:
            return FaultyProtocol(make(self._clock, self.host), self.faults)

        endpoint = MemoryEndpoint(self._clock, accept, latency=self._latency)
        self._endpoints.append(endpoint)
        return endpoint

    def settings(self, client: int = 16, **changes: Any) -> MeterSettings:
        """
        @param client: Address of a client that the meter knows.
        @param changes: Of single settings.

        @return: how that client talks to this meter: mechanism, secrets, keys and protection.

        @raise LookupError: the meter knows no such client.
        """
        options = client_options(self.meter, client)
        # One for all that talk to this meter: it takes no counter twice.
        settings = MeterSettings(random=self._random, counters=self._counters, **options)
        return evolve(settings, **changes) if changes else settings

    def session(self, client: int = 16, *, server: int = 1) -> ServerSession:
        """
        @param server: Logical device.

        @return: a session without a link: APDUs go in, APDUs come out.

        @raise LookupError: there is no such logical device.
        """
        device = self.meter.device(server)
        if device is None:
            raise LookupError(f"no logical device {server}")
        return ServerSession(device, client, random=self._random)

    def run(self, deferred: Deferred[T], *, longest: float = _LONGEST) -> T:
        """
        Turn the clock, from one delayed call to the next, until C{deferred} has a result.

        @param longest: Seconds to pass at most.

        @return: the result.

        @raise AssertionError: there is none after that time, or nothing is left that could bring it about.
        @raise Exception: what C{deferred} failed with.
        """
        clock = self._clock
        if not isinstance(clock, Clock):
            raise TypeError("a task.Clock wanted: nobody else's time can be turned")
        results: list[Any] = []
        deferred.addBoth(results.append)
        end = clock.seconds() + longest
        while not results:
            calls = clock.getDelayedCalls()
            at = min((call.getTime() for call in calls), default=end + 1)
            if at > end:
                raise AssertionError(f"no result within {longest:g} seconds")
            clock.advance(max(0.0, at - clock.seconds()))
        [result] = results
        if isinstance(result, Failure):
            result.raiseException()
        value: T = result
        return value

    def reboot(self, *, counters_back: bool = False) -> None:
        """
        The meter begins anew: connections and associations are gone.

        @param counters_back: Its invocation counters begin where they began.
        """
        self.host.reboot(counters_back=counters_back)

    def close(self) -> None:
        """
        Close all connections, and let the meter do nothing more: no delayed call is left.
        """
        self.faults.stop()
        for endpoint in self._endpoints:
            endpoint.close()
        self.host.close()
        self.host.clockwork.stop()
