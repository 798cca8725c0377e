"""
A session on a channel: requests in their order, each with its Deferred and its deadline.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred

from dlms_twisted.apdu.base import Apdu
from dlms_twisted.apdu.descriptors import AttributeDescriptor
from dlms_twisted.client.jobs import Job
from dlms_twisted.client.manners import Manners
from dlms_twisted.client.turns import Turns
from dlms_twisted.codec.data import Data
from dlms_twisted.cosem.clock import ClockOptions
from dlms_twisted.errors import DLMSError, ExceptionResponseError, LinkError, RequestTimeoutError
from dlms_twisted.security.hls import make_challenge
from dlms_twisted.session.client_events import (
    SessionState,
)
from dlms_twisted.session.client_exchange import Exchange, is_repeatable

__all__ = ["Conversation"]


class Conversation(Turns):
    """
    The end of a channel that speaks for one association.
    """

    @property
    def manners(self) -> Manners:
        """
        What the meter was found to accept, as the settings have it, or nothing yet.
        """
        return self._settings.manners or Manners()

    @property
    def clock_options(self) -> ClockOptions:
        """
        The quirks of the meter's clock, as the settings have them.
        """
        return self._settings.clock_options

    @property
    def outstanding(self) -> int:
        """
        How many requests may be under way together.
        """
        return 1 if self._settings.short_names else self._options.outstanding

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
        tries = self._options.retries if self._options.lossy else 0
        while True:
            try:
                await self._do(self._associate, alone=True)
                return
            except ExceptionResponseError as error:
                if not self._recovery.recovers(error):
                    raise
            except RequestTimeoutError:
                if not tries:
                    raise
                tries -= 1

    async def request(
        self,
        make: Callable[[int], Apdu],
        *,
        long: bool = False,
        repeatable: bool | None = None,
        partial: Callable[[bytes], None] | None = None,
    ) -> Apdu:
        """
        @param make: Makes the request of its invoke-id-and-priority.
        @param long: It has a long one, as ACCESS.
        @param repeatable: May it be made twice, should an answer be lost?  C{None} for what only reads.
        @param partial: Called with the octets of a long attribute's Data as they come: a part from its front, at a
            time; perhaps not to the end, or never.

        @return: the answer.

        @raise DLMSError: there is no answer, or it is none.
        """
        session = self.session
        may_repeat = bool(repeatable)

        def begin() -> Exchange:
            nonlocal may_repeat
            now = self.clock.seconds()
            request = make(session.long_invoke(now) if long else session.invoke(now))
            may_repeat = is_repeatable(request) if repeatable is None else repeatable
            return session.request(request, now, repeatable=repeatable, parts=partial is not None)

        try:
            answer = await self._do(begin, partial=partial)
        except ExceptionResponseError as error:
            # The meter says that it has not treated it; but it says so in clear, and anybody could have.  What does
            # more than read is for the caller to make again.
            if session.dedicated or not self._recovery.recovers(error) or not may_repeat:
                raise
            answer = await self._do(begin, partial=partial)
        if answer is None:
            raise LinkError("dropped", "the association ended")
        return answer

    def quick(
        self, attribute: AttributeDescriptor, data_of: Callable[[Any], Data]
    ) -> Deferred[Data] | None:
        """
        Read an attribute the short way.

        @param data_of: Makes the value of an answer that came the usual way, or raises what it means.

        @return: C{None} where nothing was asked, because something else is under way, or somebody watches, or the link
            loses what it carries: then L{request} does it.
        """
        if (
            self._jobs
            or self._queue
            or self._alone is not None
            or self._lost is not None
            or self._options.lossy
            or self._listeners.tracing
        ):
            return None
        begun = self.session.quick(attribute, self.clock.seconds())
        if begun is None:
            return None
        exchange, octets = begun
        job = Job(_nothing, False, self._cancelled)
        job.exchange = exchange
        self._jobs[exchange] = job
        try:
            self.channel.send(octets)
        except DLMSError as error:
            self.stop(self._gone or error)
        else:
            # The answer may be there already.
            self._timer.set(self.session.deadline if self._lost is None else None)
        return job.waiting.addCallback(data_of)

    async def release(self) -> None:
        """
        End the association, where there is one; never fails for what the meter does.
        """

        def begin() -> None:
            if self.session.state is SessionState.ASSOCIATED:
                self.session.release(self.clock.seconds())

        if self.open and self.session.state is SessionState.ASSOCIATED:
            await self._do(begin, alone=True)

    def _associate(self) -> None:
        mechanism = self._settings.mechanism
        challenge = b""
        if mechanism.is_high:
            challenge = make_challenge(mechanism, self._settings.random)
        self.session.associate(challenge, self.clock.seconds())


def _nothing() -> None:
    """
    What has begun need not begin.
    """
