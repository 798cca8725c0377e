"""
Tests of L{dlms_twisted.session.server}: the published association APDUs, and our own client with every mechanism,
protection and suite.
"""

from __future__ import annotations

from typing import Any

from attrs import evolve
from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.apdu.aarq import AARQ
from dlms_twisted.apdu.conformance import Conformance
from dlms_twisted.apdu.get import GetResponseNormal
from dlms_twisted.apdu.results import DataAccessResult
from dlms_twisted.security.curves import generate_private_key, public_of
from dlms_twisted.security.hls import Mechanism
from dlms_twisted.security.keys import MeterKeys
from dlms_twisted.security.policy import Policy
from dlms_twisted.session.client_events import Failed, Released
from dlms_twisted.session.served import ServedAssociation
from dlms_twisted.session.server import ServerState
from tests.session.served_device import CLOCK, DATA, PROFILE
from tests.session.server_talk import CLIENT, counting, get, pair, server

_AARQ = "601da109060760857405080101be10040e01000000065f1f0400007e1f04b0"
_LOW = (
    "6036a1090607608574050801018a0207808b0760857405080201ac0a80083132333435363738"
    "be10040e01000000065f1f0400007e1f04b0"
)
_CONFORMANCE = Conformance(0x00501F)


class PublishedTests(SynchronousTestCase):
    """
    The worked examples of 02, section 10, and the test vectors of other projects.
    """

    def ask(self, served: ServedAssociation, request: str) -> tuple[str, ServerState]:
        """
        @return: the answer in hex, and where the association stands then.
        """
        _, session = server(served)
        answers = session.receive(bytes.fromhex(request), 0.0)
        return "".join(one.hex() for one in answers), session.state

    def test_no_security(self) -> None:
        """
        No security: conformance 00501F and 500 octets are agreed on.
        """
        served = ServedAssociation(client=16, conformance=_CONFORMANCE, max_receive=500)
        wanted = (
            "6129a109060760857405080101a203020100a305a103020100be10040e0800065f1f040000501f01f40007"
        )
        self.assertEqual(self.ask(served, _AARQ), (wanted, ServerState.ASSOCIATED))

    def test_low(self) -> None:
        """
        The password "12345678" of the low level, right and wrong.
        """
        served = ServedAssociation(
            client=16,
            mechanism=Mechanism.LOW,
            secret=b"12345678",
            conformance=_CONFORMANCE,
            max_receive=500,
        )
        answer, state = self.ask(served, _LOW)
        self.assertTrue(answer.startswith("6129a109060760857405080101a203020100a305a103020100"))
        self.assertEqual(state, ServerState.ASSOCIATED)
        answer, state = self.ask(served, _LOW.replace("3132", "3231"))
        self.assertEqual(answer, "6117a109060760857405080101a203020101a305a10302010d")
        self.assertEqual(state, ServerState.IDLE)

    def test_version_too_low(self) -> None:
        """
        DLMS version 5: dlms-version-too-low, octet for octet.
        """
        wanted = "611fa109060760857405080101a203020101a305a103020101be0604040e010601"
        request = _AARQ.replace("00000006", "00000005")
        served = ServedAssociation(client=16)
        self.assertEqual(self.ask(served, request), (wanted, ServerState.IDLE))

    def test_incompatible(self) -> None:
        """
        Nothing in common, and a PDU that is too short: the other two initiate errors.
        """
        served = ServedAssociation(client=16)
        answer, _ = self.ask(served, _AARQ.replace("007e1f", "007e00"))
        self.assertTrue(answer.endswith("be0604040e010602"), answer)
        answer, _ = self.ask(served, _AARQ[:-4] + "000b")
        self.assertTrue(answer.endswith("be0604040e010603"), answer)

    def test_context(self) -> None:
        """
        A context that is not there: 1/2, octet for octet; so are short names where there are logical ones.
        """
        served = ServedAssociation(client=16)
        for context in ("03", "02", "04", "09"):
            answer, state = self.ask(served, _AARQ.replace("05080101", "050801" + context))
            wanted = f"6117a1090607608574050801{context}a203020101a305a103020102"
            self.assertEqual((answer, state), (wanted, ServerState.IDLE))

    def test_mechanism(self) -> None:
        """
        No mechanism, another one, one where none is wanted.
        """
        low = ServedAssociation(client=16, mechanism=Mechanism.LOW, secret=b"12345678")
        answer, _ = self.ask(low, _AARQ)
        self.assertTrue(answer.endswith("a305a10302010c"), answer)
        answer, _ = self.ask(low, _LOW.replace("05080201", "05080205"))
        self.assertTrue(answer.endswith("a305a10302010b"), answer)
        answer, _ = self.ask(ServedAssociation(client=16), _LOW)
        self.assertTrue(answer.endswith("a305a10302010b"), answer)

    def test_missing(self) -> None:
        """
        No user information, one that is no proposal, and no password.
        """
        served = ServedAssociation(client=16)
        for request in (
            "600ba109060760857405080101",
            "6013a109060760857405080101be0604040e010600",
        ):
            answer, state = self.ask(served, request)
            self.assertEqual(answer, "6117a109060760857405080101a203020101a305a103020101")
            self.assertEqual(state, ServerState.IDLE)
        low = ServedAssociation(client=16, mechanism=Mechanism.LOW, secret=b"12345678")
        without = evolve(AARQ.decode(bytes.fromhex(_LOW)), calling_authentication_value=None)
        device, session = server(low)
        answers = session.receive(without.encode(), 0.0)
        self.assertTrue(answers[0].hex().endswith("a305a10302010d"), answers[0].hex())
        self.assertEqual(device.refusals, {"incomplete": 1})

    def test_protocol_version(self) -> None:
        """
        Another version of ACSE: the provider says so; version 1 in both forms that are about is taken.
        """
        served = ServedAssociation(client=16)
        answer, _ = self.ask(served, "602180020640" + _AARQ[4:])
        self.assertIn("a203020101a305a203020102", answer)
        for version in ("80020780", "80020284"):
            _, state = self.ask(served, "6021" + version + _AARQ[4:])
            self.assertEqual(state, ServerState.ASSOCIATED)

    def test_unknown_client(self) -> None:
        """
        An address without an association is refused; so is an AARQ where the association is there beforehand.
        """
        device, session = server(ServedAssociation(client=16, pre_established=True))
        wanted = "6117a109060760857405080101a203020101a305a103020101"
        self.assertEqual([one.hex() for one in session.receive(bytes.fromhex(_AARQ), 0)], [wanted])
        device.associations.clear()
        self.assertEqual([one.hex() for one in session.receive(bytes.fromhex(_AARQ), 0)], [wanted])

    def test_high(self) -> None:
        """
        The published AARQ with HLS-GMAC: the AARE has its form, but for our challenge and the title.
        """
        request = (
            "6036a1090607608574050801018a0207808b0760857405080205ac0a80084b35366956616759"
            "be10040e01000000065f1f0400007e1f04b0"
        )
        request = "6042" + request[4:26] + "a60a04084d4d4d0000bc614e" + request[26:]
        served = ServedAssociation(client=16, mechanism=Mechanism.GMAC)
        answer, state = self.ask(served, request)
        self.assertIn("a203020100a305a10302010ea40a0408444c4d0000000001", answer)
        self.assertIn("88020780890760857405080205aa128010", answer)
        self.assertEqual(state, ServerState.AUTHENTICATING)

    def test_ciphered(self) -> None:
        """
        The published ciphered AARQ with a dedicated key opens, and the answer is ciphered.
        """
        request = (
            "6066a109060760857405080103a60a04084d4d4d0000bc614e8a0207808b0760857405080205"
            "ac0a80084b35366956616759be34043221303001234567801302ff8a7874133d414ced25b42534d2"
            "8db0047720606b175bd52211be6841db204d39ee6fdb8e356855"
        )
        served = ServedAssociation(
            client=16,
            mechanism=Mechanism.GMAC,
            ciphered=True,
            policy=Policy.AUTHENTICATED_ENCRYPTED,
        )
        answer, state = self.ask(served, request)
        self.assertEqual(state, ServerState.AUTHENTICATING)
        self.assertIn("be230421281f30", answer)
        answer, state = self.ask(served, request[:-2] + "56")
        self.assertEqual(state, ServerState.IDLE)
        self.assertTrue(answer.endswith("a203020101a305a10302010d"), answer)

    def test_release(self) -> None:
        """
        RLRQ and RLRE, octet for octet; then there is nothing to release.
        """
        device, session = server(ServedAssociation(client=16), _AARQ)
        self.assertEqual(session.receive(bytes.fromhex("6203800100"), 0), [b"c\x03\x80\x01\x00"])
        self.assertEqual(session.state, ServerState.IDLE)
        self.assertEqual(device.log, ["associated 16", "released 16"])
        self.assertEqual(session.receive(bytes.fromhex("6203800100"), 0), [b"\xd8\x01\x01"])
        for request in ("6200", "6203800101"):
            _, session = server(ServedAssociation(client=16), _AARQ)
            self.assertEqual(session.receive(bytes.fromhex(request), 0)[0][:1], b"c")

    def test_unconfirmed_association(self) -> None:
        """
        Response-allowed FALSE: no AARE, and nothing but unconfirmed services after it.
        """
        request = "601ea109060760857405080101be11040f0100010000065f1f0400007e1f04b0"
        device, session = server(ServedAssociation(client=16))
        self.assertEqual(session.receive(bytes.fromhex(request), 0), [])
        self.assertEqual(session.state, ServerState.ASSOCIATED)
        read = bytes.fromhex("c001c100010000600100ff0200")
        self.assertEqual(session.receive(read, 0), [b"\xd8\x01\x01"])
        write = bytes.fromhex("c1018100010000600100ff020009084142434445464748")
        self.assertEqual(session.receive(write, 0), [])
        self.assertEqual(device.object(DATA).values[2].values, b"ABCDEFGH")


