"""
Tests of L{dlms_twisted.link.auto}, L{dlms_twisted.link.detect} and L{dlms_twisted.link.raw}.
"""

from __future__ import annotations

from random import Random
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.errors import RemoteProtocolError
from dlms_twisted.link.auto import AutoPushLink, push_link
from dlms_twisted.link.detect import MEDIA, detect
from dlms_twisted.link.hdlc.push import encode_message as hdlc_message
from dlms_twisted.link.mbus.push import encode_message as mbus_message
from dlms_twisted.link.problems import Problem, ProblemKind
from dlms_twisted.link.push import Payload, PushLink
from dlms_twisted.link.raw import QUIET, RawPushLink
from dlms_twisted.link.wrapper import encode_frame
from tests import vectors
from tests.link.feeding import drain, splits
from tests.link.test_p1 import CIPHERED, FIRST

APDU = b"\x0f\x00\x00\x00\x01\x00\x06\x00\x00\x03\xe8"
HDLC = b"".join(hdlc_message(APDU * 30, destination=b"\xcf", source=b"\x03", size=100))
MBUS = b"".join(mbus_message(APDU * 30))
WRAPPER = encode_frame(1, 0x67, APDU)
#: One whole message of each framing, and what it carries.
SAMPLES = {
    "hdlc": (HDLC, APDU * 30),
    "mbus": (MBUS, APDU * 30),
    "wrapper": (WRAPPER, APDU),
    "p1": (FIRST, FIRST),
}


def run(link: PushLink, parts: list[bytes], now: float = 0.0) -> list[Any]:
    """
    All events of these parts, drained after each.
    """
    events: list[Any] = []
    for part in parts:
        link.receive_data(part, now)
        events += drain(link.next_event)
    return events


def octets(events: list[Any]) -> list[bytes]:
    """
    The messages among events.
    """
    return [event.octets for event in events if isinstance(event, Payload)]


def kinds(events: list[Any]) -> list[ProblemKind]:
    """
    The problems among events.
    """
    return [event.kind for event in events if isinstance(event, Problem)]


class DetectTests(SynchronousTestCase):
    """
    Tests of L{detect}.
    """

    def test_samples(self) -> None:
        """
        Each framing is known by 16 octets; APDUs alone by their tag.
        """
        for medium, (stream, _) in SAMPLES.items():
            self.assertEqual(detect(stream), medium)
            self.assertEqual(detect(stream[:16]), medium)
        self.assertEqual(detect(b"\x7e\x7e" + HDLC), "hdlc")
        self.assertEqual(detect(CIPHERED), "p1")
        for text in ("0f00000001", "e0400001", "c2", "d8", "e6e7000f", "00"):
            self.assertEqual(detect(bytes.fromhex(text)), None if text == "00" else "apdu", text)

    def test_unknown(self) -> None:
        """
        Too little, and none of them.
        """
        for octets_ in (b"", b"\x7e", b"\x7e\x7e", b"\x68", b"\x00\x01", b"hello", b"/", b"/1234"):
            self.assertIsNone(detect(octets_))

    def test_vectors(self) -> None:
        """
        The captures' media are found by their beginning.
        """
        for name in ("hdlc_push", "hdlc_link", "mbus_push", "p1", "wrapper_udp"):
            for record in vectors.load(f"{name}.jsonl"):
                medium = record["medium"].partition("-")[0]
                if medium in MEDIA:
                    self.assertEqual(detect(bytes.fromhex(record["hex"])), medium, record["id"])


