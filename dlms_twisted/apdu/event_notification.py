"""
EventNotification: one attribute's value, sent unasked.

Source: IEC 62056-5-3, Event-Notification-Request.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Self

from attrs import frozen

from dlms_twisted.apdu.base import Apdu
from dlms_twisted.apdu.kinds import DATA, OBIS, U8, U16, DateTimeOctets
from dlms_twisted.codec.data import Data
from dlms_twisted.codec.reader import Reader
from dlms_twisted.codec.writer import Writer
from dlms_twisted.errors import DecodeError, EncodeError

__all__ = ["EventNotificationRequest"]

_PRESENT = 0x01
_OCTET_STRING = 0x09
_SIZE = 0x0C


@frozen(kw_only=True)
class EventNotificationRequest(Apdu):
    """
    An event, or an attribute's value, that a meter sends unasked.

    The time is sent as C{01 0C} and 12 octets; without the length, or with the tag C{09} for the C{01}, it is
    understood too.  A meter that sends the attribute's index in two octets (Kaifa MX382) is also understood.  Which it
    was is kept, so that the APDU encodes back, but it is not part of the JSON form.

    @ivar time: 12 octets, or C{None}.
    @ivar class_id: COSEM interface class.
    @ivar instance_id: Logical name, six octets.
    @ivar attribute_id: Index of the attribute, as an unsigned octet.
    @ivar attribute_value: Its value.
    @ivar time_tag: The octet before the time: 1, or 9.
    @ivar time_sized: Does the time have its length in front?
    @ivar wide_attribute: Is C{attribute_id} sent in two octets?
    """

    TAG: ClassVar[int] = 0xC2
    NAME: ClassVar[str] = "event-notification-request"

    time: Annotated[bytes | None, DateTimeOctets()] = None
    class_id: U16
    instance_id: OBIS
    attribute_id: U8
    attribute_value: DATA
    time_tag: int = _PRESENT
    time_sized: bool = True
    wide_attribute: bool = False

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """
        @raise DecodeError: not this APDU.
        """
        cls.read_tag(reader)
        time, tag, sized = _read_time(reader)
        class_id = reader.unsigned(2, "class_id")
        instance_id = reader.take(6, "instance_id")
        attribute_id, value, wide = _read_attribute(reader)
        return cls(
            time=time,
            class_id=class_id,
            instance_id=instance_id,
            attribute_id=attribute_id,
            attribute_value=value,
            time_tag=tag,
            time_sized=sized,
            wide_attribute=wide,
        )

    def write(self, writer: Writer) -> None:
        """
        @raise EncodeError: a field is out of range.
        """
        writer.octet(self.TAG)
        if self.time is None:
            writer.octet(0)
        else:
            if len(self.time) != _SIZE:
                raise EncodeError("time: 12 octets wanted")
            writer.octet(self.time_tag)
            if self.time_sized:
                writer.octet(_SIZE)
            writer.raw(self.time)
        if len(self.instance_id) != 6:
            raise EncodeError("instance_id: 6 octets wanted")
        writer.unsigned(self.class_id, 2)
        writer.raw(self.instance_id)
        writer.unsigned(self.attribute_id, 2 if self.wide_attribute else 1)
        writer.data(self.attribute_value)


def _read_time(reader: Reader) -> tuple[bytes | None, int, bool]:
    offset = reader.offset
    tag = reader.octet("time.present")
    if tag == 0:
        return None, _PRESENT, True
    if reader.peek() == _SIZE:  # no year has 0C for its first octet
        reader.octet("time.length")
        return reader.take(_SIZE, "time"), tag, True
    if tag == _OCTET_STRING:
        raise DecodeError("a time of 12 octets wanted", offset + 1)
    return reader.take(_SIZE, "time"), tag, False


def _read_attribute(reader: Reader) -> tuple[int, Data, bool]:
    mark = reader.mark()
    attribute_id = reader.octet("attribute_id")
    try:
        return attribute_id, reader.data("attribute_value"), False
    except DecodeError:
        if attribute_id:
            raise
        reader.back(mark)
        return reader.unsigned(2, "attribute_id"), reader.data("attribute_value"), True
