"""
Tests of long requests and answers on the server's side: in blocks of the services, and by general block transfer.
"""

from __future__ import annotations

from random import Random
from typing import Any

from attrs import evolve
from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.apdu.access import AccessGet, AccessRequest
from dlms_twisted.apdu.action import (
    ActionRequestNormal,
    ActionRequestWithList,
    ActionResponseNormal,
)
from dlms_twisted.apdu.base import Apdu
from dlms_twisted.apdu.block_transfer import GeneralBlockTransfer
from dlms_twisted.apdu.conformance import Conformance
from dlms_twisted.apdu.descriptors import AttributeWithSelection
from dlms_twisted.apdu.get import GetRequestWithList, GetResponseNormal
from dlms_twisted.apdu.registry import decode
from dlms_twisted.apdu.results import DataAccessResult
from dlms_twisted.apdu.set import SetRequestNormal, SetRequestWithList
from dlms_twisted.codec import build
from dlms_twisted.security.layers import open_message
from dlms_twisted.security.policy import Policy
from dlms_twisted.security.protect import protect
from dlms_twisted.session.block_streams import unconfirmed_blocks
from dlms_twisted.session.general_blocks import Delivered, Event, Failed, GeneralBlocks, Transmit
from dlms_twisted.session.served import ServedAssociation
from dlms_twisted.session.server import ServerSession, ServerState
from tests.session.served_device import CLOCK, DATA, DISCONNECT, PROFILE, Device
from tests.session.server_talk import CLIENT, KEYS, attribute, get, method, pair, server

_ALL = Conformance(0x00FFFFFF)
_LONG = bytes(i % 251 for i in range(3000))


def _aarq(conformance: int, size: int) -> str:
    return f"601da109060760857405080101be10040e01000000065f1f0400{conformance:06x}{size:04x}"


