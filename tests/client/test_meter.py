"""
Tests of L{dlms_twisted.client} on a fake transport and clock.
"""

from __future__ import annotations

from twisted.internet.defer import CancelledError
from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.client import Meter, MeterSettings, Reference
from dlms_twisted.errors import (
    AccessRefusedError,
    AssociationRejectedError,
    ConfigurationError,
    DecodeError,
    DLMSError,
    ExceptionResponseError,
    LinkError,
    LocalProtocolError,
    RequestTimeoutError,
    SecurityError,
)
from tests.client.fake import AARE, ANSWER, FakeMeter

_REGISTER = "3/1-0:1.8.0.255/2"


class ConnectingTests(SynchronousTestCase):
    """
    Tests of C{connect}.
    """

    def failed(self, fake: FakeMeter, kind: type[DLMSError]) -> DLMSError:
        """
        @return: the error, when it is of this kind and nothing is left of the connection.
        """
        error = self.failureResultOf(fake.connecting, kind).value
        self.assertTrue(fake.transport.closed)
        self.assertEqual(fake.leaks, [])
        assert isinstance(error, kind)
        return error

    def test_request(self) -> None:
        """
        What is sent is the example of the desk reference, in a wrapper frame.
        """
        fake = FakeMeter(auth="low", password=b"12345678", max_pdu=1200)
        fake.accept()
        sent = fake.sent()
        self.assertEqual(sent[:2].hex(), "6036")
        self.assertIn(bytes.fromhex("8A0207808B0760857405080201AC0A80083132333435363738"), sent)
        self.assertTrue(sent.endswith(bytes.fromhex("04B0")))

    def test_accepted(self) -> None:
        """
        The meter agrees: there is a L{Meter} with what was negotiated.
        """
        fake = FakeMeter()
        fake.accept()
        fake.say(AARE)
        meter = self.successResultOf(fake.connecting)
        self.assertIsInstance(meter, Meter)
        self.assertIn("get", meter.conformance.names)
        self.assertEqual(fake.leaks, [])

    def test_refused(self) -> None:
        """
        A refusal says its diagnostic, with and without user information.
        """
        for octets, words in (
            (
                "611FA109060760857405080101A203020101A305A103020101BE0604040E010601",
                "no-reason-given (dlms-version-too-low)",
            ),
            (
                "6117A109060760857405080101A203020101A305A103020102",
                "application-context-name-not-supported",
            ),
        ):
            fake = FakeMeter()
            fake.accept()
            fake.say(bytes.fromhex(octets))
            error = self.failed(fake, AssociationRejectedError)
            self.assertEqual(str(error), f"association rejected: {words}")

    def test_nonsense(self) -> None:
        """
        What is no association response gives a typed error at once.
        """
        for octets, kind in (
            (b"\x61\x05junk!", DecodeError),
            (b"\xff\xff", DecodeError),
            (b"\xd8\x01\x01", ExceptionResponseError),
            (ANSWER, DLMSError),
            (b"", DLMSError),
        ):
            fake = FakeMeter()
            fake.accept()
            fake.say(octets)
            self.failed(fake, kind)

    def test_silent(self) -> None:
        """
        A meter that says nothing: an error at the deadline, and nothing is left.
        """
        fake = FakeMeter()
        fake.accept()
        fake.reactor.advance(4.9)
        self.assertNoResult(fake.connecting)
        fake.reactor.advance(0.2)
        self.failed(fake, RequestTimeoutError)

    def test_unreachable(self) -> None:
        """
        A connection that never comes about.
        """
        fake = FakeMeter()
        fake.reactor.advance(5.1)
        self.failureResultOf(fake.connecting, LinkError)
        self.assertEqual(fake.leaks, [])

    def test_cancelled(self) -> None:
        """
        Cancelled while it associates: the connection is closed, nothing is left.
        """
        fake = FakeMeter()
        fake.accept()
        fake.connecting.cancel()
        self.failureResultOf(fake.connecting, CancelledError)
        self.assertTrue(fake.transport.closed)
        self.assertEqual(fake.leaks, [])

    def test_clear_answer(self) -> None:
        """
        An association response in clear where ciphering is demanded is refused.
        """
        fake = FakeMeter(security="both", encryption_key=bytes(16), authentication_key=bytes(16))
        fake.accept()
        fake.say(AARE)
        self.assertIn("downgrade", str(self.failed(fake, SecurityError)))

    def test_settings(self) -> None:
        """
        Wrong settings are named; secrets are not shown.
        """
        self.assertRaises(ConfigurationError, MeterSettings, auth="high")
        self.assertRaises(ConfigurationError, MeterSettings, framing="mbus")
        self.assertRaises(ConfigurationError, MeterSettings, security="very")
        self.assertNotIn("geheim", repr(MeterSettings(password=b"geheim", secret=b"geheim")))


