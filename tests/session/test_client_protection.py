"""
Tests of L{dlms_twisted.session.client_security} and L{dlms_twisted.session.client_plan}, against our own server.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from attrs import evolve
from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.apdu.get import GetResponseNormal
from dlms_twisted.apdu.set import SetRequestNormal, SetResponseNormal
from dlms_twisted.codec import build
from dlms_twisted.codec.data import Data
from dlms_twisted.errors import DLMSError, Reason, SecurityError
from dlms_twisted.security.curves import generate_private_key, public_of
from dlms_twisted.security.hls import Mechanism
from dlms_twisted.security.keys import MeterKeys
from dlms_twisted.security.policy import Policy
from dlms_twisted.session.association import MessageKeys
from dlms_twisted.session.client_events import Failed
from dlms_twisted.session.served import ServedAssociation
from tests.session.served_device import DATA, PROFILE
from tests.session.server_talk import AUTHENTICATION, CLIENT, Pair, attribute, counting, get, pair

_TITLE = b"DLM\x00\x00\x00\x00\x01"
_POLICIES = (
    Policy.AUTHENTICATED,
    Policy.ENCRYPTED,
    Policy.AUTHENTICATED_ENCRYPTED,
    Policy(signed=True),
    Policy(authenticated=True, encrypted=True, signed=True),
)


def _keys(suite: int) -> tuple[MeterKeys, MeterKeys]:
    """
    @return: the keys of the client, and of the server.
    """
    length = 32 if suite == 2 else 16
    common = MeterKeys(
        encryption_key=bytes(range(length)),
        authentication_key=(AUTHENTICATION * 2)[:length],
        master_key=bytes(range(0x40, 0x40 + length)),
    )
    if not suite:
        return common, common
    private = [generate_private_key(suite, counting) for _ in range(4)]
    public = [public_of(one) for one in private]
    client = evolve(
        common,
        signing_private_key=private[0],
        agreement_private_key=private[1],
        signing_public_key=public[2],
        agreement_public_key=public[3],
    )
    server = evolve(
        common,
        signing_private_key=private[2],
        agreement_private_key=private[3],
        signing_public_key=public[0],
        agreement_public_key=public[1],
    )
    return client, server


def combinations(
    full: bool = False,
) -> Iterator[tuple[int, Policy, dict[str, object]]]:
    """
    @param full: All of them, else a few.

    @return: suite, policy and settings.
    """
    policies = _POLICIES if full else _POLICIES[2::2]
    for suite, policy in product((0, 1, 2) if full else (0, 1), policies):
        if policy.signed and not suite:
            continue
        dedicated = bytes(range(9, 41))[: 32 if suite == 2 else 16]
        for general, key in product((False, True), (None, dedicated)):
            if full or general or key:
                yield suite, policy, {"general": general, "dedicated": key}
        for keys in MessageKeys:
            if suite or keys not in (MessageKeys.AGREED, MessageKeys.STATIC):
                yield suite, policy, {"message_keys": keys}


class ProtectionTests(SynchronousTestCase):
    """
    Each form of protection, there and back.
    """

    def both(self, suite: int, policy: Policy, **changes: object) -> Pair:
        """
        @return: an association.
        """
        mechanism = Mechanism.ECDSA if suite else Mechanism.GMAC
        client, server = _keys(suite)
        served = ServedAssociation(
            client=1,
            mechanism=mechanism,
            ciphered=True,
            policy=policy,
            answers=policy,
            suite=suite,
            max_receive=1200,
        )
        return pair(
            served,
            keys=client,
            server_keys=server,
            security=policy,
            peer_title=_TITLE,
            max_receive=1200,
            **changes,  # type: ignore[arg-type]
        ).associated()

    def exchange(self, both: Pair) -> None:
        """
        A short and a long answer, and a long request.
        """
        short = both.request(get(1, DATA))
        assert isinstance(short, GetResponseNormal)
        assert isinstance(short.result, Data)
        long = both.request(get(7, PROFILE, invoke=0xC2))
        assert isinstance(long.result, Data)
        assert isinstance(long.result.values, tuple)
        self.assertEqual(len(long.result.values), 200)
        value = build.octet_string(bytes(2000))
        done = both.request(
            SetRequestNormal(
                invoke_id_and_priority=0xC3,
                attribute=attribute(1, DATA),
                access_selection=None,
                value=value,
            )
        )
        assert isinstance(done, SetResponseNormal)
        self.assertTrue(done.result.is_success)
        self.assertEqual(both.device.object(DATA).values[2], value)
        self.assertLessEqual(max(len(one) for one in both.sent[1:]), 1200)

    def test_each(self) -> None:
        """
        The forms of each service, and the general ones, with global, dedicated, wrapped and agreed keys, signed and
        not.
        """
        for suite, policy, changes in combinations():
            self.exchange(self.both(suite, policy, **changes))

    def test_transactions(self) -> None:
        """
        An answer that is sent again, to another request, is refused by its transaction.
        """
        both = self.both(1, _POLICIES[2], message_keys=MessageKeys.STATIC)
        both.request(get(1, DATA))
        old = both.back[-1]
        both.client.request(get(1, DATA), 0.0)
        both.client.events()
        for _ in range(40):
            # As many as are remembered.
            both.client._security._transactions.append(counting(8))
        both.client.receive(old, 0.0)
        both.client.time_passed(11.0)
        (event,) = both.client.events()
        assert isinstance(event, Failed)
        assert isinstance(event.error, SecurityError)
        self.assertEqual(event.error.reason, Reason.REPLAY)

    def test_many_keys(self) -> None:
        """
        Keys for each message are as many as there are messages; windows are not.
        """
        both = self.both(1, _POLICIES[2], message_keys=MessageKeys.AGREED)
        for number in range(70):
            both.request(get(1, DATA, invoke=0xC0 | number % 15 + 1))
        self.assertLessEqual(len(both.client._security._windows), 32)

    def test_missing(self) -> None:
        """
        A key that is missing is named, before anything is sent.
        """
        client, _ = _keys(1)
        for keys, words in (
            (evolve(client, signing_private_key=None), "sign"),
            (evolve(client, agreement_public_key=None), "agree"),
        ):
            served = ServedAssociation(client=1, ciphered=True, suite=1)
            both = pair(
                served,
                title=CLIENT,
                security=_POLICIES[4],
                message_keys=MessageKeys.AGREED,
                peer_title=_TITLE,
                keys=keys,
            )
            with self.assertRaises(DLMSError) as caught:
                both.client.associate(b"", 0.0)
            self.assertIn(words, str(caught.exception))
            self.assertEqual(both.client.events(), [])
