"""
Tests of how a server's association is protected: what is refused, counted and answered, and that what is forged changes
nothing.
"""

from __future__ import annotations

from typing import Any

from attrs import evolve
from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.apdu.action import ActionRequestNormal
from dlms_twisted.apdu.data_notification import DataNotification
from dlms_twisted.apdu.get import GetResponseNormal
from dlms_twisted.apdu.registry import decode
from dlms_twisted.apdu.release import RLRE
from dlms_twisted.apdu.results import DataAccessResult
from dlms_twisted.apdu.service_error import ExceptionResponse
from dlms_twisted.apdu.set import SetRequestNormal
from dlms_twisted.codec import build
from dlms_twisted.cosem.access_rights import Rights
from dlms_twisted.errors import ExceptionResponseError, LocalProtocolError
from dlms_twisted.security.hls import Mechanism
from dlms_twisted.security.keys import key_epoch
from dlms_twisted.security.layers import open_message
from dlms_twisted.security.policy import Policy
from dlms_twisted.security.protect import protect
from dlms_twisted.session.client_events import Failed, Transmit
from dlms_twisted.session.served import ServedAssociation
from dlms_twisted.session.server import ServerState
from tests.session.served_device import CLOCK, DATA, DISCONNECT, PROFILE, Device
from tests.session.server_talk import (
    CLIENT,
    ENCRYPTION,
    KEYS,
    Pair,
    attribute,
    get,
    method,
    pair,
)

_BOTH = Policy.AUTHENTICATED_ENCRYPTED
_EPOCH = key_epoch(ENCRYPTION)


def _served(**changes: object) -> ServedAssociation:
    served = ServedAssociation(
        client=1, mechanism=Mechanism.GMAC, ciphered=True, policy=_BOTH, max_receive=1000
    )
    return evolve(served, **changes)  # type: ignore[arg-type]


def _pair(**changes: object) -> Pair:
    return pair(_served(**changes), security=_BOTH).associated()


def _sealed(plaintext: bytes, counter: int, **changes: Any) -> bytes:
    options: dict[str, Any] = {
        "keys": KEYS,
        "title": CLIENT,
        "counter": counter,
        "security_control": 0x30,
        "tag": 0xC8,
    }
    return protect(plaintext, **(options | changes))


