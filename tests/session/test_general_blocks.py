"""
General block transfer: the vectors, each rule, and networks that lose.
"""

from __future__ import annotations

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.apdu.block_transfer import GeneralBlockTransfer
from dlms_twisted.errors import BlockTransferError, LocalProtocolError, Reason
from dlms_twisted.session.blocks import (
    BlockLimits,
    Delivered,
    Event,
    Failed,
    GeneralBlocks,
    Transmit,
    unconfirmed_blocks,
)
from tests.session.lossy import Network, run
from tests.vectors import load


def block(text: str) -> GeneralBlockTransfer:
    """
    @return: the block of octets in hex, with spaces.
    """
    return GeneralBlockTransfer.decode(bytes.fromhex(text))


class GeneralBlockCase(SynchronousTestCase):
    """
    What the tests have in common: a requester and a responder with windows of five.
    """

    def setUp(self) -> None:
        self.now = 0.0
        self.requester = self.end(requester=True)
        self.responder = self.end(requester=False)

    def end(
        self, *, requester: bool, window: int = 5, limits: BlockLimits | None = None
    ) -> GeneralBlocks:
        """
        @return: an end whose blocks hold two octets.
        """
        return GeneralBlocks(
            requester=requester,
            max_send=9,
            window=window,
            timeout=5.0,
            retries=2,
            limits=limits or BlockLimits(),
        )

    def sent(self, events: list[Event]) -> list[str]:
        """
        @return: the octets of the blocks that are to be sent, in hex; there is nothing else to be done.
        """
        blocks = []
        for event in events:
            assert isinstance(event, Transmit), event
            blocks.append(event.block.encode().hex())
        return blocks

    def receives(self, end: GeneralBlocks, text: str, *wanted: str) -> None:
        """
        C{end} answers a block with others, all octets in hex.
        """
        self.assertEqual(
            self.sent(end.receive(block(text), self.now)),
            [bytes.fromhex(one).hex() for one in wanted],
        )

    def delivers(self, end: GeneralBlocks, text: str, wanted: str) -> None:
        """
        With that block an APDU is whole.
        """
        events = end.receive(block(text), self.now)
        self.assertEqual(events, [Delivered(bytes.fromhex(wanted))])

    def fails(self, events: list[Event], reason: Reason) -> None:
        """
        The exchange ends with an error.
        """
        [event] = events
        assert isinstance(event, Failed)
        self.assertIsInstance(event.error, BlockTransferError)
        self.assertIs(event.error.reason, reason)


class VectorTests(GeneralBlockCase):
    """
    Dialogues of a head-end with its meters.
    """

    def dialogue(self, name: str) -> tuple[list[str], list[str], bytes | None]:
        """
        @return: what we should send, what we sent, and what was delivered.
        """
        [record] = [one for one in load("sessions.jsonl") if one["id"] == name]
        wanted, sent, delivered = [], [], None
        for frame in record["frames"]:
            if frame["dir"] == "tx":
                wanted.append(frame["hex"])
                continue
            for event in self.requester.receive(block(frame["hex"]), self.now):
                if isinstance(event, Delivered):
                    delivered = event.apdu
                else:
                    assert isinstance(event, Transmit)
                    sent.append(event.block.encode().hex())
        self.assertEqual(delivered, bytes.fromhex(record["expected"]["reassembled"]))
        return wanted, sent, delivered

    def test_streaming(self) -> None:
        """
        A plain request, and an answer of nine blocks in windows of five.
        """
        wanted, sent, _ = self.dialogue("cx-gbt-streaming")
        self.assertEqual(sent, wanted)

    def test_recovery(self) -> None:
        """
        Block 4 is lost; it alone is asked for again.

        In the record the sender repeats the number 4, with the octets of block 6, after it was told that all up to 6
        had come; so we say it again.  The acknowledgements of the head-end are missing there.
        """
        wanted, sent, _ = self.dialogue("cx-gbt-recovery")
        self.assertEqual(sent[:2], wanted)
        self.assertEqual(sent[2:], ["e0850003000600"] * 2)


