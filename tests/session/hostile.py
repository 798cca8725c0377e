"""
Damaged requests to servers in all states, in clear and sealed, and the good request after each.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

from attrs import define, field

from dlms_twisted.apdu import registry
from dlms_twisted.security.hls import Mechanism
from dlms_twisted.security.policy import Policy
from dlms_twisted.security.protect import protect
from dlms_twisted.session.served import ServedAssociation
from dlms_twisted.session.server import ServerSession, ServerState
from tests.apdu.damage import SEEDS, mutations
from tests.session.served_device import Device
from tests.session.server_talk import CLIENT, KEYS, counting

__all__ = ["KINDS", "Victim", "good_requests", "requests"]

_TITLE = "a60a0408434c490000000001"
_LN = "601da109060760857405080101be10040e01000000065f1f0400{:06x}0080"
_SN = "601da109060760857405080102be10040e01000000065f1f04003c1b200080"
_LOW = (
    "6036a1090607608574050801018a0207808b0760857405080201ac0a80083132333435363738"
    "be10040e01000000065f1f0400007e1f04b0"
)
_HIGH = (
    "6036a1090607608574050801018a0207808b0760857405080203ac0a80084b35366956616759"
    "be10040e01000000065f1f0400007e1f04b0"
)
_CIPHERED = "6029a109060760857405080103" + _TITLE + "be10040e01000000065f1f040020fe7f0080"
_INITIATE = bytes.fromhex("01000000065f1f040020fe7f0080")
#: Requests that reach the objects of the fake device, and what belongs to associations and blocks.
_MORE: Final = tuple(
    bytes.fromhex(text)
    for text in (
        _LN.format(0x20FE7F),
        _SN,
        _LOW,
        _HIGH,
        _CIPHERED,
        "6203800100",
        "6215800100be10040e01000000065f1f0400007e1f04b0",
        "c001c100070100630100ff0200",
        "c001c100010000600100ff0000",
        "c003c102000701 00630100ff0200 00080000010000ff0200".replace(" ", ""),
        "c101c100010000600100ff0200090841424344 45464748".replace(" ", ""),
        "c101c100010000600100ff00000202000908 4142434445464748".replace(" ", ""),
        "c301c10046000060030aff01010f00",
        "c301c1000f0000280000ff010109100102030405060708090a0b0c0d0e0f10",
        "05010200105005010210080501021380",
        "050102100805",
        "0601021008010900",
        "e0c10001000004c001c100",
        "e0410001000002c001",
        "e0c10002000002c100",
        "e08100000000",
        "e08100010001 00".replace(" ", ""),
        "100000000100",
        "d80101",
    )
)
_ALL_SEEDS: Final = SEEDS + _MORE
_GET: Final = bytes.fromhex("c001c100010000600100ff0100")
_READ: Final = bytes.fromhex("0501021000")
#: First octets that a server's answers may have, in clear and sealed.
_ANSWERS: Final = frozenset(bytes.fromhex("61630c0d0ec4c5c7dad8e0" + "cccdcfd4d5d72c2ddbdcdddf"))

KINDS: Final = ("idle", "clear", "low", "pending", "short-names", "ciphered", "sealed")


def requests(seed: int, count: int) -> Iterator[bytes]:
    """
    @return: so many damaged requests.
    """
    return mutations(seed, count, _ALL_SEEDS)


@define
class Victim:
    """
    A server in one state, and what it said.

    @ivar kind: One of L{KINDS}.
    @ivar said: First octets of its answers, counted; "silence" for none.
    """

    kind: str
    said: Counter[str] = field(factory=Counter)
    now: float = 0.0
    counter: int = 0
    session: ServerSession = field(init=False)

    def __attrs_post_init__(self) -> None:
        changes: dict[str, object] = {}
        match self.kind:
            case "low":
                changes = {"mechanism": Mechanism.LOW, "secret": b"12345678"}
            case "pending":
                changes = {"mechanism": Mechanism.MD5, "secret": b"12345678"}
            case "short-names":
                changes = {"short_names": True}
            case "ciphered":
                changes = {"ciphered": True}
            case "sealed":
                changes = {"ciphered": True, "policy": Policy.AUTHENTICATED_ENCRYPTED}
        served = ServedAssociation(client=16, **changes)  # type: ignore[arg-type]
        device = Device(in_use=KEYS).allow(served)
        self.session = ServerSession(device, 16, random=counting)

    def seal(self, octets: bytes, tag: int = 0xDB) -> bytes:
        """
        @return: the octets, authenticated and encrypted with the right keys.
        """
        self.counter += 1
        return protect(
            octets, keys=KEYS, title=CLIENT, counter=self.counter, security_control=0x30, tag=tag
        )

    def settle(self) -> None:
        """
        Come into the state that is meant, from any.
        """
        wanted = {"idle": ServerState.IDLE, "pending": ServerState.AUTHENTICATING}
        if self.session.state is wanted.get(self.kind, ServerState.ASSOCIATED):
            return
        request = {
            "idle": "6203800100",
            "low": _LOW,
            "pending": _HIGH,
            "short-names": _SN,
            "ciphered": _CIPHERED,
        }.get(self.kind, _LN.format(0x20FE7F))
        octets = bytes.fromhex(request)
        if self.kind == "sealed":
            initiate = self.seal(_INITIATE, 0x21)
            body = b"\xa1\x09\x06\x07\x60\x85\x74\x05\x08\x01\x03" + bytes.fromhex(_TITLE)
            body += bytes((0xBE, len(initiate) + 2, 0x04, len(initiate))) + initiate
            octets = bytes((0x60, len(body))) + body
        self.session.receive(octets, self.now)

    def attack(self, octets: bytes, *, sealed: bool = False) -> None:
        """
        Send a damaged request, and a good one after it.

        @param sealed: Protect the damaged request with the right keys.

        @raise AssertionError: something is said that no server says, or the good request is not answered.
        """
        self.settle()
        self.now += 0.01
        self.hear(self.session.receive(self.seal(octets) if sealed else octets, self.now), octets)
        if self.session.deadline is not None and self.said.total() % 7 == 0:
            self.now = max(self.now, self.session.deadline)
            self.hear(self.session.time_passed(self.now), octets)
        if octets[:1] == b"\x60":
            # Who was taken at a damaged word may have an association that is good for little.
            self.session.lost()
        self.settle()
        good = _READ if self.kind == "short-names" else _GET
        if self.kind == "sealed":
            good = self.seal(good)
        wanted = {"idle": 0xD8, "pending": 0xD8, "short-names": 0x0C, "sealed": 0xDB}
        answers = self.session.receive(good, self.now)
        if [one[0] for one in answers] != [wanted.get(self.kind, 0xC4)]:
            raise AssertionError(f"{self.kind}: {octets.hex()} and then {answers}")

    def hear(self, answers: list[bytes], octets: bytes) -> None:
        """
        Judge what was said.
        """
        for one in answers:
            registry.decode(one)
            self.said[f"{one[0]:02x}"] += 1
            if one[0] not in _ANSWERS:
                raise AssertionError(f"{self.kind}: {octets.hex()} gives {one.hex()}")
        if not answers:
            self.said["silence"] += 1
        elif len(answers) > 1 and any(one[0] != 0xE0 for one in answers):
            raise AssertionError(f"{self.kind}: {octets.hex()} gives {answers}")


def good_requests() -> tuple[bytes, ...]:
    """
    @return: what the damaged ones are made of.
    """
    return _ALL_SEEDS
