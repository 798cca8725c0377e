"""
What a meter answers to each request in each state, octet by octet: 03, section 14, and 02, sections 3 and 9.

C{-} is silence; an answer that ends in C{..} is compared as far as it is written.
"""

from __future__ import annotations

from typing import Final

from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.session.server import ServerState
from tests.server.meters import CLIENTS, DEMANDING, SECRET, SHORT, small
from tests.server.requests import action, get, read, set_, what, write
from tests.server.talking import BOTH, Talk

CLOCK: Final = "0-0:1.0.0.255"
NAME: Final = "0-0:42.0.0.255"
SERIAL: Final = "0-0:96.1.0.255"
LONG: Final = "0-0:96.1.9.255"
NONE: Final = "0-0:99.99.9.255"
THIS: Final = "0-0:40.0.0.255"

_NO: Final = "d80101"
_UNKNOWN: Final = "d80202"
_NOT_NEGOTIATED: Final = "d80102"
_MALFORMED: Final = "d80103"
_CIPHER: Final = "d80105"
_NAME_IS: Final = "c401c100091053494d30303030303030303030303031"
_GET: Final = 0x000010

#: Request, and its answers: before an association, in one with everything, in one with GET only.
_SERVICES: Final[tuple[tuple[str, str, str, str], ...]] = (
    (get(1, NAME, 2), _NO, _NAME_IS, _NAME_IS),
    (get(1, NONE, 2), _NO, "c401c10104", "c401c10104"),
    (get(3, NAME, 2), _NO, "c401c10109", "c401c10109"),
    (get(1, NAME, 9), _NO, "c401c10104", "c401c10104"),
    (get(1, NAME, 0xFF), _NO, "c401c10104", "c401c10104"),
    (get(1, NAME, 0), _NO, "c401c1000202090600002a0000ff0910..", "c401c10104"),
    (get(1, NAME, 2, "01630f00"), _NO, "c401c1010d", "c401c1010d"),
    (f"c003c102{what(1, NAME, 2)}00{what(3, NAME, 2)}00", _NO, "c403c1020009..0109", "d80102"),
    ("c002c100000001", _NO, "c402c101000000010110", "c402c101000000010110"),
    (set_(1, SERIAL, 2, "090161"), _NO, "c501c100", _NOT_NEGOTIATED),
    (set_(8, CLOCK, 3, "090161"), _NO, "c501c10c", _NOT_NEGOTIATED),
    (set_(8, CLOCK, 3, "108000"), _NO, "c501c1fa", _NOT_NEGOTIATED),
    (set_(1, NAME, 1, "0906000000000000"), _NO, "c501c103", _NOT_NEGOTIATED),
    (set_(1, NONE, 2, "0f00"), _NO, "c501c104", _NOT_NEGOTIATED),
    (set_(3, NAME, 2, "0f00"), _NO, "c501c109", _NOT_NEGOTIATED),
    (set_(1, NAME, 9, "0f00"), _NO, "c501c104", _NOT_NEGOTIATED),
    (
        f"c104c102{what(8, CLOCK, 3)}00{what(8, CLOCK, 3)}000210003c0f01",
        _NO,
        "c505c102000c",
        _NOT_NEGOTIATED,
    ),
    ("c103c10100000002020f00", _NO, "c503c11200000002", _NOT_NEGOTIATED),
    (f"c102c1{what(8, CLOCK, 2)}000000000002020900", _NO, "c503c11300000002", _NOT_NEGOTIATED),
    (action(8, CLOCK, 6, "10000a"), _NO, "c701c10000", _NOT_NEGOTIATED),
    (action(8, CLOCK, 6, "107fff"), _NO, "c701c1fa00", _NOT_NEGOTIATED),
    (action(8, CLOCK, 6, "0f00"), _NO, "c701c10c00", _NOT_NEGOTIATED),
    (action(8, CLOCK, 6), _NO, "c701c10c00", _NOT_NEGOTIATED),
    (action(8, CLOCK, 9, "0f00"), _NO, "c701c10400", _NOT_NEGOTIATED),
    (action(70, NONE, 1, "0f00"), _NO, "c701c10400", _NOT_NEGOTIATED),
    (action(3, CLOCK, 1, "0f00"), _NO, "c701c10900", _NOT_NEGOTIATED),
    (
        f"c303c102{what(8, CLOCK, 6)}{what(8, CLOCK, 9)}0210000a0f00",
        _NO,
        "c703c10200000400",
        _NOT_NEGOTIATED,
    ),
    ("c306c1010000000202000a", _NO, "c701c11000", _NOT_NEGOTIATED),
    ("c302c100000001", _NO, "c701c11000", _NOT_NEGOTIATED),
    (
        f"d940000001000301{what(1, NONE, 2)}02{what(8, CLOCK, 3)}03{what(8, CLOCK, 9)}"
        "030010003c0f00",
        _NO,
        "da400000010000030000000301040200" + "0304",
        _NOT_NEGOTIATED,
    ),
)

