"""
Mode E of IEC 62056-21, the meter's side: it waits at 300 baud, says who it is, and changes to HDLC when it is told to.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable
from enum import Enum
from typing import Final

from dlms_twisted.errors import EncodeError
from dlms_twisted.link.mode_e import (
    BAUDRATES,
    HDLC_BITS,
    OPENING,
    Identification,
    LineSettings,
    SetLine,
    SignedOn,
)

__all__ = ["ServerSignOn", "ServerSignOnState", "identification_message"]

_MAX_LINE: Final = 128
#: Bits of one character on the line.
_BITS: Final = 10
_NAK: Final = b"\x15"
_FLAG: Final = 0x7E
_request: Final = re.compile(rb"/\?([0-9A-Za-z ]{0,32})!\r\n").search
_select: Final = re.compile(rb"\x06(.)(.)(.)\r\n").search


def identification_message(identification: Identification) -> bytes:
    """
    @return: the line in which a meter says who it is.

    @raise EncodeError: a manufacturer of other than three letters, or a speed that mode E does not know.
    """
    said = identification
    if not re.fullmatch(r"[A-Za-z]{3}", said.manufacturer) or said.baud_character not in BAUDRATES:
        raise EncodeError("three letters and a known speed wanted")
    escapes = "".join(f"\\{one}" for one in said.escapes)
    return f"/{said.manufacturer}{said.baud_character}{escapes}{said.text[:16]}\r\n".encode("ascii")


class ServerSignOnState(Enum):
    """
    Where the sign-on is.
    """

    WAITING = "waiting"
    IDENTIFIED = "identified"
    SWITCHING = "switching"
    DONE = "done"


class ServerSignOn:
    """
    The meter's side; it can begin again and again.

    @ivar state: Where it is.
    """

    def __init__(
        self,
        who: Callable[[str], Identification | None],
        *,
        patience: float = 3.0,
        pause: float = 0.05,
        direct: bool = True,
    ) -> None:
        """
        @param who: Called with the address that was asked for, empty for anybody: who answers; C{None} for nobody.
        @param patience: Seconds to wait for the selection.
        @param pause: Seconds between our repeating the selection, and the change of speed.
        @param direct: Take HDLC without a sign-on, too, as by TCP.
        """
        self.state = ServerSignOnState.WAITING
        self._who = who
        self._patience = patience
        self._pause = pause
        self._direct = direct
        self._said: Identification | None = None
        self._baudrate = OPENING.baudrate
        self._buffer = bytearray()
        self._rest = b""
        self._output = bytearray()
        self._events: deque[SetLine | SignedOn] = deque()
        self._deadline: float | None = None

    @property
    def deadline(self) -> float | None:
        """
        When L{time_passed} has something to do.
        """
        return self._deadline

    def start(self) -> None:
        """
        Wait for somebody, from the beginning.
        """
        self.state = ServerSignOnState.WAITING
        self._deadline = None
        self._said = None
        self._rest = b""
        self._buffer.clear()
        self._events.append(SetLine(OPENING))

    def receive_data(self, data: bytes, now: float) -> None:
        """
        Take octets; parity bits in them are removed until HDLC begins.
        """
        if self.state in {ServerSignOnState.SWITCHING, ServerSignOnState.DONE}:
            self._rest += data
            return
        if self._direct and not self._buffer and data[:1] == bytes([_FLAG]):
            self._rest = data
            self._sign_on(Identification("", "0", "2", ""), False)
            return
        self._buffer += bytes(octet & 0x7F for octet in data)
        if self.state is ServerSignOnState.IDENTIFIED:
            self._read_selection(now)
        if self.state is ServerSignOnState.WAITING:
            self._read_request(now)
        del self._buffer[:-_MAX_LINE]

    def data_to_send(self) -> bytes:
        """
        @return: the octets to send now.
        """
        octets = bytes(self._output)
        self._output.clear()
        return octets

    def next_event(self) -> SetLine | SignedOn | None:
        """
        @return: the next event, or C{None}.
        """
        return self._events.popleft() if self._events else None

    def time_passed(self, now: float) -> None:
        """
        Change the line, or wait for a selection no longer.
        """
        if self._deadline is None or now < self._deadline:
            return
        self._deadline = None
        if self.state is ServerSignOnState.SWITCHING and self._said is not None:
            bits, parity = HDLC_BITS
            self._events.append(SetLine(LineSettings(self._baudrate, bits, parity)))
            self._sign_on(self._said, True)
        elif self.state is ServerSignOnState.IDENTIFIED:
            self.state = ServerSignOnState.WAITING
            self._buffer.clear()

    def _read_request(self, now: float) -> None:
        found = _request(bytes(self._buffer))
        if found is None:
            return
        said = self._who(found[1].decode("ascii").strip().lstrip("0"))
        del self._buffer[: found.end()]
        if said is None:
            return
        answer = identification_message(said)
        self._said = said
        self._output += answer
        self.state = ServerSignOnState.IDENTIFIED
        self._deadline = now + self._patience + len(answer) * _BITS / OPENING.baudrate

    def _read_selection(self, now: float) -> None:
        if _request(self._buffer) is not None:
            # It did not hear us, and asks again.
            self.state = ServerSignOnState.WAITING
            return
        found = _select(bytes(self._buffer))
        if found is None or self._said is None:
            return
        protocol, character, mode = (part.decode("ascii") for part in found.groups())
        self._buffer.clear()
        fast_enough = BAUDRATES.get(character, 1 << 20) <= BAUDRATES[self._said.baud_character]
        if protocol not in {"0", "2"} or mode != "2" or not fast_enough:
            self._output += _NAK
            self.state, self._deadline = ServerSignOnState.WAITING, None
            return
        self._baudrate = BAUDRATES[character]
        self._output += found[0]
        self.state = ServerSignOnState.SWITCHING
        self._deadline = now + self._pause + len(found[0]) * _BITS / OPENING.baudrate

    def _sign_on(self, said: Identification, confirmed: bool) -> None:
        self.state = ServerSignOnState.DONE
        rest, self._rest = self._rest, b""
        self._events.append(SignedOn(said, self._baudrate, confirmed, rest))
