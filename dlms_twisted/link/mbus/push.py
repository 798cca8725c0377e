"""
Push over M-Bus: long frames that carry numbered segments of an APDU.

CI 00 to 1F: bit 4 marks the last segment, bits 0 to 3 number them from 0; source and destination SAP stand
before the data of each.  CI 60, 61, 7C and 7D carry a whole APDU behind a long or short header of EN 13757-3.
"""

from __future__ import annotations

from typing import Final

from dlms_twisted.link.mbus.frame import MBusDecoder, MBusFrame, encode_frame
from dlms_twisted.link.partials import DEFAULT_LIMITS, Limits
from dlms_twisted.link.problems import Problem, ProblemKind
from dlms_twisted.link.push import Payload, PushBase

__all__ = ["MBusPushLink", "encode_message"]

_LAST: Final = 0x10
_NUMBER: Final = 0x0F
#: Some meters number the first segment so (seen in captures of an MA309).
_FIRST_BY_QUIRK: Final = 0xFF
#: Octets of the header of EN 13757-3 by CI.
_HEADERS: Final = {0x60: 12, 0x61: 4, 0x7C: 12, 0x7D: 4}


#: Octets of an APDU in one segment: 255 less C, A, CI and the two SAPs.
_SEGMENT: Final = 250


def encode_message(
    apdu: bytes, *, source: int = 1, destination: int = 0x67, size: int = _SEGMENT
) -> list[bytes]:
    """
    Cut an APDU into the long frames that push it to everybody on the line.

    @param source: Source SAP, for example 1, the management logical device.
    @param destination: Destination SAP, for example 103, the consumer's push client.
    @param size: Octets of the APDU in one frame, 1 to 250.
    """
    parts = [apdu[start : start + size] for start in range(0, len(apdu), size)] or [b""]
    frames = []
    for number, part in enumerate(parts):
        last = _LAST if number == len(parts) - 1 else 0
        information = number & _NUMBER | last
        frames.append(encode_frame(0x53, 0xFF, information, bytes([source, destination]) + part))
    return frames


class MBusPushLink(PushBase):
    """
    The passive end of an M-Bus line (see L{dlms_twisted.link.push.PushLink}).

    Segments are joined by their numbers, for each address and pair of SAPs apart; one that does not follow
    ends the message under way as C{bad-sequence}, and a first one begins a new message.
    """

    medium = "mbus"

    def __init__(self, *, limits: Limits = DEFAULT_LIMITS) -> None:
        """
        @param limits: Of messages that are not whole yet.
        """
        super().__init__(MBusDecoder(), limits)

    def _frame(self, frame: MBusFrame) -> None:
        information = frame.control_information
        header = _HEADERS.get(information)
        if header is not None and len(frame.data) > header:
            octets = frame.data[header:]
            self._ready.append(Payload(octets, frame.raw, bytes([frame.address]), "mbus"))
        elif information < 0x20 or information == _FIRST_BY_QUIRK:
            self._segment(frame, 0 if information == _FIRST_BY_QUIRK else information)
        else:
            self.stats.other += 1

    def _segment(self, frame: MBusFrame, information: int) -> None:
        if len(frame.data) < 3:
            self.stats.other += 1
            return
        address = bytes([frame.address]) + frame.data[:2]
        octets = frame.data[2:]
        number = information & _NUMBER
        partial = self._partials.get(address)
        if partial is not None and frame.raw == partial.raws[-1]:
            self.stats.other += 1
            return
        follows = partial is not None and number == (partial.sequence + 1) & _NUMBER
        if not follows:
            if partial is not None:
                self._ready.append(self._partials.give_up(address, ProblemKind.BAD_SEQUENCE))
            if number != 0:
                # The stream was joined in the middle of a message, or a segment was lost.
                self.stats.count(ProblemKind.BAD_SEQUENCE)
                self._ready.append(Problem(ProblemKind.BAD_SEQUENCE, frame.raw))
                return
            if information & _LAST:
                self._ready.append(Payload(octets, frame.raw, address, "mbus"))
                return
        problem = self._partials.add(address, octets, frame.raw, self._heard, number)
        if problem is not None:
            self._ready.append(problem)
        if information & _LAST and self._partials.get(address) is not None:
            whole = self._partials.finish(address)
            self._ready.append(Payload(whole.octets, whole.raw, address, "mbus"))
