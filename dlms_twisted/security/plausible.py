"""
Does deciphered text look like a message?  The only judge of a wrong key where there is no tag to check.
"""

from __future__ import annotations

from typing import Final

__all__ = ["PLAIN_TAGS", "plausible"]

#: First octets of what is enciphered in the field: xDLMS APDUs (03, section 1), layers of the general forms, blocks,
#: the gateway prefix, and C{/} of a P1 telegram.
PLAIN_TAGS: Final = frozenset(
    (
        *(0x01, 0x05, 0x06, 0x08, 0x0C, 0x0D, 0x0E, 0x0F, 0x10, 0x16, 0x18),
        *(0xC0, 0xC1, 0xC2, 0xC3, 0xC4, 0xC5, 0xC7),
        *(0xD8, 0xD9, 0xDA, 0xDB, 0xDC, 0xDD, 0xDF, 0xE0, 0xE6, 0xE7),
        0x2F,
    )
)

#: Second octets: choices, presence octets, counts, lengths of titles, letters of a manufacturer.
_SECOND: Final = {
    0x01: range(2),
    0x05: range(0x80),
    0x06: range(0x80),
    0x08: range(2),
    0x0C: range(0x80),
    0x0D: range(0x80),
    0x0E: (1, 5, 6),
    0x16: range(0x80),
    0x18: range(0x80),
    0x2F: range(0x41, 0x7B),
    0xC0: range(1, 4),
    0xC1: range(1, 6),
    0xC2: (0x00, 0x01, 0x09, 0x0C),
    0xC3: range(1, 7),
    0xC4: range(1, 4),
    0xC5: range(1, 6),
    0xC7: range(1, 5),
    0xD8: range(1, 4),
    0xDB: (0, 8),
    0xDC: (0, 8),
}
#: What follows the invoke-id of a data-notification: no date-time, a length, or a tag (field notes, 2.C).
_TIME_FORMS: Final = frozenset((0x00, 0x09, 0x0C, 0x19))


def plausible(plaintext: bytes) -> bool:
    """
    Could these octets be an APDU or a P1 telegram?

    A right key passes; a wrong one passes about once in thirty times, and then decoding fails.
    """
    if not plaintext or plaintext[0] not in PLAIN_TAGS:
        return False
    tag = plaintext[0]
    if tag == 0x0F:
        return len(plaintext) > 5 and plaintext[5] in _TIME_FORMS
    second = _SECOND.get(tag)
    return second is None or (len(plaintext) > 1 and plaintext[1] in second)
