"""
Our own client's session and a server's, in one memory.
"""

from __future__ import annotations

from itertools import count
from typing import Any

from attrs import define, evolve, field

from dlms_twisted.apdu.base import Apdu
from dlms_twisted.apdu.conformance import Conformance
from dlms_twisted.apdu.descriptors import AttributeDescriptor, MethodDescriptor
from dlms_twisted.apdu.get import GetRequestNormal
from dlms_twisted.security.hls import Mechanism, make_challenge
from dlms_twisted.security.keys import MeterKeys
from dlms_twisted.security.policy import Policy
from dlms_twisted.session.association import LN_CONFORMANCE, AssociationSettings
from dlms_twisted.session.client import ClientSession
from dlms_twisted.session.client_events import Answered, Associated, ClientEvent, Transmit
from dlms_twisted.session.client_options import ClientOptions
from dlms_twisted.session.served import ServedAssociation
from dlms_twisted.session.server import ServerSession
from tests.session.served_device import Device

__all__ = [
    "AUTHENTICATION",
    "CLIENT",
    "ENCRYPTION",
    "Pair",
    "attribute",
    "counting",
    "get",
    "method",
    "pair",
    "server",
]

CLIENT = b"CLI\x00\x00\x00\x00\x01"
ENCRYPTION = bytes(range(16))
AUTHENTICATION = bytes(range(0xD0, 0xE0))
KEYS = MeterKeys(encryption_key=ENCRYPTION, authentication_key=AUTHENTICATION)


_NUMBERS = count(1)


def counting(length: int) -> bytes:
    """
    @return: octets that look random enough, and are never the same twice.
    """
    number = next(_NUMBERS)
    return (number * 0x9E3779B97F4A7C15F39CC0605CEDC835 & (1 << 8 * length) - 1 | 1).to_bytes(
        length, "big"
    )


def attribute(class_id: int, name: bytes, number: int = 2) -> AttributeDescriptor:
    """
    @return: the descriptor of an attribute.
    """
    return AttributeDescriptor(class_id=class_id, instance_id=name, attribute_id=number)


def method(class_id: int, name: bytes, number: int = 1) -> MethodDescriptor:
    """
    @return: the descriptor of a method.
    """
    return MethodDescriptor(class_id=class_id, instance_id=name, method_id=number)


def get(class_id: int, name: bytes, number: int = 2, invoke: int = 0xC1) -> GetRequestNormal:
    """
    @return: the request for an attribute.
    """
    return GetRequestNormal(
        invoke_id_and_priority=invoke, attribute=attribute(class_id, name, number)
    )


@define
class Pair:
    """
    @ivar sent: What the client sent, in order.
    @ivar back: What the server sent.
    """

    device: Device
    server: ServerSession
    client: ClientSession
    mechanism: Mechanism
    sent: list[bytes] = field(factory=list)
    back: list[bytes] = field(factory=list)

    def talk(self, now: float = 0.0) -> list[ClientEvent]:
        """
        Carry APDUs until nobody has any.

        @return: the other events of the client.
        """
        others: list[ClientEvent] = []
        for _ in range(100_000):
            events = self.client.events()
            if not events:
                return others
            for event in events:
                if not isinstance(event, Transmit):
                    others.append(event)
                    continue
                self.sent.append(event.apdu)
                for answer in self.server.receive(event.apdu, now):
                    self.back.append(answer)
                    self.client.receive(answer, now)
        raise AssertionError("no end")

    def associate(self) -> list[ClientEvent]:
        """
        @return: what came of it.
        """
        high = self.mechanism.is_high
        self.client.associate(make_challenge(self.mechanism, counting) if high else b"", 0.0)
        return self.talk()

    def associated(self) -> Pair:
        """
        Associate, and be sure of it.
        """
        events = self.associate()
        if [type(one) for one in events] != [Associated]:
            raise AssertionError(f"{events} {self.device.refusals}")
        return self

    def request(self, request: Apdu) -> Any:
        """
        @return: the answer.
        """
        self.client.request(request, 0.0)
        events = self.talk()
        if len(events) != 1 or not isinstance(events[0], Answered):
            raise AssertionError(f"{events} {self.device.refusals}")
        return events[0].apdu


def pair(
    served: ServedAssociation,
    *,
    keys: MeterKeys = KEYS,
    server_keys: MeterKeys | None = None,
    dedicated: bytes | None = None,
    security: Policy = Policy.NONE,
    title: bytes = CLIENT,
    secret: bytes | None = None,
    max_receive: int = 0xFFFF,
    conformance: Conformance | None = None,
    general: bool = False,
    pre_established: bool = False,
    options: ClientOptions | None = None,
    **changes: object,
) -> Pair:
    """
    @param served: How the client may associate.
    @param options: How the client's session behaves.
    @param changes: Of the client's settings.

    @return: both sides, not associated yet.
    """
    device = Device(in_use=keys if server_keys is None else server_keys).allow(served)
    settings = AssociationSettings(
        mechanism=served.mechanism,
        short_names=served.short_names,
        security=security,
        suite=served.suite,
        title=title,
        secret=served.secret if secret is None else secret,
        keys=evolve(keys, dedicated_key=dedicated),
        max_receive=max_receive,
        conformance=conformance,
        general=general,
        pre_established=pre_established,
    )
    settings = evolve(settings, **changes)  # type: ignore[arg-type]
    numbers = count(1)
    return Pair(
        device=device,
        server=ServerSession(device, served.client, random=counting),
        client=ClientSession(
            settings, lambda title, epoch: next(numbers), options=options, random=counting
        ),
        mechanism=settings.mechanism,
    )


def server(
    served: ServedAssociation, *requests: str, keys: MeterKeys = KEYS
) -> tuple[Device, ServerSession]:
    """
    @param requests: Hex, given to the session in their order.

    @return: a server's session, alone.
    """
    device = Device(in_use=keys).allow(served)
    session = ServerSession(device, served.client, random=counting)
    for one in requests:
        session.receive(bytes.fromhex(one), 0.0)
    return device, session


#: What this client proposes where nothing else is said.
CONFORMANCE = LN_CONFORMANCE
