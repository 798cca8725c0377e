"""
Tests of general-ciphering and general-signing on the server's side, with each kind of key.
"""

from __future__ import annotations

from typing import Any

from attrs import evolve
from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.security.curves import generate_private_key, public_of
from dlms_twisted.security.fields import Fields
from dlms_twisted.security.general import GENERAL_CIPHERING
from dlms_twisted.security.keys import MeterKeys
from dlms_twisted.security.layers import OpenedMessage, open_message
from dlms_twisted.security.policy import Policy
from dlms_twisted.security.protection import KeyChoice, Protection, protect_message
from dlms_twisted.security.signed import GENERAL_SIGNING
from dlms_twisted.session.served import ServedAssociation
from tests.session.served_device import CLOCK, PROFILE
from tests.session.server_talk import CLIENT, Pair, counting, get, pair

_REFUSED = [b"\xd8\x01\x05"]
_MOST = 600


def _of_suite(number: int) -> tuple[MeterKeys, MeterKeys]:
    """
    @return: the client's keys and the meter's.
    """
    length = 32 if number == 2 else 16
    pairs = [generate_private_key(number, counting) for _ in range(4)]
    common: dict[str, Any] = {
        "encryption_key": bytes(range(length)),
        "authentication_key": bytes(range(100, 100 + length)),
        "master_key": bytes(range(200, 200 + length)),
    }
    sides = [
        MeterKeys(
            **common,
            signing_private_key=own[0],
            agreement_private_key=own[1],
            signing_public_key=public_of(peer[0]),
            agreement_public_key=public_of(peer[1]),
        )
        for own, peer in ((pairs[:2], pairs[2:]), (pairs[2:], pairs[:2]))
    ]
    return sides[0], sides[1]


def _protected(
    octets: bytes, plan: tuple[Protection, ...], keys: MeterKeys, counter: int = 0
) -> bytes:
    return protect_message(
        octets,
        plan,
        keys=keys,
        title=CLIENT,
        take_counter=lambda key, fresh: counter,
        random=counting,
    )


