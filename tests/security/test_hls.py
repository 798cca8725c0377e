"""
Tests of L{dlms_twisted.security.hls}.
"""

from __future__ import annotations

from attrs import evolve
from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.errors import LocalProtocolError, Reason, SecurityError
from dlms_twisted.security.curves import generate_private_key, public_of
from dlms_twisted.security.hls import (
    Authentication,
    Mechanism,
    aes_ecb,
    check_challenge,
    is_password_right,
    make_challenge,
)
from dlms_twisted.security.keys import MeterKeys
from dlms_twisted.security.window import ReplayWindow
from tests.security.samples import CLIENT_TITLE, KEYS, OTHER_KEYS, TITLE, Counted

_CTOS = b"K56iVagY"
_STOC = b"P6wRJ21F"
_SECRET = b"12345678"
_HIGH = [mechanism for mechanism in Mechanism if mechanism.is_high]


def sides(
    mechanism: Mechanism, keys: MeterKeys = KEYS, secret: bytes = _SECRET, suite: int = 0
) -> tuple[Authentication, Authentication]:
    """
    @return: a client and a server that know each other's challenges.
    """
    ctos, stoc = _CTOS, _STOC
    client_keys = server_keys = keys
    if mechanism is Mechanism.ECDSA:
        ctos, stoc = _CTOS * 4, _STOC * 4
        random = Counted()
        client_private, server_private = (generate_private_key(suite or 1, random) for _ in "cs")
        client_keys = MeterKeys(
            signing_private_key=client_private, signing_public_key=public_of(server_private)
        )
        server_keys = MeterKeys(
            signing_private_key=server_private, signing_public_key=public_of(client_private)
        )
    client = Authentication(
        mechanism=mechanism,
        challenge=ctos,
        peer_challenge=stoc,
        title=CLIENT_TITLE,
        peer_title=TITLE,
        secret=secret,
        keys=client_keys,
        suite=suite,
    )
    server = Authentication(
        mechanism=mechanism,
        challenge=stoc,
        peer_challenge=ctos,
        title=TITLE,
        peer_title=CLIENT_TITLE,
        secret=secret,
        keys=server_keys,
        suite=suite,
    )
    return client, server


class _RefusalCase(SynchronousTestCase):
    """
    Asserts on the reason of a refusal.
    """

    def refused(self, reason: Reason, function: object, *arguments: object) -> None:
        """
        C{function} refuses for this reason.
        """
        error = self.assertRaises(SecurityError, function, *arguments)
        self.assertEqual(error.reason, reason)