#: The same with what is no service of logical names.
_OTHERS: Final[tuple[tuple[str, str, str, str], ...]] = (
    (read(0xFA00), "0e050201", "0e050302", "0e050302"),
    (write(0xFA00, "0f00"), "0e060201", "0e060302", "0e060302"),
    ("160102fa00010f00", "-", "-", "-"),
    ("7f00", _UNKNOWN, _UNKNOWN, _UNKNOWN),
    ("ff", _UNKNOWN, _UNKNOWN, _UNKNOWN),
    ("", "-", "-", "-"),
    ("0f000000010000", "-", "-", "-"),
    ("100000000100", "-", "-", "-"),
    (f"c200{what(8, CLOCK, 2)}00", "-", "-", "-"),
    ("18000102fd08010600000001", "-", "-", "-"),
    ("d80102", "-", "-", "-"),
    ("0e010600", "-", "-", "-"),
    ("640100", "-", "-", "-"),
    ("c401c1000f00", _UNKNOWN, _UNKNOWN, _UNKNOWN),
    ("c001c10008", _NO, _MALFORMED, _MALFORMED),
    (get(1, NAME, 2) + "00", _NO, _MALFORMED, _MALFORMED),
    ("c009c1", _NO, _MALFORMED, _MALFORMED),
    ("c81e3000000001801302ff8a7874133d414ced25b42534d28db0047720606b17", _NO, _CIPHER, _CIPHER),
    ("dd000000000000051000000000", _NO, _CIPHER, _CIPHER),
    ("e0c1000100000d" + get(1, NAME, 2), _NO, "e0880001000116c401c1000910..", _NOT_NEGOTIATED),
    ("6200", _NO, "6303800100", "6303800100"),
    ("6205", _NO, _MALFORMED, _MALFORMED),
)

_PLAIN: Final = "a109060760857405080101"
#: Associations that are refused, and result, source and diagnostic of the refusal.
_REJECTED: Final[tuple[tuple[str, str], ...]] = (
    # Another application context: short names, none that anybody knows.
    ("601da109060760857405080102be10040e01000000065f1f04001c03200000", "a203020101a305a103020102"),
    ("601da109060760857405080109be10040e01000000065f1f0400007e1f04b0", "a203020101a305a103020102"),
    # Another mechanism: low where none is wanted.
    (
        f"6036{_PLAIN}8a0207808b0760857405080201ac0a80083132333435363738"
        "be10040e01000000065f1f0400007e1f04b0",
        "a203020101a305a10302010b",
    ),
    # DLMS version, PDU size, conformance: why, in an initiate error.
    (
        f"601d{_PLAIN}be10040e01000000055f1f0400007e1f04b0",
        "a203020101a305a103020101be0604040e010601",
    ),
    (
        f"601d{_PLAIN}be10040e01000000065f1f0400007e1f000b",
        "a203020101a305a103020101be0604040e010603",
    ),
    (
        f"601d{_PLAIN}be10040e01000000065f1f0400000000ffff",
        "a203020101a305a103020101be0604040e010602",
    ),
    # No user information.
    (f"600b{_PLAIN}", "a203020101a305a103020101"),
    # Protocol version 2 only.
    (
        f"602180020640{_PLAIN}be10040e01000000065f1f0400007e1f04b0",
        "a203020101a305a203020102",
    ),
)

_LONG_GET: Final = get(1, LONG, 2)
_NEXT: Final = "c002c1"
_FIRST_SET: Final = f"c102c1{what(1, SERIAL, 2)}0000000000010409046162"
_LAST_SET: Final = "c103c10100000002026364"
_FIRST_ACTION: Final = f"c304c1{what(8, CLOCK, 6)}00000000010110"
_LAST_ACTION: Final = "c306c1010000000202000a"

