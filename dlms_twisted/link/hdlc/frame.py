"""
One HDLC frame, to octets and back (IEC 62056-46, frame format type 3).

Between two flags stand the format field (type, segmentation bit and the number of octets between the
flags), destination, source, control, and if there is information a header checksum and the information; the
frame checksum ends it.  Nothing is escaped: a flag octet may stand anywhere inside.
"""

from __future__ import annotations

from binascii import crc_hqx
from typing import Final, NamedTuple

from dlms_twisted.errors import DecodeError, EncodeError
from dlms_twisted.link.hdlc.address import address_size
from dlms_twisted.link.hdlc.checksum import (
    CRC_AFTER_FLAG,
    CRC_BEFORE_FLAG,
    CRC_GOOD,
    CRC_START,
    REVERSED,
    checksum,
)
from dlms_twisted.link.hdlc.control import (
    POLL,
    FrameKind,
    frame_kind,
    receive_number,
    send_number,
)
from dlms_twisted.link.problems import ProblemKind

__all__ = [
    "FLAG",
    "MAX_LENGTH",
    "MIN_LENGTH",
    "HDLCFrame",
    "encode_frame",
    "header_size",
    "judge_header",
    "parse_frame",
    "read_frame",
]

#: Opens and closes a frame.
FLAG: Final = 0x7E
#: Fewest octets between flags: format, two addresses of one octet, control, FCS.
MIN_LENGTH: Final = 7
#: Most octets between flags that the 11 bits of the length can say.
MAX_LENGTH: Final = 0x7FF

_FLAG_OCTET: Final = b"\x7e"
_new: Final = tuple.__new__


class HDLCFrame(NamedTuple):
    """
    A frame whose checksums were right.

    @ivar destination: Address of the receiver, the octets of the wire.
    @ivar source: Address of the sender, the octets of the wire.
    @ivar control: The control octet.
    @ivar segmented: More segments of the same LLC PDU follow.
    @ivar information: What it carries; empty for most frames but I and UI.
    @ivar raw: The frame as received, with both flags.
    """

    destination: bytes
    source: bytes
    control: int
    segmented: bool
    information: bytes
    raw: bytes

    @property
    def kind(self) -> FrameKind:
        """
        Which frame it is.
        """
        return frame_kind(self.control)

    @property
    def poll(self) -> bool:
        """
        The poll bit of a command, the final bit of a response.
        """
        return bool(self.control & POLL)

    @property
    def send_number(self) -> int:
        """
        N(S), of an I frame only.
        """
        return send_number(self.control)

    @property
    def receive_number(self) -> int:
        """
        N(R), of I, RR and RNR frames only.
        """
        return receive_number(self.control)


def encode_frame(
    destination: bytes,
    source: bytes,
    control: int,
    information: bytes = b"",
    *,
    segmented: bool = False,
) -> bytes:
    """
    @param destination: Octets of the wire, see L{dlms_twisted.link.hdlc.address.encode_address}.
    @param source: Likewise.
    @param control: The control octet.
    @param information: Empty for none; then there is no header checksum either.
    @param segmented: More segments follow.

    @return: the frame with both flags and checksums.

    @raise EncodeError: longer than the length field can say.
    """
    length = 2 + len(destination) + len(source) + 1 + 2
    if information:
        length += len(information) + 2
    if length > MAX_LENGTH:
        raise EncodeError(f"an HDLC frame of at most {MAX_LENGTH} octets wanted, not {length}")
    head = b"%c%c%b%b%c" % (
        0xA8 | length >> 8 if segmented else 0xA0 | length >> 8,
        length & 0xFF,
        destination,
        source,
        control,
    )
    if information:
        head += checksum(head) + information
    return _FLAG_OCTET + head + checksum(head) + _FLAG_OCTET


def header_size(octets: bytes | bytearray, offset: int) -> int:
    """
    How long are format, addresses and control of the frame whose format field is at C{offset}?

    @return: the number of octets, without checksum; 0 if an address is wrong; -1 if C{octets} end before
        that can be said.
    """
    window = bytes(octets[offset + 2 : offset + 10])
    destination = address_size(window, 0)
    if destination < 1:
        return destination
    source = address_size(window, destination)
    if source < 1:
        return source
    return 2 + destination + source + 1


