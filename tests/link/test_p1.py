"""
Tests of L{dlms_twisted.link.p1}.
"""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.link import p1 as p1_module
from dlms_twisted.link.p1 import (
    MAX_TELEGRAM,
    P1Decoder,
    P1PushLink,
    Telegram,
    ciphered_length,
    telegram_crc,
)
from dlms_twisted.link.problems import RUN_LIMIT, Problem, ProblemKind
from dlms_twisted.link.push import Payload
from tests import vectors
from tests.link.feeding import drain, feed, splits


def telegram(value: str, ident: str = "/EST5\\253710000_A") -> bytes:
    """
    A telegram with its CRC.
    """
    text = f"{ident}\r\n\r\n1-0:1.8.0({value}*kWh)\r\n!".encode()
    return text + f"{telegram_crc(text):04X}\r\n".encode()


#: The desk reference's ciphered telegram of 55 octets of text.
CIPHERED = bytes.fromhex(
    "db085341473500000001820048300000000a8bcf494d9c3325f51a29876421b3963387870988a448010bcbaf7f93ab"
    "fd28858c0efc347e9e64cf91cbce7c3a4be213e7bf0d04eafd181da1cfa716ebb247c18ade50"
)
FIRST = telegram("000001.000")
SECOND = telegram("000002.000")
NO_CRC = b"/ISk5\\2MT382-1000\r\n\r\n1-0:1.8.1(12345.678*kWh)\r\n!\r\n"


def good(events: list[Any]) -> list[bytes]:
    """
    The telegrams among events, as received.
    """
    return [event.raw for event in events if isinstance(event, Telegram)]


def kinds(events: list[Any]) -> list[ProblemKind]:
    """
    The problems among events.
    """
    return [event.kind for event in events if isinstance(event, Problem)]


def finish(decoder: P1Decoder) -> list[Any]:
    """
    Give up all that is held.
    """
    events: list[Any] = []
    while decoder.waiting:
        events += [decoder.give_up(), *drain(decoder.next_event)]
    return [event for event in events if event is not None]


