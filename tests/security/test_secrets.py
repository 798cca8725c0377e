"""
Nothing of this room that can be shown shows a key, a secret or a plaintext.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import traceback
from base64 import b64encode
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from enum import Enum

import attrs
from attrs import evolve
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

import dlms_twisted.security
from dlms_twisted.apdu.ciphered import parse_envelope
from dlms_twisted.codec import build
from dlms_twisted.errors import DLMSError
from dlms_twisted.security.agreement import one_pass_data, one_pass_public
from dlms_twisted.security.certificate_store import CertificateStore
from dlms_twisted.security.certificates import (
    CertificateType,
    Entity,
    check_chain,
    read_certificate,
)
from dlms_twisted.security.choice import candidates
from dlms_twisted.security.counters import TransmitCounter, TransmitCounters
from dlms_twisted.security.curves import curve_of_suite, private_key, public_of, shared_secret
from dlms_twisted.security.fields import Fields
from dlms_twisted.security.general import open_general
from dlms_twisted.security.general_keys import agree, agree_static, identify, possible_keys, wrap
from dlms_twisted.security.hls import Authentication, Mechanism
from dlms_twisted.security.issuing import (
    issue_authority,
    read_signing_request,
    signing_request,
)
from dlms_twisted.security.keys import MeterKeys
from dlms_twisted.security.layers import open_message
from dlms_twisted.security.opening import cipher, open_envelope
from dlms_twisted.security.pem import private_of_pem
from dlms_twisted.security.policy import Policy, SecurityPolicy
from dlms_twisted.security.protect import protect
from dlms_twisted.security.protection import KeyChoice, Protection
from dlms_twisted.security.sealer import Sealer
from dlms_twisted.security.setup import (
    ByEntity,
    BySerial,
    CertificateInfo,
    KeyId,
    certificate_info,
    key_transfer,
    read_certificate_info,
    selector,
)
from dlms_twisted.security.setup_agreement import ClientAgreement
from dlms_twisted.security.setup_server import SecuritySetup
from dlms_twisted.security.signed import parse_signed, sign_message
from dlms_twisted.security.signing import sign
from dlms_twisted.security.suites import SUITES
from dlms_twisted.security.variants import Variants
from dlms_twisted.security.window import ReplayWindow
from dlms_twisted.security.wrap import unwrap_key, wrap_key
from tests.security.parties import parties
from tests.security.samples import CLIENT_TITLE, OTHER_KEYS, PUSH, TITLE, Counted

_SIDES = parties()
_PENDING = evolve(
    _SIDES.client,
    pending_encryption_key=OTHER_KEYS[0],
    pending_authentication_key=OTHER_KEYS[1],
    name="house 7",
)
_HLS_SECRET = b"the HLS secret\xf0\xf1"
_NOW = datetime(2026, 6, 1, tzinfo=UTC)


def secrets() -> Iterator[bytes]:
    """
    @return: all keys, secrets and plaintexts that are in use here.
    """
    for keys in (_SIDES.meter, _PENDING):
        for attribute in attrs.fields(MeterKeys):
            value = getattr(keys, attribute.name)
            is_shown = "title" in attribute.name or "public" in attribute.name
            if isinstance(value, bytes) and not is_shown:
                yield value
    yield _HLS_SECRET
    yield PUSH
    for sample in (1, 2, 5, 6):
        yield Counted(sample)(32)


def forms(secret: bytes) -> Iterator[str]:
    """
    @return: what a part of the secret would look like when shown; eight octets are too many to be chance.
    """
    for part in (secret[:8], secret[-8:]):
        yield part.hex()
        yield part.hex().upper()
        yield repr(part)[2:-1]
        yield repr(list(part))[1:-1]
        yield b64encode(part[:6]).decode()
        yield str(int.from_bytes(secret, "big"))


def objects() -> Iterator[object]:
    """
    @return: one object or more of each class of the room.
    """
    yield from (_SIDES.meter, _SIDES.client, _PENDING, _SIDES.fields)
    random = Counted(5)
    octets = protect(PUSH, keys=_SIDES.meter, title=TITLE, counter=1, security_control=0x31)
    envelope = parse_envelope(octets)
    yield from candidates(envelope, _PENDING)
    yield open_envelope(envelope, _PENDING, TITLE)
    found = open_message(octets, lambda _: _PENDING)
    yield from (found, found.layers)
    for key in (
        identify(_SIDES.meter),
        wrap(_SIDES.meter, random(16)),
        agree(_SIDES.meter, _SIDES.fields, random),
        agree_static(_SIDES.meter, _SIDES.fields),
    ):
        yield key
        yield list(possible_keys(key.info, _PENDING, _SIDES.fields, 0x31))
    private = _SIDES.meter.signing_private_key or b""
    yield parse_signed(sign_message(PUSH, _SIDES.fields, private))
    yield Authentication(
        mechanism=Mechanism.SHA256,
        challenge=b"challenge one",
        peer_challenge=b"challenge two",
        secret=_HLS_SECRET,
        keys=_SIDES.meter,
    )
    yield from (ReplayWindow(), TransmitCounter(), Policy(), SecurityPolicy(), Variants(), SUITES)
    counters = TransmitCounters()
    counters.begin(private)
    yield counters
    yield curve_of_suite(1)
    yield Protection(tag=0xDD, key_choice=KeyChoice.WRAPPED)
    yield Sealer(_SIDES.meter, TITLE, suite=1)
    yield KeyChoice()
    yield ClientAgreement(
        KeyId, client=CLIENT_TITLE, server=TITLE, signing_private=private, random=Counted(6)
    )
    setup = SecuritySetup(_SIDES.meter, server_title=TITLE, random=random)
    setup.invoke(2, key_transfer(_SIDES.meter.master_key or b"", {KeyId.MASTER: OTHER_KEYS[0]}))
    yield setup
    yield from certificates(private)
    yield cipher(_SIDES.meter.encryption_key or b"")
    yield private_key(private)
    yield key_transfer(_SIDES.meter.master_key or b"", {KeyId.MASTER: OTHER_KEYS[0]})


def certificates(private: bytes) -> Iterator[object]:
    """
    @return: objects of certificates.
    """
    certificate = read_certificate(
        issue_authority(private, "CA", serial_number=1, not_before=_NOW, not_after=_NOW)
    )
    yield certificate
    store = CertificateStore()
    store.add(certificate.der, lambda _: Entity.CERTIFICATION_AUTHORITY)
    yield from (store, store.entries())
    yield read_certificate_info(certificate_info(store.entries()))
    yield read_signing_request(signing_request(private, TITLE))
    which = ByEntity(Entity.SERVER, CertificateType.TLS, TITLE)
    yield from (which, BySerial(b"\x01", certificate.issuer), selector(which))


def failures() -> Iterator[Callable[[], object]]:
    """
    @return: calls that fail, each with a key in hand.
    """
    meter, fields = _SIDES.meter, _SIDES.fields
    key = meter.encryption_key or b""
    private = meter.signing_private_key or b""
    octets = protect(PUSH, keys=meter, title=TITLE, counter=1, security_control=0x31)
    forged = parse_envelope(octets[:-1] + bytes((octets[-1] ^ 1,)))
    for control in (0x00, 0x10, 0x21, 0x31, 0x32, 0x3F, 0x71, 0xB1):
        envelope = forged._replace(security_control=control)
        for keys in (_PENDING, _SIDES.client, MeterKeys(authentication_key=key)):
            yield lambda e=envelope, k=keys: open_envelope(e, k, TITLE)  # type: ignore[misc]
            yield lambda e=envelope, k=keys: open_general(e, k, TITLE)  # type: ignore[misc]
    wrong = MeterKeys(encryption_key=key + b"x", dedicated_key=key[:-1])
    yield lambda: protect(PUSH, keys=wrong, title=TITLE, counter=1, security_control=0x30)
    yield lambda: protect(PUSH, keys=meter, title=TITLE, counter=1 << 32, security_control=0x31)
    yield lambda: protect(PUSH, keys=meter, title=key, counter=1, security_control=0x31)
    yield lambda: wrap_key(key + b"x", key)
    yield lambda: unwrap_key(key, key + key[:8])
    yield lambda: unwrap_key(key, key)
    yield lambda: sign(key, PUSH)
    yield lambda: sign(b"\xff" * 24 + key[:8], PUSH)
    yield lambda: shared_secret(private, key * 4)
    yield lambda: one_pass_public(key * 8, public_of(private))
    yield lambda: one_pass_data(key, private)
    yield lambda: wrap(MeterKeys(), key)
    yield lambda: agree(evolve(meter, agreement_public_key=key * 4), fields, Counted())
    yield lambda: agree_static(evolve(meter, agreement_private_key=key), fields)
    yield lambda: TransmitCounters().of(key)
    yield lambda: Policy.parse(key.hex())
    yield lambda: read_certificate(private)
    yield lambda: read_signing_request(private)
    yield lambda: private_of_pem(key.hex().encode())
    yield lambda: parse_signed(b"\xdf" + private)
    yield lambda: MeterKeys(encryption_key=key.hex())  # type: ignore[arg-type]
    certificate = read_certificate(
        issue_authority(private, "CA", serial_number=1, not_before=_NOW, not_after=_NOW)
    )
    yield lambda: check_chain(certificate, [], [], _NOW)
    for mechanism in (Mechanism.MANUFACTURER, Mechanism.MD5, Mechanism.GMAC, Mechanism.ECDSA):
        one = Authentication(
            mechanism=mechanism,
            challenge=b"1" * 32,
            peer_challenge=b"2" * 32,
            title=TITLE,
            peer_title=CLIENT_TITLE,
            secret=_HLS_SECRET,
            keys=meter,
            suite=1,
        )
        yield lambda a=one: a.check(b"\x11" + bytes(16))  # type: ignore[misc]
        yield lambda a=one: evolve(a, secret=_HLS_SECRET * 2).answer(-1)  # type: ignore[misc]


class SecretsTests(SynchronousTestCase):
    """
    Tests that search what is shown for what must not be.
    """

    def assertSecret(self, shown: str) -> None:
        """
        C{shown} holds no secret.
        """
        for secret in secrets():
            for form in forms(secret):
                self.assertNotIn(form, shown)

    def test_search_finds(self) -> None:
        """
        The search itself finds a key in the forms in which one would show.
        """
        key = OTHER_KEYS[0]
        for shown in (key.hex(), key.hex().upper(), repr(key), str(list(key)), f"{key!r}"):
            self.assertRaises(self.failureException, self.assertSecret, f"<{shown}>")

    def test_objects(self) -> None:
        """
        No object shows a secret.
        """
        for one in objects():
            for shown in (repr(one), str(one), f"{one}", "%s %r" % ((one,) * 2), repr([one])):
                self.assertSecret(shown)

    def test_every_class(self) -> None:
        """
        The objects are of every class that the room has, so that a new one is not forgotten.
        """
        there = set()
        for module in pkgutil.iter_modules(dlms_twisted.security.__path__):
            loaded = importlib.import_module(f"dlms_twisted.security.{module.name}")
            for _, kind in inspect.getmembers(loaded, inspect.isclass):
                if kind.__module__ == loaded.__name__ and not issubclass(kind, Enum):
                    there.add(kind.__qualname__)

        def names(one: object) -> Iterator[str]:
            yield type(one).__qualname__
            if isinstance(one, tuple | list):
                for part in one:
                    yield from names(part)

        shown = {name for one in objects() for name in names(one)}
        self.assertEqual(there - shown, set())

    def test_errors(self) -> None:
        """
        No error shows a secret, nor does its traceback or what Twisted makes of it.
        """
        count = 0
        for call in failures():
            try:
                call()
            except (DLMSError, TypeError) as error:
                shown = [
                    str(error),
                    repr(error),
                    repr(error.args),
                    *traceback.format_exception(error),
                    Failure(error).getTraceback(),
                    Failure(error).getBriefTraceback(),
                ]
                for text in shown:
                    self.assertSecret(text)
                count += 1
        self.assertGreater(count, 60)

    def test_data(self) -> None:
        """
        Data that was deciphered is not shown.
        """
        self.assertSecret(repr(build.octet_string(_SIDES.meter.encryption_key or b"")))
        self.assertIsInstance(Fields(), tuple)
        self.assertTrue(issubclass(CertificateInfo, tuple))
