"""
Tests for L{dlms_twisted.session.reassembly} and L{dlms_twisted.session.incoming}.
"""

from __future__ import annotations

from random import Random

from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.apdu.ciphered import GeneralCiphering
from dlms_twisted.apdu.data_notification import DataNotification, HeaderlessNotification
from dlms_twisted.apdu.get import GetRequestNext
from dlms_twisted.apdu.signing import GeneralSigning
from dlms_twisted.errors import Reason
from dlms_twisted.security.policy import Policy
from dlms_twisted.session.notification import (
    Expired,
    Incoming,
    Notification,
    Outer,
    Reassembly,
    Refusal,
    Telegram,
    open_notification,
)
from tests.session.pushes import KEYS, TITLE, WindowTable, blocks, ciphered, push, take

LLC = b"\xe6\xe7\x00"


def reasons(found: list[Outer | Refusal]) -> list[Reason | None]:
    """
    @return: the reason of each refusal, C{None} for what was not refused.
    """
    return [one.reason if isinstance(one, Refusal) else None for one in found]


class CuttingTests(SynchronousTestCase):
    """
    One link frame: which APDUs are in it, and whose key each wants.
    """

    def cut(self, octets: bytes) -> list[Outer | Refusal]:
        """
        @return: what a frame that carries C{octets} gives.
        """
        return Reassembly().outer(Incoming(octets, b"raw", "meter"), 0.0)

    def test_plain(self) -> None:
        """
        A plain push is decoded, and wants no key.
        """
        [outer] = self.cut(push())
        assert isinstance(outer, Outer)
        self.assertEqual(outer[:4], (push(), b"raw", None, None))
        self.assertEqual(outer.message, DataNotification.decode(push()))

    def test_ciphered(self) -> None:
        """
        A ciphered push names its sender.
        """
        [outer] = self.cut(ciphered(push(), 7))
        assert isinstance(outer, Outer)
        assert outer.envelope is not None
        self.assertEqual((outer.title, outer.envelope.invocation_counter), (TITLE, 7))
        self.assertIsNone(outer.message)

    def test_title_missing(self) -> None:
        """
        An envelope without a title, of either kind, does not say whose key is wanted.
        """
        whole = ciphered(push(), 7)
        [untitled] = self.cut(whole[:1] + b"\0" + whole[10:])
        [service] = self.cut(ciphered(push(), 7, tag=0xCA))
        assert isinstance(untitled, Outer)
        assert isinstance(service, Outer)
        self.assertEqual((untitled.title, service.title), (None, None))
        self.assertIsNotNone(untitled.envelope)
        self.assertIsNotNone(service.envelope)

    def test_title_inside(self) -> None:
        """
        British meters name themselves in the signed APDU inside; one that is cut off names nobody.
        """
        for content, title in (
            (
                GeneralSigning(
                    originator_system_title=TITLE, content=push(), signature=b""
                ).encode(),
                TITLE,
            ),
            (b"\xdf\x05", None),
            (push(), None),
        ):
            apdu = GeneralCiphering(
                security_control=0x11, invocation_counter=0, payload=content, mac=bytes(12)
            )
            [outer] = self.cut(apdu.encode())
            assert isinstance(outer, Outer)
            self.assertEqual(outer.title, title)

    def test_several(self) -> None:
        """
        Several APDUs in one frame, with an LLC header before each or without, all come out.
        """
        for header in (LLC, b""):
            frame = b"".join(header + push(n) for n in range(3)) + header + ciphered(push(4), 1)
            found = self.cut(frame)
            self.assertEqual(reasons(found), [None] * 4)
            self.assertEqual(
                [one.apdu for one in found if isinstance(one, Outer)],
                [push(0), push(1), push(2), ciphered(push(4), 1)],
            )

    def test_resumes_after_malformed(self) -> None:
        """
        A malformed APDU costs itself: the next one that has an LLC header is found.
        """
        damaged = push(2)[:-5] + b"\xee" + push(2)[-4:]
        found = self.cut(push(1) + LLC + damaged + LLC + push(3))
        self.assertEqual(reasons(found), [None, Reason.MALFORMED, None])

    def test_search_is_bounded(self) -> None:
        """
        The search for good APDUs in garbage ends after a few.
        """
        found = self.cut((LLC + b"\x0f") * 10_000)
        self.assertLess(len(found), 10)
        self.assertEqual(set(reasons(found)), {Reason.MALFORMED})

    def test_padding(self) -> None:
        """
        Zeros after the last APDU are padding.
        """
        for whole in (push(), ciphered(push(), 1)):
            [outer] = self.cut(whole + bytes(5))
            assert isinstance(outer, Outer)
            self.assertEqual(outer.apdu, whole)

    def test_trailing(self) -> None:
        """
        Octets after a good APDU that are none are refused, and the APDU is not.
        """
        for whole in (push(), ciphered(push(), 1)):
            self.assertEqual(reasons(self.cut(whole + b"\xff\xfe")), [None, Reason.TRAILING])

    def test_gateway(self) -> None:
        """
        A gateway's prefix is removed, also twice.
        """
        prefix = bytes.fromhex("e600053132333435")
        for octets in (prefix + push(), prefix + prefix + push()):
            [outer] = self.cut(octets)
            assert isinstance(outer, Outer)
            self.assertEqual(outer.apdu, push())
        [outer] = self.cut(prefix + ciphered(push(), 3))
        assert isinstance(outer, Outer)
        self.assertEqual(outer.title, TITLE)

    def test_body_alone(self) -> None:
        """
        An array or a structure alone is a push without its header (Aidon).
        """
        body = bytes.fromhex("0101020309060100010700ff06000003e802020f00161b")
        for octets in (body, LLC + body):
            [outer] = self.cut(octets)
            assert isinstance(outer, Outer)
            assert isinstance(outer.message, HeaderlessNotification)
            self.assertEqual(outer.message.encode(), body)

    def test_telegram(self) -> None:
        """
        A P1 telegram is taken as it is.
        """
        [outer] = self.cut(b"/ABC5\r\n\r\n!\r\n")
        assert isinstance(outer, Outer)
        self.assertEqual(outer.message, Telegram(b"/ABC5\r\n\r\n!\r\n"))

    def test_malformed(self) -> None:
        """
        Nothing, an unknown tag and each part of a push are refused as malformed, with their octets.
        """
        whole = push()
        for octets in (b"", b"\xff", *(whole[:end] for end in range(1, len(whole)))):
            [refusal] = self.cut(octets)
            assert isinstance(refusal, Refusal)
            self.assertEqual((refusal.reason, refusal.raw), (Reason.MALFORMED, b"raw"))

    def test_other_apdu(self) -> None:
        """
        An APDU that is no push is handed on; it is judged when it is opened.
        """
        [outer] = self.cut(bytes.fromhex("c002c100000001"))
        assert isinstance(outer, Outer)
        self.assertIsInstance(outer.message, GetRequestNext)