def _matrix() -> list[tuple[Mechanism, Policy, int, bytes | None, bool]]:
    policies = (
        Policy.NONE,
        Policy.AUTHENTICATED,
        Policy.ENCRYPTED,
        Policy.AUTHENTICATED_ENCRYPTED,
    )
    found: list[tuple[Mechanism, Policy, int, bytes | None, bool]] = []
    for mechanism in Mechanism:
        for policy in policies:
            for suite in (0, 1, 2):
                if mechanism is Mechanism.ECDSA and not suite:
                    continue
                found.append((mechanism, policy, suite, None, False))
                if policy != Policy.NONE:
                    dedicated = bytes(range(64, 96 if suite == 2 else 80))
                    found.append((mechanism, policy, suite, dedicated, False))
                    found.append((mechanism, policy, suite, None, True))
                    found.append((mechanism, policy, suite, dedicated, True))
    return found


def _keys(suite: int) -> tuple[MeterKeys, MeterKeys]:
    """
    @return: the client's and the server's.
    """
    length = 32 if suite == 2 else 16
    common: dict[str, Any] = {
        "encryption_key": bytes(range(length)),
        "authentication_key": bytes(range(100, 100 + length)),
        "master_key": bytes(range(200, 200 + length)),
    }
    if not suite:
        return MeterKeys(**common), MeterKeys(**common)
    client = generate_private_key(suite, counting)
    meter = generate_private_key(suite, counting)
    return (
        MeterKeys(**common, signing_private_key=client, signing_public_key=public_of(meter)),
        MeterKeys(**common, signing_private_key=meter, signing_public_key=public_of(client)),
    )


