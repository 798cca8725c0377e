"""
Every usable record of C{ciphering.jsonl}, ciphered pushes of real meters, and the tables of 04, section 12.
"""

from __future__ import annotations

from typing import Any

from attrs import evolve
from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.apdu.ciphered import CIPHERED_TAGS, encode_envelope, parse_envelope
from dlms_twisted.errors import Reason, SecurityError
from dlms_twisted.link.wrapper import split_datagram
from dlms_twisted.security.aead import gcm_open
from dlms_twisted.security.agreement import ephemeral_unified, one_pass
from dlms_twisted.security.curves import public_of, shared_secret
from dlms_twisted.security.fields import Fields, read_fields
from dlms_twisted.security.general import protect_general
from dlms_twisted.security.general_keys import agree_static
from dlms_twisted.security.hls import Authentication, Mechanism
from dlms_twisted.security.keys import MeterKeys
from dlms_twisted.security.layers import OpenedMessage, open_message
from dlms_twisted.security.opening import Opened, open_envelope
from dlms_twisted.security.policy import Policy
from dlms_twisted.security.protect import protect
from dlms_twisted.security.signed import parse_signed
from dlms_twisted.security.signing import verify
from dlms_twisted.security.variants import AdditionalData, ObjectIdentifier, Variants
from dlms_twisted.security.wrap import unwrap_key, wrap_key
from tests.security.samples import CLIENT_SIGNING_PUBLIC, CLIENT_TITLE, TITLE
from tests.vectors import load

Vector = dict[str, Any]


def records(prefix: str = "", **having: str) -> list[Vector]:
    """
    @return: the records of C{ciphering.jsonl} whose id begins so, and whose keys include those that are named.
    """
    return [
        record
        for record in load("ciphering.jsonl")
        if record["id"].startswith(prefix) and set(having.values()) <= set(record["keys"] or ())
    ]


def octets(record: Vector, *names: str) -> tuple[bytes, ...]:
    """
    @return: keys of a record.
    """
    return tuple(bytes.fromhex(record["keys"][name]) for name in names)


def keys_of(record: Vector) -> MeterKeys:
    """
    @return: encryption and authentication key.
    """
    found = {
        name: bytes.fromhex(record["keys"][name]) for name in ("ek", "ak") if name in record["keys"]
    }
    return MeterKeys(
        system_title=bytes.fromhex(record["keys"]["system_title"]),
        encryption_key=found["ek"],
        authentication_key=found.get("ak"),
        policy=Policy.NONE,
    )


def open_vector(record: Vector, apdu: bytes) -> Opened:
    """
    Open an envelope of a record.
    """
    keys = keys_of(record)
    return open_envelope(parse_envelope(apdu), keys, keys.system_title or b"")


class CipheringTests(SynchronousTestCase):
    """
    Tests of AES-GCM in its three modes.
    """

    def ciphered(self) -> list[tuple[Vector, bytes]]:
        """
        @return: records with an encryption key, and their APDU; some hold the content only, without a tag.
        """
        found = []
        for record in records(ek="ek", title="system_title"):
            if "aad" in record["keys"] or "challenge" in record["expected"]:
                continue
            whole = bytes.fromhex(record["hex"])
            found.append((record, whole if whole[0] in CIPHERED_TAGS else b"\xc8" + whole))
        return found

    def test_all(self) -> None:
        """
        Each opens to its published plaintext, with its tag verified where it has one, or is refused where it was
        manipulated.
        """
        opened, refused = 0, 0
        for record, apdu in self.ciphered():
            if "error" in record["expected"]:
                error = self.assertRaises(SecurityError, open_vector, record, apdu)
                self.assertEqual(error.reason, Reason.BAD_TAG)
                refused += 1
                continue
            found = open_vector(record, apdu)
            self.assertEqual(found.plaintext.hex(), record["expected"]["plaintext"], record["id"])
            self.assertEqual(found.counter, record["invocation_counter"])
            self.assertEqual(found.authenticated, "decrypt+tag" in record["verified"])
            opened += 1
        self.assertEqual((opened, refused), (13, 2))

    def test_protect_again(self) -> None:
        """
        Protecting the plaintext gives the octets of the record.
        """
        for record, apdu in self.ciphered():
            if "error" in record["expected"]:
                continue
            envelope = parse_envelope(apdu)
            keys = keys_of(record)
            again = protect(
                bytes.fromhex(record["expected"]["plaintext"]),
                keys=keys,
                title=keys.system_title or b"",
                counter=envelope.invocation_counter,
                security_control=envelope.security_control,
                tag=envelope.tag,
            )
            self.assertEqual(again.hex(), apdu.hex(), record["id"])

    def test_content_with_its_additional_data(self) -> None:
        """
        General-ciphering of suite 1: the published additional data are SC, AK and the five fields.
        """
        (record,) = records(aad="aad")
        (key, title, aad) = octets(record, "ek", "system_title", "aad")
        content = bytes.fromhex(record["hex"])
        nonce = title + record["invocation_counter"].to_bytes(4, "big")
        found = gcm_open(key, nonce, content[:-12], aad, content[-12:])
        self.assertEqual((found or b"").hex(), record["expected"]["plaintext"])
        fields = read_fields(aad, 17)
        self.assertEqual(aad[17:], fields.encode())
        self.assertEqual(fields.originator, title)

    def test_without_key(self) -> None:
        """
        Envelopes whose key is not published are cut into parts that encode back.
        """
        found = [record for record in load("ciphering.jsonl") if not record["keys"]]
        for record in found:
            apdu = bytes.fromhex(record["hex"])
            self.assertEqual(encode_envelope(parse_envelope(apdu)), apdu)
        self.assertEqual(len(found), 4)