class RequestTests(GeneralBlockCase):
    """
    Tests of long requests.
    """

    def test_window_is_learned(self) -> None:
        """
        The first block goes alone; the next burst is as long as the peer's window.
        """
        events = self.requester.send(bytes.fromhex("0102030405060708"), self.now)
        self.assertEqual(self.sent(events), ["e00500010000020102"])
        self.receives(
            self.requester,
            "e0 02 0001 0001 00",
            "e0 45 0002 0001 02 0304",
            "e0 05 0003 0001 02 0506",
        )
        self.receives(self.requester, "e0 02 0002 0003 00", "e0 85 0004 0002 02 0708")

    def test_answer_after_the_last_block(self) -> None:
        """
        The answer itself acknowledges the request; more of it is acknowledged with the next number.
        """
        self.requester.send(bytes.fromhex("0102"), self.now)
        self.receives(self.requester, "e0 05 0001 0001 02 aabb", "e0 85 0002 0001 00")
        self.receives(self.requester, "e0 45 0002 0002 02 ccdd")
        self.delivers(self.requester, "e0 85 0003 0002 02 eeff", "aabbccddeeff")
        self.assertIsNone(self.requester.deadline)

    def test_answer_before_the_last_block(self) -> None:
        """
        A server that answers before it has all wants no more of the request.
        """
        self.requester.send(bytes(20), self.now)
        self.delivers(self.requester, "e0 85 0001 0001 02 d801", "d801")
        self.assertFalse(self.requester.active)

    def test_answer_of_another_exchange(self) -> None:
        """
        Octets under a number that had others, from a peer that has taken an acknowledgement back.
        """
        self.requester.send(bytes(2), self.now)
        self.receives(self.requester, "e0 05 0001 0001 02 aabb", "e0 85 0002 0001 00")
        self.requester.receive(block("e0 45 0002 0002 02 ccdd"), self.now)
        self.assertEqual(self.requester.receive(block("e0 45 0001 0001 02 aabb"), self.now), [])
        came = self.requester.receive(block("e0 45 0002 0001 02 aabb"), self.now)
        self.fails(came, Reason.MALFORMED)

    def test_answer_to_another_request(self) -> None:
        """
        An answer that acknowledges more than was sent is passed over.
        """
        self.requester.send(bytes(2), self.now)
        self.assertEqual(self.requester.receive(block("e0 85 0001 0002 02 aabb"), self.now), [])
        self.delivers(self.requester, "e0 85 0001 0001 02 ccdd", "ccdd")

    def test_repeat_forgets_what_came_out_of_order(self) -> None:
        """
        A responder that gave up answers the repeated request with new numbers: blocks from before do not mix with it.
        """
        self.requester.send(bytes(2), self.now)
        self.requester.receive(block("e0 45 0002 0001 02 aabb"), self.now)
        self.assertEqual(len(self.requester.time_passed(5.0)), 1)
        self.requester.receive(block("e0 45 0001 0001 00"), 6.0)
        self.requester.receive(block("e0 45 0002 0001 02 1122"), 6.0)
        self.delivers(self.requester, "e0 85 0003 0001 02 aabb", "1122aabb")

    def test_empty_answer(self) -> None:
        """
        A last block without octets where an answer is due is an error.
        """
        self.requester.send(bytes(2), self.now)
        self.fails(self.requester.receive(block("e0 85 0001 0001 00"), self.now), Reason.MALFORMED)

    def test_waiting_for_the_answer(self) -> None:
        """
        A responder that has all but no answer yet says so, and is not asked before the timeout.
        """
        self.requester.send(bytes(2), self.now)
        self.receives(self.requester, "e0 05 0001 0001 00")
        self.now = 5.0
        [again] = self.sent(self.requester.time_passed(self.now))
        self.assertEqual(again, "e0850001000102" + "0000")

    def test_nothing_to_send(self) -> None:
        """
        An empty APDU, PDUs without room, and more blocks than there are numbers.
        """
        self.assertRaises(LocalProtocolError, self.requester.send, b"", 0.0)
        self.assertRaises(LocalProtocolError, self.requester.send, bytes(65_536 * 2), 0.0)
        self.requester.max_send = 7
        self.assertRaises(LocalProtocolError, self.requester.send, b"\x00", 0.0)

    def test_windows(self) -> None:
        """
        A window has six bits and is not 0.
        """
        for window in (0, 64, -1):
            self.assertRaises(LocalProtocolError, self.end, requester=True, window=window)