class CounterTests(SynchronousTestCase):
    """
    Invocation counters of requests.
    """

    def test_replay(self) -> None:
        """
        A request that comes again is refused with the counter that is expected, and counted; the next is answered.
        """
        both = _pair()
        request = _sealed(get(8, CLOCK).encode(), 100)
        self.assertEqual(both.server.receive(request, 0.0)[0][0], 0xCC)
        answer = ExceptionResponse.decode(both.server.receive(request, 0.0)[0])
        self.assertEqual(answer.to_json()["service_error"], "invocation-counter-error")
        self.assertEqual(answer.invocation_counter, 101)
        self.assertEqual(both.device.refusals, {"replay": 1})
        again = _sealed(get(8, CLOCK).encode(), 101)
        self.assertEqual(both.server.receive(again, 0.0)[0][0], 0xCC)

    def test_forged(self) -> None:
        """
        A request with a wrong tag, however far ahead its counter is, changes nothing.
        """
        both = _pair()
        window = both.device.window(CLIENT, _EPOCH)
        before = window.to_state()
        request = bytearray(_sealed(get(8, CLOCK).encode(), 0xFFFFFFFF))
        for place in (-1, 8, 9):
            forged = bytearray(request)
            forged[place] ^= 1
            answer = both.server.receive(bytes(forged), 0.0)
            self.assertEqual(answer, [b"\xd8\x01\x05"])
        self.assertEqual(both.device.refusals, {"bad-tag": 3})
        self.assertEqual(window.to_state(), before)
        self.assertEqual(both.server.state, ServerState.ASSOCIATED)

    def test_association_replayed(self) -> None:
        """
        An AARQ that comes again is answered by the counter that is expected; the association stays.
        """
        both = _pair()
        answer = ExceptionResponse.decode(both.server.receive(both.sent[0], 0.0)[0])
        self.assertEqual(answer.invocation_counter, 4)
        self.assertEqual(both.server.state, ServerState.ASSOCIATED)
        self.assertIsInstance(both.request(get(8, CLOCK)), GetResponseNormal)

    def test_counters_outlive_associations(self) -> None:
        """
        A client whose counters begin anew is refused, and told which one is expected.
        """
        both = _pair()
        both.server.lost()
        self.assertEqual(both.device.window(CLIENT, _EPOCH).highest, 3)
        other = pair(_served(), security=_BOTH)
        other.server = both.server
        (failed,) = other.associate()
        assert isinstance(failed, Failed)
        assert isinstance(failed.error, ExceptionResponseError)
        self.assertEqual(failed.error.counter, 4)
        self.assertEqual(both.server.state, ServerState.IDLE)
        self.assertEqual(both.device.refusals, {"replay": 1})

    def test_dedicated(self) -> None:
        """
        The counters of a dedicated key begin anew, and are judged for themselves.
        """
        dedicated = bytes(range(64, 80))
        both = pair(_served(), dedicated=dedicated, security=_BOTH).associated()
        both.request(get(8, CLOCK))
        self.assertEqual(both.sent[-1][0], 0xD0)
        self.assertEqual(both.back[-1][0], 0xD4)
        self.assertEqual(both.sent[-1][3:7], bytes(4))
        self.assertEqual(both.back[-1][3:7], bytes(4))
        answer = ExceptionResponse.decode(both.server.receive(both.sent[-1], 0.0)[0])
        self.assertEqual(answer.invocation_counter, 1)
        self.assertNotIn((CLIENT, key_epoch(dedicated)), both.device.windows)
        # The global key may be used beside it.
        mixed = both.server.receive(_sealed(get(8, CLOCK).encode(), 50), 0.0)
        self.assertEqual(mixed[0][0], 0xCC)

    def test_unfit_dedicated_key(self) -> None:
        """
        A dedicated key of a wrong length, the global key, and one in clear are refused.
        """
        for dedicated in (bytes(15), bytes(32), ENCRYPTION):
            both = pair(_served(), dedicated=dedicated, security=_BOTH)
            self.assertIsInstance(both.associate()[0], Failed)
            self.assertEqual(both.device.refusals, {"unknown-key": 1})
        clear = bytes.fromhex(
            "603aa109060760857405080103a60a0408434c490000000001be21041f0101100102030405060708090a"
            "0b0c0d0e0f1000 00065f1f0400007e1f04b0".replace(" ", "")
        )
        both = pair(_served(mechanism=Mechanism.LOWEST, policy=Policy.NONE))
        both.server.receive(clear, 0.0)
        self.assertEqual(both.server.state, ServerState.IDLE)
        self.assertEqual(both.device.refusals, {"downgrade": 1})


class OwnCounterTests(SynchronousTestCase):
    """
    Our own counters.
    """

    def test_used_up(self) -> None:
        """
        Without a counter there is no answer but that it is not possible; nothing is sent under a used one.
        """

        class Exhausted(Device):
            def counter(self, epoch: str) -> int:
                raise LocalProtocolError("used up")

        both = _pair()
        used_up = Exhausted(
            associations=both.device.associations, in_use=KEYS, windows=both.device.windows
        )
        exchange = both.server._exchange
        assert exchange is not None
        exchange.established.security._device = used_up
        request = _sealed(get(8, CLOCK).encode(), 100)
        self.assertEqual(both.server.receive(request, 0.0), [b"\xd8\x01\x01"])
        new = pair(_served(), security=_BOTH)
        new.server._device = used_up
        used_up.windows.clear()
        new.client.associate(bytes(range(16)), 0.0)
        (sent,) = new.client.events()
        assert isinstance(sent, Transmit)
        self.assertEqual(new.server.receive(sent.apdu, 0.0), [b"\xd8\x01\x01"])
        self.assertEqual(new.server.state, ServerState.IDLE)


