"""
Tests of general block transfer in the client's session, against our own server.
"""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.apdu.access import AccessGet, AccessRequest, AccessResponse, AccessSet
from dlms_twisted.apdu.conformance import Conformance
from dlms_twisted.apdu.descriptors import AttributeWithSelection
from dlms_twisted.apdu.get import GetRequestWithList, GetResponseWithList
from dlms_twisted.apdu.set import SetRequestNormal
from dlms_twisted.codec import build
from dlms_twisted.codec.data import Data
from dlms_twisted.errors import BlockTransferError, LocalProtocolError, RequestTimeoutError
from dlms_twisted.security.policy import Policy
from dlms_twisted.session.association import LN_CONFORMANCE
from dlms_twisted.session.client_events import Answered, Failed, Pushed, Transmit
from dlms_twisted.session.client_options import ClientOptions
from dlms_twisted.session.served import ServedAssociation
from tests.session.served_device import DATA, PROFILE
from tests.session.server_talk import Pair, attribute, get, pair

_BLOCKS = (
    Conformance.BLOCK_TRANSFER_WITH_GET_OR_READ
    | Conformance.BLOCK_TRANSFER_WITH_SET_OR_WRITE
    | Conformance.BLOCK_TRANSFER_WITH_ACTION
)
_GENERAL = LN_CONFORMANCE & ~_BLOCKS | Conformance.GENERAL_BLOCK_TRANSFER


def _pair(window: int = 8, security: Policy = Policy.NONE, **changes: Any) -> Pair:
    served = ServedAssociation(
        client=1, ciphered=security != Policy.NONE, policy=security, max_receive=128
    )
    return pair(
        served,
        security=security,
        max_receive=128,
        conformance=changes.pop("conformance", _GENERAL),
        options=ClientOptions(window=window, **changes),
    ).associated()


