"""
Pushes that the tests of this room share.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Any, Final

from dlms_twisted.apdu.block_transfer import GeneralBlockTransfer
from dlms_twisted.apdu.data_notification import DataNotification
from dlms_twisted.codec import build
from dlms_twisted.link.hdlc.push import HDLCPushLink
from dlms_twisted.link.push import Payload
from dlms_twisted.security.keys import MeterKeys, ReplayMode
from dlms_twisted.security.policy import Policy
from dlms_twisted.security.protect import protect
from dlms_twisted.security.window import ReplayWindow
from dlms_twisted.session.notification import Incoming, Outer, Reassembly, Refusal

TITLE: Final = bytes.fromhex("4d4d4d0000bc614e")
OTHER_TITLE: Final = bytes.fromhex("4d4d4d0000000001")

KEYS: Final = MeterKeys(
    system_title=TITLE,
    encryption_key=bytes.fromhex("000102030405060708090a0b0c0d0e0f"),
    authentication_key=bytes.fromhex("d0d1d2d3d4d5d6d7d8d9dadbdcdddedf"),
    policy=Policy.AUTHENTICATED_ENCRYPTED,
)

TIME: Final = bytes.fromhex("07ea010104000000ff800000")


def push(number: int = 1, size: int = 4) -> bytes:
    """
    @return: a plain DataNotification with as many values.
    """
    body = build.structure(*[build.double_long_unsigned(1000 * number + n) for n in range(size)])
    return DataNotification(number, TIME, body).encode()


def ciphered(
    plaintext: bytes, counter: int, *, control: int = 0x30, tag: int = 0xDB, **other: Any
) -> bytes:
    """
    @return: C{plaintext} in an envelope of L{KEYS}.
    """
    return protect(
        plaintext,
        keys=other.get("keys", KEYS),
        title=other.get("title", TITLE),
        counter=counter,
        security_control=control,
        tag=tag,
    )


def blocks(apdu: bytes, size: int, *, ack: int = 0, last: bool = True) -> list[bytes]:
    """
    @return: C{apdu} in general blocks of C{size} octets, as pushes have them.

    @param ack: What is sent as block-number-ack.

    @param last: Does the last block say so?
    """
    parts = [apdu[start : start + size] for start in range(0, len(apdu), size)]
    count = len(parts)
    return [
        GeneralBlockTransfer.make(
            number,
            part,
            last_block=last and number == count,
            streaming=True,
            block_number_ack=ack,
        ).encode()
        for number, part in enumerate(parts, 1)
    ]


def take(
    reassembly: Reassembly, frames: Iterable[bytes], peer: Hashable = "meter", now: float = 0.0
) -> list[Outer | Refusal]:
    """
    Feed frames, each as its own raw octets.
    """
    return [
        found for frame in frames for found in reassembly.outer(Incoming(frame, frame, peer), now)
    ]


class WindowTable:
    """
    Windows by title and epoch.
    """

    def __init__(self) -> None:
        self.windows: dict[tuple[bytes, str], ReplayWindow] = {}

    def get(
        self, title: bytes | None, epoch: str, mode: ReplayMode = ReplayMode.WINDOW
    ) -> ReplayWindow:
        """
        @return: the window, a new one where there was none.
        """
        return self.windows.setdefault((title or b"", epoch), ReplayWindow(mode=mode))


def hdlc_payloads(octets: bytes) -> list[bytes]:
    """
    @return: what HDLC frames carry.
    """
    link = HDLCPushLink()
    link.receive_data(octets, 0.0)
    payloads = []
    while (event := link.next_event()) is not None:
        assert isinstance(event, Payload), event
        payloads.append(event.octets)
    return payloads