class AnswerTests(GeneralBlockCase):
    """
    Tests of the responder.
    """

    def test_plain_request(self) -> None:
        """
        The answer to a plain request: the first block alone, the rest as the requester's window allows.
        """
        events = self.responder.send(bytes.fromhex("0102030405"), self.now)
        self.assertEqual(self.sent(events), ["e00500010000020102"])
        self.receives(
            self.responder,
            "e0 85 0001 0001 00",
            "e0 45 0002 0001 02 0304",
            "e0 85 0003 0001 01 05",
        )

    def test_request_in_blocks(self) -> None:
        """
        The window of a request in blocks is known, and its last block is acknowledged by the answer.
        """
        self.receives(self.responder, "e0 03 0001 0000 02 0102", "e0 05 0001 0001 00")
        self.receives(self.responder, "e0 43 0002 0001 02 0304")
        self.delivers(self.responder, "e0 83 0003 0001 01 05", "0102030405")
        events = self.responder.send(bytes.fromhex("aabbccdd"), self.now)
        self.assertEqual(self.sent(events), ["e0450002000302aabb", "e0850003000302ccdd"])

    def test_lost_block(self) -> None:
        """
        What was lost is sent again, and no more than the window asks for.
        """
        self.responder.send(bytes(12), self.now)
        self.receives(
            self.responder,
            "e0 85 0001 0001 00",
            "e0 45 0002 0001 02 0000",
            "e0 45 0003 0001 02 0000",
            "e0 45 0004 0001 02 0000",
            "e0 45 0005 0001 02 0000",
            "e0 85 0006 0001 02 0000",
        )
        self.receives(self.responder, "e0 81 0002 0003 00", "e0 05 0004 0002 02 0000")
        self.assertTrue(self.responder.active)
        self.receives(self.responder, "e0 85 0003 0006 00")
        self.assertFalse(self.responder.active)

    def test_kept_for_a_while(self) -> None:
        """
        An answer that was sent to its end is kept as long as the requester may ask again, then forgotten.
        """
        self.responder.send(bytes(2), self.now)
        self.assertEqual(self.responder.deadline, 15.0)
        self.assertEqual(self.responder.time_passed(14.9), [])
        self.assertTrue(self.responder.active)
        self.assertEqual(self.responder.time_passed(15.0), [])
        self.assertFalse(self.responder.active)
        self.assertIsNone(self.responder.deadline)

    def test_repeated_request(self) -> None:
        """
        The request comes again: before the answer it is acknowledged, after it the answer is sent again.
        """
        self.delivers(self.responder, "e0 85 0001 0000 02 0102", "0102")
        self.now = 5.0
        self.receives(self.responder, "e0 85 0001 0000 02 0102", "e0 05 0001 0001 00")
        events = self.responder.send(b"\xaa\xbb", self.now)
        self.assertEqual(self.sent(events), ["e0850002000102aabb"])
        self.now = 10.0
        repeated = self.sent(self.responder.receive(block("e0 85 0001 0000 02 0102"), self.now))
        self.assertIn("e0850002000102aabb", repeated)

    def test_next_request(self) -> None:
        """
        A request that begins otherwise, or comes when the answer is forgotten, begins a new exchange.
        """
        self.delivers(self.responder, "e0 85 0001 0000 02 0102", "0102")
        self.responder.send(b"\xaa\xbb", self.now)
        self.delivers(self.responder, "e0 85 0001 0000 02 0304", "0304")
        self.responder.send(b"\xaa\xbb\xcc\xdd", self.now)
        self.receives(self.responder, "e0 85 0002 0001 00", "e0 85 0002 0002 02 ccdd")
        self.now = 60.0
        self.assertEqual(self.responder.time_passed(self.now), [])
        self.delivers(self.responder, "e0 85 0001 0000 02 0304", "0304")

    def answering(self) -> None:
        """
        The responder has sent four blocks of eight; the requester has two of them.
        """
        self.delivers(self.responder, "e0 82 0001 0000 02 0102", "0102")
        self.responder.send(bytes(range(16)), self.now)
        self.receives(
            self.responder,
            "e0 82 0002 0002 00",
            "e0 45 0003 0002 02 0405",
            "e0 05 0004 0002 02 0607",
        )

    def test_repeated_request_amid_the_answer(self) -> None:
        """
        The request comes again, late, when part of the answer was acknowledged: the application is not asked again, and
        each number stands for the octets that it had.
        """
        self.answering()
        self.receives(
            self.responder,
            "e0 82 0001 0000 02 0102",
            "e0 45 0001 0002 02 0001",
            "e0 05 0002 0002 02 0203",
        )
        self.receives(self.responder, "e0 82 0001 0000 02 0102")
        self.receives(
            self.responder,
            "e0 82 0003 0004 00",
            "e0 45 0005 0003 02 0809",
            "e0 05 0006 0003 02 0a0b",
        )

    def test_same_request_much_later(self) -> None:
        """
        The same request amid the answer, but longer after the first than anybody repeats it, is a new one.
        """
        self.answering()
        for self.now in (4.0, 8.0, 12.0):
            self.receives(
                self.responder,
                "e0 82 0002 0002 00",
                "e0 45 0003 0002 02 0405",
                "e0 05 0004 0002 02 0607",
            )
        self.now = 15.0
        self.delivers(self.responder, "e0 82 0001 0000 02 0102", "0102")

    def test_block_of_another_request(self) -> None:
        """
        A block that comes again with other octets shows that the requester means another request.
        """
        self.responder.receive(block("e0 45 0001 0000 02 0102"), self.now)
        self.delivers(self.responder, "e0 85 0002 0000 02 0304", "01020304")
        self.responder.send(b"\xaa\xbb", self.now)
        came = self.responder.receive(block("e0 85 0002 0000 02 0506"), self.now)
        self.fails(came, Reason.MALFORMED)
        self.assertFalse(self.responder.active)

    def test_plain_after_blocks(self) -> None:
        """
        A plain request after one in blocks begins a new exchange.
        """
        self.delivers(self.responder, "e0 85 0001 0000 02 0102", "0102")
        self.responder.begin()
        self.assertEqual(
            self.sent(self.responder.send(b"\xaa\xbb", self.now)), ["e0850001000002aabb"]
        )


