"""
Records as they are printed: meaning is made when a record is read, never when it is written.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from dlms_twisted.apdu.data_notification import DataNotification
from dlms_twisted.apdu.event_notification import EventNotificationRequest
from dlms_twisted.apdu.short_name import InformationReportRequest
from dlms_twisted.codec import build
from dlms_twisted.codec.data import Data
from dlms_twisted.codec.layout import LayoutCache
from dlms_twisted.cosem.clock import time_text
from dlms_twisted.cosem.obis import ObisPattern
from dlms_twisted.cosem.p1_text import telegram_identity, telegram_readings
from dlms_twisted.cosem.push_layouts import PushLayouts
from dlms_twisted.cosem.reading import Reading
from dlms_twisted.cosem.readings import (
    ReadingOptions,
    identity_of,
    readings_of,
    readings_of_event,
)
from dlms_twisted.session.messages import Message, Telegram
from dlms_twisted.store.content import message_of
from dlms_twisted.store.record import StoredRecord
from dlms_twisted.store.stats import timestamp

__all__ = ["Rendered", "Renderer"]


class Rendered(NamedTuple):
    """
    A record with its meaning.

    @ivar stored: The record.
    @ivar meter: The configured name, else the title in hex, else what the message itself says, else L{None}.
    @ivar body: The values; L{None} for a refused record, one that cannot be decoded, and a telegram.
    @ivar time: The message's own time, ISO 8601.
    @ivar readings: What the values mean.
    """

    stored: StoredRecord
    meter: str | None
    body: Data | None
    time: str | None
    readings: tuple[Reading, ...]

    def is_of(self, meter: str) -> bool:
        """
        @param meter: A name, a system title in hex, or what the meter calls itself.

        @return: is this record of that meter?
        """
        title = self.stored.record.title
        return meter in {self.stored.record.meter, self.meter} or (
            title is not None and meter.lower() == title.hex()
        )

    def narrowed(self, pattern: ObisPattern) -> Rendered | None:
        """
        @return: the record with the readings that C{pattern} names, L{None} if there are none.
        """
        readings = tuple(one for one in self.readings if one.obis.matches(pattern))
        return self._replace(readings=readings) if readings else None

    def to_json(self) -> dict[str, Any]:
        """
        @return: the JSON form (architecture, section 7).
        """
        stored, record = self.stored, self.stored.record
        return {
            "id": stored.id,
            "repeat_of": stored.repeat_of,
            "received_at": timestamp(record.received_at),
            "source": record.source,
            "peer": record.peer,
            "medium": record.medium,
            "meter": self.meter,
            "system_title": None if record.title is None else record.title.hex(),
            "key_epoch": record.epoch,
            "invocation_counter": record.counter,
            "authenticated": record.authenticated,
            "outcome": record.outcome,
            "reason": record.reason,
            "time": self.time,
            "readings": [one.to_json() for one in self.readings],
            "body": None if self.body is None else self.body.tree(),
            "raw": record.raw.hex(),
        }


class Renderer:
    """
    Gives records their meaning.
    """

    def __init__(self, layouts: PushLayouts | None = None) -> None:
        """
        @param layouts: What messages mean that do not say it.
        """
        self._layouts = layouts
        self._learned = LayoutCache()

    def render(self, stored: StoredRecord) -> Rendered:
        """
        @return: the record with its meaning; any record has one, if only that it has none.
        """
        record = stored.record
        message = message_of(record, self._learned)
        known = record.meter or (None if record.title is None else record.title.hex())
        body = _body(message)
        meter = known or self._identity(message, body)
        time = None if record.time is None else time_text(record.time)
        identities = tuple(
            one for one in (record.meter, record.title and record.title.hex(), meter) if one
        )
        readings = self._readings(message, ReadingOptions(identities=identities))
        return Rendered(stored, meter, body, time, readings)

    def _identity(self, message: Message | None, body: Data | None) -> str | None:
        if isinstance(message, Telegram):
            return telegram_identity(message.text)
        return None if body is None else identity_of(body, self._layouts)

    def _readings(self, message: Message | None, options: ReadingOptions) -> tuple[Reading, ...]:
        layouts = self._layouts
        if isinstance(message, DataNotification):
            return readings_of(
                message.body, date_time=message.date_time, layouts=layouts, options=options
            )
        if isinstance(message, EventNotificationRequest):
            return readings_of_event(
                message.class_id,
                message.instance_id,
                message.attribute_id,
                message.attribute_value,
                time=message.time,
                layouts=layouts,
                options=options,
            )
        if isinstance(message, Telegram):
            return telegram_readings(message.text, layouts=layouts, options=options)
        return ()


def _body(message: Message | None) -> Data | None:
    if isinstance(message, DataNotification):
        return message.body
    if isinstance(message, EventNotificationRequest):
        return message.attribute_value
    if isinstance(message, InformationReportRequest):
        return build.structure(*message.data)
    return None
