"""
The server's side of block transfer: each rule, and clients that break them.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.apdu import registry
from dlms_twisted.apdu.base import Apdu
from dlms_twisted.apdu.results import DataAccessResult
from dlms_twisted.session.blocks import BlockLimits, Received, Send, ServerBlocks
from tests.session.test_blocks_services import (
    action,
    action_list,
    get,
    get_list,
    read,
    set_,
    value,
)

_ATTRIBUTE = "0001 0000600100ff 02"
_METHOD = "0012 00002c0000ff 02"


class ServerCase(SynchronousTestCase):
    """
    What the tests of the server have in common.
    """

    def setUp(self) -> None:
        self.server = ServerBlocks(max_send=64)

    def sends(self, came: str, wanted: str) -> None:
        """
        The server answers C{came} with C{wanted} by itself; octets in hex.
        """
        step = self.server.receive(registry.decode(bytes.fromhex(came)))
        assert isinstance(step, Send)
        self.assertEqual(step.apdu.encode().hex(), bytes.fromhex(wanted).hex())

    def gives(self, came: str, wanted: str) -> None:
        """
        The server gives the whole request C{wanted} to the application.
        """
        step = self.server.receive(registry.decode(bytes.fromhex(came)))
        assert isinstance(step, Received)
        self.assertEqual(step.apdu.encode().hex(), bytes.fromhex(wanted).hex())

    def answer(self, make: tuple[Apdu, Apdu]) -> bytes:
        """
        The application answers a request in one piece.

        @return: what the server sends.
        """
        request, response = make
        step = self.server.receive(request)
        self.assertEqual(step, Received(request))
        return self.server.respond(response).encode()


class GetTests(ServerCase):
    """
    Tests of GET.
    """

    def test_blocks(self) -> None:
        """
        Blocks are sent as they are asked for, and after the last there is none.
        """
        raw = value(100).octets
        first = self.answer(get(100))
        self.assertEqual(first, bytes.fromhex("c402c5 00 00000001 00 36") + raw[:54])
        self.sends("c002c5 00000001", "c402c5 01 00000002 00 30" + raw[54:].hex())
        self.sends("c002c5 00000002", "c402c5 01 00000002 01 10")

    def test_no_transfer(self) -> None:
        """
        No block can be had where nothing is under way: no-long-get-in-progress.
        """
        self.sends("c002c1 00000001", "c402c1 01 00000001 01 10")

    def test_wrong_number(self) -> None:
        """
        A block other than the next ends the transfer: data-block-number-invalid.
        """
        for number in ("00000000", "00000002"):
            self.answer(get(300))
            self.sends(f"c002c5 {number}", f"c402c5 01 {number} 01 13")
            self.sends("c002c5 00000001", "c402c5 01 00000001 01 10")

    def test_aborted(self) -> None:
        """
        Any other request ends the transfer: long-get-aborted, once.
        """
        self.answer(get(300))
        self.answer(get(2))
        self.sends("c002c5 00000001", "c402c5 01 00000001 01 0f")
        self.sends("c002c5 00000001", "c402c5 01 00000001 01 10")

    def test_other_invocation(self) -> None:
        """
        A block for another invoke-id is not ours to give, and disturbs nothing.
        """
        self.answer(get(100))
        self.sends("c002c6 00000001", "c402c6 01 00000001 01 10")
        raw = value(100).octets
        self.sends("c002c5 00000001", "c402c5 01 00000002 00 30" + raw[54:].hex())

    def test_failure_on_the_way(self) -> None:
        """
        When the rest cannot be had, the next block says why.
        """
        self.answer(get(300))
        self.server.fail(DataAccessResult.HARDWARE_FAULT)
        self.sends("c002c5 00000001", "c402c5 01 00000002 01 01")
        self.sends("c002c5 00000001", "c402c5 01 00000001 01 10")

    def test_failure_of_nothing(self) -> None:
        """
        Without a transfer a failure changes nothing.
        """
        self.server.fail(DataAccessResult.HARDWARE_FAULT)
        self.assertEqual(self.answer(get(2))[:2].hex(), "c401")

    def test_not_negotiated(self) -> None:
        """
        Without block transfer what is too long is data-block-unavailable.
        """
        self.server.get = False
        self.assertEqual(self.answer(get(300)).hex(), "c401c5010e")
        self.assertEqual(self.answer(get_list(300)).hex(), "c4034202010e01fa")

    def test_reset(self) -> None:
        """
        With the association all is forgotten.
        """
        self.answer(get(300))
        self.server.reset()
        self.sends("c002c5 00000001", "c402c5 01 00000001 01 10")

    def test_no_room(self) -> None:
        """
        A client that takes less than a block with an octet gets data-block-unavailable.
        """
        self.server = ServerBlocks(max_send=10)
        self.assertEqual(self.answer(get(300)).hex(), "c401c5010e")


class SetTests(ServerCase):
    """
    Tests of SET.
    """

    def test_blocks(self) -> None:
        """
        Each block is acknowledged; the last gives the request, and its answer carries the number.
        """
        self.sends(f"c102c1 {_ATTRIBUTE} 00 00 00000001 02 0904", "c502c1 00000001")
        self.sends("c103c1 00 00000002 03 aabbcc", "c502c1 00000002")
        self.gives("c103c1 01 00000003 01 dd", f"c101c1 {_ATTRIBUTE} 00 0904aabbccdd")
        response = self.server.respond(set_(2)[1])
        self.assertEqual(response.encode().hex(), "c503c10300000003")

    def test_first_is_last(self) -> None:
        """
        One block can be all.
        """
        self.gives(f"c102c1 {_ATTRIBUTE} 00 01 00000001 02 1105", f"c101c1 {_ATTRIBUTE} 00 1105")
        self.assertEqual(self.server.respond(set_(2)[1]).encode().hex(), "c503c10300000001")

    def test_list(self) -> None:
        """
        A list in blocks is answered by a list with the number.
        """
        listed = f"02 {_ATTRIBUTE} 00 {_ATTRIBUTE} 00"
        self.sends(f"c105c1 {listed} 00 00000001 02 0211", "c502c1 00000001")
        self.gives("c103c1 01 00000002 03 051106", f"c104c1 {listed} 02 1105 1106")
        whole = registry.decode(bytes.fromhex("c505c1020003"))
        self.assertEqual(self.server.respond(whole).encode().hex(), "c504c102000300000002")

    def test_exception_is_not_changed(self) -> None:
        """
        An exception-response stays what it is.
        """
        self.gives(f"c102c1 {_ATTRIBUTE} 00 01 00000001 02 1105", f"c101c1 {_ATTRIBUTE} 00 1105")
        exception = registry.decode(bytes.fromhex("d80102"))
        self.assertIs(self.server.respond(exception), exception)

    def test_faults(self) -> None:
        """
        A block without a start, out of order, of another invocation, after another request.
        """
        first = f"c102c1 {_ATTRIBUTE} 00 00 00000001 02 0904"
        self.sends("c103c1 00 00000002 00", "c503c1 12 00000002")
        self.sends(f"c102c1 {_ATTRIBUTE} 00 00 00000002 02 0904", "c503c1 13 00000002")
        for number in ("00000001", "00000003"):
            self.sends(first, "c502c1 00000001")
            self.sends(f"c103c1 00 {number} 00", f"c503c1 13 {number}")
            self.sends("c103c1 00 00000002 00", "c503c1 12 00000002")
        self.sends(first, "c502c1 00000001")
        self.sends("c103c2 00 00000002 00", "c503c2 12 00000002")
        self.answer(get(2))
        self.sends("c103c1 00 00000002 00", "c503c1 11 00000002")
        self.sends("c103c1 00 00000002 00", "c503c1 12 00000002")

    def test_malformed(self) -> None:
        """
        Blocks that are no Data together, or not as many as attributes: type-unmatched.
        """
        self.sends(f"c102c1 {_ATTRIBUTE} 00 01 00000001 02 0904", "c503c1 0c 00000001")
        for raw in ("03 01 1105", "02 0211", "06 02 1105 1106 00"):
            self.sends(
                f"c105c1 02 {_ATTRIBUTE} 00 {_ATTRIBUTE} 00 01 00000001 {raw}",
                "c503c1 0c 00000001",
            )

    def test_limits(self) -> None:
        """
        More than we take: other-reason, and the transfer has ended.
        """
        self.server = ServerBlocks(max_send=64, limits=BlockLimits(octets=4))
        self.sends(f"c102c1 {_ATTRIBUTE} 00 00 00000001 03 090400", "c502c1 00000001")
        self.sends("c103c1 00 00000002 02 0000", "c503c1 fa 00000002")
        self.sends("c103c1 00 00000003 02 0000", "c503c1 12 00000003")


class ActionTests(ServerCase):
    """
    Tests of ACTION.
    """

    def test_both_directions(self) -> None:
        """
        A long parameter and a long answer.
        """
        self.sends(f"c30401 {_METHOD} 00 00000001 02 0904", "c70401 00000001")
        self.gives("c30601 01 00000002 04 aabbccdd", f"c30101 {_METHOD} 01 0904aabbccdd")
        _, response = action(80)
        first = self.server.respond(response).encode()
        raw = value(81).octets
        self.assertEqual(first, bytes.fromhex("c70201 00 00000001 37") + raw[:55])
        self.sends("c30201 00000001", "c70201 01 00000002 1c" + raw[55:].hex())

    def test_faults(self) -> None:
        """
        The same faults as with SET, and their codes for ACTION.
        """
        first = f"c30401 {_METHOD} 00 00000001 02 0904"
        self.sends("c30201 00000001", "c70101 10 00")
        self.sends("c30601 00 00000002 00", "c70101 10 00")
        self.sends(f"c30401 {_METHOD} 00 00000007 02 0904", "c70101 0e 00")
        self.sends(first, "c70401 00000001")
        self.sends("c30601 00 00000003 00", "c70101 0e 00")
        self.sends(first, "c70401 00000001")
        self.answer(get(2))
        self.sends("c30601 00 00000002 00", "c70101 0f 00")
        self.sends(f"c30401 {_METHOD} 01 00000001 02 0904", "c70101 0c 00")
        self.answer(action(200))
        self.sends("c30201 00000009", "c70101 0e 00")

    def test_list(self) -> None:
        """
        A list in blocks.
        """
        listed = f"02 {_METHOD} {_METHOD}"
        self.sends(f"c30502 {listed} 00 00000001 01 02", "c70402 00000001")
        self.gives("c30602 01 00000002 03 00 1105", f"c30302 {listed} 02 00 1105")

    def test_not_negotiated(self) -> None:
        """
        The call was made, but what it gave back cannot be sent.
        """
        self.server.action = False
        self.assertEqual(self.answer(action(200)).hex(), "c7010100" + "01010e")
        self.assertEqual(self.answer(action_list(200)).hex(), "c70302020100" + "0001010e")


class ShortNameTests(ServerCase):
    """
    Tests of Read and Write.
    """

    def test_read(self) -> None:
        """
        A long answer in blocks.
        """
        raw = read(60)[1].encode()[1:]
        first = self.answer(read(60))
        self.assertEqual(first, bytes.fromhex("0c 01 02 00 0001 39") + raw[:57])
        self.sends("05 01 05 0001", "0c 01 02 01 0002 " + f"{len(raw) - 57:02x}" + raw[57:].hex())
        self.sends("05 01 05 0002", "0c 01 01 10")

    def test_long_read_request(self) -> None:
        """
        A long request in blocks.
        """
        self.sends("05 01 06 00 0001 02 0102", "0c 01 03 0001")
        self.gives("05 01 06 01 0002 02 00a0", "05 01 02 00a0")
        self.sends("05 01 06 01 0002 02 00a0", "0c 01 01 10")

    def test_write(self) -> None:
        """
        A long request in blocks, and its plain answer.
        """
        self.sends("06 01 07 00 0001 01 09 04 01 02 00a8", "0d 01 02 0001")
        self.gives("06 01 07 01 0002 01 09 03 01 1105", "06 01 02 00a8 01 1105")
        answer = registry.decode(bytes.fromhex("0d 01 00"))
        self.assertIs(self.server.respond(answer), answer)

    def test_faults(self) -> None:
        """
        Blocks without a start, out of order, after another request, malformed.
        """
        self.sends("06 01 07 00 0002 01 09 00", "0d 01 01 12")
        self.sends("06 01 07 00 0001 01 09 01 01", "0d 01 02 0001")
        self.sends("06 01 07 00 0003 01 09 00", "0d 01 01 13")
        self.sends("06 01 07 00 0001 01 09 01 01", "0d 01 02 0001")
        self.answer(get(2))
        self.sends("06 01 07 00 0002 01 09 00", "0d 01 01 11")
        self.sends("06 01 07 01 0001 01 09 01 01", "0d 01 01 0c")
        self.sends("05 01 06 01 0001 01 01", "0c 01 01 0c")
        self.sends("06 01 07 01 0001 01 00", "0d 01 01 0c")

    def test_block_numbers_end(self) -> None:
        """
        A short name's block number has 16 bits; the answer that would need more is not begun.
        """
        self.server = ServerBlocks(max_send=8)
        first = self.answer(read(70_000))
        self.assertEqual(first.hex(), "0c02" + "01fa" + "010e")
