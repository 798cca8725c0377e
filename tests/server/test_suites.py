"""
A client of ours and the simulated meter in security suites 1 and 2: signatures, agreed keys, certificates.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import Final

from attrs import evolve
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.client import Meter, connect
from dlms_twisted.errors import DLMSError
from dlms_twisted.security.certificates import CertificateType, Entity, read_certificate
from dlms_twisted.security.curves import generate_private_key, public_of
from dlms_twisted.security.issuing import issue, issue_authority, read_signing_request
from dlms_twisted.security.setup import ByEntity, KeyId
from dlms_twisted.server.description_toml import description_from
from dlms_twisted.testing import MeterInMemory
from tests.security.samples import Counted

_NAME: Final = "1/0-0:42.0.0/2"
_BEGIN: Final = datetime(2026, 1, 1, tzinfo=UTC)
_END: Final = datetime(2036, 1, 1, tzinfo=UTC)


class _Pair:
    """
    A meter whose management client signs, and that client.
    """

    def __init__(self, suite: int) -> None:
        self.random = Counted()
        self.private = generate_private_key(suite, self.random)
        association = {
            "client": 1,
            "authentication": "ecdsa",
            "security": "authenticated-encrypted",
            "client_signing_key": public_of(self.private).hex(),
        }
        self.clock = Clock()
        document = {"suite": suite, "association": [association]}
        self.memory = MeterInMemory(self.clock, description_from(document))
        self.meter = self.memory.meter
        self.settings = evolve(
            self.memory.settings(client=1),
            signing_key=self.private,
            meter_signing_key=self.public,
        )

    @property
    def public(self) -> bytes:
        """
        The meter's public key for signatures.
        """
        return public_of(self.meter.keys.signing_private_key or b"")

    def client(self) -> Meter:
        """
        @return: the client, associated by signatures.
        """
        return self.memory.run(connect(self.clock, self.memory.endpoint(), self.settings))


class SuiteTests(SynchronousTestCase):
    """
    Suites 1 and 2.
    """

    def test_signed(self) -> None:
        """
        The client proves who it is by a signature, and reads under the suite's ciphers; another's key is refused.
        """
        for suite in (1, 2):
            pair = _Pair(suite)
            client = pair.client()
            self.assertEqual(pair.memory.run(client.get(_NAME)).values, b"SIM0000000000001")
            pair.memory.run(client.close())
            pair.settings = evolve(
                pair.settings, signing_key=generate_private_key(suite, pair.random)
            )
            self.assertRaises(DLMSError, pair.client)
            self.assertEqual(sum(pair.meter.counters.refusals.values()), 1)

    def test_agreed_keys(self) -> None:
        """
        Both agree on keys that nobody sent; the association goes on under them, and so does the next.
        """
        for suite in (1, 2):
            pair = _Pair(suite)
            client = pair.client()
            before = pair.meter.keys
            agree: Deferred[dict[KeyId, bytes]] = client.security_setup().agree_keys(
                [KeyId.UNICAST_ENCRYPTION, KeyId.AUTHENTICATION],
                client_title=pair.settings.system_title,
                server_title=pair.meter.title,
                signing_private=pair.private,
                server_signing_public=pair.public,
            )
            keys = pair.memory.run(agree)
            self.assertEqual(pair.meter.keys.encryption_key, keys[KeyId.UNICAST_ENCRYPTION])
            self.assertEqual(pair.meter.keys.authentication_key, keys[KeyId.AUTHENTICATION])
            self.assertNotEqual(pair.meter.keys.encryption_key, before.encryption_key)
            self.assertEqual(pair.memory.run(client.get(_NAME)).values, b"SIM0000000000001")
            pair.memory.run(client.close())
            pair.settings = evolve(
                pair.settings,
                encryption_key=keys[KeyId.UNICAST_ENCRYPTION],
                authentication_key=keys[KeyId.AUTHENTICATION],
            )
            again = pair.client()
            self.assertEqual(pair.memory.run(again.get(_NAME)).values, b"SIM0000000000001")

    def test_certificates(self) -> None:
        """
        The meter makes a key pair, asks for a certificate, and signs with the new key once it came.
        """
        pair = _Pair(1)
        client, run = pair.client(), pair.memory.run
        setup = client.security_setup()
        kind = CertificateType.DIGITAL_SIGNATURE
        before = pair.public
        run(setup.generate_key_pair(kind))
        request = read_signing_request(run(setup.certificate_request(kind)))
        self.assertEqual((request.system_title, pair.public), (pair.meter.title, before))
        private = generate_private_key(1, pair.random)
        authority = read_certificate(
            issue_authority(
                private, "authority", serial_number=1, not_before=_BEGIN, not_after=_END
            )
        )
        of_meter = partial(issue, issuer=authority, issuer_private=private, not_before=_BEGIN)
        der = of_meter(request.public_key, request.system_title, kind, serial_number=2)
        run(setup.import_certificate(der))
        self.assertEqual(pair.public, request.public_key)
        self.assertEqual(len(run(setup.certificates())), 1)
        which = ByEntity(Entity.SERVER, kind, pair.meter.title)
        self.assertEqual(run(setup.export_certificate(which)).der, der)
        run(client.close())
        pair.settings = evolve(pair.settings, meter_signing_key=request.public_key)
        self.assertEqual(run(pair.client().get(_NAME)).values, b"SIM0000000000001")
