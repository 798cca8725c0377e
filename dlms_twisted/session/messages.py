"""
What pushed plaintext is: a notification, a block of one, a P1 telegram, or something else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Self, TypeAlias

from dlms_twisted.apdu import registry
from dlms_twisted.apdu.base import Apdu
from dlms_twisted.apdu.block_transfer import GeneralBlockTransfer
from dlms_twisted.apdu.data_notification import DataNotification, HeaderlessNotification
from dlms_twisted.apdu.event_notification import EventNotificationRequest
from dlms_twisted.apdu.short_name import InformationReportRequest
from dlms_twisted.codec.limits import DEFAULT_LIMITS, Limits
from dlms_twisted.codec.reader import Reader
from dlms_twisted.errors import DecodeError

if TYPE_CHECKING:
    from dlms_twisted.codec.layout import LayoutCache

__all__ = ["Message", "Telegram", "is_notification", "read_message", "take_message"]

_TELEGRAM = b"/"
#: Latin-1 text, its lines, and the control characters that an identification may hold.
_PRINTABLE = bytes((0x02, 0x03, 0x09, 0x0A, 0x0D, *range(0x20, 0x100)))
_DATA_NOTIFICATION = b"\x0f"
_BODIES = (0x01, 0x02)


class Telegram(NamedTuple):
    """
    A P1 telegram: text that some meters send in a ciphered envelope in place of an APDU.

    @ivar text: All of it, from the slash to the end.
    """

    text: bytes

    @classmethod
    def decode(cls, octets: bytes) -> Self:
        """
        @raise DecodeError: not from a slash to an exclamation mark, or not printable.
        """
        if octets[:1] != _TELEGRAM or b"!" not in octets or octets.translate(None, _PRINTABLE):
            raise DecodeError("a P1 telegram wanted", 0)
        return cls(octets)


#: What a notification carries.  A block is one that came ciphered: L{dlms_twisted.session.reassembly} joins those.
Message: TypeAlias = (
    DataNotification
    | EventNotificationRequest
    | InformationReportRequest
    | Telegram
    | GeneralBlockTransfer
)

_NOTIFICATIONS = (
    DataNotification,
    EventNotificationRequest,
    InformationReportRequest,
    Telegram,
    GeneralBlockTransfer,
)


def is_notification(message: object) -> bool:
    """
    Is this something that meters push?
    """
    return isinstance(message, _NOTIFICATIONS)


def take_message(reader: Reader) -> Apdu:
    """
    Take one plain APDU of any kind from the front of C{reader}; an array or a structure alone is taken for the body
    of a DataNotification.

    @raise DecodeError: the octets are no APDU.
    """
    mark = reader.mark()
    try:
        return registry.read(reader)
    except DecodeError:
        reader.back(mark)
        if reader.peek() not in _BODIES:
            raise
        return HeaderlessNotification.read(reader)


def read_message(
    plaintext: bytes,
    layouts: LayoutCache | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> Apdu | Telegram:
    """
    Decode plaintext.  Zeros after a good APDU are padding.

    @param layouts: Learned layouts, for speed.

    @raise DecodeError: no APDU, truncated, malformed, or with octets left over.
    """
    try:
        if plaintext[:1] == _DATA_NOTIFICATION:
            return DataNotification.decode(plaintext, limits, layouts=layouts)
        if plaintext[:1] == _TELEGRAM:
            return Telegram.decode(plaintext)
        return registry.decode(plaintext, limits)
    except DecodeError:
        reader = Reader(plaintext, limits=limits)
        message = take_message(reader)
        if reader.rest().strip(b"\x00"):
            raise
        return message
