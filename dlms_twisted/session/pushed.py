"""
What a meter pushed, and what its counter is judged by.
"""

from __future__ import annotations

from typing import Final, NamedTuple, Protocol

from dlms_twisted.apdu.data_notification import DataNotification
from dlms_twisted.apdu.event_notification import EventNotificationRequest
from dlms_twisted.apdu.short_name import InformationReportRequest
from dlms_twisted.codec import build
from dlms_twisted.codec.data import Data
from dlms_twisted.security.keys import ReplayMode
from dlms_twisted.security.window import ReplayWindow
from dlms_twisted.session.messages import Message

__all__ = ["Notification", "Windows", "weakest"]

_NOTHING: Final = build.null()


class Windows(Protocol):
    """
    The replay windows of all senders.
    """

    def get(self, title: bytes | None, epoch: str, mode: ReplayMode = ...) -> ReplayWindow: ...


class Notification(NamedTuple):
    """
    What a meter pushed.

    @ivar apdu: The plaintext APDU.
    @ivar raw: The octets of all frames that it came in.
    @ivar message: The decoded APDU.
    @ivar title: System title of the sender, where it is known.
    @ivar epoch: Of the key that opened it.
    @ivar counter: Invocation counter.
    @ivar authenticated: Was a tag verified?  C{None} where there was no protection at all.
    @ivar encrypted: Was it enciphered?
    @ivar pending: Did a key to come open it?
    @ivar checked: Is C{counter} verified and judged by a replay window?  The caller accepts it then.
    @ivar security_control: Of the outermost layer; 0 where it was plain.
    @ivar signed: Was a digital signature verified?
    """

    apdu: bytes
    raw: bytes
    message: Message
    title: bytes | None = None
    epoch: str | None = None
    counter: int | None = None
    authenticated: bool | None = None
    encrypted: bool = False
    pending: bool = False
    checked: bool = False
    security_control: int = 0
    signed: bool = False

    @property
    def body(self) -> Data:
        """
        The values: null-data where the message has none.
        """
        message = self.message
        if isinstance(message, DataNotification):
            return message.body
        if isinstance(message, EventNotificationRequest):
            return message.attribute_value
        if isinstance(message, InformationReportRequest):
            return build.structure(*message.data)
        return _NOTHING

    @property
    def time(self) -> bytes | None:
        """
        The message's own date-time, 12 octets, where it has one.
        """
        message = self.message
        if isinstance(message, DataNotification):
            return message.date_time
        if isinstance(message, EventNotificationRequest):
            return message.time
        return None

    @property
    def plain(self) -> bytes | None:
        """
        The plaintext APDU where it is not what C{raw} ends with.
        """
        return None if self.raw.endswith(self.apdu) else self.apdu


def weakest(one: Notification, other: Notification) -> Notification:
    """
    @return: C{other}, as well protected as the worse of the two.
    """
    return other._replace(
        authenticated=bool(one.authenticated and other.authenticated),
        encrypted=one.encrypted and other.encrypted,
        checked=one.checked and other.checked,
        signed=one.signed and other.signed,
    )
