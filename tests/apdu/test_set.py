"""
SET: the examples of the standard, and what is malformed.
"""

from __future__ import annotations

from dlms_twisted.apdu.descriptors import (
    AttributeDescriptor,
    AttributeWithSelection,
    SelectiveAccess,
)
from dlms_twisted.apdu.results import DataAccessResult
from dlms_twisted.apdu.set import (
    SetRequestNormal,
    SetRequestWithDataBlock,
    SetRequestWithFirstDataBlock,
    SetRequestWithList,
    SetRequestWithListAndFirstDataBlock,
    SetResponseDataBlock,
    SetResponseLastDataBlock,
    SetResponseLastDataBlockWithList,
    SetResponseNormal,
    SetResponseWithList,
)
from dlms_twisted.codec import build
from dlms_twisted.errors import DecodeError
from tests.apdu.both_ways import BothWaysCase

CLOCK = AttributeDescriptor(class_id=8, instance_id=bytes.fromhex("0000010000ff"), attribute_id=2)
NAME = AttributeDescriptor(class_id=1, instance_id=bytes.fromhex("0000600100ff"), attribute_id=2)
OTHER = AttributeDescriptor(class_id=1, instance_id=bytes.fromhex("0000600101ff"), attribute_id=2)
BOTH = (AttributeWithSelection(attribute=NAME), AttributeWithSelection(attribute=OTHER))


class SetRequestTests(BothWaysCase):
    """
    Tests of the requests.
    """

    def test_normal(self) -> None:
        """
        The clock is set.
        """
        time = build.octet_string(bytes.fromhex("07e60a1007150012ff800000"))
        self.both_ways(
            SetRequestNormal(invoke_id_and_priority=0xC1, attribute=CLOCK, value=time),
            "c101c1 0008 0000010000ff 02 00 090c07e60a1007150012ff800000",
        )

    def test_first_block(self) -> None:
        """
        A long value begins, of all of an attribute or of a part.
        """
        self.both_ways(
            SetRequestWithFirstDataBlock(
                invoke_id_and_priority=0xC1,
                attribute=NAME,
                last_block=False,
                block_number=1,
                raw_data=bytes.fromhex("090c41"),
            ),
            "c102c1 0001 0000600100ff 02 00 00 00000001 03 090c41",
        )
        self.both_ways(
            SetRequestWithFirstDataBlock(
                invoke_id_and_priority=0xC1,
                attribute=NAME,
                access_selection=SelectiveAccess(access_selector=1, access_parameters=build.null()),
                last_block=True,
                block_number=1,
                raw_data=b"",
            ),
            "c102c1 0001 0000600100ff 02 01 01 00 01 00000001 00",
        )

    def test_block(self) -> None:
        """
        A long value ends.
        """
        self.both_ways(
            SetRequestWithDataBlock(
                invoke_id_and_priority=0xC1, last_block=True, block_number=2, raw_data=b"ABCD"
            ),
            "c103c1 01 00000002 04 41424344",
        )

    def test_list(self) -> None:
        """
        Two attributes are set.
        """
        self.both_ways(
            SetRequestWithList(
                invoke_id_and_priority=0xC1,
                attributes=BOTH,
                values=(build.unsigned(1), build.unsigned(2)),
            ),
            "c104c102 0001 0000600100ff 0200 0001 0000600101ff 0200 02 1101 1102",
        )

    def test_list_and_first_block(self) -> None:
        """
        Two long values begin.
        """
        self.both_ways(
            SetRequestWithListAndFirstDataBlock(
                invoke_id_and_priority=0xC1,
                attributes=BOTH,
                last_block=False,
                block_number=1,
                raw_data=b"\x02\x11",
            ),
            "c105c102 0001 0000600100ff 0200 0001 0000600101ff 0200 00 00000001 02 0211",
        )

    def test_as_many_values_as_attributes(self) -> None:
        """
        Lists that do not go together are refused.
        """
        for values in ("01 1101", "03 1101 1102 1103", "00"):
            octets = bytes.fromhex(
                "c104c102 0001 0000600100ff 0200 0001 0000600101ff 0200" + values
            )
            error = self.assertRaises(DecodeError, SetRequestWithList.decode, octets)
            self.assertIn("a list of 2", error.reason)


class SetResponseTests(BothWaysCase):
    """
    Tests of the responses.
    """

    def test_normal(self) -> None:
        """
        It was written, or it was not, for a reason with a name or without.
        """
        for code in (0, 3, 77):
            response = SetResponseNormal(invoke_id_and_priority=0xC1, result=DataAccessResult(code))
            self.both_ways(response, f"c501c1{code:02x}")

    def test_block(self) -> None:
        """
        A block has come.
        """
        self.both_ways(
            SetResponseDataBlock(invoke_id_and_priority=0xC1, block_number=1), "c502c1 00000001"
        )

    def test_last_block(self) -> None:
        """
        The last block has come.
        """
        self.both_ways(
            SetResponseLastDataBlock(
                invoke_id_and_priority=0xC1, result=DataAccessResult.SUCCESS, block_number=2
            ),
            "c503c1 00 00000002",
        )

    def test_lists(self) -> None:
        """
        A list of results, after a list in one piece or in blocks.
        """
        results = (DataAccessResult.SUCCESS, DataAccessResult.READ_WRITE_DENIED)
        self.both_ways(
            SetResponseWithList(invoke_id_and_priority=0xC1, results=results), "c505c1 02 00 03"
        )
        self.both_ways(
            SetResponseLastDataBlockWithList(
                invoke_id_and_priority=0xC1, results=results, block_number=7
            ),
            "c504c1 02 00 03 00000007",
        )
