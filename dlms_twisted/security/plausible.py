"""
Does deciphered text look like a message?  The only judge of a wrong key where there is no tag to check.
"""

from __future__ import annotations

from typing import Final

__all__ = ["PLAIN_TAGS", "plausible"]

#: First octets of what is enciphered in the field: every xDLMS and ACSE APDU (03, section 1), ciphered ones nested
#: within others, the gateway prefix, and C{/} of a P1 telegram.
PLAIN_TAGS: Final = frozenset(
    (
        *(0x01, 0x05, 0x06, 0x08, 0x0C, 0x0D, 0x0E, 0x0F, 0x10, 0x16, 0x18),
        *(0x21, 0x25, 0x26, 0x28, 0x2C, 0x2D, 0x2E, 0x36, 0x38),
        *(0x41, 0x45, 0x46, 0x48, 0x4C, 0x4D, 0x4E, 0x56, 0x58),
        *(0x60, 0x61, 0x62, 0x63),
        *(0xC0, 0xC1, 0xC2, 0xC3, 0xC4, 0xC5, 0xC7),
        *(0xC8, 0xC9, 0xCA, 0xCB, 0xCC, 0xCD, 0xCF),
        *(0xD0, 0xD1, 0xD2, 0xD3, 0xD4, 0xD5, 0xD7),
        *(0xD8, 0xD9, 0xDA, 0xDB, 0xDC, 0xDD, 0xDF, 0xE0, 0xE6, 0xE7),
        0x2F,
    )
)

#: Second octets: the choices that a GET, SET or ACTION has (03, sections 3 to 5).
_CHOICES: Final = {
    0xC0: range(1, 4),
    0xC1: range(1, 6),
    0xC3: range(1, 7),
    0xC4: range(1, 4),
    0xC5: range(1, 6),
    0xC7: range(1, 5),
}
#: What follows the invoke-id of a data-notification: no date-time, a length, or a tag (field notes, 2.C).
_TIME_FORMS: Final = frozenset((0x00, 0x09, 0x0C, 0x19))


def plausible(plaintext: bytes) -> bool:
    """
    Could these octets be an APDU or a P1 telegram?

    A right key always passes; a wrong one passes about once in twenty times, and then decoding fails.
    """
    if not plaintext or plaintext[0] not in PLAIN_TAGS:
        return False
    tag = plaintext[0]
    if tag == 0x0F:
        return len(plaintext) > 5 and plaintext[5] in _TIME_FORMS
    choices = _CHOICES.get(tag)
    return choices is None or (len(plaintext) > 1 and plaintext[1] in choices)