class AutoTests(SynchronousTestCase):
    """
    Tests of L{AutoPushLink}.
    """

    def test_each(self) -> None:
        """
        Each framing is found, whole, octet by octet and cut anywhere; nothing is lost by looking.
        """
        for medium, (stream, wanted) in SAMPLES.items():
            for parts in splits(stream * 2, 5):
                link = AutoPushLink()
                self.assertEqual(link.medium, "auto")
                events = run(link, parts)
                self.assertEqual(octets(events), [wanted, wanted], medium)
                self.assertEqual(kinds(events), [], medium)
                self.assertEqual(link.medium, medium)
                self.assertEqual(link.stats.octets, len(stream) * 2)

    def test_starts_in_the_middle(self) -> None:
        """
        A line that was joined inside a message is understood with the next.
        """
        for medium in ("hdlc", "mbus", "p1"):
            stream, wanted = SAMPLES[medium]
            for start in (1, 7, 20, 33):
                link = AutoPushLink()
                events = run(link, [stream[start:] + stream])
                self.assertEqual(octets(events)[-1], wanted, medium)
                self.assertEqual(link.medium, medium)

    def test_ciphered_telegram(self) -> None:
        """
        A ciphered telegram at the beginning, or after a silence in which noise was forgotten.
        """
        self.assertEqual(octets(run(AutoPushLink(), [CIPHERED])), [CIPHERED])
        link = AutoPushLink()
        self.assertEqual(run(link, [CIPHERED[30:]], 1.0), [])
        link.time_passed(1.0 + QUIET)
        self.assertEqual(kinds(list(drain(link.next_event))), [ProblemKind.FOREIGN])
        self.assertEqual(octets(run(link, [CIPHERED], 11.0)), [CIPHERED])
        self.assertEqual(link.medium, "p1")

    def test_ciphered_inside_frame(self) -> None:
        """
        A general-glo APDU inside HDLC, M-Bus and wrapper frames is never cut out of them.
        """
        for medium, stream in (
            ("hdlc", b"".join(hdlc_message(CIPHERED, destination=b"\xcf", source=b"\x03"))),
            ("mbus", b"".join(mbus_message(CIPHERED))),
            ("wrapper", encode_frame(1, 1, CIPHERED)),
        ):
            for parts in splits(stream):
                link = AutoPushLink()
                self.assertEqual(octets(run(link, parts)), [CIPHERED])
                self.assertEqual(link.medium, medium)

    def test_naked_apdu(self) -> None:
        """
        An APDU without framing is known by its tag and the silence behind it; an LLC header is removed.
        """
        for head in (b"", b"\xe6\xe7\x00"):
            link = AutoPushLink()
            self.assertEqual(run(link, [head + APDU[:4], APDU[4:]], 5.0), [])
            self.assertEqual(link.deadline, 5.0 + QUIET)
            link.time_passed(5.0 + QUIET)
            [event] = drain(link.next_event)
            self.assertEqual(event, Payload(APDU, head + APDU, b"", "apdu"))

    def test_noise(self) -> None:
        """
        Noise is reported once, after a silence, and the stream stays open to be understood.
        """
        link = AutoPushLink()
        self.assertEqual(run(link, [b"hello"], 0.0), [])
        link.time_passed(QUIET)
        self.assertEqual(list(drain(link.next_event)), [Problem(ProblemKind.FOREIGN, b"hello")])
        self.assertIsNone(link.deadline)
        self.assertEqual(octets(run(link, [HDLC], 10.0)), [APDU * 30])
        self.assertEqual(link.stats.problems, {ProblemKind.FOREIGN: 5})
        self.assertEqual(link.stats.octets, 5 + len(HDLC))

    def test_change(self) -> None:
        """
        A line that changes its framing is understood again within a few messages, whatever the pair.
        """
        for old, new in (
            (old, new) for old in SAMPLES for new in ("hdlc", "mbus", "p1")
            if old not in {new, "wrapper"}
        ):  # fmt: skip
            link = AutoPushLink()
            now = 0.0
            for _ in range(3):
                now += 10.0
                self.assertEqual(octets(run(link, [SAMPLES[old][0]], now)), [SAMPLES[old][1]])
            got = []
            for _ in range(4):
                now += 10.0
                while link.deadline is not None and link.deadline < now:
                    link.time_passed(link.deadline)
                    got += list(drain(link.next_event))
                got += run(link, [SAMPLES[new][0]], now)
            self.assertEqual(link.medium, new, (old, new))
            self.assertIn(SAMPLES[new][1], octets(got)[-2:])

    def test_change_of_a_fast_line(self) -> None:
        """
        On a line that is never silent the change is noticed by the octets that nothing was made of.
        """
        link = AutoPushLink()
        run(link, [HDLC], 0.0)
        events = run(link, [MBUS] * 12, 0.1)
        self.assertEqual(link.medium, "mbus")
        self.assertGreaterEqual(len(octets(events)), 5)

    def test_counters_only_rise(self) -> None:
        """
        Counters go on through detection and change.
        """
        link = AutoPushLink()
        previous: dict[str, int] = {}
        for now, part in enumerate((b"noise", HDLC, MBUS, MBUS, HDLC[:50], HDLC, HDLC)):
            run(link, [part], now * 20.0)
            while link.deadline is not None:
                link.time_passed(link.deadline)
                list(drain(link.next_event))
            counters = link.stats.as_dict()
            for name, value in previous.items():
                self.assertGreaterEqual(counters[name], value, name)
            previous = counters

    def test_broken_wrapper(self) -> None:
        """
        A wrapper stream that breaks is an error when nothing else is understood of it, after a silence
        at the latest.
        """
        link = AutoPushLink()
        events = run(link, [WRAPPER + b"nonsense"], 1.0)
        self.assertEqual(octets(events), [APDU])
        self.assertEqual(kinds(events), [ProblemKind.BAD_WRAPPER])
        link.time_passed(1.0 + QUIET)
        self.assertRaises(RemoteProtocolError, link.next_event)
        link.receive_data(HDLC, 5.0)
        self.assertRaises(RemoteProtocolError, link.next_event)

    def test_wrapper_then_hdlc(self) -> None:
        """
        A connection that changes from wrapper to HDLC is understood on.
        """
        link = AutoPushLink()
        events = run(link, [WRAPPER, HDLC[:30], HDLC[30:]], 1.0)
        self.assertEqual(octets(events), [APDU, APDU * 30])
        self.assertEqual(link.medium, "hdlc")

    def test_end(self) -> None:
        """
        What waits when the connection ends comes out.
        """
        link = AutoPushLink()
        run(link, [APDU])
        link.end()
        self.assertEqual(octets(list(drain(link.next_event))), [APDU])
        link = AutoPushLink()
        run(link, [HDLC + HDLC[:40]])
        link.end()
        self.assertEqual(kinds(list(drain(link.next_event))), [ProblemKind.INCOMPLETE])

    def test_never_grows(self) -> None:
        """
        Octets that nobody understands are not kept for ever.
        """
        link = AutoPushLink()
        noise = bytes(Random(3).randbytes(4096)).replace(b"\x7e", b"\x7f")
        reported = 0
        for _ in range(60):
            for event in run(link, [noise]):
                if isinstance(event, Problem):
                    reported += len(event.octets)
        self.assertGreater(reported, 60 * 4096 - 80_000)


