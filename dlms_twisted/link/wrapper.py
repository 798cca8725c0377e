"""
The wrapper: eight octets before each APDU, on TCP and on UDP (IEC 62056-47).

A header is four big-endian 16-bit numbers: version (1), source wPort, destination wPort and the
length of the APDU in octets.  A stream holds one frame after another; a datagram should hold
exactly one, and L{split_datagram} takes what is good of one that holds more, or less.
"""

from __future__ import annotations

from struct import Struct
from typing import Final, NamedTuple

from dlms_twisted.errors import EncodeError, RemoteProtocolError

__all__ = [
    "HEADER_SIZE",
    "MAX_PAYLOAD",
    "VERSION",
    "SplitDatagram",
    "WrapperDecoder",
    "WrapperFrame",
    "encode_frame",
    "split_datagram",
]

_HEADER: Final = Struct(">HHHH")
_unpack_header: Final = _HEADER.unpack_from

#: Octets before the APDU.
HEADER_SIZE: Final = 8
#: The only version there is (IEC 62056-47, wrapper header).
VERSION: Final = 1
#: Longest APDU that the length field can announce, in octets.
MAX_PAYLOAD: Final = 0xFFFF


class WrapperFrame(NamedTuple):
    """
    One APDU with its two ports.

    @ivar source: wPort of the sender, 0 to 65535 (for example 1, the management logical device).
    @ivar destination: wPort of the receiver (for example 16, the public client).
    @ivar payload: The APDU.
    @ivar raw: Header and APDU, as received.
    """

    source: int
    destination: int
    payload: bytes
    raw: bytes


class SplitDatagram(NamedTuple):
    """
    What a datagram held.

    @ivar frames: The good frames, in order.
    @ivar trailing_zeros: How many octets of zero padding followed them.
    @ivar bad: Octets that are no frame, from the first wrong one to the end; empty if all was good.
    @ivar reason: Why they are none, in words that hold no received data; empty if all was good.
    """

    frames: tuple[WrapperFrame, ...]
    trailing_zeros: int
    bad: bytes
    reason: str


class WrapperDecoder:
    """
    Cuts a stream of octets, however it was split, into frames.

    Too few octets is never an error: L{next_frame} gives C{None}.  After a
    L{RemoteProtocolError} the stream has no frame boundary any more: each later call raises it
    again, and the decoder must be thrown away together with its connection.
    """

    __slots__ = ("_broken", "_buffer", "_max_payload")

    def __init__(self, *, max_payload: int = MAX_PAYLOAD) -> None:
        """
        @param max_payload: Longest APDU accepted, in octets; with the size of a read it bounds the
            memory that a peer can make us hold.
        """
        self._buffer = bytearray()
        self._max_payload = max_payload
        self._broken = ""

    @property
    def buffered(self) -> bytes:
        """
        Octets that were received and are no part of a frame given out so far.
        """
        return bytes(self._buffer)

    def whole(self, data: bytes) -> WrapperFrame | None:
        """
        Take octets of the stream if they are one good frame and nothing else, as most are that come by themselves.

        @return: the frame; C{None} where C{data} is to be given to L{receive_data}.
        """
        size = len(data)
        if size < HEADER_SIZE or self._buffer or self._broken:
            return None
        version, source, destination, length = _unpack_header(data)
        if version != VERSION or length != size - HEADER_SIZE or length > self._max_payload:
            return None
        return WrapperFrame(source, destination, data[HEADER_SIZE:], data)

    def receive_data(self, data: bytes) -> None:
        """
        Take octets of the stream; ask L{next_frame} until it gives C{None} afterwards.
        """
        self._buffer += data

    def next_frame(self) -> WrapperFrame | None:
        """
        @return: the next complete frame, or C{None} until more data came.

        @raise RemoteProtocolError: wrong version, or longer than allowed; the announced length is
            judged before any of the octets is waited for.
        """
        if self._broken:
            raise RemoteProtocolError(self._broken)
        buffer = self._buffer
        have = len(buffer)
        if have < HEADER_SIZE:
            self._judge_start()
            return None
        version, source, destination, length = _unpack_header(buffer)
        if version != VERSION:
            self._fail(f"wrapper version {version}")
        if length > self._max_payload:
            self._fail(f"an APDU of {length} octets announced, {self._max_payload} allowed")
        end = HEADER_SIZE + length
        if have < end:
            return None
        raw = bytes(buffer[:end])
        del buffer[:end]
        return WrapperFrame(source, destination, raw[HEADER_SIZE:], raw)

    def _judge_start(self) -> None:
        # A version that is wrong already cannot become right: say so with its first octets, so
        # that a peer that speaks something else is not waited for.
        start = self._buffer[:2]
        if start != b"\x00\x01"[: len(start)]:
            self._fail("no wrapper version 1")

    def _fail(self, reason: str) -> None:
        self._broken = reason
        raise RemoteProtocolError(reason)


def split_datagram(datagram: bytes, max_payload: int = MAX_PAYLOAD) -> SplitDatagram:
    """
    Cut a datagram into its frames.

    One frame is the rule.  Several are taken too, so is zero padding after the last; whatever else
    is left is handed back as C{bad}, and the frames before it stay good.  Never raises.

    @param max_payload: Longest APDU accepted, in octets.
    """
    size = len(datagram)
    if size >= HEADER_SIZE:
        version, source, destination, length = _unpack_header(datagram)
        if version == VERSION and length == size - HEADER_SIZE and length <= max_payload:
            frame = WrapperFrame(source, destination, datagram[HEADER_SIZE:], datagram)
            return SplitDatagram((frame,), 0, b"", "")
    return _split_slowly(datagram, max_payload)


def _split_slowly(datagram: bytes, max_payload: int) -> SplitDatagram:
    frames = []
    offset = 0
    size = len(datagram)
    reason = "" if size else "empty datagram"
    while offset < size:
        if size - offset < HEADER_SIZE:
            reason = f"{size - offset} octets are no wrapper header"
            break
        version, source, destination, length = _unpack_header(datagram, offset)
        end = offset + HEADER_SIZE + length
        if version != VERSION:
            reason = f"wrapper version {version}"
        elif length > max_payload:
            reason = f"an APDU of {length} octets announced, {max_payload} allowed"
        elif end > size:
            reason = f"an APDU of {length} octets announced, {size - offset - HEADER_SIZE} came"
        if reason:
            break
        raw = datagram[offset:end]
        frames.append(WrapperFrame(source, destination, raw[HEADER_SIZE:], raw))
        offset = end
    rest = datagram[offset:]
    if frames and rest and not rest.strip(b"\x00"):
        return SplitDatagram(tuple(frames), len(rest), b"", "")
    return SplitDatagram(tuple(frames), 0, rest, reason)


def encode_frame(source: int, destination: int, payload: bytes) -> bytes:
    """
    Put the header before an APDU.

    @param source: Our wPort.
    @param destination: The peer's wPort.

    @raise EncodeError: a port is not 0 to 65535, or the APDU is longer than 65535 octets.
    """
    length = len(payload)
    if length > MAX_PAYLOAD:
        raise EncodeError(f"an APDU of at most {MAX_PAYLOAD} octets wanted, not {length}")
    for name, port in (("source", source), ("destination", destination)):
        if not 0 <= port <= 0xFFFF:
            raise EncodeError(f"{name} wPort from 0 to 65535 wanted, not {port}")
    return _HEADER.pack(VERSION, source, destination, length) + payload