class BrokenPeerTests(GeneralBlockCase):
    """
    Tests of blocks against the rules.
    """

    def test_blocks_without_exchange(self) -> None:
        """
        A block that begins nothing is passed over.
        """
        for end in (self.requester, self.responder):
            for text in ("e0 05 0000 0000 00", "e0 05 0002 0000 01 aa", "e0 85 ffff ffff 01 aa"):
                self.assertEqual(end.receive(block(text), self.now), [])
                self.assertFalse(end.active)

    def test_aborted(self) -> None:
        """
        The peer gives up.
        """
        self.requester.send(bytes(4), self.now)
        self.fails(self.requester.receive(block("e0 80 0000 0000 00"), self.now), Reason.INCOMPLETE)
        self.assertFalse(self.requester.active)
        self.assertIsNone(self.requester.deadline)

    def test_abort(self) -> None:
        """
        We give up, and say so once.
        """
        self.assertEqual(self.requester.abort(), [])
        self.requester.send(bytes(4), self.now)
        self.assertEqual(self.sent(self.requester.abort()), ["e0850000000000"])
        self.assertEqual(self.requester.abort(), [])
        self.assertIsNone(self.requester.deadline)
        self.assertEqual(self.requester.receive(block("e0 05 0001 0001 01 aa"), self.now), [])

    def test_two_blocks_of_a_number(self) -> None:
        """
        Blocks of one number that differ end the exchange.
        """
        self.receives(self.requester, "e0 05 0001 0000 01 aa", "e0 85 0001 0001 00")
        self.receives(self.requester, "e0 45 0003 0001 01 cc")
        self.assertEqual(self.requester.receive(block("e0 45 0003 0001 01 cc"), self.now), [])
        self.fails(
            self.requester.receive(block("e0 45 0003 0001 01 cd"), self.now), Reason.MALFORMED
        )

    def test_octets_after_the_end(self) -> None:
        """
        A peer that goes on after its last block.
        """
        self.delivers(self.responder, "e0 85 0001 0000 01 aa", "aa")
        self.fails(
            self.responder.receive(block("e0 85 0002 0000 01 bb"), self.now), Reason.MALFORMED
        )

    def test_acknowledged_what_was_not_sent(self) -> None:
        """
        A block-number-ack beyond what we sent is nothing to go by.
        """
        self.responder.send(bytes(4), self.now)
        self.now = 1.0
        self.receives(self.responder, "e0 81 0001 ffff 00", "e0 05 0001 0001 02 0000")

    def test_acknowledgements_all_of_one_number(self) -> None:
        """
        A peer whose acknowledgements all have the number 0, or 1, is understood by what they acknowledge.
        """
        for number in ("0000", "0001"):
            responder = self.end(requester=False)
            responder.send(bytes(8), self.now)
            for last in range(1, 4):
                [more] = self.sent(responder.receive(block(f"e0 81 {number} {last:04x} 00"), 0.0))
                self.assertEqual(int(more[4:8], 16), last + 1)
            responder.receive(block(f"e0 81 {number} 0004 00"), self.now)
            self.assertFalse(responder.active)

    def test_limits(self) -> None:
        """
        More octets, or more blocks, than we take.
        """
        end = self.end(requester=False, limits=BlockLimits(octets=3))
        end.receive(block("e0 41 0001 0000 02 aabb"), self.now)
        self.fails(end.receive(block("e0 41 0002 0000 02 aabb"), self.now), Reason.LIMIT)
        end = self.end(requester=False, limits=BlockLimits(octets=3))
        end.receive(block("e0 41 0001 0000 01 aa"), self.now)
        end.receive(block("e0 41 0003 0000 02 aabb"), self.now)
        self.fails(end.receive(block("e0 41 0004 0000 01 aa"), self.now), Reason.LIMIT)
        end = self.end(requester=False, limits=BlockLimits(blocks=2))
        end.receive(block("e0 41 0001 0000 02 aabb"), self.now)
        end.receive(block("e0 41 0002 0000 02 aabb"), self.now)
        self.fails(end.receive(block("e0 41 0003 0000 02 aabb"), self.now), Reason.LIMIT)

    def test_numbers_end(self) -> None:
        """
        When our own numbers are used up, the exchange ends.
        """
        end = self.end(requester=True, window=1, limits=BlockLimits(blocks=1 << 17))
        end.send(bytes(2 * 0xFFFF), self.now)
        for number in range(1, 0xFFFF):
            end.receive(GeneralBlockTransfer(1, 1, number, b""), self.now)
        self.fails(end.receive(block("e0 01 0001 ffff 01 aa"), self.now), Reason.LIMIT)

    def test_far_ahead(self) -> None:
        """
        A block further ahead than any window is not kept.
        """
        self.responder.receive(block("e0 45 0001 0000 01 aa"), self.now)
        self.assertEqual(self.responder.receive(block("e0 45 0041 0000 01 aa"), self.now), [])
        self.responder.receive(block("e0 45 0040 0000 01 aa"), self.now)

    @settings(max_examples=100, deadline=None, derandomize=True)
    @given(st.integers(0, 1 << 32), st.booleans())
    def test_any_blocks(self, seed: int, requester: bool) -> None:
        """
        Whatever blocks come, there are only events, and in the end silence.
        """
        chance = Random(seed)
        end = self.end(requester=requester)
        if chance.random() < 0.7:
            end.send(chance.randbytes(40), 0.0)
        now = 0.0
        for _ in range(60):
            now += chance.choice((0.0, 0.1, 1.0))
            data = chance.randbytes(chance.choice((0, 1, 2)))
            number, ack = (chance.choice((0, 1, 2, 3, 4, 9, 0xFFFF)) for _ in range(2))
            came = GeneralBlockTransfer(chance.randrange(256), number, ack, data)
            for event in end.receive(came, now):
                self.assertIsInstance(event, Transmit | Delivered | Failed)
        for _ in range(20):
            if end.deadline is None:
                break
            end.time_passed(end.deadline)
        self.assertIsNone(end.deadline)


