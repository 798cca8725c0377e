"""
GET: the examples of the standard, and what is malformed.
"""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from dlms_twisted.apdu import registry
from dlms_twisted.apdu.base import Apdu
from dlms_twisted.apdu.descriptors import (
    AttributeDescriptor,
    AttributeWithSelection,
    SelectiveAccess,
)
from dlms_twisted.apdu.get import (
    GetRequestNext,
    GetRequestNormal,
    GetRequestWithList,
    GetResponseNormal,
    GetResponseWithDataBlock,
    GetResponseWithList,
)
from dlms_twisted.apdu.results import DataAccessResult
from dlms_twisted.codec import build
from dlms_twisted.codec.limits import Limits
from dlms_twisted.codec.reader import Reader
from dlms_twisted.errors import DecodeError, EncodeError
from tests.apdu.both_ways import BothWaysCase

CLOCK = AttributeDescriptor(class_id=8, instance_id=bytes.fromhex("0000010000ff"), attribute_id=2)
NAME = AttributeDescriptor(class_id=1, instance_id=bytes.fromhex("0000600100ff"), attribute_id=2)


class GetRequestTests(BothWaysCase):
    """
    Tests of the requests.
    """

    def test_normal(self) -> None:
        """
        The clock's time is asked for.
        """
        self.both_ways(
            GetRequestNormal(invoke_id_and_priority=0xC1, attribute=CLOCK),
            "c001c1 0008 0000010000ff 02 00",
        )

    def test_selection(self) -> None:
        """
        A part of an attribute is asked for.
        """
        selection = SelectiveAccess(access_selector=2, access_parameters=build.unsigned(7))
        request = GetRequestNormal(
            invoke_id_and_priority=0xC1, attribute=CLOCK, access_selection=selection
        )
        self.both_ways(request, "c001c1 0008 0000010000ff 02 01 02 1107")

    def test_next(self) -> None:
        """
        The block after block 1 is asked for.
        """
        self.both_ways(
            GetRequestNext(invoke_id_and_priority=0xC1, block_number=1), "c002c1 00000001"
        )

    def test_list(self) -> None:
        """
        Two attributes are asked for at once.
        """
        request = GetRequestWithList(
            invoke_id_and_priority=0xC1,
            attributes=(
                AttributeWithSelection(attribute=CLOCK),
                AttributeWithSelection(attribute=NAME),
            ),
        )
        self.both_ways(request, "c003c102 0008 0000010000ff 0200 0001 0000600100ff 0200")

    def test_manufacturers_attribute(self) -> None:
        """
        A negative attribute is kept as it is, and so is each bit of the invoke-id.
        """
        attribute = AttributeDescriptor(class_id=1, instance_id=bytes(6), attribute_id=-2)
        for invoke in range(256):
            request = GetRequestNormal(invoke_id_and_priority=invoke, attribute=attribute)
            self.assertEqual(GetRequestNormal.decode(request.encode()), request)
            self.assertEqual(request.invoke_id, invoke & 15)
        self.assertEqual(request.encode()[-2], 0xFE)

    def test_out_of_range(self) -> None:
        """
        What cannot be sent is refused, and the error says which field.
        """
        wrong = (
            GetRequestNext(invoke_id_and_priority=256, block_number=1),
            GetRequestNext(invoke_id_and_priority=0, block_number=1 << 32),
            GetRequestNormal(
                invoke_id_and_priority=0,
                attribute=AttributeDescriptor(class_id=1, instance_id=b"", attribute_id=1),
            ),
        )
        for request, field in zip(wrong, ("invoke_id", "block_number", "instance_id"), strict=True):
            error = self.assertRaises(EncodeError, request.encode)
            self.assertIn(field, str(error))

    def test_count_is_checked_first(self) -> None:
        """
        A list that announces more than there can be is refused before any of it is read.
        """
        error = self.assertRaises(
            DecodeError, GetRequestWithList.decode, bytes.fromhex("c003c184ffffffff0008")
        )
        self.assertEqual(error.offset, 3)