class DamagedTests(SynchronousTestCase):
    """
    Tests with hostile input.
    """

    def test_vectors(self) -> None:
        """
        Whatever a hostile vector is, each link takes it, says what it is not, and goes on.
        """
        for record in vectors.load("damaged.jsonl"):
            stream = bytes.fromhex(record["hex"])
            for medium in ("hdlc", "mbus", "p1", "apdu", "auto"):
                sample = SAMPLES.get(medium, (CIPHERED, CIPHERED))
                for size in (1, 100, len(stream)):
                    link = push_link(medium)
                    parts = [stream[start : start + size] for start in range(0, len(stream), size)]
                    run(link, parts)
                    while link.deadline is not None:
                        link.time_passed(link.deadline)
                        list(drain(link.next_event))
                    self.assertEqual(octets(run(link, [sample[0]], 100.0)), [sample[1]])


class RawTests(SynchronousTestCase):
    """
    Tests of L{RawPushLink}.
    """

    def test_cut_by_length(self) -> None:
        """
        General-glo APDUs say how long they are, and are cut by it.
        """
        for parts in splits(CIPHERED * 3, 9):
            link = RawPushLink()
            self.assertEqual(octets(run(link, parts)), [CIPHERED] * 3)
            self.assertIsNone(link.deadline)

    def test_cut_by_silence(self) -> None:
        """
        Others end by silence, or with the connection.
        """
        link = RawPushLink()
        self.assertEqual(run(link, [APDU], 1.0), [])
        link.time_passed(1.0 + QUIET - 0.1)
        self.assertEqual(list(drain(link.next_event)), [])
        link.time_passed(1.0 + QUIET)
        self.assertEqual(octets(list(drain(link.next_event))), [APDU])

    def test_measure(self) -> None:
        """
        A caller who knows APDUs can say how long each is.
        """
        link = RawPushLink(measure=lambda data: len(APDU) if data[:1] == b"\x0f" else 0)
        self.assertEqual(octets(run(link, [APDU * 3 + APDU[:3]])), [APDU] * 3)
        link.end()
        self.assertEqual(kinds(list(drain(link.next_event))), [ProblemKind.INCOMPLETE])

    def test_limit(self) -> None:
        """
        More than the limit is given up.
        """
        link = RawPushLink(max_octets=100)
        self.assertEqual(kinds(run(link, [bytes(101)])), [ProblemKind.LIMIT])
        self.assertEqual(octets(run(link, [CIPHERED])), [CIPHERED])
        link = RawPushLink(max_octets=50)
        self.assertEqual(kinds(run(link, [CIPHERED[:30]])), [ProblemKind.LIMIT])


