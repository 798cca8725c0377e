"""
The two stations of an HDLC connection as tables: state and input give an action and the next state
(IEC 62056-46, state machines of primary and secondary).
"""

from __future__ import annotations

from enum import Enum
from typing import Final, Generic, NamedTuple, TypeVar

from dlms_twisted.link.hdlc.control import FrameKind

__all__ = [
    "PRIMARY_KINDS",
    "PRIMARY_TABLE",
    "SECONDARY_KINDS",
    "SECONDARY_TABLE",
    "PrimaryInput",
    "PrimaryState",
    "SecondaryInput",
    "SecondaryState",
    "Step",
]

_State = TypeVar("_State")


class Step(NamedTuple, Generic[_State]):
    """
    An entry of the table.

    @ivar action: Name of the method that does it.
    @ivar state: The state afterwards, unless the action finds the peer at fault.
    """

    action: str
    state: _State


class PrimaryState(Enum):
    """
    Where the connection is.
    """

    DISCONNECTED = "disconnected"
    CONNECTING = "connecting"
    CONNECTED = "connected"
    DISCONNECTING = "disconnecting"


class PrimaryInput(Enum):
    """
    What can happen to it: our own wishes, the peer's frames, the clock.
    """

    CONNECT = "connect"
    SEND = "send"
    POLL = "poll"
    DISCONNECT = "disconnect"
    UA = "UA"
    DM = "DM"
    FRMR = "FRMR"
    I = "I"  # noqa: E741 - the standard's name
    RR = "RR"
    RNR = "RNR"
    UI = "UI"
    TIMEOUT = "timeout"
    EXHAUSTED = "exhausted"


_S = PrimaryState
_I = PrimaryInput

#: The whole station.  A frame that has no entry is counted as unexpected and changes nothing; a wish that
#: has none is a L{LocalProtocolError}.
PRIMARY_TABLE: Final[dict[tuple[PrimaryState, PrimaryInput], Step[PrimaryState]]] = {
    (_S.DISCONNECTED, _I.CONNECT): Step("_begin", _S.CONNECTING),
    (_S.CONNECTING, _I.UA): Step("_accepted", _S.CONNECTED),
    (_S.CONNECTING, _I.DM): Step("_refused", _S.DISCONNECTED),
    (_S.CONNECTING, _I.TIMEOUT): Step("_again", _S.CONNECTING),
    (_S.CONNECTING, _I.EXHAUSTED): Step("_silent", _S.DISCONNECTED),
    (_S.CONNECTING, _I.DISCONNECT): Step("_begin", _S.DISCONNECTING),
    (_S.CONNECTED, _I.SEND): Step("_queue", _S.CONNECTED),
    (_S.CONNECTED, _I.POLL): Step("_ask", _S.CONNECTED),
    (_S.CONNECTED, _I.I): Step("_information", _S.CONNECTED),
    (_S.CONNECTED, _I.RR): Step("_ready", _S.CONNECTED),
    (_S.CONNECTED, _I.RNR): Step("_not_ready", _S.CONNECTED),
    (_S.CONNECTED, _I.TIMEOUT): Step("_enquire", _S.CONNECTED),
    (_S.CONNECTED, _I.DM): Step("_dropped", _S.DISCONNECTED),
    (_S.CONNECTED, _I.FRMR): Step("_rejected", _S.DISCONNECTED),
    (_S.CONNECTED, _I.EXHAUSTED): Step("_silent", _S.DISCONNECTED),
    (_S.CONNECTED, _I.DISCONNECT): Step("_finish", _S.DISCONNECTING),
    (_S.DISCONNECTING, _I.UA): Step("_released", _S.DISCONNECTED),
    (_S.DISCONNECTING, _I.DM): Step("_released", _S.DISCONNECTED),
    (_S.DISCONNECTING, _I.I): Step("_late", _S.DISCONNECTING),
    (_S.DISCONNECTING, _I.RR): Step("_late", _S.DISCONNECTING),
    (_S.DISCONNECTING, _I.RNR): Step("_late", _S.DISCONNECTING),
    (_S.DISCONNECTING, _I.TIMEOUT): Step("_again", _S.DISCONNECTING),
    (_S.DISCONNECTING, _I.EXHAUSTED): Step("_silent", _S.DISCONNECTED),
    **{(state, _I.UI): Step("_unnumbered", state) for state in _S},
}