class MatrixTests(SynchronousTestCase):
    """
    Our own client with every mechanism, protection and suite, with dedicated keys and general protection.
    """

    def test_matrix(self) -> None:
        """
        Each combination associates, reads a value, reads a long one in blocks, and releases.
        """
        for mechanism, policy, suite, dedicated, general in _matrix():
            ours, theirs = _keys(suite)
            served = ServedAssociation(
                client=16,
                mechanism=mechanism,
                secret=b"0123456789abcdef",
                ciphered=policy != Policy.NONE,
                policy=policy,
                suite=suite,
                max_receive=300,
            )
            both = pair(
                served,
                keys=ours,
                server_keys=theirs,
                dedicated=dedicated,
                security=policy,
                general=general,
                max_receive=300,
            )
            where = f"{mechanism!r} {policy} {suite} {dedicated!r} {general}"
            both.associated()
            short = both.request(get(8, CLOCK))
            self.assertEqual(short.result, both.device.object(CLOCK).values[2], where)
            long = both.request(get(7, PROFILE))
            self.assertEqual(long.result, both.device.object(PROFILE).values[2], where)
            self.assertLessEqual(max(len(one) for one in both.back), 300, where)
            both.client.release(0.0)
            self.assertEqual([type(one) for one in both.talk()], [Released], where)
            self.assertEqual(both.server.state, ServerState.IDLE, where)
            self.assertEqual(both.device.log, ["associated 16", "released 16"])
            self.assertEqual(both.device.refusals.total(), 0, where)

    def test_wrong_proof(self) -> None:
        """
        A client with another secret or key is refused, counted, and not associated.
        """
        for mechanism in Mechanism:
            if not mechanism.is_high:
                continue
            ours, theirs = _keys(1)
            other, _ = _keys(1)
            if mechanism is Mechanism.GMAC:
                other = MeterKeys(encryption_key=bytes(16), authentication_key=bytes(16))
            served = ServedAssociation(client=16, mechanism=mechanism, secret=b"right", suite=1)
            both = pair(served, keys=other, server_keys=theirs, secret=b"wrong")
            events = both.associate()
            self.assertIsInstance(events[0], Failed, mechanism)
            self.assertEqual(both.server.state, ServerState.IDLE)
            self.assertEqual(both.device.log, [])
            self.assertEqual(both.device.refusals.total(), 1, mechanism)
            del ours

    def test_time_is_up(self) -> None:
        """
        A client that does not prove itself in time has no association.
        """
        served = ServedAssociation(client=16, mechanism=Mechanism.MD5, authentication_timeout=30)
        both = pair(served, secret=b"x")
        both.client.associate(bytes(16), 0.0)
        event: Any = both.client.events()[0]
        both.server.receive(event.apdu, 100.0)
        self.assertEqual(both.server.deadline, 130.0)
        self.assertEqual(both.server.time_passed(129.0), [])
        self.assertEqual(both.server.state, ServerState.AUTHENTICATING)
        self.assertEqual(both.server.time_passed(130.0), [])
        self.assertEqual(both.server.state, ServerState.IDLE)
        self.assertIsNone(both.server.deadline)
        self.assertEqual(both.device.refusals, {"timeout": 1})

    def test_late_proof(self) -> None:
        """
        A proof that comes late finds no association, even if nobody told the session the time.
        """
        both = pair(ServedAssociation(client=16, mechanism=Mechanism.MD5, secret=b"x"))
        both.client.associate(bytes(16), 0.0)
        event: Any = both.client.events()[0]
        for answer in both.server.receive(event.apdu, 0.0):
            both.client.receive(answer, 0.0)
        event = both.client.events()[0]
        self.assertEqual(both.server.receive(event.apdu, 31.0), [b"\xd8\x01\x01"])

    def test_reflected_challenge(self) -> None:
        """
        A challenge that is too short is refused.
        """
        both = pair(ServedAssociation(client=16, mechanism=Mechanism.MD5, secret=b"x"))
        both.client.associate(bytes(7), 0.0)
        self.assertIsInstance(both.talk()[0], Failed)
        self.assertEqual(both.device.refusals, {"malformed": 1})


