"""
Tests for L{dlms_twisted.server.objects.security_setup}.
"""

from __future__ import annotations

from typing import Any

from attrs import evolve
from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.apdu.results import ActionResult, DataAccessResult
from dlms_twisted.codec import build
from dlms_twisted.codec.data import Data
from dlms_twisted.errors import ConfigurationError
from dlms_twisted.security.certificates import CertificateType, Entity
from dlms_twisted.security.policy import Policy
from dlms_twisted.security.setup import KeyId, Method, key_transfer
from dlms_twisted.server.identity import Identity
from dlms_twisted.server.objects.security_setup import SecuritySetupObject
from tests.server.making import Made, caller, made

_TITLE = b"CLIENT01"
_NEW = bytes(range(16))
_SECURE = {"client": 1, "authentication": "gmac", "security": "authenticated"}


def _made(**said: Any) -> tuple[Made, SecuritySetupObject]:
    one = made(association=[_SECURE, {"client": 16}], **said)
    return one, one.object(64, "0-0:43.0.0")


def _transfer(one: Made, **keys: bytes) -> Data:
    master = one.meter.keys.master_key
    assert master is not None
    return key_transfer(master, {KeyId[name]: key for name, key in keys.items()})


class AttributeTests(SynchronousTestCase):
    """
    What it shows.
    """

    def test_shown(self) -> None:
        """
        Policy, suite and titles; no certificates yet.
        """
        one, setup = _made()
        values = [setup.value(number) for number in range(2, 7)]
        self.assertEqual(
            values,
            [
                build.enum(0),
                build.enum(0),
                build.octet_string(b""),
                build.octet_string(one.meter.title),
                build.array(),
            ],
        )

    def test_client_title(self) -> None:
        """
        The client's title is written; one of another length is none.
        """
        _, setup = _made()
        self.assertEqual(setup.assign(4, build.octet_string(_TITLE)), DataAccessResult.SUCCESS)
        self.assertEqual(setup.value(4), build.octet_string(_TITLE))
        self.assertEqual(setup.assign(4, build.octet_string(b"x")), DataAccessResult.OTHER_REASON)

    def test_policy_of_a_real_meter(self) -> None:
        """
        A policy that the description says is demanded from the beginning; one that there is not is none.
        """
        for value, policy in ((0x0C, Policy.AUTHENTICATED_ENCRYPTED), (0x01, Policy.AUTHENTICATED)):
            said = {"class": 64, "version": 1, "obis": "0-0:43.0.0", "values": {"2": value}}
            one = made(said, association=[_SECURE, {"client": 16}])
            self.assertEqual(one.association().policy, policy)
            self.assertEqual(one.association(16).policy, Policy.NONE)


