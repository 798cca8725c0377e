"""
Octets as people paste them: hex in many dresses, hex dumps, base64.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Final

from dlms_twisted.errors import DecodeError

__all__ = ["octets_of"]

_HEX_PAIR: Final = re.compile(r"[0-9A-Fa-f]{2}")
#: "0000: 7e a0 |ascii|" and "00000010 7e a0": an offset, then pairs, then perhaps the octets as text.
_DUMP_LINE: Final = re.compile(
    r"^\s*(?:0x)?(?P<offset>[0-9A-Fa-f]{4,8})(?P<colon>:?)\s+"
    r"(?P<octets>(?:[0-9A-Fa-f]{2,4}\s{1,2})*[0-9A-Fa-f]{2,4})(?:\s{2,}.*|\s+\|.*)?\s*$"
)
#: What log programs put before a line: a date, a time, a level or a direction in brackets.
_STAMP: Final = re.compile(
    r"^\s*(?:"
    r"\[[^\]]*\]\s*"
    r"|\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?[\s:,]+"
    r"|\d{1,2}[./]\d{1,2}[./]\d{2,4}[ ,]+\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?[\s:,]+"
    r"|\d\d:\d\d:\d\d(?:[.,]\d+)?[\s:,]+"
    r"|(?:TX|RX|SEND|RECV|OUT|IN|DEBUG|INFO|WARN|WARNING|ERROR)\s*[:>]?\s+"
    r"|(?:->|<-|=>|<=|>>|<<|>|<)\s*"
    r")",
    re.IGNORECASE,
)
_DRESS: Final = re.compile(r"0[xX]|\\[xX]|[\s:,;.\-_\"'(){}\[\]<>|]|^b(?=['\"])")
_BASE64: Final = re.compile(r"[A-Za-z0-9+/_\-\s]+={0,2}\s*")


def octets_of(text: str) -> bytes:
    """
    Understand pasted octets: hex digits with spaces, C{0x}, C{\\x}, colons, commas, quotes and newlines; a hex dump
    with offsets; lines with time stamps or directions before the hex; base64.

    @raise DecodeError: none of these; the offset counts characters.
    """
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines:
        raise DecodeError("no octets", 0)
    dump = _dump(lines)
    if dump is not None:
        return dump
    plain = "".join(_DRESS.sub("", _unstamped(line)) for line in lines)
    if _is_hex(plain):
        return bytes.fromhex(plain)
    coded = _base64(text)
    if coded is not None:
        return coded
    raise _wrong(text, plain)


def _is_hex(text: str) -> bool:
    return bool(text) and len(text) % 2 == 0 and all(c in "0123456789abcdefABCDEF" for c in text)


def _unstamped(line: str) -> str:
    while (match := _STAMP.match(line)) is not None and match.end():
        if not _HEX_PAIR.search(line, match.end()):
            break
        line = line[match.end() :]
    return line


def _dump(lines: list[str]) -> bytes | None:
    """
    @return: the octets of a hex dump whose offsets are right, or L{None}.
    """
    octets = b""
    base: int | None = None
    for line in lines:
        match = _DUMP_LINE.match(line)
        if match is None:
            # xxd and hexdump -C end with the bare total.
            bare = line.strip().rstrip(":").removeprefix("0x")
            if base is not None and line is lines[-1] and _is_total(bare, base + len(octets)):
                continue
            return None
        offset = int(match["offset"], 16)
        if base is None:
            base = offset
        alone = len(lines) == 1 and not match["colon"] and not line.rstrip().endswith("|")
        if offset - base != len(octets) or alone:
            return None
        octets += _dump_octets(match["octets"])
    return octets


def _is_total(text: str, total: int) -> bool:
    try:
        return int(text, 16) == total
    except ValueError:
        return False


def _dump_octets(text: str) -> bytes:
    # Two spaces divide the octets from their text, but hexdump -C also has them in the middle of its sixteen.
    taken = "".join(text.split())[:32]
    return bytes.fromhex(taken if len(taken) % 2 == 0 else taken[:-1])


def _base64(text: str) -> bytes | None:
    if _BASE64.fullmatch(text) is None:
        return None
    plain = "".join(text.split()).replace("-", "+").replace("_", "/")
    if len(plain) < 8:
        return None
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except binascii.Error:
        return None


def _wrong(text: str, plain: str) -> DecodeError:
    for offset, character in enumerate(text):
        if not (character in "0123456789abcdefABCDEFxX" or _DRESS.match(character)):
            return DecodeError("hex or base64 wanted", offset)
    return DecodeError(f"an even number of hex digits wanted, not {len(plain)}", len(text))
