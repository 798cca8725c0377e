"""
Keys and titles as people paste them.

They come with spaces, colons, C{0x}, as a C array, and as the hex of hex: 64 digits that spell 32 ASCII hex digits.
No message holds what was pasted.
"""

from __future__ import annotations

import re
from typing import Final

from dlms_twisted.errors import ConfigurationError
from dlms_twisted.security.keys import ReplayMode
from dlms_twisted.security.policy import Policy

__all__ = [
    "KEY_LENGTHS",
    "parse_key",
    "parse_octets",
    "parse_policy",
    "parse_replay",
    "parse_title",
]

#: Octets that a field may have (04, section 1): symmetric keys have 16 in suites 0 and 1, 32 in suite 2; private keys
#: are one coordinate of the curve, public keys two.
KEY_LENGTHS: Final = {
    "encryption_key": (16, 32),
    "authentication_key": (16, 32),
    "broadcast_key": (16, 32),
    "pending_encryption_key": (16, 32),
    "pending_authentication_key": (16, 32),
    "dedicated_key": (16, 32),
    "master_key": (16, 32),
    "agreement_private_key": (32, 48),
    "agreement_public_key": (64, 96),
    "signing_private_key": (32, 48),
    "signing_public_key": (64, 96),
}

_SEPARATORS: Final = re.compile(r"[\s:,;_\-{}\"']+")
_DIGITS: Final = re.compile(r"[0-9A-Fa-f]*")
_ASCII_DIGITS: Final = re.compile(rb"[0-9A-Fa-f]+")


def parse_octets(text: str, field: str, lengths: tuple[int, ...]) -> bytes:
    """
    @param field: How the error calls it.
    @param lengths: How many octets there may be.

    @raise ConfigurationError: not hexadecimal, or of another length.
    """
    parts = (part.removeprefix("0x").removeprefix("0X") for part in _SEPARATORS.split(text))
    digits = "".join(parts)
    wanted = " or ".join(str(length) for length in lengths)
    if not _DIGITS.fullmatch(digits):
        raise ConfigurationError(
            f"{field}: not hexadecimal; {wanted} octets wanted, two hex digits each"
        )
    if len(digits) % 2:
        raise ConfigurationError(f"{field}: {len(digits)} hex digits; {wanted} octets wanted")
    octets = bytes.fromhex(digits)
    if len(octets) // 2 in lengths and _ASCII_DIGITS.fullmatch(octets):
        octets = bytes.fromhex(octets.decode("ascii"))
    if len(octets) not in lengths:
        raise ConfigurationError(f"{field}: {len(octets)} octets; {wanted} octets wanted")
    return octets


def parse_key(text: str, field: str) -> bytes:
    """
    @param field: Its name, or a dotted name that ends with it: one of L{KEY_LENGTHS}, otherwise taken for a
        symmetric key.

    @raise ConfigurationError: it is no key; the message names the field.
    """
    return parse_octets(text, field, KEY_LENGTHS.get(field.rpartition(".")[2], (16, 32)))


def parse_title(text: str, field: str = "system_title") -> bytes:
    """
    @return: the eight octets of a system title.

    @raise ConfigurationError: it is none.
    """
    return parse_octets(text, field, (8,))


def parse_policy(text: str, field: str = "policy") -> Policy:
    """
    @raise ConfigurationError: there is no such policy.
    """
    try:
        return Policy.parse(text)
    except ConfigurationError as error:
        message = str(error).removeprefix("policy: ")
    raise ConfigurationError(f"{field}: {message}")


def parse_replay(text: str, field: str = "replay") -> ReplayMode:
    """
    @raise ConfigurationError: there is no such mode.
    """
    word = text.strip().lower()
    if word not in set(ReplayMode):
        raise ConfigurationError(f"{field}: window, strict or off wanted")
    return ReplayMode(word)
