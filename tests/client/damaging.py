"""
A meter that turns hostile: it stands between our client and a good meter, and does something to chosen answers.
"""

from __future__ import annotations

from random import Random
from typing import Any, Final

from attrs import define, field
from twisted.internet.interfaces import IDelayedCall
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from dlms_twisted.apdu.ciphered import parse_envelope
from dlms_twisted.errors import DLMSError
from dlms_twisted.link.hdlc.decoder import FrameDecoder
from dlms_twisted.link.hdlc.frame import encode_frame as encode_hdlc
from dlms_twisted.link.wrapper import WrapperDecoder, encode_frame
from dlms_twisted.security.keys import MeterKeys
from dlms_twisted.security.layers import is_protected
from dlms_twisted.security.opening import open_envelope
from dlms_twisted.security.protect import protect

__all__ = ["FAITHFUL", "KINDS", "Between", "Hostility"]

#: What is done to an answer.
KINDS: Final = (
    "flip",
    "cut",
    "more",
    "noise",
    "spice",
    "drop",
    "double",
    "late",
    "swap",
    "old",
    "other",
    "other first",
    "frame",
    "sealed",
    "hang up",
    "octets",
    "flood",
)
#: Those that leave each answer as it is, and give it to nobody else.
FAITHFUL: Final = frozenset({"drop", "double", "late", "swap", "hang up", "octets", "flood"})
#: Refusals and ends of associations that nobody asked for.
_OTHERS: Final = tuple(
    bytes.fromhex(text)
    for text in (
        "d80101",
        "d80203",
        "d8020600000001",
        "d80206ffffffff",
        "0e010600",
        "0e060302",
        "6303800100",
        "6300",
        "6129a109060760857405080101a203020101a305a10302010dbe0604040e010600",
        "c4020100000000010004aabbccdd",
        "c402010100000001000400000000",
        "c40101010d",
        "c5010100",
        "c50201ffffffff",
        "c701010001000f00",
        "e08000010000",
        "e0c1000100000ac401010006000003e80000",
        "0c0100060000000a",
        "0c010200000100",
        "c20000080000010000ff0206000003e8",
        "0f0000000100060000000a",
        "da41000001000000",
    )
)
_SPICE: Final = (0x00, 0x01, 0x02, 0x09, 0x13, 0x7F, 0x80, 0x81, 0x82, 0x84, 0xFF)


def _flip(octets: bytes, random: Random) -> bytes:
    changed = bytearray(octets)
    for _ in range(random.choice((1, 1, 2, 3))):
        if changed:
            changed[random.randrange(len(changed))] ^= random.randrange(1, 256)
    return bytes(changed)


def _spice(octets: bytes, random: Random) -> bytes:
    changed = bytearray(octets)
    for _ in range(random.choice((1, 1, 2, 4))):
        place = random.randrange(len(changed) + 1)
        gone = random.choice((0, 1, 1, 3))
        changed[place : place + gone] = bytes((random.choice(_SPICE),)) * random.choice((0, 1, 1))
    return bytes(changed)