#: Conversations in blocks: requests and their answers, in turn.
_BLOCKS: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    "long get, wrong number": (
        (_LONG_GET, "c402c10000000001007609820 3e8..".replace(" ", "")),
        (f"{_NEXT}00000001", "c402c100000000020076.."),
        (f"{_NEXT}00000004", "c402c101000000040113"),
        (f"{_NEXT}00000002", "c402c101000000020110"),
    ),
    "long get, left": (
        (_LONG_GET, "c402c100000000010076.."),
        (get(1, NAME, 2), _NAME_IS),
        (f"{_NEXT}00000001", "c402c10100000001010f"),
        (f"{_NEXT}00000001", "c402c101000000010110"),
    ),
    "long get, another number of the call": (
        (_LONG_GET, "c402c100000000010076.."),
        ("c002c200000001", "c402c201000000010110"),
    ),
    "long set": (
        (_FIRST_SET, "c502c100000001"),
        (_LAST_SET, "c503c10000000002"),
        (get(1, SERIAL, 2), "c401c100090461626364"),
        (_LAST_SET, "c503c11200000002"),
    ),
    "long set, wrong number": (
        (_FIRST_SET, "c502c100000001"),
        ("c103c10100000003026364", "c503c11300000003"),
        (_LAST_SET, "c503c11200000002"),
        (get(1, SERIAL, 2), "c401c100090673657269616c"),
    ),
    "long set, left": (
        (_FIRST_SET, "c502c100000001"),
        (get(1, NAME, 2), _NAME_IS),
        (_LAST_SET, "c503c11100000002"),
    ),
    "long set of what is not there": (
        (f"c102c1{what(1, NONE, 2)}0000000000010409046162", "c502c100000001"),
        (_LAST_SET, "c503c10400000002"),
    ),
    "long set of what is no Data": (
        (_FIRST_SET, "c502c100000001"),
        ("c103c101000000020163", "c503c10c00000002"),
        (get(1, NAME, 2), _NAME_IS),
    ),
    "long action": (
        (_FIRST_ACTION, "c704c100000001"),
        (_LAST_ACTION, "c701c10000"),
        (_LAST_ACTION, "c701c11000"),
    ),
    "long action, wrong number": (
        (_FIRST_ACTION, "c704c100000001"),
        ("c306c1010000000302000a", "c701c10e00"),
        (_LAST_ACTION, "c701c11000"),
    ),
    "long action, left": (
        (_FIRST_ACTION, "c704c100000001"),
        (get(1, NAME, 2), _NAME_IS),
        (_LAST_ACTION, "c701c10f00"),
    ),
    "an association in the middle": (
        (_LONG_GET, "c402c100000000010076.."),
        ("601da109060760857405080101be10040e01000000065f1f0400007e1f04b0", "6129.."),
        (f"{_NEXT}00000001", "c402c101000000010110"),
    ),
    "general block transfer of a request": (
        (f"e0450001000008{get(1, NAME, 2)[:16]}", "-"),
        (f"e0850002000005{get(1, NAME, 2)[16:]}", "e0880001000216c401c100.."),
    ),
}


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
        for request, idle, _, _ in _SERVICES + _OTHERS:
            talk = self.talk()
            self.check(talk.ask(request), _NO if request == "6200" else idle, request)
            self.assertIs(talk.session.state, ServerState.IDLE, request)

    def test_associated(self) -> None:
        """
        In an association with everything each request gets its result.
        """
        for request, _, associated, _ in _SERVICES + _OTHERS:
            talk = self.talk()
            talk.associate()
            self.check(talk.ask(request), associated, request)

    def test_not_negotiated(self) -> None:
        """
        What was not negotiated is refused as a service, and the association goes on.
        """
        for request, _, _, limited in _SERVICES + _OTHERS:
            talk = self.talk()
            talk.associate(_GET)
            self.check(talk.ask(request), limited, request)
            if request[:2] != "62":
                self.assertEqual(talk.ask(get(1, NAME, 2)), _NAME_IS, request)

    def test_rejected(self) -> None:
        """
        An association that cannot be is rejected with its reason, and one that is there stays.
        """
        for request, reason in _REJECTED:
            talk = self.talk()
            self.assertIn(reason, talk.ask(request))
            self.assertEqual(talk.ask(get(1, NAME, 2)), _NO, request)
            talk.associate()
            self.assertIn(reason, talk.ask(request))
            self.assertEqual(talk.ask(get(1, NAME, 2)), _NAME_IS, request)

    def test_blocks(self) -> None:
        """
        Block transfer, also where it goes wrong.
        """
        for name, steps in _BLOCKS.items():
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
        talk.associate(_GET, max_pdu=128)
        self.assertEqual(talk.ask(_LONG_GET), "c401c1010e")


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
            for request, idle, _, _ in _SERVICES:
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
            self.assertEqual(talk.ask(get(1, NAME, 2)), _NO)
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
        self.assertEqual(talk.ask(get(1, NAME, 2)), _NO)


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
        for request, _, associated, _ in _SERVICES:
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
        self.assertEqual(talk.ask(good), _CIPHER)
        for control in (0x10, 0x20):
            self.assertEqual(talk.ask(talk.protect(good, control)), _CIPHER)
        sealed = talk.protect(good)
        for place in (10, 12, 20, len(sealed) - 1):
            forged = bytearray(sealed)
            forged[place] ^= 0x01
            self.assertTrue(talk.ask(bytes(forged)).startswith("d801"), place)
        self.assertEqual(talk.opened(bytes.fromhex(talk.ask(sealed))).hex(), _NAME_IS)
        again = talk.ask(sealed)
        self.assertTrue(again.startswith("d80106"), again)
        self.assertEqual(int(again[6:], 16), talk.last_counter + 1)
        self.assertEqual(talk.secure(good), _NAME_IS)

    def test_association_in_clear(self) -> None:
        """
        An association in clear is refused.
        """
        self.assertNotEqual(self.talk.associate().result, 0)
        self.assertNotEqual(self.talk.associate(control=0x20).result, 0)
        self.assertEqual(self.talk.ask(get(1, NAME, 2)), _NO)

    def test_release(self) -> None:
        """
        A release in clear releases nothing.
        """
        self.talk.associate(control=BOTH)
        self.talk.ask("6200")
        self.assertEqual(self.talk.secure(get(1, NAME, 2)), _NAME_IS)

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
            (get(1, NAME, 2), _NOT_NEGOTIATED),
        ):
            talk = Talk(small(), CLIENTS["none"] + SHORT)
            talk.associate(0x1C0320, short_names=True)
            self.assertEqual(talk.ask(request), wanted, request)