class GeneralTests(SynchronousTestCase):
    """
    Requests and answers that are too long for one PDU.
    """

    def test_services(self) -> None:
        """
        Long answers, long requests, and both; in clear and ciphered; with small and large windows.
        """
        for security in (Policy.NONE, Policy.AUTHENTICATED_ENCRYPTED):
            for window in (1, 3, 63):
                both = _pair(window, security)
                long = both.request(get(7, PROFILE))
                assert isinstance(long.result, Data)
                wanted = tuple(
                    AttributeWithSelection(attribute=attribute(1, DATA)) for _ in range(20)
                )
                listed = both.request(
                    GetRequestWithList(invoke_id_and_priority=0xC2, attributes=wanted)
                )
                assert isinstance(listed, GetResponseWithList)
                self.assertEqual(len(listed.results), 20)
                value = build.octet_string(bytes(range(250)) * 4)
                both.request(
                    SetRequestNormal(
                        invoke_id_and_priority=0xC3,
                        attribute=attribute(1, DATA),
                        access_selection=None,
                        value=value,
                    )
                )
                self.assertEqual(both.device.object(DATA).values[2], value)
                short = both.request(get(8, bytes.fromhex("0000010000ff"), invoke=0xC4))
                self.assertIsInstance(short.result, Data)
                self.assertLessEqual(max(len(one) for one in both.sent[1:] + both.back[1:]), 128)

    def test_access(self) -> None:
        """
        ACCESS, which has no blocks of its own.
        """
        both = _pair()
        value = build.octet_string(b"x" * 300)
        done = both.request(
            AccessRequest(
                long_invoke_id_and_priority=0x40000001,
                specifications=(
                    AccessSet(attribute=attribute(1, DATA)),
                    AccessGet(attribute=attribute(1, DATA)),
                ),
                data=(value, build.null()),
            )
        )
        assert isinstance(done, AccessResponse)
        self.assertEqual(done.data[1], value)
        self.assertTrue(all(one.result.is_success for one in done.results))

    def test_own_blocks_first(self) -> None:
        """
        Where the service's own blocks were negotiated too, they carry its long requests.
        """
        both = _pair(conformance=LN_CONFORMANCE | Conformance.GENERAL_BLOCK_TRANSFER)
        both.request(
            SetRequestNormal(
                invoke_id_and_priority=0xC1,
                attribute=attribute(1, DATA),
                access_selection=None,
                value=build.octet_string(bytes(300)),
            )
        )
        self.assertEqual(both.sent[-1][:2], b"\xc1\x03")

    def test_not_negotiated(self) -> None:
        """
        Without it such a request is refused before anything is sent.
        """
        both = _pair(conformance=LN_CONFORMANCE & ~_BLOCKS)
        wanted = tuple(AttributeWithSelection(attribute=attribute(1, DATA)) for _ in range(20))
        request = GetRequestWithList(invoke_id_and_priority=0xC1, attributes=wanted)
        self.assertRaises(LocalProtocolError, both.client.request, request, 0.0)
        self.assertEqual(both.client.events(), [])
        self.assertTrue(both.client.free)

    def test_silence(self) -> None:
        """
        A meter that falls silent in the middle: a timeout, the transfer is ended, and the next request works.
        """
        both = _pair()
        both.client.request(get(7, PROFILE), 0.0)
        (asked,) = both.client.events()
        assert isinstance(asked, Transmit)
        first = both.server.receive(asked.apdu, 0.0)[0]
        both.client.receive(first, 1.0)
        self.assertFalse(both.client.free)
        deadline = both.client.deadline
        self.assertEqual(deadline, 11.0)
        both.client.events()
        both.client.time_passed(11.0)
        told = both.client.events()
        failed = [one for one in told if isinstance(one, Failed)]
        self.assertIsInstance(failed[0].error, RequestTimeoutError)
        self.assertIsNone(both.client.deadline)
        aborts = [one for one in told if isinstance(one, Transmit)]
        self.assertEqual(aborts[-1].apdu[2:6], bytes(4))
        both.server.receive(aborts[-1].apdu, 11.0)
        both.client.request(get(1, DATA, invoke=0xC2), 12.0)
        self.assertIsInstance(both.talk(12.0)[0], Answered)

    def test_given_up(self) -> None:
        """
        Cancelled after any number of blocks, the next request gets its own answer.
        """
        for steps in range(1, 14):
            both = _pair(window=1)
            exchange = both.client.request(get(7, PROFILE), 0.0)
            for _ in range(steps):
                for event in both.client.events():
                    if isinstance(event, Transmit):
                        for answer in both.server.receive(event.apdu, 0.0):
                            both.client.receive(answer, 0.0)
            both.client.give_up(exchange, 0.0)
            both.talk()
            self.assertTrue(both.client.idle)
            answer = both.request(get(1, DATA, invoke=0xC2))
            self.assertEqual(answer.result.values, b"12345678")

    def test_another_given_up(self) -> None:
        """
        Giving up one request does not end the blocks of another's answer, nor what follows.
        """
        for first in (True, False):
            both = _pair(outstanding=2)
            asked = [
                both.client.request(get(7, PROFILE, invoke=0xC1), 0.0),
                both.client.request(get(1, DATA, invoke=0xC2), 0.0),
            ]
            requests = [one for one in both.client.events() if isinstance(one, Transmit)]
            both.client.receive(both.server.receive(requests[0].apdu, 0.0)[0], 0.0)
            both.client.give_up(asked[0 if first else 1], 0.0)
            ended = both.talk()
            if first:
                both.client.receive(both.server.receive(requests[1].apdu, 0.0)[0], 0.0)
                ended = both.talk()
            (event,) = ended
            assert isinstance(event, Answered)
            self.assertIs(event.exchange, asked[1 if first else 0])
            self.assertIsInstance(both.request(get(1, DATA, invoke=0xC3)).result, Data)

    def test_broken(self) -> None:
        """
        Blocks that contradict each other fail the request, typed.
        """
        both = _pair()
        both.client.request(get(7, PROFILE), 0.0)
        both.client.events()
        both.client.receive(bytes.fromhex("e0080001000002c401"), 0.0)
        both.client.receive(bytes.fromhex("e048000300000101"), 0.0)
        both.client.receive(bytes.fromhex("e048000300000102"), 0.0)
        failed = [one for one in both.client.events() if isinstance(one, Failed)]
        self.assertIsInstance(failed[0].error, BlockTransferError)
        self.assertTrue(both.client.idle)

    def test_pushed(self) -> None:
        """
        Blocks that nobody acknowledges are part of a notification.
        """
        both = _pair()
        block = bytes.fromhex("e0c0000100000400000000")
        both.client.receive(block, 0.0)
        self.assertEqual(both.client.events(), [Pushed(block, False)])
