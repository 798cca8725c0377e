"""
What a client's session tells its owner.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from dlms_twisted.apdu.base import Apdu
from dlms_twisted.errors import DLMSError, LinkError
from dlms_twisted.session.client_exchange import Exchange

__all__ = [
    "Answered",
    "Associated",
    "Broken",
    "ClientEvent",
    "Failed",
    "Part",
    "Pushed",
    "Released",
    "SessionState",
    "Transmit",
]


class SessionState(StrEnum):
    """
    Where an association stands.
    """

    IDLE = "idle"
    #: AARQ was sent.
    ASSOCIATING = "associating"
    #: The third pass was sent.
    AUTHENTICATING = "authenticating"
    ASSOCIATED = "associated"
    #: RLRQ was sent.
    RELEASING = "releasing"


class Transmit(NamedTuple):
    """
    Send these octets.

    @ivar answer: Is an answer to be expected now?  Not while more blocks follow.
    """

    apdu: bytes
    answer: bool = True


class Associated(NamedTuple):
    """
    Requests can be made.
    """


class Answered(NamedTuple):
    """
    The answer to a request, whole.

    @ivar exchange: Which request.
    """

    apdu: Apdu
    exchange: Exchange | None = None


class Part(NamedTuple):
    """
    A block of an answer has come, in its order.

    @ivar octets: Of the Data that is read: all parts together are the front of it.
    @ivar exchange: Which request.
    """

    octets: bytes
    exchange: Exchange


class Failed(NamedTuple):
    """
    What was under way, a request or the association, failed; an association that was there still is.

    @ivar exchange: Which request; C{None} for the association.
    """

    error: DLMSError
    exchange: Exchange | None = None


class Pushed(NamedTuple):
    """
    A notification came unasked.

    @ivar apdu: In clear.
    @ivar protected: Did it come under the association's protection?
    """

    apdu: bytes
    protected: bool


class Broken(NamedTuple):
    """
    Answers cannot be told apart any more: the link must be closed.
    """

    error: LinkError


class Released(NamedTuple):
    """
    The association is over, as we wanted.
    """


ClientEvent = Transmit | Associated | Answered | Part | Failed | Pushed | Broken | Released