class DemandTests(SynchronousTestCase):
    """
    What protection is demanded, and what is given.
    """

    def test_weaker(self) -> None:
        """
        Each request that is protected less than the policy is refused and counted.
        """
        for policy, control in (
            (_BOTH, 0x10),
            (_BOTH, 0x20),
            (Policy.ENCRYPTED, 0x10),
            (Policy.AUTHENTICATED, 0x20),
        ):
            both = pair(_served(policy=policy), security=_BOTH).associated()
            request = _sealed(get(8, CLOCK).encode(), 100, security_control=control)
            self.assertEqual(both.server.receive(request, 0.0), [b"\xd8\x01\x05"])
            self.assertEqual(both.device.refusals, {"downgrade": 1})

    def test_initiate_in_clear(self) -> None:
        """
        An AARQ whose user information is in clear is refused where protection is demanded.
        """
        clear = bytes.fromhex(
            "6029a109060760857405080103a60a0408434c490000000001be10040e01000000065f1f0400007e1f04b0"
        )
        both = pair(_served(mechanism=Mechanism.LOWEST))
        answer = both.server.receive(clear, 0.0)[0]
        self.assertTrue(answer.hex().endswith("a305a10302010d"), answer.hex())
        self.assertEqual(both.device.refusals, {"downgrade": 1})

    def test_plain_context(self) -> None:
        """
        A context without ciphering is refused where protection is demanded.
        """
        both = pair(_served())
        self.assertIsInstance(both.associate()[0], Failed)
        self.assertEqual(both.device.refusals, {"downgrade": 1})

    def test_answers_in_clear(self) -> None:
        """
        A context without ciphering is refused, too, where only answers must be protected; so is a request in one
        that was there before.
        """
        both = pair(_served(policy=Policy.NONE, answers=_BOTH))
        self.assertIsInstance(both.associate()[0], Failed)
        both = pair(_served(policy=Policy.NONE)).associated()
        both.device.change(1, answers=_BOTH)
        for number in (2, 0):
            answers = both.server.receive(get(8, CLOCK, number).encode(), 0.0)
            self.assertEqual(answers, [b"\xd8\x01\x05"])
        both.device.change(1, answers=Policy(), policy=Policy())
        self.assertEqual(both.server.receive(get(8, CLOCK).encode(), 0.0)[0][:2], b"\xc4\x01")

    def test_mirrored(self) -> None:
        """
        The answer has the protection of its request, and what is demanded of answers.
        """
        for answers, control, wanted in (
            (Policy.NONE, 0x10, 0x10),
            (Policy.NONE, 0x20, 0x20),
            (Policy.NONE, 0x30, 0x30),
            (Policy.AUTHENTICATED, 0x20, 0x30),
            (_BOTH, 0x10, 0x30),
        ):
            both = pair(_served(policy=Policy.NONE, answers=answers), security=_BOTH).associated()
            request = _sealed(get(8, CLOCK).encode(), 100, security_control=control)
            answer = both.server.receive(request, 0.0)[0]
            self.assertEqual((answer[0], answer[2]), (0xCC, wanted))

    def test_answers_protected(self) -> None:
        """
        A request in clear gets a protected answer where answers must be.
        """
        both = pair(_served(policy=Policy.NONE, answers=_BOTH), security=_BOTH).associated()
        answer = both.server.receive(get(8, CLOCK).encode(), 0.0)[0]
        self.assertEqual((answer[0], answer[2]), (0xCC, 0x30))

    def test_broadcast(self) -> None:
        """
        A request under the broadcast key is answered under the unicast key.
        """
        keys = evolve(KEYS, broadcast_key=bytes(range(40, 56)))
        both = pair(_served(), keys=keys, security=_BOTH).associated()
        request = _sealed(get(8, CLOCK).encode(), 0, keys=keys, security_control=0x70)
        answer = both.server.receive(request, 0.0)[0]
        self.assertEqual((answer[0], answer[2]), (0xCC, 0x30))

    def test_reflection(self) -> None:
        """
        Our own answer sent back to us, and a message of somebody else, are refused.
        """
        both = _pair()
        own = protect(
            get(8, CLOCK).encode(),
            keys=KEYS,
            title=both.device.title,
            counter=500,
            security_control=0x30,
            tag=0xDB,
        )
        self.assertEqual(both.server.receive(own, 0.0), [b"\xd8\x01\x05"])
        other = _sealed(get(8, CLOCK).encode(), 500, title=b"OTHERONE", tag=0xDB)
        self.assertEqual(both.server.receive(other, 0.0), [b"\xd8\x01\x05"])
        self.assertEqual(both.device.refusals, {"unknown-key": 2})

    def test_titles(self) -> None:
        """
        A client without a title, with ours, or with another than is known, is refused.
        """
        for title, keys in (
            (b"DLM\x00\x00\x00\x00\x01", KEYS),
            (CLIENT, evolve(KEYS, system_title=b"ANOTHER!")),
        ):
            both = pair(_served(), server_keys=keys, security=_BOTH, title=title)
            self.assertIsInstance(both.associate()[0], Failed)
            self.assertEqual(both.server.state, ServerState.IDLE)
        both = pair(_served(), server_keys=evolve(KEYS, system_title=CLIENT), security=_BOTH)
        both.associated()

    def test_release(self) -> None:
        """
        A release in clear, or a forged one, releases nothing; a protected one does.
        """
        both = _pair()
        for request in ("6203800100", "6215800100be10040e01000000065f1f0400007e1f04b0"):
            answer = RLRE.decode(both.server.receive(bytes.fromhex(request), 0.0)[0])
            self.assertEqual(answer.reason, 1)
        self.assertEqual(both.server.state, ServerState.ASSOCIATED)
        self.assertEqual(both.device.refusals, {"downgrade": 2})
        both.client.release(0.0)
        both.talk()
        released = RLRE.decode(both.back[-1])
        self.assertEqual(released.reason, 0)
        self.assertEqual(released.to_json()["user_information"]["apdu"], "glo-initiate-response")  # type: ignore[index,call-overload]
        self.assertEqual(both.server.state, ServerState.IDLE)

    def test_push(self) -> None:
        """
        A notification goes out under the protection of the association, and not without one.
        """
        both = _pair()
        body = build.structure(build.unsigned(1))
        push = DataNotification(long_invoke_id_and_priority=1, date_time=None, body=body).encode()
        sent = both.server.push(push)
        self.assertEqual(sent[0], 0xDB)
        opened = open_message(sent, lambda title: evolve(KEYS, system_title=title))
        self.assertEqual(opened.plaintext, push)
        both.server.lost()
        self.assertRaises(LocalProtocolError, both.server.push, push)

    def test_confirmed_push(self) -> None:
        """
        The confirmation of a notification is told, and not answered.
        """
        both = _pair()
        heard: list[Any] = []
        exchange = both.server._exchange
        assert exchange is not None
        exchange.heard = heard.append
        confirm = _sealed(bytes.fromhex("100000000100"), 100, tag=0xDB)
        self.assertEqual(both.server.receive(confirm, 0.0), [])
        self.assertEqual([one.long_invoke_id_and_priority for one in heard], [1])
        self.assertEqual(both.server.receive(bytes.fromhex("100000000100"), 0.0), [])
        self.assertEqual(len(heard), 1)


