"""
The translator as one call: octets, medium and keys in; messages out.
"""

from __future__ import annotations

from typing import Any

from attrs import frozen

from dlms_twisted.apdu import registry
from dlms_twisted.apdu.base import Apdu
from dlms_twisted.apdu.data_notification import DataNotification
from dlms_twisted.apdu.event_notification import EventNotificationRequest
from dlms_twisted.codec.data import Data
from dlms_twisted.codec.json_form import from_json
from dlms_twisted.codec.limits import DEFAULT_LIMITS, Limits
from dlms_twisted.cosem.p1_text import telegram_readings
from dlms_twisted.cosem.push_layouts import PushLayouts
from dlms_twisted.cosem.reading import Reading
from dlms_twisted.cosem.readings import readings_of, readings_of_event
from dlms_twisted.security.keys import MeterKeys
from dlms_twisted.session.messages import Telegram
from dlms_twisted.translate.media import ALIASES, MEDIA, translate_medium
from dlms_twisted.translate.message import Message
from dlms_twisted.translate.unwrap import Keyring, Unwrapper

__all__ = ["Translator", "encode", "form_of"]


def _no_keys(_: bytes | None) -> MeterKeys | None:
    return None


@frozen(kw_only=True)
class Translator:
    """
    Turns octets into messages.  Nothing is checked against a policy or a replay window here: what the keys open is
    shown, with C{authenticated} as it was found.

    @ivar keyring: Gives the keys of a system title.
    @ivar layouts: Push layouts for readings.
    @ivar limits: Of depth, items and octets.
    """

    keyring: Keyring = _no_keys
    layouts: PushLayouts | None = None
    limits: Limits = DEFAULT_LIMITS

    def translate(self, octets: bytes, medium: str = "auto") -> list[Message]:
        """
        @param medium: C{auto}, or a name or alias of L{MEDIA<dlms_twisted.translate.media.MEDIA>}.

        @return: one message or more; what is wrong with one is in its C{error}.

        @raise ValueError: there is no such medium.
        """
        if medium != "auto" and ALIASES.get(medium, medium) not in MEDIA:
            raise ValueError(f"medium: auto, {', '.join(MEDIA)} wanted, not {medium!r}")
        unwrapper = Unwrapper(self.keyring, self._interpret, self._salvage, self.limits)
        return translate_medium(octets, medium, unwrapper)

    def _salvage(self, found: Apdu | Data | Telegram) -> tuple[Reading, ...]:
        # Layouts go by the number of elements: what lost some would be taken for another message.
        if isinstance(found, DataNotification):
            return readings_of(found.body, date_time=found.date_time)
        return readings_of(found) if isinstance(found, Data) else ()

    def _interpret(self, found: Apdu | Data | Telegram) -> tuple[Reading, ...]:
        if isinstance(found, Telegram):
            return telegram_readings(found.text, layouts=self.layouts)
        if isinstance(found, Data):
            return readings_of(found, layouts=self.layouts)
        if isinstance(found, DataNotification):
            return readings_of(found.body, date_time=found.date_time, layouts=self.layouts)
        if isinstance(found, EventNotificationRequest):
            return readings_of_event(
                found.class_id,
                found.instance_id,
                found.attribute_id,
                found.attribute_value,
                time=found.time,
                layouts=self.layouts,
            )
        return ()


def form_of(messages: list[Message]) -> dict[str, Any]:
    """
    @return: the JSON form: of the one message, or C{{"messages": […]}} of several.
    """
    if len(messages) == 1:
        return messages[0].to_json()
    return {"messages": [message.to_json() for message in messages]}


def encode(form: dict[str, Any]) -> bytes:
    """
    @param form: The JSON form of an APDU (with C{apdu}) or of a data tree (with C{type}).

    @return: its octets.

    @raise EncodeError: it is neither; the error names the place.
    """
    if "apdu" in form:
        return registry.from_json(form).encode()
    return from_json(form).octets
