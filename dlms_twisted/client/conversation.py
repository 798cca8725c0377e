"""
A session on a channel: one request after the other, each with its Deferred and its deadline.
"""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.defer import CancelledError, Deferred, DeferredLock
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from dlms_twisted.apdu.base import Apdu
from dlms_twisted.client.settings import MeterSettings, PushObserver
from dlms_twisted.errors import DLMSError, LinkError
from dlms_twisted.keys.counters import MemoryCounters
from dlms_twisted.security.hls import make_challenge
from dlms_twisted.session.client import ClientSession
from dlms_twisted.session.client_events import (
    Answered,
    ClientEvent,
    Failed,
    Pushed,
    SessionState,
    Transmit,
)
from dlms_twisted.transport.channel import Channel
from dlms_twisted.transport.timers import DeadlineTimer

__all__ = ["Conversation"]


class Conversation:
    """
    The end of a channel that speaks for one association (a
    L{dlms_twisted.transport.channel.ChannelReceiver}).

    @ivar session: The sans-IO session.
    @ivar channel: Set by whoever makes the channel, before anything else.
    """

    log = Logger()
    channel: Channel

    def __init__(self, clock: IReactorTime, settings: MeterSettings) -> None:
        counters = settings.counters
        if counters is None:
            counters = MemoryCounters(settings.counter)
        self.session = ClientSession(
            settings.association(), counters.next, timeout=settings.timeout
        )
        self._clock = clock
        self._settings = settings
        self._pushed: PushObserver | None = settings.pushed
        self._timer = DeadlineTimer(clock, self._time_passed)
        self._turn = DeferredLock()
        self._waiting: Deferred[Apdu | None] | None = None
        self._lost: DLMSError | None = None

    @property
    def open(self) -> bool:
        """
        Is the channel there, as far as we know?
        """
        return self._lost is None

    async def associate(self) -> None:
        """
        Open the association.

        @raise DLMSError: the meter refuses, or is silent.
        """
        mechanism = self._settings.mechanism
        challenge = b""
        if mechanism.is_high:
            challenge = make_challenge(mechanism, self._settings.random)
        await self._do(lambda: self.session.associate(challenge, self._clock.seconds()))

    async def request(self, make: Callable[[int], Apdu]) -> Apdu:
        """
        @param make: Makes the request of its invoke-id-and-priority.

        @return: the answer.

        @raise DLMSError: there is no answer, or it is none.
        """
        session = self.session
        answer = await self._do(
            lambda: session.request(make(session.invoke()), self._clock.seconds())
        )
        if answer is None:
            raise LinkError("dropped", "the association ended")
        return answer

    async def release(self) -> None:
        """
        End the association, where there is one; never fails for what the meter does.
        """
        if self.open and self.session.state is SessionState.ASSOCIATED:
            await self._do(lambda: self.session.release(self._clock.seconds()))

    def stop(self, error: DLMSError) -> None:
        """
        Whoever waits, and whoever asks from now on, gets this error.
        """
        if self._lost is None:
            self._lost = error
        self._timer.cancel()
        self.session.abandon()
        self._end(error)

    async def _do(self, begin: Callable[[], None]) -> Apdu | None:
        await self._turn.acquire()
        try:
            if self._lost is not None:
                raise self._lost
            begin()
            waiting: Deferred[Apdu | None] = Deferred(self._cancelled)
            self._waiting = waiting
            self._work()
            return await waiting
        finally:
            self._waiting = None
            self._turn.release()

    def _cancelled(self, waiting: Deferred[Apdu | None]) -> None:
        self.session.abandon()
        self._timer.cancel()
        waiting.errback(CancelledError())

    # -- what the channel tells ----------------------------------------------------------------------------

    def channel_received(self, apdu: bytes) -> None:
        """
        See L{dlms_twisted.transport.channel.ChannelReceiver.channel_received}.
        """
        self.session.receive(apdu, self._clock.seconds())
        self._work()

    def channel_pushed(self, apdu: bytes) -> None:
        """
        See L{dlms_twisted.transport.channel.ChannelReceiver.channel_pushed}.
        """
        self._tell(apdu, False)

    def channel_lost(self, error: LinkError) -> None:
        """
        See L{dlms_twisted.transport.channel.ChannelReceiver.channel_lost}.
        """
        self.stop(error)

    def _time_passed(self) -> None:
        self.session.time_passed(self._clock.seconds())
        self._work()

    def _work(self) -> None:
        for event in self.session.events():
            self._happened(event)
        self._timer.set(self.session.deadline if self._lost is None else None)

    def _happened(self, event: ClientEvent) -> None:
        if isinstance(event, Transmit):
            try:
                self.channel.send(event.apdu)
            except DLMSError as error:
                self.stop(error)
        elif isinstance(event, Pushed):
            self._tell(event.apdu, event.protected)
        elif isinstance(event, Failed):
            self._end(event.error)
        elif isinstance(event, Answered):
            self._end(event.apdu)
        else:
            self._end(None)

    def _end(self, result: Apdu | DLMSError | None) -> None:
        waiting, self._waiting = self._waiting, None
        if waiting is None or waiting.called:
            return
        if isinstance(result, DLMSError):
            waiting.errback(result)
        else:
            waiting.callback(result)

    def _tell(self, apdu: bytes, protected: bool) -> None:
        if self._pushed is None:
            return
        try:
            self._pushed(apdu, protected)
        except Exception:
            # An observer's fault is its own: the conversation goes on.
            self.log.failure("the observer of pushes failed")
