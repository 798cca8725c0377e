"""
Suite 0 with gurux_dlms as the other side, in both directions: what it protects we open, and what we protect it opens.

It is a black box here, and the tests skip where it is not installed.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from datetime import datetime
from itertools import product
from typing import Any

from attrs import evolve
from twisted.trial.unittest import SkipTest, SynchronousTestCase

from dlms_twisted.apdu.ciphered import parse_envelope
from dlms_twisted.errors import SecurityError
from dlms_twisted.security.hls import Authentication, Mechanism
from dlms_twisted.security.opening import open_envelope
from dlms_twisted.security.policy import Policy
from dlms_twisted.security.protect import protect
from tests.security.samples import (
    AUTHENTICATION_KEY,
    CLIENT_TITLE,
    ENCRYPTION_KEY,
    KEYS,
    OTHER_KEYS,
    TITLE,
)

_DEDICATED = OTHER_KEYS[0]
_KEYS = evolve(KEYS, dedicated_key=_DEDICATED, policy=Policy.NONE)
_SECRET = b"12345678"
_CHALLENGE = b"P6wRJ21FP6wRJ21F"
_REQUEST = bytes.fromhex("C001C100030100010800FF0200")
_RESPONSE = bytes.fromhex("C401C1000600123456")
#: Its names of the security levels, and our security control octets.
_LEVELS = {"AUTHENTICATION": 0x10, "ENCRYPTION": 0x20, "AUTHENTICATION_ENCRYPTION": 0x30}
_MECHANISMS = {
    "HIGH": Mechanism.MANUFACTURER,
    "HIGH_MD5": Mechanism.MD5,
    "HIGH_SHA1": Mechanism.SHA1,
    "HIGH_GMAC": Mechanism.GMAC,
    "HIGH_SHA256": Mechanism.SHA256,
}


@contextmanager
def quiet() -> Iterator[None]:
    """
    It prints.
    """
    with redirect_stdout(io.StringIO()):
        yield


class GuruxCase(SynchronousTestCase):
    """
    Makes clients of gurux_dlms.
    """

    def setUp(self) -> None:
        try:
            import gurux_dlms
            import gurux_dlms.enums
            import gurux_dlms.objects
            import gurux_dlms.secure
            from gurux_dlms.ConnectionState import ConnectionState
        except ImportError:
            raise SkipTest("gurux_dlms is not installed") from None
        self.gurux: Any = gurux_dlms
        self.states: Any = ConnectionState

    def give_keys(self, ciphering: Any, title: bytes, level: str, counter: int) -> None:
        """
        Give it the keys.
        """
        ciphering.systemTitle = bytearray(title)
        ciphering.blockCipherKey = bytearray(ENCRYPTION_KEY)
        ciphering.authenticationKey = bytearray(AUTHENTICATION_KEY)
        ciphering.security = self.gurux.enums.Security[level]
        ciphering.invocationCounter = counter

    def client(
        self,
        level: str = "NONE",
        mechanism: str = "NONE",
        general: bool = False,
        dedicated: bool = False,
    ) -> Any:
        """
        @return: a client that is as good as associated.
        """
        enums = self.gurux.enums
        client = self.gurux.secure.GXDLMSSecureClient(
            True, 16, 1, enums.Authentication[mechanism], _SECRET, enums.InterfaceType.PDU
        )
        self.give_keys(client.ciphering, CLIENT_TITLE, level, 5)
        if dedicated:
            client.ciphering.dedicatedKey = bytearray(_DEDICATED)
        conformance = enums.Conformance.GET | enums.Conformance.ACTION
        if general:
            conformance |= enums.Conformance.GENERAL_PROTECTION
        client.settings.sourceSystemTitle = bytearray(TITLE)
        client.settings.connected = self.states.DLMS
        client.settings.negotiatedConformance = conformance
        client.settings.proposedConformance = conformance
        return client

    def get(self, client: Any) -> bytes:
        """
        @return: its GET request of the active energy.
        """
        register = self.gurux.objects.GXDLMSRegister("1.0.1.8.0.255")
        (request,) = client.read(register, 2)
        return bytes(request)

    def reply(self, client: Any, octets: bytes) -> Any:
        """
        Give it a response.
        """
        reply = self.gurux.GXReplyData()
        with quiet():
            client.getData(self.gurux.GXByteBuffer(octets), reply)
        return reply


class CipheringTests(GuruxCase):
    """
    Tests of the three security levels, with the global and the dedicated key.
    """

    def test_theirs(self) -> None:
        """
        We open its requests, and verify each tag.
        """
        for level, general, dedicated in product(_LEVELS, (False, True), (False, True)):
            octets = self.get(self.client(level, general=general, dedicated=dedicated))
            tag = {(0, 0): 0xC8, (0, 1): 0xD0, (1, 0): 0xDB, (1, 1): 0xDC}[general, dedicated]
            self.assertEqual(octets[0], tag)
            found = open_envelope(parse_envelope(octets), _KEYS, CLIENT_TITLE)
            self.assertEqual((found.plaintext, found.counter), (_REQUEST, 5))
            self.assertEqual(found.authenticated, bool(_LEVELS[level] & 0x10))
            self.assertEqual(found.encrypted, bool(_LEVELS[level] & 0x20))

    def test_theirs_forged(self) -> None:
        """
        With a changed octet of its tag we open nothing.
        """
        octets = self.get(self.client("AUTHENTICATION_ENCRYPTION"))
        forged = parse_envelope(octets[:-1] + bytes((octets[-1] ^ 1,)))
        self.assertRaises(SecurityError, open_envelope, forged, _KEYS, CLIENT_TITLE)

    def test_ours(self) -> None:
        """
        It opens our responses.
        """
        for level, general, dedicated in product(_LEVELS, (False, True), (False, True)):
            client = self.client(level, general=general, dedicated=dedicated)
            self.get(client)
            tag = {(0, 0): 0xCC, (0, 1): 0xD4, (1, 0): 0xDB, (1, 1): 0xDC}[general, dedicated]
            octets = protect(
                _RESPONSE,
                keys=_KEYS,
                title=TITLE,
                counter=77,
                security_control=_LEVELS[level],
                tag=tag,
            )
            reply = self.reply(client, octets)
            self.assertEqual((reply.value, int(reply.error)), (0x123456, 0))

    def test_ours_forged(self) -> None:
        """
        It refuses a changed tag of an authenticated response, so it does verify ours.  (Of authenticated and encrypted
        ones its 1.0.203 takes any tag.)
        """
        client = self.client("AUTHENTICATION")
        self.get(client)
        octets = protect(
            _RESPONSE, keys=_KEYS, title=TITLE, counter=7, security_control=0x10, tag=0xCC
        )
        with self.assertRaises(ValueError):
            self.reply(client, octets[:-1] + bytes((octets[-1] ^ 1,)))

    def test_push(self) -> None:
        """
        We open its pushes.
        """
        from gurux_dlms.secure.GXDLMSSecureNotify import GXDLMSSecureNotify

        enums = self.gurux.enums
        for level, control in _LEVELS.items():
            notify = GXDLMSSecureNotify(True, 16, 1, enums.InterfaceType.PDU)
            notify.settings.connected = self.states.DLMS
            notify.conformance = enums.Conformance.GENERAL_PROTECTION
            notify.settings.proposedConformance |= enums.Conformance.GENERAL_PROTECTION
            self.give_keys(notify.ciphering, TITLE, level, 1000)
            body = self.gurux.GXByteBuffer(bytes.fromhex("0202090601000108 00FF0600123456"))
            (octets,) = notify.generateDataNotificationMessages(datetime(2026, 1, 1), body)
            envelope = parse_envelope(bytes(octets))
            self.assertEqual((envelope.tag, envelope.security_control), (0xDB, control))
            found = open_envelope(envelope, _KEYS, b"")
            self.assertEqual((found.plaintext[0], found.title), (0x0F, TITLE))
            self.assertTrue(found.plaintext.endswith(bytes.fromhex("0600123456")))


class AuthenticationTests(GuruxCase):
    """
    Tests of HLS: its client with our server's half.
    """

    def begin(self, name: str) -> tuple[Any, Authentication]:
        """
        @return: its client after the first two passes, and our side of the next two.
        """
        client = self.client(mechanism=name)
        client.settings.connected = self.states.NONE
        with quiet():
            client.aarqRequest()
            aare = (
                bytes.fromhex("A109060760857405080101A203020100A305A10302010E")
                + bytes.fromhex("A40A0408")
                + TITLE
                + bytes.fromhex(f"880207808907608574050802{_MECHANISMS[name]:02X}AA128010")
                + _CHALLENGE
                + bytes.fromhex("BE10040E0800065F1F040000501F01F40007")
            )
            reply = self.reply(client, bytes((0x61, len(aare))) + aare)
            client.parseAareResponse(reply.data)
        server = Authentication(
            mechanism=_MECHANISMS[name],
            challenge=_CHALLENGE,
            peer_challenge=bytes(client.settings.ctoSChallenge),
            title=TITLE,
            peer_title=CLIENT_TITLE,
            secret=_SECRET,
            keys=KEYS,
        )
        return client, server

    def proof(self, client: Any) -> bytes:
        """
        @return: f(StoC) out of its third pass.
        """
        (request,) = client.getApplicationAssociationRequest()
        octets = bytes(request)
        self.assertEqual(octets[:14].hex(), "c301c1000f0000280000ff010109")
        self.assertEqual(octets[14], len(octets) - 15)
        return octets[15:]

    def finish(self, client: Any, answer: bytes) -> None:
        """
        Give it the fourth pass.
        """
        response = bytes.fromhex("C701C100010009") + bytes((len(answer),)) + answer
        reply = self.reply(client, response)
        with quiet():
            client.parseApplicationAssociationResponse(reply.data)

    def test_each_mechanism(self) -> None:
        """
        We accept its proof and it accepts ours; with a changed bit neither does.
        """
        for name in _MECHANISMS:
            client, server = self.begin(name)
            proof = self.proof(client)
            forged = proof[:-1] + bytes((proof[-1] ^ 1,))
            self.assertRaises(SecurityError, server.check, forged)
            self.assertEqual(server.check(proof), 5 if name == "HIGH_GMAC" else None)
            answer = server.answer(9)
            forged = answer[:-1] + bytes((answer[-1] ^ 1,))
            with self.assertRaises(Exception) as caught:
                self.finish(client, forged)
            self.assertIn("do not match", str(caught.exception))
            self.finish(client, answer)