#: Which input a frame is for the primary station.
PRIMARY_KINDS: Final = {
    FrameKind.UA: _I.UA,
    FrameKind.DM: _I.DM,
    FrameKind.FRMR: _I.FRMR,
    FrameKind.I: _I.I,
    FrameKind.RR: _I.RR,
    FrameKind.RNR: _I.RNR,
    FrameKind.UI: _I.UI,
}


class SecondaryState(Enum):
    """
    Where the connection is: normal disconnected and normal response mode, and after a FRMR.
    """

    DISCONNECTED = "disconnected"
    CONNECTED = "connected"
    REJECTING = "rejecting"


class SecondaryInput(Enum):
    """
    What can happen to it: the application, the peer's frames, the clock.
    """

    SEND = "send"
    SNRM = "SNRM"
    DISC = "DISC"
    I = "I"  # noqa: E741 - the standard's name
    RR = "RR"
    RNR = "RNR"
    UI = "UI"
    UNKNOWN = "unknown"
    INACTIVE = "inactive"


_T = SecondaryState
_J = SecondaryInput

#: The whole station.  A frame that has no entry is counted as unexpected and changes nothing; sending
#: without a connection is a L{dlms_twisted.errors.LocalProtocolError}.
SECONDARY_TABLE: Final[dict[tuple[SecondaryState, SecondaryInput], Step[SecondaryState]]] = {
    **{(state, _J.SNRM): Step("_connect", _T.CONNECTED) for state in _T},
    **{(state, _J.UI): Step("_unnumbered", state) for state in _T},
    (_T.DISCONNECTED, _J.DISC): Step("_deny", _T.DISCONNECTED),
    (_T.DISCONNECTED, _J.I): Step("_deny", _T.DISCONNECTED),
    (_T.DISCONNECTED, _J.RR): Step("_deny", _T.DISCONNECTED),
    (_T.DISCONNECTED, _J.RNR): Step("_deny", _T.DISCONNECTED),
    (_T.CONNECTED, _J.SEND): Step("_queue", _T.CONNECTED),
    (_T.CONNECTED, _J.DISC): Step("_release", _T.DISCONNECTED),
    (_T.CONNECTED, _J.I): Step("_information", _T.CONNECTED),
    (_T.CONNECTED, _J.RR): Step("_ready", _T.CONNECTED),
    (_T.CONNECTED, _J.RNR): Step("_not_ready", _T.CONNECTED),
    (_T.CONNECTED, _J.UNKNOWN): Step("_reject_control", _T.REJECTING),
    (_T.CONNECTED, _J.INACTIVE): Step("_expire", _T.DISCONNECTED),
    (_T.REJECTING, _J.DISC): Step("_release", _T.DISCONNECTED),
    (_T.REJECTING, _J.I): Step("_reject_again", _T.REJECTING),
    (_T.REJECTING, _J.RR): Step("_reject_again", _T.REJECTING),
    (_T.REJECTING, _J.RNR): Step("_reject_again", _T.REJECTING),
    (_T.REJECTING, _J.UNKNOWN): Step("_reject_again", _T.REJECTING),
    (_T.REJECTING, _J.INACTIVE): Step("_expire", _T.DISCONNECTED),
}

#: Which input a frame is for the secondary station.
SECONDARY_KINDS: Final = {
    FrameKind.SNRM: _J.SNRM,
    FrameKind.DISC: _J.DISC,
    FrameKind.I: _J.I,
    FrameKind.RR: _J.RR,
    FrameKind.RNR: _J.RNR,
    FrameKind.UI: _J.UI,
    FrameKind.UNKNOWN: _J.UNKNOWN,
}
