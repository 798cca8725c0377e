"""
What the journal keeps: one message as it arrived, with what was found out about it.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["ACCEPTED", "REFUSED", "Position", "Record", "StoredRecord", "checked_id"]

#: L{Record.outcome} of a message whose content is a reading.
ACCEPTED = "accepted"
#: L{Record.outcome} of a message that is only kept raw, in the quarantine.
REFUSED = "refused"


class Record(NamedTuple):
    """
    A message on its way into the journal.

    @ivar received_at: When its last octet came, in microseconds since 1970 UTC.
    @ivar source: The port it came in by, for example C{"udp:4059"}.
    @ivar peer: Who sent it, for example C{"192.0.2.1:50000"}.
    @ivar medium: C{"wrapper"}, C{"hdlc"}, C{"mbus"}, C{"p1"} or C{"apdu"}.
    @ivar outcome: L{ACCEPTED} or L{REFUSED}.
    @ivar reason: Why it was refused (a value of L{dlms_twisted.errors.Reason}), else L{None}.
    @ivar title: The sender's system title, 8 octets, or L{None} where there is none.
    @ivar epoch: The epoch of the key that opened it, 8 hex digits.
    @ivar counter: Its invocation counter.
    @ivar authenticated: Was the tag verified?  L{None}: not ciphered.
    @ivar raw: The octets as they arrived, link layer included.
    @ivar plain: The plaintext APDU, where it is not what C{raw} shows.
    @ivar meter: The configured name of the meter, or L{None}.
    @ivar time: The 12 octets of the notification's date-time.
    @ivar checked: Was it checked against a replay window?  Then title, epoch and counter identify it;
        any other record gets a random identity when it is appended.
    @ivar detail: Why it was refused, in words that hold no received data.
    """

    received_at: int
    source: str
    peer: str
    medium: str
    outcome: str
    reason: str | None
    title: bytes | None
    epoch: str | None
    counter: int | None
    authenticated: bool | None
    raw: bytes
    plain: bytes | None
    meter: str | None
    time: bytes | None
    checked: bool
    detail: str | None


class Position(NamedTuple):
    """
    A place in one series of segments; later places compare greater.

    @ivar number: Which segment.
    @ivar seq: Which row of it; 0 is before the first.
    """

    number: int
    seq: int


class StoredRecord(NamedTuple):
    """
    A record as it was read from a segment.

    @ivar id: What identifies it for ever.
    @ivar record: The record.
    @ivar repeat_of: The identity of an earlier record of which this one is probably a repeat.
    @ivar origin: For a record decoded again from the quarantine: the identity it had there.
    @ivar settled: For a record of the quarantine: the identity of the accepted record that was made of it,
        or why none will ever be; L{None}: still waiting for a key.
    @ivar series: The series of the segment.
    @ivar position: Where it is.
    """

    id: str
    record: Record
    repeat_of: str | None
    origin: str | None
    settled: str | None
    series: str
    position: Position


def checked_id(title: bytes | None, epoch: str | None, counter: int | None) -> str:
    """
    @return: the identity of a replay-checked record: the same message has the same one, whenever it comes.
    """
    return f"{(title or b'').hex()}-{epoch}-{counter}"