class AnswerTests(_RefusalCase):
    """
    Tests of proofs.
    """

    def test_published(self) -> None:
        """
        04, section 12: the answers to the published challenges.
        """
        for mechanism, to_server, to_client in (
            (Mechanism.MD5, "53D4537E37DAB4FF089629E25557AF9F", ""),
            (Mechanism.SHA1, "6DBD949D1B1EFDD6FE5F9EA627877E986E8708CB", ""),
            (
                Mechanism.GMAC,
                "10000000011A52FE7DD3E72748973C1E28",
                "1001234567FE1466AFB3DBCD4F9389E2B7",
            ),
            (
                Mechanism.SHA256,
                "67342BAA6815DA654EEFBB879B6A23DA0D2BB0404ABBB1A738631241A6B96516",
                "5DA97807E1B30B5D95A5B48BDA34C4232130F761E57C316CCDEF70322605A90D",
            ),
        ):
            client, server = sides(mechanism)
            self.assertEqual(client.answer(1).hex().upper(), to_server)
            if to_client:
                self.assertEqual(server.answer(0x01234567).hex().upper(), to_client)

    def test_both_sides(self) -> None:
        """
        Each mechanism: each side accepts the other's proof, and gives the counter where there is one.
        """
        for mechanism in _HIGH:
            for suite in (0, 1):
                client, server = sides(mechanism, suite=suite)
                counter = 7 if mechanism is Mechanism.GMAC else None
                self.assertEqual(server.check(client.answer(7)), counter)
                self.assertEqual(client.check(server.answer(7)), counter)

    def test_suite_2(self) -> None:
        """
        GMAC with keys of 32 octets, and ECDSA on P-384.
        """
        keys = evolve(KEYS, encryption_key=bytes(range(32)), authentication_key=bytes(32))
        client, server = sides(Mechanism.GMAC, keys, suite=2)
        self.assertEqual(client.answer(1)[0], 0x12)
        self.assertEqual(server.check(client.answer(1)), 1)
        client, server = sides(Mechanism.ECDSA, suite=2)
        self.assertEqual(len(client.answer()), 96)
        server.check(client.answer())

    def test_forged(self) -> None:
        """
        Any changed bit of an answer, and an answer too short, too long or empty, is refused.
        """
        for mechanism in _HIGH:
            client, server = sides(mechanism)
            good = client.answer(1)
            for bit in range(8 * len(good)):
                forged = bytearray(good)
                forged[bit // 8] ^= 1 << bit % 8
                self.assertRaises(SecurityError, server.check, bytes(forged))
            for forged_length in (good[:-1], good + b"\x00", b""):
                self.assertRaises(SecurityError, server.check, forged_length)

    def test_reflected_answer(self) -> None:
        """
        The client's own proof, sent back, proves nothing.
        """
        for mechanism in _HIGH:
            client, _ = sides(mechanism)
            self.assertRaises(SecurityError, client.check, client.answer(1))

    def test_wrong_secret(self) -> None:
        """
        Another secret or key is a wrong tag or signature.
        """
        for mechanism in (Mechanism.MANUFACTURER, Mechanism.MD5, Mechanism.SHA1, Mechanism.SHA256):
            client, _ = sides(mechanism, secret=b"another")
            _, server = sides(mechanism)
            self.refused(Reason.BAD_TAG, server.check, client.answer())
        client, _ = sides(Mechanism.GMAC, evolve(KEYS, encryption_key=OTHER_KEYS[0]))
        _, server = sides(Mechanism.GMAC)
        self.refused(Reason.BAD_TAG, server.check, client.answer(1))
        client, server = sides(Mechanism.ECDSA)
        server = evolve(
            server, keys=evolve(server.keys, signing_public_key=public_of(bytes(31) + b"\x05"))
        )
        self.refused(Reason.BAD_SIGNATURE, server.check, client.answer())

    def test_counter(self) -> None:
        """
        GMAC: a counter that was used is refused; checking moves no window.
        """
        client, server = sides(Mechanism.GMAC)
        window = ReplayWindow()
        self.assertEqual(server.check(client.answer(5), window), 5)
        self.assertEqual(window.highest, -1)
        window.accept(5)
        self.refused(Reason.REPLAY, server.check, client.answer(5), window)

    def test_missing(self) -> None:
        """
        Keys and titles that are missing are named.
        """
        for mechanism, keys in (
            (Mechanism.GMAC, MeterKeys()),
            (Mechanism.GMAC, evolve(KEYS, authentication_key=None)),
        ):
            client, server = sides(mechanism)
            bare = evolve(server, keys=keys)
            self.refused(Reason.UNKNOWN_KEY, bare.answer, 1)
            self.refused(Reason.UNKNOWN_KEY, bare.check, client.answer(1))
        client, server = sides(Mechanism.ECDSA)
        bare = evolve(server, keys=MeterKeys())
        self.refused(Reason.UNKNOWN_KEY, bare.answer)
        self.refused(Reason.UNKNOWN_KEY, bare.check, client.answer())
        for mechanism in (Mechanism.GMAC, Mechanism.SHA256, Mechanism.ECDSA):
            client, server = sides(mechanism)
            for untitled in (evolve(server, title=b"", peer_title=b""),):
                self.assertRaises(LocalProtocolError, untitled.answer, 1)
                self.assertRaises(LocalProtocolError, untitled.check, client.answer(1))

    def test_manufacturer(self) -> None:
        """
        The manufacturer's own transformation can be given; the usual one pads to blocks of AES.
        """
        client, server = sides(Mechanism.MANUFACTURER)
        self.assertEqual(client.answer(), aes_ecb(_SECRET, _STOC))
        self.assertEqual(len(aes_ecb(_SECRET, bytes(17))), 32)
        self.assertRaises(LocalProtocolError, aes_ecb, bytes(17), _STOC)

        def reversed_challenge(secret: bytes, challenge: bytes) -> bytes:
            return secret + challenge[::-1]

        client = evolve(client, transform=reversed_challenge)
        server = evolve(server, transform=reversed_challenge)
        self.assertEqual(client.answer(), _SECRET + _STOC[::-1])
        server.check(client.answer())


class ChallengeTests(_RefusalCase):
    """
    Tests of challenges and passwords.
    """

    def test_reflected(self) -> None:
        """
        Our own challenge, sent back, is refused.
        """
        for mechanism in _HIGH:
            self.refused(Reason.REPLAY, check_challenge, mechanism, b"x" * 32, b"x" * 32)
            with self.assertRaises(SecurityError):
                Authentication(mechanism=mechanism, challenge=b"x" * 32, peer_challenge=b"x" * 32)

    def test_length(self) -> None:
        """
        8 to 64 octets, with ECDSA 32 to 64.
        """
        for mechanism in _HIGH:
            least = 32 if mechanism is Mechanism.ECDSA else 8
            for length in (0, least - 1, 65):
                self.refused(Reason.MALFORMED, check_challenge, mechanism, b"own", bytes(length))
                self.assertRaises(LocalProtocolError, make_challenge, mechanism, Counted(), length)
            for length in (least, 64):
                check_challenge(mechanism, b"own", bytes(length))
                self.assertEqual(len(make_challenge(mechanism, Counted(), length)), length)
            self.assertEqual(len(make_challenge(mechanism, Counted())), max(16, least))

    def test_low_levels(self) -> None:
        """
        The lowest and low levels have neither challenges nor passes three and four.
        """
        for mechanism in (Mechanism.LOWEST, Mechanism.LOW):
            self.assertRaises(LocalProtocolError, make_challenge, mechanism, Counted())
            with self.assertRaises(LocalProtocolError):
                Authentication(mechanism=mechanism, challenge=_CTOS, peer_challenge=_STOC)

    def test_password(self) -> None:
        """
        A password is right or wrong.
        """
        self.assertTrue(is_password_right(b"12345678", b"12345678"))
        for wrong in (b"", b"1234567", b"123456789", b"12345679"):
            self.assertFalse(is_password_right(b"12345678", wrong))
