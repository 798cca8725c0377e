"""
Whose turn it is on a channel: what waits for its turn, what waits for its answer, and what the channel tells.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from twisted.internet.defer import CancelledError
from twisted.internet.interfaces import IReactorTime

from dlms_twisted.apdu.base import Apdu
from dlms_twisted.client.jobs import Job
from dlms_twisted.client.listeners import Listeners
from dlms_twisted.client.recovery import Recovery
from dlms_twisted.client.settings import MeterSettings
from dlms_twisted.errors import DLMSError, LinkError, RequestTimeoutError
from dlms_twisted.session.client import ClientSession
from dlms_twisted.session.client_events import (
    Answered,
    Associated,
    Broken,
    ClientEvent,
    Failed,
    Part,
    Pushed,
    SessionState,
    Transmit,
)
from dlms_twisted.session.client_exchange import Exchange
from dlms_twisted.transport.channel import Channel
from dlms_twisted.transport.timers import DeadlineTimer

__all__ = ["Turns"]


class Turns:
    """
    The end of a channel that carries the requests of one association
    (a L{dlms_twisted.transport.channel.ChannelReceiver}).

    @ivar session: The sans-IO session.
    @ivar clock: That of all deadlines.
    @ivar channel: Set by whoever makes the channel, before anything else.
    """

    channel: Channel

    def __init__(
        self,
        clock: IReactorTime,
        settings: MeterSettings,
        *,
        lossy: bool = False,
        half_duplex: bool = False,
    ) -> None:
        """
        @param lossy: Does the channel lose, double and reorder what it carries?
        @param half_duplex: Do its sides take turns, as over HDLC?
        """
        self.clock = clock
        self._settings = settings
        self._recovery = Recovery(settings, lossy=lossy)
        self._options = settings.options(lossy=lossy, half_duplex=half_duplex)
        self._listeners = Listeners(clock, settings)
        self._timer = DeadlineTimer(clock, self._time_passed)
        self._queue: deque[Job] = deque()
        self._jobs: dict[Exchange, Job] = {}
        self._alone: Job | None = None
        self._lost: DLMSError | None = None
        self._working = False
        self._gone: LinkError | None = None
        self.session = ClientSession(
            settings.association(),
            self._recovery.next,
            options=self._options,
            random=settings.random,
            tap=self._listeners.plaintext,
        )

    def stop(self, error: DLMSError) -> None:
        """
        Whoever waits, and whoever asks from now on, gets this error.
        """
        if self._lost is None:
            self._lost = error
        self._timer.cancel()
        self.session.abandon()
        jobs = [*self._jobs.values(), *self._queue]
        if self._alone is not None:
            jobs.insert(0, self._alone)
        self._jobs.clear()
        self._queue.clear()
        self._alone = None
        for job in jobs:
            job.end(error)

    # -- whose turn it is ----------------------------------------------------------------------------------

    async def _do(
        self,
        begin: Callable[[], Exchange | None],
        *,
        alone: bool = False,
        partial: Callable[[bytes], None] | None = None,
    ) -> Apdu | None:
        if self._lost is not None:
            raise self._lost
        job = Job(begin, alone, self._cancelled)
        job.partial = partial
        self._queue.append(job)
        self._work()
        try:
            answer: Apdu | None = await job.waiting
            return answer
        finally:
            job.over = True

    def _start(self) -> None:
        """
        Begin what may begin.
        """
        while self._queue and self._alone is None and self._lost is None:
            job = self._queue[0]
            if job.alone:
                if self._jobs or not self.session.idle:
                    return
            elif self.session.state is SessionState.ASSOCIATED and not self.session.free:
                return
            self._queue.popleft()
            try:
                job.exchange = job.begin()
            except DLMSError as error:
                job.end(error)
                continue
            if job.exchange is not None:
                self._jobs[job.exchange] = job
            else:
                self._alone = job
                return

    def _cancelled(self, job: Job) -> None:
        if job in self._queue:
            self._queue.remove(job)
        elif job is self._alone:
            self._alone = None
            self._break(LinkError("abandoned", "associating or releasing was cancelled"))
        elif job.exchange is not None:
            self._jobs.pop(job.exchange, None)
            self.session.give_up(job.exchange, self.clock.seconds())
        job.waiting.errback(CancelledError())
        self._work()

    # -- what the channel tells ----------------------------------------------------------------------------

    def channel_received(self, apdu: bytes) -> None:
        """
        See L{dlms_twisted.transport.channel.ChannelReceiver.channel_received}.
        """
        if self._lost is not None:
            return
        if self._listeners.tracing:
            self._listeners.trace("in", "apdu", apdu)
        quick = self.session.quick_answer(apdu)
        if quick is None:
            self.session.receive(apdu, self.clock.seconds())
            self._work()
            return
        exchange, data = quick
        job = self._jobs.pop(exchange, None)
        if job is not None:
            job.waiting.callback(data)
        if self._queue:
            self._work()
        else:
            self._timer.set(self.session.deadline if self._lost is None else None)

    def channel_pushed(self, apdu: bytes) -> None:
        """
        See L{dlms_twisted.transport.channel.ChannelReceiver.channel_pushed}.
        """
        if self._listeners.tracing:
            self._listeners.trace("in", "apdu", apdu)
        self._listeners.pushed(apdu, False)

    def channel_lost(self, error: LinkError) -> None:
        """
        See L{dlms_twisted.transport.channel.ChannelReceiver.channel_lost}.
        """
        if self._working:
            # What came before, and is not worked off yet, goes before it.
            self._gone = error
        else:
            self.stop(error)

    def frame(self, direction: str, octets: bytes) -> None:
        """
        A frame passed below the channel.

        @param direction: C{in} or C{out}.
        """
        self._listeners.trace(direction, "frame", octets)

    def _time_passed(self) -> None:
        self.session.time_passed(self.clock.seconds())
        self._work()

    def _work(self) -> None:
        """
        Do what is to be done, until there is nothing; who waits may ask for more in the middle of it.
        """
        if self._working:
            # Whoever is at it further out goes on with it.
            return
        self._working = True
        try:
            while True:
                if self._queue:
                    self._start()
                events = self.session.events()
                if not events:
                    break
                for event in events:
                    self._happened(event)
        finally:
            self._working = False
        if self._gone is not None:
            self.stop(self._gone)
        self._timer.set(self.session.deadline if self._lost is None else None)

    def _happened(self, event: ClientEvent) -> None:
        if isinstance(event, Transmit):
            self._send(event)
        elif isinstance(event, Answered):
            self._ended(event.exchange, event.apdu)
        elif isinstance(event, Failed):
            self._ended(event.exchange, event.error)
            if isinstance(event.error, RequestTimeoutError) and self.channel.torn:
                self._break(LinkError("abandoned", "a frame does not come to its end"))
        elif isinstance(event, Part):
            self._part(event)
        elif isinstance(event, Pushed):
            self._listeners.pushed(event.apdu, event.protected)
        elif isinstance(event, Broken):
            self._break(event.error)
        else:
            self._ended(None, None)
            if not isinstance(event, Associated):
                self.stop(LinkError("requested", "the association was released"))

    def _send(self, event: Transmit) -> None:
        if self._lost is not None:
            return
        if self._listeners.tracing:
            self._listeners.trace("out", "apdu", event.apdu)
        try:
            self.channel.send(event.apdu, answer=event.answer)
        except DLMSError as error:
            self.stop(self._gone or error)

    def _part(self, event: Part) -> None:
        job = self._jobs.get(event.exchange)
        if job is None or job.partial is None or job.over:
            return
        try:
            job.partial(event.octets)
        except DLMSError as error:
            # Who asked cannot use what comes.
            del self._jobs[event.exchange]
            self.session.give_up(event.exchange, self.clock.seconds())
            job.end(error)

    def _ended(self, exchange: Exchange | None, result: Apdu | DLMSError | None) -> None:
        if exchange is None:
            job, self._alone = self._alone, None
        else:
            job = self._jobs.pop(exchange, None)
        if job is not None:
            job.end(result)

    def _break(self, error: LinkError) -> None:
        """
        The association is of no use any more.
        """
        self.stop(self._gone or error)
        self.channel.close()