class ServiceBlockTests(SynchronousTestCase):
    """
    Blocks of GET, SET and ACTION, in clear and ciphered, with our own client.
    """

    def test_both_ways(self) -> None:
        """
        A long value is written, comes back, alone and in lists; so do a long parameter and what it gives back.
        """
        for security in (Policy.NONE, Policy.AUTHENTICATED_ENCRYPTED):
            served = ServedAssociation(client=16, ciphered=True, policy=security, max_receive=150)
            both = pair(served, security=security, max_receive=130).associated()
            value = build.octet_string(_LONG)
            item = AttributeWithSelection(attribute=attribute(1, DATA))
            clock = AttributeWithSelection(attribute=attribute(8, CLOCK))
            write = SetRequestNormal(
                invoke_id_and_priority=0xC1, attribute=item.attribute, value=value
            )
            self.assertEqual(both.request(write).result, DataAccessResult.SUCCESS)
            self.assertEqual(both.request(get(1, DATA)).result, value)
            read = GetRequestWithList(invoke_id_and_priority=0xC1, attributes=(item, clock))
            self.assertEqual(
                both.request(read).results, (value, both.device.object(CLOCK).values[2])
            )
            writes = SetRequestWithList(
                invoke_id_and_priority=0xC1, attributes=(item, clock), values=(value, build.null())
            )
            self.assertEqual([int(one) for one in both.request(writes).results], [0, 12])
            both.device.object(DISCONNECT).returned = value
            call = ActionRequestNormal(
                invoke_id_and_priority=0xC1, method=method(70, DISCONNECT), parameters=value
            )
            answer = both.request(call)
            self.assertIsInstance(answer, ActionResponseNormal)
            self.assertEqual(answer.return_parameters, value)
            calls = ActionRequestWithList(
                invoke_id_and_priority=0xC1,
                methods=(method(70, DISCONNECT), method(70, DISCONNECT, 7)),
                parameters=(value, build.null()),
            )
            results = both.request(calls).results
            self.assertEqual([int(one.result) for one in results], [0, 4])
            self.assertEqual(results[0].return_parameters, value)
            self.assertEqual(both.device.object(DISCONNECT).called, [(1, value), (1, value)])
            self.assertLessEqual(max(map(len, both.back)), 130)
            self.assertLessEqual(max(map(len, both.sent)), 150)

    def test_not_negotiated(self) -> None:
        """
        A long answer without any block transfer: data-block-unavailable; a long request: not negotiated.
        """
        _, session = server(ServedAssociation(client=16), _aarq(0x000019, 100))
        answer = session.receive(get(7, PROFILE).encode(), 0.0)[0]
        self.assertEqual(answer.hex(), "c401c1010e")
        block = "c102c100010000600100ff020000000000010109"
        self.assertEqual(session.receive(bytes.fromhex(block), 0.0), [b"\xd8\x01\x02"])

    def test_request_too_long(self) -> None:
        """
        A request longer than we take is "pdu-too-long", and the next is answered.
        """
        _, session = server(ServedAssociation(client=16, max_receive=60), _aarq(0x007E1F, 1200))
        write = SetRequestNormal(
            invoke_id_and_priority=0xC1,
            attribute=attribute(1, DATA),
            value=build.octet_string(bytes(60)),
        )
        self.assertEqual(session.receive(write.encode(), 0.0), [b"\xd8\x01\x04"])
        self.assertEqual(session.receive(get(8, CLOCK).encode(), 0.0)[0][:2], b"\xc4\x01")

    def test_another_request(self) -> None:
        """
        Another request ends a transfer, whether it is answered quickly or not; the next block is then refused.
        """
        for between in (get(8, CLOCK), get(8, CLOCK, 0), get(1, b"\x01" * 6)):
            _, session = server(ServedAssociation(client=16), _aarq(0x007E1F, 100))
            first = session.receive(get(7, PROFILE).encode(), 0.0)[0]
            self.assertEqual(first[:2], b"\xc4\x02")
            session.receive(between.encode(), 0.0)
            answer = session.receive(bytes.fromhex("c002c100000001"), 0.0)[0]
            self.assertEqual(answer.hex(), "c402c10100000001010f")

    def test_wrong_block(self) -> None:
        """
        A wrong block number ends the transfer: data-block-number-invalid.
        """
        _, session = server(ServedAssociation(client=16), _aarq(0x007E1F, 100))
        session.receive(get(7, PROFILE).encode(), 0.0)
        answer = session.receive(bytes.fromhex("c002c100000002"), 0.0)[0]
        self.assertEqual(answer.hex(), "c402c101000000020113")
        answer = session.receive(bytes.fromhex("c002c100000001"), 0.0)[0]
        self.assertEqual(answer.hex(), "c402c101000000010110")

    def test_answer_that_knows_no_blocks(self) -> None:
        """
        A long answer of a service without blocks, and no general block transfer: "pdu-too-long".
        """
        _, session = server(ServedAssociation(client=16), _aarq(0x00FE5F, 100))
        request = AccessRequest(
            long_invoke_id_and_priority=0x40000001,
            specifications=(AccessGet(attribute=attribute(7, PROFILE)),),
            data=(build.null(),),
        )
        self.assertEqual(session.receive(request.encode(), 0.0), [b"\xd8\x01\x04"])
        _, session = server(ServedAssociation(client=16), _aarq(0x20FE5F, 12))
        request = AccessRequest(
            long_invoke_id_and_priority=0x40000001,
            specifications=(AccessGet(attribute=attribute(7, PROFILE)),) * 400,
            data=(build.null(),) * 400,
        )
        self.assertEqual(session.receive(request.encode(), 0.0), [b"\xd8\x01\x04"])

    def test_unconfirmed_blocks(self) -> None:
        """
        An unconfirmed SET in blocks is done, and no block is answered.
        """
        device, session = server(ServedAssociation(client=16), _aarq(0x007E1F, 100))
        for block in ("c1028100010000600100ff02000000000001020902", "c103810100000002023132"):
            self.assertEqual(session.receive(bytes.fromhex(block), 0.0), [])
        self.assertEqual(device.object(DATA).values[2].values, b"12")