class P1DecoderTests(SynchronousTestCase):
    """
    Tests of L{P1Decoder}.
    """

    def check(self, stream: bytes, telegrams: list[bytes], problems: list[ProblemKind]) -> None:
        """
        Feed a stream in every way, give up what is left, and compare telegrams, problems and counters.
        """
        wanted = None
        for parts in splits(stream):
            decoder = P1Decoder()
            events = feed(decoder, parts) + finish(decoder)
            self.assertEqual(good(events), telegrams)
            self.assertEqual(kinds(events), problems)
            result = (events, decoder.stats.as_dict())
            wanted = wanted or result
            self.assertEqual(result, wanted)

    def test_crc(self) -> None:
        """
        The digits 1 to 9 give BB3D.
        """
        self.assertEqual(telegram_crc(b"123456789"), 0xBB3D)

    def test_telegrams(self) -> None:
        """
        Telegrams with and without CRC, plain and ciphered, one behind the other.
        """
        self.check(FIRST + NO_CRC + CIPHERED + SECOND, [FIRST, NO_CRC, CIPHERED, SECOND], [])

    def test_line_ends_between(self) -> None:
        """
        Line ends and zeros between telegrams are nothing.
        """
        self.check(b"\r\n" + FIRST + b"\r\n\x00" + CIPHERED + b"\r\n", [FIRST, CIPHERED], [])

    def test_no_line_end(self) -> None:
        """
        C{!} with nothing behind ends a telegram when the next begins, or when the line is quiet
        (ams#1037).
        """
        bare = NO_CRC[:-2]
        self.check(bare + FIRST + bare, [bare, FIRST, bare], [])

    def test_line_feed_only(self) -> None:
        """
        A bridge that drops carriage returns spoils no telegram without a CRC.
        """
        bare = NO_CRC.replace(b"\r", b"")
        self.check(bare + bare, [bare, bare], [])

    def test_line_end_in_ciphertext(self) -> None:
        """
        Ciphertext may hold line ends, slashes and exclamation marks: it is cut by its length
        (dsmr_parser PR#184).
        """
        inside = b"\r\n!\r\n/ABC5\r\n\xdb\x08!0000\r\n"
        nasty = CIPHERED[:20] + inside + CIPHERED[20 + len(inside) :]
        self.check(nasty + FIRST, [nasty, FIRST], [])

    def test_identification_then_bare_header(self) -> None:
        """
        The identification line, then the APDU without its tag, with an empty title (ams#1198,
        esphome/issues#6500): the payload is the APDU with its tag.
        """
        bare = bytes.fromhex("00 82 0230 30 00000001") + bytes(range(256)) * 2 + bytes(43)
        for head in (b"/SAG5SAG-METER\r\n", b"/SAG5SAG-METER\r\n\r\n"):
            self.check(head + bare + FIRST, [head + bare, FIRST], [])
            [event, _] = feed(P1Decoder(), [head + bare + FIRST])
            self.assertEqual(event.octets, b"\xdb" + bare)
            self.assertTrue(event.ciphered)
        head = b"/SAG5SAG-METER\r\n"
        [event] = feed(P1Decoder(), [head + CIPHERED])
        self.assertEqual(event, Telegram(CIPHERED, head + CIPHERED, True))

    def test_bad_crc(self) -> None:
        """
        A changed character costs its telegram only.
        """
        bad = FIRST.replace(b"1.000", b"1.001")
        self.check(bad + SECOND, [SECOND], [ProblemKind.BAD_CHECKSUM])
        self.check(SECOND + bad, [SECOND], [ProblemKind.BAD_CHECKSUM])

    def test_no_text(self) -> None:
        """
        Without a CRC, octets that are no text make no telegram.
        """
        self.check(NO_CRC[:25] + b"\xff" + NO_CRC[25:] + FIRST, [FIRST], [ProblemKind.BAD_CHECKSUM])

    def test_end_lost(self) -> None:
        """
        A telegram that lost its end gives way to the next, also where a line was lost with it.
        """
        self.check(FIRST[:30] + b"\r\n" + SECOND, [SECOND], [ProblemKind.INCOMPLETE])
        self.check(FIRST[:30] + SECOND, [SECOND], [ProblemKind.BAD_CHECKSUM])

    def test_starts_in_the_middle(self) -> None:
        """
        What comes before the first beginning is foreign.
        """
        self.check(FIRST[20:] + SECOND, [SECOND], [ProblemKind.FOREIGN])

    def test_foreign(self) -> None:
        """
        Slashes and DB octets that begin nothing are foreign.
        """
        self.check(b"a/b//c\xdb\x01\xdb\x08" + FIRST, [FIRST], [ProblemKind.FOREIGN])

    def test_too_long(self) -> None:
        """
        What never ends is given up at its limit, and the next telegram is decoded.
        """
        decoder = P1Decoder()
        stream = b"/ABC5\r\n" + b"x" * (MAX_TELEGRAM + 10) + b"\r\n" + FIRST
        events = feed(decoder, [stream])
        self.assertEqual(good(events), [FIRST])
        self.assertEqual(kinds(events)[0], ProblemKind.INCOMPLETE)
        pieces = [stream[start : start + 100] for start in range(0, len(stream), 100)]
        self.assertEqual(feed(P1Decoder(), pieces), events)

    def test_linear(self) -> None:
        """
        Beginnings without end are searched once or twice, not from each of them.
        """
        searched = 0
        search = p1_module._ends

        def counted(octets: bytes, start: int = 0, stop: int = 0) -> Any:
            nonlocal searched
            found = search(octets, start, stop or len(octets))
            searched += (found.end() if found else stop or len(octets)) - start
            return found

        self.patch(p1_module, "_ends", counted)
        for unit in (b"x/ABC5\nx", b"/ABC5\r\nx!", b"\n/ABC5\r\nx"):
            searched = 0
            feed(P1Decoder(), [unit * 10_000])
            self.assertLess(searched, 6 * len(unit) * 10_000, unit)

    def test_ciphered_off(self) -> None:
        """
        Looking for text only, nothing is taken for ciphered.
        """
        decoder = P1Decoder(ciphered=False)
        self.assertEqual(good(feed(decoder, [CIPHERED + FIRST])), [FIRST])

    @settings(max_examples=150, deadline=None, derandomize=True)
    @given(st.lists(st.sampled_from([
        b"/", b"/ABC5\r\n", b"!", b"\r\n", b"!0000\r\n", b"\xdb", b"\xdb\x08", b"\x00", FIRST, SECOND,
        NO_CRC, CIPHERED, FIRST[:20], FIRST[15:], CIPHERED[:30], b"noise", b"\x82\x02\x30\x30",
    ]), max_size=10), st.integers(1, 40))  # fmt: skip
    def test_spliced(self, parts: list[bytes], step: int) -> None:
        """
        Pieces in any order give the same events however cut, and a good telegram afterwards is decoded.
        """
        stream = b"".join(parts)
        whole, pieces = P1Decoder(), P1Decoder()
        events = feed(whole, [stream])
        chunks = [stream[start : start + step] for start in range(0, len(stream), step)]
        self.assertEqual(feed(pieces, chunks), events)
        self.assertEqual(whole.stats.as_dict(), pieces.stats.as_dict())
        finish(whole)
        self.assertEqual(good(feed(whole, [FIRST])), [FIRST])

    def test_never_grows(self) -> None:
        """
        Whatever comes, what is held is bounded.
        """
        for unit in (
            b"/",
            b"\xdb\x08",
            b"/ABC5\r\nx",
            b"/ABC",
            b"!",
            CIPHERED[:20],
            b"\n/ABC5\r\n",
        ):
            decoder = P1Decoder()
            for _ in range(30):
                feed(decoder, [unit * (1000 // len(unit))])
                self.assertLessEqual(decoder.held, RUN_LIMIT + MAX_TELEGRAM + 1000)


class CipheredLengthTests(SynchronousTestCase):
    """
    Tests of L{ciphered_length}.
    """

    def test_forms(self) -> None:
        """
        Lengths of one to three octets; titles of none and eight.
        """
        for text, wanted in (
            ("085341473500000001820048300000000a", 12 + 72),
            ("0853414735000000018148200000000a", 11 + 72),
            ("08534147350000000148300000000a", 10 + 72),
            ("0082023030", 4 + 0x230),
            ("0830", -1),
            ("", -1),
            ("07", 0),
            ("0053414735", 0),
            ("008003", 0),
            ("0085", 0),
            ("000430", 0),
            ("001410", 0),
            ("001460", 0),
        ):
            octets = bytes.fromhex(text)
            self.assertEqual(ciphered_length(b"\xdb" + octets, 1), wanted, text)


class VectorTests(SynchronousTestCase):
    """
    Tests with captures of real meters.
    """

    def test_vectors(self) -> None:
        """
        Each telegram is one payload, whole, octet by octet and cut at every (for long ones some) octet.
        """
        for record in vectors.load("p1.jsonl"):
            stream = bytes.fromhex(record["hex"])
            link = P1PushLink()
            link.receive_data(stream, 0.0)
            wanted = list(drain(link.next_event))
            self.assertEqual(wanted, [Payload(stream, stream, b"", "p1")], record["id"])
            for parts in splits(stream):
                link = P1PushLink()
                events: list[Any] = []
                for part in parts:
                    link.receive_data(part, 0.0)
                    events += drain(link.next_event)
                self.assertEqual(events, wanted, record["id"])
