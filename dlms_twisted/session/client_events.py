"""
What a client's session tells its owner.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from dlms_twisted.apdu.base import Apdu
from dlms_twisted.errors import DLMSError

__all__ = [
    "Answered",
    "Associated",
    "ClientEvent",
    "Failed",
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
    Send these octets; an answer is expected.
    """

    apdu: bytes


class Associated(NamedTuple):
    """
    Requests can be made.
    """


class Answered(NamedTuple):
    """
    The answer to the request, whole.
    """

    apdu: Apdu


class Failed(NamedTuple):
    """
    What was under way, the request or the association, failed; an association that was there still is.
    """

    error: DLMSError


class Pushed(NamedTuple):
    """
    A notification came unasked.

    @ivar apdu: In clear.
    @ivar protected: Did it come under the association's protection?
    """

    apdu: bytes
    protected: bool


class Released(NamedTuple):
    """
    The association is over, as we wanted.
    """


ClientEvent = Transmit | Associated | Answered | Failed | Pushed | Released