class RealMeterTests(SynchronousTestCase):
    """
    Tests with pushes of real meters.
    """

    def check(self, record: Vector, apdu: bytes) -> Opened:
        """
        Open it; the tag is verified exactly where there is one.
        """
        found = open_vector(record, apdu)
        control = parse_envelope(apdu).security_control
        self.assertEqual(found.authenticated, bool(control & 0x10), record["id"])
        return found

    def test_wrapper(self) -> None:
        """
        Pushes over TCP, in all three modes: each is a data-notification or event-notification.
        """
        count = 0
        for record in load("wrapper_udp.jsonl"):
            if not (record["keys"] or {}).get("ek"):
                continue
            (frame,) = split_datagram(bytes.fromhex(record["hex"])).frames
            self.assertIn(self.check(record, frame.payload).plaintext[0], (0x0F, 0xC2))
            count += 1
        self.assertEqual(count, 11)

    def test_p1(self) -> None:
        """
        A Luxembourgish telegram: what is ciphered is text.
        """
        for record in load("p1.jsonl"):
            if not (record["keys"] or {}).get("ek"):
                continue
            found = self.check(record, bytes.fromhex(record["hex"]))
            self.assertEqual(found.plaintext.hex(), record["expected"]["plaintext"])


class BritishTests(SynchronousTestCase):
    """
    Tests with the messages of British meters (GBCS): a tag under an agreed key around a signature's APDU.
    """

    def keys(self, record: Vector) -> MeterKeys:
        """
        @return: the keys that one of the two sides has.
        """
        given = record["keys"]
        names = {
            "agreement_private_key": "ka_private",
            "agreement_public_key": "peer_ka_public",
            "signing_public_key": "originator_ds_public",
        }
        found = {ours: bytes.fromhex(given[name]) for ours, name in names.items() if name in given}
        return MeterKeys(policy=Policy.NONE, **found)  # type: ignore[arg-type]

    def open(self, record: Vector, policy: Policy = Policy.NONE) -> OpenedMessage:
        """
        Open one of them.
        """
        keys = self.keys(record)
        return open_message(bytes.fromhex(record["hex"]), lambda _: keys, policy=policy)

    def test_all(self) -> None:
        """
        Tags and signatures verify, and the content is what was published.
        """
        for record in records("gbcs-"):
            found = self.open(record)
            expected = record["expected"]
            self.assertEqual(found.plaintext.hex(), expected["content"], record["id"])
            self.assertEqual(found.authenticated, "mac" in record["verified"])
            self.assertEqual(found.signed, "ecdsa" in record["verified"])
            fields = found.layers[-1].fields
            self.assertEqual(fields.originator.hex(), expected["originator_system_title"])
            self.assertEqual(fields.transaction_id.hex(), expected["transaction_id"])

    def test_policy(self) -> None:
        """
        What they have meets the demand for it, and nothing else does.
        """
        for record in records("gbcs-"):
            signed = "ecdsa" in record["verified"]
            if signed:
                self.assertTrue(self.open(record, Policy(signed=True)).signed)
            else:
                error = self.assertRaises(SecurityError, self.open, record, Policy(signed=True))
                self.assertEqual(error.reason, Reason.DOWNGRADE)
            error = self.assertRaises(SecurityError, self.open, record, Policy.ENCRYPTED)
            self.assertEqual(error.reason, Reason.DOWNGRADE)

    def test_forged(self) -> None:
        """
        One changed octet of the tag, of the content or of the agreed key's identity, and it is not authentic.
        """
        for record in records("gbcs-", key="derived_mac_key"):
            good = bytes.fromhex(record["hex"])
            keys = evolve(self.keys(record), signing_public_key=None)
            for place in (len(good) - 1, len(good) - 14, 40):
                forged = good[:place] + bytes((good[place] ^ 1,)) + good[place + 1 :]
                error = self.assertRaises(
                    SecurityError,
                    open_message,
                    forged,
                    lambda _, k=keys: k,
                    policy=Policy.AUTHENTICATED,
                )
                self.assertEqual(error.reason, Reason.UNKNOWN_KEY)

    def test_protect_again(self) -> None:
        """
        With the variants that they use, the same octets are made, but for signatures, which another key would make.
        """
        variants = Variants(
            identifier=ObjectIdentifier.FIRST_PRINTING, additional_data=AdditionalData.WITHOUT_KEY
        )
        for record in records("gbcs-", key="derived_mac_key"):
            keys = self.keys(record)
            envelope = parse_envelope(bytes.fromhex(record["hex"]))
            fields = parse_signed(envelope.payload).fields
            key = agree_static(keys, fields, variants)._replace(info=None)
            self.assertEqual(key.key.hex(), record["keys"]["derived_mac_key"])
            again = protect_general(
                envelope.payload,
                keys=keys,
                key=key,
                fields=Fields(),
                title=fields.originator,
                counter=0,
                security_control=0x11,
                variants=variants,
            )
            self.assertEqual(again.hex(), record["hex"])