@define
class Hostility:
    """
    Which answers are damaged, and how.

    @ivar random: Of all that is chosen.
    @ivar plan: Kinds by the number of the answer.
    @ivar timeout: Of the client's requests, in seconds.
    @ivar keys: The meter's, to damage what it protects.
    @ivar title: Its system title.
    @ivar count: How many answers came.
    @ivar done: What was done.
    """

    random: Random
    plan: dict[int, str]
    timeout: float
    keys: MeterKeys
    title: bytes
    count: int = 0
    done: list[str] = field(factory=list)
    _seen: list[bytes] = field(factory=list)

    def next_kind(self) -> str:
        """
        @return: what to do to the next answer; nothing, mostly.
        """
        kind = self.plan.pop(self.count, "")
        self.count += 1
        if kind:
            self.done.append(kind)
        return kind

    def payloads(self, kind: str, payload: bytes) -> list[tuple[float, bytes]]:
        """
        @return: what comes instead, each after so many seconds.
        """
        random = self.random
        self._seen.append(payload)
        match kind:
            case "drop":
                return []
            case "double":
                return [(0, payload), (random.choice((0, 0.5, self.timeout + 1)), payload)]
            case "late":
                return [(random.random() * 2.5 * self.timeout, payload)]
            case "flood":
                return [(0, payload)] * 100
            case "old":
                return [(0, random.choice(self._seen))]
            case "other":
                return [(0, random.choice(_OTHERS))]
            case "other first":
                return [(0, random.choice(_OTHERS)), (0, payload)]
            case _:
                return [(0, self._damaged(kind, payload))]

    def _damaged(self, kind: str, payload: bytes) -> bytes:
        random = self.random
        if kind == "flip":
            return _flip(payload, random)
        if kind == "cut":
            return payload[: random.randrange(len(payload) + 1)]
        if kind == "more":
            return payload + random.randbytes(random.randrange(1, 30))
        if kind == "noise":
            return random.randbytes(random.randrange(200))
        if kind == "sealed":
            return self._sealed(payload)
        return _spice(payload, random) if kind == "spice" else payload

    def _sealed(self, payload: bytes) -> bytes:
        """
        @return: damaged, and protected well.
        """
        head = payload[:3] if payload[:2] == b"\xe6\xe7" else b""
        payload = payload[len(head) :]
        if not is_protected(payload):
            return head + _spice(payload, self.random)
        try:
            envelope = parse_envelope(payload)
            opened = open_envelope(envelope, self.keys, self.title)
        except DLMSError:
            # A segment of something longer.
            return head + _flip(payload, self.random)
        damage = self.random.choice((_flip, _spice))
        return head + protect(
            damage(opened.plaintext, self.random),
            keys=self.keys,
            title=self.title,
            counter=envelope.invocation_counter,
            security_control=envelope.security_control,
            tag=envelope.tag,
        )


class Between(Protocol):
    """
    Stands before the client's protocol, and damages what comes.
    """

    transport: Any

    def __init__(self, clock: Clock, inner: Any, framing: str, hostility: Hostility) -> None:
        self._clock = clock
        self._inner = inner
        self._hostility = hostility
        self._decoder: Any = WrapperDecoder() if framing == "wrapper" else FrameDecoder()
        self._encode = _by_wrapper if framing == "wrapper" else _by_hdlc
        self._payload = "payload" if framing == "wrapper" else "information"
        self._calls: set[IDelayedCall] = set()
        self._held: list[bytes] = []
        self._open = True

    @classmethod
    def factory(cls, clock: Clock, inner: Any, framing: str, hostility: Hostility) -> Factory:
        """
        @return: one whose protocols stand before those of C{inner}.
        """

        class _Factory(Factory):
            noisy = False

            def buildProtocol(self, addr: Any) -> Protocol:
                return cls(clock, inner.buildProtocol(addr), framing, hostility)

        return _Factory()

    def connectionMade(self) -> None:
        self._inner.makeConnection(self.transport)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._open = False
        for call in self._calls:
            call.cancel()
        self._calls.clear()
        self._inner.connectionLost(reason)

    def dataReceived(self, data: bytes) -> None:
        self._decoder.receive_data(data)
        while self._open and (frame := self._decoder.next_frame()) is not None:
            self._frame(frame)

    def _frame(self, frame: Any) -> None:
        kind = self._hostility.next_kind()
        held, self._held = self._held, []
        if kind == "hang up":
            self.transport.abortConnection()
        elif kind == "swap":
            self._held = [frame.raw]
        elif kind == "frame":
            self._deliver(_flip(frame.raw, self._hostility.random))
        elif kind == "octets":
            for octet in frame.raw:
                self._deliver(bytes((octet,)))
        else:
            self._answers(frame, kind)
        for octets in held:
            self._deliver(octets)

    def _answers(self, frame: Any, kind: str) -> None:
        for delay, payload in self._hostility.payloads(kind, getattr(frame, self._payload)):
            octets = self._encode(frame, payload) if kind else frame.raw
            if delay:
                self._later(delay, octets)
            else:
                self._deliver(octets)

    def _later(self, delay: float, octets: bytes) -> None:
        def due() -> None:
            self._calls.discard(call)
            self._deliver(octets)

        call = self._clock.callLater(delay, due)
        self._calls.add(call)

    def _deliver(self, octets: bytes) -> None:
        if self._open:
            self._inner.dataReceived(octets)


def _by_wrapper(frame: Any, payload: bytes) -> bytes:
    return encode_frame(frame.source, frame.destination, payload)


def _by_hdlc(frame: Any, payload: bytes) -> bytes:
    return encode_hdlc(
        frame.destination, frame.source, frame.control, payload, segmented=frame.segmented
    )
