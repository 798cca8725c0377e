"""
Tests of L{dlms_twisted.client.security_setup}, against the Security setup of a server.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.client.security_setup import SECURITY_SETUP, SecuritySetup
from dlms_twisted.codec.data import Data
from dlms_twisted.errors import (
    AccessRefusedError,
    DecodeError,
    LocalProtocolError,
    RemoteProtocolError,
    SecurityError,
)
from dlms_twisted.security.certificates import CertificateType, Entity, read_certificate
from dlms_twisted.security.curves import generate_private_key, public_of
from dlms_twisted.security.issuing import issue, issue_authority, read_signing_request
from dlms_twisted.security.keys import MeterKeys
from dlms_twisted.security.policy import Policy, SecurityPolicy
from dlms_twisted.security.setup import ByEntity, BySerial, KeyId
from dlms_twisted.security.setup_server import SecuritySetup as ServerSetup
from tests.client.objects import Answers, services_of
from tests.security.samples import Counted

_MASTER = bytes(range(0x30, 0x40))
_CLIENT = b"CLI00001"
_SERVER = b"MTR00001"
_STRONG = SecurityPolicy(request=Policy(authenticated=True), response=Policy(authenticated=True))


def _octets(count: int) -> bytes:
    """
    Not random at all.
    """
    return (b"\x5a\x21\x9c" * count)[:count]


class SecuritySetupTests(SynchronousTestCase):
    """
    Tests of L{SecuritySetup}.
    """

    def setUp(self) -> None:
        """
        A meter of suite 0.
        """
        self.answers = Answers()
        self.serve(0)
        self.changes: list[Mapping[KeyId, bytes]] = []
        self.setup = SecuritySetup(services_of(self.answers), changed=self.changes.append)

    def serve(self, suite: int, **keys: bytes) -> None:
        """
        A new meter.
        """
        self.server = ServerSetup(
            MeterKeys(master_key=_MASTER, encryption_key=bytes(16), **keys),  # type: ignore[arg-type]
            server_title=_SERVER,
            client_title=_CLIENT,
            suite=suite,
            random=_octets,
        )
        for number in range(2, 7):
            self.answers.attributes[SECURITY_SETUP, number] = (
                lambda _, one=number: self.server.attribute(one)  # type: ignore[misc]
            )
        for number in range(1, 9):
            self.answers.methods[SECURITY_SETUP, number] = (
                lambda parameter, one=number: self.server.invoke(one, parameter)  # type: ignore[misc]
            )

    def result(self, deferred: Deferred[Any]) -> Any:
        """
        @return: what it fires with.
        """
        return self.successResultOf(deferred)

    def test_state(self) -> None:
        """
        What the meter says of itself, and what it does not say.
        """
        state = self.result(self.setup.state())
        self.assertEqual((state.policy, state.suite), (SecurityPolicy(), 0))
        self.assertEqual((state.client_title, state.server_title), (_CLIENT, _SERVER))
        self.answers.attributes[SECURITY_SETUP, 2] = 3
        self.assertIsNone(self.result(self.setup.state()).policy)

    def test_activate(self) -> None:
        """
        A policy is strengthened, not weakened; version 0 says it with other numbers.
        """
        self.result(self.setup.activate(_STRONG))
        self.assertEqual(self.server.policy, _STRONG)
        self.failureResultOf(self.setup.activate(SecurityPolicy()), AccessRefusedError)
        old = SecuritySetup(services_of(self.answers), version=0)
        self.server.version, self.server.policy = 0, SecurityPolicy()
        self.result(old.activate(_STRONG))
        self.assertEqual(self.server.policy, _STRONG)

    def test_transfer(self) -> None:
        """
        The meter has the keys, and the association is told of them; a refusal changes nothing.
        """
        keys = {KeyId.UNICAST_ENCRYPTION: b"E" * 16, KeyId.AUTHENTICATION: b"A" * 16}
        self.result(self.setup.transfer_keys(_MASTER, keys))
        self.server.commit()
        self.assertEqual(self.server.keys.encryption_key, b"E" * 16)
        self.assertEqual(self.server.keys.authentication_key, b"A" * 16)
        self.assertEqual(self.changes, [keys])
        self.failureResultOf(self.setup.transfer_keys(bytes(16), keys), AccessRefusedError)
        self.failureResultOf(
            self.setup.transfer_keys(_MASTER, {KeyId.MASTER: b"x"}), LocalProtocolError
        )
        self.assertEqual(len(self.changes), 1)
        self.assertNotIn("45454545", repr(self.setup))

    def test_agreement(self) -> None:
        """
        Both come to the same keys; an answer that is not the meter's gives none.
        """
        ours, theirs = (generate_private_key(1, Counted(seed)) for seed in (1, 2))
        self.serve(1, signing_private_key=theirs, signing_public_key=public_of(ours))
        wanted = [KeyId.UNICAST_ENCRYPTION, KeyId.MASTER]

        def agree(public: bytes) -> Deferred[dict[KeyId, bytes]]:
            return self.setup.agree_keys(
                wanted,
                client_title=_CLIENT,
                server_title=_SERVER,
                signing_private=ours,
                server_signing_public=public,
                random=Counted(3),
            )

        keys = self.result(agree(public_of(theirs)))
        self.server.commit()
        self.assertEqual(keys[KeyId.UNICAST_ENCRYPTION], self.server.keys.encryption_key)
        self.assertEqual(keys[KeyId.MASTER], self.server.keys.master_key)
        self.assertEqual(self.changes, [keys])
        self.failureResultOf(agree(public_of(ours)), SecurityError)
        self.assertEqual(len(self.changes), 1)

    def test_certificates(self) -> None:
        """
        The meter makes a key pair and asks for its certificate, which is given to it, listed, taken out and removed.
        """
        self.serve(1)
        kind = CertificateType.DIGITAL_SIGNATURE
        self.result(self.setup.generate_key_pair(kind))
        request = self.result(self.setup.certificate_request(kind))
        der = _issued(request, kind)
        self.result(self.setup.import_certificate(der))
        (info,) = self.result(self.setup.certificates())
        self.assertEqual((info.entity, info.type), (Entity.SERVER, kind))
        which = ByEntity(Entity.SERVER, kind, _SERVER)
        exported = self.result(self.setup.export_certificate(which))
        self.assertEqual(exported, read_certificate(der))
        self.result(self.setup.remove_certificate(BySerial(info.serial_number, info.issuer)))
        self.assertEqual(self.result(self.setup.certificates()), ())
        self.failureResultOf(self.setup.export_certificate(which), AccessRefusedError)

    def test_nonsense(self) -> None:
        """
        What is no certificate is not sent; what is none is not taken; nothing in place of something.
        """
        self.failureResultOf(self.setup.import_certificate(b"junk"), DecodeError)
        self.assertEqual(self.answers.asked("action"), [])

        def answered(value: Data | None) -> None:
            self.answers.methods[SECURITY_SETUP, 7] = lambda _: (0, value)
            self.answers.methods[SECURITY_SETUP, 5] = lambda _: (0, value)

        which = ByEntity(Entity.SERVER, CertificateType.TLS, _SERVER)
        answered(None)
        self.failureResultOf(self.setup.export_certificate(which), RemoteProtocolError)
        answered(self.server.attribute(2))
        self.failureResultOf(self.setup.certificate_request(CertificateType.TLS), DecodeError)
        old = SecuritySetup(services_of(self.answers), version=0)
        self.failureResultOf(old.generate_key_pair(CertificateType.TLS), LocalProtocolError)


def _issued(request: bytes, kind: CertificateType) -> bytes:
    """
    @return: what an authority makes of a certificate signing request.
    """
    private = generate_private_key(1, lambda count: b"\x44" * count)
    begin, end = datetime(2026, 1, 1, tzinfo=UTC), datetime(2036, 1, 1, tzinfo=UTC)
    own = issue_authority(private, "Root", serial_number=1, not_before=begin, not_after=end)
    asked = read_signing_request(request)
    return issue(
        asked.public_key,
        asked.system_title,
        kind,
        issuer=read_certificate(own),
        issuer_private=private,
        serial_number=7,
        not_before=begin,
        not_after=end,
    )
