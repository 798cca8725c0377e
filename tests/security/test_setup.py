"""
Tests of L{dlms_twisted.security.setup} and the modules beside it: Security setup, class 64.
"""

from __future__ import annotations

from datetime import UTC, datetime

from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.apdu.results import ActionResult
from dlms_twisted.codec import build
from dlms_twisted.codec.data import Data, decode_data
from dlms_twisted.errors import DecodeError, LocalProtocolError, Reason, SecurityError
from dlms_twisted.security.certificates import CertificateType, Entity, read_certificate
from dlms_twisted.security.curves import generate_private_key, public_of
from dlms_twisted.security.issuing import issue, issue_authority, read_signing_request
from dlms_twisted.security.keys import MeterKeys
from dlms_twisted.security.policy import SecurityPolicy
from dlms_twisted.security.setup import (
    ByEntity,
    BySerial,
    KeyId,
    Method,
    key_data,
    key_transfer,
    read_certificate_info,
    read_key_data,
    read_selector,
    selector,
)
from dlms_twisted.security.setup_agreement import ClientAgreement, agree_as_server
from dlms_twisted.security.setup_server import SecuritySetup
from dlms_twisted.security.variants import ObjectIdentifier
from tests.security.samples import (
    CLIENT_SIGNING_PRIVATE,
    CLIENT_SIGNING_PUBLIC,
    CLIENT_TITLE,
    ENCRYPTION_KEY,
    KEYS,
    OTHER_KEYS,
    TITLE,
    Counted,
)

_KEK = OTHER_KEYS[7]
_NOW = datetime(2026, 6, 1, tzinfo=UTC)


def server(**options: object) -> SecuritySetup:
    """
    @return: a server's object with a master key.
    """
    keys = options.pop("keys", evolve(KEYS, master_key=_KEK))
    options.setdefault("random", Counted())
    return SecuritySetup(keys, server_title=TITLE, client_title=CLIENT_TITLE, **options)  # type: ignore[arg-type]


class FormTests(SynchronousTestCase):
    """
    Tests of parameters.
    """

    def test_key_transfer(self) -> None:
        """
        The published form: an array of one structure of an enum and 24 octets (04, section 10).
        """
        key = bytes.fromhex("00112233445566778899AABBCCDDEEFF")
        data = key_transfer(ENCRYPTION_KEY, {KeyId.UNICAST_ENCRYPTION: key})
        wrapped = "1FA68B0A8112B447AEF34BD8FB5A7B829D3E862371D2CFE5"
        self.assertEqual(data.octets.hex().upper(), "0101020216000918" + wrapped)
        self.assertEqual(read_key_data(data), {KeyId(0): bytes.fromhex(wrapped)})

    def test_selectors(self) -> None:
        """
        Both ways to name a certificate are read as they were written.
        """
        for which in (
            ByEntity(Entity.SERVER, CertificateType.KEY_AGREEMENT, TITLE),
            BySerial(b"\x01\x02", b"issuer"),
        ):
            self.assertEqual(read_selector(selector(which)), which)

    def test_wrong_forms(self) -> None:
        """
        Another type, number or length is a L{DecodeError}.
        """
        pair = build.structure(build.enum(0), build.octet_string(b"x"))
        for data in (
            build.array(),
            build.null(),
            build.array(pair, pair),
            build.array(build.structure(build.enum(9), build.octet_string(b"x"))),
            build.array(build.structure(build.unsigned(0), build.octet_string(b"x"))),
            build.array(build.structure(build.enum(0), build.visible_string("x"))),
            build.array(build.structure(build.enum(0))),
        ):
            self.assertRaises(DecodeError, read_key_data, data)
        for data in (
            pair,
            build.structure(build.enum(2), build.structure()),
            build.structure(build.enum(0), build.structure(build.enum(0), build.enum(0))),
        ):
            self.assertRaises(DecodeError, read_selector, data)
        entry = build.array(build.structure(build.enum(0)))
        self.assertRaises(DecodeError, read_certificate_info, entry)

    @settings(max_examples=100, deadline=None, derandomize=True)
    @given(st.binary(max_size=40), st.integers(1, 8), st.integers(0, 1))
    def test_any_parameter(self, octets: bytes, method: int, version: int) -> None:
        """
        Any Data as a parameter gives a result and no exception.
        """
        try:
            data = decode_data(octets)
        except DecodeError:
            data = build.array(build.octet_string(octets))
        result, _ = server(version=version).invoke(method, data)
        self.assertIsInstance(result, ActionResult)