class TimeTests(GeneralBlockCase):
    """
    Tests of waiting.
    """

    def test_silence(self) -> None:
        """
        What was sent is repeated as often as allowed, then the exchange fails.
        """
        first = self.sent(self.requester.send(bytes(4), 0.0))
        self.assertEqual(self.requester.time_passed(4.9), [])
        self.assertEqual(self.sent(self.requester.time_passed(5.0)), first)
        self.assertEqual(self.sent(self.requester.time_passed(10.0)), first)
        self.fails(self.requester.time_passed(15.0), Reason.INCOMPLETE)
        self.assertIsNone(self.requester.deadline)
        self.assertEqual(self.requester.time_passed(99.0), [])

    def test_progress_renews_patience(self) -> None:
        """
        Repeats are counted anew when something new has come.
        """
        self.requester.send(bytes(4), 0.0)
        self.requester.time_passed(5.0)
        self.requester.time_passed(10.0)
        self.requester.receive(block("e0 01 0001 0001 00"), 12.0)
        self.assertEqual(len(self.requester.time_passed(17.0)), 1)
        self.assertEqual(len(self.requester.time_passed(22.0)), 1)
        self.fails(self.requester.time_passed(27.0), Reason.INCOMPLETE)

    def test_repeats_of_the_network(self) -> None:
        """
        A block that comes twice at once is answered once; one that comes again later is answered again.
        """
        self.receives(self.requester, "e0 05 0001 0000 01 aa", "e0 85 0001 0001 00")
        self.now = 0.1
        self.receives(self.requester, "e0 05 0001 0000 01 aa")
        self.now = 3.0
        self.receives(self.requester, "e0 05 0001 0000 01 aa", "e0 85 0001 0001 00")

    def test_lost_end_of_a_burst(self) -> None:
        """
        When the end of a burst is lost, what came is acknowledged after a while.
        """
        self.receives(self.requester, "e0 05 0001 0000 01 aa", "e0 85 0001 0001 00")
        self.receives(self.requester, "e0 45 0002 0001 01 bb")
        self.assertEqual(self.sent(self.requester.time_passed(5.0)), ["e0850002000200"])

    def test_lost_acknowledgement(self) -> None:
        """
        An acknowledgement that the peer may have missed is said again with its own number.
        """
        self.receives(self.requester, "e0 05 0001 0000 01 aa", "e0 85 0001 0001 00")
        self.receives(self.requester, "e0 45 0002 0000 01 bb")
        self.assertEqual(self.sent(self.requester.time_passed(5.0)), ["e0850001000200"])

    def test_application_takes_its_time(self) -> None:
        """
        Nothing is awaited while the application makes the answer.
        """
        self.delivers(self.responder, "e0 85 0001 0000 01 aa", "aa")
        self.assertIsNone(self.responder.deadline)