class MeterTests(SynchronousTestCase):
    """
    Tests of L{Meter}.
    """

    def setUp(self) -> None:
        """
        An association.
        """
        self.pushed: list[bytes] = []
        self.fake = FakeMeter(pushed=lambda apdu, _: self.pushed.append(apdu))
        self.fake.accept()
        self.fake.sent()
        self.fake.say(AARE)
        self.meter = self.successResultOf(self.fake.connecting)

    def test_get(self) -> None:
        """
        A value, and what is left when it is there.
        """
        got = self.meter.get(_REGISTER)
        self.assertEqual(self.fake.sent().hex(), "c001c1000301000108 00ff0200".replace(" ", ""))
        self.fake.say(ANSWER)
        self.assertEqual(self.successResultOf(got).values, 1000)
        self.assertEqual(self.fake.leaks, [])

    def test_refused(self) -> None:
        """
        A data-access-result is an error with its name and the attribute's.
        """
        got = self.meter.get(_REGISTER)
        self.fake.say(bytes.fromhex("C401C10104"))
        error = self.failureResultOf(got, AccessRefusedError).value
        self.assertEqual(str(error), f"{_REGISTER}: object-undefined")

    def test_late(self) -> None:
        """
        An answer after its deadline is dropped; the next request is answered by its own.
        """
        late = self.meter.get(_REGISTER)
        self.fake.reactor.advance(5.1)
        self.failureResultOf(late, RequestTimeoutError)
        self.fake.say(ANSWER)
        got = self.meter.get(_REGISTER)
        self.fake.say(ANSWER)
        self.assertNoResult(got)
        self.fake.say(b"\xc4\x01\xc2" + ANSWER[3:])
        self.assertEqual(self.successResultOf(got).values, 1000)

    def test_nonsense(self) -> None:
        """
        Nonsense fails the request; the next one works.
        """
        for octets in (b"\xc4\x01", b"\xff", b"", b"\xd8\x01\x02", b"\xc4\x01\xc1\x00\x99"):
            got = self.meter.get(_REGISTER)
            answer = octets.replace(b"\xc1", self.fake.sent()[2:3])
            self.fake.say(answer)
            self.failureResultOf(got, DLMSError)
        got = self.meter.get(_REGISTER)
        self.fake.say(ANSWER[:2] + self.fake.sent()[2:3] + ANSWER[3:])
        self.assertEqual(self.successResultOf(got).values, 1000)
        self.assertEqual(self.fake.leaks, [])

    def test_queue(self) -> None:
        """
        A second request waits for the first; cancelling the first lets it go.
        """
        first, second = self.meter.get(_REGISTER), self.meter.get(_REGISTER)
        self.assertEqual(self.fake.sent()[2], 0xC1)
        first.cancel()
        self.failureResultOf(first, CancelledError)
        self.assertEqual(self.fake.sent()[2], 0xC2)
        self.fake.say(b"\xc4\x01\xc2" + ANSWER[3:])
        self.assertEqual(self.successResultOf(second).values, 1000)

    def test_pushed(self) -> None:
        """
        A notification in between goes to the observer, and the request goes on.
        """
        got = self.meter.get(_REGISTER)
        self.fake.say(bytes.fromhex("0F00000001000200"))
        self.assertNoResult(got)
        self.assertEqual(self.pushed, [bytes.fromhex("0F00000001000200")])
        self.fake.say(ANSWER)
        self.successResultOf(got)

    def test_lost(self) -> None:
        """
        A connection that breaks fails what waits, and what is asked later.
        """
        got = self.meter.get(_REGISTER)
        self.fake.transport.loseConnection()
        self.failureResultOf(got, LinkError)
        self.failureResultOf(self.meter.get(_REGISTER), LinkError)
        self.successResultOf(self.meter.close())
        self.assertEqual(self.fake.leaks, [])

    def test_read(self) -> None:
        """
        Scaler and unit are fetched once.
        """
        for _ in range(2):
            got = self.meter.read(_REGISTER)
            while (sent := self.fake.sent()) != b"":
                value = "02020FFE161E" if sent[-2] == 3 else "06000003E8"
                self.fake.say(b"\xc4\x01" + sent[2:3] + b"\x00" + bytes.fromhex(value))
            self.assertEqual(self.successResultOf(got).text(), "10.00 Wh")
        self.assertEqual(self.meter._conversation.session.invoke() & 15, 4)

    def test_close(self) -> None:
        """
        Released by RLRE, by anything else, or by silence; the connection is closed.
        """
        closing = self.meter.close()
        self.assertEqual(self.fake.sent().hex(), "6203800100")
        self.assertNoResult(closing)
        self.fake.reactor.advance(5.1)
        self.successResultOf(closing)
        self.assertTrue(self.fake.transport.closed)
        self.assertEqual(self.fake.leaks, [])


class ReferenceTests(SynchronousTestCase):
    """
    Tests of L{Reference}.
    """

    def test_parse(self) -> None:
        """
        With and without class and attribute; what is none is refused.
        """
        self.assertEqual(str(Reference.parse("3/1-0:1.8.0.255/2")), _REGISTER)
        self.assertEqual(str(Reference.parse("1-0:1.8.0.255")), "1-0:1.8.0.255/2")
        for text in ("", "x", "70000/1-0:1.8.0.255/2", "3/1-0:1.8.0.255/200", "3/4/5/6"):
            self.assertRaises(LocalProtocolError, Reference.parse, text)
        self.assertRaises(LocalProtocolError, Reference.parse("1-0:1.8.0.255").attribute)
