"""
Mode E of IEC 62056-21: the sign-on at 300 baud after which a line carries HDLC.

The client asks C{/?!}, the meter says who it is and how fast it can be, the client selects protocol and speed,
the meter repeats that, and both change to that speed and to eight bits without parity.
"""

from __future__ import annotations

import re
from collections import deque
from enum import Enum
from typing import Final, NamedTuple

from dlms_twisted.errors import DecodeError, EncodeError, LocalProtocolError

__all__ = [
    "BAUDRATES",
    "HDLC_BITS",
    "OPENING",
    "Identification",
    "LineSettings",
    "SetLine",
    "SignOn",
    "SignOnEvent",
    "SignOnFailed",
    "SignOnState",
    "SignedOn",
    "parse_identification",
    "request_message",
    "select_message",
]

#: Baud rates by identification character (IEC 62056-21, mode C and E).
BAUDRATES: Final = {"0": 300, "1": 600, "2": 1200, "3": 2400, "4": 4800, "5": 9600, "6": 19200}
#: Longest line of the sign-on that is waited for, in octets.
_MAX_LINE: Final = 128
#: Bits of one character on the line: start, seven, parity, stop.
_BITS: Final = 10

_identification: Final = re.compile(rb"/([A-Za-z]{3})(.)((?:\\[^\r\n])*)([^\r\n]*)\r?\n").search


class LineSettings(NamedTuple):
    """
    How a serial line runs.

    @ivar baudrate: Bits in a second.
    @ivar bits: Data bits, 7 or 8.
    @ivar parity: C{N}, C{E} or C{O}.
    @ivar stop: Stop bits.
    """

    baudrate: int
    bits: int = 8
    parity: str = "N"
    stop: int = 1


#: How the sign-on begins.
OPENING: Final = LineSettings(300, 7, "E", 1)
#: Data bits and parity once HDLC runs.
HDLC_BITS: Final = (8, "N")


class Identification(NamedTuple):
    """
    What the meter said of itself.

    @ivar manufacturer: Three letters (FLAG identification).
    @ivar baud_character: Its speed, see L{BAUDRATES}.
    @ivar escapes: Characters that stood behind a backslash; C{2} offers HDLC by mode E.
    @ivar text: The rest of the line.
    """

    manufacturer: str
    baud_character: str
    escapes: str
    text: str

    @property
    def offers_hdlc(self) -> bool:
        """
        Does it speak HDLC by mode E?
        """
        return "2" in self.escapes


def request_message(address: str = "") -> bytes:
    """
    @param address: Of the meter, at most 32 characters; empty where there is only one.

    @raise EncodeError: an address that cannot be.
    """
    if len(address) > 32 or not re.fullmatch(r"[0-9A-Za-z ]*", address):
        raise EncodeError("a device address of at most 32 letters and digits wanted")
    return f"/?{address}!\r\n".encode("ascii")


def select_message(baud_character: str, protocol: str = "2") -> bytes:
    """
    @param protocol: C{2} for HDLC; a meter of the field wants C{0} (Apator NORAX).

    @return: the option select message: binary mode at this speed.
    """
    return f"\x06{protocol}{baud_character}2\r\n".encode("ascii")


def parse_identification(line: bytes) -> Identification:
    """
    @param line: With its line end; what stands before the slash is passed over.

    @raise DecodeError: no identification.
    """
    found = _identification(line)
    if found is None:
        raise DecodeError("an identification line wanted", 0)
    manufacturer, character, escaped, text = (part.decode("latin-1") for part in found.groups())
    return Identification(manufacturer, character, escaped[1::2], text)


class SetLine(NamedTuple):
    """
    Change the line, after all that was handed out to be sent has left it.
    """

    settings: LineSettings


class SignedOn(NamedTuple):
    """
    HDLC may begin.

    @ivar confirmed: The meter repeated our selection; some never do.
    @ivar rest: Octets that came behind that already.
    """

    identification: Identification
    baudrate: int
    confirmed: bool
    rest: bytes


class SignOnFailed(NamedTuple):
    """
    No sign-on came about.

    @ivar reason: In words.
    """

    reason: str


SignOnEvent = SetLine | SignedOn | SignOnFailed


class SignOnState(Enum):
    """
    Where the sign-on is.
    """

    IDLE = "idle"
    ASKED = "asked"
    SELECTED = "selected"
    SWITCHING = "switching"
    DONE = "done"
    FAILED = "failed"