class GeneralTests(SynchronousTestCase):
    """
    General-ciphering with each kind of key, and general-signing.
    """

    def make(self, number: int) -> tuple[Pair, MeterKeys, Fields]:
        """
        @return: an association that demands nothing, the client's keys, and the fields of its layers.
        """
        keys, meter = _of_suite(number)
        served = ServedAssociation(client=1, ciphered=True, suite=number)
        both = pair(
            served,
            keys=keys,
            server_keys=meter,
            security=Policy.AUTHENTICATED_ENCRYPTED,
            max_receive=_MOST,
        )
        return both.associated(), keys, Fields(b"\x01" * 8, CLIENT, both.device.title)

    def exchange(
        self, both: Pair, keys: MeterKeys, plan: tuple[Protection, ...], counter: int
    ) -> tuple[bytes, OpenedMessage]:
        """
        @return: the answer as it came, and opened.
        """
        request = _protected(get(7, PROFILE).encode(), plan, keys, counter)
        answers = both.server.receive(request, 0.0)
        self.assertEqual(len(answers), 1)
        self.assertNotEqual(answers[0][0], 0xD8, (answers[0].hex(), both.device.refusals))
        self.assertLessEqual(len(answers[0]), _MOST)
        opened = open_message(
            answers[0],
            lambda title: evolve(keys, system_title=title),
            both.device.title,
            own_title=CLIENT,
        )
        return answers[0], opened

    def test_kinds(self) -> None:
        """
        Each is opened, and the answer, in blocks that fit, has the same form.
        """
        for number in (1, 2):
            both, keys, fields = self.make(number)
            signature = Protection(tag=GENERAL_SIGNING, fields=fields)
            counter = 100
            for choice, scheme, control in (
                (None, 0, 0x30),
                (KeyChoice.IDENTIFIED, 0, 0x30),
                (KeyChoice.IDENTIFIED, 0, 0x10),
                (KeyChoice.WRAPPED, 0, 0x30),
                (KeyChoice.AGREED, KeyChoice.ONE_PASS, 0x30),
                (KeyChoice.AGREED, KeyChoice.STATIC_UNIFIED, 0x30),
            ):
                for signs in (False, True):
                    counter += 1
                    one = Protection(
                        tag=GENERAL_CIPHERING,
                        security_control=control | number,
                        fields=fields._replace(transaction_id=counter.to_bytes(8, "big")),
                        key_choice=choice,
                        key_scheme=scheme,
                    )
                    plan = (one, signature) if signs else (one,)
                    answer, opened = self.exchange(both, keys, plan, counter)
                    self.assertEqual(answer[0], GENERAL_CIPHERING)
                    self.assertTrue(opened.authenticated)
                    self.assertEqual(opened.signed, signs)
                    self.assertEqual(opened.plaintext[:2], b"\xc4\x02")

    def test_small(self) -> None:
        """
        A client that takes little gets its answer in small blocks, however they are protected.
        """
        both, keys, fields = self.make(1)
        exchange = both.server._exchange
        assert exchange is not None
        exchange.established.max_send = 160
        kinds = ((0x31, False), (0x11, False), (0, True))
        for counter, (number, signs) in enumerate(kinds, 1000):
            one = Protection(
                tag=GENERAL_SIGNING if signs else GENERAL_CIPHERING,
                security_control=number,
                fields=fields,
                key_choice=None if signs else KeyChoice.IDENTIFIED,
            )
            answer, opened = self.exchange(both, keys, (one,), counter)
            self.assertLessEqual(len(answer), 160)
            self.assertEqual(opened.plaintext[:2], b"\xc4\x02")
            self.assertGreater(len(answer), 100)

    def test_signature_alone(self) -> None:
        """
        A signed request in clear gets a signed answer; where signatures are demanded, others are refused.
        """
        both, keys, fields = self.make(1)
        plan = (Protection(tag=GENERAL_SIGNING, fields=fields),)
        answer, opened = self.exchange(both, keys, plan, 0)
        self.assertEqual(answer[0], GENERAL_SIGNING)
        self.assertTrue(opened.signed)
        both.device.change(1, policy=Policy(signed=True))
        _, opened = self.exchange(both, keys, plan, 0)
        self.assertTrue(opened.signed)
        self.assertEqual(both.server.receive(get(8, CLOCK).encode(), 0.0), _REFUSED)
        forged = bytearray(_protected(get(8, CLOCK).encode(), plan, keys))
        forged[-1] ^= 1
        self.assertEqual(both.server.receive(bytes(forged), 0.0), _REFUSED)
        self.assertEqual(both.device.refusals, {"downgrade": 1, "bad-signature": 1})

    def test_for_somebody_else(self) -> None:
        """
        A message whose recipient is another is refused.
        """
        both, keys, _ = self.make(1)
        one = Protection(
            tag=GENERAL_CIPHERING,
            security_control=0x31,
            fields=Fields(b"", CLIENT, b"SOMEBODY"),
            key_choice=KeyChoice.IDENTIFIED,
        )
        request = _protected(get(8, CLOCK).encode(), (one,), keys, 900)
        self.assertEqual(both.server.receive(request, 0.0), _REFUSED)

    def test_replay(self) -> None:
        """
        General-ciphering under the global key shares its counters with the rest.
        """
        both, keys, fields = self.make(1)
        one = Protection(
            tag=GENERAL_CIPHERING,
            security_control=0x31,
            fields=fields,
            key_choice=KeyChoice.IDENTIFIED,
        )
        self.exchange(both, keys, (one,), 500)
        again = _protected(get(7, PROFILE).encode(), (one,), keys, 500)
        self.assertEqual(both.server.receive(again, 0.0), [bytes.fromhex("d80106000001f5")])
