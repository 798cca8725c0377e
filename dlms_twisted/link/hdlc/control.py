"""
The control octet: kinds of frames, sequence numbers, the poll/final bit (IEC 62056-46, control field).
"""

from __future__ import annotations

from enum import Enum
from typing import Final

__all__ = [
    "POLL",
    "FrameKind",
    "frame_kind",
    "information_control",
    "receive_number",
    "send_number",
    "supervisory_control",
    "unnumbered_control",
]

#: The poll bit of a command, the final bit of a response.
POLL: Final = 0x10


class FrameKind(Enum):
    """
    The frames that IEC 62056-46 uses; the value is the control octet with poll and numbers at zero.
    """

    #: Numbered information.
    I = 0x00  # noqa: E741 - the standard's name
    #: Receive ready: acknowledges, polls, or answers a poll without data.
    RR = 0x01
    #: Receive not ready: acknowledges, and asks for a pause.
    RNR = 0x05
    #: Set normal response mode: the client connects.
    SNRM = 0x83
    #: Disconnect, from the client.
    DISC = 0x43
    #: Unnumbered acknowledgement of SNRM or DISC.
    UA = 0x63
    #: Disconnected mode: the server has no connection.
    DM = 0x0F
    #: Frame reject: only a new SNRM or a DISC helps.
    FRMR = 0x87
    #: Unnumbered information: push and broadcast.
    UI = 0x03
    #: None of these.
    UNKNOWN = 0xFF


def _kind(control: int) -> FrameKind:
    if not control & 0x01:
        return FrameKind.I
    if control & 0x03 == 0x01:
        bare = control & 0x0F
        return {0x01: FrameKind.RR, 0x05: FrameKind.RNR}.get(bare, FrameKind.UNKNOWN)
    try:
        return FrameKind(control & ~POLL & 0xFF)
    except ValueError:
        return FrameKind.UNKNOWN


_KINDS: Final = tuple(FrameKind.UNKNOWN if octet == 0xFF else _kind(octet) for octet in range(256))


def frame_kind(control: int) -> FrameKind:
    """
    @param control: The control octet.
    """
    return _KINDS[control]


def send_number(control: int) -> int:
    """
    @return: N(S) of an I frame, 0 to 7.
    """
    return control >> 1 & 7


def receive_number(control: int) -> int:
    """
    @return: N(R) of an I, RR or RNR frame, 0 to 7: the number that its sender expects next.
    """
    return control >> 5


def information_control(send: int, receive: int, poll: bool) -> int:
    """
    @param send: N(S), modulo 8.
    @param receive: N(R), modulo 8.

    @return: the control octet of an I frame.
    """
    return (receive & 7) << 5 | (POLL if poll else 0) | (send & 7) << 1


def supervisory_control(kind: FrameKind, receive: int, poll: bool) -> int:
    """
    @param kind: C{RR} or C{RNR}.
    @param receive: N(R), modulo 8.
    """
    return (receive & 7) << 5 | (POLL if poll else 0) | int(kind.value)


def unnumbered_control(kind: FrameKind, poll: bool) -> int:
    """
    @param kind: C{SNRM}, C{DISC}, C{UA}, C{DM}, C{FRMR} or C{UI}.
    """
    return (POLL if poll else 0) | int(kind.value)
