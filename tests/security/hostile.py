"""
A receiver that does as architecture, invariant 2, wants, and the messages that are damaged for it.
"""

from __future__ import annotations

from collections.abc import Iterator

from dlms_twisted.errors import DecodeError, SecurityError
from dlms_twisted.security.counters import TransmitCounter, TransmitCounters
from dlms_twisted.security.keys import ReplayMode
from dlms_twisted.security.layers import OpenedMessage, open_message
from dlms_twisted.security.policy import Policy
from dlms_twisted.security.protection import KeyChoice, Protection, protect_message
from dlms_twisted.security.variants import Variants
from dlms_twisted.security.window import ReplayWindow
from tests.security.parties import Parties
from tests.security.samples import TITLE, Counted

#: A GET request, so that service-specific forms exist, and no more octets than needed.
REQUEST = bytes.fromhex("C001C100080000010000FF0200")
#: A short push.
SHORT_PUSH = bytes.fromhex("0F0000000100020109060100010700FF")


class Receiver:
    """
    Has windows, and moves them as the last step only.
    """

    def __init__(
        self,
        sides: Parties,
        policy: Policy = Policy.AUTHENTICATED_ENCRYPTED,
        mode: ReplayMode = ReplayMode.WINDOW,
        variants: Variants | None = None,
    ) -> None:
        self.sides = sides
        self.policy = policy
        self.mode = mode
        self.variants = variants
        self.windows: dict[tuple[bytes, str], ReplayWindow] = {}

    def window_of(self, title: bytes, epoch: str) -> ReplayWindow:
        """
        @return: the window of a sender's key, whether it was seen before or not; an unseen one is remembered only
            when something is accepted.
        """
        return self.windows.get((title, epoch)) or ReplayWindow(mode=self.mode)

    def receive(self, octets: bytes) -> OpenedMessage:
        """
        Open and accept.

        @raise SecurityError: refused.

        @raise DecodeError: no message.
        """
        found = open_message(
            octets,
            lambda _: self.sides.client,
            TITLE,
            policy=self.policy,
            window_of=self.window_of,
            variants=self.variants,
        )
        for title, epoch, counter in found.counters:
            window = self.windows.setdefault((title, epoch), ReplayWindow(mode=self.mode))
            window.accept(counter)
        return found

    def state(self) -> dict[tuple[bytes, str], bytes]:
        """
        @return: all that hostile input must not change.
        """
        return {key: window.to_state() for key, window in self.windows.items()}

    def refuses(self, octets: bytes) -> bool:
        """
        Is it refused without any change of state?
        """
        before = self.state()
        try:
            self.receive(octets)
        except (SecurityError, DecodeError):
            return self.state() == before
        return False


class Meter:
    """
    Sends, with counters of its own.
    """

    def __init__(self, sides: Parties, start: int = 5000) -> None:
        self.sides = sides
        self.random = Counted(4242)
        self.start(start)

    def start(self, counter: int) -> None:
        """
        Go on with this counter, wherever the last one was.
        """
        self.counters = TransmitCounters()
        for key in (self.sides.meter.encryption_key, self.sides.meter.dedicated_key):
            assert key is not None
            self.counters.put(key, TransmitCounter(counter, reserved=1 << 32))

    def send(self, plan: Protection, *more: Protection, plaintext: bytes = SHORT_PUSH) -> bytes:
        """
        @return: a protected message.
        """
        return protect_message(
            plaintext,
            (plan, *more),
            keys=self.sides.meter,
            title=TITLE,
            take_counter=self.counters.take,
            random=self.random,
        )


def plans(sides: Parties) -> Iterator[tuple[str, tuple[Protection, ...], bytes]]:
    """
    @return: every form of envelope by a name, its layers, and what is in it.
    """
    control = sides.control
    yield "general-glo", (Protection(tag=0xDB, security_control=control),), SHORT_PUSH
    yield "general-ded", (Protection(tag=0xDC, security_control=control),), SHORT_PUSH
    yield "glo", (Protection(security_control=control),), REQUEST
    yield "ded", (Protection(security_control=control, dedicated=True),), REQUEST
    signature = Protection(tag=0xDF, fields=sides.fields)
    for name, choice, scheme in (
        ("none", None, 0),
        ("identified", 0, 0),
        ("wrapped", 1, 0),
        ("one-pass", 2, KeyChoice.ONE_PASS),
        ("static", 2, KeyChoice.STATIC_UNIFIED),
    ):
        general = Protection(
            tag=0xDD,
            security_control=control,
            fields=sides.fields,
            key_choice=choice,
            key_scheme=scheme,
        )
        yield f"general-{name}", (general,), SHORT_PUSH
    yield "signed in general", (general, signature), SHORT_PUSH
    glo = Protection(tag=0xDB, security_control=control)
    yield "glo in signed", (signature, glo), SHORT_PUSH