class GetResponseTests(BothWaysCase):
    """
    Tests of the responses.
    """

    def test_data(self) -> None:
        """
        The clock's time is answered.
        """
        time = build.octet_string(bytes.fromhex("07e60a1007150012ff800000"))
        self.both_ways(
            GetResponseNormal(invoke_id_and_priority=0xC1, result=time),
            "c401c1 00 090c07e60a1007150012ff800000",
        )

    def test_error(self) -> None:
        """
        There is no such object.
        """
        self.both_ways(
            GetResponseNormal(
                invoke_id_and_priority=0xC1, result=DataAccessResult.OBJECT_UNDEFINED
            ),
            "c401c1 01 04",
        )

    def test_unnamed_error(self) -> None:
        """
        A code that the standard does not name survives.
        """
        response = GetResponseNormal.decode(bytes.fromhex("c401c1014d"))
        self.assertEqual(response.result, DataAccessResult(0x4D))
        self.both_ways(response, "c401c1014d")

    def test_block(self) -> None:
        """
        The first block of a long answer, and one of more than 127 octets.
        """
        self.both_ways(
            GetResponseWithDataBlock(
                invoke_id_and_priority=0xC1,
                last_block=False,
                block_number=1,
                result=bytes.fromhex("aabbccdd"),
            ),
            "c402c1 00 00000001 00 04 aabbccdd",
        )
        self.both_ways(
            GetResponseWithDataBlock(
                invoke_id_and_priority=0xC1, last_block=True, block_number=9, result=bytes(200)
            ),
            "c402c1 01 00000009 00 81c8" + "00" * 200,
        )

    def test_block_error(self) -> None:
        """
        The transfer ends because a wrong block was asked for.
        """
        self.both_ways(
            GetResponseWithDataBlock(
                invoke_id_and_priority=0xC1,
                last_block=True,
                block_number=2,
                result=DataAccessResult.DATA_BLOCK_NUMBER_INVALID,
            ),
            "c402c1 01 00000002 01 13",
        )

    def test_list(self) -> None:
        """
        One value and one error.
        """
        response = GetResponseWithList(
            invoke_id_and_priority=0xC1,
            results=(build.double_long_unsigned(1000), DataAccessResult.READ_WRITE_DENIED),
        )
        self.both_ways(response, "c403c102 00 06000003e8 01 03")

    def test_longer_lengths(self) -> None:
        """
        A block's length in a longer form than necessary is accepted; a length without end is not.
        """
        head = bytes.fromhex("c402c1000000000100")
        for length in ("04", "8104", "820004", "83000004", "8400000004"):
            block = GetResponseWithDataBlock.decode(head + bytes.fromhex(length + "aabbccdd"))
            self.assertEqual(block.result, bytes.fromhex("aabbccdd"))
        for length in ("80", "80aabbccdd", "850000000004aabbccdd", "ff"):
            self.assertRaises(
                DecodeError, GetResponseWithDataBlock.decode, head + bytes.fromhex(length)
            )

    def test_wrong_choice(self) -> None:
        """
        A result is data or a code and nothing else.
        """
        for text in ("c401c10200", "c402c100000000010204aabbccdd", "c403c1010200"):
            error = self.assertRaises(DecodeError, registry.decode, bytes.fromhex(text))
            self.assertIn("choice", error.reason)

    def test_limits(self) -> None:
        """
        Both ways of decoding keep the limit of octets and of depth.
        """
        small, flat = Limits(octets=8), Limits(depth=0)
        for text in ("c401c1000600001391", "c402c1010000000100021234"):
            octets = bytes.fromhex(text)
            self.assertRaises(DecodeError, type(registry.decode(octets)).decode, octets, small)
        self.assertRaises(
            DecodeError, GetResponseNormal.decode, bytes.fromhex("c401c10002011105"), flat
        )

    @settings(max_examples=100, deadline=None, derandomize=True)
    @given(st.binary(max_size=24), st.sampled_from([b"\xc4\x01", b"\xc4\x02"]))
    def test_fast_and_slow_agree(self, rest: bytes, head: bytes) -> None:
        """
        Whatever the octets, the fast way ends as the field-by-field one does.
        """
        octets = head + rest
        kind: type[Apdu] = GetResponseNormal if head == b"\xc4\x01" else GetResponseWithDataBlock
        outcomes: list[tuple[Apdu | None, str | None, int | None]] = []
        for way in (kind.decode, _slowly(kind)):
            try:
                outcomes.append((way(octets), None, None))
            except DecodeError as error:
                outcomes.append((None, error.reason, error.offset))
        self.assertEqual(outcomes[0], outcomes[1])


def _slowly(kind: type[Apdu]) -> Callable[[bytes], Apdu]:
    def way(octets: bytes) -> Apdu:
        reader = Reader(octets)
        apdu = kind.read(reader)
        reader.finish()
        return apdu

    return way
