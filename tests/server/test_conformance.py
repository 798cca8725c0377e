"""
What a meter answers to each request in each state, octet by octet: 03, section 14, and 02, sections 3 and 9.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.session.server import ServerState
from tests.server.conformance import (
    BLOCKS,
    DECIPHERING,
    GET_ONLY,
    LONG_GET,
    NAME,
    NAME_IS,
    NOT_ASSOCIATED,
    NOT_NEGOTIATED,
    OTHERS,
    REJECTED,
    SERIAL,
    SERVICES,
    THIS,
)
from tests.server.meters import CLIENTS, DEMANDING, SECRET, SHORT, small
from tests.server.requests import action, get, read, what, write
from tests.server.talking import BOTH, Talk


class ConformanceTests(SynchronousTestCase):
    """
    Requests in clear.
    """

    def check(self, said: str, wanted: str, request: str) -> None:
        """
        Compare an answer with what is written of it.
        """
        begin, dots, end = wanted.partition("..")
        said = said or "-"
        if dots:
            self.assertTrue(said.startswith(begin) and said.endswith(end), (request, said, wanted))
        else:
            self.assertEqual(said, wanted, request)

    def talk(self, client: str = "none") -> Talk:
        """
        @return: a client of a new meter.
        """
        return Talk(small(), CLIENTS[client])

    def test_idle(self) -> None:
        """
        Before an association nothing is answered but by a refusal, and no state begins.
        """
        for request, idle, _, _ in SERVICES + OTHERS:
            talk = self.talk()
            self.check(talk.ask(request), NOT_ASSOCIATED if request == "6200" else idle, request)
            self.assertIs(talk.session.state, ServerState.IDLE, request)

    def test_associated(self) -> None:
        """
        In an association with everything each request gets its result.
        """
        for request, _, associated, _ in SERVICES + OTHERS:
            talk = self.talk()
            talk.associate()
            self.check(talk.ask(request), associated, request)

    def test_not_negotiated(self) -> None:
        """
        What was not negotiated is refused as a service, and the association goes on.
        """
        for request, _, _, limited in SERVICES + OTHERS:
            talk = self.talk()
            talk.associate(GET_ONLY)
            self.check(talk.ask(request), limited, request)
            if request[:2] != "62":
                self.assertEqual(talk.ask(get(1, NAME, 2)), NAME_IS, request)

    def test_rejected(self) -> None:
        """
        An association that cannot be is rejected with its reason, and one that is there stays.
        """
        for request, reason in REJECTED:
            talk = self.talk()
            self.assertIn(reason, talk.ask(request))
            self.assertEqual(talk.ask(get(1, NAME, 2)), NOT_ASSOCIATED, request)
            talk.associate()
            self.assertIn(reason, talk.ask(request))
            self.assertEqual(talk.ask(get(1, NAME, 2)), NAME_IS, request)

    def test_blocks(self) -> None:
        """
        Block transfer, also where it goes wrong.
        """
        for name, steps in BLOCKS.items():
            talk = self.talk()
            talk.associate(max_pdu=128)
            for request, wanted in steps:
                self.check(talk.ask(request), wanted, f"{name}: {request}")

    def test_unconfirmed(self) -> None:
        """
        SET and ACTION that want no answer are done in silence; GET is answered, whatever it says.
        """
        talk = self.talk()
        talk.associate()
        self.assertEqual(talk.ask(f"c10181{what(1, SERIAL, 2)}00090161"), "")
        self.assertEqual(talk.ask(get(1, SERIAL, 2)), "c401c100090161")
        self.assertEqual(talk.ask(f"c30181{what(70, '0-0:96.3.10.255', 1)}010f00"), "")
        self.assertEqual(talk.ask(get(70, "0-0:96.3.10.255", 2)), "c401c1000300")
        self.assertEqual(talk.ask(f"c00181{what(1, SERIAL, 2)}00"), "c4018100090161")

    def test_too_long(self) -> None:
        """
        An answer longer than the client takes, without blocks, is refused by its code.
        """
        talk = self.talk()
        talk.associate(GET_ONLY, max_pdu=128)
        self.assertEqual(talk.ask(LONG_GET), "c401c1010e")


class PendingTests(SynchronousTestCase):
    """
    Between an AARE and a client's proof.
    """

    def pending(self, client: str) -> Talk:
        """
        @return: a client whose proof is awaited.
        """
        talk = Talk(small(), CLIENTS[client])
        mechanism = {"md5": 3, "sha1": 4, "gmac": 5, "sha256": 6}[client]
        answer = talk.associate(mechanism=mechanism, value=b"12345678")
        self.assertEqual(answer.result, 0)
        self.assertEqual(answer.result_source_diagnostic.code, 14)
        self.assertIs(talk.session.state, ServerState.AUTHENTICATING)
        return talk

    def test_nothing_else(self) -> None:
        """
        No service is allowed but the proof.
        """
        for client in ("md5", "sha1", "gmac", "sha256"):
            for request, idle, _, _ in SERVICES:
                talk = self.pending(client)
                self.assertEqual(talk.ask(request), idle, f"{client} {request}")
                self.assertIs(talk.session.state, ServerState.AUTHENTICATING, request)

    def test_wrong_proof(self) -> None:
        """
        A wrong proof is refused, and the association is over.
        """
        for client in ("md5", "sha1", "gmac", "sha256"):
            talk = self.pending(client)
            answer = talk.ask(action(15, THIS, 1, "0911" + "10" * 17))
            self.assertTrue(answer.startswith("c701c1") and answer[6:8] != "00", answer)
            self.assertEqual(talk.ask(get(1, NAME, 2)), NOT_ASSOCIATED)
            self.assertIs(talk.session.state, ServerState.IDLE)

    def test_too_late(self) -> None:
        """
        A proof that does not come ends it.
        """
        talk = self.pending("md5")
        self.assertIsNotNone(talk.session.deadline)
        talk.session.time_passed(talk.now + 31)
        self.assertIs(talk.session.state, ServerState.IDLE)

    def test_wrong_password(self) -> None:
        """
        A wrong password is an authentication-failure; the right one is let in.
        """
        for value, diagnostic in ((b"wrong", 13), (SECRET + b"x", 13), (b"", 13), (SECRET, 0)):
            talk = Talk(small(), CLIENTS["low"])
            answer = talk.associate(mechanism=1, value=value)
            self.assertEqual(answer.result_source_diagnostic.code, diagnostic, value)
            self.assertEqual(answer.result, 1 if diagnostic else 0)

    def test_unknown_client(self) -> None:
        """
        A client whose address has no association is refused.
        """
        talk = Talk(small(), 99)
        answer = talk.associate()
        self.assertEqual(answer.result, 1)
        self.assertEqual(talk.ask(get(1, NAME, 2)), NOT_ASSOCIATED)


class CipheredTests(SynchronousTestCase):
    """
    A client that must authenticate and encrypt.
    """

    def setUp(self) -> None:
        """
        A meter, and its client.
        """
        self.meter = small()
        self.talk = Talk(self.meter, DEMANDING)

    def test_services(self) -> None:
        """
        Under protection each request gets its result, as in clear, and under protection.
        """
        for request, _, associated, _ in SERVICES:
            self.setUp()
            self.assertEqual(self.talk.associate(control=BOTH).result, 0)
            begin, _, end = associated.partition("..")
            said = self.talk.secure(request)
            self.assertTrue(said.startswith(begin) and said.endswith(end), (request, said))

    def test_refusals(self) -> None:
        """
        In clear, protected too little, forged, by another title, or repeated: refused by the code for it.
        """
        talk = self.talk
        talk.associate(control=BOTH)
        good = bytes.fromhex(get(1, NAME, 2))
        self.assertEqual(talk.ask(good), DECIPHERING)
        for control in (0x10, 0x20):
            self.assertEqual(talk.ask(talk.protect(good, control)), DECIPHERING)
        sealed = talk.protect(good)
        for place in (10, 12, 20, len(sealed) - 1):
            forged = bytearray(sealed)
            forged[place] ^= 0x01
            self.assertTrue(talk.ask(bytes(forged)).startswith("d801"), place)
        self.assertEqual(talk.opened(bytes.fromhex(talk.ask(sealed))).hex(), NAME_IS)
        again = talk.ask(sealed)
        self.assertTrue(again.startswith("d80106"), again)
        self.assertEqual(int(again[6:], 16), talk.last_counter + 1)
        self.assertEqual(talk.secure(good), NAME_IS)

    def test_association_in_clear(self) -> None:
        """
        An association in clear is refused.
        """
        self.assertNotEqual(self.talk.associate().result, 0)
        self.assertNotEqual(self.talk.associate(control=0x20).result, 0)
        self.assertEqual(self.talk.ask(get(1, NAME, 2)), NOT_ASSOCIATED)

    def test_release(self) -> None:
        """
        A release in clear releases nothing.
        """
        self.talk.associate(control=BOTH)
        self.talk.ask("6200")
        self.assertEqual(self.talk.secure(get(1, NAME, 2)), NAME_IS)

    def test_counted(self) -> None:
        """
        What was refused is counted.
        """
        before = dict(self.meter.counters.refusals)
        self.talk.associate(control=BOTH)
        self.talk.ask(get(1, NAME, 2))
        self.assertGreater(sum(self.meter.counters.refusals.values()), sum(before.values()))


class ShortNameTests(SynchronousTestCase):
    """
    Requests by short names.
    """

    def test_services(self) -> None:
        """
        Each gets its result.
        """
        for request, wanted in (
            (read(0xFA00), "0c010009060000280000ff"),
            (read(0x0007), "0c010104"),
            (write(0xFA00, "0f00"), "0d010103"),
            ("050202fa00020007", "0c020009060000280000ff0104"),
            (get(1, NAME, 2), NOT_NEGOTIATED),
        ):
            talk = Talk(small(), CLIENTS["none"] + SHORT)
            talk.associate(0x1C0320, short_names=True)
            self.assertEqual(talk.ask(request), wanted, request)