class SignOn:
    """
    The client's side of one sign-on.

    @ivar state: Where it is.
    """

    def __init__(
        self,
        *,
        address: str = "",
        max_baudrate: int = 19200,
        switch: bool = True,
        protocol: str = "2",
        insist: bool = True,
        response: float = 3.0,
        confirmation: float = 1.7,
        pause: float = 0.3,
        retries: int = 2,
    ) -> None:
        """
        @param address: Of the meter, empty where there is only one.
        @param max_baudrate: A meter that offers more is asked for this.
        @param switch: Change the line; C{False} where it cannot be changed (a modem, TCP).
        @param protocol: See L{select_message}.
        @param insist: Fail when the meter does not offer HDLC; if not, try it all the same.
        @param response: Seconds to wait for the identification, counted from the last octet.
        @param confirmation: Seconds to wait for the repeated selection before it is taken as given.
        @param pause: Seconds between that and the change of speed.
        @param retries: How often the request is repeated.
        """
        self.state = SignOnState.IDLE
        self._request = request_message(address)
        self._max_baudrate = max_baudrate
        self._switch = switch
        self._protocol = protocol
        self._insist = insist
        self._response = response
        self._confirmation = confirmation
        self._pause = pause
        self._tries_left = retries
        self._selection = b""
        self._echoes = False
        self._buffer = bytearray()
        self._output = bytearray()
        self._events: deque[SignOnEvent] = deque()
        self._deadline: float | None = None
        self._result: SignedOn | None = None

    @property
    def deadline(self) -> float | None:
        """
        When L{time_passed} has something to do.
        """
        return self._deadline

    def start(self, now: float) -> None:
        """
        Ask who is there.

        @raise LocalProtocolError: it was started before.
        """
        if self.state is not SignOnState.IDLE:
            raise LocalProtocolError("a sign-on is started once")
        if self._switch:
            self._events.append(SetLine(OPENING))
        self._ask(now)

    def receive_data(self, data: bytes, now: float) -> None:
        """
        Take octets; parity bits in them are removed until HDLC begins.
        """
        if self.state is SignOnState.ASKED:
            self._buffer += bytes(octet & 0x7F for octet in data)
            self._deadline = now + self._response
            self._read_identification(now)
        elif self.state is SignOnState.SELECTED:
            self._buffer += data
            self._read_confirmation(now)
        elif self.state is SignOnState.SWITCHING and self._result is not None:
            self._result = self._result._replace(rest=self._result.rest + data)

    def data_to_send(self) -> bytes:
        """
        @return: the octets to send now.
        """
        octets = bytes(self._output)
        self._output.clear()
        return octets

    def next_event(self) -> SignOnEvent | None:
        """
        @return: the next event, or C{None}.
        """
        return self._events.popleft() if self._events else None

    def time_passed(self, now: float) -> None:
        """
        Ask again, take the selection as given, change the line, or give up.
        """
        if self._deadline is None or now < self._deadline:
            return
        if self.state is SignOnState.ASKED and self._tries_left > 0:
            self._tries_left -= 1
            self._ask(now)
        elif self.state is SignOnState.ASKED:
            self._fail("no identification")
        elif self.state is SignOnState.SELECTED:
            self._pause_before_switch(now, False, b"")
        else:
            self._finish()

    def _ask(self, now: float) -> None:
        self.state = SignOnState.ASKED
        self._buffer.clear()
        self._output += self._request
        self._deadline = now + self._response + len(self._request) * _BITS / OPENING.baudrate

    def _read_identification(self, now: float) -> None:
        while (end := self._buffer.find(b"\n") + 1) > 0:
            line = bytes(self._buffer[:end])
            del self._buffer[:end]
            if b"/?" in line:
                # An optical head gives back what we said.
                self._echoes = True
                continue
            try:
                identification = parse_identification(line)
            except DecodeError:
                continue
            self._select(identification, now)
            return
        del self._buffer[:-_MAX_LINE]

    def _select(self, identification: Identification, now: float) -> None:
        if self._insist and not identification.offers_hdlc:
            self._fail(f"{identification.manufacturer} does not offer HDLC by mode E")
            return
        offered = BAUDRATES.get(identification.baud_character)
        if offered is None:
            self._fail("a baud rate that mode E does not know")
            return
        fits = [
            name for name, rate in BAUDRATES.items() if rate <= min(offered, self._max_baudrate)
        ]
        character = max(fits, default="0")
        self._selection = select_message(character, self._protocol)
        self._result = SignedOn(identification, BAUDRATES[character], False, b"")
        self._output += self._selection
        self._buffer.clear()
        self.state = SignOnState.SELECTED
        sending = len(self._selection) * 2 * _BITS / OPENING.baudrate
        self._deadline = now + self._confirmation + sending

    def _read_confirmation(self, now: float) -> None:
        # Parity may still be in the octets of the sign-on, but not in what HDLC sends.
        plain = bytes(octet & 0x7F for octet in self._buffer)
        needed = 2 if self._echoes else 1
        if plain[:1] == b"\x15":
            self._fail("the meter refused the selection")
            return
        position = -1
        for _ in range(needed):
            position = plain.find(self._selection, position + 1)
            if position < 0:
                del self._buffer[: -_MAX_LINE * 2]
                return
        self._pause_before_switch(now, True, bytes(self._buffer[position + len(self._selection) :]))

    def _pause_before_switch(self, now: float, confirmed: bool, rest: bytes) -> None:
        if self._result is not None:
            self._result = self._result._replace(confirmed=confirmed, rest=rest)
        self.state = SignOnState.SWITCHING
        self._deadline = now + self._pause

    def _finish(self) -> None:
        self._deadline = None
        result = self._result
        if self.state is not SignOnState.SWITCHING or result is None:
            return
        self.state = SignOnState.DONE
        if self._switch:
            bits, parity = HDLC_BITS
            self._events.append(SetLine(LineSettings(result.baudrate, bits, parity)))
        self._events.append(result)

    def _fail(self, reason: str) -> None:
        self.state = SignOnState.FAILED
        self._deadline = None
        self._events.append(SignOnFailed(reason))
