"""
Which framing octets have, judged by their beginning.
"""

from __future__ import annotations

from typing import Final

from dlms_twisted.link.llc import has_llc
from dlms_twisted.link.p1 import ciphered_length

__all__ = ["MEDIA", "detect", "looks_like_apdu"]

#: What a push link can be made for, beside C{auto}.
MEDIA: Final = ("wrapper", "hdlc", "mbus", "p1", "apdu")

#: First octets of APDUs that stand alone: push, ciphered, block transfer, gateway, association, services.
_APDU_TAGS: Final = frozenset(
    [0x0F, 0x10, 0x18, *range(0x60, 0x64), *range(0xC0, 0xE1), 0xE6, 0xE7]
)


def _starts_hdlc(octets: bytes) -> bool:
    behind = octets.lstrip(b"\x7e")
    return len(behind) < len(octets) and len(behind) > 0 and behind[0] & 0xF0 == 0xA0


def _starts_mbus(octets: bytes) -> bool:
    return len(octets) > 3 and octets[0] == octets[3] == 0x68 and octets[1] == octets[2]


def _starts_wrapper(octets: bytes) -> bool:
    return len(octets) >= 8 and octets[:2] == b"\x00\x01"


def _starts_p1(octets: bytes) -> bool:
    if octets[:1] == b"/":
        return octets[1:4].isalpha() and len(octets) > 4
    # A general-glo-ciphering as P1 ports send it: a title of eight octets, a length of two.
    return octets[:2] == b"\xdb\x08" and octets[10:11] == b"\x82" and ciphered_length(octets, 1) > 0


_BEGINNINGS: Final = (
    ("hdlc", _starts_hdlc),
    ("mbus", _starts_mbus),
    ("wrapper", _starts_wrapper),
    ("p1", _starts_p1),
)


def looks_like_apdu(octets: bytes) -> bool:
    """
    Do these octets begin like an APDU without any framing, perhaps with an LLC header?
    """
    return bool(octets) and (octets[0] in _APDU_TAGS or has_llc(octets))


def detect(octets: bytes) -> str | None:
    """
    Judge by the beginning only.

    @param octets: A capture, or the first octets of one; 16 are always enough.

    @return: one of L{MEDIA}; C{None} if it is none of them, or too short to say.
    """
    for medium, starts in _BEGINNINGS:
        if starts(octets):
            return medium
    return "apdu" if looks_like_apdu(octets) else None