class _Talk:
    """
    A client's end of general block transfer and a server's session, with a network that may lose blocks.
    """

    def __init__(self, session: ServerSession, most: int, seed: int, loss: float) -> None:
        self.session = session
        self.general = GeneralBlocks(requester=True, max_send=most, timeout=2.0, retries=10)
        self.random = Random(seed)
        self.loss = loss
        self.now = 0.0
        self.blocks = 0
        self.delivered: list[bytes] = []
        self.failed: list[Failed] = []

    def arrives(self) -> bool:
        """
        Does a block come through?
        """
        self.blocks += 1
        return self.random.random() >= self.loss

    def take(self, events: list[Event]) -> None:
        """
        Carry what both sides say, until nobody says anything.
        """
        for event in events:
            if isinstance(event, Transmit):
                if self.arrives():
                    self.back(self.session.receive(event.block.encode(), self.now))
            elif isinstance(event, Delivered):
                self.delivered.append(event.apdu)
            else:
                self.failed.append(event)

    def back(self, answers: list[bytes]) -> None:
        """
        Carry what the server says.
        """
        for answer in answers:
            if answer[0] != 0xE0:
                self.delivered.append(answer)
            elif self.arrives():
                self.take(self.general.receive(GeneralBlockTransfer.decode(answer), self.now))

    def ask(self, octets: bytes, *, plain: bool = False) -> bytes:
        """
        @param plain: Send the request in one piece.

        @return: the answer.
        """
        self.delivered.clear()
        if plain:
            self.general.begin()
            self.back(self.session.receive(octets, self.now))
        else:
            self.take(self.general.send(octets, self.now))
        for _ in range(200):
            if self.delivered or self.failed:
                break
            due = [one for one in (self.general.deadline, self.session.deadline) if one is not None]
            self.now = max(self.now, min(due, default=self.now + 1.0))
            self.back(self.session.time_passed(self.now))
            self.take(self.general.time_passed(self.now))
        if len(self.delivered) != 1:
            raise AssertionError(f"{self.delivered} {self.failed}")
        return self.delivered[0]