class ReassemblyTests(SynchronousTestCase):
    """
    Blocks of general block transfer.
    """

    def setUp(self) -> None:
        """
        One reassembly.
        """
        self.reassembly = Reassembly()

    def assert_empty(self) -> None:
        """
        Nothing is held any more.
        """
        self.assertEqual((len(self.reassembly), self.reassembly.octets), (0, 0))
        self.assertIsNone(self.reassembly.deadline)

    def test_blocks(self) -> None:
        """
        Blocks become the APDU, whatever their acknowledged number is; the raw octets are those of all frames.
        """
        for ack in (0, 0xFFFF, 3):
            for size in (1, 7, 30, 1000):
                frames = blocks(push(), size, ack=ack)
                [outer] = take(self.reassembly, frames)
                assert isinstance(outer, Outer)
                self.assertEqual((outer.apdu, outer.raw), (push(), b"".join(frames)))
                self.assert_empty()

    def test_ciphered_inside(self) -> None:
        """
        A ciphered APDU in blocks wants its sender's key.
        """
        whole = ciphered(push(), 9)
        [outer] = take(self.reassembly, blocks(whole, 20))
        assert isinstance(outer, Outer)
        self.assertEqual((outer.apdu, outer.title), (whole, TITLE))

    def test_never_last(self) -> None:
        """
        Ciphered blocks whose sender never says which is the last end where the APDU's own length says.
        """
        titled = ciphered(push(1, 60), 9)
        for whole in (titled, b"\xdc" + titled[1:], ciphered(push(1, 60), 9, tag=0xCA)):
            for size in (15, 100, 1000):
                [outer] = take(self.reassembly, blocks(whole, size, last=False, ack=0xFFFF))
                assert isinstance(outer, Outer)
                self.assertEqual(outer.apdu, whole)
                self.assert_empty()

    def test_counted_on(self) -> None:
        """
        Some senders number the blocks of the next message on from those of the one before.
        """
        count = 0
        for number in range(4):
            for whole in (push(number), ciphered(push(number), number)):
                frames = [
                    frame[:2] + (count + place).to_bytes(2, "big") + frame[4:]
                    for place, frame in enumerate(blocks(whole, 20), 1)
                ]
                [outer] = take(self.reassembly, frames)
                assert isinstance(outer, Outer)
                self.assertEqual(outer.apdu, whole)
                self.assert_empty()
                count += len(frames)

    def test_end_alone(self) -> None:
        """
        The last blocks of a message whose first were lost are none, whatever they look like.
        """
        frames = blocks(push(1, 40), 20)
        tail = [frame[:7] + b"\x0f" + frame[8:] for frame in frames[1:]]
        self.assertEqual(take(self.reassembly, tail[::-1]), [])
        [expired] = self.reassembly.time_passed(15.0)
        self.assertEqual(expired.refusal.reason, Reason.INCOMPLETE)

    def test_any_order(self) -> None:
        """
        Datagrams may overtake each other, and come twice.
        """
        random = Random(4059)
        frames = blocks(push(), 4)
        for _ in range(50):
            shuffled = [*frames, *random.sample(frames, 3)]
            random.shuffle(shuffled)
            # What comes twice after the end begins a message that never ends.
            found = take(Reassembly(), shuffled)
            self.assertEqual([one.apdu for one in found if isinstance(one, Outer)][:1], [push()])

    def test_duplicates_are_counted(self) -> None:
        """
        A block that is there already changes nothing and is counted.
        """
        frames = blocks(push(), 10)
        self.assertEqual(reasons(take(self.reassembly, [frames[0], *frames])), [None])
        self.assertEqual(self.reassembly.duplicates, 1)

    def test_first_block_starts_anew(self) -> None:
        """
        A new first block ends what was incomplete.
        """
        lost = blocks(push(1), 10)[:2]
        found = take(self.reassembly, [*lost, *blocks(push(2), 10)])
        self.assertEqual(reasons(found), [Reason.INCOMPLETE, None])
        assert isinstance(found[0], Refusal)
        self.assertEqual(found[0].raw, b"".join(lost))
        self.assert_empty()

    def test_gap(self) -> None:
        """
        A lost block is lost: the rest is refused when its time is over, not before.
        """
        frames = blocks(push(), 10)
        self.assertEqual(take(self.reassembly, frames[:1] + frames[2:], now=100.0), [])
        self.assertEqual(self.reassembly.time_passed(114.9), [])
        self.assertEqual(self.reassembly.deadline, 115.0)
        [expired] = self.reassembly.time_passed(115.0)
        raw = b"".join(frames[:1] + frames[2:])
        self.assertEqual(
            expired, Expired("meter", Refusal(Reason.INCOMPLETE, "blocks are missing", raw))
        )
        self.assert_empty()

    def test_overdue_without_timer(self) -> None:
        """
        A block that comes too late begins anew, even if nobody called in time.
        """
        frames = blocks(push(), 20)
        self.assertEqual(take(self.reassembly, frames[:1]), [])
        found = take(self.reassembly, frames[1:2], now=15.0)
        self.assertEqual(reasons(found), [Reason.INCOMPLETE])

    def test_age(self) -> None:
        """
        A sender that is never silent long enough has an end too.
        """
        frames = blocks(push(1, 200), 4)
        found = []
        for number, frame in enumerate(frames[:13]):
            found += take(self.reassembly, [frame], now=10.0 * number)
        self.assertEqual(reasons(found), [Reason.INCOMPLETE])

    def test_peers_apart(self) -> None:
        """
        Blocks of two peers do not mix.
        """
        one, other = blocks(push(1), 10), blocks(push(2), 10)
        found = []
        for mine, theirs in zip(one, other, strict=True):
            found += take(self.reassembly, [mine], "one") + take(self.reassembly, [theirs], "other")
        self.assertEqual([x.apdu for x in found if isinstance(x, Outer)], [push(1), push(2)])

    def test_given_up(self) -> None:
        """
        Block number 0 ends a message; one that says more than that is malformed.
        """
        abort = bytes.fromhex("e0800000000000")
        found = take(self.reassembly, [*blocks(push(), 10)[:2], abort, abort])
        self.assertEqual(reasons(found), [Reason.INCOMPLETE])
        found = take(self.reassembly, [bytes.fromhex("e080000000000100")])
        self.assertEqual(reasons(found), [Reason.MALFORMED])
        self.assert_empty()

    def test_blocks_within_blocks(self) -> None:
        """
        Nobody sends them; they are refused.
        """
        [inner] = blocks(push(), 100)
        self.assertEqual(reasons(take(self.reassembly, blocks(inner, 10))), [Reason.UNSUPPORTED])

    def test_joined_garbage(self) -> None:
        """
        Blocks that are joined to something malformed are refused with all their octets.
        """
        frames = blocks(b"\xff" * 30, 10)
        [refusal] = take(self.reassembly, frames)
        assert isinstance(refusal, Refusal)
        self.assertEqual((refusal.reason, refusal.raw), (Reason.MALFORMED, b"".join(frames)))

    def test_too_large(self) -> None:
        """
        One message may not hold more than is allowed.
        """
        reassembly = Reassembly(max_octets=500)
        found = take(reassembly, blocks(push(1, 200), 100))
        self.assertIn(Reason.LIMIT, reasons(found))
        self.assertLess(reassembly.octets, 500)

    def test_too_many(self) -> None:
        """
        The peer that is silent longest gives way to a new one, and is said to.
        """
        reassembly = Reassembly(max_peers=3)
        first = blocks(push(), 10)[:1]
        for peer in range(5):
            self.assertEqual(take(reassembly, first, peer, now=float(peer)), [])
        self.assertEqual(len(reassembly), 3)
        self.assertEqual(reassembly.deadline, 0.0)
        displaced = reassembly.time_passed(5.0)
        self.assertEqual(
            [(one.peer, one.refusal.reason) for one in displaced],
            [(0, Reason.LIMIT), (1, Reason.LIMIT)],
        )
        self.assertEqual(reassembly.deadline, 17.0)

    def test_total(self) -> None:
        """
        All messages together may not hold more than is allowed.
        """
        reassembly = Reassembly(max_total=2000)
        first = blocks(push(1, 60), 200)[:1]
        for peer in range(50):
            take(reassembly, first, peer)
        self.assertLessEqual(reassembly.octets, 2000)
        self.assertEqual(len(reassembly.time_passed(0.0)) + len(reassembly), 50)

    def opened(self, frames: list[bytes]) -> list[Notification]:
        """
        @return: ciphered frames, opened.
        """
        found = [
            open_notification(outer, KEYS, WindowTable(), policy=Policy.NONE)
            for outer in take(self.reassembly, frames)
            if isinstance(outer, Outer)
        ]
        self.assertEqual(len(found), len(frames))
        return [one for one in found if isinstance(one, Notification)]

    def inner(self, opened: list[Notification]) -> list[Notification | Outer | Refusal]:
        """
        @return: what becomes of blocks that came ciphered.
        """
        return [one for each in opened for one in self.reassembly.inner(each, "meter", 0.0)]

    def test_ciphered_blocks(self) -> None:
        """
        Blocks that are ciphered each become one notification with the last counter.
        """
        frames = [ciphered(one, n) for n, one in enumerate(blocks(push(), 10), 30)]
        opened = self.opened(frames)
        [whole] = self.inner(opened)
        wanted = opened[-1]._replace(
            apdu=push(), raw=b"".join(frames), message=DataNotification.decode(push())
        )
        self.assertEqual(whole, wanted)
        self.assertTrue(wanted.checked)
        self.assertEqual(self.reassembly.inner(wanted, "meter", 0.0), [wanted])
        self.assert_empty()

    def test_ciphered_blocks_unlike(self) -> None:
        """
        The whole is as well protected as the worst of its blocks.
        """
        controls = [0x30, 0x20, 0x10, 0x30]
        parts = blocks(push(), 10)
        frames = [
            ciphered(one, n, control=control)
            for n, (one, control) in enumerate(zip(parts, controls, strict=True))
        ]
        [whole] = self.inner(self.opened(frames))
        assert isinstance(whole, Notification)
        self.assertEqual((whole.authenticated, whole.encrypted, whole.checked), (False,) * 3)

    def test_ciphered_blocks_of_ciphered(self) -> None:
        """
        What is ciphered inside of ciphered blocks is given back to be opened.
        """
        whole = ciphered(push(), 99)
        [outer] = self.inner(
            self.opened([ciphered(one, n) for n, one in enumerate(blocks(whole, 20))])
        )
        assert isinstance(outer, Outer)
        self.assertEqual((outer.apdu, outer.title), (whole, TITLE))
        frames = [ciphered(one, n) for n, one in enumerate(blocks(whole[:-1], 20))]
        [refusal] = self.inner(self.opened(frames))
        assert isinstance(refusal, Refusal)
        self.assertEqual(refusal.reason, Reason.MALFORMED)

    def test_ciphered_blocks_refused(self) -> None:
        """
        Ciphered blocks of something malformed, or of no notification, and those of which some are missing.
        """
        for octets, reason in (
            (push()[:-1], Reason.MALFORMED),
            (bytes.fromhex("c002c100000001"), Reason.UNSUPPORTED),
        ):
            frames = [ciphered(one, n) for n, one in enumerate(blocks(octets, 4))]
            [refusal] = self.inner(self.opened(frames))
            assert isinstance(refusal, Refusal)
            self.assertEqual((refusal.reason, refusal.title), (reason, TITLE))
        first = self.opened([ciphered(blocks(push(n), 10)[0], n) for n in range(2)])
        [refusal] = self.inner(first)
        assert isinstance(refusal, Refusal)
        self.assertEqual((refusal.reason, refusal.title), (Reason.INCOMPLETE, TITLE))
        [expired] = self.reassembly.time_passed(15.0)
        self.assertEqual(expired.peer, "meter")

    def test_garbage(self) -> None:
        """
        Whatever comes, nothing is raised, what is held is bounded, and the next good push is whole.
        """
        random = Random(20261122)
        reassembly = Reassembly(max_octets=2000, max_total=10_000, max_peers=20)
        good = [
            *blocks(ciphered(push(1, 20), 1), 30),
            *blocks(push(3), 9),
            push(),
            ciphered(push(), 2),
        ]
        for count in range(3000):
            octets = bytearray(random.choice(good))
            for _ in range(random.randrange(4)):
                octets[random.randrange(len(octets))] = random.randrange(256)
            frame = bytes(octets[: random.randrange(len(octets) + 1)])
            for one in take(reassembly, [frame], random.randrange(30), now=count / 10):
                self.assertIsInstance(one, Outer | Refusal)
            self.assertLessEqual(reassembly.octets, 10_000)
            self.assertLessEqual(len(reassembly), 20)
        found = take(reassembly, blocks(push(2), 10), "good", now=1000.0)
        self.assertEqual(reasons(found), [None])
        reassembly.time_passed(2000.0)
        self.assertEqual((len(reassembly), reassembly.octets), (0, 0))