class AsymmetricTests(SynchronousTestCase):
    """
    Tests of key wrap, key agreement and signatures.
    """

    def test_wrap(self) -> None:
        """
        RFC 3394, section 4.1.
        """
        (record,) = records(kek="kek")
        (kek,) = octets(record, "kek")
        key = bytes.fromhex(record["expected"]["key"])
        self.assertEqual(wrap_key(kek, key).hex(), record["hex"])
        self.assertEqual(unwrap_key(kek, bytes.fromhex(record["hex"])), key)

    def test_agreement(self) -> None:
        """
        Three agreements: the shared secret, and the derived key.
        """
        found = records(algorithm="algorithm_id")
        for record in found:
            private, public, first, second = octets(
                record,
                "private_key",
                "peer_public_key",
                "originator_system_title",
                "recipient_system_title",
            )
            expected = record["expected"]
            self.assertEqual(shared_secret(private, public).hex(), expected["shared_secret"])
            key = one_pass(private, public, originator=first, recipient=second)
            self.assertEqual(key.hex(), expected["derived_key"], record["id"])
        self.assertEqual(len(found), 3)

    def test_signatures(self) -> None:
        """
        Good ones verify, on both curves, and bad ones do not.
        """
        found = records(public="public_key", signature="signature")
        for record in found:
            public, signature = octets(record, "public_key", "signature")
            valid = verify(public, bytes.fromhex(record["hex"]), signature)
            self.assertEqual(valid, record["expected"]["signature_valid"], record["id"])
            if "private_key" in record["keys"]:
                self.assertEqual(public_of(*octets(record, "private_key")), public)
        self.assertEqual(len(found), 7)

    def test_identifiers(self) -> None:
        """
        04, section 12: keys with each of the two object identifiers, from the published secrets' agreements.
        """
        private = bytes.fromhex("34A8C23A34DBB519D09B245754C85A6CFE05D14A063EFA5AA41545AA8241EFAE")
        public = bytes.fromhex(
            "2914D60E10AB705F62ED6CC349D7CB99B9AB3F3978E59278C7AF595B3AF98794"
            "1372DAB6D5AF1FA867E134167E6F23DE664A6693E05F43414611058D1B48F894"
        )
        static = bytes.fromhex("AAD3FD0732E991CF52A74C66C1F2827DDC53522A2E0A169D7C4FFCC0FB5D6A4D")
        ephemeral = bytes.fromhex(
            "C323C2BD45711DE4688637D919F92E9DB8FB2DFC213A88D21C9DC8DCBA917D81"
            "70511DE1BADB360D50058F794B0960AE11FA28D392CFF907A62D13E3357B1DC0"
        )
        for identifier, unified, passed in (
            (
                ObjectIdentifier.DLMS,
                "C5F4512846EDE51CFB8CCF59F08A694E",
                "59A71FD81C929A86A99438DA17A66C05",
            ),
            (
                ObjectIdentifier.FIRST_PRINTING,
                "E025CA6F9EE8D2B40F993739D44CFBC0",
                "8CD08FF02EAC71712DE8449DC8331833",
            ),
        ):
            key = ephemeral_unified(
                private, public, client=TITLE, server=CLIENT_TITLE, identifier=identifier
            )
            self.assertEqual(key.hex().upper(), unified)
            key = one_pass(
                static, ephemeral, originator=TITLE, recipient=CLIENT_TITLE, identifier=identifier
            )
            self.assertEqual(key.hex().upper(), passed)