class MethodTests(SynchronousTestCase):
    """
    What it does.
    """

    def test_key_transfer(self) -> None:
        """
        New keys hold once the answer went out, and not before; the meter keeps them when it rests.
        """
        one, setup = _made()
        device = one.meter.devices[0]
        before = device.keys(one.association())
        who = caller(one, title=_TITLE)
        parameter = _transfer(one, UNICAST_ENCRYPTION=_NEW, AUTHENTICATION=_NEW[::-1])
        result = setup.invoke(Method.KEY_TRANSFER, parameter, who)
        self.assertEqual(result, (ActionResult.SUCCESS, None))
        self.assertIs(device.keys(one.association()), before)
        device.answered(who)
        keys = device.keys(one.association())
        self.assertEqual((keys.encryption_key, keys.authentication_key), (_NEW, _NEW[::-1]))
        self.assertIs(device.keys(one.association()), keys)
        one.meter.rest()
        self.assertEqual(device.keys(one.association()).encryption_key, _NEW)
        self.assertEqual(one.meter.keys.system_title, one.meter.title)

    def test_wrapped_wrongly(self) -> None:
        """
        Keys under another master key, or of another length, change nothing.
        """
        one, setup = _made()
        for parameter in (
            key_transfer(bytes(16), {KeyId.UNICAST_ENCRYPTION: _NEW}),
            _transfer(one, UNICAST_ENCRYPTION=_NEW * 2),
            build.array(build.null()),
        ):
            result, _ = setup.invoke(Method.KEY_TRANSFER, parameter, caller(one))
            self.assertFalse(result.is_success)
            one.meter.devices[0].answered(caller(one))
        self.assertEqual(one.meter.keys, Identity(1).keys_for(0))

    def test_without_an_answer(self) -> None:
        """
        A script that transfers keys has nobody to answer: they hold at once.
        """
        one, setup = _made()
        setup.act(Method.KEY_TRANSFER, _transfer(one, MASTER=_NEW))
        self.assertEqual(one.meter.keys.master_key, _NEW)

    def test_policy(self) -> None:
        """
        A policy is activated for the ciphered associations at once, and never weakened.
        """
        one, setup = _made()
        result = setup.invoke(Method.SECURITY_ACTIVATE, build.enum(0x6C), caller(one))
        self.assertEqual(result, (ActionResult.SUCCESS, None))
        association = one.association()
        self.assertEqual(association.policy, Policy.AUTHENTICATED_ENCRYPTED)
        self.assertEqual(association.answers, Policy.AUTHENTICATED_ENCRYPTED)
        self.assertEqual(one.association(16).policy, Policy.NONE)
        self.assertIs(one.association(), association)
        result = setup.invoke(Method.SECURITY_ACTIVATE, build.enum(0), caller(one))
        self.assertEqual(result, (ActionResult.OTHER_REASON, None))
        self.assertEqual(setup.value(2), build.enum(0x6C))

    def test_key_pairs(self) -> None:
        """
        In suite 1 a pair is made, and a request for its certificate; another certificate is refused.
        """
        one, setup = _made(suite=1)
        who = caller(one, title=_TITLE)
        kind = build.enum(CertificateType.DIGITAL_SIGNATURE)
        self.assertEqual(setup.invoke(Method.GENERATE_KEY_PAIR, kind, who)[0], 0)
        result, request = setup.invoke(Method.GENERATE_CERTIFICATE_REQUEST, kind, who)
        self.assertEqual(result, ActionResult.SUCCESS)
        assert request is not None and isinstance(request.values, bytes)
        self.assertIn(one.meter.title.hex().upper().encode(), request.values)
        wrong = setup.invoke(Method.IMPORT_CERTIFICATE, build.octet_string(b"x"), who)
        self.assertFalse(wrong[0].is_success)
        self.assertEqual(setup.value(4), build.octet_string(_TITLE))
        absent = build.structure(
            build.enum(0),
            build.structure(
                build.enum(Entity.SERVER), build.enum(0), build.octet_string(one.meter.title)
            ),
        )
        self.assertFalse(setup.invoke(Method.EXPORT_CERTIFICATE, absent, who)[0].is_success)

    def test_version_0(self) -> None:
        """
        The first version has two methods.
        """
        said = {"class": 64, "version": 0, "obis": "0-0:43.0.0"}
        one = made(said, association=[_SECURE])
        setup = one.object(64, "0-0:43.0.0")
        self.assertEqual(setup.act(1, build.enum(3)), (ActionResult.SUCCESS, None))
        self.assertEqual(one.association().policy, Policy.AUTHENTICATED_ENCRYPTED)
        self.assertEqual(setup.act(4, build.enum(0))[0], ActionResult.OBJECT_UNDEFINED)


class SuiteTests(SynchronousTestCase):
    """
    Keys by rule fit the suite.
    """

    def test_lengths(self) -> None:
        """
        16 octets in suites 0 and 1, 32 in suite 2; private keys from suite 1 on.
        """
        for suite, length, private in ((0, 16, None), (1, 16, 32), (2, 32, 48)):
            keys = made(suite=suite).meter.keys
            for key in (keys.encryption_key, keys.authentication_key, keys.master_key):
                self.assertEqual(len(key or b""), length)
            key = keys.signing_private_key
            self.assertEqual(None if key is None else len(key), private)

    def test_said(self) -> None:
        """
        Keys that the description says are the meter's; the others are by rule.
        """
        said = {"encryption_key": _NEW.hex()}
        keys = made(keys=said, system_title="4142430000000001").meter.keys
        rule = evolve(Identity(1).keys_for(0), encryption_key=_NEW, system_title=b"ABC\0\0\0\0\1")
        self.assertEqual(keys, rule)
        error = self.assertRaises(ConfigurationError, made, keys={"encryption_key": "00"})
        self.assertIn("keys.encryption_key", str(error))