class LossyTests(SynchronousTestCase):
    """
    Tests of two ends with a network between them.
    """

    def test_good_network(self) -> None:
        """
        Without loss each exchange succeeds, with doubled and late blocks, too.
        """
        for network in (Network(), Network(double=0.3), Network(late=0.3), Network(0, 0.3, 0.3)):
            for seed in range(30):
                outcome = run(seed, network)
                self.assertEqual(outcome.wrong, 0)
                self.assertEqual([type(one) for one in outcome.answers], [bytes], seed)

    def test_doubling_does_not_breed(self) -> None:
        """
        Doubled blocks hardly add to what is sent.
        """
        for seed in range(30):
            alone, doubled = run(seed, Network()), run(seed, Network(double=0.5))
            self.assertLess(doubled.blocks, alone.blocks * 1.5 + 10)

    def test_late_request(self) -> None:
        """
        Runs in which the request comes again, late, amid the answer; once they joined two answers to one.
        """
        for seed in (2393, 2799, 3984):
            outcome = run(seed, Network(0.3, 0.3, 0.3))
            self.assertEqual((outcome.wrong, len(outcome.answers)), (0, 1), seed)
            self.assertIsInstance(outcome.answers[0], bytes, seed)

    def test_loss(self) -> None:
        """
        With loss the answer is right, or there is a typed error, or a plain request's only block was lost.
        """
        good = bad = 0
        for seed in range(100):
            outcome = run(seed, Network(0.2, 0.2, 0.3))
            self.assertEqual(outcome.wrong, 0)
            self.assertLessEqual(len(outcome.answers), 1)
            if [type(one) for one in outcome.answers] == [bytes]:
                good += 1
            else:
                bad += 1
        self.assertGreater(good, 85)
        self.assertEqual(good + bad, 100)


class UnconfirmedTests(SynchronousTestCase):
    """
    Tests of L{unconfirmed_blocks}.
    """

    def test_push(self) -> None:
        """
        A push in three blocks, as meters send it.
        """
        blocks = unconfirmed_blocks(bytes(range(5)), 9)
        self.assertEqual(
            [one.encode().hex() for one in blocks],
            ["e0400001000002" + "0001", "e0400002000002" + "0203", "e0800003000001" + "04"],
        )

    def test_one_block(self) -> None:
        """
        What fits is one block.
        """
        [only] = unconfirmed_blocks(b"\x0f", 100)
        self.assertEqual(only.encode().hex(), "e08000010000010f")

    def test_each_size(self) -> None:
        """
        Each block but the last is full, and together they are the APDU.
        """
        apdu = bytes(range(256)) * 4
        for max_send in (*range(8, 20), *range(130, 150), *range(260, 275)):
            blocks = unconfirmed_blocks(apdu, max_send)
            self.assertEqual(b"".join(one.block_data for one in blocks), apdu)
            self.assertLessEqual(max(len(one.encode()) for one in blocks), max_send)
            self.assertEqual(len({len(one.block_data) for one in blocks[:-1]}), 1)
            self.assertEqual([one.last_block for one in blocks].count(True), 1)

    def test_refused(self) -> None:
        """
        Nothing to send, and no room.
        """
        self.assertRaises(LocalProtocolError, unconfirmed_blocks, b"", 100)
        self.assertRaises(LocalProtocolError, unconfirmed_blocks, b"\x00", 7)
