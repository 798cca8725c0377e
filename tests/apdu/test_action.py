"""
ACTION: the examples of the standard, and what is malformed.
"""

from __future__ import annotations

from dlms_twisted.apdu.action import (
    ActionRequestNextPBlock,
    ActionRequestNormal,
    ActionRequestWithFirstPBlock,
    ActionRequestWithList,
    ActionRequestWithListAndFirstPBlock,
    ActionRequestWithPBlock,
    ActionResponseNextPBlock,
    ActionResponseNormal,
    ActionResponseWithList,
    ActionResponseWithPBlock,
    ActionReturn,
)
from dlms_twisted.apdu.descriptors import MethodDescriptor
from dlms_twisted.apdu.results import ActionResult, DataAccessResult
from dlms_twisted.codec import build
from dlms_twisted.errors import DecodeError
from tests.apdu.both_ways import BothWaysCase

DISCONNECT = MethodDescriptor(class_id=70, instance_id=bytes.fromhex("000060030aff"), method_id=1)
RECONNECT = MethodDescriptor(class_id=70, instance_id=bytes.fromhex("000060030aff"), method_id=2)


class ActionRequestTests(BothWaysCase):
    """
    Tests of the requests.
    """

    def test_normal(self) -> None:
        """
        A method is called, with a parameter or without.
        """
        self.both_ways(
            ActionRequestNormal(
                invoke_id_and_priority=0xC1, method=DISCONNECT, parameters=build.integer(0)
            ),
            "c301c1 0046 000060030aff 01 01 0f00",
        )
        self.both_ways(
            ActionRequestNormal(invoke_id_and_priority=0xC1, method=DISCONNECT),
            "c301c1 0046 000060030aff 01 00",
        )

    def test_next(self) -> None:
        """
        The block after block 3 is asked for.
        """
        self.both_ways(
            ActionRequestNextPBlock(invoke_id_and_priority=0xC1, block_number=3), "c302c1 00000003"
        )

    def test_list(self) -> None:
        """
        Two methods are called.
        """
        self.both_ways(
            ActionRequestWithList(
                invoke_id_and_priority=0xC1,
                methods=(DISCONNECT, RECONNECT),
                parameters=(build.integer(0), build.null()),
            ),
            "c303c102 0046 000060030aff 01 0046 000060030aff 02 02 0f00 00",
        )

    def test_blocks(self) -> None:
        """
        A long parameter: the first block of one call, of a list, and a further one.
        """
        self.both_ways(
            ActionRequestWithFirstPBlock(
                invoke_id_and_priority=0xC1,
                method=DISCONNECT,
                last_block=False,
                block_number=1,
                raw_data=b"\x09\x03",
            ),
            "c304c1 0046 000060030aff 01 00 00000001 02 0903",
        )
        self.both_ways(
            ActionRequestWithListAndFirstPBlock(
                invoke_id_and_priority=0xC1,
                methods=(DISCONNECT, RECONNECT),
                last_block=False,
                block_number=1,
                raw_data=b"\x02",
            ),
            "c305c102 0046 000060030aff 01 0046 000060030aff 02 00 00000001 01 02",
        )
        self.both_ways(
            ActionRequestWithPBlock(
                invoke_id_and_priority=0xC1, last_block=True, block_number=2, raw_data=b"abc"
            ),
            "c306c1 01 00000002 03 616263",
        )

    def test_as_many_parameters_as_methods(self) -> None:
        """
        Lists that do not go together are refused.
        """
        octets = bytes.fromhex("c303c102 0046 000060030aff 01 0046 000060030aff 02 01 0f00")
        error = self.assertRaises(DecodeError, ActionRequestWithList.decode, octets)
        self.assertIn("a list of 2", error.reason)


class ActionResponseTests(BothWaysCase):
    """
    Tests of the responses.
    """

    def test_normal(self) -> None:
        """
        Nothing, Data, or the reason why there is none comes back.
        """
        for back, text in (
            (None, "00"),
            (build.octet_string(b"\x02"), "01 00 090102"),
            (DataAccessResult.OTHER_REASON, "01 01 fa"),
        ):
            self.both_ways(
                ActionResponseNormal(
                    invoke_id_and_priority=0xC1,
                    result=ActionResult.SUCCESS,
                    return_parameters=back,
                ),
                "c701c1 00" + text,
            )

    def test_unnamed(self) -> None:
        """
        A code that the standard does not name survives.
        """
        self.both_ways(
            ActionResponseNormal(invoke_id_and_priority=0xC1, result=ActionResult(0x80)),
            "c701c1 80 00",
        )

    def test_list(self) -> None:
        """
        Two calls, of which one failed and one gave something back.
        """
        self.both_ways(
            ActionResponseWithList(
                invoke_id_and_priority=0xC1,
                results=(
                    ActionReturn(result=ActionResult.SUCCESS, return_parameters=build.unsigned(5)),
                    ActionReturn(result=ActionResult.OBJECT_UNAVAILABLE),
                ),
            ),
            "c703c102 00 01 00 1105 0b 00",
        )

    def test_blocks(self) -> None:
        """
        A block of an answer, and the acknowledgement of a block.
        """
        self.both_ways(
            ActionResponseWithPBlock(
                invoke_id_and_priority=0xC1, last_block=False, block_number=1, raw_data=b"\x09"
            ),
            "c702c1 00 00000001 01 09",
        )
        self.both_ways(
            ActionResponseNextPBlock(invoke_id_and_priority=0xC1, block_number=4),
            "c704c1 00000004",
        )
