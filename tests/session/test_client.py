"""
Tests of L{dlms_twisted.session.client} and L{dlms_twisted.session.association}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.apdu.conformance import Conformance
from dlms_twisted.apdu.descriptors import AttributeDescriptor
from dlms_twisted.apdu.get import GetRequestNormal, GetResponseNormal
from dlms_twisted.errors import DLMSError, LocalProtocolError, RequestTimeoutError, SecurityError
from dlms_twisted.security.hls import Authentication, Mechanism
from dlms_twisted.security.keys import MeterKeys
from dlms_twisted.security.policy import Policy
from dlms_twisted.session.association import AssociationSettings
from dlms_twisted.session.client import ClientSession
from dlms_twisted.session.client_events import (
    Answered,
    Associated,
    Failed,
    Pushed,
    Released,
    SessionState,
    Transmit,
)

_CLASSIC = Conformance(0x007E1F)
_TITLE = bytes.fromhex("4D4D4D0000BC614E")
_METER = bytes.fromhex("4D4D4D0000000001")
_KEYS = MeterKeys(encryption_key=bytes(range(16)), authentication_key=bytes(range(0xD0, 0xE0)))
#: 02, section 10.
_AARE = bytes.fromhex(
    "6129A109060760857405080101A203020100A305A103020100BE10040E0800065F1F040000501F01F40007"
)
_GMAC_AARE = bytes.fromhex(
    "6142A109060760857405080101A203020100A305A10302010E88020780890760857405080205"
    "AA0A8008503677524A323146BE10040E0800065F1F0400007E1F04B00007"
)


def _session(settings: AssociationSettings, counter: int = 1) -> ClientSession:
    counters = iter(range(counter, counter + 100))
    return ClientSession(settings, lambda title, epoch: next(counters), timeout=5.0)


def _get(session: ClientSession) -> GetRequestNormal:
    return GetRequestNormal(
        invoke_id_and_priority=session.invoke(),
        attribute=AttributeDescriptor(
            class_id=8, instance_id=bytes.fromhex("0000010000ff"), attribute_id=2
        ),
    )


class AssociatingTests(SynchronousTestCase):
    """
    Tests of associating.
    """

    def sent(self, settings: AssociationSettings, challenge: bytes = b"", counter: int = 1) -> str:
        """
        @return: the association request, in hex.
        """
        session = _session(settings, counter)
        session.associate(challenge, 0.0)
        (event,) = session.events()
        assert isinstance(event, Transmit)
        return event.apdu.hex().upper()

    def test_requests(self) -> None:
        """
        Plain, with a password, with a challenge: the worked examples, octet for octet.
        """
        plain = AssociationSettings(conformance=_CLASSIC, max_receive=1200)
        self.assertEqual(
            self.sent(plain),
            "601DA109060760857405080101BE10040E01000000065F1F0400007E1F04B0",
        )
        low = AssociationSettings(
            conformance=_CLASSIC, max_receive=1200, mechanism=Mechanism.LOW, secret=b"12345678"
        )
        self.assertEqual(
            self.sent(low),
            "6036A1090607608574050801018A0207808B0760857405080201AC0A80083132333435363738"
            "BE10040E01000000065F1F0400007E1F04B0",
        )

    def test_ciphered(self) -> None:
        """
        Ciphered, with a dedicated key: the worked example, octet for octet.
        """
        keys = MeterKeys(
            encryption_key=_KEYS.encryption_key,
            authentication_key=_KEYS.authentication_key,
            dedicated_key=bytes(i * 17 for i in range(16)),
        )
        settings = AssociationSettings(
            conformance=_CLASSIC,
            max_receive=1200,
            mechanism=Mechanism.GMAC,
            security=Policy.AUTHENTICATED_ENCRYPTED,
            title=_TITLE,
            keys=keys,
        )
        self.assertEqual(
            self.sent(settings, b"K56iVagY", 0x01234567),
            "6066A109060760857405080103A60A04084D4D4D0000BC614E8A0207808B0760857405080205"
            "AC0A80084B35366956616759BE34043221303001234567"
            "801302FF8A7874133D414CED25B42534D28DB0047720606B175BD52211BE68"
            "41DB204D39EE6FDB8E356855",
        )

    def test_accepted(self) -> None:
        """
        What is negotiated is never more than was proposed.
        """
        session = _session(AssociationSettings(conformance=Conformance.GET))
        session.associate(b"", 0.0)
        session.receive(_AARE, 1.0)
        self.assertIsInstance(session.events()[-1], Associated)
        self.assertEqual(session.conformance, Conformance.GET)
        self.assertIsNone(session.deadline)

    def test_gmac(self) -> None:
        """
        The four passes of GMAC; a meter that proves nothing is refused.
        """
        for honest in (True, False):
            settings = AssociationSettings(
                mechanism=Mechanism.GMAC, title=_METER, peer_title=_TITLE, keys=_KEYS
            )
            session = _session(settings)
            session.associate(b"K56iVagY", 0.0)
            session.receive(_GMAC_AARE, 1.0)
            event = session.events()[-1]
            assert isinstance(event, Transmit)
            self.assertEqual(
                event.apdu.hex().upper(),
                "C301C1000F0000280000FF01010911" + "10000000011A52FE7DD3E72748973C1E28",
            )
            self.assertEqual(session.state, SessionState.AUTHENTICATING)
            meter = Authentication(
                mechanism=Mechanism.GMAC,
                challenge=b"P6wRJ21F",
                peer_challenge=b"K56iVagY",
                title=_TITLE,
                peer_title=_METER,
                keys=_KEYS,
            )
            proof = meter.answer(0x01234567)
            if not honest:
                proof = proof[:-1] + bytes((proof[-1] ^ 1,))
            session.receive(bytes.fromhex("C701C10001000911") + proof, 2.0)
            event = session.events()[-1]
            if honest:
                self.assertIsInstance(event, Associated)
            else:
                assert isinstance(event, Failed)
                self.assertIsInstance(event.error, SecurityError)
                self.assertEqual(session.state, SessionState.IDLE)

    def test_own_challenge(self) -> None:
        """
        A meter that sends our own challenge back is refused.
        """
        settings = AssociationSettings(mechanism=Mechanism.MD5, secret=b"x")
        session = _session(settings)
        session.associate(b"P6wRJ21F", 0.0)
        session.receive(_GMAC_AARE, 1.0)
        event = session.events()[-1]
        assert isinstance(event, Failed)
        self.assertIn("replay", str(event.error))

    def test_titles(self) -> None:
        """
        Ciphering without a system title of ours is refused at once.
        """
        self.assertRaises(LocalProtocolError, AssociationSettings, security=Policy.ENCRYPTED)


class RequestTests(SynchronousTestCase):
    """
    Tests of requests over a pre-established association.
    """

    def setUp(self) -> None:
        """
        An association, without octets.
        """
        self.session = _session(AssociationSettings(pre_established=True))
        self.session.associate(b"", 0.0)
        self.assertEqual(self.session.events(), [Associated()])

    def test_blocks(self) -> None:
        """
        Each block is asked for, and each has a deadline of its own.
        """
        self.session.request(_get(self.session), 0.0)
        self.session.receive(bytes.fromhex("C402C100000000010003090401"), 4.0)
        self.assertEqual(self.session.deadline, 9.0)
        self.session.receive(bytes.fromhex("C402C101000000020003020304"), 8.0)
        first, second, answered = self.session.events()
        assert isinstance(first, Transmit)
        self.assertEqual(second, Transmit(bytes.fromhex("C002C100000001")))
        assert isinstance(answered, Answered)
        assert isinstance(answered.apdu, GetResponseNormal)
        self.assertEqual(getattr(answered.apdu.result, "values", None), b"\1\2\3\4")

    def test_strays(self) -> None:
        """
        Whatever comes when nobody waits is counted, and nothing else.
        """
        for octets in (b"", b"\xff", b"\xc4\x01\xc1\x00\x00", b"\xd8\x01\x02", _AARE, b"\xcc\x01"):
            self.session.receive(octets, 0.0)
        self.assertEqual(self.session.events(), [])
        self.assertEqual(self.session.strays, 6)
        self.session.receive(b"\x0f\0\0\0\1\0\2\0", 0.0)
        self.assertEqual(self.session.events(), [Pushed(b"\x0f\0\0\0\1\0\2\0", False)])

    def test_every_mutation(self) -> None:
        """
        An answer with any one octet changed is an answer, a typed error, or nobody's.
        """
        answer = bytes.fromhex("C401C10009050102030405")
        for place in range(len(answer)):
            for value in range(0, 256, 5):
                octets = answer[:place] + bytes((value,)) + answer[place + 1 :]
                self.session.request(_get(self.session), 0.0)
                self.session.receive(octets, 0.0)
                for event in self.session.events():
                    if isinstance(event, Failed):
                        self.assertIsInstance(event.error, DLMSError)
                self.session.abandon()

    def test_silence(self) -> None:
        """
        The deadline fails the request, once.
        """
        self.session.request(_get(self.session), 0.0)
        self.session.events()
        self.session.time_passed(4.9)
        self.assertEqual(self.session.events(), [])
        self.session.time_passed(5.0)
        (event,) = self.session.events()
        assert isinstance(event, Failed)
        self.assertIsInstance(event.error, RequestTimeoutError)
        self.session.time_passed(50.0)
        self.assertEqual(self.session.events(), [])

    def test_order(self) -> None:
        """
        One request at a time, and none without an association.
        """
        self.session.request(_get(self.session), 0.0)
        self.assertRaises(LocalProtocolError, self.session.request, _get(self.session), 0.0)
        self.session.abandon()
        self.session.release(0.0)
        self.assertIsInstance(self.session.events()[-1], Released)
        self.assertRaises(LocalProtocolError, self.session.request, _get(self.session), 0.0)