class WrapperPushTests(SynchronousTestCase):
    """
    Tests of L{dlms_twisted.link.push.WrapperPushLink}.
    """

    def test_frames(self) -> None:
        """
        Payloads with their ports as address.
        """
        for parts in splits(WRAPPER * 2):
            link = push_link("wrapper")
            self.assertEqual(
                run(link, parts), [Payload(APDU, WRAPPER, b"\x00\x01\x00\x67", "wrapper")] * 2
            )

    def test_broken(self) -> None:
        """
        What broke the stream comes out as a problem, and then the error, again and again.
        """
        link = push_link("wrapper")
        link.receive_data(WRAPPER + b"\x00\x02abc", 0.0)
        self.assertIsInstance(link.next_event(), Payload)
        self.assertEqual(link.next_event(), Problem(ProblemKind.BAD_WRAPPER, b"\x00\x02abc"))
        self.assertRaises(RemoteProtocolError, link.next_event)
        link.receive_data(WRAPPER, 0.0)
        self.assertRaises(RemoteProtocolError, link.next_event)

    def test_end(self) -> None:
        """
        A frame that the end of the connection cut is incomplete.
        """
        link = push_link("wrapper")
        run(link, [WRAPPER[:10]])
        link.time_passed(1e9)
        link.end()
        self.assertEqual(link.next_event(), Problem(ProblemKind.INCOMPLETE, WRAPPER[:10]))


class PushLinkTests(SynchronousTestCase):
    """
    Tests of L{push_link}.
    """

    def test_each(self) -> None:
        """
        One for each medium, which decodes its sample.
        """
        for medium in (*MEDIA, "auto"):
            link = push_link(medium, measure=lambda _: 0)
            self.assertEqual(link.medium, medium)
            stream, wanted = SAMPLES.get(medium, (APDU, APDU))
            link.receive_data(stream, 0.0)
            link.end()
            self.assertEqual(octets(list(drain(link.next_event))), [wanted])

    def test_unknown(self) -> None:
        """
        Another name is refused, and the names there are are said.
        """
        error = self.assertRaises(ValueError, push_link, "zigbee")
        self.assertIn("hdlc", str(error))
