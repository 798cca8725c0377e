"""
What the stations of an HDLC connection tell their owner, and the times they keep.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from dlms_twisted.link.hdlc.parameters import Parameters

__all__ = [
    "Connected",
    "Disconnected",
    "EndReason",
    "Received",
    "StationEvent",
    "Timing",
    "Unnumbered",
]


class EndReason(StrEnum):
    """
    Why there is no connection any more, or none came about.
    """

    #: This side asked for it, or the peer did (at a secondary station).
    REQUESTED = "requested"
    #: The peer answered SNRM with DM.
    REFUSED = "refused"
    #: The peer answered DM: it knows of no connection.
    DROPPED = "dropped"
    #: A frame was rejected (FRMR).
    REJECTED = "rejected"
    #: No answer, after all tries.
    TIMEOUT = "timeout"
    #: Nothing was heard for the inactivity time.
    INACTIVE = "inactive"
    #: A sequence number or a parameter list that cannot be.
    PROTOCOL = "protocol"
    #: A payload longer than accepted.
    LIMIT = "limit"


class Connected(NamedTuple):
    """
    The connection is there.

    @ivar parameters: What this side may send and takes.
    @ivar again: There was a connection before that this one replaces; associations over it are gone.
    """

    parameters: Parameters
    again: bool = False


class Disconnected(NamedTuple):
    """
    The connection is gone, or none came about; payloads that were not acknowledged may be lost.

    @ivar detail: In words.
    """

    reason: EndReason
    detail: str = ""


class Received(NamedTuple):
    """
    A whole payload (an LLC PDU) came over the connection: once, and in order.
    """

    payload: bytes


class Unnumbered(NamedTuple):
    """
    A UI frame came: not acknowledged, perhaps repeated, perhaps a broadcast.
    """

    payload: bytes
    source: bytes
    destination: bytes


StationEvent = Connected | Disconnected | Received | Unnumbered


class Timing(NamedTuple):
    """
    Times in seconds, and the number of tries.

    @ivar response: Longest wait for the peer's answer, counted from the last octet sent or heard.
    @ivar retries: How often a command is repeated when no answer comes (N2).
    @ivar poll: Pause before a peer that had nothing to say is polled again.
    @ivar longest: Longest wait for an answer that keeps coming.
    @ivar octet: How long the line takes for one octet; 0 on fast lines.
    """

    response: float = 3.0
    retries: int = 3
    poll: float = 0.1
    longest: float = 60.0
    octet: float = 0.0