class ServerTests(SynchronousTestCase):
    """
    Tests of the server's object.
    """

    def invoke(self, setup: SecuritySetup, method: Method, parameter: Data | None) -> Data | None:
        """
        Invoke a method that must succeed.
        """
        result, answer = setup.invoke(method, parameter)
        self.assertEqual(result, ActionResult.SUCCESS)
        return answer

    def test_activate(self) -> None:
        """
        The policy grows stronger and never weaker.
        """
        setup = server()
        self.invoke(setup, Method.SECURITY_ACTIVATE, build.enum(0x24))
        self.assertEqual(setup.attribute(2), build.enum(0x24))
        for value in (0x00, 0x04, 0x03):
            result, _ = setup.invoke(Method.SECURITY_ACTIVATE, build.enum(value))
            self.assertEqual(result, ActionResult.OTHER_REASON)
        self.assertEqual(setup.policy, SecurityPolicy.from_value(0x24))

    def test_transfer(self) -> None:
        """
        Transferred keys are in use after the answer went out, and not before.
        """
        setup = server()
        new = {KeyId.UNICAST_ENCRYPTION: OTHER_KEYS[0], KeyId.AUTHENTICATION: OTHER_KEYS[1]}
        self.invoke(setup, Method.KEY_TRANSFER, key_transfer(_KEK, new))
        self.assertEqual(setup.keys.encryption_key, ENCRYPTION_KEY)
        self.assertTrue(setup.commit())
        self.assertEqual(setup.keys.encryption_key, OTHER_KEYS[0])
        self.assertEqual(setup.keys.authentication_key, OTHER_KEYS[1])
        self.assertFalse(setup.commit())

    def test_transfer_refused(self) -> None:
        """
        One key that does not unwrap, or does not suit the suite, and none is changed.
        """
        setup = server()
        good = key_transfer(_KEK, {KeyId.AUTHENTICATION: OTHER_KEYS[0]})
        wrong = key_transfer(OTHER_KEYS[0], {KeyId.UNICAST_ENCRYPTION: OTHER_KEYS[0]})
        both = key_data({**read_key_data(good), **read_key_data(wrong)})
        long = key_transfer(_KEK, {KeyId.UNICAST_ENCRYPTION: bytes(32)})
        for parameter in (wrong, both, long):
            result, _ = setup.invoke(Method.KEY_TRANSFER, parameter)
            self.assertEqual(result, ActionResult.OTHER_REASON)
        self.assertFalse(setup.commit())
        result, _ = server(keys=KEYS).invoke(Method.KEY_TRANSFER, good)
        self.assertEqual(result, ActionResult.OTHER_REASON)

    def test_version_0(self) -> None:
        """
        Version 0 has two methods, and its own values of the policy.
        """
        setup = server(version=0)
        self.invoke(setup, Method.SECURITY_ACTIVATE, build.enum(3))
        self.assertEqual(setup.attribute(2), build.enum(3))
        self.assertIsNone(setup.attribute(6))
        result, _ = setup.invoke(Method.KEY_AGREEMENT, build.array())
        self.assertEqual(result, ActionResult.OBJECT_UNDEFINED)

    def test_attributes(self) -> None:
        """
        Suite and titles are shown, keys are not.
        """
        setup = server(suite=1)
        self.assertEqual(setup.attribute(3), build.enum(1))
        self.assertEqual(setup.attribute(4), build.octet_string(CLIENT_TITLE))
        self.assertEqual(setup.attribute(5), build.octet_string(TITLE))
        self.assertEqual(setup.attribute(6), build.array())
        self.assertIsNone(setup.attribute(7))

    def test_parameter_missing(self) -> None:
        """
        Each method wants a parameter.
        """
        for method in Method:
            result, _ = server().invoke(method, None)
            self.assertEqual(result, ActionResult.TYPE_UNMATCHED)

    def test_agreement(self) -> None:
        """
        Client and server compute the same keys, the master key as well, in both suites.
        """
        for suite, length in ((1, 16), (2, 32)):
            random = Counted(suite)
            ours, theirs = (generate_private_key(suite, random) for _ in range(2))
            keys = MeterKeys(signing_private_key=theirs, signing_public_key=public_of(ours))
            setup = server(keys=keys, suite=suite)
            client = ClientAgreement(
                [KeyId.UNICAST_ENCRYPTION, KeyId.MASTER],
                client=CLIENT_TITLE,
                server=TITLE,
                signing_private=ours,
                random=random,
            )
            answer = self.invoke(setup, Method.KEY_AGREEMENT, key_data(client.request()))
            assert answer is not None
            agreed = client.finish(read_key_data(answer), public_of(theirs))
            setup.commit()
            self.assertEqual(agreed[KeyId.UNICAST_ENCRYPTION], setup.keys.encryption_key)
            self.assertEqual(agreed[KeyId.MASTER], setup.keys.master_key)
            self.assertEqual({len(key) for key in agreed.values()}, {length})

    def test_life_of_a_certificate(self) -> None:
        """
        A key pair is generated, requested, certified, imported, listed, exported and removed, and then in use.
        """
        random = Counted()
        authority_private = generate_private_key(1, random)
        authority = read_certificate(
            issue_authority(
                authority_private, "CA", serial_number=1, not_before=_NOW, not_after=_NOW
            )
        )
        setup = server(suite=1)
        kind = build.enum(CertificateType.DIGITAL_SIGNATURE)
        result, _ = setup.invoke(Method.GENERATE_CERTIFICATE_REQUEST, kind)
        self.assertEqual(result, ActionResult.OTHER_REASON)
        self.invoke(setup, Method.GENERATE_KEY_PAIR, kind)
        csr = self.invoke(setup, Method.GENERATE_CERTIFICATE_REQUEST, kind)
        assert csr is not None and isinstance(csr.values, bytes)
        request = read_signing_request(csr.values)
        self.assertEqual(request.system_title, TITLE)
        der = issue(
            request.public_key,
            request.system_title,
            CertificateType.DIGITAL_SIGNATURE,
            issuer=authority,
            issuer_private=authority_private,
            serial_number=0x8001,
            not_before=_NOW,
        )
        for one in (authority.der, der):
            self.invoke(setup, Method.IMPORT_CERTIFICATE, build.octet_string(one))
        private = setup.keys.signing_private_key
        assert private is not None
        self.assertEqual(public_of(private), request.public_key)
        listed = setup.attribute(6)
        assert listed is not None
        info = read_certificate_info(listed)
        self.assertEqual(
            [(one.entity, one.type) for one in info],
            [
                (Entity.CERTIFICATION_AUTHORITY, CertificateType.OTHER),
                (Entity.SERVER, CertificateType.DIGITAL_SIGNATURE),
            ],
        )
        for which in (
            ByEntity(Entity.SERVER, CertificateType.DIGITAL_SIGNATURE, TITLE),
            BySerial(b"\x00\x80\x01", info[1].issuer),
        ):
            exported = self.invoke(setup, Method.EXPORT_CERTIFICATE, selector(which))
            self.assertEqual(exported, build.octet_string(der))
        self.invoke(setup, Method.REMOVE_CERTIFICATE, selector(which))
        result, _ = setup.invoke(Method.EXPORT_CERTIFICATE, selector(which))
        self.assertEqual(result, ActionResult.OTHER_REASON)

    def test_key_agreement_pair(self) -> None:
        """
        A certificate for the generated pair brings it into use; one for another key does not.
        """
        random = Counted(50)
        authority_private = generate_private_key(1, random)
        authority = read_certificate(
            issue_authority(
                authority_private, "CA", serial_number=1, not_before=_NOW, not_after=_NOW
            )
        )
        setup = server(suite=1)
        kind = build.enum(CertificateType.KEY_AGREEMENT)
        self.invoke(setup, Method.GENERATE_KEY_PAIR, kind)
        csr = self.invoke(setup, Method.GENERATE_CERTIFICATE_REQUEST, kind)
        assert csr is not None and isinstance(csr.values, bytes)
        public = read_signing_request(csr.values).public_key
        for number, key in ((2, public_of(authority_private)), (3, public)):
            self.assertIsNone(setup.keys.agreement_private_key)
            der = issue(
                key,
                TITLE,
                CertificateType.KEY_AGREEMENT,
                issuer=authority,
                issuer_private=authority_private,
                serial_number=number,
                not_before=_NOW,
            )
            self.invoke(setup, Method.IMPORT_CERTIFICATE, build.octet_string(der))
        assert setup.keys.agreement_private_key is not None
        self.assertEqual(public_of(setup.keys.agreement_private_key), public)
        result, _ = setup.invoke(Method.GENERATE_KEY_PAIR, build.enum(CertificateType.OTHER))
        self.assertEqual(result, ActionResult.TYPE_UNMATCHED)

    def test_import_refused(self) -> None:
        """
        Octets that are no certificate are refused.
        """
        result, _ = server().invoke(Method.IMPORT_CERTIFICATE, build.octet_string(b"0\x00"))
        self.assertEqual(result, ActionResult.TYPE_UNMATCHED)

    def test_certificates_are_limited(self) -> None:
        """
        The store refuses more than its limit; one of the same owner and kind replaces the other.
        """
        random = Counted()
        private = generate_private_key(1, random)
        authority = read_certificate(
            issue_authority(private, "CA", serial_number=1, not_before=_NOW, not_after=_NOW)
        )
        setup = server(suite=1)
        setup.certificates.limit = 2
        results = []
        for number, title in ((2, TITLE), (3, TITLE), (4, CLIENT_TITLE), (5, b"OTHERONE")):
            der = issue(
                public_of(private),
                title,
                CertificateType.KEY_AGREEMENT,
                issuer=authority,
                issuer_private=private,
                serial_number=number,
                not_before=_NOW,
            )
            result, _ = setup.invoke(Method.IMPORT_CERTIFICATE, build.octet_string(der))
            results.append(result)
        self.assertEqual(results[-1], ActionResult.OTHER_REASON)
        self.assertEqual(set(results[:-1]), {ActionResult.SUCCESS})
        serials = [one.serial_number for _, one in setup.certificates.entries()]
        self.assertEqual(serials, [b"\x03", b"\x04"])


