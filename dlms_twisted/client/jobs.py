"""
What is asked of a conversation, and waits for its turn or its answer.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred

from dlms_twisted.apdu.base import Apdu
from dlms_twisted.errors import DLMSError
from dlms_twisted.session.client_exchange import Exchange

__all__ = ["Job"]


class Job:
    """
    Something that somebody waits for.

    @ivar begin: Begins it; gives the name of the request.
    @ivar alone: May nothing else be under way?
    @ivar exchange: The name, once it has begun.
    @ivar partial: Told of parts of the answer.
    @ivar over: Does nobody wait any more, not even to be told so?
    """

    __slots__ = ("alone", "begin", "exchange", "over", "partial", "waiting")

    def __init__(
        self,
        begin: Callable[[], Exchange | None],
        alone: bool,
        cancelled: Callable[[Job], None],
    ) -> None:
        self.begin = begin
        self.alone = alone
        self.over = False
        self.partial: Callable[[bytes], None] | None = None
        self.exchange: Exchange | None = None
        #: Fires with the answer, or with what was read the short way.
        self.waiting: Deferred[Any] = Deferred(lambda _: cancelled(self))

    def end(self, result: Apdu | DLMSError | None) -> None:
        """
        Tell who waits how it ended.
        """
        if self.over or self.waiting.called:
            return
        if isinstance(result, DLMSError):
            self.waiting.errback(result)
        else:
            self.waiting.callback(result)
