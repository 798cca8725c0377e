"""
Short-name services: each form of access and of answer.
"""

from __future__ import annotations

from dlms_twisted.apdu.results import DataAccessResult
from dlms_twisted.apdu.short_name import (
    InformationReportRequest,
    ReadRequest,
    ReadResponse,
    UnconfirmedWriteRequest,
    WriteRequest,
    WriteResponse,
)
from dlms_twisted.apdu.variable_access import (
    BlockNumberAccess,
    ParameterizedAccess,
    ReadBlockNumber,
    ReadData,
    ReadDataBlockAccess,
    ReadDataBlockResult,
    ReadError,
    VariableName,
    WriteBlockNumber,
    WriteDataBlockAccess,
    WriteError,
    WriteSuccess,
)
from dlms_twisted.codec import build
from dlms_twisted.codec.data import decode_data
from dlms_twisted.errors import DecodeError, EncodeError
from tests.apdu.both_ways import BothWaysCase


class ReadTests(BothWaysCase):
    """
    Tests of L{ReadRequest} and L{ReadResponse}.
    """

    def test_variable_name(self) -> None:
        """
        One variable, and one of the reserved names, which have the highest bit.
        """
        self.both_ways(
            ReadRequest(variables=(VariableName(variable_name=0x00A0),)), "05 01 02 00a0"
        )
        self.both_ways(
            ReadRequest(variables=(VariableName(variable_name=0xFA00),)), "05 01 02 fa00"
        )

    def test_parameterized(self) -> None:
        """
        The first three entries of a profile.
        """
        entries = decode_data(bytes.fromhex("020406000000010600000003120001120000"))
        access = ParameterizedAccess(variable_name=0x0100, selector=2, parameter=entries)
        self.both_ways(
            ReadRequest(variables=(access,)),
            "05 01 04 0100 02 0204 0600000001 0600000003 120001 120000",
        )

    def test_blocks(self) -> None:
        """
        The next block is asked for, and a request comes in blocks.
        """
        self.both_ways(ReadRequest(variables=(BlockNumberAccess(block_number=1),)), "05 01 05 0001")
        block = ReadDataBlockAccess(last_block=False, block_number=1, raw_data=b"\x02\x02\x00")
        self.both_ways(ReadRequest(variables=(block,)), "05 01 06 00 0001 03 020200")

    def test_each_answer(self) -> None:
        """
        Data, an error, a block, and the acknowledgement of one.
        """
        for result, text in (
            (ReadData(data=build.double_long_unsigned(1000)), "00 06 000003e8"),
            (ReadError(result=DataAccessResult.READ_WRITE_DENIED), "01 03"),
            (
                ReadDataBlockResult(last_block=True, block_number=2, raw_data=b"\x01"),
                "02 01 0002 01 01",
            ),
            (ReadBlockNumber(block_number=3), "03 0003"),
        ):
            self.both_ways(ReadResponse(results=(result,)), "0c 01" + text)

    def test_wrong_choice(self) -> None:
        """
        Forms of access and answers that there are not.
        """
        for text in ("05 01 01 00a0", "05 01 03 00a0", "05 01 08 00a0"):
            self.assertRaises(DecodeError, ReadRequest.decode, bytes.fromhex(text))
        self.assertRaises(DecodeError, ReadResponse.decode, bytes.fromhex("0c 01 04 0001"))

    def test_out_of_range(self) -> None:
        """
        A name has 16 bits.
        """
        for name in (-1, 0x10000):
            request = ReadRequest(variables=(VariableName(variable_name=name),))
            self.assertRaises(EncodeError, request.encode)


class WriteTests(BothWaysCase):
    """
    Tests of L{WriteRequest}, L{WriteResponse} and L{UnconfirmedWriteRequest}.
    """

    def test_write(self) -> None:
        """
        One variable is written, with and without an answer.
        """
        variables, data = (VariableName(variable_name=0x00A8),), (build.unsigned(5),)
        self.both_ways(WriteRequest(variables=variables, data=data), "06 01 02 00a8 01 1105")
        self.both_ways(
            UnconfirmedWriteRequest(variables=variables, data=data), "16 01 02 00a8 01 1105"
        )

    def test_block(self) -> None:
        """
        A request comes in blocks; its octets are an octet-string.
        """
        self.both_ways(
            WriteRequest(
                variables=(WriteDataBlockAccess(last_block=False, block_number=1),),
                data=(build.octet_string(b"\x01\x02"),),
            ),
            "06 01 07 00 0001 01 09 02 0102",
        )

    def test_each_answer(self) -> None:
        """
        Success, an error, the acknowledgement of a block.
        """
        self.both_ways(
            WriteResponse(
                results=(
                    WriteSuccess(),
                    WriteError(result=DataAccessResult.READ_WRITE_DENIED),
                    WriteBlockNumber(block_number=9),
                )
            ),
            "0d 03 00 01 03 02 0009",
        )

    def test_as_many_data_as_variables(self) -> None:
        """
        Lists that do not go together are refused.
        """
        for kind in (WriteRequest, UnconfirmedWriteRequest):
            octets = bytes((kind.TAG,)) + bytes.fromhex("01 02 00a8 02 1105 1106")
            self.assertRaises(DecodeError, kind.decode, octets)


class InformationReportTests(BothWaysCase):
    """
    Tests of L{InformationReportRequest}.
    """

    def test_without_time(self) -> None:
        """
        The example.
        """
        self.both_ways(
            InformationReportRequest(
                variables=(VariableName(variable_name=0x00A8),), data=(build.unsigned(5),)
            ),
            "18 00 01 02 00a8 01 1105",
        )

    def test_with_time(self) -> None:
        """
        The time is text.
        """
        self.both_ways(
            InformationReportRequest(
                current_time=b"20260101000000Z",
                variables=(VariableName(variable_name=0x00A8),),
                data=(build.unsigned(5),),
            ),
            "18 01 0f 32303236303130313030303030305a 01 02 00a8 01 1105",
        )

    def test_as_many_data_as_variables(self) -> None:
        """
        Lists that do not go together are refused.
        """
        octets = bytes.fromhex("18 00 01 02 00a8 00")
        self.assertRaises(DecodeError, InformationReportRequest.decode, octets)