class SeveralTests(SynchronousTestCase):
    """
    Several clients, and one that associates again.
    """

    def test_again(self) -> None:
        """
        An AARQ while associated: the old association is released, the new one is there.
        """
        device, session = server(ServedAssociation(client=16), _AARQ, _AARQ)
        self.assertEqual(session.state, ServerState.ASSOCIATED)
        self.assertEqual(device.log, ["associated 16", "released 16", "associated 16"])

    def test_refused_again(self) -> None:
        """
        An AARQ that is refused does not end the association that is there.
        """
        served = ServedAssociation(client=16, mechanism=Mechanism.LOW, secret=b"12345678")
        device, session = server(served, _LOW, _LOW.replace("3132", "3231"))
        self.assertEqual(session.state, ServerState.ASSOCIATED)
        self.assertEqual(device.log, ["associated 16"])
        self.assertEqual(device.refusals, {"password": 1})

    def test_lost(self) -> None:
        """
        The link is gone: so is the association, once.
        """
        device, session = server(ServedAssociation(client=16), _AARQ)
        session.lost()
        session.lost()
        self.assertEqual(session.state, ServerState.IDLE)
        self.assertEqual(device.log, ["associated 16", "released 16"])

    def test_addresses(self) -> None:
        """
        Two clients of one device, each with its own mechanism.
        """
        public = pair(ServedAssociation(client=16)).associated()
        public.device.allow(
            ServedAssociation(client=1, mechanism=Mechanism.SHA256, secret=b"secret")
        )
        other = pair(ServedAssociation(client=1, mechanism=Mechanism.SHA256, secret=b"secret"))
        other.server = type(other.server)(public.device, 1, random=counting)
        other.device = public.device
        other.associated()
        self.assertEqual(public.device.log, ["associated 16", "associated 1"])
        self.assertIsInstance(public.request(get(8, CLOCK)), GetResponseNormal)
        self.assertIsInstance(other.request(get(8, CLOCK)), GetResponseNormal)

    def test_pre_established(self) -> None:
        """
        An association that is there beforehand answers at once, and cannot be released.
        """
        device, session = server(ServedAssociation(client=102, pre_established=True))
        self.assertEqual(session.conformance, Conformance(0))
        answer = session.receive(get(8, CLOCK).encode(), 0.0)
        self.assertEqual(answer[0][:4].hex(), "c401c100")
        self.assertEqual(session.receive(bytes.fromhex("6203800100"), 0), [b"c\x03\x80\x01\x01"])
        self.assertEqual(session.state, ServerState.ASSOCIATED)
        self.assertEqual(device.log, ["associated 102"])

    def test_pre_established_ciphered(self) -> None:
        """
        The same with ciphering, where the client's title is known beforehand.
        """
        served = ServedAssociation(
            client=1,
            pre_established=True,
            ciphered=True,
            policy=Policy.AUTHENTICATED_ENCRYPTED,
        )
        keys = MeterKeys(
            encryption_key=bytes(16), authentication_key=bytes(16), system_title=CLIENT
        )
        both = pair(
            served,
            keys=keys,
            security=Policy.AUTHENTICATED_ENCRYPTED,
            pre_established=True,
            peer_title=b"DLM\x00\x00\x00\x00\x01",
        )
        both.associate()
        answer = both.request(get(8, CLOCK, 9))
        self.assertEqual(answer.result, DataAccessResult.OBJECT_UNDEFINED)
