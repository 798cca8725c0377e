"""
How short-name services say which variable is meant, and what they answer for it.

A short name is an address of 16 bits; the attribute n of an object has its base name + 8 * (n - 1).  The standard has
it signed; here it is 0 to 0xFFFF, as names such as FA00 are written.

Source: IEC 62056-5-3, Variable-Access-Specification, Read-Response, Write-Response.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Self, TypeAlias

from attrs import frozen

from dlms_twisted.apdu.base import Record
from dlms_twisted.apdu.kinds import DATA, FLAG, OCTETS, U8, U16, Choice, Many
from dlms_twisted.apdu.result_kinds import DATA_ACCESS_RESULT
from dlms_twisted.codec.reader import Reader

__all__ = [
    "READ_RESULTS",
    "VARIABLES",
    "WRITE_RESULTS",
    "BlockNumberAccess",
    "ParameterizedAccess",
    "ReadBlockNumber",
    "ReadData",
    "ReadDataBlockAccess",
    "ReadDataBlockResult",
    "ReadError",
    "ReadResult",
    "VariableAccess",
    "VariableName",
    "WriteBlockNumber",
    "WriteDataBlockAccess",
    "WriteError",
    "WriteResult",
    "WriteSuccess",
]


@frozen(kw_only=True)
class VariableName(Record):
    """
    One variable, all of it.
    """

    CHOICE: ClassVar[int | None] = 2
    NAME: ClassVar[str] = "variable-name"

    variable_name: U16


@frozen(kw_only=True)
class ParameterizedAccess(Record):
    """
    A part of one variable, or a method with its parameter.

    @ivar selector: Its meaning depends on class and attribute.
    @ivar parameter: Likewise.
    """

    CHOICE: ClassVar[int | None] = 4
    NAME: ClassVar[str] = "parameterized-access"

    variable_name: U16
    selector: U8
    parameter: DATA


@frozen(kw_only=True)
class BlockNumberAccess(Record):
    """
    Ask for the next block of a long answer to a ReadRequest.

    @ivar block_number: The last block that was received, from 1.
    """

    CHOICE: ClassVar[int | None] = 5
    NAME: ClassVar[str] = "block-number-access"

    block_number: U16


@frozen(kw_only=True)
class ReadDataBlockAccess(Record):
    """
    A block of a ReadRequest that is too long for one APDU.

    @ivar last_block: No further block follows.
    @ivar block_number: From 1.
    @ivar raw_data: Some octets of the list of variables, which begins with its count.
    """

    CHOICE: ClassVar[int | None] = 6
    NAME: ClassVar[str] = "read-data-block-access"

    last_block: FLAG
    block_number: U16
    raw_data: OCTETS


@frozen(kw_only=True)
class WriteDataBlockAccess(Record):
    """
    A block of a WriteRequest that is too long for one APDU; its octets are the octet-string in the list of data.

    @ivar last_block: No further block follows.
    @ivar block_number: From 1.
    """

    CHOICE: ClassVar[int | None] = 7
    NAME: ClassVar[str] = "write-data-block-access"

    last_block: FLAG
    block_number: U16


#: Any of the five.
VariableAccess: TypeAlias = (
    VariableName
    | ParameterizedAccess
    | BlockNumberAccess
    | ReadDataBlockAccess
    | WriteDataBlockAccess
)


@frozen(kw_only=True)
class ReadData(Record):
    """
    The value of one variable.
    """

    CHOICE: ClassVar[int | None] = 0
    NAME: ClassVar[str] = "data"

    data: DATA


@frozen(kw_only=True)
class ReadError(Record):
    """
    Why there is no value of one variable.
    """

    CHOICE: ClassVar[int | None] = 1
    NAME: ClassVar[str] = "data-access-error"

    result: DATA_ACCESS_RESULT


@frozen(kw_only=True)
class ReadDataBlockResult(Record):
    """
    A part of a long answer.

    @ivar last_block: No further block follows.
    @ivar block_number: From 1.
    @ivar raw_data: Some octets of the list of results, which begins with its count.
    """

    CHOICE: ClassVar[int | None] = 2
    NAME: ClassVar[str] = "data-block-result"

    last_block: FLAG
    block_number: U16
    raw_data: OCTETS


@frozen(kw_only=True)
class ReadBlockNumber(Record):
    """
    A block of a long ReadRequest has come, the next may follow.
    """

    CHOICE: ClassVar[int | None] = 3
    NAME: ClassVar[str] = "block-number"

    block_number: U16


#: Any of the four.
ReadResult: TypeAlias = ReadData | ReadError | ReadDataBlockResult | ReadBlockNumber


@frozen(kw_only=True)
class WriteSuccess(Record):
    """
    One variable was written.
    """

    CHOICE: ClassVar[int | None] = 0
    NAME: ClassVar[str] = "success"

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """
        Take nothing: there is no content.
        """
        return cls()


@frozen(kw_only=True)
class WriteError(Record):
    """
    Why one variable was not written.
    """

    CHOICE: ClassVar[int | None] = 1
    NAME: ClassVar[str] = "data-access-error"

    result: DATA_ACCESS_RESULT


@frozen(kw_only=True)
class WriteBlockNumber(Record):
    """
    A block of a long WriteRequest has come, the next may follow.
    """

    CHOICE: ClassVar[int | None] = 2
    NAME: ClassVar[str] = "block-number"

    block_number: U16


#: Any of the three.
WriteResult: TypeAlias = WriteSuccess | WriteError | WriteBlockNumber

VARIABLES: TypeAlias = Annotated[
    tuple[VariableAccess, ...],
    Many(
        Choice[VariableAccess](
            VariableName,
            ParameterizedAccess,
            BlockNumberAccess,
            ReadDataBlockAccess,
            WriteDataBlockAccess,
        ),
        smallest=3,
    ),
]
READ_RESULTS: TypeAlias = Annotated[
    tuple[ReadResult, ...],
    Many(Choice[ReadResult](ReadData, ReadError, ReadDataBlockResult, ReadBlockNumber), smallest=2),
]
WRITE_RESULTS: TypeAlias = Annotated[
    tuple[WriteResult, ...], Many(Choice[WriteResult](WriteSuccess, WriteError, WriteBlockNumber))
]
