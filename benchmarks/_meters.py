"""
A meter that costs nearly nothing: canned answers by wrapper over TCP, for as many connections as there are.

C{python -m benchmarks._meters ROWS BLOCK} prints its port and runs until it is killed.  It associates anybody without
security, answers each GET of one attribute with a number, and one of a profile's buffer with C{ROWS} rows in blocks of
C{BLOCK} octets; its columns are a clock and three numbers.
"""

from __future__ import annotations

import struct
import sys
from typing import Any

from twisted.internet import reactor as _reactor
from twisted.internet.protocol import Factory, Protocol

from dlms_twisted.codec import build
from dlms_twisted.codec.times import DateTime

__all__ = ["buffer", "columns"]

#: Accepted, LN without ciphering; block transfer, lists, selective access; APDUs of up to 1200 octets.
_AARE = bytes.fromhex(
    "6129a109060760857405080101a203020100a305a103020100be10040e0800065f1f0400007e1f04b00007"
)
_RLRE = bytes.fromhex("6303800100")
_NUMBER = bytes.fromhex("06000003E8")


def columns() -> bytes:
    """
    @return: C{capture_objects}.
    """
    names = [(8, "0000010000ff"), *((3, f"01000{number}0800ff") for number in (1, 2, 3))]
    rows = [
        build.structure(
            build.long_unsigned(class_id),
            build.octet_string(bytes.fromhex(name)),
            build.integer(2),
            build.long_unsigned(0),
        )
        for class_id, name in names
    ]
    return build.array(*rows).octets


def buffer(rows: int) -> bytes:
    """
    @return: C{buffer}: quarters of an hour.
    """
    from datetime import UTC, datetime, timedelta

    begin = datetime(2026, 1, 1, tzinfo=UTC)
    made = [
        build.structure(
            build.octet_string(
                DateTime.from_datetime(begin + timedelta(minutes=15 * number)).to_octets()
            ),
            *[build.double_long_unsigned(1000 * column + number) for column in (1, 2, 3)],
        )
        for number in range(rows)
    ]
    return build.array(*made).octets


class _Meter(Protocol):
    transport: Any

    def __init__(self, blocks: list[bytes], attributes: dict[bytes, bytes]) -> None:
        self._blocks = blocks
        self._attributes = attributes
        self._came = b""

    def dataReceived(self, data: bytes) -> None:
        octets = self._came + data
        while len(octets) >= 8:
            end = 8 + int.from_bytes(octets[6:8], "big")
            if len(octets) < end:
                break
            answer = self._answer(octets[8:end])
            header = struct.pack(">4H", 1, *_swapped(octets), len(answer))
            self.transport.write(header + answer)
            octets = octets[end:]
        self._came = octets

    def _answer(self, apdu: bytes) -> bytes:
        if apdu[0] == 0xC0:
            if apdu[1] == 2:
                return self._block(apdu[2:3], int.from_bytes(apdu[3:7], "big"))
            wanted = apdu[3:12]
            if wanted == b"\x00\x07\x01\x00\x63\x01\x00\xff\x02":
                return self._block(apdu[2:3], 0)
            value = self._attributes.get(wanted, _NUMBER)
            return b"\xc4\x01" + apdu[2:3] + b"\x00" + value
        return _AARE if apdu[0] == 0x60 else _RLRE

    def _block(self, invoke: bytes, number: int) -> bytes:
        octets = self._blocks[number]
        last = number + 1 == len(self._blocks)
        head = struct.pack(">BIBBH", last, number + 1, 0, 0x82, len(octets))
        return b"\xc4\x02" + invoke + head + octets


def _swapped(octets: bytes) -> tuple[int, int]:
    source, destination = struct.unpack_from(">2H", octets, 2)
    return destination, source


class _Factory(Factory):
    noisy = False

    def __init__(self, rows: int, block: int) -> None:
        octets = buffer(rows)
        self._blocks = [octets[at : at + block] for at in range(0, len(octets), block)]
        profile = b"\x00\x07\x01\x00\x63\x01\x00\xff"
        self._attributes = {
            profile + b"\x03": columns(),
            profile + b"\x04": build.double_long_unsigned(900).octets,
            profile + b"\x05": build.enum(1).octets,
        }
        for number in (1, 2, 3):
            name = bytes.fromhex(f"000301000{number}0800ff03")
            unit = build.structure(build.integer(0), build.enum(30))
            self._attributes[name] = unit.octets

    def buildProtocol(self, addr: Any) -> Protocol:
        return _Meter(self._blocks, self._attributes)


def main() -> None:
    """
    Serve.
    """
    reactor: Any = _reactor
    factory = _Factory(int(sys.argv[1]), int(sys.argv[2]))
    port = reactor.listenTCP(0, factory, backlog=4096, interface="127.0.0.1")
    print(port.getHost().port, flush=True)
    reactor.run()


if __name__ == "__main__":
    main()