class GeneralBlockTests(SynchronousTestCase):
    """
    General block transfer.
    """

    def make(self, conformance: int = 0x20007F, size: int = 120, **changes: object) -> Any:
        """
        @return: a device and a session in which it was negotiated.
        """
        served = evolve(ServedAssociation(client=16), **changes)  # type: ignore[arg-type]
        return server(served, _aarq(conformance, size))

    def test_long_answer(self) -> None:
        """
        A request in one piece, and a long answer in blocks, each of which fits.
        """
        device, session = self.make()
        talk = _Talk(session, 120, 1, 0.0)
        answer = decode(talk.ask(get(7, PROFILE).encode(), plain=True))
        assert isinstance(answer, GetResponseNormal)
        self.assertEqual(answer.result, device.object(PROFILE).values[2])
        self.assertGreater(talk.blocks, 10)

    def test_first_block(self) -> None:
        """
        The first block goes alone, with our window.
        """
        _, session = self.make(window=5)
        sent = session.receive(get(7, PROFILE).encode(), 0.0)
        self.assertEqual(len(sent), 1)
        self.assertEqual(len(sent[0]), 120)
        self.assertEqual(sent[0][:6].hex(), "e00500010000")

    def test_both_ways(self) -> None:
        """
        A long request and a long answer, with losses.
        """
        for seed in range(20):
            device, session = self.make(max_receive=90)
            talk = _Talk(session, 90, seed, 0.05 if seed else 0.0)
            value = build.octet_string(_LONG)
            write = SetRequestNormal(
                invoke_id_and_priority=0xC1, attribute=attribute(1, DATA), value=value
            )
            self.assertEqual(talk.ask(write.encode())[:4].hex(), "c501c100")
            self.assertEqual(device.object(DATA).values[2], value)
            talk.now += 100.0
            many = AccessRequest(
                long_invoke_id_and_priority=0x40000001,
                specifications=(AccessGet(attribute=attribute(1, DATA)),) * 12,
                data=(build.null(),) * 12,
            )
            answer: Any = decode(talk.ask(many.encode()))
            self.assertEqual(answer.data, (value,) * 12)

    def test_ciphered(self) -> None:
        """
        What goes in blocks is ciphered whole; the blocks are in clear.
        """
        served = ServedAssociation(
            client=16, ciphered=True, policy=Policy.AUTHENTICATED_ENCRYPTED, max_receive=90
        )
        both = pair(
            served,
            security=Policy.AUTHENTICATED_ENCRYPTED,
            max_receive=120,
            conformance=Conformance(0x20007F),
        ).associated()
        talk = _Talk(both.server, 90, 5, 0.05)

        def sealed(request: Apdu, counter: int) -> bytes:
            return protect(
                request.encode(),
                keys=KEYS,
                title=CLIENT,
                counter=counter,
                security_control=0x30,
                tag=0xDB,
            )

        value = build.octet_string(_LONG)
        write = SetRequestNormal(
            invoke_id_and_priority=0xC1, attribute=attribute(1, DATA), value=value
        )
        self.assertEqual(talk.ask(sealed(write, 100))[0], 0xDB)
        self.assertEqual(both.device.object(DATA).values[2], value)
        talk.now += 100.0
        answer = talk.ask(sealed(get(1, DATA), 101))
        opened = open_message(answer, lambda _: KEYS, both.device.title)
        self.assertEqual(opened.plaintext[4:], value.octets)

    def test_service_blocks_first(self) -> None:
        """
        Where both were negotiated, a request in one piece is answered in the blocks of its service.
        """
        _, session = self.make(0x207E5F)
        self.assertEqual(session.receive(get(7, PROFILE).encode(), 0.0)[0][:2], b"\xc4\x02")
        talk = _Talk(session, 120, 1, 0.0)
        self.assertEqual(talk.ask(get(7, PROFILE).encode())[:2], b"\xc4\x01")

    def test_window_nought(self) -> None:
        """
        Blocks that nobody acknowledges bring an unconfirmed request; nothing comes back.
        """
        device, session = self.make(max_receive=60)
        value = build.octet_string(bytes(range(200)))
        write = SetRequestNormal(
            invoke_id_and_priority=0x81, attribute=attribute(1, DATA), value=value
        )
        for block in unconfirmed_blocks(write.encode(), 60):
            self.assertEqual(session.receive(block.encode(), 0.0), [])
        self.assertEqual(device.object(DATA).values[2], value)
        (block,) = unconfirmed_blocks(get(8, CLOCK).encode(), 60)
        (answer,) = session.receive(block.encode(), 100.0)
        self.assertEqual(GeneralBlockTransfer.decode(answer).block_data[:2], b"\xc4\x01")

    def test_refused_in_blocks(self) -> None:
        """
        A request in blocks that cannot be treated is refused in a block.
        """
        _, session = self.make(max_receive=60)
        talk = _Talk(session, 60, 1, 0.0)
        self.assertEqual(talk.ask(bytes(200)), b"\xd8\x02\x02")
        talk.now += 100.0
        self.assertEqual(talk.ask(b"\xc0\x01" * 100), b"\xd8\x01\x03")
        talk.now += 100.0
        self.assertEqual(talk.ask(get(8, CLOCK).encode())[:2], b"\xc4\x01")

    def test_given_up(self) -> None:
        """
        The rest of an answer that nobody fetches is given up, and the next request is answered.
        """
        _, session = self.make()
        session.receive(get(7, PROFILE).encode(), 0.0)
        for _ in range(20):
            if session.deadline is None:
                break
            session.time_passed(session.deadline)
        self.assertIsNone(session.deadline)
        self.assertEqual(session.receive(get(8, CLOCK).encode(), 500.0)[0][:2], b"\xc4\x01")
        session.receive(get(7, PROFILE).encode(), 500.0)
        self.assertEqual(session.receive(get(8, CLOCK).encode(), 500.0)[0][:2], b"\xc4\x01")
        self.assertEqual(session.state, ServerState.ASSOCIATED)

    def test_malformed(self) -> None:
        """
        A malformed block is refused.
        """
        _, session = self.make()
        self.assertEqual(session.receive(b"\xe0\x80\x00", 0.0), [b"\xd8\x01\x03"])

    def test_release_in_blocks(self) -> None:
        """
        A release may come in blocks, too.
        """
        device, session = self.make()
        talk = _Talk(session, 60, 1, 0.0)
        self.assertEqual(talk.ask(bytes.fromhex("6203800100")).hex(), "6303800100")
        self.assertEqual(session.state, ServerState.IDLE)
        assert isinstance(device, Device)
        self.assertEqual(device.log[-1], "released 16")