def judge_header(
    octets: bytes | bytearray, offset: int, length: int, accept_zero: bool
) -> ProblemKind | None:
    """
    Look at the beginning of a frame of which the end has not come yet.

    @param offset: Where its format field is.
    @param length: What that announces.
    @param accept_zero: Take a header checksum of zero for right.

    @return: what is wrong with it; C{None} if nothing is, as far as it came.
    """
    size = header_size(octets, offset)
    if size < 0:
        return None
    if size == 0:
        return ProblemKind.BAD_ADDRESS
    if length == size + 2:
        return None
    if length < size + 4:
        return ProblemKind.BAD_LENGTH
    head = bytes(octets[offset : offset + size + 2])
    if len(head) < size + 2 or crc_hqx(head.translate(REVERSED), CRC_START) == CRC_GOOD:
        return None
    if accept_zero and head[-2:] == b"\x00\x00":
        return None
    return ProblemKind.BAD_HCS


def read_frame(raw: bytes, accept_zero: bool = False) -> HDLCFrame | ProblemKind:
    """
    Read one frame that is cut already; the decoder's inner function, which never raises.

    @param raw: With both flags; at least 9 octets, and as long as its length field says.
    @param accept_zero: Take checksums of zero for right (bridges that do not compute them).

    @return: the frame, or what is wrong with it.
    """
    if raw[3] & raw[4] & 1:
        source, control = 4, 5
    else:
        size = header_size(raw, 1)
        if size <= 0:
            return ProblemKind.BAD_ADDRESS
        control = size
        source = 3 + address_size(raw, 3)
    turned = raw.translate(REVERSED)
    without = len(raw) - control - 4
    if without:
        if without < 2:
            return ProblemKind.BAD_LENGTH
        if crc_hqx(turned[: control + 3], CRC_BEFORE_FLAG) != CRC_GOOD and not (
            accept_zero and raw[control + 1 : control + 3] == b"\x00\x00"
        ):
            return ProblemKind.BAD_HCS
    if raw[-1] != FLAG:
        return ProblemKind.BAD_LENGTH
    if crc_hqx(turned, CRC_BEFORE_FLAG) != CRC_AFTER_FLAG and not (
        accept_zero and raw[-3:-1] == b"\x00\x00"
    ):
        return ProblemKind.BAD_FCS
    # The same as calling the class, without the call of its __new__.
    return _new(
        HDLCFrame,
        (
            raw[3:source],
            raw[source:control],
            raw[control],
            raw[1] & 0x08 != 0,
            raw[control + 3 : -3] if without else b"",
            raw,
        ),
    )


def parse_frame(octets: bytes) -> HDLCFrame:
    """
    Read exactly one frame with both flags.

    @raise DecodeError: anything else.
    """
    size = len(octets)
    # Nearly all frames in one go: type 3 and the length, two addresses of one octet, information.
    if (
        size > 12
        and (octets[1] << 8 | octets[2]) & 0xF7FF == 0xA000 + size - 2
        and octets[3] & octets[4] & 1
        and octets[0] == 0x7E == octets[-1]
    ):
        turned = octets.translate(REVERSED)
        if (
            crc_hqx(turned[:8], CRC_BEFORE_FLAG) == CRC_GOOD
            and crc_hqx(turned, CRC_BEFORE_FLAG) == CRC_AFTER_FLAG
        ):
            head = octets[1]
            return _new(
                HDLCFrame,
                (octets[3:4], octets[4:5], octets[5], head & 8 != 0, octets[8:-3], octets),
            )
    return _parse_slowly(octets)


def _parse_slowly(octets: bytes) -> HDLCFrame:
    size = len(octets)
    if size < MIN_LENGTH + 2 or octets[0] != FLAG or octets[1] & 0xF0 != 0xA0:
        raise DecodeError("an HDLC frame of format type 3 wanted", 0)
    if (octets[1] & 7) << 8 | octets[2] != size - 2:
        raise DecodeError("an HDLC frame as long as it says wanted", 1)
    result = read_frame(octets)
    if isinstance(result, HDLCFrame):
        return result
    raise DecodeError(f"HDLC frame: {result}", 0)
