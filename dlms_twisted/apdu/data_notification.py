"""
DataNotification, the push, and its confirmation.

Source: IEC 62056-5-3, Data-Notification and Data-Notification-Confirm.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, NamedTuple, Self

from attrs import frozen

from dlms_twisted.apdu.base import Apdu
from dlms_twisted.apdu.kinds import DATA, DATE_TIME, JSON, U32
from dlms_twisted.codec.data import decode_data_at
from dlms_twisted.codec.limits import DEFAULT_LIMITS, Limits
from dlms_twisted.codec.reader import Reader
from dlms_twisted.codec.writer import Writer
from dlms_twisted.errors import DecodeError, EncodeError

if TYPE_CHECKING:
    from dlms_twisted.codec.layout import LayoutCache

__all__ = ["CONFIRMED", "DataNotification", "DataNotificationConfirm", "HeaderlessNotification"]

#: Bit of C{long_invoke_id_and_priority}: the sender wants a confirmation.
CONFIRMED = 0x40000000

_OCTET_STRING = 0x09
_DATE_TIME = 0x19
_COMPLEX = (0x01, 0x02)


class _Fields(NamedTuple):
    long_invoke_id_and_priority: U32
    date_time: DATE_TIME
    body: DATA
    date_time_tag: int = 0


class DataNotification(_Fields, Apdu):
    """
    What a meter pushes.

    The date-time is an octet string of 0 or 12 octets; meters also send it as a tagged octet-string (C{09 0C} and the
    12 octets) or as the type date-time (C{19} and the 12 octets).  Which it was is kept, so that the APDU encodes back,
    but it is not part of the JSON form.

    @ivar long_invoke_id_and_priority: 32 bits, see L{CONFIRMED}.
    @ivar date_time: 12 octets, or C{None}.
    @ivar body: The values.
    @ivar date_time_tag: 0, or the tag that stood before the date-time.
    """

    __slots__ = ()

    TAG: ClassVar[int] = 0x0F
    NAME: ClassVar[str] = "data-notification"

    @property
    def confirmed(self) -> bool:
        """
        Does the sender set the service class "confirmed"?

        Some meters set it always, so a receiver that is not configured to confirm need not.
        """
        return self.long_invoke_id_and_priority & CONFIRMED != 0

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """
        @raise DecodeError: not this APDU.
        """
        cls.read_tag(reader)
        number = reader.unsigned(4, "long_invoke_id_and_priority")
        date_time, tag = _read_date_time(reader)
        return tuple.__new__(cls, (number, date_time, reader.data("body"), tag))

    @classmethod
    def decode(
        cls,
        octets: bytes,
        limits: Limits = DEFAULT_LIMITS,
        *,
        layouts: LayoutCache | None = None,
    ) -> Self:
        """
        @param layouts: Learned layouts, which make decoding faster and change no result.

        @raise DecodeError: not this APDU, truncated, malformed, or with octets left over.
        """
        if len(octets) < 7:
            return super().decode(octets, limits)
        if octets[0] != 0x0F:
            raise DecodeError("data-notification wanted", 0)
        form = octets[5]
        if form == 0x0C and len(octets) > 18:
            start = 18
            date_time = octets[6:18]
        elif form == 0:
            start = 6
            date_time = None
        else:
            return super().decode(octets, limits)
        if layouts is not None:
            body = layouts.decode(octets[start:])
        else:
            body, end = decode_data_at(octets, start, limits)
            if end != len(octets):
                raise DecodeError("end of APDU wanted", end)
        return tuple.__new__(cls, (int.from_bytes(octets[1:5], "big"), date_time, body, 0))

    def write(self, writer: Writer) -> None:
        """
        @raise EncodeError: a field is out of range.
        """
        writer.octet(self.TAG)
        writer.unsigned(self.long_invoke_id_and_priority, 4)
        _write_date_time(writer, self.date_time, self.date_time_tag)
        writer.data(self.body)

    def to_json(self) -> dict[str, JSON]:
        """
        @return: the form of architecture section 7.
        """
        return {
            "apdu": self.NAME,
            "long_invoke_id_and_priority": self.long_invoke_id_and_priority,
            "date_time": None if self.date_time is None else self.date_time.hex(),
            "body": self.body.tree(),
        }


class HeaderlessNotification(DataNotification):
    """
    The body alone, an array or a structure, as some meters (Aidon) push it.

    Not an APDU of the standard, and not in the registry: a receiver of pushes takes it for a notification with
    number 0 and without a date-time.
    """

    __slots__ = ()

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """
        @raise DecodeError: neither an array nor a structure, or an empty one.
        """
        if reader.peek() not in _COMPLEX:
            raise DecodeError("an array or a structure wanted", reader.offset)
        offset = reader.offset
        body = reader.data("body")
        if not body.values:
            raise DecodeError("an array or a structure with elements wanted", offset)
        return tuple.__new__(cls, (0, None, body, 0))

    @classmethod
    def decode(
        cls,
        octets: bytes,
        limits: Limits = DEFAULT_LIMITS,
        *,
        layouts: LayoutCache | None = None,
    ) -> Self:
        """
        @raise DecodeError: as L{read}, or octets are left over.
        """
        reader = Reader(octets, limits=limits)
        notification = cls.read(reader)
        reader.finish()
        return notification

    def write(self, writer: Writer) -> None:
        """
        The octets of the body.
        """
        writer.data(self.body)


def _read_date_time(reader: Reader) -> tuple[bytes | None, int]:
    offset = reader.offset
    tag = reader.peek()
    if tag == _DATE_TIME:
        reader.octet("date_time.tag")
        return reader.take(12, "date_time"), _DATE_TIME
    if tag == _OCTET_STRING:
        reader.octet("date_time.tag")
    else:
        tag = 0
    date_time = reader.octets("date_time")
    if len(date_time) == 12:
        return date_time, tag
    if date_time or tag:
        raise DecodeError("a date-time of 0 or 12 octets wanted", offset)
    return None, 0


def _write_date_time(writer: Writer, date_time: bytes | None, tag: int) -> None:
    if date_time is None:
        writer.octet(0)
        return
    if len(date_time) != 12:
        raise EncodeError("date_time: 12 octets wanted")
    if tag:
        writer.octet(tag)
    if tag == _DATE_TIME:
        writer.raw(date_time)
    else:
        writer.octets(date_time)


@frozen(kw_only=True)
class DataNotificationConfirm(Apdu):
    """
    The answer to a confirmed push.

    @ivar long_invoke_id_and_priority: As in the push.
    @ivar date_time: 12 octets, or C{None}.
    """

    TAG: ClassVar[int] = 0x10
    NAME: ClassVar[str] = "data-notification-confirm"

    long_invoke_id_and_priority: U32
    date_time: DATE_TIME = None
