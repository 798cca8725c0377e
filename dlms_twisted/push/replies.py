"""
The way back to who sent a push.
"""

from __future__ import annotations

from functools import lru_cache
from struct import Struct
from typing import Any, Final, NamedTuple

from dlms_twisted.link.wrapper import HEADER_SIZE, encode_frame
from dlms_twisted.push.queue import Arrival
from dlms_twisted.transport.datagram import DatagramSource, show_host
from dlms_twisted.transport.stream import PushConnection

__all__ = ["StreamPeer", "peer_text", "send_back"]

_PORTS: Final = Struct(">HH")


class StreamPeer(NamedTuple):
    """
    A sender on a stream.

    @ivar connection: The connection.
    @ivar address: Which of the senders on it, as its link says.
    """

    connection: PushConnection
    address: bytes


def send_back(arrival: Arrival, raw: bytes, apdu: bytes) -> bool:
    """
    Send an APDU to who sent C{arrival}, wPorts swapped.  Frames of HDLC and M-Bus ports that push have no answer.

    @param raw: The frame that is answered, or several.

    @return: was there a way?
    """
    way = arrival.way
    if arrival.medium != "wrapper" or len(raw) < HEADER_SIZE:
        return False
    source, destination = _PORTS.unpack_from(raw, 2)
    frame = encode_frame(destination, source, apdu)
    if isinstance(way, PushConnection):
        way.send(frame)
    elif isinstance(way, DatagramSource):
        way.send(frame, arrival.peer[:2])
    else:
        return False
    return True


def peer_text(peer: Any) -> str:
    """
    @return: C{host:port} of an address or a connection, for records.
    """
    if isinstance(peer, StreamPeer):
        return peer.connection.peer
    if isinstance(peer, tuple):
        return _address_text(peer[0], peer[1])
    return str(peer)


@lru_cache(maxsize=8192)
def _address_text(host: str, port: int) -> str:
    shown = show_host(host)
    return f"[{shown}]:{port}" if ":" in shown else f"{shown}:{port}"
