"""
Pushes, in two pure steps::

    for outer in reassembly.outer(Incoming(payload, frame, peer), now):
        if isinstance(outer, Outer):
            keys = ...  # of outer.title, however long that takes
            found = open_notification(outer, keys, windows, policy=policy)

The first says whose key is wanted, the second gives a L{Notification}, or a L{Refusal} with its reason.  Blocks of
general block transfer are joined in the first, within bounds; its C{deadline} is kept by calling C{time_passed}.  No
replay window is moved: the caller accepts C{found.counter} when C{found.checked}.
"""

from __future__ import annotations

from dlms_twisted.session.incoming import Incoming, Outer, Refusal
from dlms_twisted.session.messages import Message, Telegram, read_message
from dlms_twisted.session.opening import open_notification
from dlms_twisted.session.pushed import Notification, Windows
from dlms_twisted.session.reassembly import Expired, Reassembly

__all__ = [
    "Expired",
    "Incoming",
    "Message",
    "Notification",
    "Outer",
    "Reassembly",
    "Refusal",
    "Telegram",
    "Windows",
    "open_notification",
    "read_message",
]
