"""
The way back to who sent a push.
"""

from __future__ import annotations

from collections.abc import Callable
from struct import Struct
from typing import Any, Final, NamedTuple

from dlms_twisted.link.wrapper import HEADER_SIZE, encode_frame
from dlms_twisted.push.queue import Arrival
from dlms_twisted.transport.datagram import DatagramSource, show_host
from dlms_twisted.transport.stream import PushConnection

__all__ = ["StreamWay", "peer_text", "send_back"]

_PORTS: Final = Struct(">HH")


class StreamWay(NamedTuple):
    """
    Back over the connection.

    @ivar connection: The connection that the push came by.
    @ivar frame: Puts an APDU into a link frame for the peer.
    """

    connection: PushConnection
    frame: Callable[[bytes], bytes]


def send_back(arrival: Arrival, raw: bytes, apdu: bytes) -> bool:
    """
    Send an APDU to who sent C{arrival}: wPorts swapped, or as its link says.

    @param raw: The link frame that is answered, or several.

    @return: was there a way?
    """
    way = arrival.way
    if isinstance(way, StreamWay):
        way.connection.send(way.frame(apdu))
        return True
    if isinstance(way, DatagramSource) and len(raw) >= HEADER_SIZE:
        source, destination = _PORTS.unpack_from(raw, 2)
        way.send(encode_frame(destination, source, apdu), arrival.peer[:2])
        return True
    return False


def peer_text(peer: Any) -> str:
    """
    @return: C{host:port} of an address or a connection, for records.
    """
    if isinstance(peer, PushConnection):
        return peer.peer
    if isinstance(peer, tuple):
        host = show_host(peer[0])
        return f"[{host}]:{peer[1]}" if ":" in host else f"{host}:{peer[1]}"
    return str(peer)