class RightsTests(SynchronousTestCase):
    """
    Rights of attributes and methods.
    """

    def test_none(self) -> None:
        """
        Without a right: read-write-denied, for each service.
        """
        both = pair(ServedAssociation(client=16)).associated()
        both.device.rights_of = {
            (DATA, 2, False): Rights(0),
            (CLOCK, 3, False): Rights.READ,
            (DISCONNECT, 1, True): Rights(0),
        }
        denied = DataAccessResult.READ_WRITE_DENIED
        self.assertEqual(both.request(get(1, DATA)).result, denied)
        self.assertIsNot(both.request(get(8, CLOCK, 3)).result, denied)
        write = SetRequestNormal(
            invoke_id_and_priority=0xC1, attribute=attribute(8, CLOCK, 3), value=build.long_(1)
        )
        self.assertEqual(both.request(write).result, denied)
        call = ActionRequestNormal(invoke_id_and_priority=0xC1, method=method(70, DISCONNECT))
        self.assertEqual(both.request(call).result, denied)
        self.assertEqual(both.device.object(DISCONNECT).called, [])

    def test_undefined(self) -> None:
        """
        Where there is no right because there is no such attribute or method: object-undefined.
        """
        both = pair(ServedAssociation(client=16)).associated()
        both.device.rights_of = {
            (CLOCK, 10, False): Rights(0),
            (CLOCK, -1, False): Rights(0),
            (DISCONNECT, 3, True): Rights(0),
        }
        undefined = DataAccessResult.OBJECT_UNDEFINED
        self.assertEqual(both.request(get(8, CLOCK, 10)).result, undefined)
        self.assertEqual(both.request(get(8, CLOCK, -1)).result, undefined)
        call = ActionRequestNormal(invoke_id_and_priority=0xC1, method=method(70, DISCONNECT, 3))
        self.assertEqual(both.request(call).result, undefined)

    def test_protection_of_the_request(self) -> None:
        """
        An attribute that takes protected requests is denied to others, and that is counted.
        """
        for right, weak, strong in (
            (Rights.AUTHENTICATED_REQUEST, 0x20, 0x10),
            (Rights.ENCRYPTED_REQUEST, 0x10, 0x20),
        ):
            both = pair(_served(policy=Policy.NONE), security=_BOTH).associated()
            both.device.rights_of = {(CLOCK, 2, False): Rights.READ | right}
            for counter, control in ((100, weak), (101, strong)):
                request = _sealed(get(8, CLOCK).encode(), counter, security_control=control)
                answer = both.server.receive(request, 0.0)[0]
                opened = open_message(answer, lambda _: KEYS, both.device.title)
                decoded: Any = decode(opened.plaintext)
                is_denied = decoded.result == DataAccessResult.READ_WRITE_DENIED
                self.assertEqual(is_denied, control == weak)
            self.assertEqual(both.device.refusals, {"downgrade": 1})

    def test_protection_of_the_answer(self) -> None:
        """
        An attribute whose answer must be protected gets it, in all blocks; where there is no ciphering it is denied.
        """
        right = Rights.READ | Rights.AUTHENTICATED_RESPONSE | Rights.ENCRYPTED_RESPONSE
        both = pair(_served(policy=Policy.NONE), security=_BOTH, max_receive=200).associated()
        both.device.rights_of = {(PROFILE, 2, False): right}
        first = both.server.receive(get(7, PROFILE).encode(), 0.0)[0]
        self.assertEqual((first[0], first[3]), (0xCC, 0x30))
        second = both.server.receive(bytes.fromhex("c002c100000001"), 0.0)[0]
        self.assertEqual((second[0], second[3]), (0xCC, 0x30))
        self.assertEqual(both.server.receive(get(8, CLOCK).encode(), 0.0)[0][0], 0xC4)
        plain = pair(ServedAssociation(client=16)).associated()
        plain.device.rights_of = {(PROFILE, 2, False): right}
        answer = plain.request(get(7, PROFILE))
        self.assertEqual(answer.result, DataAccessResult.READ_WRITE_DENIED)

    def test_keys_change_afterwards(self) -> None:
        """
        The answer to an ACTION goes out under the keys of its request; only then the device is told.
        """
        both = _pair()
        both.device.log.clear()
        both.request(
            ActionRequestNormal(invoke_id_and_priority=0xC1, method=method(70, DISCONNECT))
        )
        self.assertEqual(both.device.log, ["answered"])
        both.request(get(8, CLOCK))
        self.assertEqual(both.device.log, ["answered"])

    def test_keys_change_after_the_last_block(self) -> None:
        """
        A long answer to an ACTION is out when its last block is.
        """
        both = pair(_served(), security=_BOTH, max_receive=128).associated()
        both.device.log.clear()
        both.device.object(DISCONNECT).returned = build.octet_string(bytes(300))
        call = ActionRequestNormal(invoke_id_and_priority=0xC1, method=method(70, DISCONNECT))
        both.client.request(call, 0.0)
        logs = []
        for _ in range(10):
            events = both.client.events()
            sent = [one for one in events if isinstance(one, Transmit)]
            if not sent:
                break
            for answer in both.server.receive(sent[0].apdu, 0.0):
                both.client.receive(answer, 0.0)
            logs.append(list(both.device.log))
        self.assertGreater(len(logs), 2)
        self.assertEqual(logs[-2], [])
        self.assertEqual(logs[-1], ["answered"])
