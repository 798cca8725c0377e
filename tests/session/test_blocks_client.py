"""
The client's side of block transfer: each rule, and servers that break them.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.apdu import registry
from dlms_twisted.apdu.base import Apdu
from dlms_twisted.apdu.get import GetRequestNext, GetResponseNormal
from dlms_twisted.apdu.service_error import ExceptionResponse
from dlms_twisted.errors import BlockTransferError, DecodeError, LocalProtocolError, Reason
from dlms_twisted.session.blocks import (
    BlockLimits,
    ClientBlocks,
    Received,
    Send,
    client_blocks,
)
from tests.session.test_blocks_services import (
    action,
    action_list,
    get,
    get_list,
    read,
    set_,
    set_list,
    write,
)


def apdu(text: str) -> Apdu:
    """
    @return: the APDU of octets in hex, with spaces.
    """
    return registry.decode(bytes.fromhex(text))


class ClientCase(SynchronousTestCase):
    """
    What the tests of the client have in common.
    """

    def begin(
        self, request: Apdu, max_send: int = 0, limits: BlockLimits | None = None
    ) -> ClientBlocks:
        """
        @return: an exchange that has sent its first APDU.
        """
        exchange = client_blocks(request, max_send=max_send, limits=limits or BlockLimits())
        exchange.start()
        return exchange

    def sends(self, exchange: ClientBlocks, came: str, wanted: str | None = None) -> Apdu:
        """
        The exchange answers C{came} with C{wanted}, octets in hex.
        """
        step = exchange.receive(apdu(came))
        assert isinstance(step, Send)
        if wanted is not None:
            self.assertEqual(step.apdu.encode().hex(), bytes.fromhex(wanted).hex())
        return step.apdu

    def ends(self, exchange: ClientBlocks, came: str, wanted: str) -> None:
        """
        The exchange ends with the answer C{wanted}, and what comes then is not for it.
        """
        step = exchange.receive(apdu(came))
        assert isinstance(step, Received)
        self.assertEqual(step.apdu, apdu(wanted))
        self.assertIsNone(exchange.receive(apdu(came)))

    def breaks(self, exchange: ClientBlocks, came: str, reason: Reason = Reason.MALFORMED) -> None:
        """
        C{came} is against the rules.
        """
        error = self.assertRaises(BlockTransferError, exchange.receive, apdu(came))
        self.assertIs(error.reason, reason)


class GetTests(ClientCase):
    """
    Tests of GET.
    """

    def test_blocks(self) -> None:
        """
        Each block is asked for by the number of the one before, and all together are the Data.
        """
        exchange = self.begin(get(2)[0])
        self.sends(exchange, "c402c5 00 00000001 00 02 0904", "c002c5 00000001")
        self.sends(exchange, "c402c5 00 00000002 00 03 aabbcc", "c002c5 00000002")
        self.ends(exchange, "c402c5 01 00000003 00 01 dd", "c401c5 00 0904aabbccdd")

    def test_other_priority_same_invocation(self) -> None:
        """
        An answer is matched by its invoke-id; the other bits are the server's affair.
        """
        exchange = self.begin(get(2)[0])
        self.assertIsNone(exchange.receive(apdu("c401c4 00 1101")))
        self.ends(exchange, "c40105 00 1101", "c40105 00 1101")

    def test_a_block_twice(self) -> None:
        """
        A block that comes again is passed over.
        """
        exchange = self.begin(get(2)[0])
        self.sends(exchange, "c402c5 00 00000001 00 01 11")
        self.assertIsNone(exchange.receive(apdu("c402c5 00 00000001 00 01 11")))
        self.ends(exchange, "c402c5 01 00000002 00 01 07", "c401c5 00 1107")

    def test_wrong_number(self) -> None:
        """
        Blocks come one after the other, from 1.
        """
        for text in ("00000000", "00000002", "ffffffff"):
            self.breaks(self.begin(get(2)[0]), f"c402c5 00 {text} 00 01 11")
        exchange = self.begin(get(2)[0])
        self.sends(exchange, "c402c5 00 00000001 00 01 11")
        self.breaks(exchange, "c402c5 00 00000003 00 01 11")

    def test_server_ends_it(self) -> None:
        """
        A code in place of octets ends the transfer; it is the answer.
        """
        exchange = self.begin(get(2)[0])
        self.sends(exchange, "c402c5 00 00000001 00 01 11")
        self.ends(exchange, "c402c5 01 00000002 01 13", "c401c5 01 13")

    def test_server_ends_a_list(self) -> None:
        """
        Each item of a list has the code.
        """
        for came in ("c40242 01 00000001 01 0f", "c40142 01 0f"):
            self.ends(self.begin(get_list(2)[0]), came, "c40342 02 010f 010f")

    def test_wrong_kind(self) -> None:
        """
        The answer to one is not the answer to several, and a list has as many answers as questions.
        """
        self.breaks(self.begin(get(2)[0]), "c403c5 01 00 1101")
        self.breaks(self.begin(get_list(2)[0]), "c40142 00 1101")
        self.breaks(self.begin(get_list(2)[0]), "c40342 01 00 1101")
        self.breaks(self.begin(get_list(2)[0]), "c40242 01 00000001 00 04 01 00 1101")

    def test_whole_answer_amid_blocks(self) -> None:
        """
        A value in one piece has no place in a transfer.
        """
        exchange = self.begin(get(2)[0])
        self.sends(exchange, "c402c5 00 00000001 00 01 11")
        self.breaks(exchange, "c401c5 00 1101")

    def test_not_for_us(self) -> None:
        """
        Other services' APDUs are passed over.
        """
        exchange = self.begin(get(2)[0])
        for came in ("c501c5 00", "c701c5 00 00", "0c 01 00 1101", "0f 00000001 00 00"):
            self.assertIsNone(exchange.receive(apdu(came)))

    def test_exception_response(self) -> None:
        """
        An exception-response is the answer to whatever was asked.
        """
        for make in (get, set_, action, read, write):
            step = self.begin(make(2)[0]).receive(apdu("d80102"))
            assert isinstance(step, Received)
            self.assertIsInstance(step.apdu, ExceptionResponse)

    def test_limits(self) -> None:
        """
        An answer may not be longer, nor come in more blocks, than we allow.
        """
        exchange = self.begin(get(2)[0], limits=BlockLimits(octets=3))
        self.sends(exchange, "c402c5 00 00000001 00 02 0904")
        self.breaks(exchange, "c402c5 00 00000002 00 02 aabb", Reason.LIMIT)
        exchange = self.begin(get(2)[0], limits=BlockLimits(blocks=1))
        self.sends(exchange, "c402c5 00 00000001 00 00")
        self.breaks(exchange, "c402c5 00 00000002 00 00", Reason.LIMIT)

    def test_malformed_whole(self) -> None:
        """
        Blocks that are no Data together are refused when the last has come.
        """
        exchange = self.begin(get(2)[0])
        self.sends(exchange, "c402c5 00 00000001 00 02 0904")
        self.assertRaises(DecodeError, exchange.receive, apdu("c402c5 01 00000002 00 01 aa"))

    def test_too_long_a_list(self) -> None:
        """
        A request that cannot go in blocks is our own mistake.
        """
        self.assertRaises(LocalProtocolError, client_blocks(get_list(2)[0], max_send=20).start)

    def test_only_requests(self) -> None:
        """
        An exchange begins with a confirmed request.
        """
        for wrong in (
            GetRequestNext(invoke_id_and_priority=1, block_number=1),
            GetResponseNormal.decode(bytes.fromhex("c401c10104")),
        ):
            self.assertRaises(LocalProtocolError, client_blocks, wrong)


class SetTests(ClientCase):
    """
    Tests of SET.
    """

    def test_blocks(self) -> None:
        """
        Each block waits for the acknowledgement of the one before.
        """
        exchange = client_blocks(set_(20)[0], max_send=30)
        self.assertEqual(
            exchange.start().encode().hex(),
            "c102c1 0001 0000600100ff 02 01 02 1101 00 00000001 08 0914000000010002".replace(
                " ", ""
            ),
        )
        self.sends(
            exchange,
            "c502c1 00000001",
            "c103c1 01 00000002 0e 0003000400050006000700080009",
        )
        self.ends(exchange, "c503c1 03 00000002", "c501c1 03")

    def test_acknowledged_twice(self) -> None:
        """
        An acknowledgement that comes again is passed over.
        """
        exchange = self.begin(set_(200)[0], max_send=50)
        self.sends(exchange, "c502c1 00000001")
        self.assertIsNone(exchange.receive(apdu("c502c1 00000001")))
        self.sends(exchange, "c502c1 00000002")

    def test_wrong_number(self) -> None:
        """
        Only the block that was sent can be acknowledged.
        """
        for text in ("00000000", "00000002", "00000003"):
            self.breaks(self.begin(set_(200)[0], max_send=50), f"c502c1 {text}")

    def test_acknowledged_without_a_transfer(self) -> None:
        """
        Nothing was sent in blocks.
        """
        self.breaks(self.begin(set_(2)[0]), "c502c1 00000001")

    def test_last_acknowledged_without_result(self) -> None:
        """
        The last block has a result, not an acknowledgement.
        """
        exchange = self.begin(set_(20)[0], max_send=30)
        self.sends(exchange, "c502c1 00000001")
        self.breaks(exchange, "c502c1 00000002")

    def test_result_too_early(self) -> None:
        """
        A failure may come at any time, a success only at the end.
        """
        self.ends(self.begin(set_(200)[0], max_send=50), "c503c1 13 00000001", "c501c1 13")
        self.breaks(self.begin(set_(200)[0], max_send=50), "c503c1 00 00000001")
        self.breaks(self.begin(set_(200)[0], max_send=50), "c501c1 00")

    def test_list(self) -> None:
        """
        A list has a result for each, or fails as one.
        """
        exchange = self.begin(set_list(100)[0], max_send=80)
        self.sends(exchange, "c502c1 00000001")
        self.ends(exchange, "c504c1 02 00 03 00000002", "c505c1 02 00 03")
        exchange = self.begin(set_list(100)[0], max_send=80)
        self.ends(exchange, "c503c1 11 00000001", "c505c1 02 11 11")
        self.breaks(self.begin(set_list(2)[0]), "c505c1 01 00")
        self.breaks(self.begin(set_list(2)[0]), "c501c1 00")
        self.breaks(self.begin(set_(2)[0]), "c505c1 01 00")

    def test_no_room(self) -> None:
        """
        A PDU size in which the first block has no room for a single octet is refused.
        """
        self.assertRaises(LocalProtocolError, client_blocks(set_(200)[0], max_send=22).start)

    def test_not_negotiated(self) -> None:
        """
        Without block transfer a long request cannot go.
        """
        exchange = client_blocks(set_(200)[0], max_send=50, block_transfer=False)
        self.assertRaises(LocalProtocolError, exchange.start)


class ActionTests(ClientCase):
    """
    Tests of ACTION.
    """

    def test_answer_forms(self) -> None:
        """
        A long answer holds the Data alone, or all of result and Data.
        """
        for raw, wanted in (
            ("02 1105", "c70101 00 01 00 1105"),
            ("05 00 01 00 1105", "c70101 00 01 00 1105"),
            ("02 0b00", "c70101 0b 00"),
            ("04 00 01 01 fa", "c70101 00 01 01 fa"),
        ):
            self.ends(self.begin(action(2)[0]), f"c70201 01 00000001 {raw}", wanted)

    def test_answer_of_no_form(self) -> None:
        """
        Octets that are neither.
        """
        self.assertRaises(
            DecodeError, self.begin(action(2)[0]).receive, apdu("c70201 01 00000001 02 1b1b")
        )

    def test_next(self) -> None:
        """
        Blocks of the answer are asked for by number.
        """
        exchange = self.begin(action(2)[0])
        self.sends(exchange, "c70201 00 00000001 01 11", "c30201 00000001")
        self.ends(exchange, "c70201 01 00000002 01 05", "c70101 00 01 00 1105")

    def test_answer_amid_request(self) -> None:
        """
        Blocks of an answer before the last of the request, and a success before it.
        """
        self.breaks(self.begin(action(200)[0], max_send=50), "c70201 00 00000001 01 11")
        self.breaks(self.begin(action(200)[0], max_send=50), "c70101 00 00")
        self.ends(self.begin(action(200)[0], max_send=50), "c70101 0f 00", "c70101 0f 00")

    def test_list(self) -> None:
        """
        A list has an answer for each, or fails as one.
        """
        self.ends(self.begin(action_list(2)[0]), "c70102 0e 00", "c70302 02 0e00 0e00")
        self.breaks(self.begin(action_list(2)[0]), "c70102 00 00")
        self.breaks(self.begin(action_list(2)[0]), "c70302 01 00 00")
        self.breaks(self.begin(action(2)[0]), "c70301 01 00 00")
        self.breaks(self.begin(action_list(2)[0]), "c70202 01 00000001 03 01 00 00")


class ShortNameTests(ClientCase):
    """
    Tests of Read and Write.
    """

    def test_read(self) -> None:
        """
        Blocks of the answer are asked for by number.
        """
        exchange = self.begin(read(2)[0])
        self.sends(exchange, "0c 01 02 00 0001 03 02 01 03", "05 01 05 0001")
        self.ends(exchange, "0c 01 02 01 0002 03 00 1105", "0c 02 01 03 00 1105")

    def test_read_fails(self) -> None:
        """
        A single error is the answer for each variable.
        """
        exchange = self.begin(read(2)[0])
        self.sends(exchange, "0c 01 02 00 0001 01 02")
        self.ends(exchange, "0c 01 01 13", "0c 02 01 13 01 13")

    def test_long_read_request(self) -> None:
        """
        A long request waits for each acknowledgement.
        """
        exchange = self.begin(read(100)[0], max_send=60)
        self.breaks(exchange, "0c 01 03 0002")
        exchange = self.begin(read(100)[0], max_send=60)
        self.sends(exchange, "0c 01 03 0001")
        self.breaks(exchange, "0c 02 01 03 00 1105")

    def test_write(self) -> None:
        """
        Blocks of the request go as octet-strings; a failure is that of each variable.
        """
        exchange = self.begin(write(100)[0], max_send=60)
        block = self.sends(exchange, "0d 01 02 0001")
        self.assertEqual(block.encode()[:8].hex(), "0601070000020109")
        self.ends(exchange, "0d 01 01 13", "0d 02 01 13 01 13")

    def test_count(self) -> None:
        """
        There are as many answers as variables.
        """
        self.breaks(self.begin(read(2)[0]), "0c 03 00 00 00 00 00 00")
        self.breaks(self.begin(write(2)[0]), "0d 01 00")
        self.assertIsNone(self.begin(read(2)[0]).receive(apdu("0d 02 00 00")))
        self.assertIsNone(self.begin(write(2)[0]).receive(apdu("0c 01 00 00")))

    def test_block_numbers_end(self) -> None:
        """
        A short name's block number has 16 bits; a request that would need more is our own mistake.
        """
        for make, max_send in ((read, 8), (write, 10)):
            exchange = client_blocks(make(70_000)[0], max_send=max_send)
            self.assertRaises(LocalProtocolError, exchange.start)
            client_blocks(make(60_000)[0], max_send=max_send).start()
