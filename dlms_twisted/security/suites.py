"""
The security suites and the security control octet (04, sections 1 and 2).
"""

from __future__ import annotations

from typing import Final, NamedTuple

from dlms_twisted.errors import Reason, SecurityError

__all__ = [
    "AUTHENTICATED",
    "BROADCAST",
    "COMPRESSED",
    "ENCRYPTED",
    "SUITES",
    "SUITE_MASK",
    "TAG_LENGTH",
    "TITLE_LENGTH",
    "Suite",
    "security_control",
    "suite",
]

#: Masks of the security control octet.
SUITE_MASK: Final = 0x0F
AUTHENTICATED: Final = 0x10
ENCRYPTED: Final = 0x20
BROADCAST: Final = 0x40
COMPRESSED: Final = 0x80

#: Octets of a GCM tag, in every suite.
TAG_LENGTH: Final = 12
#: Octets of a system title.
TITLE_LENGTH: Final = 8


class Suite(NamedTuple):
    """
    One security suite.

    @ivar id: 0, 1 or 2, the low four bits of the security control octet.
    @ivar key_length: Octets of an encryption, authentication or master key.
    @ivar coordinate: Octets of one coordinate of the curve, and of a private key; 0 where the suite has none.
    @ivar hash_name: For C{hashlib}; empty where the suite has none.
    """

    id: int
    key_length: int
    coordinate: int
    hash_name: str


#: Suite 0 is AES-GCM-128 alone; 1 adds P-256 and SHA-256; 2 is AES-GCM-256, P-384 and SHA-384.
SUITES: Final = (
    Suite(0, 16, 0, ""),
    Suite(1, 16, 32, "sha256"),
    Suite(2, 32, 48, "sha384"),
)


def suite(control: int) -> Suite:
    """
    @param control: A suite's number or a security control octet.

    @raise SecurityError: C{unsupported}: there is no such suite.
    """
    number = control & SUITE_MASK
    if number >= len(SUITES):
        raise SecurityError(Reason.UNSUPPORTED, f"security suite {number}")
    return SUITES[number]


def security_control(
    *,
    suite: int = 0,
    authenticated: bool = True,
    encrypted: bool = True,
    broadcast: bool = False,
) -> int:
    """
    @return: the octet: C{0x30} for suite 0, authenticated and encrypted.
    """
    return (
        suite
        | (AUTHENTICATED if authenticated else 0)
        | (ENCRYPTED if encrypted else 0)
        | (BROADCAST if broadcast else 0)
    )
