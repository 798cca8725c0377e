"""
What one link frame holds: one APDU or several, each cut out but not opened.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import TYPE_CHECKING, Final, NamedTuple

from dlms_twisted.apdu.base import Apdu
from dlms_twisted.apdu.block_transfer import GeneralBlockTransfer
from dlms_twisted.apdu.data_notification import DataNotification
from dlms_twisted.apdu.envelope import (
    CIPHERED_TAGS,
    GENERAL,
    Envelope,
    parse_envelope,
    read_envelope,
)
from dlms_twisted.apdu.gateway import GatewayRequest, GatewayResponse
from dlms_twisted.apdu.signing import GeneralSigning
from dlms_twisted.codec.limits import DEFAULT_LIMITS, Limits
from dlms_twisted.codec.reader import Reader
from dlms_twisted.errors import DecodeError, Reason
from dlms_twisted.link.llc import has_llc
from dlms_twisted.security.general import fields_of
from dlms_twisted.session.messages import Telegram, take_message

if TYPE_CHECKING:
    from dlms_twisted.codec.layout import LayoutCache

__all__ = ["Incoming", "Outer", "Refusal", "cut_all", "cut_one"]

_DATA_NOTIFICATION: Final = 0x0F
_TELEGRAM: Final = 0x2F
_BLOCK: Final = GeneralBlockTransfer.TAG
_SIGNED: Final = GeneralSigning.TAG
_GATEWAY: Final = (GatewayRequest.TAG, GatewayResponse.TAG)
_LLC: Final = b"\xe6\xe7\x00"
#: Malformed APDUs of one frame after which the search for the next good one ends.
_MOST_MALFORMED: Final = 8


class Incoming(NamedTuple):
    """
    The payload of one link frame.

    @ivar apdu: What the frame carries, with or without an LLC header.
    @ivar raw: The frame's octets, as they came.
    @ivar peer: Who sent it: blocks of one peer belong together.
    """

    apdu: bytes
    raw: bytes
    peer: Hashable


class Outer(NamedTuple):
    """
    A whole APDU whose outermost layer is cut but not opened.

    @ivar apdu: The APDU, gateway prefix and blocks removed.
    @ivar raw: The octets of all frames that it came in.
    @ivar envelope: Its outermost protection, or C{None} where it is plain or signed.
    @ivar title: Whose key is wanted; C{None} where it does not say.
    @ivar message: What it is, when it is plain.
    """

    apdu: bytes
    raw: bytes
    envelope: Envelope | None
    title: bytes | None
    message: Apdu | Telegram | None = None


class Refusal(NamedTuple):
    """
    Octets that did not become a notification.

    @ivar reason: Why.
    @ivar detail: In words; holds no key and no plaintext.
    @ivar raw: The octets, as they came.
    @ivar title: What the sender claims to be.
    @ivar counter: The invocation counter that it claims.
    @ivar epoch: Of the key that was tried.
    """

    reason: Reason
    detail: str
    raw: bytes
    title: bytes | None = None
    counter: int | None = None
    epoch: str | None = None


def cut_one(
    apdu: bytes,
    raw: bytes,
    layouts: LayoutCache | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> Outer | None:
    """
    The usual frame, fast: one ciphered APDU, one DataNotification or one P1 telegram, and nothing else.

    @return: it, or C{None}: L{cut_all} knows more.
    """
    try:
        tag = apdu[0] if apdu else None
        if tag in CIPHERED_TAGS:
            envelope = parse_envelope(apdu, limits)
            return Outer(apdu, raw, envelope, envelope.system_title or _title_inside(envelope))
        if tag == _DATA_NOTIFICATION:
            message = DataNotification.decode(apdu, limits, layouts=layouts)
            return Outer(apdu, raw, None, None, message)
        if tag == _TELEGRAM:
            return Outer(apdu, raw, None, None, Telegram.decode(apdu))
    except DecodeError:
        pass
    return None


def cut_all(
    apdu: bytes, raw: bytes, limits: Limits = DEFAULT_LIMITS
) -> Iterator[Outer | Refusal | GeneralBlockTransfer]:
    """
    Cut the payload of a link frame into APDUs.

    A frame should hold one; some meters send several in one HDLC frame, with or without an LLC header before each.
    Zeros at the end are padding.  What is malformed costs itself and no more: the next LLC header is searched.

    @param apdu: The payload.

    @param raw: The frame's octets.
    """
    offset = 0
    malformed = 0
    while True:
        start = offset
        headed = has_llc(apdu[offset : offset + 3])
        if headed:
            offset += 3
        if start and not apdu[start:].strip(b"\x00"):
            return
        found: Outer | Refusal | GeneralBlockTransfer
        try:
            reader = Reader(apdu, offset, limits=limits)
            found = _take(reader, raw)
            offset = reader.offset
        except DecodeError as error:
            malformed += 1
            following = apdu.find(_LLC, offset + 1) if malformed < _MOST_MALFORMED else -1
            trailing = start and not headed
            reason = Reason.TRAILING if trailing else Reason.MALFORMED
            found = Refusal(reason, str(error), raw)
            offset = len(apdu) if following < 0 else following
        yield found
        if offset >= len(apdu):
            return


def _take(reader: Reader, raw: bytes) -> Outer | GeneralBlockTransfer:
    """
    Take one APDU of any kind, gateway prefixes removed.
    """
    tag = reader.peek()
    while tag in _GATEWAY:
        reader.octet("tag")
        reader.octet("network_id")
        reader.octets("physical_device_address")
        tag = reader.peek()
    start = reader.offset
    if tag == _BLOCK:
        return GeneralBlockTransfer.read(reader)
    if tag in CIPHERED_TAGS:
        envelope = read_envelope(reader)
        apdu = reader.buffer[start : reader.offset]
        return Outer(apdu, raw, envelope, envelope.system_title or _title_inside(envelope))
    message = take_message(reader)
    apdu = reader.buffer[start : reader.offset]
    if isinstance(message, GeneralSigning):
        return Outer(apdu, raw, None, message.originator_system_title or None)
    return Outer(apdu, raw, None, None, message)


def _title_inside(envelope: Envelope) -> bytes | None:
    """
    British meters leave all titles of general-ciphering empty; theirs stands in the signed APDU inside.
    """
    if envelope.tag != GENERAL:
        return None
    try:
        return fields_of(envelope).originator or None
    except DecodeError:
        return None
