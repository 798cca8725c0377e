"""
What a record holds: from the octets as they arrived, or the plaintext kept beside them, to a message.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, cast

from dlms_twisted.codec.layout import LayoutCache
from dlms_twisted.errors import DecodeError, RemoteProtocolError
from dlms_twisted.link.auto import push_link
from dlms_twisted.link.problems import Problem
from dlms_twisted.security.policy import Policy
from dlms_twisted.session.messages import Message, is_notification, read_message
from dlms_twisted.session.notification import (
    Incoming,
    Notification,
    Outer,
    Reassembly,
    open_notification,
)
from dlms_twisted.store.record import ACCEPTED, Record

__all__ = ["message_of", "outers_of"]

_WRAPPER: Final = b"\x00\x01"
_HEADER: Final = 8
_PEER: Final = "record"


def message_of(record: Record, layouts: LayoutCache | None = None) -> Message | None:
    """
    @param layouts: Learned layouts, for speed.

    @return: what an accepted record holds; L{None} for a refused one, and where it cannot be decoded.
    """
    if record.outcome != ACCEPTED:
        return None
    if record.plain is not None:
        try:
            message = read_message(record.plain, layouts)
        except DecodeError:
            return None
        return cast("Message", message) if is_notification(message) else None
    found = None
    for outer in outers_of(record, layouts):
        one = open_notification(outer, None, None, policy=Policy.NONE, layouts=layouts)
        if isinstance(one, Notification):
            if record.raw.endswith(one.apdu):
                # Where several messages share their frames, this is the one that needed no plaintext beside them.
                return one.message
            found = found or one
    return None if found is None else found.message


def outers_of(record: Record, layouts: LayoutCache | None = None) -> Iterator[Outer]:
    """
    Cut the octets of a record anew, as they were cut when they came: frames, blocks, APDUs.

    @return: each whole APDU in them, its outermost layer cut but not opened.
    """
    reassembly = Reassembly(layouts=layouts)
    for payload, raw in _payloads(record.medium, record.raw):
        for found in reassembly.outer(Incoming(payload, raw, _PEER), 0.0):
            if isinstance(found, Outer):
                yield found


def _payloads(medium: str, raw: bytes) -> Iterator[tuple[bytes, bytes]]:
    if (
        medium == "wrapper"
        and raw[:2] == _WRAPPER
        and len(raw) - _HEADER == int.from_bytes(raw[6:8], "big")
    ):
        yield raw[_HEADER:], raw
        return
    try:
        link = push_link(medium)
    except ValueError:
        link = push_link("auto")
    try:
        link.receive_data(raw, 0.0)
        link.end()
        while (event := link.next_event()) is not None:
            if not isinstance(event, Problem):
                yield event.octets, event.raw
    except RemoteProtocolError:
        return
