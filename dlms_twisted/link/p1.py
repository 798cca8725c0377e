"""
Telegrams of the P1 port: cutting, and the CRC (DSMR P1 companion standard).

A plain telegram is text from C{/} to C{!}, four hexadecimal digits of CRC and a line end; old meters leave the
CRC out.  A ciphered one is a general-glo-ciphering APDU without any frame around it, cut by its own length
header.  Some meters send the identification line first, and then the APDU without its tag.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from dlms_twisted.link.problems import Problem, ProblemKind
from dlms_twisted.link.push import Payload, PushBase
from dlms_twisted.link.scanner import StreamScanner

__all__ = ["P1Decoder", "P1PushLink", "Telegram", "ciphered_length", "telegram_crc"]

#: Most octets of one telegram.
MAX_TELEGRAM: Final = 16384

_MAX_IDENTIFICATION: Final = 128
_GENERAL_GLO: Final = 0xDB
_SLASH: Final = 0x2F

_starts: Final = re.compile(rb"[/\xdb]").search
#: The end of a telegram, or the line end before the next one.
_ends: Final = re.compile(
    rb"!(?:([0-9A-Fa-f]{4})\r?\n|\r?\n|(?=/))|\n(?=/[A-Za-z]{3}[^\r\n])"
).search
_identified: Final = re.compile(rb"/[A-Za-z]{3}[^\r\n]*\r?\n(?:\r?\n)?").match
_text: Final = re.compile(rb"[\x02\x03\t\r\n\x20-\x7e]*").fullmatch


def _crc_table() -> tuple[int, ...]:
    table = []
    for octet in range(256):
        register = octet
        for _ in range(8):
            register = register >> 1 ^ (0xA001 if register & 1 else 0)
        table.append(register)
    return tuple(table)


_TABLE: Final = _crc_table()


def telegram_crc(octets: bytes) -> int:
    """
    CRC-16 of a telegram, from C{/} to C{!} inclusive (polynomial x16+x15+x2+1, turned, starting with 0).
    """
    register = 0
    table = _TABLE
    for octet in octets:
        register = register >> 8 ^ table[(register ^ octet) & 0xFF]
    return register


def ciphered_length(octets: bytes | bytearray, offset: int) -> int:
    """
    How long is the general-glo-ciphering whose I{system title length} is at C{offset} (behind the tag)?

    @return: octets from C{offset} to its end; 0 if it is none; -1 if C{octets} end before that can be said.
    """
    have = len(octets) - offset
    if have < 1:
        return -1
    title = octets[offset]
    if title not in {0, 8}:
        return 0
    position = offset + 1 + title
    if have < title + 2:
        return -1
    first = octets[position]
    width = first - 0x80 if first > 0x80 else 0
    if first == 0x80 or width > 4:
        return 0
    head = position + 1 + width
    if len(octets) <= head:
        return -1
    length = int.from_bytes(octets[position + 1 : head], "big") if width else first
    control = octets[head]
    # Ciphered at least, suite 0 to 2, and neither broadcast nor compression.
    if length < 5 or not control & 0x20 or control & 0x0F > 2 or control & 0xC0:
        return 0
    return 2 + title + width + length


class Telegram(NamedTuple):
    """
    One telegram.

    @ivar octets: The text as sent, or the APDU from its tag on.
    @ivar raw: As received.
    @ivar ciphered: It is an APDU.
    """

    octets: bytes
    raw: bytes
    ciphered: bool


class P1Decoder(StreamScanner):
    """
    Cuts a stream into telegrams; it never raises, and what is wrong is counted in C{stats}.

    A text whose CRC is wrong is C{bad-checksum}; so is one without a CRC that holds octets which are no
    text.  Line ends and zeros between telegrams are nothing.
    """

    __slots__ = ("_ciphered", "_searched")

    def __init__(self, *, ciphered: bool = True) -> None:
        """
        @param ciphered: Look for ciphered telegrams too, which nothing but their header shows.
        """
        super().__init__()
        self._ciphered = ciphered
        #: How far the telegram at the offset was searched for its end.
        self._searched = 0

    @property
    def waiting(self) -> bool:
        """
        Is something held that more octets, or L{give_up}, must bring to an end?
        """
        return self.held > 0

    def next_event(self) -> Telegram | Problem | None:
        """
        @return: the next telegram or rejected octets, in the order of the stream; C{None} until more data
            came.
        """
        buffer = self._buffer
        while True:
            start = self._offset
            if self._run and self._run_is_over():
                return self._end_run()
            if start == len(buffer):
                break
            octet = buffer[start]
            if octet == _SLASH:
                end = self._text_end(start)
            elif octet == _GENERAL_GLO and self._ciphered:
                end = self._ciphered_end(start + 1)
            else:
                self._skip(start)
                continue
            if end < 0:
                break
            if self._run:
                if end:
                    return self._end_run()
                self._skip(start)
            elif end == 0:
                self._skip(start)
            elif (event := self._cut(start, end)) is not None:
                return event
        self._forget()
        return None

    def give_up(self) -> Telegram | Problem | None:
        """
        Wait no longer for the rest of what has begun: search on in what came of it.

        Call it when the line was quiet for much longer than between two octets, then ask L{next_event}.

        @return: octets that were held as no part of a telegram, or a text that ends with C{!} and nothing
            behind, which is one after all; C{None} if there is neither.
        """
        if self._run:
            self._region = 0
            return self._end_run()
        if not self.held:
            return None
        if self._buffer.endswith(b"!") and self._buffer[self._offset] == _SLASH:
            return self._cut(self._offset, len(self._buffer))
        self._searched = 0
        self._begin_run(ProblemKind.INCOMPLETE, len(self._buffer))
        return None

    def _text_end(self, start: int) -> int:
        # Where the telegram ends, or is cut off by the next; 0 for no telegram, -1 for more octets.
        buffer = self._buffer
        head = bytes(buffer[start : start + 5])
        if len(head) < 5:
            return -1 if head[1:4].isalpha() or len(head) < 2 else 0
        if not head[1:4].isalpha():
            return 0
        found = buffer.find(b"\n", start, start + _MAX_IDENTIFICATION)
        if found < 0:
            return -1 if len(buffer) - start < _MAX_IDENTIFICATION else 0
        return self._after_identification(start)

    def _after_identification(self, start: int) -> int:
        buffer = self._buffer
        matched = _identified(buffer, start)
        if matched is None:
            return 0
        body = matched.end()
        if body == len(buffer) or (buffer[body] == 0x0D and body + 1 == len(buffer)):
            return -1
        if self._ciphered and buffer[body] in {0x00, _GENERAL_GLO}:
            return self._ciphered_end(body + (buffer[body] == _GENERAL_GLO))
        search = max(body, start + self._searched)
        stop = min(len(buffer), start + MAX_TELEGRAM)
        found = _ends(buffer, search, stop)
        if found is not None:
            return found.end()
        if stop < len(buffer):
            return stop
        # An end that has come in part must be seen again.
        self._searched = max(0, len(buffer) - start - 8)
        return -1

    def _ciphered_end(self, position: int) -> int:
        length = ciphered_length(self._buffer, position)
        if length <= 0:
            return length
        if length > MAX_TELEGRAM:
            return 0
        end = position + length
        return end if end <= len(self._buffer) else -1

    def _cut(self, start: int, end: int) -> Telegram | Problem | None:
        self._searched = 0
        raw = bytes(self._buffer[start:end])
        matched = None if raw[0] == _GENERAL_GLO else _identified(raw)
        if matched is None or (self._ciphered and raw[matched.end()] in {0x00, _GENERAL_GLO}):
            return self._good(raw, self._apdu(raw, matched.end() if matched else 0), True)
        found = _ends(raw[-7:] + b"/")
        if found is None:
            kind = ProblemKind.INCOMPLETE
        elif self._is_right(raw, found.group(1)):
            return self._good(raw, raw, False)
        else:
            kind = ProblemKind.BAD_CHECKSUM
        inside = raw.rfind(b"/", 1)
        region = start + inside if inside > 0 and raw[inside + 1 : inside + 4].isalpha() else end
        self._begin_run(kind, region)
        self._take(region)
        return None

    def _apdu(self, raw: bytes, start: int) -> bytes:
        return raw[start:] if raw[start] == _GENERAL_GLO else b"\xdb" + raw[start:]

    def _is_right(self, raw: bytes, digits: bytes | None) -> bool:
        if digits is None:
            return _text(raw) is not None
        return telegram_crc(raw[: raw.rindex(b"!") + 1]) == int(digits, 16)

    def _good(self, raw: bytes, octets: bytes, ciphered: bool) -> Telegram:
        self._offset += len(raw)
        self.stats.frames += 1
        return Telegram(octets, raw, ciphered)

    def _skip(self, start: int) -> None:
        # Foreign up to where a telegram may begin; line ends and zeros between telegrams are not.
        self._searched = 0
        if not self._run and self._buffer[start] in b"\r\n\x00":
            self._offset += 1
            return
        found = _starts(self._buffer, start + 1)
        self._take(found.start() if found else len(self._buffer))


class P1PushLink(PushBase):
    """
    The reading end of a P1 port (see L{dlms_twisted.link.push.PushLink}).
    """

    medium = "p1"

    def __init__(self, *, ciphered: bool = True) -> None:
        """
        @param ciphered: See L{P1Decoder}.
        """
        super().__init__(P1Decoder(ciphered=ciphered))

    def _frame(self, frame: Telegram) -> None:
        self._ready.append(Payload(frame.octets, frame.raw, b"", "p1"))