class HLSVectorTests(SynchronousTestCase):
    """
    Tests of the published answers.
    """

    def test_gmac(self) -> None:
        """
        Passes three and four are made and verified.
        """
        found = list(records("gb-hls5"))
        for record in found:
            keys = keys_of(record)
            challenge = bytes.fromhex(record["expected"]["challenge"])
            title = keys.system_title or b""
            prover = Authentication(
                mechanism=Mechanism.GMAC,
                challenge=b"unlike the other",
                peer_challenge=challenge,
                title=title,
                keys=keys,
            )
            answer = prover.answer(record["invocation_counter"])
            self.assertEqual(answer.hex(), record["hex"])
            judge = Authentication(
                mechanism=Mechanism.GMAC,
                challenge=challenge,
                peer_challenge=b"unlike the other",
                peer_title=title,
                keys=keys,
            )
            self.assertEqual(judge.check(answer), record["invocation_counter"])
        self.assertEqual(len(found), 2)

    def test_ecdsa(self) -> None:
        """
        The published signature is verified over the published octets: titles and challenges, though where one challenge
        ends and the other begins is not published.
        """
        (record,) = records("zs-hls7")
        public, signature = octets(record, "public_key", "signature")
        self.assertTrue(verify(public, bytes.fromhex(record["hex"]), signature))


class AccessExampleTests(SynchronousTestCase):
    """
    Tests with the published ACCESS request: its tag is not reproducible with any additional data that is known, its
    ciphertext and signature are right (04, section 12).
    """

    MESSAGE = bytes.fromhex(
        "DD080102030405060708084D4D4D0000BC614E084D4D4D00000000010000010201018180"
        "C323C2BD45711DE4688637D919F92E9DB8FB2DFC213A88D21C9DC8DCBA917D8170511DE1BADB360D50058F794B0960AE"
        "11FA28D392CFF907A62D13E3357B1DC0"
        "B51BE089D0B682863B2217201E73A1A9031968A9B4121DCBC3281A69739AF87429F5B3AC5471E7B6A04A2C0F2F8A25FD"
        "772A317DF97FC5463FEAC248EB8AB8BE"
        "81EB3100000000F435069679270C5BF4425EE5777402A6C8D51C620EED52DBB188378B836E2857D5C053E6DDF27FA874"
        "09AEF502CD9618AE47017C010224FD"
        "109CC0BEB21E742D44AB40CD11908743EC90EC8C40E221D517F72228E1A26E827F43DC18ED27B5F458D66508B05A2A4C"
        "C6FED178C881AFC3BC67064689BE8BB4"
        "1C80ABB3C114A31F4CB03B8B64C7E0B4CE77B2399C93347858888F92239713B38DF01C4858245827A92EF334172EA636"
        "B31CBBDF2A96AD5D035F66AA38F1A2D9"
        "7D4BBA99622E6B5F18789CECB2DFB3937D9F3E17F8B472098E6563238F37528374809836002AEA6E7012D2ADFAA7"
    )
    KEYS = MeterKeys(
        policy=Policy.NONE,
        agreement_private_key=bytes.fromhex(
            "AAD3FD0732E991CF52A74C66C1F2827DDC53522A2E0A169D7C4FFCC0FB5D6A4D"
        ),
        signing_public_key=CLIENT_SIGNING_PUBLIC,
    )

    def test_plaintext(self) -> None:
        """
        Without an authentication key it opens, unverified, to the published request.
        """
        self.assertEqual(len(self.MESSAGE), 401)
        found = open_message(self.MESSAGE, lambda _: self.KEYS)
        self.assertTrue(found.plaintext.hex().startswith("d940000000000401000100006001"))
        self.assertFalse(found.authenticated)
        self.assertEqual((found.layers[0].key_choice, found.layers[0].key_scheme), (2, 1))

    def test_tag(self) -> None:
        """
        With one, a tag that cannot be verified is a tag that is wrong.
        """
        keys = evolve(
            self.KEYS, authentication_key=bytes.fromhex("D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF")
        )
        error = self.assertRaises(SecurityError, open_message, self.MESSAGE, lambda _: keys)
        self.assertEqual(error.reason, Reason.BAD_TAG)
