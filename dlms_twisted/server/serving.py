"""
A meter behind a channel: the session of one client, with the clock, and the place where channels find their meter.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from secrets import token_bytes
from typing import Any, NamedTuple, Protocol

from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from dlms_twisted.errors import DecodeError, LinkError
from dlms_twisted.link.hdlc.address import decode_address
from dlms_twisted.server.clockwork import Clockwork
from dlms_twisted.server.faulting import Faults
from dlms_twisted.server.faults import Fault, FaultKind
from dlms_twisted.server.faulty import FaultyChannel, FaultyDevice
from dlms_twisted.server.meter import SimulatedMeter
from dlms_twisted.session.served import ServedDevice
from dlms_twisted.session.server import ServerSession
from dlms_twisted.transport.channel import ChannelReceiver, ServerChannel
from dlms_twisted.transport.timers import DeadlineTimer

__all__ = ["FIRST_PHYSICAL", "Host", "Place", "Serving", "Session", "happen_to"]

#: Physical address of the first meter: the lowest that the standard leaves free, and one more.
FIRST_PHYSICAL = 17


class Session(Protocol):
    """
    What L{Serving} needs of a session: see L{dlms_twisted.session.server.ServerSession}.
    """

    @property
    def deadline(self) -> float | None: ...

    def receive(self, apdu: bytes, now: float) -> list[bytes]: ...

    def time_passed(self, now: float) -> list[bytes]: ...

    def lost(self) -> None: ...

    def push(self, apdu: bytes) -> bytes: ...


class Serving:
    """
    One client's session on its channel (a L{dlms_twisted.transport.channel.ChannelReceiver}).

    @ivar channel: The channel.
    @ivar session: The session; associated or not.
    """

    log = Logger()

    def __init__(
        self,
        clock: IReactorTime,
        channel: ServerChannel,
        session: Session,
        *,
        asked: Callable[[], None] | None = None,
        gone: Callable[[Serving], None] | None = None,
    ) -> None:
        """
        @param asked: Called after each request was treated.
        @param gone: Called when the channel is lost.
        """
        self.channel = channel
        self.session = session
        self._clock = clock
        self._asked = asked
        self._gone = gone
        self._timer = DeadlineTimer(clock, self._time_passed)
        self._over = False

    def channel_received(self, apdu: bytes) -> None:
        """
        A request: answer it, or be silent.
        """
        if self._over:
            return
        answers = self._treated(apdu)
        if not answers:
            self.channel.no_answer()
        self._send(answers)
        if self._asked is not None:
            self._asked()

    def channel_pushed(self, apdu: bytes) -> None:
        """
        A broadcast: nothing is answered, whatever it is.
        """
        if not self._over:
            self._treated(apdu)
            self._send([])

    def channel_lost(self, error: LinkError) -> None:
        """
        The link is gone, and the association with it.
        """
        self._end()

    def push(self, apdu: bytes) -> None:
        """
        Send a notification under the association's protection, beside the conversation.

        @raise dlms_twisted.errors.LocalProtocolError: there is no association.
        """
        self.channel.push(self.session.push(apdu))

    def close(self) -> None:
        """
        Close the channel.
        """
        self._end()
        self.channel.close()

    def _treated(self, apdu: bytes) -> list[bytes]:
        try:
            return self.session.receive(apdu, self._clock.seconds())
        except Exception:
            # A fault of one object costs an answer, not the connection.
            self.log.failure("a request could not be treated")
            return []

    def _time_passed(self) -> None:
        self._send(self.session.time_passed(self._clock.seconds()))

    def _send(self, answers: list[bytes]) -> None:
        for answer in answers:
            self.channel.send(answer)
        if not self._over:
            self._timer.set(self.session.deadline)

    def _end(self) -> None:
        if self._over:
            return
        self._over = True
        self._timer.cancel()
        self.session.lost()
        if self._gone is not None:
            self._gone(self)


class Place(NamedTuple):
    """
    What an address leads to.

    @ivar meter: The meter.
    @ivar sap: Its logical device.
    """

    meter: SimulatedMeter
    sap: int


class Host:
    """
    Meters that share a port or a line, and the sessions of their clients.

    By wrapper, a single meter's logical devices have their own addresses; of several meters, number N's management
    device has the N of its place.  By HDLC, each meter is a physical device, the first with C{physical}, and a single
    one answers to addresses without a physical device, too.

    @ivar meters: In the order of their addresses.
    @ivar servings: The sessions there are.
    """

    log = Logger()

    def __init__(
        self,
        clock: IReactorTime,
        meters: Sequence[SimulatedMeter],
        *,
        clockwork: Clockwork | None = None,
        faults: Faults | None = None,
        physical: int = FIRST_PHYSICAL,
        random: Callable[[int], bytes] = token_bytes,
    ) -> None:
        """
        @param clockwork: Lets the meters do their work; one of its own if not given.
        @param faults: What goes wrong.
        @param random: Gives so many random octets, for challenges.
        """
        self.meters = meters
        self.servings: set[Serving] = set()
        self.clockwork = clockwork or Clockwork(clock)
        self.faults = faults
        self._clock = clock
        self._physical = physical
        self._random = random
        self._clients: Counter[SimulatedMeter] = Counter()

    # -- addresses -------------------------------------------------------------------------------

    def place(self, server: int, physical: int | None = None) -> Place | None:
        """
        @param server: A wPort, or the logical device of an HDLC address.
        @param physical: The physical device of an HDLC address.

        @return: the meter and its logical device.
        """
        count = len(self.meters)
        if physical is not None:
            number, sap = physical - self._physical, server
        elif count == 1:
            number, sap = 0, server
        else:
            number, sap = server - 1, 1
        if not 0 <= number < count:
            return None
        meter = self.meters[number]
        return Place(meter, sap) if sap in meter.description.by_sap else None

    def is_wport(self, port: int) -> bool:
        """
        Is this wPort one of ours?
        """
        return self.place(port) is not None

    def is_address(self, octets: bytes) -> bool:
        """
        Are these octets of the wire an HDLC address of ours?
        """
        try:
            address = decode_address(octets)
        except DecodeError:
            return False
        if address.lower is None and len(self.meters) > 1:
            return False
        return self.place(address.upper, address.lower) is not None

    # -- sessions --------------------------------------------------------------------------------

    def accept(self, channel: ServerChannel) -> ChannelReceiver:
        """
        @param channel: Whose address is one of ours.

        @return: the session's end of it.
        """
        place = self.place(channel.server, channel.physical)
        if place is None:
            raise LookupError(f"no meter at {channel.server}")
        meter, faults = place.meter, self.faults
        device: Any = meter.device(place.sap)
        if faults is not None:
            channel = FaultyChannel(channel, faults)
            device = FaultyDevice(device, faults)
        serving = Serving(
            self._clock,
            channel,
            self._session(device, channel.client),
            asked=lambda: self._was_asked(meter),
            gone=lambda serving: self._is_gone(serving, meter),
        )
        self.servings.add(serving)
        self._clients[meter] += 1
        return serving

    def _is_gone(self, serving: Serving, meter: SimulatedMeter) -> None:
        self.servings.discard(serving)
        self._clients[meter] -= 1
        if not self._clients[meter]:
            # A profile that was read is some hundred thousand octets.
            del self._clients[meter]
            meter.rest()

    def _session(self, device: ServedDevice, client: int) -> Session:
        return ServerSession(device, client, random=self._random)

    def _was_asked(self, meter: SimulatedMeter) -> None:
        self.clockwork.look(meter)
        if self.faults is not None:
            self.faults.asked()

    # -- what happens to the meters --------------------------------------------------------------

    def happen(self, fault: Fault) -> None:
        """
        A fault of the meters' own.
        """
        if fault.kind is FaultKind.REBOOT:
            self.close()
        for meter in self.meters:
            happen_to(meter, fault)
            self.clockwork.look(meter)

    def reboot(self, *, counters_back: bool = False) -> None:
        """
        The meters begin anew: connections and associations are gone.

        @param counters_back: Invocation counters begin where they began.
        """
        self.happen(Fault(kind=FaultKind.REBOOT, counters="back" if counters_back else "kept"))

    def close(self) -> None:
        """
        Close all channels.
        """
        for serving in tuple(self.servings):
            serving.close()


def happen_to(meter: SimulatedMeter, fault: Fault) -> None:
    """
    Do to a meter what a fault says; its connections are closed by who has them.
    """
    if fault.kind is FaultKind.CLOCK_JUMP:
        meter.set_time(meter.time() + fault.steps)
    elif fault.kind is FaultKind.REBOOT:
        meter.reboot(counters_back=fault.counters == "back")