class AgreementTests(SynchronousTestCase):
    """
    Tests of what key_agreement refuses.
    """

    def setUp(self) -> None:
        self.random = Counted()
        self.server_private = generate_private_key(1, self.random)
        self.client = ClientAgreement(
            [KeyId.UNICAST_ENCRYPTION],
            client=CLIENT_TITLE,
            server=TITLE,
            signing_private=CLIENT_SIGNING_PRIVATE,
            random=self.random,
        )

    def answer(
        self, request: dict[KeyId, bytes], identifier: ObjectIdentifier = ObjectIdentifier.DLMS
    ) -> tuple[dict[KeyId, bytes], dict[KeyId, bytes]]:
        """
        @return: the server's keys and answer.
        """
        return agree_as_server(
            request,
            client=CLIENT_TITLE,
            server=TITLE,
            signing_private=self.server_private,
            client_signing_public=CLIENT_SIGNING_PUBLIC,
            random=self.random,
            identifier=identifier,
        )

    def test_forged(self) -> None:
        """
        A changed octet of the key, of the signature or of the key's number is a bad signature, on both sides.
        """
        request = self.client.request()
        data = request[KeyId.UNICAST_ENCRYPTION]
        for forged in (
            {KeyId.BROADCAST_ENCRYPTION: data},
            {KeyId.UNICAST_ENCRYPTION: data[:-1] + bytes((data[-1] ^ 1,))},
            {KeyId.UNICAST_ENCRYPTION: bytes((data[0] ^ 1,)) + data[1:]},
            {KeyId.UNICAST_ENCRYPTION: b""},
        ):
            error = self.assertRaises(SecurityError, self.answer, forged)
            self.assertEqual(error.reason, Reason.BAD_SIGNATURE)
        _, answer = self.answer(request)
        octets = answer[KeyId.UNICAST_ENCRYPTION]
        forged = {KeyId.UNICAST_ENCRYPTION: octets[:-1] + bytes((octets[-1] ^ 1,))}
        public = public_of(self.server_private)
        error = self.assertRaises(SecurityError, self.client.finish, forged, public)
        self.assertEqual(error.reason, Reason.BAD_SIGNATURE)

    def test_other_keys(self) -> None:
        """
        An answer about another key than was asked for is refused.
        """
        public = public_of(self.server_private)
        self.assertRaises(DecodeError, self.client.finish, {KeyId.MASTER: b""}, public)

    def test_identifier(self) -> None:
        """
        The older object identifier gives another key, and both sides can choose it.
        """
        older = ObjectIdentifier.FIRST_PRINTING
        keys, answer = self.answer(self.client.request(), older)
        public = public_of(self.server_private)
        self.assertEqual(self.client.finish(answer, public, older), keys)
        self.assertNotEqual(self.client.finish(answer, public), keys)

    def test_repr(self) -> None:
        """
        It names keys by number, and shows none.
        """
        self.assertEqual(repr(self.client), "<ClientAgreement ['UNICAST_ENCRYPTION']>")

    def test_missing_keys(self) -> None:
        """
        A server without signing keys agrees on nothing.
        """
        result, _ = server().invoke(Method.KEY_AGREEMENT, key_data(self.client.request()))
        self.assertEqual(result, ActionResult.OTHER_REASON)
        self.assertRaises(LocalProtocolError, key_transfer, b"", {KeyId.MASTER: OTHER_KEYS[0]})
