"""
What stands between a conversation and a transport, whatever the framing: a channel carries whole APDUs.
"""

from __future__ import annotations

from typing import Protocol

from twisted.internet.defer import Deferred

from dlms_twisted.errors import LinkError

__all__ = ["Channel", "ChannelReceiver", "ServerChannel"]


class ChannelReceiver(Protocol):
    """
    The conversation's end: what a channel tells it.
    """

    def channel_received(self, apdu: bytes) -> None:
        """
        An APDU came from the peer.
        """

    def channel_pushed(self, apdu: bytes) -> None:
        """
        An APDU came unasked: a notification beside the conversation, or a broadcast.
        """

    def channel_lost(self, error: LinkError) -> None:
        """
        The channel is gone; what was sent and not answered may or may not have arrived.
        """


class Channel(Protocol):
    """
    The client's end of a link to one logical device.

    @ivar torn: Has something begun to come that did not come to its end?  Whoever has waited for long then need not
        wait for anything else on this link.
    """

    @property
    def torn(self) -> bool:
        """
        See above.
        """

    def open(self) -> Deferred[None]:
        """
        @return: fires when APDUs can be sent; fails with L{LinkError} when the peer refuses or is silent.
        """

    def send(self, apdu: bytes, *, answer: bool = True) -> None:
        """
        Send an APDU.

        @param answer: The peer will answer it; a half-duplex link polls for that.

        @raise dlms_twisted.errors.LocalProtocolError: the channel is not open.
        """

    def close(self) -> Deferred[None]:
        """
        @return: fires when the channel is closed, whatever came of it; never fails.
        """


class ServerChannel(Protocol):
    """
    The server's end of a link to one client.

    @ivar client: The client's address: a wPort, or the SAP of an HDLC address.
    @ivar server: Our address: a wPort, or the logical device of an HDLC address.
    @ivar physical: The physical device of an HDLC address; C{None} where there is none.
    """

    client: int
    server: int
    physical: int | None

    def send(self, apdu: bytes) -> None:
        """
        Send an APDU; nothing happens when the channel is gone.
        """

    def no_answer(self) -> None:
        """
        The APDU that was received gets no answer.
        """

    def push(self, apdu: bytes) -> None:
        """
        Send an APDU beside the conversation.
        """

    def close(self) -> None:
        """
        Close the channel; on a shared line only this one.
        """
