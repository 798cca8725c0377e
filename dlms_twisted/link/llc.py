"""
The LLC sublayer of the HDLC profile: three octets before each LLC PDU (IEC 62056-46, LLC PDU format).

Destination LSAP C{E6} (or C{FF}, broadcast), source LSAP C{E6} from the client or C{E7} from the server,
quality C{00}.
"""

from __future__ import annotations

from typing import Final

from dlms_twisted.errors import DecodeError

__all__ = ["COMMAND", "RESPONSE", "add_llc", "has_llc", "remove_llc", "strip_llc"]

#: Client to server.
COMMAND: Final = b"\xe6\xe6\x00"
#: Server to client, push among it.
RESPONSE: Final = b"\xe6\xe7\x00"

_HEADERS: Final = frozenset({COMMAND, RESPONSE, b"\xff\xe6\x00", b"\xff\xe7\x00"})


def add_llc(apdu: bytes, *, response: bool) -> bytes:
    """
    @param response: From the server to the client.

    @return: the LLC PDU.
    """
    return (RESPONSE if response else COMMAND) + apdu


def has_llc(octets: bytes) -> bool:
    """
    Do these octets begin with an LLC header?
    """
    return octets[:3] in _HEADERS


def remove_llc(pdu: bytes) -> bytes:
    """
    @return: the APDU of an LLC PDU.

    @raise DecodeError: there is no LLC header.
    """
    if pdu[:3] not in _HEADERS:
        raise DecodeError("an LLC header wanted", 0)
    return pdu[3:]


def strip_llc(octets: bytes) -> bytes:
    """
    @return: the octets without the LLC header, if they have one (push: some meters send it in the first
        frame of a message only, some in each, some never).
    """
    return octets[3:] if octets[:3] in _HEADERS else octets
