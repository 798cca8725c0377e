"""
From the payload of a link to the innermost APDU: gateway prefix, blocks, ciphering, signatures, in any order.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from dlms_twisted.apdu import registry
from dlms_twisted.apdu.aare import AARE
from dlms_twisted.apdu.aarq import AARQ
from dlms_twisted.apdu.base import Apdu
from dlms_twisted.apdu.block_transfer import GeneralBlockTransfer
from dlms_twisted.apdu.ciphered import (
    GeneralCiphering,
    GeneralDedCiphering,
    GeneralGloCiphering,
    GloCiphered,
)
from dlms_twisted.apdu.data_notification import DataNotification
from dlms_twisted.apdu.event_notification import EventNotificationRequest
from dlms_twisted.apdu.gateway import GatewayRequest, GatewayResponse
from dlms_twisted.apdu.signing import GeneralSigning
from dlms_twisted.codec.data import Data
from dlms_twisted.codec.limits import DEFAULT_LIMITS, Limits
from dlms_twisted.codec.partial import decode_partly
from dlms_twisted.codec.trace import Span, TracingReader
from dlms_twisted.cosem.reading import Reading
from dlms_twisted.errors import DecodeError, Reason, SecurityError
from dlms_twisted.link.llc import has_llc
from dlms_twisted.security.general import open_general
from dlms_twisted.security.keys import MeterKeys
from dlms_twisted.security.opening import Opened, open_envelope
from dlms_twisted.security.policy import Policy
from dlms_twisted.session.messages import Telegram
from dlms_twisted.translate.message import Failure, Message, Section

__all__ = ["Interpret", "Keyring", "Unwrapper"]

#: Gives the keys of a system title; of L{None} where the message names none.
Keyring = Callable[[bytes | None], MeterKeys | None]
#: Gives the readings of a message.
Interpret = Callable[[Apdu | Data | Telegram], tuple[Reading, ...]]

#: Layers inside of each other; more than any real message has.
_DEEPEST: Final = 16
_CIPHERED: Final = (GloCiphered, GeneralGloCiphering, GeneralDedCiphering, GeneralCiphering)


def _no_readings(_: Apdu | Data | Telegram) -> tuple[Reading, ...]:
    return ()


class Unwrapper:
    """
    Removes what is around APDUs.  Blocks of general block transfer are joined over several payloads.
    """

    def __init__(
        self,
        keyring: Keyring,
        interpret: Interpret = _no_readings,
        salvage: Interpret = _no_readings,
        limits: Limits = DEFAULT_LIMITS,
    ) -> None:
        """
        @param salvage: Gives the readings of what is not whole: only those that name their objects themselves.
        """
        self._keyring = keyring
        self.interpret = interpret
        self.salvage = salvage
        self.limits = limits
        self._blocks: list[bytes] = []
        self._block_message: Message | None = None
        self._client: bytes | None = None
        self._server: bytes | None = None

    def payload(self, octets: bytes, message: Message) -> list[Message]:
        """
        @param octets: What one link frame or several carried; LLC headers are taken off.
        @param message: Holds the link's layers; it becomes the first message.

        @return: the messages in it: none while blocks are missing.
        """
        messages = []
        at = 0
        while True:
            if has_llc(octets[at : at + 3]):
                message.layers.append({"layer": "llc", "header": octets[at : at + 3].hex()})
                at += 3
            used, whole = self._one(octets[at:], message, 0)
            if whole is not None:
                messages.append(whole)
            at += used
            rest = octets[at:]
            if not rest or (whole is not None and whole.error is not None):
                return messages
            if not rest.strip(b"\x00"):
                return messages
            if not (has_llc(rest[:3]) or _begins_apdu(rest)):
                if whole is not None:
                    whole.error = Failure(Reason.TRAILING, f"{len(rest)} octets after the APDU", at)
                return messages
            message = Message()

    def finish(self) -> list[Message]:
        """
        @return: what was begun in blocks and did not end.
        """
        message, self._block_message = self._block_message, None
        if message is None:
            return []
        message.error = Failure(
            Reason.INCOMPLETE, f"{len(self._blocks)} blocks, and no last one", None
        )
        self._blocks = []
        return [message]

    def _one(self, octets: bytes, message: Message, depth: int) -> tuple[int, Message | None]:
        """
        Take one APDU, and what is inside of it.

        @return: how many octets it had, and the message unless it waits for blocks.
        """
        if depth >= _DEEPEST:
            message.error = Failure(Reason.LIMIT, f"more than {_DEEPEST} layers", None)
            return len(octets), message
        if octets[:1] == b"/":
            self._telegram(octets, message)
            return len(octets), message
        reader = TracingReader(octets, limits=self.limits)
        try:
            apdu = registry.read(reader)
        except DecodeError as error:
            if self._bare_body(octets, message):
                return len(octets), message
            spans = reader.spans()
            message.sections.append(Section(_name(octets), octets, spans))
            message.error = Failure.of(error)
            self._partial_push(octets, spans, message)
            return len(octets), message
        used = reader.offset
        message.sections.append(Section(apdu.NAME, octets[:used], reader.spans()))
        if isinstance(apdu, GatewayRequest | GatewayResponse):
            message.layers.append(_layer(apdu, "gateway"))
            return used, self._one(apdu.content, message, depth + 1)[1]
        if isinstance(apdu, GeneralBlockTransfer):
            return used, self._block(apdu, message, depth)
        if isinstance(apdu, _CIPHERED):
            return used, self._ciphered(apdu, message, depth)
        if isinstance(apdu, GeneralSigning):
            message.layers.append(_layer(apdu, "general-signing"))
            return used, self._one(apdu.content, message, depth + 1)[1]
        self._associates(apdu)
        message.apdu = apdu
        message.readings = self.interpret(apdu)
        return used, message

    def _partial_push(self, octets: bytes, spans: tuple[Span, ...], message: Message) -> None:
        """
        A DataNotification whose body is damaged or cut off: what came whole of it is worth reading.
        """
        fields = {span.field: span for span in spans if span.depth == 0}
        body = fields.get("body")
        if octets[0] != DataNotification.TAG or body is None:
            return
        data = decode_partly(octets, body.offset, self.limits).data
        if data is None:
            return
        time = fields["date_time"].octets if "date_time" in fields else b""
        message.apdu = DataNotification(
            int.from_bytes(octets[1:5], "big"), time if len(time) == 12 else None, data
        )
        message.readings = self.salvage(message.apdu)

    def _telegram(self, octets: bytes, message: Message) -> None:
        """
        Take a P1 telegram: text in place of an APDU.
        """
        message.sections.append(Section("p1 telegram", octets, ()))
        try:
            telegram = Telegram.decode(octets)
        except DecodeError as error:
            message.error = Failure.of(error)
            return
        message.layers.append({"layer": "p1", "telegram": octets.decode("latin-1")})
        message.readings = self.interpret(telegram)

    def _bare_body(self, octets: bytes, message: Message) -> bool:
        """
        Some meters push the body without the DataNotification round it: an array or a structure.

        @return: was it one?
        """
        if octets[:1] not in (b"\x01", b"\x02"):
            return False
        reader = TracingReader(octets, limits=self.limits)
        try:
            message.data = reader.data("body")
            reader.finish()
        except DecodeError:
            message.data = None
            return False
        message.sections.append(Section("data", octets, reader.spans()))
        message.readings = self.interpret(message.data)
        return True

    def _block(self, block: GeneralBlockTransfer, message: Message, depth: int) -> Message | None:
        layer = _layer(block, "general-block-transfer")
        if block.block_number > 1 and self._block_message is None:
            message.layers.append(layer)
            message.error = Failure(Reason.INCOMPLETE, "the blocks before this are missing", None)
            return message
        if self._block_message is None or block.block_number <= 1:
            self._blocks = []
            self._block_message = message
        else:
            self._block_message.layers += message.layers
            self._block_message.sections += message.sections
        message = self._block_message
        message.layers.append(layer)
        if block.block_data:
            self._blocks.append(block.block_data)
        joined = b"".join(self._blocks)
        if not block.last_block and not _whole(joined):
            return None
        self._blocks, self._block_message = [], None
        return self._one(joined, message, depth + 1)[1]

    def _associates(self, apdu: Apdu) -> None:
        """
        Who opens an association, or agrees to it, says the title that its later messages do not repeat.
        """
        if isinstance(apdu, AARQ):
            self._client, self._server = apdu.calling_ap_title, None
        elif isinstance(apdu, AARE):
            self._server = apdu.responding_ap_title

    def _keys(self, title: bytes | None) -> MeterKeys:
        """
        @return: the keys of a title; of the other side of its association, where it has none of its own.
        """
        keys = self._keyring(title)
        if keys is None and title is not None and title == self._client:
            keys = self._keyring(self._server)
        return MeterKeys(policy=Policy.NONE) if keys is None else keys

    def _ciphered(self, apdu: Any, message: Message, depth: int) -> Message:
        layer = _layer(apdu, apdu.NAME if apdu.TAG in _GENERAL_TAGS else _service_name(apdu))
        layer["authenticated"] = None
        message.layers.append(layer)
        envelope = apdu.envelope
        title = envelope.system_title or getattr(apdu, "originator_system_title", b"") or None
        if title is None:
            title = self._client if "request" in layer["layer"] else self._server
        keys = self._keys(title)
        try:
            opened: Opened
            if isinstance(apdu, GeneralCiphering):
                opened = open_general(envelope, keys, title or b"", policy=Policy.NONE)
            else:
                opened = open_envelope(envelope, keys, title or b"", policy=Policy.NONE)
        except SecurityError as error:
            if error.reason is Reason.BAD_TAG:
                layer["authenticated"] = False
            message.error = Failure.of(error)
            return message
        except DecodeError as error:
            message.error = Failure.of(error)
            return message
        if not layer.get("system_title"):
            layer["system_title"] = opened.title.hex()
        layer["authenticated"] = opened.authenticated or None
        layer["plaintext"] = opened.plaintext.hex()
        whole = self._one(opened.plaintext, message, depth + 1)[1]
        return message if whole is None else whole


_GENERAL_TAGS: Final = {GeneralGloCiphering.TAG, GeneralDedCiphering.TAG, GeneralCiphering.TAG}


def _service_name(apdu: GloCiphered) -> str:
    name = apdu.to_json()["apdu"]
    assert isinstance(name, str)
    return name


def _layer(apdu: Apdu, name: str) -> dict[str, Any]:
    """
    @return: the fields of a layer, without what it carries.
    """
    form = {
        key: value
        for key, value in apdu.to_json().items()
        if key not in {"apdu", "content", "payload", "block_data"}
    }
    return {"layer": name, **form}


def _name(octets: bytes) -> str:
    try:
        return registry.apdu_class(octets).NAME or "apdu"
    except DecodeError:
        return "octets"


def _begins_apdu(octets: bytes) -> bool:
    try:
        return registry.apdu_class(octets) in (
            DataNotification,
            EventNotificationRequest,
            GeneralGloCiphering,
            GeneralBlockTransfer,
        )
    except DecodeError:
        return False


def _whole(joined: bytes) -> bool:
    """
    Do joined blocks make a whole ciphered APDU?  Some meters never set the last-block bit of those.
    """
    if not joined or joined[0] not in _GENERAL_TAGS:
        return False
    reader = TracingReader(joined)
    try:
        registry.read(reader)
    except DecodeError:
        return False
    return reader.offset == len(joined)
